use jiff::SignedDuration;

use crate::clock;
use crate::model::Notice;

/// Notices when the system's clock goes away from that of the scan, each jump once.
#[derive(Debug, Default)]
pub(super) struct ClockWatch {
    /// The jump that was told last.
    told: SignedDuration,
}

impl ClockWatch {
    /// Takes a look at how far ahead the system's clock is, if it has jumped.
    pub(super) fn look(&mut self, jump: Option<SignedDuration>) -> Option<Notice> {
        let jump = jump.unwrap_or_default();
        // While a jump lasts, a time service may still correct the clock bit by bit.
        if (jump - self.told).abs() <= clock::JUMP {
            return None;
        }
        self.told = jump;
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
