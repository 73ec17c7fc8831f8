//! The page's own glyphs, each with its ASCII twin of as many cells.

use crate::tui::theme::{Theme, Tone};

const fn pick(theme: Theme, glyph: &'static str, ascii: &'static str) -> &'static str {
    if theme.ascii { ascii } else { glyph }
}

/// How something compares with what it is held against: a word, a glyph and a tone, always together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// As it should be.
    Good,
    /// Not quite.
    Partly,
    /// Not as it should be.
    Bad,
    /// Nothing to compare.
    None,
}

impl Mark {
    pub(super) const fn glyph(self, theme: Theme) -> &'static str {
        match self {
            Self::Good => pick(theme, "✔", "+"),
            Self::Partly => pick(theme, "▲", "!"),
            Self::Bad => pick(theme, "✖", "x"),
            Self::None => pick(theme, "·", "."),
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
}

/// Before a branch of a tree; `last` closes it.
pub(super) const fn branch(theme: Theme, last: bool) -> &'static str {
    if last {
        pick(theme, "└─ ", "`- ")
    } else {
        pick(theme, "├─ ", "|- ")
    }
}

/// Left of a line that is to be pasted.
pub(super) const fn quote(theme: Theme) -> &'static str {
    pick(theme, "│ ", "| ")
}

/// Left of the rest of such a line that was too long: it belongs to the line above.
pub(super) const fn quote_rest(theme: Theme) -> &'static str {
    pick(theme, "┊ ", ": ")
}

/// A line of the time axis' grid.
pub(super) const fn grid(theme: Theme) -> &'static str {
    pick(theme, "┊", ":")
}

/// The part of a span that is over, and the part to come.
pub(super) const fn span(theme: Theme, over: bool) -> &'static str {
    if over {
        pick(theme, "━", "=")
    } else {
        pick(theme, "─", "-")
    }
}

/// The ends of a span.
pub(super) const fn span_end(theme: Theme, first: bool) -> &'static str {
    if first {
        pick(theme, "├", "|")
    } else {
        pick(theme, "┤", "|")
    }
}

/// Between a span and a moment outside of it.
pub(super) const fn beyond(theme: Theme) -> &'static str {
    pick(theme, "┄", ".")
}

/// The moment as of which the page is true.
pub(super) const fn today(theme: Theme) -> &'static str {
    pick(theme, "◆", "O")
}

/// The section in view, in the strip.
pub(super) const fn here(theme: Theme) -> &'static str {
    pick(theme, "›", ">")
}
