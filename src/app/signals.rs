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
    let first = os::asked_to_stop();
    tokio::spawn(async move {
        first.await;
        asked.gently.cancel();
        os::asked_to_stop().await;
        asked.now.cancel();
    });
    stop
}

#[cfg(unix)]
mod os {
    use tokio::signal::unix::{SignalKind, signal};

    /// Listens from now on; resolves at the next SIGINT, SIGTERM or SIGHUP. A signal that cannot be listened to never comes.
    pub(super) fn asked_to_stop() -> impl Future<Output = ()> {
        let wait = |kind| {
            let listener = signal(kind);
            async move {
                match listener {
                    Ok(mut signal) => {
                        signal.recv().await;
                    }
                    Err(_) => std::future::pending().await,
                }
            }
        };
        let interrupt = wait(SignalKind::interrupt());
        let terminate = wait(SignalKind::terminate());
        let hangup = wait(SignalKind::hangup());
        async move {
            tokio::select! {
                () = interrupt => {}
                () = terminate => {}
                () = hangup => {}
            }
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
