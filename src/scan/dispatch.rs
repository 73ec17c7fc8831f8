//! Launching work: permits before spawn, one gate for every connection.

use tokio::task::{Id, JoinError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::model::{Attempt, Lookup, Notice, Outcome, ProbeKind, Stage, StageRecord};

use super::contain::{self, contain};
use super::engine::{Engine, Flight, Known};
use super::naming::Named;
use super::queue::{Job, Purpose};
use super::retries::TargetJob;
use crate::prober::{AttemptRequest, Connect, ConnectFailure, Prober};

/// What became of the slot of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// It held none, as lookups do not.
    None,
    /// It is free, and the result counts.
    Freed,
    /// It is free, and the result does not count.
    Void,
}

/// What a task brings back.
pub(super) enum Done {
    /// A connection that did not come up.
    Down {
        job: Job,
        failure: ConnectFailure,
        /// How late this process was meanwhile, in microseconds.
        lag_us: u32,
    },
    /// An attempt, from connect to polite close.
    Tried(Job, Box<Attempt>),
    /// A target name was looked up; `None` when every resolver was skipped.
    Resolved(TargetJob, Option<Vec<Lookup>>),
    /// A host's names were looked up.
    Named(Named),
}

impl<P: Prober> Engine<P> {
    /// Starts all that may start now; gives the time at which more may.
    pub(super) fn launch(&mut self) -> Option<Instant> {
        if self.is_stopping() || self.paused {
            return None;
        }
        self.launch_lookups();
        let wake = self.launch_connections();
        // Where launching pauses only to let others run, the slots are not filled yet, and nothing is known of them.
        if wake.is_none_or(|at| at > clock::monotonic()) {
            self.slots_are_short =
                self.in_flight.len() >= self.limit.allowed() && self.queue.has_discovery();
        }
        wake
    }

    /// The time given is never past: an appointment that is overdue waits for what holds it up, or the scan would spin.
    fn launch_connections(&mut self) -> Option<Instant> {
        for _ in 0..self.burst() {
            if self.in_flight.len() >= self.limit.allowed() || !self.load.has_room() {
                // A slot that gets free wakes the scan.
                return None;
            }
            let now = clock::monotonic();
            if let Some(at) = self.pacer.take(now) {
                return Some(at);
            }
            let Some(job) = self.queue.pop(&self.targets, now) else {
                self.pacer.give_back();
                return self.queue.next_due();
            };
            if !self.start(job, now) {
                self.pacer.give_back();
            }
        }
        Some(clock::monotonic())
    }

    /// Connects launched before those that were launched get a turn, so that they can come up and be counted: as many as would
    /// fill the room, if hosts answer as often as they did so far.
    fn burst(&self) -> usize {
        let each = self.meter.connects_per_answer(self.in_flight.len());
        self.load.room().saturating_mul(each).max(1)
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
        self.discovering += usize::from(job.purpose != Purpose::Again);
        let (lag, up) = (self.lag.reader(), self.load.counter());
        // A host that is known is expected to take the connection; of others it shows.
        let expected = (job.purpose == Purpose::Again).then(|| up.count());
        let prober = self.prober.clone();
        let give_up = CancellationToken::new();
        let ordered = give_up.clone();
        let task = self.tasks.spawn(contain(async move {
            let (started_at, start) = (clock::wall(), clock::monotonic());
            let connect = tokio::select! {
                biased;
                connect = prober.connect(endpoint, timeout) => connect,
                () = ordered.cancelled() => Connect::Failed(ConnectFailure {
                    outcome: Outcome::Cancelled,
                    shortage: None,
                    started_at,
                    duration_us: clock::micros_since(start),
                }),
            };
            let mut attempt = match connect {
                // RST in answer to the SYN is a refusal; this one came behind the SYN-ACK, before anybody looked.
                Connect::Failed(failure) if matches!(failure.outcome, Outcome::Reset { .. }) => {
                    Box::new(reset_at_once(request, failure))
                }
                Connect::Failed(failure) => {
                    let lag_us = lag.worst_us_since(start);
                    return Done::Down {
                        job,
                        failure,
                        lag_us,
                    };
                }
                // Boxed, so that the many connects that stay silent do not each carry room for a whole attempt.
                Connect::Up(link) => {
                    let _up = expected.unwrap_or_else(|| up.count());
                    Box::new(Box::pin(prober.attempt(link, request, ordered.clone())).await)
                }
            };
            attempt.lag_us = lag.worst_us_since(start);
            Done::Tried(job, attempt)
        }));
        self.in_flight.insert(
            task.id(),
            Flight {
                job,
                since: now,
                give_up,
                void: false,
            },
        );
        true
    }

    /// What to ask of the prober; `None` when the walk comes to an endpoint that was tried already.
    fn request(&self, job: Job) -> Option<AttemptRequest> {
        let known = self.known.get(&job.endpoint);
        let unanswered_rounds = match job.purpose {
            Purpose::Discover { round } => {
                let was_silent =
                    |known: &Known| self.is_in_pass(job) && !known.answered && !known.listed;
                if known.is_some_and(|known| {
                    known.given_up || (known.attempts() > 0 && !was_silent(known))
                }) {
                    return None;
                }
                round
            }
            Purpose::Again => 0,
        };
        let probe = known
            .and_then(|known| self.next_probe(known))
            .unwrap_or_default();
        Some(AttemptRequest {
            endpoint: job.endpoint,
            number: self.attempts_at(job.endpoint).saturating_add(1),
            unanswered_rounds,
            probe,
            by_name: known
                .filter(|known| known.plan.goes_by_name(probe))
                .and_then(|known| known.by_name.clone()),
            ntlm: self.options.ntlm,
        })
    }

    /// The probe that a host gets next, of those that its own attempts ask for.
    pub(super) fn next_probe(&self, known: &Known) -> Option<ProbeKind> {
        let options = &self.options;
        known.plan.next(options.attempts, options.check_nla)
    }

    /// Takes a finished task's result in. A task that panicked is a bug of ours, for which no host is to blame.
    pub(super) async fn settle(&mut self, done: Result<(Id, Done), JoinError>) {
        match done {
            Ok((
                id,
                Done::Down {
                    job,
                    failure,
                    lag_us,
                },
            )) => {
                if self.release(id, matches!(failure.outcome, Outcome::Refused)) == Slot::Freed {
                    self.connect_failed(job, failure, lag_us).await;
                }
            }
            Ok((id, Done::Tried(job, attempt))) => {
                if self.release(id, true) == Slot::Freed {
                    self.attempt_finished(job, *attempt).await;
                }
            }
            Ok((id, Done::Resolved(job, lookups))) => {
                self.lookups_in_flight -= 1;
                if self.looking.remove(&id).is_some() {
                    self.target_resolved(job, lookups).await;
                }
            }
            Ok((id, Done::Named(named))) => {
                self.lookups_in_flight -= 1;
                // A host that is probed anew has its names looked up anew.
                if self.looking.remove(&id).is_some() {
                    self.names_found(named).await;
                }
            }
            Err(error) => {
                let id = error.id();
                let job = self.in_flight.get(&id).map(|flight| flight.job);
                let slot = self.release(id, true);
                if slot == Slot::None {
                    self.lookups_in_flight = self.lookups_in_flight.saturating_sub(1);
                }
                let looking = self.looking.remove(&id);
                let Some(words) = contain::panic_words(error) else {
                    return;
                };
                let detail = words.as_str().into();
                // One for all of them, whatever each says.
                if !std::mem::replace(&mut self.has_panicked, true) {
                    self.notice(Notice::InternalError { detail }).await;
                }
                if let (Slot::Freed, Some(job)) = (slot, job) {
                    self.probe_panicked(job, words).await;
                }
                if let Some(looking) = looking {
                    self.lookup_panicked(looking.job).await;
                }
            }
        }
    }

    /// Frees a connection's slot.
    fn release(&mut self, id: Id, answered: bool) -> Slot {
        let Some(flight) = self.in_flight.remove(&id) else {
            return Slot::None;
        };
        let address = flight.job.endpoint.address;
        self.discovering -= usize::from(flight.job.purpose != Purpose::Again);
        self.courtesy.leave(address, answered, clock::monotonic());
        if flight.void { Slot::Void } else { Slot::Freed }
    }
}

/// A connection that came up and was reset before anything could be sent.
fn reset_at_once(request: AttemptRequest, failure: ConnectFailure) -> Attempt {
    let record = |stage, start_us, duration_us, outcome| StageRecord {
        stage,
        start_us,
        duration_us,
        outcome,
    };
    let connect_us = failure.duration_us;
    let next = match request.probe {
        ProbeKind::DirectTls => Stage::Tls,
        _ => Stage::X224,
    };
    Attempt {
        endpoint: request.endpoint,
        number: request.number,
        probe: request.probe,
        sni: request.by_name,
        started_at: failure.started_at,
        stages: vec![
            record(Stage::Tcp, 0, connect_us, Outcome::Ok),
            record(next, connect_us, 0, failure.outcome),
        ],
        unanswered_rounds: request.unanswered_rounds,
        negotiation: None,
        tls: None,
        ntlm: None,
        path: None,
        lag_us: 0,
    }
}
