use std::path::PathBuf;
use std::time::Duration;

use tui_input::InputRequest;

use super::arranging::Arranged;
use super::theme::Palette;
use crate::fleet::HostId;
use crate::model::{Control, Progress, ScanEvent};
use crate::table::{Field, Grouping, View};

/// A step of the cursor, or of the page when it scrolls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// One screenful up.
    PageUp,
    /// One screenful down.
    PageDown,
    /// Half a screenful up.
    HalfUp,
    /// Half a screenful down.
    HalfDown,
    /// To the first line; in the table the cursor then stays on the first row, whatever sorts there.
    Top,
    /// To the last line.
    Bottom,
}

/// Which menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MenuKind {
    /// The column to sort by.
    Sort,
    /// Which columns stand, in which order and how wide.
    Columns,
    /// What the rows are grouped by.
    Groups,
    /// The format of an export.
    Export,
    /// What to copy.
    Copy,
    /// Every action by name.
    Palette,
}

/// Everything that can happen to the screen: what a key asks for, and what the scan and the machine report.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Move the cursor or scroll.
    Move(Move),
    /// Open what is under the cursor: a host's page, a folded group, or the hosts behind a bar.
    Open,
    /// One level back; in the table, clear the filter; then nothing. Never quits.
    Back,
    /// To the next section of the host page, view of the table, or panel of the overview.
    Next,
    /// To the one before.
    Previous,
    /// To the section of the host page with this number, 0 the first.
    Section(usize),
    /// Show the host after this one, in the order of the table.
    NextHost,
    /// Show the host before this one.
    PreviousHost,
    /// Show the part of the fleet that a question asks for.
    View(View),
    /// Open the overview, or close it.
    Overview,
    /// Show the keys.
    Help,
    /// Open a menu.
    MenuOpen(MenuKind),
    /// Do what the marked line of the menu says.
    MenuPick,
    /// Do what the line with this letter says.
    MenuLetter(char),
    /// Sort by this column; the same column again turns the order round.
    SortBy(Field),
    /// Turn the order round.
    SortInvert,
    /// Show the marked column, or hide it.
    ColumnToggle,
    /// Move the marked column one place: to the left, or to the right.
    ColumnMove(Side),
    /// Make the marked column narrower or wider by one cell.
    ColumnSize(Side),
    /// The columns as they were when rdpscan came.
    ColumnsReset,
    /// Group the rows, or group them no longer.
    GroupBy(Option<Grouping>),
    /// Fold every group, or open all when all are folded.
    FoldAll,
    /// Edit the filter.
    FilterOpen,
    /// A keystroke in a line that is edited.
    Edit(InputRequest),
    /// Take the next suggestion for the word under the cursor; after a field and its sign, the first of its values.
    Complete,
    /// Take another suggestion in place of the one that was taken.
    CompleteOther,
    /// Keep the filter and go back to the table.
    FilterAccept,
    /// Put back the filter from before the editing.
    FilterCancel,
    /// Mark the row under the cursor, or mark it no longer.
    Mark,
    /// Mark every row shown, or none when all are.
    MarkAll,
    /// Probe the marked hosts anew, or the one under the cursor; a group under the cursor asks before.
    ProbeAgain,
    /// Probe everything anew; asks before.
    RescanAll,
    /// Yes to the question of probing everything anew, or a group.
    RescanConfirmed,
    /// Send nothing new, or go on sending.
    Pause,
    /// Give up the connection that has been under way longest, and its host.
    Skip,
    /// Let the display stand still while the scan goes on, or follow again.
    Freeze,
    /// Write what is shown in this format, by its place among those offered.
    Export(usize),
    /// Copy what the menu of copies gives this letter.
    Copy(char),
    /// Write what an administrator runs to mend the marked hosts, or the host or the group under the cursor; asks before.
    Fix,
    /// Yes to the question of writing that.
    FixConfirmed,
    /// Use this palette.
    Palette(Palette),
    /// Use the palette after this one.
    NextPalette,
    /// Let the mouse scroll and select rows, or give it back to the terminal.
    Mouse,
    /// Put the cursor on this line of the screen; what is there already is opened.
    Click(u16),
    /// Leave; asks once while the scan runs, or when it would be lost.
    Quit,
    /// Yes to the question of quitting.
    QuitConfirmed,
    /// Yes, and have the scan saved.
    QuitSaving,
    /// Ctrl-C: the first stops the scan and leaves when it has ended, the second leaves at once.
    Interrupt,
    /// The terminal is closing, or the process was told to end.
    Terminate,
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// Facts from the scan, in order.
    Events(Vec<ScanEvent>),
    /// Where the scan stands.
    Progress(Box<Progress>),
    /// No further event will come.
    StreamEnded,
    /// What became of an export: where it was written, or why not.
    Exported(Result<PathBuf, String>),
    /// What became of a folder that mends, in words.
    Fixed(Result<String, String>),
    /// What became of anything else that was asked for, in words.
    Told(Result<String, String>),
    /// Rows that [`super::Model::wanted`] asked for.
    Arranged(Box<Arranged>),
    /// Time since the screen opened.
    Tick(Duration),
}

/// Which side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Left, or less.
    Left,
    /// Right, or more.
    Right,
}

/// What [`super::update()`] wants done outside of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Have the rows written, and report back with [`Action::Exported`].
    Export(Export),
    /// Have a folder written that mends these hosts, and report back with [`Action::Fixed`].
    Fix(Vec<HostId>),
    /// Put a text on the clipboard, and report back with [`Action::Told`].
    Copy {
        /// What it is, in words.
        what: String,
        /// What is to be known of it; empty when nothing.
        remark: String,
        /// The text, safe to paste.
        text: String,
    },
    /// Tell the scan.
    Control(Control),
    /// Take the mouse, or give it back.
    Mouse(bool),
    /// Ask the scan to stop.
    StopScan,
    /// Leave the screen.
    Quit,
}

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The format's place among those offered.
    pub format: usize,
    /// Rows in the order shown; to a whole export those are added that appear once all is judged.
    pub rows: Vec<HostId>,
    /// Nothing is left out.
    pub whole: bool,
    /// The columns shown, in their order.
    pub columns: Vec<Field>,
}
