//! Hand-made hosts, and a saved scan.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rdpscan::diagnosis::{Diagnosis, NameMember, NamePath, Policy, remedies};
use rdpscan::fleet::{Fleet, Host, HostId};
use rdpscan::model::{
    Attempt, Confidence, DnsVerdict, EVENT_SCHEMA, Endpoint, EventBody, Finding, History, HostKey,
    HostState, NameSource, NtlmFacts, ObservedName, Outcome, ProbeKind, ScanEnd, ScanEvent,
    ScanPlan, ScanStatus, Severity, Stage, StageRecord, Stream, Texts, UnlistedCounts,
};
use rdpscan::report::{self, Format, Selection};

pub(super) fn nasty_names() -> Vec<String> {
    include_str!("../../data/nasty-names.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(super) fn finding(
    id: &'static str,
    severity: Severity,
    remedy: Option<&'static str>,
    text: &str,
) -> Finding {
    Finding {
        id,
        severity,
        confidence: Confidence::Sure,
        title: text.to_owned().into(),
        evidence: text.to_owned(),
        remedies: remedy.map_or(&[], |key| &*Box::leak(Box::new([key]))),
    }
}

/// A finding for every remedy.
pub(super) fn all_findings(text: &str) -> Vec<Finding> {
    remedies::all()
        .iter()
        .map(|remedy| finding("RDP-X", Severity::High, Some(&remedy.key), text))
        .collect()
}

pub(super) fn address(last: u8) -> IpAddr {
    format!("10.0.0.{last}").parse().unwrap()
}

pub(super) fn host(key: HostKey, findings: Vec<Finding>) -> Host {
    Host::new(
        &History::new(key),
        Diagnosis {
            state: HostState::Broken,
            dns: DnsVerdict::Match,
            findings,
            ..Diagnosis::unknown()
        },
    )
}

/// The host with its facts changed.
pub(super) fn edited(host: &Host, edit: impl FnOnce(&mut History)) -> Host {
    let mut history = host.history();
    edit(&mut history);
    Host::new(&history, host.diagnosis.clone())
}

/// A host of which nothing is known.
pub(super) fn silent_at(last: u8, findings: Vec<Finding>) -> Host {
    host(
        HostKey::Endpoint(Endpoint::new(address(last), 3389)),
        findings,
    )
}

/// A host that says in NTLM that it is Windows, and not what it is called.
pub(super) fn host_at(last: u8, findings: Vec<Finding>) -> Host {
    let ntlm = NtlmFacts {
        version: Some((10, 0, 20348)),
        ..NtlmFacts::default()
    };
    knows(&silent_at(last, findings), ntlm)
}

fn knows(host: &Host, ntlm: NtlmFacts) -> Host {
    let attempt = Attempt {
        ntlm: Some(Arc::new(ntlm)),
        ..attempt(Endpoint::new(address(1), 3389))
    };
    edited(host, |history| history.attempts.push(attempt))
}

/// Gives a host a name that leads to `members`.
pub(super) fn named(
    host: &Host,
    name: &str,
    source: NameSource,
    members: &[(IpAddr, Option<bool>)],
) -> Host {
    let mut host = edited(host, |history| {
        history.names.push(ObservedName {
            name: name.into(),
            source,
        });
    });
    host.diagnosis.name_paths.push(NamePath {
        name: name.into(),
        verdict: DnsVerdict::Match,
        members: members
            .iter()
            .map(|(address, same_identity)| NameMember {
                address: *address,
                reachable: Some(true),
                same_identity: *same_identity,
            })
            .collect(),
    });
    host
}

/// An attempt in which nothing happened.
pub(super) fn attempt(endpoint: Endpoint) -> Attempt {
    Attempt {
        endpoint,
        number: 1,
        probe: ProbeKind::Default,
        sni: None,
        started_at: jiff::Timestamp::UNIX_EPOCH,
        stages: Vec::new(),
        unanswered_rounds: 0,
        negotiation: None,
        tls: None,
        ntlm: None,
        path: None,
        lag_us: 0,
    }
}

pub(super) fn calls_itself(host: &Host, name: &str) -> Host {
    let ntlm = NtlmFacts {
        netbios_computer: Some(name.into()),
        version: Some((10, 0, 20348)),
        ..NtlmFacts::default()
    };
    knows(host, ntlm)
}

/// A host that is called `name` wherever it can be, and says so in DNS.
pub(super) fn everywhere(last: u8, name: &str) -> Host {
    let mut host = host_at(last, all_findings(name));
    for source in [
        NameSource::Target,
        NameSource::Ptr,
        NameSource::Ntlm,
        NameSource::Certificate,
    ] {
        host = named(&host, name, source, &[(address(last), None)]);
    }
    calls_itself(&host, name)
}

pub(super) fn unresolved(name: &str) -> Host {
    let key = HostKey::Unresolved {
        name: name.to_owned(),
        port: 3389,
    };
    host(key, all_findings(name))
}

/// A saved scan of one host that refuses.
pub(super) fn saved(folder: &Path) {
    let endpoint = Endpoint::new(address(5), 3389);
    let refused = Attempt {
        stages: vec![StageRecord {
            stage: Stage::Tcp,
            start_us: 0,
            duration_us: 900,
            outcome: Outcome::Refused,
        }],
        ..attempt(endpoint)
    };
    let plan = ScanPlan {
        schema: EVENT_SCHEMA.into(),
        version: "0.1.0".into(),
        targets: ["10.0.0.5"].into_iter().collect(),
        excludes: Texts::default(),
        endpoints_planned: 1,
        names_planned: 0,
        seed: 7,
        attempts: 1,
        dns: false,
        ntlm: false,
        list_all: false,
        simulated: false,
    };
    let end = ScanEnd {
        status: ScanStatus::Complete,
        endpoints_probed: 1,
        unlisted: UnlistedCounts::default(),
        answered_on_retry: 0,
        not_reached: 0,
    };
    let bodies = [
        EventBody::ScanStarted(plan),
        EventBody::AttemptFinished {
            attempt: refused,
            certificates: Vec::new(),
            listed: true,
            outside_targets: false,
            remaining: 0,
        },
        EventBody::ScanFinished(end),
    ];
    let mut fleet = Fleet::new(Policy::default());
    for (seq, body) in (0..).zip(bodies) {
        fleet.apply(ScanEvent {
            scan: "20260121T120000Z-00c0ffee".parse().unwrap(),
            site: "admin-pc".parse().unwrap(),
            epoch: 1,
            stream: Stream::FIRST,
            seq,
            at: jiff::Timestamp::UNIX_EPOCH,
            body,
        });
    }
    fleet.settle();
    let selection = Selection {
        fleet: &fleet,
        rows: &[HostId::at(0)],
        whole: true,
        columns: None,
    };
    report::write_file(&folder.join("monday.json"), Format::Json, &selection).unwrap();
}
