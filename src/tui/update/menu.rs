//! Menus: opened, gone through, obeyed.

use tui_input::{Input, InputRequest};

use super::super::action::{Action, Effect, MenuKind, Move, Side};
use super::super::aim::Aim;
use super::super::menu::{self, Item};
use super::super::model::{Menu, Model, Overlay, Screen};
use super::super::theme::Tone;
use super::super::view;
use crate::table::{Columns, Field};

/// Said where an action has no host to act on.
pub(super) const NOBODY: &str = "no host is meant: put the cursor on one, open one, or mark some";

/// Opens a menu with the line in force marked. It acts on what is meant now, whatever the scan brings while it is open.
pub(super) fn open(model: &mut Model, kind: MenuKind) {
    let mut opened = Menu {
        kind,
        marked: 0,
        input: Input::default(),
        aim: Aim::take(model, kind),
    };
    let items = menu::items(model, &opened);
    if items.is_empty() {
        let words = match kind {
            MenuKind::Copy if opened.aim.hosts.is_empty() => NOBODY,
            MenuKind::Copy => "nothing to copy of this host",
            _ => "nothing to choose from",
        };
        model.say(words, Tone::Notice);
        return;
    }
    if matches!(kind, MenuKind::Sort | MenuKind::Groups) {
        opened.marked = items.iter().position(|item| item.ticked).unwrap_or(0);
    }
    model.overlay = Overlay::Menu(opened);
}

/// Does what the marked line says.
pub(super) fn pick(model: &mut Model) -> Vec<Effect> {
    let Overlay::Menu(menu) = &model.overlay else {
        return Vec::new();
    };
    let item = menu::items(model, menu).into_iter().nth(menu.marked);
    obey(model, item)
}

/// Does what the line with this letter says.
pub(super) fn pick_letter(model: &mut Model, letter: char) -> Vec<Effect> {
    let Overlay::Menu(menu) = &model.overlay else {
        return Vec::new();
    };
    let mut items = menu::items(model, menu).into_iter();
    let item = items.find(|item| item.letter == Some(letter));
    match item {
        Some(_) => obey(model, item),
        // A letter that no line has leaves the menu as it is.
        None => Vec::new(),
    }
}

fn obey(model: &mut Model, item: Option<Item>) -> Vec<Effect> {
    let closed = std::mem::replace(&mut model.overlay, Overlay::None);
    let Some(item) = item else {
        return Vec::new();
    };
    if of_the_table(&item.action) && !matches!(model.screen, Screen::Table) {
        model.screen = Screen::Table;
        model.keep_in_view();
    }
    if let Overlay::Menu(menu) = closed {
        model.aim = Some(menu.aim);
    }
    let effects = super::update(model, item.action);
    model.aim = None;
    effects
}

/// What changes only the table, and would be done out of sight elsewhere.
const fn of_the_table(action: &Action) -> bool {
    matches!(
        action,
        Action::SortBy(_)
            | Action::SortInvert
            | Action::GroupBy(_)
            | Action::FoldAll
            | Action::Mark
            | Action::MarkAll
            | Action::MenuOpen(MenuKind::Sort | MenuKind::Columns | MenuKind::Groups)
    )
}

/// A keystroke in the palette's line.
pub(super) fn typed(model: &mut Model, request: InputRequest) {
    if let Overlay::Menu(menu) = &mut model.overlay {
        menu.input.handle(request);
        menu.marked = 0;
    }
}

/// Moves the mark; a short menu goes round.
pub(super) fn moved(model: &mut Model, step: Move) {
    let Overlay::Menu(open) = &model.overlay else {
        return;
    };
    let lines = menu::items(model, open).len();
    let Overlay::Menu(open) = &mut model.overlay else {
        return;
    };
    let last = lines.saturating_sub(1);
    open.marked = match step {
        Move::Up => open.marked.checked_sub(1).unwrap_or(last),
        Move::Down if open.marked >= last => 0,
        Move::Down => open.marked + 1,
        step => super::navigate::moved(open.marked, last, 10, step),
    };
}

/// The column under the mark of the menu of columns.
fn marked_column(model: &Model) -> Option<Field> {
    let Overlay::Menu(menu) = &model.overlay else {
        return None;
    };
    model.list.columns.all_in_order().nth(menu.marked)
}

/// Changes the marked column; the mark goes with it.
pub(super) fn column(model: &mut Model, action: &Action) {
    let Some(column) = marked_column(model) else {
        return;
    };
    let on_screen = view::column_width(model, column);
    let columns = &mut model.list.columns;
    let changed = match action {
        Action::ColumnToggle => columns.toggle(column),
        Action::ColumnMove(side) => columns.shift(column, *side == Side::Right),
        Action::ColumnSize(side) => {
            // What is seen grows or shrinks, also where the width that was chosen finds no room.
            let chosen = columns.width(column);
            let width = on_screen.or(chosen);
            let width = width.unwrap_or_else(|| column.spec().width.0);
            let width = match side {
                Side::Left => width.saturating_sub(1),
                Side::Right => width.saturating_add(1),
            };
            columns.resize(column, width)
        }
        _ => false,
    };
    if !changed {
        return;
    }
    let place = model
        .list
        .columns
        .all_in_order()
        .position(|other| other == column);
    if let (Overlay::Menu(menu), Some(place)) = (&mut model.overlay, place) {
        menu.marked = place;
    }
}

/// The columns as rdpscan brings them.
pub(super) fn reset_columns(model: &mut Model) {
    model.list.columns = Columns::default();
}
