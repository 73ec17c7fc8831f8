//! Lost connection requests: how many hosts answer only on retry, and an estimate of those that never answered.
//!
//! A few requests are lost on any long path. Many are lost where the scan overruns something: a firewall that limits new connections,
//! the backlog of a listener, a table of a router. Then slowing down helps, and silence has to be confirmed.

use crate::model::{Attempt, Notice, PathFacts, Stage};

/// A host that answers within this time would have answered within the shortest round: its silence was loss.
const WITHIN_ANY_ROUND_US: u32 = 50_000;
/// New answers after which the share of late ones is checked again. It is that of all answers: late ones come in a row, with their
/// round.
const SAMPLE: u32 = 64;
/// From this share of late answers on, the scan is too fast, in percent.
const TOO_MANY_PERCENT: u64 = 25;
/// How often a scan may be slowed down to half while it discovers.
const MOST_HALVINGS: u8 = 4;
/// The scan is never slowed down below this, in requests per second.
const SLOWEST: u32 = 100;
/// Fewer late answers than this, or than one in so many, are normal on any path.
const MANY_LATE: u64 = 16;
const ONE_IN: u64 = 10;
/// Limit for passes over the silent endpoints.
const MOST_PASSES: u8 = 4;
/// However much is lost, one answer in so many is assumed to come on time.
const LEAST_ON_TIME: u64 = 10;

#[derive(Debug)]
pub(in crate::scan) struct Loss {
    /// The last round of discovery, 0-based.
    last_round: u8,
    /// Hosts that answered, by the number of lost requests before: none, one, and so on.
    answered: Vec<u64>,
    /// Answers since the last check.
    sampled: u32,
    halvings: u8,
    passes: u8,
}

impl Loss {
    pub(in crate::scan) const fn new(last_round: u8) -> Self {
        Self {
            last_round,
            answered: Vec::new(),
            sampled: 0,
            halvings: 0,
            passes: 0,
        }
    }

    /// A host answered for the first time. Returns whether the scan is to slow down.
    pub(in crate::scan) fn answered(&mut self, attempt: &Attempt) -> bool {
        let lost = lost_before(attempt);
        if self.answered.len() <= lost {
            self.answered.resize(lost + 1, 0);
        }
        if let Some(count) = self.answered.get_mut(lost) {
            *count += 1;
        }
        self.sampled += 1;
        if self.sampled < SAMPLE {
            return false;
        }
        self.sampled = 0;
        let too_many = self.late() * 100 >= self.all() * TOO_MANY_PERCENT;
        let slow_down = too_many && self.halvings < MOST_HALVINGS;
        self.halvings += u8::from(slow_down);
        slow_down
    }

    pub(in crate::scan) fn slower(rate: u32) -> u32 {
        (rate / 2).max(SLOWEST)
    }

    /// Whether a pass over so many silent endpoints is due; it is counted.
    pub(in crate::scan) fn begin_pass(&mut self, silent: u64) -> bool {
        let wanted = self.passes < MOST_PASSES && self.missed(silent) > 0;
        self.passes += u8::from(wanted);
        wanted
    }

    /// The newest pass, from 1; 0 before the first.
    pub(in crate::scan) const fn passes(&self) -> u8 {
        self.passes
    }

    /// So many passes were begun by earlier runs.
    pub(in crate::scan) const fn resume(&mut self, passes: u8) {
        self.passes = passes;
    }

    /// How fast a scan may still be that was slowed down this often.
    pub(in crate::scan) fn slowed(&self, rate: u32) -> u32 {
        let times = self.halvings.saturating_add(self.passes);
        (0..times).fold(rate, |rate, _| rate.min(Self::slower(rate)))
    }

    pub(in crate::scan) const fn round_of_pass(&self) -> u8 {
        self.last_round.saturating_add(self.passes)
    }

    /// The notice at the end; `silent` is `None` after an interruption.
    pub(in crate::scan) fn notice(&self, silent: Option<u64>) -> Option<Notice> {
        self.is_heavy().then(|| Notice::RequestsLost {
            on_retry: self.late(),
            answered: self.all(),
            estimated_missing: silent.map(|silent| self.missed(silent)),
        })
    }

    fn all(&self) -> u64 {
        self.answered.iter().sum()
    }

    fn late(&self) -> u64 {
        self.answered.iter().skip(1).sum()
    }

    /// Whether so many hosts answer late that silence means little.
    pub(in crate::scan) fn is_heavy(&self) -> bool {
        self.late() >= MANY_LATE && self.late() * ONE_IN >= self.all()
    }

    /// Estimate of the hosts among `silent` endpoints: those found by the newest pass, by the share of late answers, which were lost
    /// again.
    fn missed(&self, silent: u64) -> u64 {
        if !self.is_heavy() {
            return 0;
        }
        let last_time = usize::from(self.last_round) + usize::from(self.passes);
        let newest = self.answered.get(last_time).copied().unwrap_or_default();
        let on_time = self.all() - self.late();
        let on_time = on_time.max(self.all() / LEAST_ON_TIME).max(1);
        let missed = newest
            .saturating_mul(self.late())
            .saturating_add(on_time / 2)
            / on_time;
        missed.min(silent)
    }
}

/// The silent rounds before an answer, as far as a lost request explains them.
fn lost_before(attempt: &Attempt) -> usize {
    let up_after = attempt
        .path
        .and_then(PathFacts::undisturbed_rtt_us)
        .or_else(|| Some(attempt.stage(Stage::Tcp)?.duration_us));
    let retransmits = attempt.path.and_then(|path| path.retransmits);
    let repeated = retransmits.is_some_and(|count| count > 0);
    let is_near = up_after.is_some_and(|us| us <= WITHIN_ANY_ROUND_US);
    let rounds = usize::from(attempt.unanswered_rounds);
    if is_near || repeated {
        rounds.max(usize::from(repeated))
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit;

    const LAST_ROUND: u8 = 2;

    fn answer(unanswered_rounds: u8, rtt_us: u32, retransmits: u32) -> Attempt {
        let attempt = kit::attempt().tcp().edit(|attempt| {
            attempt.unanswered_rounds = unanswered_rounds;
            attempt.stages[0].duration_us = rtt_us + 1_000_000 * retransmits;
            attempt.path = Some(PathFacts {
                retransmits: Some(retransmits),
                rtt_us,
            });
        });
        attempt.done()
    }

    /// Hosts by the silent rounds after which they answer.
    fn after(found: &[u64]) -> Loss {
        let mut loss = Loss::new(LAST_ROUND);
        add(&mut loss, found);
        loss
    }

    fn add(loss: &mut Loss, found: &[u64]) -> u32 {
        let mut slowed = 0;
        for (rounds, count) in (0..).zip(found) {
            for _ in 0..*count {
                slowed += u32::from(loss.answered(&answer(rounds, 300, 0)));
            }
        }
        slowed
    }

    #[test]
    fn a_few_lost_requests_are_what_happens_on_any_way() {
        let mut loss = after(&[940, 56, 4]);
        assert!(!loss.begin_pass(60_000));
        assert_eq!(loss.notice(Some(60_000)), None);
    }

    #[test]
    fn silent_addresses_are_asked_again_until_nobody_more_is_found() {
        let mut loss = after(&[600, 80, 240]);
        assert!(loss.begin_pass(9000));
        add(&mut loss, &[0, 0, 0, 70]);
        assert!(loss.begin_pass(8930));
        assert!(!loss.begin_pass(8930));
        assert_eq!(
            loss.notice(Some(8930)),
            Some(Notice::RequestsLost {
                on_retry: 390,
                answered: 990,
                estimated_missing: Some(0)
            })
        );
    }

    #[test]
    fn what_may_be_missing_is_estimated_and_never_more_than_is_silent() {
        let loss = after(&[500, 300, 200]);
        let missed = |silent| match loss.notice(silent) {
            Some(Notice::RequestsLost {
                estimated_missing, ..
            }) => estimated_missing,
            other => panic!("{other:?}"),
        };
        // Half of the requests got lost: 200 found at the last time leave 200.
        assert_eq!(missed(Some(60_000)), Some(200));
        assert_eq!(missed(Some(50)), Some(50));
        assert_eq!(missed(None), None);
    }

    #[test]
    fn a_scan_that_loses_much_slows_down_a_few_times_at_most() {
        let mut loss = Loss::new(LAST_ROUND);
        // Those who were lost once come in a row, when they are asked again.
        assert_eq!(add(&mut loss, &[940, 64]), 0);
        let mixed: u32 = (0..2000).map(|_| add(&mut loss, &[2, 1])).sum();
        assert_eq!(mixed, u32::from(MOST_HALVINGS));
        assert_eq!(Loss::slower(1000), 500);
        assert_eq!(Loss::slower(120), SLOWEST);
    }

    #[test]
    fn a_host_far_away_is_not_late_by_loss() {
        assert_eq!(lost_before(&answer(2, 90_000, 0)), 0);
        assert_eq!(lost_before(&answer(2, 900, 0)), 2);
        assert_eq!(lost_before(&answer(0, 90_000, 1)), 1);
    }
}
