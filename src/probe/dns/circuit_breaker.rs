//! The circuit breakers of a resolver: one that stops answering costs a few deadlines and not one for every name.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock;
use crate::model::{LookupAnswer, Question, Resolver};

use crate::prober::{BreakerHealth, ResolverHealth};

/// Failures in a row that open the breaker.
const OPEN_AFTER: u32 = 3;
/// It stays closed as long as anything was answered within this time: then the failures are those of one zone.
const QUIET: Duration = Duration::from_secs(1);
/// How long an open breaker lets no question through.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long the trial of a half-open breaker may take; its task may have been cancelled.
const TRIAL_LIMIT: Duration = Duration::from_secs(10);

/// The breakers of one resolver. Names and addresses have one each: many servers leave reverse lookups of private addresses
/// unanswered and resolve every name.
#[derive(Debug)]
pub(crate) struct Breakers {
    resolver: Resolver,
    /// `None` where it is not asked for addresses of names.
    forward: Option<Breaker>,
    /// `None` where it is not asked for names of addresses.
    reverse: Option<Breaker>,
}

impl Breakers {
    pub(crate) fn new(resolver: Resolver) -> Self {
        Self {
            resolver,
            forward: Some(Breaker::default()),
            reverse: Some(Breaker::default()),
        }
    }

    pub(crate) fn forward_only(resolver: Resolver) -> Self {
        Self {
            reverse: None,
            ..Self::new(resolver)
        }
    }

    pub(crate) fn reverse_only(resolver: Resolver) -> Self {
        Self {
            forward: None,
            ..Self::new(resolver)
        }
    }

    const fn of(&self, question: &Question) -> Option<&Breaker> {
        match question {
            Question::Addresses(_) => self.forward.as_ref(),
            Question::Pointer(_) => self.reverse.as_ref(),
        }
    }

    /// Whether a question may be sent now. Of an open breaker, that is its trial.
    pub(crate) fn allows(&self, question: &Question) -> bool {
        self.of(question).is_some_and(Breaker::allows)
    }

    pub(crate) fn observe(&self, question: &Question, answer: &LookupAnswer) {
        if let Some(breaker) = self.of(question) {
            breaker.observe(answer);
        }
        // A resolver that answers a reverse lookup works: the names that it leaves unanswered are those of one zone.
        if let (Question::Pointer(_), true, Some(forward)) =
            (question, answer.is_sign_of_life(), &self.forward)
        {
            forward.observe(answer);
        }
    }

    pub(crate) fn health(&self) -> ResolverHealth {
        let now = clock::monotonic();
        let of = |breaker: &Option<Breaker>| breaker.as_ref().map(|one| one.lock().clone());
        let records = [of(&self.forward), of(&self.reverse)];
        let failed = || {
            records
                .iter()
                .flatten()
                .filter(|one| !one.failure.is_empty())
        };
        let newest = failed().find(|one| one.state.is_open()).or(failed().next());
        let [forward, reverse] = &records;
        let health = |record: &Option<Record>| record.as_ref().map(|record| record.health(now));
        ResolverHealth {
            resolver: self.resolver,
            is_down: is_down(forward.as_ref(), reverse.as_ref()),
            forward: health(forward),
            reverse: health(reverse),
            failure: newest.map(|one| one.failure.clone()).unwrap_or_default(),
        }
    }
}

/// Unanswered reverse lookups show it only if it used to answer them, or answers
/// nothing, and no name was answered since.
fn is_down(forward: Option<&Record>, reverse: Option<&Record>) -> bool {
    if forward.is_some_and(|forward| forward.state.is_open()) {
        return true;
    }
    let is_open = |record: &&Record| record.state.is_open();
    let newest_name = forward.and_then(|forward| forward.newest_answer);
    reverse.filter(is_open).is_some_and(|reverse| {
        let used_to_answer = reverse.newest_answer.is_some() || newest_name.is_none();
        used_to_answer && newest_name <= reverse.failing_since
    })
}

/// The breaker of one direction.
#[derive(Debug, Default)]
struct Breaker {
    /// INVARIANT: never locked across an await.
    record: Mutex<Record>,
}

#[derive(Debug, Clone, Default)]
struct Record {
    state: State,
    newest_answer: Option<Instant>,
    /// The first failure after it.
    failing_since: Option<Instant>,
    /// The message of the newest failure; empty before the first.
    failure: Box<str>,
    /// How often it closed after it was open.
    recoveries: u32,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Every question is sent. So many failed since the newest answer.
    Closed { failures: u32 },
    /// None is sent until then.
    Open { until: Instant },
    /// A trial is in flight. Should it never end, another is sent then.
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
    fn allows(&self) -> bool {
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

    fn observe(&self, answer: &LookupAnswer) {
        let now = clock::monotonic();
        let mut record = self.lock();
        if answer.is_sign_of_life() {
            record.recoveries += u32::from(record.state.is_open());
            record.newest_answer = Some(now);
            record.failing_since = None;
            record.state = State::default();
            return;
        }
        record.failure = message_of(answer);
        record.failing_since.get_or_insert(now);
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
            // The answer to a question that was sent before it opened.
            State::Open { until } => State::Open { until },
        };
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        // Nothing that can panic runs under the lock.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn health(&self, now: Instant) -> BreakerHealth {
        BreakerHealth {
            was_asked: self.newest_answer.is_some() || !self.failure.is_empty(),
            is_open: self.state.is_open(),
            allows: self.state.lets_through(now),
            has_answered: self.newest_answer.is_some(),
            recoveries: self.recoveries,
        }
    }
}

fn message_of(answer: &LookupAnswer) -> Box<str> {
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

    fn is_open(breaker: &Breaker) -> bool {
        breaker.lock().state.is_open()
    }

    fn pointer() -> Question {
        Question::Pointer([127, 0, 0, 5].into())
    }

    fn name() -> Question {
        Question::Addresses("srv05.corp.example".into())
    }

    fn fail(breakers: &Breakers, question: &Question) {
        for _ in 0..OPEN_AFTER {
            breakers.observe(question, &LookupAnswer::Timeout);
        }
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
        assert!(!is_open(&breaker));
        assert_eq!(breaker.lock().recoveries, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_answers_as_well() {
        let breaker = Breaker::default();
        breaker.observe(&ANSWER);
        tokio::time::advance(QUIET).await;
        for _ in 0..OPEN_AFTER {
            assert!(!is_open(&breaker));
            breaker.observe(&LookupAnswer::Timeout);
        }
        assert!(is_open(&breaker));
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
        assert!(!is_open(&breaker));
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
    async fn a_resolver_is_down_when_it_leaves_names_unanswered_or_all_that_it_was_asked() {
        let breakers = Breakers::new(Resolver::System);
        fail(&breakers, &pointer());
        assert!(breakers.health().is_down);
        breakers.observe(&name(), &ANSWER);
        assert!(!breakers.health().is_down);
        tokio::time::advance(QUIET).await;
        fail(&breakers, &name());
        assert!(breakers.health().is_down);
    }

    #[tokio::test(start_paused = true)]
    async fn a_resolver_is_down_when_it_stops_answering_reverse_lookups_and_no_name_is_answered() {
        let breakers = Breakers::new(Resolver::System);
        breakers.observe(&pointer(), &ANSWER);
        breakers.observe(&name(), &ANSWER);
        tokio::time::advance(QUIET).await;
        fail(&breakers, &pointer());
        assert!(breakers.health().is_down);
        tokio::time::advance(QUIET).await;
        breakers.observe(&name(), &ANSWER);
        assert!(!breakers.health().is_down);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answered_reverse_lookup_closes_the_breaker_for_names_and_not_the_other_way_round() {
        let breakers = Breakers::new(Resolver::System);
        fail(&breakers, &name());
        breakers.observe(&pointer(), &ANSWER);
        assert!(breakers.allows(&name()));
        tokio::time::advance(QUIET).await;
        fail(&breakers, &pointer());
        breakers.observe(&name(), &ANSWER);
        assert!(!breakers.allows(&pointer()));
    }

    #[test]
    fn a_resolver_that_was_not_asked_is_not_down() {
        let health = Breakers::new(Resolver::System).health();
        assert!(!health.was_asked() && !health.is_down);
    }

    #[test]
    fn a_direction_that_is_not_in_use_is_never_asked() {
        assert!(!Breakers::forward_only(Resolver::System).allows(&pointer()));
        assert!(!Breakers::reverse_only(Resolver::Configured).allows(&name()));
    }
}
