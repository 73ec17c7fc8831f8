//! The views of the table, with how many hosts each has.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::model::Model;
use super::super::text;
use super::super::theme::Tone;
use crate::counts::grouped;
use crate::table::View;

/// One line: the digit, the name and the count of every view, and what else is in force.
pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let room = usize::from(area.width);
    // Names go before digits and counts do: what is pressed and how many matter most.
    let extra = extra(model, area.width);
    let behind = match text::width(&extra) {
        0 => 0,
        cells => cells + 1,
    };
    let wide = width(model, true) + behind <= room;
    let mut spans = vec![Span::raw(" ")];
    for (number, view) in (1..).zip(View::ALL) {
        let here = view == model.list.view;
        let tone = if here { Tone::Inverse } else { Tone::Plain };
        let text = tab(model, number, view, wide || here);
        let style = theme.style(tone);
        spans.push(Span::styled(
            text,
            if here {
                style.patch(theme.style(Tone::Strong))
            } else {
                style
            },
        ));
        spans.push(Span::raw(" "));
    }
    let used: usize = spans.iter().map(Span::width).sum();
    if !extra.is_empty() && used + text::width(&extra) < room {
        let gap = room - used - text::width(&extra) - 1;
        spans.push(Span::raw(" ".repeat(gap)));
        spans.push(Span::styled(extra, theme.style(Tone::Notice)));
    }
    super::put(&Line::from(spans), area.x, area.y, area.width, buffer);
}

fn tab(model: &Model, number: usize, view: View, named: bool) -> String {
    let count = grouped(view.count(&model.list.summary));
    if named {
        format!(" {number} {} {count} ", view.title())
    } else {
        format!(" {number} {count} ")
    }
}

fn width(model: &Model, names: bool) -> usize {
    (1..)
        .zip(View::ALL)
        .map(|(number, view)| text::width(&tab(model, number, view, names)) + 1)
        .sum::<usize>()
        + 1
}

/// Marks, groups, and an order whose column is not on the screen, which would else be forgotten.
fn extra(model: &Model, width: u16) -> String {
    let mut parts = Vec::new();
    if !model.list.marks.is_empty() {
        let shown = model.list.marked().len();
        let hidden = model.list.marks.len() - shown;
        parts.push(match hidden {
            0 => format!("{shown} marked"),
            hidden => format!("{shown} marked, {hidden} not shown"),
        });
    }
    if let Some(grouping) = model.list.grouping {
        parts.push(format!("by {}", grouping.word()));
    }
    let sort = model.list.sort;
    let columns = super::table::fitting(model, width);
    if columns.iter().all(|fitted| fitted.field != sort.column) {
        let order = model.theme.order(sort.inverted);
        parts.push(format!("sorted by {} {order}", sort.column.key()));
    }
    parts.join(model.theme.separator())
}
