//! A remedy in full: what it changes, its commands as they are to be pasted, the way back, and how to see that it worked.

use super::Page;
use super::glyphs::{self, Mark};
use super::page::LABEL;
use crate::diagnosis::remedies::{Command, Place, Remedy, Step};
use crate::tui::text;
use crate::tui::theme::Tone;

/// Cells before a command.
const INDENT: usize = 7;

/// The remedy, and which findings of this host it mends.
pub(super) fn write(remedy: &Remedy, mends: &[&str], page: &mut Page) {
    page.heading(&format!("Fix {}  {}", remedy.key, remedy.title));
    page.field("mends", &mends.join(", "), Tone::Plain);
    page.field("what it does", &remedy.purpose, Tone::Plain);
    let places: Vec<&str> = remedy.places.iter().copied().map(Place::words).collect();
    page.field("where", &places.join("; "), Tone::Plain);
    page.field("interrupts", &remedy.interrupts, Tone::Plain);
    if let Some(not_for) = &remedy.not_for {
        page.field("not for", not_for, Tone::Plain);
    }
    page.list("take care", Mark::Partly, &remedy.warnings);
    steps("steps", &remedy.steps, page);
    steps("to undo it", &remedy.undo, page);
    page.line(vec![("  to see that it worked".to_owned(), Tone::Strong)]);
    command_line(&remedy.check.scan, page);
    page.field("should say", &remedy.check.expect, Tone::Plain);
    let events: Vec<String> = remedy
        .check
        .events
        .iter()
        .map(ToString::to_string)
        .collect();
    page.list("event log", Mark::None, &events);
    let more = format!(
        "rdpscan explain {}; srv05, corp.example, 10.0.0.5 and words in <...> stand for your own",
        remedy.key
    );
    page.field("more", &more, Tone::Dim);
}

fn steps(title: &str, steps: &[Step], page: &mut Page) {
    if steps.is_empty() {
        return;
    }
    page.line(vec![(format!("  {title}"), Tone::Strong)]);
    for (number, step) in (1..).zip(steps) {
        let lead = (format!("  {number:>2}. "), Tone::Dim);
        page.hung(vec![lead], 6, &step.text, Tone::Plain);
        for command in &step.commands {
            self::command(command, page);
        }
    }
}

fn command(command: &Command, page: &mut Page) {
    let does = if command.read_only {
        "only reads"
    } else {
        "changes something"
    };
    let tone = if command.read_only {
        Tone::Dim
    } else {
        Tone::Warn
    };
    page.line(vec![(
        format!("{:INDENT$}{}, {does}", "", command.shell.word()),
        tone,
    )]);
    for line in command.text.lines() {
        command_line(line, page);
    }
}

/// A line to paste behind a bar; the bar of what did not fit differs.
fn command_line(line: &str, page: &mut Page) {
    let room = page.width.saturating_sub(INDENT + 3).max(LABEL);
    let mut bar = glyphs::quote(page.theme);
    for part in broken(line, room) {
        page.line(vec![
            (format!("{:INDENT$}{bar}", ""), Tone::Dim),
            (text::clean(&part).into_owned(), Tone::Strong),
        ]);
        bar = glyphs::quote_rest(page.theme);
    }
}

/// A command in parts of at most `room` cells, broken after blanks; only a word that is longer than a line is broken itself.
/// Together the parts are the command, character by character.
fn broken(line: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let cells = text::width(word);
        // The blank at the end may hang over the edge.
        if used > 0 && used + text::width(word.trim_end()) > room {
            parts.push(std::mem::take(&mut part));
            used = 0;
        }
        if cells <= room {
            part.push_str(word);
            used += cells;
            continue;
        }
        for c in word.chars() {
            let cells = text::width(c.encode_utf8(&mut [0; 4]));
            if used > 0 && used + cells > room {
                parts.push(std::mem::take(&mut part));
                used = 0;
            }
            part.push(c);
            used += cells;
        }
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::remedies;

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
