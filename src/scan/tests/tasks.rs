//! The tasks that the driver spawns, each alone.

use std::net::Ipv6Addr;
use std::task::{Context, Waker};

use super::*;
use crate::prober::AttemptRequest;
use crate::scan::connection_task::{self, Ended, UpCounter};
use crate::scan::engine::StartConnect;
use crate::scan::job::TaskId;
use crate::scan::lookup_task;
use crate::scan::lookups::{LookupJob, TargetLookup};
use crate::scan::timer_lag::TimerLag;

fn connection(
    answer: Answer,
    expected: bool,
    cancel: &CancellationToken,
    up: &UpCounter,
) -> impl Future<Output = Ended> + Send + use<> {
    let connect = StartConnect {
        id: TaskId(1),
        timeout: Duration::from_secs(1),
        request: AttemptRequest {
            endpoint: at(1),
            number: 1,
            unanswered_rounds: 0,
            probe: crate::model::ProbeKind::default(),
            by_name: None,
            ntlm: false,
        },
        expected,
    };
    let prober = Arc::new(FakeProber::new().with_all(answer));
    let lag = TimerLag::default().reader();
    connection_task::run(prober, connect, cancel.clone(), lag, up.clone())
}

#[tokio::test(start_paused = true)]
async fn an_established_connection_is_counted_until_its_task_ends() {
    for expected in [false, true] {
        let (cancel, up) = (CancellationToken::new(), UpCounter::default());
        let task = tokio::spawn(connection(Answer::Hang, expected, &cancel, &up));
        assert_eq!(up.now(), usize::from(expected));
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(up.now(), 1);
        cancel.cancel();
        assert!(matches!(task.await.unwrap(), Ended::Tried(_)));
        assert_eq!(up.now(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_expected_connection_is_no_longer_counted_however_its_task_ends() {
    let cancel = CancellationToken::new();
    let up = UpCounter::default();
    let start = |answer| connection(answer, true, &cancel, &up);

    let never_polled = start(Answer::Up);
    assert_eq!(up.now(), 1);
    drop(never_polled);
    assert_eq!(up.now(), 0);

    let mut hangs = Box::pin(start(Answer::Hang));
    assert!(
        hangs
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert_eq!(up.now(), 1);
    drop(hangs);
    assert_eq!(up.now(), 0);

    for answer in [Answer::Refused, Answer::Silent, Answer::ResetAtOnce] {
        start(answer).await;
        assert_eq!(up.now(), 0, "{answer:?}");
    }

    assert!(
        tokio::spawn(start(Answer::Panic))
            .await
            .is_err_and(|error| error.is_panic())
    );
    assert_eq!(up.now(), 0);

    let cancelled_before_the_first_poll = start(Answer::Silent);
    cancel.cancel();
    let ended = cancelled_before_the_first_poll.await;
    assert!(
        matches!(ended, Ended::Failed { failure, .. } if failure.outcome == Outcome::Cancelled)
    );
    assert_eq!(up.now(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_route_to_an_address_is_looked_up_once_and_not_for_all_of_very_many() {
    for (count, asked) in [(10, 10), (1000, 256)] {
        let address = |last: u16| IpAddr::from(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last));
        let mut addresses: Vec<IpAddr> = (1..=count).flat_map(|last| [address(last); 2]).collect();
        addresses.push(at(1).address);
        let prober = FakeProber::new().with_name("srv.example", &addresses);
        let prober = Arc::new(prober.without_route(Endpoint::new(address(2), 3389)));
        let names = targets(&["srv.example"], &[]);
        let job = LookupJob::Target(TargetLookup::new(names.names()[0].clone()));
        let found = lookup_task::run(prober.clone(), job, CancellationToken::new()).await;
        let unroutable = found.unwrap().unroutable;
        assert_eq!(unroutable, HashSet::from([address(2)]));
        let routes = prober.routes();
        let distinct: HashSet<&IpAddr> = routes.iter().collect();
        assert_eq!((routes.len(), distinct.len()), (asked, asked));
    }
}
