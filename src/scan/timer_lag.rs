//! How late this process is: the time from when a timer was due to when its task ran.
//!
//! Whatever makes a process late (more work than cores, a machine that is busy with other things, one that was stopped) makes it
//! late with its timers too, and with those as much as with answers from the network. So one timer that does nothing else shows how
//! far the times that are measured meanwhile can be trusted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::clock;

/// How often the timer is due.
const EVERY: Duration = Duration::from_millis(10);
/// Lag below this is within what timers promise, and not kept.
const NOTED: Duration = Duration::from_millis(5);
/// How long lag is kept: longer than any attempt takes.
const KEPT: Duration = Duration::from_secs(120);

/// The timer ends with it.
#[derive(Debug, Default)]
pub(super) struct TimerLag {
    seen: Arc<Mutex<Seen>>,
}

impl TimerLag {
    /// Runs the timer as long as there is something to be timed.
    pub(super) fn run_while(&self, wanted: bool) {
        let mut seen = lock(&self.seen);
        if wanted == seen.due.is_some() {
            return;
        }
        seen.due = wanted.then(|| clock::monotonic() + EVERY);
        if let Some(due) = seen.due {
            tokio::spawn(keep_watching(Arc::downgrade(&self.seen), due));
        }
    }

    pub(super) fn reader(&self) -> LagReader {
        LagReader {
            seen: Arc::clone(&self.seen),
        }
    }
}

#[derive(Debug)]
pub(super) struct LagReader {
    seen: Arc<Mutex<Seen>>,
}

impl LagReader {
    /// The worst lag since `start` in microseconds, what is late right now included.
    pub(super) fn worst_us_since(&self, start: Instant) -> u32 {
        let worst = lock(&self.seen).worst(start, clock::monotonic());
        u32::try_from(worst.as_micros()).unwrap_or(u32::MAX)
    }
}

/// INVARIANT: nothing that can panic runs under the lock, and it is never held across an await.
fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn keep_watching(seen: Weak<Mutex<Seen>>, mut due: Instant) {
    loop {
        sleep_until(due).await;
        let Some(seen) = seen.upgrade() else { return };
        let mut seen = lock(&seen);
        if seen.due != Some(due) {
            return; // Another timer took its place.
        }
        let now = clock::monotonic();
        seen.fired(due, now);
        due = now + EVERY;
        seen.due = Some(due);
    }
}

/// What was late, newest last.
///
/// INVARIANT: each lag is greater than all that came after it; what is smaller than a newer one can never be the worst again.
#[derive(Debug, Default)]
struct Seen {
    late: VecDeque<(Instant, Duration)>,
    /// When the timer is due next; `None` while it does not run.
    due: Option<Instant>,
}

impl Seen {
    fn fired(&mut self, due: Instant, now: Instant) {
        while (self.late.front()).is_some_and(|(at, _)| now.duration_since(*at) > KEPT) {
            self.late.pop_front();
        }
        let lag = now.duration_since(due);
        if lag < NOTED {
            return;
        }
        while self.late.back().is_some_and(|(_, other)| *other <= lag) {
            self.late.pop_back();
        }
        self.late.push_back((now, lag));
    }

    fn worst(&self, start: Instant, now: Instant) -> Duration {
        let overdue = self
            .due
            .map_or(Duration::ZERO, |due| now.saturating_duration_since(due));
        let overdue = Some(overdue)
            .filter(|lag| *lag >= NOTED)
            .unwrap_or_default();
        let after = self.late.partition_point(|(at, _)| *at < start);
        let worst = self.late.get(after).map_or(Duration::ZERO, |(_, lag)| *lag);
        worst.max(overdue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn the_worst_lag_is_that_of_the_time_asked_for() {
        let start = clock::monotonic();
        let mut seen = Seen::default();
        for (due, late) in [(10, 80), (100, 6), (120, 30), (160, 7), (180, 1)] {
            seen.fired(start + ms(due), start + ms(due + late));
        }
        let worst = |since| seen.worst(start + ms(since), start + ms(200));
        assert_eq!(worst(0), ms(80));
        assert_eq!(worst(91), ms(30));
        assert_eq!(worst(151), ms(7));
        assert_eq!(worst(170), Duration::ZERO);
    }

    #[test]
    fn what_is_late_right_now_counts() {
        let start = clock::monotonic();
        let seen = Seen {
            due: Some(start),
            ..Seen::default()
        };
        assert_eq!(seen.worst(start, start + ms(70)), ms(70));
        assert_eq!(seen.worst(start, start + ms(2)), Duration::ZERO);
    }

    #[test]
    fn little_is_kept_however_late_everything_is() {
        let start = clock::monotonic();
        let mut seen = Seen::default();
        for nth in 0..100_000_u64 {
            let due = start + ms(nth * 20);
            seen.fired(due, due + ms(6 + nth % 7));
        }
        assert!(seen.late.len() <= 7, "{}", seen.late.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_holds_everything_up_is_noticed() {
        let watch = TimerLag::default();
        watch.run_while(true);
        let reader = watch.reader();
        let start = clock::monotonic();
        tokio::time::sleep(ms(25)).await;
        assert_eq!(reader.worst_us_since(start), 0);
        // Moves the clock and runs no task, as a machine that was stopped does.
        tokio::time::advance(ms(200)).await;
        watch.run_while(true);
        assert!(reader.worst_us_since(start) >= 150_000);
        watch.run_while(false);
        let later = clock::monotonic();
        tokio::time::advance(ms(200)).await;
        assert_eq!(reader.worst_us_since(later), 0);
    }
}
