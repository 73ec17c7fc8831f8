use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::diagnosis::Fingerprint;
use crate::fleet::{Host, HostMarks, are_disjoint, lower, share, sorted};
use crate::model::{
    CertificateFacts, CertificateStatus, Digest, DnsVerdict, EpochId, HostKey, HostState, Severity,
    StabilityVerdict, Stage, UtcSecond,
};

/// A host of one scan: what other scans are compared with, and what the history keeps of it. Texts from the network are raw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRecord {
    #[serde(rename = "host")]
    pub key: HostKey,
    /// The name to show.
    pub name: Option<Box<str>>,
    /// All names, in lower case.
    pub names: Vec<Box<str>>,
    /// Those of them that the user listed.
    pub listed: Vec<Box<str>>,
    /// Names of the machine in NTLM, in lower case: several behind a balancer.
    pub machines: Vec<Box<str>>,
    pub state: HostState,
    pub failed_stage: Option<Stage>,
    /// No further attempt was planned.
    pub complete: bool,
    pub stability: StabilityVerdict,
    pub dns: DnsVerdict,
    pub certificate_status: Option<CertificateStatus>,
    /// Those that count, worst first.
    pub findings: Vec<(Box<str>, Severity)>,
    /// Those that somebody has acknowledged or the settings ignore, worst first: they come and go without a change, but are added
    /// when they count again.
    pub acknowledged: Vec<(Box<str>, Severity)>,
    /// The leaf certificates in use, sorted by digest.
    pub certificates: Vec<CertificateRecord>,
    pub fingerprint: Fingerprint,
}

/// A host as one scan found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastHost {
    pub id: EpochId,
    /// Start of the scan or sweep.
    pub began: Timestamp,
    pub record: HostRecord,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CertificateRecord {
    pub sha256: Digest<32>,
    /// SHA-256 over the subject public key info.
    pub key: Option<Digest<32>>,
    pub common_name: Option<Box<str>>,
    /// `None` for a self-issued one.
    pub issuer: Option<Box<str>>,
    pub not_before: Option<UtcSecond>,
    pub not_after: Option<UtcSecond>,
}

impl CertificateRecord {
    fn of(facts: &CertificateFacts) -> Self {
        Self {
            sha256: facts.sha256,
            key: facts.spki_sha256,
            common_name: facts.common_name.clone(),
            issuer: (!facts.self_issued).then(|| (*facts.issuer).into()),
            not_before: facts.not_before,
            not_after: facts.not_after,
        }
    }
}

impl HostRecord {
    #[must_use]
    pub fn of(host: &Host) -> Self {
        let history = host.history();
        let diagnosis = &host.diagnosis;
        let marks = HostMarks::of(&history);
        let findings = |is_acknowledged| {
            let findings = diagnosis.findings.iter();
            findings
                .filter(|one| one.acknowledged.is_some() == is_acknowledged)
                .map(|one| (one.id.into(), one.severity))
                .collect()
        };
        let leaves = (history.attempts.iter()).filter_map(|one| one.tls.as_ref()?.leaf());
        Self {
            name: host.display_name().map(Into::into),
            names: sorted(host.names().map(lower)),
            listed: marks.listed,
            machines: marks.machines,
            state: diagnosis.state,
            failed_stage: diagnosis.failed_stage,
            complete: host.complete(),
            stability: diagnosis.stability.verdict,
            dns: diagnosis.dns,
            certificate_status: diagnosis.certificate_status,
            findings: findings(false),
            acknowledged: findings(true),
            certificates: sorted(leaves.map(|leaf| CertificateRecord::of(leaf))),
            fingerprint: Fingerprint::of(&history),
            key: history.key,
        }
    }

    /// Those that count, then the others.
    pub fn all_findings(&self) -> impl Iterator<Item = &(Box<str>, Severity)> {
        self.findings.iter().chain(&self.acknowledged)
    }

    /// Something answered there.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        matches!(
            self.state,
            HostState::Healthy | HostState::Degraded | HostState::Broken | HostState::NotRdp
        )
    }

    /// The scan did not look at it, or not to the end.
    pub(super) const fn is_unknown(&self) -> bool {
        match self.state {
            HostState::NotProbed | HostState::Skipped => true,
            HostState::Closed | HostState::Filtered | HostState::Unreachable => !self.complete,
            _ => false,
        }
    }

    /// What identifies it.
    #[must_use]
    pub fn marks(&self) -> HostMarks {
        HostMarks {
            key: self.key.clone(),
            listed: self.listed.clone(),
            machines: self.machines.clone(),
            keys: self.keys(),
        }
    }

    pub(super) fn keys(&self) -> Vec<Digest<32>> {
        let keys = self.certificates.iter();
        keys.filter_map(|certificate| certificate.key).collect()
    }

    /// Both identified themselves, by other names and with other keys.
    pub(super) fn is_other_machine(&self, other: &Self) -> bool {
        are_disjoint(&self.machines, &other.machines) && !share(&self.keys(), &other.keys())
    }

    /// "broken at tls".
    #[must_use]
    pub fn state_text(&self) -> String {
        match self.failed_stage {
            Some(stage) if self.is_present() => format!("{} at {stage}", self.state),
            _ => self.state.to_string(),
        }
    }
}
