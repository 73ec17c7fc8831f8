//! Turns the state of the resolvers' circuit breakers into notices, so that a resolver that stops answering is one banner and not
//! a finding on every host.

use std::collections::BTreeSet;

use crate::model::{Notice, Resolver};

use super::prober::ResolverHealth;

/// What was told of the resolvers so far.
#[derive(Debug, Default)]
pub(super) struct Resolvers {
    /// "All are down" was told, and none has answered since.
    all_told: bool,
    /// Those that are down as far as was told.
    told: BTreeSet<Resolver>,
    recoveries: u32,
}

/// No resolver that was asked answers.
pub(super) fn are_down(health: &[ResolverHealth]) -> bool {
    !health.is_empty() && health.iter().all(|one| one.is_down)
}

impl Resolvers {
    /// The notices that are due.
    pub(super) fn observe(&mut self, health: &[ResolverHealth]) -> Vec<Notice> {
        self.due(health, |one| one.is_down)
    }

    /// At the end: resolvers that never answered, however seldom they were asked.
    pub(super) fn finish(&mut self, health: &[ResolverHealth]) -> Vec<Notice> {
        self.due(health, |one| one.is_down || !one.has_answered)
    }

    /// Whether a resolver answers again that was down when this was asked before.
    pub(super) fn have_recovered(&mut self, health: &[ResolverHealth]) -> bool {
        let recoveries = health.iter().map(|one| one.recoveries).sum();
        std::mem::replace(&mut self.recoveries, recoveries) != recoveries
    }

    fn due(
        &mut self,
        health: &[ResolverHealth],
        is_down: impl Fn(&ResolverHealth) -> bool,
    ) -> Vec<Notice> {
        if health.is_empty() {
            return Vec::new();
        }
        if health.iter().all(&is_down) {
            self.told.extend(health.iter().map(|one| one.resolver));
            let told = std::mem::replace(&mut self.all_told, true);
            return all_down(health).filter(|_| !told).into_iter().collect();
        }
        let mut due = Vec::new();
        for one in health {
            let resolver = one.resolver;
            if !is_down(one) {
                if one.has_answered && self.told.remove(&resolver) {
                    self.all_told = false;
                    due.push(Notice::ResolverBack { resolver });
                }
            } else if health
                .iter()
                .any(|other| other.has_answered && !is_down(other))
                && self.told.insert(resolver)
            {
                due.push(Notice::ResolverSilent {
                    resolver,
                    detail: one.failure.clone(),
                    stopped: one.has_answered,
                });
            }
        }
        due
    }
}

/// Names the one server that was given, or says of each of several what it does; the first of the system's own stands for
/// both.
fn all_down(health: &[ResolverHealth]) -> Option<Notice> {
    let first = health.iter().min_by_key(|one| one.resolver)?;
    let server = match first.resolver {
        Resolver::Server(address) => Some(address),
        Resolver::System | Resolver::Configured => None,
    };
    let is_only = health.len() == 1;
    let detail = if is_only || server.is_none() {
        first.failure.clone()
    } else {
        let mut each: Vec<(Resolver, String)> = health
            .iter()
            .filter_map(|one| match one.resolver {
                Resolver::Server(address) => {
                    Some((one.resolver, format!("{address}: {}", one.failure)))
                }
                Resolver::System | Resolver::Configured => None,
            })
            .collect();
        each.sort();
        let each: Vec<String> = each.into_iter().map(|(_, words)| words).collect();
        each.join(", ").into()
    };
    Some(Notice::ResolverDown {
        server: server.filter(|_| is_only),
        detail,
        stopped: health.iter().any(|one| one.has_answered),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up(resolver: Resolver) -> ResolverHealth {
        ResolverHealth {
            resolver,
            is_down: false,
            may_be_asked: true,
            has_answered: true,
            failure: Box::default(),
            recoveries: 0,
        }
    }

    fn silent(resolver: Resolver) -> ResolverHealth {
        ResolverHealth {
            is_down: true,
            has_answered: false,
            failure: "no answer in time".into(),
            ..up(resolver)
        }
    }

    fn server(address: &str) -> Resolver {
        Resolver::Server(address.parse().unwrap())
    }

    #[test]
    fn a_resolver_that_is_down_and_one_that_is_back_are_told_once() {
        let mut resolvers = Resolvers::default();
        let down = [silent(Resolver::System)];
        let told = resolvers.observe(&down);
        assert!(matches!(
            told[..],
            [Notice::ResolverDown { stopped: false, .. }]
        ));
        assert_eq!(resolvers.observe(&down), []);
        assert_eq!(resolvers.finish(&down), []);
        let resolver = Resolver::System;
        let back = [up(resolver)];
        assert_eq!(
            resolvers.observe(&back),
            [Notice::ResolverBack { resolver }]
        );
        assert_eq!(resolvers.observe(&back), []);
    }

    #[test]
    fn one_that_answered_before_has_stopped() {
        let down = ResolverHealth {
            has_answered: true,
            ..silent(Resolver::System)
        };
        let told = Resolvers::default().observe(&[down]);
        assert!(matches!(
            told[..],
            [Notice::ResolverDown { stopped: true, .. }]
        ));
    }

    #[test]
    fn one_silent_resolver_of_two_is_told_apart_from_all_down() {
        let mut resolvers = Resolvers::default();
        let resolver = Resolver::Configured;
        let both = [up(Resolver::System), silent(resolver)];
        let told = resolvers.observe(&both);
        assert!(
            matches!(told[..], [Notice::ResolverSilent { resolver: of, .. }] if of == resolver),
            "{told:?}"
        );
        assert_eq!(resolvers.observe(&both), []);
        let back = [up(Resolver::System), up(resolver)];
        assert_eq!(
            resolvers.observe(&back),
            [Notice::ResolverBack { resolver }]
        );
    }

    #[test]
    fn of_two_that_are_down_the_first_to_answer_is_back_and_the_other_not_told_again() {
        let mut resolvers = Resolvers::default();
        let (first, second) = (Resolver::System, Resolver::Configured);
        assert_eq!(resolvers.observe(&[silent(first), silent(second)]).len(), 1);
        let back = Notice::ResolverBack { resolver: first };
        assert_eq!(resolvers.observe(&[up(first), silent(second)]), [back]);
        assert_eq!(resolvers.observe(&[up(first), silent(second)]), []);
    }

    #[test]
    fn of_several_silent_servers_each_is_named_in_order() {
        let refused = ResolverHealth {
            failure: "refused".into(),
            ..silent(server("127.0.0.9:53"))
        };
        let told = Resolvers::default().observe(&[refused, silent(server("127.0.0.1:53"))]);
        let expected = Notice::ResolverDown {
            server: None,
            detail: "127.0.0.1:53: no answer in time, 127.0.0.9:53: refused".into(),
            stopped: false,
        };
        assert_eq!(told, [expected]);
    }

    #[test]
    fn one_failure_of_one_lookup_is_told_at_the_end() {
        let mut resolvers = Resolvers::default();
        let failed = [ResolverHealth {
            is_down: false,
            ..silent(Resolver::System)
        }];
        assert_eq!(resolvers.observe(&failed), []);
        assert_eq!(resolvers.finish(&failed).len(), 1);
    }
}
