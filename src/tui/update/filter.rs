//! The filter line while it is edited.

use tui_input::{Input, InputRequest};

use super::super::action::Action;
use super::super::model::{Completing, FilterEdit, Model, Overlay, Screen};
use crate::table::{self, Filter};

/// Opens the line, keeps its text, takes it back, or completes a word.
pub(super) fn asked(model: &mut Model, action: &Action) {
    match action {
        Action::FilterOpen => {
            model.screen = Screen::Table;
            model.overlay = Overlay::Filter(Box::new(FilterEdit {
                input: Input::new(model.list.filter_text.clone()),
                before: (model.list.filter.clone(), model.list.filter_text.clone()),
                error: None,
                refused: false,
                completing: None,
            }));
            model.keep_in_view();
        }
        Action::FilterAccept => {
            // A text that is no filter stays open, with its error next to it.
            if let Overlay::Filter(edit) = &mut model.overlay {
                edit.refused = edit.error.is_some();
                if !edit.refused {
                    model.overlay = Overlay::None;
                    model.keep_in_view();
                }
            }
        }
        Action::FilterCancel => {
            if let Overlay::Filter(edit) = std::mem::replace(&mut model.overlay, Overlay::None) {
                (model.list.filter, model.list.filter_text) = edit.before;
                model.arrange();
            }
        }
        Action::Complete => complete(model, true),
        Action::CompleteOther => complete(model, false),
        _ => {}
    }
}

/// A keystroke.
pub(super) fn typed(model: &mut Model, request: InputRequest) {
    let Overlay::Filter(edit) = &mut model.overlay else {
        return;
    };
    edit.input.handle(request);
    edit.completing = None;
    edit.refused = false;
    read(model);
}

/// Puts in the next suggestion; after the last comes the text as it was typed. Where the one that stands there leads on to
/// values, `onwards` goes to these.
fn complete(model: &mut Model, onwards: bool) {
    let Overlay::Filter(edit) = &mut model.overlay else {
        return;
    };
    edit.refused = false;
    if onwards && leads_on(edit) {
        edit.completing = None;
    }
    let (text, at, turn) = match edit.completing.take() {
        Some(before) => (before.text, before.at, before.taken + 1),
        None => (
            edit.input.value().to_owned(),
            byte_at(edit.input.value(), edit.input.cursor()),
            0,
        ),
    };
    let completion = table::complete(&text, at);
    let Some(candidate) = completion.candidates.get(turn) else {
        let cursor = text.get(..at).map_or(0, |before| before.chars().count());
        edit.input = Input::new(text).with_cursor(cursor);
        return read(model);
    };
    let (Some(before), Some(after)) = (
        text.get(..completion.span.start),
        text.get(completion.span.end..),
    ) else {
        return;
    };
    let cursor = before.chars().count() + candidate.text.chars().count();
    edit.input = Input::new(format!("{before}{}{after}", candidate.text)).with_cursor(cursor);
    edit.completing = Some(Completing {
        text,
        at,
        taken: turn,
    });
    read(model);
}

/// Whether a field and its sign were just taken, and the field has values to choose from.
fn leads_on(edit: &FilterEdit) -> bool {
    let typed = edit.input.value();
    let at = byte_at(typed, edit.input.cursor());
    let ends_in_a_sign = typed
        .get(..at)
        .is_some_and(|before| before.ends_with([':', '<', '>', '=']));
    edit.completing.is_some() && ends_in_a_sign && !table::complete(typed, at).candidates.is_empty()
}

/// The byte at which the character with this number begins.
pub(in crate::tui) fn byte_at(text: &str, characters: usize) -> usize {
    text.char_indices()
        .nth(characters)
        .map_or(text.len(), |(byte, _)| byte)
}

/// What can be read already is in force; the rest is still being typed.
fn read(model: &mut Model) {
    let Overlay::Filter(edit) = &mut model.overlay else {
        return;
    };
    let typed = edit.input.value().to_owned();
    edit.error = Filter::parse(&typed).err();
    let filter = Filter::readable(&typed);
    typed.trim().clone_into(&mut model.list.filter_text);
    if model.list.filter != filter {
        model.list.filter = filter;
        model.arrange();
    }
}
