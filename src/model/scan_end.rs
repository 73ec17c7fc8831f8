use std::ops::Add;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScanStatus {
    /// Everything planned was done.
    Complete,
    /// Stopped by the user, a signal or `--max-time`.
    Interrupted,
}

/// Counts of addresses that have no event of their own: swept, not listed, and not answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct UnlistedCounts {
    /// Refused the connection.
    pub closed: u64,
    /// Did not answer.
    pub filtered: u64,
    /// Reported unreachable by the network.
    pub unreachable: u64,
    /// Not tried, or not to the end, because of a local failure or the user.
    pub not_probed: u64,
}

impl UnlistedCounts {
    /// What to do where a scan lists no host, and has met addresses all the same.
    #[must_use]
    pub fn hint(self) -> Option<&'static str> {
        let hint =
            "silent and closed addresses of a range are not listed: scan with --all to list them";
        [self.closed, self.filtered, self.unreachable]
            .into_iter()
            .any(|count| count > 0)
            .then_some(hint)
    }
}

impl Add for UnlistedCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            closed: self.closed.saturating_add(other.closed),
            filtered: self.filtered.saturating_add(other.filtered),
            unreachable: self.unreachable.saturating_add(other.unreachable),
            not_probed: self.not_probed.saturating_add(other.not_probed),
        }
    }
}

/// The end of a scan. The counts are totals of the stream, so the newest event replaces earlier ones. An endpoint that was
/// probed again counts once, by its newest result; without a new result, by the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScanEnd {
    /// How it ended.
    pub status: ScanStatus,
    /// Endpoints tried at least once, until an answer or the final timeout.
    pub endpoints_probed: u64,
    /// Those of them without a row. In a sweep of more than 16,777,216 endpoints, a rescan resets these counts and
    /// `endpoints_probed`.
    pub unlisted: UnlistedCounts,
    /// Endpoints that, in their newest probe, answered only on a retry.
    pub answered_on_retry: u64,
    /// Planned endpoints without an event of their own that were not tried to the end, because the scan was interrupted.
    pub not_reached: u64,
}
