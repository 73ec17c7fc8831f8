//! The engine: every decision of a scan, without I/O. It takes what happened and the time, and queues what is to be done; the
//! driver does it. Nothing in here waits, opens a socket or reads a clock.

mod attempts;
mod checkpoints;
mod control;
mod eta;
mod finish;
mod launch;
mod names;
mod resume;

use std::collections::{HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use self::checkpoints::Checkpoints;
use self::eta::Horizon;
pub(super) use self::names::best_name;
use super::discovery::Discovery;
use super::endpoint_counts::EndpointCounts;
use super::hosts::Hosts;
use super::in_flight::{FlightState, InFlight};
use super::job::{Job, TaskId};
use super::lookups::{HostQuestion, LookupEnd, LookupJob, Lookups};
use super::meter::Meter;
use super::options::ScanOptions;
use super::resume::Work;
use crate::model::{Attempt, Control, EventBody, Lookup, Notice, ObservedName, Outcome, ScanEnd};
use crate::prober::{AttemptRequest, ConnectFailure, ResolverHealth};
use crate::targets::TargetSet;

/// What happened.
pub(super) enum Input {
    Start,
    /// Work may be started, with so many connections established.
    Wake {
        connections_up: usize,
    },
    /// Time has passed.
    Tick,
    /// The state of the resolvers as of the next input: comes before the end of a lookup, a panic included, and before
    /// [`Self::Wake`] where [`Engine::needs_resolvers`].
    Resolvers(Vec<ResolverHealth>),
    ConnectFailed {
        id: TaskId,
        failure: ConnectFailure,
        /// How late timers of this process were meanwhile.
        lag_us: u32,
    },
    AttemptFinished {
        id: TaskId,
        attempt: Box<Attempt>,
    },
    /// `None` after [`Output::Cancel`].
    LookupFinished {
        id: TaskId,
        found: Option<Found>,
    },
    /// A task ended by a bug of this program.
    Panicked {
        id: TaskId,
        message: String,
        at: Timestamp,
    },
    /// A notice that came up outside the engine.
    Notice(Notice),
    Control {
        order: Control,
        at: Timestamp,
    },
    TimeLimit,
}

/// What a lookup gave.
#[derive(Default)]
pub(super) struct Found {
    /// `None` when every resolver was skipped.
    pub(super) lookups: Option<Vec<Lookup>>,
    /// Addresses in the answers that this machine has no route to.
    pub(super) unroutable: HashSet<IpAddr>,
    /// Of a host: its names, those found by the reverse lookup included.
    pub(super) names: Vec<ObservedName>,
    /// Of a host: how every question ended.
    pub(super) ends: Vec<(HostQuestion, LookupEnd)>,
}

/// What is to be done.
pub(super) enum Output {
    Connect(StartConnect),
    LookUp {
        id: TaskId,
        job: LookupJob,
    },
    /// The task is to end soon. Its result is still an input.
    Cancel(TaskId),
    Emit(EventBody),
    /// Times are measured by the system's clock as it is now.
    ResetClock,
    /// The scan is over: [`Engine::progress`] is final.
    PublishEnd,
}

pub(super) struct StartConnect {
    pub(super) id: TaskId,
    pub(super) timeout: Duration,
    pub(super) request: AttemptRequest,
    /// The host is known, so that the connection counts as established from the start.
    pub(super) expected: bool,
}

pub(super) struct Engine {
    targets: Arc<TargetSet>,
    options: ScanOptions,
    discovery: Discovery,
    hosts: Hosts,
    lookups: Lookups,
    in_flight: InFlight,
    counts: EndpointCounts,
    meter: Meter,
    horizon: Horizon,
    checkpoints: Checkpoints,
    /// Notices given, each once.
    notices: HashSet<Notice>,
    has_panicked: bool,
    paused: bool,
    /// How it ended, until more is asked for.
    finished: Option<ScanEnd>,
    wake_at: Option<Instant>,
    tasks_started: u64,
    outputs: VecDeque<Output>,
}

impl Engine {
    pub(super) fn new(work: Work, options: ScanOptions, now: Instant) -> Self {
        let Work { targets, resume } = work;
        let mut engine = Self {
            discovery: Discovery::new(targets.clone(), options.seed, options.rounds.clone()),
            hosts: Hosts::default(),
            lookups: Lookups::new(options.lookups, targets.names()),
            in_flight: InFlight::new(&options, now),
            counts: EndpointCounts::new(targets.clone()),
            meter: Meter::new(targets.endpoints(), now),
            horizon: Horizon::default(),
            checkpoints: Checkpoints::new(now),
            notices: HashSet::new(),
            has_panicked: false,
            paused: false,
            finished: None,
            wake_at: None,
            tasks_started: 0,
            outputs: VecDeque::new(),
            targets,
            options,
        };
        if let Some(resume) = resume {
            engine.take_up(*resume, now);
        }
        engine
    }

    pub(super) fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Start => self.start_scan(),
            Input::Wake { connections_up } => self.wake(connections_up, now),
            Input::Tick => self.checkpoint_if_due(now),
            Input::Resolvers(health) => self.lookups.set_health(health),
            Input::ConnectFailed {
                id,
                failure,
                lag_us,
            } => {
                let refused = matches!(failure.outcome, Outcome::Refused);
                if let Some(job) = self.end_connection(id, refused, now) {
                    self.connect_failed(job, failure, lag_us, now);
                }
            }
            Input::AttemptFinished { id, attempt } => {
                if let Some(job) = self.end_connection(id, true, now) {
                    self.attempt_finished(job, *attempt, now);
                }
            }
            Input::LookupFinished { id, found } => {
                if let (Some(job), Some(found)) = (self.lookups.end(id), found) {
                    self.lookup_finished(job, found, now);
                }
            }
            Input::Panicked { id, message, at } => self.task_panicked(id, message, at, now),
            Input::Control { order, at } => self.control(order, at, now),
            Input::Notice(notice) => self.notice(notice),
            Input::TimeLimit => self.notice(Notice::TimeLimit),
        }
    }

    pub(super) fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When more work may be started, as of the last [`Input::Wake`]. Without a time, the end of a task is awaited.
    pub(super) const fn wake_at(&self) -> Option<Instant> {
        self.wake_at
    }

    /// Whether [`Input::Resolvers`] is to come before the next [`Input::Wake`].
    pub(super) fn needs_resolvers(&self) -> bool {
        self.lookups.needs_health()
    }

    pub(super) fn has_connections(&self) -> bool {
        !self.in_flight.is_empty()
    }

    pub(super) const fn finished(&self) -> Option<ScanEnd> {
        self.finished
    }

    /// Nothing is in flight, and nothing is left to start.
    pub(super) fn is_done(&self) -> bool {
        let is_last_work = self.has_only_lookups();
        is_last_work && self.lookups.is_idle() && !self.lookups.hold_the_end(is_last_work)
    }

    /// Nothing but lookups is in flight or left to start.
    fn has_only_lookups(&self) -> bool {
        self.in_flight.is_empty() && self.discovery.queue.is_empty()
    }

    fn start_scan(&mut self) {
        let plan = self.options.plan(&self.targets);
        self.emit(EventBody::ScanStarted(plan));
        let settings = std::mem::take(&mut self.options.settings);
        let work = self.targets.planned_work(settings);
        self.emit(EventBody::WorkPlanned(Arc::new(work)));
        let targets = self.targets.clone();
        let notices = std::mem::take(&mut self.options.notices);
        for notice in notices.iter().chain(targets.notices()) {
            self.notice(notice.clone());
        }
        for target in targets.behind_gateways() {
            self.emit(EventBody::BehindGateway {
                host: target.key.clone(),
                gateway: target.gateway.as_str().into(),
            });
        }
    }

    const fn new_task(&mut self) -> TaskId {
        self.tasks_started += 1;
        TaskId(self.tasks_started)
    }

    /// Frees the slot of a connection. `None` when its result does not count.
    fn end_connection(&mut self, id: TaskId, answered: bool, now: Instant) -> Option<Job> {
        let flight = self.in_flight.end(id, answered, now)?;
        (flight.state != FlightState::Discarded).then_some(flight.job)
    }

    fn task_panicked(&mut self, id: TaskId, message: String, at: Timestamp, now: Instant) {
        // One notice for all, whatever each message is.
        if !std::mem::replace(&mut self.has_panicked, true) {
            let detail = message.as_str().into();
            self.notice(Notice::InternalError { detail });
        }
        if let Some(job) = self.lookups.end(id) {
            self.lookup_panicked(job, now);
        } else if let Some(job) = self.end_connection(id, true, now) {
            self.attempt_panicked(job, message, at, now);
        }
    }

    fn emit(&mut self, body: EventBody) {
        self.outputs.push_back(Output::Emit(body));
    }

    /// Emits a notice about this machine, once.
    fn notice(&mut self, notice: Notice) {
        if self.notices.insert(notice.clone()) {
            self.emit(EventBody::Notice(notice));
        }
    }

    fn cancel(&mut self, tasks: impl IntoIterator<Item = TaskId>) {
        self.outputs.extend(tasks.into_iter().map(Output::Cancel));
    }
}

#[cfg(test)]
mod tests;
