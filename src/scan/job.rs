//! A connection to be made, and why.

use crate::model::Endpoint;

/// Names a task of the driver: a connection or a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TaskId(pub(super) u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    /// The first connection of an endpoint, in this 0-based round.
    Discover { round: u8 },
    /// A further attempt at a host.
    Again,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Job {
    pub(super) endpoint: Endpoint,
    pub(super) purpose: Purpose,
    /// An endpoint of the sweep that may have been tried already: it is counted where the sweep counts it.
    pub(super) repeat: bool,
    /// How often a failure of this machine sent the job back.
    pub(super) local_tries: u8,
}

impl Job {
    pub(super) const fn discover(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            purpose: Purpose::Discover { round: 0 },
            repeat: false,
            local_tries: 0,
        }
    }

    pub(super) const fn again(endpoint: Endpoint) -> Self {
        Self {
            purpose: Purpose::Again,
            ..Self::discover(endpoint)
        }
    }

    /// The round of discovery; `None` for a further attempt.
    pub(super) const fn round(&self) -> Option<u8> {
        match self.purpose {
            Purpose::Discover { round } => Some(round),
            Purpose::Again => None,
        }
    }
}
