//! Editing the filter line.

use tui_input::{Input, InputRequest};

use crate::table::{self, Filter};
use crate::tui::action::Side;
use crate::tui::model::{CompletionCycle, FilterEdit, Model, Overlay, Screen};
use crate::tui::text::byte_at;

/// Filters that are remembered.
const MOST_REMEMBERED: usize = 50;

pub(super) fn open(model: &mut Model) {
    model.screen = Screen::Table;
    model.overlay = Overlay::Filter(Box::new(FilterEdit {
        input: Input::new(model.table.filter_text.clone()),
        before: (
            model.table.query.filter.clone(),
            model.table.filter_text.clone(),
        ),
        error: None,
        refused: false,
        recalled: None,
        completing: None,
    }));
    model.scroll_to_cursor();
}

/// Closes the line; with an invalid text it stays open, and shows the error.
pub(super) fn accept(model: &mut Model) {
    if let Overlay::Filter(edit) = &mut model.overlay {
        edit.refused = edit.error.is_some();
        if !edit.refused {
            model.overlay = Overlay::None;
            remember(model);
            model.scroll_to_cursor();
        }
    }
}

/// The filter in force becomes the newest one.
fn remember(model: &mut Model) {
    let text = model.table.filter_text.clone();
    if !text.is_empty() {
        model.filters.retain(|other| *other != text);
        model.filters.push(text);
        let oldest = model.filters.len().saturating_sub(MOST_REMEMBERED);
        model.filters.drain(..oldest);
    }
}

/// Puts an earlier filter into the line, or a later one; after the newest, what was typed.
pub(super) fn recall(model: &mut Model, side: Side) {
    let Overlay::Filter(edit) = &mut model.overlay else {
        return;
    };
    let (at, typed) = edit.recalled.clone().unwrap_or_else(|| {
        let typed = edit.input.value().to_owned();
        (model.filters.len(), typed)
    });
    let target = match side {
        Side::Left => at.checked_sub(1),
        Side::Right => Some(at + 1).filter(|target| *target <= model.filters.len()),
    };
    let Some(target) = target else {
        return;
    };
    let text = model.filters.get(target).unwrap_or(&typed);
    edit.input = Input::new(text.clone());
    edit.recalled = Some((target, typed));
    edit.completing = None;
    edit.refused = false;
    apply(model);
}

/// Puts the saved filter of this index in force.
pub(super) fn apply_saved(model: &mut Model, index: usize) {
    let Some((_, text)) = model.saved.filters.get(index) else {
        return;
    };
    // The settings refuse an invalid one.
    model.table.query.filter = Filter::readable(text);
    model.table.filter_text = text.trim().to_owned();
    remember(model);
    model.arrange();
}

pub(super) fn cancel(model: &mut Model) {
    if let Overlay::Filter(edit) = std::mem::replace(&mut model.overlay, Overlay::None) {
        (model.table.query.filter, model.table.filter_text) = edit.before;
        model.arrange();
    }
}

pub(super) fn edit(model: &mut Model, request: InputRequest) {
    let Overlay::Filter(edit) = &mut model.overlay else {
        return;
    };
    edit.input.handle(request);
    edit.recalled = None;
    edit.completing = None;
    edit.refused = false;
    apply(model);
}

/// Inserts the next suggestion; the last is followed by the text as it was typed. With `descend`, a suggestion that ends in the
/// sign of a field is kept, and followed by the first value of that field.
pub(super) fn complete(model: &mut Model, descend: bool) {
    let Overlay::Filter(edit) = &mut model.overlay else {
        return;
    };
    edit.refused = false;
    if descend && can_descend(edit) {
        edit.completing = None;
    }
    let (text, at, taken) = match edit.completing.take() {
        Some(before) => (before.text, before.at, before.taken + 1),
        None => (
            edit.input.value().to_owned(),
            byte_at(edit.input.value(), edit.input.cursor()),
            0,
        ),
    };
    let completion = table::complete(&text, at);
    let Some(candidate) = completion.candidates.get(taken) else {
        let cursor = text.get(..at).map_or(0, |before| before.chars().count());
        edit.input = Input::new(text).with_cursor(cursor);
        return apply(model);
    };
    let (Some(before), Some(after)) = (
        text.get(..completion.span.start),
        text.get(completion.span.end..),
    ) else {
        return;
    };
    let cursor = before.chars().count() + candidate.text.chars().count();
    edit.input = Input::new(format!("{before}{}{after}", candidate.text)).with_cursor(cursor);
    edit.completing = Some(CompletionCycle { text, at, taken });
    apply(model);
}

/// Whether the suggestion inserted last is a field and its sign, and the field has values to suggest.
fn can_descend(edit: &FilterEdit) -> bool {
    let typed = edit.input.value();
    let at = byte_at(typed, edit.input.cursor());
    let ends_in_sign = typed
        .get(..at)
        .is_some_and(|before| before.ends_with([':', '<', '>', '=']));
    edit.completing.is_some() && ends_in_sign && !table::complete(typed, at).candidates.is_empty()
}

/// Puts the valid part of the text in force.
fn apply(model: &mut Model) {
    let Overlay::Filter(edit) = &mut model.overlay else {
        return;
    };
    let typed = edit.input.value().to_owned();
    edit.error = Filter::parse(&typed).err();
    let filter = Filter::readable(&typed);
    typed.trim().clone_into(&mut model.table.filter_text);
    if model.table.query.filter != filter {
        model.table.query.filter = filter;
        model.arrange();
    }
}
