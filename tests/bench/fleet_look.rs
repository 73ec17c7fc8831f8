//! What it costs to look at a whole fleet together and to judge every host anew, as at the end of every scan.
//!
//! `cargo bench --bench fleet_look`.

mod members;

use criterion::{Criterion, criterion_group, criterion_main};
use rdpscan::clock;
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::Fleet;
use rdpscan::model::{EventBody, ScanEnd, ScanEvent, ScanStatus, UnlistedCounts};

const HOSTS: u32 = 4096;

fn end(criterion: &mut Criterion) {
    let now = clock::wall();
    let mut fleet = Fleet::new(Policy::default());
    for event in members::scan(HOSTS, now) {
        fleet.apply(event);
    }
    let finished = ScanEvent {
        run_id: "bench".into(),
        source: "bench".into(),
        seq: u64::MAX,
        at: now,
        body: EventBody::ScanFinished(ScanEnd {
            status: ScanStatus::Complete,
            endpoints_probed: u64::from(HOSTS),
            unlisted: UnlistedCounts::default(),
            answered_on_retry: 0,
            unreached: 0,
        }),
    };
    criterion.bench_function("end_of_scan_4096_hosts", |bencher| {
        bencher.iter(|| fleet.apply(finished.clone()));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = end
}
criterion_main!(benches);
