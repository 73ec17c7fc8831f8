//! Attempts from left to right, a few cells each, with lines of bars and numbers.

use super::super::mark::Mark;
use super::super::page::{Page, Piece};
use crate::diagnosis::Ending;
use crate::model::Attempt;
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

/// Cells of an attempt: the digits of the greatest number, and a gap.
pub(super) const fn cell(newest: usize) -> usize {
    if newest < 100 { 3 } else { 4 }
}

/// Cells of a bar.
const BAR: usize = 2;
/// Cells of the scale, to the right of the chart.
pub(super) const SCALE: usize = 12;
/// Lines of a bar at its highest.
const HEIGHT: usize = 3;
/// Steps within a line.
const STEPS: usize = 8;

pub(super) struct Chart<'a> {
    pub(super) attempts: &'a [&'a Attempt],
    /// Attempts before them. The chart shows places: an attempt's own number continues after a re-probe.
    pub(super) older: usize,
    /// Cells of each.
    pub(super) cell: usize,
    pub(super) theme: Theme,
}

impl Chart<'_> {
    pub(super) fn numbers(&self) -> impl Iterator<Item = Piece> {
        let cell = self.cell;
        // The last digits distinguish neighbours.
        let number = move |nth: usize| (format!("{:<cell$}", nth % 1000), Tone::Dim);
        (self.older + 1..).take(self.attempts.len()).map(number)
    }

    pub(super) fn endings<'a>(
        &self,
        endings: impl Iterator<Item = Ending<'a>>,
    ) -> impl Iterator<Item = Piece> {
        let (cell, theme) = (self.cell, self.theme);
        endings.map(move |ending| {
            let mark = match ending {
                Ending::Through => Mark::Good,
                Ending::Failed(..) => Mark::Bad,
                Ending::NotCounted => Mark::None,
            };
            (format!("{:<cell$}", mark.glyph(theme)), mark.tone())
        })
    }

    /// A bar for each attempt that has a value, with the greatest as the scale.
    pub(super) fn bars(
        &self,
        name: &str,
        value: impl Fn(&Attempt) -> Option<f64>,
        page: &mut Page,
    ) {
        let cell = self.cell;
        let values: Vec<Option<f64>> = self.attempts.iter().map(|attempt| value(attempt)).collect();
        let most = values.iter().flatten().copied().fold(0.0_f64, f64::max);
        if most <= 0.0 {
            return;
        }
        for row in (0..HEIGHT).rev() {
            let bar = |value: &Option<f64>| {
                let bar = value.map_or(" ", |value| self.slice(steps(value, most), row));
                (format!("{:<cell$}", bar.repeat(BAR)), Tone::Notice)
            };
            let (name, scale) = match row {
                0 => ("", " 0".to_owned()),
                row if row + 1 == HEIGHT => (name, format!(" {}", text::millis(most))),
                _ => ("", String::new()),
            };
            page.labeled(name, values.iter().map(bar).chain([(scale, Tone::Dim)]));
        }
    }

    /// The part of a bar of some steps in a row, 0 the lowest.
    fn slice(&self, steps: usize, row: usize) -> &'static str {
        match steps.saturating_sub(row * STEPS) {
            0 => " ",
            rest => self.theme.spark(rest.min(STEPS) - 1),
        }
    }

    /// A number for each attempt; no line when all are 0.
    pub(super) fn counts(&self, name: &str, count: impl Fn(&Attempt) -> u32, page: &mut Page) {
        let cell = self.cell;
        let counts: Vec<u32> = self.attempts.iter().map(|attempt| count(attempt)).collect();
        if counts.iter().any(|count| *count > 0) {
            let zero = Mark::None.glyph(self.theme);
            let pieces = counts.into_iter().map(|count| match count {
                0 => (format!("{zero:<cell$}"), Tone::Dim),
                count => (format!("{:<cell$}", count.min(99)), Tone::Warn),
            });
            page.labeled(name, pieces);
        }
    }
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
