//! Keeps count of how each resolver fares, so that a resolver that is down is one banner and not a finding on every host, and
//! keeps what waits for one to answer.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Endpoint, Lookup, LookupAnswer, Notice, ObservedName, Resolver};
use crate::target::NameTarget;

/// Failures in a row, without any answer before, after which a resolver counts as down.
const DOWN_AFTER: u32 = 3;
/// How often somebody is asked again while nobody has ever answered.
const CANARY_EVERY: Duration = Duration::from_secs(3);

/// One count per resolver; there are as many as `--dns` options at most.
#[derive(Debug, Default)]
pub(super) struct Resolvers {
    health: BTreeMap<Resolver, Health>,
    /// "All are down" was said.
    told: bool,
}

#[derive(Debug, Default)]
struct Health {
    answered: bool,
    failures: u32,
    detail: Box<str>,
    told: bool,
}

impl Resolvers {
    /// Takes lookups into account; gives the notices that are due.
    pub(super) fn observe(&mut self, lookups: &[Lookup]) -> Vec<Notice> {
        let mut due = Vec::new();
        for lookup in lookups {
            let had_answer = self.has_answer();
            let health = self.health.entry(lookup.resolver).or_default();
            if lookup.answer.is_sign_of_life() {
                health.answered = true;
                if self.told && !had_answer {
                    due.push(Notice::ResolverBack {
                        resolver: lookup.resolver,
                    });
                }
            } else {
                health.fail(&in_words(&lookup.answer));
            }
        }
        due.extend(self.due(DOWN_AFTER));
        due
    }

    /// At the end: resolvers that never answered, however seldom they were asked.
    pub(super) fn finish(&mut self) -> Vec<Notice> {
        self.due(1)
    }

    /// Any resolver has ever answered.
    pub(super) fn has_answer(&self) -> bool {
        self.health.values().any(|health| health.answered)
    }

    fn due(&mut self, failures: u32) -> Vec<Notice> {
        let all_down = self.health.values().all(|health| health.is_down(failures));
        if all_down && !self.told {
            self.told = !self.health.is_empty();
            return self.all_down().into_iter().collect();
        }
        if all_down || !self.has_answer() {
            return Vec::new();
        }
        let silent = self
            .health
            .iter_mut()
            .filter(|(_, health)| health.is_down(failures) && !health.told);
        silent
            .map(|(resolver, health)| {
                health.told = true;
                Notice::ResolverSilent {
                    resolver: *resolver,
                    detail: health.detail.clone(),
                }
            })
            .collect()
    }

    /// Names the one server that was given, or says of each of several what it does; the first of the system's own stands for
    /// both.
    fn all_down(&self) -> Option<Notice> {
        let (first, health) = self.health.first_key_value()?;
        let one = self.health.len() == 1;
        let server = match first {
            Resolver::Server(address) => Some(*address),
            Resolver::System | Resolver::Configured => None,
        };
        let detail = if one || server.is_none() {
            health.detail.clone()
        } else {
            let each = self.health.iter().filter_map(|(resolver, health)| {
                let Resolver::Server(address) = resolver else {
                    return None;
                };
                Some(format!("{address}: {}", health.detail))
            });
            each.collect::<Vec<_>>().join(", ").into()
        };
        Some(Notice::ResolverDown {
            server: server.filter(|_| one),
            detail,
        })
    }
}

fn in_words(answer: &LookupAnswer) -> Box<str> {
    match answer {
        LookupAnswer::Timeout => "no answer in time".into(),
        LookupAnswer::Refused => "refused".into(),
        LookupAnswer::Error { detail } => detail.clone(),
        _ => Box::default(),
    }
}

impl Health {
    fn fail(&mut self, detail: &str) {
        self.failures += 1;
        self.detail = detail.into();
    }

    const fn is_down(&self, failures: u32) -> bool {
        !self.answered && self.failures >= failures
    }
}

/// Questions that wait for a resolver: as long as none has ever answered, nothing is known, and all is asked again when one does.
#[derive(Debug, Default)]
pub(super) struct Unanswered {
    /// Names of the user's, with what was tried.
    pub(super) targets: Vec<(NameTarget, Vec<Lookup>)>,
    /// Hosts with the names they are known by.
    pub(super) hosts: BTreeMap<Endpoint, Vec<ObservedName>>,
    /// When somebody was asked for the last time.
    asked_at: Option<Instant>,
    /// The scan has nothing else to do, and the last canary was silent as well.
    pub(super) given_up: bool,
}

impl Unanswered {
    /// A question went out, or came back in vain.
    pub(super) fn asked(&mut self, now: Instant) {
        self.asked_at = Some(now);
    }

    /// Whether it is time to ask again, if there is anything to ask.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let waits = !self.targets.is_empty() || !self.hosts.is_empty();
        waits
            && !self.given_up
            && self
                .asked_at
                .is_none_or(|at| now.duration_since(at) >= CANARY_EVERY)
    }

    /// Names of the user's are worth another try before the scan ends; names that hosts bear are not.
    pub(super) fn holds_the_end(&self) -> bool {
        !self.targets.is_empty() && !self.given_up
    }

    /// A host whose names nobody had an answer for.
    pub(super) fn keep(&mut self, endpoint: Endpoint, names: &[ObservedName]) {
        let known = self.hosts.entry(endpoint).or_default();
        for name in names {
            if !known.contains(name) {
                known.push(name.clone());
            }
        }
    }

    pub(super) fn forget(&mut self, endpoint: Endpoint) {
        self.hosts.remove(&endpoint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Question;

    fn lookup(answer: LookupAnswer) -> Lookup {
        Lookup {
            question: Question::Addresses("a.example".into()),
            resolver: Resolver::System,
            answer,
            duration_ms: 1,
        }
    }

    #[test]
    fn three_failures_and_no_answer_make_one_banner() {
        let mut resolvers = Resolvers::default();
        let down = lookup(LookupAnswer::Timeout);
        assert!(resolvers.observe(&[down.clone(), down.clone()]).is_empty());
        assert_eq!(resolvers.observe(std::slice::from_ref(&down)).len(), 1);
        assert!(resolvers.observe(&[down]).is_empty());
        assert!(resolvers.finish().is_empty());
    }

    #[test]
    fn a_resolver_that_ever_answered_is_not_down() {
        let mut resolvers = Resolvers::default();
        assert!(
            resolvers
                .observe(&[lookup(LookupAnswer::NxDomain)])
                .is_empty()
        );
        assert!(
            resolvers
                .observe(&vec![lookup(LookupAnswer::Timeout); 9])
                .is_empty()
        );
        assert!(resolvers.finish().is_empty());
    }

    #[test]
    fn one_silent_resolver_of_two_is_told_apart_from_all_down() {
        let mut resolvers = Resolvers::default();
        let silent = Lookup {
            resolver: Resolver::Configured,
            ..lookup(LookupAnswer::Timeout)
        };
        let both = [lookup(LookupAnswer::NxDomain), silent];
        let notices: Vec<_> = (0..4).flat_map(|_| resolvers.observe(&both)).collect();
        assert!(
            matches!(
                notices.as_slice(),
                [Notice::ResolverSilent {
                    resolver: Resolver::Configured,
                    ..
                }]
            ),
            "{notices:?}"
        );
    }

    #[test]
    fn a_resolver_that_comes_back_is_told_once() {
        let mut resolvers = Resolvers::default();
        resolvers.observe(&vec![lookup(LookupAnswer::Timeout); 3]);
        let back = lookup(LookupAnswer::NxDomain);
        let expected = Notice::ResolverBack {
            resolver: Resolver::System,
        };
        assert_eq!(resolvers.observe(std::slice::from_ref(&back)), [expected]);
        assert!(resolvers.observe(&[back]).is_empty());
    }

    #[test]
    fn of_several_silent_servers_each_is_named_in_order() {
        let mut resolvers = Resolvers::default();
        let from = |server: &str, answer| Lookup {
            resolver: Resolver::Server(server.parse().unwrap()),
            ..lookup(answer)
        };
        let failures = [
            from("127.0.0.9:53", LookupAnswer::Refused),
            from("127.0.0.1:53", LookupAnswer::Timeout),
        ];
        let notices: Vec<_> = (0..3).flat_map(|_| resolvers.observe(&failures)).collect();
        let expected = Notice::ResolverDown {
            server: None,
            detail: "127.0.0.1:53: no answer in time, 127.0.0.9:53: refused".into(),
        };
        assert_eq!(notices, [expected]);
    }

    #[test]
    fn one_failure_of_one_lookup_is_told_at_the_end() {
        let mut resolvers = Resolvers::default();
        assert!(
            resolvers
                .observe(&[lookup(LookupAnswer::Timeout)])
                .is_empty()
        );
        assert_eq!(resolvers.finish().len(), 1);
    }
}
