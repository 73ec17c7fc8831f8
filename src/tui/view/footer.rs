//! The last line: a passing message, else the keys that matter here.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::keymap;
use super::super::model::{Model, Phase};
use super::super::text;
use super::super::theme::Tone;

/// The line.
pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let room = usize::from(area.width.saturating_sub(2));
    if let Some(toast) = &model.toast {
        let message = text::truncate(&toast.text, room, theme.ellipsis());
        let line = Line::styled(format!(" {message}"), theme.style(toast.tone));
        super::put(&line, area.x, area.y, area.width, buffer);
        return;
    }
    if model.phase == Phase::Stopping {
        let line = Line::styled(
            " stopping: connections under way are ending; Ctrl-c again quits at once",
            theme.style(Tone::Warn),
        );
        super::put(&line, area.x, area.y, area.width, buffer);
        return;
    }
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for binding in keymap::of(model.context()) {
        let (Some(hint), Some(key)) = (binding.hint, binding.keys.first()) else {
            continue;
        };
        let key = key.label();
        used += key.len() + hint.len() + 3;
        if used > usize::from(area.width) {
            break;
        }
        spans.push(Span::styled(key, theme.style(Tone::Accent)));
        spans.push(Span::raw(format!(" {hint}  ")));
    }
    super::put(&Line::from(spans), area.x, area.y, area.width, buffer);
}
