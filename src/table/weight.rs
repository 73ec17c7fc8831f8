use crate::model::{CertificateStatus, DnsVerdict, HostState, Nla, Severity, StabilityVerdict};

/// How good or bad something is. Colours repeat it, and a word beside them says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Nothing to do.
    Good,
    /// Neither good nor bad.
    Plain,
    /// Worth knowing.
    Notice,
    /// To be fixed soon.
    Warn,
    /// To be fixed.
    Bad,
}

impl From<HostState> for Weight {
    fn from(state: HostState) -> Self {
        match state {
            HostState::Broken => Self::Bad,
            HostState::Degraded => Self::Warn,
            HostState::Skipped | HostState::NotRdp | HostState::Unreachable => Self::Notice,
            HostState::Filtered | HostState::Closed | HostState::NotProbed => Self::Plain,
            HostState::Healthy => Self::Good,
        }
    }
}

impl From<Severity> for Weight {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Critical | Severity::High => Self::Bad,
            Severity::Medium => Self::Warn,
            Severity::Low => Self::Notice,
            Severity::Info => Self::Plain,
        }
    }
}

impl From<CertificateStatus> for Weight {
    fn from(status: CertificateStatus) -> Self {
        match status {
            CertificateStatus::Expired | CertificateStatus::Unparsable => Self::Bad,
            CertificateStatus::NotYetValid | CertificateStatus::Expiring => Self::Warn,
            CertificateStatus::Valid => Self::Good,
        }
    }
}

impl From<DnsVerdict> for Weight {
    fn from(verdict: DnsVerdict) -> Self {
        match verdict {
            DnsVerdict::WrongHost
            | DnsVerdict::Stale
            | DnsVerdict::Missing
            | DnsVerdict::AliasLoop => Self::Bad,
            DnsVerdict::PartialDead | DnsVerdict::AaaaDead | DnsVerdict::PtrMismatch => Self::Warn,
            DnsVerdict::Error => Self::Notice,
            DnsVerdict::NoPtr | DnsVerdict::NotChecked => Self::Plain,
            DnsVerdict::Match => Self::Good,
        }
    }
}

impl From<StabilityVerdict> for Weight {
    fn from(verdict: StabilityVerdict) -> Self {
        match verdict {
            StabilityVerdict::Down => Self::Bad,
            StabilityVerdict::Flaky => Self::Warn,
            StabilityVerdict::Unknown => Self::Plain,
            StabilityVerdict::Steady => Self::Good,
        }
    }
}

impl From<Nla> for Weight {
    fn from(nla: Nla) -> Self {
        match nla {
            Nla::NotOffered => Self::Notice,
            Nla::Unknown => Self::Plain,
            Nla::Offered | Nla::Required => Self::Good,
        }
    }
}
