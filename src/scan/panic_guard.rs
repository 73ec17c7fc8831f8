//! A panic in a task is a bug that costs one attempt or lookup: the scan and the screen continue.

use std::any::Any;

use tokio::task::JoinError;

tokio::task_local! {
    static GUARDED: ();
}

/// Marks a task whose panic is handled where it is joined.
pub(super) fn guarded<F: Future>(task: F) -> impl Future<Output = F::Output> {
    GUARDED.scope((), task)
}

/// Whether the current task is guarded: then a panic hook leaves the terminal alone.
#[must_use]
pub fn is_guarded() -> bool {
    GUARDED.try_with(|()| ()).is_ok()
}

/// The message of a task's panic; `None` when the task was aborted.
pub(super) fn panic_message(error: JoinError) -> Option<String> {
    let payload: Box<dyn Any + Send> = error.try_into_panic().ok()?;
    let words = payload
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    let words = words.unwrap_or_else(|| "a panic without a message".to_owned());
    Some(words.chars().take(200).collect())
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

    #[tokio::test]
    async fn a_task_that_was_aborted_has_no_words() {
        let task = tokio::spawn(guarded(std::future::pending::<()>()));
        task.abort();
        assert_eq!(panic_message(task.await.unwrap_err()), None);
    }
}
