//! Hand-made hosts for the writers' tests.

use std::io::Read as _;
use std::sync::Arc;

use jiff::Timestamp;

use super::sheet::Sheet;
use super::{Format, Presentation};
use crate::diagnosis::{Diagnosis, Disagreement, NameMember, NamePath, Policy, Spread};
use crate::fleet::{Host, Summary};
use crate::kit;
pub(super) use crate::kit::{nasty_names, plan};
use crate::model::{
    Attempt, CertificateFacts, CertificateStatus, Confidence, Digest, DnsVerdict, Endpoint,
    Finding, History, HostKey, HostState, LookupAnswer, NameSource, Nla, NtlmFacts, Outcome,
    PredictedError, ScanEnd, ScanPlan, SelectedSecurity, Severity, StabilityVerdict, Stage,
    StageRecord, TlsFacts, TrustVerdict, UnlistedCounts,
};

pub(super) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Expired 20 days before the scan, self-signed, for another name.
pub(super) fn expired_certificate() -> CertificateFacts {
    CertificateFacts {
        sha1: Digest([0x0a; 20]),
        sha256: Digest([0x0b; 32]),
        san_dns: vec!["other.example".into()],
        san_ip: vec!["192.0.2.1".parse().unwrap()],
        has_san: true,
        not_before: Some(time("2025-01-01T00:00:00Z").into()),
        not_after: Some(time("2026-01-01T00:00:00Z").into()),
        spki_sha256: Some(Digest([0x0c; 32])),
        extended_key_usage: None,
        ..kit::certificate("other.example")
    }
}

pub(super) fn tls(chain: Vec<CertificateFacts>) -> TlsFacts {
    TlsFacts {
        group: Some("X25519".into()),
        chain: chain.into_iter().map(Into::into).collect(),
        received: 1500,
        ..kit::tls(expired_certificate())
    }
}

pub(super) fn attempt(tls: Option<TlsFacts>) -> Attempt {
    Attempt {
        started_at: time("2026-01-21T00:00:00Z"),
        stages: vec![StageRecord {
            duration_us: 1200,
            ..kit::stage(Stage::Tcp, Outcome::Ok)
        }],
        negotiation: Some(kit::negotiation(SelectedSecurity::Hybrid)),
        tls: tls.map(Arc::new),
        ..kit::attempt_at(kit::here())
    }
}

pub(super) fn diagnosis(state: HostState) -> Diagnosis {
    Diagnosis {
        state,
        ..Diagnosis::unknown()
    }
}

/// The host of the format's description.
pub(super) fn expired_host() -> Host {
    let mut history = History::new(HostKey::Endpoint(kit::here()));
    let mut attempt = attempt(Some(tls(vec![expired_certificate()])));
    attempt.ntlm = Some(Arc::new(NtlmFacts {
        netbios_computer: Some("SRV05".into()),
        dns_computer: Some("srv05.corp.example".into()),
        version: Some((10, 0, 20348)),
        server_time: Some(time("2026-01-21T00:00:02Z")),
        measured_at: Some(time("2026-01-21T00:00:00Z")),
        ..NtlmFacts::default()
    }));
    history.attempts.push(attempt);
    let name = "srv05.corp.example";
    let addresses = LookupAnswer::Addresses {
        addresses: vec![kit::here().address],
        ttl_s: Some(300),
    };
    history.names.push(kit::observed(NameSource::Ptr, name));
    history.lookups.push(Arc::new(kit::lookup(name, addresses)));
    history.names_checked = true;
    history.complete = true;
    let mut diagnosis = diagnosis(HostState::Degraded);
    diagnosis.security = SelectedSecurity::Hybrid;
    diagnosis.nla = Nla::Offered;
    diagnosis.certificate_status = Some(CertificateStatus::Expired);
    diagnosis.days_left = Some(-20);
    diagnosis.dns = DnsVerdict::Match;
    diagnosis.stability.verdict = StabilityVerdict::Flaky;
    diagnosis.stability.attempts = 3;
    diagnosis.stability.failures = 1;
    diagnosis.stability.failures_by_stage = vec![(Stage::Tls, 1)];
    diagnosis.stability.connect_ms = Some(Spread {
        min: 1.0,
        median: 1.5,
        max: 2.0,
    });
    diagnosis.findings.push(Finding {
        id: "RDP-CERT-EXPIRED",
        severity: Severity::High,
        confidence: Confidence::Sure,
        title: "The certificate has expired".into(),
        evidence: "valid until 2026-01-01, 20 days ago".to_owned(),
        remedies: &["R1"],
        acknowledged: None,
    });
    diagnosis.predicted = Some(Box::new(PredictedError {
        code: "0x904",
        name: "the connection was closed",
        likelihood: 40,
        reasons: vec!["1 of 3 attempts was closed in TLS".to_owned()],
    }));
    Host::new(&history, diagnosis)
}

pub(super) fn silent_host() -> Host {
    let mut history = History::new(HostKey::Endpoint(Endpoint::new(
        "2001:db8::5".parse().unwrap(),
        3390,
    )));
    history.listed = true;
    Host::new(&history, diagnosis(HostState::Filtered))
}

pub(super) fn unresolved_host() -> Host {
    let mut history = History::new(HostKey::Unresolved {
        name: "gone.example".to_owned(),
        port: 3389,
    });
    history.listed = true;
    Host::new(&history, diagnosis(HostState::Unreachable))
}

/// The host with its facts changed.
pub(super) fn edit(host: &Host, edit: impl FnOnce(&mut History)) -> Host {
    let mut history = host.history();
    edit(&mut history);
    Host::new(&history, host.diagnosis.clone())
}

/// A host that is always reached through a gateway, and so was not probed.
pub(super) fn gateway_host() -> Host {
    let mut history = History::new(HostKey::Endpoint(kit::here()));
    history.gateway = Some("gw.corp.example".into());
    let mut diagnosis = diagnosis(HostState::NotProbed);
    diagnosis.findings = vec![Finding {
        id: "RDP-GATEWAY",
        severity: Severity::Info,
        confidence: Confidence::Sure,
        title: "The host is reached through a gateway, so it was not probed directly".into(),
        evidence: "the file that lists it always uses the gateway gw.corp.example".into(),
        remedies: &[],
        acknowledged: None,
    }];
    Host::new(&history, diagnosis)
}

/// The host, with a name that leads to an address where nothing answers.
pub(super) fn stale_host() -> Host {
    let mut host = expired_host();
    host.diagnosis.dns = DnsVerdict::Stale;
    host.diagnosis.disagreement = Some(Disagreement::Stale);
    host.diagnosis.name_paths = vec![NamePath {
        name: "srv05.corp.example".into(),
        verdict: DnsVerdict::Stale,
        members: vec![NameMember {
            address: "10.0.0.250".parse().unwrap(),
            reachable: Some(false),
            same_identity: None,
        }],
    }];
    host
}

/// A host with an alternative name of 40,000 characters, and a name that resolves to 5,000 addresses.
pub(super) fn oversized_host() -> Host {
    let mut certificate = expired_certificate();
    certificate.san_dns = vec!["x".repeat(40_000).into()];
    let facts = tls(vec![certificate]);
    let mut host = edit(&stale_host(), |history| {
        history.attempts = vec![attempt(Some(facts))];
    });
    let members = (0..5000_u32).map(|index| NameMember {
        address: std::net::Ipv4Addr::from_bits(0x0a01_0000 + index).into(),
        reachable: None,
        same_identity: None,
    });
    host.diagnosis.name_paths[0].members = members.collect();
    host
}

/// A host that answers with `text` wherever it can put text.
pub(super) fn hostile_host(text: &str) -> Host {
    let mut host = expired_host();
    let mut certificate = expired_certificate();
    certificate.subject = text.into();
    certificate.issuer = text.into();
    certificate.common_name = Some(text.into());
    certificate.san_dns = vec![text.into()];
    certificate.signature_algorithm = text.into();
    certificate.self_issued = false;
    let mut attempt = attempt(Some(TlsFacts {
        trust: TrustVerdict::Rejected(text.into()),
        cipher: Some(text.into()),
        ..tls(vec![certificate])
    }));
    attempt.ntlm = Some(Arc::new(NtlmFacts {
        netbios_computer: Some(text.into()),
        dns_computer: Some(text.into()),
        dns_domain: Some(text.into()),
        ..NtlmFacts::default()
    }));
    host = edit(&host, |history| {
        history.attempts = vec![attempt];
        history.names[0].name = text.into();
    });
    for found in &mut host.diagnosis.findings {
        found.title = text.to_owned().into();
        text.clone_into(&mut found.evidence);
    }
    if let Some(predicted) = &mut host.diagnosis.predicted {
        predicted.reasons = vec![text.to_owned()];
    }
    host
}

/// A report of these hosts as text; of a workbook, the text of all its parts.
pub(super) fn written(format: Format, hosts: &[Host]) -> String {
    let plan = plan();
    let mut out = Vec::new();
    format
        .write(&sheet(hosts, &plan), &Policy::default(), &mut out)
        .unwrap();
    if format != Format::Xlsx {
        return String::from_utf8(out).unwrap();
    }
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(out)).unwrap();
    let mut text = String::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        part.read_to_string(&mut text).unwrap();
    }
    text
}

/// A sheet of these hosts, shown under their names where they have an address.
pub(super) fn sheet<'a>(hosts: &'a [Host], plan: &'a ScanPlan) -> Sheet<'a> {
    let rows: Vec<(&Host, Option<&str>)> = hosts
        .iter()
        .map(|host| {
            let name = host
                .display_name()
                .filter(|_| host.key().endpoint().is_some());
            (host, name)
        })
        .collect();
    Sheet {
        fleet: None,
        scan: Some("20260121T000000Z-00c0ffee".parse().unwrap()),
        vantage: "admin-pc",
        times: Some((time("2026-01-21T00:00:00Z"), time("2026-01-21T00:01:00Z"))),
        plan: Some(plan),
        work: None,
        notices: Vec::new(),
        banners: Vec::new(),
        end: Some(ScanEnd {
            unlisted: UnlistedCounts {
                closed: 1,
                filtered: 250,
                unreachable: 2,
                not_probed: 0,
            },
            ..kit::end(256)
        }),
        summary: Summary::of(hosts),
        rows,
        references: Vec::new(),
        left_out: 0,
        tried_by_name: 0,
        columns: None,
        presentation: Presentation::default(),
    }
}
