//! What the events say of endpoints that are probed anew.

use super::*;
use crate::model::ScanEnd;

#[tokio::test(start_paused = true)]
async fn a_rescan_that_is_stopped_counts_what_was_seen_before() {
    let prober = up(1..=20)
        .with(at(21), &[Answer::Refused])
        .with_name("srv.example", &[at(200).address]);
    let mut hand = Hand::on(
        targets(&["127.9.0.0/25", "127.9.0.60", "srv.example"], &[]),
        prober,
        ScanOptions {
            rate: 40,
            ..ScanOptions::default()
        },
    );
    hand.until_the_end().await;
    let before = end(&hand.seen);
    assert_eq!(
        (before.endpoints_probed, before.unlisted.filtered),
        (127, 104)
    );
    hand.order(Control::RescanAll).await;
    for _ in 0..5 {
        hand.until_attempt().await;
    }
    hand.stop.cancel();
    hand.until_the_end().await;
    let after = end(&hand.seen);
    assert_eq!(after.status, ScanStatus::Interrupted);
    assert_eq!(
        ScanEnd {
            status: ScanStatus::Complete,
            ..after
        },
        before
    );
    let not_reached = |event: &ScanEvent| matches!(event.body, EventBody::NotReached { .. });
    assert!(!hand.seen.iter().any(not_reached), "all of them were");
    assert_numbered_once(&hand.seen);
}

#[tokio::test(start_paused = true)]
async fn what_is_superseded_is_told_with_the_number_of_the_newest_attempt() {
    let prober = up([1])
        .with_pointer(at(1).address, "srv.example")
        .with_name("srv.example", &[at(1).address]);
    let mut hand = Hand::on(targets(&["127.9.0.1"], &[]), prober, ScanOptions::default());
    hand.until_the_end().await;
    hand.order(Control::ProbeAgain(vec![at(1)])).await;
    hand.until_the_end().await;
    let told = hand.seen.iter().filter_map(|event| match &event.body {
        EventBody::AttemptFinished {
            attempt, remaining, ..
        } => Some(("attempt", attempt.number, *remaining)),
        EventBody::ReprobeStarted { after, .. } => Some(("anew", *after, 0)),
        EventBody::NamesChecked { attempt, .. } => Some(("names", *attempt, 0)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert_eq!(
        told,
        [
            ("attempt", 1, 2),
            ("names", 1, 0),
            ("attempt", 2, 1),
            ("attempt", 3, 0),
            ("anew", 3, 0),
            ("attempt", 4, 2),
            ("names", 4, 0),
            ("attempt", 5, 1),
            ("attempt", 6, 0),
        ]
    );
}
