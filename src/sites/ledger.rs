//! Which shards of a scan were given out, how far each has come, and what is to be said of those that never ended.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::shard::ShardPlan;
use crate::model::{
    EventBody, HostKey, Origin, Progress, ScanEnd, ScanEvent, ScanId, ScanStatus, Site, Stream,
    UnlistedCounts,
};

/// Shards of a site that are given out and not ended. Enough that no worker waits, and little to take back when the scan is stopped.
const MOST_OUT: usize = 32;
/// Deliveries of a shard by the server, each time that it is given out.
pub(super) const MOST_DELIVERIES: u32 = 5;
/// How often a run gives a shard out: again when the server has lost it.
const MOST_GIVEN: u32 = 2;

/// The highest delivery of a shard in a run of the coordinator. Each giving out has numbers of its own, so that the events of two
/// of them are never taken for those of one.
pub(super) const fn last_delivery(run: u32) -> u32 {
    run.saturating_mul(MOST_GIVEN * MOST_DELIVERIES)
}

/// One shard at one site.
#[derive(Debug, Clone, Default)]
struct Entry {
    is_out: bool,
    /// How often this run gave it out.
    given: u32,
    /// The newest delivery that has sent events, from 1.
    delivery: u32,
    next_seq: u64,
    /// Events of it are missing.
    has_gap: bool,
    probed: u64,
    late: u64,
    unlisted: UnlistedCounts,
    answered: u64,
    /// Names that were looked up.
    resolved: HashSet<Box<str>>,
    end: Option<ScanStatus>,
    /// It was given out too often.
    has_failed: bool,
}

impl Entry {
    const fn is_over(&self) -> bool {
        self.end.is_some() || self.has_failed
    }

    /// Not seen before, and of no delivery that another has replaced. A shard that is complete stays so.
    const fn is_news(&self, delivery: u32, seq: u64) -> bool {
        if delivery > self.delivery {
            !matches!(self.end, Some(ScanStatus::Complete))
        } else {
            delivery == self.delivery && seq >= self.next_seq
        }
    }
}

/// What becomes of a shard that the server no longer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// It has ended meanwhile.
    Ended,
    /// It is given out again.
    Again,
    /// It was lost as often as may be.
    Failed,
}

/// The shards of all sites.
#[derive(Debug)]
pub struct Ledger {
    scan: ScanId,
    plan: Arc<ShardPlan>,
    /// Of the coordinator, from 1: each resume is another.
    run: u32,
    sites: Vec<(Site, Vec<Entry>)>,
}

impl Ledger {
    #[must_use]
    pub fn new(scan: ScanId, plan: Arc<ShardPlan>, sites: &[Site]) -> Self {
        let count = plan.count() as usize;
        let all = |site: &Site| (site.clone(), vec![Entry::default(); count]);
        Self {
            scan,
            sites: sites.iter().map(all).collect(),
            plan,
            run: 1,
        }
    }

    /// The scan goes on, as this run of its coordinator: what is not complete is given out again. `plan` may exclude more.
    pub fn resume(&mut self, run: u32, plan: Arc<ShardPlan>) {
        (self.run, self.plan) = (run, plan);
        for entry in self.sites.iter_mut().flat_map(|(_, entries)| entries) {
            (entry.is_out, entry.has_failed, entry.given) = (false, false, 0);
            let is_complete = entry.end == Some(ScanStatus::Complete) && !entry.has_gap;
            // The last events of one that broke off may be those of the coordinator, in place of what the worker observed.
            entry.has_gap |= entry.end.is_some() && !is_complete;
            entry.end = entry.end.filter(|_| is_complete);
        }
    }

    /// Deliveries of a shard that were, or could have been, before it is given out next.
    #[must_use]
    pub fn earlier_deliveries(&self, site: &Site, shard: u32) -> u32 {
        let given = self.known(site, shard).map_or(0, |entry| entry.given);
        self.of_earlier_runs()
            .saturating_add(given.saturating_mul(MOST_DELIVERIES))
    }

    /// The next shard to give out, and to whom.
    #[must_use]
    pub fn next(&self) -> Option<(Site, u32)> {
        self.sites.iter().find_map(|(site, entries)| {
            let out = entries
                .iter()
                .filter(|entry| entry.is_out && !entry.is_over());
            if out.count() >= MOST_OUT {
                return None;
            }
            let waits = |entry: &Entry| !entry.is_out && !entry.is_over();
            let at = entries.iter().position(waits)?;
            Some((site.clone(), u32::try_from(at).ok()?))
        })
    }

    /// A shard was given out.
    pub fn given_out(&mut self, site: &Site, shard: u32) {
        if let Some(entry) = self.entry(site, shard) {
            entry.is_out = true;
            entry.given += 1;
        }
    }

    /// The server has a shard no longer, and all events of it were seen.
    pub fn lost(&mut self, site: &Site, shard: u32) -> Lost {
        match self.entry(site, shard) {
            Some(entry) if !entry.is_over() && entry.given < MOST_GIVEN => {
                entry.is_out = false;
                Lost::Again
            }
            Some(entry) if !entry.is_over() => {
                entry.has_failed = true;
                Lost::Failed
            }
            _ => Lost::Ended,
        }
    }

    /// Whether an event says what no event before it has said.
    #[must_use]
    pub fn is_news(&self, event: &ScanEvent) -> bool {
        let Stream::Shard { number, delivery } = event.stream else {
            return true;
        };
        let entry = self.known(&event.site, number);
        entry.is_none_or(|entry| entry.is_news(delivery, event.seq))
    }

    /// Nothing more is to come of a shard.
    #[must_use]
    pub fn is_over(&self, site: &Site, shard: u32) -> bool {
        self.known(site, shard).is_none_or(Entry::is_over)
    }

    /// A shard was given out as often as may be, and never came back.
    pub fn shard_failed(&mut self, site: &Site, shard: u32) -> bool {
        let entry = self.entry(site, shard).filter(|entry| !entry.is_over());
        let is_news = entry.map(|entry| entry.has_failed = true);
        is_news.is_some()
    }

    /// Takes note of an event of a worker.
    pub fn observe(&mut self, event: &ScanEvent) {
        let Stream::Shard { number, delivery } = event.stream else {
            return;
        };
        let earlier = self.of_earlier_runs();
        let Some(entry) = self.entry(&event.site, number) else {
            return;
        };
        if !entry.is_news(delivery, event.seq) {
            return;
        }
        if delivery > entry.delivery {
            // It replaces those before it.
            *entry = Entry {
                is_out: entry.is_out,
                given: entry.given,
                delivery,
                ..Entry::default()
            };
        }
        entry.has_gap |= event.seq > entry.next_seq;
        entry.next_seq = event.seq.saturating_add(1);
        match &event.body {
            EventBody::AttemptFinished { attempt, .. } => {
                let is_first = attempt.number == 1 && attempt.connect_ms().is_some();
                entry.answered += u64::from(is_first);
            }
            EventBody::TargetResolved { name, port, .. } => {
                entry.resolved.insert(format!("{name}:{port}").into());
            }
            EventBody::Checkpoint(counts) => {
                (entry.probed, entry.late) = (counts.endpoints_probed, counts.answered_on_retry);
                entry.unlisted = counts.unlisted;
            }
            EventBody::ScanFinished(end) => {
                (entry.probed, entry.late) = (end.endpoints_probed, end.answered_on_retry);
                entry.unlisted = end.unlisted;
                // What an earlier run broke off is done again.
                let is_whole = end.status == ScanStatus::Complete && !entry.has_gap;
                let counts = delivery > earlier || is_whole;
                entry.end = counts.then_some(end.status);
            }
            _ => {}
        }
    }

    /// Nothing more is to come.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.entries().all(Entry::is_over)
    }

    /// No worker has anything in progress.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let earlier = self.of_earlier_runs();
        let mut in_progress = self.entries().filter(|entry| entry.delivery > earlier);
        in_progress.all(Entry::is_over)
    }

    /// A site has nothing left to do.
    #[must_use]
    pub fn is_done_at(&self, site: &Site) -> bool {
        let of_site = self.sites.iter().filter(|(one, _)| one == site);
        of_site.flat_map(|(_, entries)| entries).all(Entry::is_over)
    }

    /// How the scan ended, as far as its shards go.
    #[must_use]
    pub fn status(&self) -> ScanStatus {
        let mut ends = self.entries().map(|entry| entry.end);
        if ends.all(|end| end == Some(ScanStatus::Complete)) {
            ScanStatus::Complete
        } else {
            ScanStatus::Interrupted
        }
    }

    /// The last events of the shards without an end, which break off here.
    #[must_use]
    pub fn close(&self, at: Timestamp) -> Vec<ScanEvent> {
        let mut events = Vec::new();
        let listed = self.plan.listed();
        for (site, entries) in &self.sites {
            for (number, entry) in (0..).zip(entries) {
                if entry.end.is_none() {
                    let listed = listed.get(&number).map_or(&[][..], Vec::as_slice);
                    let origin = self.origin(site, number, entry);
                    self.break_off(&origin, number, entry, listed, at, &mut events);
                }
            }
        }
        events
    }

    fn origin(&self, site: &Site, number: u32, entry: &Entry) -> Origin {
        let delivery = entry.delivery.max(1);
        Origin {
            stream: Stream::Shard { number, delivery },
            ..Origin::new(self.scan, site.clone())
        }
    }

    /// A row for each host that the user listed, and the counts.
    fn break_off(
        &self,
        origin: &Origin,
        number: u32,
        entry: &Entry,
        listed: &[HostKey],
        at: Timestamp,
        events: &mut Vec<ScanEvent>,
    ) {
        let is_open = |host: &&HostKey| match host {
            HostKey::Endpoint(_) => true,
            HostKey::Unresolved { .. } => !entry.resolved.contains(&*host.to_string()),
        };
        let listed: Vec<HostKey> = listed.iter().filter(is_open).cloned().collect();
        let rows = listed.iter().filter_map(HostKey::endpoint).count() as u64;
        let untried = self.plan.endpoints(number).saturating_sub(entry.probed);
        let end = ScanEnd {
            status: ScanStatus::Interrupted,
            endpoints_probed: entry.probed,
            unlisted: entry.unlisted,
            answered_on_retry: entry.late,
            not_reached: untried.saturating_sub(rows),
        };
        let rows = listed
            .into_iter()
            .map(|host| EventBody::NotReached { host });
        let bodies = rows.chain([EventBody::ScanFinished(end)]);
        events.extend(
            (entry.next_seq..)
                .zip(bodies)
                .map(|(seq, body)| ScanEvent::new(origin, seq, at, body)),
        );
    }

    /// What screens show; rates and times are the caller's.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let mut progress = Progress::default();
        for (_, entries) in &self.sites {
            for (number, entry) in (0..).zip(entries) {
                let names = self.plan.names_of(number).len() as u64;
                let planned = self.plan.endpoints(number) + names;
                progress.planned += planned;
                progress.work_known += planned;
                let done = if entry.is_over() {
                    planned
                } else {
                    entry.probed.min(planned)
                };
                progress.discovered += done;
                progress.work_done += done;
                progress.answered += entry.answered;
                progress.answered_on_retry += entry.late;
            }
        }
        progress
    }

    /// What a shard would have probed, for a message.
    #[must_use]
    pub fn listed(&self, shard: u32) -> Vec<String> {
        let work = self.plan.work(shard);
        let endpoints = work.endpoints.iter().flat_map(|(port, ranges)| {
            ranges
                .iter()
                .map(move |range| format!("{range} port {port}"))
        });
        endpoints
            .chain(work.names.iter().map(str::to_owned))
            .collect()
    }

    /// The last delivery that an earlier run can have given out.
    const fn of_earlier_runs(&self) -> u32 {
        last_delivery(self.run.saturating_sub(1))
    }

    fn known(&self, site: &Site, shard: u32) -> Option<&Entry> {
        let (_, entries) = self.sites.iter().find(|(one, _)| one == site)?;
        entries.get(shard as usize)
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.sites.iter().flat_map(|(_, entries)| entries)
    }

    fn entry(&mut self, site: &Site, shard: u32) -> Option<&mut Entry> {
        let mut sites = self.sites.iter_mut();
        let (_, entries) = sites.find(|(one, _)| one == site)?;
        entries.get_mut(shard as usize)
    }
}
