//! The page of a host: a file for each section.

mod certificate;
mod code;
mod findings;
mod history;
mod identity;
mod mark;
mod names;
mod page;
mod raw;
mod section_bar;
mod sites;
mod stability;
mod timeline;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::widgets::put_lines;
use crate::tui::model::Model;
pub(super) use page::Page;
use section_bar::SECTIONS;

/// Draws the page from line `scroll` on, below the host and its sections.
pub(super) fn render(model: &Model, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let page = page(model, area.width);
    let height = body_height(area.height);
    let top = area.height - height;
    let bottom = page.lines.len().saturating_sub(usize::from(height));
    let scroll = scroll.min(bottom);
    let current = current(&page.sections, scroll, bottom, usize::from(height));
    let mut lines = Vec::new();
    if top > 1 {
        lines.push(section_bar::host_line(model, bottom - scroll, area.width));
    }
    if top > 0 {
        lines.push(section_bar::sections(model.theme, current, area.width));
    }
    lines.extend(page.lines.into_iter().skip(scroll));
    put_lines(lines, area, buffer);
}

/// Lines of the page that scroll; the others show the host and its sections.
pub(super) const fn body_height(height: u16) -> u16 {
    match height {
        0..=3 => height,
        4..=6 => height - 1,
        _ => height - 2,
    }
}

/// The section in view: that of the first visible line, and at the end of the page that of the last line.
fn current(sections: &[usize], scroll: usize, bottom: usize, height: usize) -> usize {
    let line = if scroll > 0 && scroll >= bottom {
        scroll + height.saturating_sub(1)
    } else {
        scroll
    };
    sections
        .iter()
        .rposition(|start| *start <= line)
        .unwrap_or(0)
}

pub(super) fn page(model: &Model, width: u16) -> Page {
    let mut page = Page::new(usize::from(width), model.theme);
    let Some(host) = model.host() else {
        page.note("this host is no longer shown");
        return page;
    };
    let history = host.history();
    let body = model.areas(model.area()).body;
    let room = usize::from(body_height(body.height));
    let writers: [&dyn Fn(&mut Page); SECTIONS.len()] = [
        &|page| findings::write(model, host, room, page),
        &|page| {
            timeline::write(&history, page);
            sites::write(host, &history, page);
        },
        &|page| names::write(model, host, &history, page),
        &|page| certificate::write(model, host, &history, page),
        &|page| stability::write(host, &history, page),
        &|page| identity::write(model, host, &history, page),
        &|page| history::write(model, host, page),
        &|page| raw::write(model, host, page),
    ];
    for ((title, ..), write) in SECTIONS.iter().zip(writers) {
        page.section(title);
        write(&mut page);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_in_view_is_that_of_the_first_line() {
        let sections = [0, 10, 20];
        assert_eq!(current(&sections, 0, 50, 8), 0);
        assert_eq!(current(&sections, 9, 50, 8), 0);
        assert_eq!(current(&sections, 10, 50, 8), 1);
        assert_eq!(current(&sections, 49, 50, 8), 2);
    }

    #[test]
    fn at_the_end_of_the_page_the_last_section_is_in_view() {
        assert_eq!(current(&[0, 10, 20], 15, 15, 8), 2);
        assert_eq!(
            current(&[0, 10, 20], 0, 0, 40),
            0,
            "a page that fits begins at its beginning"
        );
    }

    #[test]
    fn head_and_page_share_the_height() {
        for height in 0..100 {
            assert!(body_height(height) <= height);
            assert!(height == 0 || body_height(height) > 0);
        }
    }
}
