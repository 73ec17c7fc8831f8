//! The filter line: being edited, or in force.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::model::{FilterEdit, Model, Overlay};
use super::super::text;
use super::super::theme::Tone;

const PROMPT: &str = " / ";

/// Cells for the typed text; the rest of the line is for the count or the error.
fn room(area: Rect) -> usize {
    usize::from(area.width / 2).saturating_sub(PROMPT.len())
}

/// The line: what was typed, and how many hosts pass, or what is wrong with it.
pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut spans = vec![Span::styled(PROMPT, theme.style(Tone::Accent))];
    let room = room(area);
    let count = format!(
        "{} of {} hosts",
        text::grouped(model.rows.len() as u64),
        text::grouped(model.fleet.hosts().len() as u64)
    );
    let (typed, note, tone) = match &model.overlay {
        Overlay::Filter(edit) => {
            let scroll = edit.input.visual_scroll(room.saturating_sub(1));
            let visible = after(edit.input.value(), scroll);
            match &edit.error {
                Some(error) => (visible, error.to_string(), Tone::Bad),
                None => (visible, count, Tone::Dim),
            }
        }
        _ => (
            model.filter_text.clone(),
            format!("{count}   Esc clears"),
            Tone::Dim,
        ),
    };
    let typed = text::clean(&typed);
    let typed = text::truncate(&typed, room, theme.ellipsis());
    let used = PROMPT.len() + text::width(&typed);
    spans.push(Span::styled(typed, theme.style(Tone::Strong)));
    spans.push(Span::raw("  "));
    let left = usize::from(area.width).saturating_sub(used + 3);
    let note = text::clean(&note);
    spans.push(Span::styled(
        text::truncate(&note, left, theme.ellipsis()),
        theme.style(tone),
    ));
    super::put(&Line::from(spans), area.x, area.y, area.width, buffer);
}

/// Where the terminal's cursor belongs while the text is edited.
pub(super) fn cursor(edit: &FilterEdit, area: Rect) -> Option<Position> {
    let room = room(area).saturating_sub(1);
    let column = edit
        .input
        .visual_cursor()
        .saturating_sub(edit.input.visual_scroll(room));
    let x = u16::try_from(PROMPT.len() + column).ok()?;
    (area.height > 0 && x < area.width).then(|| Position::new(area.x + x, area.y))
}

/// The text without its first `cells` cells.
fn after(value: &str, cells: usize) -> String {
    let mut skipped = 0;
    value
        .chars()
        .skip_while(|c| {
            let skip = skipped < cells;
            skipped += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            skip
        })
        .collect()
}
