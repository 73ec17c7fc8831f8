//! Which endpoints are still to be discovered: the permutation, the rounds of silent addresses, and the passes over those that
//! stayed silent while requests were lost. Further attempts at hosts wait in the same queue.

mod loss;
mod queue;
mod rounds;
mod silent;

use std::sync::Arc;
use std::time::Duration;

pub(super) use self::loss::Loss;
pub use self::queue::{NotResumable, Queue};
use self::rounds::Rounds;
use super::job::{Job, Purpose};
use crate::targets::TargetSet;

#[derive(Debug)]
pub(super) struct Discovery {
    targets: Arc<TargetSet>,
    seed: u64,
    pub(super) queue: Queue,
    pub(super) rounds: Rounds,
    pub(super) loss: Loss,
}

impl Discovery {
    pub(super) fn new(targets: Arc<TargetSet>, seed: u64, rounds: Vec<Duration>) -> Self {
        let rounds = Rounds::new(rounds);
        Self {
            queue: Queue::new(targets.clone(), seed),
            loss: Loss::new(rounds.last()),
            rounds,
            targets,
            seed,
        }
    }

    /// Starts over. Measured round trips stay.
    pub(super) fn restart(&mut self) {
        self.queue = Queue::new(self.targets.clone(), self.seed);
        self.loss = Loss::new(self.rounds.last());
    }

    /// The next round of a silent endpoint. False when it has had its last. When `hurried`, it goes straight to the last round,
    /// which is long enough for the kernel to send the SYN again by itself.
    pub(super) fn retry_in_next_round(&mut self, job: Job, round: u8, hurried: bool) -> bool {
        let last = self.rounds.last();
        if round >= last {
            return false;
        }
        let round = if hurried { last } else { round + 1 };
        let purpose = Purpose::Discover { round };
        self.queue.retry(Job { purpose, ..job });
        true
    }

    /// Whether the job belongs to a pass over silent endpoints.
    pub(super) fn is_in_pass(&self, job: Job) -> bool {
        job.round().is_some_and(|round| round > self.rounds.last())
    }

    /// Starts a pass over the silent endpoints where requests were lost; returns how many there are.
    pub(super) fn begin_pass(&mut self) -> Option<u64> {
        let silent = self.queue.silent();
        let begins = self.loss.begin_pass(silent);
        if begins {
            self.queue.ask_silent_again(self.loss.round_of_pass());
        }
        begins.then_some(silent)
    }
}
