//! How much is done, how much is left, and what is stuck.

use super::*;

/// Runs a scan and gives every progress that was published, the last one at the end.
async fn watched(targets: TargetSet, prober: FakeProber, options: ScanOptions) -> Vec<Progress> {
    let (sender, mut receiver) = mpsc::channel(EVENT_CAPACITY);
    let (publish, mut progress) = watch::channel(Progress::default());
    let scan = tokio::spawn(run(
        Arc::new(targets),
        Arc::new(prober),
        options,
        sender,
        publish,
        CancellationToken::new(),
        None,
    ));
    tokio::spawn(async move { while receiver.recv().await.is_some() {} });
    let mut seen = Vec::new();
    while progress.changed().await.is_ok() {
        seen.push(progress.borrow_and_update().clone());
    }
    scan.await.unwrap();
    seen
}

fn all_up(last: u8) -> FakeProber {
    (1..=last).fold(FakeProber::new(), |prober, last| {
        prober.with(at(last), &[Answer::Up])
    })
}

fn left(progress: &Progress) -> Duration {
    progress
        .left
        .unwrap_or_else(|| panic!("the time left is not told: {progress:?}"))
}

#[tokio::test(start_paused = true)]
async fn the_time_left_is_the_time_that_is_left() {
    let options = ScanOptions {
        attempts: 12,
        interval: Duration::from_secs(2),
        ..ScanOptions::default()
    };
    let seen = watched(targets(&["127.9.0.1-60"], &[]), all_up(60), options).await;
    let total = seen.last().unwrap().elapsed;
    assert!(total > Duration::from_secs(22), "{total:?}");
    let settled = seen
        .iter()
        .filter(|progress| !progress.finished && progress.elapsed >= Duration::from_secs(1));
    for progress in settled {
        let wrong = left(progress).abs_diff(total.saturating_sub(progress.elapsed));
        assert!(wrong < Duration::from_secs(2), "{progress:?} of {total:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_share_done_is_of_all_attempts_and_full_only_at_the_end() {
    let options = ScanOptions {
        attempts: 10,
        ..ScanOptions::default()
    };
    let seen = watched(targets(&["127.9.0.1-20"], &[]), all_up(20), options).await;
    let (end, before) = seen.split_last().unwrap();
    assert_eq!((end.work_done, end.work_known), (200, 200));
    assert_eq!(end.percent(), 100);
    let discovered = before
        .iter()
        .find(|progress| progress.discovered == 20)
        .unwrap();
    assert!(discovered.percent() <= 15, "{discovered:?}");
    for progress in before {
        assert!(progress.percent() < 100, "{progress:?}");
        assert!(progress.work_done <= progress.work_known, "{progress:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_hangs_is_waited_for_until_a_stage_runs_out_of_time_and_again_by_its_further_attempts()
 {
    let options = ScanOptions {
        attempts: 3,
        interval: Duration::from_secs(1),
        stage_timeout: Duration::from_secs(30),
        max_time: Some(Duration::from_secs(20)),
        ..ScanOptions::default()
    };
    let prober = all_up(4).with(at(5), &[Answer::Hang]);
    let seen = watched(targets(&["127.9.0.1-5"], &[]), prober, options).await;
    let late = seen
        .iter()
        .find(|progress| progress.elapsed >= Duration::from_secs(10))
        .unwrap();
    assert_eq!(late.stuck_count, 1);
    assert_eq!(late.slowest().map(|(endpoint, _)| endpoint), Some(at(5)));
    // 20 s of this attempt, and two more of 30 s with their pauses.
    let left = left(late).as_secs();
    assert!((80..85).contains(&left), "{left}");
}

#[tokio::test(start_paused = true)]
async fn the_oldest_of_those_that_are_stuck_are_named_and_all_are_counted() {
    let options = ScanOptions {
        rate: 2,
        max_time: Some(Duration::from_secs(30)),
        ..ScanOptions::default()
    };
    let prober = FakeProber::new().with_all(Answer::Hang);
    let seen = watched(targets(&["127.9.0.1-8"], &[]), prober, options).await;
    let late = &seen[seen.len() - 2];
    assert_eq!((late.stuck.len(), late.stuck_count), (3, 8));
    assert!(
        late.stuck
            .is_sorted_by_key(|(_, age)| std::cmp::Reverse(*age))
    );
    let early = seen
        .iter()
        .find(|progress| progress.elapsed >= Duration::from_secs(1))
        .unwrap();
    assert_eq!((early.in_flight > 0, early.stuck_count), (true, 0));
}

#[tokio::test(start_paused = true)]
async fn a_cap_on_the_rate_is_a_bound_on_the_time_left() {
    let options = ScanOptions {
        attempts: 5,
        interval: Duration::from_millis(1),
        rate: 10,
        ..ScanOptions::default()
    };
    let seen = watched(targets(&["127.9.0.1-40"], &[]), all_up(40), options).await;
    let total = seen.last().unwrap().elapsed;
    let discovered = seen
        .iter()
        .find(|progress| progress.discovered == 40)
        .unwrap();
    let wrong = left(discovered).abs_diff(total.saturating_sub(discovered.elapsed));
    assert!(
        wrong < Duration::from_secs(2),
        "{discovered:?} of {total:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_knows_how_long_it_takes_before_anything_has_come_back() {
    let options = ScanOptions {
        rounds: vec![Duration::from_millis(800)],
        ..ScanOptions::default()
    };
    let seen = watched(targets(&["127.9.0.1-5"], &[]), FakeProber::new(), options).await;
    let (end, before) = seen.split_last().unwrap();
    assert!(!before.is_empty());
    assert!(
        before.iter().all(|progress| progress.left.is_none()),
        "{before:?}"
    );
    assert_eq!(left(end), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_time_left_counts_the_attempts_that_untried_addresses_will_bring() {
    let prober = all_up(120).with_all(Answer::Refused);
    let options = ScanOptions {
        attempts: 6,
        rate: 8,
        ..ScanOptions::default()
    };
    let seen = watched(targets(&["127.9.0.1-200"], &[]), prober, options).await;
    let total = seen.last().unwrap().elapsed.as_secs_f64();
    let settled = seen
        .iter()
        .filter(|progress| !progress.finished && progress.elapsed >= Duration::from_secs(5));
    for progress in settled {
        let told = (progress.elapsed + left(progress)).as_secs_f64();
        assert!((told / total - 1.0).abs() < 0.25, "{progress:?} of {total}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_rate_shown_is_never_above_its_cap() {
    let options = ScanOptions {
        rate: 20,
        ..ScanOptions::default()
    };
    let seen = watched(targets(&["127.9.0.1-200"], &[]), all_up(200), options).await;
    let most = seen
        .iter()
        .map(|progress| progress.rate)
        .fold(0.0, f64::max);
    assert!((10.0..=20.0).contains(&most), "{most}");
}
