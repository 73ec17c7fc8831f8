//! A scan that is cut off anywhere and resumed finds what an uninterrupted one finds, and contacts no finished host again.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use super::*;
use crate::fleet::Fleet;
use crate::kit::differences;
use crate::model::{HostKey, Origin, ScanEnd, Stream};
use crate::scan::{NotResumable, Replay, Resume};

/// Cuts in a run of the tests; `RDPSCAN_TEST_CUTS` makes more.
const CUTS: u64 = 12;

fn everywhere() -> TargetSet {
    targets(
        &[
            "127.9.0.0/25",
            "127.9.0.3",
            "127.9.0.120",
            "one.example",
            "two.example",
            "silent.example",
            "nowhere.example",
        ],
        &["127.9.0.77"],
    )
}

/// Hosts of every kind, each of which answers in the same way whenever it is asked, with names that lead to others.
fn prober() -> FakeProber {
    let mut prober = FakeProber::new();
    for last in 1..=100 {
        let script: &[Answer] = match last % 6 {
            0 | 3 => &[Answer::Up],
            1 => &[Answer::Refused],
            2 => &[Answer::ResetAtOnce],
            _ => continue,
        };
        prober = prober.with(at(last), script);
    }
    prober
        .with(at(200), &[Answer::Up])
        .with(at(202), &[Answer::Up])
        .with_name("one.example", &[at(200).address, at(6).address])
        .with_name("two.example", &[at(7).address, at(77).address])
        .with_name("silent.example", &[at(201).address])
        .with_name(
            "srv.example",
            &[at(12).address, at(202).address, at(13).address],
        )
        .with_pointer(at(12).address, "srv.example")
        .with_pointer(at(18).address, "srv.example")
        .with_slow_lookups(Duration::from_millis(300))
}

fn left(targets: Arc<TargetSet>, resume: Resume) -> Work {
    Work {
        targets,
        resume: Some(Box::new(resume)),
    }
}

fn options(run: u32, slow: bool) -> ScanOptions {
    let default = ScanOptions::default();
    ScanOptions {
        rate: if slow { 40 } else { 60 },
        seed: 7,
        origin: Origin {
            stream: Stream::Run(run),
            ..default.origin.clone()
        },
        ..default
    }
}

fn judged(events: &[ScanEvent]) -> Fleet {
    crate::kit::judged(events.iter().cloned())
}

/// Hosts whose attempts are all done, and endpoints that refuse or are silent for good.
fn finished(events: &[ScanEvent]) -> HashSet<Endpoint> {
    let mut remaining: HashMap<Endpoint, u32> = HashMap::new();
    for event in events {
        if let EventBody::AttemptFinished {
            attempt,
            remaining: left,
            ..
        } = &event.body
        {
            remaining.insert(attempt.endpoint, *left);
        }
    }
    let done = remaining.into_iter().filter(|(_, left)| *left == 0);
    done.map(|(endpoint, _)| endpoint).collect()
}

/// Goes on with a scan after these events; returns the events of the new run and the prober that was asked.
async fn go_on(before: &[ScanEvent], run: u32) -> (Vec<ScanEvent>, Arc<FakeProber>) {
    let prober = Arc::new(prober());
    let after = go_on_with(before, run, &prober).await;
    (after, prober)
}

async fn go_on_with(before: &[ScanEvent], run: u32, prober: &Arc<FakeProber>) -> Vec<ScanEvent> {
    let options = options(run, false);
    let work = before.iter().find_map(|event| match &event.body {
        EventBody::WorkPlanned(work) => Some(work),
        _ => None,
    });
    let targets = TargetSet::from_planned(work.unwrap()).unwrap();
    let settings = self::options(run, false);
    let mut replay = Replay::new(targets.into(), &settings);
    for event in before {
        replay.apply(event);
    }
    let (targets, resume) = replay.finish().unwrap();
    scan(left(targets, resume), prober, options).await
}

fn cut(seed: u64, length: usize) -> usize {
    let random = BuildHasherDefault::<DefaultHasher>::default().hash_one(seed);
    // At least the plan.
    2 + usize::try_from(random % (length as u64 - 2)).unwrap()
}

fn end_of(events: &[ScanEvent]) -> ScanEnd {
    judged(events).end().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_is_cut_off_anywhere_and_resumed_equals_one_that_was_not() {
    let whole = scan(everywhere(), &Arc::new(prober()), options(1, false)).await;
    let wanted = judged(&whole);
    assert!(wanted.hosts().count() > 40);
    let cuts = std::env::var("RDPSCAN_TEST_CUTS").ok();
    let cuts = cuts.and_then(|cuts| cuts.parse().ok()).unwrap_or(CUTS);
    for seed in 0..cuts {
        let mut events = whole[..cut(seed, whole.len())].to_vec();
        // Cut off again where the seed is odd.
        for run in 2..=(2 + u32::try_from(seed % 2).unwrap()) {
            let done = finished(&events);
            let (after, prober) = go_on(&events, run).await;
            for endpoint in done {
                let again = prober.connects_to(endpoint);
                assert_eq!(again, 0, "seed {seed}, run {run}: {endpoint} was finished");
            }
            let is_last = u64::from(run) == 2 + seed % 2;
            let length = if is_last {
                after.len()
            } else {
                cut(seed + 1000, after.len())
            };
            events.extend_from_slice(&after[..length]);
        }
        let resumed = judged(&events);
        assert_eq!(differences(&resumed, &wanted), [""; 0], "seed {seed}");
        let (end, whole_end) = (resumed.end().unwrap(), end_of(&whole));
        assert_eq!(end.status, ScanStatus::Complete, "seed {seed}");
        assert_eq!(
            (end.endpoints_probed, end.not_reached),
            (whole_end.endpoints_probed, 0),
            "seed {seed}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_was_stopped_goes_on_with_what_was_not_reached() {
    let whole = scan(everywhere(), &Arc::new(prober()), options(1, false)).await;
    let limited = ScanOptions {
        max_time: Some(Duration::from_secs(2)),
        ..options(1, false)
    };
    let mut events = scan(everywhere(), &Arc::new(prober()), limited).await;
    let stopped = judged(&events);
    assert_eq!(stopped.end().unwrap().status, ScanStatus::Interrupted);
    assert!(stopped.notices().contains(&Notice::TimeLimit));
    let done = finished(&events);
    let (after, prober) = go_on(&events, 2).await;
    assert!(
        done.iter()
            .all(|endpoint| prober.connects_to(*endpoint) == 0)
    );
    events.extend(after);
    let resumed = judged(&events);
    assert_eq!(differences(&resumed, &judged(&whole)), [""; 0]);
    assert_eq!(resumed.end().unwrap().status, ScanStatus::Complete);
    assert!(!resumed.notices().contains(&Notice::TimeLimit));
}

#[tokio::test(start_paused = true)]
async fn what_is_excluded_at_a_resume_is_never_contacted() {
    let whole = scan(everywhere(), &Arc::new(prober()), options(1, false)).await;
    let events = &whole[..whole.len() / 3];
    let EventBody::WorkPlanned(work) = &events[1].body else {
        panic!("no plan");
    };
    let targets = TargetSet::from_planned(work).unwrap();
    let options = options(2, true);
    let settings = self::options(2, true);
    let mut replay = Replay::new(targets.into(), &settings);
    for event in events {
        replay.apply(event);
    }
    let mut excludes = TargetSetBuilder::new(&[]);
    excludes.exclude_text("127.9.0.0-99").unwrap();
    replay.exclude(excludes);
    let (targets, resume) = replay.finish().unwrap();
    let prober = Arc::new(prober());
    let after = scan(left(targets, resume), &prober, options).await;
    let is_among = |span: &fake::Span| match span.address {
        IpAddr::V4(address) => address.octets()[3] <= 99,
        IpAddr::V6(_) => false,
    };
    assert!(!prober.spans().iter().any(is_among));
    assert!(!prober.spans().is_empty());
    let end = end(&after);
    assert_eq!((end.status, end.not_reached), (ScanStatus::Complete, 0));
    // The plan of the run says so, for the run after it.
    let EventBody::WorkPlanned(work) = &after[1].body else {
        panic!("no plan");
    };
    assert!(
        work.excluded
            .iter()
            .any(|range| range == "127.9.0.0-127.9.0.99")
    );
}

#[tokio::test(start_paused = true)]
async fn where_events_are_missing_the_checkpoints_after_them_are_not_believed() {
    let whole = scan(everywhere(), &Arc::new(prober()), options(1, false)).await;
    let mut events = whole[..whole.len() * 3 / 4].to_vec();
    let quarter = events.len() / 4;
    events.drain(quarter..quarter + 30);
    let (after, _) = go_on(&events, 2).await;
    events.extend(after);
    let resumed = judged(&events);
    let wanted = judged(&whole);
    let keys = |fleet: &Fleet| -> HashSet<HostKey> {
        let hosts = fleet.hosts();
        hosts.map(|(_, host)| host.key().clone()).collect()
    };
    assert_eq!(keys(&resumed), keys(&wanted));
}

/// Hosts that answer late, since requests are lost, and some after the last round only.
fn lossy(in_vain: impl Fn(u8) -> usize) -> Arc<FakeProber> {
    let mut prober = FakeProber::new();
    for host in 1..=100_u8 {
        let script = [vec![Answer::Silent; in_vain(host)], vec![Answer::Up]].concat();
        prober = prober.with(at(host), &script);
    }
    Arc::new(prober)
}

#[tokio::test(start_paused = true)]
async fn a_pass_over_silent_addresses_goes_on_where_it_was() {
    let targets = || targets(&["127.9.0.1-250"], &[]);
    let in_vain = |host| match host {
        1..=30 => 0,
        31..=90 => 2,
        _ => 3,
    };
    let asked = lossy(in_vain);
    let whole = scan(targets(), &asked, options(1, false)).await;
    let is_within = |event: &ScanEvent| match &event.body {
        EventBody::Checkpoint(checkpoint) => {
            let pass = checkpoint.pass.filter(|pass| pass.number == 1);
            pass.is_some_and(|pass| (80..200).contains(&pass.next))
        }
        _ => false,
    };
    let cut = whole.iter().position(is_within).unwrap();
    let mut events = whole[..=cut].to_vec();
    let known: HashSet<Endpoint> = finished(&events);
    let done = judged(&events).hosts().count();
    // What is left of the first pass answers, as those that were late have.
    let prober = lossy(|_| 0);
    events.extend(go_on_with(&events, 2, &prober).await);
    let silent = |prober: &FakeProber| -> Vec<usize> {
        (101..=250)
            .map(|last| prober.connects_to(at(last)))
            .collect()
    };
    let passes = silent(&asked).into_iter().max().unwrap() - 3;
    let again = silent(&prober);
    let fewer = again.iter().filter(|count| **count == passes - 1).count();
    let as_many = again.iter().filter(|count| **count == passes).count();
    assert!(fewer > 20 && as_many > 20, "{passes} passes: {again:?}");
    assert_eq!(fewer + as_many, again.len());
    assert!(known.iter().all(|one| prober.connects_to(*one) == 0));
    let (resumed, wanted) = (judged(&events), judged(&whole));
    assert!(done < 100 && wanted.hosts().count() == 100);
    assert_eq!(resumed.hosts().count(), 100);
    let counts = |fleet: &Fleet| {
        let end = fleet.end().unwrap();
        (
            end.status,
            end.endpoints_probed,
            end.unlisted,
            end.not_reached,
        )
    };
    assert_eq!(counts(&resumed), counts(&wanted));
}

#[tokio::test(start_paused = true)]
async fn what_is_scanned_anew_after_a_resume_counts_once() {
    let mut events = scan(everywhere(), &Arc::new(prober()), options(1, false)).await;
    let whole = end_of(&events);
    events.truncate(events.len() / 2);
    let mut counts = Vec::new();
    for run in [2, 3] {
        let options = options(run, false);
        let EventBody::WorkPlanned(work) = &events[1].body else {
            panic!("no plan");
        };
        let targets = TargetSet::from_planned(work).unwrap();
        let mut replay = Replay::new(targets.into(), &options);
        for event in &events {
            replay.apply(event);
        }
        let (targets, resume) = replay.finish().unwrap();
        let settings = self::options(run, false);
        let mut hand = control::Hand::on(left(targets, resume), prober(), settings);
        hand.until_the_end().await;
        if run == 3 {
            hand.order(crate::model::Control::RescanAll).await;
            hand.until_the_end().await;
        }
        events.extend(hand.seen);
        let end = end_of(&events);
        counts.push((end.endpoints_probed, end.unlisted));
    }
    assert_eq!(counts, [(whole.endpoints_probed, whole.unlisted); 2]);
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_of_another_order_is_refused() {
    let mut events = scan(everywhere(), &Arc::new(prober()), options(1, false)).await;
    for event in &mut events {
        if let EventBody::Checkpoint(checkpoint) = &mut event.body {
            checkpoint.permutation += 1;
        }
    }
    let options = options(2, false);
    let mut replay = Replay::new(everywhere().into(), &options);
    for event in &events {
        replay.apply(event);
    }
    assert!(matches!(
        replay.finish().err(),
        Some(NotResumable::OtherOrder { .. })
    ));
}
