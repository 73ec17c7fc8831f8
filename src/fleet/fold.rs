use std::net::IpAddr;
use std::sync::Arc;

use super::summary::Contribution;
use super::{Fleet, Host};
use crate::diagnosis::{self, Diagnosis};
use crate::model::{
    Attempt, CertificateFacts, Endpoint, EventBody, History, Lookup, NameSource, Notice,
    ObservedName, Question, ScanEvent, Subject, TlsFacts, not_a_host,
};

impl Fleet {
    /// Folds one event in and brings the diagnosis of every host that it concerns up to date.
    pub fn apply(&mut self, event: ScanEvent) {
        self.revision += 1;
        if self.run_id.is_empty() {
            self.run_id = event.run_id;
            self.vantage = event.source;
        }
        self.times = Some(match self.times {
            None => (event.at, event.at),
            Some((start, newest)) => (start.min(event.at), newest.max(event.at)),
        });
        match event.body {
            EventBody::ScanStarted(plan) => {
                self.plan = Some(plan);
            }
            EventBody::TargetResolved {
                name,
                port,
                endpoints,
                excluded,
                lookups,
            } => self.fold_target(name, port, endpoints, excluded > 0, lookups),
            EventBody::AttemptFinished {
                attempt,
                listed,
                by_reference,
                last,
            } => self.fold_attempt(attempt, listed, by_reference, last),
            EventBody::NamesChecked {
                endpoint,
                names,
                lookups,
                excluded,
            } => self.fold_names(endpoint, names, lookups, excluded),
            EventBody::Noticed(notice) => self.fold_notice(notice),
            EventBody::BehindGateway { subject, gateway } => self.fold_gateway(subject, gateway),
            EventBody::NotReached { subject } => self.fold_not_reached(subject),
            EventBody::ProbedAnew { endpoint } => self.fold_anew(endpoint),
            EventBody::ScanFinished(end) => {
                self.end = Some(end);
                self.settle();
            }
        }
    }

    /// Looks at all hosts together and judges everyone as of the newest event: the order in which events came must not show in
    /// a report. Happens by itself at the end of a scan; a recording that breaks off before its end needs it after its last
    /// event.
    pub fn settle(&mut self) {
        self.revision += 1;
        self.keep_the_old();
        self.look_around();
        self.judge_all();
    }

    fn fold_target(
        &mut self,
        name: Box<str>,
        port: u16,
        mut endpoints: Vec<Endpoint>,
        some_excluded: bool,
        lookups: Vec<Lookup>,
    ) {
        // The event may leave out endpoints that another target covers already; the name leads to them all the same. It leads
        // nowhere where no host can be, and where the user excluded an address nobody goes.
        let mut left_out: Vec<IpAddr> = Vec::new();
        for address in lookups
            .iter()
            .flat_map(|lookup| lookup.answer.addresses().iter().copied())
            .filter(|address| not_a_host(*address).is_none())
        {
            let endpoint = Endpoint::new(address, port);
            if endpoints.contains(&endpoint) || left_out.contains(&address) {
                continue;
            }
            if some_excluded {
                left_out.push(address);
            } else {
                endpoints.push(endpoint);
            }
        }
        let lookups: Vec<Arc<Lookup>> = lookups.into_iter().map(Arc::new).collect();
        if endpoints.is_empty() {
            self.add_unresolved(name, port, lookups, left_out);
            return;
        }
        let observed = ObservedName {
            name,
            source: NameSource::Target,
        };
        for endpoint in endpoints {
            if let Some((index, mut history)) = self.unpacked(endpoint) {
                history.listed = true;
                add_names(&mut history, vec![observed.clone()], lookups.clone());
                self.link(index, &history);
                self.store(index, &history);
            } else {
                let awaited = self.awaited.entry(endpoint).or_default();
                awaited.names.push(observed.clone());
                awaited.lookups.extend(lookups.iter().cloned());
            }
        }
    }

    /// A name that leads to no endpoint at all, or to `excluded` ones only.
    fn add_unresolved(
        &mut self,
        name: Box<str>,
        port: u16,
        lookups: Vec<Arc<Lookup>>,
        excluded: Vec<IpAddr>,
    ) {
        let observed = ObservedName {
            name: name.clone(),
            source: NameSource::Target,
        };
        let subject = Subject::Unresolved {
            name: name.into(),
            port,
        };
        if let Some(index) = self.position(&subject) {
            if let Some(mut history) = self.hosts.get(index).map(Host::history) {
                history.excluded = excluded;
                add_names(&mut history, vec![observed], lookups);
                self.store(index, &history);
            }
            return;
        }
        let mut history = History::new(subject);
        history.listed = true;
        history.names_checked = true;
        history.complete = true;
        history.excluded = excluded;
        add_names(&mut history, vec![observed], lookups);
        self.add_row(&history);
    }

    fn fold_names(
        &mut self,
        endpoint: Endpoint,
        names: Vec<ObservedName>,
        lookups: Vec<Lookup>,
        excluded: Vec<IpAddr>,
    ) {
        let fold = |history: &mut History| {
            add_names(history, names, lookups.into_iter().map(Arc::new).collect());
            for address in excluded {
                if !history.excluded.contains(&address) {
                    history.excluded.push(address);
                }
            }
            history.names_checked = true;
        };
        match self.unpacked(endpoint) {
            Some((index, mut history)) => {
                fold(&mut history);
                self.link(index, &history);
                self.store(index, &history);
            }
            None => fold(
                self.references
                    .entry(endpoint)
                    .or_insert_with(|| reference(endpoint)),
            ),
        }
    }

    fn fold_attempt(&mut self, mut attempt: Attempt, listed: bool, by_reference: bool, last: bool) {
        let endpoint = attempt.endpoint;
        let referring = self.referring(endpoint);
        // Those who refer here care only about what a member shows; without this a name shared by a whole fleet would
        // judge the whole fleet at every attempt.
        let sight = |history: &History| {
            (!referring.is_empty()).then(|| diagnosis::MemberSight::of(history))
        };
        let row = self.unpacked(endpoint);
        let index = row.as_ref().map(|(index, _)| *index);
        let mut history = match row {
            Some((_, history)) => Some(history),
            None => self.references.remove(&endpoint),
        };
        let seen_before = history.as_ref().and_then(sight);
        if self.anew.remove(&endpoint).is_some() {
            history = history.map(|old| self.begin_anew(old, endpoint));
        }
        self.share(&mut attempt, history.as_ref());
        self.look_around_when_due();
        let mut history = history.take().unwrap_or_else(|| reference(endpoint));
        let is_row = index.is_some() || !by_reference;
        if index.is_none() && is_row {
            self.promote(endpoint, &mut history);
        }
        add_attempt(&mut history, attempt, listed, last);
        let seen_now = sight(&history);
        let row = match index {
            Some(index) => {
                self.store(index, &history);
                Some(index)
            }
            None if is_row => Some(self.add_row(&history)),
            None => {
                self.references.insert(endpoint, history);
                None
            }
        };
        if seen_before != seen_now {
            for index in referring {
                if Some(index) != row {
                    self.judge(index);
                }
            }
        }
    }

    /// A host that is listed and not probed; one that another target has probed all the same keeps what was seen of it.
    fn fold_gateway(&mut self, subject: Subject, gateway: Box<str>) {
        if let Some(index) = self.position(&subject) {
            if let Some(mut history) = self.hosts.get(index).map(Host::history) {
                history.gateway = Some(gateway);
                self.store(index, &history);
            }
            return;
        }
        let mut history = History::new(subject);
        history.listed = true;
        history.complete = true;
        history.gateway = Some(gateway);
        self.add_row(&history);
    }

    /// An endpoint is probed anew. What was seen of it stands until the first new attempt has ended: if the scan is stopped
    /// before, nothing is lost.
    fn fold_anew(&mut self, endpoint: Endpoint) {
        self.end = None;
        let was_complete = match self.unpacked(endpoint) {
            Some((index, mut history)) => {
                let was_complete = std::mem::replace(&mut history.complete, false);
                self.store(index, &history);
                was_complete
            }
            None => false,
        };
        self.anew.entry(endpoint).or_insert(was_complete);
    }

    /// Sets an endpoint's evidence aside, since new has come. Its row stays, and so do the names that the user gave it.
    fn begin_anew(&mut self, old: History, endpoint: Endpoint) -> History {
        let subject = Subject::Endpoint(endpoint);
        self.notices.retain(|notice| {
            *notice
                != Notice::Skipped {
                    subject: subject.clone(),
                }
        });
        let mut history = History {
            listed: old.listed,
            by_reference: old.by_reference,
            gateway: old.gateway,
            ..History::new(old.subject)
        };
        let own = |name: &ObservedName| name.source == NameSource::Target;
        history.lookups = old
            .lookups
            .into_iter()
            .filter(|lookup| {
                old.names.iter().any(|name| {
                    own(name) && lookup.question == Question::Addresses(name.name.clone())
                })
            })
            .collect();
        history.names = old.names.into_iter().filter(own).collect();
        history
    }

    /// Nothing new will come of those that were to be probed anew: what is known of them is all there is.
    fn keep_the_old(&mut self) {
        for (endpoint, was_complete) in std::mem::take(&mut self.anew) {
            if let (true, Some((index, mut history))) = (was_complete, self.unpacked(endpoint)) {
                history.complete = true;
                self.store(index, &history);
            }
        }
    }

    /// A host that was listed, and of which the scan came to see nothing.
    fn fold_not_reached(&mut self, subject: Subject) {
        if self.position(&subject).is_some() {
            return;
        }
        let endpoint = subject.endpoint();
        let mut history = History::new(subject);
        history.listed = true;
        history.complete = true;
        if let Some(endpoint) = endpoint {
            // It may have been looked at for another host's sake.
            if let Some(seen) = self.references.remove(&endpoint) {
                history = History {
                    listed: true,
                    ..seen
                };
            }
            self.promote(endpoint, &mut history);
        }
        self.add_row(&history);
    }

    /// Rows whose names lead to an endpoint.
    fn referring(&self, endpoint: Endpoint) -> Vec<usize> {
        self.referrers
            .get(&endpoint)
            .map(|rows| rows.iter().copied().collect())
            .unwrap_or_default()
    }

    fn fold_notice(&mut self, notice: Notice) {
        let was_without = self.is_without_resolver();
        if self.notices.contains(&notice) && !is_of_resolvers(&notice) {
            return;
        }
        self.notices.retain(|older| !is_superseded(older, &notice));
        if let Notice::Skipped {
            subject: Subject::Endpoint(endpoint),
        } = &notice
            && let Some((index, mut history)) = self.unpacked(*endpoint)
        {
            history.complete = true;
            self.store(index, &history);
        }
        self.notices.push(notice);
        if self.is_without_resolver() != was_without {
            self.judge_all();
        }
    }

    /// Gives a history that is about to be a row what waited for it.
    fn promote(&mut self, endpoint: Endpoint, history: &mut History) {
        history.by_reference = false;
        if let Some(awaited) = self.awaited.remove(&endpoint) {
            history.listed = true;
            add_names(history, awaited.names, awaited.lookups);
        }
    }

    fn add_row(&mut self, history: &History) -> usize {
        let index = self.hosts.len();
        let diagnosis = self.diagnose(history);
        self.summary.add(Contribution::of(&diagnosis));
        // No scan comes near four thousand million rows.
        let short = u32::try_from(index).unwrap_or(u32::MAX);
        match &history.subject {
            Subject::Endpoint(endpoint) => self.rows.insert(*endpoint, short),
            unresolved @ Subject::Unresolved { .. } => {
                self.unresolved.insert(unresolved.clone(), short)
            }
        };
        self.hosts.push(Host::new(history, diagnosis));
        self.link(index, history);
        index
    }

    /// The row of an endpoint with its history, spread out to be added to.
    fn unpacked(&self, endpoint: Endpoint) -> Option<(usize, History)> {
        let index = self.row(endpoint)?;
        Some((index, self.hosts.get(index)?.history()))
    }

    /// Puts a history that was added to back into its row, judged anew.
    fn store(&mut self, index: usize, history: &History) {
        let diagnosis = self.diagnose(history);
        self.replace(index, &diagnosis);
        if let Some(host) = self.hosts.get_mut(index) {
            host.replace(history, diagnosis);
        }
    }

    /// Remembers which other endpoints a row's names lead to.
    fn link(&mut self, index: usize, history: &History) {
        let own = history.subject.endpoint();
        let port = history.subject.port();
        for lookup in &history.lookups {
            for address in lookup.answer.addresses() {
                let endpoint = Endpoint::new(*address, port);
                if Some(endpoint) != own {
                    self.referrers.entry(endpoint).or_default().insert(index);
                }
            }
        }
    }

    fn diagnose(&self, history: &History) -> Diagnosis {
        self.in_context(|context| diagnosis::diagnose(history, context))
    }

    fn judge(&mut self, index: usize) {
        let Some(history) = self.hosts.get(index).map(Host::history) else {
            return;
        };
        let diagnosis = self.diagnose(&history);
        self.replace(index, &diagnosis);
        if let Some(host) = self.hosts.get_mut(index) {
            host.judge(&history, diagnosis);
        }
    }

    /// Takes what a row adds to the summary out, and what it will add in.
    fn replace(&mut self, index: usize, diagnosis: &Diagnosis) {
        let after = Contribution::of(diagnosis);
        let before = self
            .hosts
            .get(index)
            .map(|host| Contribution::of(&host.diagnosis));
        if let Some(before) = before.filter(|before| *before != after) {
            self.summary.remove(before);
            self.summary.add(after);
        }
    }

    fn judge_all(&mut self) {
        for index in 0..self.hosts.len() {
            self.judge(index);
        }
    }

    /// Lets an attempt point at facts that are there already instead of bringing its own equal copy.
    fn share(&mut self, attempt: &mut Attempt, history: Option<&History>) {
        attempt.stages.shrink_to_fit();
        if let Some(facts) = attempt.tls.as_mut().and_then(Arc::get_mut) {
            self.share_issuers(facts);
        }
        let Some(history) = history else {
            return;
        };
        let shared_tls = attempt.tls.as_mut().and_then(|tls| {
            let mut earlier = history.attempts.iter().rev().filter_map(|a| a.tls.as_ref());
            if let Some(same) = earlier.clone().find(|known| *known == tls) {
                return Some(Arc::clone(same));
            }
            let known =
                earlier.find_map(|known| known.leaf().filter(|leaf| Some(*leaf) == tls.leaf()))?;
            if let Some(slot) = Arc::get_mut(tls).and_then(|facts| facts.chain.first_mut()) {
                *slot = Arc::clone(known);
            }
            None
        });
        if let Some(shared) = shared_tls {
            attempt.tls = Some(shared);
        }
        if let Some(ntlm) = &attempt.ntlm {
            let same = history
                .attempts
                .iter()
                .rev()
                .filter_map(|earlier| earlier.ntlm.as_ref())
                .find(|known| *known == ntlm);
            if let Some(same) = same.map(Arc::clone) {
                attempt.ntlm = Some(same);
            }
        }
    }

    fn share_issuers(&mut self, tls: &mut TlsFacts) {
        for certificate in tls.chain.iter_mut().skip(1) {
            if let Some(known) = self.issuers.get(certificate) {
                *certificate = Arc::<CertificateFacts>::clone(known);
            } else {
                self.issuers.insert(Arc::clone(certificate));
            }
        }
    }
}

/// Whether a notice says how a resolver fares. The newest of them is the last in the list, however often it came before.
pub(super) const fn is_of_resolvers(notice: &Notice) -> bool {
    matches!(
        notice,
        Notice::ResolverDown { .. } | Notice::ResolverSilent { .. } | Notice::ResolverBack { .. }
    )
}

/// Whether a newer notice takes the place of an older one. A failure of a resolver stays next to the return after it.
fn is_superseded(older: &Notice, newer: &Notice) -> bool {
    use Notice::{RequestsLost, ResolverBack, ResolverDown, ResolverSilent, SlowedDown};
    match (older, newer) {
        (ResolverDown { .. } | ResolverBack { .. }, ResolverDown { .. })
        | (SlowedDown { .. }, SlowedDown { .. })
        | (RequestsLost { .. }, RequestsLost { .. }) => true,
        (
            ResolverSilent { resolver: of, .. } | ResolverBack { resolver: of },
            ResolverSilent { resolver, .. },
        )
        | (ResolverBack { resolver: of }, ResolverBack { resolver }) => of == resolver,
        _ => false,
    }
}

/// A history that is no row, until something makes it one.
fn reference(endpoint: Endpoint) -> History {
    History {
        by_reference: true,
        ..History::new(Subject::Endpoint(endpoint))
    }
}

fn add_attempt(history: &mut History, attempt: Attempt, listed: bool, last: bool) {
    history.listed |= listed;
    history.complete |= last;
    history.attempts.reserve_exact(1);
    history.attempts.push(attempt);
}

fn add_names(history: &mut History, names: Vec<ObservedName>, lookups: Vec<Arc<Lookup>>) {
    for name in names {
        if !history.names.contains(&name) {
            history.names.push(name);
        }
    }
    for lookup in lookups {
        // A failing question asked twice is evidence of its own ("on two tries"); an equal success is not.
        let repeated = !lookup.answer.is_resolver_trouble()
            && history.lookups.iter().any(|known| {
                known.question == lookup.question
                    && known.resolver == lookup.resolver
                    && known.answer == lookup.answer
            });
        if !repeated {
            history.lookups.push(lookup);
        }
    }
    history.names.shrink_to_fit();
    history.lookups.shrink_to_fit();
}
