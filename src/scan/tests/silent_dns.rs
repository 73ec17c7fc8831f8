//! Scans whose resolvers do not answer, or not yet.

use super::*;
use crate::model::{DnsVerdict, Lookup, LookupAnswer};

const NAME: &str = "srv05.corp.example";
const FOREVER: Duration = Duration::from_secs(86_400);

/// The lookups of every look at a host's names, in order.
fn looks(events: &[ScanEvent]) -> Vec<&[Lookup]> {
    events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::NamesChecked { lookups, .. } => Some(lookups.as_slice()),
            _ => None,
        })
        .collect()
}

fn notices(events: &[ScanEvent]) -> Vec<&Notice> {
    events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Noticed(notice) => Some(notice),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn hosts_are_judged_again_when_a_resolver_comes_back() {
    let prober = FakeProber::new()
        .with_all(Answer::Up)
        .with_pointer(at(1).address, NAME)
        .with_name(NAME, &[at(1).address])
        .with_dns_silent_for(Duration::from_secs(4));
    let options = ScanOptions {
        attempts: 5,
        interval: Duration::from_secs(5),
        ..ScanOptions::default()
    };
    let events = scan(targets(&["127.9.0.1-4"], &[]), &Arc::new(prober), options).await;
    let notices = notices(&events);
    assert!(
        matches!(
            notices[..],
            [Notice::ResolverDown { .. }, Notice::ResolverBack { .. }]
        ),
        "{notices:?}"
    );
    assert_eq!(looks(&events).len(), 8);
    let mut fleet = crate::fleet::Fleet::new(crate::diagnosis::Policy::default());
    for event in events {
        fleet.apply(event);
    }
    let host = fleet
        .hosts()
        .iter()
        .find(|host| host.subject().endpoint() == Some(at(1)));
    assert_eq!(host.unwrap().diagnosis.dns, DnsVerdict::Match);
}

#[tokio::test(start_paused = true)]
async fn a_target_name_is_asked_for_again_when_a_resolver_comes_back() {
    let prober = FakeProber::new()
        .with_all(Answer::Up)
        .with_name(NAME, &[at(1).address])
        .with_dns_silent_for(Duration::from_secs(3));
    let targets = targets(&[NAME], &[]);
    let events = scan(targets, &Arc::new(prober), ScanOptions::default()).await;
    assert_eq!(attempts(&events).len(), 3);
    let resolved = events
        .iter()
        .filter(|event| matches!(event.body, EventBody::TargetResolved { .. }));
    assert_eq!(resolved.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_any_resolver_target_names_are_told_and_the_scan_ends() {
    let prober = Arc::new(FakeProber::new().with_dns_silent_for(FOREVER));
    let start = crate::clock::monotonic();
    let targets = targets(&[NAME, "srv06.corp.example"], &[]);
    let events = scan(targets, &prober, ScanOptions::default()).await;
    assert!(start.elapsed() < Duration::from_secs(10));
    let told = events.iter().filter(|event| {
        matches!(
            &event.body,
            EventBody::TargetResolved { endpoints, lookups, .. }
                if endpoints.is_empty() && lookups[0].answer == LookupAnswer::Timeout
        )
    });
    assert_eq!(told.count(), 2);
    assert_eq!(notices(&events).len(), 1);
    // One for each name, and the last try.
    assert_eq!(prober.questions(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_dead_resolver_is_not_waited_for_at_the_end_of_a_scan_of_addresses() {
    let prober = Arc::new(
        FakeProber::new()
            .with_all(Answer::Up)
            .with_dns_silent_for(FOREVER),
    );
    let options = ScanOptions {
        attempts: 1,
        ..ScanOptions::default()
    };
    scan(targets(&["127.9.0.1-4"], &[]), &prober, options).await;
    assert_eq!(prober.questions(), 4);
}
