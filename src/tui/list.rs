use std::collections::BTreeSet;
use std::time::Duration;

use super::fitting::Longest;
use crate::fleet::{Fleet, Summary};
use crate::table::{self, Columns, Filter, Grouping, Sort, View};

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// A host, as its index into `Fleet::hosts`.
    Host(usize),
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
    /// Labels of the groups whose hosts are hidden.
    pub(super) folded: BTreeSet<Box<str>>,
    /// What is shown, from top to bottom; hosts of folded groups are left out.
    pub(super) rows: Vec<Row>,
    /// Hosts that view and filter let through, as indices into `Fleet::hosts`, in the order shown; folded ones too.
    pub(super) hosts: Vec<usize>,
    /// Cells that the longest entries among them take.
    pub(super) longest: Longest,
    /// Hosts of each view, in the order of [`View::ALL`].
    pub(super) counts: [usize; View::ALL.len()],
    /// What the head of the screen counts, as of the same moment.
    pub(super) summary: Summary,
    /// Marked hosts, as indices into `Fleet::hosts`. A mark on a host that is not shown is kept, and nothing is done to it.
    pub(super) marks: BTreeSet<usize>,
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
            folded: BTreeSet::new(),
            rows: Vec::new(),
            hosts: Vec::new(),
            longest: Longest::default(),
            counts: [0; View::ALL.len()],
            summary: Summary::default(),
            marks: BTreeSet::new(),
            cursor: None,
            follow_top: true,
            seen: None,
            top: 0,
            sorted_revision: None,
            sorted_at: Duration::ZERO,
        }
    }
}

impl List {
    /// The host under the cursor, as an index into `Fleet::hosts`.
    pub(super) fn host(&self) -> Option<usize> {
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
    pub(super) fn meant(&self) -> Vec<usize> {
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
    pub(super) fn marked(&self) -> Vec<usize> {
        if self.marks.is_empty() {
            return Vec::new();
        }
        let shown = self.hosts.iter().copied();
        shown.filter(|host| self.marks.contains(host)).collect()
    }

    /// The hosts of a group, in the order shown.
    pub(super) fn members(&self, label: &str) -> &[usize] {
        self.groups
            .iter()
            .find(|group| *group.label == *label)
            .map_or(&[], |group| &group.hosts)
    }

    /// Sorts and filters anew. The cursor keeps its host or group, and that keeps its line of the screen.
    ///
    /// The host whose page is `open` keeps its row whatever becomes of it: the page must not turn into another host's.
    pub(super) fn arrange(&mut self, fleet: &Fleet, now: Duration, open: Option<usize>) {
        let before = self.cursor_row();
        let place = open.and_then(|open| self.hosts.iter().position(|host| *host == open));
        self.counts = View::counts(fleet.hosts());
        self.summary = fleet.summary().clone();
        let view = self.view;
        self.hosts = table::arrange(fleet.hosts(), &self.filter, self.sort);
        if view != View::All {
            self.hosts.retain(|host| {
                fleet
                    .hosts()
                    .get(*host)
                    .is_some_and(|host| view.matches(host))
            });
        }
        if let (Some(open), Some(place)) = (open, place)
            && !self.hosts.contains(&open)
        {
            self.hosts.insert(place.min(self.hosts.len()), open);
        }
        let shown = self
            .hosts
            .iter()
            .filter_map(|host| fleet.hosts().get(*host));
        self.longest = Longest::of(shown);
        self.regroup(fleet, open);
        self.sorted_revision = Some(fleet.revision());
        self.sorted_at = now;
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
                self.cursor = self.rows.get(row).cloned();
            }
            (_, None) => self.cursor = self.rows.first().cloned(),
        }
    }

    /// Lines from hosts and groups.
    fn regroup(&mut self, fleet: &Fleet, open: Option<usize>) {
        let Some(grouping) = self.grouping else {
            self.groups.clear();
            self.rows = self.hosts.iter().copied().map(Row::Host).collect();
            return;
        };
        self.groups = table::groups(fleet.hosts(), &self.hosts, grouping);
        self.rows.clear();
        for group in &self.groups {
            if open.is_some_and(|open| group.hosts.contains(&open)) {
                self.folded.remove(&group.label);
            }
            self.rows.push(Row::Group(group.label.clone()));
            if !self.folded.contains(&group.label) {
                self.rows.extend(group.hosts.iter().copied().map(Row::Host));
            }
        }
        self.hosts = self
            .groups
            .iter()
            .flat_map(|group| group.hosts.iter().copied())
            .collect();
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
