//! A worker: takes shards, scans them, and sends what it observed.
//!
//! A shard is acknowledged after its last event is stored. A worker that dies leaves it to the next one, whose events replace its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::{AckKind, Message};
use futures_util::StreamExt as _;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::allow::{AllowList, AllowedProber};
use super::batch::{Batch, Batcher, HEADERS};
use super::ledger::MOST_DELIVERIES;
use super::rate::LiveWorkers;
use super::subjects::{self, Heartbeat, Order};
use super::transport::{ANSWER, Transport};
use super::work::{Work, WorkError};
use crate::clock;
use crate::model::{
    Control, EventBody, Notice, Origin, Progress, ScanEnd, ScanEvent, ScanId, ScanStatus, Site,
    Stream, UnlistedCounts,
};
use crate::prober::Prober;
use crate::scan::{self, CONTROL_CAPACITY, EVENT_CAPACITY, ScanOptions};
use crate::targets::TargetSet;

/// How often an idle worker asks for work.
const ASK: Duration = Duration::from_millis(500);
/// How often NATS is tried again when it does not respond.
const RETRY: Duration = Duration::from_secs(1);
/// How often a worker says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How long events wait for others to be sent with.
const LINGER: Duration = Duration::from_millis(200);
/// Events taken from the engine at once.
const BATCH: usize = 512;
/// How long a part of a scan waits for a worker of its version.
const OTHER_VERSION: Duration = Duration::from_secs(30);
/// How often a batch is tried after a stop.
const LAST_TRIES: u32 = 3;

/// A shard, ready to be scanned.
#[derive(Debug)]
pub struct Job<P> {
    pub targets: Arc<TargetSet>,
    pub prober: P,
    pub allow: Arc<AllowList>,
    pub options: ScanOptions,
}

/// What a worker does now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WorkerStatus {
    pub work: Option<(ScanId, u32)>,
    pub progress: Progress,
    pub shards_done: u64,
    pub events_sent: u64,
    /// Workers of the site, this one included.
    pub workers: u32,
    /// What is wrong with NATS, or with the newest shard.
    pub trouble: Option<String>,
    /// Its events cannot be stored.
    pub is_stuck: bool,
}

/// A worker of a site.
#[derive(Debug)]
pub struct Worker {
    transport: Transport,
    site: Site,
    /// Names the process.
    name: Box<str>,
    live: Arc<Mutex<LiveWorkers>>,
    status: watch::Sender<WorkerStatus>,
    stop: CancellationToken,
}

impl<P> Job<P> {
    /// The least time that it takes: a shard that is over sooner must not make room for the next one's burst.
    fn least(&self) -> Duration {
        let connects = Duration::from_secs(self.targets.endpoints());
        connects.checked_div(self.options.rate).unwrap_or_default()
    }
}

/// How a shard came to its end.
enum Ended {
    Done,
    /// Another worker is to take it, after this long.
    Returned(Duration),
}

impl Worker {
    #[must_use]
    pub fn new(
        transport: Transport,
        site: Site,
        name: &str,
        status: watch::Sender<WorkerStatus>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            transport,
            site,
            name: name.into(),
            live: Arc::default(),
            status,
            stop,
        }
    }

    /// Works until it is stopped; a shard in progress is then left to another worker. `prepare` makes a job of a shard, given how many
    /// workers share the rate of the site.
    pub async fn run<P: Prober>(
        self,
        prepare: impl Fn(&Work, &LiveWorkers) -> Result<Job<P>, PrepareError>,
    ) {
        let mut tasks = JoinSet::new();
        tasks.spawn(heartbeats(
            self.transport.clone(),
            self.site.clone(),
            self.name.clone(),
            Arc::clone(&self.live),
            self.status.clone(),
        ));
        let any: Option<Site> = subjects::ANY.parse().ok();
        let sites: Vec<Site> = [Some(self.site.clone()), any]
            .into_iter()
            .flatten()
            .collect();
        let mut consumers: Vec<Option<PullConsumer>> = vec![None; sites.len()];
        while !self.stop.is_cancelled() {
            let mut message = None;
            for (site, consumer) in sites.iter().zip(&mut consumers) {
                message = self.next_message(site, consumer).await;
                if message.is_some() {
                    break;
                }
            }
            match message {
                Some(message) => self.take(&message, &prepare).await,
                None => {
                    tokio::select! {
                        () = self.stop.cancelled() => {}
                        () = sleep(ASK) => {}
                    }
                }
            }
        }
        tasks.shutdown().await;
        drop(timeout(ANSWER, self.transport.client.flush()).await);
    }

    /// The next shard of a site, if one waits.
    async fn next_message(&self, site: &Site, known: &mut Option<PullConsumer>) -> Option<Message> {
        if known.is_none() {
            let name = subjects::consumer(site);
            let found = self
                .transport
                .context
                .get_consumer_from_stream::<pull::Config, _, _>(name, subjects::WORK);
            // It comes with the first scan of the site.
            *known = timeout(ANSWER, found).await.ok()?.ok();
        }
        let consumer = known.as_ref()?;
        let fetched = async {
            let fetch = consumer.fetch().max_messages(1).expires(ANSWER / 2);
            let mut messages = fetch.messages().await.map_err(|error| error.to_string())?;
            match messages.next().await {
                Some(Ok(message)) => Ok(Some(message)),
                Some(Err(error)) => Err(error.to_string()),
                None => Ok(None),
            }
        };
        match timeout(ANSWER, fetched).await {
            Ok(Ok(message)) => {
                self.trouble(None);
                message
            }
            failed => {
                *known = None;
                let error = match failed {
                    Ok(Err(error)) => error,
                    _ => "no answer".to_owned(),
                };
                self.trouble(Some(format!("NATS does not respond: {error}")));
                None
            }
        }
    }

    fn trouble(&self, trouble: Option<String>) {
        self.status.send_if_modified(|status| {
            let is_news = status.trouble != trouble;
            status.trouble = trouble;
            is_news
        });
    }

    /// Scans what a message asks for, and answers it.
    async fn take<P: Prober>(
        &self,
        message: &Message,
        prepare: &impl Fn(&Work, &LiveWorkers) -> Result<Job<P>, PrepareError>,
    ) {
        let work = match Work::read(&message.payload) {
            Ok(work) => work,
            Err(error) => {
                let is_newer = matches!(error, WorkError::Version(_));
                self.trouble(Some(format!("a part of a scan cannot be read: {error}")));
                // A worker of another version may understand it.
                let wait = is_newer.then_some(OTHER_VERSION);
                let kind = if is_newer {
                    AckKind::Nak(wait)
                } else {
                    AckKind::Term
                };
                drop(timeout(ANSWER, message.ack_with(kind)).await);
                if is_newer {
                    // Others ask first.
                    drop(timeout(ANSWER, self.stop.cancelled()).await);
                }
                return;
            }
        };
        let delivered = message.info().map_or(1, |info| info.delivered);
        let delivered = u32::try_from(delivered).unwrap_or(1);
        let delivered = delivered.clamp(1, MOST_DELIVERIES);
        let origin = Origin {
            stream: Stream::Shard {
                number: work.shard,
                delivery: work.earlier_deliveries.saturating_add(delivered),
            },
            ..Origin::new(work.scan, work.site.clone())
        };
        self.status
            .send_modify(|status| status.work = Some((work.scan, work.shard)));
        let prepared = {
            let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            prepare(&work, &live)
        };
        let mut free_at = clock::monotonic();
        let ended = match prepared {
            Ok(job) => {
                free_at += job.least();
                self.scan(message, &work, job, origin).await
            }
            Err(PrepareError::Refused(what)) => self.refuse(message, &work, what, origin).await,
            Err(PrepareError::Unusable(error)) => {
                self.trouble(Some(format!("a part of a scan cannot be used: {error}")));
                Ended::Returned(ANSWER)
            }
        };
        match ended {
            Ended::Done => {
                // A shard that is done twice counts once.
                if !matches!(timeout(ANSWER, message.double_ack()).await, Ok(Ok(()))) {
                    tracing::warn!(
                        shard = work.shard,
                        "A shard that is done could not be acknowledged"
                    );
                }
                self.status.send_modify(|status| status.shards_done += 1);
            }
            Ended::Returned(wait) => {
                let kind = AckKind::Nak((!wait.is_zero()).then_some(wait));
                drop(timeout(ANSWER, message.ack_with(kind)).await);
            }
        }
        self.status.send_modify(|status| {
            status.work = None;
            status.progress = Progress::default();
        });
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = sleep_until(free_at) => {}
        }
    }

    async fn scan<P: Prober>(
        &self,
        message: &Message,
        work: &Work,
        job: Job<P>,
        origin: Origin,
    ) -> Ended {
        let Job {
            targets,
            prober,
            allow,
            mut options,
        } = job;
        let prober = Arc::new(AllowedProber::new(prober, Arc::clone(&allow)));
        options.origin = origin.clone();
        let mut batcher = Batcher::new(origin, self.transport.client.max_payload());
        let control_of = subjects::control(work.scan);
        let mut subscriber = self.transport.subscribe(control_of).await;
        let (events, mut receiver) = mpsc::channel::<ScanEvent>(EVENT_CAPACITY);
        let (progress, mut watching) = watch::channel(Progress::default());
        let (control, orders) = mpsc::channel(CONTROL_CAPACITY);
        let mut control = Some(control);
        let halt = CancellationToken::new();
        let mut engine = JoinSet::new();
        engine.spawn(scan::run(
            targets,
            prober,
            options,
            events,
            progress,
            halt.clone(),
            Some(orders),
        ));
        let (mut send_at, mut beat_at) = (None, clock::monotonic() + HEARTBEAT);
        let mut batch = Vec::with_capacity(BATCH);
        // Stopped: what is in progress is another worker's.
        let mut is_left = false;
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled(), if !is_left => {
                    is_left = true;
                    halt.cancel();
                }
                order = next_order(&mut subscriber) => match order {
                    Some(Order::Stop) => halt.cancel(),
                    Some(order) => send_order(control.as_ref(), order),
                    None => subscriber = None,
                },
                () = sleep_until(beat_at) => {
                    beat_at = clock::monotonic() + HEARTBEAT;
                    drop(timeout(ANSWER, message.ack_with(AckKind::Progress)).await);
                }
                Ok(()) = watching.changed() => {
                    let now = watching.borrow_and_update().clone();
                    self.status.send_modify(|status| status.progress = now);
                }
                () = sleep_until(send_at.unwrap_or(beat_at)), if send_at.is_some() => {
                    send_at = None;
                    if !self.send_all(message, work, &mut batcher).await {
                        is_left = true;
                        halt.cancel();
                    }
                }
                count = receiver.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        break;
                    }
                    if is_left {
                        batch.clear();
                        continue;
                    }
                    for mut event in batch.drain(..) {
                        if let EventBody::Notice(notice) = event.body {
                            event.body = EventBody::Notice(allow.notice(notice));
                        }
                        batcher.add(event);
                    }
                    if batcher.has_ended() {
                        // It takes orders until nobody can give any.
                        control = None;
                    }
                    let now = clock::monotonic();
                    send_at = Some(if batcher.is_full() { now } else { send_at.unwrap_or(now + LINGER) });
                }
            }
        }
        if is_left {
            return Ended::Returned(Duration::ZERO);
        }
        if !batcher.has_ended() {
            // A bug of ours: the next worker may not meet it.
            self.trouble(Some("a part of a scan broke off".to_owned()));
            return Ended::Returned(ANSWER);
        }
        self.send_last(message, work, &mut batcher).await
    }

    /// Says that a shard was refused, with a row for each host of it that the user listed.
    async fn refuse(
        &self,
        message: &Message,
        work: &Work,
        what: Box<str>,
        origin: Origin,
    ) -> Ended {
        let mut batcher = Batcher::new(origin.clone(), self.transport.client.max_payload());
        let at = clock::wall();
        let Ok(targets) = work.targets() else {
            return Ended::Returned(ANSWER);
        };
        let rows = work.listed().map(|host| EventBody::NotReached { host });
        let notice = Notice::OutsideAllowList {
            site: self.site.clone(),
            what,
        };
        let end = ScanEnd {
            status: ScanStatus::Interrupted,
            endpoints_probed: 0,
            unlisted: UnlistedCounts::default(),
            answered_on_retry: 0,
            not_reached: targets
                .endpoints()
                .saturating_sub(targets.listed().count() as u64),
        };
        let bodies = [EventBody::Notice(notice)].into_iter().chain(rows);
        for body in bodies.chain([EventBody::ScanFinished(end)]) {
            batcher.add(ScanEvent::new(&origin, 0, at, body));
        }
        self.send_last(message, work, &mut batcher).await
    }

    async fn send_last(&self, message: &Message, work: &Work, batcher: &mut Batcher) -> Ended {
        if self.send_all(message, work, batcher).await {
            Ended::Done
        } else {
            Ended::Returned(Duration::ZERO)
        }
    }

    /// Stores what was added, however long that takes; false when the worker is stopped before.
    async fn send_all(&self, message: &Message, work: &Work, batcher: &mut Batcher) -> bool {
        while let Some(batch) = batcher.take() {
            if !self.send(message, work, batch).await {
                return false;
            }
        }
        true
    }

    async fn send(&self, message: &Message, work: &Work, batch: Batch) -> bool {
        let Batch { id, lines, events } = batch;
        if lines.len().saturating_add(HEADERS) > self.transport.client.max_payload() {
            // The limit of a server that was restarted. The next delivery knows it.
            return false;
        }
        let mut tries = 0_u32;
        loop {
            let subject = subjects::events(work.scan, &work.site);
            match self.transport.store(subject, &id, lines.clone()).await {
                Ok(_) => break,
                Err(error) => {
                    self.trouble(Some(format!("NATS takes no events: {error}")));
                    self.status.send_modify(|status| status.is_stuck = true);
                    tries += 1;
                    if self.stop.is_cancelled() && tries >= LAST_TRIES {
                        return false;
                    }
                    drop(timeout(ANSWER, message.ack_with(AckKind::Progress)).await);
                    sleep(RETRY).await;
                }
            }
        }
        self.status.send_modify(|status| {
            status.events_sent += events;
            status.is_stuck = false;
            status.trouble = None;
        });
        true
    }
}

/// Why a shard is not scanned here.
#[derive(Debug)]
pub enum PrepareError {
    /// Its settings do not allow it.
    Refused(Box<str>),
    /// It makes no sense.
    Unusable(String),
}

fn send_order(control: Option<&mpsc::Sender<Control>>, order: Order) {
    let order = match order {
        Order::Pause => Control::Pause,
        Order::Resume => Control::Resume,
        Order::Skip(endpoint) => Control::Skip(endpoint),
        Order::Stop => return,
    };
    if let Some(control) = control {
        // An engine that has ended takes none.
        drop(control.try_send(order));
    }
}

/// The next order of a coordinator; never, without a subscription.
async fn next_order(subscriber: &mut Option<async_nats::Subscriber>) -> Option<Order> {
    let Some(subscriber) = subscriber else {
        return std::future::pending().await;
    };
    loop {
        let message = subscriber.next().await?;
        if let Ok(order) = serde_json::from_slice(&message.payload) {
            return Some(order);
        }
    }
}

/// Says every two seconds that this worker lives, and listens to those of the same site.
async fn heartbeats(
    transport: Transport,
    site: Site,
    name: Box<str>,
    live: Arc<Mutex<LiveWorkers>>,
    status: watch::Sender<WorkerStatus>,
) {
    let mut subscriber = transport.subscribe(subjects::status(&site)).await;
    let mut beat_at: Instant = clock::monotonic();
    loop {
        tokio::select! {
            () = sleep_until(beat_at) => {
                beat_at = clock::monotonic() + HEARTBEAT;
                let beat = {
                    let status = status.borrow();
                    Heartbeat {
                        worker: name.clone(),
                        scan: status.work.map(|(scan, _)| scan),
                        rate: status.progress.rate,
                        in_flight: status.progress.in_flight,
                        in_flight_limit: status.progress.in_flight_limit,
                        paused: status.progress.paused,
                        trouble: status.trouble.as_deref().filter(|_| status.is_stuck).map(Into::into),
                    }
                };
                if let Ok(payload) = serde_json::to_vec(&beat) {
                    let sent = transport.client.publish(subjects::status(&site), payload.into());
                    drop(timeout(ANSWER, sent).await);
                }
                let workers = {
                    let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
                    live.responds(&name, clock::monotonic());
                    live.count(clock::monotonic())
                };
                status.send_modify(|status| status.workers = workers);
            }
            beat = next_heartbeat(&mut subscriber) => match beat {
                Some(beat) => {
                    let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
                    live.responds(&beat.worker, clock::monotonic());
                }
                None => subscriber = None,
            },
        }
    }
}

/// The next heartbeat of a worker; never, without a subscription.
async fn next_heartbeat(subscriber: &mut Option<async_nats::Subscriber>) -> Option<Heartbeat> {
    let Some(subscriber) = subscriber else {
        return std::future::pending().await;
    };
    loop {
        let message = subscriber.next().await?;
        if let Ok(beat) = serde_json::from_slice(&message.payload) {
            return Some(beat);
        }
    }
}
