//! A remedy in full: what it changes, its commands, how to undo it, and how to check it.

use super::mark::Mark;
use super::page::{LABEL, Page};
use crate::diagnosis::remedies::{Command, Place, Remedy, Step};
use crate::tui::text;
use crate::tui::theme::Tone;

/// Cells before a command.
const INDENT: usize = 7;

pub(super) fn write(remedy: &Remedy, fixes: &[&str], page: &mut Page) {
    page.heading(&format!("Fix {}  {}", remedy.key, remedy.title));
    page.field("mends", &fixes.join(", "), Tone::Plain);
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
        page.hang(vec![lead], &step.text, Tone::Plain);
        for command in &step.commands {
            self::command(command, page);
        }
    }
}

fn command(command: &Command, page: &mut Page) {
    let (does, tone) = if command.read_only {
        ("only reads", Tone::Dim)
    } else {
        ("changes something", Tone::Warn)
    };
    let shell = command.shell.word();
    page.line(vec![(format!("{:INDENT$}{shell}, {does}", ""), tone)]);
    for line in command.text.lines() {
        command_line(line, page);
    }
}

/// A command behind a bar; the bar of a wrapped line differs.
fn command_line(line: &str, page: &mut Page) {
    let room = page.width.saturating_sub(INDENT + 3).max(LABEL);
    let mut bar = page.theme.quote();
    for part in broken(line, room) {
        page.line(vec![
            (format!("{:INDENT$}{bar}", ""), Tone::Dim),
            (text::clean(&part).into_owned(), Tone::Strong),
        ]);
        bar = page.theme.quote_rest();
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
