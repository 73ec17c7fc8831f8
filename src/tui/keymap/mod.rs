//! The one table of keys: dispatch, the footer's hints, the help page, the palette, the README and the settings all read it.
//!
//! Keys are compared after normalising: a printable character stands for itself, however the keyboard made it (Shift on one
//! layout, `AltGr` on another), so that nothing here needs a certain layout.

mod bound;
mod key;
mod table;

pub use bound::{Keymap, KeymapError, Told};
pub use key::Key;
pub use table::BINDINGS;

use crate::tui::action::Action;

/// Where the keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// Everywhere, before anything else.
    Global,
    /// The table of hosts.
    Table,
    /// One host's page.
    Host,
    /// The overview.
    Overview,
    /// The filter line.
    Filter,
    /// A menu whose lines have letters.
    Menu,
    /// The menu of orders: what holds in every menu holds there too.
    Sort,
    /// The menu of columns.
    Columns,
    /// The palette of actions.
    Palette,
    /// The help page.
    Help,
    /// The question whether to quit.
    Quit,
    /// The same question where the scan would be lost.
    Unsaved,
    /// The question whether to probe everything anew, or a group.
    Rescan,
    /// The question whether to write what mends hosts.
    Fix,
}

impl Context {
    /// Every context, in the order of the help page.
    pub const ALL: [Self; 14] = [
        Self::Global,
        Self::Table,
        Self::Host,
        Self::Overview,
        Self::Filter,
        Self::Menu,
        Self::Sort,
        Self::Columns,
        Self::Palette,
        Self::Help,
        Self::Quit,
        Self::Unsaved,
        Self::Rescan,
        Self::Fix,
    ];

    /// The heading in the help page.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Table => "Table",
            Self::Host => "Host",
            Self::Overview => "Overview",
            Self::Filter => "Filter line",
            Self::Menu => "Menus",
            Self::Sort => "Sort menu",
            Self::Columns => "Columns",
            Self::Palette => "All actions",
            Self::Help => "Help",
            Self::Quit => "Quit?",
            Self::Unsaved => "Quit unsaved?",
            Self::Rescan => "Probe anew?",
            Self::Fix => "Write fixes?",
        }
    }

    /// The context whose keys hold in this one too.
    #[must_use]
    pub const fn wider(self) -> Option<Self> {
        match self {
            Self::Sort => Some(Self::Menu),
            _ => None,
        }
    }

    /// Whether a row of `of` holds here.
    fn has(self, of: Self) -> bool {
        of == self || of == Self::Global || self.wider() == Some(of)
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Binding {
    /// Where it holds.
    pub context: Context,
    /// The action's name in settings, the same in every context that has it; `None` where the keys are fixed.
    pub word: Option<&'static str>,
    /// Any of these, unless the settings say otherwise.
    pub keys: &'static [Key],
    /// What they do.
    pub action: Action,
    /// One or two words for the footer; `None` keeps it out of there.
    pub hint: Option<&'static str>,
    /// A sentence for the help page.
    pub help: &'static str,
}

/// Keys as they are written, with a space between.
#[must_use]
pub fn label(keys: &[Key]) -> String {
    let labels: Vec<String> = keys.iter().map(|key| key.label()).collect();
    labels.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_explains_itself() {
        assert!(
            BINDINGS
                .iter()
                .all(|binding| !binding.help.is_empty() && !binding.keys.is_empty())
        );
    }

    #[test]
    fn every_help_text_fits_into_a_page_of_80_columns() {
        for binding in BINDINGS {
            assert!(
                binding.help.len() <= 48 && label(binding.keys).len() <= 24,
                "{}",
                binding.help
            );
        }
    }

    #[test]
    fn one_word_means_one_action() {
        for one in BINDINGS {
            for other in BINDINGS {
                if one.word.is_some() && one.word == other.word {
                    assert_eq!(one.action, other.action, "{:?}", one.word);
                }
            }
        }
    }
}
