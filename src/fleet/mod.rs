//! The fold from scan events to hosts, which screens and reports read.
//!
//! It is owned by its reader and shares no lock with probes. Time comes from the events, never from the clock. A clone shares its
//! hosts with the original until either changes.

mod changed;
mod entry;
mod exceptions;
mod fold;
mod host;
mod judge;
mod log;
mod marks;
mod notices;
mod saved;
#[cfg(test)]
mod site_tests;
mod sources;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::diagnosis::{Banner, FleetView, Policy};
use crate::model::{
    CertificateFacts, Digest, Endpoint, EpochId, History, HostKey, Notice, PlannedWork, ScanEnd,
    ScanId, ScanPlan, ScanStatus, Site,
};
use entry::Stamp;
use judge::Judging;
use notices::Notices;
use sources::Sources;

pub use exceptions::{Acknowledgement, Exceptions, Ignored, Rules};
pub use host::{Host, HostId, SiteView, Sketch};
pub use marks::HostMarks;
pub(crate) use marks::{are_disjoint, lower, share, sorted};
pub use saved::{MissingCertificate, Saved, SavedHosts};
pub use summary::{Counts, EXPIRY_WEEKS, FindingCount, Summary};

#[derive(Debug, Clone)]
pub struct Fleet {
    rules: Rules,
    scan: Option<ScanId>,
    /// The first site by name.
    site: Option<Site>,
    sources: Sources,
    times: Option<(Timestamp, Timestamp)>,
    notices: Notices,
    /// Rows, and endpoints that only names of rows resolve to. An index stays valid for the fleet's life.
    hosts: Vec<Arc<Host>>,
    /// Indices into `hosts`, sorted by key and so independent of the order of events.
    index: Arc<BTreeMap<HostKey, usize>>,
    /// Listed names: whether each lookup found an address.
    targets: Arc<BTreeMap<HostKey, BTreeMap<Stamp, bool>>>,
    /// Hosts by the other endpoints that their names resolve to.
    referrers: Arc<HashMap<Endpoint, BTreeSet<usize>>>,
    /// Endpoints with a re-probe.
    reprobes: BTreeSet<Endpoint>,
    /// One copy of each: a fleet usually has two or three issuers.
    certificates: Arc<HashMap<Digest<32>, Arc<CertificateFacts>>>,
    /// Texts of certificates, one copy each.
    texts: Arc<HashSet<Arc<str>>>,
    /// Hosts by the certificates whose facts are still unknown.
    uncertified: HashMap<Digest<32>, BTreeSet<usize>>,
    summary: Arc<Summary>,
    revision: u64,
    facts: u64,
    /// Read from a report: no event follows.
    is_saved: bool,
    /// An internal error: facts that cannot be read back.
    unreadable: Option<String>,
    dirty: BTreeSet<usize>,
    judging: Judging,
    /// The hosts as a whole, as of the last survey.
    view: Arc<FleetView>,
}

impl Fleet {
    #[must_use]
    pub fn new(rules: impl Into<Rules>) -> Self {
        Self {
            rules: rules.into(),
            scan: None,
            site: None,
            sources: Sources::default(),
            times: None,
            notices: Notices::default(),
            hosts: Vec::new(),
            index: Arc::default(),
            targets: Arc::default(),
            referrers: Arc::default(),
            reprobes: BTreeSet::new(),
            certificates: Arc::default(),
            texts: Arc::default(),
            uncertified: HashMap::new(),
            summary: Arc::default(),
            revision: 0,
            facts: 0,
            is_saved: false,
            unreadable: None,
            dirty: BTreeSet::new(),
            judging: Judging::default(),
            view: Arc::default(),
        }
    }

    /// The fleet of the next sweep of a watched scan, without a row: a host keeps its [`HostId`].
    #[must_use]
    pub fn emptied(&self) -> Self {
        let mut next = Self {
            revision: self.revision + 1,
            facts: self.facts,
            ..Self::new(self.rules.clone())
        };
        for host in &self.hosts {
            next.place_or_new(host.key());
        }
        next
    }

    /// The rows, in order of arrival.
    pub fn hosts(&self) -> impl DoubleEndedIterator<Item = (HostId, &Host)> + Clone {
        let all = self.hosts.iter().enumerate();
        all.filter(|(_, host)| host.is_row())
            .map(|(place, host)| (HostId::at(place), &**host))
    }

    #[must_use]
    pub fn rows(&self) -> Vec<&Host> {
        self.hosts().map(|(_, host)| host).collect()
    }

    /// A copy with rows, summary, revision and what is known of the scan itself only, so that the next event has little to copy on write.
    #[must_use]
    pub fn copy_of_rows(&self) -> Self {
        Self {
            scan: self.scan,
            site: self.site.clone(),
            sources: self.sources.clone(),
            times: self.times,
            notices: self.notices.clone(),
            hosts: self.hosts.clone(),
            summary: Arc::clone(&self.summary),
            revision: self.revision,
            ..Self::new(self.rules.clone())
        }
    }

    #[must_use]
    pub fn host(&self, id: HostId) -> Option<&Host> {
        let host = self.hosts.get(id.place())?;
        host.is_row().then_some(&**host)
    }

    /// The row of an endpoint or a name.
    #[must_use]
    pub fn find(&self, key: &HostKey) -> Option<HostId> {
        let id = HostId::at(self.place(key)?);
        self.host(id).map(|_| id)
    }

    /// The history of an endpoint, row or not; `None` when it was not tried.
    #[must_use]
    pub fn history(&self, endpoint: Endpoint) -> Option<History> {
        let host = self.hosts.get(self.endpoint_place(endpoint)?)?;
        let mut composed = self.composed(host);
        host.lead(&mut composed.history);
        let is_known = composed.is_row || !composed.history.attempts.is_empty();
        is_known.then_some(composed.history)
    }

    /// The histories of endpoints that are not rows, tried because a name resolves to them, in order.
    pub fn references(&self) -> impl Iterator<Item = History> {
        let hosts = self
            .index
            .values()
            .filter_map(|place| self.hosts.get(*place));
        hosts
            .filter(|host| !host.is_row())
            .map(|host| self.composed(host).history)
            .filter(|history| !history.attempts.is_empty() || history.names_checked)
    }

    /// Counts over the rows that are judged so far.
    #[must_use]
    pub fn summary(&self) -> &Arc<Summary> {
        &self.summary
    }

    /// `None` before the first event.
    #[must_use]
    pub fn plan(&self) -> Option<&ScanPlan> {
        self.sources.plan()
    }

    /// What was to be probed, lists expanded; `None` before the second event, and for reports that do not hold it.
    #[must_use]
    pub fn planned_work(&self) -> Option<&Arc<PlannedWork>> {
        self.sources.work().map(|(_, work)| work)
    }

    /// Start of this scan's file names: `rdpscan-` and the scan id.
    #[must_use]
    pub fn file_stem(&self) -> String {
        match self.scan {
            Some(scan) => format!("rdpscan-{scan}"),
            None => "rdpscan".to_owned(),
        }
    }

    /// `None` before the first event.
    #[must_use]
    pub fn scan(&self) -> Option<ScanId> {
        self.scan
    }

    /// The scan, or the newest sweep of a watched one.
    #[must_use]
    pub fn id(&self) -> Option<EpochId> {
        Some(EpochId::new(self.scan?, self.epoch()))
    }

    /// Number of the newest sweep in a watched scan, from 1.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.sources.epoch()
    }

    /// Empty before the first event.
    #[must_use]
    pub fn site(&self) -> &str {
        self.site.as_ref().map_or("", Site::as_str)
    }

    /// Start of the scan, and the time of the newest event, as of which hosts are judged.
    #[must_use]
    pub fn times(&self) -> Option<(Timestamp, Timestamp)> {
        self.times
    }

    /// Trouble on the scanning side, including missing events and facts that cannot be read back.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let mut notices = self.notices.shown().to_vec();
        if self
            .end()
            .is_some_and(|end| end.status == ScanStatus::Complete)
        {
            // Of a run that a later one has resumed.
            notices.retain(|notice| *notice != Notice::TimeLimit);
        }
        if let count @ 1.. = self.sources.missing() {
            notices.push(Notice::EventsMissing { count });
        }
        if let Some(detail) = &self.unreadable {
            let detail = detail.as_str().into();
            notices.push(Notice::InternalError { detail });
        }
        notices
    }

    /// No resolver responds, by the newest notice about resolvers.
    #[must_use]
    pub fn is_without_resolver(&self) -> bool {
        self.notices.is_without_resolver()
    }

    /// How the scan ended; `None` while it runs.
    #[must_use]
    pub fn end(&self) -> Option<ScanEnd> {
        self.sources.end()
    }

    /// Number of events folded, without duplicates.
    #[must_use]
    pub fn facts(&self) -> u64 {
        self.facts
    }

    /// Grows with every change of the rows.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.rules.policy
    }

    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Replaces the findings that do not count, and judges all hosts again.
    pub fn except(&mut self, exceptions: Arc<Exceptions>) {
        self.rules.exceptions = exceptions;
        self.judge_all_later();
    }

    /// What the hosts as a whole suggest about the scanning machine; shown beside the notices.
    #[must_use]
    pub fn banners(&self) -> Vec<Banner> {
        self.view.banners()
    }
}
