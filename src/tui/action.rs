use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use tui_input::InputRequest;

use super::arrange::ArrangedRows;
use super::past::PastAnswer;
use super::theme::Palette;
use crate::fleet::{Exceptions, HostId};
use crate::model::{Control, Progress, ScanEvent};
use crate::table::{Field, Grouping, View};

/// A step of the cursor, or of a page that scrolls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    Up,
    Down,
    PageUp,
    PageDown,
    HalfUp,
    HalfDown,
    /// To the first line; in the table the cursor then stays on the first row, whichever host sorts there.
    Top,
    Bottom,
}

impl Move {
    /// The line reached from `line`, with `last` the last line and `page` lines to a screenful.
    pub(super) fn from(self, line: usize, last: usize, page: usize) -> usize {
        let target = match self {
            Self::Up => line.saturating_sub(1),
            Self::Down => line.saturating_add(1),
            Self::PageUp => line.saturating_sub(page),
            Self::PageDown => line.saturating_add(page),
            Self::HalfUp => line.saturating_sub(page.div_ceil(2)),
            Self::HalfDown => line.saturating_add(page.div_ceil(2)),
            Self::Top => 0,
            Self::Bottom => last,
        };
        target.min(last)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MenuKind {
    Sort,
    /// Which columns are shown, in which order and how wide.
    Columns,
    Groups,
    Export,
    Copy,
    /// Filters and columns saved under a name in the settings.
    Saved,
    /// The entries of the handbook about a host.
    Handbook,
    /// The findings of a host, to acknowledge one.
    Acknowledge,
    /// The programs that can be started for a host.
    Programs,
    /// Every action by name, with a search line.
    Commands,
}

/// What a key asks for, and what the scan and the machine report.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Move(Move),
    /// Opens what is under the cursor: a host's page, a folded group, or the hosts of a bar.
    Open,
    /// One level back; in the table, clears the marks, then the filter. Never quits.
    Back,
    /// From a host to the heading of its group, which is closed by the next.
    CloseGroup,
    /// The next section of the host page, view of the table, or panel of the overview.
    Next,
    Previous,
    /// Scrolls to a section of the host page, 0 the first.
    Section(usize),
    /// The page of the next host in the order of the table.
    NextHost,
    PreviousHost,
    /// The next row with a problem.
    NextProblem,
    PreviousProblem,
    View(View),
    /// Opens the overview, or closes it.
    Overview,
    Help,
    /// What every sign means.
    Legend,
    /// Shows the handbook's entry of this key.
    Entry(&'static str),
    MenuOpen(MenuKind),
    /// Picks the marked line of a menu.
    MenuPick,
    MenuLetter(char),
    /// Sorts by this column; the same column again inverts the order.
    SortBy(Field),
    SortInvert,
    /// Shows or hides the marked column.
    ColumnToggle,
    ColumnMove(Side),
    /// Makes the marked column narrower or wider by one cell.
    ColumnSize(Side),
    ColumnsReset,
    /// Shows further columns.
    ColumnsScroll(Side),
    /// The columns saved under the name of this index.
    Preset(usize),
    GroupBy(Option<Grouping>),
    /// Folds every group; unfolds all when all are folded.
    FoldAll,
    FilterOpen,
    /// The filter saved under the name of this index.
    SavedFilter(usize),
    /// The filter before this one, or after it, among those in force earlier.
    FilterRecall(Side),
    /// A key in a line of text.
    Edit(InputRequest),
    /// Inserts the next suggestion; after a field and its sign, the first of its values.
    Complete,
    /// Replaces the suggestion inserted last by the next one.
    CompleteOther,
    FilterAccept,
    /// Restores the filter from before the edit.
    FilterCancel,
    /// Marks or unmarks the row under the cursor.
    Mark,
    /// Asks how many rows to mark, from the cursor on.
    MarkCount,
    /// Marks every host shown; none when all are marked.
    MarkAll,
    /// Restores the marks before the newest change.
    UndoMarks,
    /// Re-probes the selected hosts; asks first for a group.
    Reprobe,
    /// Rescans everything; asks first.
    Rescan,
    RescanConfirmed,
    Pause,
    /// Skips the slowest host.
    Skip,
    /// Freezes or unfreezes the display.
    Freeze,
    /// Exports in the format of this index; asks for the file's name first.
    Export(usize),
    /// Takes the text that a prompt asked for.
    PromptAccept,
    /// Runs the program of this index in [`super::Options::programs`] for the selected host.
    Run(usize),
    /// Copies the entry of this letter in the copy menu.
    Copy(char),
    /// Writes fixes for the selected hosts; asks first.
    Fix,
    FixConfirmed,
    /// Asks until when and why the finding of this id is acknowledged; one that is acknowledged counts again.
    Acknowledge(&'static str),
    /// What is acknowledged now, with a message.
    Acknowledged(Result<(Arc<Exceptions>, String), String>),
    Palette(Palette),
    NextPalette,
    /// The palette for the background that the terminal reported.
    Background(Palette),
    Mouse,
    /// A click on the cell in this column and line: sorts by a heading, shows a view, puts the cursor on a row, or opens the row
    /// that has it already.
    Click(u16, u16),
    /// Asks first while the scan runs, or when the results would be lost.
    Quit,
    QuitConfirmed,
    /// Gives the terminal to the shell until the user comes back.
    Suspend,
    QuitSaving,
    /// Ctrl-C: the first stops the scan and quits when it has ended, the second quits at once.
    Interrupt,
    /// The terminal closes, or the process is asked to end.
    Terminate,
    Resize(u16, u16),
    Events(Vec<ScanEvent>),
    Progress(Box<Progress>),
    /// No further event will arrive.
    StreamEnded,
    ExportFinished(Result<PathBuf, String>),
    FixesWritten(Result<String, String>),
    /// The result of any other effect, as a text.
    Message(Result<String, String>),
    /// The rows of [`super::Model::wanted`].
    RowsArranged(Box<ArrangedRows>),
    /// The answer to [`super::Model::wanted_past`].
    PastFound(Box<PastAnswer>),
    /// Time since the screens opened.
    Tick(Duration),
}

/// Left or less, right or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

/// What [`super::update()`] cannot do itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write rows, then report [`Action::ExportFinished`].
    Export(Export),
    /// Write fixes for these hosts, then report [`Action::FixesWritten`].
    Fix(Vec<HostId>),
    /// Acknowledge a finding, then report [`Action::Acknowledged`].
    Acknowledge(Acknowledge),
    /// Put a text on the clipboard, then report [`Action::Message`].
    Copy {
        what: String,
        /// For the message; empty when there is nothing to add.
        remark: String,
        /// Safe to paste.
        text: String,
    },
    Control(Control),
    /// Start a program, then report [`Action::Message`] once it has ended.
    Run(Launch),
    /// Stop the process until the shell continues it.
    Suspend,
    /// Capture the mouse, or release it.
    Mouse(bool),
    StopScan,
    Quit,
}

/// A finding to acknowledge, or to let count again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledge {
    pub host: HostId,
    /// Its id.
    pub finding: &'static str,
    /// The last day and the note; `None` to let it count again.
    pub until: Option<(Date, String)>,
}

/// A program to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The program and its arguments.
    pub words: Vec<String>,
    pub in_background: bool,
    /// The host, for messages.
    pub host: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Index among [`super::Exporter::formats`].
    pub format: usize,
    /// Rows in the order shown. A whole export also gets those that evaluation adds.
    pub rows: Vec<HostId>,
    /// Nothing is left out.
    pub whole: bool,
    /// The columns shown, in their order.
    pub columns: Vec<Field>,
    /// The name typed for the file; `None` for a free one.
    pub file: Option<String>,
}
