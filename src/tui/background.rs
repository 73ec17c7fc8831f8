use tokio::task::{JoinHandle, spawn_blocking};

/// Work on a blocking thread, one piece at a time.
#[derive(Debug)]
pub(super) struct Background<T>(Option<JoinHandle<T>>);

impl<T: Send + 'static> Background<T> {
    pub(super) const fn idle() -> Self {
        Self(None)
    }

    pub(super) const fn is_busy(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn start(&mut self, work: impl FnOnce() -> T + Send + 'static) {
        self.0 = Some(spawn_blocking(work));
    }

    /// The result; pending while idle. A panic of the work continues here: its message has restored the terminal, so that no
    /// screen is left to draw to.
    pub(super) async fn done(&mut self) -> T {
        let Some(task) = &mut self.0 else {
            return std::future::pending().await;
        };
        let joined = task.await;
        self.0 = None;
        match joined.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(result) => result,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // Cancelled: the runtime shuts down.
            Err(Err(_)) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_runs_beside_the_loop_and_returns_its_result() {
        let mut background = Background::idle();
        background.start(|| 7);
        assert!(background.is_busy());
        assert_eq!(background.done().await, 7);
        assert!(!background.is_busy());
    }

    #[tokio::test]
    async fn a_panic_of_the_work_continues_in_the_loop() {
        let mut background = Background::<()>::idle();
        background.start(|| panic!("a panic on purpose"));
        let joined = tokio::spawn(async move { background.done().await }).await;
        assert!(joined.is_err_and(|error| error.is_panic()));
    }
}
