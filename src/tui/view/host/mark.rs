use crate::tui::theme::{Theme, Tone};

/// How a value compares with the value expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Good,
    Partly,
    Bad,
    /// Nothing to compare.
    None,
}

impl Mark {
    pub(super) const fn glyph(self, theme: Theme) -> &'static str {
        match (self, theme.ascii) {
            (Self::Good, false) => "✔",
            (Self::Good, true) => "+",
            (Self::Partly, false) => "▲",
            (Self::Partly, true) => "!",
            (Self::Bad, false) => "✖",
            (Self::Bad, true) => "x",
            (Self::None, false) => "·",
            (Self::None, true) => ".",
        }
    }

    pub(super) const fn tone(self) -> Tone {
        match self {
            Self::Good => Tone::Good,
            Self::Partly => Tone::Warn,
            Self::Bad => Tone::Bad,
            Self::None => Tone::Dim,
        }
    }

    /// The glyph and a blank.
    pub(super) fn piece(self, theme: Theme) -> (String, Tone) {
        (format!("{} ", self.glyph(theme)), self.tone())
    }
}
