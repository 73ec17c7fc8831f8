//! Every scenario in `tests/fleets`, and the demo: start the simulated fleet, scan it through the library, and hold what was
//! found against what the scenario expects.

mod farms;
mod judge;
mod killed;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rdpscan::clock;
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::{Fleet, HostId};
use rdpscan::model::{Attempt, ProbeTolerance, Progress, ScanEvent};
use rdpscan::probe::dns::{DnsOptions, Names};
use rdpscan::probe::trust::TrustStore;
use rdpscan::probe::{LiveProber, ProbeOptions};
use rdpscan::report::{self, Format, Selection};
use rdpscan::scan::{self, Connections, ScanOptions};
use rdpscan::sim::{Ports, Scenario, SimulatedFleet, StartOptions};
use rdpscan::targets::TargetSetBuilder;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Long enough for a healthy host on a busy machine, short enough to wait for silent ones three times.
const STAGE: Duration = Duration::from_millis(1200);

fn probe_options(running: &SimulatedFleet, stage: Duration) -> ProbeOptions {
    let names = Names::new(DnsOptions {
        servers: vec![running.dns],
        timeout: stage,
    });
    let trust = TrustStore::from_roots([running.root_certificate.as_slice()]);
    ProbeOptions {
        x224_long: stage * 2,
        ..ProbeOptions::new(names, Arc::new(trust), stage)
    }
}

/// Everything as usual but the pauses.
fn scan_options(scenario: &Scenario) -> ScanOptions {
    let usual = ScanOptions::default();
    ScanOptions {
        attempts: scenario.attempts.unwrap_or(usual.attempts),
        interval: Duration::from_millis(50),
        gap: Duration::from_millis(10),
        rounds: vec![Duration::from_millis(300), Duration::from_millis(600)],
        connect_timeout: Duration::from_millis(600),
        check_nla: scenario.check_nla,
        simulated: true,
        ..usual
    }
}

/// Scans a running fleet to the end, with this deadline for a stage.
async fn scan_events(
    running: &SimulatedFleet,
    options: ScanOptions,
    stage: Duration,
) -> Vec<ScanEvent> {
    let mut targets = TargetSetBuilder::new(&[running.port]);
    for text in running.targets() {
        targets.add_text(&text).unwrap();
    }
    let prober = LiveProber::new(probe_options(running, stage));
    let (sender, mut receiver) = mpsc::channel(scan::EVENT_CAPACITY);
    let (progress, _) = watch::channel(Progress::default());
    let engine = tokio::spawn(scan::run(
        Arc::new(targets.build().unwrap()),
        Arc::new(prober),
        options,
        sender,
        progress,
        CancellationToken::new(),
        None,
    ));
    let mut events = Vec::new();
    while let Some(event) = receiver.recv().await {
        events.push(event);
    }
    engine.await.unwrap();
    events
}

fn fold(events: impl IntoIterator<Item = ScanEvent>) -> Fleet {
    let mut fleet = Fleet::new(Policy::default());
    for event in events {
        fleet.apply(event);
    }
    fleet.settle();
    fleet
}

async fn start(scenario: &Scenario) -> SimulatedFleet {
    let options = StartOptions {
        now: clock::wall(),
        ports: Ports::Free,
    };
    SimulatedFleet::start(scenario, options).await.unwrap()
}

async fn hold(scenario: &Scenario) {
    let running = start(scenario).await;
    let fleet = fold(scan_events(&running, scan_options(scenario), STAGE).await);
    let mut differences = judge::judge_fleet(&running, &fleet);
    differences.extend(impositions(&running, &fleet, scenario));
    let raised: Vec<&str> = fleet.banners().iter().map(|banner| banner.id).collect();
    if raised != scenario.banners {
        let wanted = &scenario.banners;
        differences.push(format!("banners: expected {wanted:?}, found {raised:?}"));
    }
    running.stop().await;
    crate::schema::assert_fleet(&fleet);
    assert!(
        differences.is_empty(),
        "{}:\n{}",
        scenario.title,
        differences.join("\n")
    );
}

/// Hosts that got more connections than the README and `--dry-run` promise, or two at once.
fn impositions(running: &SimulatedFleet, fleet: &Fleet, scenario: &Scenario) -> Vec<String> {
    let promised = |endpoint| {
        let history = fleet.history(endpoint);
        let limits = Connections::of(scan_options(scenario).attempts, scenario.check_nla);
        let most = if history.is_some_and(|history| was_ambiguous(&history.attempts)) {
            limits.most
        } else {
            limits.closer
        };
        most as usize
    };
    let mut faults = Vec::new();
    for host in &running.hosts {
        let connections = running.connections(host.endpoint);
        if connections.len() > promised(host.endpoint) {
            faults.push(format!(
                "{}: {} connections",
                host.endpoint,
                connections.len()
            ));
        }
        if connections.iter().any(|one| one.open_at_once > 1) {
            faults.push(format!("{}: two connections at once", host.endpoint));
        }
    }
    faults
}

/// Whether the attempts, up to some one of them, left it open whether servers take turns.
fn was_ambiguous(attempts: &[Attempt]) -> bool {
    let mut tolerance = ProbeTolerance::default();
    attempts.iter().any(|attempt| {
        tolerance.observe(attempt);
        tolerance.is_ambiguous()
    })
}

fn scenario(file: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fleets")
        .join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    Scenario::from_toml(&text).unwrap()
}

async fn hold_file(file: &str) {
    hold(&scenario(file)).await;
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
    members_that_take_turns_are_flaky_and_nothing_else: "farms.toml",
    six_attempts_tell_more_than_three: "six-attempts.toml",
    slow_is_told_from_fast: "pace.toml",
    ports_are_told_apart: "tcp.toml",
    hosts_are_seen_together: "wide.toml",
    a_cut_on_the_way_blames_no_host: "midbox.toml",
    whether_nla_is_demanded_is_learnt_when_asked_for: "check-nla.toml",
    a_clock_of_our_own_blames_no_host: "own-clock.toml",
    certificates_from_the_future_give_our_clock_away: "own-clock-by-certificates.toml",
}

#[tokio::test]
async fn the_demo_finds_what_it_promises() {
    hold(&Scenario::demo().unwrap()).await;
}

/// A scenario's fleet, scanned to the end.
async fn fleet_of(name: &str) -> Fleet {
    let scenario = scenario(name);
    let running = start(&scenario).await;
    let fleet = fold(scan_events(&running, scan_options(&scenario), STAGE).await);
    running.stop().await;
    fleet
}

/// The whole fleet in a format that is text.
fn written(fleet: &Fleet, format: Format) -> String {
    let rows: Vec<HostId> = fleet.hosts().map(|(id, _)| id).collect();
    let selection = Selection {
        fleet,
        rows: &rows,
        whole: true,
        columns: None,
        presentation: report::Presentation {
            details: true,
            ..report::Presentation::default()
        },
    };
    let mut written = Vec::new();
    report::write(format, &selection, &mut written).unwrap();
    String::from_utf8(written).unwrap()
}

#[tokio::test]
async fn every_report_says_when_our_clock_is_wrong() {
    let fleet = fleet_of("own-clock.toml").await;
    for format in [Format::Text, Format::Json] {
        let written = written(&fleet, format);
        let says = "this machine's clock is probably 3 days slow: 5 of 6 hosts differ from it";
        assert!(written.contains(says), "{written}");
    }
}

#[tokio::test]
async fn reports_say_how_names_disagree_what_comes_next_and_what_cannot_be_told() {
    let fleet = fleet_of("dns.toml").await;
    let written = |format| written(&fleet, format);
    for format in [Format::Text, Format::Markdown] {
        let text = written(format);
        assert!(text.contains("DNS trouble"), "{text}");
        // The address that is dead or wrong, which no name tells.
        for (name, machine) in [
            ("stale.corp.example", ".250 (no answer)"),
            ("wrong-host.corp.example", ".7 (another machine)"),
        ] {
            let lines = text.lines();
            let told = lines
                .filter_map(|line| line.split_once(&format!("{name} resolves to ")))
                .find(|(_, leads)| leads.contains(machine));
            assert!(told.is_some(), "{name}: {text}");
        }
        let determined_by = "no request without NLA was answered (--check-nla)";
        assert_eq!(text.matches("Not determined").count(), 1, "{text}");
        assert!(text.contains(determined_by), "{text}");
    }
    let text = written(Format::Text);
    assert!(text.contains("if that does not help R15 "), "{text}");
    let page = written(Format::Html);
    for wanted in [
        "some addresses of the name do not respond",
        "Not determined",
        "(--check-nla)",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    let document: serde_json::Value = serde_json::from_str(&written(Format::Json)).unwrap();
    let host = |name: &str| {
        let hosts = document["hosts"].as_array().unwrap();
        let found = hosts.iter().find(|host| host["display_name"] == name);
        found.unwrap_or_else(|| panic!("no {name}"))
    };
    for (name, wanted) in [
        ("stale.corp.example", "stale".into()),
        ("wrong-host.corp.example", "wrong_host".into()),
        ("half-dead.corp.example", "partial_dead".into()),
        ("match.corp.example", serde_json::Value::Null),
    ] {
        assert_eq!(host(name)["dns"]["disagreement"], wanted, "{name}");
    }
    let half_dead = host("half-dead.corp.example");
    let findings = half_dead["findings"].as_array().unwrap();
    let partial = findings
        .iter()
        .find(|one| one["id"] == "RDP-DNS-PARTIAL-DEAD")
        .unwrap();
    assert_eq!(partial["remedy"], "R9");
    assert_eq!(partial["remedies"], serde_json::json!(["R9", "R15"]));
    let undetermined = half_dead["undetermined"].as_array().unwrap();
    let optional = undetermined
        .iter()
        .find(|one| one["id"] == "RDP-NLA-OPTIONAL")
        .unwrap();
    assert_eq!(optional["next_step"], "--check-nla");
    assert_eq!(optional["reason"], "no request without NLA was answered");
}
