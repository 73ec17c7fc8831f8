//! How long the table takes to sort, filter, group and count 65,536 live hosts, every one packed as a scan leaves it.
//!
//! `cargo bench --bench table`. The budget is 50 ms for a sort or a filter; a screen does one of each, the counts and the
//! groups when the fleet changes.
#![expect(
    clippy::unwrap_used,
    reason = "a program for developers: it stops at the first surprise"
)]

mod members;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use rdpscan::clock;
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::{Fleet, Summary};
use rdpscan::table::{Field, Filter, Grouping, Overview, Sort, arrange, groups};

const HOSTS: u32 = 65_536;

/// Filters of every kind: words, fields of the row, fields of the packed facts, and all of them together.
const FILTERS: [&str; 10] = [
    "srv01234",
    "!srv01234 !nothing",
    "days<30",
    "ip:10.0.4.0/24",
    "finding:RDP-CERT-*",
    "name:*9.corp.example",
    "issuer:\"issuing ca 1\"",
    "thumbprint:abcd",
    "build<20349 last_seen>2020-01-01",
    "(state:degraded or days<10) !(cn:srv0* or key<2048) corp",
];

fn sort(criterion: &mut Criterion, fleet: &Fleet) {
    let mut group = criterion.benchmark_group("sort");
    for column in Field::of_rows() {
        let sort = Sort {
            column,
            inverted: false,
        };
        group.bench_function(column.key(), |bencher| {
            bencher.iter(|| arrange(black_box(fleet).hosts(), &Filter::default(), sort));
        });
    }
    group.finish();
}

fn filter(criterion: &mut Criterion, fleet: &Fleet) {
    let mut group = criterion.benchmark_group("filter");
    for text in FILTERS {
        let filter = Filter::parse(text).unwrap();
        group.bench_function(text, |bencher| {
            bencher.iter(|| arrange(black_box(fleet).hosts(), &filter, Sort::default()));
        });
    }
    group.finish();
}

fn rest(criterion: &mut Criterion, fleet: &Fleet) {
    for grouping in Grouping::ALL {
        let name = format!("groups/{}", grouping.word());
        criterion.bench_function(&name, |bencher| {
            bencher.iter(|| groups(black_box(fleet).hosts(), grouping));
        });
    }
    criterion.bench_function("summary of all rows", |bencher| {
        bencher.iter(|| Summary::of(black_box(fleet).rows()));
    });
    criterion.bench_function("overview", |bencher| {
        bencher.iter(|| Overview::of(black_box(fleet.summary()), 30));
    });
}

fn table(criterion: &mut Criterion) {
    let mut fleet = Fleet::new(Policy::default());
    for event in members::scan(HOSTS, clock::wall()) {
        fleet.apply(event);
    }
    fleet.settle();
    sort(criterion, &fleet);
    filter(criterion, &fleet);
    rest(criterion, &fleet);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = table
}
criterion_main!(benches);
