//! One host's page: what is thought of it, then everything it stands on.

mod certificate;
mod findings;
mod glyphs;
mod head;
mod identity;
mod names;
mod page;
mod raw;
mod remedy;
mod stability;
mod timeline;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::model::Model;
use page::Page;

/// Each section's title, its name in the strip, and its name where the strip has little room.
///
/// INVARIANT: in the order of the page. The digit before a name is its position, counted from 1.
const SECTIONS: [(&str, &str, &str); 7] = [
    ("Findings and fix", "Findings", "Fix"),
    ("Timeline", "Timeline", "Time"),
    ("Names and addresses", "Names", "Names"),
    ("TLS and certificate", "Certificate", "Cert"),
    ("Stability", "Stability", "Stab"),
    ("Identity (NTLM)", "Identity", "Ident"),
    ("Raw (JSON)", "Raw", "Raw"),
];

/// Draws the page, scrolled by some lines, below its host and the strip of its sections, which stay.
pub(super) fn render(model: &Model, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let page = page(model, area.width);
    let height = body_height(area.height);
    let head = area.height - height;
    let body = Rect::new(area.x, area.y + head, area.width, height);
    let bottom = page.lines.len().saturating_sub(usize::from(height));
    let scroll = scroll.min(bottom);
    let current = current(&page.sections, scroll, bottom, usize::from(height));
    let mut top = Vec::with_capacity(2);
    if head > 1 {
        top.push(head::host(model, bottom - scroll, area.width));
    }
    if head > 0 {
        top.push(head::strip(model.theme, current, area.width));
    }
    for (line, y) in top.iter().zip(area.top()..) {
        super::put(line, area.x, y, area.width, buffer);
    }
    let visible = page.lines.iter().skip(scroll);
    for (line, y) in visible.zip(body.top()..body.bottom()) {
        super::put(line, body.x, y, body.width, buffer);
    }
}

/// Lines of an area of this height that the page itself gets; the others go to the host and to the strip.
pub(super) const fn body_height(height: u16) -> u16 {
    match height {
        0..=3 => height,
        4..=6 => height - 1,
        _ => height - 2,
    }
}

/// The section in view: the one that the first visible line belongs to; at the very end of the page, the one that its last
/// line belongs to, which could not be marked otherwise.
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

/// The page of the host under the cursor, for a screen of this width.
pub(super) fn page(model: &Model, width: u16) -> Page {
    let mut page = Page::new(usize::from(width), model.theme);
    let Some(host) = model.host() else {
        page.note("this host is no longer shown");
        return page;
    };
    let history = host.history();
    let writers: [&dyn Fn(&mut Page); SECTIONS.len()] = [
        &|page| findings::write(model, host, page),
        &|page| timeline::write(&history, page),
        &|page| names::write(model, host, &history, page),
        &|page| certificate::write(model, host, &history, page),
        &|page| stability::write(host, &history, page),
        &|page| identity::write(model, host, &history, page),
        &|page| raw::write(model, page),
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
