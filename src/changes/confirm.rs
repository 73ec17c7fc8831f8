//! When a change in a watched scan counts: a state after so many sweeps that agree, a certificate at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::str::FromStr;

use derive_more::Display;

use super::classes::{SILENT, rank};
use super::{Comparison, HostRecord, Snapshot};
use crate::model::HostKey;

/// The most sweeps that are looked at.
const MOST: u8 = 100;

/// How many of the newest sweeps must agree before a change of state is reported, and as many before it is reported as over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display)]
#[display("{needed} of {of}")]
pub struct Confirm {
    needed: u8,
    of: u8,
}

impl FromStr for Confirm {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = text.split_whitespace();
        let (Some(needed), Some("of"), Some(of), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err("not two numbers");
        };
        match (needed.parse(), of.parse()) {
            (Ok(needed @ 1..), Ok(of @ 1..=MOST)) if needed <= of => Ok(Self { needed, of }),
            (Ok(_), Ok(_)) => Err("out of range"),
            _ => Err("not two numbers"),
        }
    }
}

/// What the newest sweeps found, oldest first; empty while they found what was reported.
#[derive(Debug)]
struct Window<T>(VecDeque<T>);

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: PartialEq> Window<T> {
    /// Whether what a sweep found differs from what was reported, and too few sweeps agree. Once enough do, counting begins again.
    fn holds_back(&mut self, reported: &T, found: T, confirm: Confirm) -> bool {
        let differs = found != *reported;
        self.0.push_back(found);
        while self.0.len() > usize::from(confirm.of) {
            self.0.pop_front();
        }
        let newest = self.0.back();
        let agreeing = self.0.iter().filter(|one| Some(*one) == newest).count();
        let is_confirmed = differs && agreeing >= usize::from(confirm.needed);
        if is_confirmed || self.0.iter().all(|one| one == reported) {
            self.0.clear();
        }
        differs && !is_confirmed
    }
}

/// What is not confirmed yet of one host.
#[derive(Debug, Default)]
struct Pending {
    state: Window<u8>,
    stability: Window<bool>,
    findings: BTreeMap<Box<str>, Window<bool>>,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.state.0.is_empty() && self.stability.0.is_empty() && self.findings.is_empty()
    }

    /// The host as it is reported after a sweep; `None` where there is none.
    fn reported(
        &mut self,
        before: Option<&HostRecord>,
        found: Option<&HostRecord>,
        confirm: Confirm,
    ) -> Option<HostRecord> {
        let state = |host: Option<&HostRecord>| host.map_or(SILENT, |host| rank(host.state));
        let (was, is) = (state(before), state(found));
        if self.state.holds_back(&was, is, confirm) {
            let mut held = before.cloned()?;
            if let Some(found) = found.filter(|found| !found.certificates.is_empty()) {
                held.certificates.clone_from(&found.certificates);
                held.certificate_status = found.certificate_status;
            }
            return Some(held);
        }
        let mut record = found.cloned()?;
        match before.filter(|_| was == is) {
            Some(before) => self.hold_details(before, &mut record, confirm),
            // A new state comes with all that explains it.
            None => *self = Self::default(),
        }
        Some(record)
    }

    /// Puts back what is not confirmed.
    fn hold_details(&mut self, before: &HostRecord, record: &mut HostRecord, confirm: Confirm) {
        let is_flaky = |host: &HostRecord| host.stability == crate::model::StabilityVerdict::Flaky;
        let (was, is) = (is_flaky(before), is_flaky(record));
        if self.stability.holds_back(&was, is, confirm) {
            record.stability = before.stability;
        }
        let ids = |host: &HostRecord| -> BTreeSet<Box<str>> {
            let ids = host.findings.iter().map(|(id, _)| id.clone());
            ids.filter(|id| !id.starts_with("RDP-CERT-")).collect()
        };
        let (earlier, later) = (ids(before), ids(record));
        let watched: BTreeSet<Box<str>> = self.findings.keys().cloned().collect();
        let differing = earlier.symmetric_difference(&later).cloned();
        for id in differing.chain(watched).collect::<BTreeSet<_>>() {
            let window = self.findings.entry(id.clone()).or_default();
            if !window.holds_back(&earlier.contains(&id), later.contains(&id), confirm) {
                continue;
            }
            record.findings.retain(|(one, _)| *one != id);
            let held = before.findings.iter().filter(|(one, _)| *one == id);
            record.findings.extend(held.cloned());
            record.findings.sort_by(|(_, a), (_, b)| b.cmp(a));
        }
        self.findings.retain(|_, window| !window.0.is_empty());
    }
}

/// A watched scan: what was reported of it, and what the newest sweeps found beyond that.
#[derive(Debug)]
pub struct Watched {
    confirm: Confirm,
    reported: Snapshot,
    pending: HashMap<HostKey, Pending>,
}

impl Watched {
    /// The changes of the next sweeps are those since `before`.
    #[must_use]
    pub fn new(before: Snapshot, confirm: Confirm) -> Self {
        Self {
            confirm,
            reported: before,
            pending: HashMap::new(),
        }
    }

    /// The changes that the next sweep confirms.
    #[must_use]
    pub fn sweep(&mut self, found: Snapshot) -> Comparison {
        let mut before: HashMap<&HostKey, &HostRecord> = super::by_key(&self.reported);
        let (named, seen) = (listed(&self.reported), listed(&found));
        let is_in = |host: &HostRecord, names: &BTreeSet<&str>| {
            let mut own = host.listed.iter();
            own.any(|name| names.contains(&**name))
        };
        let mut hosts = Vec::with_capacity(found.hosts.len());
        for record in &found.hosts {
            let earlier = before.remove(&record.key);
            if record.is_unknown() {
                hosts.extend(earlier.cloned());
                continue;
            }
            // Nothing was known of its place, unless a name has moved there.
            if earlier.is_none()
                && !self.reported.scope.covers(&record.key)
                && !is_in(record, &named)
            {
                hosts.push(record.clone());
                continue;
            }
            let pending = self.pending.entry(record.key.clone()).or_default();
            hosts.extend(pending.reported(earlier, Some(record), self.confirm));
        }
        for (key, earlier) in before {
            // No sweep meets it where its name leads elsewhere.
            if found.scope.covers(key) || is_in(earlier, &seen) {
                let pending = self.pending.entry(key.clone()).or_default();
                hosts.extend(pending.reported(Some(earlier), None, self.confirm));
            } else {
                hosts.push(earlier.clone());
            }
        }
        // Of hosts that were not there before, and were not found this time either.
        let known: BTreeSet<&HostKey> = (found.hosts.iter().chain(&self.reported.hosts))
            .map(|host| &host.key)
            .collect();
        let confirm = self.confirm;
        self.pending.retain(|key, pending| {
            if !known.contains(key) && found.scope.is_whole() {
                drop(pending.reported(None, None, confirm));
            }
            !pending.is_empty()
        });
        let scope = if found.scope.is_whole() {
            found.scope
        } else {
            self.reported.scope.clone()
        };
        let after = Snapshot {
            scope,
            hosts,
            ..found
        };
        let comparison = Comparison::new(&self.reported, &after);
        self.reported = after;
        comparison
    }

    /// Hosts of which something is not confirmed yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }
}

/// The names that the user listed, of the hosts that were looked at.
fn listed(snapshot: &Snapshot) -> BTreeSet<&str> {
    let hosts = snapshot.hosts.iter().filter(|host| !host.is_unknown());
    hosts
        .flat_map(|host| host.listed.iter().map(AsRef::as_ref))
        .collect()
}

#[cfg(test)]
#[path = "confirm_tests.rs"]
mod tests;
