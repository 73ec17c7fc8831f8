use std::collections::BTreeMap;

use super::ending::{CountedAttempt, cancelled_at, connected};
use super::host_view::HostView;
use crate::model::{
    Finding, History, HostKey, HostState, NegotiationFacts, NegotiationFailure, Nla, Outcome,
    ProbeKind, Reply, SelectedSecurity, Severity, Stage,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StateOfHost {
    pub(crate) state: HostState,
    pub(crate) failed_stage: Option<Stage>,
}

const NOT_PROBED: StateOfHost = StateOfHost {
    state: HostState::NotProbed,
    failed_stage: None,
};

const fn ended(state: HostState, at: Stage) -> StateOfHost {
    StateOfHost {
        state,
        failed_stage: Some(at),
    }
}

/// The first state that holds, in the order of the report's contract.
pub(crate) fn of(host: &HostView<'_>, findings: &[Finding]) -> StateOfHost {
    if host.history.is_not_probed() {
        return NOT_PROBED;
    }
    if matches!(host.history.key, HostKey::Unresolved { .. }) {
        // Where no resolver had an answer the name may well have an address.
        return if host.history.excluded.is_empty() && host.dns_judged {
            ended(HostState::Unreachable, Stage::Dns)
        } else {
            NOT_PROBED
        };
    }
    let skipped_at = host.history.attempts.last().and_then(cancelled_at);
    if !host.history.attempts.iter().any(connected) {
        return match skipped_at {
            Some(stage) if host.counted.is_empty() => ended(HostState::Skipped, stage),
            _ => without_connection(host),
        };
    }
    if is_not_rdp(host) {
        return ended(HostState::NotRdp, Stage::X224);
    }
    if let Some(stage) = skipped_early(host) {
        return ended(HostState::Skipped, stage);
    }
    if let Some(stage) = broken_at(host) {
        return ended(HostState::Broken, stage);
    }
    if kept_by_own_trouble(host) {
        return NOT_PROBED;
    }
    let wrong = findings
        .iter()
        .any(|finding| finding.severity >= Severity::Medium);
    let skipped = || host.history.attempts.iter().find_map(cancelled_at);
    let state = if wrong || is_unreached(host) {
        HostState::Degraded
    } else if let Some(stage) = skipped_at {
        // It got through before it was skipped.
        return ended(HostState::Skipped, stage);
    } else if host.any_through() {
        HostState::Healthy
    } else {
        return skipped().map_or(NOT_PROBED, |stage| ended(HostState::Skipped, stage));
    };
    StateOfHost {
        state,
        failed_stage: None,
    }
}

/// The stage at which the user skipped the host before there were enough attempts to know what always fails.
pub(crate) fn skipped_early(host: &HostView<'_>) -> Option<Stage> {
    let enough = usize::try_from(host.policy.stability_attempts).unwrap_or(usize::MAX);
    let too_few = !host.any_through() && host.counted.len() < enough;
    let newest = host.history.attempts.last().filter(|_| too_few)?;
    cancelled_at(newest)
}

/// The port is open, and no attempt got through: each one failed, or this program's TLS library refused to continue.
pub(crate) fn is_unreached(host: &HostView<'_>) -> bool {
    let reached = |counted: &CountedAttempt<'_>| connected(counted.attempt);
    !host.any_through() && (host.counted.iter().any(reached) || refused_by_us(host))
}

/// There were attempts, and all of them failed for reasons of this machine.
pub(crate) fn kept_by_own_trouble(host: &HostView<'_>) -> bool {
    let attempts = &host.history.attempts;
    // A lost connect beside an attempt that came up proves nothing about a host that is up.
    let lost_only = host.counted.iter().all(|one| !connected(one.attempt));
    !attempts.is_empty()
        && lost_only
        && (host.counted.is_empty() || attempts.iter().any(connected))
        && !refused_by_us(host)
        && attempts
            .iter()
            .all(|attempt| cancelled_at(attempt).is_none())
}

fn without_connection(host: &HostView<'_>) -> StateOfHost {
    if host.counted.is_empty() {
        return NOT_PROBED;
    }
    let outcomes = host.failures_at(Stage::Tcp);
    let any = |wanted: fn(&Outcome) -> bool| outcomes.iter().any(|outcome| wanted(outcome));
    let state = if any(is_refusal) {
        HostState::Closed
    } else if any(is_unreachable) {
        // An ICMP or ARP error is more specific than the timeout of another attempt.
        HostState::Unreachable
    } else {
        HostState::Filtered
    };
    ended(state, Stage::Tcp)
}

/// A reset of the connect itself counts as a refusal.
pub(crate) fn is_refusal(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused) || outcome.is_close()
}

/// The network reports that it cannot reach the host.
pub(crate) fn is_unreachable(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::HostUnreachable | Outcome::NetworkUnreachable
    )
}

pub(crate) const fn is_timeout(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Timeout { .. })
}

/// Something else answers there, or TLS at once, and on no attempt did anything answer X.224.
pub(crate) fn is_not_rdp(host: &HostView<'_>) -> bool {
    let other = host.tolerance.direct_tls_up
        || host.failures().any(|(_, stage, outcome)| {
            stage == Stage::X224 && matches!(outcome, Outcome::NotRdp { .. })
        });
    let mut attempts = host.history.attempts.iter();
    other
        && !attempts.any(|attempt| {
            attempt.probe != ProbeKind::DirectTls
                && (attempt.negotiation.is_some()
                    || attempt.stages.iter().any(|record| {
                        record.stage > Stage::X224
                            || (record.stage == Stage::X224 && record.outcome.is_ok())
                    }))
        })
}

/// The stage at which every attempt that reached the port would be stopped, for a modern client and for any other probe
/// alike: the most frequent one, the later of equals. Lost connects do not count.
pub(crate) fn broken_at(host: &HostView<'_>) -> Option<Stage> {
    let mut ends: BTreeMap<Stage, usize> = BTreeMap::new();
    for counted in host
        .counted
        .iter()
        .filter(|counted| connected(counted.attempt))
    {
        let (stage, _) = counted.ending.failure()?;
        *ends.entry(stage).or_default() += 1;
    }
    let (stage, _) = ends.into_iter().max_by_key(|(_, count)| *count)?;
    let tolerance = host.tolerance;
    let met = match stage {
        Stage::X224 => tolerance.other_request.through > 0 || tolerance.long_deadline.through > 0,
        Stage::Tls => tolerance.legacy_hello.through > 0 || lacks_legacy_hello(host),
        _ => stage <= Stage::Tcp,
    };
    (!met).then_some(stage)
}

/// The modern hello was refused in a way that an old server has as well, and no other hello was sent: a refusal of the
/// modern hello alone never makes a host broken.
fn lacks_legacy_hello(host: &HostView<'_>) -> bool {
    let refused = |reply| matches!(reply, Some(Reply::Declined | Reply::Cut));
    host.probes(ProbeKind::LegacyHello).next().is_none()
        && host
            .failures()
            .all(|(counted, _, _)| refused(Reply::to_hello(counted.attempt)))
}

fn refused_by_us(host: &HostView<'_>) -> bool {
    host.history.attempts.iter().any(|attempt| {
        attempt
            .stages
            .iter()
            .any(|record| matches!(record.outcome, Outcome::ClientRefused { .. }))
    })
}

/// How requests without NLA were answered.
pub(crate) fn without_nla(history: &History) -> impl Iterator<Item = &Outcome> {
    let attempts = history.attempts.iter();
    attempts
        .filter(|attempt| attempt.probe == ProbeKind::WithoutNla)
        .filter_map(|attempt| Some(&attempt.stage(Stage::X224)?.outcome))
}

/// A request without NLA was refused because of that.
pub(crate) fn insists_on_nla(history: &History) -> bool {
    without_nla(history).any(|outcome| {
        matches!(outcome, Outcome::NegotiationFailure { code }
            if NegotiationFailure(*code) == NegotiationFailure::HYBRID_REQUIRED)
    })
}

/// A server that chose HYBRID may or may not require NLA: only a request without it shows that.
pub(crate) fn nla_of(host: &HostView<'_>) -> Nla {
    if insists_on_nla(host.history) || refuses_without_nla(host) {
        return Nla::Required;
    }
    host.negotiation().map_or(Nla::Unknown, nla)
}

/// A request that offered NLA was refused with the code for missing NLA.
fn refuses_without_nla(host: &HostView<'_>) -> bool {
    let required = NegotiationFailure::HYBRID_REQUIRED;
    host.outcomes(ProbeKind::Default, Stage::X224).any(
        |outcome| matches!(outcome, Outcome::NegotiationFailure { code } if *code == required.0),
    )
}

fn nla(facts: &NegotiationFacts) -> Nla {
    match facts.failure {
        Some(
            NegotiationFailure::HYBRID_REQUIRED | NegotiationFailure::SSL_WITH_USER_AUTH_REQUIRED,
        ) => return Nla::Required,
        Some(NegotiationFailure::SSL_NOT_ALLOWED) => return Nla::NotOffered,
        Some(_) => return Nla::Unknown,
        None => {}
    }
    match facts.selected {
        SelectedSecurity::Hybrid | SelectedSecurity::HybridEx => Nla::Offered,
        SelectedSecurity::Ssl | SelectedSecurity::StandardRdp => Nla::NotOffered,
        SelectedSecurity::Rdstls | SelectedSecurity::Rdsaad | SelectedSecurity::None => {
            Nla::Unknown
        }
    }
}
