//! The one fold from scan events to hosts: what screens and reports read.
//!
//! Owned by whoever shows it; no lock is shared with probes. Time comes from the events, never from the clock.

mod fold;
mod host;
mod packed;
mod summary;
#[cfg(test)]
mod tests;
mod told;
mod wide;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::diagnosis::{FleetSight, Policy};
use crate::model::{
    CertificateFacts, Endpoint, History, Lookup, Notice, ObservedName, ScanEnd, ScanPlan, Subject,
};

pub use host::Host;
pub use packed::{CertificateSketch, Sketch};
pub use summary::Summary;
pub use told::FleetFinding;

/// Names that the user listed and that lead to an endpoint which has no row yet.
#[derive(Debug, Clone, Default)]
struct AwaitedNames {
    names: Vec<ObservedName>,
    lookups: Vec<Arc<Lookup>>,
}

/// All hosts of one scan.
#[derive(Debug, Clone)]
pub struct Fleet {
    policy: Policy,
    hosts: Vec<Host>,
    /// Rows by endpoint.
    rows: HashMap<Endpoint, u32>,
    /// Rows of names that led nowhere, by name and port.
    unresolved: HashMap<Subject, u32>,
    /// Histories that are not rows. Ordered, so that reports do not depend on hashing.
    references: BTreeMap<Endpoint, History>,
    /// Rows whose names lead to an endpoint other than their own.
    referrers: HashMap<Endpoint, BTreeSet<usize>>,
    awaited: HashMap<Endpoint, AwaitedNames>,
    /// Endpoints that are probed anew and of which nothing new is known yet, and whether no further attempt was to follow before:
    /// what was seen of them stands until something new has come.
    anew: HashMap<Endpoint, bool>,
    /// Issuer certificates, one copy each: a whole fleet usually shares two or three.
    issuers: HashSet<Arc<CertificateFacts>>,
    summary: Summary,
    plan: Option<ScanPlan>,
    run_id: Box<str>,
    vantage: Box<str>,
    times: Option<(Timestamp, Timestamp)>,
    notices: Vec<Notice>,
    end: Option<ScanEnd>,
    revision: u64,
    /// What the hosts show together, as of the last look.
    sight: FleetSight,
    /// Attempts folded so far, and at which number of them to look again.
    attempts: u64,
    look_at: u64,
}

impl Fleet {
    /// An empty fleet.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            hosts: Vec::new(),
            rows: HashMap::new(),
            unresolved: HashMap::new(),
            references: BTreeMap::new(),
            referrers: HashMap::new(),
            awaited: HashMap::new(),
            anew: HashMap::new(),
            issuers: HashSet::new(),
            summary: Summary::default(),
            plan: None,
            run_id: Box::default(),
            vantage: Box::default(),
            times: None,
            notices: Vec::new(),
            end: None,
            revision: 0,
            sight: FleetSight::default(),
            attempts: 0,
            look_at: wide::FIRST_LOOK,
        }
    }

    /// Rows in order of first appearance; an index stays valid for the life of the fleet.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The history of an endpoint, row or member by reference.
    #[must_use]
    pub fn history(&self, endpoint: Endpoint) -> Option<Cow<'_, History>> {
        self.row(endpoint)
            .and_then(|index| self.hosts.get(index))
            .map(|host| Cow::Owned(host.history()))
            .or_else(|| self.references.get(&endpoint).map(Cow::Borrowed))
    }

    /// Every history that is not a row: members tried by reference, in order of endpoint.
    pub fn references(&self) -> impl Iterator<Item = &History> {
        self.references.values()
    }

    /// Index of a subject's row.
    #[must_use]
    pub fn position(&self, subject: &Subject) -> Option<usize> {
        let index = match subject {
            Subject::Endpoint(endpoint) => return self.row(*endpoint),
            Subject::Unresolved { .. } => *self.unresolved.get(subject)?,
        };
        usize::try_from(index).ok()
    }

    fn row(&self, endpoint: Endpoint) -> Option<usize> {
        usize::try_from(*self.rows.get(&endpoint)?).ok()
    }

    /// Counts, kept incrementally.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// What was planned; `None` before the first event.
    #[must_use]
    pub fn plan(&self) -> Option<&ScanPlan> {
        self.plan.as_ref()
    }

    /// How the names of this scan's files begin: `rdpscan-` and the scan id, as far as a file may be called so.
    #[must_use]
    pub fn file_stem(&self) -> String {
        let scan = self.run_id.chars();
        let scan: String = scan
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect();
        format!("rdpscan-{scan}")
    }

    /// Scan id; empty before the first event.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// From where the scan was made; empty before the first event.
    #[must_use]
    pub fn vantage(&self) -> &str {
        &self.vantage
    }

    /// When the scan began, and the newest event's time, which is the time as of which hosts are judged.
    #[must_use]
    pub fn times(&self) -> Option<(Timestamp, Timestamp)> {
        self.times
    }

    /// Banners, each once.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// How it ended; `None` while it runs.
    #[must_use]
    pub fn end(&self) -> Option<&ScanEnd> {
        self.end.as_ref()
    }

    /// Number that grows with every change, so that a screen knows whether to sort again.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The limits applied.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}
