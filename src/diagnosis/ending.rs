use crate::model::{Attempt, Outcome, ProbeKind, ProbeTolerance, Stage};

/// How an attempt ended, as a client would see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending<'a> {
    /// A client would get past everything that can be seen without credentials.
    Through,
    /// It would be stopped here.
    Failed(Stage, &'a Outcome),
    /// Says nothing about what a client would see: another kind of probe, stopped by us, our own trouble, or our TLS library
    /// too strict with nothing to show that a client would fail as well.
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

/// An attempt that counts, with its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CountedAttempt<'a> {
    pub(crate) attempt: &'a Attempt,
    pub(crate) ending: Ending<'a>,
}

impl CountedAttempt<'_> {
    pub(crate) fn is_through(&self) -> bool {
        self.ending == Ending::Through
    }
}

/// How each of the attempts at one host ended.
#[must_use]
pub fn endings(
    attempts: &[Attempt],
) -> impl ExactSizeIterator<Item = Ending<'_>> + DoubleEndedIterator + Clone {
    endings_by(attempts, ProbeTolerance::of(attempts))
}

/// The same, where it is known what the host accepts.
pub(crate) fn endings_by(
    attempts: &[Attempt],
    tolerance: ProbeTolerance,
) -> impl ExactSizeIterator<Item = Ending<'_>> + DoubleEndedIterator + Clone {
    attempts
        .iter()
        .map(move |attempt| ending(attempt, tolerance))
}

/// Reads the end off an attempt's timeline, by what its host accepts.
///
/// Standard RDP security is no failure: a default client may connect (`NoTls`). Neither is a `CredSSP` answer without a
/// challenge: our question was refused, a client's need not be. Where the host accepts another kind of probe only, refusing
/// the default one is no failure, and the other kind counts as a client's way in.
fn ending(attempt: &Attempt, tolerance: ProbeTolerance) -> Ending<'_> {
    let counts = match attempt.probe {
        ProbeKind::Default | ProbeKind::LongDeadline => !attempt.stages.is_empty(),
        ProbeKind::BareRequest | ProbeKind::HybridExRequest => tolerance.needs_other_request(),
        ProbeKind::LegacyHello => tolerance.is_legacy_only(),
        ProbeKind::WithoutNla | ProbeKind::DirectTls => false,
    };
    if !counts {
        return Ending::NotCounted;
    }
    let Some((stage, outcome)) = attempt.failure() else {
        return Ending::Through;
    };
    match outcome {
        _ if outcome.is_ours() => Ending::NotCounted,
        Outcome::Ok | Outcome::NoTls | Outcome::NoChallenge | Outcome::CredsspError { .. } => {
            Ending::Through
        }
        _ if stage == Stage::Tls && tolerance.excuses_hello(attempt) => Ending::Through,
        Outcome::ClientRefused { .. } => Ending::NotCounted,
        Outcome::Malformed { .. } | Outcome::NotRdp { .. } | Outcome::Alert { .. }
            if stage == Stage::Credssp =>
        {
            Ending::Through
        }
        _ if stage == Stage::X224 && tolerance.excuses_request(attempt) => Ending::Through,
        Outcome::Timeout { .. } if attempt.is_stalled() => Ending::NotCounted,
        // It would have been answered: how it would have gone on, the long deadline shows.
        Outcome::Timeout { .. } if stage == Stage::X224 && tolerance.answers_too_late() => {
            Ending::NotCounted
        }
        _ => Ending::Failed(stage, outcome),
    }
}

/// The stage in progress when the user skipped the host.
pub(crate) fn cancelled_at(attempt: &Attempt) -> Option<Stage> {
    attempt
        .stages
        .iter()
        .find(|record| record.outcome == Outcome::Cancelled)
        .map(|record| record.stage)
}

/// Whether TCP came up in an attempt.
pub(crate) fn connected(attempt: &Attempt) -> bool {
    attempt.stages.iter().any(|record| {
        record.stage > Stage::Tcp || (record.stage == Stage::Tcp && record.outcome.is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{attempt, closed, reset};

    /// The end of the only attempt at a host.
    fn ending(attempt: &Attempt) -> Ending<'_> {
        super::ending(attempt, ProbeTolerance::of(std::slice::from_ref(attempt)))
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
            .stage(Stage::Tcp, Outcome::LocalError { detail })
            .done();
        assert_eq!(ending(&probed), Ending::NotCounted);
    }

    #[test]
    fn what_was_skipped_is_no_failure() {
        let hung = attempt()
            .tcp()
            .stage(Stage::X224, Outcome::Cancelled)
            .done();
        assert_eq!(ending(&hung), Ending::NotCounted);
        assert_eq!(cancelled_at(&hung), Some(Stage::X224));
    }

    #[test]
    fn other_probes_alone_say_nothing_about_a_client() {
        for probe in ProbeKind::ALL
            .iter()
            .copied()
            .filter(|probe| !probe.is_default())
        {
            for outcome in [Outcome::Ok, closed(0)] {
                let probed = attempt()
                    .probe(probe)
                    .tcp()
                    .stage(Stage::X224, outcome)
                    .done();
                assert_eq!(ending(&probed), Ending::NotCounted, "{probe:?}");
            }
        }
    }

    #[test]
    fn a_reset_of_the_polite_end_after_success_is_not_recorded_and_so_no_failure() {
        let probed = attempt().through().done();
        assert_eq!(ending(&probed), Ending::Through);
        let cut = attempt().tcp().x224().stage(Stage::Tls, reset(0)).done();
        assert_ne!(ending(&cut), Ending::Through);
    }

    #[test]
    fn another_request_that_is_answered_explains_a_refused_one() {
        let attempts = [
            attempt().refused(2).done(),
            attempt()
                .probe(ProbeKind::BareRequest)
                .tcp()
                .stage(Stage::X224, Outcome::NoTls)
                .done(),
        ];
        assert!(endings(&attempts).all(|end| end == Ending::Through));
    }
}
