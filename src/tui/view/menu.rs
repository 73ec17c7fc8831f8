//! Every menu, and the palette.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::action::MenuKind;
use super::super::menu::{self, Item};
use super::super::model::{Menu, Model};
use super::super::text;
use super::super::theme::Tone;

/// Cells of the widest menu.
const WIDEST: usize = 76;
/// Cells of the longest note that a label makes room for.
const KEYS: usize = 14;
/// Cells of a line beside label and note: the cursor, the letter, and the gap between the two.
const LEAD: usize = 7;
/// Typed text stands behind this in the palette.
const PROMPT: &str = " : ";

/// The menu in the middle of the screen; gives the place of the cursor where text is typed.
pub(super) fn render(
    model: &Model,
    open: &Menu,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let items = menu::items(model, open);
    let palette = open.kind == MenuKind::Palette;
    let labels = widest(&items, |item| &item.label);
    let notes = items
        .iter()
        .map(|item| text::width(&note(model, open, item)))
        .max()
        .unwrap_or(0);
    let title = menu::title(model, open);
    let inside = if palette {
        WIDEST
    } else {
        (labels + notes + 10).clamp((text::width(&title) + 4).min(WIDEST), WIDEST)
    };
    let typed = usize::from(palette);
    let lines = if palette {
        items.len().max(12)
    } else {
        items.len()
    };
    let size = (
        u16::try_from(inside + 2).unwrap_or(u16::MAX),
        u16::try_from(lines + typed + 2).unwrap_or(u16::MAX),
    );
    let inner = super::window(&title, size, model.theme, area, buffer);
    let mut cursor = None;
    let mut top = inner.top();
    if palette && inner.height > 0 {
        cursor = prompt(model, open, inner, buffer);
        top += 1;
    }
    let room = usize::from(inner.bottom().saturating_sub(top));
    if items.is_empty() {
        let line = Line::styled(
            "  no action has this in its name",
            model.theme.style(Tone::Dim),
        );
        super::put(&line, inner.x, top, inner.width, buffer);
    }
    // On a low terminal the menu scrolls with the mark.
    let skipped = (open.marked + 1).saturating_sub(room);
    let below = items.len().saturating_sub(skipped + room);
    super::beyond(skipped, below, inner, model.theme, buffer);
    // Keys are short and stand whole; of longer notes, the label leaves at least a few cells.
    let behind = notes.clamp(2, KEYS) + LEAD;
    let labels = labels.min(usize::from(inner.width).saturating_sub(behind));
    for ((index, item), y) in items
        .iter()
        .enumerate()
        .skip(skipped)
        .zip(top..inner.bottom())
    {
        let line = line(
            model,
            open,
            item,
            index == open.marked,
            (labels, usize::from(inner.width)),
        );
        super::put(&line, inner.x, y, inner.width, buffer);
    }
    cursor
}

fn widest(items: &[Item], part: impl Fn(&Item) -> &str) -> usize {
    items
        .iter()
        .map(|item| text::width(&text::clean(part(item))))
        .max()
        .unwrap_or(0)
}

/// What stands right of a line's label.
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
        let box_ = if item.ticked { theme.tick() } else { " " };
        spans.push(Span::raw(format!("[{box_}] ")));
    } else if let Some(letter) = item.letter {
        spans.push(Span::styled(
            format!(" {letter}  "),
            theme.style(Tone::Accent),
        ));
    } else {
        // Below the labels of lines with letters.
        let indent = if open.kind == MenuKind::Sort {
            "    "
        } else {
            " "
        };
        spans.push(Span::raw(indent));
    }
    let label = text::clean(&item.label).into_owned();
    let label = text::truncate(&label, labels, theme.ellipsis()).into_owned();
    let gap = labels.saturating_sub(text::width(&label));
    spans.push(Span::styled(
        label,
        theme.style(if marked { Tone::Inverse } else { Tone::Plain }),
    ));
    spans.push(Span::raw(" ".repeat(gap + 2)));
    let used: usize = spans.iter().map(Span::width).sum();
    let note = note(model, open, item);
    let note = text::truncate(&note, room.saturating_sub(used), theme.ellipsis()).into_owned();
    spans.push(Span::styled(note, theme.style(Tone::Dim)));
    Line::from(spans)
}

fn prompt(model: &Model, open: &Menu, inner: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.theme;
    let typed = text::clean(open.input.value()).into_owned();
    let line = Line::from(vec![
        Span::styled(PROMPT, theme.style(Tone::Accent)),
        Span::styled(typed, theme.style(Tone::Strong)),
    ]);
    super::put(&line, inner.x, inner.y, inner.width, buffer);
    let column = u16::try_from(PROMPT.len() + open.input.visual_cursor()).ok()?;
    (column < inner.width).then(|| Position::new(inner.x + column, inner.y))
}
