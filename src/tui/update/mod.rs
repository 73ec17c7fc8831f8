//! What an action does to the model.

mod acknowledge;
mod export;
mod filter;
mod freeze;
mod menu;
mod navigate;
mod prompt;
mod quit;
mod scan_control;
mod table;

use std::time::Duration;

use ratatui::layout::Size;

use super::action::{Action, Effect};
use super::model::{HelpPage, Model, Overlay, RESORT, RunState};
use super::text;
use super::theme::Tone;
use crate::model::{EventBody, ScanEvent};
use crate::table::Columns;

/// Folds one action into the model, and returns what is to be done outside of it.
pub fn update(model: &mut Model, action: Action) -> Option<Effect> {
    match action {
        Action::Events(events) => return apply_events(model, events),
        Action::Progress(progress) => {
            if model.progress != *progress {
                model.progress = *progress;
                model.dirty = true;
            }
        }
        Action::StreamEnded => return quit::scan_ended(model, true),
        Action::Tick(now) => {
            model.set_time(now);
            model.evaluate_some();
            resort_when_due(model);
        }
        Action::RowsArranged(made) => model.take_arranged(*made),
        Action::PastFound(answer) => model.take_past(*answer),
        Action::Resize(width, height) => {
            model.size = Size::new(width, height);
            model.scroll_to_cursor();
            navigate::clamp_scroll(model);
            model.dirty = true;
        }
        Action::ExportFinished(result) => {
            model.writing = false;
            let exporting = model.exporting.take();
            if result.is_ok() {
                model.exported = exporting.or(model.exported);
            }
            let message = result.map(|path| format!("wrote {}", path.display()));
            return update(model, Action::Message(message));
        }
        Action::FixesWritten(result) => {
            model.writing = false;
            return update(model, Action::Message(result));
        }
        Action::Acknowledged(result) => {
            model.writing = false;
            let message = result.map(|(exceptions, message)| {
                model.except(exceptions);
                message
            });
            return update(model, Action::Message(message));
        }
        Action::Message(Ok(text)) => model.notify(text::clean(&text), Tone::Good),
        Action::Message(Err(reason)) => {
            model.notify(format!("not done: {}", text::clean(&reason)), Tone::Bad);
        }
        Action::Interrupt
        | Action::QuitConfirmed
        | Action::QuitSaving
        | Action::Terminate
        | Action::Quit => {
            return quit::quit(model, &action);
        }
        action => {
            model.dirty = true;
            if table::keep_seen_row(model, &action) {
                return run(model, &action);
            }
        }
    }
    None
}

/// Folds in one action and the time. Ticks and events evaluate hosts: a turn has one of them, so that a key never waits for two.
pub(super) fn turn(model: &mut Model, action: Action, now: Duration) -> Option<Effect> {
    match action {
        Action::Tick(_) | Action::Events(_) => model.set_time(now),
        _ => {
            update(model, Action::Tick(now));
        }
    }
    update(model, action)
}

/// The actions of keys, the mouse and menus.
fn run(model: &mut Model, action: &Action) -> Option<Effect> {
    match *action {
        Action::MenuPick => return menu::pick(model),
        Action::MenuLetter(letter) => return menu::pick_letter(model, letter),
        Action::Export(format) => export::ask_for_name(model, format),
        Action::MarkCount => prompt::ask_for_rows(model),
        Action::PromptAccept => return prompt::accept(model),
        Action::Run(program) => return menu::run_program(model, program),
        Action::Copy(letter) => return export::copy(model, letter),
        Action::Fix => export::ask_to_fix(model),
        Action::Acknowledge(finding) => return acknowledge::ask(model, finding),
        Action::FixConfirmed => return export::fix(model),
        Action::Suspend => return Some(Effect::Suspend),
        Action::Pause => return scan_control::pause(model),
        Action::Skip => return scan_control::skip(model),
        Action::Reprobe => return scan_control::reprobe(model),
        Action::Rescan => return scan_control::ask_to_rescan(model),
        Action::RescanConfirmed => return scan_control::rescan(model),
        Action::Freeze => freeze::toggle(model),
        Action::Mouse => {
            model.mouse = !model.mouse;
            let message = if model.mouse {
                "mouse on: it scrolls, sorts and selects; hold Shift to select text"
            } else {
                "mouse off: the terminal selects text"
            };
            model.notify(message, Tone::Notice);
            return Some(Effect::Mouse(model.mouse));
        }
        Action::NextPalette => {
            let palette = model.theme.palette.next();
            return update(model, Action::Palette(palette));
        }
        Action::Background(palette) => model.theme.palette = palette,
        Action::Palette(palette) => {
            model.theme.palette = palette;
            model.palette = Some(palette);
            model.notify(format!("colours: {}", <&str>::from(palette)), Tone::Notice);
        }
        Action::MenuOpen(kind) => menu::open(model, kind),
        Action::ColumnToggle | Action::ColumnMove(_) | Action::ColumnSize(_) => {
            menu::change_column(model, action);
        }
        Action::ColumnsReset => model.table.columns = Columns::default(),
        Action::ColumnsScroll(side) => table::scroll_columns(model, side),
        Action::Preset(index) => {
            if let Some((_, columns)) = model.saved.columns.get(index) {
                model.table.columns = columns.clone();
                model.table.page = 0;
            }
        }
        Action::SortBy(column) => table::sort_by(model, column),
        Action::SortInvert => table::invert_sort(model),
        Action::GroupBy(grouping) => table::group_by(model, grouping),
        Action::FoldAll => table::fold_all(model),
        Action::View(view) => table::show_view(model, view),
        Action::Mark => table::mark(model),
        Action::MarkAll => table::mark_all(model),
        Action::UndoMarks => table::undo_marks(model),
        Action::NextProblem => table::next_problem(model, true),
        Action::PreviousProblem => table::next_problem(model, false),
        Action::CloseGroup => table::close_group(model),
        Action::FilterOpen => filter::open(model),
        Action::FilterAccept => filter::accept(model),
        Action::FilterCancel => filter::cancel(model),
        Action::FilterRecall(side) => filter::recall(model, side),
        Action::SavedFilter(index) => filter::apply_saved(model, index),
        Action::Complete => filter::complete(model, true),
        Action::CompleteOther => filter::complete(model, false),
        Action::Edit(request) => match model.overlay {
            Overlay::Menu(_) => menu::edit(model, request),
            Overlay::Help { .. } => navigate::search_help(model, request),
            Overlay::Prompt(_) => prompt::edit(model, request),
            _ => filter::edit(model, request),
        },
        Action::Move(step) => navigate::move_by(model, step),
        Action::Click(column, line) => navigate::click(model, column, line),
        Action::Open => navigate::open(model),
        Action::Back => navigate::back(model),
        Action::Next => navigate::next(model, true),
        Action::Previous => navigate::next(model, false),
        Action::Section(number) => navigate::to_section(model, number),
        Action::NextHost => navigate::step_host(model, true),
        Action::PreviousHost => navigate::step_host(model, false),
        Action::Overview => navigate::toggle_overview(model),
        Action::Help => navigate::open_help(model, HelpPage::Keys),
        Action::Legend => navigate::open_help(model, HelpPage::Signs),
        Action::Entry(key) => model.overlay = Overlay::Entry { key, scroll: 0 },
        // `update` handles the others.
        _ => {}
    }
    None
}

/// Folds events in; into the live fleet while the display is frozen.
fn apply_events(model: &mut Model, events: Vec<ScanEvent>) -> Option<Effect> {
    let mut ended = false;
    let mut resumed = false;
    let fleet = model.live.as_mut().unwrap_or(&mut model.fleet);
    for event in events {
        // A re-probe resumes a scan that had ended.
        let restarts = matches!(event.body, EventBody::ReprobeStarted { .. });
        ended = event.scan_end().is_some() || (ended && !restarts);
        resumed |= restarts;
        fleet.apply(event);
    }
    if resumed && model.run_state == RunState::Ended {
        model.run_state = RunState::Running;
    }
    model.evaluate_some();
    if ended && !model.capabilities.watch {
        return quit::scan_ended(model, false);
    }
    if !model.is_frozen() {
        model.dirty = true;
        // The first rows appear at once.
        if model.table.rows.is_empty() && !model.is_large() {
            model.arrange();
        }
        resort_when_due(model);
    }
    None
}

fn resort_when_due(model: &mut Model) {
    if model.is_stale() && model.now >= model.table.arranged_at + RESORT {
        model.arrange();
    }
}
