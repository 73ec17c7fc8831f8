//! The binary is killed in mid-scan, and the scan resumed.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rdpscan::clock;
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::Fleet;
use rdpscan::model::{Endpoint, EventBody};
use rdpscan::record;
use rdpscan::report;
use rdpscan::sim::SimulatedFleet;
use tempfile::TempDir;

use super::{scenario, start};
use crate::cli::{command, home};
use crate::kit::differences;

/// Kills in a run of the tests; `RDPSCAN_TEST_KILLS` makes more.
const KILLS: u64 = 5;

/// A fleet of loopback, and a home for the binary that scans it.
struct Stage {
    running: SimulatedFleet,
    home: TempDir,
}

impl Stage {
    /// Every host of the scenario answers all connections alike: of others, the result depends on which connections are cut.
    async fn new() -> Self {
        let running = start(&scenario("negotiation.toml")).await;
        let home = home();
        fs::write(home.path().join("list.txt"), running.targets().join("\n")).unwrap();
        Self { running, home }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.home.path(), arguments, &[("RDPSCAN_SCAN_GAP", "10ms")]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Scans the fleet, or whatever these arguments say.
    fn scan(&self, more: &[&str]) -> Child {
        let dns = self.running.dns.to_string();
        let port = self.running.port.to_string();
        let usual = [
            "-f",
            "list.txt",
            "--dns",
            &dns,
            "--port",
            &port,
            "--no-tui",
            "--interval",
            "300ms",
        ];
        let arguments = [&usual[..], more].concat();
        self.command(&arguments).spawn().unwrap()
    }

    fn resume(&self, output: &str) -> Output {
        let outputs = ["-o", output, "-o", "-", "--format", "json"];
        let mut command = self.command(&[&["resume", "--no-tui"], &outputs[..]].concat());
        // It is never a watch, which has no JSON.
        let child = command.env("RDPSCAN_WATCH_INTERVAL", "1h").spawn();
        child.unwrap().wait_with_output().unwrap()
    }

    fn report(&self, name: &str) -> Fleet {
        let path = self.home.path().join(name);
        report::open(&path, Policy::default()).unwrap().fleet
    }

    fn journals(&self) -> Vec<PathBuf> {
        journals(self.home.path())
    }

    /// Waits until the scan has written so much to its journal; returns the journal. The scan may have ended.
    fn wait_for(&self, child: &mut Child, bytes: u64) -> Option<PathBuf> {
        loop {
            let plain = |path: &PathBuf| path.extension().is_some_and(|end| end == "ndjson");
            let journal = self.journals().into_iter().find(plain);
            let length = journal.as_ref().and_then(|path| fs::metadata(path).ok());
            if length.is_some_and(|found| found.len() >= bytes) {
                return journal;
            }
            if child.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::yield_now();
        }
    }
}

fn journals(home: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(home.join("rdpscan").join("scans")) else {
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Hosts that are finished by the journal of a scan that was killed.
fn finished(journal: &Path) -> HashSet<Endpoint> {
    let text = fs::read(journal).unwrap();
    let mut remaining: HashMap<Endpoint, u32> = HashMap::new();
    for event in record::Reader::new(&*text).unwrap() {
        if let EventBody::AttemptFinished {
            attempt,
            remaining: left,
            ..
        } = event.unwrap().body
        {
            remaining.insert(attempt.endpoint, left);
        }
    }
    let done = remaining.into_iter().filter(|(_, left)| *left == 0);
    done.map(|(endpoint, _)| endpoint).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_scan_that_is_killed_and_resumed_equals_one_that_was_not() {
    let stage = Stage::new().await;
    tokio::task::block_in_place(|| {
        let whole = stage.scan(&["-o", "whole.json", "--no-history"]);
        assert!(whole.wait_with_output().unwrap().status.success());
        let recorded = stage.scan(&["-o", "whole.ndjson", "--no-history"]);
        assert!(recorded.wait_with_output().unwrap().status.success());
        let length = fs::metadata(stage.home.path().join("whole.ndjson"))
            .unwrap()
            .len();
        let wanted = stage.report("whole.json");
        assert!(wanted.hosts().count() > 5);
        let kills = std::env::var("RDPSCAN_TEST_KILLS").ok();
        let kills = kills.and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
        let mut killed = 0;
        for seed in 0..kills {
            // Spread over the scan, whatever the number of kills.
            let bytes = length * (seed * 37 % 97) / 97;
            let mut child = stage.scan(&["--seed", &seed.to_string()]);
            let Some(journal) = stage.wait_for(&mut child, bytes.max(1)) else {
                continue;
            };
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
            let done = finished(&journal);
            let killed_at = clock::monotonic();
            let output = stage.resume("resumed.json");
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(0), "seed {seed}: {told}");
            for endpoint in done {
                let connections = stage.running.connections(endpoint);
                let again = connections.iter().filter(|one| one.began > killed_at);
                assert_eq!(again.count(), 0, "seed {seed}: {endpoint} was finished");
            }
            let differences = differences(&stage.report("resumed.json"), &wanted);
            assert_eq!(differences, [""; 0], "seed {seed}: {told}");
        }
        assert!(killed > 0);
    });
    stage.running.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_scan_that_is_stopped_by_a_signal_says_how_to_go_on() {
    use rustix::process::{Pid, Signal, kill_process};
    let stage = Stage::new().await;
    tokio::task::block_in_place(|| {
        for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
            // Or the journal of the run before would be taken for this one's.
            for journal in stage.journals() {
                fs::remove_file(journal).unwrap();
            }
            let mut child = stage.scan(&[]);
            stage.wait_for(&mut child, 1).unwrap();
            let id = i32::try_from(child.id()).unwrap();
            kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
            let output = child.wait_with_output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(130), "{signal:?}: {told}");
            assert!(
                told.contains(
                    "open it with `rdpscan open @last`, continue it with `rdpscan resume`"
                ),
                "{signal:?}: {told}"
            );
        }
    });
    stage.running.stop().await;
}
