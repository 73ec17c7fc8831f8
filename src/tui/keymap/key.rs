//! One key: from the terminal's event, and from and to the words of settings and screens.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key after normalising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// Held with Ctrl.
    pub ctrl: bool,
}

/// Keys that have a name of more than one letter, first as it is written on screens.
const NAMED: &[(&str, KeyCode)] = &[
    ("Space", KeyCode::Char(' ')),
    // In settings a comma stands between two changes.
    ("Comma", KeyCode::Char(',')),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
];

impl Key {
    pub(super) const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false }
    }

    pub(super) const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    pub(super) const fn ctrl(c: char) -> Self {
        Self {
            code: KeyCode::Char(c),
            ctrl: true,
        }
    }

    pub(super) const fn with_ctrl(code: KeyCode) -> Self {
        Self { code, ctrl: true }
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
            code @ (KeyCode::Up | KeyCode::Down) if ctrl => Some(Self::with_ctrl(code)),
            code => Some(Self::plain(code)),
        }
    }

    /// Reads a key as it is written on screens: `p`, `Ctrl-p`, `F5`, `PgUp`, `Space`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut letters = text.chars();
        if let (Some(letter), None) = (letters.next(), letters.next()) {
            return (!letter.is_control() && letter != ' ').then(|| Self::char(letter));
        }
        if let Some((_, code)) = NAMED
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
        {
            return Some(Self::plain(*code));
        }
        let (first, rest) = text.split_at_checked(5).unwrap_or(("", ""));
        if first.eq_ignore_ascii_case("Ctrl-") {
            let key = Self::parse(rest)?;
            return match key.code {
                KeyCode::Char(c) if c.is_ascii_alphabetic() => {
                    Some(Self::ctrl(c.to_ascii_lowercase()))
                }
                KeyCode::Up | KeyCode::Down if !key.ctrl => Some(Self::with_ctrl(key.code)),
                _ => None,
            };
        }
        let number = text.strip_prefix(['F', 'f'])?.parse().ok()?;
        (1..=12)
            .contains(&number)
            .then(|| Self::plain(KeyCode::F(number)))
    }

    /// The key as it is written on screens and in documents.
    #[must_use]
    pub fn label(self) -> String {
        let name = match self.code {
            KeyCode::Char(c) if c != ' ' && c != ',' => c.to_string(),
            KeyCode::F(n) => format!("F{n}"),
            code => NAMED
                .iter()
                .find(|(_, named)| *named == code)
                .map_or_else(|| format!("{code:?}"), |(name, _)| (*name).to_owned()),
        };
        if self.ctrl {
            format!("Ctrl-{name}")
        } else {
            name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_reads_back_from_its_label() {
        for text in [
            "p",
            "P",
            "/",
            "?",
            ":",
            "é",
            "Space",
            "Comma",
            "Enter",
            "Esc",
            "Shift-Tab",
            "PgUp",
            "F1",
            "F12",
            "Ctrl-c",
            "Ctrl-Up",
        ] {
            let key = Key::parse(text).unwrap();
            assert_eq!(key.label(), text);
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            " ",
            "pp",
            "Ctrl-",
            "Ctrl-Home",
            "F0",
            "F13",
            "Hyper-x",
            "\u{1b}",
        ] {
            assert_eq!(Key::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_presses_count() {
        let release = KeyEvent::new_with_kind(
            KeyCode::Char('q'),
            KeyModifiers::NONE,
            KeyEventKind::Release,
        );
        assert_eq!(Key::of(&release), None);
    }
}
