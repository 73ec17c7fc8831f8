//! Which hosts would refuse Remote Desktop: every count, order and headline of such hosts uses this function.

use super::Diagnosis;
use crate::model::{HostState, Severity};

impl Diagnosis {
    /// Whether nobody gets a session: the host is broken, or the user listed it and no connection can be made. The severity
    /// distinguishes that from a free address of a range, and from a dead address of a name that works through another one.
    #[must_use]
    pub fn would_refuse(&self) -> bool {
        match self.state {
            HostState::Broken => true,
            HostState::Closed | HostState::Filtered | HostState::Unreachable => {
                // Acknowledged or not: what a client meets is the same.
                let mut findings = self.findings.iter();
                findings.any(|finding| finding.severity >= Severity::High)
            }
            HostState::Degraded
            | HostState::Skipped
            | HostState::NotRdp
            | HostState::NotProbed
            | HostState::Healthy => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{
        AttemptMaker, HostMaker, attempt, closed, endpoint, host_at, silent, times,
    };
    use crate::model::{HostKey, LookupAnswer, NameSource, Outcome, Stage};

    const NAME: &str = "srv05.corp.example";

    fn ends_at_tcp() -> [(Outcome, HostState, &'static str); 5] {
        [
            (Outcome::Refused, HostState::Closed, "RDP-TCP-REFUSED"),
            (silent(), HostState::Filtered, "RDP-TCP-TIMEOUT"),
            (
                Outcome::Prohibited,
                HostState::Filtered,
                "RDP-TCP-PROHIBITED",
            ),
            (
                Outcome::HostUnreachable,
                HostState::Unreachable,
                "RDP-TCP-UNREACHABLE",
            ),
            (
                Outcome::NetworkUnreachable,
                HostState::Unreachable,
                "RDP-TCP-UNREACHABLE",
            ),
        ]
    }

    fn ends(outcome: &Outcome) -> HostMaker {
        times(3, || attempt().stage(Stage::Tcp, outcome.clone()))
    }

    fn name_alone(answer: &LookupAnswer) -> HostMaker {
        let key = HostKey::Unresolved {
            name: NAME.into(),
            port: 3389,
        };
        host_at(key, [])
            .named(NameSource::Target, NAME)
            .answers(NAME, answer.clone())
            .answers(NAME, answer.clone())
    }

    /// State, id and severity of the worst finding, and the answer.
    fn told(host: &HostMaker) -> (HostState, Option<(&'static str, Severity)>, bool) {
        let diagnosis = host.diagnose();
        let worst = diagnosis.findings.first();
        let worst = worst.map(|worst| (worst.id, worst.severity));
        (diagnosis.state, worst, diagnosis.would_refuse())
    }

    #[test]
    fn a_listed_host_without_a_connection_would_refuse() {
        for (outcome, state, id) in ends_at_tcp() {
            let expected = (state, Some((id, Severity::High)), true);
            assert_eq!(told(&ends(&outcome)), expected, "{outcome:?}");
        }
    }

    #[test]
    fn a_free_address_of_a_range_refuses_nobody() {
        for (outcome, state, _) in ends_at_tcp() {
            assert_eq!(told(&ends(&outcome).unlisted()), (state, None, false));
        }
    }

    #[test]
    fn a_listed_name_that_does_not_resolve_would_refuse() {
        for (answer, id) in [
            (LookupAnswer::NxDomain, "RDP-DNS-MISSING"),
            (LookupAnswer::NoData, "RDP-DNS-MISSING"),
            (LookupAnswer::ServFail, "RDP-DNS-ERROR"),
        ] {
            let expected = (HostState::Unreachable, Some((id, Severity::High)), true);
            assert_eq!(told(&name_alone(&answer)), expected, "{answer:?}");
        }
    }

    #[test]
    fn trouble_of_this_machine_makes_no_host_refuse() {
        let slow = name_alone(&LookupAnswer::Timeout);
        assert!(!slow.diagnose().would_refuse());
        let down = name_alone(&LookupAnswer::Refused).resolver_down();
        assert!(!down.diagnose().would_refuse());
        let no_route = ends(&Outcome::NetworkUnreachable).at("2001:db8::5");
        assert!(!no_route.diagnose().would_refuse());
    }

    #[test]
    fn a_dead_address_of_a_name_that_works_refuses_nobody() {
        let beside = |attempts: Vec<AttemptMaker>| {
            let attempts = attempts
                .into_iter()
                .map(|one| one.edit(|attempt| attempt.endpoint = endpoint("10.0.0.6")));
            ends(&silent())
                .named(NameSource::Target, NAME)
                .leads_to(NAME, &["10.0.0.5", "10.0.0.6"])
                .beside("10.0.0.6", attempts.collect())
        };
        let dead = |severity| (HostState::Filtered, Some(("RDP-TCP-TIMEOUT", severity)));
        let (state, worst, refuses) = told(&beside(vec![attempt().through()]));
        assert_eq!((state, worst), dead(Severity::Medium));
        assert!(!refuses);

        let both = beside(vec![attempt().stage(Stage::Tcp, silent())]);
        let (state, worst, refuses) = told(&both);
        assert_eq!((state, worst), dead(Severity::High));
        assert!(refuses);

        // Another listed name has this address alone.
        let second = beside(vec![attempt().through()])
            .named(NameSource::Target, "db05.corp.example")
            .leads_to("db05.corp.example", &["10.0.0.5"]);
        assert!(second.diagnose().would_refuse());
    }

    #[test]
    fn a_live_host_whose_other_name_is_missing_refuses_nobody() {
        let host = times(3, || attempt().through())
            .named(NameSource::Target, NAME)
            .answers(NAME, LookupAnswer::NxDomain);
        let expected = Some(("RDP-DNS-MISSING", Severity::Medium));
        assert_eq!(told(&host), (HostState::Degraded, expected, false));
    }

    #[test]
    fn a_broken_host_would_refuse_and_a_flaky_one_not() {
        let broken = times(3, || attempt().tls_fails(closed(0), closed(0)));
        assert!(broken.diagnose().would_refuse());
        let flaky = crate::diagnosis::testing::host([
            attempt().through(),
            attempt().tls_fails(closed(0), closed(0)),
            attempt().through(),
        ]);
        assert!(!flaky.diagnose().would_refuse());
    }
}
