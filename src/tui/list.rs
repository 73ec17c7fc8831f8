use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::arranging::{Arranged, Order};
use super::fitting::Longest;
use crate::fleet::{HostId, Summary};
use crate::table::{self, Columns, Filter, Grouping, Sort, View};

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// A host.
    Host(HostId),
    /// The head of a group, by its label.
    Group(Box<str>),
}

/// The rows of the table: which hosts, in which order, and where the cursor stands.
#[derive(Debug)]
pub(super) struct List {
    pub(super) view: View,
    /// The filter in force, on top of the view.
    pub(super) filter: Filter,
    /// Its text, empty when there is none.
    pub(super) filter_text: String,
    pub(super) sort: Sort,
    pub(super) columns: Columns,
    pub(super) grouping: Option<Grouping>,
    pub(super) groups: Vec<table::Group>,
    /// What these are; another than `grouping` until rows come that were asked for.
    pub(super) grouped_by: Option<Grouping>,
    /// Labels of the groups whose hosts are hidden.
    pub(super) folded: BTreeSet<Box<str>>,
    /// What is shown, from top to bottom; hosts of folded groups are left out.
    pub(super) rows: Vec<Row>,
    /// Hosts that view and filter let through, in the order shown; folded ones too.
    pub(super) hosts: Vec<HostId>,
    /// Cells that the longest entries among them take.
    pub(super) longest: Longest,
    /// What head, tabs and overview count, as of the same moment.
    pub(super) summary: Arc<Summary>,
    /// Marked hosts. A mark on a host that is not shown is kept, and nothing is done to it.
    pub(super) marks: BTreeSet<HostId>,
    /// What the cursor stands on: it belongs to the host or the group, not to the line.
    ///
    /// INVARIANT: one of `rows`, or `None` when there is none.
    pub(super) cursor: Option<Row>,
    /// The cursor stays on the first row, whichever host sorts there: so it is until the user moves it.
    pub(super) follow_top: bool,
    /// What the cursor stood on in the newest frame, as long as only facts have moved it since. The user acts on what was seen.
    pub(super) seen: Option<Row>,
    /// The first row on screen.
    pub(super) top: usize,
    /// Revision of the fleet that the rows reflect.
    pub(super) sorted_revision: Option<u64>,
    /// When that was.
    pub(super) sorted_at: Duration,
    /// Rows are to be worked out on another thread.
    pub(super) wanted: bool,
    /// Rows are being worked out there.
    pub(super) awaited: bool,
}

impl Default for List {
    fn default() -> Self {
        Self {
            view: View::All,
            filter: Filter::default(),
            filter_text: String::new(),
            sort: Sort::default(),
            columns: Columns::default(),
            grouping: None,
            groups: Vec::new(),
            grouped_by: None,
            folded: BTreeSet::new(),
            rows: Vec::new(),
            hosts: Vec::new(),
            longest: Longest::default(),
            summary: Arc::default(),
            marks: BTreeSet::new(),
            cursor: None,
            follow_top: true,
            seen: None,
            top: 0,
            sorted_revision: None,
            sorted_at: Duration::ZERO,
            wanted: false,
            awaited: false,
        }
    }
}

impl List {
    /// The host under the cursor.
    pub(super) fn host(&self) -> Option<HostId> {
        match &self.cursor {
            Some(Row::Host(host)) => Some(*host),
            Some(Row::Group(_)) | None => None,
        }
    }

    /// Where the cursor stands among the rows.
    pub(super) fn cursor_row(&self) -> Option<usize> {
        let cursor = self.cursor.as_ref()?;
        self.rows.iter().position(|row| row == cursor)
    }

    /// Where the cursor's host stands among all that are shown or folded away.
    pub(super) fn position(&self) -> Option<usize> {
        let host = self.host()?;
        self.hosts.iter().position(|shown| *shown == host)
    }

    /// Nothing is hidden by view or filter.
    pub(super) fn is_whole(&self) -> bool {
        self.view == View::All && self.filter.is_empty()
    }

    /// What an action is for: the marked hosts that are shown, in the order shown; without one, the host or the group under
    /// the cursor.
    pub(super) fn meant(&self) -> Vec<HostId> {
        let marked = self.marked();
        if !marked.is_empty() {
            return marked;
        }
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
        let shown = self.hosts.iter().copied();
        shown.filter(|host| self.marks.contains(host)).collect()
    }

    /// The hosts of a group, in the order shown.
    pub(super) fn members(&self, label: &str) -> &[HostId] {
        self.groups
            .iter()
            .find(|group| *group.label == *label)
            .map_or(&[], |group| &group.hosts)
    }

    /// What decides on the rows now.
    pub(super) fn order(&self) -> Order {
        Order {
            view: self.view,
            filter: self.filter.clone(),
            sort: self.sort,
            grouping: self.grouping,
        }
    }

    /// Takes rows over. The cursor keeps its host or group, and that keeps its line of the screen.
    pub(super) fn adopt(&mut self, made: Arranged, now: Duration, open: Option<HostId>) {
        self.hosts = made.hosts;
        self.groups = made.groups;
        self.grouped_by = made.order.grouping;
        self.longest = made.longest;
        self.summary = made.summary;
        self.sorted_revision = Some(made.revision);
        self.sorted_at = now;
        self.relist(open);
    }

    /// Lines from hosts and groups; the group of the host whose page is `open` is no folded one.
    pub(super) fn relist(&mut self, open: Option<HostId>) {
        let before = self.cursor_row();
        self.rows.clear();
        if self.grouped_by.is_none() {
            self.rows.extend(self.hosts.iter().copied().map(Row::Host));
        }
        for group in &self.groups {
            if open.is_some_and(|open| group.hosts.contains(&open)) {
                self.folded.remove(&group.label);
            }
            self.rows.push(Row::Group(group.label.clone()));
            if !self.folded.contains(&group.label) {
                self.rows.extend(group.hosts.iter().copied().map(Row::Host));
            }
        }
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
            (Some(before), None) if !self.follow_top => self.place(before),
            (_, None) => self.cursor = self.rows.first().cloned(),
        }
    }

    /// Puts the cursor on a row, or on the last one when there are fewer.
    pub(super) fn place(&mut self, row: usize) {
        let row = row.min(self.rows.len().saturating_sub(1));
        self.cursor = self.rows.get(row).cloned();
    }

    /// Scrolls up to the head of the cursor's group, where that leaves the cursor among `height` rows on the screen.
    pub(super) fn show_head(&mut self, height: usize) {
        let Some(row) = self.cursor_row() else {
            return;
        };
        let mut before = self.rows.iter().take(row + 1);
        let head = before.rposition(|row| matches!(row, Row::Group(_)));
        if let Some(head) = head.filter(|head| row - head < height) {
            self.top = self.top.min(head);
        }
    }

    /// Scrolls so far that the cursor is among `height` rows on the screen.
    pub(super) fn keep_in_view(&mut self, height: usize) {
        let height = height.max(1);
        let row = self.cursor_row().unwrap_or(0);
        let last_top = self.rows.len().saturating_sub(height);
        self.top = self
            .top
            .clamp((row + 1).saturating_sub(height), row)
            .min(last_top);
    }
}
