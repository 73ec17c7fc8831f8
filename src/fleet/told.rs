//! What the rules say beyond the findings of one host: over all hosts, and what they cannot tell yet.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Fleet;
use super::fold::is_of_resolvers;
use crate::diagnosis::{Context, Undecided, catalog, undecided};
use crate::model::{History, Notice, Severity};

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
        for host in self.hosts() {
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
    pub fn undecided(&self, index: usize) -> Vec<Undecided> {
        let history = self.hosts().get(index).map(super::Host::history);
        history.map_or_else(Vec::new, |history| self.undecided_of(&history))
    }

    /// What cannot be told yet of a host with this history.
    #[must_use]
    pub fn undecided_of(&self, history: &History) -> Vec<Undecided> {
        self.in_context(|context| undecided(history, context))
    }

    /// No resolver answers, as of the newest notice about resolvers. Where one is silent alone, or back, another answers.
    #[must_use]
    pub fn is_without_resolver(&self) -> bool {
        let mut newest_first = self.notices.iter().rev();
        let newest = newest_first.find(|notice| is_of_resolvers(notice));
        matches!(newest, Some(Notice::ResolverDown { .. }))
    }

    /// What the rules may know besides a host's own history, as of the newest event.
    pub(super) fn in_context<T>(&self, judge: impl FnOnce(&Context<'_>) -> T) -> T {
        let lookup = |endpoint| self.history(endpoint);
        let context = Context {
            policy: &self.policy,
            now: self
                .times
                .map_or(Timestamp::UNIX_EPOCH, |(_, newest)| newest),
            dns_enabled: self.plan.as_ref().is_none_or(|plan| plan.dns),
            ntlm_enabled: self.plan.as_ref().is_none_or(|plan| plan.ntlm),
            resolver_down: self.is_without_resolver(),
            fleet: Some(&self.sight),
            lookup: &lookup,
        };
        judge(&context)
    }
}
