use std::time::Duration;

use ratatui::layout::Size;
use tui_input::Input;

use super::keymap::Context;
use super::theme::{Theme, Tone};
use crate::fleet::{Fleet, Host};
use crate::model::Progress;
use crate::table::ColumnId;
use crate::table::{self, Filter, FilterError, Sort};

/// The least time between two sorts that only new facts ask for.
pub(super) const RESORT: Duration = Duration::from_millis(250);

/// What the screen knows. Owned by one loop; changed by [`super::update()`] alone.
#[derive(Debug)]
pub struct Model {
    pub(super) fleet: Fleet,
    pub(super) progress: Progress,
    pub(super) theme: Theme,
    pub(super) size: Size,
    /// Time since the screen opened, as of the last tick.
    pub(super) now: Duration,
    pub(super) phase: Phase,
    pub(super) screen: Screen,
    pub(super) overlay: Overlay,
    pub(super) sort: Sort,
    /// The filter in force.
    pub(super) filter: Filter,
    /// Its text, empty when there is none.
    pub(super) filter_text: String,
    pub(super) toast: Option<Toast>,
    /// Indices into `Fleet::hosts` in the order shown.
    pub(super) rows: Vec<usize>,
    /// The host under the cursor, as an index into `Fleet::hosts`: the cursor belongs to the host, not to the row.
    ///
    /// INVARIANT: some row of `rows`, or `None` when there is none.
    pub(super) cursor: Option<usize>,
    /// The cursor stays on the first row, whichever host sorts there: so it is until the user moves it.
    pub(super) follow_top: bool,
    /// The first row on screen.
    pub(super) top: usize,
    /// Revision of the fleet that `rows` reflects.
    pub(super) sorted_revision: Option<u64>,
    /// When that was.
    pub(super) sorted_at: Duration,
    /// Something visible has changed since the last frame.
    pub(super) dirty: bool,
}

/// What the scan is doing, as far as the screen cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Events may come.
    Scanning,
    /// The scan was asked to stop; the screen leaves when it has.
    Stopping,
    /// No event will come.
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Screen {
    /// All hosts.
    Table,
    /// The host under the cursor, scrolled by this many lines.
    Host { scroll: usize },
}

#[derive(Debug)]
pub(super) enum Overlay {
    None,
    /// The filter line is being edited.
    Filter(FilterEdit),
    /// The sort menu, with this line marked.
    Sort {
        marked: usize,
    },
    /// The keys, scrolled by this many lines.
    Help {
        scroll: usize,
    },
    /// The question whether to quit.
    Quit,
}

/// The filter line while it is edited.
#[derive(Debug)]
pub(super) struct FilterEdit {
    /// The text and its cursor.
    pub(super) input: Input,
    /// What to go back to.
    pub(super) before: (Filter, String),
    /// Why the text as it stands is no filter; what can be read of it is in force meanwhile.
    pub(super) error: Option<FilterError>,
}

/// A passing message.
#[derive(Debug, Clone)]
pub(super) struct Toast {
    pub(super) text: String,
    pub(super) tone: Tone,
    pub(super) until: Duration,
}

impl Model {
    /// A screen over a fleet; `live` when events will come.
    #[must_use]
    pub fn new(fleet: Fleet, theme: Theme, live: bool) -> Self {
        let mut model = Self {
            fleet,
            progress: Progress::default(),
            theme,
            size: Size::new(80, 24),
            now: Duration::ZERO,
            phase: if live { Phase::Scanning } else { Phase::Done },
            screen: Screen::Table,
            overlay: Overlay::None,
            sort: Sort::default(),
            filter: Filter::default(),
            filter_text: String::new(),
            toast: None,
            rows: Vec::new(),
            cursor: None,
            follow_top: true,
            top: 0,
            sorted_revision: None,
            sorted_at: Duration::ZERO,
            dirty: true,
        };
        model.arrange();
        model
    }

    /// Starts with this filter in force.
    ///
    /// # Errors
    /// When the text is no filter.
    pub fn with_filter(mut self, text: &str) -> Result<Self, FilterError> {
        self.filter = Filter::parse(text)?;
        text.trim().clone_into(&mut self.filter_text);
        self.arrange();
        Ok(self)
    }

    /// The fleet as it stands.
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Gives the fleet back.
    #[must_use]
    pub fn into_fleet(self) -> Fleet {
        self.fleet
    }

    /// Hosts shown, as indices into `Fleet::hosts`, in their order.
    #[must_use]
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// The host under the cursor, as an index into `Fleet::hosts`.
    #[must_use]
    pub fn cursor(&self) -> Option<usize> {
        self.cursor
    }

    /// Where keys go now.
    #[must_use]
    pub fn context(&self) -> Context {
        match (&self.overlay, self.screen) {
            (Overlay::Filter(_), _) => Context::Filter,
            (Overlay::Sort { .. }, _) => Context::Sort,
            (Overlay::Help { .. }, _) => Context::Help,
            (Overlay::Quit, _) => Context::Quit,
            (Overlay::None, Screen::Table) => Context::Table,
            (Overlay::None, Screen::Host { .. }) => Context::Host,
        }
    }

    /// The host under the cursor.
    pub(super) fn host(&self) -> Option<&Host> {
        self.fleet.hosts().get(self.cursor?)
    }

    /// Where the cursor's host stands among the rows.
    pub(super) fn cursor_row(&self) -> Option<usize> {
        let cursor = self.cursor?;
        self.rows.iter().position(|row| *row == cursor)
    }

    /// Whether the scan still goes on.
    pub(super) fn scanning(&self) -> bool {
        self.phase != Phase::Done
    }

    /// Whether facts have come since the rows were sorted.
    pub(super) fn stale(&self) -> bool {
        self.sorted_revision != Some(self.fleet.revision())
    }

    /// The next moment at which something happens by itself: a message fades, or a sort that was put off is due.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let toast = self.toast.as_ref().map(|toast| toast.until);
        let sort = self.stale().then_some(self.sorted_at + RESORT);
        [toast, sort].into_iter().flatten().min()
    }

    /// Sorts and filters the rows anew, and keeps the cursor on its host and the host on its line of the screen.
    pub(super) fn arrange(&mut self) {
        let before = self.cursor_row();
        self.rows = table::arrange(self.fleet.hosts(), &self.filter, self.sort);
        self.sorted_revision = Some(self.fleet.revision());
        self.sorted_at = self.now;
        self.dirty = true;
        let after = if self.follow_top {
            None
        } else {
            self.cursor_row()
        };
        match (before, after) {
            (Some(before), Some(after)) => {
                let line = before.saturating_sub(self.top);
                self.top = after.saturating_sub(line);
            }
            (_, Some(_)) => {}
            // The host is gone from view: the cursor stays where it was on the screen.
            (Some(before), None) if !self.follow_top => {
                let row = before.min(self.rows.len().saturating_sub(1));
                self.cursor = self.rows.get(row).copied();
            }
            (_, None) => self.cursor = self.rows.first().copied(),
        }
        self.keep_in_view();
    }

    /// Puts the cursor on a row, or on the last one when there are fewer.
    pub(super) fn place(&mut self, row: usize) {
        let row = row.min(self.rows.len().saturating_sub(1));
        self.cursor = self.rows.get(row).copied();
        self.keep_in_view();
    }

    /// Scrolls the table so far that the cursor is on the screen.
    pub(super) fn keep_in_view(&mut self) {
        let height = super::view::table_rows(self).max(1);
        let row = self.cursor_row().unwrap_or(0);
        let last_top = self.rows.len().saturating_sub(height);
        self.top = self
            .top
            .clamp((row + 1).saturating_sub(height), row)
            .min(last_top);
    }

    /// Shows a message for a while.
    pub(super) fn say(&mut self, text: String, tone: Tone, lasting: Duration) {
        self.toast = Some(Toast {
            text,
            tone,
            until: self.now + lasting,
        });
        self.dirty = true;
    }

    /// Sorts by a column; the same column again turns the order round.
    pub(super) fn sort_by(&mut self, column: ColumnId) {
        self.sort = Sort {
            column,
            inverted: self.sort.column == column && !self.sort.inverted,
        };
        self.arrange();
    }
}
