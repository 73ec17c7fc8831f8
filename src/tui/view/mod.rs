//! Pictures of the model. Nothing here changes anything.

mod filter;
mod footer;
mod header;
mod help;
mod host;
mod quit;
mod small;
mod sort;
mod table;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::model::{Model, Overlay, Screen};
use super::theme::{Theme, Tone};

/// The least terminal on which the screens make sense; below, a notice says so.
pub(super) const LEAST: (u16, u16) = (60, 10);

/// The parts of the screen, from top to bottom.
struct Areas {
    header: Rect,
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
    match model.screen {
        Screen::Table => {
            table::render(model, areas.body, buffer);
            if areas.filter.height > 0 {
                filter::render(model, areas.filter, buffer);
            }
        }
        Screen::Host { scroll } => host::render(model, scroll, areas.body, buffer),
    }
    footer::render(model, areas.footer, buffer);
    match &model.overlay {
        Overlay::None => {}
        Overlay::Filter(edit) => {
            if let Some(position) = filter::cursor(edit, areas.filter) {
                frame.set_cursor_position(position);
            }
        }
        Overlay::Sort { marked } => sort::render(model, *marked, area, frame.buffer_mut()),
        Overlay::Help { scroll } => help::render(model, *scroll, area, frame.buffer_mut()),
        Overlay::Quit => quit::render(model, area, frame.buffer_mut()),
    }
}

fn areas(model: &Model, area: Rect) -> Areas {
    let header = header::height(model).min(area.height);
    let on_table = model.screen == Screen::Table;
    let editing = matches!(model.overlay, Overlay::Filter(_));
    let filter = u16::from(on_table && (editing || !model.filter.is_empty()));
    let body = area.height.saturating_sub(header + filter + 1);
    let row = |y: u16, height: u16| Rect::new(area.x, area.y + y, area.width, height);
    Areas {
        header: row(0, header),
        filter: row(header, filter),
        body: row(header + filter, body),
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

/// Lines of the host page, and how many of them fit.
pub(super) fn host_extent(model: &Model) -> (usize, usize) {
    let body = own_areas(model).body;
    (
        host::page(model, body.width).lines.len(),
        usize::from(body.height),
    )
}

/// Lines at which the host page's sections begin.
pub(super) fn host_sections(model: &Model) -> Vec<usize> {
    host::page(model, own_areas(model).body.width).sections
}

/// Lines of the help page, and how many of them fit.
pub(super) fn help_extent(model: &Model) -> (usize, usize) {
    let area = Rect::new(0, 0, model.size.width, model.size.height);
    help::extent(model, area)
}

/// A box in the middle of the screen with nothing behind it, and the room inside.
fn window(title: &str, size: (u16, u16), theme: Theme, area: Rect, buffer: &mut Buffer) -> Rect {
    use ratatui::widgets::{Block, BorderType};

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
