//! The terminal in raw mode on its alternate screen, and back again, whatever happens.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::execute;
use crossterm::style::{ResetColor, force_color_output};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

/// Whether the terminal is ours. Process-wide, because the panic hook is.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Holds the terminal; gives it back when dropped.
#[derive(Debug)]
pub(super) struct Guard(());

/// The terminal as the screen draws to it. Buffered, so that a frame is one write.
pub(super) type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When standard output is no terminal, or refuses raw mode. Nothing is changed then.
    pub(super) fn take() -> io::Result<(Self, Screen)> {
        restore_on_panic();
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
        Ok((guard, Terminal::new(CrosstermBackend::new(writer))?))
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
    let left = execute!(out, ResetColor, LeaveAlternateScreen, Show).and_then(|()| out.flush());
    let cooked = disable_raw_mode();
    if let Err(error) = left.and(cooked) {
        tracing::debug!(%error, "The terminal was gone before it could be restored");
    }
}

fn restore_on_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            previous(info);
        }));
    });
}
