//! The time axis: cells of stages, and ticks.

use crate::tui::text;
use crate::tui::theme::Theme;

/// Cells between two ticks, at least: room for a label.
const LEAST_TICK: usize = 11;

#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    /// Microseconds at the right end.
    end: u64,
    width: usize,
    /// Microseconds between two ticks.
    step: u64,
}

impl Axis {
    pub(super) fn new(end: u64, width: usize) -> Self {
        let end = end.max(1);
        let least = u64::try_from(LEAST_TICK).unwrap_or(u64::MAX);
        let wanted = end
            .saturating_mul(least)
            .div_ceil(u64::try_from(width.max(1)).unwrap_or(1));
        Self {
            end,
            width,
            step: round_up(wanted),
        }
    }

    fn cell(&self, us: u64) -> usize {
        let cells = us.saturating_mul(self.width as u64) / self.end;
        usize::try_from(cells).unwrap_or(self.width).min(self.width)
    }

    /// Cells of the ticks, with their times.
    fn ticks(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        (0..)
            .map_while(|number: u64| number.checked_mul(self.step))
            .take_while(|us| *us <= self.end)
            .map(|us| (self.cell(us), us))
            .take(self.width + 1)
    }

    pub(super) fn labels(&self, theme: Theme) -> String {
        let mut line = String::new();
        for (cell, us) in self.ticks() {
            let label = match us {
                0 => "0".to_owned(),
                us => label(us),
            };
            let label = format!("{}{label}", theme.grid());
            let at = text::width(&line);
            // The last label may reach beyond the axis, to the durations.
            if cell < at {
                continue;
            }
            line.push_str(&" ".repeat(cell - at));
            line.push_str(&label);
        }
        line
    }

    /// A stage's bar of at least one cell, between the parts of the grid before and after it.
    pub(super) fn bar(&self, start: u64, end: u64, theme: Theme) -> [String; 3] {
        let first = self.cell(start).min(self.width.saturating_sub(1));
        let last = self.cell(end).max(first + 1).min(self.width);
        let mut grid = vec![" "; self.width];
        for (cell, _) in self.ticks() {
            if let Some(empty) = grid.get_mut(cell) {
                *empty = theme.grid();
            }
        }
        let part = |from: usize, to: usize| grid.get(from..to).unwrap_or_default().concat();
        [
            part(0, first),
            theme.bar().repeat(last.saturating_sub(first)),
            part(last, self.width),
        ]
    }
}

/// To one of 1, 2, 5, 10, 20, 50...
fn round_up(us: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let step = power.saturating_mul(factor);
            if step >= us || step == u64::MAX {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// A round time: `50 us`, `20 ms`, `5 s`.
fn label(us: u64) -> String {
    if us.is_multiple_of(1_000_000) {
        format!("{} s", us / 1_000_000)
    } else if us.is_multiple_of(1_000) {
        format!("{} ms", us / 1_000)
    } else {
        format!("{:.1} ms", us as f64 / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_round_and_stand_where_their_times_do() {
        let theme = Theme {
            palette: crate::tui::theme::Palette::Mono,
            ascii: true,
        };
        let axis = Axis::new(30_000, 60);
        assert_eq!(
            axis.labels(theme),
            ":0                  :10 ms              :20 ms              :30 ms"
        );
        let [before, bar, after] = axis.bar(10_000, 20_000, theme);
        assert_eq!((before.len(), bar.len(), after.len()), (20, 20, 20));
        assert!(before.starts_with(':') && after.starts_with(':'));
    }

    proptest! {
        #[test]
        fn a_bar_fills_its_width_and_always_shows(
            start_us in any::<u32>(),
            duration_us in any::<u32>(),
            end in any::<u64>(),
            width in 1usize..80,
        ) {
            let start = u64::from(start_us);
            let theme = Theme { palette: crate::tui::theme::Palette::Dark, ascii: true };
            let [before, bar, after] = Axis::new(end, width).bar(start, start + u64::from(duration_us), theme);
            prop_assert!(!bar.is_empty());
            prop_assert_eq!(before.len() + bar.len() + after.len(), width);
        }

        #[test]
        fn labels_never_run_into_each_other(end in any::<u64>(), width in 1usize..200) {
            let theme = Theme { palette: crate::tui::theme::Palette::Dark, ascii: true };
            let line = Axis::new(end, width).labels(theme);
            prop_assert!(line.split(':').skip(1).all(|label| !label.is_empty()));
        }
    }
}
