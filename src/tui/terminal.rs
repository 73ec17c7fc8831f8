//! The terminal in raw mode on its alternate screen; restored on every way out.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{DisableMouseCapture, EnableMouseCapture};
use crossterm::execute;
use crossterm::style::{ResetColor, force_color_output};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;

use super::backend::Ansi16Backend;
use super::input::Gate;
use super::signals;
use crate::panic_guard;
use crate::streams::{self, Stream};

/// Whether the terminal is in raw mode. Process-wide, because the panic hook is.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Restores the terminal when dropped.
#[derive(Debug)]
pub(super) struct TerminalGuard(());

/// Buffered, so that a frame is one write.
pub(super) type Canvas = Terminal<Ansi16Backend<BufWriter<Frames>>>;

/// Standard output for frames, which nobody waits for: a frozen terminal must not stop the keys.
#[derive(Debug)]
pub(super) struct Frames(Stream);

impl Write for Frames {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminalGuard {
    /// Takes the terminal until the guard is dropped, or until a panic that is not contained needs it for its message.
    ///
    /// # Errors
    /// When standard output is no terminal, or refuses raw mode. Nothing is changed then.
    pub(super) fn take() -> io::Result<(Self, Canvas)> {
        restore_on_panic();
        // Under NO_COLOR, crossterm 0.29 writes an SGR without parameters, which also resets reverse and bold. The theme has no
        // colours then, so that nothing is left for crossterm to leave out.
        force_color_output(true);
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        // From here on, every return restores.
        let guard = Self(());
        enter()?;
        let writer = BufWriter::with_capacity(64 * 1024, Frames(streams::stdout()));
        Ok((guard, Terminal::new(Ansi16Backend::new(writer))?))
    }
}

/// Not `Terminal::clear`: that queries the cursor's position, and fails after two seconds without an answer.
fn enter() -> io::Result<()> {
    execute!(
        streams::stdout(),
        EnterAlternateScreen,
        Clear(ClearType::All)
    )
}

/// What the screens use of the terminal besides drawing.
pub(super) trait TerminalIo: Send {
    /// Whether the terminal has not taken the last frame yet.
    fn is_busy(&self) -> bool {
        false
    }

    /// Gives the terminal to the shell, and stops this process until the user takes it to the front again. False where a terminal
    /// cannot do that.
    fn suspend(&mut self) -> bool {
        false
    }

    /// Gives the terminal to a program that this process runs, until [`Self::resume`]. False where there is none.
    fn lend(&mut self) -> bool {
        false
    }

    /// Takes the terminal again, with an empty screen.
    fn resume(&mut self, _mouse: bool) {}

    /// Copies a text; true when the clipboard confirms it.
    fn copy(&mut self, text: &str) -> Result<bool, String>;

    fn capture_mouse(&mut self, on: bool);
}

/// Longer texts are not sent to the terminal: several cut them off, and some hang.
const LONGEST_COPY: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Stdout {
    input: Arc<Gate>,
}

impl Stdout {
    pub(super) const fn new(input: Arc<Gate>) -> Self {
        Self { input }
    }
}

impl TerminalIo for Stdout {
    fn is_busy(&self) -> bool {
        streams::stdout().is_busy()
    }

    fn suspend(&mut self) -> bool {
        signals::CAN_SUSPEND && {
            restore();
            signals::suspend();
            true
        }
    }

    fn lend(&mut self) -> bool {
        self.input.close();
        streams::lend(true);
        restore();
        true
    }

    fn resume(&mut self, mouse: bool) {
        streams::lend(false);
        // The shell has set modes of its own, of which crossterm knows nothing.
        let taken = disable_raw_mode()
            .and_then(|()| enable_raw_mode())
            .and_then(|()| enter());
        TAKEN.store(true, Ordering::SeqCst);
        if mouse {
            self.capture_mouse(true);
        }
        self.input.open();
        if let Err(error) = taken {
            tracing::debug!(%error, "The terminal cannot be taken again");
        }
    }

    /// The clipboard of this machine where the user certainly sits at it; else OSC 52, which also works through SSH.
    fn copy(&mut self, text: &str) -> Result<bool, String> {
        #[cfg(any(windows, target_os = "macos"))]
        if std::env::var_os("SSH_CONNECTION").is_none() {
            return arboard::Clipboard::new()
                .and_then(|mut clipboard| clipboard.set_text(text))
                .map(|()| true)
                .map_err(|error| error.to_string());
        }
        if text.len() > LONGEST_COPY {
            return Err("the text is too long for a terminal to take".to_owned());
        }
        execute!(streams::stdout(), CopyToClipboard::to_clipboard_from(text))
            .map(|()| false)
            .map_err(|error| error.to_string())
    }

    fn capture_mouse(&mut self, on: bool) {
        let done = if on {
            execute!(streams::stdout(), EnableMouseCapture)
        } else {
            execute!(streams::stdout(), DisableMouseCapture)
        };
        if let Err(error) = done {
            tracing::debug!(%error, "The terminal does not lend its mouse");
        }
    }
}

/// Asks the terminal for the colour of its background (OSC 11); the answer comes as keys, read by [`super::background_reply`].
/// False on Windows, whose console does not hand the answer on.
pub(super) fn ask_background() -> bool {
    let mut stdout = streams::stdout();
    cfg!(unix) && stdout.write_all(b"\x1b]11;?\x1b\\").is_ok() && stdout.flush().is_ok()
}

/// Ends drawing and restores the terminal.
///
/// When ratatui drops a terminal that cannot show its cursor, it calls `eprintln!`. That panics where standard error is the same
/// closed terminal, and the reports would be lost. Such a terminal is forgotten instead.
pub(super) fn close(guard: TerminalGuard, mut canvas: Canvas) {
    if canvas.show_cursor().is_err() {
        std::mem::forget(canvas);
    }
    drop(guard);
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        restore();
    }
}

/// False after the terminal was closed, and after a panic anywhere in the process has restored it for its message.
pub(super) fn is_ours() -> bool {
    TAKEN.load(Ordering::SeqCst) && io::stdout().is_terminal()
}

/// Restores the terminal; a second call does nothing. Errors mean that the terminal is closed.
fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let left = execute!(
        streams::stdout(),
        DisableMouseCapture,
        ResetColor,
        LeaveAlternateScreen,
        Show
    );
    let cooked = disable_raw_mode();
    if let Err(error) = left.and(cooked) {
        tracing::debug!(%error, "The terminal was gone before it could be restored");
    }
}

/// The message of a panic that is not contained is for the terminal as it was.
pub fn restore_on_panic() {
    panic_guard::set_hook(restore);
}
