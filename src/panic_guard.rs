//! A panic is a bug of ours or of a library, and costs one attempt, lookup or file: the scan and the screen continue.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use tokio::task::JoinError;

tokio::task_local! {
    static GUARDED: ();
}

/// Marks a task whose panic is handled where it is joined.
pub fn guarded<F: Future>(task: F) -> impl Future<Output = F::Output> {
    GUARDED.scope((), task)
}

/// Runs work whose panic becomes an error: the message of the panic. What the work has half changed must not be used after that.
pub fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    GUARDED
        .sync_scope((), || panic::catch_unwind(AssertUnwindSafe(work)))
        .map_err(|payload| message(&*payload))
}

/// From here on, a panic that is guarded goes to the log, and not to the terminal. Others call `first`, and print their message.
pub fn set_hook(first: fn()) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if is_guarded() {
                tracing::error!("{info}");
                return;
            }
            first();
            previous(info);
        }));
    });
}

/// Whether the current code is guarded.
fn is_guarded() -> bool {
    GUARDED.try_with(|()| ()).is_ok()
}

/// The message of a task's panic; `None` when the task was aborted.
#[must_use]
pub fn panic_message(error: JoinError) -> Option<String> {
    Some(message(&*error.try_into_panic().ok()?))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let words = payload
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    let words = words.unwrap_or_else(|| "a panic without a message".to_owned());
    words.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_known_as_contained_while_it_happens_and_its_words_come_back() {
        assert!(!is_guarded());
        let task = tokio::spawn(guarded(async {
            assert!(!is_guarded(), "seen from inside");
        }));
        let words = panic_message(task.await.unwrap_err());
        assert_eq!(words.as_deref(), Some("seen from inside"));
    }

    #[test]
    fn a_contained_panic_is_an_error() {
        assert_eq!(contain(|| 7), Ok(7));
        let failed = contain(|| assert!(!is_guarded(), "seen from inside"));
        assert_eq!(failed, Err("seen from inside".to_owned()));
        assert!(!is_guarded());
    }

    #[tokio::test]
    async fn a_task_that_was_aborted_has_no_words() {
        let task = tokio::spawn(guarded(std::future::pending::<()>()));
        task.abort();
        assert_eq!(panic_message(task.await.unwrap_err()), None);
    }
}
