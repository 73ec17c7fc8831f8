//! The only caller of "now". Everything else takes times as arguments or asks here, so that tests can own the clock.
//!
//! Wall times are counted from one base by a clock that no one can set, so that a scan stays in one time when the system's clock is
//! set, or jumps, under it. How far the two are apart is known at any time, and whoever begins something new takes a new base.

use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// A difference that a running time service corrects bit by bit is no jump.
const JUMP: SignedDuration = SignedDuration::from_secs(60);

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
struct Base {
    wall: Timestamp,
    at: Instant,
}

impl Base {
    #[expect(
        clippy::disallowed_methods,
        reason = "this module is the one place that reads the clock"
    )]
    fn now() -> Self {
        Self {
            wall: Timestamp::now(),
            at: Instant::now(),
        }
    }

    /// The wall time that has come by `moment`, by this base.
    fn wall_at(&self, moment: Instant) -> Timestamp {
        let since = SignedDuration::try_from(moment.saturating_duration_since(self.at));
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

/// INVARIANT: nothing that can panic runs under the lock.
fn base() -> &'static RwLock<Base> {
    static BASE: OnceLock<RwLock<Base>> = OnceLock::new();
    BASE.get_or_init(|| RwLock::new(Base::now()))
}

fn current_base() -> Base {
    *base().read().unwrap_or_else(PoisonError::into_inner)
}

/// The wall clock, UTC, counted from the base: it never goes back, and never jumps.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this module is the one place that reads the clock"
)]
pub fn wall() -> Timestamp {
    current_base().wall_at(Instant::now())
}

/// How far the system's clock has jumped ahead of the base, or back (negative), where that is more than a minute: somebody set it,
/// a time service corrected it at once, or the machine slept.
#[must_use]
pub fn jump() -> Option<SignedDuration> {
    current_base().jump_until(&Base::now())
}

/// Takes the system's clock as the base from now on.
pub fn take_new_base() {
    let new = Base::now();
    *base().write().unwrap_or_else(PoisonError::into_inner) = new;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
    fn the_wall_clock_is_the_systems_at_first() {
        assert_eq!(jump(), None);
        take_new_base();
        assert_eq!(jump(), None);
    }
}
