use std::time::Duration;

use ratatui::layout::Size;
use tui_input::Input;

use super::action::{Action, Effect, Move};
use super::columns::COLUMNS;
use super::model::{FilterEdit, Model, Overlay, Phase, RESORT, Screen};
use super::text;
use super::theme::Tone;
use super::view;
use crate::model::EventBody;
use crate::table::Filter;

/// How long a message stays.
const TOAST: Duration = Duration::from_secs(6);
/// How long a message about a failure stays.
const TOAST_ERROR: Duration = Duration::from_secs(15);

/// Folds one action into the model, and says what is to be done outside of it.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Events(events) => {
            let mut ended = false;
            for event in events {
                ended |= matches!(event.body, EventBody::ScanFinished(_));
                model.fleet.apply(event);
            }
            model.dirty = true;
            if ended {
                return end(model);
            }
            // The first rows appear at once.
            if model.rows.is_empty() {
                model.arrange();
            }
            resort_when_due(model);
        }
        Action::Progress(progress) => {
            if model.progress != *progress {
                model.progress = *progress;
                model.dirty = true;
            }
        }
        Action::StreamEnded => return end(model),
        Action::Tick(now) => {
            model.now = now;
            if model.toast.as_ref().is_some_and(|toast| toast.until <= now) {
                model.toast = None;
                model.dirty = true;
            }
            resort_when_due(model);
        }
        Action::Resize(width, height) => {
            model.size = Size::new(width, height);
            model.keep_in_view();
            clamp_scroll(model);
            model.dirty = true;
        }
        Action::Exported(Ok(path)) => {
            let path = path.display().to_string();
            model.say(
                format!("exported to {}", text::clean(&path)),
                Tone::Good,
                TOAST,
            );
        }
        Action::Exported(Err(reason)) => {
            model.say(
                format!("not exported: {}", text::clean(&reason)),
                Tone::Bad,
                TOAST_ERROR,
            );
        }
        Action::Interrupt | Action::QuitConfirmed | Action::Terminate | Action::Quit => {
            return leave(model, &action);
        }
        Action::Export => return export(model),
        action => navigate(model, &action),
    }
    Vec::new()
}

/// The scan has ended: the last state appears at once, and whoever waited to leave does.
fn end(model: &mut Model) -> Vec<Effect> {
    let stopping = model.phase == Phase::Stopping;
    model.phase = Phase::Done;
    if matches!(model.overlay, Overlay::Quit) {
        model.overlay = Overlay::None;
    }
    model.arrange();
    if stopping {
        vec![Effect::Quit]
    } else {
        Vec::new()
    }
}

fn resort_when_due(model: &mut Model) {
    if model.stale() && model.now >= model.sorted_at + RESORT {
        model.arrange();
    }
}

fn leave(model: &mut Model, action: &Action) -> Vec<Effect> {
    model.dirty = true;
    match (model.phase, action) {
        (Phase::Done, _) | (Phase::Stopping, Action::Interrupt) => vec![Effect::Quit],
        (Phase::Stopping, _) => Vec::new(),
        (Phase::Scanning, Action::Quit) => {
            model.overlay = Overlay::Quit;
            Vec::new()
        }
        (Phase::Scanning, _) => {
            model.phase = Phase::Stopping;
            model.overlay = Overlay::None;
            vec![Effect::StopScan]
        }
    }
}

fn export(model: &mut Model) -> Vec<Effect> {
    let (rows, whole) = match model.screen {
        Screen::Table => {
            // What is written is what is known now, not as of the last sort.
            if model.stale() {
                model.arrange();
            }
            (model.rows.clone(), model.filter.is_empty())
        }
        Screen::Host { .. } => (model.cursor.into_iter().collect(), false),
    };
    if rows.is_empty() {
        model.say(
            "nothing to export: no host is shown".to_owned(),
            Tone::Warn,
            TOAST,
        );
        return Vec::new();
    }
    vec![Effect::Export { rows, whole }]
}

/// Actions that only change what is looked at.
fn navigate(model: &mut Model, action: &Action) {
    model.dirty = true;
    match *action {
        Action::Move(step) => move_by(model, step),
        Action::Open if model.host().is_some() => {
            model.follow_top = false;
            model.screen = Screen::Host { scroll: 0 };
        }
        Action::Back => back(model),
        Action::NextSection => section(model, true),
        Action::PreviousSection => section(model, false),
        Action::NextHost => step_host(model, true),
        Action::PreviousHost => step_host(model, false),
        Action::Help => model.overlay = Overlay::Help { scroll: 0 },
        Action::SortMenu => {
            let marked = COLUMNS
                .iter()
                .position(|column| column.id == model.sort.column)
                .unwrap_or(0);
            model.overlay = Overlay::Sort { marked };
        }
        Action::SortPick => {
            if let Overlay::Sort { marked } = model.overlay {
                model.overlay = Overlay::None;
                if let Some(column) = COLUMNS.get(marked) {
                    model.sort_by(column.id);
                }
            }
        }
        Action::SortBy(column) => {
            model.overlay = Overlay::None;
            model.sort_by(column);
        }
        Action::SortInvert => {
            model.sort.inverted = !model.sort.inverted;
            model.arrange();
        }
        Action::FilterOpen => {
            model.overlay = Overlay::Filter(FilterEdit {
                input: Input::new(model.filter_text.clone()),
                before: (model.filter.clone(), model.filter_text.clone()),
                error: None,
            });
            model.keep_in_view();
        }
        Action::FilterEdit(request) => edit_filter(model, request),
        Action::FilterAccept => {
            // A text that is no filter stays open, with its error next to it.
            if let Overlay::Filter(FilterEdit { error: None, .. }) = model.overlay {
                model.overlay = Overlay::None;
                model.keep_in_view();
            }
        }
        Action::FilterCancel => {
            if let Overlay::Filter(edit) = std::mem::replace(&mut model.overlay, Overlay::None) {
                (model.filter, model.filter_text) = edit.before;
                model.arrange();
            }
        }
        // Everything else was dealt with by `update`.
        _ => {}
    }
}

fn edit_filter(model: &mut Model, request: tui_input::InputRequest) {
    let Overlay::Filter(edit) = &mut model.overlay else {
        return;
    };
    edit.input.handle(request);
    let typed = edit.input.value().to_owned();
    edit.error = Filter::parse(&typed).err();
    // What can be read already is in force; the rest is still being typed.
    let filter = Filter::readable(&typed);
    typed.trim().clone_into(&mut model.filter_text);
    if model.filter != filter {
        model.filter = filter;
        model.arrange();
    }
}

fn back(model: &mut Model) {
    match (&model.overlay, model.screen) {
        (Overlay::None, Screen::Host { .. }) => {
            model.screen = Screen::Table;
            model.keep_in_view();
        }
        (Overlay::None, Screen::Table) => {
            if !model.filter.is_empty() {
                model.filter = Filter::default();
                model.filter_text.clear();
                model.arrange();
            }
        }
        _ => model.overlay = Overlay::None,
    }
}

fn move_by(model: &mut Model, step: Move) {
    if let Overlay::Sort { marked } = &mut model.overlay {
        let last = COLUMNS.len() - 1;
        *marked = match step {
            Move::Up => marked.checked_sub(1).unwrap_or(last),
            Move::Down if *marked >= last => 0,
            Move::Down => *marked + 1,
            _ => *marked,
        };
        return;
    }
    if let Overlay::Help { scroll } = model.overlay {
        let (lines, height) = view::help_extent(model);
        let scroll = scrolled(scroll, lines, height, step);
        model.overlay = Overlay::Help { scroll };
        return;
    }
    match model.screen {
        Screen::Table => {
            let height = view::table_rows(model).max(1);
            let row = model.cursor_row().unwrap_or(0);
            let last = model.rows.len().saturating_sub(1);
            let target = moved(row, last, height, step);
            model.follow_top = step == Move::Top;
            model.place(target);
        }
        Screen::Host { scroll } => {
            let (lines, height) = view::host_extent(model);
            let scroll = scrolled(scroll, lines, height, step);
            model.screen = Screen::Host { scroll };
        }
    }
}

/// Where a step leads from `position`, on 0 to `last` with `page` lines to a screenful.
fn moved(position: usize, last: usize, page: usize, step: Move) -> usize {
    let target = match step {
        Move::Up => position.saturating_sub(1),
        Move::Down => position.saturating_add(1),
        Move::PageUp => position.saturating_sub(page),
        Move::PageDown => position.saturating_add(page),
        Move::HalfUp => position.saturating_sub(page.div_ceil(2)),
        Move::HalfDown => position.saturating_add(page.div_ceil(2)),
        Move::Top => 0,
        Move::Bottom => last,
    };
    target.min(last)
}

fn scrolled(scroll: usize, lines: usize, height: usize, step: Move) -> usize {
    moved(scroll, lines.saturating_sub(height), height.max(1), step)
}

fn clamp_scroll(model: &mut Model) {
    if let Screen::Host { scroll } = model.screen {
        let (lines, height) = view::host_extent(model);
        let scroll = scroll.min(lines.saturating_sub(height));
        model.screen = Screen::Host { scroll };
    }
    if let Overlay::Help { scroll } = model.overlay {
        let (lines, height) = view::help_extent(model);
        let scroll = scroll.min(lines.saturating_sub(height));
        model.overlay = Overlay::Help { scroll };
    }
}

fn step_host(model: &mut Model, forward: bool) {
    let row = model.cursor_row().unwrap_or(0);
    let target = if forward {
        row.saturating_add(1)
    } else {
        row.saturating_sub(1)
    };
    if target < model.rows.len() && target != row {
        model.follow_top = false;
        model.place(target);
        model.screen = Screen::Host { scroll: 0 };
    }
}

fn section(model: &mut Model, forward: bool) {
    let Screen::Host { scroll } = model.screen else {
        return;
    };
    let (lines, height) = view::host_extent(model);
    let starts = view::host_sections(model);
    let target = if forward {
        starts.into_iter().find(|start| *start > scroll)
    } else {
        starts.into_iter().rev().find(|start| *start < scroll)
    };
    let bottom = lines.saturating_sub(height);
    let scroll = target
        .unwrap_or(if forward { bottom } else { 0 })
        .min(bottom);
    model.screen = Screen::Host { scroll };
}
