use super::{ONE_MORE, Refine, Rule, TRIES, lacking, likely, seen, sure};
use crate::diagnosis::catalog::Verdict;
use crate::diagnosis::ending::connected;
use crate::diagnosis::host_view::{Counted, HostView};
use crate::diagnosis::state;
use crate::model::{Attempt, Outcome, ProbeKind, Severity, Stage};

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

fn refused(sight: &HostView<'_>) -> Verdict {
    connect_failed(sight, state::is_refusal, |evidence| {
        sure(
            "RDP-TCP-REFUSED",
            "The host refuses connections on this port",
            evidence,
        )
    })
}

fn timeout(sight: &HostView<'_>) -> Verdict {
    let silent = |outcome: &Outcome| matches!(outcome, Outcome::Timeout { .. });
    connect_failed(sight, silent, |evidence| {
        sure("RDP-TCP-TIMEOUT", "Nothing answers on this port", evidence)
    })
}

fn unreachable(sight: &HostView<'_>) -> Verdict {
    let endpoint = sight.history.key.endpoint();
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
fn untried(sight: &HostView<'_>) -> Option<Verdict> {
    let history = sight.history;
    let Some(endpoint) = history.key.endpoint() else {
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
        && !history.attempts.iter().any(connected)
        && sight
            .failures_at(Stage::Tcp)
            .last()
            .is_some_and(|newest| matches!(newest, Outcome::NetworkUnreachable));
    no_route.then(|| {
        lacking(
            "this machine has no route to the address",
            "a scan from a machine with a route to it",
        )
    })
}

fn prohibited(sight: &HostView<'_>) -> Verdict {
    let filtered = |outcome: &Outcome| matches!(outcome, Outcome::Prohibited);
    connect_failed(sight, filtered, |evidence| {
        sure(
            "RDP-TCP-PROHIBITED",
            "A packet filter forbids the connection",
            evidence,
        )
    })
}

/// Fires for listed hosts where no connect came up and the newest failure is of the wanted kind. A swept address that
/// nobody listed is no host that is missing.
fn connect_failed(
    sight: &HostView<'_>,
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
fn every_listed_name_works(sight: &HostView<'_>) -> bool {
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
fn reset_early(sight: &HostView<'_>) -> Verdict {
    close_at_x224(sight, true, |outcomes, _| {
        likely(
            "RDP-TCP-RESET-EARLY",
            "The connection is closed as soon as it is accepted",
            seen(sight, outcomes),
        )
    })
}

fn x224_closed(sight: &HostView<'_>) -> Verdict {
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
        let title = "The server closes the connection after the first RDP request";
        if bare_failed {
            sure("RDP-X224-CLOSED", title, evidence)
        } else {
            likely("RDP-X224-CLOSED", title, evidence)
        }
    })
}

/// Closes at X.224 in at least two attempts, with nothing that got further.
fn close_at_x224(
    sight: &HostView<'_>,
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
    let other = state::is_not_rdp(sight) || answered_at_x224(sight);
    if closes.is_empty() || all_early != early || other {
        return Verdict::Silent;
    }
    if closes.len() < TRIES {
        return lacking("closed once only", ONE_MORE);
    }
    let bare_failed = sight
        .outcomes(ProbeKind::BareRequest, Stage::X224)
        .any(Outcome::is_close);
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
        .and_then(|path| path.rtt())
        .unwrap_or(tcp.duration_us);
    let retried = round_trip >= RETRIED_SYN_US;
    untouched && !retried && round_trip >= MEASURABLE_US && x224.duration_us < round_trip / 2
}

/// Attempts that sent X.224 in clear.
fn in_clear<'a>(sight: &HostView<'a>) -> impl Iterator<Item = &'a Attempt> {
    let attempts = sight.history.attempts.iter();
    attempts.filter(|attempt| attempt.probe != ProbeKind::DirectTls)
}

/// Some request was answered in X.224 on some attempt, be it with a refusal.
fn answered_at_x224(sight: &HostView<'_>) -> bool {
    taken_at_x224(sight) || in_clear(sight).any(|attempt| attempt.negotiation.is_some())
}

/// Some request was taken in X.224 on some attempt.
fn taken_at_x224(sight: &HostView<'_>) -> bool {
    let mut records = in_clear(sight).flat_map(|attempt| &attempt.stages);
    records.any(|record| {
        record.stage > Stage::X224
            || (record.stage == Stage::X224
                && matches!(record.outcome, Outcome::Ok | Outcome::NoTls))
    })
}

/// What answers the first request in clear, and what answers it inside TLS where TLS came up without it.
fn not_rdp(sight: &HostView<'_>) -> Verdict {
    if !state::is_not_rdp(sight) {
        return Verdict::Silent;
    }
    let banner = |outcome: &Outcome| match outcome {
        Outcome::NotRdp {
            looks_like,
            first_bytes,
        } => Some((looks_like.clone(), first_bytes.clone())),
        _ => None,
    };
    let title = "Something other than Remote Desktop answers on this port";
    let mut inside = sight.outcomes(ProbeKind::DirectTls, Stage::X224);
    if let Some((looks_like, first_bytes)) = inside.find_map(banner) {
        let name = match looks_like.as_ref() {
            "http" => "https".to_owned(),
            other => format!("{other} inside TLS"),
        };
        let shown = shown_certificate(sight);
        return sure(
            "RDP-PORT-NOT-RDP",
            title,
            format!("it looks like {name}{shown}; first bytes inside TLS {first_bytes}"),
        );
    }
    let plain = sight.failures().find_map(|(_, _, outcome)| banner(outcome));
    match plain {
        Some((looks_like, first_bytes)) if !sight.tolerance.direct_tls_up => sure(
            "RDP-PORT-NOT-RDP",
            title,
            format!("it looks like {looks_like}; first bytes {first_bytes}"),
        ),
        _ => Verdict::Silent,
    }
}

/// ", certificate srv05.corp.example".
fn shown_certificate(sight: &HostView<'_>) -> String {
    let leaf = sight.probes(ProbeKind::DirectTls).find_map(|attempt| {
        let leaf = attempt.tls.as_ref()?.leaf()?;
        Some(leaf.common_name.as_deref().unwrap_or(&leaf.subject))
    });
    leaf.map_or_else(String::new, |name| format!(", certificate {name}"))
}

fn tls_first(sight: &HostView<'_>) -> Verdict {
    if !state::is_not_rdp(sight) {
        return Verdict::Silent;
    }
    let title =
        "The port expects TLS immediately (direct TLS), where clients send an RDP request first";
    if sight.tolerance.direct_tls_up {
        let inside = sight.outcomes(ProbeKind::DirectTls, Stage::X224).last();
        let behind = match inside {
            Some(Outcome::NotRdp { looks_like, .. }) if **looks_like == *"http" => {
                return Verdict::Silent;
            }
            Some(Outcome::Ok | Outcome::NoTls | Outcome::NegotiationFailure { .. }) => {
                "Remote Desktop answers inside it, as behind stunnel or a TLS proxy".to_owned()
            }
            Some(outcome) => format!("an RDP request inside it: {outcome}"),
            None => "nothing answers inside it".to_owned(),
        };
        return sure(
            "RDP-PORT-TLS-FIRST",
            title,
            format!(
                "a TLS handshake without an RDP request succeeds{}; {behind}",
                shown_certificate(sight)
            ),
        );
    }
    let answered_with_tls = sight.failures().any(|(_, _, outcome)| {
        matches!(outcome, Outcome::NotRdp { looks_like, .. } if **looks_like == *"tls")
    });
    if answered_with_tls {
        likely(
            "RDP-PORT-TLS-FIRST",
            title,
            "it answered the first request with a TLS record",
        )
    } else {
        Verdict::Silent
    }
}

fn x224_silent(sight: &HostView<'_>) -> Verdict {
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
    let begins = |outcome: &&Outcome| matches!(outcome, Outcome::Timeout { received: 1.. });
    let title = if silences.iter().any(begins) {
        "The first RDP answer begins and never completes"
    } else {
        "The port is open but never responds to the first RDP request"
    };
    let silences = seen(sight, &silences);
    match longest_wait(sight, ProbeKind::LongDeadline) {
        Some(waited) => sure(
            "RDP-X224-SILENT",
            title,
            format!("{silences}; none within {waited:.0} s either"),
        ),
        None => likely(
            "RDP-X224-SILENT",
            title,
            format!(
                "{silences}, not within {:.0} s",
                longest_wait(sight, ProbeKind::Default).unwrap_or_default()
            ),
        ),
    }
}

/// The longest wait in vain for an X.224 answer, in seconds.
fn longest_wait(sight: &HostView<'_>, probe: ProbeKind) -> Option<f64> {
    let waits = sight.probes(probe).filter_map(|attempt| {
        let record = attempt.stage(Stage::X224)?;
        matches!(record.outcome, Outcome::Timeout { .. }).then_some(record.duration_us)
    });
    waits.max().map(|us| f64::from(us) / 1e6)
}

fn x224_malformed(sight: &HostView<'_>) -> Verdict {
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
#[path = "tcp_tests.rs"]
mod tests;
