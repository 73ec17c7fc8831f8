//! Which rows stand, in which order and groups, and which are marked.

use super::super::action::{Action, MenuKind};
use super::super::list::Row;
use super::super::model::{Model, Overlay, Screen};
use super::super::theme::Tone;
use crate::fleet::HostId;
use crate::table::{Field, Sort};

/// Facts may have sorted another host under the cursor since the frame that the user saw: what is done to the host under the
/// cursor is done to the one in that frame, and ends the following of the first row. False when that host has left the table
/// since, so that nothing must be done.
pub(super) fn held(model: &mut Model, action: &Action) -> bool {
    let seen = model.list.seen.take();
    let on_table = matches!(
        (&model.screen, &model.overlay),
        (Screen::Table, Overlay::None)
    );
    if !on_table || model.aim.is_some() {
        return true;
    }
    let at_cursor = match action {
        Action::Mark | Action::Open => true,
        Action::ProbeAgain
        | Action::Fix
        | Action::MenuOpen(MenuKind::Copy | MenuKind::Palette)
        | Action::Copy(_) => !model.is_marked(),
        _ => return true,
    };
    // The palette is mostly opened for something else, and takes aim at the host anyway.
    if !matches!(action, Action::MenuOpen(MenuKind::Palette)) {
        model.list.follow_top = false;
    }
    let Some(seen) = seen.filter(|seen| at_cursor && model.list.cursor.as_ref() != Some(seen))
    else {
        return true;
    };
    if !model.list.rows.contains(&seen) {
        model.say(
            "nothing was done: the row that stood under the cursor has just left this table",
            Tone::Notice,
        );
        return false;
    }
    model.list.cursor = Some(seen);
    model.keep_in_view();
    true
}

/// Carries out what changes the rows.
pub(super) fn arranged(model: &mut Model, action: &Action) {
    match action {
        Action::SortBy(column) => {
            model.overlay = Overlay::None;
            sort_by(model, *column);
        }
        Action::SortInvert => model.list.sort.inverted = !model.list.sort.inverted,
        Action::GroupBy(grouping) => {
            model.overlay = Overlay::None;
            model.list.grouping = *grouping;
            model.list.folded.clear();
            if grouping.is_none() {
                // The head of a group that is gone gives the cursor to its first host.
                if let Some(Row::Group(label)) = &model.list.cursor {
                    let first = model.list.members(label).first().copied();
                    model.list.cursor = first.map(Row::Host);
                }
            }
        }
        Action::FoldAll => return fold_all(model),
        Action::View(view) => {
            model.overlay = Overlay::None;
            model.screen = Screen::Table;
            model.list.view = *view;
            model.list.top = 0;
            model.list.follow_top = true;
        }
        Action::Mark => return mark(model),
        Action::MarkAll => return mark_all(model),
        _ => return,
    }
    model.arrange();
}

/// Sorts by a column; the same column again turns the order round.
fn sort_by(model: &mut Model, column: Field) {
    let sort = &mut model.list.sort;
    *sort = Sort {
        column,
        inverted: sort.column == column && !sort.inverted,
    };
}

fn fold_all(model: &mut Model) {
    let list = &mut model.list;
    let all = list.groups.iter().map(|group| group.label.clone());
    if list
        .groups
        .iter()
        .all(|group| list.folded.contains(&group.label))
    {
        list.folded.clear();
    } else {
        list.folded = all.collect();
        // The cursor's host goes into its group: the cursor takes the head.
        if let Some(host) = list.host() {
            let home = list.groups.iter().find(|group| group.hosts.contains(&host));
            list.cursor = home.map(|group| Row::Group(group.label.clone()));
        }
    }
    model.relist();
}

/// Folds a group, or opens it.
pub(super) fn fold(model: &mut Model, label: &str) {
    let folded = &mut model.list.folded;
    if !folded.remove(label) {
        folded.insert(label.into());
    }
    model.list.follow_top = false;
    model.relist();
}

/// Marks the row under the cursor and goes to the next; a group's head stands for its hosts.
fn mark(model: &mut Model) {
    let list = &mut model.list;
    let hosts = match &list.cursor {
        Some(Row::Host(host)) => vec![*host],
        Some(Row::Group(label)) => list.members(label).to_vec(),
        None => return,
    };
    toggle(&mut list.marks, &hosts);
    list.follow_top = false;
    if let Some(row) = list.cursor_row() {
        list.place(row + 1);
    }
    model.keep_in_view();
}

fn mark_all(model: &mut Model) {
    let list = &mut model.list;
    toggle(&mut list.marks, &list.hosts);
}

/// Marks all of the hosts, or none when all are marked.
fn toggle(marks: &mut std::collections::BTreeSet<HostId>, hosts: &[HostId]) {
    if hosts.iter().all(|host| marks.contains(host)) {
        for host in hosts {
            marks.remove(host);
        }
    } else {
        marks.extend(hosts);
    }
}
