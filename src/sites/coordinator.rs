//! The coordinator: gives out the shards of a scan, and passes on what workers observed, as an engine would.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::batch;
use super::gate::Gate;
use super::ledger::Ledger;
use super::rate::GONE;
use super::shard::ShardPlan;
use super::subjects::{self, Heartbeat, Order};
use super::transport::{ANSWER, MOST_DELIVERIES, Transport, schema_of};
use super::work::Work;
use crate::clock;
use crate::model::{
    Control, EventBody, Notice, Origin, Progress, ScanEnd, ScanEvent, ScanId, ScanStatus, Site,
    UnlistedCounts,
};
use crate::scan::ScanOptions;
use crate::targets::TargetSet;

/// How often progress is published and silence is looked for.
const TICK: Duration = Duration::from_millis(200);
/// How long workers may take for their last events after a stop.
const GRACE: Duration = Duration::from_secs(2);
/// How often NATS is tried again when it does not respond.
const RETRY: Duration = Duration::from_secs(1);
/// A site without a heartbeat for so long is silent.
const SILENT: Duration = Duration::from_secs(10);
/// What was passed on stays in NATS for so long, so that the journal has it before it is deleted.
const JOURNALED: Duration = Duration::from_secs(30);
/// Messages read ahead.
const AHEAD: usize = 16;
/// Hosts that a notice names.
const NAMED: usize = 3;

/// What is scanned, and from where.
#[derive(Debug)]
pub struct SitesScan {
    pub targets: Arc<TargetSet>,
    pub options: ScanOptions,
    pub sites: Vec<Site>,
}

/// A message of a worker.
struct Received {
    place: u64,
    subject: String,
    schema: String,
    payload: Vec<u8>,
}

/// What the server says of a shard that was given out too often.
#[derive(Deserialize)]
struct Failed {
    stream_seq: u64,
}

/// One scan over several sites.
#[derive(Debug)]
pub struct Coordinator {
    transport: Transport,
    plan: Arc<ShardPlan>,
    ledger: Ledger,
    gate: Gate,
    options: ScanOptions,
    sites: Vec<Site>,
    origin: Origin,
    seq: u64,
    start: Instant,
    /// The shards that were given out, by their places in the stream of work.
    out: HashMap<u64, (Site, u32)>,
    /// Notices about events that were dropped, each once.
    dropped: HashSet<Notice>,
    last_seen: HashMap<Site, Instant>,
    silent: HashSet<Site>,
    /// The newest heartbeat of each worker that works on this scan.
    beats: HashMap<Box<str>, (Instant, Heartbeat)>,
    is_down: bool,
    is_paused: bool,
    /// What was passed on, and when.
    passed_on: VecDeque<(Instant, u64)>,
}

impl Coordinator {
    /// The streams are there already ([`Transport::prepare`]).
    #[must_use]
    pub fn new(transport: Transport, scan: SitesScan) -> Self {
        let SitesScan {
            targets,
            mut options,
            sites,
        } = scan;
        if let Some(first) = sites.first() {
            options.origin.site = first.clone();
        }
        let origin = options.origin.clone();
        let plan = ShardPlan::new(targets, options.seed, options.settings.clone());
        let plan = Arc::new(plan);
        Self {
            ledger: Ledger::new(origin.scan, Arc::clone(&plan), &sites),
            gate: Gate::new(origin.scan, sites.iter().cloned()),
            start: clock::monotonic(),
            transport,
            plan,
            options,
            sites,
            origin,
            seq: 0,
            out: HashMap::new(),
            dropped: HashSet::new(),
            last_seen: HashMap::new(),
            silent: HashSet::new(),
            beats: HashMap::new(),
            is_down: false,
            is_paused: false,
            passed_on: VecDeque::new(),
        }
    }

    /// Runs the scan to its end, or to `stop`. `ScanFinished` is the last event, unless the reader is gone.
    pub async fn run(
        mut self,
        events: mpsc::Sender<ScanEvent>,
        progress: watch::Sender<Progress>,
        stop: CancellationToken,
        mut orders: Option<mpsc::Receiver<Control>>,
    ) -> ScanEnd {
        self.open(&events).await;
        let (sender, mut received) = mpsc::channel(AHEAD);
        let mut tasks = JoinSet::new();
        tasks.spawn(read_events(
            self.transport.clone(),
            self.origin.clone(),
            sender,
        ));
        let mut beats = self.subscribe(subjects::ALL_STATUS.to_owned()).await;
        let mut failed = self.subscribe(subjects::MAX_DELIVERIES.to_owned()).await;
        let mut giving: JoinSet<Given> = JoinSet::new();
        let mut give_at = self.start;
        let mut tick_at = self.start;
        let time_limit = self
            .options
            .max_time
            .and_then(|limit| self.start.checked_add(limit));
        let status = loop {
            if self.ledger.is_done() {
                break self.ledger.status();
            }
            if giving.is_empty()
                && clock::monotonic() >= give_at
                && let Some((site, shard)) = self.ledger.next()
            {
                giving.spawn(give(self.transport.clone(), self.work(site, shard)));
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break ScanStatus::Interrupted,
                () = events.closed() => break ScanStatus::Interrupted,
                order = next_order(&mut orders) => match order {
                    Some(order) => self.order(&order).await,
                    None => orders = None,
                },
                () = sleep_until(time_limit.unwrap_or(tick_at)), if time_limit.is_some() => {
                    self.notice(&events, Notice::TimeLimit).await;
                    break ScanStatus::Interrupted;
                }
                () = sleep_until(tick_at) => {
                    tick_at = clock::monotonic() + TICK;
                    self.tick(&events, &mut tasks).await;
                    progress.send_replace(self.progress());
                }
                Some(given) = giving.join_next() => match given {
                    Ok(Given { site, shard, stored: Ok(place) }) => {
                        self.ledger.given_out(&site, shard);
                        self.out.insert(place, (site, shard));
                        self.down(&events, None).await;
                    }
                    Ok(Given { stored: Err(error), .. }) => {
                        give_at = clock::monotonic() + RETRY;
                        self.down(&events, Some(error)).await;
                    }
                    Err(_) => give_at = clock::monotonic() + RETRY,
                },
                Some(message) = received.recv() => self.pass_on(message, &events).await,
                beat = next_message(&mut beats) => match beat {
                    Some(message) => self.worker_responds(&events, &message).await,
                    None => beats = None,
                },
                advisory = next_message(&mut failed) => match advisory {
                    Some(message) => self.shard_failed(&events, &message.payload).await,
                    None => failed = None,
                },
            }
        };
        giving.shutdown().await;
        if status == ScanStatus::Interrupted && !self.ledger.is_done() {
            self.stop_workers().await;
            let last = async {
                while !self.ledger.is_idle() {
                    let Some(message) = received.recv().await else {
                        break;
                    };
                    self.pass_on(message, &events).await;
                }
            };
            drop(timeout(GRACE, last).await);
        }
        tasks.shutdown().await;
        self.finish(status, &events, &progress).await
    }

    /// The last events, and nothing left in the stream of work.
    async fn finish(
        mut self,
        status: ScanStatus,
        events: &mpsc::Sender<ScanEvent>,
        progress: &watch::Sender<Progress>,
    ) -> ScanEnd {
        for event in self.ledger.close(clock::wall()) {
            drop(events.send(event).await);
        }
        self.take_work_back().await;
        // The counts are those of the shards.
        let end = ScanEnd {
            status,
            endpoints_probed: 0,
            unlisted: UnlistedCounts::default(),
            answered_on_retry: 0,
            not_reached: 0,
        };
        let mut last = self.progress();
        last.finished = true;
        progress.send_replace(last);
        self.emit(events, EventBody::ScanFinished(end)).await;
        end
    }

    async fn take_work_back(&self) {
        for site in &self.sites {
            let subject = subjects::work(site, self.origin.scan);
            self.transport.purge(subjects::WORK, subject, None).await;
        }
    }

    /// The first events, as an engine emits them.
    async fn open(&mut self, events: &mpsc::Sender<ScanEvent>) {
        let targets = Arc::clone(self.plan.targets());
        let plan = self.options.plan(&targets);
        self.emit(events, EventBody::ScanStarted(plan)).await;
        let work = targets.planned_work(std::mem::take(&mut self.options.settings));
        self.emit(events, EventBody::WorkPlanned(Arc::new(work)))
            .await;
        let own = std::mem::take(&mut self.options.notices);
        for notice in own.iter().chain(targets.notices()) {
            self.notice(events, notice.clone()).await;
        }
        for target in targets.behind_gateways() {
            let body = EventBody::BehindGateway {
                host: target.key.clone(),
                gateway: target.gateway.as_str().into(),
            };
            self.emit(events, body).await;
        }
    }

    async fn subscribe(&self, subject: String) -> Option<async_nats::Subscriber> {
        self.transport.client.subscribe(subject).await.ok()
    }

    fn work(&self, site: Site, shard: u32) -> Work {
        let plan = self.plan.work(shard);
        Work::new(self.origin.scan, site, shard, self.options.seed, plan)
    }

    /// Passes on the events of a worker that can be its own.
    async fn pass_on(&mut self, message: Received, events: &mpsc::Sender<ScanEvent>) {
        let token = message.subject.rsplit('.').next().unwrap_or_default();
        let site = subjects::site_of(&message.subject).unwrap_or_else(|| Site::of_machine(token));
        self.passed_on
            .push_back((clock::monotonic(), message.place));
        let Some(read) = batch::read(&message.schema, &message.payload) else {
            self.drop_events(events, &site, "they are of another version")
                .await;
            return;
        };
        if read.damaged > 0 {
            self.drop_events(events, &site, "they are damaged").await;
        }
        for event in read.events {
            match self.gate.check(&self.plan, &site, &event) {
                Ok(()) => {
                    self.ledger.observe(&event);
                    drop(events.send(event).await);
                }
                Err(fault) => {
                    let reason = format!("they are {fault}");
                    self.drop_events(events, &site, &reason).await;
                }
            }
        }
    }

    async fn drop_events(&mut self, events: &mpsc::Sender<ScanEvent>, site: &Site, reason: &str) {
        let notice = Notice::EventsDropped {
            site: site.clone(),
            reason: reason.into(),
        };
        if self.dropped.insert(notice.clone()) {
            self.notice(events, notice).await;
        }
    }

    /// A worker lives.
    async fn worker_responds(
        &mut self,
        events: &mpsc::Sender<ScanEvent>,
        message: &async_nats::Message,
    ) {
        let (Some(site), Ok(beat)) = (
            subjects::site_of(&message.subject),
            serde_json::from_slice::<Heartbeat>(&message.payload),
        ) else {
            return;
        };
        let now = clock::monotonic();
        self.beats
            .retain(|_, (at, _)| now.duration_since(*at) < GONE);
        if beat.scan == Some(self.origin.scan) {
            self.beats.insert(beat.worker.clone(), (now, beat));
        } else {
            self.beats.remove(&beat.worker);
        }
        for one in self.sites.clone() {
            if one == site || one.as_str() == subjects::ANY {
                self.last_seen.insert(one.clone(), now);
                if self.silent.remove(&one) {
                    self.notice(events, Notice::SiteResponds { site: one })
                        .await;
                }
            }
        }
    }

    async fn tick(&mut self, events: &mpsc::Sender<ScanEvent>, tasks: &mut JoinSet<()>) {
        let now = clock::monotonic();
        for site in self.sites.clone() {
            let received = self.last_seen.get(&site).copied().unwrap_or(self.start);
            let is_silent = now.duration_since(received) >= SILENT;
            if is_silent && !self.ledger.is_done_at(&site) && self.silent.insert(site.clone()) {
                self.notice(events, Notice::SiteSilent { site }).await;
            }
        }
        let news = self.options.outside.as_mut().and_then(|outside| {
            let has_changed = outside.has_changed().unwrap_or(false);
            has_changed.then(|| outside.borrow_and_update().clone())
        });
        for notice in news.unwrap_or_default() {
            self.notice(events, notice).await;
        }
        let is_connected =
            self.transport.client.connection_state() == async_nats::connection::State::Connected;
        if !is_connected {
            self.down(events, Some("the connection is lost".to_owned()))
                .await;
        }
        let mut below = None;
        while let Some((at, place)) = self.passed_on.front().copied() {
            if now.duration_since(at) < JOURNALED {
                break;
            }
            self.passed_on.pop_front();
            below = Some(place + 1);
        }
        if below.is_some() {
            let (transport, scan) = (self.transport.clone(), self.origin.scan);
            tasks.spawn(async move {
                transport
                    .purge(subjects::EVENTS, subjects::events_of(scan), below)
                    .await;
            });
        }
        while tasks.try_join_next().is_some() {}
    }

    /// NATS does not respond, or does again.
    async fn down(&mut self, events: &mpsc::Sender<ScanEvent>, error: Option<String>) {
        let notice = match error {
            Some(error) if !self.is_down => Notice::NatsDown {
                detail: error.into(),
            },
            None if self.is_down => Notice::NatsResponds,
            _ => return,
        };
        self.is_down = !self.is_down;
        self.notice(events, notice).await;
    }

    /// A shard was given out as often as may be.
    async fn shard_failed(&mut self, events: &mpsc::Sender<ScanEvent>, advisory: &[u8]) {
        let Ok(Failed { stream_seq }) = serde_json::from_slice(advisory) else {
            return;
        };
        let Some((site, shard)) = self.out.remove(&stream_seq) else {
            return;
        };
        if !self.ledger.shard_failed(&site, shard) {
            return;
        }
        let hosts = self.ledger.listed(shard);
        let notice = Notice::ShardFailed {
            site,
            deliveries: u32::try_from(MOST_DELIVERIES).unwrap_or_default(),
            count: u32::try_from(hosts.len()).unwrap_or(u32::MAX),
            hosts: hosts.into_iter().take(NAMED).map(Into::into).collect(),
        };
        self.notice(events, notice).await;
    }

    async fn order(&mut self, control: &Control) {
        match control {
            Control::Pause => self.is_paused = true,
            Control::Resume => self.is_paused = false,
            _ => {}
        }
        if let Some(order) = Order::of(control) {
            self.send_order(order).await;
        }
    }

    async fn send_order(&self, order: Order) {
        if let Ok(payload) = serde_json::to_vec(&order) {
            let subject = subjects::control(self.origin.scan);
            let sent = self.transport.client.publish(subject, payload.into());
            drop(timeout(ANSWER, sent).await);
        }
    }

    /// Takes back what nobody works on, and ends what somebody does.
    async fn stop_workers(&self) {
        self.take_work_back().await;
        self.send_order(Order::Stop).await;
        drop(timeout(ANSWER, self.transport.client.flush()).await);
    }

    fn progress(&self) -> Progress {
        let mut progress = self.ledger.progress();
        progress.elapsed = clock::monotonic().duration_since(self.start);
        progress.rate_cap = self.options.rate;
        progress.paused = self.is_paused;
        for (_, beat) in self.beats.values() {
            progress.rate += beat.rate.clamp(0.0, 1e9);
            progress.in_flight = progress.in_flight.saturating_add(beat.in_flight);
            let limit = progress
                .in_flight_limit
                .saturating_add(beat.in_flight_limit);
            progress.in_flight_limit = limit;
        }
        let (done, all) = (progress.work_done as f64, progress.work_known as f64);
        if done > 0.0 && !self.is_paused {
            progress.left = Some(progress.elapsed.mul_f64((all - done).max(0.0) / done));
        }
        progress
    }

    async fn notice(&mut self, events: &mpsc::Sender<ScanEvent>, notice: Notice) {
        self.emit(events, EventBody::Notice(notice)).await;
    }

    /// Numbers, dates and sends an event of its own.
    async fn emit(&mut self, events: &mpsc::Sender<ScanEvent>, body: EventBody) {
        let event = ScanEvent::new(&self.origin, self.seq, clock::wall(), body);
        self.seq += 1;
        // Without a reader the scan ends soon.
        drop(events.send(event).await);
    }
}

impl Transport {
    /// Deletes the events of a scan, once all of them are kept elsewhere.
    pub async fn forget(&self, scan: ScanId) {
        self.purge(subjects::EVENTS, subjects::events_of(scan), None)
            .await;
    }
}

/// A shard that was given out, or was to be.
struct Given {
    site: Site,
    shard: u32,
    stored: Result<u64, String>,
}

async fn give(transport: Transport, work: Work) -> Given {
    let subject = subjects::work(&work.site, work.scan);
    let id = format!("{}/{}/{}", work.scan, work.site, work.shard);
    let stored = match work.to_bytes() {
        Ok(bytes) => transport.store(subject, &id, bytes).await,
        Err(error) => Err(error.to_string()),
    };
    Given {
        site: work.site,
        shard: work.shard,
        stored,
    }
}

/// Reads the events of a scan in the order of the stream, whatever happens to the server.
async fn read_events(transport: Transport, origin: Origin, sender: mpsc::Sender<Received>) {
    let mut next = 1;
    loop {
        let opened = timeout(2 * ANSWER, transport.events_from(origin.scan, next)).await;
        if let Ok(Ok(mut messages)) = opened {
            while let Some(Ok(message)) = messages.next().await {
                let Ok(place) = message.info().map(|info| info.stream_sequence) else {
                    continue;
                };
                next = place + 1;
                let received = Received {
                    place,
                    subject: message.subject.to_string(),
                    schema: schema_of(message.headers.as_ref()).to_owned(),
                    payload: message.payload.to_vec(),
                };
                if sender.send(received).await.is_err() {
                    return;
                }
            }
        }
        sleep(RETRY).await;
    }
}

/// Never returns without a channel of orders.
async fn next_order(orders: &mut Option<mpsc::Receiver<Control>>) -> Option<Control> {
    match orders {
        Some(orders) => orders.recv().await,
        None => std::future::pending().await,
    }
}

/// Never returns without a subscription.
async fn next_message(
    received: &mut Option<async_nats::Subscriber>,
) -> Option<async_nats::Message> {
    match received {
        Some(received) => received.next().await,
        None => std::future::pending().await,
    }
}
