//! What goes wrong between coordinator, server and workers: no host is lost, none is counted twice, nothing hangs, and each fault is
//! one notice.

use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::stream;
use futures_util::StreamExt as _;
use rdpscan::model::{EVENT_SCHEMA, EventBody, Notice, ScanEvent, ScanStatus};
use rdpscan::sites::subjects;
use tokio::time::{sleep, timeout};

use super::processes::{NatsServer, Scan, Worker};
use super::{events, fleet, fold, notices};
use crate::kit;

/// Longer than a site may be silent.
const OUTAGE: Duration = Duration::from_secs(11);
const SOON: Duration = Duration::from_secs(30);

/// What was said of the sites and of NATS, in its order.
fn told(events: &[ScanEvent]) -> Vec<Notice> {
    let notices = events.iter().filter_map(|event| match &event.body {
        EventBody::Notice(notice) => Some(notice.clone()),
        _ => None,
    });
    let is_of_sites = |notice: &Notice| {
        matches!(
            notice,
            Notice::NatsDown { .. }
                | Notice::NatsResponds
                | Notice::SiteSilent { .. }
                | Notice::SiteResponds { .. }
                | Notice::ShardFailed { .. }
                | Notice::EventsDropped { .. }
                | Notice::EventsMissing { .. }
        )
    };
    notices.filter(is_of_sites).collect()
}

async fn next_shard(shards: &PullConsumer) -> async_nats::jetstream::Message {
    let fetch = async {
        let messages = shards.fetch().max_messages(1).expires(SOON).messages();
        messages.await.unwrap().next().await.unwrap().unwrap()
    };
    timeout(SOON, fetch).await.unwrap()
}

/// Each waits for ten seconds or more, so they wait together.
#[tokio::test]
async fn what_lasts_is_one_notice_and_costs_no_host() {
    tokio::join!(
        server_gone_for_long(),
        silent_site(),
        reader_stands_still(),
        full_jetstream(),
    );
}

/// A server that is gone for long is one notice, and makes no site silent.
async fn server_gone_for_long() {
    let Some(mut nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("tls.toml").await;
    let alone = Scan::of(&hosts, &[]).finish().await;
    let _worker = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    let scan = Scan::of(&hosts, &["--nats", &nats.url(), "--sites", "berlin"]);
    scan.wait_for("attempt_finished").await;
    nats.kill();
    scan.wait_for("nats_down").await;
    // The fault is that it lasts.
    sleep(OUTAGE).await;
    nats.start_again();
    let shared = scan.finish().await;
    assert_eq!(shared.status, Some(0), "{}", shared.errors);
    let (alone, shared) = (events(&alone.recording), events(&shared.recording));
    assert_eq!(kit::differences(&fold(&alone), &fold(&shared)), [""; 0]);
    let told = told(&shared);
    assert!(
        matches!(&*told, [Notice::NatsDown { .. }, Notice::NatsResponds]),
        "{told:?}"
    );
    assert_eq!(notices(&fold(&shared)), []);
    hosts.stop().await;
}

#[tokio::test]
async fn a_scan_ends_soon_after_ctrl_c_though_the_server_is_gone() {
    let Some(mut nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let scan = Scan::of(&hosts, &["--nats", &nats.url(), "--sites", "berlin"]);
    scan.wait_for("work_planned").await;
    nats.kill();
    scan.wait_for("nats_down").await;
    let start = rdpscan::clock::monotonic();
    scan.interrupt();
    let scan = scan.finish().await;
    assert_eq!(scan.status, Some(130), "{}", scan.errors);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
    let told = told(&events(&scan.recording));
    assert!(matches!(&*told, [Notice::NatsDown { .. }]), "{told:?}");
    hosts.stop().await;
}

/// A silent site is one notice, until a worker responds.
async fn silent_site() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let scan = Scan::of(&hosts, &["--nats", &nats.url(), "--sites", "berlin"]);
    scan.wait_for("site_silent").await;
    let _worker = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    let scan = scan.finish().await;
    assert_eq!(scan.status, Some(0), "{}", scan.errors);
    let told = told(&events(&scan.recording));
    assert!(
        matches!(
            &*told,
            [Notice::SiteSilent { .. }, Notice::SiteResponds { .. }]
        ),
        "{told:?}"
    );
    hosts.stop().await;
}

/// A reader that stands still loses nothing, and takes no site for silent.
async fn reader_stands_still() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("tls.toml").await;
    let alone = Scan::of(&hosts, &[]).finish().await;
    let _worker = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    let scan = Scan::of(&hosts, &["--nats", &nats.url(), "--sites", "berlin"]);
    scan.wait_for("attempt_finished").await;
    scan.signal("-STOP");
    sleep(OUTAGE).await;
    scan.signal("-CONT");
    let shared = scan.finish().await;
    assert_eq!(shared.status, Some(0), "{}", shared.errors);
    let (alone, shared) = (events(&alone.recording), events(&shared.recording));
    assert_eq!(kit::differences(&fold(&alone), &fold(&shared)), [""; 0]);
    assert_eq!(told(&shared), []);
    hosts.stop().await;
}

#[tokio::test]
async fn two_scans_share_the_workers_and_each_finds_its_own() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let alone = fold(&events(&Scan::of(&hosts, &[]).finish().await.recording));
    let _workers =
        ["berlin", "berlin"].map(|site| Worker::start(&nats, site, "127.0.0.0/8", &hosts));
    let flags = ["--nats", &nats.url(), "--sites", "berlin"];
    let scans = [Scan::of(&hosts, &flags), Scan::of(&hosts, &flags)];
    for scan in scans {
        let scan = scan.finish().await;
        assert_eq!(scan.status, Some(0), "{}", scan.errors);
        let events = events(&scan.recording);
        let whole = fold(&events);
        assert_eq!(kit::differences(&alone, &whole), [""; 0]);
        assert_eq!((notices(&whole), told(&events)), (Vec::new(), Vec::new()));
    }
    assert_eq!(nats.stored().await, [0, 0]);
    hosts.stop().await;
}

#[tokio::test]
async fn a_worker_of_another_version_costs_a_notice_and_no_host() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let alone = Scan::of(&hosts, &[]).finish().await;
    let scan = Scan::of(&hosts, &["--nats", &nats.url(), "--sites", "berlin"]);
    let first = scan.wait_for("work_planned").await;
    let first: ScanEvent = serde_json::from_str(&first).unwrap();
    let shards = nats.shards("berlin").await;
    // It scans, sends what this version cannot read, and takes the shard for done.
    let taken = next_shard(&shards).await;
    let subject = subjects::events(first.scan, &"berlin".parse().unwrap());
    nats.publish(&subject, "rdpscan.events/9", b"{}\n".to_vec())
        .await;
    taken.double_ack().await.unwrap();
    // What a newer rdpscan gives out is left to workers of its own.
    let other = "20261101T110000Z-00c0ffee".parse().unwrap();
    let subject = subjects::work(&"berlin".parse().unwrap(), other);
    let newer = br#"{"schema":"rdpscan.work/9","events":"rdpscan.events/9"}"#;
    nats.publish(&subject, EVENT_SCHEMA, newer.to_vec()).await;
    let _worker = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    let shared = scan.finish().await;
    assert_eq!(shared.status, Some(0), "{}", shared.errors);
    let (alone, shared) = (events(&alone.recording), events(&shared.recording));
    assert_eq!(kit::differences(&fold(&alone), &fold(&shared)), [""; 0]);
    let told = told(&shared);
    assert!(
        matches!(&*told, [Notice::EventsDropped { reason, .. }] if &**reason == "they are of another version"),
        "{told:?}"
    );
    assert_eq!(nats.stored().await[0], 1);
    hosts.stop().await;
}

/// A user whom the server does not tell of shards that nobody ends.
const UNTOLD: &str = "authorization { users = [ { user: a, password: a, permissions: { subscribe: { deny: [\"$JS.EVENT.>\"] } } } ] }\nno_auth_user: a\n";

#[tokio::test]
async fn a_shard_that_nobody_ends_is_one_notice_and_the_scan_ends() {
    tokio::join!(shard_without_end(""), shard_without_end(UNTOLD));
}

async fn shard_without_end(extra: &str) {
    let configured = NatsServer::configured(|port, folder| {
        let store = folder.join("store");
        format!(
            "listen: 127.0.0.1:{port}\njetstream {{ store_dir: '{}' }}\n{extra}",
            store.display()
        )
    });
    let Some(nats) = configured else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let scan = Scan::of(&hosts, &["--nats", &nats.url(), "--sites", "berlin"]);
    scan.wait_for("work_planned").await;
    let shards = nats.shards("berlin").await;
    let failed = next_shard(&shards).await;
    let place = failed.info().unwrap().stream_sequence;
    failed.ack_with(AckKind::Nak(None)).await.unwrap();
    for _ in 1..5 {
        let shard = next_shard(&shards).await;
        assert_eq!(shard.info().unwrap().stream_sequence, place);
        shard.ack_with(AckKind::Nak(None)).await.unwrap();
    }
    let _worker = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    let scan = scan.finish().await;
    assert_eq!(scan.status, Some(130), "{}", scan.errors);
    let events = events(&scan.recording);
    let told = told(&events);
    assert!(
        matches!(&*told, [Notice::ShardFailed { deliveries: 5, .. }]),
        "{told:?}"
    );
    let end = fold(&events).end().unwrap();
    assert_eq!(end.status, ScanStatus::Interrupted);
    assert_eq!(nats.stored().await, [0, 0]);
    hosts.stop().await;
}

/// A full `JetStream` is waited for, with one notice.
async fn full_jetstream() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let alone = Scan::of(&hosts, &[]).finish().await;
    // As other scans fill it, whose coordinators are gone.
    let context = async_nats::jetstream::new(nats.client().await);
    let config = stream::Config {
        name: subjects::EVENTS.to_owned(),
        subjects: vec![subjects::ALL_EVENTS.to_owned()],
        max_bytes: 1 << 20,
        discard: stream::DiscardPolicy::New,
        ..stream::Config::default()
    };
    let stream = context.create_stream(config).await.unwrap();
    let other = "rdpscan.events.20261101T110000Z-00c0ffee.hq";
    for size in [100_000, 1_000, 10] {
        let fill = || context.publish(other, vec![b'x'; size].into());
        while fill().await.unwrap().await.is_ok() {}
    }
    let _worker = Worker::start(&nats, "berlin", "127.0.0.0/8", &hosts);
    let scan = Scan::of(&hosts, &["--nats", &nats.url(), "--sites", "berlin"]);
    let down = scan.wait_for("nats_down").await;
    assert!(down.contains("maximum bytes exceeded"), "{down}");
    stream.purge().filter(other).await.unwrap();
    let shared = scan.finish().await;
    assert_eq!(shared.status, Some(0), "{}", shared.errors);
    let (alone, shared) = (events(&alone.recording), events(&shared.recording));
    assert_eq!(kit::differences(&fold(&alone), &fold(&shared)), [""; 0]);
    let told = told(&shared);
    assert!(
        matches!(&*told, [Notice::NatsDown { .. }, Notice::NatsResponds]),
        "{told:?}"
    );
    hosts.stop().await;
}
