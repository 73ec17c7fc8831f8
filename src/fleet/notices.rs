//! The notices to show. Newer ones supersede older ones of the same kind, whatever the order of arrival.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::entry::Stamp;
use crate::model::{Endpoint, HostKey, Notice, Resolver, Site};

#[derive(Debug, Clone)]
enum Change {
    Notice(Notice),
    /// Clears the notice that the endpoint was skipped.
    ReprobeStarted(Endpoint),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Notices {
    changes: Arc<BTreeMap<Stamp, Change>>,
    shown: OnceLock<Current>,
}

#[derive(Debug, Clone, Default)]
struct Current {
    notices: Vec<Notice>,
    is_without_resolver: bool,
}

impl Notices {
    pub(super) fn add(&mut self, stamp: Stamp, notice: Notice) {
        Arc::make_mut(&mut self.changes).insert(stamp, Change::Notice(notice));
        self.shown = OnceLock::new();
    }

    pub(super) fn reprobe_started(&mut self, stamp: Stamp, endpoint: Endpoint) {
        Arc::make_mut(&mut self.changes).insert(stamp, Change::ReprobeStarted(endpoint));
        self.shown = OnceLock::new();
    }

    pub(super) fn retain(&mut self, wanted: impl Fn(&Stamp) -> bool) {
        Arc::make_mut(&mut self.changes).retain(|stamp, _| wanted(stamp));
        self.shown = OnceLock::new();
    }

    /// Each once, oldest first, without those that a newer one supersedes.
    pub(super) fn shown(&self) -> &[Notice] {
        &self.current().notices
    }

    /// No resolver responds, by the newest notice about resolvers.
    pub(super) fn is_without_resolver(&self) -> bool {
        self.current().is_without_resolver
    }

    fn current(&self) -> &Current {
        self.shown.get_or_init(|| {
            let mut builder = Builder::default();
            for change in self.changes.values() {
                match change {
                    Change::Notice(notice) => builder.add(notice),
                    Change::ReprobeStarted(endpoint) => {
                        builder.clear(&Slot::Skipped(HostKey::Endpoint(*endpoint)));
                    }
                }
            }
            Current {
                notices: builder.notices.into_iter().flatten().cloned().collect(),
                is_without_resolver: builder.is_without_resolver,
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
    SilentSite(Site),
    Nats,
}

#[derive(Debug, Default)]
struct Builder<'a> {
    notices: Vec<Option<&'a Notice>>,
    slots: HashMap<Slot, usize>,
    seen: HashSet<&'a Notice>,
    /// Resolvers that have recovered since the last failure of all.
    recovered: HashSet<Resolver>,
    is_without_resolver: bool,
}

impl<'a> Builder<'a> {
    /// A resolver's failure stays with the recovery after it; the next failure removes both.
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
            Notice::SiteSilent { site } => Some(Slot::SilentSite(site.clone())),
            Notice::SiteResponds { site } => {
                // It is over, and nothing is missing for it.
                self.clear(&Slot::SilentSite(site.clone()));
                return;
            }
            Notice::NatsDown { .. } => Some(Slot::Nats),
            Notice::NatsResponds => {
                self.clear(&Slot::Nats);
                return;
            }
            _ => None,
        };
        match slot {
            Some(slot) => {
                self.clear(&slot);
                self.slots.insert(slot, self.notices.len());
            }
            None if !self.seen.insert(notice) => return,
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
