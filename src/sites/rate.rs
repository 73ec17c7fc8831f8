//! The rate of a site, divided among its live workers.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// Without a heartbeat for so long, a worker is gone. They come every two seconds.
pub(super) const GONE: Duration = Duration::from_secs(7);
/// Workers of a site that are counted.
const MOST: usize = 1 << 12;

/// The workers that are responding.
#[derive(Debug, Default)]
pub struct LiveWorkers(HashMap<Box<str>, Instant>);

impl LiveWorkers {
    pub fn responds(&mut self, worker: &str, now: Instant) {
        self.0.retain(|_, at| now.duration_since(*at) < GONE);
        if self.0.len() < MOST {
            self.0.insert(worker.into(), now);
        }
    }

    #[must_use]
    pub fn count(&self, now: Instant) -> u32 {
        let live = self.0.values();
        let live = live.filter(|at| now.duration_since(**at) < GONE).count();
        u32::try_from(live).unwrap_or(u32::MAX)
    }

    /// The part of a rate that is one worker's; 0 is no cap. It is among the live ones itself.
    #[must_use]
    pub fn share(&self, rate: u32, now: Instant) -> u32 {
        match rate {
            0 => 0,
            rate => (rate / self.count(now).max(1)).max(1),
        }
    }
}

/// The stricter of two caps, where 0 is none.
#[must_use]
pub fn stricter(one: u32, other: u32) -> u32 {
    match (one, other) {
        (0, cap) | (cap, 0) => cap,
        (one, other) => one.min(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_rate_is_divided_among_the_workers_that_live() {
        let mut live = LiveWorkers::default();
        let start = crate::clock::monotonic();
        assert_eq!(live.share(1000, start), 1000, "alone");
        for worker in ["one", "two", "three", "two"] {
            live.responds(worker, start);
        }
        assert_eq!(live.share(1000, start), 333);
        assert_eq!((live.share(0, start), live.share(2, start)), (0, 1));
        let later = start + GONE;
        live.responds("two", later);
        assert_eq!((live.count(later), live.share(1000, later)), (1, 1000));
    }

    #[test]
    fn the_stricter_cap_wins_and_none_is_the_weakest() {
        for (one, other, wanted) in [(0, 0, 0), (0, 5, 5), (5, 0, 5), (3, 5, 3)] {
            assert_eq!(stricter(one, other), wanted);
        }
    }
}
