//! Sort, view, groups and marks of the table.

use std::collections::HashSet;

use crate::counts::counted;
use crate::fleet::{Host, HostId};
use crate::table::{Field, Grouping, Sort, View};
use crate::tui::action::{Action, MenuKind, Side};
use crate::tui::model::{Model, Overlay, Screen};
use crate::tui::table_state::Row;
use crate::tui::theme::Tone;
use crate::tui::view;

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
        Action::Mark | Action::MarkCount | Action::Open => true,
        Action::Reprobe
        | Action::Fix
        | Action::MenuOpen(MenuKind::Copy | MenuKind::Commands | MenuKind::Programs)
        | Action::Run(_)
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
            "cancelled: the selected host is no longer listed",
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
    model.table.sort_before = None;
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
    model.table.opened.clear();
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
    let table = &mut model.table;
    let chosen = table.sort_before.take().unwrap_or(table.query.sort);
    table.sort_before = view.sort().map(|_| chosen);
    table.query.sort = view.sort().unwrap_or(chosen);
    model.table.query.view = view;
    model.table.top = 0;
    model.table.cursor_moved = false;
    model.arrange();
}

pub(super) fn fold_all(model: &mut Model) {
    let table = &mut model.table;
    if table.opened.is_empty() {
        let labels = table.arranged.groups.iter().map(|group| &group.label);
        table.opened = labels.cloned().collect();
    } else {
        table.opened.clear();
    }
    model.relist();
}

/// Goes from a host to the heading of its group, and closes an open group.
pub(super) fn close_group(model: &mut Model) {
    match model.table.cursor.clone() {
        Some(Row::Group(label)) if model.table.opened.contains(&label) => fold(model, &label),
        Some(Row::Host(host)) => {
            if let Some(group) = model.table.group_of(host) {
                model.table.cursor = Some(Row::Group(group.label.clone()));
                model.table.cursor_moved = true;
                model.scroll_to_cursor();
            }
        }
        _ => {}
    }
}

/// Folds a group, or unfolds it.
pub(super) fn fold(model: &mut Model, label: &str) {
    let opened = &mut model.table.opened;
    if !opened.remove(label) {
        opened.insert(label.into());
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
    table.set_marks(toggled(&table.marks, &table.under_cursor()));
    table.cursor_moved = true;
    table.place(row + 1);
    model.scroll_to_cursor();
}

/// Marks so many rows from the cursor on, and moves behind the last.
pub(super) fn mark_rows(model: &mut Model, count: usize) {
    let table = &mut model.table;
    let Some(first) = table.cursor_row() else {
        return;
    };
    let last = first.saturating_add(count).min(table.rows.len());
    let mut marks = table.marks.clone();
    for row in table.rows.get(first..last).unwrap_or_default() {
        match row {
            Row::Host(host) => {
                marks.insert(*host);
            }
            Row::Group(label) => marks.extend(table.members(label)),
        }
    }
    table.set_marks(marks);
    table.cursor_moved = true;
    table.place(last);
    model.scroll_to_cursor();
    let marked = counted(model.table.marks.len() as u64, "host", "hosts");
    model.notify(format!("{marked} marked"), Tone::Notice);
}

pub(super) fn mark_all(model: &mut Model) {
    let table = &mut model.table;
    table.set_marks(toggled(&table.marks, &table.arranged.hosts));
}

/// The marks with all of the hosts; without any of them where all are marked.
fn toggled(marks: &HashSet<HostId>, hosts: &[HostId]) -> HashSet<HostId> {
    let mut marks = marks.clone();
    if hosts.iter().all(|host| marks.contains(host)) {
        for host in hosts {
            marks.remove(host);
        }
    } else {
        marks.extend(hosts);
    }
    marks
}

/// Says so, since marks may have taken long to set.
pub(super) fn clear_marks(model: &mut Model) {
    let cleared = counted(model.table.marks.len() as u64, "mark", "marks");
    model.table.set_marks(HashSet::new());
    let key = model
        .keymap
        .label(model.screen_context(), &Action::UndoMarks);
    let message = format!("{cleared} cleared; {key} restores them");
    model.notify(message, Tone::Notice);
}

/// Restores the marks before the newest change.
pub(super) fn undo_marks(model: &mut Model) {
    let message = match model.table.marks_before.pop() {
        Some(marks) => {
            model.table.marks = marks;
            let marked = model.table.marks.len() as u64;
            format!("{} marked", counted(marked, "host", "hosts"))
        }
        None => "no change of marks to undo".to_owned(),
    };
    model.notify(message, Tone::Notice);
}

/// Shows further columns, or goes back.
pub(super) fn scroll_columns(model: &mut Model, side: Side) {
    let shown = view::layout(model);
    model.table.page = match side {
        Side::Left => shown.page.saturating_sub(1),
        Side::Right => shown.page + usize::from(shown.further > 0),
    };
}

/// Moves to the next row with a problem; from the last it goes on at the first.
pub(super) fn next_problem(model: &mut Model, forward: bool) {
    let table = &model.table;
    let count = table.rows.len();
    let at = table.cursor_row().unwrap_or(0);
    let is_problem = |row: &usize| match table.rows.get(*row) {
        Some(Row::Host(host)) => model.fleet.host(*host).is_some_and(Host::has_problem),
        Some(Row::Group(_)) | None => false,
    };
    let mut others = (1..=count).map(|step| {
        let step = if forward { step } else { count - step };
        (at + step) % count
    });
    let Some(row) = others.find(is_problem) else {
        return model.notify("no listed host has a problem", Tone::Notice);
    };
    model.table.cursor_moved = true;
    model.table.place(row);
    model.scroll_to_cursor();
}
