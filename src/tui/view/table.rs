//! The table of hosts. Only rows on the screen are drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::columns::{self, Column};
use super::super::model::Model;
use super::super::text;
use super::super::theme::Tone;
use crate::fleet::Host;

/// Cells before the first column, for the cursor's mark.
const MARGIN: u16 = 2;

/// Headings, then rows.
pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let columns = columns::fit(area.width.saturating_sub(MARGIN));
    headings(model, &columns, area, buffer);
    if model.rows.is_empty() {
        empty(model, area, buffer);
        return;
    }
    let hosts = model.fleet.hosts();
    let visible = model.rows.iter().skip(model.top);
    for (index, y) in visible.zip(area.top() + 1..area.bottom()) {
        let Some(host) = hosts.get(*index) else {
            continue;
        };
        row(
            model,
            host,
            &columns,
            Rect {
                y,
                height: 1,
                ..area
            },
            buffer,
        );
        if model.cursor == Some(*index) {
            let theme = model.theme;
            buffer.set_style(
                Rect {
                    y,
                    height: 1,
                    ..area
                },
                theme.style(Tone::Inverse),
            );
            super::put(&Line::raw(theme.cursor()), area.x, y, 1, buffer);
        }
    }
}

fn headings(model: &Model, columns: &[(&Column, u16)], area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut x = area.x + MARGIN;
    for (column, width) in columns {
        let mut spans = vec![Span::styled(column.title, theme.style(Tone::Accent))];
        if model.sort.column == column.id {
            // Next to the title; the narrowest columns give up their last letter for it.
            let mark = theme.order(model.sort.inverted);
            let title = text::truncate(column.title, usize::from(*width).saturating_sub(2), "");
            spans = vec![Span::styled(
                format!("{title} {mark}"),
                theme.style(Tone::Accent),
            )];
        }
        super::put(&Line::from(spans), x, area.y, *width, buffer);
        x = x.saturating_add(width + 1);
    }
}

fn row(model: &Model, host: &Host, columns: &[(&Column, u16)], area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut x = area.x + MARGIN;
    for (column, width) in columns {
        let mut left = usize::from(*width);
        let mut spans = Vec::new();
        for (piece, tone) in (column.cell)(host, theme) {
            let cut = text::truncate(&piece, left, theme.ellipsis()).into_owned();
            left = left.saturating_sub(text::width(&cut));
            spans.push(Span::styled(cut, theme.style(tone)));
        }
        super::put(&Line::from(spans), x, area.y, *width, buffer);
        x = x.saturating_add(width + 1);
    }
}

fn empty(model: &Model, area: Rect, buffer: &mut Buffer) {
    let sentence = if !model.fleet.hosts().is_empty() {
        "no host passes the filter; Esc clears it"
    } else if model.scanning() {
        "no host has answered yet"
    } else {
        "no host answered; --all lists silent addresses too"
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
