use std::collections::BTreeMap;
use std::slice::from_ref;

use super::*;
use crate::fleet::Host;
use crate::kit::{
    HostMaker, attempt, certificate, days, digest, end, endpoint, host, host_at, issued, now, ntlm,
    silent, times, tls,
};
use crate::model::{
    Acknowledged, CertificateFacts, Endpoint, NameSource, StabilityVerdict, Stage, Texts,
    TlsVersion,
};

fn record(made: &HostMaker) -> HostRecord {
    HostRecord::of(&Host::new(&made.history, made.diagnose()))
}

/// A healthy Windows machine of this name: three attempts, a certificate and a key of its own.
pub(super) fn machine(name: &str, address: &str) -> HostMaker {
    shown(name, address, &own_certificate(name))
}

fn own_certificate(name: &str) -> CertificateFacts {
    CertificateFacts {
        sha256: digest(name),
        spki_sha256: Some(digest(&format!("key of {name}"))),
        ..certificate(name)
    }
}

fn shown(name: &str, address: &str, leaf: &CertificateFacts) -> HostMaker {
    let made = times(3, || {
        attempt().shown(tls(leaf.clone())).identified(ntlm(name))
    });
    made.at(address)
}

pub(super) fn dead(address: &str) -> HostMaker {
    times(3, || attempt().stage(Stage::Tcp, silent())).at(address)
}

/// Of a complete scan of these.
pub(super) fn scope(ranges: &[&str], names: &[&str]) -> Scope {
    let endpoints = ranges.iter().copied().collect::<Texts>();
    let work = PlannedWork {
        endpoints: BTreeMap::from([(3389, endpoints)]),
        names: names.iter().copied().collect(),
        ..PlannedWork::default()
    };
    Scope::new(Some(&work), Some(end(256)))
}

/// A complete scan of 10.0.0.0/24 that found these.
pub(super) fn scan(hosts: &[HostMaker]) -> Snapshot {
    Snapshot {
        id: EpochId::new("20260121T120000Z-00c0ffee".parse().unwrap(), 1),
        times: (now(), now()),
        scope: scope(&["10.0.0.0-10.0.0.255"], &["files.example:3389"]),
        hosts: hosts.iter().map(record).collect(),
    }
}

/// Each change with its host: `10.0.0.5 gone healthy -> -`.
fn changes(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let comparison = Comparison::new(before, after);
    let lines = comparison.hosts.iter().flat_map(|host| {
        host.changes.iter().map(|change| {
            let key = match &host.key {
                HostKey::Endpoint(endpoint) => endpoint.address.to_string(),
                name @ HostKey::Unresolved { .. } => name.to_string(),
            };
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            let (before, after) = (text(&change.before), text(&change.after));
            format!("{key} {}: {before} -> {after}", change.class)
        })
    });
    lines.collect()
}

#[track_caller]
fn assert_changes(before: &[HostMaker], after: &[HostMaker], wanted: &[&str]) {
    assert_eq!(changes(&scan(before), &scan(after)), wanted);
}

fn classes(before: &HostRecord, after: &HostRecord) -> Vec<ChangeClass> {
    let found = classes::changes(before, after).into_iter();
    found.map(|change| change.class).collect()
}

#[test]
fn two_equal_scans_have_no_changes() {
    let hosts = [machine("a.example", "10.0.0.5"), dead("10.0.0.6")];
    assert_changes(&hosts, &hosts, &[]);
    assert_eq!(Comparison::new(&scan(&hosts), &scan(&hosts)).unchanged, 2);
}

#[test]
fn a_host_that_answers_no_more_is_gone_and_one_that_appears_is_new() {
    let host = machine("a.example", "10.0.0.5");
    assert_changes(from_ref(&host), &[], &["10.0.0.5 gone: healthy -> -"]);
    assert_changes(&[], from_ref(&host), &["10.0.0.5 new: - -> healthy"]);
    let dead = dead("10.0.0.5");
    let gone = ["10.0.0.5 gone: healthy -> filtered"];
    assert_changes(from_ref(&host), from_ref(&dead), &gone);
    let back = ["10.0.0.5 recovered: filtered -> healthy"];
    assert_changes(&[dead], &[host], &back);
}

#[test]
fn what_a_scan_did_not_look_at_is_never_gone() {
    let outside = machine("a.example", "10.9.9.9");
    let lines = ["10.9.9.9 not_scanned: healthy -> -"];
    assert_changes(from_ref(&outside), &[], &lines);
    let lines = ["10.9.9.9 not_scanned: - -> healthy"];
    assert_changes(&[], &[outside], &lines);

    let hosts = [machine("a.example", "10.0.0.5")];
    let whole = scan(&hosts);
    let lines = ["10.0.0.5 not_scanned: healthy -> -"];
    for end in [
        None,
        Some(ScanEnd {
            status: ScanStatus::Interrupted,
            ..end(3)
        }),
        Some(ScanEnd {
            not_reached: 1,
            ..end(3)
        }),
    ] {
        let interrupted = Snapshot {
            scope: Scope::new(Some(&PlannedWork::default()), end),
            hosts: Vec::new(),
            ..whole.clone()
        };
        assert_eq!(changes(&whole, &interrupted), lines);
    }
    // Another attempt at it was still to come.
    let mut open = dead("10.0.0.5");
    open.history.complete = false;
    let lines = ["10.0.0.5 not_scanned: healthy -> -"];
    assert_changes(&hosts, &[open], &lines);
}

#[test]
fn a_forward_to_a_known_host_is_new_and_moves_nothing() {
    let host = machine("a.example", "10.0.0.5");
    let forward = machine("a.example", "10.0.0.9");
    let both = [host.clone(), forward.clone()];
    assert_changes(&both, &both, &[]);
    assert_changes(from_ref(&host), &both, &["10.0.0.9 new: - -> healthy"]);
    assert_changes(&both, &[host], &["10.0.0.9 gone: healthy -> -"]);
    // Where only one of them still answers, the other one is gone.
    assert_changes(&both, &[forward], &["10.0.0.5 gone: healthy -> -"]);
}

#[test]
fn two_hosts_that_swap_addresses_have_moved() {
    let before = [
        machine("a.example", "10.0.0.5"),
        machine("b.example", "10.0.0.6"),
    ];
    let after = [
        machine("b.example", "10.0.0.5"),
        machine("a.example", "10.0.0.6"),
    ];
    let moved = [
        "10.0.0.5 address_moved: 10.0.0.6:3389 -> 10.0.0.5:3389",
        "10.0.0.6 address_moved: 10.0.0.5:3389 -> 10.0.0.6:3389",
    ];
    assert_changes(&before, &after, &moved);
    // Without NTLM, the keys of the certificates tell.
    let plain = |name: &str, address: &str| {
        times(3, || attempt().shown(tls(own_certificate(name)))).at(address)
    };
    let before = [
        plain("a.example", "10.0.0.5"),
        plain("b.example", "10.0.0.6"),
    ];
    let after = [
        plain("b.example", "10.0.0.5"),
        plain("a.example", "10.0.0.6"),
    ];
    assert_changes(&before, &after, &moved);
}

#[test]
fn another_machine_at_an_address_replaces_the_one_before() {
    let before = [machine("a.example", "10.0.0.5")];
    let after = [machine("b.example", "10.0.0.5")];
    let lines = ["10.0.0.5 replaced: a.example -> b.example"];
    assert_changes(&before, &after, &lines);
    // One that has moved there does not: it is known, and what was there is gone.
    let before = [before[0].clone(), machine("b.example", "10.0.0.6")];
    let lines = [
        "10.0.0.5 gone: healthy -> -",
        "10.0.0.5 address_moved: 10.0.0.6:3389 -> 10.0.0.5:3389",
    ];
    assert_changes(&before, &after, &lines);
}

#[test]
fn a_machine_with_its_key_and_another_name_is_renamed() {
    let renamed = shown("b.example", "10.0.0.5", &own_certificate("a.example"));
    let lines = changes(
        &scan(&[machine("a.example", "10.0.0.5")]),
        &scan(&[renamed]),
    );
    let line = "10.0.0.5 name_changed: a.example -> b.example".to_owned();
    assert!(lines.contains(&line), "{lines:?}");
}

#[test]
fn a_listed_name_that_moves_is_told_whether_or_not_its_machine_is_known() {
    let listed = |made: HostMaker| made.named(NameSource::Target, "files.example");
    let old = |address: &str| machine("old.example", address);
    let new = machine("new.example", "10.0.0.6");
    let before = [listed(old("10.0.0.5")), new.clone()];
    let after = [old("10.0.0.5"), listed(new.clone())];
    let lines = changes(&scan(&before), &scan(&after));
    let moved =
        "10.0.0.6 address_moved: files.example: 10.0.0.5:3389 -> files.example: 10.0.0.6:3389";
    assert_eq!(
        lines.iter().filter(|line| *line == moved).count(),
        1,
        "{lines:?}"
    );
    let wrong = ["gone", " new", "replaced", "not_scanned"];
    assert!(
        !lines
            .iter()
            .any(|line| wrong.iter().any(|one| line.contains(one))),
        "{lines:?}"
    );

    let lines = changes(&scan(&[listed(old("10.0.0.5"))]), &scan(&[listed(new)]));
    for wanted in [
        "10.0.0.6 replaced: old.example -> new.example",
        "10.0.0.6 address_moved: 10.0.0.5:3389 -> 10.0.0.6:3389",
    ] {
        assert!(lines.iter().any(|line| line == wanted), "{lines:?}");
    }
}

/// Without NTLM, as with xrdp, only the certificates tell the machines apart.
#[test]
fn a_listed_name_moves_between_machines_that_are_known_by_their_keys_alone() {
    let plain = |name: &str, address: &str| {
        times(3, || attempt().shown(tls(own_certificate(name)))).at(address)
    };
    let listed = |made: HostMaker| made.named(NameSource::Target, "files.example");
    let (old, new) = (
        plain("old.example", "10.0.0.5"),
        plain("new.example", "10.0.0.6"),
    );
    let before = scan(&[listed(old.clone()), new.clone()]);
    let lines = changes(&before, &scan(&[old, listed(new)]));
    // What the name does not match is a finding, on the one machine and then on the other.
    let findings = ["finding_", "degraded_since", "recovered"];
    let others: Vec<&String> = lines
        .iter()
        .filter(|line| !findings.iter().any(|class| line.contains(class)))
        .collect();
    assert_eq!(
        others,
        ["10.0.0.6 address_moved: files.example: 10.0.0.5:3389 -> files.example: 10.0.0.6:3389"]
    );
}

#[test]
fn a_listed_name_without_an_address_is_gone() {
    let unresolved = HostKey::Unresolved {
        name: "files.example".to_owned(),
        port: 3389,
    };
    let mut nowhere = record(&host_at(unresolved, []));
    nowhere.state = crate::model::HostState::Unreachable;
    let before =
        scan(&[machine("a.example", "10.0.0.5").named(NameSource::Target, "files.example")]);
    let after = Snapshot {
        hosts: vec![nowhere],
        ..before.clone()
    };
    let lines = ["files.example:3389 gone: degraded -> unreachable"];
    assert_eq!(changes(&before, &after).len(), 1);
    assert!(
        changes(&before, &after)[0].starts_with("files.example:3389 gone: "),
        "{lines:?}"
    );
}

#[test]
fn states_get_worse_and_better() {
    use crate::model::HostState::{Broken, Closed, Degraded, Healthy, NotRdp};
    let at = |state| {
        let mut made = record(&machine("a.example", "10.0.0.5"));
        made.state = state;
        made.findings.clear();
        made
    };
    for (before, after, class) in [
        (Healthy, Broken, ChangeClass::BrokenSince),
        (Healthy, NotRdp, ChangeClass::BrokenSince),
        (Degraded, Broken, ChangeClass::BrokenSince),
        (Healthy, Degraded, ChangeClass::DegradedSince),
        (Degraded, Healthy, ChangeClass::Recovered),
        (Broken, Degraded, ChangeClass::Recovered),
        // No session could be established there before.
        (Closed, Broken, ChangeClass::New),
        (Closed, Degraded, ChangeClass::Recovered),
    ] {
        assert_eq!(
            classes(&at(before), &at(after)),
            [class],
            "{before} {after}"
        );
    }
    assert_eq!(classes(&at(Broken), &at(NotRdp)), []);
    let mut flaky = at(Healthy);
    flaky.stability = StabilityVerdict::Flaky;
    assert_eq!(classes(&at(Healthy), &flaky), [ChangeClass::FlakySince]);
    assert_eq!(classes(&flaky, &at(Healthy)), []);
}

#[test]
fn acknowledged_findings_come_and_go_without_a_change() {
    let finding = || vec![("RDP-A".into(), crate::model::Severity::Low)];
    let mut none = record(&machine("a.example", "10.0.0.5"));
    none.findings.clear();
    let (mut counts, mut known) = (none.clone(), none.clone());
    counts.findings = finding();
    known.acknowledged = finding();
    for (before, after, wanted) in [
        (&none, &known, &[][..]),
        (&known, &none, &[]),
        // It has been acknowledged since, and is still there.
        (&counts, &known, &[]),
        // Its day is over.
        (&known, &counts, &[ChangeClass::FindingAdded]),
    ] {
        assert_eq!(classes(before, after), wanted);
    }
}

#[test]
fn an_acknowledged_finding_is_recorded_apart() {
    let made = machine("a.example", "10.0.0.5");
    let mut diagnosis = made.diagnose();
    let all = HostRecord::of(&Host::new(&made.history, diagnosis.clone())).findings;
    let known = Acknowledged {
        by: "anna".into(),
        until: None,
        note: "known".into(),
    };
    diagnosis.findings[0].acknowledged = Some(Arc::new(known));
    let after = HostRecord::of(&Host::new(&made.history, diagnosis));
    assert_eq!((&*after.acknowledged, &*after.findings), all.split_at(1));
    assert!(
        after
            .all_findings()
            .eq(after.findings.iter().chain(&all[..1]))
    );
}

#[test]
fn findings_come_and_go_but_not_for_want_of_a_look() {
    let with = |ids: &[&str]| {
        let mut made = record(&machine("a.example", "10.0.0.5"));
        made.findings = ids
            .iter()
            .map(|id| ((*id).into(), crate::model::Severity::Low))
            .collect();
        made
    };
    let found = classes::changes(&with(&["RDP-A", "RDP-B"]), &with(&["RDP-B", "RDP-C"]));
    let texts: Vec<_> = found
        .iter()
        .map(|one| (one.class, one.before.as_deref(), one.after.as_deref()))
        .collect();
    assert_eq!(
        texts,
        [
            (ChangeClass::FindingAdded, None, Some("RDP-C")),
            (ChangeClass::FindingCleared, Some("RDP-A"), None),
        ]
    );
    let mut broken = with(&["RDP-D"]);
    broken.state = crate::model::HostState::Broken;
    assert_eq!(
        classes(&with(&["RDP-A"]), &broken),
        [ChangeClass::BrokenSince]
    );
}

#[test]
fn certificates_are_renewed_early_or_in_time_with_or_without_another_key() {
    let leaf = |ends: i64, digest_of: &str, key: &str| CertificateFacts {
        sha256: digest(digest_of),
        spki_sha256: Some(digest(key)),
        not_after: Some(days(ends).into()),
        ..certificate("a.example")
    };
    let at = |leaf: CertificateFacts| record(&shown("a.example", "10.0.0.5", &leaf));
    let classes = |before: &HostRecord, after: &HostRecord| {
        let mut found = classes(before, after);
        found.retain(|class| {
            !matches!(
                class,
                ChangeClass::FindingAdded
                    | ChangeClass::FindingCleared
                    | ChangeClass::Recovered
                    | ChangeClass::DegradedSince
            )
        });
        found
    };
    let old = at(leaf(5, "old", "key"));
    let same_key = at(leaf(180, "new", "key"));
    assert_eq!(classes(&old, &same_key), [ChangeClass::Renewed]);
    let both = [ChangeClass::KeyChanged, ChangeClass::Renewed];
    assert_eq!(classes(&old, &at(leaf(180, "new", "other"))), both);
    let early = [ChangeClass::RenewedEarly];
    assert_eq!(classes(&at(leaf(150, "old", "key")), &same_key), early);
    let late = at(leaf(-1, "old", "key"));
    assert_eq!(classes(&late, &same_key), [ChangeClass::Renewed]);
    let expired = at(leaf(-1, "old", "key"));
    assert_eq!(classes(&old, &expired), [ChangeClass::ExpiredSince]);
    assert_eq!(classes(&expired, &expired), []);
    let of_ca = at(CertificateFacts {
        sha256: digest("of a CA"),
        spki_sha256: Some(digest("other")),
        ..issued(&["a.example"])
    });
    let found = classes(&old, &of_ca);
    for class in [
        ChangeClass::IssuerChanged,
        ChangeClass::KeyChanged,
        ChangeClass::Renewed,
    ] {
        assert!(found.contains(&class), "{class} is not in {found:?}");
    }
    assert!(!found.contains(&ChangeClass::Replaced), "{found:?}");
}

#[test]
fn a_farm_of_which_other_members_answered_has_not_changed() {
    let member = |name: &str| {
        attempt()
            .shown(tls(own_certificate(name)))
            .identified(ntlm(name))
    };
    let farm = |names: [&str; 3]| record(&host(names.map(member)));
    let before = farm(["a.example", "b.example", "a.example"]);
    let unlike = |found: &ChangeClass| {
        matches!(
            found,
            ChangeClass::Replaced
                | ChangeClass::Renewed
                | ChangeClass::KeyChanged
                | ChangeClass::NameChanged
                | ChangeClass::ConfigurationChanged
        )
    };
    for after in [
        farm(["b.example", "a.example", "b.example"]),
        farm(["b.example", "b.example", "b.example"]),
    ] {
        let found = classes(&before, &after);
        assert!(!found.iter().any(unlike), "{found:?}");
    }
    // One more than before is one.
    let alone = farm(["a.example", "a.example", "a.example"]);
    let found = classes::changes(&alone, &before);
    let more = found
        .iter()
        .find(|one| one.class == ChangeClass::ConfigurationChanged);
    assert_eq!(more.unwrap().after.as_deref(), Some("certificates 2"));
}

#[test]
fn a_lower_version_of_tls_is_a_change_of_configuration() {
    let before = record(&machine("a.example", "10.0.0.5"));
    let mut made = machine("a.example", "10.0.0.5");
    for attempt in &mut made.history.attempts {
        let tls = attempt.tls.as_mut().unwrap();
        Arc::make_mut(tls).version = Some(TlsVersion::TLS_1_2);
    }
    let found = classes::changes(&before, &record(&made));
    let wanted = Change {
        class: ChangeClass::ConfigurationChanged,
        before: Some("TLS 1.3".to_owned()),
        after: Some("TLS 1.2".to_owned()),
    };
    assert!(found.contains(&wanted), "{found:?}");
}

#[test]
fn changes_are_counted_by_host_and_the_worst_come_first() {
    let mut renewed = own_certificate("b.example");
    renewed.sha256 = digest("renewed");
    let before = [
        machine("a.example", "10.0.0.7"),
        machine("b.example", "10.0.0.5"),
    ];
    let after = [
        shown("b.example", "10.0.0.5", &renewed),
        machine("c.example", "10.0.0.6"),
    ];
    let comparison = Comparison::new(&scan(&before), &scan(&after));
    let keys: Vec<_> = comparison
        .hosts
        .iter()
        .filter_map(|host| host.key.endpoint())
        .collect();
    let order: [Endpoint; 3] = ["10.0.0.7", "10.0.0.5", "10.0.0.6"].map(endpoint);
    assert_eq!(keys, order);
    let counts: Vec<(ChangeClass, u64)> = comparison.counts().into_iter().collect();
    assert_eq!(
        counts,
        [
            (ChangeClass::Gone, 1),
            (ChangeClass::RenewedEarly, 1),
            (ChangeClass::New, 1),
        ]
    );
}

#[test]
fn what_is_gone_is_no_change_of_the_host_that_is_there_now() {
    let before = scan(&[
        machine("a.example", "10.0.0.5"),
        machine("b.example", "10.0.0.6"),
    ]);
    let mut after = scan(&[machine("b.example", "10.0.0.5")]);
    let there = HostKey::Endpoint(endpoint("10.0.0.5"));
    let comparison = Comparison::new(&before, &after);
    let classes = |comparison: &Comparison| -> Option<Vec<ChangeClass>> {
        let rows = comparison.of_rows();
        let changes = rows.get(&there)?.iter();
        Some(changes.map(|change| change.class).collect())
    };
    assert_eq!(classes(&comparison), Some(vec![ChangeClass::AddressMoved]));
    let lost: Vec<_> = comparison.lost().map(|host| host.name.as_deref()).collect();
    assert_eq!(lost, [Some("a.example")]);

    // One with attempts to come is not compared yet.
    after.hosts[0].complete = false;
    assert_eq!(classes(&Comparison::new(&before, &after)), None);
}
