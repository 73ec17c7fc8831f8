//! The scans before this one: asked for on a blocking thread, one question at a time, since they are read from disk.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::changes::{Comparison, HostRecord, PastHost};
use crate::clock;
use crate::fleet::{Fleet, Host, HostId};
use crate::model::EpochId;

/// What the screens know of earlier scans. Its methods block.
pub trait PastScans: fmt::Debug + Send + Sync {
    /// What has changed since the scan before. Of the fleet it may read the rows, and what is known of the scan itself.
    ///
    /// # Errors
    /// Why nothing can be compared, and what to do; it stays so.
    fn compare(&self, fleet: &Fleet) -> Result<Comparison, String>;

    /// A host of this scan in the scans up to it, oldest first.
    ///
    /// # Errors
    /// Why they cannot be read.
    fn of_host(&self, scan: EpochId, host: &HostRecord) -> Result<Vec<PastHost>, String>;
}

/// A question to [`PastScans`].
#[derive(Debug)]
pub struct PastRequest {
    pub(super) scans: Arc<dyn PastScans>,
    /// The scan or sweep that is asked about.
    pub(super) of: Option<EpochId>,
    pub(super) question: PastQuestion,
}

#[derive(Debug)]
pub(super) enum PastQuestion {
    /// The number of facts that are judged, if none is waiting to be.
    Compare(Box<Fleet>, Option<u64>),
    Host(EpochId, HostId, Box<Host>),
}

/// For [`super::Action::PastFound`].
#[derive(Debug, Clone, PartialEq)]
pub struct PastAnswer {
    pub(super) of: Option<EpochId>,
    pub(super) found: PastFound,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum PastFound {
    Compared {
        found: Result<Comparison, String>,
        facts: Option<u64>,
        took: Duration,
    },
    Host(HostId, Result<Vec<PastHost>, String>),
}

impl PastRequest {
    #[must_use]
    pub fn answer(self) -> PastAnswer {
        let found = match self.question {
            PastQuestion::Compare(fleet, facts) => {
                let started = clock::monotonic();
                let found = self.scans.compare(&fleet);
                let took = clock::monotonic().saturating_duration_since(started);
                PastFound::Compared { found, facts, took }
            }
            PastQuestion::Host(scan, id, host) => {
                PastFound::Host(id, self.scans.of_host(scan, &HostRecord::of(&host)))
            }
        };
        PastAnswer { of: self.of, found }
    }
}
