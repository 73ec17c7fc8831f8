//! The one table of keys: dispatch, footer, help page, command palette, `docs/reference/keys.md` and settings read it.
//!
//! Keys are compared after normalising: a printable character counts, not the keys that made it (Shift on one layout, `AltGr` on
//! another).

mod bound;
mod key;
mod table;

pub use bound::{KeyHelp, Keymap, KeymapError};
pub use key::Key;
pub use table::BINDINGS;

use crate::tui::action::Action;

/// Contexts with their titles on the help page, in its order.
macro_rules! contexts {
    ($($(#[$doc:meta])* $name:ident $title:literal;)*) => {
        /// What has the keys: a screen, or an overlay.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Context {
            $($(#[$doc])* $name,)*
        }

        impl Context {
            pub const ALL: [Self; [$($title),*].len()] = [$(Self::$name),*];

            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                }
            }
        }
    };
}

contexts! {
    /// Everywhere, before anything else.
    Global "Everywhere";
    Table "Table";
    Host "Host";
    Overview "Overview";
    Filter "Filter line";
    /// A menu whose lines have letters.
    Menu "Menus";
    /// The keys of [`Self::Menu`] hold there too.
    Sort "Sort menu";
    Columns "Columns";
    /// The command palette.
    Commands "All actions";
    /// A question for a line of text.
    Prompt "Prompts";
    Help "Help";
    /// An entry of the handbook.
    Entry "Handbook";
    Quit "Quit?";
    /// The question before quitting, where the results would be lost.
    Unsaved "Quit unsaved?";
    Rescan "Rescan?";
    Fix "Write fixes?";
}

impl Context {
    /// Another context whose keys hold in this one too.
    #[must_use]
    pub const fn wider(self) -> Option<Self> {
        match self {
            Self::Sort => Some(Self::Menu),
            _ => None,
        }
    }

    /// Whether a binding holds here.
    fn has(self, binding: &Binding) -> bool {
        let holds = |context: &Self| {
            [self, Self::Global].contains(context) || self.wider() == Some(*context)
        };
        binding.contexts.iter().any(holds)
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Binding {
    pub contexts: &'static [Context],
    /// The action's name in settings, the same wherever the action is; `None` where the keys are fixed.
    pub word: Option<&'static str>,
    /// The defaults.
    pub keys: &'static [Key],
    pub action: Action,
    /// One or two words for the footer; `None` keeps it out of there.
    pub hint: Option<&'static str>,
    /// A sentence for the help page.
    pub help: &'static str,
}

/// Keys with a space between.
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
