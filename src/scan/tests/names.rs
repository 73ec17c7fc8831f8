//! When names are looked up, and when an attempt goes by one.

use std::sync::Arc;
use std::time::Duration;

use super::fake::{Answer, FakeProber};
use super::{at, attempts, scan, targets};
use crate::model::{EventBody, NameSource, ObservedName, Question, ScanEvent};
use crate::scan::ScanOptions;

fn options(attempts: u32) -> ScanOptions {
    ScanOptions {
        attempts,
        ..ScanOptions::default()
    }
}

/// Which attempts of the one host went by name.
async fn by_name(prober: FakeProber, count: u32) -> Vec<bool> {
    let prober = Arc::new(prober.with(at(1), &[Answer::Up]));
    let events = scan(targets(&["127.9.0.1"], &[]), &prober, options(count)).await;
    let attempts = attempts(&events);
    attempts
        .iter()
        .map(|attempt| attempt.sni.is_some())
        .collect()
}

fn named() -> FakeProber {
    FakeProber::new()
        .with_pointer(at(1).address, "srv.example")
        .with_name("srv.example", &[at(1).address])
}

#[tokio::test(start_paused = true)]
async fn attempts_go_by_ip_and_by_name_as_often_but_in_no_fixed_turn() {
    assert_eq!(by_name(named(), 3).await, [false, true, true]);
    assert_eq!(
        by_name(named(), 6).await,
        [false, true, true, false, true, false]
    );
}

#[tokio::test(start_paused = true)]
async fn both_ways_are_tried_twice_though_the_name_comes_late() {
    let slow = named().with_slow_lookups(ScanOptions::default().interval * 3 / 4);
    assert_eq!(by_name(slow, 5).await, [false, false, true, true, true]);
}

/// Names and questions of every event that tells them.
fn told(events: &[ScanEvent]) -> Vec<(Vec<ObservedName>, Vec<Question>)> {
    let checked = |event: &ScanEvent| match &event.body {
        EventBody::NamesChecked { names, lookups, .. } => {
            let questions = lookups.iter().map(|lookup| lookup.question.clone());
            Some((names.clone(), questions.collect()))
        }
        _ => None,
    };
    events.iter().filter_map(checked).collect()
}

fn observed(name: &str, source: NameSource) -> ObservedName {
    ObservedName {
        name: name.into(),
        source,
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_a_later_attempt_is_the_first_to_tell_is_looked_up_then() {
    let prober = FakeProber::new()
        .with(at(1), &[Answer::Up])
        .with_identity("srv.example", 2)
        .with_name("srv.example", &[at(1).address]);
    let events = scan(targets(&["127.9.0.1"], &[]), &Arc::new(prober), options(4)).await;
    assert_eq!(
        told(&events),
        [
            (vec![], vec![Question::Pointer(at(1).address)]),
            (
                vec![observed("srv.example", NameSource::Ntlm)],
                vec![Question::Addresses("srv.example".into())]
            ),
        ]
    );
    let by_name = attempts(&events)
        .iter()
        .filter(|attempt| attempt.sni.is_some())
        .count();
    assert_eq!(by_name, 2);
}

#[tokio::test(start_paused = true)]
async fn no_name_is_asked_for_twice() {
    for lookups_take in [Duration::ZERO, ScanOptions::default().interval * 2] {
        let prober = named()
            .with(at(1), &[Answer::Up])
            .with_identity("srv.example", 2)
            .with_slow_lookups(lookups_take);
        let events = scan(targets(&["127.9.0.1"], &[]), &Arc::new(prober), options(5)).await;
        assert_eq!(
            told(&events),
            [
                (
                    vec![observed("srv.example", NameSource::Ptr)],
                    vec![
                        Question::Pointer(at(1).address),
                        Question::Addresses("srv.example".into())
                    ]
                ),
                (vec![observed("srv.example", NameSource::Ntlm)], vec![]),
            ]
        );
    }
}
