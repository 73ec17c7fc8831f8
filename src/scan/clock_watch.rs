use jiff::SignedDuration;

use crate::clock;
use crate::model::Notice;

/// Turns each jump of the system's clock away from that of the scan into one notice.
#[derive(Debug, Default)]
pub(super) struct ClockWatch {
    reported: SignedDuration,
}

impl ClockWatch {
    /// `jump`: how far the system's clock is ahead, if it has jumped.
    pub(super) fn look(&mut self, jump: Option<SignedDuration>) -> Option<Notice> {
        let jump = jump.unwrap_or_default();
        // While a jump lasts, a time service may still correct the clock bit by bit.
        if (jump - self.reported).abs() <= clock::JUMP {
            return None;
        }
        self.reported = jump;
        (!jump.is_zero()).then_some(Notice::ClockJumped {
            seconds: jump.as_secs(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_jump_is_told_once() {
        let mut watch = ClockWatch::default();
        let days = |count: i64| Some(SignedDuration::from_hours(24 * count));
        let looks = [None, days(400), days(400), days(-7300), None, days(400)];
        let told: Vec<_> = looks
            .into_iter()
            .filter_map(|jump| watch.look(jump))
            .collect();
        let expected = [400, -7300, 400].map(|days| Notice::ClockJumped {
            seconds: days * 86_400,
        });
        assert_eq!(told, expected);
    }
}
