//! What the rules say beyond the findings of one host: over all hosts, and what they cannot tell yet.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{Fleet, HostId};
use crate::diagnosis::{Undetermined, catalog, undetermined};
use crate::model::{History, Severity};

/// A kind of finding over the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetFinding {
    /// The finding.
    pub id: &'static str,
    /// The worst severity that any host has it with.
    pub severity: Severity,
    /// Hosts that have it.
    pub hosts: usize,
    /// "12 hosts have an expired certificate".
    pub phrase: String,
}

impl Fleet {
    /// Every kind of finding that some host has: worst first, then the commonest.
    #[must_use]
    pub fn findings(&self) -> Vec<FleetFinding> {
        let mut counts: BTreeMap<&'static str, (Severity, usize)> = BTreeMap::new();
        for (_, host) in self.hosts() {
            let findings = &host.diagnosis.findings;
            for (index, finding) in findings.iter().enumerate() {
                let (worst, hosts) = counts.entry(finding.id).or_insert((finding.severity, 0));
                *worst = (*worst).max(finding.severity);
                // A rule can fire for several names of a host; the host counts once.
                let again = findings.iter().take(index).any(|one| one.id == finding.id);
                *hosts += usize::from(!again);
            }
        }
        let mut found: Vec<FleetFinding> = counts
            .into_iter()
            .filter_map(|(id, (severity, hosts))| {
                Some(FleetFinding {
                    id,
                    severity,
                    hosts,
                    phrase: catalog::entry(id)?.phrase(hosts),
                })
            })
            .collect();
        found.sort_by_key(|one| std::cmp::Reverse((one.severity, one.hosts)));
        found
    }

    /// What cannot be told of a row yet. Judged anew at every call, for the one host that somebody looks at.
    #[must_use]
    pub fn undetermined(&self, id: HostId) -> Vec<Undetermined> {
        let history = self.host(id).map(super::Host::history);
        history.map_or_else(Vec::new, |history| self.undetermined_of(&history))
    }

    /// What cannot be told yet of a host with this history.
    #[must_use]
    pub fn undetermined_of(&self, history: &History) -> Vec<Undetermined> {
        self.in_context(&RefCell::default(), |context| {
            undetermined(history, context)
        })
    }
}
