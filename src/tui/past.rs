//! The scans before this one: asked for on a blocking thread, one question at a time, since they are read from disk.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::changes::{Comparison, HostRecord, PastHost, between};
use crate::clock;
use crate::fleet::{Fleet, Host, HostId};
use crate::model::{Change, ChangeClass, EpochId};

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
    Host(HostId, Result<PastOfHost, String>),
}

/// A host in the scans before the one that is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PastOfHost {
    /// Oldest first.
    pub(super) scans: Vec<PastHost>,
    /// How it changed from one to the next, the newest first, with the start of the later one.
    pub(super) changes: Vec<(Timestamp, Change)>,
}

impl PastOfHost {
    fn new(mut scans: Vec<PastHost>, shown: EpochId) -> Self {
        // Of the scan that is shown, the host is on the page.
        scans.retain(|past| past.id != shown);
        let pairs = scans.iter().zip(scans.iter().skip(1)).rev();
        let changes = pairs.flat_map(|(before, after)| {
            let changes = changes(&before.record, &after.record);
            changes.map(|change| (after.began, change))
        });
        Self {
            changes: changes.collect(),
            scans,
        }
    }
}

/// One that was not scanned has not changed.
pub(super) fn changes(before: &HostRecord, after: &HostRecord) -> impl Iterator<Item = Change> {
    let changes = between(before, after).into_iter();
    changes.filter(|change| change.class != ChangeClass::NotScanned)
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
                let scans = self.scans.of_host(scan, &HostRecord::of(&host));
                PastFound::Host(id, scans.map(|scans| PastOfHost::new(scans, scan)))
            }
        };
        PastAnswer { of: self.of, found }
    }
}
