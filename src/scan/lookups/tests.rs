//! Lookups alone: no runtime, and a clock that is a number.

use std::time::Duration;

use super::*;
use crate::model::{LookupAnswer, Question, Resolver};

fn name(text: &str) -> NameTarget {
    NameTarget {
        name: text.to_owned(),
        port: 3389,
    }
}

fn health(is_down: bool, allows: bool) -> Vec<ResolverHealth> {
    let breaker = BreakerHealth {
        was_asked: true,
        is_open: is_down,
        allows,
        has_answered: !is_down,
        recoveries: 0,
    };
    vec![ResolverHealth {
        resolver: Resolver::System,
        is_down,
        forward: Some(breaker),
        reverse: Some(breaker),
        failure: "no answer in time".into(),
    }]
}

fn failure() -> Vec<Lookup> {
    vec![Lookup {
        question: Question::Addresses("srv.example".into()),
        resolver: Resolver::System,
        answer: LookupAnswer::ServFail,
        duration_ms: 1,
    }]
}

fn target(job: LookupJob) -> TargetLookup {
    match job {
        LookupJob::Target(job) => job,
        LookupJob::Host(job) => panic!("{job:?}"),
    }
}

#[test]
fn a_name_that_fails_is_retried_a_few_times_while_a_resolver_answers() {
    let mut lookups = Lookups::new(1, &[name("srv.example")]);
    lookups.set_health(health(false, true));
    let mut now = crate::clock::monotonic().into_std();
    for last in [false, false, true] {
        let job = target(lookups.next(now, false).unwrap());
        let over = lookups.target_ended(job, Some(failure()), now);
        assert_eq!(over.is_some(), last);
        assert!(lookups.next(now, false).is_none());
        now += Duration::from_secs(1);
    }
    assert!(!lookups.hold_the_end(true));
}

#[test]
fn a_name_that_fails_is_no_try_while_every_resolver_is_down() {
    let mut lookups = Lookups::new(1, &[name("srv.example")]);
    lookups.set_health(health(true, true));
    let mut now = crate::clock::monotonic().into_std();
    for _ in 0..10 {
        let job = target(lookups.next(now, false).unwrap());
        assert_eq!(lookups.target_ended(job, Some(failure()), now), None);
        now += Duration::from_secs(1);
    }
    // At the end there are two more trials.
    for _ in 0..2 {
        assert!(lookups.hold_the_end(true));
        let job = target(lookups.next(now, true).unwrap());
        assert_eq!(lookups.target_ended(job, Some(failure()), now), None);
        now += Duration::from_secs(1);
    }
    assert!(!lookups.hold_the_end(true));
    let unanswered = lookups.take_unanswered(true);
    assert_eq!(unanswered, [(name("srv.example"), failure())]);
}

#[test]
fn while_every_resolver_is_down_one_lookup_at_a_time_tries_them() {
    let mut lookups = Lookups::new(8, &[name("a.example"), name("b.example")]);
    lookups.set_health(health(true, true));
    let now = crate::clock::monotonic().into_std();
    let job = lookups.next(now, false).unwrap();
    lookups.start(TaskId(1), job);
    assert!(lookups.next(now, false).is_none());
    lookups.set_health(health(false, true));
    assert!(lookups.next(now, false).is_some());
}

/// Its forward lookups are answered, and its reverse lookups are skipped again.
fn without_reverse(allows: bool) -> Vec<ResolverHealth> {
    let mut health = health(false, true);
    let reverse = health[0].reverse.as_mut().unwrap();
    (reverse.is_open, reverse.allows) = (true, allows);
    health
}

#[test]
fn the_end_waits_for_two_trials_of_reverse_lookups() {
    let mut lookups = Lookups::new(1, &[]);
    lookups.set_health(without_reverse(true));
    let now = crate::clock::monotonic().into_std();
    let endpoint = Endpoint::new([127, 9, 0, 1].into(), 3389);
    lookups.check_again(endpoint, &[]);
    let mut trials = 0;
    while lookups.hold_the_end(true) && trials < 10 {
        let LookupJob::Host(job) = lookups.next(now, true).unwrap() else {
            panic!("a name of the user");
        };
        let ends = job.questions().into_iter();
        let ends = ends.map(|question| (question, LookupEnd::Failed)).collect();
        lookups.host_ended(endpoint, &[], ends, now);
        trials += 1;
    }
    assert_eq!(trials, 3, "the first lookup, and two trials");
}

#[test]
fn a_cancelled_lookup_holds_its_slot_until_it_ends_and_has_no_result() {
    let mut lookups = Lookups::new(1, &[name("a.example")]);
    let now = crate::clock::monotonic().into_std();
    let job = lookups.next(now, false).unwrap();
    lookups.start(TaskId(1), job);
    assert_eq!(lookups.open_targets().count(), 1);
    assert_eq!(lookups.restart(&[name("a.example")]), [TaskId(1)]);
    assert_eq!(lookups.open_targets().count(), 0);
    assert!(lookups.next(now, false).is_none());
    assert!(lookups.end(TaskId(1)).is_none());
    assert!(lookups.next(now, false).is_some());
}
