//! How much memory the fleet takes at 65,536 live hosts, and how fast it folds.
//!
//! `cargo bench --bench fleet_memory [-- HOSTS]` (Linux). Every host is a domain member as a default scan sees one: see
//! `members.rs`. The budget is 2 KB per host.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers: it prints its figures and stops at the first surprise"
)]

mod members;

use rdpscan::clock;
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::Fleet;

/// Budget per live host in bytes.
const BUDGET: f64 = 2048.0;

/// Resident memory in bytes.
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0.0);
    pages * 4096.0
}

fn main() {
    let hosts: u32 = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"))
        .map_or(65_536, |number| number.parse().unwrap());
    let now = clock::wall();
    let mut fleet = Fleet::new(Policy::default());
    let before = resident();
    let start = clock::monotonic();
    let mut seq = 0;
    for event in members::scan(hosts, now) {
        fleet.apply(event);
        seq += 1;
    }
    let folded = (clock::monotonic() - start).as_secs_f64();
    let facts = (resident() - before) / f64::from(hosts);
    let start = clock::monotonic();
    fleet.settle();
    let judged = (clock::monotonic() - start).as_secs_f64();
    let each = (resident() - before) / f64::from(hosts);
    let rows = fleet.rows();
    assert_eq!(rows.len(), hosts as usize, "every host is a row");
    let findings: usize = rows.iter().map(|host| host.diagnosis.findings.len()).sum();
    println!(
        "{:.1} findings per host",
        findings as f64 / f64::from(hosts)
    );
    println!(
        "{hosts} hosts, {seq} events: {each:.0} bytes resident per host (budget {BUDGET:.0}), {facts:.0} before they are judged; \
         folded in {folded:.1} s, {:.0} events/s; judged in {judged:.1} s, {:.0} hosts/s",
        f64::from(seq) / folded,
        f64::from(hosts) / judged
    );
}
