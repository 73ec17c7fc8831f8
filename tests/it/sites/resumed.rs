//! A scan by workers that broke off, and goes on.

use rdpscan::model::{EventBody, Notice, ScanStatus, Stream};
use rdpscan::sim::SimulatedFleet;

use super::processes::{NatsServer, Scan, Worker, journal};
use super::{deliveries, events, fleet, fold, notices};
use crate::kit;

/// Shards of addresses that refuse, besides the fleet.
const MORE: &str = "127.77.0.0/21";
/// Deliveries of a shard that a run has for itself.
const OF_A_RUN: u32 = 10;

fn scan(hosts: &SimulatedFleet, flags: &[&str]) -> Scan {
    Scan::of(hosts, &[&[MORE], flags].concat())
}

#[tokio::test]
async fn a_coordinator_that_is_killed_goes_on_where_it_was() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("tls.toml").await;
    let alone = scan(&hosts, &[]).finish().await;
    let _worker = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    let first = scan(&hosts, &["--nats", &nats.url(), "--sites", "berlin"]);
    first.wait_for_kept("scan_finished").await;
    let folder = first.kill();
    let before = events(&journal(&folder).unwrap());
    let ended = |event: &rdpscan::model::ScanEvent| match (event.stream, &event.body) {
        (Stream::Shard { number, .. }, EventBody::ScanFinished(_)) => Some(number),
        _ => None,
    };
    let done: Vec<u32> = before.iter().filter_map(ended).collect();
    assert!(!done.is_empty());
    // The server of the settings is the one of the scan.
    let second = Scan::resume(folder, &[]).finish().await;
    assert_eq!(second.status, Some(0), "{}", second.errors);
    let all = events(&second.recording);
    let whole = fold(&all);
    assert_eq!(
        kit::differences(&fold(&events(&alone.recording)), &whole),
        [""; 0]
    );
    assert_eq!(notices(&whole), []);
    assert_eq!(whole.end().unwrap().status, ScanStatus::Complete);
    let deliveries = deliveries(&all);
    assert!(deliveries.len() >= 8, "{deliveries:?}");
    // What had ended is not scanned again, and the rest is by deliveries of its own.
    for (number, delivery) in &deliveries {
        let is_done = done.contains(number);
        assert!(!is_done || *delivery <= OF_A_RUN, "{number}: {delivery}");
    }
    assert!(deliveries.values().any(|delivery| *delivery > OF_A_RUN));
    assert_eq!(nats.stored().await, [0, 0]);
    hosts.stop().await;
}

#[tokio::test]
async fn a_scan_that_was_stopped_is_resumed_with_further_excludes_and_by_one_process() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let first = Scan::of(&hosts, &["--nats", &nats.url(), "--sites", "berlin"]);
    first.wait_for("work_planned").await;
    let excluded = hosts.hosts[0].endpoint;
    first.interrupt();
    let first = first.finish().await;
    assert_eq!(first.status, Some(130), "{}", first.errors);
    let address = excluded.address.to_string();
    let second = Scan::resume(first.folder, &["--exclude", &address]);
    second.wait_for("run-2").await;
    let third = second.command(&["resume", "@last", "--no-tui"]);
    let text = String::from_utf8_lossy(&third.stderr);
    assert!(text.contains("in use by another rdpscan"), "{text}");
    let _worker = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    let second = second.finish().await;
    assert_eq!(second.status, Some(0), "{}", second.errors);
    let whole = fold(&events(&second.recording));
    assert!(hosts.connections(excluded).is_empty());
    assert_eq!(whole.end().unwrap().status, ScanStatus::Complete);
    let others = hosts.hosts.iter().skip(1);
    for host in others.filter(|host| host.endpoint.address != excluded.address) {
        assert!(!hosts.connections(host.endpoint).is_empty());
    }
    hosts.stop().await;
}

#[tokio::test]
async fn what_failed_is_done_when_the_scan_is_resumed() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let alone = Scan::of(&hosts, &[]).finish().await;
    // Its own list allows nothing of the scan.
    let refusing = Worker::start(&nats, "berlin", "127.99.0.0/16", &hosts);
    let first = Scan::of(&hosts, &["--nats", &nats.url(), "--sites", "berlin"]);
    let first = first.finish().await;
    assert_eq!(first.status, Some(130), "{}", first.errors);
    refusing.kill();
    let _worker = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    let second = Scan::resume(first.folder, &["@last"]).finish().await;
    assert_eq!(second.status, Some(0), "{}", second.errors);
    let whole = fold(&events(&second.recording));
    let alone = fold(&events(&alone.recording));
    assert_eq!(kit::differences(&alone, &whole), [""; 0]);
    // That it was refused is over.
    let is_refusal = |notice: &Notice| matches!(notice, Notice::OutsideAllowList { .. });
    assert!(!notices(&whole).iter().any(is_refusal));
    hosts.stop().await;
}
