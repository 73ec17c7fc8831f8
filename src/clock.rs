//! The only caller of "now". Everything else takes times as arguments or asks here, so that tests control the clock.
//!
//! Wall times are counted from one base by the monotonic clock, so that the times of a scan stay consistent when the system's clock is
//! set. A rescan takes a new base.

use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::model::whole_microseconds;
use crate::platform;

/// Smaller differences are corrections by a time service.
pub const JUMP: SignedDuration = SignedDuration::from_secs(60);

/// One moment on the wall clock and on the monotonic clock.
#[derive(Debug, Clone, Copy)]
struct Base {
    wall: Timestamp,
    at: Duration,
}

impl Base {
    #[expect(
        clippy::disallowed_methods,
        reason = "this module is the one place that reads the clock"
    )]
    fn now() -> Self {
        Self {
            wall: Timestamp::now(),
            at: steady(),
        }
    }

    /// The wall time at a moment of the monotonic clock, by this base.
    fn wall_at(&self, moment: Duration) -> Timestamp {
        let since = SignedDuration::try_from(moment.saturating_sub(self.at));
        since
            .ok()
            .and_then(|since| self.wall.checked_add(since).ok())
            .unwrap_or(self.wall)
    }

    /// How far the system's clock is ahead of this base at a later moment, when that is more than a correction.
    fn jump_until(&self, later: &Self) -> Option<SignedDuration> {
        let ahead = later.wall.duration_since(self.wall_at(later.at));
        (ahead.abs() > JUMP).then_some(ahead)
    }
}

/// The monotonic clock, which counts the machine's sleep.
#[expect(
    clippy::disallowed_methods,
    reason = "this module is the one place that reads the clock"
)]
fn steady() -> Duration {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    platform::time_with_sleep().unwrap_or_else(|| FIRST.get_or_init(Instant::now).elapsed())
}

/// INVARIANT: nothing that can panic runs under the lock.
fn base() -> &'static RwLock<Base> {
    static BASE: OnceLock<RwLock<Base>> = OnceLock::new();
    BASE.get_or_init(|| RwLock::new(Base::now()))
}

fn current_base() -> Base {
    *base().read().unwrap_or_else(PoisonError::into_inner)
}

/// The wall clock, UTC, counted from the base in whole microseconds: it never goes back, and never jumps.
#[must_use]
pub fn wall() -> Timestamp {
    whole_microseconds(current_base().wall_at(steady()))
}

/// How far the system's clock has jumped ahead of the base, or back (negative), where that is more than a minute: somebody set it,
/// or a time service corrected it at once.
#[must_use]
pub fn jump() -> Option<SignedDuration> {
    current_base().jump_until(&Base::now())
}

/// Takes the system's clock as the base from now on.
pub fn take_new_base() {
    let new = Base::now();
    *base().write().unwrap_or_else(PoisonError::into_inner) = new;
}

/// The monotonic clock of the runtime; frozen under a paused tokio clock.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_moves_nothing_and_is_noticed() {
        let base = Base::now();
        let after = |seconds: u64, ahead: i64| Base {
            at: base.at + Duration::from_secs(seconds),
            wall: base.wall + SignedDuration::from_secs(i64::try_from(seconds).unwrap() + ahead),
        };
        let days = 400 * 86_400;
        for (later, jump) in [
            (after(100, 0), None),
            (after(100, 59), None),
            (after(100, -59), None),
            (after(100, days), Some(days)),
            (after(100, -days), Some(-days)),
        ] {
            assert_eq!(base.wall_at(later.at), after(100, 0).wall);
            assert_eq!(base.jump_until(&later).map(|by| by.as_secs()), jump);
        }
    }

    #[test]
    fn the_wall_clock_is_the_systems_as_long_as_nobody_sets_it() {
        take_new_base();
        assert_eq!(jump(), None);
        let ahead = Base::now().wall.duration_since(wall());
        assert!(ahead.abs() < SignedDuration::from_secs(5), "{ahead}");
    }
}
