//! What a host makes of the questions that an attempt puts differently on a second connection when they come to nothing.

use super::{Attempt, ConnectionPurpose, Outcome, Stage, TlsMethod, TlsVersion};

/// So many cuts and nothing else are a host's way. One may be an accident.
const REPEATED: u32 = 2;

/// What became of a question of ours in one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// The host took it.
    Taken,
    /// The host said no to it, and took another.
    Declined,
    /// The connection ended on it without such a word, and another was taken. That is how some hosts say no, and how an
    /// accident looks: no single attempt tells the two apart.
    Cut,
}

impl Reception {
    /// How the modern hello was received; `None` where it was not sent, or no other hello was taken either.
    #[must_use]
    pub fn of_modern_hello(attempt: &Attempt) -> Option<Self> {
        let tls = attempt.tls.as_ref()?;
        match tls.method {
            TlsMethod::Full => return Some(Self::Taken),
            TlsMethod::Failed => return None,
            TlsMethod::LegacyPeek => {}
        }
        let outcome = &attempt.stage(Stage::Tls)?.outcome;
        // Who answers a hello that goes up to TLS 1.2 with less has nothing for the modern one.
        let too_old = tls
            .version
            .is_some_and(|version| version < TlsVersion::TLS_1_2);
        match outcome {
            Outcome::ClientRefused { .. } => Some(Self::Declined),
            _ if outcome.finds_nothing_in_common() => Some(Self::Declined),
            _ if too_old && outcome.blames_peer() => Some(Self::Declined),
            // It was answered, with what both could speak: what failed came later, where the peek does not go.
            Outcome::Closed { received: 1.. } | Outcome::Reset { received: 1.. }
                if tls.is_modern() =>
            {
                None
            }
            _ if outcome.blames_peer() => Some(Self::Cut),
            _ => None,
        }
    }

    /// How the first X.224 request was received, which offers TLS and NLA; `None` where no request was taken.
    #[must_use]
    pub fn of_first_request(attempt: &Attempt) -> Option<Self> {
        let taken = |outcome: &Outcome| matches!(outcome, Outcome::Ok | Outcome::NoTls);
        let first = &attempt.stage(Stage::X224)?.outcome;
        if taken(first) {
            return Some(Self::Taken);
        }
        let second = attempt.stages.iter().find(|record| {
            record.stage == Stage::X224 && record.connection == ConnectionPurpose::Renegotiate
        })?;
        match first {
            _ if !taken(&second.outcome) => None,
            Outcome::NegotiationFailure { .. } => Some(Self::Declined),
            _ if first.blames_peer() => Some(Self::Cut),
            _ => None,
        }
    }
}

/// How often a question was received in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Attempts in which it was taken.
    pub taken: u32,
    /// Attempts in which it was declined in words.
    pub declined: u32,
    /// Attempts in which the connection was cut on it.
    pub cut: u32,
}

impl Tally {
    fn count(&mut self, reception: Option<Reception>) {
        let counted = match reception {
            Some(Reception::Taken) => &mut self.taken,
            Some(Reception::Declined) => &mut self.declined,
            Some(Reception::Cut) => &mut self.cut,
            None => return,
        };
        *counted = counted.saturating_add(1);
    }

    /// Cut again and again and never taken: the host's way of saying no, and no accident.
    #[must_use]
    pub const fn is_always_cut(self) -> bool {
        self.taken == 0 && self.cut >= REPEATED
    }

    /// The host does not take it: it said so, or always cuts it.
    #[must_use]
    pub const fn is_unwelcome(self) -> bool {
        self.taken == 0 && (self.declined > 0 || self.cut >= REPEATED)
    }

    /// Only another question was ever taken, be it by accident.
    #[must_use]
    pub const fn is_only_met_otherwise(self) -> bool {
        self.taken == 0 && (self.declined > 0 || self.cut > 0)
    }
}

/// A host's manner of receiving what a modern client sends, from all attempts at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Manner {
    /// Of the modern hello.
    pub modern_hello: Tally,
    /// Of the first X.224 request.
    pub first_request: Tally,
}

impl Manner {
    /// From so many attempts.
    #[must_use]
    pub fn of(attempts: &[Attempt]) -> Self {
        let mut manner = Self::default();
        for attempt in attempts {
            manner.observe(attempt);
        }
        manner
    }

    /// Takes one more attempt in.
    pub fn observe(&mut self, attempt: &Attempt) {
        self.modern_hello.count(Reception::of_modern_hello(attempt));
        self.first_request
            .count(Reception::of_first_request(attempt));
    }
}
