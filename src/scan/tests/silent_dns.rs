//! Scans whose resolvers do not answer, not yet, or no longer.

use super::*;
use crate::fleet::Fleet;
use crate::kit::judged as fleet;
use crate::model::{DnsVerdict, Lookup, LookupAnswer, Resolver};

const NAME: &str = "srv05.corp.example";
const FOREVER: Duration = Duration::from_secs(86_400);

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

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
            EventBody::Notice(notice) => Some(notice),
            _ => None,
        })
        .collect()
}

/// How often each listed name was resolved, to whatever end.
fn resolved(events: &[ScanEvent], name: &str) -> usize {
    let of = |event: &&ScanEvent| matches!(&event.body, EventBody::TargetResolved { name: of, .. } if **of == *name);
    events.iter().filter(of).count()
}

/// States and verdicts on names of all hosts, each once.
fn told(fleet: &Fleet) -> Vec<(HostState, DnsVerdict)> {
    let hosts = fleet.rows().into_iter();
    let told = hosts.map(|host| (host.diagnosis.state, host.diagnosis.dns));
    let told: std::collections::BTreeSet<_> = told.collect();
    told.into_iter().collect()
}

/// Names of the user's, each of an address of its own.
fn listed(prober: FakeProber, count: u8) -> (FakeProber, Vec<String>) {
    let names: Vec<String> = (1..=count)
        .map(|n| format!("srv{n}.corp.example"))
        .collect();
    let prober = names.iter().zip(1..).fold(prober, |prober, (name, n)| {
        prober
            .with_name(name, &[at(n).address])
            .with(at(n), &[Answer::Up])
    });
    (prober, names)
}

fn as_targets(names: &[String]) -> TargetSet {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    targets(&names, &[])
}

fn one_attempt() -> ScanOptions {
    ScanOptions {
        attempts: 1,
        ..ScanOptions::default()
    }
}

#[tokio::test(start_paused = true)]
async fn hosts_are_judged_again_when_a_resolver_comes_back() {
    let prober = FakeProber::new()
        .with_all(Answer::Up)
        .with_pointer(at(1).address, NAME)
        .with_name(NAME, &[at(1).address])
        .with_dns_silent_for(seconds(4));
    let options = ScanOptions {
        attempts: 5,
        interval: seconds(5),
        ..ScanOptions::default()
    };
    let events = scan(targets(&["127.9.0.1-4"], &[]), &Arc::new(prober), options).await;
    let notices = notices(&events);
    assert!(
        matches!(
            notices[..],
            [
                Notice::ResolverDown {
                    answered_before: false,
                    ..
                },
                Notice::ResolverRecovered { .. }
            ]
        ),
        "{notices:?}"
    );
    assert!(looks(&events).len() >= 8);
    let fleet = fleet(events);
    let mut hosts = fleet.rows().into_iter();
    let host = hosts.find(|host| host.key().endpoint() == Some(at(1)));
    assert_eq!(host.unwrap().diagnosis.dns, DnsVerdict::Match);
}

#[tokio::test(start_paused = true)]
async fn a_target_name_is_asked_for_again_when_a_resolver_comes_back() {
    let prober = FakeProber::new()
        .with_all(Answer::Up)
        .with_name(NAME, &[at(1).address])
        .with_dns_silent_for(seconds(3));
    let targets = targets(&[NAME], &[]);
    let events = scan(targets, &Arc::new(prober), ScanOptions::default()).await;
    assert_eq!(attempts(&events).len(), 3);
    assert_eq!(resolved(&events, NAME), 1);
}

#[tokio::test(start_paused = true)]
async fn without_any_resolver_target_names_are_told_and_the_scan_ends() {
    let prober = Arc::new(FakeProber::new().with_dns_silent_for(FOREVER));
    let start = crate::clock::monotonic();
    let targets = targets(&[NAME, "srv06.corp.example"], &[]);
    let events = scan(targets, &prober, ScanOptions::default()).await;
    assert!(start.elapsed() < seconds(15));
    let unanswered = events.iter().filter(|event| {
        matches!(
            &event.body,
            EventBody::TargetResolved { endpoints, lookups, .. }
                if endpoints.is_empty() && lookups[0].answer == LookupAnswer::Timeout
        )
    });
    assert_eq!(unanswered.count(), 2);
    assert_eq!(notices(&events).len(), 1);
    // Two for each name, which open the breaker, and two last trials.
    assert_eq!(prober.questions(), 6);
    let fleet = fleet(events);
    assert_eq!(
        told(&fleet),
        [(HostState::NotProbed, DnsVerdict::NotChecked)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_dead_resolver_is_not_waited_for_at_the_end_of_a_scan_of_addresses() {
    let prober = Arc::new(
        FakeProber::new()
            .with_all(Answer::Up)
            .with_dns_silent_for(FOREVER),
    );
    scan(targets(&["127.9.0.1-4"], &[]), &prober, one_attempt()).await;
    assert_eq!(prober.questions(), 4);
}

#[tokio::test(start_paused = true)]
async fn names_that_fell_into_a_pause_of_the_resolver_are_retried() {
    let pausing = FakeProber::new()
        .with_dns_silent(Duration::from_millis(30)..seconds(4))
        .with_slow_lookups(Duration::from_millis(10));
    let (prober, names) = listed(pausing, 200);
    let events = scan(as_targets(&names), &Arc::new(prober), one_attempt()).await;
    let notices = notices(&events);
    assert!(
        matches!(
            notices[..],
            [
                Notice::ResolverDown {
                    answered_before: true,
                    ..
                },
                Notice::ResolverRecovered { .. }
            ]
        ),
        "{notices:?}"
    );
    let fleet = fleet(events);
    assert_eq!(fleet.rows().len(), 200);
    assert!(
        fleet
            .rows()
            .into_iter()
            .all(|host| host.diagnosis.state == HostState::Healthy
                && host.diagnosis.dns == DnsVerdict::Match)
    );
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_dies_leaves_the_hosts_that_it_knew_judged() {
    let dying = FakeProber::new()
        .with_dns_silent(Duration::from_millis(30)..FOREVER)
        .with_slow_lookups(Duration::from_millis(10));
    let (prober, names) = listed(dying, 200);
    let start = crate::clock::monotonic();
    let events = scan(as_targets(&names), &Arc::new(prober), one_attempt()).await;
    assert!(start.elapsed() < seconds(20));
    let notices = notices(&events);
    assert!(
        matches!(
            notices[..],
            [Notice::ResolverDown {
                answered_before: true,
                ..
            }]
        ),
        "{notices:?}"
    );
    let fleet = fleet(events);
    assert_eq!(fleet.rows().len(), 200);
    let expected = [
        (HostState::NotProbed, DnsVerdict::NotChecked),
        (HostState::Healthy, DnsVerdict::Match),
    ];
    assert_eq!(told(&fleet), expected);
    assert!(
        fleet
            .rows()
            .into_iter()
            .all(|host| host.diagnosis.predicted.is_none())
    );
}

#[tokio::test(start_paused = true)]
async fn hosts_whose_names_a_dead_resolver_left_unanswered_are_not_judged_by_dns() {
    let prober = FakeProber::new()
        .with_all(Answer::Up)
        .with_pointer(at(1).address, NAME)
        .with_name(NAME, &[at(1).address])
        .with_dns_silent(seconds(3)..FOREVER);
    let options = ScanOptions {
        rate: 10,
        ..one_attempt()
    };
    let events = scan(targets(&["127.9.0.1-100"], &[]), &Arc::new(prober), options).await;
    let notices = notices(&events);
    assert!(
        matches!(
            notices[..],
            [Notice::ResolverDown {
                answered_before: true,
                ..
            }]
        ),
        "{notices:?}"
    );
    let expected = [
        (HostState::Healthy, DnsVerdict::NoPtr),
        (HostState::Healthy, DnsVerdict::NotChecked),
    ];
    let told = told(&fleet(events));
    assert_eq!(
        told.iter()
            .filter(|one| one.1 != DnsVerdict::Match)
            .copied()
            .collect::<Vec<_>>(),
        expected
    );
}

#[tokio::test(start_paused = true)]
async fn hosts_are_asked_about_once_more_when_a_pause_ends_with_the_scan() {
    let prober = FakeProber::new()
        .with_all(Answer::Up)
        .with_dns_silent(Duration::from_millis(50)..seconds(4));
    let options = ScanOptions {
        rate: 100,
        ..one_attempt()
    };
    let events = scan(targets(&["127.9.0.1-40"], &[]), &Arc::new(prober), options).await;
    assert_eq!(
        told(&fleet(events)),
        [(HostState::Healthy, DnsVerdict::NoPtr)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_zone_that_always_fails_is_asked_a_few_times_and_blamed() {
    let failing = FakeProber::new().with_failing_zone("bad.example");
    let (prober, mut names) = listed(failing, 20);
    names.extend((1..=20).map(|n| format!("srv{n}.bad.example")));
    let prober = Arc::new(prober);
    let events = scan(as_targets(&names), &prober, one_attempt()).await;
    assert!(notices(&events).is_empty());
    // Of each that works its name, and then as a host its address and its name.
    assert_eq!(prober.questions(), 20 * 3 + 20 * 3);
    let fleet = fleet(events);
    let bad = fleet
        .rows()
        .into_iter()
        .filter(|host| host.diagnosis.state == HostState::Unreachable);
    let ids: Vec<_> = bad.map(|host| host.diagnosis.findings[0].id).collect();
    assert_eq!(ids, ["RDP-DNS-ERROR"; 20]);
}

#[tokio::test(start_paused = true)]
async fn while_one_of_two_resolvers_is_dead_the_other_is_believed() {
    let second: Resolver = Resolver::Server("127.0.0.9:53".parse().unwrap());
    let dying = FakeProber::new()
        .with_resolver(Resolver::System, Duration::ZERO..Duration::ZERO)
        .with_resolver(second, Duration::from_millis(30)..FOREVER)
        .with_slow_lookups(Duration::from_millis(10));
    let (prober, names) = listed(dying, 200);
    let events = scan(as_targets(&names), &Arc::new(prober), one_attempt()).await;
    let notices = notices(&events);
    assert!(
        matches!(
            notices[..],
            [Notice::ResolverUnresponsive { resolver, answered_before: true, .. }] if *resolver == second
        ),
        "{notices:?}"
    );
    let expected = [(HostState::Healthy, DnsVerdict::Match)];
    assert_eq!(told(&fleet(events)), expected);
}

/// The lookups with which each listed name was resolved, without what they gave.
fn lookups_of_targets(events: &[ScanEvent]) -> Vec<(&str, usize)> {
    let resolved = events.iter().filter_map(|event| match &event.body {
        EventBody::TargetResolved { name, lookups, .. } => Some((&**name, lookups.len())),
        _ => None,
    });
    resolved.collect()
}

fn in_silent_zone(prober: FakeProber, count: u8) -> (FakeProber, Vec<String>) {
    let (mut prober, mut names) = listed(prober, 1);
    for n in 2..=count + 1 {
        let name = format!("srv{n}.silent.example");
        prober = prober
            .with_name(&name, &[at(n).address])
            .with(at(n), &[Answer::Up]);
        names.push(name);
    }
    (prober, names)
}

#[tokio::test(start_paused = true)]
async fn names_that_an_open_breaker_skips_are_not_given_up() {
    for count in [4, 60] {
        let prober = FakeProber::new()
            .with_system_and_servers(Duration::ZERO..Duration::ZERO)
            .with_silent_zone("silent.example", Duration::ZERO..seconds(5));
        let (prober, names) = in_silent_zone(prober, count);
        let events = scan(as_targets(&names), &Arc::new(prober), one_attempt()).await;
        let resolved = lookups_of_targets(&events);
        assert_eq!(resolved.len(), names.len());
        let skipped: Vec<_> = resolved.iter().filter(|(_, count)| *count == 0).collect();
        assert!(skipped.is_empty(), "{skipped:?}");
        assert_eq!(attempts(&events).len(), names.len());
    }
}

#[tokio::test(start_paused = true)]
async fn reverse_lookups_that_were_skipped_are_made_up_for_before_the_end() {
    let name = "farm.corp.example";
    let prober = FakeProber::new()
        .with_all(Answer::Up)
        .with_identity(name, 1)
        .with_name(name, &[at(1).address])
        .with_silent_pointers(seconds(1)..seconds(7));
    let prober = (1..=40).fold(prober, |prober, n| {
        prober.with_pointer(at(n).address, "host.corp.example")
    });
    let options = ScanOptions {
        rate: 10,
        ..one_attempt()
    };
    let events = scan(targets(&["127.9.0.1-40"], &[]), &Arc::new(prober), options).await;
    let pointers: HashSet<_> = looks(&events)
        .into_iter()
        .flatten()
        .filter(|lookup| matches!(lookup.answer, LookupAnswer::Names { .. }))
        .map(|lookup| &lookup.question)
        .collect();
    assert_eq!(pointers.len(), 40);
}

#[tokio::test(start_paused = true)]
async fn reverse_lookups_that_were_never_answered_do_not_hold_the_end() {
    let name = "farm.corp.example";
    let prober = FakeProber::new()
        .with_all(Answer::Up)
        .with_identity(name, 1)
        .with_name(name, &[at(1).address])
        .with_silent_pointers(Duration::ZERO..FOREVER);
    let start = crate::clock::monotonic();
    let options = ScanOptions {
        rate: 10,
        ..one_attempt()
    };
    scan(targets(&["127.9.0.1-40"], &[]), &Arc::new(prober), options).await;
    assert!(start.elapsed() < seconds(10), "{:?}", start.elapsed());
}

/// A host whose first name fails, while another comes to light at the second attempt and resolves.
async fn failing_and_later_name(interval: Duration, prober: FakeProber) -> usize {
    let failing = "srv1.bad.example";
    let prober = prober
        .with_all(Answer::Up)
        .with_failing_zone("bad.example")
        .with_pointer(at(1).address, failing)
        .with_identity(NAME, 2)
        .with_name(NAME, &[at(1).address]);
    let prober = Arc::new(prober);
    let options = ScanOptions {
        attempts: 2,
        interval,
        gap: Duration::from_millis(1),
        ..ScanOptions::default()
    };
    scan(targets(&["127.9.0.1"], &[]), &prober, options).await;
    assert_eq!(prober.questions_about(NAME), 1);
    prober.questions_about(failing)
}

#[tokio::test(start_paused = true)]
async fn a_failed_name_is_retried_after_another_of_its_host_was_answered() {
    let asked = failing_and_later_name(Duration::from_millis(300), FakeProber::new()).await;
    assert_eq!(asked, 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_name_is_retried_after_a_lookup_of_its_host_in_flight() {
    let prober = FakeProber::new().with_slow_lookups(Duration::from_millis(500));
    // Both lookups end at 1.05 s, the second attempt at about 1.8 s, its lookup at 2.3 s; the retry is due at 2.05 s.
    let asked = failing_and_later_name(Duration::from_millis(1700), prober).await;
    assert_eq!(asked, 2);
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_is_first_asked_after_the_others_failed_is_not_down() {
    let prober = FakeProber::new()
        .with_all(Answer::Up)
        .with_identity(NAME, 2)
        .with_name(NAME, &[at(1).address])
        .with_system_and_servers(Duration::ZERO..FOREVER);
    let options = ScanOptions {
        attempts: 2,
        interval: seconds(4),
        ..ScanOptions::default()
    };
    let events = scan(targets(&["127.9.0.1-8"], &[]), &Arc::new(prober), options).await;
    let notices = notices(&events);
    assert!(
        matches!(
            notices[..],
            [Notice::ResolverUnresponsive {
                resolver: Resolver::Configured,
                answered_before: false,
                ..
            }]
        ),
        "{notices:?}"
    );
    assert!(!fleet(events).is_without_resolver());
}

#[tokio::test(start_paused = true)]
async fn a_name_whose_lookup_panics_is_looked_up_once_more() {
    let prober = FakeProber::new().with_panicking_name("srv2.corp.example", 1);
    let (prober, names) = listed(prober, 3);
    let events = scan(as_targets(&names), &Arc::new(prober), one_attempt()).await;
    assert_eq!(resolved(&events, "srv2.corp.example"), 1);
    assert_eq!(attempts(&events).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_name_whose_lookup_always_panics_has_no_lookup() {
    let prober = FakeProber::new().with_panicking_name("srv2.corp.example", usize::MAX);
    let (prober, names) = listed(prober, 3);
    let events = scan(as_targets(&names), &Arc::new(prober), one_attempt()).await;
    let resolved = lookups_of_targets(&events);
    assert!(resolved.contains(&("srv2.corp.example", 0)), "{resolved:?}");
    assert_eq!(attempts(&events).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_host_whose_lookup_panics_has_its_names_looked_up_once_more() {
    for (panics, answered) in [(1, 1), (usize::MAX, 0)] {
        let prober = FakeProber::new()
            .with_all(Answer::Up)
            .with_pointer(at(1).address, NAME)
            .with_name(NAME, &[at(1).address])
            .with_panicking_name(NAME, panics);
        let prober = Arc::new(prober);
        let events = scan(targets(&["127.9.0.1"], &[]), &prober, one_attempt()).await;
        let lookups: Vec<_> = looks(&events).into_iter().flatten().collect();
        assert!(
            !lookups
                .iter()
                .any(|lookup| lookup.answer.is_resolver_trouble()),
            "{lookups:?}"
        );
        assert_eq!(prober.questions_about(NAME), answered);
    }
}

const TABLE: &str = "Hostname,IP\n\
     srv1.corp.example,127.9.0.1\n\
     srv2.corp.example,127.9.0.2\n\
     gone.corp.example,127.9.0.3\n\
     nowhere.corp.example,\n";

/// The hosts of a table.
fn table(rows: &str) -> TargetSet {
    let mut builder = TargetSetBuilder::new(&[3389]);
    builder.add_reader("hosts.csv", rows.as_bytes()).unwrap();
    builder.build().unwrap()
}

/// The names of hosts with an address, and of those without one.
fn by_address(events: &[ScanEvent]) -> (Vec<&str>, Vec<&str>) {
    let resolved = events.iter().filter_map(|event| match &event.body {
        EventBody::TargetResolved {
            name, endpoints, ..
        } => Some((&**name, endpoints)),
        _ => None,
    });
    let mut names: Vec<_> = resolved.collect();
    names.sort_unstable_by_key(|(name, _)| *name);
    let (with, without): (Vec<_>, Vec<_>) = names
        .into_iter()
        .partition(|(_, endpoints)| !endpoints.is_empty());
    let with = with.into_iter().map(|(name, _)| name);
    let without = without.into_iter().map(|(name, _)| name);
    (with.collect(), without.collect())
}

#[tokio::test(start_paused = true)]
async fn a_name_that_does_not_resolve_is_scanned_by_the_address_of_its_row() {
    let prober = FakeProber::new()
        .with_name("srv1.corp.example", &[at(9).address])
        .with_all(Answer::Up);
    let events = scan(table(TABLE), &Arc::new(prober), one_attempt()).await;
    let (with, without) = by_address(&events);
    assert_eq!(
        with,
        [
            "gone.corp.example",
            "srv1.corp.example",
            "srv2.corp.example"
        ]
    );
    assert_eq!(without, ["nowhere.corp.example"]);
    let tried: Vec<Endpoint> = attempts(&events).iter().map(|one| one.endpoint).collect();
    assert!(tried.contains(&at(3)) && tried.contains(&at(2)));
    assert!(
        tried.contains(&at(9)) && !tried.contains(&at(1)),
        "{tried:?}"
    );
    assert!(notices(&events).contains(&&Notice::RowAddresses));
}

#[tokio::test(start_paused = true)]
async fn without_a_resolver_all_names_with_an_address_in_their_row_are_scanned() {
    let prober = FakeProber::new()
        .with_dns_silent_for(FOREVER)
        .with_all(Answer::Up);
    let mut rows = TABLE.to_owned();
    rows.extend((20..220).map(|n| format!("pc{n}.corp.example,127.9.0.{n}\n")));
    let events = scan(table(&rows), &Arc::new(prober), one_attempt()).await;
    let (with, without) = by_address(&events);
    assert_eq!((with.len(), without), (203, vec!["nowhere.corp.example"]));
    assert_eq!(attempts(&events).len(), 203);
}

#[tokio::test(start_paused = true)]
async fn an_address_of_a_row_that_is_excluded_is_not_contacted() {
    let mut builder = TargetSetBuilder::new(&[3389]);
    builder
        .add_reader("hosts.csv", TABLE.as_bytes())
        .unwrap()
        .exclude_text("127.9.0.3")
        .unwrap();
    let prober = FakeProber::new().with_all(Answer::Up);
    let targets = builder.build().unwrap();
    let events = scan(targets, &Arc::new(prober), one_attempt()).await;
    let (with, without) = by_address(&events);
    assert_eq!(with, ["srv1.corp.example", "srv2.corp.example"]);
    assert_eq!(without, ["gone.corp.example", "nowhere.corp.example"]);
}
