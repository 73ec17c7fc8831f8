//! Scans by workers, over a real nats-server: equal to one process, whatever happens to workers and server.
#![cfg(test)]

mod faults;
mod keys;
mod orders;
mod processes;
mod resumed;
mod secured;

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;
use std::path::Path;

use rdpscan::fleet::Fleet;
use rdpscan::model::{
    EVENT_SCHEMA, EventBody, HostState, Notice, Origin, ScanEvent, ScanStatus, Site, Stream,
};
use rdpscan::record::{Reader, append_line};
use rdpscan::sim::{Ports, Scenario, SimulatedFleet, StartOptions};
use rdpscan::sites::subjects;

use self::processes::{NatsServer, Scan, Worker};
use crate::kit;

pub(crate) async fn fleet(file: &str) -> SimulatedFleet {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fleets")
        .join(file);
    let scenario = Scenario::from_toml(&std::fs::read_to_string(path).unwrap()).unwrap();
    let options = StartOptions {
        now: rdpscan::clock::wall(),
        ports: Ports::Free,
    };
    SimulatedFleet::start(&scenario, options).await.unwrap()
}

pub(crate) fn events(recording: &Path) -> Vec<ScanEvent> {
    let file = std::fs::File::open(recording).unwrap();
    let reader = Reader::new(BufReader::new(file)).unwrap();
    reader.map(Result::unwrap).collect()
}

pub(crate) fn fold(events: &[ScanEvent]) -> Fleet {
    kit::judged(events.iter().cloned())
}

/// Without that this machine was busy, which says nothing about workers.
pub(crate) fn notices(fleet: &Fleet) -> Vec<Notice> {
    let mut notices = fleet.notices();
    notices.retain(|notice| !matches!(notice, Notice::Busy { .. }));
    notices
}

/// The highest delivery of each shard that sent events.
fn deliveries(events: &[ScanEvent]) -> BTreeMap<u32, u32> {
    let mut all = BTreeMap::new();
    for event in events {
        if let Stream::Shard { number, delivery } = event.stream {
            let newest = all.entry(number).or_default();
            *newest = delivery.max(*newest);
        }
    }
    all
}

#[tokio::test]
async fn the_workers_of_a_scan_find_what_one_process_finds() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    for file in ["tls.toml", "healthy.toml"] {
        let hosts = fleet(file).await;
        let alone = Scan::of(&hosts, &[]).finish().await;
        let _workers =
            ["berlin", "hq"].map(|site| Worker::start(&nats, site, "127.0.0.0/8", &hosts));
        let shared = Scan::of(&hosts, &["--nats", &nats.url()]).finish().await;
        assert_eq!(shared.status, Some(0), "{}", shared.errors);
        let (alone, shared) = (events(&alone.recording), events(&shared.recording));
        let fleet = fold(&shared);
        assert_eq!(kit::differences(&fold(&alone), &fleet), [""; 0]);
        assert_eq!(notices(&fleet), []);
        assert_eq!(fleet.end().unwrap().status, ScanStatus::Complete);
        assert_eq!(fleet.site(), subjects::ANY);
        assert!(deliveries(&shared).values().all(|delivery| *delivery == 1));
        // What was read is kept by the coordinator, and not by NATS.
        assert_eq!(nats.stored().await, [0, 0]);
        hosts.stop().await;
    }
}

#[tokio::test]
async fn each_of_several_sites_scans_everything_and_a_host_is_one_row() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("tls.toml").await;
    let alone = Scan::of(&hosts, &[]).finish().await;
    let sites = ["berlin", "hq"];
    let _workers = sites.map(|site| Worker::start(&nats, site, "127.0.0.0/8", &hosts));
    let both = Scan::of(&hosts, &["--nats", &nats.url(), "--sites", "berlin,hq"]);
    let both = both.finish().await;
    assert_eq!(both.status, Some(0), "{}", both.errors);
    let (alone, both) = (events(&alone.recording), events(&both.recording));
    let fleet = fold(&both);
    assert_eq!(kit::differences(&fold(&alone), &fleet), [""; 0]);
    assert_eq!(notices(&fleet), []);
    for (_, host) in fleet.hosts() {
        let seen: Vec<&str> = host.sites().iter().map(|view| view.site.as_str()).collect();
        assert_eq!(seen, sites, "{}", host.key());
    }
    hosts.stop().await;
}

#[tokio::test]
async fn the_rate_holds_from_one_part_to_the_next() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let _worker = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    // Four parts of 256 addresses that refuse at once.
    let port = hosts.port.to_string();
    let url = nats.url();
    let flags = ["--port", &port, "--rate", "512", "--no-dns", "--nats", &url];
    let scan = Scan::new(&[&["127.77.8.0/22"], &flags[..]].concat());
    let scan = scan.finish().await;
    assert_eq!(scan.status, Some(0), "{}", scan.errors);
    let mut ends: Vec<_> = events(&scan.recording)
        .into_iter()
        .filter(|event| event.scan_end().is_none())
        .filter(|event| matches!(event.body, EventBody::ScanFinished(_)))
        .map(|event| event.at)
        .collect();
    ends.sort();
    assert_eq!(ends.len(), 4);
    let took = ends[3].duration_since(ends[0]).as_secs_f64();
    assert!(
        took > 1.2,
        "three parts of half a second each took {took} s"
    );
    hosts.stop().await;
}

#[tokio::test]
async fn a_worker_that_is_killed_in_mid_shard_loses_nothing_and_doubles_nothing() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("tls.toml").await;
    let alone = Scan::of(&hosts, &[]).finish().await;
    let first = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    let scan = Scan::of(&hosts, &["--nats", &nats.url(), "--sites", "berlin"]);
    scan.wait_for("attempt_finished").await;
    first.kill();
    let _second = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    let shared = scan.finish().await;
    assert_eq!(shared.status, Some(0), "{}", shared.errors);
    let (alone, shared) = (events(&alone.recording), events(&shared.recording));
    assert!(deliveries(&shared).values().any(|delivery| *delivery > 1));
    let fleet = fold(&shared);
    assert_eq!(kit::differences(&fold(&alone), &fleet), [""; 0]);
    assert_eq!(notices(&fleet), []);
    for (_, host) in fleet.hosts() {
        let attempts = host.history().attempts;
        let numbers: BTreeSet<u32> = attempts.iter().map(|one| one.number).collect();
        assert_eq!(numbers.len(), attempts.len(), "{}", host.key());
    }
    hosts.stop().await;
}

#[tokio::test]
async fn a_server_that_is_restarted_costs_time_and_nothing_else() {
    let Some(mut nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("tls.toml").await;
    let alone = Scan::of(&hosts, &[]).finish().await;
    let _worker = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    let scan = Scan::of(&hosts, &["--nats", &nats.url(), "--sites", "berlin"]);
    scan.wait_for("attempt_finished").await;
    nats.kill();
    nats.start_again();
    let shared = scan.finish().await;
    assert_eq!(shared.status, Some(0), "{}", shared.errors);
    let (alone, shared) = (events(&alone.recording), events(&shared.recording));
    assert_eq!(kit::differences(&fold(&alone), &fold(&shared)), [""; 0]);
    hosts.stop().await;
}

#[tokio::test]
async fn a_worker_contacts_what_its_list_allows_and_the_report_says_so() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let (allowed, refused) = (hosts.hosts[0].endpoint, hosts.hosts[1].endpoint);
    let _worker = Worker::start(&nats, "berlin", &allowed.address.to_string(), &hosts);
    let targets = [allowed.to_string(), refused.to_string()];
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    let url = nats.url();
    let scan = Scan::new(&[&*targets, &["--nats", &url, "--no-dns"]].concat());
    let scan = scan.finish().await;
    let fleet = fold(&events(&scan.recording));
    assert!(hosts.connections(refused).is_empty());
    assert!(!hosts.connections(allowed).is_empty());
    let state = |endpoint| {
        let id = fleet
            .find(&rdpscan::model::HostKey::Endpoint(endpoint))
            .unwrap();
        fleet.host(id).unwrap().diagnosis.state
    };
    assert_eq!(state(refused), HostState::NotProbed);
    assert_ne!(state(allowed), HostState::NotProbed);
    let text = notices(&fleet)[0].to_string();
    assert!(text.starts_with("site berlin refused some hosts"), "{text}");
    // A DNS server that it may not ask.
    let url = nats.url();
    let scan = Scan::new(&[
        "srv05.example",
        targets[0],
        "--nats",
        &url,
        "--dns",
        "127.9.9.9",
    ]);
    let scan = scan.finish().await;
    let fleet = fold(&events(&scan.recording));
    let text = notices(&fleet)[0].to_string();
    assert!(
        text.starts_with("site berlin refused DNS server 127.9.9.9:53"),
        "{text}"
    );
    assert_eq!(scan.status, Some(130));
    assert_eq!(fleet.hosts().count(), 2);
    hosts.stop().await;
}

#[tokio::test]
async fn a_scan_that_is_stopped_ends_soon_and_takes_its_work_back() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("tls.toml").await;
    // Nobody works, so all of it waits.
    let scan = Scan::of(&hosts, &["--nats", &nats.url()]);
    scan.wait_for("work_planned").await;
    scan.interrupt();
    let scan = scan.finish().await;
    assert_eq!(scan.status, Some(130));
    let fleet = fold(&events(&scan.recording));
    assert_eq!(fleet.end().unwrap().status, ScanStatus::Interrupted);
    assert!(fleet.hosts().count() > 0);
    for (_, host) in fleet.hosts() {
        assert_eq!(host.diagnosis.state, HostState::NotProbed, "{}", host.key());
    }
    assert_eq!(nats.stored().await, [0, 0]);
    hosts.stop().await;
}

#[tokio::test]
async fn forged_events_are_dropped_with_a_notice() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let scan = Scan::of(&hosts, &["--nats", &nats.url(), "--sites", "berlin"]);
    let first = scan.wait_for("work_planned").await;
    let first: ScanEvent = serde_json::from_str(&first).unwrap();
    let site: Site = "berlin".parse().unwrap();
    let origin = Origin {
        stream: Stream::Shard {
            number: 0,
            delivery: 1,
        },
        ..Origin::new(first.scan, site.clone())
    };
    let attempt = || kit::attempt_finished(kit::attempt_at(kit::endpoint("10.66.6.6")));
    let forged = [
        ScanEvent::new(&origin, 0, kit::now(), attempt()),
        ScanEvent::new(
            &Origin::new(first.scan, site.clone()),
            0,
            kit::now(),
            attempt(),
        ),
        ScanEvent {
            site: "hq".parse().unwrap(),
            ..ScanEvent::new(&origin, 0, kit::now(), attempt())
        },
        ScanEvent::new(&origin, 0, kit::now(), EventBody::Notice(Notice::TimeLimit)),
    ];
    let mut lines = b"nonsense\n".to_vec();
    for event in &forged {
        append_line(&mut lines, event).unwrap();
    }
    let subject = subjects::events(first.scan, &site);
    nats.publish(&subject, EVENT_SCHEMA, lines.clone()).await;
    nats.publish(&subject, "rdpscan.events/9", lines).await;
    scan.wait_for("another version").await;
    let _worker = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    let scan = scan.finish().await;
    assert_eq!(scan.status, Some(0), "{}", scan.errors);
    let fleet = fold(&events(&scan.recording));
    let reasons: BTreeSet<String> = fleet
        .notices()
        .into_iter()
        .map(|notice| match notice {
            Notice::EventsDropped { reason, .. } => reason.into(),
            other => other.to_string(),
        })
        .collect();
    let wanted = [
        "they are about hosts outside their shard",
        "they are damaged",
        "they are not a worker's to send",
        "they are of another site",
        "they are of another version",
        "they are of no shard of this scan",
    ];
    assert_eq!(reasons, wanted.map(str::to_owned).into());
    assert!(fleet.hosts().all(|(_, host)| {
        host.key()
            .endpoint()
            .is_none_or(|one| one.address.is_loopback())
    }));
    hosts.stop().await;
}
