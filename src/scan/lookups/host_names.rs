//! When the names of a host are looked up: once it is up, and again for each kind of name that a later attempt is the first to
//! show.

use crate::model::{Endpoint, Lookup, LookupAnswer, ObservedName};

use super::candidates::{self, MOST_NAMES};
use super::dns_retry::HostQuestion;

#[derive(Debug, Default)]
pub(super) struct HostNames {
    begun: bool,
    in_flight: bool,
    /// Names passed to a lookup, or found by one.
    seen: Vec<ObservedName>,
    /// Names that wait for the lookup in flight, so that nothing is asked twice.
    waiting: Vec<ObservedName>,
    /// Number of the newest attempt that showed names.
    attempt: u32,
}

#[derive(Debug, Clone)]
pub(in crate::scan) struct HostLookup {
    pub(in crate::scan) endpoint: Endpoint,
    /// Number of the newest attempt whose names are among these or were asked for before.
    pub(in crate::scan) attempt: u32,
    pub(in crate::scan) names: Vec<ObservedName>,
    /// Asked for before.
    pub(in crate::scan) asked: Vec<Box<str>>,
    /// Whether the address itself is to be asked for its names.
    pub(in crate::scan) reverse: bool,
    /// Questions that were missed before.
    pub(in crate::scan) is_retry: bool,
}

impl HostLookup {
    /// Its questions, as far as they are known before the reverse lookup.
    pub(in crate::scan) fn questions(&self) -> Vec<HostQuestion> {
        let wanted = |name: &&ObservedName| {
            candidates::is_worth_a_lookup(name) && !self.asked.contains(&name.name)
        };
        let names = self.names.iter().filter(wanted).take(MOST_NAMES);
        let names = names.cloned().map(HostQuestion::Name);
        let address = self.reverse.then_some(HostQuestion::Address);
        address.into_iter().chain(names).collect()
    }
}

impl HostNames {
    /// What to look up after an attempt that showed its `own` names; the user `typed` the others.
    pub(super) fn after(
        &mut self,
        endpoint: Endpoint,
        typed: &[ObservedName],
        attempt: u32,
        mut own: Vec<ObservedName>,
    ) -> Option<HostLookup> {
        // A farm shows other names at every attempt: the first of each kind are enough.
        let shown = |source| {
            let known = self.seen.iter().chain(&self.waiting);
            known.map(|name| name.source).any(|known| known == source)
        };
        own.retain(|name| !shown(name.source));
        if !self.begun {
            self.attempt = attempt;
            let names = typed.iter().cloned().chain(own).collect();
            return Some(self.begin(endpoint, names));
        }
        if own.is_empty() {
            return None;
        }
        self.attempt = attempt;
        if self.in_flight {
            self.waiting.extend(own);
            return None;
        }
        Some(self.begin(endpoint, own))
    }

    /// What to look up after a lookup with these names has ended.
    pub(super) fn done(
        &mut self,
        endpoint: Endpoint,
        names: &[ObservedName],
    ) -> Option<HostLookup> {
        self.in_flight = false;
        for name in names {
            if !self.seen.contains(name) {
                self.seen.push(name.clone());
            }
        }
        let waiting = std::mem::take(&mut self.waiting);
        (!waiting.is_empty()).then(|| self.begin(endpoint, waiting))
    }

    /// Every question, as if none had been asked.
    pub(super) fn begin_again(&mut self, endpoint: Endpoint, typed: &[ObservedName]) -> HostLookup {
        let mut names = typed.to_vec();
        let seen = std::mem::take(&mut self.seen).into_iter();
        names.extend(seen.filter(|name| !typed.contains(name)));
        self.begun = false;
        self.begin(endpoint, names)
    }

    /// The same questions once more; `None` while another lookup is in flight.
    pub(super) fn again(
        &mut self,
        endpoint: Endpoint,
        questions: Vec<HostQuestion>,
    ) -> Option<HostLookup> {
        if std::mem::replace(&mut self.in_flight, true) {
            return None;
        }
        let reverse = questions.contains(&HostQuestion::Address);
        let names = questions.into_iter().filter_map(|question| match question {
            HostQuestion::Name(name) => Some(name),
            HostQuestion::Address => None,
        });
        Some(HostLookup {
            endpoint,
            attempt: self.attempt,
            names: names.collect(),
            asked: Vec::new(),
            reverse,
            is_retry: true,
        })
    }

    fn begin(&mut self, endpoint: Endpoint, names: Vec<ObservedName>) -> HostLookup {
        let asked = self
            .seen
            .iter()
            .filter(|name| candidates::is_worth_a_lookup(name))
            .map(|name| name.name.clone())
            .collect();
        let reverse = !self.begun;
        self.begun = true;
        self.in_flight = true;
        self.seen.extend(names.iter().cloned());
        HostLookup {
            endpoint,
            attempt: self.attempt,
            names,
            asked,
            reverse,
            is_retry: false,
        }
    }
}

/// Whether some resolver was in trouble and none gave a definite answer.
pub(in crate::scan) fn is_undecided(answers: &[Lookup]) -> bool {
    answers
        .iter()
        .any(|lookup| lookup.answer.is_resolver_trouble())
        && !answers.iter().any(|lookup| lookup.answer.is_certain())
}

/// Whether the reverse lookup got no answer. A refusal, of a zone that the server does not serve, is one.
pub(in crate::scan) fn is_unanswered(pointers: &[Lookup]) -> bool {
    !pointers
        .iter()
        .any(|lookup| lookup.answer.is_sign_of_life() || lookup.answer == LookupAnswer::Refused)
}
