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
    assert_eq!(failed, [(at(1), Outcome::Internal { detail })]);
    assert_eq!(attempts(&events).len(), 2);
    let notice = Notice::Internal {
        detail: "as scripted".into(),
    };
    let noticed = |event: &ScanEvent| event.body == EventBody::Noticed(notice.clone());
    assert!(events.iter().any(noticed));
    let mut fleet = crate::fleet::Fleet::new(crate::diagnosis::Policy::default());
    for event in events {
        fleet.apply(event);
    }
    let states: Vec<_> = fleet
        .hosts()
        .iter()
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
    assert!(
        matches!(
            notices.as_slice(),
            [
                Notice::SlowedDown { per_second: 500 },
                Notice::RequestsLost {
                    late: 130,
                    answered: 210,
                    missed: 0
                }
            ]
        ),
        "{notices:?}"
    );
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
        [Notice::Busy { worst_ms: 150.. }]
    ));
}
