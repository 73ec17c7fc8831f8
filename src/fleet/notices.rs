//! Trouble on our side, as the newest notices have it, whatever the order in which they came.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::entry::Stamp;
use crate::model::{Endpoint, HostKey, Notice, Resolver};

/// What bears on the notices shown.
#[derive(Debug, Clone)]
enum Record {
    Notice(Notice),
    /// An endpoint gets another chance: that it was skipped is history.
    ReprobeStarted(Endpoint),
}

/// All of them by their places, and those to show.
#[derive(Debug, Clone, Default)]
pub(super) struct Notices {
    records: Arc<BTreeMap<Stamp, Record>>,
    shown: OnceLock<Shown>,
}

#[derive(Debug, Clone, Default)]
struct Shown {
    notices: Vec<Notice>,
    is_without_resolver: bool,
}

impl Notices {
    pub(super) fn add(&mut self, stamp: Stamp, notice: Notice) {
        Arc::make_mut(&mut self.records).insert(stamp, Record::Notice(notice));
        self.shown = OnceLock::new();
    }

    pub(super) fn reprobe_started(&mut self, stamp: Stamp, endpoint: Endpoint) {
        Arc::make_mut(&mut self.records).insert(stamp, Record::ReprobeStarted(endpoint));
        self.shown = OnceLock::new();
    }

    /// Keeps those of writers that still count.
    pub(super) fn retain(&mut self, wanted: impl Fn(&Stamp) -> bool) {
        Arc::make_mut(&mut self.records).retain(|stamp, _| wanted(stamp));
        self.shown = OnceLock::new();
    }

    /// Each once, oldest first; those that a newer one supersedes are left out.
    pub(super) fn shown(&self) -> &[Notice] {
        &self.made().notices
    }

    /// No resolver answers, as of the newest notice about resolvers. Where one is unresponsive alone, or has recovered, another
    /// answers.
    pub(super) fn is_without_resolver(&self) -> bool {
        self.made().is_without_resolver
    }

    fn made(&self) -> &Shown {
        self.shown.get_or_init(|| {
            let mut making = Making::default();
            for record in self.records.values() {
                match record {
                    Record::Notice(notice) => making.add(notice),
                    Record::ReprobeStarted(endpoint) => {
                        making.clear(&Slot::Skipped(HostKey::Endpoint(*endpoint)));
                    }
                }
            }
            Shown {
                notices: making.notices.into_iter().flatten().cloned().collect(),
                is_without_resolver: making.is_without_resolver,
            }
        })
    }
}

/// Notices of one slot supersede each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Slot {
    ResolverDown,
    Unresponsive(Resolver),
    Recovered(Resolver),
    Rate,
    Lost,
    Skipped(HostKey),
}

#[derive(Debug, Default)]
struct Making<'a> {
    notices: Vec<Option<&'a Notice>>,
    /// Where the notice of a slot stands.
    slots: HashMap<Slot, usize>,
    told: HashSet<&'a Notice>,
    /// Resolvers that have recovered since the last failure of all.
    recovered: HashSet<Resolver>,
    is_without_resolver: bool,
}

impl<'a> Making<'a> {
    /// A failure of a resolver stays next to the recovery after it, and goes with the next failure.
    fn add(&mut self, notice: &'a Notice) {
        let slot = match notice {
            Notice::ResolverDown { .. } => {
                self.is_without_resolver = true;
                for resolver in std::mem::take(&mut self.recovered) {
                    self.clear(&Slot::Recovered(resolver));
                }
                Some(Slot::ResolverDown)
            }
            Notice::ResolverUnresponsive { resolver, .. } => {
                self.is_without_resolver = false;
                self.clear(&Slot::Recovered(*resolver));
                Some(Slot::Unresponsive(*resolver))
            }
            Notice::ResolverRecovered { resolver } => {
                self.is_without_resolver = false;
                self.recovered.insert(*resolver);
                Some(Slot::Recovered(*resolver))
            }
            Notice::RateReduced { .. } => Some(Slot::Rate),
            Notice::RequestsLost { .. } => Some(Slot::Lost),
            Notice::HostSkipped { host } => Some(Slot::Skipped(host.clone())),
            _ => None,
        };
        match slot {
            Some(slot) => {
                self.clear(&slot);
                self.slots.insert(slot, self.notices.len());
            }
            None if !self.told.insert(notice) => return,
            None => {}
        }
        self.notices.push(Some(notice));
    }

    fn clear(&mut self, slot: &Slot) {
        let place = self.slots.remove(slot);
        if let Some(notice) = place.and_then(|place| self.notices.get_mut(place)) {
            *notice = None;
        }
    }
}
