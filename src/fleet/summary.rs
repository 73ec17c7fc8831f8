//! What the fleet adds up to. Screens and reports read every count of hosts here, and tally none themselves.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use ipnetwork::IpNetwork;

use super::Host;
use crate::counts::grouped;
use crate::model::{
    CertificateStatus, DnsVerdict, HostState, Nla, Severity, StabilityVerdict, TlsVersion,
};

/// Numbers of hosts, by what they have in common. Whatever no host has is left out, so that equal fleets have equal counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts<K>(BTreeMap<K, u64>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Copy> Counts<K> {
    #[must_use]
    pub fn of(&self, kind: K) -> u64 {
        self.0.get(&kind).copied().unwrap_or(0)
    }

    /// The kinds that some host is of, in their order.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (K, u64)> + '_ {
        self.0.iter().map(|(kind, count)| (*kind, *count))
    }

    /// Hosts of any kind.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.0.values().sum()
    }

    fn change(&mut self, kind: K, by: i64) {
        let count = self.of(kind).saturating_add_signed(by);
        if count == 0 {
            self.0.remove(&kind);
        } else {
            self.0.insert(kind, count);
        }
    }
}

/// The hosts that have one kind of finding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindingCount {
    /// By its severity there. A rule can fire for several names of a host: the host counts once, by the worst.
    pub by_severity: Counts<Severity>,
    /// By the remedies named there, which can differ between hosts.
    pub by_remedy: Counts<&'static str>,
}

impl FindingCount {
    #[must_use]
    pub fn hosts(&self) -> u64 {
        self.by_severity.sum()
    }

    /// The worst severity, and how many hosts have it with that one.
    #[must_use]
    pub fn worst(&self) -> Option<(Severity, u64)> {
        self.by_severity.iter().next_back()
    }

    /// "1 high, 2 info"; `None` where it is the same for all.
    #[must_use]
    pub fn split(&self) -> Option<String> {
        let parts: Vec<String> = self
            .by_severity
            .iter()
            .rev()
            .map(|(severity, count)| format!("{} {severity}", grouped(count)))
            .collect();
        (parts.len() > 1).then(|| parts.join(", "))
    }
}

/// Counts over rows: those of a fleet, or some of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    pub hosts: u64,
    pub by_state: Counts<HostState>,
    /// Those that [would refuse](crate::diagnosis::Diagnosis::would_refuse) Remote Desktop.
    pub refusing: Counts<HostState>,
    /// Those that [have a problem](Host::has_problem).
    pub problems: u64,
    /// Those that differ from the scan before.
    pub changed: u64,
    /// Those with a finding that is acknowledged or ignored. No other count of findings includes it.
    pub acknowledged: u64,
    /// Those with findings, by the worst one.
    pub by_severity: Counts<Severity>,
    /// Every kind of finding that some host has.
    pub by_finding: BTreeMap<&'static str, FindingCount>,
    /// By the [remedy to begin with](crate::diagnosis::Diagnosis::first_remedy).
    pub by_remedy: Counts<&'static str>,
    /// Those that showed a certificate.
    pub by_certificate: Counts<CertificateStatus>,
    /// Those that showed a certificate with a readable end, by the days left until then.
    pub by_days_left: Counts<i64>,
    /// By the result of comparing names and addresses.
    pub by_dns: Counts<DnsVerdict>,
    /// By the result of repeated attempts.
    pub by_stability: Counts<StabilityVerdict>,
    /// By what they negotiate.
    pub by_nla: Counts<Nla>,
    /// Those that came to a TLS handshake; `None` where it failed.
    pub by_tls: Counts<Option<TlsVersion>>,
    /// Those with an address.
    pub by_subnet: Counts<IpNetwork>,
    /// Those with an address and a problem.
    pub problems_by_subnet: Counts<IpNetwork>,
}

/// Weeks of a chart of expiry: together 90 days, and a day.
pub const EXPIRY_WEEKS: i64 = 13;

impl Summary {
    pub fn of<'a>(hosts: impl IntoIterator<Item = &'a Host>) -> Self {
        let mut summary = Self::default();
        hosts.into_iter().for_each(|host| summary.add(host));
        summary
    }

    pub(super) fn add(&mut self, host: &Host) {
        self.change(host, 1);
    }

    /// Takes a host out that was counted as it still is.
    pub(super) fn remove(&mut self, host: &Host) {
        self.change(host, -1);
    }

    fn change(&mut self, host: &Host, by: i64) {
        let diagnosis = &host.diagnosis;
        self.hosts = self.hosts.saturating_add_signed(by);
        self.by_state.change(diagnosis.state, by);
        if !host.changes().is_empty() {
            self.changed = self.changed.saturating_add_signed(by);
        }
        if diagnosis.would_refuse() {
            self.refusing.change(diagnosis.state, by);
        }
        self.change_findings(host, by);
        if let Some(status) = diagnosis.certificate_status {
            self.by_certificate.change(status, by);
        }
        if let Some(days) = diagnosis.days_left {
            self.by_days_left.change(days, by);
        }
        self.by_dns.change(diagnosis.dns, by);
        self.by_stability.change(diagnosis.stability.verdict, by);
        self.by_nla.change(diagnosis.nla, by);
        if let Some((_, version)) = host.tls() {
            self.by_tls.change(version, by);
        }
        let endpoint = host.key().endpoint();
        let subnet = endpoint.and_then(|one| crate::model::subnet(one.address));
        if let Some(subnet) = subnet {
            self.by_subnet.change(subnet, by);
        }
        if host.has_problem() {
            self.problems = self.problems.saturating_add_signed(by);
            if let Some(subnet) = subnet {
                self.problems_by_subnet.change(subnet, by);
            }
        }
    }

    fn change_findings(&mut self, host: &Host, by: i64) {
        let mut worst: BTreeMap<&'static str, Severity> = BTreeMap::new();
        let mut remedies: BTreeSet<(&'static str, &'static str)> = BTreeSet::new();
        let mut findings = host.diagnosis.findings.iter();
        if findings.any(|finding| finding.acknowledged.is_some()) {
            self.acknowledged = self.acknowledged.saturating_add_signed(by);
        }
        for finding in host.diagnosis.open_findings() {
            let known = worst.entry(finding.id).or_insert(finding.severity);
            *known = finding.severity.max(*known);
            remedies.extend(finding.remedies.iter().map(|remedy| (finding.id, *remedy)));
        }
        if let Some(severity) = worst.values().max() {
            self.by_severity.change(*severity, by);
        }
        if let Some(remedy) = host.diagnosis.first_remedy() {
            self.by_remedy.change(remedy, by);
        }
        for (id, remedy) in remedies {
            let count = self.by_finding.entry(id).or_default();
            count.by_remedy.change(remedy, by);
        }
        for (id, severity) in worst {
            let count = self.by_finding.entry(id).or_default();
            count.by_severity.change(severity, by);
            if count.hosts() == 0 {
                self.by_finding.remove(id);
            }
        }
    }

    #[must_use]
    pub fn expired(&self) -> u64 {
        self.by_certificate.of(CertificateStatus::Expired)
    }

    #[must_use]
    pub fn expiring(&self) -> u64 {
        self.by_certificate.of(CertificateStatus::Expiring)
    }

    #[must_use]
    pub fn flaky(&self) -> u64 {
        self.by_stability.of(StabilityVerdict::Flaky)
    }

    /// Hosts whose DNS verdict [is trouble](DnsVerdict::is_trouble).
    #[must_use]
    pub fn dns_trouble(&self) -> u64 {
        let troubles = self
            .by_dns
            .iter()
            .filter(|(verdict, _)| verdict.is_trouble());
        troubles.map(|(_, count)| count).sum()
    }

    #[must_use]
    pub fn days_left(&self, days: RangeInclusive<i64>) -> u64 {
        self.by_days_left
            .0
            .range(days)
            .map(|(_, count)| count)
            .sum()
    }

    /// The first and the last day of each week from today on, and how many certificates expire in it.
    pub fn expiry_weeks(&self) -> impl Iterator<Item = (RangeInclusive<i64>, u64)> + '_ {
        (0..EXPIRY_WEEKS).map(|week| {
            let days = week * 7..=week * 7 + 6;
            (days.clone(), self.days_left(days))
        })
    }

    /// Every kind of finding, the worst first, then the most frequent.
    #[must_use]
    pub fn worst_findings(&self) -> Vec<(&'static str, &FindingCount)> {
        let mut found: Vec<_> = self.by_finding.iter().map(|(id, one)| (*id, one)).collect();
        let worst = |count: &FindingCount| count.worst().map(|(severity, _)| severity);
        found.sort_by_key(|(id, count)| (Reverse((worst(count), count.hosts())), *id));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Diagnosis;
    use crate::model::{Confidence, Endpoint, Finding, History, HostKey};

    /// A host of a subnet with the same finding at these severities.
    fn host(last: u8, severities: &[Severity]) -> Host {
        let endpoint = Endpoint::new([10, 0, 0, last].into(), 3389);
        let mut diagnosis = Diagnosis::unknown();
        diagnosis.state = HostState::Degraded;
        diagnosis.days_left = Some(i64::from(last) - 1);
        diagnosis.findings = severities
            .iter()
            .map(|severity| Finding {
                id: "RDP-CERT-EXPIRED",
                severity: *severity,
                confidence: Confidence::Sure,
                title: "The certificate has expired".into(),
                evidence: String::new(),
                remedies: if *severity == Severity::High {
                    &["R1", "R2"]
                } else {
                    &["R2"]
                },
                acknowledged: None,
            })
            .collect();
        Host::new(&History::new(HostKey::Endpoint(endpoint)), diagnosis)
    }

    #[test]
    fn a_host_counts_once_for_a_finding_by_the_worst_of_it() {
        let hosts = [
            host(1, &[Severity::Info]),
            host(2, &[Severity::Info, Severity::High]),
            host(3, &[Severity::Info]),
        ];
        let summary = Summary::of(&hosts);
        let [(id, count)] = summary.worst_findings()[..] else {
            panic!("{summary:?}");
        };
        assert_eq!((id, count.hosts()), ("RDP-CERT-EXPIRED", 3));
        assert_eq!(count.worst(), Some((Severity::High, 1)));
        assert_eq!(count.split().as_deref(), Some("1 high, 2 info"));
        assert!(count.by_remedy.iter().eq([("R1", 1), ("R2", 3)]));
        assert_eq!(Summary::of(&hosts[..1]).worst_findings()[0].1.split(), None);
        // Those of information only begin with nothing.
        assert!(summary.by_remedy.iter().eq([("R1", 1)]));
        assert_eq!(summary.by_severity.of(Severity::High), 1);
        assert_eq!(summary.by_severity.of(Severity::Info), 2);
    }

    #[test]
    fn a_week_has_the_certificates_of_its_days() {
        let hosts: Vec<Host> = (0..200).map(|last| host(last, &[])).collect();
        let summary = Summary::of(&hosts);
        let weeks: Vec<_> = summary.expiry_weeks().collect();
        assert_eq!(weeks.len(), 13);
        assert!(weeks.iter().all(|(_, count)| *count == 7));
        assert_eq!(weeks.last().map(|(days, _)| days.clone()), Some(84..=90));
        assert_eq!(summary.days_left(i64::MIN..=-1), 1);
        assert_eq!(summary.days_left(91..=i64::MAX), 108);
    }

    #[test]
    fn a_host_taken_out_leaves_nothing_behind() {
        let hosts = [host(1, &[Severity::Info]), host(2, &[Severity::High])];
        let mut summary = Summary::of(&hosts);
        summary.remove(&hosts[1]);
        assert_eq!(summary, Summary::of(&hosts[..1]));
        summary.remove(&hosts[0]);
        assert_eq!(summary, Summary::default());
    }
}
