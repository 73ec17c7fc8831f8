use super::{Family, Rule, RuleVerdict, Verdict, likely, repeated, sure};
use crate::diagnosis::ending::CountedAttempt;
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::state::{self, is_timeout};
use crate::model::{Attempt, Confidence, Outcome, ProbeKind, Stage};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("x224.toml"),
    rules: &[
        ("RDP-TCP-RESET-EARLY", Rule::Host(reset_early)),
        ("RDP-PORT-NOT-RDP", Rule::Host(not_rdp)),
        ("RDP-PORT-TLS-FIRST", Rule::Host(tls_first)),
        ("RDP-X224-SILENT", Rule::Host(silent)),
        ("RDP-X224-CLOSED", Rule::Host(closed)),
        ("RDP-X224-MALFORMED", Rule::Host(malformed)),
    ],
};

/// Below this a round trip is too short to distinguish a close before our request from one after it, in microseconds.
const MEASURABLE_US: u32 = 2_000;
/// From here on a connect may have waited for a repeated SYN (RFC 6298: first after one second), in microseconds.
const RETRIED_SYN_US: u32 = 900_000;

/// The peer closed before our request can have reached it.
fn reset_early(host: &HostView<'_>) -> RuleVerdict {
    close_at_x224(host, true)
}

fn closed(host: &HostView<'_>) -> RuleVerdict {
    let verdict = close_at_x224(host, false);
    let mut bare = host.outcomes(ProbeKind::BareRequest, Stage::X224);
    if bare.any(Outcome::is_close) {
        verdict
            .confidence(Confidence::Sure)
            .append(", and after a bare request as well")
    } else {
        verdict
    }
}

/// Closes at X.224 in at least two attempts, with nothing that got further.
fn close_at_x224(host: &HostView<'_>, early: bool) -> RuleVerdict {
    let closes: Vec<(&CountedAttempt<'_>, &Outcome)> = host
        .failures()
        .filter(|(_, stage, outcome)| *stage == Stage::X224 && outcome.is_close())
        .map(|(counted, _, outcome)| (counted, outcome))
        .collect();
    // One close after the request shows that the others only look early.
    let all_early = closes.iter().all(|(counted, _)| is_early(counted));
    if all_early != early || state::is_not_rdp(host) || answered_at_x224(host) {
        return Verdict::Silent;
    }
    let outcomes: Vec<&Outcome> = closes.into_iter().map(|(_, outcome)| outcome).collect();
    repeated(host, &outcomes, "closed once only").confidence(Confidence::Likely)
}

/// The close came sooner than our request can have got there: in less than half a round trip. The network does not tell the
/// two apart otherwise.
fn is_early(counted: &CountedAttempt<'_>) -> bool {
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
fn in_clear<'a>(host: &HostView<'a>) -> impl Iterator<Item = &'a Attempt> {
    let attempts = host.history.attempts.iter();
    attempts.filter(|attempt| attempt.probe != ProbeKind::DirectTls)
}

/// Some request was answered in X.224 on some attempt, be it with a refusal.
fn answered_at_x224(host: &HostView<'_>) -> bool {
    taken_at_x224(host) || in_clear(host).any(|attempt| attempt.negotiation.is_some())
}

/// Some request was taken in X.224 on some attempt.
fn taken_at_x224(host: &HostView<'_>) -> bool {
    let mut records = in_clear(host).flat_map(|attempt| &attempt.stages);
    records.any(|record| {
        record.stage > Stage::X224
            || (record.stage == Stage::X224
                && matches!(record.outcome, Outcome::Ok | Outcome::NoTls))
    })
}

/// What answers the first request in clear, and what answers it inside TLS where TLS came up without it.
fn not_rdp(host: &HostView<'_>) -> RuleVerdict {
    if !state::is_not_rdp(host) {
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
    let mut inside = host.outcomes(ProbeKind::DirectTls, Stage::X224);
    if let Some((looks_like, first_bytes)) = inside.find_map(banner) {
        let name = match looks_like.as_ref() {
            "http" => "https".to_owned(),
            other => format!("{other} inside TLS"),
        };
        let shown = shown_certificate(host);
        return sure(format!(
            "it looks like {name}{shown}; first bytes inside TLS {}",
            first_bytes.readable()
        ))
        .title(title)
        .remedies(remedies_at(&looks_like));
    }
    let plain = host.failures().find_map(|(_, _, outcome)| banner(outcome));
    match plain {
        Some((looks_like, first_bytes)) if !host.tolerance.direct_tls_up => sure(format!(
            "it looks like {looks_like}; first bytes {}",
            first_bytes.readable()
        ))
        .title(title)
        .remedies(remedies_at(&looks_like)),
        _ => Verdict::Silent,
    }
}

/// A service that is known is there on purpose: the listener of Remote Desktop cannot be fixed on its port.
fn remedies_at(looks_like: &str) -> &'static [&'static str] {
    match looks_like {
        "unknown" => &["R8"],
        _ => &[],
    }
}

/// ", certificate srv05.corp.example".
fn shown_certificate(host: &HostView<'_>) -> String {
    let leaf = host.probes(ProbeKind::DirectTls).find_map(|attempt| {
        let leaf = attempt.tls.as_ref()?.leaf()?;
        Some(leaf.common_name.as_deref().unwrap_or(&leaf.subject))
    });
    leaf.map_or_else(String::new, |name| format!(", certificate {name}"))
}

fn tls_first(host: &HostView<'_>) -> RuleVerdict {
    if !state::is_not_rdp(host) {
        return Verdict::Silent;
    }
    let title =
        "The port expects TLS immediately (direct TLS), where clients send an RDP request first";
    if host.tolerance.direct_tls_up {
        let inside = host.outcomes(ProbeKind::DirectTls, Stage::X224).last();
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
        return sure(format!(
            "a TLS handshake without an RDP request succeeds{}; {behind}",
            shown_certificate(host)
        ))
        .title(title);
    }
    let answered_with_tls = host.failures().any(|(_, _, outcome)| {
        matches!(outcome, Outcome::NotRdp { looks_like, .. } if **looks_like == *"tls")
    });
    if answered_with_tls {
        likely("it answered the first request with a TLS record").title(title)
    } else {
        Verdict::Silent
    }
}

fn silent(host: &HostView<'_>) -> RuleVerdict {
    let silences = host.failures_like(Stage::X224, is_timeout);
    if answered_at_x224(host) {
        return Verdict::Silent;
    }
    let begins = |outcome: &&Outcome| matches!(outcome, Outcome::Timeout { received: 1.. });
    let title = if silences.iter().any(begins) {
        "The first RDP answer begins and never completes"
    } else {
        "The port is open but never responds to the first RDP request"
    };
    let verdict = repeated(host, &silences, "silent once only").title(title);
    match longest_wait(host, ProbeKind::LongDeadline) {
        Some(waited) => verdict.append(format!("; none within {waited:.0} s either")),
        None => verdict.confidence(Confidence::Likely).append(format!(
            ", not within {:.0} s",
            longest_wait(host, ProbeKind::Default).unwrap_or_default()
        )),
    }
}

/// The longest wait in vain for an X.224 answer, in seconds.
fn longest_wait(host: &HostView<'_>, probe: ProbeKind) -> Option<f64> {
    let waits = host.probes(probe).filter_map(|attempt| {
        let record = attempt.stage(Stage::X224)?;
        is_timeout(&record.outcome).then_some(record.duration_us)
    });
    waits.max().map(|us| f64::from(us) / 1e6)
}

fn malformed(host: &HostView<'_>) -> RuleVerdict {
    if taken_at_x224(host) {
        return Verdict::Silent;
    }
    let broken = host.failures_like(Stage::X224, |outcome| {
        matches!(outcome, Outcome::Malformed { .. })
    });
    repeated(host, &broken, "seen once only")
}
