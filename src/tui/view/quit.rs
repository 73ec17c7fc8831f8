//! The question before leaving a scan that still runs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::model::Model;
use super::super::theme::Tone;

/// The question.
pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    let inner = super::window("Quit?", (48, 5), model.theme, area, buffer);
    let lines = [
        Line::raw(" The scan is still running."),
        Line::raw(" What was found so far is kept."),
        Line::styled(
            " y  stop and quit      n  go on scanning",
            model.theme.style(Tone::Accent),
        ),
    ];
    for (line, y) in lines.iter().zip(inner.top()..inner.bottom()) {
        super::put(line, inner.x, y, inner.width, buffer);
    }
}
