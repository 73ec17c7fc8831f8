//! Commands as they are pasted, behind a bar.

use super::page::{LABEL, Page};
use crate::pages::Code;
use crate::tui::text;
use crate::tui::theme::Tone;

impl Page {
    /// Commands `indent` cells in; the bar of a wrapped line differs.
    pub(super) fn code(&mut self, code: &Code, indent: usize) {
        self.paragraph(indent, &code.label, Tone::Dim);
        let room = self.width.saturating_sub(indent + 3).max(LABEL);
        for line in &code.lines {
            let mut bar = self.theme.quote();
            for part in broken(line, room) {
                self.line(vec![
                    (format!("{:indent$}{bar}", ""), Tone::Dim),
                    (text::clean(&part).into_owned(), Tone::Strong),
                ]);
                bar = self.theme.quote_rest();
            }
        }
    }
}

/// A command in parts of at most `room` cells, broken after blanks; only a word longer than a line is broken itself. The parts
/// together are the command.
fn broken(line: &str, room: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    for word in line.split_inclusive(' ') {
        let used = parts.last().map_or(0, |part| text::width(part));
        // The blank at the end may exceed the room.
        if used > 0 && used + text::width(word.trim_end()) > room {
            parts.push(String::new());
        }
        let last = parts.pop().unwrap_or_default();
        if text::width(word) <= room {
            parts.push(last + word);
        } else {
            let left = room.saturating_sub(text::width(&last));
            let mut pieces = text::chunks(word, (left, room)).into_iter();
            parts.push(last + &pieces.next().unwrap_or_default());
            parts.extend(pieces);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::remedies::{self, Remedy};

    #[test]
    fn broken_commands_are_whole_again_when_joined_and_keep_to_their_room() {
        let lines = remedies::all()
            .iter()
            .flat_map(Remedy::commands)
            .flat_map(|command| command.text.lines());
        for line in lines {
            for room in [18, 50, 110] {
                let parts = broken(line, room);
                assert_eq!(parts.concat(), line);
                assert!(
                    parts
                        .iter()
                        .all(|part| text::width(part.trim_end()) <= room),
                    "{parts:?}"
                );
            }
        }
    }

    #[test]
    fn words_that_fit_are_not_broken() {
        assert_eq!(
            broken("Restart-Service -Name TermService", 16),
            ["Restart-Service ", "-Name ", "TermService"]
        );
    }
}
