use super::{ONE_MORE, Refine, Rule, TRIES, lacking, likely, seen, sure};
use crate::diagnosis::catalog::Verdict;
use crate::diagnosis::ending::{connected, record};
use crate::diagnosis::sight::{Counted, Sight};
use crate::diagnosis::state;
use crate::model::{ConnectionPurpose, Outcome, Severity, Stage};

pub(super) const RULES: &[Rule] = &[
    ("RDP-TCP-REFUSED", refused),
    ("RDP-TCP-TIMEOUT", timeout),
    ("RDP-TCP-UNREACHABLE", unreachable),
    ("RDP-TCP-PROHIBITED", prohibited),
    ("RDP-TCP-RESET-EARLY", reset_early),
    ("RDP-PORT-NOT-RDP", not_rdp),
    ("RDP-PORT-TLS-FIRST", tls_first),
    ("RDP-X224-SILENT", x224_silent),
    ("RDP-X224-CLOSED", x224_closed),
    ("RDP-X224-MALFORMED", x224_malformed),
];

/// Below this a round trip is too short to tell a close before our request from one after it, in microseconds.
const MEASURABLE_US: u32 = 2_000;
/// From here on a connect may have waited for a repeated SYN (RFC 6298: first after one second), in microseconds.
const RETRIED_SYN_US: u32 = 900_000;

fn refused(sight: &Sight<'_>) -> Verdict {
    connect_failed(sight, state::is_refusal, |evidence| {
        sure(
            "RDP-TCP-REFUSED",
            "The host refuses connections on this port",
            evidence,
        )
    })
}

fn timeout(sight: &Sight<'_>) -> Verdict {
    let silent = |outcome: &Outcome| matches!(outcome, Outcome::Timeout { .. });
    connect_failed(sight, silent, |evidence| {
        sure("RDP-TCP-TIMEOUT", "Nothing answers on this port", evidence)
    })
}

fn unreachable(sight: &Sight<'_>) -> Verdict {
    let endpoint = sight.history.subject.endpoint();
    let ours = endpoint
        .zip(sight.fleet)
        .is_some_and(|(endpoint, fleet)| fleet.has_no_route(endpoint.address));
    if ours {
        return lacking(
            "this machine has no route to any host",
            "a route on this machine, and another scan",
        );
    }
    if let Some(verdict) = untried(sight) {
        return verdict;
    }
    let told = |outcome: &Outcome| {
        matches!(
            outcome,
            Outcome::HostUnreachable | Outcome::NetworkUnreachable
        )
    };
    connect_failed(sight, told, |evidence| {
        sure(
            "RDP-TCP-UNREACHABLE",
            "The network says that the host cannot be reached",
            evidence,
        )
    })
}

/// Why nothing is known of the way to a host that the user listed, where that is no doing of the host's.
fn untried(sight: &Sight<'_>) -> Option<Verdict> {
    let history = sight.history;
    let Some(endpoint) = history.subject.endpoint() else {
        let leads_somewhere = history
            .lookups
            .iter()
            .any(|lookup| !lookup.answer.addresses().is_empty());
        return if !history.excluded.is_empty() {
            Some(lacking(
                "every address that the name leads to is excluded, so none was tried",
                "a scan that excludes none of them",
            ))
        } else if leads_somewhere {
            Some(lacking(
                "the name leads only to special addresses, at which no host can be, so none was tried",
                "the host's own address in DNS, and another scan",
            ))
        } else {
            None
        };
    };
    if state::kept_by_own_trouble(sight) {
        return Some(lacking(
            "this machine's own trouble kept every attempt from the host",
            "another scan, when what the notices say is mended",
        ));
    }
    let no_route = endpoint.address.is_ipv6()
        && sight.no_ipv6_route
        && !history.attempts.iter().any(connected)
        && sight
            .failures_at(Stage::Tcp)
            .last()
            .is_some_and(|newest| matches!(newest, Outcome::NetworkUnreachable));
    no_route.then(|| {
        lacking(
            "this machine has no IPv6 route",
            "a scan from a machine with IPv6",
        )
    })
}

fn prohibited(sight: &Sight<'_>) -> Verdict {
    let filtered = |outcome: &Outcome| matches!(outcome, Outcome::Prohibited);
    connect_failed(sight, filtered, |evidence| {
        sure(
            "RDP-TCP-PROHIBITED",
            "A packet filter forbids the connection",
            evidence,
        )
    })
}

/// Fires for listed subjects where no connect came up and the newest failure is of the wanted kind. A swept address that
/// nobody listed is no host that is missing.
fn connect_failed(
    sight: &Sight<'_>,
    wanted: impl Fn(&Outcome) -> bool,
    fire: impl FnOnce(String) -> Verdict,
) -> Verdict {
    if !sight.history.listed || sight.history.attempts.iter().any(connected) {
        return Verdict::Silent;
    }
    let outcomes = sight.failures_at(Stage::Tcp);
    match outcomes.last() {
        Some(newest) if wanted(newest) => match fire(seen(sight, &outcomes)) {
            Verdict::Fires(finding) if every_listed_name_works(sight) => {
                Verdict::Fires(finding.severity(Severity::Medium))
            }
            verdict => verdict,
        },
        _ => Verdict::Silent,
    }
}

/// Every name that the user listed resolves to another address as well, and TCP comes up there. An address that was listed
/// besides such a name cannot be told from one of its members.
fn every_listed_name_works(sight: &Sight<'_>) -> bool {
    let mut names = sight
        .names
        .judged
        .iter()
        .filter(|name| name.is_target())
        .peekable();
    names.peek().is_some()
        && names.all(|name| {
            let mut members = name.members.iter();
            members.any(|member| member.reachable == Some(true))
        })
}

/// The peer closed before our request can have reached it.
fn reset_early(sight: &Sight<'_>) -> Verdict {
    close_at_x224(sight, true, |outcomes, _| {
        likely(
            "RDP-TCP-RESET-EARLY",
            "The connection is closed as soon as it is accepted",
            seen(sight, outcomes),
        )
    })
}

fn x224_closed(sight: &Sight<'_>) -> Verdict {
    close_at_x224(sight, false, |outcomes, bare_failed| {
        let evidence = format!(
            "{}{}",
            seen(sight, outcomes),
            if bare_failed {
                ", and after a bare request as well"
            } else {
                ""
            }
        );
        let title = "The connection is closed in answer to the first request";
        if bare_failed {
            sure("RDP-X224-CLOSED", title, evidence)
        } else {
            likely("RDP-X224-CLOSED", title, evidence)
        }
    })
}

/// Closes at X.224 in at least two attempts, with nothing that got further.
fn close_at_x224(
    sight: &Sight<'_>,
    early: bool,
    fire: impl FnOnce(&[&Outcome], bool) -> Verdict,
) -> Verdict {
    let closes: Vec<(&Counted<'_>, &Outcome)> = sight
        .failures()
        .filter(|(_, stage, outcome)| *stage == Stage::X224 && outcome.is_close())
        .map(|(counted, _, outcome)| (counted, outcome))
        .collect();
    // One close that waited for the request says that the others only look early.
    let all_early = closes.iter().all(|(counted, _)| is_early(counted));
    if closes.is_empty() || all_early != early || answered_at_x224(sight) {
        return Verdict::Silent;
    }
    if closes.len() < TRIES {
        return lacking("closed once only", ONE_MORE);
    }
    let bare_failed = closes.iter().any(|(counted, _)| {
        record(counted.attempt, Stage::X224, ConnectionPurpose::Renegotiate)
            .is_some_and(|record| record.outcome.blames_peer())
    });
    let outcomes: Vec<&Outcome> = closes.into_iter().map(|(_, outcome)| outcome).collect();
    fire(&outcomes, bare_failed)
}

/// The close came sooner than our request can have got there: in less than half a round trip. The network does not tell the
/// two apart otherwise.
fn is_early(counted: &Counted<'_>) -> bool {
    let (Some(tcp), Some(x224)) = (
        counted.attempt.stage(Stage::Tcp),
        counted.attempt.stage(Stage::X224),
    ) else {
        return false;
    };
    let untouched = matches!(
        x224.outcome,
        Outcome::Closed { received: 0 } | Outcome::Reset { received: 0 }
    );
    // Connecting takes longer than a round trip where a SYN was lost, so that the kernel's own measure goes first.
    let round_trip = counted
        .attempt
        .path
        .map(|path| path.rtt_us)
        .filter(|rtt| *rtt > 0)
        .unwrap_or(tcp.duration_us);
    let retried = round_trip >= RETRIED_SYN_US;
    untouched && !retried && round_trip >= MEASURABLE_US && x224.duration_us < round_trip / 2
}

/// Some request was answered in X.224 on some attempt, be it with a refusal.
fn answered_at_x224(sight: &Sight<'_>) -> bool {
    taken_at_x224(sight)
        || sight
            .history
            .attempts
            .iter()
            .any(|attempt| attempt.negotiation.is_some())
}

/// Some request was taken in X.224 on some attempt.
fn taken_at_x224(sight: &Sight<'_>) -> bool {
    let mut records = sight
        .history
        .attempts
        .iter()
        .flat_map(|attempt| &attempt.stages);
    records.any(|record| {
        record.stage > Stage::X224
            || (record.stage == Stage::X224
                && matches!(record.outcome, Outcome::Ok | Outcome::NoTls))
    })
}

fn not_rdp(sight: &Sight<'_>) -> Verdict {
    let outcome = sight.failures().find_map(|(_, _, outcome)| match outcome {
        Outcome::NotRdp {
            looks_like,
            first_bytes,
        } => Some((looks_like, first_bytes)),
        _ => None,
    });
    match outcome {
        Some((looks_like, first_bytes)) if state::is_not_rdp(sight) => sure(
            "RDP-PORT-NOT-RDP",
            "Something other than Remote Desktop answers on this port",
            format!("it looks like {looks_like}; first bytes {first_bytes}"),
        ),
        _ => Verdict::Silent,
    }
}

fn tls_first(sight: &Sight<'_>) -> Verdict {
    let tls = sight.failures().any(|(_, _, outcome)| {
        matches!(outcome, Outcome::NotRdp { looks_like, .. } if looks_like == "tls")
    });
    if tls && state::is_not_rdp(sight) {
        likely(
            "RDP-PORT-TLS-FIRST",
            "The port wants TLS before anything else, as gateways and Hyper-V consoles do",
            "it answered the first request with a TLS record",
        )
    } else {
        Verdict::Silent
    }
}

fn x224_silent(sight: &Sight<'_>) -> Verdict {
    let silences: Vec<&Outcome> = sight
        .failures_at(Stage::X224)
        .into_iter()
        .filter(|outcome| matches!(outcome, Outcome::Timeout { .. }))
        .collect();
    if silences.is_empty() || answered_at_x224(sight) {
        return Verdict::Silent;
    }
    if silences.len() < TRIES {
        return lacking("silent once only", ONE_MORE);
    }
    sure(
        "RDP-X224-SILENT",
        "The port accepts connections, but never answers the first request",
        seen(sight, &silences),
    )
}

fn x224_malformed(sight: &Sight<'_>) -> Verdict {
    let broken: Vec<&Outcome> = sight
        .failures_at(Stage::X224)
        .into_iter()
        .filter(|outcome| matches!(outcome, Outcome::Malformed { .. }))
        .collect();
    if broken.is_empty() || taken_at_x224(sight) {
        return Verdict::Silent;
    }
    if broken.len() < TRIES {
        return lacking("seen once only", ONE_MORE);
    }
    sure(
        "RDP-X224-MALFORMED",
        "The answer to the first request breaks the protocol",
        seen(sight, &broken),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{AttemptMaker, attempt, closed, host, reset, silent, times};
    use crate::model::{HostState, PathFacts};

    fn at_x224(outcome: &Outcome) -> crate::diagnosis::testing::HostMaker {
        times(3, || attempt().tcp().stage(Stage::X224, outcome.clone()))
    }

    #[test]
    fn a_listed_closed_port_is_a_finding() {
        times(1, || attempt().stage(Stage::Tcp, Outcome::Refused)).assert_fires("RDP-TCP-REFUSED");
    }

    #[test]
    fn trap_13_a_closed_port_in_a_sweep_is_none() {
        let swept = times(1, || attempt().stage(Stage::Tcp, Outcome::Refused)).unlisted();
        assert_eq!(swept.diagnose().findings, []);
    }

    #[test]
    fn a_silent_address_in_a_sweep_is_none() {
        times(1, || attempt().stage(Stage::Tcp, silent()))
            .unlisted()
            .assert_not("RDP-TCP-TIMEOUT");
    }

    #[test]
    fn an_icmp_error_is_no_timeout() {
        let told = times(1, || attempt().stage(Stage::Tcp, Outcome::HostUnreachable));
        told.assert_not("RDP-TCP-TIMEOUT");
        told.assert_fires("RDP-TCP-UNREACHABLE");
    }

    #[test]
    fn trap_16_own_trouble_blames_no_host() {
        let detail = "too many open files";
        let own = times(3, || {
            let detail = detail.into();
            attempt().stage(Stage::Tcp, Outcome::Local { detail })
        });
        assert_eq!(own.diagnose().findings, []);
        assert!(matches!(
            own.verdict("RDP-TCP-UNREACHABLE"),
            Verdict::NotEnough { .. }
        ));
    }

    #[test]
    fn one_close_is_not_enough() {
        let once = times(1, || attempt().tcp().stage(Stage::X224, closed(0)));
        assert!(matches!(
            once.verdict("RDP-X224-CLOSED"),
            Verdict::NotEnough { .. }
        ));
    }

    #[test]
    fn closes_on_both_requests_are_sure() {
        let both = times(2, || {
            attempt().tcp().stage(Stage::X224, reset(0)).on(
                ConnectionPurpose::Renegotiate,
                Stage::X224,
                closed(0),
            )
        });
        let finding = both.assert_fires("RDP-X224-CLOSED");
        assert_eq!(finding.confidence, crate::model::Confidence::Sure);
    }

    #[test]
    fn an_answered_bare_request_is_not_closed() {
        let old = times(2, || {
            attempt().tcp().stage(Stage::X224, reset(0)).on(
                ConnectionPurpose::Renegotiate,
                Stage::X224,
                Outcome::Ok,
            )
        });
        old.assert_not("RDP-X224-CLOSED");
    }

    #[test]
    fn a_close_sooner_than_half_a_connect_is_early() {
        let early = times(2, || {
            attempt()
                .tcp()
                .stage(Stage::X224, reset(0))
                .edit(|attempt| {
                    attempt.stages[0].duration_us = 20_000;
                    attempt.stages[1].duration_us = 100;
                })
        });
        early.assert_fires("RDP-TCP-RESET-EARLY");
        early.assert_not("RDP-X224-CLOSED");
    }

    /// A close at X.224 after so many microseconds.
    fn closed_after(connect_us: u32, rtt_us: Option<u32>, x224_us: u32) -> AttemptMaker {
        attempt()
            .tcp()
            .stage(Stage::X224, closed(0))
            .edit(|attempt| {
                attempt.stages[0].duration_us = connect_us;
                attempt.stages[1].duration_us = x224_us;
                attempt.path = rtt_us.map(|rtt_us| PathFacts {
                    retransmits: 0,
                    rtt_us,
                });
            })
    }

    #[test]
    fn a_lost_syn_does_not_make_a_close_early() {
        for rtt in [Some(20_000), Some(0), None] {
            let lossy = times(2, || closed_after(1_020_000, rtt, 21_000));
            lossy.assert_not("RDP-TCP-RESET-EARLY");
            lossy.assert_fires("RDP-X224-CLOSED");
        }
    }

    #[test]
    fn an_early_and_a_late_close_are_two_closes() {
        let both = host([
            closed_after(20_000, None, 100),
            closed_after(20_000, None, 21_000),
        ]);
        both.assert_fires("RDP-X224-CLOSED");
        both.assert_not("RDP-TCP-RESET-EARLY");
    }

    #[test]
    fn one_odd_answer_is_no_way_of_answering() {
        let odd = || {
            attempt().tcp().stage(
                Stage::X224,
                Outcome::Malformed {
                    detail: "length field".into(),
                },
            )
        };
        assert!(matches!(
            times(1, odd).verdict("RDP-X224-MALFORMED"),
            Verdict::NotEnough { .. }
        ));
        times(2, odd).assert_fires("RDP-X224-MALFORMED");
        host([odd(), odd(), attempt().through()]).assert_not("RDP-X224-MALFORMED");
    }

    #[test]
    fn a_first_early_close_alone_is_left_to_flaky() {
        let flaky = host([
            attempt().tcp().stage(Stage::X224, reset(0)),
            attempt().through(),
            attempt().through(),
        ]);
        flaky.assert_not("RDP-TCP-RESET-EARLY");
        flaky.assert_not("RDP-X224-CLOSED");
        flaky.assert_fires("RDP-FLAKY");
    }

    #[test]
    fn a_host_that_answers_another_time_is_not_silent() {
        host([
            attempt().tcp().stage(Stage::X224, silent()),
            attempt().tcp().stage(Stage::X224, silent()),
            attempt().through(),
        ])
        .assert_not("RDP-X224-SILENT");
        at_x224(&silent()).assert_fires("RDP-X224-SILENT");
    }

    #[test]
    fn another_protocol_is_not_rdp() {
        let ssh = at_x224(&Outcome::NotRdp {
            looks_like: "ssh".into(),
            first_bytes: "5353482d".into(),
        });
        ssh.assert_fires("RDP-PORT-NOT-RDP");
        ssh.assert_not("RDP-PORT-TLS-FIRST");
        assert_eq!(ssh.diagnose().state, HostState::NotRdp);
    }

    #[test]
    fn x224_on_retry_makes_it_rdp() {
        let odd = Outcome::NotRdp {
            looks_like: "http".into(),
            first_bytes: "48545450".into(),
        };
        host([attempt().tcp().stage(Stage::X224, odd), attempt().through()])
            .assert_not("RDP-PORT-NOT-RDP");
    }
}
