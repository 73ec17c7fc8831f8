use super::super::tests::{dead, machine, scan, scope};
use super::*;
use crate::model::{ChangeClass, Severity, StabilityVerdict};

fn healthy(address: &str) -> crate::kit::HostMaker {
    let number = address.rsplit('.').next().unwrap();
    machine(&format!("srv{number}.corp.example"), address)
}

fn confirm(text: &str) -> Confirm {
    text.parse().unwrap()
}

/// The state that stands after each sweep; before the first it is `A`.
fn stands(rule: &str, sweeps: &str) -> String {
    let mut window = Window::default();
    let mut reported = 'A';
    let states = sweeps.chars().map(|found| {
        if !window.holds_back(&reported, found, confirm(rule)) {
            reported = found;
        }
        reported
    });
    states.collect()
}

#[test]
fn a_state_stands_after_k_of_n_sweeps_and_is_over_after_as_many() {
    for (rule, sweeps, wanted) in [
        ("1 of 1", "AAAA", "AAAA"),
        ("1 of 1", "ABAB", "ABAB"),
        ("2 of 2", "ABBA", "AABB"),
        ("2 of 2", "BABAB", "AAAAA"),
        ("2 of 3", "BAAB", "AAAA"),
        ("2 of 3", "BABAAA", "AABBAA"),
        ("2 of 3", "BBAA", "ABBA"),
        // The two that confirmed it do not count again.
        ("2 of 3", "BBABBBA", "ABBBBBB"),
        ("2 of 3", "BCBB", "AABB"),
        ("2 of 3", "BCDBCD", "AAAAAA"),
        ("3 of 3", "BBABBBAA", "AAAAABBB"),
        ("3 of 5", "BABAB", "AAAAB"),
        ("3 of 5", "BAABAAB", "AAAAAAA"),
        ("2 of 100", "BAAAAAAAAAB", "AAAAAAAAAAB"),
    ] {
        assert_eq!(stands(rule, sweeps), wanted, "{rule}: {sweeps}");
    }
}

#[test]
fn a_window_is_bounded_and_empty_while_nothing_differs() {
    let mut window = Window::default();
    for found in [0, 0, 0] {
        assert!(!window.holds_back(&0, found, confirm("3 of 4")));
        assert!(window.0.is_empty());
    }
    for sweep in 0..1_000 {
        window.holds_back(&0, sweep % 7, confirm("3 of 4"));
        assert!(window.0.len() <= 4);
    }
}

#[test]
fn a_rule_is_two_numbers() {
    for text in ["1 of 1", "2 of 3", "100 of 100"] {
        assert_eq!(confirm(text).to_string(), text);
    }
    for text in [
        "", "2", "2/3", "0 of 3", "4 of 3", "1 of 101", "2 of 3 x", "-1 of 3",
    ] {
        assert!(text.parse::<Confirm>().is_err(), "{text}");
    }
}

/// The classes of change that each sweep reports, of all hosts.
fn reported(
    watched: &mut Watched,
    sweeps: impl IntoIterator<Item = Snapshot>,
) -> Vec<Vec<ChangeClass>> {
    let classes = sweeps.into_iter().map(|found| {
        let comparison = watched.sweep(found);
        let changes = comparison.hosts.iter().flat_map(|host| &host.changes);
        changes.map(|change| change.class).collect()
    });
    classes.collect()
}

#[test]
fn a_host_is_gone_or_new_once_that_is_confirmed() {
    let (one, two) = ("10.0.0.5", "10.0.0.6");
    let both = || scan(&[healthy(one), healthy(two)]);
    let first = || scan(&[healthy(one)]);
    let closed = || scan(&[healthy(one), dead(two)]);
    let mut watched = Watched::new(both(), confirm("2 of 3"));
    let sweeps = [
        both(),
        first(),
        both(),
        closed(),
        first(),
        both(),
        both(),
        both(),
    ];
    let found = reported(&mut watched, sweeps);
    let (gone, new) = (vec![ChangeClass::Gone], vec![ChangeClass::New]);
    let none = Vec::new;
    assert!(
        matches!(&*found[6], [ChangeClass::New | ChangeClass::Recovered]),
        "{found:?}"
    );
    assert_eq!(found[..6], [none(), none(), none(), gone, none(), none()]);
    assert_eq!(found[7], none());
    assert_eq!(watched.pending(), 0);
    // A host that answers now and then is never new, and nothing of it is kept.
    let mut watched = Watched::new(first(), confirm("2 of 2"));
    let found = reported(&mut watched, [both(), first(), both(), first(), first()]);
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
    assert_eq!(watched.pending(), 0);
    let found = reported(&mut watched, [both(), both()]);
    assert_eq!(found, [none(), new]);
}

#[test]
fn what_a_sweep_did_not_look_at_confirms_nothing() {
    let (one, two) = ("10.0.0.5", "10.0.0.6");
    let both = || scan(&[healthy(one), healthy(two)]);
    let interrupted = || Snapshot {
        scope: super::super::Scope::new(None, None),
        ..scan(&[healthy(one)])
    };
    let mut watched = Watched::new(both(), confirm("1 of 1"));
    let found = reported(&mut watched, [interrupted(), interrupted(), both()]);
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
    let found = reported(&mut watched, [scan(&[healthy(one)])]);
    assert_eq!(found, [[ChangeClass::Gone]]);
}

#[test]
fn findings_and_flakiness_wait_and_certificates_do_not() {
    use ChangeClass::{FindingAdded, FindingCleared, FlakySince};
    let with = |edit: fn(&mut HostRecord)| {
        let mut snapshot = scan(&[healthy("10.0.0.5")]);
        edit(&mut snapshot.hosts[0]);
        snapshot
    };
    let plain = || with(|_| ());
    let slow = || with(|host| host.findings.push(("RDP-TEST".into(), Severity::Low)));
    let flaky = || with(|host| host.stability = StabilityVerdict::Flaky);
    let expiring = || {
        with(|host| {
            host.findings
                .push(("RDP-CERT-EXPIRING".into(), Severity::Low));
        })
    };
    let renewed = || with(|host| host.certificates[0].sha256.0[0] ^= 1);
    let mut watched = Watched::new(plain(), confirm("2 of 3"));
    let sweeps = [
        slow(),
        plain(),
        slow(),
        slow(),
        plain(),
        plain(),
        flaky(),
        flaky(),
        expiring(),
        plain(),
        renewed(),
    ];
    let found = reported(&mut watched, sweeps);
    assert_eq!(found[..3], [vec![], vec![], vec![FindingAdded]]);
    assert_eq!(
        found[3..8],
        [
            vec![],
            vec![],
            vec![FindingCleared],
            vec![],
            vec![FlakySince]
        ]
    );
    assert_eq!(found[8..10], [[FindingAdded], [FindingCleared]]);
    assert_eq!(found[10], [ChangeClass::RenewedEarly], "before its end");
}

#[test]
fn what_the_scan_before_did_not_look_at_is_not_new() {
    let (one, two, other) = ("10.0.0.5", "10.0.0.6", "10.9.9.9");
    let all = || scan(&[healthy(one), healthy(two)]);
    let broken_off = Snapshot {
        scope: super::super::Scope::new(None, None),
        ..scan(&[healthy(one)])
    };
    let mut watched = Watched::new(broken_off, confirm("2 of 3"));
    let found = reported(&mut watched, [all(), all(), scan(&[healthy(one)])]);
    assert_eq!(found, [vec![ChangeClass::NotScanned], vec![], vec![]]);
    // A range more than before.
    let wider = || Snapshot {
        scope: scope(&["10.0.0.0-10.0.0.255", "10.9.9.0-10.9.9.255"], &[]),
        ..scan(&[healthy(one), healthy(two), healthy(other)])
    };
    let mut watched = Watched::new(all(), confirm("1 of 1"));
    let found = reported(&mut watched, [wider(), wider()]);
    assert_eq!(found, [vec![ChangeClass::NotScanned], vec![]]);
    assert_eq!(watched.pending(), 0);
}

#[test]
fn a_listed_name_that_leads_elsewhere_has_moved() {
    for targets in [&[][..], &["10.0.0.0-10.0.0.255"]] {
        let at = |address: &str| {
            let mut found = scan(&[machine("srv.corp.example", address)]);
            found.hosts[0].listed = vec!["srv.corp.example".into()];
            found.scope = scope(targets, &["srv.corp.example:3389"]);
            found
        };
        let (here, there) = (|| at("10.0.0.5"), || at("10.0.0.9"));
        let mut watched = Watched::new(here(), confirm("2 of 3"));
        let found = reported(&mut watched, [here(), there(), there(), there(), there()]);
        let moved = vec![ChangeClass::AddressMoved];
        assert_eq!(found, [vec![], vec![], moved, vec![], vec![]]);
        assert_eq!(watched.pending(), 0);
        // A single answer of the DNS is no move, and nothing of it is kept.
        let mut watched = Watched::new(here(), confirm("2 of 3"));
        let sweeps = [there(), here(), here(), here()];
        let found = reported(&mut watched, sweeps);
        assert!(found.iter().all(Vec::is_empty), "{found:?}");
        assert_eq!(watched.pending(), 0);
    }
}
