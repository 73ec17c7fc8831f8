//! Pictures of the model. Nothing here changes anything.

mod filter;
mod footer;
mod header;
mod help;
mod host;
mod menu;
mod overview;
mod question;
mod small;
mod table;
mod tabs;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::model::{Model, Overlay, Screen};
use super::theme::{Theme, Tone};
use crate::table::Field;

/// The least terminal on which the screens make sense; below, a notice says so.
pub(super) const LEAST: (u16, u16) = (60, 10);

/// Up to this height the page of a host takes lines from the head of the screen.
const LOW: u16 = 12;

/// The parts of the screen, from top to bottom.
struct Areas {
    header: Rect,
    tabs: Rect,
    filter: Rect,
    body: Rect,
    footer: Rect,
}

/// Draws the model, whatever the size of the terminal.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        small::render(model, area, buffer);
        return;
    }
    let areas = areas(model, area);
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
        Overlay::Help { scroll, .. } => help::render(model, *scroll, above, frame.buffer_mut()),
        Overlay::Quit => question::quit(model, above, frame.buffer_mut()),
        Overlay::Rescan(again) => question::rescan(model, again, above, frame.buffer_mut()),
        Overlay::Fix { rows, meant } => {
            question::fix(model, rows.len(), *meant, above, frame.buffer_mut());
        }
    }
    footer::message(model, area, frame.buffer_mut());
}

fn areas(model: &Model, area: Rect) -> Areas {
    let mut header = header::height(model).min(area.height);
    if model.on_host_page() && area.height <= LOW {
        // Which host it is counts for more than the banners and the counts of the fleet.
        header = header.min(2);
    }
    let on_table = matches!(model.screen, Screen::Table);
    let editing = matches!(model.overlay, Overlay::Filter(_));
    let tabs = u16::from(on_table);
    let filter = u16::from(on_table && (editing || !model.list.filter_text.is_empty()));
    let body = area.height.saturating_sub(header + tabs + filter + 1);
    let row = |y: u16, height: u16| Rect::new(area.x, area.y + y, area.width, height);
    Areas {
        header: row(0, header),
        tabs: row(header, tabs),
        filter: row(header + tabs, filter),
        body: row(header + tabs + filter, body),
        footer: row(area.height.saturating_sub(1), 1.min(area.height)),
    }
}

/// The areas of a terminal of the size that the model knows.
fn own_areas(model: &Model) -> Areas {
    areas(model, Rect::new(0, 0, model.size.width, model.size.height))
}

/// Hosts that the table can show at once.
pub(super) fn table_rows(model: &Model) -> usize {
    usize::from(own_areas(model).body.height.saturating_sub(1))
}

/// Cells that a column has on the screen now; `None` when it is not there.
pub(super) fn column_width(model: &Model, column: Field) -> Option<u16> {
    let fitted = table::fitting(model, model.size.width);
    let found = fitted.iter().find(|fitted| fitted.field == column);
    found.map(|fitted| fitted.width)
}

/// The row of the table that stands on this line of the screen.
pub(super) fn table_row_at(model: &Model, line: u16) -> Option<usize> {
    let body = own_areas(model).body;
    let first = body.y + 1;
    let row = model.list.top + usize::from(line.checked_sub(first)?);
    (line < body.bottom() && row < model.list.rows.len()).then_some(row)
}

/// Lines of the host page, and how many of them fit.
pub(super) fn host_extent(model: &Model) -> (usize, usize) {
    let body = own_areas(model).body;
    (
        host::page(model, body.width).lines.len(),
        usize::from(host::body_height(body.height)),
    )
}

/// Lines at which the host page's sections begin.
pub(super) fn host_sections(model: &Model) -> Vec<usize> {
    host::page(model, own_areas(model).body.width).sections
}

/// Lines of the help page, and how many of them fit.
pub(super) fn help_extent(model: &Model) -> (usize, usize) {
    let area = Rect::new(0, 0, model.size.width, model.size.height);
    help::extent(model, above_footer(area))
}

/// Where windows may stand: the last line says which keys they take.
const fn above_footer(area: Rect) -> Rect {
    Rect {
        height: area.height.saturating_sub(1),
        ..area
    }
}

/// A box in the middle of the screen with nothing behind it, and the room inside.
fn window(title: &str, size: (u16, u16), theme: Theme, area: Rect, buffer: &mut Buffer) -> Rect {
    use ratatui::widgets::{Block, BorderType};

    let title = super::text::clean(title);
    let width = size.0.min(area.width);
    let height = size.1.min(area.height);
    let outer = Rect::new(
        area.x + (area.width - width) / 2,
        area.y + (area.height - height) / 2,
        width,
        height,
    );
    Clear.render(outer, buffer);
    let mut block = Block::bordered()
        .border_type(BorderType::Plain)
        .title(Span::styled(
            format!(" {title} "),
            theme.style(Tone::Accent),
        ));
    if theme.ascii {
        block = block.border_set(ASCII_BORDER);
    }
    let inner = block.inner(outer);
    block.render(outer, buffer);
    inner
}

const ASCII_BORDER: ratatui::symbols::border::Set<'static> = ratatui::symbols::border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// Says on the edges of a box around `inner` how many of its lines are above and below what it shows.
fn beyond(above: usize, below: usize, inner: Rect, theme: Theme, buffer: &mut Buffer) {
    let edges = [
        (above, "above", inner.y.checked_sub(1)),
        (below, "below", Some(inner.bottom())),
    ];
    for (lines, place, y) in edges {
        let (Some(y), true) = (y, lines > 0) else {
            continue;
        };
        let text = format!(" {lines} more {place} ");
        let cells = u16::try_from(text.len()).unwrap_or(u16::MAX);
        // Where the title stands there may be no room for it.
        let Some(x) = inner.right().checked_sub(cells.saturating_add(1)) else {
            continue;
        };
        let line = Line::styled(text, theme.style(Tone::Dim));
        put(&line, x.max(inner.x), y, cells, buffer);
    }
}

/// A line of a page, cut at the right edge.
fn put(line: &Line<'_>, x: u16, y: u16, width: u16, buffer: &mut Buffer) {
    let area = buffer.area;
    if y < area.bottom() && x < area.right() {
        buffer.set_line(x, y, line, width.min(area.right() - x));
    }
}

/// Pieces of a line with a separator between, as many as fit; what is left out last stands first.
///
/// Each piece has a rank: the greatest rank is left out first when room is short.
fn fit_pieces<'a>(
    mut pieces: Vec<(u8, Span<'a>)>,
    separator: &'a str,
    room: usize,
) -> Vec<Span<'a>> {
    let gap = super::text::width(separator);
    loop {
        let needed = pieces.iter().map(|(_, span)| span.width()).sum::<usize>()
            + gap * pieces.len().saturating_sub(1);
        if needed <= room || pieces.len() <= 1 {
            break;
        }
        let Some(least) = pieces
            .iter()
            .enumerate()
            .max_by_key(|(_, (rank, _))| *rank)
            .map(|(index, _)| index)
        else {
            break;
        };
        pieces.remove(least);
    }
    let mut spans = Vec::with_capacity(pieces.len() * 2);
    for (_, span) in pieces {
        if !spans.is_empty() {
            spans.push(Span::raw(separator));
        }
        spans.push(span);
    }
    spans
}
