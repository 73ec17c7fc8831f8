//! Folding events. The cost of an event does not depend on the length of its host's history.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Fleet;
use super::entry::{Entry, Fact, Stamp, Writer};
use super::host::Host;
use super::log::LogError;
use super::sources::Admission;
use crate::model::{
    Attempt, CertificateFacts, Endpoint, EventBody, HostKey, Lookup, Notice, ScanEvent,
};

impl Fleet {
    /// Folds one event. Duplicates are ignored, and events of several streams may arrive in any order. The hosts affected are
    /// judged later, by [`Fleet::work`] or [`Fleet::settle`].
    ///
    /// Events of another scan than the first one's are ignored.
    pub fn apply(&mut self, event: ScanEvent) {
        if *self.scan.get_or_insert(event.scan) != event.scan {
            return;
        }
        let site = self.site.get_or_insert_with(|| event.site.clone());
        if event.site < *site {
            *site = event.site.clone();
        }
        self.times = Some(match self.times {
            None => (event.at, event.at),
            Some((start, newest)) => (start.min(event.at), newest.max(event.at)),
        });
        let admission = self.sources.admit(&event);
        if admission == Admission::Known {
            return;
        }
        if admission == Admission::Replacing {
            self.drop_replaced();
        }
        self.revision += 1;
        self.facts += 1;
        self.fold(Stamp::of(&event), event.body);
    }

    fn fold(&mut self, stamp: Stamp, body: EventBody) {
        match body {
            EventBody::ScanStarted(_) => self.judge_all_later(),
            EventBody::Checkpoint(_) | EventBody::WorkPlanned(_) => {}
            EventBody::ScanFinished(_) => self.survey_later(),
            EventBody::TargetResolved {
                name,
                port,
                endpoints,
                excluded,
                lookups,
            } => {
                let unresolved = HostKey::Unresolved {
                    name: name.to_string(),
                    port,
                };
                self.fold_target(&stamp, &unresolved, !endpoints.is_empty());
                let resolved = Fact::Resolved {
                    name,
                    lookups: shared(lookups),
                    excluded,
                };
                if endpoints.is_empty() {
                    self.add(&unresolved, stamp, resolved);
                } else {
                    for endpoint in endpoints {
                        self.add(
                            &HostKey::Endpoint(endpoint),
                            stamp.clone(),
                            resolved.clone(),
                        );
                    }
                }
            }
            EventBody::AttemptFinished {
                attempt,
                certificates,
                listed,
                outside_targets,
                remaining,
            } => {
                for facts in certificates {
                    self.learn(facts);
                }
                let key = HostKey::Endpoint(attempt.endpoint);
                self.certify(&key, &attempt);
                let fact = Fact::Attempt {
                    attempt: Box::new(attempt),
                    listed,
                    outside_targets,
                    remaining,
                };
                self.add(&key, stamp, fact);
                self.survey_when_due();
            }
            EventBody::NamesChecked {
                endpoint,
                attempt,
                names,
                lookups,
                excluded,
            } => {
                let fact = Fact::Names {
                    attempt,
                    names,
                    lookups: shared(lookups),
                    excluded,
                };
                self.add(&HostKey::Endpoint(endpoint), stamp, fact);
            }
            EventBody::Notice(notice) => self.fold_notice(stamp, notice),
            EventBody::BehindGateway { host, gateway } => {
                self.add(&host, stamp, Fact::BehindGateway(gateway));
            }
            EventBody::NotReached { host } => self.add(&host, stamp, Fact::NotReached),
            EventBody::ReprobeStarted { endpoint, after } => {
                self.notices.reprobe_started(stamp.clone(), endpoint);
                self.reprobes.insert(endpoint);
                let key = HostKey::Endpoint(endpoint);
                self.add(&key, stamp, Fact::ReprobeStarted { after });
            }
        }
    }

    /// Gives what was listed and was not reached a row each, where the stream ended without the end of its scan.
    pub fn close_broken_off(&mut self) {
        let Some((origin, work)) = self.sources.work().filter(|_| !self.has_ended()) else {
            return;
        };
        let (stamp, work) = (Stamp::at(origin.clone(), u64::MAX), Arc::clone(work));
        for key in work.listed_hosts() {
            let is_known = match &key {
                HostKey::Endpoint(_) => {
                    let host = self.place(&key).and_then(|place| self.hosts.get(place));
                    host.is_some_and(|host| self.composed(host).is_row)
                }
                HostKey::Unresolved { .. } => self.targets.contains_key(&key),
            };
            if !is_known {
                self.add(&key, stamp.clone(), Fact::NotReached);
            }
        }
    }

    /// The newest lookup of a listed name decides whether the name is a row.
    fn fold_target(&mut self, stamp: &Stamp, name: &HostKey, has_address: bool) {
        let targets = Arc::make_mut(&mut self.targets);
        let lookups = targets.entry(name.clone()).or_default();
        lookups.insert(stamp.clone(), has_address);
        if let Some(place) = self.place(name) {
            self.dirty.insert(place);
        }
    }

    fn fold_notice(&mut self, stamp: Stamp, notice: Notice) {
        if let Notice::HostSkipped {
            host: host @ HostKey::Endpoint(_),
        } = &notice
        {
            self.add(host, stamp.clone(), Fact::Skipped);
        }
        self.notices.add(stamp, notice);
    }

    fn add(&mut self, key: &HostKey, stamp: Stamp, fact: Fact) {
        let place = self.place_or_new(key);
        let Some(host) = self.hosts.get_mut(place) else {
            return;
        };
        let added = Arc::make_mut(host).add(&Entry { stamp, fact });
        self.dirty.insert(place);
        self.note_unreadable(key, added.err());
    }

    /// Stores a certificate, one copy for the whole fleet. The first one with a digest is kept.
    pub(super) fn learn(&mut self, facts: Arc<CertificateFacts>) {
        let digest = facts.sha256;
        if self.certificates.contains_key(&digest) {
            return;
        }
        let facts = self.intern(facts);
        for place in self.uncertified.remove(&digest).unwrap_or_default() {
            if let Some(host) = self.hosts.get_mut(place) {
                Arc::make_mut(host).certify(&facts);
                self.dirty.insert(place);
            }
        }
        Arc::make_mut(&mut self.certificates).insert(digest, facts);
    }

    /// Shares texts that many certificates have in common.
    fn intern(&mut self, mut facts: Arc<CertificateFacts>) -> Arc<CertificateFacts> {
        let own = Arc::make_mut(&mut facts);
        let usages = own.extended_key_usage.iter_mut().flatten();
        for text in [&mut own.issuer, &mut own.signature_algorithm]
            .into_iter()
            .chain(usages)
        {
            match self.texts.get(text) {
                Some(known) => *text = Arc::clone(known),
                None => {
                    Arc::make_mut(&mut self.texts).insert(Arc::clone(text));
                }
            }
        }
        facts
    }

    /// Attaches the certificates of an attempt to its host, those with unknown facts once these arrive.
    fn certify(&mut self, key: &HostKey, attempt: &Attempt) {
        let Some(tls) = &attempt.tls else {
            return;
        };
        let place = self.place_or_new(key);
        for shown in &tls.chain {
            let digest = shown.sha256();
            match self.certificates.get(&digest) {
                Some(known) => {
                    if let Some(host) = self.hosts.get_mut(place) {
                        Arc::make_mut(host).certify(known);
                    }
                }
                None => {
                    self.uncertified.entry(digest).or_default().insert(place);
                }
            }
        }
    }

    /// Removes the facts of earlier deliveries of a shard, which a later one replaces.
    fn drop_replaced(&mut self) {
        let writers: BTreeSet<_> = self.sources.writers().map(Writer::of).collect();
        let wanted = |stamp: &Stamp| stamp.epoch == 0 || writers.contains(&stamp.writer());
        self.notices.retain(wanted);
        for lookups in Arc::make_mut(&mut self.targets).values_mut() {
            lookups.retain(|stamp, _| wanted(stamp));
        }
        for host in &mut self.hosts {
            match host.log_of(wanted) {
                Ok(None) => {}
                Ok(Some(log)) => Arc::make_mut(host).replace_log(log),
                Err(error) => {
                    self.unreadable.get_or_insert_with(|| error.to_string());
                }
            }
        }
        self.judge_all_later();
    }

    /// An internal error that hides observations becomes a notice, so that it does not look like silence of the host.
    pub(super) fn note_unreadable(&mut self, key: &HostKey, error: Option<LogError>) {
        if let Some(error) = error {
            self.unreadable = Some(format!("{key}: {error}"));
        }
    }

    pub(super) fn place_or_new(&mut self, key: &HostKey) -> usize {
        self.place(key)
            .unwrap_or_else(|| self.push(Arc::new(Host::unknown(key.clone()))))
    }

    /// Adds a host that has no place yet.
    pub(super) fn push(&mut self, host: Arc<Host>) -> usize {
        let place = self.hosts.len();
        Arc::make_mut(&mut self.index).insert(host.key().clone(), place);
        self.hosts.push(host);
        place
    }

    pub(super) fn place(&self, key: &HostKey) -> Option<usize> {
        self.index.get(key).copied()
    }

    /// No further event is expected.
    pub(super) fn has_ended(&self) -> bool {
        self.is_saved || self.sources.end().is_some()
    }

    pub(super) fn endpoint_place(&self, endpoint: Endpoint) -> Option<usize> {
        self.place(&HostKey::Endpoint(endpoint))
    }
}

fn shared(lookups: Vec<Lookup>) -> Vec<Arc<Lookup>> {
    lookups.into_iter().map(Arc::new).collect()
}
