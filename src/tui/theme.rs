//! Colours and glyphs. A colour only repeats what a word and a glyph have already said.

use ratatui::style::{Color, Modifier, Style};

use crate::model::{HostState, Severity};

/// What a piece of text means to the eye; the theme decides how that looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Ordinary.
    Plain,
    /// Beside the point.
    Dim,
    /// Worth a second look for its own sake.
    Strong,
    /// In order.
    Good,
    /// Neutral information.
    Notice,
    /// Wrong, but it works.
    Warn,
    /// Broken.
    Bad,
    /// Headings and what can be pressed.
    Accent,
    /// The row under the cursor, and banners that must be seen.
    Inverse,
}

/// How things look.
///
/// Only the sixteen colours that every terminal lets its user choose are used, and no background but the inverse of what is
/// there, so that light and dark terminals both stay readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Use colour. Off under `NO_COLOR`: every style then has the terminal's own colours.
    pub color: bool,
    /// Use only ASCII glyphs.
    pub ascii: bool,
}

impl Default for Theme {
    fn default() -> Self {
        Self {
            color: true,
            ascii: false,
        }
    }
}

impl Theme {
    /// The style of a tone.
    pub(super) fn style(self, tone: Tone) -> Style {
        let (color, modifier) = match tone {
            Tone::Plain => (Color::Reset, Modifier::empty()),
            Tone::Dim => (Color::Reset, Modifier::DIM),
            Tone::Strong => (Color::Reset, Modifier::BOLD),
            Tone::Good => (Color::Green, Modifier::empty()),
            Tone::Notice => (Color::Cyan, Modifier::empty()),
            Tone::Warn => (Color::Yellow, Modifier::empty()),
            Tone::Bad => (Color::Red, Modifier::BOLD),
            Tone::Accent => (Color::Cyan, Modifier::BOLD),
            Tone::Inverse => (Color::Reset, Modifier::REVERSED),
        };
        let color = if self.color { color } else { Color::Reset };
        Style::new().fg(color).add_modifier(modifier)
    }

    /// Glyph (one cell) and tone of a state.
    pub(super) const fn state(self, state: HostState) -> (&'static str, Tone) {
        let (glyph, ascii, tone) = match state {
            HostState::Broken => ("✖", "x", Tone::Bad),
            HostState::Degraded => ("▲", "!", Tone::Warn),
            HostState::NotRdp => ("◆", "?", Tone::Notice),
            HostState::Unreachable => ("⊘", "#", Tone::Notice),
            HostState::Filtered => ("□", ".", Tone::Dim),
            HostState::Closed => ("○", "o", Tone::Dim),
            HostState::Healthy => ("✔", "+", Tone::Good),
        };
        (if self.ascii { ascii } else { glyph }, tone)
    }

    /// Glyph and tone of a severity.
    pub(super) const fn severity(self, severity: Severity) -> (&'static str, Tone) {
        let (glyph, ascii, tone) = match severity {
            Severity::Critical => ("✖", "x", Tone::Bad),
            Severity::High => ("▲", "!", Tone::Bad),
            Severity::Medium => ("▲", "!", Tone::Warn),
            Severity::Low => ("▪", "-", Tone::Notice),
            Severity::Info => ("·", ".", Tone::Dim),
        };
        (if self.ascii { ascii } else { glyph }, tone)
    }

    const fn glyph(self, glyph: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { glyph }
    }

    /// Stands where text was cut.
    pub(super) const fn ellipsis(self) -> &'static str {
        self.glyph("…", "~")
    }

    /// Marks the row under the cursor.
    pub(super) const fn cursor(self) -> &'static str {
        self.glyph("›", ">")
    }

    /// Between two pieces of a line.
    pub(super) const fn separator(self) -> &'static str {
        self.glyph(" · ", " | ")
    }

    /// Leads from a name to an address.
    pub(super) const fn arrow(self) -> &'static str {
        self.glyph("→", "->")
    }

    /// The full part of a bar.
    pub(super) const fn bar(self) -> &'static str {
        self.glyph("█", "#")
    }

    /// The empty part of a bar.
    pub(super) const fn groove(self) -> &'static str {
        self.glyph("░", "-")
    }

    /// An attempt that failed, in a sparkline.
    pub(super) const fn cross(self) -> &'static str {
        self.glyph("✗", "x")
    }

    /// One of eight heights of a sparkline's bar, 0 the lowest.
    pub(super) fn spark(self, level: usize) -> &'static str {
        const BLOCKS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
        const ASCII: [&str; 8] = ["_", "_", ".", "-", "-", "=", "=", "#"];
        let set = if self.ascii { ASCII } else { BLOCKS };
        set.get(level.min(7)).copied().unwrap_or(" ")
    }

    /// The direction of the sort.
    pub(super) const fn order(self, inverted: bool) -> &'static str {
        if inverted {
            self.glyph("▼", "v")
        } else {
            self.glyph("▲", "^")
        }
    }

    /// Rules under headings.
    pub(super) const fn rule(self) -> &'static str {
        self.glyph("─", "-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_every_tone_has_the_terminals_own() {
        let theme = Theme {
            color: false,
            ascii: false,
        };
        for tone in [Tone::Good, Tone::Warn, Tone::Bad, Tone::Accent] {
            assert_eq!(theme.style(tone).fg, Some(Color::Reset));
        }
    }

    #[test]
    fn states_differ_by_glyph_and_not_by_colour_alone() {
        for ascii in [false, true] {
            let theme = Theme { color: true, ascii };
            let mut glyphs: Vec<_> = HostState::ALL
                .iter()
                .map(|state| theme.state(*state).0)
                .collect();
            glyphs.sort_unstable();
            glyphs.dedup();
            assert_eq!(glyphs.len(), HostState::ALL.len());
        }
    }
}
