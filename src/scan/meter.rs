//! Counters of progress, and the rates derived from them.

use std::time::{Duration, Instant};

use crate::model::Progress;

/// Weight of the newest sample in the moving averages.
const SMOOTHING: f64 = 0.2;

#[derive(Debug)]
pub(super) struct Meter {
    start: Instant,
    sampled_at: Instant,
    launched: u64,
    launched_then: u64,
    discovered_then: u64,
    /// Connects per second between the last two samples.
    sampled_rate: u32,
    launch_rate: f64,
    discovery_rate: f64,
    pub(super) planned: u64,
    pub(super) discovered: u64,
    pub(super) answered: u64,
    further: Further,
    /// Silent endpoints that are asked again.
    again: Further,
}

/// Attempts at hosts after the first one, which is discovery's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Further {
    pub(super) made: u64,
    pub(super) wanted: u64,
}

impl Meter {
    pub(super) fn new(planned: u64, now: Instant) -> Self {
        Self {
            start: now,
            sampled_at: now,
            launched: 0,
            launched_then: 0,
            discovered_then: 0,
            sampled_rate: 0,
            launch_rate: 0.0,
            discovery_rate: 0.0,
            planned,
            discovered: 0,
            answered: 0,
            further: Further::default(),
            again: Further::default(),
        }
    }

    /// Counts from zero; the elapsed time goes on.
    pub(super) fn restart(&mut self, planned: u64) {
        self.planned = planned;
        self.discovered = 0;
        self.discovered_then = 0;
        self.answered = 0;
        self.further = Further::default();
        self.again = Further::default();
    }

    /// So many silent endpoints are to be asked again.
    pub(super) fn will_ask_again(&mut self, count: u64) {
        self.again.wanted += count;
    }

    /// One of them was.
    pub(super) fn asked_again(&mut self) {
        self.again.made += 1;
    }

    /// Connects started per second of late, never less than what has just been going on for a moment.
    pub(super) fn newest_rate(&self, now: Instant) -> u32 {
        self.sampled_rate.max(self.rate_since_sample(now))
    }

    fn rate_since_sample(&self, now: Instant) -> u32 {
        let span_ms = now.duration_since(self.sampled_at).as_millis().max(250);
        let launched = u128::from(self.launched - self.launched_then);
        u32::try_from(launched * 1000 / span_ms).unwrap_or(u32::MAX)
    }

    /// How many connects of discovery ended for each that found a host, with so many in flight; at least 1.
    pub(super) fn connects_per_answer(&self, in_flight: usize) -> usize {
        let others = self.further.made.saturating_add(in_flight as u64);
        let ended = self.launched.saturating_sub(others);
        usize::try_from(ended / (self.answered + 1)).map_or(usize::MAX, |each| each.max(1))
    }

    /// Further attempts at a host are other ones than before.
    pub(super) fn revise(&mut self, before: Further, after: Further) {
        let revised = |all: u64, before: u64, after: u64| (all + after).saturating_sub(before);
        self.further = Further {
            made: revised(self.further.made, before.made, after.made),
            wanted: revised(self.further.wanted, before.wanted, after.wanted),
        };
    }

    pub(super) fn launched(&mut self) {
        self.launched += 1;
    }

    /// Takes a sample and returns the numbers that the meter knows.
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
            self.discovery_rate = blend(
                self.discovery_rate,
                self.discovered.saturating_sub(self.discovered_then),
            );
            self.sampled_rate = self.rate_since_sample(now);
            self.sampled_at = now;
            self.launched_then = self.launched;
            self.discovered_then = self.discovered;
        }
        Progress {
            planned: self.planned,
            discovered: self.discovered,
            answered: self.answered,
            work_done: self.discovered + self.further.made + self.again.made,
            work_known: self.planned.max(self.discovered) + self.further.wanted + self.again.wanted,
            attempts_pending: self.further.wanted.saturating_sub(self.further.made),
            rate: self.launch_rate,
            elapsed: now.duration_since(self.start),
            ..Progress::default()
        }
    }

    /// Further attempts that `untried` endpoints will bring, if they are like those that were tried.
    pub(super) fn further_expected(&self, untried: u64) -> u64 {
        let tried = self.planned.max(self.discovered).saturating_sub(untried);
        let expected =
            u128::from(untried) * u128::from(self.further.wanted) / u128::from(tried.max(1));
        u64::try_from(expected).unwrap_or(u64::MAX)
    }

    /// Endpoints of which neither the first answer nor the final silence is known.
    pub(super) fn undiscovered(&self) -> u64 {
        self.planned.saturating_sub(self.discovered)
    }

    /// Connects started per second over the last seconds.
    pub(super) fn launch_rate(&self) -> f64 {
        self.launch_rate
    }

    /// Time until the first answer, or the final silence, of every endpoint is known.
    pub(super) fn discovery_left(&self) -> Option<Duration> {
        let remaining = self.undiscovered() as f64;
        if remaining == 0.0 {
            return Some(Duration::ZERO);
        }
        Duration::try_from_secs_f64(remaining / self.discovery_rate).ok()
    }
}
