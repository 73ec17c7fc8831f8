use std::path::PathBuf;
use std::time::Duration;

use tui_input::InputRequest;

use crate::model::{Progress, ScanEvent};
use crate::table::ColumnId;

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

/// Everything that can happen to the screen: what a key asks for, and what the scan and the machine report.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Move the cursor or scroll.
    Move(Move),
    /// Open the host under the cursor.
    Open,
    /// One level back; in the table, clear the filter; then nothing. Never quits.
    Back,
    /// Scroll to the next section of the host page.
    NextSection,
    /// Scroll to the section before.
    PreviousSection,
    /// Show the host after this one, in the order of the table.
    NextHost,
    /// Show the host before this one.
    PreviousHost,
    /// Show the keys.
    Help,
    /// Open the sort menu.
    SortMenu,
    /// Sort by the column marked in the menu.
    SortPick,
    /// Sort by this column.
    SortBy(ColumnId),
    /// Turn the order round.
    SortInvert,
    /// Edit the filter.
    FilterOpen,
    /// A keystroke inside the filter line.
    FilterEdit(InputRequest),
    /// Keep the filter and go back to the table.
    FilterAccept,
    /// Put back the filter from before the editing.
    FilterCancel,
    /// Write what is shown to a file.
    Export,
    /// Leave; asks once while the scan runs.
    Quit,
    /// Yes to the question of quitting.
    QuitConfirmed,
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
    /// Time since the screen opened.
    Tick(Duration),
}

/// What [`super::update()`] wants done outside of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Call the export callback, and report back with [`Action::Exported`].
    Export {
        /// Indices into `Fleet::hosts`, in the order shown.
        rows: Vec<usize>,
        /// No filter hides anything.
        whole: bool,
    },
    /// Ask the scan to stop.
    StopScan,
    /// Leave the screen.
    Quit,
}
