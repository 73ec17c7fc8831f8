use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use super::arrange::{ArrangedRows, TableQuery};
use crate::fleet::HostId;
use crate::table::{Columns, Group, Sort, View};

/// Changes of the marks that can be undone.
const MOST_UNDONE: usize = 20;

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    Host(HostId),
    /// The heading of a group, by its label.
    Group(Box<str>),
}

/// The table: its query, its rows, the cursor and the marks.
#[derive(Debug, Default)]
pub(super) struct TableState {
    pub(super) query: TableQuery,
    /// The text of the query's filter, empty when there is none.
    pub(super) filter_text: String,
    pub(super) columns: Columns,
    /// How many pages the columns are scrolled to the right.
    pub(super) page: usize,
    /// The order to go back to from a view that has its own.
    pub(super) sort_before: Option<Sort>,
    /// The newest rows; their query is an older one until those asked for arrive.
    pub(super) arranged: ArrangedRows,
    /// Labels of the groups whose hosts are shown.
    pub(super) opened: BTreeSet<Box<str>>,
    /// The lines from top to bottom; hosts of folded groups are left out.
    pub(super) rows: Vec<Row>,
    /// Marked hosts. A mark on a host that is not shown is kept, and no action uses it.
    pub(super) marks: HashSet<HostId>,
    /// The marks before each of the newest changes, for undoing them.
    pub(super) marks_before: Vec<HashSet<HostId>>,
    /// The cursor belongs to a host or a group, not to a line.
    ///
    /// INVARIANT: one of `rows`, or `None` when there is none.
    pub(super) cursor: Option<Row>,
    /// The user has moved the cursor. Until then it stays on the first row, whichever host sorts there.
    pub(super) cursor_moved: bool,
    /// The cursor's row in the newest frame, until a key moves it. Keys act on what the user saw.
    pub(super) seen: Option<Row>,
    /// The first row on screen.
    pub(super) top: usize,
    /// When the rows were arranged.
    pub(super) arranged_at: Duration,
    /// Rows are to be arranged on another thread.
    pub(super) wanted: bool,
    /// Rows are being arranged there.
    pub(super) awaited: bool,
}

impl TableState {
    /// The host under the cursor.
    pub(super) fn host(&self) -> Option<HostId> {
        match &self.cursor {
            Some(Row::Host(host)) => Some(*host),
            Some(Row::Group(_)) | None => None,
        }
    }

    pub(super) fn cursor_row(&self) -> Option<usize> {
        let cursor = self.cursor.as_ref()?;
        self.rows.iter().position(|row| row == cursor)
    }

    /// The place of the cursor's host among all hosts shown, folded ones included.
    pub(super) fn position(&self) -> Option<usize> {
        let host = self.host()?;
        self.arranged.hosts.iter().position(|shown| *shown == host)
    }

    /// Neither view nor filter hides a host.
    pub(super) fn is_whole(&self) -> bool {
        self.query.view == View::All && self.query.filter.is_empty()
    }

    /// Changes the marks; the change can be undone.
    pub(super) fn set_marks(&mut self, marks: HashSet<HostId>) {
        if marks == self.marks {
            return;
        }
        if self.marks_before.len() >= MOST_UNDONE {
            self.marks_before.remove(0);
        }
        self.marks_before
            .push(std::mem::replace(&mut self.marks, marks));
    }

    /// The marked hosts that are shown; without one, the host or the group under the cursor.
    pub(super) fn selected(&self) -> Vec<HostId> {
        let marked = self.marked();
        if marked.is_empty() {
            self.under_cursor()
        } else {
            marked
        }
    }

    /// The host under the cursor, or the hosts of the group.
    pub(super) fn under_cursor(&self) -> Vec<HostId> {
        match &self.cursor {
            Some(Row::Host(host)) => vec![*host],
            Some(Row::Group(label)) => self.members(label).to_vec(),
            None => Vec::new(),
        }
    }

    /// Marked hosts that are shown, in the order shown.
    pub(super) fn marked(&self) -> Vec<HostId> {
        if self.marks.is_empty() {
            return Vec::new();
        }
        let shown = self.arranged.hosts.iter().copied();
        shown.filter(|host| self.marks.contains(host)).collect()
    }

    pub(super) fn group(&self, label: &str) -> Option<&Group> {
        let place = self.arranged.places.get(label)?;
        self.arranged.groups.get(*place)
    }

    pub(super) fn group_of(&self, host: HostId) -> Option<&Group> {
        let mut groups = self.arranged.groups.iter();
        groups.find(|group| group.hosts.contains(&host))
    }

    /// The hosts of a group, in the order shown.
    pub(super) fn members(&self, label: &str) -> &[HostId] {
        self.group(label).map_or(&[], |group| &group.hosts)
    }

    /// Rebuilds the lines. The cursor keeps its host or group, which keeps its line of the screen. The group of the host whose
    /// page is `open` is unfolded.
    pub(super) fn relist(&mut self, open: Option<HostId>) {
        let before = self.cursor_row();
        self.rows.clear();
        if self.arranged.query.grouping.is_none() {
            let hosts = self.arranged.hosts.iter().copied();
            self.rows.extend(hosts.map(Row::Host));
        }
        for group in &self.arranged.groups {
            if open.is_some_and(|open| group.hosts.contains(&open)) {
                self.opened.insert(group.label.clone());
            }
            self.rows.push(Row::Group(group.label.clone()));
            if self.opened.contains(&group.label) {
                self.rows.extend(group.hosts.iter().copied().map(Row::Host));
            }
        }
        // The host under the cursor is hidden in its group, or its group is gone.
        let lost = self.host().filter(|_| self.cursor_row().is_none());
        if let Some(group) = lost.and_then(|host| self.group_of(host)) {
            self.cursor = Some(Row::Group(group.label.clone()));
        }
        let after = self.cursor_row().filter(|_| self.cursor_moved);
        match (before, after) {
            (Some(before), Some(after)) => {
                let line = before.saturating_sub(self.top);
                self.top = after.saturating_sub(line);
            }
            (_, Some(_)) => {}
            // The row is gone: the cursor stays on its line of the screen.
            (Some(before), None) if self.cursor_moved => self.place(before),
            (_, None) => self.cursor = self.rows.first().cloned(),
        }
    }

    /// Puts the cursor on a row, or on the last one when there are fewer.
    pub(super) fn place(&mut self, row: usize) {
        let row = row.min(self.rows.len().saturating_sub(1));
        self.cursor = self.rows.get(row).cloned();
    }

    /// Scrolls just so far that the cursor is among `height` rows on the screen.
    pub(super) fn scroll_to_cursor(&mut self, height: usize) {
        let height = height.max(1);
        let row = self.cursor_row().unwrap_or(0);
        let last_top = self.rows.len().saturating_sub(height);
        self.top = self
            .top
            .clamp((row + 1).saturating_sub(height), row)
            .min(last_top);
    }
}
