//! Long text through the user's pager.

/// Shows the text through `$PAGER`, or `less` where it is not set. False when there is none, and the text is still to be
/// printed.
#[cfg(unix)]
pub(super) fn show(text: &str) -> bool {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use tokio::signal::unix::{SignalKind, signal};

    let pager = std::env::var("PAGER").unwrap_or_else(|_| "less -FRX".to_owned());
    let mut words = pager.split_whitespace();
    let Some(program) = words.next().filter(|program| *program != "cat") else {
        return false;
    };
    // Ctrl-C is for the pager: this program must not exit first and take the terminal away.
    let ignored = signal(SignalKind::interrupt());
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Without `-F` a bare `less` waits for a key even if the text fits on the screen.
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    if let Some(mut pipe) = child.stdin.take() {
        // A pager that is closed early breaks the pipe.
        drop(pipe.write_all(text.as_bytes()));
    }
    drop(child.wait());
    drop(ignored);
    true
}

/// No pager is asked for where none is usual.
#[cfg(not(unix))]
pub(super) fn show(_text: &str) -> bool {
    false
}
