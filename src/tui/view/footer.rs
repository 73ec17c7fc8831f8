//! The last line: the keys that matter here, or a message.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::widgets::{put, put_lines};
use crate::tui::action::Action;
use crate::tui::model::{Model, RunState};
use crate::tui::text;
use crate::tui::theme::Tone;

pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    if model.toast.is_some() {
        return;
    }
    let line = if model.run_state == RunState::Stopping {
        let text = " stopping: in-flight connections finish; Ctrl-c again quits at once";
        theme.line(text, Tone::Warn)
    } else if model.writing {
        let dots = if theme.ascii { "..." } else { "…" };
        theme.line(format!(" writing {dots}"), Tone::Notice)
    } else {
        let room = usize::from(area.width.saturating_sub(1));
        let mut spans = vec![Span::raw(" ")];
        for (key, hint) in fitting(hints(model), room) {
            spans.push(theme.span(key, Tone::Accent));
            spans.push(Span::raw(format!(" {hint}  ")));
        }
        Line::from(spans)
    };
    put(&line, area.x, area.y, area.width, buffer);
}

/// Lines of a message at most.
const MOST: usize = 3;

/// A passing message, over as many of the last lines as it takes, so that a path in it is whole.
pub(super) fn message(model: &Model, screen: Rect, buffer: &mut Buffer) {
    let Some(toast) = &model.toast else {
        return;
    };
    let theme = model.theme;
    let room = usize::from(screen.width.saturating_sub(2));
    let lines = theme.wrap(&toast.text, room, MOST);
    let height = u16::try_from(lines.len()).unwrap_or(1).min(screen.height);
    let area = Rect {
        y: screen.bottom().saturating_sub(height),
        height,
        ..screen
    };
    Clear.render(area, buffer);
    let line = |line| theme.line(format!(" {line}"), toast.tone);
    put_lines(lines.into_iter().map(line), area, buffer);
}

struct Hint {
    key: String,
    words: &'static str,
    /// Help and the way back are never left out.
    stays: bool,
}

impl Hint {
    /// Cells with a blank between key and hint, and two behind.
    fn cells(&self) -> usize {
        text::width(&self.key) + text::width(self.words) + 3
    }
}

/// The hints of the keys that have an effect now.
fn hints(model: &Model) -> Vec<Hint> {
    let context = model.context();
    let can_pause = model.capabilities.control && model.is_running();
    std::iter::once(context)
        .chain(context.wider())
        .flat_map(|context| model.keymap.of(context))
        .filter_map(|(binding, keys)| {
            let words = match (&binding.action, binding.hint?) {
                (Action::Pause, _) if !can_pause => return None,
                (Action::Pause, _) if model.progress.paused => "resume",
                (_, hint) => hint,
            };
            let stays = matches!(
                binding.action,
                Action::Help | Action::Quit | Action::Back | Action::FilterCancel
            );
            Some(Hint {
                key: keys.first()?.label(),
                words,
                stays,
            })
        })
        .collect()
}

fn fitting(hints: Vec<Hint>, room: usize) -> Vec<(String, &'static str)> {
    // The last hint needs no blanks behind it.
    let mut left = room + 2;
    let reserved: usize = hints
        .iter()
        .filter(|hint| hint.stays)
        .map(Hint::cells)
        .sum();
    left = left.saturating_sub(reserved);
    hints
        .into_iter()
        .filter_map(|hint| {
            if !hint.stays {
                // A shorter one may still have room.
                left = left.checked_sub(hint.cells())?;
            }
            Some((hint.key, hint.words))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(key: &str, words: &'static str, stays: bool) -> Hint {
        Hint {
            key: key.to_owned(),
            words,
            stays,
        }
    }

    #[test]
    fn hints_that_stay_always_have_room() {
        let shown = |room| -> Vec<&str> {
            let hints = vec![
                hint("a", "first", false),
                hint("b", "second", false),
                hint("?", "help", true),
            ];
            fitting(hints, room)
                .into_iter()
                .map(|(_, words)| words)
                .collect()
        };
        assert_eq!(shown(25), ["first", "second", "help"]);
        assert_eq!(shown(24), ["first", "help"]);
        assert_eq!(shown(14), ["help"]);
    }
}
