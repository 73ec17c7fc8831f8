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

/// One shard at one site.
#[derive(Debug, Clone, Default)]
struct Entry {
    is_out: bool,
    /// The newest delivery that has sent events, from 1.
    delivery: u32,
    next_seq: u64,
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
}

/// The shards of all sites.
#[derive(Debug)]
pub struct Ledger {
    scan: ScanId,
    plan: Arc<ShardPlan>,
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
        }
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
        }
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
        let Some(entry) = self.entry(&event.site, number) else {
            return;
        };
        if delivery < entry.delivery {
            return;
        }
        if delivery > entry.delivery {
            // It replaces those before it.
            *entry = Entry {
                is_out: true,
                delivery,
                ..Entry::default()
            };
        }
        if event.seq < entry.next_seq {
            return;
        }
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
                entry.end = Some(end.status);
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
        let mut in_progress = self.entries().filter(|entry| entry.delivery > 0);
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
        for (site, entries) in &self.sites {
            for (number, entry) in (0..).zip(entries) {
                if entry.end.is_none() {
                    self.break_off(site, number, entry, at, &mut events);
                }
            }
        }
        events
    }

    /// A row for each host that the user listed, and the counts.
    fn break_off(
        &self,
        site: &Site,
        number: u32,
        entry: &Entry,
        at: Timestamp,
        events: &mut Vec<ScanEvent>,
    ) {
        let delivery = entry.delivery.max(1);
        let origin = Origin {
            stream: Stream::Shard { number, delivery },
            ..Origin::new(self.scan, site.clone())
        };
        let is_open = |host: &HostKey| match host {
            HostKey::Endpoint(_) => true,
            HostKey::Unresolved { .. } => !entry.resolved.contains(&*host.to_string()),
        };
        let mut listed = self.plan.listed(number);
        listed.retain(is_open);
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
                .map(|(seq, body)| ScanEvent::new(&origin, seq, at, body)),
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

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.sites.iter().flat_map(|(_, entries)| entries)
    }

    fn entry(&mut self, site: &Site, shard: u32) -> Option<&mut Entry> {
        let mut sites = self.sites.iter_mut();
        let (_, entries) = sites.find(|(one, _)| one == site)?;
        entries.get_mut(shard as usize)
    }
}
