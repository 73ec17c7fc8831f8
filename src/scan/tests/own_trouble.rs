//! What is wrong on this side of the network, or too fast for it, is not the hosts' fault.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_probe_that_panics_is_a_row_a_notice_and_no_end() {
    let prober = Arc::new(
        FakeProber::new()
            .with(at(1), &[Answer::Panic])
            .with(at(2), &[Answer::Up]),
    );
    let options = ScanOptions {
        attempts: 1,
        in_flight: 1,
        ..ScanOptions::default()
    };
    let events = scan(targets(&["127.9.0.1-2"], &[]), &prober, options).await;
    assert_eq!(end(&events).status, ScanStatus::Complete);
    let detail = "as scripted".to_owned();
    let failed: Vec<_> = attempts(&events)
        .into_iter()
        .filter_map(|attempt| Some((attempt.endpoint, attempt.failure()?.1.clone())))
        .collect();
    assert_eq!(
        failed,
        [(
            at(1),
            Outcome::InternalError {
                detail: detail.into()
            }
        )]
    );
    assert_eq!(attempts(&events).len(), 2);
    let notice = Notice::InternalError {
        detail: "as scripted".into(),
    };
    let noticed = |event: &ScanEvent| event.body == EventBody::Notice(notice.clone());
    assert!(events.iter().any(noticed));
    let fleet = crate::kit::judged(events);
    let states: Vec<_> = fleet
        .rows()
        .into_iter()
        .map(|host| host.diagnosis.state)
        .collect();
    assert_eq!(states.len(), 2);
    assert!(states.contains(&HostState::NotProbed), "{states:?}");
}

#[tokio::test(start_paused = true)]
async fn hosts_that_answer_only_when_asked_again_slow_the_scan_and_all_are_found() {
    // Eighty answer at once; a hundred only in the last round; thirty only after that.
    let mut prober = FakeProber::new();
    for host in 1..=210_u8 {
        let in_vain = match host {
            1..=80 => 0,
            81..=180 => 2,
            _ => 3,
        };
        let script = [vec![Answer::Silent; in_vain], vec![Answer::Up]].concat();
        prober = prober.with(at(host), &script);
    }
    let prober = Arc::new(prober);
    let options = ScanOptions {
        attempts: 1,
        ..ScanOptions::default()
    };
    let events = scan(targets(&["127.9.0.0/24"], &[]), &prober, options).await;
    let notices: Vec<&Notice> = notices(&events).collect();
    let lost = Notice::RequestsLost {
        on_retry: 130,
        answered: 210,
        estimated_missing: Some(0),
    };
    assert_eq!(notices.last(), Some(&&lost));
    let rates: Vec<u32> = notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::RateReduced { per_second } => Some(*per_second),
            _ => None,
        })
        .collect();
    assert_eq!(rates.first(), Some(&500));
    assert!(rates.is_sorted_by(|one, next| one > next), "{rates:?}");
    let end = end(&events);
    assert_eq!((end.endpoints_probed, end.unlisted.filtered), (254, 44));
    assert_eq!(end.answered_on_retry, 130);
}

#[tokio::test(start_paused = true)]
async fn an_unlisted_address_that_this_machine_could_not_try_counts_as_not_probed() {
    let prober = Arc::new(FakeProber::new().with(at(1), &[Answer::OwnFilter]));
    let events = scan(
        targets(&["127.9.0.0/29"], &[]),
        &prober,
        ScanOptions::default(),
    )
    .await;
    let end = end(&events);
    assert_eq!((end.unlisted.not_probed, end.unlisted.filtered), (1, 5));
    assert_eq!(end.endpoints_probed, 5);
}

#[tokio::test(start_paused = true)]
async fn what_was_late_while_this_machine_stood_still_is_noted_on_the_attempt() {
    let prober = Arc::new(FakeProber::new().with(at(1), &[Answer::UpAfterStall]));
    let options = ScanOptions {
        attempts: 1,
        ..ScanOptions::default()
    };
    let events = scan(targets(&["127.9.0.1"], &[]), &prober, options).await;
    let attempts = attempts(&events);
    assert!(attempts[0].lag_us >= 150_000, "{}", attempts[0].lag_us);
    assert!(matches!(
        notices(&events).collect::<Vec<_>>()[..],
        [Notice::Busy {
            worst_lag_ms: 150..
        }]
    ));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_was_silent_while_requests_got_lost_is_not_flaky() {
    let each: Vec<String> = (1..=100).map(|host| format!("127.9.0.{host}")).collect();
    let each: Vec<&str> = each.iter().map(String::as_str).collect();
    for (wanted, list_all) in [(each.as_slice(), false), (&["127.9.0.1-100"], true)] {
        let mut prober = FakeProber::new();
        for host in 1..=100_u8 {
            // Two of three answer late; the last few only after every round.
            let in_vain = match host {
                1..=30 => 0,
                31..=90 => 2,
                _ => 3,
            };
            let script = [vec![Answer::Silent; in_vain], vec![Answer::Up]].concat();
            prober = prober.with(at(host), &script);
        }
        let options = ScanOptions {
            list_all,
            ..ScanOptions::default()
        };
        let events = scan(targets(wanted, &[]), &Arc::new(prober), options).await;
        let fleet = crate::kit::judged(events);
        assert_eq!(fleet.rows().len(), 100);
        for host in fleet.rows() {
            let stability = &host.diagnosis.stability;
            assert_eq!(
                (stability.attempts, stability.failures),
                (3, 0),
                "{list_all}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_this_machine_cannot_ask_again_stays_counted_as_silent() {
    let mut prober = FakeProber::new();
    for host in 1..=60_u8 {
        let in_vain = if host <= 20 { 0 } else { 2 };
        let script = [vec![Answer::Silent; in_vain], vec![Answer::Up]].concat();
        prober = prober.with(at(host), &script);
    }
    let refused_here = [vec![Answer::Silent; 3], vec![Answer::OwnFilter]].concat();
    let prober = Arc::new(prober.with(at(200), &refused_here));
    let options = ScanOptions {
        attempts: 1,
        ..ScanOptions::default()
    };
    let events = scan(targets(&["127.9.0.0/24"], &[]), &prober, options).await;
    let end = end(&events);
    assert_eq!((end.unlisted.filtered, end.unlisted.not_probed), (194, 0));
    assert_eq!(end.endpoints_probed, 254);
}
