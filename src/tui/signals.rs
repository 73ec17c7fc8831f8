//! The signals by which the system ends a process or its terminal, or stops it for a while; and the modes of the terminal.

pub(super) use os::{CAN_SUSPEND, Continued, Modes, detach, shutdown_signal, suspend};

#[cfg(unix)]
mod os {
    use std::io;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use rustix::process::{Signal, kill_current_process_group};
    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
    use tokio::signal::unix::{SignalKind, signal};

    use crate::streams;

    pub(in crate::tui) const CAN_SUSPEND: bool = true;

    /// Listens at once; the future completes at the first signal.
    pub(in crate::tui) fn shutdown_signal() -> io::Result<impl Future<Output = ()>> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        // Ctrl-C is a key in raw mode; this is `kill -INT`.
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => break,
                    _ = hangup.recv() => break,
                    _ = interrupt.recv() => {
                        // Ctrl-C is for the program that has the terminal.
                        if !streams::is_lent() {
                            break;
                        }
                    }
                }
            }
        })
    }

    /// Keeps the signals of this terminal away from a program.
    pub(in crate::tui) fn detach(command: &mut Command) {
        command.process_group(0);
    }

    /// Stops all of this job, as the terminal does at Ctrl-Z. An orphaned job is not stopped (POSIX 2.4.3).
    pub(in crate::tui) fn suspend() {
        if let Err(error) = kill_current_process_group(Signal::TSTP) {
            tracing::debug!(%error, "This job cannot be stopped");
        }
    }

    /// The modes of the terminal, which a program may leave in others, such as raw.
    pub(in crate::tui) struct Modes(Termios);

    impl Modes {
        /// `None` where there is no terminal.
        pub(in crate::tui) fn now() -> Option<Self> {
            // Standard input may be a list of targets.
            tcgetattr(io::stdout()).ok().map(Self)
        }

        pub(in crate::tui) fn restore(&self) {
            if let Err(error) = tcsetattr(io::stdout(), OptionalActions::Now, &self.0) {
                tracing::debug!(%error, "The modes of the terminal cannot be restored");
            }
        }
    }

    /// The signal after a stop, whatever stopped the process.
    pub(in crate::tui) struct Continued(tokio::signal::unix::Signal);

    impl Continued {
        pub(in crate::tui) fn listen() -> io::Result<Self> {
            let number = SignalKind::from_raw(Signal::CONT.as_raw());
            Ok(Self(signal(number)?))
        }

        pub(in crate::tui) async fn next(&mut self) {
            if self.0.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(windows)]
mod os {
    use std::io;
    use std::os::windows::process::CommandExt as _;
    use std::process::Command;

    use tokio::signal::windows::{ctrl_close, ctrl_logoff, ctrl_shutdown};

    /// Consoles have no jobs.
    pub(in crate::tui) const CAN_SUSPEND: bool = false;

    /// Listens at once; the future completes at the first event.
    pub(in crate::tui) fn shutdown_signal() -> io::Result<impl Future<Output = ()>> {
        let (mut close, mut shutdown, mut logoff) =
            (ctrl_close()?, ctrl_shutdown()?, ctrl_logoff()?);
        Ok(async move {
            tokio::select! {
                _ = close.recv() => {}
                _ = shutdown.recv() => {}
                _ = logoff.recv() => {}
            }
        })
    }

    pub(in crate::tui) const fn suspend() {}

    /// `CREATE_NEW_PROCESS_GROUP`.
    const NEW_PROCESS_GROUP: u32 = 0x200;

    /// Keeps the events of this console away from a program.
    pub(in crate::tui) fn detach(command: &mut Command) {
        command.creation_flags(NEW_PROCESS_GROUP);
    }

    /// A console that reads lines, which a program may leave otherwise.
    pub(in crate::tui) struct Modes(());

    impl Modes {
        #[expect(
            clippy::unnecessary_wraps,
            reason = "the signature of the other systems"
        )]
        pub(in crate::tui) const fn now() -> Option<Self> {
            Some(Self(()))
        }

        pub(in crate::tui) fn restore(&self) {
            let Self(()) = self;
            if let Err(error) = crossterm::terminal::disable_raw_mode() {
                tracing::debug!(%error, "The modes of the console cannot be restored");
            }
        }
    }

    pub(in crate::tui) struct Continued;

    impl Continued {
        #[expect(
            clippy::unnecessary_wraps,
            reason = "the signature of the other systems"
        )]
        pub(in crate::tui) const fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        pub(in crate::tui) async fn next(&mut self) {
            std::future::pending().await
        }
    }
}
