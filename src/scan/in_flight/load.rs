//! Bounds the established connections, so that the scan does not slow down this machine or the hosts.
//!
//! An unanswered connect costs a slot and nothing else; an established connection costs handshakes here and, on hosts that share one
//! machine, there. The limit grows as long as nothing gets slower, and is halved when timers of this machine fire late, or when
//! attempts in general take much longer than before.

use std::thread;
use std::time::{Duration, Instant};

use crate::model::{Attempt, Notice, Stage};

use super::adaptive_limit::AdaptiveLimit;

/// The first limit, which is the least, for each core.
const FIRST_PER_CORE: usize = 32;
/// Lag that halves the limit. Well below what makes times useless (`Attempt::is_lagged`).
const TOO_LATE: Duration = Duration::from_millis(30);
/// Attempts whose median is compared with that of others.
const SAMPLE: usize = 32;
/// Attempts in general are slow when they take so many times as long as they did at best, and this much longer.
const SLOWER: u32 = 4;
const NOTICEABLY_US: u32 = 200_000;
/// One attempt in so many without usable times is worth a notice, once there are enough to judge.
const ONE_IN: u64 = 20;
const ENOUGH: u64 = 200;

#[derive(Debug)]
pub(in crate::scan) struct Load {
    /// Connections established.
    up: usize,
    limit: AdaptiveLimit,
    /// How long the newest attempts took from the end of their connect, in microseconds.
    sample: Vec<u32>,
    /// The best median of a sample so far.
    best_us: Option<u32>,
    /// The median of the sample that was found slow last, and when.
    slowed: Option<(u32, Instant)>,
    ended: u64,
    lagged: u64,
    worst_us: u32,
    is_reported: bool,
}

impl Load {
    pub(in crate::scan) fn new(most: usize) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            up: 0,
            limit: AdaptiveLimit::growing_from(FIRST_PER_CORE.saturating_mul(cores), most),
            sample: Vec::with_capacity(SAMPLE),
            best_us: None,
            slowed: None,
            ended: 0,
            lagged: 0,
            worst_us: 0,
            is_reported: false,
        }
    }

    pub(in crate::scan) const fn observe_up(&mut self, up: usize) {
        self.up = up;
    }

    /// A connection starts that is expected to be established.
    pub(in crate::scan) const fn expect_up(&mut self) {
        self.up += 1;
    }

    /// How many more connections may be established.
    pub(in crate::scan) const fn room(&self) -> usize {
        self.limit.allowed().saturating_sub(self.up)
    }

    /// An attempt ended. Returns the notice that is due.
    pub(in crate::scan) fn ended(&mut self, attempt: &Attempt, now: Instant) -> Option<Notice> {
        self.ended += 1;
        if attempt.is_lagged() {
            self.lagged += 1;
            self.worst_us = self
                .worst_us
                .max(attempt.lag_us)
                .max(attempt.unnoticed_us());
        }
        let is_late = Duration::from_micros(attempt.lag_us.into()) >= TOO_LATE;
        if self.is_slowed_by(attempt, now) || is_late {
            self.limit.shrink(now);
        } else {
            self.limit.went_well();
        }
        if self.ended < ENOUGH {
            return None;
        }
        self.finish()
    }

    /// At the end, few attempts are enough.
    pub(in crate::scan) fn finish(&mut self) -> Option<Notice> {
        if self.is_reported || self.lagged == 0 || self.lagged * ONE_IN < self.ended {
            return None;
        }
        self.is_reported = true;
        Some(Notice::Busy {
            worst_lag_ms: self.worst_us / 1000,
        })
    }

    /// Whether attempts in general have become slow by what is worked on at once, seen by those that got through.
    fn is_slowed_by(&mut self, attempt: &Attempt, now: Instant) -> bool {
        if attempt.failure().is_some() || !attempt.probe.is_default() {
            return false;
        }
        let took = Duration::from_secs_f64(attempt.total_ms() / 1000.0);
        let began_before = |at: Instant| now.checked_sub(took).is_none_or(|began| began < at);
        if self.slowed.is_some_and(|(_, at)| began_before(at)) {
            // It belongs to the load from before that was found too much.
            return false;
        }
        let worked = attempt.stages.iter().filter(|one| one.stage > Stage::Tcp);
        self.sample.push(
            worked
                .map(|one| one.duration_us)
                .fold(0, u32::saturating_add),
        );
        if self.sample.len() < SAMPLE {
            return false;
        }
        let (_, median, _) = self.sample.select_nth_unstable(SAMPLE / 2);
        let median = *median;
        self.sample.clear();
        let best = self.best_us.map_or(median, |best| best.min(median));
        self.best_us = Some(best);
        let too_slow = best
            .saturating_mul(SLOWER)
            .max(best.saturating_add(NOTICEABLY_US));
        if median <= too_slow {
            self.slowed = None;
            return false;
        }
        if self
            .slowed
            .take()
            .is_some_and(|(before, _)| median >= before / 5 * 4)
        {
            // Less work did not make them quicker: these hosts are slow by themselves, or far away.
            self.best_us = Some(median);
            return false;
        }
        self.slowed = Some((median, now));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::kit;

    fn attempt(lag_ms: u32, took_ms: u32) -> Attempt {
        let attempt = kit::attempt().through().edit(|attempt| {
            attempt.lag_us = lag_ms * 1000;
            for record in &mut attempt.stages {
                record.duration_us = match record.stage {
                    Stage::Tls => took_ms * 1000,
                    _ => 0,
                };
            }
        });
        attempt.done()
    }

    fn allowed_after(attempts: impl Iterator<Item = Attempt>) -> usize {
        let mut load = Load::new(100_000);
        let now = clock::monotonic().into_std();
        for (nth, one) in (0..).zip(attempts) {
            load.ended(&one, now + Duration::from_millis(10) * nth);
        }
        load.limit.allowed()
    }

    #[test]
    fn more_hosts_are_worked_on_as_long_as_nothing_gets_slow() {
        let first = Load::new(100_000).limit.allowed();
        let quick = || (0..3000).map(|_| attempt(0, 40));
        assert!(allowed_after(quick()) > 8 * first);
        assert_eq!(Load::new(16).limit.allowed(), 16);
        // Hosts that are slow from the first are slow by themselves.
        assert!(allowed_after((0..3000).map(|_| attempt(0, 4000))) > 8 * first);
    }

    #[test]
    fn lag_and_slower_attempts_halve_the_number() {
        let quick = || (0..320).map(|_| attempt(0, 40));
        let before = allowed_after(quick());
        assert!(allowed_after(quick().chain([attempt(40, 40)])) <= before / 2 + 1);
        let slow = |count| (0..count).map(|_| attempt(0, 400));
        assert!(allowed_after(quick().chain(slow(32))) < before);
        // Hosts that stay slow with less to do are slow by themselves: after one halving the number grows again.
        assert!(allowed_after(quick().chain(slow(3000))) > before / 2 + 100);
    }

    #[test]
    fn one_notice_tells_of_many_attempts_without_times() {
        let mut load = Load::new(100);
        let now = clock::monotonic().into_std();
        let told: Vec<Notice> = (0..300)
            .filter_map(|_| load.ended(&attempt(70, 40), now))
            .collect();
        assert_eq!(told, [Notice::Busy { worst_lag_ms: 70 }]);
        assert_eq!(load.finish(), None);
    }

    #[test]
    fn a_hiccup_among_many_attempts_is_not_worth_a_word() {
        let mut load = Load::new(100);
        let now = clock::monotonic().into_std();
        for lag in std::iter::once(70).chain(std::iter::repeat_n(0, 60)) {
            assert_eq!(load.ended(&attempt(lag, 40), now), None);
        }
        assert_eq!(load.finish(), None);
    }

    #[test]
    fn established_connections_take_room() {
        let mut load = Load::new(2);
        load.observe_up(1);
        assert_eq!(load.room(), 1);
        load.expect_up();
        assert_eq!(load.room(), 0);
        load.observe_up(0);
        assert_eq!(load.room(), 2);
    }
}
