//! What it takes to compare two kept scans of 65,536 live hosts by the index of the history.
//!
//! `cargo bench --profile dist --bench changes [-- HOSTS]`. The budget is 1 s for both snapshots and their comparison.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers: it prints its figures and stops at the first surprise"
)]

mod members;

use std::time::Duration;

use rdpscan::changes::Comparison;
use rdpscan::diagnosis::Policy;
use rdpscan::history::{Index, JournalFolder};
use rdpscan::model::ScanId;
use rdpscan::{clock, record};

const BUDGET: Duration = Duration::from_secs(1);

fn timed<T>(what: &str, step: impl FnOnce() -> T) -> (T, Duration) {
    let start = clock::monotonic();
    let made = step();
    let took = clock::monotonic() - start;
    println!("{what:<40} {:>8.2} s", took.as_secs_f64());
    (made, took)
}

fn main() {
    let hosts: u32 = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"))
        .map_or(65_536, |number| number.parse().unwrap());
    let place = tempfile::tempdir().unwrap();
    let folder = JournalFolder::at(place.path().to_owned());
    let now = clock::wall();
    for number in 0..2 {
        let scan = ScanId::new(now, number);
        let mut lines = Vec::new();
        // The second one misses a host.
        for mut event in members::scan(hosts - u32::from(number), now) {
            event.scan = scan;
            record::append_line(&mut lines, &event).unwrap();
        }
        std::fs::write(place.path().join(format!("{scan}.ndjson")), lines).unwrap();
    }
    timed("fill the index from two journals", || {
        drop(Index::open(&folder, Policy::default()).unwrap());
    });
    let kept = folder.scans().unwrap();
    let [after, before] = &*kept else {
        return println!("two scans were written, and {} found", kept.len());
    };
    let mut index = Index::connect(&folder, Policy::default()).unwrap();
    let ((before, after), reading) = timed("read two snapshots", || {
        (
            index.snapshot(before).unwrap(),
            index.snapshot(after).unwrap(),
        )
    });
    let (comparison, comparing) = timed("compare them", || Comparison::new(&before, &after));
    println!("{} of {hosts} hosts differ", comparison.hosts.len());
    assert!(reading + comparing <= BUDGET, "more than {BUDGET:?}");
}
