//! One host, seen from several sites.

use super::*;
use crate::kit;
use crate::model::{Attempt, Endpoint, EventBody, HostState, Origin, Outcome, ScanEvent, Stage};

fn here() -> Endpoint {
    kit::endpoint("10.0.0.5")
}

/// The events of a site, as of a writer of its own.
fn seen_from(site: &str, bodies: impl IntoIterator<Item = EventBody>) -> Vec<ScanEvent> {
    let origin = Origin::new(
        "20260121T120000Z-00c0ffee".parse().unwrap(),
        site.parse().unwrap(),
    );
    let started = [EventBody::ScanStarted(kit::plan())];
    let bodies = started.into_iter().chain(bodies);
    let bodies = bodies.chain([EventBody::ScanFinished(kit::end(1))]);
    (0..)
        .zip(bodies)
        .map(|(seq, body)| ScanEvent::new(&origin, seq, kit::now(), body))
        .collect()
}

fn attempts(make: impl Fn() -> Attempt) -> Vec<EventBody> {
    (1..=3)
        .map(|number| {
            let attempt = Attempt {
                number,
                endpoint: here(),
                ..make()
            };
            kit::attempt_finished(attempt)
        })
        .collect()
}

fn works() -> Attempt {
    let facts = kit::tls(kit::certificate("srv05.corp.example"));
    kit::attempt().through().shown(facts).done()
}

fn is_silent() -> Attempt {
    kit::attempt().stage(Stage::Tcp, kit::silent()).done()
}

fn fleet(events: &[Vec<ScanEvent>]) -> Fleet {
    let mut fleet = Fleet::new(Policy::default());
    for event in events.concat() {
        fleet.apply(event);
    }
    fleet.settle();
    fleet
}

fn host(fleet: &Fleet) -> &Host {
    let id = fleet.find(&HostKey::Endpoint(here())).unwrap();
    fleet.host(id).unwrap()
}

#[test]
fn a_host_is_one_row_in_the_worst_of_its_states() {
    let berlin = seen_from("berlin", attempts(works));
    let hq = seen_from("hq", attempts(is_silent));
    for events in [vec![berlin.clone(), hq.clone()], vec![hq, berlin]] {
        let fleet = fleet(&events);
        assert_eq!(fleet.summary().hosts, 1);
        let host = host(&fleet);
        let states: Vec<(&str, bool, Option<Stage>)> = host
            .sites()
            .iter()
            .map(|view| (view.site.as_str(), view.is_worst, view.failed_stage))
            .collect();
        assert_eq!(
            states,
            [("berlin", false, None), ("hq", true, Some(Stage::Tcp))]
        );
        assert_eq!(host.diagnosis.failed_stage, Some(Stage::Tcp));
        assert_ne!(host.diagnosis.state, HostState::Healthy);
        // What is shown is what the worst site saw, and the others are beside it.
        let history = host.history();
        assert_eq!(history.attempts.len(), 3);
        let silent = |one: &Attempt| {
            let outcome = one.stage(Stage::Tcp).map(|record| &record.outcome);
            matches!(outcome, Some(Outcome::Timeout { .. }))
        };
        assert!(history.attempts.iter().all(silent));
        assert!(history.elsewhere[0].attempts.iter().all(|one| !silent(one)));
        assert!(host.complete());
    }
}

#[test]
fn a_host_that_all_sites_see_alike_looks_as_from_one() {
    let one = fleet(&[seen_from("berlin", attempts(works))]);
    let both = fleet(&[
        seen_from("berlin", attempts(works)),
        seen_from("hq", attempts(works)),
    ]);
    assert_eq!(kit::differences(&one, &both), [""; 0]);
    assert_eq!(
        (host(&one).sites().len(), host(&both).sites().len()),
        (0, 2)
    );
    assert_eq!(host(&both).history().site.unwrap().as_str(), "berlin");
}

#[test]
fn a_site_that_did_not_probe_it_does_not_decide() {
    let gone = EventBody::NotReached {
        host: HostKey::Endpoint(here()),
    };
    let fleet = fleet(&[
        seen_from("berlin", [gone]),
        seen_from("hq", attempts(works)),
    ]);
    let host = host(&fleet);
    assert_eq!(host.sites()[0].state, HostState::NotProbed);
    assert!(host.sites()[1].is_worst);
    assert_eq!(host.diagnosis.failed_stage, None);
}

#[test]
fn a_saved_report_has_the_views_of_all_sites() {
    let fleet = fleet(&[
        seen_from("berlin", attempts(works)),
        seen_from("hq", attempts(is_silent)),
    ]);
    let history = host(&fleet).history();
    let shown = history.views().flat_map(|view| &view.attempts);
    let certificates = shown.flat_map(Attempt::certificates).cloned().collect();
    let text = serde_json::to_string(&history).unwrap();
    let mut hosts = SavedHosts::default();
    hosts.push(serde_json::from_str(&text).unwrap());
    let saved = Saved {
        scan: fleet.scan().unwrap(),
        site: "berlin".parse().unwrap(),
        started_at: kit::now(),
        evaluated_at: kit::now(),
        plan: kit::plan(),
        work: None,
        end: None,
        notices: Vec::new(),
        certificates,
        hosts,
    };
    let read = Fleet::from_saved(saved, Policy::default()).unwrap();
    assert_eq!(host(&read).sites(), host(&fleet).sites());
    assert_eq!(host(&read).history(), host(&fleet).history());
}

/// Works, with a certificate of this length that is so many days old.
fn shows_certificate(key_bits: u32, ended_days_ago: i64) -> impl Fn() -> Attempt {
    move || {
        let mut facts = kit::certificate("srv05.corp.example");
        facts.sha256 = kit::digest(&format!("{key_bits} {ended_days_ago}"));
        facts.key.bits = key_bits;
        facts.not_after = Some(kit::days(-ended_days_ago).into());
        kit::attempt()
            .through()
            .edit(move |attempt| attempt.tls = Some(Arc::new(kit::tls(facts))))
            .done()
    }
}

#[test]
fn of_equal_states_that_with_the_worst_finding_decides_and_no_finding_is_lost() {
    // Both are degraded: berlin by a short key, hq by an expired certificate.
    let berlin = || seen_from("berlin", attempts(shows_certificate(1024, -100)));
    let hq = || seen_from("hq", attempts(shows_certificate(2048, 20)));
    let alone = |events| host(&fleet(&[events])).diagnosis.clone();
    let (of_berlin, of_hq) = (alone(berlin()), alone(hq()));
    assert_eq!(of_berlin.state, HostState::Degraded);
    assert_eq!(of_hq.state, HostState::Degraded);
    let worst = |diagnosis: &crate::diagnosis::Diagnosis| diagnosis.worst().unwrap().severity;
    assert!(worst(&of_berlin) < worst(&of_hq));
    for events in [[berlin(), hq()], [hq(), berlin()]] {
        let fleet = fleet(&events);
        let host = host(&fleet);
        let lead: Vec<&str> = (host.sites().iter())
            .filter(|view| view.is_worst)
            .map(|view| view.site.as_str())
            .collect();
        assert_eq!(lead, ["hq"]);
        assert_eq!(worst(&host.diagnosis), worst(&of_hq));
        let ids = |diagnosis: &crate::diagnosis::Diagnosis| -> Vec<&str> {
            diagnosis
                .findings
                .iter()
                .map(|finding| finding.id)
                .collect()
        };
        let all = ids(&host.diagnosis);
        for id in ids(&of_berlin).iter().chain(&ids(&of_hq)) {
            assert!(all.contains(id), "{id}: {all:?}");
        }
        let own = host
            .diagnosis
            .findings
            .iter()
            .find(|one| one.id == of_berlin.worst().unwrap().id);
        assert!(own.unwrap().evidence.starts_with("from berlin: "));
    }
}

#[test]
fn a_finding_of_a_site_whose_view_is_not_the_worst_is_kept() {
    let berlin = seen_from("berlin", attempts(shows_certificate(2048, 20)));
    let hq = seen_from("hq", attempts(is_silent));
    let fleet = fleet(&[berlin, hq]);
    let host = host(&fleet);
    assert_eq!(host.diagnosis.failed_stage, Some(Stage::Tcp));
    let expired = host
        .diagnosis
        .findings
        .iter()
        .find(|one| one.id == "RDP-CERT-EXPIRED");
    assert!(expired.unwrap().evidence.starts_with("from berlin: "));
    assert!(host.sites()[0].findings.contains(&"RDP-CERT-EXPIRED"));
    assert!(!host.sites()[1].findings.contains(&"RDP-CERT-EXPIRED"));
}

#[test]
fn a_name_that_one_site_cannot_resolve_is_a_row_there_whatever_the_order() {
    let resolved = |endpoints| EventBody::TargetResolved {
        name: "srv05.corp.example".into(),
        port: 3389,
        endpoints,
        excluded: Vec::new(),
        lookups: Vec::new(),
    };
    let berlin = seen_from(
        "berlin",
        [resolved(vec![here()])].into_iter().chain(attempts(works)),
    );
    let hq = seen_from("hq", [resolved(Vec::new())]);
    let missing = HostKey::Unresolved {
        name: "srv05.corp.example".to_owned(),
        port: 3389,
    };
    for events in [[berlin.clone(), hq.clone()], [hq, berlin]] {
        let fleet = fleet(&events);
        assert_eq!(fleet.summary().hosts, 2);
        let row = fleet.host(fleet.find(&missing).unwrap()).unwrap();
        // One site only saw each, and it is named.
        assert_eq!(row.sites()[0].site.as_str(), "hq");
        assert_eq!(host(&fleet).sites()[0].site.as_str(), "berlin");
        assert_eq!(host(&fleet).sites().len(), 1);
    }
}
