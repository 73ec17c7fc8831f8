//! Colours and glyphs. A colour only repeats what a word and a glyph have already said.

use ratatui::style::{Color, Modifier, Style};

use crate::model::{HostState, Severity};
use crate::table::Weight;

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

/// A set of colours.
///
/// Only the sixteen colours that every terminal lets its user choose are used, and no background but the inverse of what is
/// there, so that no palette can paint text in the colour of its ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Palette {
    /// For light text on a dark ground.
    #[default]
    Dark,
    /// For dark text on a light ground: no yellow and no light colour.
    Light,
    /// No colour at all, as under `NO_COLOR`: bold, dim and inverse only.
    Mono,
    /// Blue against yellow in place of green against red, which deuteranopes and protanopes tell apart.
    ColourBlind,
}

impl Palette {
    /// All, in the order in which the key goes through them.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::Mono, Self::ColourBlind];

    /// The word used in settings and on screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Mono => "mono",
            Self::ColourBlind => "colour-blind",
        }
    }

    /// Whether a terminal of this name (as `TERM` has it) has colours at all; one that is not known has.
    #[must_use]
    pub fn has_colours(term: &str) -> bool {
        const WITHOUT: [&str; 9] = [
            "dumb",
            "vt52",
            "vt100",
            "vt102",
            "vt220",
            "vt320",
            "vt420",
            "ansi-mono",
            "xterm-mono",
        ];
        // `vt100-w` and the like are variants; `linux-m` and `xterm-m` are without colours by convention.
        let name = term.split('-').next().unwrap_or(term);
        !(WITHOUT.contains(&term) || WITHOUT.contains(&name) || term.ends_with("-m"))
    }

    /// The palette of that name.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|palette| palette.word().eq_ignore_ascii_case(word))
    }

    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Mono,
            Self::Mono => Self::ColourBlind,
            Self::ColourBlind => Self::Dark,
        }
    }

    const fn color(self, tone: Tone) -> Color {
        match (self, tone) {
            (Self::Mono, _) | (_, Tone::Plain | Tone::Dim | Tone::Strong | Tone::Inverse) => {
                Color::Reset
            }
            (Self::Dark | Self::Light, Tone::Good) => Color::Green,
            (Self::Dark, Tone::Notice | Tone::Accent) => Color::Cyan,
            (Self::Dark, Tone::Warn) => Color::Yellow,
            (Self::Dark | Self::Light, Tone::Bad) => Color::Red,
            (Self::Light, Tone::Notice | Tone::Accent) => Color::Blue,
            (Self::Light, Tone::Warn) => Color::Magenta,
            (Self::ColourBlind, Tone::Good) => Color::LightBlue,
            (Self::ColourBlind, Tone::Notice | Tone::Accent) => Color::LightCyan,
            (Self::ColourBlind, Tone::Warn) => Color::LightYellow,
            (Self::ColourBlind, Tone::Bad) => Color::LightRed,
        }
    }
}

/// How things look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Theme {
    /// The colours.
    pub palette: Palette,
    /// Use only ASCII glyphs.
    pub ascii: bool,
}

impl From<Weight> for Tone {
    fn from(weight: Weight) -> Self {
        match weight {
            Weight::Good => Self::Good,
            Weight::Plain => Self::Dim,
            Weight::Notice => Self::Notice,
            Weight::Warn => Self::Warn,
            Weight::Bad => Self::Bad,
        }
    }
}

impl Theme {
    /// The style of a tone.
    pub(super) fn style(self, tone: Tone) -> Style {
        let modifier = match tone {
            Tone::Plain | Tone::Good | Tone::Notice | Tone::Warn => Modifier::empty(),
            Tone::Dim => Modifier::DIM,
            Tone::Strong | Tone::Bad | Tone::Accent => Modifier::BOLD,
            Tone::Inverse => Modifier::REVERSED,
        };
        Style::new()
            .fg(self.palette.color(tone))
            .add_modifier(modifier)
    }

    /// Glyph (one cell) and tone of a state.
    pub(super) const fn state(self, state: HostState) -> (&'static str, Tone) {
        let (glyph, ascii, tone) = match state {
            HostState::Broken => ("✖", "x", Tone::Bad),
            HostState::Degraded => ("▲", "!", Tone::Warn),
            HostState::Skipped => ("⊝", "-", Tone::Notice),
            HostState::NotRdp => ("◆", "?", Tone::Notice),
            HostState::Unreachable => ("⊘", "#", Tone::Notice),
            HostState::Filtered => ("□", ".", Tone::Dim),
            HostState::Closed => ("○", "o", Tone::Dim),
            HostState::NotProbed => ("⇢", "~", Tone::Dim),
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

    /// Marks a row that was marked for an action.
    pub(super) const fn mark(self) -> &'static str {
        self.glyph("●", "*")
    }

    /// Something that is switched on, in a menu.
    pub(super) const fn tick(self) -> &'static str {
        self.glyph("✓", "x")
    }

    /// A group that is folded, or open.
    pub(super) const fn fold(self, folded: bool) -> &'static str {
        if folded {
            self.glyph("▸", "+")
        } else {
            self.glyph("▾", "-")
        }
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

    /// In place of a word that says that all is well.
    pub(super) const fn fine(self) -> &'static str {
        self.glyph("✔", "+")
    }

    /// In place of a word that says that nothing is known.
    pub(super) const fn nothing(self) -> &'static str {
        self.glyph("·", ".")
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
    use crate::diagnosis::handbook::handbook;

    #[test]
    fn without_colour_every_tone_has_the_terminals_own() {
        let theme = Theme {
            palette: Palette::Mono,
            ascii: false,
        };
        for tone in [Tone::Good, Tone::Warn, Tone::Bad, Tone::Accent] {
            assert_eq!(theme.style(tone).fg, Some(Color::Reset));
        }
    }

    #[test]
    fn in_every_coloured_palette_good_warn_and_bad_differ() {
        for palette in [Palette::Dark, Palette::Light, Palette::ColourBlind] {
            let [good, warn, bad] = [Tone::Good, Tone::Warn, Tone::Bad].map(|tone| {
                Theme {
                    palette,
                    ascii: false,
                }
                .style(tone)
            });
            assert!(good != warn && warn != bad && good != bad, "{palette:?}");
        }
    }

    #[test]
    fn old_terminals_have_no_colours() {
        for term in ["dumb", "vt100", "vt220", "vt100-w", "xterm-mono", "linux-m"] {
            assert!(!Palette::has_colours(term), "{term}");
        }
        for term in [
            "",
            "xterm",
            "xterm-256color",
            "screen",
            "linux",
            "vt340x",
            "ansi",
        ] {
            assert!(Palette::has_colours(term), "{term}");
        }
    }

    #[test]
    fn the_key_goes_through_every_palette() {
        let mut palette = Palette::default();
        for expected in Palette::ALL {
            assert_eq!(palette, expected);
            palette = palette.next();
        }
        assert_eq!(palette, Palette::default());
    }

    #[test]
    fn states_differ_by_glyph_and_not_by_colour_alone() {
        for ascii in [false, true] {
            let theme = Theme {
                palette: Palette::Dark,
                ascii,
            };
            let mut glyphs: Vec<_> = HostState::ALL
                .iter()
                .map(|state| theme.state(*state).0)
                .collect();
            glyphs.sort_unstable();
            glyphs.dedup();
            assert_eq!(glyphs.len(), HostState::ALL.len());
        }
    }

    #[test]
    fn the_handbook_tells_every_glyph_of_a_row() {
        let theme = Theme {
            palette: Palette::Dark,
            ascii: false,
        };
        let states = HostState::ALL.iter().map(|state| theme.state(*state).0);
        let severities = [
            Severity::Critical,
            Severity::High,
            Severity::Medium,
            Severity::Low,
            Severity::Info,
        ];
        let glyphs = states
            .chain(severities.map(|severity| theme.severity(severity).0))
            .chain((0..=7).map(|level| theme.spark(level)))
            .chain([theme.cross()]);
        for glyph in glyphs {
            assert!(handbook().look_up(glyph).is_some(), "{glyph}");
        }
    }
}
