//! The top of a host's page, which does not scroll: the host, and the bar of sections.

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::page::Page;
use crate::model::HostKey;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

/// Titles in the page, names in the bar, and names where the bar has little room.
///
/// INVARIANT: in the order of the page. The digit before a name is its position, counted from 1.
pub(super) const SECTIONS: [(&str, &str, &str); 8] = [
    ("Answer", "Answer", "Why"),
    ("Timeline", "Timeline", "Time"),
    ("Names and addresses", "Names", "Names"),
    ("TLS and certificate", "Certificate", "Cert"),
    ("Stability", "Stability", "Stab"),
    ("Identity (NTLM)", "Identity", "Id"),
    ("History", "History", "Hist"),
    ("Raw (JSON)", "Raw", "Raw"),
];

/// The host in one line; at the right edge the number of lines below, and its place among the rows.
pub(super) fn host_line(model: &Model, below: usize, width: u16) -> Line<'static> {
    let width = usize::from(width);
    let Some(host) = model.host() else {
        return Line::default();
    };
    let diagnosis = &host.diagnosis;
    let (glyph, tone) = model.theme.state(diagnosis.state);
    let stage = diagnosis
        .failed_stage
        .map_or_else(String::new, |stage| format!(" at {stage}"));
    let name = match host.key() {
        // The key is the name.
        HostKey::Unresolved { .. } => None,
        HostKey::Endpoint(_) => host.display_name(),
    };
    let name = name.map_or_else(String::new, |name| format!("  {}", text::clean(name)));
    let key = host.key().to_string();
    let pieces = vec![
        (format!(" {}", text::clean(&key)), Tone::Strong),
        (format!("  {glyph} {}{stage}", diagnosis.state), tone),
        (name, Tone::Strong),
    ];
    let mut position = model.table.position().map_or_else(String::new, |row| {
        format!("{} of {} ", row + 1, model.rows().len())
    });
    let below = match below {
        0 => String::new(),
        below => format!("{below} lines below{}", model.theme.separator()),
    };
    // The name matters more.
    let whole: usize = pieces.iter().map(|(piece, _)| text::width(piece)).sum();
    if whole + 1 + text::width(&below) + text::width(&position) <= width {
        position = format!("{below}{position}");
    }
    let taken = text::width(&position);
    let mut page = Page::new(width.saturating_sub(taken + 1), model.theme);
    page.line(pieces);
    let mut line = page.lines.pop().unwrap_or_default();
    let gap = width.saturating_sub(line.width() + taken);
    line.push_span(Span::raw(" ".repeat(gap)));
    line.push_span(model.theme.span(position, Tone::Dim));
    line
}

/// The sections, each behind its digit; the one in view is marked.
pub(super) fn sections(theme: Theme, current: usize, width: u16) -> Line<'static> {
    let mut spans = Vec::with_capacity(SECTIONS.len() * 2);
    for (index, name) in names(width).into_iter().enumerate() {
        let (mark, style) = if index == current {
            let style = theme.style(Tone::Accent).add_modifier(Modifier::BOLD);
            (theme.cursor(), style)
        } else {
            (" ", theme.style(Tone::Dim))
        };
        spans.push(Span::styled(format!("{mark}{} {name}", index + 1), style));
        spans.push(Span::raw(" "));
    }
    spans.pop();
    Line::from(spans)
}

/// As many whole names as have room: those that gain most by it are shortened first.
fn names(width: u16) -> [&'static str; SECTIONS.len()] {
    let mut names = SECTIONS.map(|(_, long, _)| long);
    while names.iter().map(|name| name.len() + 4).sum::<usize>() > usize::from(width) + 1 {
        let gain = |name: &str, short: &str| name.len().saturating_sub(short.len());
        let pairs = names.iter_mut().zip(SECTIONS);
        let best = pairs.max_by_key(|(name, (.., short))| gain(name, short));
        match best {
            Some((name, (.., short))) if gain(name, short) > 0 => *name = short,
            _ => break,
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_bar_fits_every_screen_and_marks_one_section_without_colour() {
        for ascii in [false, true] {
            for width in [60, 79, 80, 120, 200] {
                for current in 0..SECTIONS.len() {
                    let theme = Theme {
                        palette: crate::tui::theme::Palette::Mono,
                        ascii,
                    };
                    let line = sections(theme, current, width);
                    assert!(line.width() <= usize::from(width), "{width}: {line}");
                    let text = line.to_string();
                    let marked = format!("{}{} ", theme.cursor(), current + 1);
                    assert!(text.contains(&marked), "{text}");
                    assert_eq!(text.matches(theme.cursor()).count(), 1);
                }
            }
        }
    }
}
