//! The sort menu.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::columns::COLUMNS;
use super::super::model::Model;
use super::super::theme::Tone;

/// A line for each column, with its letter, the mark, and the order in force.
pub(super) fn render(model: &Model, marked: usize, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let height = u16::try_from(COLUMNS.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let inner = super::window("Sort by", (26, height), theme, area, buffer);
    // On a low terminal the menu scrolls with the mark.
    let skipped = (marked + 1).saturating_sub(usize::from(inner.height));
    let lines = COLUMNS.iter().enumerate().skip(skipped);
    for ((index, column), y) in lines.zip(inner.top()..inner.bottom()) {
        let chosen = index == marked;
        let current = model.sort.column == column.id;
        let line = Line::from(vec![
            Span::raw(if chosen { theme.cursor() } else { " " }),
            Span::raw(" "),
            Span::styled(column.letter.to_string(), theme.style(Tone::Accent)),
            Span::raw("  "),
            Span::styled(
                format!("{:<12}", column.title.to_lowercase()),
                theme.style(if chosen { Tone::Inverse } else { Tone::Plain }),
            ),
            Span::raw(if current {
                theme.order(model.sort.inverted)
            } else {
                " "
            }),
        ]);
        super::put(&line, inner.x + 1, y, inner.width.saturating_sub(1), buffer);
    }
}
