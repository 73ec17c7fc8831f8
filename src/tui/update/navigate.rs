//! Moving the cursor, scrolling, and going from screen to screen.

use tui_input::{Input, InputRequest};

use super::{menu, table};
use crate::table::{Filter, Overview, OverviewMark, View};
use crate::tui::action::Move;
use crate::tui::model::{DrillDown, HelpPage, Model, Overlay, OverviewPage, Screen};
use crate::tui::table_state::Row;
use crate::tui::view;

pub(super) fn open(model: &mut Model) {
    match &model.screen {
        Screen::Table => match model.table.cursor.clone() {
            Some(Row::Host(_)) => {
                model.table.cursor_moved = true;
                model.screen = Screen::Host { scroll: 0 };
            }
            Some(Row::Group(label)) => table::fold(model, &label),
            None => {}
        },
        Screen::Overview(page) => {
            let mark = page.mark;
            if let Some(text) = page.overview.bar(mark).map(|bar| bar.filter.clone()) {
                drill_down(model, mark, text);
            }
        }
        Screen::Host { .. } => {}
    }
}

/// Shows the hosts of a bar, whatever view and filter were in force; going back restores these.
fn drill_down(model: &mut Model, mark: OverviewMark, text: String) {
    // The filter of a bar is a text of ours: it is always valid.
    let filter = Filter::parse(&text).unwrap_or_default();
    model.drill_down = Some(DrillDown {
        mark,
        applied: text.clone(),
        filter: std::mem::replace(&mut model.table.query.filter, filter),
        filter_text: std::mem::replace(&mut model.table.filter_text, text),
        view: std::mem::replace(&mut model.table.query.view, View::All),
    });
    model.table.cursor_moved = false;
    model.screen = Screen::Table;
    model.arrange();
}

pub(super) fn toggle_overview(model: &mut Model) {
    if matches!(model.screen, Screen::Overview(_)) {
        model.screen = Screen::Table;
        return model.scroll_to_cursor();
    }
    let mut mark = OverviewMark::default();
    let left = model.in_drill_down();
    if let Some(before) = model.drill_down.take().filter(|_| left) {
        mark = before.mark;
        model.table.query.filter = before.filter;
        model.table.filter_text = before.filter_text;
        model.table.query.view = before.view;
        model.table.cursor_moved = false;
    }
    let overview = Overview::default();
    model.screen = Screen::Overview(Box::new(OverviewPage { overview, mark }));
    // Counts the bars, and the rows of the filter that is restored.
    model.arrange();
}

pub(super) fn open_help(model: &mut Model, about: HelpPage) {
    let below = std::mem::replace(&mut model.overlay, Overlay::None);
    model.overlay = Overlay::Help {
        about,
        search: Input::default(),
        scroll: 0,
        below: Box::new(below),
    };
}

/// A key in the search line of the help.
pub(super) fn search_help(model: &mut Model, request: InputRequest) {
    if let Overlay::Help { search, scroll, .. } = &mut model.overlay {
        search.handle(request);
        *scroll = 0;
    }
}

pub(super) fn back(model: &mut Model) {
    match (&model.overlay, &model.screen) {
        (Overlay::None, Screen::Host { .. } | Screen::Overview(_)) => {
            let query = &model.table.query;
            let passes = model
                .host()
                .is_some_and(|host| query.filter.matches(host) && query.view.matches(host));
            let kept_for_page = model.on_host_page() && !passes;
            model.screen = Screen::Table;
            if kept_for_page {
                model.arrange();
            }
            model.scroll_to_cursor();
        }
        (Overlay::None, Screen::Table) => {
            if !model.table.marks.is_empty() {
                table::clear_marks(model);
            } else if model.in_drill_down() {
                toggle_overview(model);
            } else if !model.table.query.filter.is_empty() {
                model.table.query.filter = Filter::default();
                model.table.filter_text.clear();
                model.arrange();
            }
        }
        _ => {
            let closed = std::mem::replace(&mut model.overlay, Overlay::None);
            if let Overlay::Help { below, .. } = closed {
                model.overlay = *below;
            }
        }
    }
}

pub(super) fn move_by(model: &mut Model, step: Move) {
    match model.overlay {
        Overlay::Menu(_) => return menu::move_mark(model, step),
        Overlay::Help { .. } | Overlay::Entry { .. } => {
            let (lines, height) = view::overlay_extent(model);
            return scroll_overlay(model, |scroll| scrolled(scroll, lines, height, step));
        }
        _ => {}
    }
    match &mut model.screen {
        Screen::Table => {
            let height = model.table_rows().max(1);
            let row = model.table.cursor_row().unwrap_or(0);
            let last = model.table.rows.len().saturating_sub(1);
            model.table.cursor_moved = step != Move::Top;
            model.table.place(step.from(row, last, height));
            model.scroll_to_cursor();
        }
        Screen::Host { scroll } => {
            let scroll = *scroll;
            let (lines, height) = view::host_extent(model);
            let scroll = scrolled(scroll, lines, height, step);
            model.screen = Screen::Host { scroll };
        }
        Screen::Overview(page) => {
            let by = match step {
                Move::Up => -1,
                Move::Down => 1,
                Move::HalfUp | Move::PageUp => -5,
                Move::HalfDown | Move::PageDown => 5,
                Move::Top => isize::MIN,
                Move::Bottom => isize::MAX,
            };
            page.mark = page.mark.stepped(&page.overview, by);
        }
    }
}

pub(super) fn click(model: &mut Model, column: u16, line: u16) {
    if !matches!(model.overlay, Overlay::None) || !matches!(model.screen, Screen::Table) {
        return;
    }
    if let Some(view) = view::tab_at(model, column, line) {
        return table::show_view(model, view);
    }
    if let Some(field) = view::heading_at(model, column, line) {
        return table::sort_by(model, field);
    }
    let Some(row) = model.table_row_at(line) else {
        return;
    };
    if model.table.cursor_row() == Some(row) {
        return open(model);
    }
    model.table.cursor_moved = true;
    model.table.place(row);
    model.scroll_to_cursor();
}

fn scrolled(scroll: usize, lines: usize, height: usize, step: Move) -> usize {
    step.from(scroll, lines.saturating_sub(height), height.max(1))
}

/// Scrolls back to the end of the page after the terminal changed its size.
pub(super) fn clamp_scroll(model: &mut Model) {
    if let Screen::Host { scroll } = model.screen {
        scroll_host(model, scroll);
    }
    if matches!(model.overlay, Overlay::Help { .. } | Overlay::Entry { .. }) {
        let (lines, height) = view::overlay_extent(model);
        scroll_overlay(model, |scroll| scroll.min(lines.saturating_sub(height)));
    }
}

fn scroll_overlay(model: &mut Model, to: impl FnOnce(usize) -> usize) {
    if let Overlay::Help { scroll, .. } | Overlay::Entry { scroll, .. } = &mut model.overlay {
        *scroll = to(*scroll);
    }
}

/// Scrolls the host page to a line, at most to its end.
fn scroll_host(model: &mut Model, line: usize) {
    let (lines, height) = view::host_extent(model);
    let scroll = line.min(lines.saturating_sub(height));
    model.screen = Screen::Host { scroll };
}

/// The page of the next or previous host in the order of the table, headings of groups skipped and folded hosts included.
pub(super) fn step_host(model: &mut Model, forward: bool) {
    let Some(position) = model.table.position() else {
        return;
    };
    let target = if forward {
        position.checked_add(1)
    } else {
        position.checked_sub(1)
    };
    let Some(host) = target.and_then(|target| model.rows().get(target).copied()) else {
        return;
    };
    // The cursor needs a line: the host's group unfolds.
    let group = model.table.group_of(host).map(|group| group.label.clone());
    if let Some(label) = group
        && !model.table.opened.contains(&label)
    {
        table::fold(model, &label);
    }
    model.table.cursor_moved = true;
    model.table.cursor = Some(Row::Host(host));
    model.scroll_to_cursor();
    model.screen = Screen::Host { scroll: 0 };
}

pub(super) fn next(model: &mut Model, forward: bool) {
    match &mut model.screen {
        Screen::Table => {
            let view = model.table.query.view;
            let view = if forward {
                view.next()
            } else {
                view.previous()
            };
            table::show_view(model, view);
        }
        Screen::Host { scroll } => {
            let scroll = *scroll;
            let mut starts = view::host_sections(model).into_iter();
            let target = if forward {
                starts.find(|start| *start > scroll).unwrap_or(usize::MAX)
            } else {
                starts.rfind(|start| *start < scroll).unwrap_or(0)
            };
            scroll_host(model, target);
        }
        Screen::Overview(page) => page.mark = page.mark.panel(&page.overview, forward),
    }
}

pub(super) fn to_section(model: &mut Model, number: usize) {
    if let Some(start) = view::host_sections(model).get(number)
        && model.on_host_page()
    {
        scroll_host(model, *start);
    }
}
