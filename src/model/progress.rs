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
    /// Attempts still to be made at answering hosts (stability, names, members).
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
    /// Estimated time to the end, when it can be told.
    pub left: Option<Duration>,
    /// The connection that has been under way longest, when that is over two seconds.
    pub slowest: Option<(Endpoint, Duration)>,
    /// The scan is over.
    pub finished: bool,
}
