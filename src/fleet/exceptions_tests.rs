use super::*;
use crate::fleet::{Fleet, Summary};
use crate::kit::{attempt, attempt_finished, days, digest, endpoint, event, issued, now, tls};
use crate::model::{CertificateFacts, HostState, NameSource, NtlmFacts};

const EXPIRED: &str = "RDP-CERT-EXPIRED";

/// A scan at a time of hosts whose certificate has expired: address, machine, key.
fn fleet(at: Timestamp, hosts: &[(&str, &str, &str)]) -> Fleet {
    let mut fleet = Fleet::new(Policy::default());
    for (seq, (address, machine, key)) in (0..).zip(hosts) {
        let leaf = CertificateFacts {
            sha256: digest(key),
            spki_sha256: Some(digest(key)),
            not_before: Some(days(-300).into()),
            not_after: Some(days(-20).into()),
            ..issued(&[machine])
        };
        let made = attempt().shown(tls(leaf)).identified(NtlmFacts {
            dns_computer: Some((*machine).into()),
            ..crate::kit::ntlm("SRV05")
        });
        let made = made.edit(|attempt| attempt.endpoint = endpoint(address));
        fleet.apply(event(seq, at, attempt_finished(made.done())));
    }
    fleet.settle();
    fleet
}

const HOST: (&str, &str, &str) = ("10.0.0.5", "srv05.corp.example", "key");

/// The expired certificate of that host, acknowledged for 10 days.
fn entry() -> Acknowledgement {
    let seen = fleet(now(), &[HOST]);
    let host = seen.rows()[0];
    let finding = host.diagnosis.worst().unwrap();
    assert_eq!(finding.id, EXPIRED);
    Acknowledgement {
        marks: HostMarks::of(&host.history()),
        name: None,
        finding: EXPIRED.into(),
        severity: finding.severity,
        until: utc_day(days(10)),
        by: "anna".into(),
        note: "renewed soon".into(),
        at: now(),
    }
}

/// The same hosts, with this entry in force.
fn acknowledged(mut fleet: Fleet, entry: Acknowledgement) -> Fleet {
    fleet.except(Arc::new(Exceptions::new(vec![entry], Vec::new())));
    fleet.settle();
    fleet
}

/// Which of the hosts, in order, have the finding acknowledged.
fn covered(fleet: &Fleet) -> Vec<bool> {
    let hosts = fleet.rows().into_iter();
    let found = hosts.map(|host| {
        let mut findings = host.diagnosis.findings.iter();
        let found = findings.find(|one| one.id == EXPIRED).unwrap();
        found.acknowledged.is_some()
    });
    found.collect()
}

#[test]
fn an_acknowledged_finding_leaves_every_count_and_no_state() {
    let before = fleet(now(), &[HOST]);
    let after = acknowledged(before.clone(), entry());
    let (open, accepted) = (before.rows()[0], after.rows()[0]);
    assert!(
        open.has_problem() && !accepted.has_problem(),
        "{:#?}",
        accepted.diagnosis.findings
    );
    assert_eq!(open.diagnosis.state, HostState::Degraded);
    assert_eq!(accepted.diagnosis.state, HostState::Degraded);
    assert_eq!(accepted.diagnosis.predicted, open.diagnosis.predicted);
    let severity = |host: &Host| host.diagnosis.worst().map(|worst| worst.severity);
    assert_eq!(severity(open), Some(Severity::High));
    assert!(severity(accepted).is_none_or(|worst| worst < Severity::High));
    let summary = after.summary();
    assert_eq!((summary.problems, summary.acknowledged), (0, 1));
    assert!(!summary.by_finding.contains_key(EXPIRED));
    assert_eq!(summary.by_severity.of(Severity::High), 0);
    let last = accepted.diagnosis.findings.last().unwrap();
    let text = last.acknowledged.as_ref().unwrap().to_string();
    assert_eq!(text, "acknowledged by anna until 2025-06-25: renewed soon");
    // What is withdrawn counts again, and leaves nothing behind in the counts.
    let mut again = after;
    again.except(Arc::default());
    again.settle();
    assert_eq!(again.summary(), before.summary());
    assert_eq!(**again.summary(), Summary::of(again.rows()));
}

#[test]
fn it_ends_after_its_day() {
    for (at, covers) in [(now(), true), (days(10), true), (days(11), false)] {
        assert_eq!(
            covered(&acknowledged(fleet(at, &[HOST]), entry())),
            [covers]
        );
    }
}

#[test]
fn it_ends_when_the_finding_gets_worse() {
    for (severity, covers) in [
        (Severity::Critical, true),
        (Severity::High, true),
        (Severity::Medium, false),
    ] {
        let entry = Acknowledgement {
            severity,
            ..entry()
        };
        assert_eq!(
            covered(&acknowledged(fleet(now(), &[HOST]), entry)),
            [covers]
        );
    }
}

#[test]
fn it_ends_when_the_certificate_has_another_key() {
    let renewed = fleet(now(), &[(HOST.0, HOST.1, "other key")]);
    assert_eq!(covered(&acknowledged(renewed, entry())), [false]);
}

#[test]
fn it_follows_the_machine_and_not_the_address() {
    // Two hosts have swapped their addresses, and a copy has the same key.
    let swapped = fleet(
        now(),
        &[
            ("10.0.0.5", "srv06.corp.example", "its key"),
            ("10.0.0.6", HOST.1, HOST.2),
            ("10.0.0.7", "copy.corp.example", HOST.2),
        ],
    );
    assert_eq!(
        covered(&acknowledged(swapped, entry())),
        [false, true, false]
    );
}

#[test]
fn without_names_it_stays_at_the_address() {
    let marks = |address: &str, names: &[&str]| {
        let mut history = History::new(crate::model::HostKey::Endpoint(endpoint(address)));
        for name in names {
            history
                .names
                .push(crate::kit::observed(NameSource::Target, name));
        }
        HostMarks::of(&history)
    };
    let bare = marks("10.0.0.5", &[]);
    assert!(bare.is_same(&marks("10.0.0.5", &[])));
    assert!(!bare.is_same(&marks("10.0.0.6", &[])));
    let named = marks("10.0.0.5", &["srv05"]);
    assert!(named.is_same(&marks("10.0.0.9", &["SRV05"])));
    assert!(!named.is_same(&marks("10.0.0.5", &["srv06"])));
    let other_port = crate::model::Endpoint::new([10, 0, 0, 5].into(), 3390);
    let other_port = HostMarks {
        key: crate::model::HostKey::Endpoint(other_port),
        ..bare.clone()
    };
    assert!(!bare.is_same(&other_port));
}

#[test]
fn a_filter_is_asked_of_each_finding_alone() {
    let ids = |host: &Host| -> Vec<&str> {
        let findings = host.diagnosis.findings.iter();
        findings.map(|one| one.id).collect()
    };
    let ignored = Ignored {
        text: "finding:RDP-CERT-EXPIRED".into(),
        matches: Arc::new(move |host| {
            assert_eq!(host.diagnosis.findings.len(), 1);
            ids(host) == [EXPIRED]
        }),
    };
    let mut ignoring = fleet(now(), &[HOST]);
    let all = ignoring.rows()[0].diagnosis.findings.len();
    ignoring.except(Arc::new(Exceptions::new(Vec::new(), vec![ignored])));
    ignoring.settle();
    let findings = &ignoring.rows()[0].diagnosis.findings;
    assert_eq!(findings.len(), all);
    for finding in findings {
        let is_ignored = finding.acknowledged.is_some();
        assert_eq!(is_ignored, finding.id == EXPIRED, "{}", finding.id);
    }
    let text = findings.last().unwrap().acknowledged.as_ref().unwrap();
    assert_eq!(
        text.to_string(),
        "ignored by policy.ignore: finding:RDP-CERT-EXPIRED"
    );
}
