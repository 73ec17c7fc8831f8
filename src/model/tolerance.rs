//! What a host accepts of the probes sent to it, counted over all attempts.

use super::{Attempt, Outcome, ProbeKind, Stage, TlsHandshake};

/// Equal refusals from which on they count as systematic.
const REPEATED: u32 = 3;

/// How a default probe was answered at one stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Accepted.
    Taken,
    /// Refused by a message of the protocol.
    Declined,
    /// The connection ended, or broke the protocol, without such a message.
    Cut,
    /// No answer within the deadline.
    Late,
}

impl Reply {
    /// The answer to the X.224 request of a default probe; `None` for other probes, and where the stage was not reached.
    #[must_use]
    pub fn to_request(attempt: &Attempt) -> Option<Self> {
        if attempt.probe != ProbeKind::Default {
            return None;
        }
        match &attempt.stage(Stage::X224)?.outcome {
            Outcome::Ok | Outcome::NoTls => Some(Self::Taken),
            Outcome::NegotiationFailure { .. } => Some(Self::Declined),
            Outcome::Timeout { .. } => Some(Self::Late),
            outcome if outcome.is_close() => Some(Self::Cut),
            _ => None,
        }
    }

    /// The answer to the TLS hello of a default probe; `None` for other probes, and where the stage was not reached. A
    /// handshake that failed after the `ServerHello` had its hello accepted.
    #[must_use]
    pub fn to_hello(attempt: &Attempt) -> Option<Self> {
        if !attempt.probe.is_default() {
            return None;
        }
        let outcome = &attempt.stage(Stage::Tls)?.outcome;
        let answered = || {
            attempt
                .tls
                .as_ref()
                .is_some_and(|tls| tls.version.is_some())
        };
        match outcome {
            Outcome::Ok => Some(Self::Taken),
            Outcome::ClientRefused { .. } => Some(Self::Declined),
            _ if answered() => Some(Self::Taken),
            Outcome::Alert { .. } => Some(Self::Declined),
            Outcome::Timeout { .. } => None,
            _ if outcome.blames_peer() => Some(Self::Cut),
            _ => None,
        }
    }
}

/// How often default probes were answered in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplyCounts {
    /// Accepted.
    pub taken: u32,
    /// Refused by a message.
    pub declined: u32,
    /// Cut off.
    pub cut: u32,
    /// Not answered within the deadline.
    pub late: u32,
}

impl ReplyCounts {
    fn count(&mut self, reply: Option<Reply>) {
        let counted = match reply {
            Some(Reply::Taken) => &mut self.taken,
            Some(Reply::Declined) => &mut self.declined,
            Some(Reply::Cut) => &mut self.cut,
            Some(Reply::Late) => &mut self.late,
            None => return,
        };
        *counted = counted.saturating_add(1);
    }

    /// Whether something else was accepted every time this was refused: by a message, or by cutting it off repeatedly.
    const fn is_met_by(self, other: ProbeCounts) -> bool {
        self.taken == 0
            && other.through > 0
            && (self.declined > 0 || (self.cut >= REPEATED && other.failed == 0))
    }

    /// Whether one refusal of this kind is explained by another probe that is accepted. A host that refuses by a message does not
    /// also cut connections: there the cut is a fault.
    const fn excuses(self, reply: Reply, other: ProbeCounts) -> bool {
        self.is_met_by(other)
            && match reply {
                Reply::Declined => true,
                Reply::Cut => self.declined == 0,
                Reply::Taken | Reply::Late => false,
            }
    }
}

/// How often another probe got through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProbeCounts {
    /// It completed.
    pub through: u32,
    /// The peer ended it earlier.
    pub failed: u32,
}

impl ProbeCounts {
    /// A failure before the stage `asked` does not count.
    fn count(&mut self, attempt: &Attempt, asked: Stage) {
        let counted = match attempt.failure() {
            None | Some((_, Outcome::NoTls) | (Stage::Credssp, _)) => &mut self.through,
            Some((stage, outcome)) if stage >= asked && outcome.blames_peer() => &mut self.failed,
            Some(_) => return,
        };
        *counted = counted.saturating_add(1);
    }
}

/// What a host accepts, from all attempts at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProbeTolerance {
    /// The X.224 request of default probes.
    pub request: ReplyCounts,
    /// Their TLS hello.
    pub hello: ReplyCounts,
    /// Handshakes cut off after the `ServerHello`.
    hello_cut_late: u32,
    /// Another X.224 request, bare or with more protocols.
    pub other_request: ProbeCounts,
    /// The other request was answered, if only by a refusal.
    pub other_request_answered: u32,
    /// The legacy hello.
    pub legacy_hello: ProbeCounts,
    /// The legacy hello negotiated a version and suite that the modern hello offers too.
    legacy_hello_modern: u32,
    /// The long deadline, where it was needed.
    pub long_deadline: ProbeCounts,
    /// The X.224 answer came within the long deadline, and not within the usual one.
    pub answered_late: bool,
    /// The longest unsuccessful wait of a default probe for an X.224 answer, in microseconds.
    waited_us: u32,
    /// The legacy hello was refused by an alert.
    legacy_hello_declined: u32,
    /// TLS without X.224 before it was tried.
    pub direct_tls_made: bool,
    /// It succeeded.
    pub direct_tls_up: bool,
}

impl ProbeTolerance {
    /// From so many attempts.
    #[must_use]
    pub fn of(attempts: &[Attempt]) -> Self {
        let mut tolerance = Self::default();
        for attempt in attempts {
            tolerance.observe(attempt);
        }
        tolerance
    }

    /// Counts one more attempt.
    pub fn observe(&mut self, attempt: &Attempt) {
        self.request.count(Reply::to_request(attempt));
        self.hello.count(Reply::to_hello(attempt));
        if Reply::to_hello(attempt) == Some(Reply::Taken)
            && let Some(record) = attempt.stage(Stage::Tls)
        {
            self.hello_cut_late += u32::from(record.outcome.is_close());
        }
        match attempt.probe {
            ProbeKind::WithoutNla => {}
            ProbeKind::Default => {
                if let Some(record) = attempt.stage(Stage::X224)
                    && matches!(record.outcome, Outcome::Timeout { .. })
                {
                    self.waited_us = self.waited_us.max(record.duration_us);
                }
            }
            ProbeKind::LongDeadline => {
                let x224 = attempt.stage(Stage::X224);
                let answered =
                    x224.filter(|record| matches!(record.outcome, Outcome::Ok | Outcome::NoTls));
                match answered {
                    // Answered within the usual time: the earlier timeout was not slowness.
                    Some(record) if record.duration_us <= self.waited_us => {
                        self.request.count(Some(Reply::Taken));
                    }
                    Some(_) => {
                        self.answered_late = true;
                        self.long_deadline.count(attempt, Stage::X224);
                    }
                    None => self.long_deadline.count(attempt, Stage::X224),
                }
            }
            ProbeKind::BareRequest | ProbeKind::HybridExRequest => {
                self.other_request.count(attempt, Stage::X224);
                self.other_request_answered = self
                    .other_request_answered
                    .saturating_add(u32::from(attempt.negotiation.is_some()));
            }
            ProbeKind::LegacyHello => {
                self.legacy_hello.count(attempt, Stage::Tls);
                let declined = attempt
                    .stage(Stage::Tls)
                    .is_some_and(|record| matches!(record.outcome, Outcome::Alert { .. }));
                self.legacy_hello_declined = self
                    .legacy_hello_declined
                    .saturating_add(u32::from(declined));
                let modern = attempt.tls.as_ref().is_some_and(|tls| {
                    tls.handshake == TlsHandshake::LegacyPeek && tls.is_modern()
                });
                self.legacy_hello_modern =
                    self.legacy_hello_modern.saturating_add(u32::from(modern));
            }
            ProbeKind::DirectTls => {
                let up = attempt
                    .stage(Stage::Tls)
                    .is_some_and(|record| record.outcome.is_ok());
                self.direct_tls_up |= up;
                self.direct_tls_made = true;
            }
        }
    }

    /// Only the legacy hello is accepted.
    #[must_use]
    pub const fn is_legacy_only(self) -> bool {
        self.hello.is_met_by(self.legacy_hello)
    }

    /// Only another X.224 request is accepted.
    #[must_use]
    pub const fn needs_other_request(self) -> bool {
        self.request.is_met_by(self.other_request)
    }

    /// The X.224 answer comes, but only within the long deadline.
    #[must_use]
    pub const fn is_slow_to_answer(self) -> bool {
        self.answers_too_late() && self.long_deadline.through > 0
    }

    /// Every X.224 answer came too late for the usual deadline.
    #[must_use]
    pub const fn answers_too_late(self) -> bool {
        self.request.taken == 0 && self.request.cut == 0 && self.answered_late
    }

    /// Whether this attempt's X.224 failure does not affect a client that sends another request, or waits longer.
    #[must_use]
    pub fn excuses_request(self, attempt: &Attempt) -> bool {
        Reply::to_request(attempt).is_some_and(|reply| match reply {
            Reply::Late => self.is_slow_to_answer(),
            reply => self.request.excuses(reply, self.other_request),
        })
    }

    /// Whether this attempt's TLS failure does not affect a client that sends an older hello.
    #[must_use]
    pub fn excuses_hello(self, attempt: &Attempt) -> bool {
        Reply::to_hello(attempt).is_some_and(|reply| self.hello.excuses(reply, self.legacy_hello))
    }

    /// Another probe was accepted in a way that a server accepting the default probe would show too: either the host refuses the
    /// default probe, or several servers answer in turn. Only repeating the default probe decides.
    #[must_use]
    pub const fn is_ambiguous(self) -> bool {
        let request = self.request.cut > 0 && self.other_request_answered > 0;
        let refused = self.hello.cut + self.hello.declined + self.hello_cut_late;
        let hello = refused > 0
            && (self.legacy_hello_modern > 0
                || (self.hello.declined == 0 && self.legacy_hello_declined > 0));
        request || hello
    }
}
