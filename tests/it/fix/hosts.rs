//! Hand-made hosts, and a saved scan.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rdpscan::diagnosis::{Diagnosis, NameMember, NamePath, remedies};
use rdpscan::fleet::{Host, HostId};
use rdpscan::model::{
    Attempt, Confidence, DnsVerdict, Endpoint, EventBody, Finding, History, HostKey, HostState,
    NameSource, NtlmFacts, Outcome, Severity, Stage,
};
use rdpscan::report::{self, Format, Selection};

use crate::kit::{Script, attempt_at, end, endpoint, judged, observed, plan, stage};

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
        acknowledged: None,
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
        ..attempt_at(endpoint("10.0.0.1"))
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
        history.names.push(observed(source, name));
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
    let refused = Attempt {
        stages: vec![stage(Stage::Tcp, Outcome::Refused)],
        ..attempt_at(endpoint("10.0.0.5"))
    };
    let mut script = Script::starting("1970-01-01T00:00:00Z");
    script.push(EventBody::ScanStarted(plan()));
    script.attempt(refused, true);
    script.push(EventBody::ScanFinished(end(1)));
    let fleet = judged(script.take());
    let selection = Selection {
        fleet: &fleet,
        rows: &[HostId::at(0)],
        whole: true,
        columns: None,
        presentation: report::Presentation::default(),
    };
    report::write_file(&folder.join("monday.json"), Format::Json, &selection).unwrap();
}
