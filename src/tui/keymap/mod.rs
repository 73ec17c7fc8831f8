//! The one table of keys: dispatch, the footer's hints and the help page all read it.
//!
//! Keys are compared after normalising: a printable character stands for itself, however the keyboard made it (Shift on one
//! layout, `AltGr` on another), so that nothing here needs a certain layout.

mod table;

pub use table::BINDINGS;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::backend::crossterm::to_input_request;

use crate::tui::action::Action;
use crate::tui::columns::COLUMNS;

/// Where the keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// Everywhere, before anything else.
    Global,
    /// The table of hosts.
    Table,
    /// One host's page.
    Host,
    /// The filter line.
    Filter,
    /// The sort menu.
    Sort,
    /// The help page.
    Help,
    /// The question whether to quit.
    Quit,
}

impl Context {
    /// Every context, in the order of the help page.
    pub const ALL: [Self; 7] = [
        Self::Global,
        Self::Table,
        Self::Host,
        Self::Filter,
        Self::Sort,
        Self::Help,
        Self::Quit,
    ];

    /// The heading in the help page.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Table => "Table",
            Self::Host => "Host",
            Self::Filter => "Filter line",
            Self::Sort => "Sort menu",
            Self::Help => "Help",
            Self::Quit => "Quit?",
        }
    }
}

/// A key after normalising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// Held with Ctrl.
    pub ctrl: bool,
}

impl Key {
    const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false }
    }

    const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    const fn ctrl(c: char) -> Self {
        Self {
            code: KeyCode::Char(c),
            ctrl: true,
        }
    }

    /// The key of an event; `None` for what is not a press, and for chords that the table does not use.
    ///
    /// Windows reports presses and releases, and held keys as repeated presses.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Option<Self> {
        if event.kind != KeyEventKind::Press {
            return None;
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        match event.code {
            // Ctrl and Alt together are AltGr on Windows: the character is what was meant.
            KeyCode::Char(c) if ctrl && alt => Some(Self::char(c)),
            KeyCode::Char(_) if alt => None,
            KeyCode::Char(c) if ctrl => Some(Self::ctrl(c.to_ascii_lowercase())),
            KeyCode::Char(c) if shift => Some(Self::char(c.to_ascii_uppercase())),
            code => Some(Self::plain(code)),
        }
    }

    /// The key as it is written on screens and in documents.
    #[must_use]
    pub fn label(self) -> String {
        match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) if self.ctrl => format!("Ctrl-{c}"),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            KeyCode::F(n) => format!("F{n}"),
            KeyCode::Esc => "Esc".to_owned(),
            other => format!("{other:?}"),
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Binding {
    /// Where it holds.
    pub context: Context,
    /// Any of these.
    pub keys: &'static [Key],
    /// What they do.
    pub action: Action,
    /// One or two words for the footer; `None` keeps it out of there.
    pub hint: Option<&'static str>,
    /// A sentence for the help page.
    pub help: &'static str,
}

/// What a key does in a context; `None` when nothing.
#[must_use]
pub fn action(context: Context, event: &KeyEvent) -> Option<Action> {
    let key = Key::of(event)?;
    let bound = BINDINGS.iter().find(|binding| {
        (binding.context == Context::Global || binding.context == context)
            && binding.keys.contains(&key)
    });
    if let Some(binding) = bound {
        return Some(binding.action.clone());
    }
    match context {
        Context::Filter => to_input_request(&Event::Key(*event)).map(Action::FilterEdit),
        Context::Sort => {
            let column = COLUMNS
                .iter()
                .find(|column| key == Key::char(column.letter))?;
            Some(Action::SortBy(column.id))
        }
        _ => None,
    }
}

/// The keys of a row as they are written.
#[must_use]
pub fn keys_label(binding: &Binding) -> String {
    let labels: Vec<String> = binding.keys.iter().map(|key| key.label()).collect();
    labels.join(" ")
}

/// The rows of a context, in the order of the table.
pub fn of(context: Context) -> impl Iterator<Item = &'static Binding> {
    BINDINGS
        .iter()
        .filter(move |binding| binding.context == context)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn no_key_means_two_things() {
        for context in Context::ALL {
            let mut seen = HashSet::new();
            let columns = COLUMNS
                .iter()
                .filter(|_| context == Context::Sort)
                .map(|column| Key::char(column.letter));
            let globals = of(Context::Global)
                .filter(|_| context != Context::Global)
                .flat_map(|binding| binding.keys.iter().copied());
            let own = of(context).flat_map(|binding| binding.keys.iter().copied());
            for key in own.chain(globals).chain(columns) {
                assert!(seen.insert(key), "{context:?} has {} twice", key.label());
            }
        }
    }

    #[test]
    fn escape_never_quits() {
        for context in Context::ALL {
            let action = action(context, &press(KeyCode::Esc, KeyModifiers::NONE));
            assert!(!matches!(
                action,
                Some(Action::Quit | Action::QuitConfirmed | Action::Interrupt)
            ));
        }
    }

    #[test]
    fn only_presses_count() {
        let release = KeyEvent::new_with_kind(
            KeyCode::Char('q'),
            KeyModifiers::NONE,
            KeyEventKind::Release,
        );
        assert_eq!(action(Context::Table, &release), None);
    }

    #[test]
    fn a_character_stands_for_itself_however_it_was_made() {
        let slash = Some(Action::FilterOpen);
        let with_shift = press(KeyCode::Char('/'), KeyModifiers::SHIFT);
        let with_alt_gr = press(
            KeyCode::Char('/'),
            KeyModifiers::CONTROL | KeyModifiers::ALT,
        );
        assert_eq!(action(Context::Table, &with_shift), slash);
        assert_eq!(action(Context::Table, &with_alt_gr), slash);
        let small_with_shift = press(KeyCode::Char('s'), KeyModifiers::SHIFT);
        assert_eq!(
            action(Context::Table, &small_with_shift),
            Some(Action::SortInvert)
        );
    }

    #[test]
    fn ctrl_c_interrupts_everywhere() {
        for context in Context::ALL {
            let action = action(context, &press(KeyCode::Char('c'), KeyModifiers::CONTROL));
            assert_eq!(action, Some(Action::Interrupt));
        }
    }

    #[test]
    fn letters_are_typed_into_the_filter() {
        for c in ['q', 'j', '?', '/', 's', 'é'] {
            let action = action(
                Context::Filter,
                &press(KeyCode::Char(c), KeyModifiers::NONE),
            );
            assert!(matches!(action, Some(Action::FilterEdit(_))), "{c}");
        }
    }

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
        assert!(
            BINDINGS
                .iter()
                .all(|binding| binding.help.len() <= 48 && keys_label(binding).len() <= 24)
        );
    }
}
