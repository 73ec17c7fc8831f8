//! The overview: the fleet in bars.

mod expiry_days;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::counts::grouped;
use crate::table::{Bar, Overview, OverviewMark, Panel};
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};
use crate::tui::view::widgets::put;

/// Cells of a panel at least, and between two.
const NARROWEST: u16 = 52;
const GAP: u16 = 3;
/// Cells of a label, and of a count with its share.
const LABEL: usize = 28;
const COUNT: usize = 12;

/// The place of a panel on a page that may be longer than the screen.
struct Place {
    column: u16,
    line: usize,
    /// Lines between its title and its first bar.
    head: usize,
}

/// Draws the panels side by side where there is room, scrolled to the marked bar.
pub(super) fn render(
    overview: &Overview,
    mark: OverviewMark,
    theme: Theme,
    area: Rect,
    buffer: &mut Buffer,
) {
    if area.width < 2 || area.height == 0 {
        return;
    }
    let columns = ((area.width + GAP) / (NARROWEST + GAP)).clamp(1, 3);
    let width = (area.width + GAP) / columns - GAP;
    let heads: Vec<Vec<Line<'static>>> = overview
        .panels
        .iter()
        .map(|panel| expiry_days::lines((&panel.days, panel.soon), theme, width, area))
        .collect();
    let (places, height) = arrange(overview, &heads, columns);
    let marked = places
        .get(mark.panel)
        .map_or(0, |place| place.line + 1 + place.head + mark.bar);
    let room = usize::from(area.height);
    // One line below the bar stays visible, to show that the page goes on.
    let scroll = (marked + 2)
        .saturating_sub(room)
        .min(height.saturating_sub(room));
    let panels = overview.panels.iter().zip(heads).zip(&places);
    for (index, ((panel, head), place)) in panels.enumerate() {
        let x = area.x + place.column * (width + GAP);
        let bar = (index == mark.panel).then_some(mark.bar);
        for (number, line) in lines(panel, head, bar, theme, width)
            .into_iter()
            .enumerate()
        {
            let Some(y) = (place.line + number).checked_sub(scroll) else {
                continue;
            };
            let Ok(y) = u16::try_from(y) else {
                continue;
            };
            if y < area.height {
                put(&line, x, area.y + y, width, buffer);
            }
        }
    }
}

/// Places each panel in the shortest column, and returns the places and the height of the page.
fn arrange(overview: &Overview, heads: &[Vec<Line<'static>>], columns: u16) -> (Vec<Place>, usize) {
    let mut heights = vec![0_usize; usize::from(columns)];
    let places = overview
        .panels
        .iter()
        .zip(heads)
        .map(|(panel, head)| {
            let shortest = heights
                .iter()
                .enumerate()
                .min_by_key(|(_, height)| **height)
                .map_or(0, |(column, _)| column);
            let line = heights.get(shortest).copied().unwrap_or(0);
            if let Some(height) = heights.get_mut(shortest) {
                *height += head.len() + panel.bars.len().max(1) + 2;
            }
            Place {
                column: u16::try_from(shortest).unwrap_or(0),
                line,
                head: head.len(),
            }
        })
        .collect();
    (places, heights.into_iter().max().unwrap_or(0))
}

fn lines(
    panel: &Panel,
    head: Vec<Line<'static>>,
    marked: Option<usize>,
    theme: Theme,
    width: u16,
) -> Vec<Line<'static>> {
    let rule = usize::from(width).saturating_sub(text::width(panel.title) + 3);
    let mut lines = vec![Line::from(vec![
        theme.span(format!(" {} ", panel.title), Tone::Accent),
        theme.span(theme.rule().repeat(rule), Tone::Dim),
    ])];
    lines.extend(head);
    if panel.bars.is_empty() {
        lines.push(theme.line(format!("  {}", panel.empty), Tone::Dim));
        return lines;
    }
    let most = panel.bars.iter().map(|bar| bar.count).max().unwrap_or(0);
    let labels = panel
        .bars
        .iter()
        .map(|bar| text::width(&bar.label))
        .max()
        .unwrap_or(0)
        .min(LABEL);
    let room = usize::from(width).saturating_sub(labels + COUNT + 6);
    for (index, bar) in panel.bars.iter().enumerate() {
        let here = marked == Some(index);
        lines.push(line(bar, here, theme, (labels, room, most)));
    }
    lines
}

fn line(
    bar: &Bar,
    marked: bool,
    theme: Theme,
    (labels, room, most): (usize, usize, usize),
) -> Line<'static> {
    let tone = if bar.count == 0 {
        Tone::Dim
    } else {
        bar.weight.into()
    };
    let cells = (bar.count * room).checked_div(most).unwrap_or(0);
    // At least one cell, however few hosts.
    let cells = cells.max(usize::from(bar.count > 0)).min(room);
    let label = theme.cut(&bar.label, labels);
    let gap = labels.saturating_sub(text::width(&label));
    let share = bar
        .percent()
        .map_or_else(String::new, |share| format!("{share:>3}%"));
    let sign = if marked { theme.cursor() } else { " " };
    let label_tone = if marked { Tone::Inverse } else { Tone::Plain };
    Line::from(vec![
        Span::raw(format!("{sign} ")),
        theme.span(label, label_tone),
        Span::raw(" ".repeat(gap + 1)),
        Span::raw(format!("{:>6} {share} ", grouped(bar.count as u64))),
        theme.span(theme.bar().repeat(cells), tone),
    ])
}
