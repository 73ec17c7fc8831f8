//! The terminal in raw mode on its alternate screen, and back again, whatever happens.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::panic;
use std::sync::Once;
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

use super::backend::Plain;

/// Whether the terminal is ours. Process-wide, because the panic hook is.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Holds the terminal; gives it back when dropped.
#[derive(Debug)]
pub(super) struct Guard(());

/// The terminal as the screen draws to it. Buffered, so that a frame is one write.
pub(super) type Screen = Terminal<Plain<BufWriter<Stdout>>>;

impl Guard {
    /// Takes the terminal, until it is dropped or a panic that is not contained needs it for its message.
    ///
    /// # Errors
    /// When standard output is no terminal, or refuses raw mode. Nothing is changed then.
    pub(super) fn take(is_contained: fn() -> bool) -> io::Result<(Self, Screen)> {
        restore_on_panic(is_contained);
        // crossterm 0.29 writes an SGR without parameters under NO_COLOR, which resets reverse and bold too. The theme has no
        // colours then, so that nothing is left for crossterm to leave out.
        force_color_output(true);
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        // From here on, leaving by any way restores.
        let guard = Self(());
        // Not `Terminal::clear`: that asks the terminal where its cursor is, and fails after two seconds where none answers.
        execute!(io::stdout(), EnterAlternateScreen, Clear(ClearType::All))?;
        let writer = BufWriter::with_capacity(64 * 1024, io::stdout());
        Ok((guard, Terminal::new(Plain::new(writer))?))
    }
}

/// What the screen has done at the terminal besides drawing.
pub(super) trait Hands {
    /// Puts a text on the clipboard; true when it is known to be there.
    fn copy(&mut self, text: &str) -> Result<bool, String>;

    /// Takes the mouse, or gives it back.
    fn mouse(&mut self, on: bool);
}

/// Longer texts are not sent to the terminal: several cut them off, and some hang.
const LONGEST_COPY: usize = 64 * 1024;

/// The terminal of the process.
#[derive(Debug)]
pub(super) struct Device;

impl Hands for Device {
    /// The clipboard of the machine where that is certain to be the user's; else OSC 52, which also reaches through SSH.
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
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
            .map(|()| false)
            .map_err(|error| error.to_string())
    }

    fn mouse(&mut self, on: bool) {
        let done = if on {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        };
        if let Err(error) = done {
            tracing::debug!(%error, "The terminal does not lend its mouse");
        }
    }
}

/// Ends drawing and gives the terminal back.
///
/// ratatui complains with `eprintln!` when a terminal that it drops cannot show its cursor, and that panics where standard
/// error is the same closed terminal: the reports would be lost. Such a terminal is forgotten instead.
pub(super) fn close(guard: Guard, mut screen: Screen) {
    if screen.show_cursor().is_err() {
        std::mem::forget(screen);
    }
    drop(guard);
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// Whether the terminal is still there and ours. False after it was closed, and after a panic anywhere in the process gave it
/// back so that the message could be read.
pub(super) fn is_ours() -> bool {
    TAKEN.load(Ordering::SeqCst) && io::stdout().is_terminal()
}

/// Gives the terminal back; a second call does nothing. Failures mean that there is no terminal any more.
fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let left = execute!(
        out,
        DisableMouseCapture,
        ResetColor,
        LeaveAlternateScreen,
        Show
    )
    .and_then(|()| out.flush());
    let cooked = disable_raw_mode();
    if let Err(error) = left.and(cooked) {
        tracing::debug!(%error, "The terminal was gone before it could be restored");
    }
}

fn restore_on_panic(is_contained: fn() -> bool) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if is_contained() {
                // Whoever joins the task says so on the screen.
                tracing::error!("{info}");
                return;
            }
            restore();
            previous(info);
        }));
    });
}
