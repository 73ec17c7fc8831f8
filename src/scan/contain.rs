//! A panic in a probe is a fault of ours that costs the one attempt: the scan goes on, and so does the screen.

use std::any::Any;

use tokio::task::JoinError;

tokio::task_local! {
    static CONTAINED: ();
}

/// Runs a task whose panic is taken in by whoever joins it.
pub(super) fn contain<F: Future>(task: F) -> impl Future<Output = F::Output> {
    CONTAINED.scope((), task)
}

/// Whether the code that runs right now is such a task: what a panic hook asks, before it gives a terminal back.
#[must_use]
pub fn is_contained() -> bool {
    CONTAINED.try_with(|()| ()).is_ok()
}

/// What the panic of a joined task said; `None` when the task was aborted.
pub(super) fn panic_words(error: JoinError) -> Option<String> {
    let payload: Box<dyn Any + Send> = error.try_into_panic().ok()?;
    let words = payload
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    let words = words.unwrap_or_else(|| "a panic without words".to_owned());
    Some(words.chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_known_as_contained_while_it_happens_and_its_words_come_back() {
        assert!(!is_contained());
        let task = tokio::spawn(contain(async {
            assert!(!is_contained(), "seen from inside");
        }));
        let words = panic_words(task.await.unwrap_err());
        assert_eq!(words.as_deref(), Some("seen from inside"));
    }

    #[tokio::test]
    async fn a_task_that_was_aborted_has_no_words() {
        let task = tokio::spawn(contain(std::future::pending::<()>()));
        task.abort();
        assert_eq!(panic_words(task.await.unwrap_err()), None);
    }
}
