//! A limit on what is in flight, as TCP keeps its window: halved by trouble, raised step by step, and doubled until the first
//! trouble where nothing is known yet.

use std::time::{Duration, Instant};

/// Trouble with sockets never reduces the limit below this.
const LEAST: usize = 4;
/// Failures closer together than this halve the limit once.
const ONE_TROUBLE: Duration = Duration::from_millis(250);
/// Each time as many connections as allowed have ended well, one in so many more is allowed.
const STEPS: usize = 16;

#[derive(Debug)]
pub(in crate::scan) struct AdaptiveLimit {
    asked: usize,
    /// Trouble never makes it smaller than this.
    least: usize,
    allowed: usize,
    /// No trouble was seen yet.
    untroubled: bool,
    /// Connections that ended well since the limit last changed.
    well: usize,
    shrunk_at: Option<Instant>,
}

impl AdaptiveLimit {
    pub(in crate::scan) fn new(asked: usize) -> Self {
        let asked = asked.max(1);
        Self {
            asked,
            least: LEAST.min(asked),
            allowed: asked,
            untroubled: false,
            well: 0,
            shrunk_at: None,
        }
    }

    /// Begins with `first`, doubles from there, and never becomes smaller.
    pub(in crate::scan) fn growing_from(first: usize, asked: usize) -> Self {
        let limit = Self::new(asked);
        let first = first.clamp(1, limit.asked);
        Self {
            least: first,
            allowed: first,
            untroubled: true,
            ..limit
        }
    }

    pub(in crate::scan) const fn allowed(&self) -> usize {
        self.allowed
    }

    pub(in crate::scan) fn shrink(&mut self, now: Instant) {
        self.well = 0;
        self.untroubled = false;
        if self
            .shrunk_at
            .is_none_or(|at| now.duration_since(at) >= ONE_TROUBLE)
        {
            self.shrunk_at = Some(now);
            self.allowed = (self.allowed / 2).max(self.least);
        }
    }

    /// A connection ended, however it went for the host, without trouble on this machine.
    pub(in crate::scan) fn went_well(&mut self) {
        if self.allowed == self.asked {
            return;
        }
        if self.untroubled {
            self.allowed += 1;
            return;
        }
        self.well += 1;
        if self.well >= self.allowed {
            self.well = 0;
            self.allowed = (self.allowed + (self.allowed / STEPS).max(1)).min(self.asked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_failures_of_one_moment_halve_the_limit_once() {
        let mut limit = AdaptiveLimit::new(1024);
        let now = crate::clock::monotonic().into_std();
        (0..100).for_each(|_| limit.shrink(now));
        assert_eq!(limit.allowed(), 512);
        limit.shrink(now + ONE_TROUBLE);
        assert_eq!(limit.allowed(), 256);
    }

    #[test]
    fn the_limit_never_falls_below_the_least_nor_grows_above_what_was_asked() {
        let now = crate::clock::monotonic().into_std();
        for (asked, least) in [(1024, LEAST), (4, 4)] {
            let mut limit = AdaptiveLimit::new(asked);
            (0..20_u32).for_each(|nth| limit.shrink(now + ONE_TROUBLE * nth));
            assert_eq!(limit.allowed(), least);
        }
    }

    #[test]
    fn an_unknown_limit_doubles_until_the_first_trouble() {
        let mut limit = AdaptiveLimit::growing_from(64, 1024);
        (0..64).for_each(|_| limit.went_well());
        assert_eq!(limit.allowed(), 128);
        limit.shrink(crate::clock::monotonic().into_std());
        (0..64).for_each(|_| limit.went_well());
        assert_eq!(limit.allowed(), 68);
        (0..100_000).for_each(|_| limit.went_well());
        assert_eq!(limit.allowed(), 1024);
        assert_eq!(AdaptiveLimit::growing_from(64, 5).allowed(), 5);
    }

    #[test]
    fn connections_that_end_well_give_the_limit_back() {
        let mut limit = AdaptiveLimit::new(64);
        limit.shrink(crate::clock::monotonic().into_std());
        (0..31).for_each(|_| limit.went_well());
        assert_eq!(limit.allowed(), 32);
        limit.went_well();
        assert_eq!(limit.allowed(), 34);
        (0..10_000).for_each(|_| limit.went_well());
        assert_eq!(limit.allowed(), 64);
    }
}
