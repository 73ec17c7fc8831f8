//! Sort, view, groups and marks of the table.

use std::collections::BTreeSet;

use crate::fleet::HostId;
use crate::table::{Field, Grouping, Sort, View};
use crate::tui::action::{Action, MenuKind};
use crate::tui::model::{Model, Overlay, Screen};
use crate::tui::table_state::Row;
use crate::tui::theme::Tone;

/// Puts the cursor back on the row that the user saw, for an action on the host under the cursor: events may have sorted another
/// host there since the newest frame. False when that row is no longer listed, and the action must not run.
pub(super) fn keep_seen_row(model: &mut Model, action: &Action) -> bool {
    let seen = model.table.seen.take();
    let on_table = matches!(
        (&model.screen, &model.overlay),
        (Screen::Table, Overlay::None)
    );
    if !on_table || model.target.is_some() {
        return true;
    }
    let at_cursor = match action {
        Action::Mark | Action::Open => true,
        Action::Reprobe
        | Action::Fix
        | Action::MenuOpen(MenuKind::Copy | MenuKind::Commands)
        | Action::Copy(_) => !model.targets_marked(),
        _ => return true,
    };
    // The command palette is mostly opened for something else, and has its target anyway.
    if !matches!(action, Action::MenuOpen(MenuKind::Commands)) {
        model.table.cursor_moved = true;
    }
    let Some(seen) = seen.filter(|seen| at_cursor && model.table.cursor.as_ref() != Some(seen))
    else {
        return true;
    };
    if !model.table.rows.contains(&seen) {
        model.notify(
            "nothing was done: the row that stood under the cursor has just left this table",
            Tone::Notice,
        );
        return false;
    }
    model.table.cursor = Some(seen);
    model.scroll_to_cursor();
    true
}

/// Sorts by a column; by the same column again in the inverted order.
pub(super) fn sort_by(model: &mut Model, column: Field) {
    model.overlay = Overlay::None;
    let sort = &mut model.table.query.sort;
    *sort = Sort {
        column,
        inverted: sort.column == column && !sort.inverted,
    };
    model.arrange();
}

pub(super) fn invert_sort(model: &mut Model) {
    let sort = &mut model.table.query.sort;
    sort.inverted = !sort.inverted;
    model.arrange();
}

pub(super) fn group_by(model: &mut Model, grouping: Option<Grouping>) {
    model.overlay = Overlay::None;
    model.table.query.grouping = grouping;
    model.table.folded.clear();
    if let (None, Some(Row::Group(label))) = (grouping, &model.table.cursor) {
        // The heading disappears: the cursor goes to the group's first host.
        let first = model.table.members(label).first().copied();
        model.table.cursor = first.map(Row::Host);
    }
    model.arrange();
}

pub(super) fn show_view(model: &mut Model, view: View) {
    model.overlay = Overlay::None;
    model.screen = Screen::Table;
    model.table.query.view = view;
    model.table.top = 0;
    model.table.cursor_moved = false;
    model.arrange();
}

pub(super) fn fold_all(model: &mut Model) {
    let table = &mut model.table;
    let labels = table.arranged.groups.iter().map(|group| &group.label);
    if labels.clone().all(|label| table.folded.contains(label)) {
        table.folded.clear();
    } else {
        table.folded = labels.cloned().collect();
        // The cursor's host is hidden now: the cursor goes to the heading of its group.
        if let Some(host) = table.host() {
            let group = table.group_of(host);
            table.cursor = group.map(|group| Row::Group(group.label.clone()));
        }
    }
    model.relist();
}

/// Folds a group, or unfolds it.
pub(super) fn fold(model: &mut Model, label: &str) {
    let folded = &mut model.table.folded;
    if !folded.remove(label) {
        folded.insert(label.into());
    }
    model.table.cursor_moved = true;
    model.relist();
}

/// Marks the row under the cursor, and moves to the next; the heading of a group stands for its hosts.
pub(super) fn mark(model: &mut Model) {
    let table = &mut model.table;
    let Some(row) = table.cursor_row() else {
        return;
    };
    let hosts = table.under_cursor();
    toggle(&mut table.marks, &hosts);
    table.cursor_moved = true;
    table.place(row + 1);
    model.scroll_to_cursor();
}

pub(super) fn mark_all(model: &mut Model) {
    let table = &mut model.table;
    toggle(&mut table.marks, &table.arranged.hosts);
}

/// Marks all of the hosts; none when all are marked.
fn toggle(marks: &mut BTreeSet<HostId>, hosts: &[HostId]) {
    if hosts.iter().all(|host| marks.contains(host)) {
        for host in hosts {
            marks.remove(host);
        }
    } else {
        marks.extend(hosts);
    }
}
