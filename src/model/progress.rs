use std::time::Duration;

use super::Endpoint;

/// Progress of a scan, for headers and progress lines. Never recorded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// Endpoints planned so far (names add theirs when they resolve).
    pub planned: u64,
    /// Endpoints that answered or timed out finally.
    pub discovered: u64,
    /// Endpoints that accepted a connection.
    pub answered: u64,
    /// Endpoints that answered only after a silent round.
    pub answered_on_retry: u64,
    /// Completed connections of `work_known`.
    pub work_done: u64,
    /// Connections known to be needed: one per planned endpoint and unresolved name, and the further attempts at hosts. Grows
    /// with every host that answers.
    pub work_known: u64,
    /// Attempts still to be made at hosts after their first one.
    pub attempts_pending: u64,
    /// Current connections.
    pub in_flight: u32,
    /// The most connections allowed at once.
    pub in_flight_limit: u32,
    /// Connects started per second over the last seconds.
    pub rate: f64,
    /// The cap on `rate`; 0 is no cap.
    pub rate_cap: u32,
    /// Time since the start.
    pub elapsed: Duration,
    /// Estimated time to the end; `None` when unknown, as in a pause. Only [`Self::finished`] means the end.
    pub left: Option<Duration>,
    /// The oldest few connections of two seconds or more, oldest first, with their ages.
    pub stuck: Vec<(Endpoint, Duration)>,
    /// All connections of two seconds or more.
    pub stuck_count: u32,
    /// File descriptors of this process, where the operating system reports them.
    pub descriptors: Option<Descriptors>,
    /// The user has paused the scan.
    pub paused: bool,
    /// The scan is over.
    pub finished: bool,
    /// Time to the next sweep of a watched scan; `None` while one runs.
    pub next_sweep: Option<Duration>,
}

/// File descriptors of this process: every connection takes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors {
    /// Open now.
    pub used: u64,
    /// The most that may be open (the soft `RLIMIT_NOFILE`).
    pub limit: u64,
}

impl Progress {
    /// Share of the known work that is done, in whole percent; 100 only at the end.
    #[must_use]
    pub fn percent(&self) -> u64 {
        if self.finished {
            return 100;
        }
        let done = self.work_done.min(self.work_known);
        (done.saturating_mul(100))
            .checked_div(self.work_known)
            .unwrap_or(0)
            .min(99)
    }

    /// The oldest connection, if it is two seconds or older.
    #[must_use]
    pub fn slowest(&self) -> Option<(Endpoint, Duration)> {
        self.stuck.first().copied()
    }
}
