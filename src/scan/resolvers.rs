//! Keeps count of how each resolver fares, so that a resolver that is down is one banner and not a finding on every host.

use std::collections::HashMap;

use crate::model::{Lookup, LookupAnswer, Notice, Resolver};

/// Failures in a row, without any answer before, after which a resolver counts as down.
const DOWN_AFTER: u32 = 3;

/// One count per resolver; there are as many as `--dns` options at most.
#[derive(Debug, Default)]
pub(super) struct Resolvers {
    health: HashMap<Resolver, Health>,
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
        for lookup in lookups {
            let health = self.health.entry(lookup.resolver).or_default();
            match &lookup.answer {
                LookupAnswer::Timeout => health.fail("no answer in time"),
                LookupAnswer::Refused => health.fail("refused"),
                LookupAnswer::Error { detail } => health.fail(detail),
                // SERVFAIL is an answer: it speaks of one zone, not of the server.
                _ => health.answered = true,
            }
        }
        self.due(DOWN_AFTER)
    }

    /// At the end: resolvers that never answered, however seldom they were asked.
    pub(super) fn finish(&mut self) -> Vec<Notice> {
        self.due(1)
    }

    fn due(&mut self, failures: u32) -> Vec<Notice> {
        let all_down = self.health.values().all(|health| health.is_down(failures));
        if all_down && !self.told {
            self.told = !self.health.is_empty();
            return self
                .health
                .iter()
                .next()
                .map(|(resolver, health)| all_down_notice(*resolver, health))
                .into_iter()
                .collect();
        }
        if all_down || !self.health.values().any(|health| health.answered) {
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
}

fn all_down_notice(resolver: Resolver, health: &Health) -> Notice {
    let server = match resolver {
        Resolver::Server(address) => Some(address),
        Resolver::System | Resolver::Configured => None,
    };
    Notice::ResolverDown {
        server,
        detail: health.detail.clone(),
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
