//! Where the scan stands, as numbers for a header: rate, shares, time left.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::Progress;

/// Weight of the newest sample in the moving averages.
const SMOOTHING: f64 = 0.2;

/// Counters of the scan, and the rates derived from them.
#[derive(Debug)]
pub(super) struct Meter {
    start: Instant,
    sampled_at: Instant,
    launched: u64,
    launched_then: u64,
    discovered_then: u64,
    launch_rate: f64,
    discovery_rate: f64,
    pub(super) planned: u64,
    pub(super) discovered: u64,
    pub(super) answered: u64,
    pub(super) answered_on_retry: u64,
}

impl Meter {
    pub(super) fn new(planned: u64, now: Instant) -> Self {
        Self {
            start: now,
            sampled_at: now,
            launched: 0,
            launched_then: 0,
            discovered_then: 0,
            launch_rate: 0.0,
            discovery_rate: 0.0,
            planned,
            discovered: 0,
            answered: 0,
            answered_on_retry: 0,
        }
    }

    pub(super) fn launched(&mut self) {
        self.launched += 1;
    }

    /// Takes a sample and gives the numbers that the meter itself knows; the rest is the dispatcher's.
    pub(super) fn sample(&mut self, now: Instant) -> Progress {
        let span = now.duration_since(self.sampled_at).as_secs_f64();
        // A rate over less than a second is noise, and the burst at the start would look like a broken promise.
        if span >= 1.0 {
            let blend = |old: f64, count: u64| {
                let fresh = count as f64 / span;
                if old == 0.0 {
                    fresh
                } else {
                    old + SMOOTHING * (fresh - old)
                }
            };
            self.launch_rate = blend(self.launch_rate, self.launched - self.launched_then);
            self.discovery_rate =
                blend(self.discovery_rate, self.discovered - self.discovered_then);
            self.sampled_at = now;
            self.launched_then = self.launched;
            self.discovered_then = self.discovered;
        }
        Progress {
            planned: self.planned,
            discovered: self.discovered,
            answered: self.answered,
            answered_on_retry: self.answered_on_retry,
            rate: self.launch_rate,
            elapsed: now.duration_since(self.start),
            left: self.left(),
            ..Progress::default()
        }
    }

    fn left(&self) -> Option<Duration> {
        let remaining = self.planned.saturating_sub(self.discovered) as f64;
        if remaining == 0.0 {
            return Some(Duration::ZERO);
        }
        Duration::try_from_secs_f64(remaining / self.discovery_rate).ok()
    }
}
