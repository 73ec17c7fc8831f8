//! Certificates by the day on which they expire: the next 90 days, above the bars of their weeks.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::counts::grouped;
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

/// Cells before the first day, as before the labels of bars.
const INDENT: usize = 2;
/// Up to this height of the overview the bars need every line: no days are shown.
const LOW: u16 = 12;
/// From this height on the days have two rows.
const HIGH: u16 = 30;
/// Heights that a cell can show.
const LEVELS: usize = 8;
/// Days between two numbers of the scale.
const STEP: usize = 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Scale {
    /// Days that share a cell.
    per_cell: usize,
    /// Lines of blocks.
    rows: usize,
}

impl Scale {
    /// The finest that fits into a panel of this width, in an overview of this area.
    fn fitting(days: usize, width: u16, area: Rect, theme: Theme) -> Option<Self> {
        if area.height <= LOW || days == 0 {
            return None;
        }
        let room = usize::from(width).checked_sub(INDENT)?;
        let per_cell = [1, 2, 3]
            .into_iter()
            .find(|per_cell| days.div_ceil(*per_cell) <= room)?;
        // Numbers need no second line.
        let rows = if area.height >= HIGH && !theme.ascii {
            2
        } else {
            1
        };
        Some(Self { per_cell, rows })
    }
}

/// The days as lines, the nearest left, up to the day `soon` in the tone of expiring certificates. None where there is no room,
/// or nothing expires.
pub(super) fn lines(
    (days, soon): (&[usize], usize),
    theme: Theme,
    width: u16,
    area: Rect,
) -> Vec<Line<'static>> {
    let Some(scale) = Scale::fitting(days.len(), width, area, theme) else {
        return Vec::new();
    };
    let cells: Vec<usize> = days
        .chunks(scale.per_cell)
        .map(|days| days.iter().sum())
        .collect();
    let most = cells.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return Vec::new();
    }
    let mut lines: Vec<Line<'static>> = (0..scale.rows)
        .rev()
        .map(|row| {
            let mut spans = vec![Span::raw(" ".repeat(INDENT))];
            spans.extend(cells.iter().enumerate().map(|(cell, count)| {
                let tone = if cell * scale.per_cell <= soon {
                    Tone::Warn
                } else {
                    Tone::Notice
                };
                theme.span(block(*count, most, (row, scale.rows), theme), tone)
            }));
            Line::from(spans)
        })
        .collect();
    if let Some(first) = lines.first_mut() {
        let room = usize::from(width).saturating_sub(INDENT + cells.len());
        first.push_span(theme.span(highest(most, scale.per_cell, room), Tone::Dim));
    }
    let numbers = numbers(days.len(), scale.per_cell, usize::from(width));
    lines.push(theme.line(numbers, Tone::Dim));
    lines
}

/// One cell of a row, the lowest row being 0; not empty unless the count is 0.
fn block(count: usize, most: usize, (row, rows): (usize, usize), theme: Theme) -> String {
    if count == 0 {
        return " ".to_owned();
    }
    if theme.ascii {
        return if count < 10 {
            count.to_string()
        } else {
            theme.bar().to_owned()
        };
    }
    let height = (count * rows * LEVELS).div_ceil(most.max(1));
    match height.saturating_sub(row * LEVELS) {
        0 => " ".to_owned(),
        left => theme.spark(left - 1).to_owned(),
    }
}

/// The count of the highest cell, as far as there is room for it.
fn highest(most: usize, per_cell: usize, room: usize) -> String {
    let short = format!(" up to {}", grouped(most as u64));
    let long = match per_cell {
        1 => format!("{short} a day"),
        days => format!("{short} in {days} days"),
    };
    [long, short]
        .into_iter()
        .find(|text| text::width(text) <= room)
        .unwrap_or_default()
}

/// The axis: `0 … 30 … 60 … 90 days`, each number below its day.
fn numbers(days: usize, per_cell: usize, width: usize) -> String {
    let mut line = String::new();
    for day in (0..=days).step_by(STEP) {
        let at = INDENT + day / per_cell;
        let number = if day + STEP > days {
            format!("{day} days")
        } else {
            day.to_string()
        };
        // The end of the axis may lie beyond the last cell of a narrow panel.
        let at = at.min(width.saturating_sub(number.len()));
        line.push_str(&" ".repeat(at.saturating_sub(line.len())));
        line.push_str(&number);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect::new(0, 0, 200, 20);

    fn drawn(days: &[usize], width: u16, area: Rect, ascii: bool) -> Vec<String> {
        let theme = Theme {
            ascii,
            ..Theme::default()
        };
        lines((days, 30), theme, width, area)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn ninety(filled: &[(usize, usize)]) -> Vec<usize> {
        let mut days = vec![0; 90];
        for (day, count) in filled {
            days[*day] = *count;
        }
        days
    }

    #[test]
    fn a_day_stands_above_its_number() {
        for (width, per_cell) in [(120, 1), (60, 2), (40, 3)] {
            let lines = drawn(&ninety(&[(30, 1), (60, 2)]), width, AREA, false);
            let [blocks, numbers] = lines.as_slice() else {
                unreachable!("two lines at {width}: {lines:?}");
            };
            let at = |text: &str| numbers.find(text).unwrap();
            assert_eq!(at("30"), INDENT + 30 / per_cell);
            assert_eq!(blocks.chars().nth(at("30")), Some('▄'), "{blocks}");
            assert_eq!(blocks.chars().nth(at("60")), Some('█'), "{blocks}");
        }
    }

    #[test]
    fn what_ends_soon_is_what_the_policy_calls_so() {
        let theme = Theme::default();
        for soon in [0, 7, 30, 60] {
            let lines = lines((&ninety(&[(3, 1)]), soon), theme, 120, AREA);
            let warned = lines[0]
                .spans
                .iter()
                .filter(|span| span.style == theme.style(Tone::Warn));
            assert_eq!(warned.count(), soon + 1);
        }
    }

    #[test]
    fn days_that_share_a_cell_are_added_up() {
        let lines = drawn(&ninety(&[(0, 2), (1, 3), (2, 5)]), 60, AREA, true);
        assert!(lines[0].starts_with("  55 "), "{lines:?}");
        assert!(lines[0].ends_with(" up to 5"), "{lines:?}");
    }

    #[test]
    fn in_ascii_a_cell_is_its_number_up_to_nine() {
        let lines = drawn(&ninety(&[(0, 9), (89, 10)]), 100, AREA, true);
        assert_eq!(lines[0].find('9'), Some(2));
        assert_eq!(lines[0].find('#'), Some(91));
    }

    #[test]
    fn a_high_screen_has_two_rows_and_little_is_still_seen() {
        let high = Rect { height: 40, ..AREA };
        let lines = drawn(&ninety(&[(0, 1_000), (4, 1)]), 100, high, false);
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("  █ "), "{lines:?}");
        assert!(lines[1].starts_with("  █   ▁"), "{lines:?}");
    }

    #[test]
    fn without_room_or_without_certificates_there_is_nothing() {
        let some = ninety(&[(3, 1)]);
        assert!(drawn(&some, 20, AREA, false).is_empty());
        let low = Rect {
            height: LOW,
            ..AREA
        };
        assert!(drawn(&some, 100, low, false).is_empty());
        assert!(drawn(&ninety(&[]), 100, AREA, false).is_empty());
        assert!(drawn(&[], 100, AREA, false).is_empty());
    }

    #[test]
    fn no_line_is_wider_than_its_panel() {
        let days = ninety(&[(0, 1_000_000), (89, 3)]);
        for width in 0..130 {
            for line in drawn(&days, width, AREA, false) {
                assert!(text::width(&line) <= usize::from(width), "{width}: {line}");
            }
        }
    }
}
