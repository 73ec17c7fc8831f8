use crate::model::{
    Attempt, ConnectionPurpose, Manner, Outcome, Reception, Stage, StageRecord, TlsMethod,
};

/// How an attempt ended, seen with a client's eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending<'a> {
    /// A client would get past everything that can be seen without credentials.
    Through,
    /// It would be stopped here.
    Failed(Stage, &'a Outcome),
    /// Says nothing about the peer: stopped by us, our own trouble, or our TLS library too strict with nothing to show
    /// that a client would fail as well.
    NotCounted,
}

impl<'a> Ending<'a> {
    /// The stage and outcome of a failure.
    pub(crate) const fn failure(self) -> Option<(Stage, &'a Outcome)> {
        match self {
            Self::Failed(stage, outcome) => Some((stage, outcome)),
            Self::Through | Self::NotCounted => None,
        }
    }
}

/// How each of the attempts at one host ended.
#[must_use]
pub fn endings(
    attempts: &[Attempt],
) -> impl ExactSizeIterator<Item = Ending<'_>> + DoubleEndedIterator + Clone {
    let manner = Manner::of(attempts);
    attempts.iter().map(move |attempt| ending(attempt, &manner))
}

/// Reads the end off an attempt's timeline, by the manner of its host.
///
/// Standard RDP security is no failure: a default client may connect (`NoTls`). Neither is a `CredSSP` answer without a
/// challenge: our question was refused, a client's need not be. Where a second connection asked differently and was
/// answered, the first one's end is none if it was the host's way of saying no: it said so, or does the same every time. A
/// host that takes the same question at other times cut it by accident, and a client would have been cut as well.
fn ending<'a>(attempt: &'a Attempt, manner: &Manner) -> Ending<'a> {
    if attempt.stages.is_empty() {
        return Ending::NotCounted;
    }
    let Some((stage, outcome)) = attempt.failure().or_else(|| failure_elsewhere(attempt)) else {
        return Ending::Through;
    };
    match outcome {
        Outcome::Ok | Outcome::NoTls | Outcome::NoChallenge | Outcome::CredsspError { .. } => {
            Ending::Through
        }
        _ if stage == Stage::Tls && met_by_peek(attempt, manner) => Ending::Through,
        Outcome::Local { .. } | Outcome::Cancelled | Outcome::ClientRefused { .. } => {
            Ending::NotCounted
        }
        // The peek that might have mended it never came to an end.
        _ if broken_off(attempt).is_some() => Ending::NotCounted,
        Outcome::Malformed { .. } | Outcome::NotRdp { .. } | Outcome::Alert { .. }
            if stage == Stage::Credssp =>
        {
            Ending::Through
        }
        _ if stage == Stage::X224 && met_by_renegotiation(attempt, manner) => Ending::Through,
        _ => Ending::Failed(stage, outcome),
    }
}

/// The legacy peek read the server's certificate.
pub(crate) fn legacy_read(attempt: &Attempt) -> bool {
    attempt
        .tls
        .as_ref()
        .is_some_and(|tls| tls.method == TlsMethod::LegacyPeek)
}

/// The stage that was under way when the user gave the host up: the first cut short, on the first connection that was.
pub(crate) fn broken_off(attempt: &Attempt) -> Option<Stage> {
    attempt
        .stages
        .iter()
        .filter(|record| record.outcome == Outcome::Cancelled)
        .min_by_key(|record| record.connection)
        .map(|record| record.stage)
}

/// Whether TCP came up in an attempt, on whichever connection.
pub(crate) fn connected(attempt: &Attempt) -> bool {
    attempt.stages.iter().any(|record| {
        record.stage > Stage::Tcp || (record.stage == Stage::Tcp && record.outcome.is_ok())
    })
}

/// The record of a stage on a connection other than the main one.
pub(crate) fn record(
    attempt: &Attempt,
    stage: Stage,
    connection: ConnectionPurpose,
) -> Option<&StageRecord> {
    attempt
        .stages
        .iter()
        .find(|record| record.stage == stage && record.connection == connection)
}

/// The host does not take the modern hello and took the legacy one: a tolerant client gets on where our TLS library did not.
fn met_by_peek(attempt: &Attempt, manner: &Manner) -> bool {
    match Reception::of_modern_hello(attempt) {
        Some(Reception::Declined) => true,
        Some(Reception::Cut) => manner.modern_hello.is_always_cut(),
        Some(Reception::Taken) | None => false,
    }
}

/// The host does not take the usual X.224 request, and a different one led somewhere: a way in, if an old one.
fn met_by_renegotiation(attempt: &Attempt, manner: &Manner) -> bool {
    let met = match Reception::of_first_request(attempt) {
        Some(Reception::Declined) => true,
        Some(Reception::Cut) => manner.first_request.is_always_cut(),
        Some(Reception::Taken) | None => false,
    };
    met && renegotiated(attempt)
}

/// A different X.224 request was answered, and TLS after it, if any, came about.
pub(crate) fn renegotiated(attempt: &Attempt) -> bool {
    let second = |stage| record(attempt, stage, ConnectionPurpose::Renegotiate);
    let fine = |record: &StageRecord| matches!(record.outcome, Outcome::Ok | Outcome::NoTls);
    second(Stage::X224).is_some_and(fine) && second(Stage::Tls).is_none_or(fine)
}

/// A failure on a later connection of a stage that the main one never reached: the legacy peek made at once.
fn failure_elsewhere(attempt: &Attempt) -> Option<(Stage, &Outcome)> {
    attempt
        .stages
        .iter()
        .rfind(|record| {
            record.connection == ConnectionPurpose::LegacyPeek
                && !record.outcome.is_ok()
                && attempt.stage(record.stage).is_none()
        })
        .map(|record| (record.stage, &record.outcome))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{attempt, closed, reset};

    /// The end of the only attempt at a host.
    fn ending(attempt: &Attempt) -> Ending<'_> {
        super::ending(attempt, &Manner::of(std::slice::from_ref(attempt)))
    }

    #[test]
    fn a_probe_without_challenge_is_no_failure() {
        let probed = attempt()
            .through()
            .stage(Stage::Credssp, Outcome::NoChallenge)
            .done();
        assert_eq!(ending(&probed), Ending::Through);
    }

    #[test]
    fn standard_rdp_security_is_no_failure() {
        let probed = attempt().tcp().stage(Stage::X224, Outcome::NoTls).done();
        assert_eq!(ending(&probed), Ending::Through);
    }

    #[test]
    fn own_trouble_does_not_count() {
        let detail = "too many open files".into();
        let probed = attempt()
            .stage(Stage::Tcp, Outcome::Local { detail })
            .done();
        assert_eq!(ending(&probed), Ending::NotCounted);
    }

    #[test]
    fn what_was_given_up_is_no_failure_on_whichever_connection() {
        let hung = attempt()
            .tcp()
            .stage(Stage::X224, Outcome::Cancelled)
            .done();
        assert_eq!(ending(&hung), Ending::NotCounted);
        let peeking = attempt()
            .tcp()
            .x224()
            .stage(Stage::Tls, closed(0))
            .on(
                ConnectionPurpose::LegacyPeek,
                Stage::Tls,
                Outcome::Cancelled,
            )
            .done();
        assert_eq!(ending(&peeking), Ending::NotCounted);
        let through = attempt()
            .through()
            .on(
                ConnectionPurpose::WithoutNla,
                Stage::X224,
                Outcome::Cancelled,
            )
            .done();
        assert_eq!(ending(&through), Ending::Through);
    }

    #[test]
    fn the_first_connection_that_was_given_up_says_where() {
        let peek = ConnectionPurpose::LegacyPeek;
        let probed = attempt()
            .on(peek, Stage::Tls, Outcome::Cancelled)
            .stage(Stage::X224, Outcome::Cancelled)
            .done();
        assert_eq!(broken_off(&probed), Some(Stage::X224));
    }

    #[test]
    fn a_legacy_peek_alone_can_fail() {
        let probed = attempt()
            .tcp()
            .x224()
            .on(ConnectionPurpose::LegacyPeek, Stage::Tls, closed(0))
            .done();
        assert_eq!(
            ending(&probed).failure().map(|(stage, _)| stage),
            Some(Stage::Tls)
        );
    }

    #[test]
    fn a_reset_of_the_polite_end_after_success_is_not_recorded_and_so_no_failure() {
        let probed = attempt().through().done();
        assert_eq!(ending(&probed), Ending::Through);
        let cut = attempt().tcp().x224().stage(Stage::Tls, reset(0)).done();
        assert_ne!(ending(&cut), Ending::Through);
    }

    #[test]
    fn an_answered_second_request_mends_a_refused_first() {
        let probed = attempt()
            .tcp()
            .stage(Stage::X224, Outcome::NegotiationFailure { code: 2 })
            .on(ConnectionPurpose::Renegotiate, Stage::X224, Outcome::Ok)
            .done();
        assert_eq!(ending(&probed), Ending::Through);
    }
}
