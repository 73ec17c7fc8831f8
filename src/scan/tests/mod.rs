//! The engine under a paused clock, with a prober that only pretends.

mod control;
mod eta;
mod fake;
mod listed;
mod names;
mod own_trouble;
mod probes;
mod resume;
mod resumed;
mod silent_dns;
mod tasks;

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{EVENT_CAPACITY, ScanOptions, Work, run};
use crate::model::{
    Attempt, Endpoint, EventBody, HostState, Notice, Outcome, Progress, ScanEvent, ScanStatus,
    Stage,
};
use crate::targets::{TargetSet, TargetSetBuilder};
use fake::{Answer, FakeProber};

fn targets(wanted: &[&str], excluded: &[&str]) -> TargetSet {
    let mut builder = TargetSetBuilder::new(&[3389]);
    builder.allow_large(true);
    for text in wanted {
        builder.add_text(text).unwrap();
    }
    for text in excluded {
        builder.exclude_text(text).unwrap();
    }
    builder.build().unwrap()
}

fn at(last: u8) -> Endpoint {
    Endpoint::new(IpAddr::from([127, 9, 0, last]), 3389)
}

/// Runs a scan to its end and gives its events.
async fn scan(
    targets: impl Into<Work>,
    prober: &Arc<FakeProber>,
    options: ScanOptions,
) -> Vec<ScanEvent> {
    scan_until(targets, prober, options, CancellationToken::new()).await
}

async fn scan_until(
    targets: impl Into<Work>,
    prober: &Arc<FakeProber>,
    options: ScanOptions,
    stop: CancellationToken,
) -> Vec<ScanEvent> {
    let work: Work = targets.into();
    let (sender, mut receiver) = mpsc::channel(EVENT_CAPACITY);
    let (progress, _watching) = watch::channel(Progress::default());
    let scan = tokio::spawn(run(
        work,
        prober.clone(),
        options,
        sender,
        progress,
        stop,
        None,
    ));
    let mut events = Vec::new();
    while let Some(event) = receiver.recv().await {
        events.push(event);
    }
    scan.await.unwrap();
    events
}

fn attempts(events: &[ScanEvent]) -> Vec<&Attempt> {
    fn attempt(event: &ScanEvent) -> Option<&Attempt> {
        match &event.body {
            EventBody::AttemptFinished { attempt, .. } => Some(attempt),
            _ => None,
        }
    }
    events.iter().filter_map(attempt).collect()
}

fn notices(events: &[ScanEvent]) -> impl Iterator<Item = &Notice> {
    events.iter().filter_map(|event| match &event.body {
        EventBody::Notice(notice) => Some(notice),
        _ => None,
    })
}

fn end(events: &[ScanEvent]) -> crate::model::ScanEnd {
    match events.last().map(|event| &event.body) {
        Some(EventBody::ScanFinished(end)) => *end,
        other => panic!("the last event is {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn events_are_numbered_and_framed_by_start_and_finish() {
    let prober = Arc::new(FakeProber::new().with(at(1), &[Answer::Up]));
    let events = scan(
        targets(&["127.9.0.0/29"], &[]),
        &prober,
        ScanOptions::default(),
    )
    .await;
    assert!(matches!(events[0].body, EventBody::ScanStarted(_)));
    assert!(
        events
            .iter()
            .enumerate()
            .all(|(index, event)| event.seq == index as u64)
    );
    assert_eq!(end(&events).status, ScanStatus::Complete);
}

#[tokio::test(start_paused = true)]
async fn an_answering_host_gets_its_attempts_and_a_silent_one_of_a_sweep_no_event() {
    let prober = Arc::new(FakeProber::new().with(at(1), &[Answer::Up]));
    let events = scan(
        targets(&["127.9.0.0/29"], &[]),
        &prober,
        ScanOptions::default(),
    )
    .await;
    let numbers: Vec<_> = attempts(&events)
        .iter()
        .map(|attempt| (attempt.endpoint, attempt.number))
        .collect();
    assert_eq!(numbers, [(at(1), 1), (at(1), 2), (at(1), 3)]);
    assert_eq!(end(&events).unlisted.filtered, 5);
}

#[tokio::test(start_paused = true)]
async fn silent_addresses_are_tried_once_per_round_and_answering_ones_only_once() {
    let prober = Arc::new(FakeProber::new().with(at(1), &[Answer::Up]));
    let options = ScanOptions {
        attempts: 1,
        ..ScanOptions::default()
    };
    scan(targets(&["127.9.0.1-2"], &[]), &prober, options).await;
    assert_eq!(prober.connects_to(at(1)), 1);
    assert_eq!(prober.connects_to(at(2)), 3);
}

#[tokio::test(start_paused = true)]
async fn when_slots_are_short_and_nothing_was_lost_the_middle_rounds_are_skipped() {
    let prober = Arc::new(FakeProber::new());
    let options = ScanOptions {
        in_flight: 8,
        rate: 0,
        ..ScanOptions::default()
    };
    scan(targets(&["127.9.0.0/24"], &[]), &prober, options).await;
    let connects = prober.spans().len();
    assert!((254 * 2..254 * 2 + 16).contains(&connects), "{connects}");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_answers_on_retry_is_found_and_counted() {
    let prober =
        Arc::new(FakeProber::new().with(at(1), &[Answer::Silent, Answer::Silent, Answer::Up]));
    let options = ScanOptions {
        attempts: 1,
        ..ScanOptions::default()
    };
    let events = scan(targets(&["127.9.0.0/29"], &[]), &prober, options).await;
    assert_eq!(attempts(&events)[0].unanswered_rounds, 2);
    assert_eq!(end(&events).answered_on_retry, 1);
}

#[tokio::test(start_paused = true)]
async fn addresses_listed_one_by_one_always_appear() {
    let prober = Arc::new(FakeProber::new().with(at(2), &[Answer::Refused]));
    let options = ScanOptions {
        attempts: 1,
        ..ScanOptions::default()
    };
    let events = scan(targets(&["127.9.0.1", "127.9.0.2"], &[]), &prober, options).await;
    let mut outcomes: Vec<_> = attempts(&events)
        .iter()
        .map(|attempt| {
            (
                attempt.endpoint,
                attempt.stage(Stage::Tcp).unwrap().outcome.clone(),
            )
        })
        .collect();
    outcomes.sort_by_key(|(endpoint, _)| *endpoint);
    assert_eq!(
        outcomes,
        [
            (at(1), Outcome::Timeout { received: 0 }),
            (at(2), Outcome::Refused)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn one_connection_at_a_time_per_address_and_the_gap_is_kept() {
    let prober = Arc::new(FakeProber::new().with_all(Answer::Up));
    let options = ScanOptions {
        interval: Duration::ZERO,
        rate: 0,
        ..ScanOptions::default()
    };
    let gap = options.gap;
    let mut builder = TargetSetBuilder::new(&[3389, 3390, 3391]);
    builder.add_text("127.9.0.0/29").unwrap();
    scan(builder.build().unwrap(), &prober, options).await;
    let mut spans = prober.spans();
    assert_eq!(spans.len(), 6 * 3 * 3);
    spans.sort_by_key(|span| (span.address, span.start));
    for pair in spans.windows(2) {
        if pair[0].address == pair[1].address {
            assert!(pair[1].start >= pair[0].end + gap, "{pair:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_connections_are_in_flight_than_allowed() {
    let prober = Arc::new(FakeProber::new());
    let options = ScanOptions {
        in_flight: 7,
        rate: 0,
        ..ScanOptions::default()
    };
    scan(targets(&["127.9.0.0/25"], &[]), &prober, options).await;
    assert_eq!(prober.most_at_once(), 7);
}

#[tokio::test(start_paused = true)]
async fn the_rate_cap_bounds_the_scan() {
    let prober = Arc::new(FakeProber::new());
    let start = crate::clock::monotonic();
    let options = ScanOptions {
        rate: 100,
        in_flight: 10_000,
        ..ScanOptions::default()
    };
    scan(targets(&["127.9.0.0/24"], &[]), &prober, options).await;
    let seconds = crate::clock::monotonic()
        .duration_since(start)
        .as_secs_f64();
    assert!((7.0..10.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_name_leads_to_every_address_it_gives_and_excluded_ones_are_left_alone() {
    let prober = Arc::new(
        FakeProber::new()
            .with(at(1), &[Answer::Up])
            .with(at(2), &[Answer::Up])
            .with_name(
                "srv.example",
                &[at(1).address, at(2).address, at(3).address],
            ),
    );
    let events = scan(
        targets(&["srv.example"], &["127.9.0.3"]),
        &prober,
        ScanOptions::default(),
    )
    .await;
    let reached: HashSet<_> = attempts(&events)
        .iter()
        .map(|attempt| attempt.endpoint)
        .collect();
    assert_eq!(reached, HashSet::from([at(1), at(2)]));
    assert_eq!(prober.connects_to(at(3)), 0);
    let kept_out = |event: &ScanEvent| matches!(&event.body, EventBody::TargetResolved { excluded, .. } if **excluded == [at(3).address]);
    assert!(events.iter().any(kept_out));
}

#[tokio::test(start_paused = true)]
async fn of_the_addresses_of_one_name_256_are_tried() {
    let addresses: Vec<IpAddr> = (0..300_u32)
        .map(|nth| std::net::Ipv4Addr::from_bits(0x7F09_0001 + nth).into())
        .collect();
    let prober = Arc::new(FakeProber::new().with_name("srv.example", &addresses));
    let options = ScanOptions {
        attempts: 1,
        ..ScanOptions::default()
    };
    let events = scan(targets(&["srv.example"], &[]), &prober, options).await;
    let endpoints = events.iter().find_map(|event| match &event.body {
        EventBody::TargetResolved { endpoints, .. } => Some(endpoints.len()),
        _ => None,
    });
    assert_eq!(endpoints, Some(256));
}

#[tokio::test(start_paused = true)]
async fn another_address_behind_a_hosts_reverse_name_is_tried_once_by_reference() {
    let elsewhere = Endpoint::new(IpAddr::from([127, 10, 0, 1]), 3389);
    let prober = Arc::new(
        FakeProber::new()
            .with(at(1), &[Answer::Up])
            .with_pointer(at(1).address, "srv.example")
            .with_name("srv.example", &[elsewhere.address]),
    );
    let events = scan(
        targets(&["127.9.0.1"], &[]),
        &prober,
        ScanOptions::default(),
    )
    .await;
    let by_reference: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::AttemptFinished {
                attempt,
                outside_targets: true,
                remaining,
                ..
            } => Some((attempt.endpoint, *remaining)),
            _ => None,
        })
        .collect();
    assert_eq!(by_reference, [(elsewhere, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_address_of_the_sweep_behind_a_hosts_name_is_told_and_counted_once() {
    for seed in 0..8 {
        let prober = Arc::new(
            FakeProber::new()
                .with(at(1), &[Answer::Up])
                .with_pointer(at(1).address, "srv.example")
                .with_name("srv.example", &[at(5).address]),
        );
        let options = ScanOptions {
            seed,
            ..ScanOptions::default()
        };
        let events = scan(targets(&["127.9.0.0/29"], &[]), &prober, options).await;
        let told: Vec<_> = events
            .iter()
            .filter_map(|event| match &event.body {
                EventBody::AttemptFinished {
                    attempt,
                    outside_targets,
                    ..
                } if attempt.endpoint == at(5) => Some(*outside_targets),
                _ => None,
            })
            .collect();
        assert_eq!(told, [true], "seed {seed}");
        assert_eq!(end(&events).endpoints_probed, 6, "seed {seed}");
        assert_eq!(end(&events).unlisted.filtered, 5, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answering_address_of_the_sweep_behind_a_hosts_name_is_a_row_as_any() {
    let prober = Arc::new(
        FakeProber::new()
            .with(at(1), &[Answer::Up])
            .with(at(5), &[Answer::Up])
            .with_pointer(at(1).address, "srv.example")
            .with_name("srv.example", &[at(5).address]),
    );
    let events = scan(
        targets(&["127.9.0.0/29"], &[]),
        &prober,
        ScanOptions::default(),
    )
    .await;
    let rows = events.iter().filter(|event| {
        matches!(&event.body, EventBody::AttemptFinished { attempt, outside_targets: false, .. } if attempt.endpoint == at(5))
    });
    assert_eq!(rows.count(), 3);
    assert_eq!(end(&events).endpoints_probed, 6);
}

#[tokio::test(start_paused = true)]
async fn trouble_of_this_machine_makes_the_scan_smaller_and_loses_no_address() {
    let prober = Arc::new(FakeProber::new().with(at(1), &[Answer::Exhausted, Answer::Up]));
    let options = ScanOptions {
        attempts: 1,
        ..ScanOptions::default()
    };
    let events = scan(targets(&["127.9.0.0/29"], &[]), &prober, options).await;
    assert!(
        events
            .iter()
            .any(|event| matches!(event.body, EventBody::Notice(Notice::SocketError { .. })))
    );
    assert_eq!(attempts(&events).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_this_machine_itself_makes_the_scan_no_smaller() {
    let prober = Arc::new(FakeProber::new().with_all(Answer::OwnFilter));
    let options = ScanOptions {
        in_flight: 64,
        rate: 0,
        ..ScanOptions::default()
    };
    let (sender, mut receiver) = mpsc::channel(EVENT_CAPACITY);
    let (progress, watching) = watch::channel(Progress::default());
    run(
        Arc::new(targets(&["127.9.0.0/24"], &[])),
        prober,
        options,
        sender,
        progress,
        CancellationToken::new(),
        None,
    )
    .await;
    let mut notices = Vec::new();
    while let Ok(event) = receiver.try_recv() {
        if let EventBody::Notice(notice) = event.body {
            notices.push(notice);
        }
    }
    assert_eq!(watching.borrow().in_flight_limit, 64);
    assert_eq!(
        notices,
        [Notice::LocalRefusal {
            detail: "operation not permitted".into()
        }]
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_keeps_what_was_found_and_ends_in_time() {
    let prober = Arc::new(
        FakeProber::new()
            .with(at(1), &[Answer::Up])
            .with(at(2), &[Answer::Hang]),
    );
    let stop = CancellationToken::new();
    let stopper = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(700)).await;
        stopper.cancel();
    });
    let start = crate::clock::monotonic();
    let events = scan_until(
        targets(&["127.9.0.1-2"], &[]),
        &prober,
        ScanOptions::default(),
        stop,
    )
    .await;
    assert_eq!(end(&events).status, ScanStatus::Interrupted);
    assert_eq!(attempts(&events).len(), 1);
    assert!(crate::clock::monotonic().duration_since(start) < Duration::from_secs(3));
}

/// Scans for three seconds, at two connects in one.
async fn scan_cut_short(targets: TargetSet, prober: FakeProber) -> crate::fleet::Fleet {
    let options = ScanOptions {
        rate: 2,
        max_time: Some(Duration::from_secs(3)),
        ..ScanOptions::default()
    };
    crate::kit::judged(scan(targets, &Arc::new(prober), options).await)
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_is_cut_short_has_a_row_for_everyone_listed_by_address() {
    let listed: Vec<String> = (1..=40).map(|last| format!("127.9.0.{last}")).collect();
    let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
    let prober = FakeProber::new().with_all(Answer::Refused);
    let fleet = scan_cut_short(targets(&listed, &[]), prober).await;
    let states = &fleet.summary().by_state;
    assert_eq!(fleet.summary().hosts, 40);
    assert!(states.of(HostState::NotProbed) > 10, "{states:?}");
    assert_eq!(fleet.end().map(|end| end.not_reached), Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_is_cut_short_counts_what_it_left_of_ranges() {
    let prober = FakeProber::new().with_all(Answer::Refused);
    let fleet = scan_cut_short(targets(&["127.9.0.0/25"], &[]), prober).await;
    let end = fleet.end().unwrap();
    assert_eq!(fleet.summary().hosts, 0);
    assert_eq!(end.endpoints_probed + end.not_reached, 126);
    assert!(end.not_reached > 80, "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_name_whose_address_was_not_reached_is_a_row_with_its_name() {
    let mut texts: Vec<String> = (1..=40).map(|number| format!("srv{number}.test")).collect();
    texts.sort();
    let prober = (1..=40u8).fold(
        FakeProber::new().with_all(Answer::Refused),
        |prober, last| prober.with_name(&format!("srv{last}.test"), &[at(last).address]),
    );
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let fleet = scan_cut_short(targets(&texts, &[]), prober).await;
    let names: std::collections::BTreeSet<_> = fleet
        .rows()
        .into_iter()
        .filter_map(|host| host.display_name())
        .collect();
    assert_eq!(names, texts.into_iter().collect());
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_stops_the_scan_and_says_so() {
    let prober = Arc::new(FakeProber::new());
    let options = ScanOptions {
        max_time: Some(Duration::from_secs(2)),
        rate: 10,
        in_flight: 4,
        ..ScanOptions::default()
    };
    let events = scan(targets(&["127.9.0.0/16"], &[]), &prober, options).await;
    assert!(
        events
            .iter()
            .any(|event| matches!(event.body, EventBody::Notice(Notice::TimeLimit)))
    );
    assert_eq!(end(&events).status, ScanStatus::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_scan_of_a_whole_slash_eight_starts_at_once() {
    let prober = Arc::new(FakeProber::new());
    let options = ScanOptions {
        max_time: Some(Duration::from_millis(50)),
        ..ScanOptions::default()
    };
    scan(targets(&["127.0.0.0/8"], &[]), &prober, options).await;
    assert!(!prober.spans().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_order() {
    let mut orders = Vec::new();
    for seed in [7, 7, 8] {
        let prober = Arc::new(FakeProber::new());
        let options = ScanOptions {
            seed,
            ..ScanOptions::default()
        };
        scan(targets(&["127.9.0.0/26"], &[]), &prober, options).await;
        orders.push(
            prober
                .spans()
                .iter()
                .map(|span| span.address)
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(orders[0], orders[1]);
    assert_ne!(orders[0], orders[2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the mixture of targets, excludes, names and references: no excluded address is ever handed to the prober.
    #[test]
    fn no_excluded_address_is_ever_handed_to_the_prober(
        excluded in prop::collection::hash_set(0_u8..64, 0..20),
        leads in prop::collection::vec((0_u8..64, 0_u8..64), 0..12),
        live in prop::collection::hash_set(0_u8..64, 0..20),
        seed in any::<u64>(),
    ) {
        let mut prober = FakeProber::new();
        for last in live {
            prober = prober.with(at(last), &[Answer::Up]);
        }
        let mut wanted = vec!["127.9.0.0/26".to_owned()];
        for (index, (from, to)) in leads.iter().enumerate() {
            let name = format!("h{index}.example");
            prober = prober.with_name(&name, &[at(*from).address, at(*to).address]).with_pointer(at(*from).address, &name);
            wanted.push(name);
        }
        let excludes: Vec<_> = excluded.iter().map(|last| at(*last).address.to_string()).collect();
        let wanted: Vec<_> = wanted.iter().map(String::as_str).collect();
        let excludes: Vec<_> = excludes.iter().map(String::as_str).collect();
        let prober = Arc::new(prober);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(scan(targets(&wanted, &excludes), &prober, ScanOptions { seed, ..ScanOptions::default() }));
        for last in excluded {
            prop_assert_eq!(prober.connects_to(at(last)), 0);
        }
    }
}
