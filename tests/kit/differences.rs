//! Comparing two scans.

use std::collections::{BTreeMap, BTreeSet};

use rdpscan::fleet::{Fleet, Host};
use rdpscan::model::{Attempt, Digest, HostKey, HostState, Severity};

#[derive(Debug, Clone, PartialEq, Eq)]
struct Compared {
    state: HostState,
    findings: BTreeSet<(&'static str, Severity)>,
    certificates: BTreeSet<Digest<32>>,
}

impl Compared {
    fn of(host: &Host) -> Self {
        let findings = host.diagnosis.findings.iter();
        let history = host.history();
        let certificates = history.attempts.iter().flat_map(Attempt::certificates);
        Self {
            state: host.diagnosis.state,
            findings: findings.map(|one| (one.id, one.severity)).collect(),
            certificates: certificates.map(|facts| facts.sha256).collect(),
        }
    }
}

/// Hosts that differ in state, findings or certificates, one line each; empty when the scans are equal. Ids, times, durations and
/// numbers of attempts may differ.
pub(crate) fn differences(one: &Fleet, other: &Fleet) -> Vec<String> {
    let results = |fleet: &Fleet| -> BTreeMap<HostKey, Compared> {
        let rows = fleet.hosts().map(|(_, host)| host);
        rows.map(|host| (host.key().clone(), Compared::of(host)))
            .collect()
    };
    let (own, others) = (results(one), results(other));
    let keys: BTreeSet<&HostKey> = own.keys().chain(others.keys()).collect();
    keys.into_iter()
        .filter_map(|key| match (own.get(key), others.get(key)) {
            (Some(one), Some(other)) if one == other => None,
            (Some(one), Some(other)) => Some(format!("{key}: {one:?} and {other:?}")),
            (Some(one), None) => Some(format!("{key}: only in the first, {one:?}")),
            (None, other) => Some(format!("{key}: only in the second, {other:?}")),
        })
        .collect()
}
