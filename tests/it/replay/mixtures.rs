//! Events of several streams, in any mixture and with any of them twice, fold to one and the same fleet.

use proptest::prelude::*;
use rdpscan::fleet::Fleet;
use rdpscan::model::*;
use rdpscan::report::Format;

use super::arbitrary::{any_attempt, any_body, any_plan};
use super::{fold, written};
use crate::kit::differences;

const SCAN: &str = "20260121T120000Z-00c0ffee";

/// The events of one writer about few hosts, so that writers meet at them.
fn any_stream(site: &'static str, stream: Stream) -> impl Strategy<Value = Vec<ScanEvent>> {
    let attempt = (any_attempt(), 1..4_u8, any::<(bool, bool)>(), 0..3_u32);
    let attempted = attempt.prop_map(
        |(mut attempt, host, (listed, outside_targets), remaining)| {
            attempt.endpoint = endpoint(host);
            EventBody::AttemptFinished {
                certificates: attempt.certificates().cloned().collect(),
                attempt,
                listed,
                outside_targets,
                remaining,
            }
        },
    );
    let reprobe = (1..4_u8, 0..6_u32).prop_map(|(host, after)| EventBody::ReprobeStarted {
        endpoint: endpoint(host),
        after,
    });
    let resolved =
        (prop::collection::vec(1..4_u8, 0..3), any::<bool>()).prop_map(|(hosts, one)| {
            EventBody::TargetResolved {
                name: if one { "one.example" } else { "two.example" }.into(),
                port: 3389,
                endpoints: hosts.into_iter().map(endpoint).collect(),
                excluded: Vec::new(),
                lookups: Vec::new(),
            }
        });
    let skipped = (1..4_u8).prop_map(|host| {
        let host = HostKey::Endpoint(endpoint(host));
        EventBody::Notice(Notice::HostSkipped { host })
    });
    let body =
        prop_oneof![4 => attempted, 1 => reprobe, 1 => resolved, 1 => skipped, 2 => any_body()];
    (any_plan(), prop::collection::vec(body, 0..12)).prop_map(move |(plan, bodies)| {
        let bodies = std::iter::once(EventBody::ScanStarted(plan)).chain(bodies);
        let mut numbers = std::collections::HashMap::new();
        (0..)
            .zip(bodies)
            .map(|(seq, mut body)| {
                if let EventBody::AttemptFinished { attempt, .. } = &mut body {
                    let number = numbers.entry(attempt.endpoint).or_insert(0);
                    *number += 1;
                    attempt.number = *number;
                }
                let origin = Origin {
                    stream,
                    ..Origin::new(SCAN.parse().unwrap(), site.parse().unwrap())
                };
                let second = 1_700_000_000 + i64::try_from(seq).unwrap();
                let at = jiff::Timestamp::from_second(second).unwrap();
                ScanEvent::new(&origin, seq, at, body)
            })
            .collect()
    })
}

fn endpoint(host: u8) -> Endpoint {
    Endpoint::new([10, 0, 0, host].into(), 3389)
}

fn shard(number: u32, delivery: u32) -> Stream {
    Stream::Shard { number, delivery }
}

/// Streams of two runs, of two deliveries of one shard and of another site.
fn any_streams() -> impl Strategy<Value = Vec<ScanEvent>> {
    (
        any_stream("berlin", Stream::Run(1)),
        any_stream("berlin", Stream::Run(2)),
        any_stream("berlin", shard(7, 1)),
        any_stream("berlin", shard(7, 2)),
        any_stream("hq", Stream::Run(1)),
    )
        .prop_map(|(a, b, c, d, e)| [a, b, c, d, e].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_and_copies_of_events_do_not_show(
        (events, shuffled, copies) in any_streams().prop_flat_map(|events| {
            let shuffled = Just(events.clone()).prop_shuffle();
            let copies = prop::collection::vec(any::<prop::sample::Index>(), 0..20);
            (Just(events), shuffled, copies)
        }),
        halted in any::<prop::sample::Index>(),
    ) {
        let wanted = fold(events.clone());
        let mut mixed = Fleet::new(rdpscan::diagnosis::Policy::default());
        let copied = copies.iter().map(|index| index.get(&events).clone());
        let copied: Vec<ScanEvent> = copied.collect();
        let halt = halted.index(shuffled.len());
        for (place, event) in shuffled.into_iter().chain(copied).enumerate() {
            // Whoever looks in between changes nothing either.
            if place == halt {
                mixed.settle();
            }
            mixed.apply(event);
        }
        mixed.settle();
        prop_assert_eq!(differences(&mixed, &wanted), [""; 0]);
        for format in [Format::Json, Format::Csv, Format::Text, Format::Prometheus, Format::Html] {
            let (one, other) = (written(format, &mixed), written(format, &wanted));
            prop_assert_eq!(String::from_utf8(one), String::from_utf8(other), "{}", format);
        }
    }
}
