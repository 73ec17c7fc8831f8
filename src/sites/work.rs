//! A shard as it travels to a worker.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{EVENT_SCHEMA, HostKey, PlannedWork, ScanId, Site};
use crate::record::schema::{Compatibility, compare};
use crate::targets::{DamagedPlan, TargetSet};

/// Version of [`Work`].
const SCHEMA: &str = "rdpscan.work/1";

/// A shard to be scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    schema: Box<str>,
    /// Version of the events that its coordinator reads.
    events: Box<str>,
    pub scan: ScanId,
    /// Where it is to be scanned from, or `any`.
    pub site: Site,
    pub shard: u32,
    pub seed: u64,
    /// Its deliveries are counted on from here.
    pub earlier_deliveries: u32,
    /// Its targets, and the settings of the scan.
    pub plan: PlannedWork,
}

/// Why a message is no work for this version.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    #[error("it is of another version, {0}")]
    Version(Box<str>),
    #[error("it is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    #[error(transparent)]
    Plan(#[from] DamagedPlan),
}

impl Work {
    #[must_use]
    pub fn new(
        scan: ScanId,
        site: Site,
        shard: u32,
        seed: u64,
        earlier_deliveries: u32,
        plan: PlannedWork,
    ) -> Self {
        Self {
            schema: SCHEMA.into(),
            events: EVENT_SCHEMA.into(),
            scan,
            site,
            shard,
            seed,
            earlier_deliveries,
            plan,
        }
    }

    /// As one message.
    ///
    /// # Errors
    /// Never, since every field has a form in JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WorkError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Reads a message.
    ///
    /// # Errors
    /// It is of another version, or damaged.
    pub fn read(bytes: &[u8]) -> Result<Self, WorkError> {
        #[derive(Deserialize)]
        struct Head {
            schema: Box<str>,
            events: Box<str>,
        }
        let Head { schema, events } = serde_json::from_slice(bytes)?;
        for (theirs, own) in [(schema, SCHEMA), (events, EVENT_SCHEMA)] {
            let compared = compare(&theirs, own);
            if !matches!(compared, Compatibility::Same | Compatibility::NewerMinor) {
                return Err(WorkError::Version(theirs));
            }
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// # Errors
    /// Its texts are no targets.
    pub fn targets(&self) -> Result<Arc<TargetSet>, WorkError> {
        Ok(TargetSet::from_planned(&self.plan)?.into())
    }

    /// What the user listed one by one.
    pub fn listed(&self) -> impl Iterator<Item = HostKey> {
        self.plan.listed_hosts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_read_as_it_is_written_and_another_version_is_refused() {
        let scan = "20261201T110000Z-00c0ffee".parse().unwrap();
        let site: Site = "berlin".parse().unwrap();
        let work = Work::new(scan, site, 3, 7, 10, PlannedWork::default());
        let bytes = work.to_bytes().unwrap();
        assert_eq!(Work::read(&bytes).unwrap(), work);
        let text = String::from_utf8(bytes).unwrap();
        for (own, newer) in [("work/1", "work/2"), ("events/1", "events/2")] {
            let newer = text.replace(own, newer);
            let error = Work::read(newer.as_bytes()).unwrap_err();
            assert!(matches!(error, WorkError::Version(_)), "{error}");
            assert!(
                error
                    .to_string()
                    .starts_with("it is of another version, rdpscan.")
            );
        }
        for damaged in [&b"{}"[..], b"", b"\0\0"] {
            assert!(Work::read(damaged).is_err());
        }
    }
}
