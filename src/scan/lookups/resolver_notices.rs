//! Turns the state of the circuit breakers into notices, so that a resolver that stops answering is one banner and not a finding on
//! every host.

use std::collections::BTreeSet;

use crate::model::{Notice, Resolver};

use crate::prober::ResolverHealth;

#[derive(Debug, Default)]
pub(super) struct ResolverNotices {
    /// The newest notice was that all are down.
    all_reported: bool,
    /// Those reported as down.
    reported: BTreeSet<Resolver>,
    recoveries: u32,
}

/// No resolver answers, of those that look names up. One that was not asked yet may answer.
pub(super) fn are_down(health: &[ResolverHealth]) -> bool {
    let mut of_names = health.iter().filter(|one| one.forward.is_some()).peekable();
    of_names.peek().is_some() && of_names.all(|one| one.is_down)
}

impl ResolverNotices {
    pub(super) fn observe(&mut self, health: &[ResolverHealth]) -> Vec<Notice> {
        self.due(&asked(health), are_down(health), |one| one.is_down)
    }

    /// At the end, resolvers that never answered are down, however seldom they were asked.
    pub(super) fn finish(&mut self, health: &[ResolverHealth]) -> Vec<Notice> {
        let asked = asked(health);
        let is_down = |one: &ResolverHealth| one.is_down || !one.has_answered();
        let all_down = asked.iter().all(is_down);
        self.due(&asked, all_down, is_down)
    }

    /// Whether a resolver answers again that was down when this was asked before.
    pub(super) fn have_recovered(&mut self, health: &[ResolverHealth]) -> bool {
        let recoveries = health.iter().map(ResolverHealth::recoveries).sum();
        std::mem::replace(&mut self.recoveries, recoveries) != recoveries
    }

    fn due(
        &mut self,
        asked: &[ResolverHealth],
        all_down: bool,
        is_down: impl Fn(&ResolverHealth) -> bool,
    ) -> Vec<Notice> {
        if all_down {
            self.reported.extend(asked.iter().map(|one| one.resolver));
            let repeated = std::mem::replace(&mut self.all_reported, !asked.is_empty());
            let notice = all_down_notice(asked).filter(|_| !repeated);
            return notice.into_iter().collect();
        }
        let mut due = Vec::new();
        let was_all = self.all_reported;
        for one in asked {
            let resolver = one.resolver;
            if !is_down(one) {
                // One that had not been asked yet may be the first to answer.
                if one.has_answered() && (self.reported.remove(&resolver) || was_all) {
                    self.all_reported = false;
                    due.push(Notice::ResolverRecovered { resolver });
                }
            } else if asked
                .iter()
                .any(|other| other.has_answered() && !is_down(other))
                && self.reported.insert(resolver)
            {
                due.push(Notice::ResolverUnresponsive {
                    resolver,
                    detail: one.failure.clone(),
                    answered_before: one.has_answered(),
                });
            }
        }
        due
    }
}

fn asked(health: &[ResolverHealth]) -> Vec<ResolverHealth> {
    let asked = health.iter().filter(|one| one.was_asked());
    asked.cloned().collect()
}

/// Names the only server, or lists the failure of each of several. The first of the system's own stands for both.
fn all_down_notice(health: &[ResolverHealth]) -> Option<Notice> {
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
        answered_before: health.iter().any(ResolverHealth::has_answered),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prober::BreakerHealth;

    const UP: BreakerHealth = BreakerHealth {
        was_asked: true,
        is_open: false,
        allows: true,
        has_answered: true,
        recoveries: 0,
    };

    fn with(resolver: Resolver, forward: BreakerHealth) -> ResolverHealth {
        ResolverHealth {
            resolver,
            is_down: forward.is_open,
            forward: Some(forward),
            reverse: Some(BreakerHealth::default()),
            failure: "no answer in time".into(),
        }
    }

    fn up(resolver: Resolver) -> ResolverHealth {
        with(resolver, UP)
    }

    fn stopped(resolver: Resolver) -> ResolverHealth {
        let forward = BreakerHealth {
            is_open: true,
            ..UP
        };
        with(resolver, forward)
    }

    fn silent(resolver: Resolver) -> ResolverHealth {
        let forward = BreakerHealth {
            is_open: true,
            has_answered: false,
            ..UP
        };
        with(resolver, forward)
    }

    fn unasked(resolver: Resolver) -> ResolverHealth {
        with(resolver, BreakerHealth::default())
    }

    fn server(address: &str) -> Resolver {
        Resolver::Server(address.parse().unwrap())
    }

    #[test]
    fn a_resolver_that_is_down_and_one_that_is_back_are_told_once() {
        let mut resolvers = ResolverNotices::default();
        let down = [silent(Resolver::System)];
        let told = resolvers.observe(&down);
        assert!(matches!(
            told[..],
            [Notice::ResolverDown {
                answered_before: false,
                ..
            }]
        ));
        assert_eq!(resolvers.observe(&down), []);
        assert_eq!(resolvers.finish(&down), []);
        let resolver = Resolver::System;
        let back = [up(resolver)];
        assert_eq!(
            resolvers.observe(&back),
            [Notice::ResolverRecovered { resolver }]
        );
        assert_eq!(resolvers.observe(&back), []);
    }

    #[test]
    fn one_that_answered_before_has_stopped() {
        let told = ResolverNotices::default().observe(&[stopped(Resolver::System)]);
        assert!(matches!(
            told[..],
            [Notice::ResolverDown {
                answered_before: true,
                ..
            }]
        ));
    }

    #[test]
    fn one_silent_resolver_of_two_is_told_apart_from_all_down() {
        let mut resolvers = ResolverNotices::default();
        let resolver = Resolver::Configured;
        let both = [up(Resolver::System), silent(resolver)];
        let told = resolvers.observe(&both);
        assert!(
            matches!(told[..], [Notice::ResolverUnresponsive { resolver: of, .. }] if of == resolver),
            "{told:?}"
        );
        assert_eq!(resolvers.observe(&both), []);
        let back = [up(Resolver::System), up(resolver)];
        assert_eq!(
            resolvers.observe(&back),
            [Notice::ResolverRecovered { resolver }]
        );
    }

    #[test]
    fn of_two_that_are_down_the_first_to_answer_is_back_and_the_other_not_told_again() {
        let mut resolvers = ResolverNotices::default();
        let (first, second) = (Resolver::System, Resolver::Configured);
        assert_eq!(resolvers.observe(&[silent(first), silent(second)]).len(), 1);
        let back = Notice::ResolverRecovered { resolver: first };
        assert_eq!(resolvers.observe(&[up(first), silent(second)]), [back]);
        assert_eq!(resolvers.observe(&[up(first), silent(second)]), []);
    }

    #[test]
    fn of_several_silent_servers_each_is_named_in_order() {
        let refused = ResolverHealth {
            failure: "refused".into(),
            ..silent(server("127.0.0.9:53"))
        };
        let told = ResolverNotices::default().observe(&[refused, silent(server("127.0.0.1:53"))]);
        let expected = Notice::ResolverDown {
            server: None,
            detail: "127.0.0.1:53: no answer in time, 127.0.0.9:53: refused".into(),
            answered_before: false,
        };
        assert_eq!(told, [expected]);
    }

    #[test]
    fn one_failure_of_one_lookup_is_told_at_the_end() {
        let mut resolvers = ResolverNotices::default();
        let forward = BreakerHealth {
            has_answered: false,
            ..UP
        };
        let failed = [with(Resolver::System, forward)];
        assert_eq!(resolvers.observe(&failed), []);
        let beside = [failed[0].clone(), silent(Resolver::Configured)];
        assert_eq!(resolvers.observe(&beside), [], "neither has answered");
        assert_eq!(resolvers.finish(&failed).len(), 1);
    }

    #[test]
    fn resolvers_are_not_all_down_while_one_was_not_asked() {
        let mut resolvers = ResolverNotices::default();
        let (system, configured) = (Resolver::System, Resolver::Configured);
        let health = [unasked(system), silent(configured)];
        assert!(!are_down(&health));
        assert_eq!(resolvers.observe(&health), []);
        let told = resolvers.observe(&[up(system), silent(configured)]);
        assert!(
            matches!(told[..], [Notice::ResolverUnresponsive { .. }]),
            "{told:?}"
        );
    }

    #[test]
    fn the_first_answer_of_a_resolver_ends_an_outage_of_all() {
        let mut resolvers = ResolverNotices::default();
        let (system, configured) = (Resolver::System, Resolver::Configured);
        let end = [unasked(system), silent(configured)];
        assert_eq!(resolvers.finish(&end).len(), 1);
        let back = Notice::ResolverRecovered { resolver: system };
        let later = [up(system), silent(configured)];
        assert_eq!(resolvers.observe(&later), [back]);
        assert_eq!(resolvers.observe(&later), []);
        let outage = [stopped(system), silent(configured)];
        assert_eq!(resolvers.observe(&outage).len(), 1);
    }
}
