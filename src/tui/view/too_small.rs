use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Text;
use ratatui::widgets::Widget;

use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

/// A notice in the middle, as much of it as fits.
pub(super) fn render(least: (u16, u16), theme: Theme, area: Rect, buffer: &mut Buffer) {
    let (width, height) = least;
    let notice = format!(
        "terminal too small: {}x{}, needs {width}x{height}",
        area.width, area.height
    );
    let lines = text::wrap(&notice, usize::from(area.width));
    let blank = usize::from(area.height).saturating_sub(lines.len()) / 2;
    let skipped = u16::try_from(blank).unwrap_or(0);
    let area = Rect {
        y: area.y + skipped,
        height: area.height - skipped,
        ..area
    };
    let lines = lines.into_iter().map(|line| theme.line(line, Tone::Strong));
    lines.collect::<Text<'_>>().centered().render(area, buffer);
}
