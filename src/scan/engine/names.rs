//! What follows from a lookup that ended: endpoints to try, retries, an event.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Instant;

use super::{Engine, Found};
use crate::model::{
    Endpoint, EventBody, Lookup, NameSource, Notice, ObservedName, Question, not_a_host,
};
use crate::scan::job::Job;
use crate::scan::lookups::{HostLookup, LookupEnd, LookupJob};
use crate::targets::NameTarget;

/// Addresses tried per host because its names resolve to them.
const MOST_REFERENCES: usize = 16;
/// Addresses taken from one target name.
const MOST_ADDRESSES: usize = 256;

impl Engine {
    pub(super) fn lookup_finished(&mut self, job: LookupJob, found: Found, now: Instant) {
        for notice in self.lookups.observe_resolvers(now) {
            // As often as it happens: the newest of them counts.
            self.emit(EventBody::Notice(notice));
        }
        match job {
            LookupJob::Target(job) => {
                let is_down = found.lookups.is_none() || self.lookups.are_down();
                let ended = if is_down && self.has_row_address(&job.target) {
                    // It goes by that address, and does not wait for a resolver.
                    Some((job.target, found.lookups.unwrap_or_default()))
                } else {
                    self.lookups.target_ended(job, found.lookups, now)
                };
                if let Some(ended) = ended {
                    self.target_looked_up(ended, &found.unroutable, now);
                }
            }
            LookupJob::Host(job) => self.host_looked_up(&job, found, now),
        }
    }

    /// A lookup that panicked is a bug of this program, and no failure of a resolver. Its names are retried a few times.
    pub(super) fn lookup_panicked(&mut self, job: LookupJob, now: Instant) {
        match job {
            LookupJob::Target(job) => {
                if let Some(ended) = self.lookups.target_panicked(job, now) {
                    self.target_looked_up(ended, &HashSet::new(), now);
                }
            }
            LookupJob::Host(job) => {
                let questions = job.questions().into_iter();
                let ends = questions.map(|question| (question, LookupEnd::Panicked));
                let found = Found {
                    names: job.names.clone(),
                    ends: ends.collect(),
                    ..Found::default()
                };
                self.host_looked_up(&job, found, now);
            }
        }
    }

    fn has_row_address(&self, target: &NameTarget) -> bool {
        !self.targets.row_addresses(&target.name).is_empty()
    }

    /// While no resolver answers, hosts are scanned by the addresses of their rows.
    pub(super) fn go_by_row_addresses(&mut self, now: Instant) {
        let targets = self.targets.clone();
        let is_of_row = |target: &NameTarget| !targets.row_addresses(&target.name).is_empty();
        for ended in self.lookups.take_targets_of_rows(is_of_row) {
            self.target_looked_up(ended, &HashSet::new(), now);
        }
    }

    fn target_looked_up(
        &mut self,
        (target, lookups): (NameTarget, Vec<Lookup>),
        unroutable: &HashSet<IpAddr>,
        now: Instant,
    ) {
        let mut addresses: Vec<_> = Vec::new();
        for address in lookups.iter().flat_map(|lookup| lookup.answer.addresses()) {
            if !addresses.contains(address) && addresses.len() < MOST_ADDRESSES {
                addresses.push(*address);
            }
        }
        addresses.retain(|address| not_a_host(*address).is_none());
        if addresses.is_empty() && self.has_row_address(&target) {
            let of_row = self.targets.row_addresses(&target.name);
            addresses.extend(
                of_row
                    .iter()
                    .copied()
                    .filter(|address| not_a_host(*address).is_none()),
            );
            self.notice(Notice::RowAddresses);
        }
        let (excluded, addresses): (Vec<_>, Vec<_>) = addresses
            .into_iter()
            .partition(|address| self.targets.is_excluded(*address));
        // An address without a route is dropped where the name has another; alone it is the host.
        let lacks_route = |address: &IpAddr| unroutable.contains(address);
        let some_lack_it = addresses.iter().any(lacks_route);
        let all_lack_it = addresses.iter().all(lacks_route);
        if some_lack_it && !all_lack_it {
            self.notice(Notice::NoIpv6Route);
        }
        for address in &addresses {
            if all_lack_it || !lacks_route(address) {
                self.list(Endpoint::new(*address, target.port), &target.name, now);
            }
        }
        let endpoints = addresses
            .into_iter()
            .map(|address| Endpoint::new(address, target.port))
            .collect();
        self.emit_target(&target, endpoints, excluded, lookups);
    }

    pub(super) fn emit_target(
        &mut self,
        target: &NameTarget,
        endpoints: Vec<Endpoint>,
        excluded: Vec<IpAddr>,
        lookups: Vec<Lookup>,
    ) {
        self.emit(EventBody::TargetResolved {
            name: target.name.as_str().into(),
            port: target.port,
            endpoints,
            excluded,
            lookups,
        });
    }

    /// One of the user's names resolves to an endpoint: from now on it is an event and gets its attempts, whatever it answers.
    fn list(&mut self, endpoint: Endpoint, name: &str, now: Instant) {
        let planned = self.targets.contains(endpoint);
        let was_counted = self.counts.take_unlisted(endpoint);
        let is_new = self.hosts.get(endpoint).is_none();
        let is_due = self.hosts.entry(endpoint).list(name);
        if is_new && !planned {
            self.meter.planned += 1;
            self.discovery.queue.add(Job::discover(endpoint));
        } else if is_new && (was_counted || !self.counts.remembers()) {
            // The sweep has counted it and forgotten it.
            self.discovery.queue.add(Job {
                repeat: true,
                ..Job::discover(endpoint)
            });
        } else if is_due {
            self.discovery.queue.schedule(now, Job::again(endpoint));
        }
    }

    fn host_looked_up(&mut self, job: &HostLookup, found: Found, now: Instant) {
        let endpoint = job.endpoint;
        let Found {
            lookups,
            unroutable,
            names,
            ends,
        } = found;
        let lookups = lookups.unwrap_or_default();
        self.lookups.host_ended(endpoint, &names, ends, now);
        if let Some(host) = self.hosts.get_mut(endpoint) {
            host.found_name(best_name(&names, &lookups, endpoint.address));
        }
        let mut excluded = Vec::new();
        let mut tried = 0;
        for address in lookups.iter().flat_map(|lookup| lookup.answer.addresses()) {
            let address = *address;
            let member = Endpoint::new(address, endpoint.port);
            if address == endpoint.address {
                continue;
            }
            if self.targets.is_excluded(address) {
                if !excluded.contains(&address) {
                    excluded.push(address);
                }
                continue;
            }
            if not_a_host(address).is_some()
                || self.hosts.get(member).is_some()
                || tried >= MOST_REFERENCES
            {
                continue;
            }
            if unroutable.contains(&address) {
                self.notice(Notice::NoIpv6Route);
                continue;
            }
            tried += 1;
            // A silent endpoint of the sweep left no trace, so it is tried once more, and its outcome is an event.
            let in_sweep = self.targets.contains(member);
            self.hosts.add_mentioned(member, in_sweep);
            self.meter.planned += u64::from(!in_sweep);
            self.discovery.queue.add(Job {
                repeat: in_sweep,
                ..Job::discover(member)
            });
        }
        if job.is_retry && lookups.is_empty() {
            return;
        }
        self.emit(EventBody::NamesChecked {
            endpoint,
            attempt: job.attempt,
            names,
            lookups,
            excluded,
        });
    }
}

/// The name that is most trusted of those that resolve to the address.
pub(in crate::scan) fn best_name(
    names: &[ObservedName],
    lookups: &[Lookup],
    address: IpAddr,
) -> Option<Box<str>> {
    let by_trust = [
        NameSource::Target,
        NameSource::Ntlm,
        NameSource::Ptr,
        NameSource::Certificate,
    ];
    let resolves_here = |name: &&ObservedName| {
        lookups.iter().any(|lookup| {
            matches!(&lookup.question, Question::Addresses(asked) if *asked == name.name)
                && lookup.answer.addresses().contains(&address)
        })
    };
    by_trust
        .iter()
        .flat_map(|source| names.iter().filter(move |name| name.source == *source))
        .find(resolves_here)
        .map(|name| name.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LookupAnswer, Resolver};

    #[test]
    fn the_most_trusted_name_that_itself_resolves_to_the_address_is_the_best() {
        let address = |last| IpAddr::from([10, 0, 0, last]);
        let name = |name: &str, source| ObservedName {
            name: name.into(),
            source,
        };
        let lookup = |name: &str, last| Lookup {
            question: Question::Addresses(name.into()),
            resolver: Resolver::System,
            answer: LookupAnswer::Addresses {
                addresses: vec![address(last)],
                ttl_s: None,
            },
            duration_ms: 1,
        };
        let names = [
            name("certificate.example", NameSource::Certificate),
            name("elsewhere.example", NameSource::Target),
            name("ntlm.example", NameSource::Ntlm),
        ];
        let lookups = [
            lookup("elsewhere.example", 9),
            lookup("certificate.example", 5),
            lookup("ntlm.example", 5),
        ];
        let best = |last| best_name(&names, &lookups, address(last));
        assert_eq!(best(5).as_deref(), Some("ntlm.example"));
        assert_eq!(best(9).as_deref(), Some("elsewhere.example"));
        assert_eq!(best(7), None);
    }
}
