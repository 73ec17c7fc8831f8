//! What stands on a terminal that is too small.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::model::Model;
use super::super::text;
use super::super::theme::Tone;

/// The notice, as much of it as fits.
pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (width, height) = super::LEAST;
    let sentence = format!(
        "terminal too small: {}x{}, needs {width}x{height}",
        area.width, area.height
    );
    let mut lines = text::wrap(&sentence, usize::from(area.width));
    lines.truncate(usize::from(area.height));
    let first = usize::from(area.height).saturating_sub(lines.len()) / 2;
    for (index, line) in lines.iter().enumerate() {
        let room = usize::from(area.width).saturating_sub(text::width(line)) / 2;
        let Ok(y) = u16::try_from(first + index) else {
            return;
        };
        let x = u16::try_from(room).unwrap_or(0);
        let line = Line::styled(line.as_str(), model.theme.style(Tone::Strong));
        super::put(&line, area.x + x, area.y + y, area.width, buffer);
    }
}
