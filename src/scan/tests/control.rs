//! Orders to a running scan.

mod anew;

use tokio::sync::mpsc;

use super::*;
use crate::fleet::{Fleet, Host};
use crate::model::{Control, HostKey};
use crate::scan::CONTROL_CAPACITY;

/// A scan with a hand on it.
pub(super) struct Hand {
    orders: mpsc::Sender<Control>,
    events: mpsc::Receiver<ScanEvent>,
    progress: watch::Receiver<Progress>,
    stop: CancellationToken,
    pub(super) seen: Vec<ScanEvent>,
    prober: Arc<FakeProber>,
}

impl Hand {
    pub(super) fn on(work: impl Into<Work>, prober: FakeProber, options: ScanOptions) -> Self {
        let prober = Arc::new(prober);
        let (sender, events) = mpsc::channel(EVENT_CAPACITY);
        let (publish, progress) = watch::channel(Progress::default());
        let (orders, receiver) = mpsc::channel(CONTROL_CAPACITY);
        let stop = CancellationToken::new();
        tokio::spawn(run(
            work.into(),
            prober.clone(),
            options,
            sender,
            publish,
            stop.clone(),
            Some(receiver),
        ));
        Self {
            orders,
            events,
            progress,
            stop,
            seen: Vec::new(),
            prober,
        }
    }

    pub(super) async fn order(&self, order: Control) {
        self.orders.send(order).await.unwrap();
    }

    /// Takes events in until one is as wanted; fails when the scan falls silent for an hour before.
    async fn until(&mut self, wanted: impl Fn(&EventBody) -> bool) {
        loop {
            let event = tokio::time::timeout(Duration::from_secs(3600), self.events.recv());
            let event = event
                .await
                .expect("the event comes")
                .expect("the scan goes on");
            let found = wanted(&event.body);
            self.seen.push(event);
            if found {
                return;
            }
        }
    }

    pub(super) async fn until_the_end(&mut self) {
        self.until(|body| matches!(body, EventBody::ScanFinished(_)))
            .await;
    }

    async fn until_attempt(&mut self) {
        self.until(|body| matches!(body, EventBody::AttemptFinished { .. }))
            .await;
    }

    /// Whether nothing comes for a while; the clock is the test's own.
    async fn is_quiet_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.events.recv())
            .await
            .is_err()
    }

    fn ends(&self) -> usize {
        let ends = self.seen.iter();
        ends.filter(|event| matches!(event.body, EventBody::ScanFinished(_)))
            .count()
    }

    fn fleet(&self) -> Fleet {
        crate::kit::judged(self.seen.iter().cloned())
    }
}

fn attempted(fleet: &Fleet, endpoint: Endpoint) -> Vec<u32> {
    let row = fleet.find(&HostKey::Endpoint(endpoint)).unwrap();
    let history = fleet.host(row).unwrap().history();
    history
        .attempts
        .iter()
        .map(|attempt| attempt.number)
        .collect()
}

/// Every attempt at an endpoint has a number of its own, and they grow.
fn assert_numbered_once(events: &[ScanEvent]) {
    let mut newest = std::collections::HashMap::new();
    for attempt in attempts(events) {
        let before = newest.insert(attempt.endpoint, attempt.number).unwrap_or(0);
        assert_eq!(attempt.number, before + 1, "{}", attempt.endpoint);
    }
}

fn row(fleet: &Fleet, endpoint: Endpoint) -> &Host {
    fleet
        .host(fleet.find(&HostKey::Endpoint(endpoint)).unwrap())
        .unwrap()
}

fn up(addresses: impl IntoIterator<Item = u8>) -> FakeProber {
    addresses
        .into_iter()
        .fold(FakeProber::new(), |prober, last| {
            prober.with(at(last), &[Answer::Up])
        })
}

#[tokio::test(start_paused = true)]
async fn a_pause_starts_nothing_and_a_resume_goes_on_to_the_end() {
    let mut hand = Hand::on(
        targets(&["127.9.0.1-20"], &[]),
        up(1..=20),
        ScanOptions::default(),
    );
    hand.until_attempt().await;
    hand.order(Control::Pause).await;
    // What is under way ends by itself.
    while !hand.is_quiet_for(Duration::from_secs(60)).await {}
    let connects = || -> usize { (1..=20).map(|last| hand.prober.connects_to(at(last))).sum() };
    let before = connects();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(connects(), before);
    assert!(hand.progress.borrow().paused);
    assert_eq!(
        hand.progress.borrow().left,
        None,
        "nobody knows how long a pause is"
    );
    hand.order(Control::Resume).await;
    hand.until_the_end().await;
    assert!(!hand.progress.borrow().paused);
    let total: usize = (1..=20).map(|last| hand.prober.connects_to(at(last))).sum();
    assert_eq!(total, 60);
}

#[tokio::test(start_paused = true)]
async fn a_skipped_host_frees_its_slot_and_the_scan_ends() {
    let prober = FakeProber::new()
        .with(at(1), &[Answer::Hang])
        .with(at(2), &[Answer::Up]);
    let options = ScanOptions {
        in_flight: 1,
        ..ScanOptions::default()
    };
    let mut hand = Hand::on(targets(&["127.9.0.1-2"], &[]), prober, options);
    tokio::time::sleep(Duration::from_secs(30)).await;
    let slowest = hand.progress.borrow().slowest();
    assert!(
        matches!(slowest, Some((endpoint, since)) if endpoint == at(1) && since > Duration::from_secs(10))
    );
    hand.order(Control::Skip(at(1))).await;
    hand.until_the_end().await;
    let end = end(&hand.seen);
    assert_eq!(
        (end.status, end.endpoints_probed),
        (ScanStatus::Complete, 2)
    );
    let fleet = hand.fleet();
    assert_eq!(attempted(&fleet, at(2)), [1, 2, 3]);
    assert!(fleet.notices().contains(&Notice::HostSkipped {
        host: HostKey::Endpoint(at(1))
    }));
    // It took the connection, so it is a row, with the stage in which it hung; and it is no failure.
    assert_eq!(attempted(&fleet, at(1)), [1]);
    let host = row(&fleet, at(1));
    assert!(host.complete());
    assert_eq!(host.diagnosis.state, HostState::Skipped);
    assert_eq!(host.diagnosis.failed_stage, Some(Stage::X224));
    assert_eq!(host.diagnosis.stability.failures, 0);
    assert_eq!(hand.progress.borrow().answered, 2);
    assert_eq!(hand.prober.connects_to(at(1)), 1, "nothing more is tried");
}

#[tokio::test(start_paused = true)]
async fn a_listed_host_that_is_given_up_in_the_midst_of_its_connect_is_a_row() {
    let options = ScanOptions {
        rounds: vec![Duration::from_secs(60)],
        ..ScanOptions::default()
    };
    let mut hand = Hand::on(targets(&["127.9.0.1"], &[]), FakeProber::new(), options);
    tokio::time::sleep(Duration::from_secs(5)).await;
    hand.order(Control::Skip(at(1))).await;
    hand.until_the_end().await;
    let fleet = hand.fleet();
    let host = row(&fleet, at(1));
    assert_eq!(host.diagnosis.state, HostState::Skipped);
    assert_eq!(host.diagnosis.failed_stage, Some(Stage::Tcp));
    assert!(host.history().listed);
    assert_eq!(end(&hand.seen).endpoints_probed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_listed_host_that_is_given_up_while_it_waits_is_a_row_and_one_of_a_sweep_is_counted() {
    let options = ScanOptions {
        in_flight: 1,
        rounds: vec![Duration::from_millis(100), Duration::from_secs(60)],
        ..ScanOptions::default()
    };
    // A /30 has two addresses for hosts. While 127.9.0.9 holds the only slot, the others wait for their second round.
    let prober = FakeProber::new().with(at(9), &[Answer::Hang]);
    let mut hand = Hand::on(
        targets(&["127.9.0.0/30", "127.9.0.9", "127.9.0.10"], &[]),
        prober,
        options,
    );
    tokio::time::sleep(Duration::from_secs(5)).await;
    for last in [10, 1, 2, 9] {
        hand.order(Control::Skip(at(last))).await;
    }
    hand.until_the_end().await;
    let fleet = hand.fleet();
    assert_eq!(fleet.rows().len(), 2);
    for last in [9, 10] {
        assert_eq!(
            row(&fleet, at(last)).diagnosis.state,
            HostState::Skipped,
            "{last}"
        );
    }
    let end = end(&hand.seen);
    assert_eq!((end.endpoints_probed, end.unlisted.filtered), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn a_host_skipped_between_two_attempts_is_skipped_and_complete() {
    let mut hand = Hand::on(
        targets(&["127.9.0.1"], &[]),
        up([1]),
        ScanOptions::default(),
    );
    hand.until_attempt().await;
    hand.order(Control::Skip(at(1))).await;
    hand.until_the_end().await;
    let fleet = hand.fleet();
    assert_eq!(attempted(&fleet, at(1)), [1, 2]);
    assert!(fleet.rows()[0].complete());
    assert_eq!(row(&fleet, at(1)).diagnosis.state, HostState::Skipped);
}

#[tokio::test(start_paused = true)]
async fn skipping_what_is_not_there_does_nothing() {
    let mut hand = Hand::on(
        targets(&["127.9.0.1"], &[]),
        up([1]),
        ScanOptions::default(),
    );
    hand.order(Control::Skip(at(9))).await;
    hand.until_the_end().await;
    assert_eq!(attempted(&hand.fleet(), at(1)), [1, 2, 3]);
    assert!(hand.fleet().notices().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_host_probed_again_after_the_end_begins_anew_and_the_end_comes_again() {
    let mut hand = Hand::on(
        targets(&["127.9.0.1-2"], &[]),
        up(1..=2),
        ScanOptions::default(),
    );
    hand.until_the_end().await;
    assert!(hand.is_quiet_for(Duration::from_secs(600)).await);
    hand.order(Control::ProbeAgain(vec![at(1)])).await;
    hand.until_attempt().await;
    assert!(hand.fleet().end().is_none(), "work goes on");
    assert_eq!(attempted(&hand.fleet(), at(1)), [4]);
    hand.until_the_end().await;
    assert_eq!(hand.ends(), 2);
    let fleet = hand.fleet();
    assert_eq!(attempted(&fleet, at(1)), [4, 5, 6]);
    assert_eq!(attempted(&fleet, at(2)), [1, 2, 3]);
    assert_eq!(
        (
            hand.prober.connects_to(at(1)),
            hand.prober.connects_to(at(2))
        ),
        (6, 3)
    );
    let progress = hand.progress.borrow().clone();
    assert_eq!(
        (progress.planned, progress.discovered, progress.answered),
        (2, 2, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_host_that_answers_no_more_keeps_its_row() {
    let prober =
        FakeProber::new().with(at(1), &[Answer::Up, Answer::Up, Answer::Up, Answer::Silent]);
    let mut hand = Hand::on(
        targets(&["127.9.0.0/29"], &[]),
        prober,
        ScanOptions::default(),
    );
    hand.until_the_end().await;
    hand.order(Control::ProbeAgain(vec![at(1)])).await;
    hand.until_the_end().await;
    let fleet = hand.fleet();
    assert_eq!(fleet.rows().len(), 1);
    assert_eq!(attempted(&fleet, at(1)).len(), 1);
    assert!(fleet.rows()[0].complete());
}

#[tokio::test(start_paused = true)]
async fn a_host_is_probed_again_in_the_midst_of_its_attempts() {
    let prober = FakeProber::new().with(at(1), &[Answer::Hang, Answer::Up]);
    let mut hand = Hand::on(targets(&["127.9.0.1"], &[]), prober, ScanOptions::default());
    tokio::time::sleep(Duration::from_secs(5)).await;
    hand.order(Control::ProbeAgain(vec![at(1)])).await;
    hand.until_the_end().await;
    assert_eq!(attempted(&hand.fleet(), at(1)), [1, 2, 3]);
    let progress = hand.progress.borrow().clone();
    assert_eq!(
        (progress.planned, progress.discovered, progress.answered),
        (1, 1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn probing_again_ends_the_connection_under_way_in_order() {
    let prober = FakeProber::new().with(at(1), &[Answer::Hang, Answer::Up]);
    let mut hand = Hand::on(targets(&["127.9.0.1"], &[]), prober, ScanOptions::default());
    tokio::time::sleep(Duration::from_secs(5)).await;
    hand.order(Control::ProbeAgain(vec![at(1)])).await;
    hand.until_the_end().await;
    assert_eq!(hand.prober.open(), 0);
    assert_eq!(hand.prober.connects_to(at(1)), 4);
}

#[tokio::test(start_paused = true)]
async fn a_rescan_ends_the_connections_under_way_in_order() {
    let prober = FakeProber::new()
        .with(at(1), &[Answer::Hang, Answer::Up])
        .with(at(2), &[Answer::Hang, Answer::Up]);
    let mut hand = Hand::on(
        targets(&["127.9.0.1-2"], &[]),
        prober,
        ScanOptions::default(),
    );
    tokio::time::sleep(Duration::from_secs(5)).await;
    hand.order(Control::RescanAll).await;
    hand.until_the_end().await;
    assert_eq!(hand.prober.open(), 0);
    assert_eq!(attempted(&hand.fleet(), at(1)), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn names_under_way_for_a_host_that_is_probed_again_are_not_told() {
    for order in [Control::ProbeAgain(vec![at(1)]), Control::RescanAll] {
        let prober = up([1])
            .with_pointer(at(1).address, "srv.example")
            .with_name("srv.example", &[at(1).address])
            .with_slow_lookups(Duration::from_secs(600));
        let mut hand = Hand::on(targets(&["127.9.0.1"], &[]), prober, ScanOptions::default());
        hand.until_attempt().await;
        tokio::time::sleep(Duration::from_secs(300)).await;
        hand.order(order.clone()).await;
        hand.until_the_end().await;
        let checked = hand
            .seen
            .iter()
            .filter(|event| matches!(event.body, EventBody::NamesChecked { .. }));
        assert_eq!(checked.count(), 1, "{order:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_excluded_or_no_part_of_the_scan_is_not_contacted_on_order_either() {
    let mut hand = Hand::on(
        targets(&["127.9.0.1-4"], &["127.9.0.3"]),
        up(1..=9),
        ScanOptions::default(),
    );
    hand.until_the_end().await;
    hand.order(Control::ProbeAgain(vec![at(3), at(9)])).await;
    hand.order(Control::Skip(at(3))).await;
    assert!(hand.is_quiet_for(Duration::from_secs(60)).await);
    assert_eq!(
        (
            hand.prober.connects_to(at(3)),
            hand.prober.connects_to(at(9))
        ),
        (0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn everything_is_probed_anew_and_hosts_that_are_gone_stay() {
    let prober = FakeProber::new()
        .with(at(1), &[Answer::Up])
        .with(
            at(2),
            &[Answer::Up, Answer::Up, Answer::Up, Answer::Refused],
        )
        .with(
            at(3),
            &[Answer::Silent, Answer::Silent, Answer::Silent, Answer::Up],
        )
        .with_name("srv.example", &[at(40).address])
        .with(at(40), &[Answer::Up]);
    let mut hand = Hand::on(
        targets(&["127.9.0.0/29", "srv.example"], &[]),
        prober,
        ScanOptions::default(),
    );
    hand.until_the_end().await;
    assert_eq!(hand.fleet().rows().len(), 3);
    hand.order(Control::RescanAll).await;
    hand.until_the_end().await;
    let fleet = hand.fleet();
    assert_eq!(attempted(&fleet, at(1)), [4, 5, 6]);
    assert_eq!(
        attempted(&fleet, at(2)).len(),
        1,
        "it was seen, so its row stays"
    );
    assert_eq!(
        attempted(&fleet, at(3)),
        [1, 2, 3],
        "it has come up meanwhile"
    );
    assert_eq!(attempted(&fleet, at(40)), [4, 5, 6]);
    let progress = hand.progress.borrow().clone();
    assert_eq!((progress.planned, progress.discovered), (7, 7));
    let end = end(&hand.seen);
    assert_eq!((end.endpoints_probed, end.unlisted.filtered), (7, 3));
    assert_eq!((end.unlisted.closed, end.answered_on_retry), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_rescan_in_the_midst_of_a_scan_leaves_nothing_out() {
    let mut hand = Hand::on(
        targets(&["127.9.0.1-30"], &[]),
        up(1..=30),
        ScanOptions::default(),
    );
    for _ in 0..20 {
        hand.until_attempt().await;
    }
    hand.order(Control::RescanAll).await;
    hand.until_the_end().await;
    let fleet = hand.fleet();
    for last in 1..=30 {
        let numbers = attempted(&fleet, at(last));
        assert_eq!(numbers.len(), 3, "{last}");
        assert_eq!(numbers[2], numbers[0] + 2, "{last}");
    }
    assert_numbered_once(&hand.seen);
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_a_paused_scan() {
    let mut hand = Hand::on(
        targets(&["127.9.0.1-20"], &[]),
        up(1..=20),
        ScanOptions::default(),
    );
    hand.order(Control::Pause).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    hand.stop.cancel();
    hand.until_the_end().await;
    assert_eq!(end(&hand.seen).status, ScanStatus::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_scan_whose_orders_can_no_longer_come_ends_and_says_so_once() {
    let mut hand = Hand::on(
        targets(&["127.9.0.1"], &[]),
        up([1]),
        ScanOptions::default(),
    );
    hand.until_the_end().await;
    let (closed, _) = mpsc::channel(1);
    drop(std::mem::replace(&mut hand.orders, closed));
    assert!(hand.events.recv().await.is_none());
    assert_eq!(hand.ends(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is ordered and when: the scan ends, every host that answers has its attempts, in order, or was given up.
    #[test]
    fn any_orders_leave_a_scan_that_ends_whole(
        orders in proptest::collection::vec((0_u64..3000, 0_u8..5, 1_u8..9), 0..12)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut hand = Hand::on(
                targets(&["127.9.0.1-8"], &["127.9.0.8"]),
                up(1..=8),
                ScanOptions::default(),
            );
            let mut skipped = HashSet::new();
            for (wait, kind, last) in orders {
                let until = crate::clock::monotonic() + Duration::from_millis(wait);
                while let Ok(Some(event)) = tokio::time::timeout_at(until, hand.events.recv()).await {
                    hand.seen.push(event);
                }
                hand.order(match kind {
                    0 => Control::Pause,
                    1 => Control::Resume,
                    2 => {
                        skipped.insert(last);
                        Control::Skip(at(last))
                    }
                    3 => Control::ProbeAgain(vec![at(last)]),
                    _ => Control::RescanAll,
                })
                .await;
            }
            hand.order(Control::Resume).await;
            let until = crate::clock::monotonic() + Duration::from_secs(600);
            while let Ok(Some(event)) = tokio::time::timeout_at(until, hand.events.recv()).await {
                hand.seen.push(event);
            }
            let fleet = hand.fleet();
            assert!(fleet.end().is_some());
            assert_eq!(hand.prober.connects_to(at(8)), 0);
            for last in (1..=7).filter(|last| !skipped.contains(last)) {
                let numbers = attempted(&fleet, at(last));
                assert_eq!(numbers.len(), 3, "{last}");
                assert_eq!(numbers[2], numbers[0] + 2, "{last}");
            }
            assert_numbered_once(&hand.seen);
            let end = end(&hand.seen);
            assert_eq!((end.endpoints_probed + end.unlisted.not_probed, end.not_reached), (7, 0));
            let progress = hand.progress.borrow().clone();
            assert_eq!(progress.in_flight, 0);
            assert_eq!((progress.planned, progress.discovered), (7, 7));
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_the_new_attempt_has_ended_leaves_what_was_seen_before() {
    let prober = FakeProber::new().with(at(1), &[Answer::Up, Answer::Up, Answer::Up, Answer::Hang]);
    let mut hand = Hand::on(targets(&["127.9.0.1"], &[]), prober, ScanOptions::default());
    hand.until_the_end().await;
    let before = row(&hand.fleet(), at(1)).diagnosis.clone();
    hand.order(Control::ProbeAgain(vec![at(1)])).await;
    hand.until(|body| matches!(body, EventBody::ReprobeStarted { .. }))
        .await;
    assert!(!row(&hand.fleet(), at(1)).complete());
    hand.stop.cancel();
    hand.until_the_end().await;
    let fleet = hand.fleet();
    assert_eq!(attempted(&fleet, at(1)), [1, 2, 3]);
    assert_eq!(row(&fleet, at(1)).diagnosis.state, before.state);
    assert!(row(&fleet, at(1)).complete());
}
