//! The table of hosts.

use std::cell::LazyCell;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::widgets::{put, width};
use crate::counts::{counted, grouped};
use crate::fleet::Host;
use crate::model::HostState;
use crate::table::{Field, Grouping, View};
use crate::tui::action::{Action, Side};
use crate::tui::columns;
use crate::tui::fitting::{self, Fitted, Layout};
use crate::tui::keymap::Context;
use crate::tui::model::{Model, Since};
use crate::tui::table_state::Row;
use crate::tui::text;
use crate::tui::theme::Tone;

/// Cells before the first column, for the cursor and the mark.
const MARGIN: u16 = 2;
/// Columns before what has changed: state, address and name.
const CHANGES_AT: usize = 3;
/// Cells of a group's name before its states get room.
const LEAST_GROUP: usize = 24;
/// A remedy that would be cut to fewer cells is not shown.
const LEAST_REMEDY: usize = 12;

pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let layout = layout(model, area.width);
    headings(model, &layout, area, buffer);
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
                self::line(model, host, &layout.columns, line, buffer);
            }
            Row::Group(label) => group(model, label, line, buffer),
        }
        if let Some(mark) = mark(model, row) {
            let mark = model.theme.line(mark, Tone::Accent);
            put(&mark, area.x + 1, y, 1, buffer);
        }
        if model.table.cursor.as_ref() == Some(row) {
            buffer.set_style(line, model.theme.style(Tone::Inverse));
            put(&Line::raw(model.theme.cursor()), area.x, y, 1, buffer);
        }
    }
}

/// The view of what has changed shows that in any case, beside the hosts.
pub(super) fn layout(model: &Model, width: u16) -> Layout {
    let columns = &model.table.columns;
    let with_changes =
        (model.table.query.view == View::Changed).then(|| columns.with(Field::Changed, CHANGES_AT));
    fitting::fit(
        with_changes.as_ref().unwrap_or(columns),
        model.table.page,
        width.saturating_sub(MARGIN),
        model.table.arranged.longest_address,
    )
}

/// The column of the heading at this cell.
pub(super) fn heading_at(model: &Model, area: Rect, column: u16, line: u16) -> Option<Field> {
    let mut end = area.x + MARGIN;
    let layout = layout(model, area.width);
    let found = layout.columns.iter().find(|fitted| {
        end = end.saturating_add(fitted.width + 1);
        column < end
    });
    let found = found.map(|fitted| fitted.field)?;
    (line == area.y && found.is_of_rows()).then_some(found)
}

fn headings(model: &Model, layout: &Layout, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut x = area.x + MARGIN;
    let mut end = x;
    for fitted in &layout.columns {
        let room = usize::from(fitted.width);
        let mut title = fitted.title();
        if model.table.query.sort.column == fitted.field {
            let mark = theme.order(model.table.query.sort.inverted);
            title = text::truncate(&title, room.saturating_sub(1), "").into_owned();
            let gap = if text::width(&title) + 2 <= room {
                " "
            } else {
                ""
            };
            title = format!("{title}{gap}{mark}");
        }
        let cells = u16::try_from(text::width(&title)).unwrap_or(fitted.width);
        end = x.saturating_add(cells.min(fitted.width));
        let line = theme.line(title, Tone::Accent);
        put(&line, x, area.y, fitted.width, buffer);
        x = x.saturating_add(fitted.width + 1);
    }
    // The keys that scroll, and the number of further columns.
    let key = |side| {
        let action = Action::ColumnsScroll(side);
        model.keymap.label(Context::Table, &action)
    };
    let mut note = Vec::new();
    if layout.page > 0 {
        note.push(key(Side::Left));
    }
    if layout.further > 0 {
        note.push(format!("{} +{}", key(Side::Right), layout.further));
    }
    let note = note.join(" ");
    let width = u16::try_from(note.len()).unwrap_or(0);
    let at = area.right().saturating_sub(width);
    if at > end {
        put(&theme.line(note, Tone::Dim), at, area.y, width, buffer);
    }
}

fn line(model: &Model, host: &Host, columns: &[Fitted], area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let history = LazyCell::new(|| host.history());
    let mut x = area.x + MARGIN;
    for fitted in columns {
        let width = fitted.width;
        let mut left = usize::from(width);
        let mut spans = Vec::new();
        for (piece, tone) in columns::cell(fitted.field, width, host, || &history, theme) {
            let cut = theme.cut(&piece, left);
            left = left.saturating_sub(text::width(&cut));
            spans.push(theme.span(cut, tone));
        }
        put(&Line::from(spans), x, area.y, width, buffer);
        x = x.saturating_add(width + 1);
    }
}

/// The heading of a group: what its hosts have in common, how many they are, the remedy, and their states.
fn group(model: &Model, label: &str, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let query = &model.table.arranged.query;
    let (Some(group), Some(grouping)) = (model.table.group(label), query.grouping) else {
        return;
    };
    let name = match group.title(grouping) {
        Some(title) if grouping == Grouping::Remedy => format!("{label} {title}"),
        Some(title) => columns::headline(title).into_owned(),
        None => text::clean(label).into_owned(),
    };
    let count = format!("  {}", counted(group.hosts.len() as u64, "host", "hosts"));
    let remedy = group
        .remedy(grouping)
        .map(|remedy| format!("  {} {} {}", theme.arrow(), remedy.key, remedy.title));
    let states = HostState::ALL.iter().filter_map(|state| {
        let count = group
            .states
            .get(state)
            .copied()
            .filter(|count| *count > 0)?;
        let (glyph, tone) = theme.state(*state);
        let text = format!("  {glyph} {} {state}", grouped(count as u64));
        Some(theme.span(text, tone))
    });
    let room = usize::from(area.width.saturating_sub(MARGIN));
    // When room is short, states are left out from the end, then the remedy is cut, then the name.
    let wanted = text::width(&name).min(LEAST_GROUP.max(room / 2)) + 2 + text::width(&count);
    let mut left = room.saturating_sub(wanted + 1);
    let remedy = remedy
        .filter(|_| left >= LEAST_REMEDY)
        .map(|text| theme.span(theme.cut(&text, left), Tone::Accent));
    let mut full = false;
    let pieces: Vec<_> = remedy
        .into_iter()
        .chain(states)
        .filter(|piece| {
            full |= piece.width() > left;
            left = left.saturating_sub(if full { 0 } else { piece.width() });
            !full
        })
        .collect();
    // The remedy that is cut has one already.
    let is_cut = (pieces.last()).is_some_and(|last| last.content.ends_with(theme.ellipsis()));
    full &= !is_cut;
    let more = full.then(|| theme.span(theme.ellipsis(), Tone::Dim));
    let behind = width(&pieces) + usize::from(full) + text::width(&count) + 2;
    let folded = theme.fold(!model.table.opened.contains(label));
    let name = format!("{folded} {}", theme.cut(&name, room.saturating_sub(behind)));
    let mut spans = vec![
        theme.span(name, Tone::Strong),
        theme.span(count, Tone::Plain),
    ];
    spans.extend(pieces);
    spans.extend(more);
    let width = area.width.saturating_sub(MARGIN);
    put(&Line::from(spans), area.x + MARGIN, area.y, width, buffer);
}

/// The sign of a marked host, or of a group of which all or some hosts are marked.
fn mark(model: &Model, row: &Row) -> Option<&'static str> {
    let marks = &model.table.marks;
    let hosts = match row {
        Row::Host(id) => std::slice::from_ref(id),
        Row::Group(label) => model.table.members(label),
    };
    if marks.is_empty() || !hosts.iter().any(|host| marks.contains(host)) {
        return None;
    }
    let all = hosts.iter().all(|host| marks.contains(host));
    Some(if all {
        model.theme.mark()
    } else {
        model.theme.partly()
    })
}

fn empty(model: &Model, area: Rect, buffer: &mut Buffer) {
    let view = model.table.query.view;
    let sentence = if view == View::Changed && model.table.query.filter.is_empty() {
        unchanged(model)
    } else if model.in_drill_down() {
        // The filter line shows how to go back.
        "no hosts in this bar"
    } else if model.fleet.summary().hosts > 0 {
        match (model.table.query.filter.is_empty(), model.table.query.view) {
            (true, _) => "no hosts in this view",
            (false, View::All) => "no hosts match the filter; Esc clears it",
            (false, _) => "no hosts of this view match the filter; Esc clears it",
        }
    } else if model.is_running() {
        "no host has answered yet"
    } else {
        "no hosts to list; --all lists silent and closed addresses too"
    };
    let width = area.width.saturating_sub(MARGIN);
    let room = usize::from(area.height.saturating_sub(1));
    let lines = model.theme.wrap(sentence, usize::from(width), room);
    for (line, y) in lines.into_iter().zip(area.y + 1..area.bottom()) {
        let line = model.theme.line(line, Tone::Dim);
        put(&line, area.x + MARGIN, y, width, buffer);
    }
}

/// Why no host is listed as changed.
fn unchanged(model: &Model) -> &str {
    match &model.past.since {
        Since::Unknown if model.capabilities.watch => {
            "what has changed is shown when the first sweep has ended"
        }
        Since::Unknown if model.past_scans.is_some() => "the scan before is being read",
        Since::Unknown => "there is no history to compare with",
        Since::Nothing(reason) => reason,
        Since::Known(_) if model.capabilities.watch => {
            "the newest sweep has confirmed no change of a host"
        }
        Since::Known(_) if model.is_running() => {
            "no host has changed so far; hosts are compared when they are finished"
        }
        Since::Known(_) => "no host of this scan has changed since the scan before",
    }
}
