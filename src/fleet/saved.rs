//! A fleet from a saved report, which holds facts and no events.

use std::sync::Arc;

use jiff::Timestamp;

use super::Fleet;
use super::entry::Stamp;
use super::exceptions::Rules;
use super::host::Host;
use super::sources::Sources;
use crate::model::{
    CertificateFacts, ChainCertificate, Digest, History, Notice, Origin, PlannedWork, ScanEnd,
    ScanId, ScanPlan, Site,
};

/// The content of a saved report. Hosts are added one by one with [`SavedHosts::push`].
#[derive(Debug, Clone)]
pub struct Saved {
    pub scan: ScanId,
    pub site: Site,
    pub started_at: Timestamp,
    /// The time as of which hosts are judged.
    pub evaluated_at: Timestamp,
    pub plan: ScanPlan,
    /// What was to be probed; `None` in reports of versions before it.
    pub work: Option<Arc<PlannedWork>>,
    /// How it ended; `None` when it was saved before.
    pub end: Option<ScanEnd>,
    pub notices: Vec<Notice>,
    pub certificates: Vec<Arc<CertificateFacts>>,
    pub hosts: SavedHosts,
}

/// Histories, compressed as they are added, so that a large report takes no more memory than its fleet.
#[derive(Debug, Clone, Default)]
pub struct SavedHosts {
    hosts: Vec<(Arc<Host>, Vec<Digest<32>>)>,
    unreadable: Option<String>,
}

impl SavedHosts {
    /// Adds a host. Its certificates may be known by digest only.
    pub fn push(&mut self, history: History) {
        let mut digests: Vec<Digest<32>> = history
            .views()
            .flat_map(|view| &view.attempts)
            .filter_map(|attempt| attempt.tls.as_ref())
            .flat_map(|tls| tls.chain.iter().map(ChainCertificate::sha256))
            .collect();
        digests.sort_unstable();
        digests.dedup();
        let mut host = Host::unknown(history.key.clone());
        let key = history.key.clone();
        if let Err(error) = host.save(history) {
            self.unreadable = Some(format!("{key}: {error}"));
        }
        self.hosts.push((Arc::new(host), digests));
    }
}

/// A report names a certificate and does not hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no certificate `{0}` in `certificates`")]
pub struct MissingCertificate(pub Digest<32>);

impl Fleet {
    /// The fleet of a saved report, judged by these rules.
    ///
    /// # Errors
    /// When a host names a certificate that the report does not hold.
    pub fn from_saved(saved: Saved, rules: impl Into<Rules>) -> Result<Self, MissingCertificate> {
        let Saved {
            scan,
            site,
            started_at,
            evaluated_at,
            plan,
            work,
            end,
            notices,
            certificates,
            hosts,
        } = saved;
        let mut fleet = Self::new(rules);
        let origin = Origin::new(scan, site);
        fleet.scan = Some(scan);
        fleet.site = Some(origin.site.clone());
        fleet.times = Some((started_at.min(evaluated_at), evaluated_at));
        for (seq, notice) in (1..).zip(notices) {
            fleet.notices.add(Stamp::at(origin.clone(), seq), notice);
        }
        fleet.sources = Sources::of_saved(&origin, &plan, work.as_ref(), end);
        fleet.is_saved = true;
        for facts in certificates {
            fleet.learn(facts);
        }
        fleet.unreadable = hosts.unreadable;
        for (mut host, digests) in hosts.hosts {
            for digest in digests {
                let known = fleet.certificates.get(&digest);
                let known = known.ok_or(MissingCertificate(digest))?;
                Arc::make_mut(&mut host).certify(known);
            }
            // A host that a report holds twice is one: the first counts.
            if fleet.place(host.key()).is_none() {
                fleet.push(host);
            }
        }
        fleet.settle();
        Ok(fleet)
    }
}
