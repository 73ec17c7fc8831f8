//! The dispatcher: the one owner of the scan's state and the one emitter of its events.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::model::{
    Checkpoint, Control, Descriptors, Digest, EVENT_SCHEMA, Endpoint, EventBody, HostKey, Notice,
    ObservedName, Progress, ScanEnd, ScanEvent, ScanPlan, ScanStatus,
};
use crate::targets::{NameTarget, TargetSet};

use super::checkpoint::CHECKPOINT_EVERY;
use super::clock_watch::ClockWatch;
use super::courtesy::Courtesy;
use super::dispatch::Done;
use super::lag::LagWatch;
use super::limit::Limit;
use super::load::Load;
use super::lookups::LookupTask;
use super::loss::Loss;
use super::meter::{Further, Meter};
use super::naming::{NameJob, Naming};
use super::options::ScanOptions;
use super::outlook::Horizon;
use super::pacer::Pacer;
use super::plan::ProbePlan;
use super::queue::{Job, Queue};
use super::resolvers::Resolvers;
use super::retries::Retries;
use super::rounds::Rounds;
use super::tally::Tally;
use crate::prober::Prober;

/// Capacity for the channel of events. A slow reader slows the scan down, on purpose.
pub const EVENT_CAPACITY: usize = 1024;
/// How often progress is published.
const TICK: Duration = Duration::from_millis(100);

/// Runs a scan to its end, or to `stop`. Whatever happens, `ScanFinished` is the last event, unless the reader is gone.
///
/// With `orders`, the scan listens while it runs, and goes on listening after its end, until the channel closes or `stop`:
/// what is probed anew then is followed by another `ScanFinished`.
pub async fn run<P: Prober>(
    targets: Arc<TargetSet>,
    prober: Arc<P>,
    options: ScanOptions,
    events: mpsc::Sender<ScanEvent>,
    progress: watch::Sender<Progress>,
    stop: CancellationToken,
    orders: Option<mpsc::Receiver<Control>>,
) -> ScanEnd {
    Engine::new(targets, prober, options, events, progress, stop)
        .run(orders)
        .await
}

/// What is known of an endpoint that is more than one silent address among many.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Attempts that are still to follow, as far as is known.
    pub(super) remaining: u32,
    pub(super) listed: bool,
    pub(super) by_reference: bool,
    /// Part of the sweep, and a host's name leads here: its outcome is told even when it is silence.
    pub(super) member: bool,
    /// An attempt at it was told as one at a host of its own.
    pub(super) row: bool,
    /// All its attempts so far met with silence.
    pub(super) only_silence: bool,
    /// It accepted a connection at least once.
    pub(super) answered: bool,
    /// The probes made, and which comes next.
    pub(super) plan: ProbePlan,
    /// What was looked up of its names.
    pub(super) naming: Naming,
    /// A name that leads to this address, to attempt "by name".
    pub(super) by_name: Option<Box<str>>,
    /// Names the user typed that led here.
    pub(super) target_names: Vec<ObservedName>,
    /// The user gave it up.
    pub(super) given_up: bool,
    /// How long the newest attempt took.
    pub(super) took: Duration,
}

impl Known {
    /// Attempts that were emitted, since it was last probed anew.
    pub(super) const fn attempts(&self) -> u32 {
        self.plan.made()
    }

    /// What there was and is to be done after the first attempt.
    pub(super) fn further(&self) -> Further {
        let after_first = |attempts: u32| u64::from(attempts.saturating_sub(1));
        Further {
            made: after_first(self.attempts()),
            wanted: after_first(self.attempts().saturating_add(self.remaining)),
        }
    }
}

/// A connection under way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) job: Job,
    pub(super) since: Instant,
    /// Ends it in order; what came of it until then counts.
    pub(super) give_up: CancellationToken,
    /// Broken off on order: what came of it no longer counts.
    pub(super) void: bool,
}

impl Flight {
    /// It is about to end, because someone said so.
    pub(super) fn ends_on_order(&self) -> bool {
        self.void || self.give_up.is_cancelled()
    }

    /// Lets it end politely and counts its result no more.
    pub(super) fn break_off(&mut self) {
        self.give_up.cancel();
        self.void = true;
    }
}

pub(super) struct Engine<P: Prober> {
    pub(super) targets: Arc<TargetSet>,
    pub(super) prober: Arc<P>,
    pub(super) options: ScanOptions,
    events: mpsc::Sender<ScanEvent>,
    progress: watch::Sender<Progress>,
    stop: CancellationToken,
    pub(super) queue: Queue,
    pub(super) courtesy: Courtesy,
    pub(super) rounds: Rounds,
    pub(super) pacer: Pacer,
    pub(super) meter: Meter,
    pub(super) horizon: Horizon,
    /// When descriptors were looked at, and what was seen.
    pub(super) descriptors_seen: Option<(Instant, Option<Descriptors>)>,
    pub(super) resolvers: Resolvers,
    pub(super) retries: Retries,
    pub(super) tasks: JoinSet<Done>,
    /// Connections under way.
    pub(super) in_flight: HashMap<Id, Flight>,
    pub(super) limit: Limit,
    /// Those of them that may come to be a host's first sign.
    pub(super) discovering: usize,
    pub(super) lag: LagWatch,
    pub(super) load: Load,
    pub(super) loss: Loss,
    clock_watch: ClockWatch,
    /// A task has panicked, and a notice says so.
    pub(super) has_panicked: bool,
    /// At the last launch every slot was taken and more was waiting.
    pub(super) slots_are_short: bool,
    pub(super) lookups_in_flight: usize,
    /// Lookups under way, without those that were dropped on order.
    pub(super) looking: HashMap<Id, LookupTask>,
    /// Names of the user's still to be resolved, in reverse order.
    pub(super) unresolved: Vec<NameTarget>,
    /// Hosts whose names wait for a lookup slot.
    pub(super) name_jobs: VecDeque<NameJob>,
    pub(super) known: HashMap<Endpoint, Known>,
    /// Certificates that events have shown already.
    pub(super) certificates_shown: HashSet<Digest<32>>,
    /// Attempts before an endpoint was last probed anew. The numbers of the next ones go on from there.
    pub(super) superseded: HashMap<Endpoint, u32>,
    /// Names that were still to be resolved when everything was last probed anew: the others have been.
    pub(super) never_resolved: Option<HashSet<NameTarget>>,
    pub(super) tally: Tally,
    pub(super) next_checkpoint: Instant,
    pub(super) told_checkpoint: Option<Checkpoint>,
    notices: HashSet<Notice>,
    /// Nothing new is started.
    pub(super) paused: bool,
    /// How it ended, while nobody has asked for more.
    pub(super) finished: Option<ScanEnd>,
    seq: u64,
}

impl<P: Prober> Engine<P> {
    fn new(
        targets: Arc<TargetSet>,
        prober: Arc<P>,
        options: ScanOptions,
        events: mpsc::Sender<ScanEvent>,
        progress: watch::Sender<Progress>,
        stop: CancellationToken,
    ) -> Self {
        let now = clock::monotonic();
        let most = usize::try_from(options.in_flight).unwrap_or(usize::MAX);
        let rounds = Rounds::new(options.rounds.clone());
        Self {
            queue: Queue::new(targets.endpoints(), options.seed),
            courtesy: Courtesy::new(options.gap),
            loss: Loss::new(rounds.last()),
            rounds,
            pacer: Pacer::new(options.rate, now),
            meter: Meter::new(targets.endpoints(), now),
            horizon: Horizon::default(),
            descriptors_seen: None,
            resolvers: Resolvers::default(),
            retries: Retries::default(),
            tasks: JoinSet::new(),
            in_flight: HashMap::new(),
            limit: Limit::new(most),
            discovering: 0,
            lag: LagWatch::default(),
            load: Load::new(most),
            clock_watch: ClockWatch::default(),
            has_panicked: false,
            slots_are_short: false,
            lookups_in_flight: 0,
            looking: HashMap::new(),
            unresolved: targets.names().iter().rev().cloned().collect(),
            name_jobs: VecDeque::new(),
            known: HashMap::new(),
            certificates_shown: HashSet::new(),
            superseded: HashMap::new(),
            never_resolved: None,
            tally: Tally::new(targets.endpoints()),
            next_checkpoint: now + CHECKPOINT_EVERY,
            told_checkpoint: None,
            notices: HashSet::new(),
            paused: false,
            finished: None,
            seq: 0,
            targets,
            prober,
            options,
            events,
            progress,
            stop,
        }
    }

    async fn run(mut self, mut orders: Option<mpsc::Receiver<Control>>) -> ScanEnd {
        let plan = self.plan();
        self.emit(EventBody::ScanStarted(plan)).await;
        for notice in std::mem::take(&mut self.options.notices) {
            self.notice(notice).await;
        }
        for notice in self.targets.notices().to_vec() {
            self.notice(notice).await;
        }
        for target in self.targets.behind_gateways().to_vec() {
            self.emit(EventBody::BehindGateway {
                host: target.key,
                gateway: target.gateway.into(),
            })
            .await;
        }
        let mut time_limit = self
            .options
            .max_time
            .and_then(|limit| clock::monotonic().checked_add(limit));
        let mut next_tick = clock::monotonic();
        let status = loop {
            self.ask_silent_again().await;
            let wake = self.launch();
            self.lag.run_while(!self.in_flight.is_empty());
            let now = clock::monotonic();
            if wake.is_some_and(|at| at <= now) {
                // There is more to launch: what was launched goes first.
                tokio::task::yield_now().await;
            }
            if self.is_done() {
                if orders.is_none() {
                    break ScanStatus::Complete;
                }
                if self.finished.is_none() {
                    // The limit was for the scan; what is asked for after it is the user's own time.
                    time_limit = None;
                    self.finish(ScanStatus::Complete).await;
                }
            }
            let idle = self.finished.is_some();
            if now >= next_tick && !idle {
                self.publish(now, false);
                next_tick = now + TICK;
                if let Some(notice) = self.clock_watch.look(clock::jump()) {
                    self.emit(EventBody::Notice(notice)).await;
                }
                self.tell_checkpoint(now).await;
            }
            let wake = wake.map_or(next_tick, |at| at.min(next_tick));
            let stop = self.stop.clone();
            tokio::select! {
                biased;
                () = stop.cancelled() => break ScanStatus::Interrupted,
                order = next_order(&mut orders) => match order {
                    Some(order) => self.obey(order).await,
                    None => orders = None,
                },
                () = sleep_until(time_limit.unwrap_or(now + TICK)), if time_limit.is_some() => {
                    self.notice(Notice::TimeLimit).await;
                    break ScanStatus::Interrupted;
                }
                Some(done) = self.tasks.join_next_with_id() => {
                    self.settle(done).await;
                    while let Some(done) = self.tasks.try_join_next_with_id() {
                        self.settle(done).await;
                    }
                }
                () = sleep_until(wake), if !idle => {}
            }
        };
        if let Some(end) = self.finished {
            return end;
        }
        if status == ScanStatus::Interrupted {
            self.wind_down().await;
        }
        self.finish(status).await
    }

    fn plan(&self) -> ScanPlan {
        ScanPlan {
            schema: EVENT_SCHEMA.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            targets: self.targets.texts().iter().collect(),
            excludes: self.targets.exclude_texts().iter().collect(),
            endpoints_planned: self.targets.endpoints(),
            names_planned: self.targets.names().len() as u64,
            seed: self.options.seed,
            attempts: self.options.attempts,
            dns: self.options.dns,
            ntlm: self.options.ntlm,
            list_all: self.options.list_all,
            simulated: self.options.simulated,
        }
    }

    fn is_done(&self) -> bool {
        self.tasks.is_empty() && self.queue.is_empty() && !self.lookups_hold_the_end()
    }

    /// Nothing but lookups is under way or to be started.
    pub(super) fn has_only_lookups(&self) -> bool {
        self.in_flight.is_empty() && self.queue.is_empty()
    }

    /// Lets attempts under way end by themselves for a moment, so that their results and their polite closes are not lost.
    async fn wind_down(&mut self) {
        let end = clock::monotonic() + self.options.grace;
        while let Ok(Some(done)) =
            tokio::time::timeout_at(end, self.tasks.join_next_with_id()).await
        {
            self.settle(done).await;
        }
        self.tasks.shutdown().await;
    }

    async fn finish(&mut self, status: ScanStatus) -> ScanEnd {
        let silent = (status == ScanStatus::Complete)
            .then(|| self.queue.silent().max(self.tally.unlisted().filtered));
        let own = [self.load.finish(), self.loss.notice(silent)];
        for notice in own.into_iter().flatten() {
            self.notice(notice).await;
        }
        // What a scan that was stopped gives up now stays open for one that goes on from here.
        let stopped = (status == ScanStatus::Interrupted).then(|| self.checkpoint());
        self.tell_not_looked_up(status).await;
        let told = if status == ScanStatus::Interrupted {
            self.tell_not_reached().await
        } else {
            0
        };
        self.publish(clock::monotonic(), true);
        let checkpoint = stopped.unwrap_or_else(|| self.checkpoint());
        self.emit(EventBody::Checkpoint(checkpoint)).await;
        let elsewhere = self.known.keys().filter(|endpoint| {
            !self.targets.contains(**endpoint) && !self.tally.was_tried(&self.targets, **endpoint)
        });
        let untried = self.tally.untried() + elsewhere.count() as u64;
        let end = ScanEnd {
            status,
            endpoints_probed: self.tally.probed(),
            unlisted: self.tally.unlisted(),
            answered_on_retry: self.tally.late(),
            not_reached: untried.saturating_sub(told),
        };
        self.finished = Some(end);
        self.emit(EventBody::ScanFinished(end)).await;
        end
    }

    /// Names whom the user listed and nothing was heard of: a row each, for what is silent about them would read as if they had
    /// not been listed. Gives how many of them are endpoints never tried. Ranges are only counted.
    async fn tell_not_reached(&mut self) -> u64 {
        let waiting = std::mem::take(&mut self.unresolved);
        let under_way = self.looking.values().filter_map(LookupTask::target);
        let mut names: HashSet<NameTarget> =
            waiting.into_iter().chain(under_way.cloned()).collect();
        if let Some(never_resolved) = &self.never_resolved {
            names.retain(|name| never_resolved.contains(name));
        }
        let targets = self.targets.clone();
        for NameTarget { name, port } in targets.names().iter().filter(|name| names.contains(name))
        {
            let host = HostKey::Unresolved {
                name: name.clone(),
                port: *port,
            };
            self.emit(EventBody::NotReached { host }).await;
        }
        let by_name = self.known.iter().filter(|(_, known)| known.listed);
        let mut listed: BTreeSet<Endpoint> = by_name.map(|(endpoint, _)| *endpoint).collect();
        listed.extend(self.targets.listed());
        let untried = |endpoint: &Endpoint| {
            self.attempts_at(*endpoint) == 0 && !self.is_excluded(endpoint.address)
        };
        listed.retain(untried);
        let never = |endpoint: &&Endpoint| !self.tally.was_tried(&self.targets, **endpoint);
        let count = listed.iter().filter(never).count() as u64;
        for endpoint in listed {
            let host = HostKey::Endpoint(endpoint);
            self.emit(EventBody::NotReached { host }).await;
        }
        count
    }

    /// Attempts at an endpoint that were emitted, superseded ones too: the number of the newest.
    pub(super) fn attempts_at(&self, endpoint: Endpoint) -> u32 {
        let superseded = self.superseded.get(&endpoint).copied().unwrap_or(0);
        superseded.saturating_add(self.known.get(&endpoint).map_or(0, Known::attempts))
    }

    /// Numbers, dates and sends an event. A reader that is gone means that nobody wants the rest: the scan stops.
    pub(super) async fn emit(&mut self, body: EventBody) {
        let event = ScanEvent::new(&self.options.origin, self.seq, clock::wall(), body);
        self.seq += 1;
        if self.events.send(event).await.is_err() {
            self.stop.cancel();
        }
    }

    /// Says something about this machine, once.
    pub(super) async fn notice(&mut self, notice: Notice) {
        if self.notices.insert(notice.clone()) {
            self.emit(EventBody::Notice(notice)).await;
        }
    }

    /// An endpoint that was given up gets another chance, and may be given up again.
    pub(super) fn forget_skip(&mut self, endpoint: Endpoint) {
        let host = HostKey::Endpoint(endpoint);
        self.notices.remove(&Notice::HostSkipped { host });
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Whether the user keeps this address out, in any of its spellings.
    pub(super) fn is_excluded(&self, address: IpAddr) -> bool {
        self.targets.is_excluded(address)
    }

    fn publish(&mut self, now: Instant, finished: bool) {
        let mut progress = self.meter.sample(now);
        progress.in_flight = u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX);
        progress.in_flight_limit = u32::try_from(self.limit.allowed()).unwrap_or(u32::MAX);
        progress.rate_cap = self.pacer.cap();
        if let cap @ 1.. = self.pacer.cap() {
            // The burst at the start is within the cap over any longer time, and no rate.
            progress.rate = progress.rate.min(f64::from(cap));
        }
        progress.descriptors = self.descriptors(now);
        progress.answered_on_retry = self.tally.late();
        progress.paused = self.paused;
        self.outlook(&mut progress, now);
        progress.finished = finished;
        // Nobody watching is fine.
        self.progress.send_replace(progress);
    }
}

/// The next order; never, when nobody can give one.
async fn next_order(orders: &mut Option<mpsc::Receiver<Control>>) -> Option<Control> {
    match orders {
        Some(orders) => orders.recv().await,
        None => std::future::pending().await,
    }
}
