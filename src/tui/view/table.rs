//! The table of hosts. Only rows on the screen are drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::fitting::{self, Fitted};
use super::super::list::Row;
use super::super::model::Model;
use super::super::text;
use super::super::theme::Tone;
use crate::counts::grouped;
use crate::fleet::Host;
use crate::model::HostState;
use crate::table::{Field, View};

/// Cells before the first column, for the cursor's sign and the mark.
const MARGIN: u16 = 2;
/// Cells that a group's name gets before the states of its hosts do.
const LEAST_GROUP: usize = 24;

/// Headings, then rows.
pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let columns = fitting(model, area.width);
    headings(model, &columns, area, buffer);
    if model.list.rows.is_empty() {
        empty(model, area, buffer);
        return;
    }
    let visible = model.list.rows.iter().skip(model.list.top);
    for (row, y) in visible.zip(area.top() + 1..area.bottom()) {
        let line = Rect {
            y,
            height: 1,
            ..area
        };
        match row {
            Row::Host(index) => {
                let Some(host) = model.fleet.host(*index) else {
                    continue;
                };
                self::line(model, host, &columns, line, buffer);
                if model.list.marks.contains(index) {
                    let mark = Span::styled(model.theme.mark(), model.theme.style(Tone::Accent));
                    super::put(&Line::from(mark), area.x + 1, y, 1, buffer);
                }
            }
            Row::Group(label) => group(model, label, line, buffer),
        }
        if model.list.cursor.as_ref() == Some(row) {
            buffer.set_style(line, model.theme.style(Tone::Inverse));
            super::put(&Line::raw(model.theme.cursor()), area.x, y, 1, buffer);
        }
    }
}

/// The columns that fit into this width, each with its own.
pub(super) fn fitting(model: &Model, width: u16) -> Vec<Fitted> {
    fitting::fit(
        &model.list.columns,
        model.list.sort.column,
        width.saturating_sub(MARGIN),
        model.list.longest,
    )
}

fn headings(model: &Model, columns: &[Fitted], area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut x = area.x + MARGIN;
    let mut end = x;
    for fitted in columns {
        let width = fitted.width;
        let mut title = fitted.title();
        if model.list.sort.column == fitted.field {
            // Next to the title, which gives up letters for it where it has to.
            let mark = theme.order(model.list.sort.inverted);
            title = text::truncate(&title, usize::from(width).saturating_sub(2), "").into_owned();
            title = format!("{title} {mark}");
        }
        let cells = u16::try_from(text::width(&title)).unwrap_or(width);
        end = x.saturating_add(cells.min(width));
        let line = Line::styled(title, theme.style(Tone::Accent));
        super::put(&line, x, area.y, width, buffer);
        x = x.saturating_add(width + 1);
    }
    // Columns that found no room are not silently gone.
    let hidden = model
        .list
        .columns
        .shown()
        .count()
        .saturating_sub(columns.len());
    if hidden > 0 {
        let short = format!("+{hidden}");
        let long = match hidden {
            1 => "+1 column".to_owned(),
            more => format!("+{more} columns"),
        };
        let room = usize::from(area.right().saturating_sub(end + 1));
        let note = if long.len() <= room { long } else { short };
        let width = u16::try_from(note.len()).unwrap_or(0);
        let at = area.right().saturating_sub(width);
        let line = Line::styled(note, theme.style(Tone::Dim));
        super::put(&line, at.max(area.x), area.y, width, buffer);
    }
}

/// Cells that the beginning of a sentence takes at least to be worth showing, with the blanks before it.
const BEGINNING: usize = 12;

/// How many pieces of a cell are shown in so many cells.
fn shown(id: Field, width: u16, pieces: &[(String, Tone)]) -> usize {
    match (id, pieces) {
        // A bar or two of many would tell another story than all of them do.
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
            let cut = text::truncate(&piece, left, theme.ellipsis()).into_owned();
            left = left.saturating_sub(text::width(&cut));
            spans.push(Span::styled(cut, theme.style(tone)));
        }
        super::put(&Line::from(spans), x, area.y, width, buffer);
        x = x.saturating_add(width + 1);
    }
}

/// A group's head: its name, and how many hosts of which state it has.
fn group(model: &Model, label: &str, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let Some(group) = model
        .list
        .groups
        .iter()
        .find(|group| &*group.label == label)
    else {
        return;
    };
    let folded = model.list.folded.contains(label);
    let name = text::clean(label).into_owned();
    let count = match group.hosts.len() {
        1 => "1 host".to_owned(),
        hosts => format!("{} hosts", grouped(hosts as u64)),
    };
    let mut states = Vec::new();
    for state in HostState::ALL {
        let count = group.states.get(state).copied().unwrap_or(0);
        if count > 0 {
            let (glyph, tone) = theme.state(*state);
            states.push(Span::styled(
                format!("  {glyph} {} {state}", grouped(count as u64)),
                theme.style(tone),
            ));
        }
    }
    let room = usize::from(area.width.saturating_sub(MARGIN));
    let count = format!("  {count}");
    // The states are the worst first: the last ones make room, then the name does.
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
    let cut = fitting < states.len();
    states.truncate(fitting);
    if cut {
        // The cell for it was set aside.
        states.push(Span::styled(theme.ellipsis(), theme.style(Tone::Dim)));
    }
    let behind: usize = states.iter().map(Span::width).sum();
    let name = text::truncate(
        &name,
        room.saturating_sub(behind + text::width(&count) + 2),
        theme.ellipsis(),
    );
    let mut spans = vec![
        Span::styled(
            format!("{} {name}", theme.fold(folded)),
            theme.style(Tone::Strong),
        ),
        Span::styled(count, theme.style(Tone::Plain)),
    ];
    spans.extend(states);
    let x = area.x + MARGIN;
    super::put(
        &Line::from(spans),
        x,
        area.y,
        area.width.saturating_sub(MARGIN),
        buffer,
    );
}

fn empty(model: &Model, area: Rect, buffer: &mut Buffer) {
    let sentence = if model.is_drilled() {
        // The line of the filter says how to go back.
        "no host is behind this bar"
    } else if model.fleet.summary().hosts > 0 {
        match (model.list.filter.is_empty(), model.list.view) {
            (true, _) => "no host belongs to this view",
            (false, View::All) => "no host passes the filter; Esc clears it",
            (false, _) => "no host of this view passes the filter; Esc clears it",
        }
    } else if model.scanning() {
        "no host has answered yet"
    } else {
        "no host to list; --all lists silent and closed addresses too"
    };
    let line = Line::styled(sentence, model.theme.style(Tone::Dim));
    super::put(
        &line,
        area.x + MARGIN,
        area.y + 1,
        area.width.saturating_sub(MARGIN),
        buffer,
    );
}
