//! Steps of the cursor and of the eye: nothing here changes what is known or shown elsewhere.

use super::super::action::{Action, Move};
use super::super::list::Row;
use super::super::model::{Drilled, Model, Overlay, OverviewPage, Screen};
use super::super::view;
use super::{menu, rows};
use crate::table::{Filter, Overview, OverviewMark, View};

/// Carries out a step.
pub(super) fn step(model: &mut Model, action: &Action) {
    match action {
        Action::Move(step) => move_by(model, *step),
        Action::Click(line) => click(model, *line),
        Action::Open => open(model),
        Action::Back => back(model),
        Action::Next => next(model, true),
        Action::Previous => next(model, false),
        Action::Section(number) => to_section(model, *number),
        Action::NextHost => step_host(model, true),
        Action::PreviousHost => step_host(model, false),
        Action::Overview => overview(model),
        Action::Help => {
            let below = std::mem::replace(&mut model.overlay, Overlay::None);
            model.overlay = Overlay::Help {
                scroll: 0,
                below: Box::new(below),
            };
        }
        // Everything else was dealt with before.
        _ => {}
    }
}

fn open(model: &mut Model) {
    match &model.screen {
        Screen::Table => match model.list.cursor.clone() {
            Some(Row::Host(_)) => {
                model.list.follow_top = false;
                model.screen = Screen::Host { scroll: 0 };
            }
            Some(Row::Group(label)) => rows::fold(model, &label),
            None => {}
        },
        Screen::Overview(page) => {
            let mark = page.mark;
            if let Some(text) = page.overview.bar(mark).map(|bar| bar.filter.clone()) {
                drill(model, mark, text);
            }
        }
        Screen::Host { .. } => {}
    }
}

/// Shows the hosts behind a bar: all of them, so the view is that of all hosts. What the user had chosen comes back with the
/// way back.
fn drill(model: &mut Model, mark: OverviewMark, text: String) {
    // A bar's filter is our own text; were it none, the table would show everything rather than nothing.
    let filter = Filter::parse(&text).unwrap_or_default();
    model.drilled = Some(Drilled {
        mark,
        to: text.clone(),
        filter: std::mem::replace(&mut model.list.filter, filter),
        filter_text: std::mem::replace(&mut model.list.filter_text, text),
        view: std::mem::replace(&mut model.list.view, View::All),
    });
    model.list.follow_top = true;
    model.screen = Screen::Table;
    model.arrange();
}

fn overview(model: &mut Model) {
    if matches!(model.screen, Screen::Overview(_)) {
        model.screen = Screen::Table;
        model.keep_in_view();
        return;
    }
    let mut mark = OverviewMark::default();
    if model.is_drilled()
        && let Some(drilled) = model.drilled.take()
    {
        mark = drilled.mark;
        model.list.filter = drilled.filter;
        model.list.filter_text = drilled.filter_text;
        model.list.view = drilled.view;
        model.list.follow_top = true;
    }
    model.drilled = None;
    let overview = Overview::default();
    model.screen = Screen::Overview(Box::new(OverviewPage { overview, mark }));
    // The bars are counted, and the rows that an export writes are those of the filter that came back.
    model.arrange();
}

fn back(model: &mut Model) {
    match (&model.overlay, &model.screen) {
        (Overlay::None, Screen::Host { .. } | Screen::Overview(_)) => {
            let was_open = model.on_host_page() && !model.passes();
            model.screen = Screen::Table;
            if was_open {
                // Its row was kept for its page only.
                model.arrange();
            }
            model.keep_in_view();
        }
        (Overlay::None, Screen::Table) => {
            let list = &mut model.list;
            if !list.marks.is_empty() {
                list.marks.clear();
            } else if model.is_drilled() {
                overview(model);
            } else if !model.list.filter.is_empty() {
                model.list.filter = Filter::default();
                model.list.filter_text.clear();
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

fn move_by(model: &mut Model, step: Move) {
    match model.overlay {
        Overlay::Menu(_) => return menu::moved(model, step),
        Overlay::Help { .. } => {
            let extent = view::help_extent(model);
            scroll_help(model, |scroll| scrolled(scroll, extent.0, extent.1, step));
            return;
        }
        Overlay::None
        | Overlay::Filter(_)
        | Overlay::Quit
        | Overlay::Rescan(_)
        | Overlay::Fix { .. } => {}
    }
    match &mut model.screen {
        Screen::Table => {
            let height = view::table_rows(model).max(1);
            let row = model.list.cursor_row().unwrap_or(0);
            let last = model.list.rows.len().saturating_sub(1);
            model.list.follow_top = step == Move::Top;
            model.list.place(moved(row, last, height, step));
            model.keep_in_view();
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

/// A line of the screen was clicked.
fn click(model: &mut Model, line: u16) {
    if !matches!(model.overlay, Overlay::None) || !matches!(model.screen, Screen::Table) {
        return;
    }
    let Some(row) = view::table_row_at(model, line) else {
        return;
    };
    if model.list.cursor_row() == Some(row) {
        return open(model);
    }
    model.list.follow_top = false;
    model.list.place(row);
    model.keep_in_view();
}

/// Where a step leads from `position`, on 0 to `last` with `page` lines to a screenful.
pub(super) fn moved(position: usize, last: usize, page: usize, step: Move) -> usize {
    let target = match step {
        Move::Up => position.saturating_sub(1),
        Move::Down => position.saturating_add(1),
        Move::PageUp => position.saturating_sub(page),
        Move::PageDown => position.saturating_add(page),
        Move::HalfUp => position.saturating_sub(page.div_ceil(2)),
        Move::HalfDown => position.saturating_add(page.div_ceil(2)),
        Move::Top => 0,
        Move::Bottom => last,
    };
    target.min(last)
}

fn scrolled(scroll: usize, lines: usize, height: usize, step: Move) -> usize {
    moved(scroll, lines.saturating_sub(height), height.max(1), step)
}

/// Keeps what is scrolled within its lines after the terminal changed its size.
pub(super) fn clamp_scroll(model: &mut Model) {
    if let Screen::Host { scroll } = model.screen {
        let (lines, height) = view::host_extent(model);
        let scroll = scroll.min(lines.saturating_sub(height));
        model.screen = Screen::Host { scroll };
    }
    if matches!(model.overlay, Overlay::Help { .. }) {
        let (lines, height) = view::help_extent(model);
        scroll_help(model, |scroll| scroll.min(lines.saturating_sub(height)));
    }
}

fn scroll_help(model: &mut Model, to: impl FnOnce(usize) -> usize) {
    if let Overlay::Help { scroll, .. } = &mut model.overlay {
        *scroll = to(*scroll);
    }
}

/// The host before or after, in the order of the table; groups' heads are passed over, and folded hosts are not.
fn step_host(model: &mut Model, forward: bool) {
    let Some(position) = model.list.position() else {
        return;
    };
    let target = if forward {
        position.checked_add(1)
    } else {
        position.checked_sub(1)
    };
    let Some(host) = target.and_then(|target| model.list.hosts.get(target).copied()) else {
        return;
    };
    // A host that is folded away has no line for the cursor: its group opens.
    let home = model
        .list
        .groups
        .iter()
        .find(|group| group.hosts.contains(&host))
        .map(|group| group.label.clone());
    if let Some(label) = home
        && model.list.folded.contains(&label)
    {
        rows::fold(model, &label);
    }
    model.list.follow_top = false;
    model.list.cursor = Some(Row::Host(host));
    model.keep_in_view();
    model.screen = Screen::Host { scroll: 0 };
}

fn next(model: &mut Model, forward: bool) {
    match &mut model.screen {
        Screen::Table => {
            let view = if forward {
                model.list.view.next()
            } else {
                model.list.view.previous()
            };
            rows::arranged(model, &Action::View(view));
        }
        Screen::Host { scroll } => {
            let scroll = *scroll;
            section(model, scroll, forward);
        }
        Screen::Overview(page) => page.mark = page.mark.panel(&page.overview, forward),
    }
}

fn section(model: &mut Model, scroll: usize, forward: bool) {
    let (lines, height) = view::host_extent(model);
    let starts = view::host_sections(model);
    let target = if forward {
        starts.into_iter().find(|start| *start > scroll)
    } else {
        starts.into_iter().rev().find(|start| *start < scroll)
    };
    let bottom = lines.saturating_sub(height);
    let scroll = target
        .unwrap_or(if forward { bottom } else { 0 })
        .min(bottom);
    model.screen = Screen::Host { scroll };
}

fn to_section(model: &mut Model, number: usize) {
    if !matches!(model.screen, Screen::Host { .. }) {
        return;
    }
    let (lines, height) = view::host_extent(model);
    if let Some(start) = view::host_sections(model).get(number) {
        let scroll = (*start).min(lines.saturating_sub(height));
        model.screen = Screen::Host { scroll };
    }
}
