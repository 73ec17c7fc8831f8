//! Leaves a resolver in peace that has never answered, so that it costs a scan a few deadlines and not one for every name.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock;
use crate::model::LookupAnswer;

/// Failures without any answer, after which a resolver is asked now and then only.
const TIRED_AFTER: u32 = 3;
/// How often such a resolver is asked all the same, so that its return is noticed.
const CANARY_EVERY: Duration = Duration::from_secs(3);

/// How one resolver fares with questions of one direction. Names and addresses are counted apart: many servers leave reverse
/// lookups of private addresses unanswered and know every name.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// INVARIANT: never locked across an await.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// It has answered: from then on it is always asked.
    answered: bool,
    failures: u32,
    newest_failure: Option<Instant>,
}

impl Rest {
    /// Whether a question should go out now. The one that tries a resting resolver is taken with it.
    pub(super) fn allows(&self) -> bool {
        let now = clock::monotonic();
        let mut state = self.state();
        if state.answered || state.failures < TIRED_AFTER {
            return true;
        }
        let due = state
            .newest_failure
            .is_none_or(|at| now.duration_since(at) >= CANARY_EVERY);
        if due {
            state.newest_failure = Some(now);
        }
        due
    }

    /// Takes an answer into account.
    pub(super) fn heard(&self, answer: &LookupAnswer) {
        let mut state = self.state();
        if answer.is_sign_of_life() {
            state.answered = true;
        } else {
            state.failures = state.failures.saturating_add(1);
            state.newest_failure = Some(clock::monotonic());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tired() -> Rest {
        let rest = Rest::default();
        for _ in 0..TIRED_AFTER {
            assert!(rest.allows());
            rest.heard(&LookupAnswer::Timeout);
        }
        rest
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_resolver_gets_one_question_now_and_then() {
        let rest = tired();
        assert!(!rest.allows());
        tokio::time::advance(CANARY_EVERY).await;
        assert!(rest.allows());
        assert!(!rest.allows());
    }

    #[tokio::test(start_paused = true)]
    async fn one_answer_ends_the_rest_for_good() {
        let rest = tired();
        rest.heard(&LookupAnswer::ServFail);
        for _ in 0..9 {
            rest.heard(&LookupAnswer::Timeout);
        }
        assert!(rest.allows());
    }
}
