//! The keys in force: the table's own, with the changes from the settings.

use crossterm::event::{Event, KeyEvent};
use tui_input::backend::crossterm::to_input_request;

use super::{BINDINGS, Binding, Context, Key};
use crate::sanitize::excerpt;
use crate::tui::action::Action;

/// Why a change of keys is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    #[error(
        "`{}` does not name an action and its keys: write `pause = P`, keys with a space between, the comma as Comma",
        excerpt(_0)
    )]
    Malformed(String),
    #[error("there is no action `{}`", excerpt(_0))]
    UnknownAction(String),
    #[error(
        "there is no key `{}`: write a character, Ctrl-a to Ctrl-z, F1 to F12, or Space, Comma, Enter, Tab, Up, PgUp and the like",
        excerpt(_0)
    )]
    UnknownKey(String),
    #[error("`{key}` always means `{word}`, so it cannot be given to another action")]
    Reserved { key: String, word: &'static str },
    #[error("`{key}` would mean both `{one}` and `{other}`: give one of them another key")]
    Taken {
        key: String,
        one: &'static str,
        other: &'static str,
    },
}

/// The screens with a host to run a program for.
const PROGRAM_CONTEXTS: [Context; 2] = [Context::Table, Context::Host];

/// A line of the help page or of `docs/reference/keys.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHelp {
    /// With a space between.
    pub keys: String,
    pub help: &'static str,
    /// The action's name in settings.
    pub word: Option<&'static str>,
}

/// The keys of every binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// Keys by row of [`BINDINGS`].
    keys: Vec<Vec<Key>>,
    /// Keys of the programs, on the screens with a host.
    programs: Vec<Option<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self {
            keys: BINDINGS
                .iter()
                .map(|binding| binding.keys.to_vec())
                .collect(),
            programs: Vec::new(),
        }
    }
}

impl Keymap {
    /// The keys of the table with changes, each as `action = key key`.
    ///
    /// # Errors
    /// When a change names no action or no key, or one key has two actions on one screen.
    pub fn rebound<T: AsRef<str>>(changes: &[T]) -> Result<Self, KeymapError> {
        let mut map = Self::default();
        for change in changes {
            map.rebind(change.as_ref())?;
        }
        map.check()?;
        Ok(map)
    }

    /// What a key means where programs have theirs.
    pub(in crate::tui) fn meaning(&self, key: &Key) -> Option<&'static str> {
        let taken = |context| self.of(context).find(|(_, taken)| taken.contains(key));
        let bound = PROGRAM_CONTEXTS.into_iter().find_map(taken);
        bound.map(|(binding, _)| binding.word.unwrap_or(binding.help))
    }

    /// The keys of programs, each by its place; one without a key is in the menu alone.
    ///
    /// # Errors
    /// When one of them has another meaning.
    pub fn with_programs(mut self, keys: Vec<Option<Key>>) -> Result<Self, KeymapError> {
        for (place, own) in keys.iter().enumerate() {
            let Some(key) = own else { continue };
            let is_other = keys.iter().take(place).any(|other| other == own);
            let other = is_other.then_some("another program");
            if let Some(other) = self.meaning(key).or(other) {
                return Err(KeymapError::Taken {
                    key: key.label(),
                    one: other,
                    other: "a program",
                });
            }
        }
        self.programs = keys;
        Ok(self)
    }

    fn rebind(&mut self, change: &str) -> Result<(), KeymapError> {
        let malformed = || KeymapError::Malformed(change.to_owned());
        let (word, keys) = change.split_once('=').ok_or_else(malformed)?;
        let word = word.trim();
        let mut keys = keys
            .split_whitespace()
            .map(|key| Key::parse(key).ok_or_else(|| KeymapError::UnknownKey(key.to_owned())))
            .collect::<Result<Vec<_>, _>>()?;
        if word.is_empty() || keys.is_empty() {
            return Err(malformed());
        }
        if word == "back" {
            // Escape always goes back.
            keys.extend(Key::parse("Esc").filter(|esc| !keys.contains(esc)));
        }
        let mut known = false;
        for (binding, own) in BINDINGS.iter().zip(&mut self.keys) {
            if binding.word == Some(word) {
                own.clone_from(&keys);
                known = true;
            }
        }
        if known {
            Ok(())
        } else {
            Err(KeymapError::UnknownAction(word.to_owned()))
        }
    }

    /// INVARIANT: within a context no two bindings share a key, and Esc and Ctrl-C keep their meaning.
    fn check(&self) -> Result<(), KeymapError> {
        for context in Context::ALL {
            let mut seen: Vec<(Key, &'static str)> = Vec::new();
            for (binding, keys) in self.rows().filter(|(binding, _)| context.has(binding)) {
                let word = binding.word.unwrap_or(binding.help);
                for key in keys {
                    let reserved = [(Key::parse("Esc"), "back"), (Key::parse("Ctrl-c"), "stop")];
                    if let Some((_, meaning)) = reserved.iter().find(|(reserved, meaning)| {
                        *reserved == Some(*key) && binding.word.is_some_and(|own| own != *meaning)
                    }) {
                        return Err(KeymapError::Reserved {
                            key: key.label(),
                            word: meaning,
                        });
                    }
                    if let Some((_, other)) = seen.iter().find(|(taken, _)| taken == key) {
                        return Err(KeymapError::Taken {
                            key: key.label(),
                            one: other,
                            other: word,
                        });
                    }
                    seen.push((*key, word));
                }
            }
        }
        Ok(())
    }

    fn rows(&self) -> impl Iterator<Item = (&'static Binding, &[Key])> {
        BINDINGS.iter().zip(self.keys.iter().map(Vec::as_slice))
    }

    /// The bindings of a context with their keys, in the order of the table.
    pub fn of(&self, context: Context) -> impl Iterator<Item = (&'static Binding, &[Key])> {
        self.rows()
            .filter(move |(binding, _)| binding.contexts.contains(&context))
    }

    /// Help on the bindings of a context that pass `wanted`; neighbours with the same text share a line.
    pub fn help_lines(&self, context: Context, wanted: impl Fn(&Binding) -> bool) -> Vec<KeyHelp> {
        let mut lines: Vec<KeyHelp> = Vec::new();
        for (binding, keys) in self.of(context).filter(|(binding, _)| wanted(binding)) {
            match lines.last_mut() {
                Some(line) if line.help == binding.help && line.word == binding.word => {
                    line.keys.push(' ');
                    line.keys += &super::label(keys);
                }
                _ => lines.push(KeyHelp {
                    keys: super::label(keys),
                    help: binding.help,
                    word: binding.word,
                }),
            }
        }
        lines
    }

    #[must_use]
    pub fn action(&self, context: Context, event: &KeyEvent) -> Option<Action> {
        let key = Key::of(event)?;
        let bound = self
            .rows()
            .find(|(binding, keys)| context.has(binding) && keys.contains(&key));
        if let Some((binding, _)) = bound {
            return Some(binding.action.clone());
        }
        if PROGRAM_CONTEXTS.contains(&context)
            && let Some(place) = self.programs.iter().position(|own| *own == Some(key))
        {
            return Some(Action::Run(place));
        }
        match (context, key.code) {
            (Context::Filter | Context::Commands | Context::Prompt | Context::Help, _) => {
                to_input_request(&Event::Key(*event)).map(Action::Edit)
            }
            (Context::Menu | Context::Sort, crossterm::event::KeyCode::Char(letter))
                if !key.ctrl =>
            {
                Some(Action::MenuLetter(letter))
            }
            _ => None,
        }
    }

    /// The first key of an action on a screen; empty when it has none there.
    #[must_use]
    pub fn label(&self, context: Context, action: &Action) -> String {
        self.rows()
            .find(|(binding, _)| context.has(binding) && binding.action == *action)
            .and_then(|(_, keys)| keys.first())
            .map_or_else(String::new, |key| key.label())
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;
    use crate::tui::MenuKind;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    fn plain(context: Context, code: KeyCode) -> Option<Action> {
        Keymap::default().action(context, &press(code, KeyModifiers::NONE))
    }

    #[test]
    fn no_key_means_two_things() {
        assert_eq!(Keymap::default().check(), Ok(()));
    }

    #[test]
    fn escape_never_quits() {
        for context in Context::ALL {
            assert!(!matches!(
                plain(context, KeyCode::Esc),
                Some(Action::Quit | Action::QuitConfirmed | Action::QuitSaving | Action::Interrupt)
            ));
        }
    }

    #[test]
    fn ctrl_c_interrupts_everywhere() {
        for context in Context::ALL {
            let event = press(KeyCode::Char('c'), KeyModifiers::CONTROL);
            let action = Keymap::default().action(context, &event);
            assert_eq!(action, Some(Action::Interrupt));
        }
    }

    #[test]
    fn a_character_stands_for_itself_however_it_was_made() {
        let map = Keymap::default();
        let slash = Some(Action::FilterOpen);
        let both = KeyModifiers::CONTROL | KeyModifiers::ALT;
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT, both] {
            let event = press(KeyCode::Char('/'), modifiers);
            assert_eq!(map.action(Context::Table, &event), slash, "{modifiers:?}");
        }
        let small_with_shift = press(KeyCode::Char('s'), KeyModifiers::SHIFT);
        assert_eq!(
            map.action(Context::Table, &small_with_shift),
            Some(Action::SortInvert)
        );
    }

    /// Characters that a German and a French keyboard give without a dead key, `AltGr` or a third level.
    #[test]
    fn every_key_is_there_on_german_and_french_keyboards() {
        let german =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/?:;,.-_+*#<>!\"$%&()= ";
        let french =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/?:;,.-_+*<>!\"$%&()= ";
        for key in BINDINGS.iter().flat_map(|binding| binding.keys) {
            if let KeyCode::Char(c) = key.code {
                assert!(german.contains(c) && french.contains(c), "{c}");
            }
        }
    }

    #[test]
    fn what_has_a_function_key_has_another_key_too() {
        for binding in BINDINGS {
            assert!(
                binding
                    .keys
                    .iter()
                    .any(|key| !matches!(key.code, KeyCode::F(_))),
                "{}",
                binding.help
            );
        }
    }

    #[test]
    fn letters_are_typed_into_the_filter_and_the_palette() {
        for context in [Context::Filter, Context::Commands] {
            for c in ['q', 'j', '?', '/', 's', 'é'] {
                let action = plain(context, KeyCode::Char(c));
                assert!(matches!(action, Some(Action::Edit(_))), "{c}");
            }
        }
    }

    #[test]
    fn a_change_replaces_the_keys_wherever_the_action_is() {
        let map = Keymap::rebound(&["sort = F6 i"]).unwrap();
        let open = Some(Action::MenuOpen(MenuKind::Sort));
        for code in [KeyCode::F(6), KeyCode::Char('i')] {
            let event = press(code, KeyModifiers::NONE);
            assert_eq!(map.action(Context::Table, &event), open);
        }
        let old = press(KeyCode::Char('s'), KeyModifiers::NONE);
        assert_eq!(map.action(Context::Table, &old), None);
    }

    #[test]
    fn changes_that_cannot_be_meant_are_refused() {
        let refused = |change: &str| Keymap::rebound(&[change]).unwrap_err().to_string();
        for (change, says) in [
            ("pause", "does not name an action and its keys"),
            ("pause =", "does not name an action and its keys"),
            ("pausse = P", "no action `pausse`"),
            ("pause = Hyper-x", "no key `Hyper-x`"),
            ("pause = q", "both"),
            ("pause = Esc", "always means `back`"),
            ("quit = Ctrl-c", "always means `stop`"),
        ] {
            assert!(refused(change).contains(says), "{}", refused(change));
        }
    }

    #[test]
    fn two_actions_may_trade_places() {
        assert!(Keymap::rebound(&["theme = m", "mouse = t"]).is_ok());
    }
}
