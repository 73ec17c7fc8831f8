//! The filter line, in force or being edited, and its suggestions.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::widgets::{put, put_lines, width};
use crate::counts::grouped;
use crate::table::{self, FilterError, FilterFault};
use crate::tui::model::{FilterEdit, Model, Overlay};
use crate::tui::text::{self, byte_at};
use crate::tui::theme::{Theme, Tone};

/// Suggestions shown at once.
const MOST: usize = 6;

const PROMPT: &str = " / ";
/// Cells before a suggestion, which is aligned with the text.
const INDENT: usize = PROMPT.len();

/// Cells for the text; the rest of the line is for the count or the error.
fn room(area: Rect) -> usize {
    usize::from(area.width / 2).saturating_sub(PROMPT.len())
}

/// The text, and how many hosts match it, or what is wrong with it.
pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let room = room(area);
    let count = format!(
        "{} of {} hosts",
        grouped(model.rows().len() as u64),
        grouped(model.table.arranged.summary.hosts)
    );
    let (typed, note, tone) = if let Overlay::Filter(edit) = &model.overlay {
        let (note, tone) = match &edit.error {
            Some(_) if edit.refused => ("invalid filter".to_owned(), Tone::Bad),
            Some(_) => (format!("incomplete filter: {count}"), Tone::Dim),
            None => (count, Tone::Dim),
        };
        (typed(edit, room, theme), note, tone)
    } else {
        let text = theme.cut(&text::clean(&model.table.filter_text), room);
        let way_out = if model.in_drill_down() {
            "Esc returns to the overview"
        } else {
            "Esc clears"
        };
        let note = format!("{count}   {way_out}");
        (vec![theme.span(text, Tone::Strong)], note, Tone::Dim)
    };
    let mut spans = vec![theme.span(PROMPT, Tone::Accent)];
    spans.extend(typed);
    let left = usize::from(area.width).saturating_sub(width(&spans) + 3);
    spans.push(Span::raw("  "));
    spans.push(theme.span(theme.cut(&note, left), tone));
    put(&Line::from(spans), area.x, area.y, area.width, buffer);
}

/// The visible part of the text, with errors underlined.
fn typed(edit: &FilterEdit, room: usize, theme: Theme) -> Vec<Span<'static>> {
    let scroll = edit.input.visual_scroll(room.saturating_sub(1));
    let value = edit.input.value();
    let wrong = edit.error.as_ref().map(|error| error.span.clone());
    let plain = theme.style(Tone::Strong);
    let marked = theme
        .style(fault_tone(edit))
        .add_modifier(Modifier::UNDERLINED);
    let mut spans: Vec<Span<'static>> = Vec::new();
    let (mut before, mut used) = (0, 0);
    for (at, c) in value.char_indices() {
        let shown = text::clean(c.encode_utf8(&mut [0; 4])).into_owned();
        let cells = text::width(&shown);
        if before < scroll {
            before += cells;
            continue;
        }
        if used + cells > room {
            break;
        }
        used += cells;
        let style = match &wrong {
            Some(span) if span.contains(&at) => marked,
            _ => plain,
        };
        spans.push(Span::styled(shown, style));
    }
    // What is missing at the end has no character to underline.
    if wrong.is_some_and(|span| span.start >= value.len()) && used < room {
        spans.push(Span::styled(" ", marked));
    }
    spans
}

/// An unfinished text is no error until Enter is pressed.
fn fault_tone(edit: &FilterEdit) -> Tone {
    match &edit.error {
        Some(error) if is_unfinished(error) && !edit.refused => Tone::Notice,
        _ => Tone::Bad,
    }
}

fn is_unfinished(error: &FilterError) -> bool {
    matches!(error.fault, FilterFault::Unfinished { .. })
}

pub(super) fn cursor(edit: &FilterEdit, area: Rect) -> Option<Position> {
    let room = room(area).saturating_sub(1);
    let column = edit
        .input
        .visual_cursor()
        .saturating_sub(edit.input.visual_scroll(room));
    let x = u16::try_from(PROMPT.len() + column).ok()?;
    (area.height > 0 && x < area.width).then(|| Position::new(area.x + x, area.y))
}

/// The error and the suggestions for the cursor, below the line and the headings.
pub(super) fn suggestions(
    model: &Model,
    edit: &FilterEdit,
    line: Rect,
    body: Rect,
    buffer: &mut Buffer,
) {
    let theme = model.theme;
    let body = Rect {
        y: body.y + 1,
        height: body.height.saturating_sub(1),
        ..body
    };
    let typed = edit.input.value();
    let (text, at, taken) = edit.completing.as_ref().map_or_else(
        || (typed, byte_at(typed, edit.input.cursor()), None),
        |cycle| (cycle.text.as_str(), cycle.at, Some(cycle.taken)),
    );
    let candidates = table::complete(text, at).candidates;
    let mut lines = error_lines(edit, candidates.is_empty(), theme, body);
    let shown = candidates
        .len()
        .min(MOST)
        .min(usize::from(body.height).saturating_sub(lines.len()));
    let words = candidates
        .iter()
        .map(|candidate| text::width(&candidate.text))
        .max()
        .unwrap_or(0)
        .min(32);
    // The suggestion inserted last is always shown.
    let skipped = taken.map_or(0, |taken| (taken + 1).saturating_sub(shown));
    let more = candidates.len().saturating_sub(skipped + shown);
    let visible = candidates.iter().enumerate().skip(skipped).take(shown);
    for (index, candidate) in visible {
        let word = theme.cut(&candidate.text, words);
        let tone = if taken == Some(index) {
            Tone::Inverse
        } else {
            Tone::Accent
        };
        let gap = words.saturating_sub(text::width(&word)) + 2;
        let note = if index + 1 == skipped + shown && more > 0 {
            format!("  (+{more} more)")
        } else {
            String::new()
        };
        let room = usize::from(body.width).saturating_sub(INDENT + words + 2 + note.len());
        let says = theme.cut(&candidate.says, room);
        lines.push(Line::from(vec![
            Span::raw(" ".repeat(INDENT)),
            theme.span(word, tone),
            Span::raw(" ".repeat(gap)),
            theme.span(format!("{says}{note}"), Tone::Dim),
        ]));
    }
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let area = Rect {
        x: line.x,
        height: height.min(body.height),
        ..body
    };
    if area.height > 0 {
        Clear.render(area, buffer);
        put_lines(lines, area, buffer);
    }
}

/// The error, in as many lines as it takes; none for a field without its value while values are suggested.
fn error_lines(
    edit: &FilterEdit,
    no_candidates: bool,
    theme: Theme,
    body: Rect,
) -> Vec<Line<'static>> {
    let Some(error) = &edit.error else {
        return Vec::new();
    };
    if is_unfinished(error) && !edit.refused && !no_candidates && edit.completing.is_some() {
        return Vec::new();
    }
    let room = usize::from(body.width).saturating_sub(PROMPT.len() + 1);
    let message = error.to_string();
    let lines = theme.wrap(&text::clean(&message), room, usize::from(body.height));
    let tone = fault_tone(edit);
    let line = |line| theme.line(format!("   {line}"), tone);
    lines.into_iter().map(line).collect()
}
