//! Renders the model into cells.

mod entry;
mod filter;
mod footer;
mod header;
mod help;
mod host;
mod menu;
mod overview;
mod prompt;
mod question;
mod table;
mod tabs;
mod too_small;
mod widgets;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::fitting::Layout;
use super::model::{Model, Overlay, Screen};
use crate::table::{Field, View};

/// On a smaller terminal, a notice replaces the screens.
const LEAST: (u16, u16) = (60, 10);

pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small::render(LEAST, model.theme, area, buffer);
        return;
    }
    let areas = model.areas(area);
    header::render(model, areas.header, buffer);
    match &model.screen {
        Screen::Table => {
            if areas.tabs.height > 0 {
                tabs::render(model, areas.tabs, buffer);
            }
            table::render(model, areas.body, buffer);
            if areas.filter.height > 0 {
                filter::render(model, areas.filter, buffer);
            }
        }
        Screen::Host { scroll } => host::render(model, *scroll, areas.body, buffer),
        Screen::Overview(page) => {
            overview::render(&page.overview, page.mark, model.theme, areas.body, buffer);
        }
    }
    footer::render(model, areas.footer, buffer);
    let above = above_footer(area);
    match &model.overlay {
        Overlay::None => {}
        Overlay::Filter(edit) => {
            filter::suggestions(model, edit, areas.filter, areas.body, frame.buffer_mut());
            if let Some(position) = filter::cursor(edit, areas.filter) {
                frame.set_cursor_position(position);
            }
        }
        Overlay::Menu(menu) => {
            if let Some(position) = menu::render(model, menu, above, frame.buffer_mut()) {
                frame.set_cursor_position(position);
            }
        }
        Overlay::Prompt(open) => {
            if let Some(position) = prompt::render(model, open, above, frame.buffer_mut()) {
                frame.set_cursor_position(position);
            }
        }
        Overlay::Help { search, scroll, .. } => {
            let position = help::render(model, search, *scroll, above, frame.buffer_mut());
            if let Some(position) = position {
                frame.set_cursor_position(position);
            }
        }
        Overlay::Entry { key, scroll } => {
            entry::render(key, *scroll, model.theme, above, frame.buffer_mut());
        }
        Overlay::ConfirmQuit => question::quit(model, above, frame.buffer_mut()),
        Overlay::ConfirmRescan(scope) => question::rescan(model, scope, above, frame.buffer_mut()),
        Overlay::ConfirmFix {
            rows,
            selected,
            reach,
        } => {
            let counts = (rows.len(), *selected, *reach);
            question::fix(model, counts, above, frame.buffer_mut());
        }
    }
    footer::message(model, area, frame.buffer_mut());
}

/// The columns on the screen.
pub(super) fn layout(model: &Model) -> Layout {
    table::layout(model, model.size.width)
}

/// The view whose tab is at this cell.
pub(super) fn tab_at(model: &Model, column: u16, line: u16) -> Option<View> {
    let area = model.areas(model.area()).tabs;
    tabs::view_at(model, area, column).filter(|_| line == area.y)
}

/// The column whose heading is at this cell, if rows are sorted by it.
pub(super) fn heading_at(model: &Model, column: u16, line: u16) -> Option<Field> {
    table::heading_at(model, model.areas(model.area()).body, column, line)
}

/// The width of a column; `None` when it is not on the screen.
pub(super) fn column_width(model: &Model, column: Field) -> Option<u16> {
    let layout = layout(model);
    let found = layout.columns.iter().find(|fitted| fitted.field == column);
    found.map(|fitted| fitted.width)
}

/// Lines of the host page, and how many of them fit.
pub(super) fn host_extent(model: &Model) -> (usize, usize) {
    let body = model.areas(model.area()).body;
    (
        host::page(model, body.width).lines.len(),
        usize::from(host::body_height(body.height)),
    )
}

/// Lines at which the host page's sections begin.
pub(super) fn host_sections(model: &Model) -> Vec<usize> {
    host::page(model, model.areas(model.area()).body.width).sections
}

/// Lines of the help page or of an entry of the handbook, and how many of them fit.
pub(super) fn overlay_extent(model: &Model) -> (usize, usize) {
    let area = above_footer(model.area());
    match &model.overlay {
        Overlay::Entry { key, .. } => entry::extent(key, model.theme, area),
        _ => help::extent(model, area),
    }
}

/// The area of windows: the last line shows their keys.
const fn above_footer(area: Rect) -> Rect {
    Rect {
        height: area.height.saturating_sub(1),
        ..area
    }
}
