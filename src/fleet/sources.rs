//! The writers of a scan's events: which of their events have been seen, and the counts and end that each reports.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Add;
use std::sync::{Arc, OnceLock};

use crate::model::{
    EventBody, Origin, PlannedWork, ScanEnd, ScanEvent, ScanPlan, ScanStatus, Stream,
    UnlistedCounts,
};

/// Sequence numbers seen in a stream. A stream without gaps costs one number.
#[derive(Debug, Clone, Default)]
struct Seen {
    /// All below this one are seen.
    below: u64,
    /// Seen above `below`, with gaps between.
    beyond: BTreeSet<u64>,
}

impl Seen {
    /// False when the number was seen before.
    fn insert(&mut self, seq: u64) -> bool {
        if seq < self.below || !self.beyond.insert(seq) {
            return false;
        }
        while self.beyond.remove(&self.below) {
            self.below += 1;
        }
        true
    }

    /// Gaps below the greatest number seen.
    fn missing(&self) -> u64 {
        let last = self.beyond.last();
        let written = last.map_or(0, |last| (last - self.below).saturating_add(1));
        written - self.beyond.len() as u64
    }
}

#[derive(Debug, Clone, Default)]
struct Source {
    seen: Seen,
    /// The newest end, and its place.
    end: Option<(u64, ScanEnd)>,
    /// The place of the newest counts, and these.
    counts: (u64, ProbeCounts),
    /// The newest `seq` at which it resumed after an end.
    reopened: u64,
}

/// Totals that a writer reports, with those of the runs that it resumes.
#[derive(Debug, Clone, Copy, Default)]
struct ProbeCounts {
    endpoints_probed: u64,
    answered_on_retry: u64,
    unlisted: UnlistedCounts,
}

impl Add for ProbeCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            endpoints_probed: self.endpoints_probed.saturating_add(other.endpoints_probed),
            answered_on_retry: self
                .answered_on_retry
                .saturating_add(other.answered_on_retry),
            unlisted: self.unlisted + other.unlisted,
        }
    }
}

/// Whether an event is to be folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    New,
    /// It is new, and what earlier deliveries of its shard brought no longer counts.
    Replacing,
    /// It was seen before, or a later delivery has replaced it.
    Known,
}

/// What each writer said first of something, and where in its stream.
#[derive(Debug, Clone)]
struct FirstOfEach<T>(BTreeMap<Origin, (u64, T)>);

impl<T> Default for FirstOfEach<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Clone> FirstOfEach<T> {
    fn learn(&mut self, origin: &Origin, seq: u64, value: &T) {
        let known = self.0.get(origin);
        if known.is_none_or(|(known, _)| seq < *known) {
            self.0.insert(origin.clone(), (seq, value.clone()));
        }
    }

    /// That of the newest writer.
    fn newest(&self) -> Option<(&Origin, &T)> {
        let (origin, (_, value)) = self.0.last_key_value()?;
        Some((origin, value))
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    all: BTreeMap<Origin, Source>,
    plans: FirstOfEach<ScanPlan>,
    works: FirstOfEach<Arc<PlannedWork>>,
    totals: OnceLock<Totals>,
}

/// Derived from all writers, and cached.
#[derive(Debug, Clone, Copy)]
struct Totals {
    end: Option<ScanEnd>,
    missing: u64,
}

impl Sources {
    /// The single writer of a saved report.
    pub(super) fn of_saved(
        origin: &Origin,
        plan: &ScanPlan,
        work: Option<&Arc<PlannedWork>>,
        end: Option<ScanEnd>,
    ) -> Self {
        let mut sources = Self::default();
        let source = sources.all.entry(origin.clone()).or_default();
        if let Some(end) = end {
            source.take(1, &EventBody::ScanFinished(end));
        }
        sources.plans.learn(origin, 0, plan);
        if let Some(work) = work {
            sources.works.learn(origin, 0, work);
        }
        sources
    }

    /// Counts an event in, with what it states about the whole scan.
    pub(super) fn admit(&mut self, event: &ScanEvent) -> Admission {
        let origin = event.origin();
        let mut replaced = Vec::new();
        if let Stream::Shard { number, delivery } = origin.stream {
            for other in self.deliveries(&origin, number) {
                match other.stream {
                    Stream::Shard {
                        delivery: known, ..
                    } if known > delivery => {
                        return Admission::Known;
                    }
                    Stream::Shard {
                        delivery: known, ..
                    } if known < delivery => {
                        replaced.push(other);
                    }
                    _ => {}
                }
            }
        }
        for other in &replaced {
            self.all.remove(other);
            self.plans.0.remove(other);
            self.works.0.remove(other);
        }
        let source = self.all.entry(origin.clone()).or_default();
        if !source.seen.insert(event.seq) {
            return Admission::Known;
        }
        source.take(event.seq, &event.body);
        self.totals = OnceLock::new();
        match &event.body {
            EventBody::ScanStarted(plan) => self.plans.learn(&origin, event.seq, plan),
            EventBody::WorkPlanned(work) => self.works.learn(&origin, event.seq, work),
            _ => {}
        }
        if replaced.is_empty() {
            Admission::New
        } else {
            Admission::Replacing
        }
    }

    /// The deliveries of a shard that are known.
    fn deliveries(&self, of: &Origin, number: u32) -> Vec<Origin> {
        let at = |delivery| Origin {
            stream: Stream::Shard { number, delivery },
            ..of.clone()
        };
        let known = self.all.range(at(0)..=at(u32::MAX));
        known.map(|(origin, _)| origin.clone()).collect()
    }

    pub(super) fn writers(&self) -> impl Iterator<Item = &Origin> {
        self.all.keys()
    }

    /// That of the newest writer.
    pub(super) fn epoch(&self) -> u32 {
        self.all
            .last_key_value()
            .map_or(1, |(origin, _)| origin.epoch)
    }

    /// The plan, as the newest writer recorded it.
    pub(super) fn plan(&self) -> Option<&ScanPlan> {
        self.plans.newest().map(|(_, plan)| plan)
    }

    /// What was to be probed, as the newest writer recorded it, and that writer.
    pub(super) fn work(&self) -> Option<(&Origin, &Arc<PlannedWork>)> {
        self.works.newest()
    }

    /// How the scan ended; `None` while a writer is still active. A run that a later run resumed is over. In a watched scan the
    /// newest sweep decides.
    pub(super) fn end(&self) -> Option<ScanEnd> {
        self.totals().end
    }

    /// Events that must have been written and were not seen.
    pub(super) fn missing(&self) -> u64 {
        self.totals().missing
    }

    fn totals(&self) -> Totals {
        *self.totals.get_or_init(|| {
            let missing = self.all.values().map(|source| source.seen.missing());
            Totals {
                end: self.find_end(),
                missing: missing.fold(0, u64::saturating_add),
            }
        })
    }

    fn find_end(&self) -> Option<ScanEnd> {
        let epoch = self.all.last_key_value()?.0.epoch;
        let newest = self.all.iter().rev();
        let mut newest = newest.take_while(|(origin, _)| origin.epoch == epoch);
        let mut status = ScanStatus::Complete;
        let mut counts = ProbeCounts::default();
        let mut not_reached = 0_u64;
        let mut later: Option<&Origin> = None;
        for (origin, source) in &mut newest {
            let is_run = |one: &Origin| matches!(one.stream, Stream::Run(_));
            let is_carried_on = later
                .is_some_and(|later| is_run(later) && is_run(origin) && later.site == origin.site);
            later = Some(origin);
            // A run that resumes takes over the counts.
            if is_carried_on {
                continue;
            }
            counts = counts + source.counts.1;
            let end = source.end()?;
            if end.status == ScanStatus::Interrupted {
                status = ScanStatus::Interrupted;
            }
            not_reached = not_reached.saturating_add(end.not_reached);
        }
        Some(ScanEnd {
            status,
            endpoints_probed: counts.endpoints_probed,
            unlisted: counts.unlisted,
            answered_on_retry: counts.answered_on_retry,
            not_reached,
        })
    }
}

impl Source {
    fn take(&mut self, seq: u64, body: &EventBody) {
        let mut counts = |new: ProbeCounts| {
            if seq >= self.counts.0 {
                self.counts = (seq, new);
            }
        };
        match body {
            EventBody::Checkpoint(checkpoint) => counts(ProbeCounts {
                endpoints_probed: checkpoint.endpoints_probed,
                answered_on_retry: checkpoint.answered_on_retry,
                unlisted: checkpoint.unlisted,
            }),
            EventBody::ScanFinished(end) => {
                counts(ProbeCounts {
                    endpoints_probed: end.endpoints_probed,
                    answered_on_retry: end.answered_on_retry,
                    unlisted: end.unlisted,
                });
                if self.end.is_none_or(|(known, _)| known < seq) {
                    self.end = Some((seq, *end));
                }
            }
            EventBody::ReprobeStarted { .. } => self.reopened = self.reopened.max(seq),
            _ => {}
        }
    }

    fn end(&self) -> Option<ScanEnd> {
        let (seq, end) = self.end?;
        (seq >= self.reopened).then_some(end)
    }
}
