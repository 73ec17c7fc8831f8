//! How long `rdpscan explain` takes, from the start of the process to its end.
//!
//! `cargo bench --bench explain`. The budget is 50 ms: an answer that does not keep anybody waiting.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers: it prints its figures and stops at the first surprise"
)]

use std::process::{Command, Stdio};
use std::time::Duration;

use rdpscan::clock;

/// Budget in milliseconds.
const BUDGET_MS: f64 = 50.0;
/// Runs of each question.
const RUNS: usize = 30;

/// A code, a remedy, words, everything, and the other formats.
const QUESTIONS: [&[&str]; 6] = [
    &["0x904", "0x7"],
    &["R1"],
    &["An internal error has occurred"],
    &[],
    &["--format", "json"],
    &["0x904", "--format", "markdown"],
];

fn took(question: &[&str]) -> Duration {
    let begun = clock::monotonic();
    let status = Command::new(env!("CARGO_BIN_EXE_rdpscan"))
        .arg("explain")
        .args(question)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    let took = begun.elapsed();
    assert!(status.success(), "{question:?}");
    took
}

fn main() {
    for question in QUESTIONS {
        let mut times: Vec<f64> = (0..RUNS)
            .map(|_| took(question).as_secs_f64() * 1000.0)
            .collect();
        times.sort_by(f64::total_cmp);
        let min = times.first().copied().unwrap();
        let median = times.get(RUNS / 2).copied().unwrap();
        let max = times.last().copied().unwrap();
        let word = if median <= BUDGET_MS {
            "within"
        } else {
            "above"
        };
        println!(
            "explain {}: min {min:.1} ms, median {median:.1} ms, max {max:.1} ms; {word} {BUDGET_MS} ms",
            question.join(" ")
        );
    }
}
