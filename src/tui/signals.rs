//! The ways in which the system tells a process that its terminal closes or that it must end.

use std::io;

/// Completes when the process is told to end. Cancel-safe: a signal that came before the first poll after creation is kept.
#[cfg(unix)]
pub(super) struct Ending {
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Ending {
    /// Starts to listen.
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            // Ctrl-C is a key in raw mode; this is `kill -INT`.
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the word.
    pub(super) async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Completes when the process is told to end.
#[cfg(windows)]
pub(super) struct Ending {
    close: tokio::signal::windows::CtrlClose,
    shutdown: tokio::signal::windows::CtrlShutdown,
    logoff: tokio::signal::windows::CtrlLogoff,
}

#[cfg(windows)]
impl Ending {
    /// Starts to listen.
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_close, ctrl_logoff, ctrl_shutdown};
        Ok(Self {
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
            logoff: ctrl_logoff()?,
        })
    }

    /// Waits for the word.
    pub(super) async fn told(&mut self) {
        tokio::select! {
            _ = self.close.recv() => {}
            _ = self.shutdown.recv() => {}
            _ = self.logoff.recv() => {}
        }
    }
}
