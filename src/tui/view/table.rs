//! The table of hosts.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::widgets::{put, width};
use crate::counts::{counted, grouped};
use crate::fleet::Host;
use crate::model::HostState;
use crate::table::{Field, View};
use crate::tui::fitting::{self, Fitted};
use crate::tui::model::Model;
use crate::tui::table_state::Row;
use crate::tui::text;
use crate::tui::theme::Tone;

/// Cells before the first column, for the cursor and the mark.
const MARGIN: u16 = 2;
/// Cells of a group's name before its states get room.
const LEAST_GROUP: usize = 24;

pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let columns = fitting(model, area.width);
    headings(model, &columns, area, buffer);
    if model.table.rows.is_empty() {
        empty(model, area, buffer);
        return;
    }
    let visible = model.table.rows.iter().skip(model.table.top);
    for (row, y) in visible.zip(area.top() + 1..area.bottom()) {
        let line = Rect {
            y,
            height: 1,
            ..area
        };
        match row {
            Row::Host(id) => {
                let Some(host) = model.fleet.host(*id) else {
                    continue;
                };
                self::line(model, host, &columns, line, buffer);
                if model.table.marks.contains(id) {
                    let mark = model.theme.line(model.theme.mark(), Tone::Accent);
                    put(&mark, area.x + 1, y, 1, buffer);
                }
            }
            Row::Group(label) => group(model, label, line, buffer),
        }
        if model.table.cursor.as_ref() == Some(row) {
            buffer.set_style(line, model.theme.style(Tone::Inverse));
            put(&Line::raw(model.theme.cursor()), area.x, y, 1, buffer);
        }
    }
}

pub(super) fn fitting(model: &Model, width: u16) -> Vec<Fitted> {
    fitting::fit(
        &model.table.columns,
        model.table.query.sort.column,
        width.saturating_sub(MARGIN),
        model.table.arranged.longest,
    )
}

fn headings(model: &Model, columns: &[Fitted], area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut x = area.x + MARGIN;
    let mut end = x;
    for fitted in columns {
        let width = fitted.width;
        let mut title = fitted.title();
        if model.table.query.sort.column == fitted.field {
            // The title is cut for it where room is short.
            let mark = theme.order(model.table.query.sort.inverted);
            title = text::truncate(&title, usize::from(width).saturating_sub(2), "").into_owned();
            title = format!("{title} {mark}");
        }
        let cells = u16::try_from(text::width(&title)).unwrap_or(width);
        end = x.saturating_add(cells.min(width));
        let line = theme.line(title, Tone::Accent);
        put(&line, x, area.y, width, buffer);
        x = x.saturating_add(width + 1);
    }
    // The number of columns without room.
    let hidden = model
        .table
        .columns
        .shown()
        .count()
        .saturating_sub(columns.len());
    if hidden > 0 {
        let short = format!("+{hidden}");
        let long = format!("+{}", counted(hidden as u64, "column", "columns"));
        let room = usize::from(area.right().saturating_sub(end + 1));
        let note = if long.len() <= room { long } else { short };
        let width = u16::try_from(note.len()).unwrap_or(0);
        let at = area.right().saturating_sub(width);
        let line = theme.line(note, Tone::Dim);
        put(&line, at.max(area.x), area.y, width, buffer);
    }
}

/// A title that is cut to fewer cells is not shown.
const BEGINNING: usize = 12;

/// How many pieces of a table cell are shown.
fn shown(id: Field, width: u16, pieces: &[(String, Tone)]) -> usize {
    match (id, pieces) {
        // All bars, or none.
        (Field::Stability, _) if width < 11 => 1,
        (Field::Finding, [(finding, _), (title, _)]) => {
            let left = usize::from(width).saturating_sub(text::width(finding));
            1 + usize::from(left >= BEGINNING.min(text::width(title)))
        }
        _ => pieces.len(),
    }
}

fn line(model: &Model, host: &Host, columns: &[Fitted], area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut x = area.x + MARGIN;
    for fitted in columns {
        let width = fitted.width;
        let mut left = usize::from(width);
        let mut spans = Vec::new();
        let mut pieces = fitted.cell(host, theme);
        pieces.truncate(shown(fitted.field, width, &pieces));
        for (piece, tone) in pieces {
            let cut = theme.cut(&piece, left);
            left = left.saturating_sub(text::width(&cut));
            spans.push(theme.span(cut, tone));
        }
        put(&Line::from(spans), x, area.y, width, buffer);
        x = x.saturating_add(width + 1);
    }
}

/// The heading of a group: its name, and its hosts by state.
fn group(model: &Model, label: &str, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let Some(group) = model.table.group(label) else {
        return;
    };
    let name = text::clean(label).into_owned();
    let count = format!("  {}", counted(group.hosts.len() as u64, "host", "hosts"));
    let mut states = Vec::new();
    for state in HostState::ALL {
        let count = group.states.get(state).copied().unwrap_or(0);
        if count > 0 {
            let (glyph, tone) = theme.state(*state);
            let text = format!("  {glyph} {} {state}", grouped(count as u64));
            states.push(theme.span(text, tone));
        }
    }
    let room = usize::from(area.width.saturating_sub(MARGIN));
    // When room is short, states are left out from the end, then the name is cut.
    let wanted = text::width(&name).min(LEAST_GROUP) + 2 + text::width(&count);
    let mut left = room.saturating_sub(wanted + 1);
    let fitting = states
        .iter()
        .take_while(|state| {
            let fits = state.width() <= left;
            left = left.saturating_sub(state.width());
            fits
        })
        .count();
    if fitting < states.len() {
        states.truncate(fitting);
        states.push(theme.span(theme.ellipsis(), Tone::Dim));
    }
    let left = room.saturating_sub(width(&states) + text::width(&count) + 2);
    let folded = theme.fold(model.table.folded.contains(label));
    let name = format!("{folded} {}", theme.cut(&name, left));
    let mut spans = vec![
        theme.span(name, Tone::Strong),
        theme.span(count, Tone::Plain),
    ];
    spans.extend(states);
    let width = area.width.saturating_sub(MARGIN);
    put(&Line::from(spans), area.x + MARGIN, area.y, width, buffer);
}

fn empty(model: &Model, area: Rect, buffer: &mut Buffer) {
    let sentence = if model.in_drill_down() {
        // The filter line shows how to go back.
        "no host is behind this bar"
    } else if model.fleet.summary().hosts > 0 {
        match (model.table.query.filter.is_empty(), model.table.query.view) {
            (true, _) => "no host belongs to this view",
            (false, View::All) => "no host passes the filter; Esc clears it",
            (false, _) => "no host of this view passes the filter; Esc clears it",
        }
    } else if model.is_running() {
        "no host has answered yet"
    } else {
        "no host to list; --all lists silent and closed addresses too"
    };
    let line = model.theme.line(sentence, Tone::Dim);
    let width = area.width.saturating_sub(MARGIN);
    put(&line, area.x + MARGIN, area.y + 1, width, buffer);
}
