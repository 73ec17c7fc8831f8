//! The facts about one host, each with its place in its stream, and the history composed from them. The order of arrival does
//! not matter.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{
    Attempt, History, HostKey, Lookup, NameSource, ObservedName, Origin, ScanEvent, Site, Stream,
};

/// The place of an event among all events of a scan. Greater is newer, without relying on clocks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub(super) epoch: u32,
    pub(super) stream: StreamKey,
    pub(super) seq: u64,
    pub(super) site: Site,
}

/// [`Stream`], which serialises as text, in a compact form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum StreamKey {
    Run(u32),
    Shard { number: u32, delivery: u32 },
}

impl From<Stream> for StreamKey {
    fn from(stream: Stream) -> Self {
        match stream {
            Stream::Run(run) => Self::Run(run),
            Stream::Shard { number, delivery } => Self::Shard { number, delivery },
        }
    }
}

impl Stamp {
    pub(super) fn of(event: &ScanEvent) -> Self {
        Self::at(event.origin(), event.seq)
    }

    pub(super) fn at(origin: Origin, seq: u64) -> Self {
        Self {
            epoch: origin.epoch,
            stream: origin.stream.into(),
            seq,
            site: origin.site,
        }
    }

    pub(super) fn writer(&self) -> Writer {
        Writer {
            epoch: self.epoch,
            stream: self.stream,
            site: self.site.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Writer {
    epoch: u32,
    stream: StreamKey,
    site: Site,
}

impl Writer {
    pub(super) fn of(origin: &Origin) -> Self {
        Self {
            epoch: origin.epoch,
            stream: origin.stream.into(),
            site: origin.site.clone(),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) stamp: Stamp,
    pub(super) fact: Fact,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Fact {
    Saved(Box<History>),
    /// A listed name resolves to this endpoint, or the lookups of a name without an address.
    Resolved {
        name: Box<str>,
        lookups: Vec<Arc<Lookup>>,
        excluded: Vec<IpAddr>,
    },
    Attempt {
        attempt: Box<Attempt>,
        listed: bool,
        outside_targets: bool,
        remaining: u32,
    },
    Names {
        attempt: u32,
        names: Vec<ObservedName>,
        lookups: Vec<Arc<Lookup>>,
        excluded: Vec<IpAddr>,
    },
    BehindGateway(Box<str>),
    NotReached,
    Skipped,
    ReprobeStarted {
        after: u32,
    },
}

#[derive(Debug)]
pub(super) struct Composed {
    pub(super) history: History,
    /// It is a target, and not only an address of a target's name.
    pub(super) is_row: bool,
}

/// Attempt numbers at one site.
#[derive(Debug, Default)]
struct Numbers {
    newest: u32,
    superseded: u32,
    /// A re-probe has started, and no attempt of it has ended.
    is_awaited: bool,
}

/// Composes the history of a host, as each site observed it. `has_ended`: no further event is expected.
///
/// INVARIANT: the result depends only on the set of entries, not on their order or on duplicates.
pub(super) fn compose(key: &HostKey, mut entries: Vec<Entry>, has_ended: bool) -> Composed {
    entries.sort_by(|one, other| one.stamp.cmp(&other.stamp));
    entries.dedup_by(|one, other| one.stamp == other.stamp);
    let mut by_site: BTreeMap<Site, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        let of_site = by_site.entry(entry.stamp.site.clone()).or_default();
        of_site.push(entry);
    }
    let views = by_site.into_iter().map(|(site, entries)| {
        let is_saved = matches!(
            entries.as_slice(),
            [Entry {
                fact: Fact::Saved(_),
                ..
            }]
        );
        let mut view = compose_view(key, entries, has_ended);
        if !is_saved {
            view.history.site = Some(site);
        }
        view
    });
    let mut views: Vec<Composed> = views.collect();
    if views.len() <= 1 {
        return views
            .pop()
            .unwrap_or_else(|| compose_view(key, Vec::new(), has_ended));
    }
    let is_row = views.iter().any(|view| view.is_row);
    let listed = views.iter().any(|view| view.history.listed);
    for view in &mut views {
        view.history.outside_targets = !is_row;
        view.history.listed = listed;
    }
    let mut histories = views.into_iter().map(|view| view.history);
    let mut history = histories
        .next()
        .unwrap_or_else(|| History::new(key.clone()));
    history.elsewhere = histories.collect();
    Composed { history, is_row }
}

/// The same as one site observed it.
fn compose_view(key: &HostKey, mut entries: Vec<Entry>, has_ended: bool) -> Composed {
    let attempts = entries
        .iter()
        .filter(|entry| matches!(entry.fact, Fact::Attempt { .. }));
    if let Some(epoch) = attempts.map(|entry| entry.stamp.epoch).max() {
        entries.retain(|entry| entry.stamp.epoch >= epoch);
    }
    let numbers = numbers(&entries);
    let superseded = |site: &Site| numbers.get(site).map_or(0, |numbers| numbers.superseded);

    let mut builder = HistoryBuilder::new(key);
    for Entry { stamp, fact } in entries {
        match fact {
            Fact::Attempt {
                attempt,
                listed,
                outside_targets,
                remaining,
            } => {
                builder.is_row |= !outside_targets;
                builder.history.listed |= listed;
                if attempt.number > superseded(&stamp.site) {
                    builder
                        .attempts
                        .insert((attempt.number, stamp.site), (*attempt, remaining));
                }
            }
            Fact::Names { attempt, .. }
                if superseded(&stamp.site) > 0 && attempt <= superseded(&stamp.site) => {}
            other => builder.add(other),
        }
    }
    let is_awaited = numbers.values().any(|numbers| numbers.is_awaited);
    builder.finish(is_awaited && !has_ended)
}

/// Attempt numbers by site. A re-probe supersedes earlier attempts once its first attempt has ended.
fn numbers(entries: &[Entry]) -> BTreeMap<Site, Numbers> {
    let mut all: BTreeMap<Site, Numbers> = BTreeMap::new();
    for entry in entries {
        if let Fact::Attempt { attempt, .. } = &entry.fact {
            let numbers = all.entry(entry.stamp.site.clone()).or_default();
            numbers.newest = numbers.newest.max(attempt.number);
        }
    }
    for entry in entries {
        if let Fact::ReprobeStarted { after } = entry.fact {
            let numbers = all.entry(entry.stamp.site.clone()).or_default();
            if after < numbers.newest {
                numbers.superseded = numbers.superseded.max(after);
            } else {
                numbers.is_awaited = true;
            }
        }
    }
    all
}

struct HistoryBuilder {
    history: History,
    attempts: BTreeMap<(u32, Site), (Attempt, u32)>,
    is_row: bool,
    is_skipped: bool,
    /// As a saved history has it.
    was_complete: Option<bool>,
    names: HashSet<ObservedName>,
    lookups: HashSet<u64>,
    excluded: HashSet<IpAddr>,
}

impl HistoryBuilder {
    fn new(key: &HostKey) -> Self {
        Self {
            history: History::new(key.clone()),
            attempts: BTreeMap::new(),
            is_row: false,
            is_skipped: false,
            was_complete: None,
            names: HashSet::new(),
            lookups: HashSet::new(),
            excluded: HashSet::new(),
        }
    }

    fn add(&mut self, fact: Fact) {
        let history = &mut self.history;
        match fact {
            Fact::Saved(saved) => {
                self.is_row |= !saved.outside_targets;
                self.was_complete = Some(saved.complete);
                *history = *saved;
            }
            Fact::Resolved {
                name,
                lookups,
                excluded,
            } => {
                let source = NameSource::Target;
                history.listed = true;
                if history.key.endpoint().is_none() {
                    history.names_checked = true;
                    self.is_row = true;
                }
                self.add_names(vec![ObservedName { name, source }], lookups, excluded);
            }
            Fact::Names {
                names,
                lookups,
                excluded,
                ..
            } => {
                history.names_checked = true;
                self.add_names(names, lookups, excluded);
            }
            Fact::BehindGateway(gateway) => {
                history.listed = true;
                history.gateway = Some(gateway);
                self.is_row = true;
            }
            Fact::NotReached => {
                history.listed = true;
                self.is_row = true;
            }
            Fact::Skipped => self.is_skipped = true,
            Fact::ReprobeStarted { .. } => self.is_skipped = false,
            Fact::Attempt { .. } => {}
        }
    }

    fn add_names(
        &mut self,
        names: Vec<ObservedName>,
        lookups: Vec<Arc<Lookup>>,
        excluded: Vec<IpAddr>,
    ) {
        for name in names {
            if self.names.insert(name.clone()) {
                self.history.names.push(name);
            }
        }
        for lookup in lookups {
            // A repeated failure is evidence ("on two tries"); a repeated success is not.
            if lookup.answer.is_resolver_trouble() || self.lookups.insert(lookup_hash(&lookup)) {
                self.history.lookups.push(lookup);
            }
        }
        for address in excluded {
            if self.excluded.insert(address) {
                self.history.excluded.push(address);
            }
        }
    }

    fn finish(self, is_awaited: bool) -> Composed {
        let Self {
            mut history,
            attempts,
            is_row,
            is_skipped,
            was_complete,
            ..
        } = self;
        let mut remaining: BTreeMap<&Site, u32> = BTreeMap::new();
        for ((_, site), (_, newest)) in &attempts {
            remaining.insert(site, *newest);
        }
        let is_over = is_skipped
            || if remaining.is_empty() {
                was_complete.unwrap_or(is_row)
            } else {
                remaining.values().all(|remaining| *remaining == 0)
            };
        history.complete = is_over && !is_awaited;
        history.outside_targets = !is_row;
        history
            .attempts
            .extend(attempts.into_values().map(|(attempt, _)| attempt));
        Composed { history, is_row }
    }
}

/// Identifies a lookup by question, resolver and answer, without its duration.
fn lookup_hash(lookup: &Lookup) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&lookup.question, &lookup.resolver, &lookup.answer).hash(&mut hasher);
    hasher.finish()
}
