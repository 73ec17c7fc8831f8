//! The menus, and the command palette.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::widgets::{prompt, put, put_lines, scroll_hints, width, window};
use crate::tui::action::MenuKind;
use crate::tui::menu::{self, Item};
use crate::tui::model::{Menu, Model};
use crate::tui::text;
use crate::tui::theme::Tone;

/// Cells of the widest menu.
const WIDEST: usize = 76;
/// Cells of the longest note that a label makes room for.
const KEYS: usize = 14;
/// Cells of a line beside label and note: the cursor, the letter, and the gap between the two.
const LEAD: usize = 7;
/// Before the search text of the command palette.
const PROMPT: &str = " : ";

/// Draws a menu in the middle of the screen, and returns the position of the cursor in the search text.
pub(super) fn render(
    model: &Model,
    open: &Menu,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let theme = model.theme;
    let items = menu::items(model, open);
    let is_palette = open.kind == MenuKind::Commands;
    let widest = |part: &dyn Fn(&Item) -> String| {
        let cells = items.iter().map(|item| text::width(&part(item)));
        cells.max().unwrap_or(0)
    };
    let labels = widest(&|item| text::clean(&item.label).into_owned());
    let notes = widest(&|item| note(model, open, item));
    let title = menu::title(model, open);
    let size = if is_palette {
        (WIDEST, items.len().max(12) + 1)
    } else {
        let least = (text::width(&title) + 4).min(WIDEST);
        ((labels + notes + 10).clamp(least, WIDEST), items.len())
    };
    let mut inner = window(&title, (size.0 + 2, size.1 + 2), theme, area, buffer);
    let frame = inner;
    let mut cursor = None;
    if is_palette && inner.height > 0 {
        cursor = prompt(PROMPT, &open.input, theme, inner, buffer);
        inner.y += 1;
        inner.height -= 1;
    }
    if items.is_empty() {
        let line = theme.line("  no action matches", Tone::Dim);
        put(&line, inner.x, inner.y, inner.width, buffer);
    }
    // A menu that does not fit scrolls with the mark.
    let room = usize::from(inner.height);
    let skipped = (open.marked + 1).saturating_sub(room);
    let below = items.len().saturating_sub(skipped + room);
    scroll_hints(skipped, below, frame, theme, buffer);
    // Keys are short and stay whole; a label leaves a few cells for a longer note.
    let behind = notes.clamp(2, KEYS) + LEAD;
    let room = usize::from(inner.width);
    let labels = labels.min(room.saturating_sub(behind));
    let lines = items.iter().enumerate().skip(skipped).map(|(index, item)| {
        let marked = index == open.marked;
        line(model, open, item, marked, (labels, room))
    });
    put_lines(lines, inner, buffer);
    cursor
}

fn note(model: &Model, open: &Menu, item: &Item) -> String {
    if item.ticked && open.kind != MenuKind::Columns && item.note.is_empty() {
        format!("{} now", model.theme.tick())
    } else {
        text::clean(&item.note).into_owned()
    }
}

fn line(
    model: &Model,
    open: &Menu,
    item: &Item,
    marked: bool,
    (labels, room): (usize, usize),
) -> Line<'static> {
    let theme = model.theme;
    let mut spans = vec![Span::raw(if marked { theme.cursor() } else { " " })];
    if open.kind == MenuKind::Columns {
        let tick = if item.ticked { theme.tick() } else { " " };
        spans.push(Span::raw(format!("[{tick}] ")));
    } else if let Some(letter) = item.letter {
        spans.push(theme.span(format!(" {letter}  "), Tone::Accent));
    } else {
        // Below the labels of lines with letters.
        let indent = if open.kind == MenuKind::Sort {
            "    "
        } else {
            " "
        };
        spans.push(Span::raw(indent));
    }
    let label = theme.cut(&text::clean(&item.label), labels);
    let gap = labels.saturating_sub(text::width(&label)) + 2;
    let tone = if marked { Tone::Inverse } else { Tone::Plain };
    spans.extend([theme.span(label, tone), Span::raw(" ".repeat(gap))]);
    let left = room.saturating_sub(width(&spans));
    let note = theme.cut(&note(model, open, item), left);
    spans.push(theme.span(note, Tone::Dim));
    Line::from(spans)
}
