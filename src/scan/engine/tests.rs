//! The engine alone: no runtime, and a clock that is a number.

use super::*;
use crate::model::{Endpoint, LookupAnswer, Question, Resolver, Stage};
use crate::targets::TargetSetBuilder;

struct Bench {
    engine: Engine,
    start: Instant,
    /// The time since the start, in milliseconds.
    ms: u64,
    events: Vec<EventBody>,
    connects: Vec<StartConnect>,
    lookups: Vec<TaskId>,
    cancelled: Vec<TaskId>,
}

impl Bench {
    fn new(wanted: &[&str], options: ScanOptions) -> Self {
        let mut builder = TargetSetBuilder::new(&[3389]);
        for text in wanted {
            builder.add_text(text).unwrap();
        }
        let start = crate::clock::monotonic().into_std();
        let targets = builder.build().unwrap();
        let mut bench = Self {
            engine: Engine::new(targets.into(), options, start),
            start,
            ms: 0,
            events: Vec::new(),
            connects: Vec::new(),
            lookups: Vec::new(),
            cancelled: Vec::new(),
        };
        bench.handle(Input::Start);
        bench
    }

    fn handle(&mut self, input: Input) {
        let now = self.start + Duration::from_millis(self.ms);
        self.engine.handle(input, now);
        while let Some(output) = self.engine.next_output() {
            match output {
                Output::Emit(body) => self.events.push(body),
                Output::Connect(connect) => self.connects.push(connect),
                Output::LookUp { id, .. } => self.lookups.push(id),
                Output::Cancel(id) => self.cancelled.push(id),
                Output::ResetClock | Output::PublishEnd => {}
            }
        }
    }

    /// Starts what may start, until the engine waits for something.
    fn wake(&mut self) {
        loop {
            self.handle(Input::Wake { connections_up: 0 });
            let now = self.start + Duration::from_millis(self.ms);
            if self.engine.wake_at().is_none_or(|at| at > now) {
                return;
            }
        }
    }

    fn fail(&mut self, connect: &StartConnect, outcome: Outcome) {
        self.handle(Input::ConnectFailed {
            id: connect.id,
            failure: ConnectFailure {
                outcome,
                shortage: None,
                started_at: Timestamp::UNIX_EPOCH,
                duration_us: 1000,
            },
            lag_us: 0,
        });
    }

    /// Lets every connect end so, until there are no more.
    fn fail_all(&mut self, outcome: &Outcome) -> Vec<StartConnect> {
        let mut ended = Vec::new();
        loop {
            self.wake();
            if self.connects.is_empty() {
                return ended;
            }
            self.ms += 1000;
            for connect in std::mem::take(&mut self.connects) {
                self.fail(&connect, outcome.clone());
                ended.push(connect);
            }
        }
    }

    fn attempts(&self) -> usize {
        let is_attempt = |body: &&EventBody| matches!(body, EventBody::AttemptFinished { .. });
        self.events.iter().filter(is_attempt).count()
    }
}

const SILENCE: Outcome = Outcome::Timeout { received: 0 };

fn at(last: u8) -> Endpoint {
    Endpoint::new([127, 9, 0, last].into(), 3389)
}

#[test]
fn a_silent_address_goes_through_every_round_and_is_only_counted() {
    let mut bench = Bench::new(&["127.9.0.0/30"], ScanOptions::default());
    let connects = bench.fail_all(&SILENCE);
    let rounds: Vec<u8> = connects
        .iter()
        .filter(|connect| connect.request.endpoint == at(1))
        .map(|connect| connect.request.unanswered_rounds)
        .collect();
    assert_eq!(rounds, [0, 1, 2]);
    assert!(bench.engine.is_done());
    let end = bench.engine.finish(crate::model::ScanStatus::Complete);
    assert_eq!((end.endpoints_probed, end.unlisted.filtered), (2, 2));
    assert_eq!(bench.attempts(), 0);
}

#[test]
fn the_rate_cap_says_when_the_next_connect_may_start() {
    let options = ScanOptions {
        rate: 4,
        ..ScanOptions::default()
    };
    let mut bench = Bench::new(&["127.9.0.0/28"], options);
    bench.wake();
    // A quarter of a second's worth is the burst.
    assert_eq!(bench.connects.len(), 2);
    let next = bench.engine.wake_at().unwrap();
    assert_eq!(next, bench.start + Duration::from_millis(250));
    bench.ms = 250;
    bench.wake();
    assert_eq!(bench.connects.len(), 3);
}

#[test]
fn a_pause_starts_nothing() {
    let mut bench = Bench::new(&["127.9.0.0/28"], ScanOptions::default());
    for (order, connects) in [(Control::Pause, 0), (Control::Resume, 14)] {
        let at = Timestamp::UNIX_EPOCH;
        bench.handle(Input::Control { order, at });
        bench.wake();
        assert_eq!(bench.connects.len(), connects);
    }
}

#[test]
fn the_result_of_a_connection_that_was_discarded_does_not_count() {
    let mut bench = Bench::new(&["127.9.0.1"], ScanOptions::default());
    bench.wake();
    let connect = bench.connects.remove(0);
    bench.handle(Input::Control {
        order: Control::ProbeAgain(vec![at(1)]),
        at: Timestamp::UNIX_EPOCH,
    });
    assert_eq!(bench.cancelled, [connect.id]);
    bench.fail(&connect, Outcome::Refused);
    assert_eq!(bench.attempts(), 0);
    bench.ms += 1000;
    bench.wake();
    let again = bench.connects.remove(0);
    assert_eq!((again.request.endpoint, again.request.number), (at(1), 1));
}

#[test]
fn a_skipped_host_is_a_row_with_the_stage_that_was_cancelled() {
    let mut bench = Bench::new(&["127.9.0.1"], ScanOptions::default());
    bench.wake();
    let connect = bench.connects.remove(0);
    bench.handle(Input::Control {
        order: Control::Skip(at(1)),
        at: Timestamp::UNIX_EPOCH,
    });
    bench.fail(&connect, Outcome::Cancelled);
    let Some(EventBody::AttemptFinished {
        attempt, remaining, ..
    }) = bench.events.last()
    else {
        panic!("{:?}", bench.events);
    };
    assert_eq!(attempt.failure(), Some((Stage::Tcp, &Outcome::Cancelled)));
    assert_eq!(*remaining, 0);
    assert!(bench.engine.is_done());
}

#[test]
fn a_panic_leaves_the_gap_before_the_next_connection() {
    let mut bench = Bench::new(
        &["127.9.0.1:3389", "127.9.0.1:3390"],
        ScanOptions::default(),
    );
    bench.wake();
    let first = bench.connects.remove(0);
    let gap = u64::try_from(ScanOptions::default().gap.as_millis()).unwrap();
    bench.ms += gap;
    bench.handle(Input::Panicked {
        id: first.id,
        message: "a bug".to_owned(),
        at: Timestamp::UNIX_EPOCH,
    });
    bench.wake();
    assert!(bench.connects.is_empty());
    bench.ms += gap;
    bench.wake();
    let second = bench.connects.remove(0);
    assert_ne!(second.request.endpoint, first.request.endpoint);
}

/// With few of them, every look goes through all that is scheduled.
#[test]
fn the_time_left_knows_an_attempt_that_was_just_scheduled() {
    let options = ScanOptions {
        interval: Duration::from_secs(60),
        gap: Duration::from_millis(1),
        ..ScanOptions::default()
    };
    let mut bench = Bench::new(&["127.9.0.1", "127.9.0.2"], options);
    bench.wake();
    let left = |bench: &mut Bench| {
        let connect = bench.connects.remove(0);
        bench.fail(&connect, Outcome::Refused);
        let now = bench.start + Duration::from_millis(bench.ms);
        bench.engine.progress(now).left.unwrap()
    };
    let before = left(&mut bench);
    bench.ms += 900;
    let after = left(&mut bench);
    assert!(
        after + Duration::from_millis(450) > before,
        "{before:?} {after:?}"
    );
}

#[test]
fn a_name_is_looked_up_and_its_address_is_probed() {
    let mut bench = Bench::new(&["srv.example"], ScanOptions::default());
    bench.wake();
    assert!(bench.connects.is_empty() && !bench.engine.is_done());
    let id = bench.lookups.remove(0);
    let lookup = Lookup {
        question: Question::Addresses("srv.example".into()),
        resolver: Resolver::System,
        answer: LookupAnswer::Addresses {
            addresses: vec![at(7).address],
            ttl_s: None,
        },
        duration_ms: 1,
    };
    let found = Found {
        lookups: Some(vec![lookup]),
        ..Found::default()
    };
    bench.handle(Input::LookupFinished {
        id,
        found: Some(found),
    });
    bench.wake();
    assert_eq!(bench.connects[0].request.endpoint, at(7));
}

#[test]
fn established_connections_are_counted_again_within_a_burst() {
    let options = ScanOptions {
        rate: 0,
        in_flight: 10_000,
        ..ScanOptions::default()
    };
    let mut bench = Bench::new(&["127.9.0.0/16"], options);
    // Nothing answers so far, so that bursts are long.
    for _ in 0..2 {
        bench.wake();
        bench.ms += 100;
        for connect in std::mem::take(&mut bench.connects) {
            bench.fail(&connect, SILENCE);
        }
    }
    bench.handle(Input::Wake { connections_up: 0 });
    assert_eq!(bench.connects.len(), 256);
    assert_eq!(
        bench.engine.wake_at(),
        Some(bench.start + Duration::from_millis(bench.ms))
    );
    bench.handle(Input::Wake {
        connections_up: usize::MAX,
    });
    assert_eq!(bench.connects.len(), 256);
    assert_eq!(bench.engine.wake_at(), None);
}
