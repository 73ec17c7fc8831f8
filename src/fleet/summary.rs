use std::collections::BTreeMap;

use crate::diagnosis::Diagnosis;
use crate::model::{CertificateStatus, HostState, Severity, StabilityVerdict};

/// Counts over all rows (hosts that are rows; members tried by reference are not).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows.
    pub hosts: u64,
    /// By state.
    pub by_state: BTreeMap<HostState, u64>,
    /// Hosts by the severity of their worst finding.
    pub by_severity: BTreeMap<Severity, u64>,
    /// Certificates expired.
    pub expired: u64,
    /// Certificates expiring.
    pub expiring: u64,
    /// Flaky hosts.
    pub flaky: u64,
    /// Hosts whose DNS verdict is trouble: [`crate::model::DnsVerdict::is_trouble`].
    pub dns_trouble: u64,
}

/// What a host adds to the summary: small, so that taking it out again needs no copy of the old diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contribution {
    state: HostState,
    worst: Option<Severity>,
    certificate: Option<CertificateStatus>,
    flaky: bool,
    dns_trouble: bool,
}

impl Contribution {
    pub(crate) fn of(diagnosis: &Diagnosis) -> Self {
        Self {
            state: diagnosis.state,
            worst: diagnosis.findings.iter().map(|found| found.severity).max(),
            certificate: diagnosis.certificate_status,
            flaky: diagnosis.stability.verdict == StabilityVerdict::Flaky,
            dns_trouble: diagnosis.dns.is_trouble(),
        }
    }
}

impl Summary {
    /// Counts a host in.
    pub(crate) fn add(&mut self, host: Contribution) {
        self.hosts += 1;
        *self.by_state.entry(host.state).or_default() += 1;
        if let Some(worst) = host.worst {
            *self.by_severity.entry(worst).or_default() += 1;
        }
        self.expired += u64::from(host.certificate == Some(CertificateStatus::Expired));
        self.expiring += u64::from(host.certificate == Some(CertificateStatus::Expiring));
        self.flaky += u64::from(host.flaky);
        self.dns_trouble += u64::from(host.dns_trouble);
    }

    /// Takes a host out again; a count that falls to zero leaves the map, so that equal fleets have equal summaries.
    pub(crate) fn remove(&mut self, host: Contribution) {
        self.hosts = self.hosts.saturating_sub(1);
        decrement(&mut self.by_state, &host.state);
        if let Some(worst) = host.worst {
            decrement(&mut self.by_severity, &worst);
        }
        let less = |count: &mut u64, counted: bool| {
            *count = count.saturating_sub(u64::from(counted));
        };
        less(
            &mut self.expired,
            host.certificate == Some(CertificateStatus::Expired),
        );
        less(
            &mut self.expiring,
            host.certificate == Some(CertificateStatus::Expiring),
        );
        less(&mut self.flaky, host.flaky);
        less(&mut self.dns_trouble, host.dns_trouble);
    }
}

fn decrement<K: Ord>(counts: &mut BTreeMap<K, u64>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}
