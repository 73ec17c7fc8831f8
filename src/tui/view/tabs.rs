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

/// How much a tab says; the next is for less room.
#[derive(Clone, Copy)]
enum Detail {
    Whole,
    /// Names and counts.
    WithoutKeys,
    /// Keys and names; the current view has its count in any case.
    WithoutCounts,
    /// The same without keys.
    Names,
    /// Keys, and the name of the current view.
    Keys,
}

/// The tabs; at the right edge marks, grouping and a sort that is not visible.
pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (tabs, extra) = fitting(model, area);
    let mut spans = vec![Span::raw(" ")];
    for (view, text) in tabs {
        let here = view == model.table.query.view;
        let style = if here {
            model
                .theme
                .style(Tone::Inverse)
                .patch(model.theme.style(Tone::Strong))
        } else {
            model.theme.style(Tone::Plain)
        };
        spans.extend([Span::styled(text, style), Span::raw(" ")]);
    }
    let used = width(&spans) + text::width(&extra);
    if let Some(gap) = usize::from(area.width).checked_sub(used + 1) {
        spans.push(Span::raw(" ".repeat(gap)));
        spans.push(model.theme.span(extra, Tone::Notice));
    }
    put(&Line::from(spans), area.x, area.y, area.width, buffer);
}

/// The view whose tab is in this column of the screen.
pub(super) fn view_at(model: &Model, area: Rect, column: u16) -> Option<View> {
    let mut end = usize::from(area.x) + 1;
    let mut tabs = fitting(model, area).0.into_iter();
    let found = tabs.find(|(_, text)| {
        end += text::width(text) + 1;
        usize::from(column) < end
    });
    found.map(|(view, _)| view)
}

/// The tabs with as much detail as has room, and the counts at the right edge: names matter more than all of it but the marks.
fn fitting(model: &Model, area: Rect) -> (Vec<(View, String)>, String) {
    let marks: Vec<String> = marks(model).into_iter().collect();
    let all = marks.iter().cloned().chain(order(model, area.width));
    let all: Vec<String> = all.collect();
    for extra in [all, marks.clone()] {
        let extra = extra.join(model.theme.separator());
        let behind = text::width(&extra) + usize::from(!extra.is_empty());
        for detail in [
            Detail::Whole,
            Detail::WithoutKeys,
            Detail::WithoutCounts,
            Detail::Names,
        ] {
            let tabs = tabs(model, detail);
            let cells: usize = tabs.iter().map(|(_, text)| text::width(text) + 1).sum();
            if cells + behind < usize::from(area.width) {
                return (tabs, extra);
            }
        }
    }
    (tabs(model, Detail::Keys), marks.concat())
}

fn tabs(model: &Model, detail: Detail) -> Vec<(View, String)> {
    let numbered = (1..).zip(View::ALL.iter().copied());
    let tab = |(number, view): (u8, View)| {
        let here = view == model.table.query.view;
        let (title, count) = (
            <&str>::from(view),
            grouped(view.count(&model.table.arranged.summary)),
        );
        let text = match detail {
            Detail::Whole => format!(" {number} {title} {count} "),
            Detail::WithoutKeys => format!(" {title} {count} "),
            Detail::Names if here => format!(" {title} {count} "),
            Detail::Names => title.to_owned(),
            Detail::WithoutCounts | Detail::Keys if here => format!(" {number} {title} {count} "),
            Detail::WithoutCounts => format!("{number} {title}"),
            Detail::Keys => format!("{number}"),
        };
        (view, text)
    };
    numbered.map(tab).collect()
}

fn marks(model: &Model) -> Option<String> {
    if model.table.marks.is_empty() {
        return None;
    }
    let shown = model.table.marked().len();
    Some(match model.table.marks.len() - shown {
        0 => format!("{shown} marked"),
        hidden => format!("{shown} marked, {hidden} not shown"),
    })
}

/// The grouping, and the sort where its column is not on the screen.
fn order(model: &Model, width: u16) -> Vec<String> {
    let query = &model.table.query;
    let grouping = query.grouping.map(|one| format!("by {}", one.word()));
    let columns = super::table::layout(model, width).columns;
    let is_hidden = columns
        .iter()
        .all(|fitted| fitted.field != query.sort.column);
    let sort = is_hidden.then(|| {
        let order = model.theme.order(query.sort.inverted);
        format!("sorted by {} {order}", query.sort.column.key())
    });
    grouping.into_iter().chain(sort).collect()
}
