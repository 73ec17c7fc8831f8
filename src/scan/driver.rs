//! Runs the engine: owns the tasks, channels and timers, and carries out what the engine decides.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::clock_watch::ClockWatch;
use super::connection_task::{self, Ended, UpCounter};
use super::engine::{Engine, Found, Input, Output};
use super::job::TaskId;
use super::lookup_task;
use super::options::ScanOptions;
use super::resume::Work;
use super::timer_lag::TimerLag;
use crate::clock;
use crate::model::{
    Control, Descriptors, EventBody, Notice, Origin, Progress, ScanEnd, ScanEvent, ScanStatus,
};
use crate::panic_guard::{guarded, panic_message};
use crate::prober::Prober;

/// Capacity for the channel of events. A slow reader slows the scan down, on purpose.
pub const EVENT_CAPACITY: usize = 1024;
/// Capacity for the channel of orders.
pub const CONTROL_CAPACITY: usize = 16;
/// How often progress is published.
const TICK: Duration = Duration::from_millis(100);
/// How often descriptors are counted, which takes its time where there are many.
const COUNT_DESCRIPTORS_EVERY: Duration = Duration::from_secs(1);

/// Runs a scan to its end, or to `stop`. Whatever happens, `ScanFinished` is the last event, unless the reader is gone.
///
/// With `orders`, the scan takes orders while it runs and after its end, until the channel closes or `stop`: what is probed
/// then is followed by another `ScanFinished`.
pub async fn run<P: Prober>(
    work: impl Into<Work>,
    prober: Arc<P>,
    options: ScanOptions,
    events: mpsc::Sender<ScanEvent>,
    progress: watch::Sender<Progress>,
    stop: CancellationToken,
    orders: Option<mpsc::Receiver<Control>>,
) -> ScanEnd {
    let driver = Driver {
        prober,
        origin: options.origin.clone(),
        max_time: options.max_time,
        grace: options.grace,
        outside: options.outside.clone(),
        engine: Engine::new(work.into(), options, clock::monotonic().into_std()),
        events,
        progress,
        stop,
        tasks: JoinSet::new(),
        cancels: HashMap::new(),
        ids: HashMap::new(),
        up: UpCounter::default(),
        lag: TimerLag::default(),
        clock_watch: ClockWatch::default(),
        descriptors: None,
        seq: 0,
    };
    driver.run(orders).await
}

/// What a task returns.
enum Done {
    Connection(Ended),
    /// `None` when it was cancelled.
    Lookup(Option<Found>),
}

struct Driver<P: Prober> {
    engine: Engine,
    prober: Arc<P>,
    origin: Origin,
    max_time: Option<Duration>,
    grace: Duration,
    outside: Option<watch::Receiver<Vec<Notice>>>,
    events: mpsc::Sender<ScanEvent>,
    progress: watch::Sender<Progress>,
    stop: CancellationToken,
    tasks: JoinSet<Done>,
    cancels: HashMap<TaskId, CancellationToken>,
    ids: HashMap<Id, TaskId>,
    up: UpCounter,
    lag: TimerLag,
    clock_watch: ClockWatch,
    /// When descriptors were counted, and how many there were.
    descriptors: Option<(Instant, Option<Descriptors>)>,
    seq: u64,
}

impl<P: Prober> Driver<P> {
    async fn run(mut self, mut orders: Option<mpsc::Receiver<Control>>) -> ScanEnd {
        self.handle(Input::Start).await;
        let start = clock::monotonic();
        let mut time_limit = self.max_time.and_then(|limit| start.checked_add(limit));
        let mut next_tick = start;
        let status = loop {
            let wake = self.wake().await;
            self.lag.run_while(self.engine.has_connections());
            let now = clock::monotonic();
            if wake.is_some_and(|at| at <= now) {
                // There is more to launch: what was launched goes first.
                tokio::task::yield_now().await;
            }
            if self.engine.is_done() {
                if orders.is_none() {
                    break ScanStatus::Complete;
                }
                if self.engine.finished().is_none() {
                    // The limit was for the scan; what is asked for after it is the user's own time.
                    time_limit = None;
                    self.finish(ScanStatus::Complete).await;
                }
            }
            let is_idle = self.engine.finished().is_some();
            if now >= next_tick && !is_idle {
                self.tick(now).await;
                next_tick = now + TICK;
            }
            let wake = wake.map_or(next_tick, |at| at.min(next_tick));
            let stop = self.stop.clone();
            tokio::select! {
                biased;
                () = stop.cancelled() => break ScanStatus::Interrupted,
                order = next_order(&mut orders) => match order {
                    Some(order) => {
                        let at = clock::wall();
                        self.handle(Input::Control { order, at }).await;
                    }
                    None => orders = None,
                },
                () = sleep_until(time_limit.unwrap_or(now + TICK)), if time_limit.is_some() => {
                    self.handle(Input::TimeLimit).await;
                    break ScanStatus::Interrupted;
                }
                Some(done) = self.tasks.join_next_with_id() => {
                    self.task_ended(done).await;
                    while let Some(done) = self.tasks.try_join_next_with_id() {
                        self.task_ended(done).await;
                    }
                }
                () = sleep_until(wake), if !is_idle => {}
            }
        };
        if let Some(end) = self.engine.finished() {
            return end;
        }
        if status == ScanStatus::Interrupted {
            self.drain().await;
        }
        self.finish(status).await
    }

    /// Lets the engine start what may start; returns when more may.
    async fn wake(&mut self) -> Option<Instant> {
        if self.stop.is_cancelled() {
            return None;
        }
        if self.engine.needs_resolvers() {
            self.handle(Input::Resolvers(self.prober.resolvers())).await;
        }
        let connections_up = self.up.now();
        self.handle(Input::Wake { connections_up }).await;
        self.engine.wake_at().map(Instant::from_std)
    }

    async fn tick(&mut self, now: Instant) {
        self.publish(now, false);
        if let Some(notice) = self.clock_watch.look(clock::jump()) {
            self.emit(EventBody::Notice(notice)).await;
        }
        self.handle(Input::Tick).await;
        let news = self.outside.as_mut().and_then(|outside| {
            let has_changed = outside.has_changed().unwrap_or(false);
            has_changed.then(|| outside.borrow_and_update().clone())
        });
        for notice in news.unwrap_or_default() {
            self.handle(Input::Notice(notice)).await;
        }
    }

    /// Lets the tasks end by themselves for a moment, so that their results and their closes are not lost.
    async fn drain(&mut self) {
        let end = clock::monotonic() + self.grace;
        while let Ok(Some(done)) =
            tokio::time::timeout_at(end, self.tasks.join_next_with_id()).await
        {
            self.task_ended(done).await;
        }
        self.tasks.shutdown().await;
    }

    async fn finish(&mut self, status: ScanStatus) -> ScanEnd {
        self.handle(Input::Resolvers(self.prober.resolvers())).await;
        let end = self.engine.finish(status);
        self.carry_out().await;
        end
    }

    async fn task_ended(&mut self, done: Result<(Id, Done), JoinError>) {
        let task = match &done {
            Ok((task, _)) => *task,
            Err(error) => error.id(),
        };
        let Some(id) = self.ids.remove(&task) else {
            return;
        };
        self.cancels.remove(&id);
        let input = match done {
            Ok((_, Done::Connection(Ended::Failed { failure, lag_us }))) => Input::ConnectFailed {
                id,
                failure,
                lag_us,
            },
            Ok((_, Done::Connection(Ended::Tried(attempt)))) => {
                Input::AttemptFinished { id, attempt }
            }
            Ok((_, Done::Lookup(found))) => {
                self.handle(Input::Resolvers(self.prober.resolvers())).await;
                Input::LookupFinished { id, found }
            }
            Err(error) => match panic_message(error) {
                Some(message) => {
                    self.handle(Input::Resolvers(self.prober.resolvers())).await;
                    let at = clock::wall();
                    Input::Panicked { id, message, at }
                }
                None => return,
            },
        };
        self.handle(input).await;
    }

    /// Gives the engine an input, and carries out what follows from it.
    async fn handle(&mut self, input: Input) {
        self.engine.handle(input, clock::monotonic().into_std());
        self.carry_out().await;
    }

    async fn carry_out(&mut self) {
        while let Some(output) = self.engine.next_output() {
            match output {
                Output::Emit(body) => self.emit(body).await,
                Output::Connect(connect) => {
                    let id = connect.id;
                    let cancel = CancellationToken::new();
                    let (lag, up) = (self.lag.reader(), self.up.clone());
                    let connection =
                        connection_task::run(self.prober.clone(), connect, cancel.clone(), lag, up);
                    self.spawn(
                        id,
                        cancel,
                        async move { Done::Connection(connection.await) },
                    );
                }
                Output::LookUp { id, job } => {
                    let cancel = CancellationToken::new();
                    let lookup = lookup_task::run(self.prober.clone(), job, cancel.clone());
                    self.spawn(id, cancel, async move { Done::Lookup(lookup.await) });
                }
                Output::Cancel(id) => {
                    if let Some(cancel) = self.cancels.get(&id) {
                        cancel.cancel();
                    }
                }
                Output::ResetClock => clock::take_new_base(),
                Output::PublishEnd => self.publish(clock::monotonic(), true),
            }
        }
    }

    fn spawn(
        &mut self,
        id: TaskId,
        cancel: CancellationToken,
        task: impl Future<Output = Done> + Send + 'static,
    ) {
        let task = self.tasks.spawn(guarded(task)).id();
        self.ids.insert(task, id);
        self.cancels.insert(id, cancel);
    }

    /// Numbers, dates and sends an event. Without a reader the scan stops.
    async fn emit(&mut self, body: EventBody) {
        let event = ScanEvent::new(&self.origin, self.seq, clock::wall(), body);
        self.seq += 1;
        if self.events.send(event).await.is_err() {
            self.stop.cancel();
        }
    }

    fn publish(&mut self, now: Instant, finished: bool) {
        let counted = self.descriptors;
        if counted.is_none_or(|(at, _)| now.duration_since(at) >= COUNT_DESCRIPTORS_EVERY) {
            self.descriptors = Some((now, self.prober.descriptors()));
        }
        let mut progress = self.engine.progress(now.into_std());
        progress.descriptors = self.descriptors.and_then(|(_, counted)| counted);
        progress.finished = finished;
        // Without a reader the value is kept.
        self.progress.send_replace(progress);
    }
}

/// Never returns without a channel of orders.
async fn next_order(orders: &mut Option<mpsc::Receiver<Control>>) -> Option<Control> {
    match orders {
        Some(orders) => orders.recv().await,
        None => std::future::pending().await,
    }
}
