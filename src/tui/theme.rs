//! Colours and glyphs. A colour only repeats what a word and a glyph already show.

use std::borrow::Cow;

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::text;
use crate::model::{Finding, HostState, Severity};
use crate::table::Weight;

/// The meaning of a text's style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Dim,
    Strong,
    Good,
    /// Neutral information.
    Notice,
    Warn,
    Bad,
    /// Headings and keys.
    Accent,
    /// The row under the cursor, and banners that must be seen.
    Inverse,
}

/// A set of colours; its text is its name in settings and on screens.
///
/// Only the sixteen colours that users choose in their terminals, and no background but inverse, so that no text has the colour of
/// its background.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "kebab-case", ascii_case_insensitive)]
pub enum Palette {
    /// For a dark background.
    #[default]
    Dark,
    /// For a light background: no yellow and no light colour.
    Light,
    /// No colour, as under `NO_COLOR`: bold, dim and inverse only.
    Mono,
    /// Blue and yellow in place of green and red, for deuteranopes and protanopes.
    ColourBlind,
}

impl Palette {
    /// In the order of [`Self::next`].
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Whether a terminal with this `TERM` has colours; an unknown one has.
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
        // `vt100-w` and the like are variants; `linux-m` and `xterm-m` have no colours by convention.
        let name = term.split('-').next().unwrap_or(term);
        !(WITHOUT.contains(&term) || WITHOUT.contains(&name) || term.ends_with("-m"))
    }

    /// The palette for the background in `COLORFGBG`, as in `0;15`: foreground first, background last, by number.
    #[must_use]
    pub fn for_background(colours: &str) -> Option<Self> {
        let background: u8 = colours.rsplit(';').next()?.trim().parse().ok()?;
        // 7 and 15 are white; the others are dark, or not light enough for dark text.
        Some(match background {
            7 | 15 => Self::Light,
            _ => Self::Dark,
        })
    }

    #[must_use]
    pub fn next(self) -> Self {
        let mut palettes = Self::ALL.iter().copied().cycle();
        palettes.find(|palette| *palette == self);
        palettes.next().unwrap_or_default()
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Theme {
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

    pub(super) const fn state(self, state: HostState) -> (&'static str, Tone) {
        let (glyph, ascii, tone) = match state {
            HostState::Broken => ("✖", "x", Tone::Bad),
            HostState::Degraded => ("▲", "^", Tone::Warn),
            HostState::Skipped => ("⊝", "-", Tone::Notice),
            HostState::NotRdp => ("◆", "$", Tone::Notice),
            HostState::Unreachable => ("⊘", "#", Tone::Notice),
            HostState::Filtered => ("□", ".", Tone::Dim),
            HostState::Closed => ("○", "o", Tone::Dim),
            HostState::NotProbed => ("⇢", "&", Tone::Dim),
            HostState::Healthy => ("✔", "=", Tone::Good),
        };
        (if self.ascii { ascii } else { glyph }, tone)
    }

    /// A letter, so that severities differ without colours and need no legend.
    pub(super) const fn severity(severity: Severity) -> (&'static str, Tone) {
        match severity {
            Severity::Critical => ("C", Tone::Bad),
            Severity::High => ("H", Tone::Bad),
            Severity::Medium => ("M", Tone::Warn),
            Severity::Low => ("L", Tone::Notice),
            Severity::Info => ("i", Tone::Dim),
        }
    }

    /// In place of the letter, where a finding is acknowledged.
    pub(super) const ACKNOWLEDGED: &'static str = "a";

    /// The letter of a finding with its tone, and the tone of its texts.
    pub(super) const fn finding(finding: &Finding) -> (&'static str, Tone, Tone) {
        if finding.acknowledged.is_some() {
            return (Self::ACKNOWLEDGED, Tone::Dim, Tone::Dim);
        }
        let (letter, tone) = Self::severity(finding.severity);
        (letter, tone, Tone::Plain)
    }

    pub(super) fn span(self, text: impl Into<Cow<'static, str>>, tone: Tone) -> Span<'static> {
        Span::styled(text, self.style(tone))
    }

    pub(super) fn line(self, text: impl Into<Cow<'static, str>>, tone: Tone) -> Line<'static> {
        Line::styled(text, self.style(tone))
    }

    /// The text, cut to `room` cells.
    pub(super) fn cut(self, text: &str, room: usize) -> String {
        text::truncate(text, room, self.ellipsis()).into_owned()
    }

    /// The text in at most `most` lines of at most `room` cells; an ellipsis ends the last when lines are missing.
    pub(super) fn wrap(self, text: &str, room: usize, most: usize) -> Vec<String> {
        let mut lines = text::wrap(text, room);
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                *last = text::truncate(last, room.saturating_sub(1), "").into_owned();
                last.push_str(self.ellipsis());
            }
        }
        lines
    }

    const fn glyph(self, glyph: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { glyph }
    }

    pub(super) const fn fold(self, folded: bool) -> &'static str {
        if folded {
            self.glyph("▸", "[")
        } else {
            self.glyph("▾", "]")
        }
    }

    /// The direction of the sort.
    pub(super) const fn order(self, inverted: bool) -> &'static str {
        if inverted {
            self.glyph("↓", "\\")
        } else {
            self.glyph("↑", "/")
        }
    }

    /// Before a branch of a tree.
    pub(super) const fn branch(self, last: bool) -> &'static str {
        if last {
            self.glyph("└─ ", "`- ")
        } else {
            self.glyph("├─ ", "|- ")
        }
    }

    /// A part of a time span.
    pub(super) const fn timespan(self, past: bool) -> &'static str {
        if past {
            self.glyph("━", "=")
        } else {
            self.glyph("─", "-")
        }
    }

    /// One of eight heights of a bar, 0 the lowest.
    pub(super) fn spark(self, level: usize) -> &'static str {
        const BLOCKS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
        const ASCII: [&str; 8] = ["1", "2", "3", "4", "5", "6", "7", "8"];
        let set = if self.ascii { ASCII } else { BLOCKS };
        set.get(level.min(7)).copied().unwrap_or(" ")
    }
}

/// Glyphs with their ASCII twins of as many cells (but for arrows).
macro_rules! glyphs {
    ($($(#[$doc:meta])? $name:ident $glyph:literal $ascii:literal;)*) => {
        impl Theme {
            $($(#[$doc])? pub(super) const fn $name(self) -> &'static str {
                self.glyph($glyph, $ascii)
            })*
        }
    };
}

glyphs! {
    ellipsis "…" "~";
    /// The row under the cursor, and the section in view.
    cursor "›" ">";
    /// A marked row.
    mark "●" "*";
    /// A line of a menu that is in force.
    tick "✓" "x";
    separator " · " " | ";
    /// From a name to an address.
    arrow "→" "->";
    bar "█" "#";
    bar_rest "░" "-";
    /// A failed attempt.
    cross "✗" "X";
    /// Days that are few.
    soon "▼" "v";
    /// Every host of a group is marked, or some are.
    partly "◐" "%";
    /// Below headings.
    rule "─" "-";
    /// Left of a command.
    quote "│ " "| ";
    /// Left of the rest of a command that was too long for a line.
    quote_rest "┊ " ": ";
    /// The grid of a time axis.
    grid "┊" ":";
    timespan_start "├" "|";
    timespan_end "┤" "|";
    /// Between a time span and a time outside of it.
    timespan_gap "┄" ".";
    /// The time of the newest event.
    today "◆" "O";
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
    fn a_light_background_has_the_light_palette() {
        for (colours, palette) in [
            ("0;15", Some(Palette::Light)),
            ("0;default;7", Some(Palette::Light)),
            ("15;0", Some(Palette::Dark)),
            ("15;default", None),
            ("", None),
        ] {
            assert_eq!(Palette::for_background(colours), palette, "{colours}");
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
            assert_eq!(palette, *expected);
            palette = palette.next();
        }
        assert_eq!(palette, Palette::default());
    }

    #[test]
    fn the_handbook_explains_every_glyph_of_a_row() {
        let theme = Theme {
            palette: Palette::Dark,
            ascii: false,
        };
        let states = HostState::ALL.iter().map(|state| theme.state(*state).0);
        let glyphs = states
            .chain((0..=7).map(|level| theme.spark(level)))
            .chain([theme.cross(), theme.soon(), theme.mark()]);
        for glyph in glyphs {
            assert!(handbook().look_up(glyph).is_some(), "{glyph}");
        }
    }
}
