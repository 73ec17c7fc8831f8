//! The values that fields can have, and what each means.
//!
//! The matches are exhaustive, so that a value which is added to the model has to explain itself here.

use crate::diagnosis::catalog;
use crate::model::{
    CertificateStatus, DnsVerdict, HostState, Nla, SelectedSecurity, ServerFeature, Severity,
    StabilityVerdict, Stage,
};

/// A value and what it means.
pub(super) type Value = (&'static str, &'static str);

/// Every selection, in order of declaration.
pub(super) const PROTOCOLS: [SelectedSecurity; 7] = [
    SelectedSecurity::Ssl,
    SelectedSecurity::Hybrid,
    SelectedSecurity::HybridEx,
    SelectedSecurity::StandardRdp,
    SelectedSecurity::Rdstls,
    SelectedSecurity::Rdsaad,
    SelectedSecurity::None,
];

/// The values of a field; empty when they cannot be listed.
pub(super) fn of(field: &str) -> Vec<Value> {
    match field {
        "state" => {
            let states = listed(HostState::ALL, HostState::word, state);
            // What people use like a state; too few attempts are none.
            let verdicts = StabilityVerdict::ALL
                .iter()
                .filter(|verdict| **verdict != StabilityVerdict::Unknown)
                .map(|verdict| (verdict.word(), stability(*verdict)));
            let certificates = listed(CertificateStatus::ALL, CertificateStatus::word, certificate);
            states
                .into_iter()
                .chain(verdicts)
                .chain(certificates)
                .collect()
        }
        "listed" => LISTED.to_vec(),
        "cert" => listed(CertificateStatus::ALL, CertificateStatus::word, certificate),
        "dns" => listed(DnsVerdict::ALL, DnsVerdict::word, dns),
        "stability" => listed(StabilityVerdict::ALL, StabilityVerdict::word, stability),
        "nla" => listed(Nla::ALL, Nla::word, nla),
        "protocol" => listed(&PROTOCOLS, SelectedSecurity::word, protocol),
        "features" => listed(ServerFeature::ALL, ServerFeature::word, feature),
        "severity" => listed(&Severity::ALL, Severity::word, severity),
        "stage" => listed(&Stage::ALL, Stage::word, Stage::meaning),
        "tls" => TLS.to_vec(),
        "finding" => catalog::ENTRIES
            .iter()
            .map(|entry| (entry.id, entry.meaning))
            .collect(),
        _ => Vec::new(),
    }
}

fn listed<T: Copy>(
    all: &[T],
    word: fn(T) -> &'static str,
    says: fn(T) -> &'static str,
) -> Vec<Value> {
    all.iter()
        .map(|value| (word(*value), says(*value)))
        .collect()
}

const LISTED: [Value; 2] = [
    ("yes", "its address, or a name that leads to it, was given"),
    ("no", "it was found in a range"),
];

const TLS: [Value; 6] = [
    ("ssl3", "SSL 3.0, refused by every current client"),
    ("1.0", "TLS 1.0, refused by current clients"),
    ("1.1", "TLS 1.1, refused by current clients"),
    ("1.2", "TLS 1.2"),
    ("1.3", "TLS 1.3"),
    ("unknown", "TLS was tried and no version was seen"),
];

const fn state(state: HostState) -> &'static str {
    match state {
        HostState::Broken => "every attempt is stopped at the same stage",
        HostState::Degraded => "a session would come about, but something is wrong",
        HostState::Skipped => "skipped by the user before its probes were complete",
        HostState::NotRdp => "something else answers",
        HostState::Unreachable => "the network says so, or the name has no address",
        HostState::Filtered => "silent, or prohibited on the way",
        HostState::Closed => "refused",
        HostState::Healthy => "nothing of note",
        HostState::NotProbed => "nothing is known: a gateway, an exclude, or own trouble",
    }
}

const fn certificate(status: CertificateStatus) -> &'static str {
    match status {
        CertificateStatus::Expired => "the certificate is past its end",
        CertificateStatus::NotYetValid => "the certificate is before its start",
        CertificateStatus::Unparsable => "the certificate cannot be read",
        CertificateStatus::Expiring => "the certificate ends soon",
        CertificateStatus::Valid => "the certificate is within its time",
    }
}

const fn dns(verdict: DnsVerdict) -> &'static str {
    match verdict {
        DnsVerdict::WrongHost => "the name leads to another machine",
        DnsVerdict::Stale => "the name leads to where nothing answers",
        DnsVerdict::Missing => "no such name",
        DnsVerdict::AliasLoop => "the name's aliases form a loop or an endless chain",
        DnsVerdict::PartialDead => "some of the name's addresses do not answer",
        DnsVerdict::AaaaDead => "the name's IPv6 addresses do not answer",
        DnsVerdict::Error => "the resolver is in trouble",
        DnsVerdict::PtrMismatch => "the reverse name does not lead back",
        DnsVerdict::NoPtr => "no reverse name, and no other to check",
        DnsVerdict::NotChecked => "switched off, or nothing to check",
        DnsVerdict::Match => "name and address agree",
    }
}

const fn stability(verdict: StabilityVerdict) -> &'static str {
    match verdict {
        StabilityVerdict::Flaky => "some attempts fail, some do not",
        StabilityVerdict::Down => "all attempts fail",
        StabilityVerdict::Unknown => "too few attempts to say",
        StabilityVerdict::Steady => "all attempts get through",
    }
}

const fn nla(nla: Nla) -> &'static str {
    match nla {
        Nla::Required => "the server insists on NLA",
        Nla::Offered => "the server chose NLA when offered",
        Nla::NotOffered => "the server did not choose NLA",
        Nla::Unknown => "not seen",
    }
}

const fn protocol(selected: SelectedSecurity) -> &'static str {
    match selected {
        SelectedSecurity::Ssl => "TLS without NLA",
        SelectedSecurity::Hybrid => "TLS with CredSSP",
        SelectedSecurity::HybridEx => "CredSSP with early user authorization",
        SelectedSecurity::StandardRdp => "standard RDP security, no TLS",
        SelectedSecurity::Rdstls => "RDSTLS, a broker's redirection security",
        SelectedSecurity::Rdsaad => "TLS with sign-in by Entra",
        SelectedSecurity::None => "nothing was selected",
    }
}

const fn feature(feature: ServerFeature) -> &'static str {
    match feature {
        ServerFeature::ExtendedClientData => "extended client data blocks",
        ServerFeature::GraphicsPipeline => "the graphics pipeline",
        ServerFeature::RestrictedAdmin => "Restricted Admin mode",
        ServerFeature::RemoteCredentialGuard => "Remote Credential Guard",
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "the worst finding is critical",
        Severity::High => "the worst finding is high",
        Severity::Medium => "the worst finding is medium",
        Severity::Low => "the worst finding is low",
        Severity::Info => "the worst finding is for information",
    }
}
