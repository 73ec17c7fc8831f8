//! Addresses of a sweep that were only counted while the user's names were still being looked up: one of the names may yet lead
//! there, and then the address is a row and counts no more among those without one.

use std::collections::HashMap;

use crate::model::{Endpoint, Outcome, UnlistedCounts};

/// Addresses remembered. Names are looked up long before that many have been tried.
const MOST: usize = 65_536;

/// Which of the sums an endpoint without a row of its own belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sum {
    Closed,
    Filtered,
    Unreachable,
    NotProbed,
}

impl Sum {
    pub(super) const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Refused | Outcome::Reset { .. } => Self::Closed,
            Outcome::HostUnreachable | Outcome::NetworkUnreachable => Self::Unreachable,
            outcome if outcome.is_ours() => Self::NotProbed,
            _ => Self::Filtered,
        }
    }

    pub(super) const fn within(self, counts: &mut UnlistedCounts) -> &mut u64 {
        match self {
            Self::Closed => &mut counts.closed,
            Self::Filtered => &mut counts.filtered,
            Self::Unreachable => &mut counts.unreachable,
            Self::NotProbed => &mut counts.not_probed,
        }
    }
}

/// What the sweep has passed.
#[derive(Debug, Default)]
pub(super) struct Passed {
    sums: HashMap<Endpoint, Sum>,
    /// There were more than are remembered.
    overflown: bool,
}

impl Passed {
    pub(super) fn remember(&mut self, endpoint: Endpoint, sum: Sum) {
        if self.sums.len() < MOST {
            self.sums.insert(endpoint, sum);
        } else {
            self.overflown = true;
        }
    }

    /// Where the endpoint was counted; once.
    pub(super) fn take(&mut self, endpoint: Endpoint) -> Option<Sum> {
        self.sums.remove(&endpoint)
    }

    /// Whether an endpoint may have been counted that is not remembered.
    pub(super) const fn is_overflown(&self) -> bool {
        self.overflown
    }

    /// No more names are to come.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
