//! One key: read from terminal events and settings, written as on screens.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    pub code: KeyCode,
    pub ctrl: bool,
}

/// Keys that have a name of more than one letter.
const NAMED: &[(&str, KeyCode)] = &[
    ("Space", KeyCode::Char(' ')),
    // In settings a comma separates two changes.
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

pub(super) const fn plain(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}

pub(super) const fn char(c: char) -> Key {
    plain(KeyCode::Char(c))
}

pub(super) const fn with_ctrl(code: KeyCode) -> Key {
    Key { code, ctrl: true }
}

pub(super) const fn ctrl(c: char) -> Key {
    with_ctrl(KeyCode::Char(c))
}

impl Key {
    /// `None` for releases, which Windows reports, and for chords that the table does not use.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Option<Self> {
        if event.kind != KeyEventKind::Press {
            return None;
        }
        let held = |modifier| event.modifiers.contains(modifier);
        let (control, alt) = (held(KeyModifiers::CONTROL), held(KeyModifiers::ALT));
        match event.code {
            // Ctrl and Alt together are AltGr on Windows: the character counts.
            KeyCode::Char(c) if control && alt => Some(char(c)),
            KeyCode::Char(_) if alt => None,
            KeyCode::Char(c) if control => Some(ctrl(c.to_ascii_lowercase())),
            KeyCode::Char(c) if held(KeyModifiers::SHIFT) => Some(char(c.to_ascii_uppercase())),
            code @ (KeyCode::Up | KeyCode::Down) if control => Some(with_ctrl(code)),
            code => Some(plain(code)),
        }
    }

    /// Reads a key as it is written on screens: `p`, `Ctrl-p`, `F5`, `PgUp`, `Space`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut letters = text.chars();
        if let (Some(letter), None) = (letters.next(), letters.next()) {
            return (!letter.is_control() && letter != ' ').then(|| char(letter));
        }
        if let Some((_, code)) = NAMED
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
        {
            return Some(plain(*code));
        }
        let (first, rest) = text.split_at_checked(5).unwrap_or(("", ""));
        if first.eq_ignore_ascii_case("Ctrl-") {
            let key = Self::parse(rest)?;
            return match key.code {
                KeyCode::Char(c) if c.is_ascii_alphabetic() => Some(ctrl(c.to_ascii_lowercase())),
                KeyCode::Up | KeyCode::Down if !key.ctrl => Some(with_ctrl(key.code)),
                _ => None,
            };
        }
        let number = text.strip_prefix(['F', 'f'])?.parse().ok()?;
        (1..=12)
            .contains(&number)
            .then(|| plain(KeyCode::F(number)))
    }

    /// The inverse of [`Self::parse`].
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
