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
