//! Runs programs: in the background, or with the terminal lent to them until they end.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::{Child, Command, Stdio};

use tokio::sync::mpsc;

use super::action::Launch;
use super::signals;
use super::terminal::TerminalIo;

/// Messages of ended programs that wait for the event loop.
const MOST_WAITING: usize = 16;

/// A program that has ended.
pub(super) struct Ended {
    had_terminal: bool,
    pub(super) message: Result<String, String>,
}

pub(super) struct Launcher {
    sender: mpsc::Sender<Ended>,
    receiver: mpsc::Receiver<Ended>,
    /// A program has the terminal.
    pub(super) is_lent: bool,
}

impl Launcher {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(MOST_WAITING);
        Self {
            sender,
            receiver,
            is_lent: false,
        }
    }

    /// Starts a program; without a terminal to lend, an error. The message is for now; another one follows when it has ended.
    pub(super) fn start(
        &mut self,
        launch: Launch,
        terminal: &mut dyn TerminalIo,
    ) -> Option<Result<String, String>> {
        let Launch {
            words,
            in_background,
            host,
        } = launch;
        let (program, arguments) = words.split_first()?;
        let program = program.clone();
        let mut command = Command::new(&program);
        command.args(arguments);
        if in_background {
            let streams = [Command::stdin, Command::stdout, Command::stderr];
            for stream in streams {
                stream(&mut command, Stdio::null());
            }
            signals::detach(&mut command);
        } else if self.is_lent || !terminal.lend() {
            return Some(Err("this terminal cannot be lent to a program".to_owned()));
        }
        self.is_lent |= !in_background;
        let modes = signals::Modes::now().filter(|_| !in_background);
        match command.spawn() {
            Err(error) => {
                let reason = format!("cannot start {program}: {error}");
                // As after a program that has ended: the loop takes the terminal back.
                let ended = Ended {
                    had_terminal: !in_background,
                    message: Err(reason),
                };
                drop(self.sender.try_send(ended));
                None
            }
            Ok(child) => {
                let sender = self.sender.clone();
                let name = program.clone();
                std::thread::spawn(move || {
                    let message = wait(child, &name);
                    if let Some(modes) = modes {
                        modes.restore();
                    }
                    if !in_background {
                        confirm();
                    }
                    // Fails once the screens are closed.
                    drop(sender.blocking_send(Ended {
                        had_terminal: !in_background,
                        message,
                    }));
                });
                in_background.then(|| Ok(format!("started {program} for {host}")))
            }
        }
    }

    /// The next program that has ended, and whether the terminal is free again.
    pub(super) async fn ended(&mut self) -> (Result<String, String>, bool) {
        let Some(ended) = self.receiver.recv().await else {
            return std::future::pending().await;
        };
        self.is_lent &= !ended.had_terminal;
        (ended.message, ended.had_terminal)
    }
}

fn wait(mut child: Child, name: &str) -> Result<String, String> {
    match child.wait() {
        Ok(status) if status.success() => Ok(format!("{name} ended")),
        Ok(status) => Err(format!("{name} failed: {status}")),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

/// The last lines of a program stay until the user has read them.
fn confirm() {
    if io::stdin().is_terminal() {
        let asked = writeln!(io::stderr(), "\nPress Enter to return to rdpscan.");
        if asked.is_ok() {
            // Only the end of the line counts.
            drop(io::stdin().read_line(&mut String::new()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A terminal that can be lent.
    #[derive(Default)]
    struct Lent(Vec<&'static str>);

    impl TerminalIo for Lent {
        fn lend(&mut self) -> bool {
            self.0.push("lent");
            true
        }

        fn resume(&mut self, _: bool) {
            self.0.push("resumed");
        }

        fn copy(&mut self, _: &str) -> Result<bool, String> {
            Err("none".to_owned())
        }

        fn capture_mouse(&mut self, _: bool) {}
    }

    #[tokio::test]
    async fn a_program_gets_the_terminal_until_it_has_ended() {
        let mut terminal = Lent::default();
        let mut launcher = Launcher::new();
        let launch = |words: &[&str], in_background| Launch {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            in_background,
            host: "gone.example:3389".to_owned(),
        };
        // This test's own binary is a program on every system.
        let own = std::env::current_exe().unwrap();
        let list = [own.to_str().unwrap(), "--list", "no such test"];
        assert_eq!(launcher.start(launch(&list, false), &mut terminal), None);
        assert!(launcher.is_lent);
        let (message, is_free) = launcher.ended().await;
        assert!(
            message.is_ok() && is_free && !launcher.is_lent,
            "{message:?}"
        );

        launcher.is_lent = true;
        let second = launcher.start(launch(&list, false), &mut terminal);
        assert!(second.is_some_and(|message| message.is_err()));
        let beside = launcher.start(launch(&list, true), &mut terminal);
        assert!(beside.is_some_and(|message| message.is_ok()) && launcher.is_lent);
        let (_, is_free) = launcher.ended().await;
        assert!(!is_free && launcher.is_lent);
        launcher.is_lent = false;

        launcher.start(launch(&["no/such/program"], false), &mut terminal);
        let (message, is_free) = launcher.ended().await;
        assert!(is_free);
        assert!(message.is_err_and(|reason| reason.starts_with("cannot start no/such/program:")));

        let started = launcher.start(launch(&list, true), &mut terminal);
        assert!(started.is_some_and(|message| message.is_ok()));
        let (message, is_free) = launcher.ended().await;
        assert!(message.is_ok() && !is_free);
        assert_eq!(terminal.0, ["lent", "lent"]);
    }
}
