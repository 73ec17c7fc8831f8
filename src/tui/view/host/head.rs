//! What stays on the screen while the page scrolls: the host, and the strip of sections.

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::SECTIONS;
use super::glyphs;
use super::page::Page;
use crate::model::HostKey;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

/// The host in one line: endpoint, state, name, and at the right edge how much of the page is below and its place among the
/// rows.
pub(super) fn host(model: &Model, below: usize, width: u16) -> Line<'static> {
    let width = usize::from(width);
    let Some(host) = model.host() else {
        return Line::default();
    };
    let diagnosis = &host.diagnosis;
    let mut position = model.list.position().map_or_else(String::new, |row| {
        format!("{} of {} ", row + 1, model.list.hosts.len())
    });
    if below > 0 {
        position = format!("{below} lines below{}{position}", model.theme.separator());
    }
    let taken = text::width(&position);
    let (glyph, tone) = model.theme.state(diagnosis.state);
    let stage = diagnosis
        .failed_stage
        .map_or_else(String::new, |stage| format!(" at {stage}"));
    let name = match host.key() {
        // The key is the name.
        HostKey::Unresolved { .. } => None,
        HostKey::Endpoint(_) => host.display_name(),
    };
    let key = host.key().to_string();
    let mut page = Page::new(width.saturating_sub(taken + 1), model.theme);
    page.line(vec![
        (format!(" {}", text::clean(&key)), Tone::Strong),
        (format!("  {glyph} {}{stage}", diagnosis.state), tone),
        (
            name.map_or_else(String::new, |name| format!("  {}", text::clean(name))),
            Tone::Strong,
        ),
    ]);
    let mut line = page.lines.pop().unwrap_or_default();
    let gap = width.saturating_sub(line.width() + taken);
    line.push_span(Span::raw(" ".repeat(gap)));
    line.push_span(Span::styled(position, model.theme.style(Tone::Dim)));
    line
}

/// The names of the sections, each behind its digit; the one in view is marked.
pub(super) fn strip(theme: Theme, current: usize, width: u16) -> Line<'static> {
    let long = |index: usize| SECTIONS.get(index).map_or("", |(_, name, _)| name);
    let short = |index: usize| SECTIONS.get(index).map_or("", |(.., name)| name);
    let needed: usize = (0..SECTIONS.len()).map(|index| long(index).len() + 4).sum();
    let fits = needed <= usize::from(width) + 1;
    let mut spans = Vec::with_capacity(SECTIONS.len() * 2);
    for index in 0..SECTIONS.len() {
        let name = if fits { long(index) } else { short(index) };
        let (mark, style) = if index == current {
            (
                glyphs::here(theme),
                theme.style(Tone::Accent).add_modifier(Modifier::BOLD),
            )
        } else {
            (" ", theme.style(Tone::Dim))
        };
        spans.push(Span::styled(format!("{mark}{} {name}", index + 1), style));
        spans.push(Span::raw(" "));
    }
    spans.pop();
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strip_fits_every_screen_and_marks_one_section_without_colour() {
        for ascii in [false, true] {
            for width in [60, 79, 80, 120, 200] {
                for current in 0..SECTIONS.len() {
                    let theme = Theme {
                        palette: crate::tui::theme::Palette::Mono,
                        ascii,
                    };
                    let line = strip(theme, current, width);
                    assert!(line.width() <= usize::from(width), "{width}: {line}");
                    let text = line.to_string();
                    let marked = format!("{}{} ", glyphs::here(theme), current + 1);
                    assert!(text.contains(&marked), "{text}");
                    assert_eq!(text.matches(glyphs::here(theme)).count(), 1);
                }
            }
        }
    }
}
