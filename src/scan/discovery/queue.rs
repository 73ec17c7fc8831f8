//! The connections to be made: new endpoints, silent ones that wait for their next round, and further attempts at hosts. Behind them
//! endpoints that stayed silent to the last, when they are worth asking again.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::silent::SilentSet;
use crate::model::{Checkpoint, Endpoint, OpenEndpoint, OpenPlaces, OpenWork, PlaceRange};
use crate::scan::job::{Job, Purpose};
use crate::targets::{Permutation, TargetSet};

/// Silent addresses kept for their next round. When the line is full, new addresses wait, so that a /8 needs no more
/// memory than a /16.
const RETRY_CAPACITY: usize = 65_536;
/// When more silent addresses than this wait, every other connect goes to one of them: their rounds are long waits that cost
/// nothing but slots, so that the work for new addresses is done meanwhile.
const SHARE_ABOVE: usize = 1024;
/// While addresses are still to be discovered, one connect in this many is a further attempt.
const INTERLEAVE: u32 = 4;
/// No scan has more places open than this; a checkpoint that says so is damaged.
const MOST_OPEN: u64 = 1 << 20;

/// Why a scan cannot go on from a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotResumable {
    /// It was made by a version that tries addresses in another order.
    #[error(
        "it was begun by a version of rdpscan that tries addresses in another order ({theirs}, not {})",
        Permutation::VERSION
    )]
    OtherOrder {
        /// The order of the checkpoint.
        theirs: u32,
    },
    /// It is damaged, or of other targets.
    #[error("its checkpoint does not fit its targets")]
    OtherTargets,
}

#[derive(Debug)]
pub struct Queue {
    targets: Arc<TargetSet>,
    order: Permutation,
    next: u64,
    end: u64,
    /// Places not reached yet whose endpoints were finished by an earlier run.
    finished: HashSet<u64>,
    /// Endpoints that names led to, before the permutation.
    named: VecDeque<Job>,
    retry: VecDeque<Job>,
    due: BinaryHeap<Reverse<(Instant, u64, Job)>>,
    /// Endpoints of the permutation that stayed silent in every round.
    silent: SilentSet,
    /// The pass over them: its next place in the permutation, and the round that it counts as.
    pass: Option<(u64, u8)>,
    /// Breaks ties between scheduled jobs, first come first served.
    stamp: u64,
    since_due: u32,
    /// The last connect of discovery went to a silent address.
    retried: bool,
}

impl Queue {
    pub(in crate::scan) fn new(targets: Arc<TargetSet>, seed: u64) -> Self {
        let endpoints = targets.endpoints();
        Self {
            targets,
            order: Permutation::new(endpoints, seed),
            next: 0,
            end: endpoints,
            finished: HashSet::new(),
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

    /// What a checkpoint leaves to be discovered: what was open, and every place from its cursor on, without `finished`. Those
    /// are the endpoints with an attempt that no [`crate::model::EventBody::ReprobeStarted`] supersedes, whenever it ended. With
    /// them and with what was counted, that is each endpoint once.
    ///
    /// Silent addresses that were being asked again after the last round are none of it: they are counted as silent, and the pass over
    /// them goes on behind the discovery, as a round after `last`. What was closed is asked again with them, since both were only
    /// counted.
    ///
    /// # Errors
    /// The checkpoint is of another order or of other targets, or damaged.
    pub fn resume(
        targets: Arc<TargetSet>,
        seed: u64,
        checkpoint: &Checkpoint,
        finished: &HashSet<Endpoint>,
        last: u8,
    ) -> Result<Self, NotResumable> {
        let theirs = checkpoint.permutation;
        if theirs != Permutation::VERSION {
            return Err(NotResumable::OtherOrder { theirs });
        }
        let mut queue = Self::new(targets, seed);
        queue.next = checkpoint.cursor;
        let (mut free, mut count) = (0, 0_u64);
        for run in &checkpoint.open.places {
            // Sorted, and within what was handed out.
            if run.from < free || run.to < run.from || run.to >= queue.next {
                return Err(NotResumable::OtherTargets);
            }
            free = run.to + 1;
            count = count.saturating_add(free - run.from);
        }
        if queue.next > queue.end || count > MOST_OPEN {
            return Err(NotResumable::OtherTargets);
        }
        for run in &checkpoint.open.places {
            let purpose = Purpose::Discover { round: run.round };
            let endpoints = (run.from..=run.to).filter_map(|place| {
                let endpoint = queue.targets.endpoint(queue.order.at(place))?;
                (!finished.contains(&endpoint)).then_some(endpoint)
            });
            queue.retry.extend(endpoints.map(|endpoint| Job {
                purpose,
                ..Job::discover(endpoint)
            }));
        }
        let elsewhere = checkpoint.open.endpoints.iter();
        let elsewhere = elsewhere.filter(|open| !finished.contains(&open.endpoint));
        queue.named.extend(elsewhere.map(|open| Job {
            purpose: Purpose::Discover { round: open.round },
            repeat: open.repeat,
            ..Job::discover(open.endpoint)
        }));
        let places = finished
            .iter()
            .filter_map(|endpoint| queue.place_of(*endpoint));
        queue.finished = places.filter(|place| *place >= queue.next).collect();
        if queue.silent.keeps() {
            let mut silent = SilentSet::new(queue.end);
            let done = queue.done_before(checkpoint);
            for endpoint in done.filter(|endpoint| !finished.contains(endpoint)) {
                if let Some(index) = queue.targets.index_of(endpoint) {
                    silent.insert(index);
                }
            }
            queue.silent = silent;
        }
        queue.pass = checkpoint
            .pass
            .filter(|pass| pass.next < queue.end)
            .map(|pass| (pass.next, last.saturating_add(pass.number)));
        Ok(queue)
    }

    /// Whether discovery still comes to a planned endpoint after a resume from this checkpoint.
    pub(in crate::scan) fn awaits(&self, endpoint: Endpoint, checkpoint: &Checkpoint) -> bool {
        self.place_of(endpoint).is_some_and(|place| {
            let places = &checkpoint.open.places;
            let after = places.partition_point(|run| run.from <= place);
            let run = after.checked_sub(1).and_then(|at| places.get(at));
            place >= self.next || run.is_some_and(|run| place <= run.to)
        })
    }

    /// The endpoints at these places.
    pub(in crate::scan) fn endpoints_of(
        &self,
        places: &[PlaceRange],
    ) -> impl Iterator<Item = Endpoint> {
        let places = places
            .iter()
            .flat_map(|run| run.from..=run.to.min(self.end));
        let most = usize::try_from(MOST_OPEN).unwrap_or(usize::MAX);
        let indices = places.take(most).map(|place| self.order.at(place));
        indices.filter_map(|index| self.targets.endpoint(index))
    }

    /// The endpoints that were finished before this checkpoint, hosts or not.
    pub(in crate::scan) fn done_before(
        &self,
        checkpoint: &Checkpoint,
    ) -> impl Iterator<Item = Endpoint> {
        let mut open = checkpoint.open.places.iter().peekable();
        let places = (0..checkpoint.cursor.min(self.end)).filter(move |place| {
            while open.next_if(|run| run.to < *place).is_some() {}
            open.peek().is_none_or(|run| *place < run.from)
        });
        places.filter_map(|place| self.targets.endpoint(self.order.at(place)))
    }

    /// Places of the order handed out.
    pub(in crate::scan) const fn cursor(&self) -> u64 {
        self.next
    }

    /// The place of a planned endpoint in the order.
    fn place_of(&self, endpoint: Endpoint) -> Option<u64> {
        Some(self.order.place_of(self.targets.index_of(endpoint)?))
    }

    /// How far the pass over silent endpoints has come, with these jobs in flight: places before this one are done.
    pub(in crate::scan) fn pass_done(&self, in_flight: impl Iterator<Item = Job>, last: u8) -> u64 {
        let of_pass = in_flight.filter(|job| job.round().is_some_and(|round| round > last));
        let places = of_pass.filter_map(|job| self.place_of(job.endpoint));
        let next = self.pass.map_or(self.end, |(next, _)| next);
        places.fold(next, u64::min)
    }

    /// What is open of discovery, with these jobs in flight. Rounds after `last` are left out: what is asked again after the last round
    /// is counted already.
    pub(in crate::scan) fn open(&self, in_flight: impl Iterator<Item = Job>, last: u8) -> OpenWork {
        let waiting = self.named.iter().chain(&self.retry);
        let waiting = waiting.chain(self.scheduled().map(|(_, job)| job)).copied();
        let mut places = Vec::with_capacity(self.retry.len());
        let mut endpoints = Vec::new();
        for job in waiting.chain(in_flight) {
            let Some(round) = job.round().filter(|round| *round <= last) else {
                continue;
            };
            match self.place_of(job.endpoint) {
                Some(place) if !job.repeat => places.push((place, round)),
                _ => endpoints.push(OpenEndpoint {
                    endpoint: job.endpoint,
                    round,
                    repeat: job.repeat,
                }),
            }
        }
        endpoints.sort_unstable();
        OpenWork {
            places: runs(places)
                .map(|(from, to, round)| OpenPlaces { from, to, round })
                .collect(),
            endpoints,
            ..OpenWork::default()
        }
    }

    /// The places of these endpoints, and those that have none.
    pub(in crate::scan) fn places(
        &self,
        endpoints: impl Iterator<Item = Endpoint>,
    ) -> (Vec<PlaceRange>, Vec<Endpoint>) {
        let mut places = Vec::new();
        let mut elsewhere = Vec::new();
        for endpoint in endpoints {
            match self.place_of(endpoint) {
                Some(place) => places.push((place, 0)),
                None => elsewhere.push(endpoint),
            }
        }
        elsewhere.sort_unstable();
        elsewhere.dedup();
        let ranges = runs(places).map(|(from, to, _)| PlaceRange { from, to });
        (ranges.collect(), elsewhere)
    }

    /// An endpoint that a name resolved to, or that is re-probed: ahead of the permutation.
    pub(in crate::scan) fn add(&mut self, job: Job) {
        self.named.push_back(job);
    }

    pub(in crate::scan) fn retry(&mut self, job: Job) {
        self.retry.push_back(job);
    }

    /// A further attempt, not before `at`.
    pub(in crate::scan) fn schedule(&mut self, at: Instant, job: Job) {
        self.stamp += 1;
        self.due.push(Reverse((at, self.stamp, job)));
    }

    /// The next job that may be done now: discovery first, further attempts interleaved.
    pub(in crate::scan) fn pop(&mut self, now: Instant) -> Option<Job> {
        if self.since_due + 1 >= INTERLEAVE
            && let Some(job) = self.pop_due(now)
        {
            return Some(job);
        }
        self.since_due = self.since_due.saturating_add(1);
        self.pop_discovery().or_else(|| self.pop_due(now))
    }

    fn pop_discovery(&mut self) -> Option<Job> {
        if let Some(job) = self.named.pop_front() {
            return Some(job);
        }
        self.retried = !self.retried && self.retry.len() > SHARE_ABOVE;
        if !self.retried && self.retry.len() < RETRY_CAPACITY {
            while self.next < self.end {
                let place = self.next;
                self.next += 1;
                if self.finished.remove(&place) {
                    continue;
                }
                let index = self.order.at(place);
                if let Some(endpoint) = self.targets.endpoint(index) {
                    return Some(Job::discover(endpoint));
                }
            }
        }
        self.retry.pop_front().or_else(|| self.pop_pass())
    }

    fn pop_pass(&mut self) -> Option<Job> {
        let (next, round) = self.pass?;
        for place in next..self.end {
            let index = self.order.at(place);
            if self.silent.contains(index)
                && let Some(endpoint) = self.targets.endpoint(index)
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

    pub(in crate::scan) fn stayed_silent(&mut self, endpoint: Endpoint) {
        if let Some(index) = self.targets.index_of(endpoint) {
            self.silent.insert(index);
        }
    }

    pub(in crate::scan) fn broke_silence(&mut self, endpoint: Endpoint) {
        if let Some(index) = self.targets.index_of(endpoint) {
            self.silent.remove(index);
        }
    }

    pub(in crate::scan) const fn silent(&self) -> u64 {
        self.silent.len()
    }

    /// Asks all of them again, once each, as `round`.
    pub(in crate::scan) fn ask_silent_again(&mut self, round: u8) {
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

    /// Takes out what waits for an endpoint. Its place in the permutation stays.
    pub(in crate::scan) fn remove(&mut self, of: &HashSet<Endpoint>) -> Vec<Job> {
        let mut removed = Vec::new();
        let mut stays = |job: &Job| {
            let stays = !of.contains(&job.endpoint);
            if !stays {
                removed.push(*job);
            }
            stays
        };
        self.named.retain(&mut stays);
        self.retry.retain(&mut stays);
        self.due.retain(|Reverse((_, _, job))| stays(job));
        removed
    }

    /// In no order.
    pub(in crate::scan) fn scheduled(&self) -> impl Iterator<Item = (Instant, &Job)> {
        self.due.iter().map(|Reverse((at, _, job))| (*at, job))
    }

    pub(in crate::scan) fn next_due(&self) -> Option<Instant> {
        self.due.peek().map(|Reverse((at, ..))| *at)
    }

    /// Whether endpoints are left to discover, besides those in flight.
    pub(in crate::scan) fn has_endpoints(&self) -> bool {
        self.next < self.end
            || !self.retry.is_empty()
            || !self.named.is_empty()
            || self.pass.is_some()
    }

    /// Endpoints without a connect so far.
    pub(in crate::scan) fn untried(&self) -> u64 {
        let walk = self
            .end
            .saturating_sub(self.next + self.finished.len() as u64);
        walk + self.named.len() as u64
    }

    pub(in crate::scan) fn scheduled_count(&self) -> usize {
        self.due.len()
    }

    pub(in crate::scan) fn is_empty(&self) -> bool {
        !self.has_endpoints() && self.due.is_empty()
    }
}

/// Neighbouring places of the same round in one, from the first to the last; a place that is there twice counts once.
fn runs(mut places: Vec<(u64, u8)>) -> impl Iterator<Item = (u64, u64, u8)> {
    places.sort_unstable();
    places.dedup_by_key(|(place, _)| *place);
    let mut places = places.into_iter().peekable();
    std::iter::from_fn(move || {
        let (from, round) = places.next()?;
        let mut to = from;
        while places.next_if_eq(&(to + 1, round)).is_some() {
            to += 1;
        }
        Some((from, to, round))
    })
}
