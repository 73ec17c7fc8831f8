//! Every scenario in `tests/fleets`, and the demo: start the simulated fleet, scan it through the library, and hold what was
//! found against what the scenario expects.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rdpscan::clock;
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::Fleet;
use rdpscan::model::{ConnectionPurpose, Progress, Stage};
use rdpscan::probe::dns::{DnsOptions, Names};
use rdpscan::probe::trust::TrustStore;
use rdpscan::probe::{LiveProber, ProbeOptions};
use rdpscan::scan::{self, ScanOptions};
use rdpscan::sim::{self, Ports, RunningFleet, Scenario, StartOptions, judge_fleet};
use rdpscan::target::TargetSetBuilder;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Long enough for a healthy host on a busy machine, short enough to wait for silent ones three times.
const STAGE: Duration = Duration::from_millis(1200);

fn probe_options(running: &RunningFleet) -> ProbeOptions {
    let names = Names::new(DnsOptions {
        servers: vec![running.dns()],
        timeout: STAGE,
    });
    let trust = TrustStore::from_roots([running.root_certificate()]);
    ProbeOptions {
        connect: STAGE,
        x224: STAGE,
        tls: STAGE,
        credssp: STAGE,
        deadline: STAGE * 4,
        ..ProbeOptions::new(names, Arc::new(trust))
    }
}

/// Scans a running fleet to the end, with everything as usual but the pauses.
async fn scanned(running: &RunningFleet) -> Fleet {
    let mut targets = TargetSetBuilder::new(&[running.port()]);
    for text in running.targets() {
        targets.add_text(&text).unwrap();
    }
    let prober = LiveProber::new(probe_options(running));
    let options = ScanOptions {
        interval: Duration::from_millis(50),
        gap: Duration::from_millis(10),
        rounds: vec![Duration::from_millis(300), Duration::from_millis(600)],
        connect_timeout: Duration::from_millis(600),
        simulated: true,
        ..ScanOptions::default()
    };
    let (sender, mut events) = mpsc::channel(scan::EVENT_CAPACITY);
    let (progress, _) = watch::channel(Progress::default());
    let engine = tokio::spawn(scan::run(
        Arc::new(targets.build().unwrap()),
        Arc::new(prober),
        options,
        sender,
        progress,
        CancellationToken::new(),
    ));
    let mut fleet = Fleet::new(Policy::default());
    while let Some(event) = events.recv().await {
        fleet.apply(event);
    }
    engine.await.unwrap();
    fleet
}

async fn hold(scenario: &Scenario) {
    let options = StartOptions {
        now: clock::wall(),
        ports: Ports::Free,
    };
    let running = sim::Fleet::start(scenario, options).await.unwrap();
    let fleet = scanned(&running).await;
    let mut differences = judge_fleet(&running, &fleet);
    differences.extend(impositions(&running, &fleet));
    running.stop().await;
    assert!(
        differences.is_empty(),
        "{}:\n{}",
        scenario.title,
        differences.join("\n")
    );
}

/// Hosts that got more connections than the README promises, or two at once.
fn impositions(running: &RunningFleet, fleet: &Fleet) -> Vec<String> {
    let promised = |endpoint| {
        let history = fleet.history(endpoint);
        let attempts = history
            .map(|history| history.attempts.clone())
            .unwrap_or_default();
        let takes_only_the_second = attempts.iter().all(|attempt| {
            attempt.stages.iter().any(|record| {
                record.connection == ConnectionPurpose::Renegotiate && record.stage == Stage::X224
            })
        });
        if takes_only_the_second { 6 } else { 5 }
    };
    let mut faults = Vec::new();
    for host in running.hosts() {
        let visits = running.visits(host.endpoint);
        if visits.len() > promised(host.endpoint) {
            faults.push(format!("{}: {} connections", host.endpoint, visits.len()));
        }
        if visits.iter().any(|visit| visit.open_at_once > 1) {
            faults.push(format!("{}: two connections at once", host.endpoint));
        }
    }
    faults
}

async fn hold_file(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fleets")
        .join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    hold(&Scenario::from_toml(&text).unwrap()).await;
}

/// One test per scenario file, so that they run side by side and fail one by one.
macro_rules! scenarios {
    ($($test:ident: $file:literal),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $test() {
                hold_file($file).await;
            }
        )+

        #[test]
        fn no_scenario_file_is_forgotten() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fleets");
            let mut files: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let mut held = [$($file),+];
            held.sort_unstable();
            assert_eq!(files, held);
        }
    };
}

scenarios! {
    hosts_in_order_are_healthy: "healthy.toml",
    negotiation_is_told_apart: "negotiation.toml",
    tls_is_told_apart: "tls.toml",
    certificates_are_told_apart: "certificates.toml",
    names_are_held_against_addresses: "dns.toml",
    sometimes_is_told_from_always: "stability.toml",
    ports_are_told_apart: "tcp.toml",
}

#[tokio::test]
async fn the_demo_finds_what_it_promises() {
    hold(&Scenario::demo().unwrap()).await;
}
