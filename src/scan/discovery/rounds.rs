//! Connect timeouts of the discovery rounds, shortened by what has been measured.
//!
//! A dark address costs the sum of the rounds, so on a quick network the early ones shrink to what its answers need. The
//! last round is never shortened: it is the one that finds the slow branch office behind the quick LAN, and at over a
//! second it holds the kernel's own SYN retransmission too.

use std::time::Duration;

/// Answers needed before measurements count.
const ENOUGH: u32 = 8;
/// No early round is shorter than this.
const FLOOR: Duration = Duration::from_millis(100);
/// An early round when slots are short: the last round finds the hosts that need longer.
const HURRIED: Duration = Duration::from_millis(60);
/// A connect slower than this contains a retransmission, and says nothing about the path's round trip.
const RETRANSMITTED: Duration = Duration::from_millis(900);

#[derive(Debug)]
pub(in crate::scan) struct Rounds {
    configured: Vec<Duration>,
    /// Moving average and deviation of connect times, as TCP keeps them (RFC 6298).
    smoothed: Duration,
    deviation: Duration,
    answers: u32,
}

impl Rounds {
    /// INVARIANT: `configured` is not empty; an empty plan becomes one round of a second.
    pub(in crate::scan) fn new(configured: Vec<Duration>) -> Self {
        let configured = if configured.is_empty() {
            vec![Duration::from_secs(1)]
        } else {
            configured
        };
        Self {
            configured,
            smoothed: Duration::ZERO,
            deviation: Duration::ZERO,
            answers: 0,
        }
    }

    pub(in crate::scan) fn last(&self) -> u8 {
        u8::try_from(self.configured.len().saturating_sub(1)).unwrap_or(u8::MAX)
    }

    pub(in crate::scan) fn is_last(&self, round: u8) -> bool {
        round >= self.last()
    }

    /// The connect timeout of `round`. `hurried` when slots and not the rate bound the scan.
    pub(in crate::scan) fn timeout(&self, round: u8, hurried: bool) -> Duration {
        let configured = self
            .configured
            .get(usize::from(round))
            .or(self.configured.last())
            .copied()
            .unwrap_or(RETRANSMITTED);
        if self.is_last(round) {
            return configured;
        }
        let configured = if hurried {
            configured.min(HURRIED)
        } else {
            configured
        };
        if self.answers < ENOUGH {
            return configured;
        }
        (self.smoothed * 4 + self.deviation * 8).clamp(FLOOR.min(configured), configured)
    }

    /// Adds the connect time of a host that answered.
    pub(in crate::scan) fn measured(&mut self, connect: Duration) {
        if connect >= RETRANSMITTED {
            return;
        }
        if self.answers == 0 {
            self.smoothed = connect;
            self.deviation = connect / 2;
        } else {
            self.deviation = (self.deviation * 3 + self.smoothed.abs_diff(connect)) / 4;
            self.smoothed = (self.smoothed * 7 + connect) / 8;
        }
        self.answers = self.answers.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Rounds {
        Rounds::new([300, 300, 1100].map(Duration::from_millis).to_vec())
    }

    #[test]
    fn without_measurements_the_plan_stands() {
        let rounds = plan();
        assert_eq!(rounds.timeout(0, false), Duration::from_millis(300));
        assert_eq!(rounds.timeout(2, false), Duration::from_millis(1100));
    }

    #[test]
    fn a_hurried_round_is_short_but_never_the_last() {
        let rounds = plan();
        assert_eq!(rounds.timeout(0, true), HURRIED);
        assert_eq!(rounds.timeout(2, true), Duration::from_millis(1100));
    }

    #[test]
    fn a_quick_network_shortens_all_rounds_but_the_last() {
        let mut rounds = plan();
        (0..ENOUGH).for_each(|_| rounds.measured(Duration::from_micros(200)));
        assert_eq!(rounds.timeout(0, false), FLOOR);
        assert_eq!(rounds.timeout(2, false), Duration::from_millis(1100));
    }

    #[test]
    fn a_slow_network_keeps_them_and_a_retransmission_does_not_count() {
        let mut rounds = plan();
        (0..ENOUGH).for_each(|_| rounds.measured(Duration::from_millis(200)));
        assert_eq!(rounds.timeout(0, false), Duration::from_millis(300));
        let before = rounds.smoothed;
        rounds.measured(Duration::from_millis(1020));
        assert_eq!(rounds.smoothed, before);
    }
}
