//! Stopping from outside: Ctrl-C, a termination request, a closed terminal.

use tokio_util::sync::CancellationToken;

/// The two ways to be stopped.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop {
    /// Asked once: no new connections, results so far are kept, shown and written.
    pub(super) gently: CancellationToken,
    /// Asked twice: leave now.
    pub(super) now: CancellationToken,
}

/// Listens in the background for as long as the runtime lives.
pub(super) fn listen() -> Stop {
    let stop = Stop::default();
    let asked = stop.clone();
    tokio::spawn(async move {
        os::asked_to_stop().await;
        asked.gently.cancel();
        os::asked_to_stop().await;
        asked.now.cancel();
    });
    stop
}

#[cfg(unix)]
mod os {
    use tokio::signal::unix::{SignalKind, signal};

    /// Resolves at the next SIGINT, SIGTERM or SIGHUP. A signal that cannot be listened to never comes.
    pub(super) async fn asked_to_stop() {
        let wait = |kind| async move {
            match signal(kind) {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wait(SignalKind::interrupt()) => {}
            () = wait(SignalKind::terminate()) => {}
            () = wait(SignalKind::hangup()) => {}
        }
    }
}

#[cfg(windows)]
mod os {
    use tokio::signal::windows;

    /// Resolves at the next Ctrl-C, Ctrl-Break, closed console, logoff or shutdown.
    pub(super) async fn asked_to_stop() {
        macro_rules! wait {
            ($make:path) => {
                async {
                    match $make() {
                        Ok(mut event) => {
                            event.recv().await;
                        }
                        Err(_) => std::future::pending().await,
                    }
                }
            };
        }
        tokio::select! {
            () = wait!(windows::ctrl_c) => {}
            () = wait!(windows::ctrl_break) => {}
            () = wait!(windows::ctrl_close) => {}
            () = wait!(windows::ctrl_logoff) => {}
            () = wait!(windows::ctrl_shutdown) => {}
        }
    }
}
