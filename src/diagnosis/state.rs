use super::ending::{broken_off, connected, legacy_read, renegotiated};
use super::sight::{Counted, Sight};
use crate::model::{
    ConnectionPurpose, Finding, History, HostState, NegotiationFacts, NegotiationFailure, Nla,
    Outcome, SelectedSecurity, Severity, Stage, Subject,
};

/// State and the stage where attempts end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StateOfHost {
    pub(crate) state: HostState,
    pub(crate) failed_stage: Option<Stage>,
}

/// Nothing is known of the host, and nothing is claimed.
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

/// What is always true of the host: the first that holds, in the order of the report's contract.
pub(crate) fn of(sight: &Sight<'_>, findings: &[Finding]) -> StateOfHost {
    if sight.history.is_not_probed() {
        return NOT_PROBED;
    }
    if matches!(sight.history.subject, Subject::Unresolved { .. }) {
        return if sight.history.excluded.is_empty() {
            ended(HostState::Unreachable, Stage::Dns)
        } else {
            NOT_PROBED
        };
    }
    let given_up = sight.history.attempts.last().and_then(broken_off);
    if !sight.history.attempts.iter().any(connected) {
        return match given_up {
            Some(stage) if sight.counted.is_empty() => ended(HostState::GivenUp, stage),
            _ => without_connection(sight),
        };
    }
    if is_not_rdp(sight) {
        return ended(HostState::NotRdp, Stage::X224);
    }
    if let Some(stage) = broken_at(sight) {
        return ended(HostState::Broken, stage);
    }
    if let (Some(stage), true) = (given_up, sight.counted.is_empty()) {
        return ended(HostState::GivenUp, stage);
    }
    if kept_by_own_trouble(sight) {
        return NOT_PROBED;
    }
    let wrong = findings
        .iter()
        .any(|finding| finding.severity >= Severity::Medium);
    let all_fail = !sight.counted.is_empty() && !sight.any_through();
    // Open, but never looked into to the end because our own TLS library would not: no clean bill of health.
    let unseen = sight.counted.is_empty() && refused_by_us(sight);
    let state = if wrong || all_fail || unseen {
        HostState::Degraded
    } else if let Some(stage) = given_up {
        // It got through before, and then someone lost patience with it.
        return ended(HostState::GivenUp, stage);
    } else {
        HostState::Healthy
    };
    StateOfHost {
        state,
        failed_stage: None,
    }
}

/// There were attempts, and none of them says anything about the host: this machine's own trouble kept them from it.
pub(crate) fn kept_by_own_trouble(sight: &Sight<'_>) -> bool {
    let attempts = &sight.history.attempts;
    !attempts.is_empty()
        && sight.counted.is_empty()
        && !refused_by_us(sight)
        && attempts.iter().all(|attempt| broken_off(attempt).is_none())
}

/// Nothing ever accepted a connection.
fn without_connection(sight: &Sight<'_>) -> StateOfHost {
    if sight.counted.is_empty() {
        return NOT_PROBED;
    }
    let outcomes = sight.failures_at(Stage::Tcp);
    let any = |wanted: fn(&Outcome) -> bool| outcomes.iter().any(|outcome| wanted(outcome));
    let state = if any(is_refusal) {
        HostState::Closed
    } else if any(is_unreachable) {
        // An ICMP or ARP error says more than the silence of another attempt.
        HostState::Unreachable
    } else {
        HostState::Filtered
    };
    ended(state, Stage::Tcp)
}

/// The peer's own no. A reset of the connect itself counts as one.
pub(crate) fn is_refusal(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused) || outcome.is_close()
}

/// The network's own word that there is no way there.
fn is_unreachable(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::HostUnreachable | Outcome::NetworkUnreachable
    )
}

/// Something else speaks there, and on no attempt did anything speak X.224.
pub(crate) fn is_not_rdp(sight: &Sight<'_>) -> bool {
    let other = sight.failures().any(|(_, stage, outcome)| {
        stage == Stage::X224 && matches!(outcome, Outcome::NotRdp { .. })
    });
    other
        && !sight.history.attempts.iter().any(|attempt| {
            attempt.negotiation.is_some()
                || attempt.stages.iter().any(|record| {
                    record.stage > Stage::X224
                        || (record.stage == Stage::X224 && record.outcome.is_ok())
                })
        })
}

/// The one stage at which every attempt that reached the port would be stopped, for a modern client and for a different
/// request or the legacy hello alike. Connects lost on the way say nothing about what comes after them, so they neither make nor unmake this;
/// attempts that end at different stages are no verdict.
pub(crate) fn broken_at(sight: &Sight<'_>) -> Option<Stage> {
    let mut ends = sight
        .counted
        .iter()
        .filter(|counted| connected(counted.attempt))
        .map(|counted| counted.ending.failure().map(|(stage, _)| stage));
    let stage = ends.next()??;
    if !ends.all(|end| end == Some(stage)) {
        return None;
    }
    match stage {
        Stage::Dns | Stage::Tcp => None,
        Stage::X224
            if wants_another_way(sight) || sight.history.attempts.iter().any(renegotiated) =>
        {
            None
        }
        Stage::X224 | Stage::Credssp => Some(stage),
        Stage::Tls => legacy_fails_too(sight).then_some(stage),
    }
}

/// The server works, and names a way to sign in that was not offered: a client that is set to it gets in.
fn wants_another_way(sight: &Sight<'_>) -> bool {
    let wanted = [
        NegotiationFailure::SSL_WITH_USER_AUTH_REQUIRED,
        NegotiationFailure::ENTRA_REQUIRED,
    ];
    sight.failures_at(Stage::X224).iter().all(|outcome| {
        matches!(outcome, Outcome::NegotiationFailure { code }
            if wanted.contains(&NegotiationFailure(*code)))
    })
}

/// The legacy hello was tried and always failed, or the main connection already showed that no hello can succeed.
fn legacy_fails_too(sight: &Sight<'_>) -> bool {
    if sight.history.attempts.iter().any(legacy_read) {
        return false;
    }
    sight.counted.iter().any(|counted| legacy_failed(counted))
        || sight.failures_at(Stage::Tls).iter().any(|outcome| {
            matches!(
                outcome,
                Outcome::Timeout { .. } | Outcome::Malformed { .. } | Outcome::NotRdp { .. }
            )
        })
}

/// The legacy peek of this attempt came to nothing, by the peer's doing.
pub(crate) fn legacy_failed(counted: &Counted<'_>) -> bool {
    counted.attempt.stages.iter().any(|record| {
        record.connection == ConnectionPurpose::LegacyPeek && record.outcome.blames_peer()
    })
}

fn refused_by_us(sight: &Sight<'_>) -> bool {
    sight.history.attempts.iter().any(|attempt| {
        attempt
            .stages
            .iter()
            .any(|record| matches!(record.outcome, Outcome::ClientRefused { .. }))
    })
}

/// How requests that left NLA out were answered, where any were made.
pub(crate) fn without_nla(history: &History) -> impl Iterator<Item = &Outcome> {
    let records = history.attempts.iter().flat_map(|attempt| &attempt.stages);
    records
        .filter(|record| {
            record.connection == ConnectionPurpose::WithoutNla && record.stage == Stage::X224
        })
        .map(|record| &record.outcome)
}

/// A request that left NLA out was refused for it.
pub(crate) fn insists_on_nla(history: &History) -> bool {
    without_nla(history).any(|outcome| {
        matches!(outcome, Outcome::NegotiationFailure { code }
            if NegotiationFailure(*code) == NegotiationFailure::HYBRID_REQUIRED)
    })
}

/// Whether NLA is asked for. A server that chose HYBRID may or may not insist: only a request without it tells.
pub(crate) fn nla_of(sight: &Sight<'_>) -> Nla {
    if insists_on_nla(sight.history) {
        return Nla::Required;
    }
    sight.negotiation().map_or(Nla::Unknown, nla)
}

/// Whether NLA is asked for, from one negotiation.
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
