//! The rate cap: a generic cell rate algorithm on the runtime's clock, with a short burst so that a small sweep starts at once.

use std::time::{Duration, Instant};

/// A quarter of a second's worth may go out in one burst.
const BURST: Duration = Duration::from_millis(250);
/// Where requests get lost, bursts are what loses them: limits of firewalls and backlogs hold a few dozen.
const BURST_OF_SLOWED: Duration = Duration::from_millis(10);

/// When the next connect may start.
#[derive(Debug)]
pub(in crate::scan) struct Pacer {
    per_second: u32,
    /// The time between two connects; zero without a cap.
    cost: Duration,
    /// How far ahead of the steady schedule connects may run.
    tolerance: Duration,
    /// When the steady schedule would have its next connect.
    theoretical: Instant,
}

impl Pacer {
    /// A cap of `per_second` connects, 0 for none.
    pub(in crate::scan) fn new(per_second: u32, now: Instant) -> Self {
        Self {
            per_second,
            cost: cost(per_second),
            tolerance: BURST,
            theoretical: now,
        }
    }

    pub(in crate::scan) const fn cap(&self) -> u32 {
        self.per_second
    }

    pub(in crate::scan) fn set_cap(&mut self, per_second: u32) {
        self.per_second = per_second;
        self.cost = cost(per_second);
        self.tolerance = BURST;
    }

    /// A lower cap, since requests get lost.
    pub(in crate::scan) fn slow_to(&mut self, per_second: u32) {
        self.set_cap(per_second);
        self.tolerance = BURST_OF_SLOWED;
    }

    /// `Ok` counts a connect that may start now; `Err` is when one may.
    pub(in crate::scan) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        if self.cost.is_zero() {
            return Ok(());
        }
        let earliest = self.theoretical.checked_sub(self.tolerance).unwrap_or(now);
        if earliest > now {
            return Err(earliest);
        }
        self.theoretical = self.theoretical.max(now) + self.cost;
        Ok(())
    }

    /// A connect that was counted was not made.
    pub(in crate::scan) fn give_back(&mut self) {
        self.theoretical = self
            .theoretical
            .checked_sub(self.cost)
            .unwrap_or(self.theoretical);
    }
}

fn cost(per_second: u32) -> Duration {
    match per_second {
        0 => Duration::ZERO,
        rate => Duration::from_secs(1) / rate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_within(rate: u32, window: Duration) -> u32 {
        let start = crate::clock::monotonic().into_std();
        taken_from(Pacer::new(rate, start), start, window)
    }

    fn taken_from(mut pacer: Pacer, start: Instant, window: Duration) -> u32 {
        let mut now = start;
        let mut taken = 0;
        while now < start + window {
            match pacer.take(now) {
                Ok(()) => taken += 1,
                Err(at) => now = at,
            }
        }
        taken
    }

    #[test]
    fn a_cap_lets_through_its_rate_and_one_burst() {
        let taken = taken_within(1000, Duration::from_secs(2));
        assert!((2000..=2260).contains(&taken), "{taken}");
    }

    #[test]
    fn a_scan_that_was_slowed_down_sends_no_bursts() {
        let start = crate::clock::monotonic().into_std();
        let mut pacer = Pacer::new(2000, start);
        pacer.slow_to(1000);
        let at_once = taken_from(pacer, start, Duration::from_millis(1));
        assert!((1..=12).contains(&at_once), "{at_once}");
    }

    #[test]
    fn a_connect_given_back_can_be_taken_again() {
        let now = crate::clock::monotonic().into_std();
        let mut pacer = Pacer::new(1, now);
        assert_eq!(pacer.take(now), Ok(()));
        assert!(pacer.take(now).is_err());
        pacer.give_back();
        assert_eq!(pacer.take(now), Ok(()));
    }

    #[test]
    fn no_cap_never_waits() {
        let now = crate::clock::monotonic().into_std();
        let mut pacer = Pacer::new(0, now);
        assert!((0..10_000).all(|_| pacer.take(now).is_ok()));
    }
}
