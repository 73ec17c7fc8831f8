//! What the journal of 65,536 live hosts costs: its lines, and its size when it is compressed.
//!
//! `cargo bench --profile dist --bench journal [-- HOSTS]`. The budget is 700 compressed bytes per attempt, and a tenth of the CPU time
//! of a scan, whose attempts take about 1 ms each.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers: it prints its figures and stops at the first surprise"
)]

mod members;

use rdpscan::{clock, record};

/// Budgets per attempt.
const BYTES: f64 = 700.0;
const MICROSECONDS: f64 = 100.0;

fn main() {
    let hosts: u32 = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"))
        .map_or(65_536, |number| number.parse().unwrap());
    let attempts = f64::from(hosts) * f64::from(members::ATTEMPTS);
    let mut lines = Vec::new();
    let mut encoding = 0.0;
    for event in members::scan(hosts, clock::wall()) {
        let start = clock::monotonic();
        record::append_line(&mut lines, &event).unwrap();
        encoding += (clock::monotonic() - start).as_secs_f64();
    }
    let plain = lines.len() as f64;
    let start = clock::monotonic();
    let compressed = record::compress(&*lines, Vec::new()).unwrap().len() as f64;
    let compressing = (clock::monotonic() - start).as_secs_f64();
    println!(
        "{attempts:.0} attempts at {hosts} hosts: {:.1} µs to encode each (budget {MICROSECONDS:.0}), {:.0} bytes plain, {:.0} compressed \
         (budget {BYTES:.0}); compressed in {compressing:.1} s, {:.0} MB/s",
        encoding / attempts * 1e6,
        plain / attempts,
        compressed / attempts,
        plain / compressing / 1e6,
    );
    assert!(compressed / attempts <= BYTES);
}
