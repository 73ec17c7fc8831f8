//! The circuit breaker of a resolver: one that stops answering costs a scan a few deadlines and not one for every name.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock;
use crate::model::{LookupAnswer, Resolver};
use crate::scan::ResolverHealth;

/// Failures in a row that open the breaker.
const OPEN_AFTER: u32 = 3;
/// It stays closed as long as anything was answered within this time: then the failures are those of one zone.
const QUIET: Duration = Duration::from_secs(1);
/// How long an open breaker lets no question through.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long the trial of a half-open breaker may take; its task may have been cancelled.
const TRIAL_LIMIT: Duration = Duration::from_secs(10);

/// How one resolver fares with questions of one direction. Names and addresses have a breaker each: many servers leave reverse
/// lookups of private addresses unanswered and resolve every name.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    /// INVARIANT: never locked across an await.
    record: Mutex<Record>,
}

#[derive(Debug, Clone, Default)]
struct Record {
    state: State,
    newest_answer: Option<Instant>,
    /// The newest failure in words; empty while there was none.
    failure: Box<str>,
    /// How often it closed after it was open.
    recoveries: u32,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Every question goes out. So many failed since the newest answer.
    Closed { failures: u32 },
    /// None goes out until then.
    Open { until: Instant },
    /// One is under way as a trial. Should it not come back, another goes out then.
    HalfOpen { until: Instant },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl State {
    const fn is_open(self) -> bool {
        !matches!(self, Self::Closed { .. })
    }

    fn lets_through(self, now: Instant) -> bool {
        match self {
            Self::Closed { .. } => true,
            Self::Open { until } | Self::HalfOpen { until } => now >= until,
        }
    }
}

impl Breaker {
    /// Whether a question may go out now. The trial of an open breaker is taken with it.
    pub(crate) fn allows(&self) -> bool {
        let now = clock::monotonic();
        let mut record = self.lock();
        let allowed = record.state.lets_through(now);
        if allowed && record.state.is_open() {
            record.state = State::HalfOpen {
                until: now + TRIAL_LIMIT,
            };
        }
        allowed
    }

    /// Takes an answer into account.
    pub(crate) fn observe(&self, answer: &LookupAnswer) {
        let now = clock::monotonic();
        let mut record = self.lock();
        if answer.is_sign_of_life() {
            record.recoveries += u32::from(record.state.is_open());
            record.newest_answer = Some(now);
            record.state = State::default();
            return;
        }
        record.failure = in_words(answer);
        let quiet = record
            .newest_answer
            .is_none_or(|at| now.duration_since(at) >= QUIET);
        let open = State::Open {
            until: now + RETRY_AFTER,
        };
        record.state = match record.state {
            State::Closed { failures } if failures + 1 >= OPEN_AFTER && quiet => open,
            State::Closed { failures } => State::Closed {
                failures: failures.saturating_add(1),
            },
            State::HalfOpen { .. } => open,
            // The answer to a question that went out before it opened.
            State::Open { until } => State::Open { until },
        };
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        // Nothing that can panic runs under the lock.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a resolver fares in all directions in which it was asked; `None` while it was in none.
pub(crate) fn health(resolver: Resolver, breakers: &[&Breaker]) -> Option<ResolverHealth> {
    let now = clock::monotonic();
    let mut records: Vec<Record> = breakers
        .iter()
        .map(|breaker| breaker.lock().clone())
        .collect();
    records.retain(|record| record.newest_answer.is_some() || !record.failure.is_empty());
    let first = records.first()?;
    let of = |wanted: fn(&Record) -> bool| records.iter().find(|record| wanted(record));
    let failed = of(|record| record.state.is_open()).unwrap_or(first);
    Some(ResolverHealth {
        resolver,
        is_down: records.iter().all(|record| record.state.is_open()),
        may_be_asked: records.iter().any(|record| record.state.lets_through(now)),
        has_answered: of(|record| record.newest_answer.is_some()).is_some(),
        failure: failed.failure.clone(),
        recoveries: records.iter().map(|record| record.recoveries).sum(),
    })
}

fn in_words(answer: &LookupAnswer) -> Box<str> {
    match answer {
        LookupAnswer::Refused => "refused".into(),
        LookupAnswer::Error { detail } => detail.clone(),
        _ => "no answer in time".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: LookupAnswer = LookupAnswer::ServFail;

    fn open() -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..OPEN_AFTER {
            assert!(breaker.allows());
            breaker.observe(&LookupAnswer::Timeout);
        }
        breaker
    }

    fn is_down(breaker: &Breaker) -> bool {
        health(Resolver::System, &[breaker]).is_some_and(|health| health.is_down)
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_breaker_lets_one_trial_through_at_a_time() {
        let breaker = open();
        assert!(!breaker.allows());
        tokio::time::advance(RETRY_AFTER).await;
        assert!(breaker.allows());
        assert!(!breaker.allows());
        breaker.observe(&LookupAnswer::Timeout);
        assert!(!breaker.allows());
        tokio::time::advance(RETRY_AFTER).await;
        assert!(breaker.allows());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_closes_it() {
        let breaker = open();
        breaker.observe(&ANSWER);
        assert!(breaker.allows());
        assert!(breaker.allows());
        let health = health(Resolver::System, &[&breaker]).unwrap();
        assert_eq!((health.is_down, health.recoveries), (false, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_answers_as_well() {
        let breaker = Breaker::default();
        breaker.observe(&ANSWER);
        tokio::time::advance(QUIET).await;
        for _ in 0..OPEN_AFTER {
            assert!(!is_down(&breaker));
            breaker.observe(&LookupAnswer::Timeout);
        }
        assert!(is_down(&breaker));
    }

    #[tokio::test(start_paused = true)]
    async fn failures_among_answers_are_those_of_a_zone() {
        let breaker = Breaker::default();
        for _ in 0..9 {
            breaker.observe(&ANSWER);
            for _ in 0..9 {
                breaker.observe(&LookupAnswer::Timeout);
            }
        }
        assert!(!is_down(&breaker));
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_that_is_lost_is_followed_by_another() {
        let breaker = open();
        tokio::time::advance(RETRY_AFTER).await;
        assert!(breaker.allows());
        tokio::time::advance(TRIAL_LIMIT).await;
        assert!(breaker.allows());
    }

    #[tokio::test(start_paused = true)]
    async fn a_resolver_is_down_when_no_direction_that_was_asked_is_answered() {
        let (forward, reverse) = (Breaker::default(), open());
        let is_down = || {
            let health = health(Resolver::System, &[&forward, &reverse]);
            health.unwrap().is_down
        };
        assert!(is_down());
        forward.observe(&ANSWER);
        assert!(!is_down());
    }

    #[test]
    fn a_resolver_that_was_not_asked_has_no_health() {
        assert_eq!(health(Resolver::System, &[&Breaker::default()]), None);
    }
}
