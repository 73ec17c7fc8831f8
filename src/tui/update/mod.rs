//! What an action does to the model: one file for each thing that can be acted on.

mod filter;
mod leave;
mod menu;
mod navigate;
mod rows;
mod scan;
mod write;

pub(super) use filter::byte_at;

use std::time::Duration;

use ratatui::layout::Size;

use super::action::{Action, Effect};
use super::model::{Model, Overlay, Phase, RESORT};
use super::text;
use super::theme::Tone;
use crate::model::{EventBody, ScanEvent};

/// Folds one action into the model, and says what is to be done outside of it.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Events(events) => return facts(model, events),
        Action::Progress(progress) => {
            if model.progress != *progress {
                model.progress = *progress;
                model.dirty = true;
            }
        }
        Action::StreamEnded => return leave::ended(model, true),
        Action::Tick(now) => {
            model.pass(now);
            model.judge_some();
            resort_when_due(model);
        }
        Action::Arranged(made) => model.arranged(*made),
        Action::Resize(width, height) => {
            model.size = Size::new(width, height);
            model.keep_in_view();
            navigate::clamp_scroll(model);
            model.dirty = true;
        }
        Action::Exported(Ok(path)) => {
            model.writing = false;
            model.exported = model.exporting.take().or(model.exported);
            let path = path.display().to_string();
            model.say(format!("wrote {}", text::clean(&path)), Tone::Good);
        }
        Action::Fixed(result) => {
            model.writing = false;
            return update(model, Action::Told(result));
        }
        Action::Told(Ok(words)) => model.say(text::clean(&words), Tone::Good),
        Action::Exported(Err(reason)) => {
            model.writing = false;
            model.exporting = None;
            return update(model, Action::Told(Err(reason)));
        }
        Action::Told(Err(reason)) => {
            model.say(format!("not done: {}", text::clean(&reason)), Tone::Bad);
        }
        Action::Interrupt
        | Action::QuitConfirmed
        | Action::QuitSaving
        | Action::Terminate
        | Action::Quit => {
            return leave::leave(model, &action);
        }
        action => {
            model.dirty = true;
            return asked(model, action);
        }
    }
    Vec::new()
}

/// Folds in one action and the time. Ticks and events judge hosts: one of them in one turn, so that a key waits for one slice.
pub(super) fn turn(model: &mut Model, action: Action, now: Duration) -> Vec<Effect> {
    match action {
        Action::Tick(_) | Action::Events(_) => model.pass(now),
        _ => {
            update(model, Action::Tick(now));
        }
    }
    update(model, action)
}

/// What a key, the mouse or a line of a menu asks for.
fn asked(model: &mut Model, action: Action) -> Vec<Effect> {
    if !rows::held(model, &action) {
        return Vec::new();
    }
    match action {
        Action::MenuPick => return menu::pick(model),
        Action::MenuLetter(letter) => return menu::pick_letter(model, letter),
        Action::Export(format) => return write::export(model, format),
        Action::Copy(letter) => return write::copy(model, letter),
        Action::Fix => write::ask_to_fix(model),
        Action::FixConfirmed => return write::fix(model),
        Action::Pause => return scan::pause(model),
        Action::Skip => return scan::skip(model),
        Action::ProbeAgain => return scan::probe_again(model),
        Action::RescanAll => scan::ask_to_rescan(model),
        Action::RescanConfirmed => return scan::rescan(model),
        Action::Freeze => scan::freeze(model),
        Action::Mouse => {
            model.mouse = !model.mouse;
            let words = if model.mouse {
                "the mouse scrolls and selects; text is selected with Shift held"
            } else {
                "the mouse belongs to the terminal"
            };
            model.say(words, Tone::Notice);
            return vec![Effect::Mouse(model.mouse)];
        }
        Action::NextPalette => {
            let palette = model.theme.palette.next();
            return update(model, Action::Palette(palette));
        }
        Action::Palette(palette) => {
            model.theme.palette = palette;
            model.say(format!("colours: {}", palette.word()), Tone::Notice);
        }
        Action::MenuOpen(kind) => menu::open(model, kind),
        Action::ColumnToggle | Action::ColumnMove(_) | Action::ColumnSize(_) => {
            menu::column(model, &action);
        }
        Action::ColumnsReset => menu::reset_columns(model),
        Action::SortBy(_)
        | Action::SortInvert
        | Action::GroupBy(_)
        | Action::FoldAll
        | Action::View(_)
        | Action::Mark
        | Action::MarkAll => rows::arranged(model, &action),
        Action::FilterOpen
        | Action::FilterAccept
        | Action::FilterCancel
        | Action::Complete
        | Action::CompleteOther => {
            filter::asked(model, &action);
        }
        Action::Edit(request) => match model.overlay {
            Overlay::Menu(_) => menu::typed(model, request),
            _ => filter::typed(model, request),
        },
        action => navigate::step(model, &action),
    }
    Vec::new()
}

/// Folds events in; behind a display that stands still when it does.
fn facts(model: &mut Model, events: Vec<ScanEvent>) -> Vec<Effect> {
    let mut ended = false;
    let mut resumed = false;
    let fleet = model.live.as_mut().unwrap_or(&mut model.fleet);
    for event in events {
        ended = matches!(event.body, EventBody::ScanFinished(_)) || (ended && !resumes(&event));
        resumed |= resumes(&event);
        fleet.apply(event);
    }
    if resumed && model.phase == Phase::Done {
        model.phase = Phase::Scanning;
    }
    model.judge_some();
    if ended {
        return leave::ended(model, false);
    }
    if model.frozen() {
        return Vec::new();
    }
    model.dirty = true;
    // The first rows appear at once.
    if model.list.rows.is_empty() && !model.is_large() {
        model.arrange();
    }
    resort_when_due(model);
    Vec::new()
}

/// Whether work goes on after an end.
fn resumes(event: &ScanEvent) -> bool {
    matches!(event.body, EventBody::ReprobeStarted { .. })
}

fn resort_when_due(model: &mut Model) {
    if model.stale() && model.now >= model.list.sorted_at + RESORT {
        model.arrange();
    }
}
