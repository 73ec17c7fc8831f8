//! An entry of the handbook over the screen, with the text of `rdpscan explain`.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::host::Page;
use super::widgets::{put_lines, scroll_hints, window};
use crate::diagnosis::handbook::handbook;
use crate::pages;
use crate::tui::theme::Theme;

/// Cells of the widest entry.
const WIDEST: u16 = 116;

pub(super) fn render(key: &str, scroll: usize, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let (title, lines) = lines(key, theme, area.width);
    let size = (usize::from(area.width.min(WIDEST)), lines.len() + 2);
    let inner = window(&title, size, theme, area, buffer);
    let below = lines
        .len()
        .saturating_sub(scroll + usize::from(inner.height));
    scroll_hints(scroll, below, inner, theme, buffer);
    put_lines(lines.into_iter().skip(scroll), inner, buffer);
}

/// Lines in all, and lines that fit.
pub(super) fn extent(key: &str, theme: Theme, area: Rect) -> (usize, usize) {
    let lines = lines(key, theme, area.width).1.len();
    let height = (lines + 2).min(usize::from(area.height));
    (lines, height.saturating_sub(2))
}

/// The title, and the lines below it.
fn lines(key: &str, theme: Theme, width: u16) -> (String, Vec<Line<'static>>) {
    // The frame takes two cells.
    let room = usize::from(width.min(WIDEST)).saturating_sub(2);
    let book = handbook();
    let Some(entry) = book.entry(key) else {
        return (key.to_owned(), Vec::new());
    };
    let text = pages::of_entry(book, entry);
    let mut page = Page::new(room, theme);
    page.text_page(&text);
    (text.title, page.lines)
}
