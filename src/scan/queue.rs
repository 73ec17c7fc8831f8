//! What is to be done, in three lines: new addresses, addresses that stayed silent, and appointments with hosts. Behind them
//! addresses that stayed silent to the last, when they are worth asking again.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use tokio::time::Instant;

use super::silent::SilentSet;
use crate::model::Endpoint;
use crate::target::{Permutation, TargetSet};

/// Silent addresses kept for their next round. When the line is full, new addresses wait, so that a /8 needs no more
/// memory than a /16.
const RETRY_CAPACITY: usize = 65_536;
/// When more silent addresses than this wait, every other connect goes to one of them: their rounds are long waits that cost
/// nothing but slots, so that the work for new addresses is done meanwhile.
const SHARE_ABOVE: usize = 1024;
/// While addresses are still to be discovered, one connect in this many goes to an appointment.
const INTERLEAVE: u32 = 4;

/// Why a connection is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    /// Does anything answer here at all?
    Discover {
        /// 0-based round.
        round: u8,
    },
    /// Another attempt at a host that has been tried.
    Again,
}

/// One connection to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Job {
    pub(super) endpoint: Endpoint,
    pub(super) purpose: Purpose,
    /// An endpoint of the sweep that may have been tried already, tried again since a host's name leads there: it is
    /// counted where the sweep counts it.
    pub(super) repeat: bool,
    /// Times that this machine's own trouble sent the job back.
    pub(super) local_tries: u8,
}

impl Job {
    pub(super) const fn discover(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            purpose: Purpose::Discover { round: 0 },
            repeat: false,
            local_tries: 0,
        }
    }

    /// Another attempt at an endpoint that has been tried.
    pub(super) const fn again(endpoint: Endpoint) -> Self {
        Self {
            purpose: Purpose::Again,
            ..Self::discover(endpoint)
        }
    }
}

/// All that is to be done.
#[derive(Debug)]
pub(super) struct Queue {
    order: Permutation,
    next: u64,
    end: u64,
    /// Endpoints that names led to, before the permutation.
    named: VecDeque<Job>,
    retry: VecDeque<Job>,
    due: BinaryHeap<Reverse<(Instant, u64, Job)>>,
    /// Endpoints of the permutation that stayed silent in every round.
    silent: SilentSet,
    /// The pass over them: its next place in the permutation, and the round that it counts as.
    pass: Option<(u64, u8)>,
    /// Breaks ties between appointments, first come first served.
    stamp: u64,
    since_due: u32,
    /// The last connect of discovery went to a silent address.
    retried: bool,
}

impl Queue {
    pub(super) fn new(endpoints: u64, seed: u64) -> Self {
        Self {
            order: Permutation::new(endpoints, seed),
            next: 0,
            end: endpoints,
            named: VecDeque::new(),
            retry: VecDeque::new(),
            due: BinaryHeap::new(),
            silent: SilentSet::new(endpoints),
            pass: None,
            stamp: 0,
            since_due: 0,
            retried: false,
        }
    }

    /// A new endpoint from a name or a reference.
    pub(super) fn push_named(&mut self, job: Job) {
        self.named.push_back(job);
    }

    /// A silent endpoint's next round.
    pub(super) fn push_retry(&mut self, job: Job) {
        self.retry.push_back(job);
    }

    /// An appointment.
    pub(super) fn push_due(&mut self, at: Instant, job: Job) {
        self.stamp += 1;
        self.due.push(Reverse((at, self.stamp, job)));
    }

    /// The next job that may be done now: discovery first, appointments interleaved.
    pub(super) fn pop(&mut self, targets: &TargetSet, now: Instant) -> Option<Job> {
        if self.since_due + 1 >= INTERLEAVE
            && let Some(job) = self.pop_due(now)
        {
            return Some(job);
        }
        self.since_due = self.since_due.saturating_add(1);
        self.pop_discovery(targets).or_else(|| self.pop_due(now))
    }

    fn pop_discovery(&mut self, targets: &TargetSet) -> Option<Job> {
        if let Some(job) = self.named.pop_front() {
            return Some(job);
        }
        self.retried = !self.retried && self.retry.len() > SHARE_ABOVE;
        if !self.retried && self.retry.len() < RETRY_CAPACITY {
            while self.next < self.end {
                let index = self.order.at(self.next);
                self.next += 1;
                if let Some(endpoint) = targets.endpoint(index) {
                    return Some(Job::discover(endpoint));
                }
            }
        }
        self.retry.pop_front().or_else(|| self.pop_pass(targets))
    }

    fn pop_pass(&mut self, targets: &TargetSet) -> Option<Job> {
        let (next, round) = self.pass?;
        for place in next..self.end {
            let index = self.order.at(place);
            if self.silent.contains(index)
                && let Some(endpoint) = targets.endpoint(index)
            {
                self.pass = Some((place + 1, round));
                return Some(Job {
                    purpose: Purpose::Discover { round },
                    repeat: true,
                    ..Job::discover(endpoint)
                });
            }
        }
        self.pass = None;
        None
    }

    /// An endpoint stayed silent in its last round.
    pub(super) fn stayed_silent(&mut self, targets: &TargetSet, endpoint: Endpoint) {
        if let Some(index) = targets.index_of(endpoint) {
            self.silent.insert(index);
        }
    }

    /// An endpoint that had stayed silent has answered.
    pub(super) fn broke_silence(&mut self, targets: &TargetSet, endpoint: Endpoint) {
        if let Some(index) = targets.index_of(endpoint) {
            self.silent.remove(index);
        }
    }

    /// Endpoints that stayed silent, as far as they are kept.
    pub(super) const fn silent(&self) -> u64 {
        self.silent.len()
    }

    /// Asks all of them again, once each, as `round`.
    pub(super) fn ask_silent_again(&mut self, round: u8) {
        self.pass = Some((0, round));
    }

    fn pop_due(&mut self, now: Instant) -> Option<Job> {
        let Reverse((at, ..)) = self.due.peek()?;
        if *at > now {
            return None;
        }
        self.since_due = 0;
        self.due.pop().map(|Reverse((_, _, job))| job)
    }

    /// Takes out what waits for an endpoint. Its place in the walk stays, and whoever walks there looks whether it was tried.
    pub(super) fn remove(&mut self, endpoint: Endpoint) -> Vec<Job> {
        let mut removed = Vec::new();
        for line in [&mut self.named, &mut self.retry] {
            line.retain(|job| {
                let stays = job.endpoint != endpoint;
                if !stays {
                    removed.push(*job);
                }
                stays
            });
        }
        self.due.retain(|Reverse((_, _, job))| {
            let stays = job.endpoint != endpoint;
            if !stays {
                removed.push(*job);
            }
            stays
        });
        removed
    }

    /// Every appointment, in no order.
    pub(super) fn due(&self) -> impl Iterator<Item = (Instant, &Job)> {
        self.due.iter().map(|Reverse((at, _, job))| (*at, job))
    }

    /// When the next appointment is.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.peek().map(|Reverse((at, ..))| *at)
    }

    /// Whether a discovery job is waiting.
    pub(super) fn has_discovery(&self) -> bool {
        self.next < self.end
            || !self.retry.is_empty()
            || !self.named.is_empty()
            || self.pass.is_some()
    }

    /// Addresses to which no connect was made yet.
    pub(super) fn untried(&self) -> u64 {
        self.end.saturating_sub(self.next) + self.named.len() as u64
    }

    /// Appointments made.
    pub(super) fn appointments(&self) -> usize {
        self.due.len()
    }

    /// Whether nothing is left to do.
    pub(super) fn is_empty(&self) -> bool {
        !self.has_discovery() && self.due.is_empty()
    }
}
