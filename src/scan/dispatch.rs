//! Launching work: permits before spawn, one gate for every connection.

use std::net::IpAddr;

use tokio::task::{Id, JoinError};
use tokio::time::Instant;

use crate::clock;
use crate::model::{
    Attempt, Endpoint, Lookup, LookupAnswer, NameSource, ObservedName, Outcome, Question,
};
use crate::target::NameTarget;

use super::candidates::{self, MOST_NAMES};
use super::engine::Engine;
use super::prober::{AttemptRequest, Connect, ConnectFailure, Prober};
use super::queue::{Job, Purpose};

/// Lookups of names under way at once; each may ask several resolvers.
const MOST_LOOKUPS: usize = 32;

/// Attempts that may use a second connection to look closer; with the default of three attempts that makes five
/// connections at most. Whoever is reached by the second connection only gets it every time.
const MOST_WITH_SECOND: u32 = 2;

/// What a task brings back.
pub(super) enum Done {
    /// A connection that did not come up.
    Down(Job, ConnectFailure),
    /// An attempt, from connect to polite close.
    Tried(Job, Box<Attempt>),
    /// A target name was looked up.
    Resolved(NameTarget, Vec<Lookup>),
    /// A host's names were looked up.
    Named {
        endpoint: Endpoint,
        names: Vec<ObservedName>,
        lookups: Vec<Lookup>,
    },
}

impl<P: Prober> Engine<P> {
    /// Starts all that may start now; gives the time at which more may.
    pub(super) fn launch(&mut self) -> Option<Instant> {
        if self.is_stopping() {
            return None;
        }
        self.launch_lookups();
        let mut wake = None;
        while self.in_flight.len() < self.in_flight_limit {
            let now = clock::monotonic();
            if let Some(at) = self.pacer.take(now) {
                wake = Some(at);
                break;
            }
            let Some(job) = self.queue.pop(&self.targets, now) else {
                self.pacer.give_back();
                break;
            };
            if !self.start(job, now) {
                self.pacer.give_back();
            }
        }
        self.slots_are_short =
            self.in_flight.len() >= self.in_flight_limit && self.queue.has_discovery();
        match (wake, self.queue.next_due()) {
            (Some(wake), Some(due)) => Some(wake.min(due)),
            (wake, due) => wake.or(due),
        }
    }

    /// Starts one connection, if it may be made at all.
    ///
    /// INVARIANT: this is the only place that hands an endpoint to the prober, and it never hands over an excluded one.
    fn start(&mut self, job: Job, now: Instant) -> bool {
        let endpoint = job.endpoint;
        if self.is_excluded(endpoint.address) {
            return false;
        }
        let Some(request) = self.request(job) else {
            self.count_discovered(job);
            return false;
        };
        if let Some(at) = self.courtesy.enter(endpoint.address, now) {
            self.queue.push_due(at, job);
            return false;
        }
        let timeout = match job.purpose {
            Purpose::Discover { round } => self.rounds.timeout(round, self.is_hurried()),
            Purpose::Again => self.options.connect_timeout,
        };
        self.meter.launched();
        let prober = self.prober.clone();
        let task = self.tasks.spawn(async move {
            match prober.connect(endpoint, timeout).await {
                Connect::Failed(failure) => Done::Down(job, failure),
                // Boxed, so that the many connects that stay silent do not each carry room for a whole attempt.
                Connect::Up(link) => {
                    Done::Tried(job, Box::new(Box::pin(prober.attempt(link, request)).await))
                }
            }
        });
        self.in_flight.insert(task.id(), (endpoint, now));
        true
    }

    /// What to ask of the prober; `None` when the walk comes to an endpoint that was tried already.
    fn request(&self, job: Job) -> Option<AttemptRequest> {
        let known = self.known.get(&job.endpoint);
        let silent_rounds = match job.purpose {
            Purpose::Discover { round } => {
                if known.is_some_and(|known| known.attempts > 0) {
                    return None;
                }
                round
            }
            Purpose::Again => 0,
        };
        let number = known.map_or(1, |known| known.attempts + 1);
        Some(AttemptRequest {
            endpoint: job.endpoint,
            number,
            silent_rounds,
            by_name: known
                .filter(|_| number == 2)
                .and_then(|known| known.by_name.clone()),
            legacy: known.is_some_and(|known| known.legacy),
            ntlm: self.options.ntlm && !known.is_some_and(|known| known.challenged),
            second: number <= MOST_WITH_SECOND || known.is_some_and(|known| known.mended),
            gap: self.options.gap,
        })
    }

    fn launch_lookups(&mut self) {
        while self.lookups_in_flight < MOST_LOOKUPS {
            let prober = self.prober.clone();
            if let Some(target) = self.unresolved.pop() {
                self.tasks.spawn(async move {
                    let lookups = prober.forward(&target.name).await;
                    Done::Resolved(target, lookups)
                });
            } else if let Some((endpoint, names)) = self.name_jobs.pop_front() {
                self.tasks.spawn(async move {
                    let (names, lookups) = look_up(&*prober, endpoint.address, names).await;
                    Done::Named {
                        endpoint,
                        names,
                        lookups,
                    }
                });
            } else {
                break;
            }
            self.lookups_in_flight += 1;
        }
    }

    /// Takes a finished task's result in. A task that panicked is a bug of ours: its slot is freed and the scan goes on.
    pub(super) async fn settle(&mut self, done: Result<(Id, Done), JoinError>) {
        match done {
            Ok((id, Done::Down(job, failure))) => {
                self.release(id, matches!(failure.outcome, Outcome::Refused));
                self.connect_failed(job, failure).await;
            }
            Ok((id, Done::Tried(job, attempt))) => {
                self.release(id, true);
                self.attempt_finished(job, *attempt).await;
            }
            Ok((_, Done::Resolved(target, lookups))) => {
                self.lookups_in_flight -= 1;
                self.target_resolved(target, lookups).await;
            }
            Ok((
                _,
                Done::Named {
                    endpoint,
                    names,
                    lookups,
                },
            )) => {
                self.lookups_in_flight -= 1;
                self.names_found(endpoint, names, lookups).await;
            }
            Err(error) => {
                if error.is_panic() {
                    tracing::error!(%error, "A probe task panicked");
                }
                if !self.release(error.id(), true) {
                    self.lookups_in_flight = self.lookups_in_flight.saturating_sub(1);
                }
            }
        }
    }

    /// Frees a connection's slot; false when the task held none, as lookups do not.
    fn release(&mut self, id: Id, answered: bool) -> bool {
        let Some((endpoint, _)) = self.in_flight.remove(&id) else {
            return false;
        };
        self.courtesy
            .leave(endpoint.address, answered, clock::monotonic());
        true
    }
}

/// The reverse name first, then every name in play, each asked once.
async fn look_up<P: Prober>(
    prober: &P,
    address: IpAddr,
    mut names: Vec<ObservedName>,
) -> (Vec<ObservedName>, Vec<Lookup>) {
    let mut lookups = prober.reverse(address).await;
    let pointers = lookups
        .iter()
        .filter(|lookup| matches!(lookup.question, Question::Pointer(_)));
    for pointer in pointers {
        if let LookupAnswer::Names { names: found } = &pointer.answer {
            let found = found.iter().filter_map(|name| candidates::normalise(name));
            names.extend(found.map(|name| ObservedName {
                name,
                source: NameSource::Ptr,
            }));
        }
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.truncate(MOST_NAMES * 2);
    let mut asked: Vec<&str> = Vec::new();
    for name in names
        .iter()
        .filter(|name| candidates::is_worth_a_lookup(name))
    {
        if asked.len() < MOST_NAMES && !asked.contains(&&*name.name) {
            asked.push(&name.name);
            let mut answers = prober.forward(&name.name).await;
            if answers
                .iter()
                .any(|lookup| lookup.answer.is_resolver_trouble())
            {
                // One failure of one question may be a lost datagram.
                answers.extend(prober.forward(&name.name).await);
            }
            lookups.extend(answers);
        }
    }
    (names, lookups)
}
