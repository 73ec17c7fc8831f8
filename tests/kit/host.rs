use std::sync::Arc;

use jiff::Timestamp;
use rdpscan::diagnosis::{FleetView, Policy};
use rdpscan::model::{History, HostKey, Lookup, LookupAnswer, NameSource, Resolver};

use super::{AttemptMaker, endpoint, here, lookup, now, observed, reverse};

/// Builds a host around attempts, with what else is known.
#[derive(Debug, Clone)]
pub(crate) struct HostMaker {
    pub(crate) history: History,
    pub(crate) others: Vec<History>,
    pub(crate) policy: Policy,
    pub(crate) now: Timestamp,
    pub(crate) resolver_down: bool,
    pub(crate) ntlm_enabled: bool,
    pub(crate) fleet: Option<FleetView>,
}

pub(crate) fn host(attempts: impl IntoIterator<Item = AttemptMaker>) -> HostMaker {
    host_at(HostKey::Endpoint(here()), attempts)
}

pub(crate) fn host_at(key: HostKey, attempts: impl IntoIterator<Item = AttemptMaker>) -> HostMaker {
    let mut history = History::new(key);
    history.listed = true;
    history.complete = true;
    history.attempts = attempts.into_iter().flat_map(AttemptMaker::all).collect();
    HostMaker {
        history,
        others: Vec::new(),
        policy: Policy::default(),
        now: now(),
        resolver_down: false,
        ntlm_enabled: true,
        fleet: None,
    }
}

/// `count` equal attempts.
pub(crate) fn times(count: usize, make: impl Fn() -> AttemptMaker) -> HostMaker {
    host((0..count).map(|_| make()))
}

impl HostMaker {
    pub(crate) fn named(mut self, source: NameSource, name: &str) -> Self {
        self.history.names.push(observed(source, name));
        self.history.names_checked = true;
        self
    }

    pub(crate) fn answers(self, name: &str, answer: LookupAnswer) -> Self {
        self.answers_from(Resolver::System, name, answer)
    }

    pub(crate) fn answers_from(
        mut self,
        resolver: Resolver,
        name: &str,
        answer: LookupAnswer,
    ) -> Self {
        self.history.lookups.push(Arc::new(Lookup {
            resolver,
            ..lookup(name, answer)
        }));
        self
    }

    pub(crate) fn leads_to(self, name: &str, addresses: &[&str]) -> Self {
        self.answers(name, leading_to(addresses))
    }

    pub(crate) fn pointer(mut self, answer: LookupAnswer) -> Self {
        let address = here().address.to_string();
        self.history
            .lookups
            .push(Arc::new(reverse(&address, answer)));
        self
    }

    /// Another endpoint with its attempts.
    pub(crate) fn beside(mut self, address: &str, attempts: Vec<AttemptMaker>) -> Self {
        let mut history = History::new(HostKey::Endpoint(endpoint(address)));
        history.outside_targets = true;
        history.attempts = attempts.into_iter().flat_map(AttemptMaker::all).collect();
        self.others.push(history);
        self
    }

    /// The same host at another address.
    pub(crate) fn at(mut self, address: &str) -> Self {
        let here = endpoint(address);
        self.history.key = HostKey::Endpoint(here);
        for attempt in &mut self.history.attempts {
            attempt.endpoint = here;
        }
        self
    }

    pub(crate) fn unlisted(mut self) -> Self {
        self.history.listed = false;
        self
    }

    pub(crate) fn resolver_down(mut self) -> Self {
        self.resolver_down = true;
        self
    }

    pub(crate) fn without_ntlm(mut self) -> Self {
        self.ntlm_enabled = false;
        self
    }
}

pub(crate) fn leading_to(addresses: &[&str]) -> LookupAnswer {
    LookupAnswer::Addresses {
        addresses: addresses
            .iter()
            .map(|address| address.parse().unwrap())
            .collect(),
        ttl_s: Some(1200),
    }
}
