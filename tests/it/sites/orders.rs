//! A coordinator in this process, with a server and workers that the test plays: what it orders, and when.

use std::time::Duration;

use futures_util::StreamExt as _;
use rdpscan::model::{Control, Notice, Origin, Progress, ScanEvent, ScanId, Site};
use rdpscan::scan::ScanOptions;
use rdpscan::sites::{
    Coordinator, Heartbeat, LogOn, Order, Server, ServerUrl, SitesScan, Transport, subjects,
};
use rdpscan::targets::TargetSetBuilder;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::processes::NatsServer;

const SOON: Duration = Duration::from_secs(20);

fn site() -> Site {
    "berlin".parse().unwrap()
}

fn id() -> ScanId {
    "20261201T110000Z-00c0ffee".parse().unwrap()
}

struct Running {
    events: mpsc::Receiver<ScanEvent>,
    orders: mpsc::Sender<Control>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<rdpscan::model::ScanEnd>,
}

/// A scan of these targets from one site.
async fn start(nats: &NatsServer, targets: &str) -> Running {
    let server = Server {
        url: ServerUrl::parse(&nats.url()).unwrap(),
        log_on: LogOn::Anonymous,
        ca_file: None,
    };
    let transport = Transport::connect(&server, None).await.unwrap();
    let sites = vec![site()];
    let wait = Duration::from_secs(5);
    transport.prepare(&sites, wait).await.unwrap();
    let mut builder = TargetSetBuilder::new(&[3389]);
    builder.add_text(targets).unwrap();
    let scan = SitesScan {
        targets: builder.build().unwrap().into(),
        options: ScanOptions {
            origin: Origin::new(id(), site()),
            ..ScanOptions::default()
        },
        sites,
        resumed: None,
    };
    let (sender, events) = mpsc::channel(1024);
    let (orders, receiver) = mpsc::channel(8);
    let (progress, _) = watch::channel(Progress::default());
    let stop = CancellationToken::new();
    let coordinator = Coordinator::new(transport, scan);
    let task = tokio::spawn(coordinator.run(sender, progress, stop.clone(), Some(receiver)));
    Running {
        events,
        orders,
        stop,
        task,
    }
}

impl Running {
    async fn end(mut self) -> Vec<ScanEvent> {
        self.stop.cancel();
        let mut events = Vec::new();
        while let Some(event) = timeout(SOON, self.events.recv()).await.unwrap() {
            events.push(event);
        }
        timeout(SOON, self.task).await.unwrap().unwrap();
        events
    }
}

async fn beat(client: &async_nats::Client, paused: bool) {
    let beat = Heartbeat {
        worker: "played".into(),
        scan: Some(id()),
        paused,
        ..Heartbeat::default()
    };
    let payload = serde_json::to_vec(&beat).unwrap().into();
    client
        .publish(subjects::status(&site()), payload)
        .await
        .unwrap();
    client.flush().await.unwrap();
}

#[tokio::test]
async fn a_worker_that_missed_an_order_to_pause_is_told_again_and_nothing_is_given_out() {
    let Some(nats) = NatsServer::start() else {
        return;
    };
    // More shards than are given out at once, so that one waits for the next that ends.
    let scan = start(&nats, "10.0.0.0/17").await;
    let client = nats.client().await;
    let mut orders = client.subscribe(subjects::control(id())).await.unwrap();
    client.flush().await.unwrap();
    let shards = nats.shards("berlin").await;
    let mut shards = shards
        .stream()
        .max_messages_per_batch(1)
        .messages()
        .await
        .unwrap();
    let shard = timeout(SOON, shards.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    scan.orders.send(Control::Pause).await.unwrap();
    let mut next = async || {
        let message = timeout(SOON, orders.next()).await.unwrap().unwrap();
        serde_json::from_slice::<Order>(&message.payload).unwrap()
    };
    assert_eq!(next().await, Order::Pause);
    beat(&client, true).await;
    beat(&client, false).await;
    assert_eq!(next().await, Order::Pause);
    let [waiting, _] = nats.stored().await;
    shard.ack().await.unwrap();
    scan.orders.send(Control::Resume).await.unwrap();
    assert_eq!(next().await, Order::Resume);
    beat(&client, true).await;
    assert_eq!(next().await, Order::Resume);
    assert!(waiting <= 32, "{waiting}");
    scan.end().await;
}

#[tokio::test]
async fn an_outage_is_over_when_the_server_is_back_though_nothing_waits_to_be_given_out() {
    let Some(mut nats) = NatsServer::start() else {
        return;
    };
    let mut scan = start(&nats, "10.0.0.0/30").await;
    let shards = nats.shards("berlin").await;
    let mut shards = shards.messages().await.unwrap();
    timeout(SOON, shards.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let mut told = Vec::new();
    nats.kill();
    while told.len() < 2 {
        let event = timeout(SOON, scan.events.recv()).await.unwrap().unwrap();
        match event.body {
            rdpscan::model::EventBody::Notice(notice @ Notice::NatsDown { .. }) => {
                told.push(notice);
                nats.start_again();
            }
            rdpscan::model::EventBody::Notice(notice @ Notice::NatsResponds) => told.push(notice),
            _ => {}
        }
    }
    let [Notice::NatsDown { .. }, Notice::NatsResponds] = &*told else {
        panic!("{told:?}");
    };
    scan.end().await;
}
