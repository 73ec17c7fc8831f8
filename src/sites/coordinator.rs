//! The coordinator: gives out the shards of a scan, and passes on what workers observed, as an engine would.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::batch;
use super::exchange::{self, Fate, Given, RETRY, Received};
use super::gate::Gate;
use super::ledger::{Ledger, Lost, MOST_DELIVERIES};
use super::presence::Presence;
use super::resume::Resumed;
use super::shard::ShardPlan;
use super::subjects::{self, Heartbeat, Order};
use super::transport::{ANSWER, Transport};
use super::work::Work;
use crate::clock;
use crate::model::{
    Control, EventBody, Notice, Origin, Progress, ScanEnd, ScanEvent, ScanStatus, Site,
    UnlistedCounts,
};
use crate::scan::ScanOptions;
use crate::targets::TargetSet;

/// How often progress is published and silence is looked for.
const TICK: Duration = Duration::from_millis(200);
/// How long workers may take for their last events after a stop.
const GRACE: Duration = Duration::from_secs(2);
/// How often NATS is asked where a shard is that was given out.
const FATE: Duration = Duration::from_secs(3);
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
    /// What earlier runs have left.
    pub resumed: Option<Box<Resumed>>,
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
    out: BTreeMap<u64, (Site, u32)>,
    /// The place that NATS was asked about last, and whether the shard there had been abandoned.
    asked: (u64, bool),
    /// The place of the newest event that was read.
    read: u64,
    /// Events of an earlier run may wait to be read.
    is_behind: bool,
    /// Notices about events that were dropped, each once.
    dropped: HashSet<Notice>,
    presence: Presence,
    /// Why the last shard could not be given out.
    not_given: Option<String>,
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
            options,
            sites,
            resumed,
        } = scan;
        let origin = options.origin.clone();
        let is_behind = resumed.is_some();
        let (plan, ledger, gate) = if let Some(resumed) = resumed {
            (resumed.plan, resumed.ledger, resumed.gate)
        } else {
            let plan = ShardPlan::new(targets, options.seed, options.settings.clone());
            let plan = Arc::new(plan);
            let ledger = Ledger::new(origin.scan, Arc::clone(&plan), &sites);
            let gate = Gate::new(origin.scan, sites.iter().cloned());
            (plan, ledger, gate)
        };
        let start = clock::monotonic();
        Self {
            ledger,
            gate,
            start,
            presence: Presence::new(origin.scan, &sites, start),
            transport,
            plan,
            options,
            sites,
            origin,
            seq: 0,
            out: BTreeMap::new(),
            asked: (0, false),
            read: 0,
            is_behind,
            dropped: HashSet::new(),
            not_given: None,
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
        let mut beats = self.subscribe(subjects::ALL_STATUS).await;
        let mut failed = self.subscribe(subjects::MAX_DELIVERIES).await;
        if self.is_behind {
            // What an earlier run gave out is given out again.
            self.stop_workers().await;
        }
        let (sender, mut received) = mpsc::channel(AHEAD);
        let mut tasks = JoinSet::new();
        let reading = exchange::read_events(self.transport.clone(), self.origin.scan, sender);
        tasks.spawn(reading);
        let mut giving: JoinSet<Given> = JoinSet::new();
        let mut asking: JoinSet<(u64, Option<Fate>)> = JoinSet::new();
        let (mut give_at, mut tick_at) = (self.start, self.start);
        let mut ask_at = self.start + FATE;
        let time_limit = self
            .options
            .max_time
            .and_then(|limit| self.start.checked_add(limit));
        let status = loop {
            if self.ledger.is_done() {
                break self.ledger.status();
            }
            let now = clock::monotonic();
            if giving.is_empty()
                && now >= give_at
                && let Some((site, shard)) = self.next_to_give()
            {
                let work = self.work(site, shard);
                giving.spawn(exchange::give(self.transport.clone(), work));
            }
            if asking.is_empty()
                && now >= ask_at
                && let Some((place, site)) = self.next_to_ask()
            {
                ask_at = now + FATE;
                let scan = self.origin.scan;
                asking.spawn(exchange::fate(self.transport.clone(), scan, site, place));
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
                Some(given) = giving.join_next() => {
                    self.not_given = self.given_out(given).err();
                    if self.not_given.is_some() {
                        give_at = clock::monotonic() + RETRY;
                    }
                }
                Some(Ok((place, fate))) = asking.join_next() => {
                    self.learn_fate(&events, place, fate).await;
                }
                Some(message) = received.recv() => match message {
                    Some(message) => self.pass_on(message, &events).await,
                    None => self.is_behind = false,
                },
                beat = next_message(&mut beats) => match beat {
                    Some(message) => self.worker_responds(&events, &message).await,
                    None => beats = None,
                },
                advisory = next_message(&mut failed) => match advisory {
                    Some(message) => self.deliveries_exceeded(&events, &message.payload).await,
                    None => failed = None,
                },
            }
        };
        giving.shutdown().await;
        asking.shutdown().await;
        if self.ledger.is_done() {
            self.down(&events, None).await;
        }
        self.stop_workers().await;
        let is_broken_off = status == ScanStatus::Interrupted && !self.ledger.is_done();
        if is_broken_off && self.transport.is_connected() {
            drop(timeout(GRACE, self.pass_on_last(received, &events)).await);
        }
        tasks.shutdown().await;
        self.finish(status, &events, &progress).await
    }

    /// Passes on what workers in progress still send.
    async fn pass_on_last(
        &mut self,
        mut received: mpsc::Receiver<Option<Received>>,
        events: &mpsc::Sender<ScanEvent>,
    ) {
        while !self.ledger.is_idle()
            && let Some(message) = received.recv().await
        {
            if let Some(message) = message {
                self.pass_on(message, events).await;
            }
        }
    }

    /// Takes note of a shard that was given out, or could not be.
    fn given_out(&mut self, given: Result<Given, JoinError>) -> Result<(), String> {
        let given = given.map_err(|error| error.to_string())?;
        let Given {
            site,
            shard,
            stored,
        } = given;
        let place = stored?;
        self.ledger.given_out(&site, shard);
        self.out.insert(place, (site, shard));
        Ok(())
    }

    /// The next shard to give out, unless none may be.
    fn next_to_give(&self) -> Option<(Site, u32)> {
        let may_give = !self.is_paused && !self.is_behind;
        self.ledger.next().filter(|_| may_give)
    }

    /// The shard to ask about next, of those that are out.
    fn next_to_ask(&mut self) -> Option<(u64, Site)> {
        let ledger = &self.ledger;
        self.out
            .retain(|_, (site, shard)| !ledger.is_over(site, *shard));
        let (last, is_suspect) = self.asked;
        // An abandoned one is asked about twice, since a worker may have acknowledged it in between.
        let from = if is_suspect {
            last
        } else {
            last.saturating_add(1)
        };
        let next = self.out.range(from..).next();
        let (place, (site, _)) = next.or_else(|| self.out.iter().next())?;
        Some((*place, site.clone()))
    }

    /// A shard that nobody will ever end must not be waited for.
    async fn learn_fate(
        &mut self,
        events: &mpsc::Sender<ScanEvent>,
        place: u64,
        fate: Option<Fate>,
    ) {
        let was_suspect = self.asked == (place, true);
        self.asked = (place, fate == Some(Fate::Abandoned) && !was_suspect);
        let Some((site, shard)) = self.out.get(&place).cloned() else {
            return;
        };
        match fate {
            Some(Fate::Abandoned) if was_suspect => {
                self.shard_failed(events, place).await;
            }
            Some(Fate::Gone { last }) if last <= self.read => {
                self.out.remove(&place);
                match self.ledger.lost(&site, shard) {
                    Lost::Ended | Lost::Again => {}
                    Lost::Failed => self.say_failed(events, site, shard).await,
                }
            }
            _ => {}
        }
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

    async fn subscribe(&self, subject: &str) -> Option<async_nats::Subscriber> {
        self.transport.subscribe(subject.to_owned()).await
    }

    fn work(&self, site: Site, shard: u32) -> Work {
        let plan = self.plan.work(shard);
        let earlier = self.ledger.earlier_deliveries(&site, shard);
        let (scan, seed) = (self.origin.scan, self.options.seed);
        Work::new(scan, site, shard, seed, earlier, plan)
    }

    /// Passes on the events of a worker that can be its own.
    async fn pass_on(&mut self, message: Received, events: &mpsc::Sender<ScanEvent>) {
        let token = message.subject.rsplit('.').next().unwrap_or_default();
        let site = subjects::site_of(&message.subject).unwrap_or_else(|| Site::of_machine(token));
        self.read = self.read.max(message.place);
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
            if !self.ledger.is_news(&event) {
                continue;
            }
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
        let is_ours = beat.scan == Some(self.origin.scan);
        if is_ours && beat.paused != self.is_paused {
            // It took its shard after the order, or did not receive it.
            let order = if self.is_paused {
                Order::Pause
            } else {
                Order::Resume
            };
            self.send_order(order).await;
        }
        for site in self.presence.responds(&site, beat, clock::monotonic()) {
            self.notice(events, Notice::SiteResponds { site }).await;
        }
    }

    async fn tick(&mut self, events: &mpsc::Sender<ScanEvent>, tasks: &mut JoinSet<()>) {
        let now = clock::monotonic();
        let is_connected = self.transport.is_connected();
        let is_done_at = |site: &Site| self.ledger.is_done_at(site);
        for site in self.presence.look(now, is_connected, is_done_at) {
            self.notice(events, Notice::SiteSilent { site }).await;
        }
        let news = self.options.outside.as_mut().and_then(|outside| {
            let has_changed = outside.has_changed().unwrap_or(false);
            has_changed.then(|| outside.borrow_and_update().clone())
        });
        for notice in news.unwrap_or_default() {
            self.notice(events, notice).await;
        }
        let lost = (!is_connected).then(|| "the connection is lost".to_owned());
        let trouble = lost.or_else(|| self.not_given.clone());
        let trouble = trouble.or_else(|| self.presence.trouble(now));
        self.down(events, trouble).await;
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
                transport.delete_events(scan, below).await;
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

    /// The server says that a shard was given out as often as may be.
    async fn deliveries_exceeded(&mut self, events: &mpsc::Sender<ScanEvent>, advisory: &[u8]) {
        if let Ok(Failed { stream_seq }) = serde_json::from_slice(advisory) {
            self.shard_failed(events, stream_seq).await;
        }
    }

    /// Nobody is given the shard at this place any more.
    async fn shard_failed(&mut self, events: &mpsc::Sender<ScanEvent>, place: u64) {
        if let Some((site, shard)) = self.out.remove(&place)
            && self.ledger.shard_failed(&site, shard)
        {
            self.say_failed(events, site, shard).await;
        }
    }

    async fn say_failed(&mut self, events: &mpsc::Sender<ScanEvent>, site: Site, shard: u32) {
        let hosts = self.ledger.listed(shard);
        let notice = Notice::ShardFailed {
            site,
            deliveries: MOST_DELIVERIES,
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
        let stopping = async {
            for site in &self.sites {
                let subject = subjects::work(site, self.origin.scan);
                self.transport.delete_work(&subject).await;
            }
            self.send_order(Order::Stop).await;
            self.transport.client.flush().await
        };
        drop(timeout(ANSWER, stopping).await);
    }

    fn progress(&self) -> Progress {
        let mut progress = self.ledger.progress();
        progress.elapsed = clock::monotonic().duration_since(self.start);
        progress.rate_cap = self.options.rate;
        progress.paused = self.is_paused;
        self.presence.add_to(&mut progress, clock::monotonic());
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
