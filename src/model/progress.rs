use std::time::Duration;

use super::Endpoint;

/// Where a scan stands, for headers and progress lines. Not a fact about any host, so never recorded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// Endpoints planned so far (names add theirs when they resolve).
    pub planned: u64,
    /// Endpoints of which the first answer, or the final silence, is known.
    pub discovered: u64,
    /// Endpoints that accepted a connection.
    pub answered: u64,
    /// Endpoints that answered only after a silent round.
    pub answered_on_retry: u64,
    /// Connections made of those in `work_known`.
    pub work_done: u64,
    /// Connections that are known to be wanted: one for each endpoint planned and each name still to be resolved, and the
    /// further attempts at hosts that take more than one. It grows with every host that answers.
    pub work_known: u64,
    /// Attempts still to be made at hosts after their first one.
    pub attempts_pending: u64,
    /// Connections under way now.
    pub in_flight: u32,
    /// The most connections allowed at once.
    pub in_flight_limit: u32,
    /// Connects started per second over the last seconds.
    pub rate: f64,
    /// The cap on `rate`; 0 is no cap.
    pub rate_cap: u32,
    /// Time since the start.
    pub elapsed: Duration,
    /// Estimated time to the end; `None` when it cannot be told, as in a pause. Less than a second does not mean the end:
    /// that is [`Self::finished`].
    pub left: Option<Duration>,
    /// Connections that have been under way for two seconds or more: the oldest few, oldest first, and for how long.
    pub stuck: Vec<(Endpoint, Duration)>,
    /// How many such connections there are in all.
    pub stuck_count: u32,
    /// File descriptors of this process, where the operating system tells.
    pub descriptors: Option<Descriptors>,
    /// The user has paused the scan: nothing new is started.
    pub paused: bool,
    /// The scan is over.
    pub finished: bool,
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

    /// The connection that has been under way longest, when that is two seconds or more.
    #[must_use]
    pub fn slowest(&self) -> Option<(Endpoint, Duration)> {
        self.stuck.first().copied()
    }
}
