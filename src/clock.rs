//! The only caller of "now". Everything else takes times as arguments or asks here, so that tests can own the clock.

use jiff::Timestamp;

/// The wall clock, UTC.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this module is the one place that reads the clock"
)]
pub fn wall() -> Timestamp {
    Timestamp::now()
}

/// The monotonic clock of the runtime; stands still under a paused tokio clock.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this module is the one place that reads the clock"
)]
pub fn monotonic() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// Whole microseconds since `start`, saturating at `u32::MAX` (71 minutes).
#[must_use]
pub fn micros_since(start: tokio::time::Instant) -> u32 {
    u32::try_from(monotonic().duration_since(start).as_micros()).unwrap_or(u32::MAX)
}
