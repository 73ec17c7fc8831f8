//! Comparing two scans: which host is which, and how each has changed. Pure: no I/O and no clock.

mod classes;
mod confirm;
mod matching;
mod record;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::fleet::Fleet;
use crate::model::{
    Change, ChangeClass, EpochId, HostKey, Notice, PlannedWork, ScanEnd, ScanStatus,
};
use crate::targets::TargetSet;
use matching::{Matching, unique};

pub use classes::changes as between;
pub use confirm::{Confirm, Watched};
pub use record::{CertificateRecord, HostRecord, PastHost};

/// What a scan found, as far as scans are compared.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub id: EpochId,
    /// Start of the scan, and the time as of which its hosts are judged.
    pub times: (Timestamp, Timestamp),
    pub scope: Scope,
    pub hosts: Vec<HostRecord>,
}

impl Snapshot {
    /// `None` before the first event.
    #[must_use]
    pub fn of(fleet: &Fleet) -> Option<Self> {
        let notices = fleet.notices();
        let is_filtered = |notice: &Notice| matches!(notice, Notice::Filtered { .. });
        let end = fleet.end().filter(|_| !notices.iter().any(is_filtered));
        Some(Self {
            id: fleet.id()?,
            times: fleet.times()?,
            scope: Scope::new(fleet.planned_work().map(AsRef::as_ref), end),
            hosts: fleet
                .hosts()
                .map(|(_, host)| HostRecord::of(host))
                .collect(),
        })
    }
}

/// What a scan has looked at.
#[derive(Debug, Clone)]
pub struct Scope(Option<Arc<TargetSet>>);

impl Scope {
    /// Of a scan that ended like this; `None` for one that has not ended, or whose hosts are not all known.
    #[must_use]
    pub fn new(work: Option<&PlannedWork>, end: Option<ScanEnd>) -> Self {
        let is_whole = end.is_some_and(|end| {
            end.status == ScanStatus::Complete
                && end.not_reached == 0
                && end.unlisted.not_probed == 0
        });
        let targets = work.filter(|_| is_whole).map(TargetSet::from_planned);
        Self(targets.and_then(Result::ok).map(Arc::new))
    }

    /// Whether every host of its targets is known.
    const fn is_whole(&self) -> bool {
        self.0.is_some()
    }

    /// Whether it would have met this host, if that had answered.
    fn covers(&self, key: &HostKey) -> bool {
        let Some(targets) = &self.0 else {
            return false;
        };
        match key {
            HostKey::Endpoint(endpoint) => {
                targets.contains(*endpoint) && !targets.is_excluded(endpoint.address)
            }
            HostKey::Unresolved { name, port } => {
                let mut names = targets.names().iter();
                names.any(|one| one.name == *name && one.port == *port)
            }
        }
    }
}

/// A host that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostChanges {
    /// Where it is; where it was, if it is gone or was not scanned.
    pub key: HostKey,
    pub name: Option<Box<str>>,
    /// The later scan has it, and plans no further attempt there.
    pub is_row: bool,
    /// Worst first; never empty.
    pub changes: Vec<Change>,
}

/// Two scans side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub before: EpochId,
    pub after: EpochId,
    /// The times as of which each is judged.
    pub times: (Timestamp, Timestamp),
    /// Worst first, then by address.
    pub hosts: Vec<HostChanges>,
    /// Hosts of both scans that are as they were.
    pub unchanged: u64,
}

impl Comparison {
    #[must_use]
    pub fn new(before: &Snapshot, after: &Snapshot) -> Self {
        let matching = Matching::new(&before.hosts, &after.hosts);
        let (earlier, later) = (by_key(before), by_key(after));
        let mut moved = moved_names(before, after, &matching);
        let mut hosts = Vec::new();
        let mut unchanged = 0;
        for (place, host) in after.hosts.iter().enumerate() {
            let counterpart = matching.of_after.get(place).copied().flatten();
            let counterpart = counterpart.and_then(|place| before.hosts.get(place));
            let mut changes = if let Some(earlier) = counterpart {
                classes::changes(earlier, host)
            } else {
                let there = earlier.get(&host.key).copied();
                let is_covered = before.scope.covers(&host.key);
                let class = alone(host, there, is_covered, ChangeClass::New);
                let change = class.map(|class| Change {
                    class,
                    before: silent(there),
                    after: Some(host.state_text()),
                });
                change.into_iter().collect()
            };
            changes.extend(moved.remove(&place).into_iter().flatten());
            if changes.is_empty() {
                unchanged += u64::from(counterpart.is_some());
            } else {
                hosts.push(HostChanges::of(host, host.complete, changes));
            }
        }
        for (host, counterpart) in before.hosts.iter().zip(&matching.of_before) {
            if counterpart.is_none() {
                let there = later.get(&host.key).copied();
                let is_covered = after.scope.covers(&host.key);
                let class = alone(host, there, is_covered, ChangeClass::Gone);
                let change = class.map(|class| Change {
                    class,
                    before: Some(host.state_text()),
                    after: silent(there),
                });
                hosts.extend(change.map(|change| HostChanges::of(host, false, vec![change])));
            }
        }
        hosts.sort_by(|a, b| a.worst().cmp(&b.worst()).then_with(|| a.key.cmp(&b.key)));
        Self {
            before: before.id,
            after: after.id,
            times: (before.times.1, after.times.1),
            hosts,
            unchanged,
        }
    }

    /// The hosts that have changed; one that was not scanned has not.
    pub fn changed(&self) -> impl Iterator<Item = &HostChanges> {
        let is_changed = |host: &&HostChanges| {
            let mut classes = host.changes.iter();
            classes.any(|change| change.class != ChangeClass::NotScanned)
        };
        self.hosts.iter().filter(is_changed)
    }

    /// What has changed at the hosts of the later scan. One that was not scanned has not changed.
    #[must_use]
    pub fn of_rows(&self) -> HashMap<HostKey, Arc<[Change]>> {
        let rows = self.hosts.iter().filter(|host| host.is_row);
        rows.filter_map(|host| {
            let changes = host.changes.iter();
            let changes = changes.filter(|change| change.class != ChangeClass::NotScanned);
            let changes: Arc<[Change]> = changes.cloned().collect();
            (!changes.is_empty()).then(|| (host.key.clone(), changes))
        })
        .collect()
    }

    /// Hosts that answered in the earlier scan, and are not among those of the later one.
    pub fn lost(&self) -> impl Iterator<Item = &HostChanges> {
        let others = self.hosts.iter().filter(|host| !host.is_row);
        others.filter(|host| host.worst() == Some(ChangeClass::Gone))
    }

    /// How many hosts have each class, in order of severity.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<ChangeClass, u64> {
        let mut counts = BTreeMap::new();
        for host in &self.hosts {
            let mut classes: Vec<ChangeClass> = host.changes.iter().map(|one| one.class).collect();
            classes.dedup();
            for class in classes {
                *counts.entry(class).or_default() += 1;
            }
        }
        counts
    }
}

impl HostChanges {
    fn of(host: &HostRecord, is_row: bool, mut changes: Vec<Change>) -> Self {
        changes.sort();
        Self {
            key: host.key.clone(),
            name: host.name.clone(),
            is_row,
            changes,
        }
    }

    fn worst(&self) -> Option<ChangeClass> {
        self.changes.first().map(|change| change.class)
    }
}

fn by_key(snapshot: &Snapshot) -> HashMap<&HostKey, &HostRecord> {
    let hosts = snapshot.hosts.iter();
    hosts.map(|host| (&host.key, host)).collect()
}

/// The state of a place where nothing answers, if it is known.
fn silent(there: Option<&HostRecord>) -> Option<String> {
    let silent = there.filter(|there| !there.is_present());
    silent.map(HostRecord::state_text)
}

/// What it means that a host has no counterpart, given what the other scan has at its place: `class`, or that the other scan did not
/// look.
fn alone(
    host: &HostRecord,
    there: Option<&HostRecord>,
    is_covered: bool,
    class: ChangeClass,
) -> Option<ChangeClass> {
    let is_looked_at = there.map_or(is_covered, |there| !there.is_unknown());
    // One of several hosts that cannot be told apart.
    let is_same = there.is_some_and(|there| there.is_present() && !host.is_other_machine(there));
    let found = if is_looked_at {
        class
    } else {
        ChangeClass::NotScanned
    };
    (host.is_present() && !is_same).then_some(found)
}

/// Listed names that lead to another machine now, while the one before is still known by itself. By the place of the host that
/// they lead to.
fn moved_names(
    before: &Snapshot,
    after: &Snapshot,
    matching: &Matching,
) -> BTreeMap<usize, Vec<Change>> {
    let listed = |host: &HostRecord| host.listed.clone();
    let (earlier, later) = (unique(&before.hosts, listed), unique(&after.hosts, listed));
    let mut moved: BTreeMap<usize, Vec<Change>> = BTreeMap::new();
    for (name, place) in later {
        let (Some(place), Some(Some(old))) = (place, earlier.get(&name)) else {
            continue;
        };
        if matching.of_after.get(place).copied().flatten() == Some(*old) {
            continue;
        }
        let (Some(from), Some(to)) = (before.hosts.get(*old), after.hosts.get(place)) else {
            continue;
        };
        if from.key != to.key {
            moved.entry(place).or_default().push(Change {
                class: ChangeClass::AddressMoved,
                before: Some(format!("{name}: {}", from.key)),
                after: Some(format!("{name}: {}", to.key)),
            });
        }
    }
    moved
}
