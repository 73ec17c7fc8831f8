//! The views of the table, and their numbers of hosts.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::widgets::{put, width};
use crate::counts::grouped;
use crate::table::View;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Tone;

/// The digit, the name and the count of every view; at the right edge marks, grouping and a sort that is not visible.
pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let room = usize::from(area.width);
    let extra = extra(model, area.width);
    let behind = match text::width(&extra) {
        0 => 0,
        cells => cells + 1,
    };
    // When room is short, names are left out: digits and counts matter more.
    let mut spans = tabs(model, true);
    if width(&spans) + behind > room {
        spans = tabs(model, false);
    }
    let used = width(&spans);
    if !extra.is_empty() && used + text::width(&extra) < room {
        let gap = room - used - text::width(&extra) - 1;
        spans.push(Span::raw(" ".repeat(gap)));
        spans.push(theme.span(extra, Tone::Notice));
    }
    put(&Line::from(spans), area.x, area.y, area.width, buffer);
}

/// The current view has its name in any case.
fn tabs(model: &Model, named: bool) -> Vec<Span<'static>> {
    let theme = model.theme;
    let mut spans = vec![Span::raw(" ")];
    for (number, view) in (1..).zip(View::ALL) {
        let here = view == model.table.query.view;
        let count = grouped(view.count(&model.table.arranged.summary));
        let text = if named || here {
            format!(" {number} {} {count} ", view.title())
        } else {
            format!(" {number} {count} ")
        };
        let style = if here {
            theme.style(Tone::Inverse).patch(theme.style(Tone::Strong))
        } else {
            theme.style(Tone::Plain)
        };
        spans.extend([Span::styled(text, style), Span::raw(" ")]);
    }
    spans
}

fn extra(model: &Model, width: u16) -> String {
    let mut parts = Vec::new();
    if !model.table.marks.is_empty() {
        let shown = model.table.marked().len();
        let hidden = model.table.marks.len() - shown;
        parts.push(match hidden {
            0 => format!("{shown} marked"),
            hidden => format!("{shown} marked, {hidden} not shown"),
        });
    }
    if let Some(grouping) = model.table.query.grouping {
        parts.push(format!("by {}", grouping.word()));
    }
    let sort = model.table.query.sort;
    let columns = super::table::fitting(model, width);
    if columns.iter().all(|fitted| fitted.field != sort.column) {
        let order = model.theme.order(sort.inverted);
        parts.push(format!("sorted by {} {order}", sort.column.key()));
    }
    parts.join(model.theme.separator())
}
