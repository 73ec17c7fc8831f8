//! The filter line: being edited, or in force.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::super::model::{FilterEdit, Model, Overlay};
use super::super::text;
use super::super::theme::{Theme, Tone};
use super::super::update::byte_at;
use crate::counts::grouped;
use crate::table::{self, FilterError, FilterFault};

/// Suggestions shown at once.
const MOST: usize = 6;

const PROMPT: &str = " / ";
/// Cells before a suggestion: it stands below the text.
const INDENT: usize = PROMPT.len();

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
        grouped(model.list.hosts.len() as u64),
        grouped(model.list.summary.hosts)
    );
    let (typed, note, tone) = if let Overlay::Filter(edit) = &model.overlay {
        let (note, tone) = match &edit.error {
            Some(_) if edit.refused => ("not kept: see below".to_owned(), Tone::Bad),
            Some(_) => (format!("{count}, as far as it can be read"), Tone::Dim),
            None => (count, Tone::Dim),
        };
        (typed(edit, room, theme), note, tone)
    } else {
        let text = text::clean(&model.list.filter_text);
        let text = text::truncate(&text, room, theme.ellipsis()).into_owned();
        let way_out = if model.is_drilled() {
            "Esc goes back to the overview"
        } else {
            "Esc clears"
        };
        (
            vec![Span::styled(text, theme.style(Tone::Strong))],
            format!("{count}   {way_out}"),
            Tone::Dim,
        )
    };
    let used = PROMPT.len() + typed.iter().map(Span::width).sum::<usize>();
    spans.extend(typed);
    spans.push(Span::raw("  "));
    let left = usize::from(area.width).saturating_sub(used + 3);
    spans.push(Span::styled(
        text::truncate(&note, left, theme.ellipsis()).into_owned(),
        theme.style(tone),
    ));
    super::put(&Line::from(spans), area.x, area.y, area.width, buffer);
}

/// The part of the typed text that is in view, with what is wrong underlined.
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
    // What is missing at the end has no character of its own.
    if wrong.is_some_and(|span| span.start >= value.len()) && used < room {
        spans.push(Span::styled(" ", marked));
    }
    spans
}

/// What is merely not finished is no mistake until somebody wants to keep it.
fn fault_tone(edit: &FilterEdit) -> Tone {
    match &edit.error {
        Some(error) if is_unfinished(error) && !edit.refused => Tone::Notice,
        _ => Tone::Bad,
    }
}

fn is_unfinished(error: &FilterError) -> bool {
    matches!(error.fault, FilterFault::Unfinished { .. })
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

/// What could stand at the cursor, below the line; nothing when there is nothing to choose.
pub(super) fn suggestions(
    model: &Model,
    edit: &FilterEdit,
    line: Rect,
    body: Rect,
    buffer: &mut Buffer,
) {
    let theme = model.theme;
    let typed = edit.input.value();
    let (text, at, taken) = edit.completing.as_ref().map_or_else(
        || (typed, byte_at(typed, edit.input.cursor()), None),
        |going| (going.text.as_str(), going.at, Some(going.taken)),
    );
    let completion = table::complete(text, at);
    let candidates = &completion.candidates;
    let told = told(edit, candidates.is_empty(), theme, body);
    let most = usize::from(body.height).saturating_sub(told.len());
    let lines = candidates.len().min(MOST).min(most);
    if lines + told.len() == 0 {
        return;
    }
    let height = u16::try_from(lines + told.len()).unwrap_or(body.height);
    let all = Rect {
        x: line.x,
        height: height.min(body.height),
        ..body
    };
    Clear.render(all, buffer);
    for (line, y) in told.iter().zip(all.top()..all.bottom()) {
        super::put(line, all.x, y, all.width, buffer);
    }
    let words = candidates
        .iter()
        .map(|candidate| text::width(&candidate.text))
        .max()
        .unwrap_or(0)
        .min(32);
    let skip = u16::try_from(told.len()).unwrap_or(u16::MAX);
    let area = Rect {
        y: all.y.saturating_add(skip),
        height: all.height.saturating_sub(skip),
        ..all
    };
    // The one that was taken is always among those shown.
    let skipped = taken.map_or(0, |taken| (taken + 1).saturating_sub(lines));
    let shown = candidates.iter().enumerate().skip(skipped);
    for ((index, candidate), y) in shown.zip(area.top()..area.bottom()) {
        let word = text::truncate(&candidate.text, words, theme.ellipsis());
        let tone = if taken == Some(index) {
            Tone::Inverse
        } else {
            Tone::Accent
        };
        let gap = words.saturating_sub(text::width(&word)) + 2;
        let more = candidates.len() - skipped - lines.min(candidates.len() - skipped);
        let note = if y + 1 == area.bottom() && more > 0 {
            format!("  (+{more} more)")
        } else {
            String::new()
        };
        let room = usize::from(area.width).saturating_sub(INDENT + words + 2 + note.len());
        let says = text::truncate(&candidate.says, room, theme.ellipsis());
        let note = format!("{says}{note}");
        let spans = vec![
            Span::raw(" ".repeat(INDENT)),
            Span::styled(word.into_owned(), theme.style(tone)),
            Span::raw(" ".repeat(gap)),
            Span::styled(note, theme.style(Tone::Dim)),
        ];
        super::put(&Line::from(spans), area.x, y, area.width, buffer);
    }
}

/// What is wrong with the text, in as many lines as it takes; of a text that only waits for its value, nothing while values
/// are there to choose from.
fn told(
    edit: &FilterEdit,
    nothing_to_choose: bool,
    theme: Theme,
    body: Rect,
) -> Vec<Line<'static>> {
    let Some(error) = &edit.error else {
        return Vec::new();
    };
    if is_unfinished(error) && !edit.refused && !nothing_to_choose && edit.completing.is_some() {
        return Vec::new();
    }
    let message = error.to_string();
    let message = text::clean(&message);
    let room = usize::from(body.width).saturating_sub(PROMPT.len() + 1);
    let style = theme.style(fault_tone(edit));
    let mut lines = text::wrap(&message, room);
    let most = usize::from(body.height);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            let cut = text::truncate(last, room.saturating_sub(1), "").into_owned();
            *last = cut + theme.ellipsis();
        }
    }
    lines
        .into_iter()
        .map(|line| Line::styled(format!("   {line}"), style))
        .collect()
}
