//! Questions for a line of text.

use tui_input::InputRequest;

use super::{acknowledge, export, table};
use crate::tui::action::Effect;
use crate::tui::model::{Model, Overlay, Question};
use crate::tui::theme::Tone;

pub(super) fn ask_for_rows(model: &mut Model) {
    model.overlay = Overlay::prompt(Question::Rows, String::new());
}

pub(super) fn edit(model: &mut Model, request: InputRequest) {
    if let Overlay::Prompt(prompt) = &mut model.overlay {
        prompt.input.handle(request);
    }
}

/// Closes the prompt, unless its text is invalid.
pub(super) fn accept(model: &mut Model) -> Option<Effect> {
    let closed = std::mem::replace(&mut model.overlay, Overlay::None);
    let Overlay::Prompt(prompt) = closed else {
        model.overlay = closed;
        return None;
    };
    let typed = prompt.input.value().trim().to_owned();
    match prompt.question {
        Question::Rows => match typed.parse() {
            Ok(count) if count > 0 => table::mark_rows(model, count),
            _ => {
                let reason = if typed.is_empty() {
                    "no number of rows given: type 1 or more, or Esc to cancel".to_owned()
                } else {
                    format!("invalid number of rows `{typed}`: use 1 or more")
                };
                model.notify(reason, Tone::Bad);
                model.overlay = Overlay::Prompt(prompt);
            }
        },
        Question::Acknowledge { host, finding } => {
            match acknowledge::accept(model, host, finding, &typed) {
                Ok(effect) => return effect,
                Err(reason) => {
                    model.notify(reason, Tone::Bad);
                    model.overlay = Overlay::Prompt(prompt);
                }
            }
        }
        Question::File {
            format,
            target,
            offered,
            ..
        } => {
            let named = !typed.is_empty() && typed != offered;
            let format = export::format_of_name(model, &typed).unwrap_or(format);
            model.target = target;
            let effect = export::export(model, format, named.then_some(typed));
            model.target = None;
            return effect;
        }
    }
    None
}
