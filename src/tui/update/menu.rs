//! Menus: opening them, moving in them, picking a line.

use tui_input::{Input, InputRequest};

use crate::table::Field;
use crate::tui::action::{Action, Effect, MenuKind, Move, Side};
use crate::tui::menu::{self, Item};
use crate::tui::model::{ActionTarget, Menu, Model, Overlay, Screen};
use crate::tui::theme::Tone;
use crate::tui::view;

pub(super) const NO_HOST_SELECTED: &str = "no host selected";
const ONE_HOST: &str = "several hosts are selected: a program runs for one";

/// Opens a menu for the hosts selected now, with the line in force marked.
pub(super) fn open(model: &mut Model, kind: MenuKind) {
    let mut opened = Menu {
        kind,
        marked: 0,
        input: Input::default(),
        target: ActionTarget::for_menu(model, kind),
    };
    let items = menu::items(model, &opened);
    if items.is_empty() {
        let message = match kind {
            MenuKind::Copy | MenuKind::Handbook | MenuKind::Acknowledge | MenuKind::Programs
                if opened.target.hosts.is_empty() =>
            {
                NO_HOST_SELECTED
            }
            MenuKind::Programs => ONE_HOST,
            MenuKind::Acknowledge => "this host has no findings",
            MenuKind::Copy => "nothing to copy of this host",
            MenuKind::Saved => {
                "nothing saved: name filters and columns under [screen] in the settings"
            }
            MenuKind::Handbook => "the handbook has nothing about this host",
            _ => "nothing to choose from",
        };
        return model.notify(message, Tone::Notice);
    }
    if matches!(kind, MenuKind::Sort | MenuKind::Groups) {
        opened.marked = items.iter().position(|item| item.ticked).unwrap_or(0);
    }
    model.overlay = Overlay::Menu(opened);
}

fn items(model: &Model) -> Vec<Item> {
    match &model.overlay {
        Overlay::Menu(menu) => menu::items(model, menu),
        _ => Vec::new(),
    }
}

/// Picks the marked line, and closes the menu.
pub(super) fn pick(model: &mut Model) -> Option<Effect> {
    let Overlay::Menu(menu) = &model.overlay else {
        return None;
    };
    let picked = items(model).into_iter().nth(menu.marked);
    if picked.is_none() {
        model.overlay = Overlay::None;
    }
    run(model, picked?.action)
}

/// Picks the line of this letter; without one, the menu stays open.
pub(super) fn pick_letter(model: &mut Model, letter: char) -> Option<Effect> {
    let mut items = items(model).into_iter();
    let picked = items.find(|item| item.letter == Some(letter))?;
    run(model, picked.action)
}

/// Closes the menu, and runs an action of it on its hosts.
fn run(model: &mut Model, action: Action) -> Option<Effect> {
    let closed = std::mem::replace(&mut model.overlay, Overlay::None);
    if changes_table(&action) && !matches!(model.screen, Screen::Table) {
        model.screen = Screen::Table;
        model.scroll_to_cursor();
    }
    if let Overlay::Menu(menu) = closed {
        model.target = Some(menu.target);
    }
    let effect = super::update(model, action);
    model.target = None;
    effect
}

/// Starts a program for the selected host.
pub(super) fn run_program(model: &mut Model, program: usize) -> Option<Effect> {
    let program = model.programs.get(program)?;
    let launch = match *model.targeted_hosts() {
        [] => Err(NO_HOST_SELECTED.to_owned()),
        [host] => program.launch(model.fleet.host(host)?),
        _ => Err(ONE_HOST.to_owned()),
    };
    match launch {
        Ok(launch) => Some(Effect::Run(launch)),
        Err(reason) => {
            model.notify(reason, Tone::Notice);
            None
        }
    }
}

/// Whether the effect of an action is visible on the table alone.
const fn changes_table(action: &Action) -> bool {
    matches!(
        action,
        Action::SortBy(_)
            | Action::SortInvert
            | Action::GroupBy(_)
            | Action::FoldAll
            | Action::Mark
            | Action::MarkCount
            | Action::MarkAll
            | Action::UndoMarks
            | Action::NextProblem
            | Action::PreviousProblem
            | Action::ColumnsScroll(_)
            | Action::Preset(_)
            | Action::SavedFilter(_)
            | Action::MenuOpen(
                MenuKind::Sort | MenuKind::Columns | MenuKind::Groups | MenuKind::Saved
            )
    )
}

/// A key in the search line of the command palette.
pub(super) fn edit(model: &mut Model, request: InputRequest) {
    if let Overlay::Menu(menu) = &mut model.overlay {
        menu.input.handle(request);
        menu.marked = 0;
    }
}

/// Moves the mark; from the last line it goes to the first, and back.
pub(super) fn move_mark(model: &mut Model, step: Move) {
    let last = items(model).len().saturating_sub(1);
    let Overlay::Menu(open) = &mut model.overlay else {
        return;
    };
    open.marked = match step {
        Move::Up => open.marked.checked_sub(1).unwrap_or(last),
        Move::Down if open.marked >= last => 0,
        step => step.from(open.marked, last, 10),
    };
}

/// Changes the marked column in the menu of columns; the mark follows it.
pub(super) fn change_column(model: &mut Model, change: &Action) {
    let marked = |menu: &Menu| model.table.columns.all_in_order().nth(menu.marked);
    let Overlay::Menu(menu) = &model.overlay else {
        return;
    };
    let Some(column) = marked(menu) else {
        return;
    };
    let on_screen = view::column_width(model, column);
    let columns = &mut model.table.columns;
    let changed = match change {
        Action::ColumnToggle => columns.toggle(column),
        Action::ColumnMove(side) => columns.shift(column, *side == Side::Right),
        Action::ColumnSize(side) => {
            // From the width on screen, which may be less than the width chosen.
            let width = on_screen
                .or_else(|| columns.width(column))
                .unwrap_or_else(|| column.spec().width.0);
            let width = match side {
                Side::Left => width.saturating_sub(1),
                Side::Right => width.saturating_add(1),
            };
            columns.resize(column, width)
        }
        _ => false,
    };
    if changed {
        mark_column(model, column);
    }
}

fn mark_column(model: &mut Model, column: Field) {
    let mut order = model.table.columns.all_in_order();
    let place = order.position(|other| other == column);
    if let (Overlay::Menu(menu), Some(place)) = (&mut model.overlay, place) {
        menu.marked = place;
    }
}
