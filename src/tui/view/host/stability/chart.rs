//! Attempts from left to right, a few cells each, with bars and numbers below one another.

use super::super::glyphs::Mark;
use super::super::page::LABEL;
use crate::diagnosis::Ending;
use crate::model::Attempt;
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

/// Cells of an attempt where the greatest number is this: as many as its digits, and one between.
pub(super) const fn cell(newest: usize) -> usize {
    if newest < 100 { 3 } else { 4 }
}

/// Cells of a bar.
const BAR: usize = 2;
/// Cells to the right of the chart, for the scale.
pub(super) const SCALE: usize = 12;
/// Lines of a bar at its highest.
const HEIGHT: usize = 3;
/// Steps within a line.
const STEPS: usize = 8;

type Pieces = Vec<(String, Tone)>;

/// A chart over some attempts.
pub(super) struct Chart<'a> {
    pub(super) attempts: &'a [&'a Attempt],
    /// Attempts before them. What is shown are places: an attempt's own number goes on where a host was probed anew.
    pub(super) older: usize,
    /// Cells of each.
    pub(super) cell: usize,
    pub(super) theme: Theme,
}

impl Chart<'_> {
    /// The attempts' numbers.
    pub(super) fn numbers(&self) -> Pieces {
        let cell = self.cell;
        let mut pieces = label("attempt");
        for nth in (self.older + 1..).take(self.attempts.len()) {
            // The last digits tell neighbours apart, however many there are.
            let number = nth % 1000;
            pieces.push((format!("{number:<cell$}"), Tone::Dim));
        }
        pieces
    }

    /// How each ended.
    pub(super) fn ended<'a>(&self, endings: impl Iterator<Item = Ending<'a>>) -> Pieces {
        let cell = self.cell;
        let mut pieces = label("ended");
        for ending in endings {
            let mark = match ending {
                Ending::Through => Mark::Good,
                Ending::Failed(..) => Mark::Bad,
                Ending::NotCounted => Mark::None,
            };
            let glyph = mark.glyph(self.theme);
            pieces.push((format!("{glyph:<cell$}"), mark.tone()));
        }
        pieces
    }

    /// A bar for each attempt that has a value, up to the greatest, which is said beside it.
    pub(super) fn bars(&self, name: &str, value: impl Fn(&Attempt) -> Option<f64>) -> Vec<Pieces> {
        let cell = self.cell;
        let values: Vec<Option<f64>> = self.attempts.iter().map(|attempt| value(attempt)).collect();
        let most = values.iter().flatten().copied().fold(0.0_f64, f64::max);
        if most <= 0.0 {
            return Vec::new();
        }
        (0..HEIGHT)
            .rev()
            .map(|row| {
                let mut pieces = label(if row + 1 == HEIGHT { name } else { "" });
                for value in &values {
                    let bar = value.map_or(" ", |value| self.slice(steps(value, most), row));
                    let bar = bar.repeat(BAR);
                    pieces.push((format!("{bar:<cell$}"), Tone::Notice));
                }
                if row + 1 == HEIGHT {
                    pieces.push((format!(" {}", text::millis(most)), Tone::Dim));
                } else if row == 0 {
                    pieces.push((" 0".to_owned(), Tone::Dim));
                }
                pieces
            })
            .collect()
    }

    /// The part of a bar of some steps that stands in a row, 0 the lowest.
    fn slice(&self, steps: usize, row: usize) -> &'static str {
        match steps.saturating_sub(row * STEPS) {
            0 => " ",
            rest => self.theme.spark(rest.min(STEPS) - 1),
        }
    }

    /// A number for each attempt; `None` when all are 0.
    pub(super) fn counts(&self, name: &str, count: impl Fn(&Attempt) -> u32) -> Option<Pieces> {
        let counts: Vec<u32> = self.attempts.iter().map(|attempt| count(attempt)).collect();
        if counts.iter().all(|count| *count == 0) {
            return None;
        }
        let cell = self.cell;
        let mut pieces = label(name);
        for count in counts {
            pieces.push(match count {
                0 => (
                    format!("{:<cell$}", Mark::None.glyph(self.theme)),
                    Tone::Dim,
                ),
                count => (format!("{:<cell$}", count.min(99)), Tone::Warn),
            });
        }
        Some(pieces)
    }
}

fn label(name: &str) -> Pieces {
    vec![(format!("  {name:<LABEL$}"), Tone::Dim)]
}

/// Steps of a bar, at least one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 1..=24 before"
)]
fn steps(value: f64, most: f64) -> usize {
    let all = (HEIGHT * STEPS) as f64;
    (value / most * all).round().clamp(1.0, all) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_has_at_least_one_step_and_at_most_all() {
        assert_eq!(steps(0.0, 10.0), 1);
        assert_eq!(steps(10.0, 10.0), HEIGHT * STEPS);
        assert_eq!(steps(5.0, 10.0), HEIGHT * STEPS / 2);
    }

    #[test]
    fn a_bar_is_full_below_its_top_and_empty_above() {
        for ascii in [false, true] {
            let chart = Chart {
                older: 0,
                attempts: &[],
                cell: 3,
                theme: Theme {
                    palette: crate::tui::theme::Palette::Mono,
                    ascii,
                },
            };
            let full = chart.theme.spark(7);
            assert_eq!(chart.slice(STEPS * 2 + 1, 0), full);
            assert_eq!(chart.slice(STEPS * 2 + 1, 1), full);
            assert_eq!(chart.slice(STEPS * 2 + 1, 2), chart.theme.spark(0));
            assert_eq!(chart.slice(STEPS, 1), " ");
        }
    }
}
