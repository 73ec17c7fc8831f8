//! Stopping from outside: Ctrl-C, a termination request, a closed terminal.

use tokio_util::sync::CancellationToken;

use crate::streams;

#[derive(Debug, Clone, Default)]
pub(super) struct Stop {
    /// After the first signal: no new connections; results so far are kept, shown and written.
    pub(super) gently: CancellationToken,
    /// After the second: exit at once.
    pub(super) now: CancellationToken,
}

impl Stop {
    /// For a session, which its screen stops when it closes: that is no signal to stop what follows.
    pub(super) fn of_session(&self) -> Self {
        Self {
            gently: self.gently.child_token(),
            now: self.now.clone(),
        }
    }
}

pub(super) fn listen() -> Stop {
    let stop = Stop::default();
    let signalled = stop.clone();
    let first = os::stop_signal();
    tokio::spawn(async move {
        first.await;
        streams::stop();
        signalled.gently.cancel();
        os::stop_signal().await;
        streams::stop_at_once();
        signalled.now.cancel();
    });
    stop
}

/// A file that has reached the limit of a user (`ulimit -f`) cannot be written, and does not end the process.
pub(super) fn outlive_file_limit() {
    os::outlive_file_limit();
}

#[cfg(unix)]
mod os {
    use rustix::process::Signal;
    use tokio::signal::unix::{SignalKind, signal};

    use crate::streams;

    /// With a listener, the signal has no other effect, and the write fails.
    pub(super) fn outlive_file_limit() {
        drop(signal(SignalKind::from_raw(Signal::XFSZ.as_raw())));
    }

    /// Listens from the call on; resolves at the next SIGINT, SIGTERM or SIGHUP. A signal without a listener never resolves.
    pub(super) fn stop_signal() -> impl Future<Output = ()> {
        let wait = |kind| {
            let listener = signal(kind);
            async move {
                match listener {
                    Ok(mut signal) => loop {
                        signal.recv().await;
                        let is_of_other = kind == SignalKind::interrupt() && streams::is_lent();
                        if !is_of_other {
                            break;
                        }
                    },
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

    use crate::streams;

    /// There is no such limit.
    pub(super) const fn outlive_file_limit() {}

    /// Resolves at the next Ctrl-C, Ctrl-Break, closed console, logoff or shutdown.
    pub(super) async fn stop_signal() {
        macro_rules! wait {
            ($make:path, $is_of_other:expr) => {
                async {
                    match $make() {
                        Ok(mut event) => {
                            event.recv().await;
                            while $is_of_other {
                                event.recv().await;
                            }
                        }
                        Err(_) => std::future::pending().await,
                    }
                }
            };
        }
        tokio::select! {
            // These two are for the program that has the console.
            () = wait!(windows::ctrl_c, streams::is_lent()) => {}
            () = wait!(windows::ctrl_break, streams::is_lent()) => {}
            () = wait!(windows::ctrl_close, false) => {}
            () = wait!(windows::ctrl_logoff, false) => {}
            () = wait!(windows::ctrl_shutdown, false) => {}
        }
    }
}
