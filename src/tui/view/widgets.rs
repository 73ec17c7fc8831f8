use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::symbols::border;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};
use tui_input::Input;

use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// Draws a line, cut at the right edge.
pub(super) fn put(line: &Line<'_>, x: u16, y: u16, width: u16, buffer: &mut Buffer) {
    let area = buffer.area;
    if y < area.bottom() && x < area.right() {
        buffer.set_line(x, y, line, width.min(area.right() - x));
    }
}

/// Draws lines from the top of an area, as many as fit.
pub(super) fn put_lines<'a>(
    lines: impl IntoIterator<Item = Line<'a>>,
    area: Rect,
    buffer: &mut Buffer,
) {
    for (line, y) in lines.into_iter().zip(area.top()..area.bottom()) {
        put(&line, area.x, y, area.width, buffer);
    }
}

/// Draws a box in the middle of an area, and returns the room inside.
pub(super) fn window(
    title: &str,
    size: (usize, usize),
    theme: Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Rect {
    let cells = |wanted: usize, most: u16| u16::try_from(wanted).unwrap_or(u16::MAX).min(most);
    let (width, height) = (cells(size.0, area.width), cells(size.1, area.height));
    let outer = Rect::new(
        area.x + (area.width - width) / 2,
        area.y + (area.height - height) / 2,
        width,
        height,
    );
    Clear.render(outer, buffer);
    let title = theme.span(format!(" {} ", text::clean(title)), Tone::Accent);
    let mut block = Block::bordered().title(title);
    if theme.ascii {
        block = block.border_set(ASCII_BORDER);
    }
    let inner = block.inner(outer);
    block.render(outer, buffer);
    inner
}

/// A search line at the top of an area; returns the position of the cursor in it.
pub(super) fn prompt(
    lead: &'static str,
    input: &Input,
    theme: Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    if area.height == 0 {
        return None;
    }
    let typed = text::clean(input.value()).into_owned();
    let line = Line::from(vec![
        theme.span(lead, Tone::Accent),
        theme.span(typed, Tone::Strong),
    ]);
    put(&line, area.x, area.y, area.width, buffer);
    let column = u16::try_from(lead.len() + input.visual_cursor()).ok()?;
    (column < area.width).then(|| Position::new(area.x + column, area.y))
}

/// Writes on the edges of a box how many lines are above and below those shown in `inner`.
pub(super) fn scroll_hints(
    above: usize,
    below: usize,
    inner: Rect,
    theme: Theme,
    buffer: &mut Buffer,
) {
    let edges = [
        (above, "above", inner.y.checked_sub(1)),
        (below, "below", Some(inner.bottom())),
    ];
    for (lines, place, y) in edges {
        let (Some(y), true) = (y, lines > 0) else {
            continue;
        };
        let text = format!(" {lines} more {place} ");
        let cells = u16::try_from(text.len()).unwrap_or(u16::MAX);
        // The title may leave no room.
        let Some(x) = inner.right().checked_sub(cells.saturating_add(1)) else {
            continue;
        };
        put(
            &theme.line(text, Tone::Dim),
            x.max(inner.x),
            y,
            cells,
            buffer,
        );
    }
}

/// Pieces of a line with separators, as many as fit into `room` cells. Each has a rank: the greatest is left out first.
pub(super) fn fit_pieces(
    mut pieces: Vec<(u8, String, Tone)>,
    theme: Theme,
    room: usize,
) -> Vec<Span<'static>> {
    loop {
        let texts = pieces.iter().cloned();
        let spans = separated(texts.map(|(_, text, tone)| theme.span(text, tone)), theme);
        let last = pieces
            .iter()
            .enumerate()
            .max_by_key(|(_, (rank, ..))| *rank);
        match last.map(|(index, _)| index) {
            Some(last) if pieces.len() > 1 && width(&spans) > room => pieces.remove(last),
            _ => return spans,
        };
    }
}

pub(super) fn separated(
    pieces: impl IntoIterator<Item = Span<'static>>,
    theme: Theme,
) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for piece in pieces {
        if !spans.is_empty() {
            spans.push(Span::raw(theme.separator()));
        }
        spans.push(piece);
    }
    spans
}

/// Cells that spans take together.
pub(super) fn width(spans: &[Span<'_>]) -> usize {
    spans.iter().map(Span::width).sum()
}
