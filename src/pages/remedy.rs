//! The sections of a remedy: interruption, steps with their commands, undo, and check.

use std::borrow::Cow;

use super::layout::{Code, Item, Section};
use crate::diagnosis::remedies::{Command, Remedy, Shell, Step};

pub(super) fn sections(remedy: &'static Remedy) -> Vec<Section> {
    let mut sections = vec![Section::text(
        "What stops meanwhile",
        vec![remedy.interrupts.clone()],
    )];
    if let Some(not_for) = &remedy.not_for {
        sections.push(Section::text("Not for", vec![not_for.clone()]));
    }
    sections.push(Section::list(
        "Beware",
        remedy.warnings.iter().map(Item::from),
    ));
    sections.push(steps("Steps", &remedy.steps));
    sections.push(steps("To undo it", &remedy.undo));
    let scan = Item {
        text: "Scan the host.".to_owned(),
        code: vec![Code {
            label: "this program, reads only".to_owned(),
            language: "text",
            lines: remedy.check.scan.lines().map(Cow::from).collect(),
        }],
        ..Item::default()
    };
    let events = remedy.check.events.iter();
    let events = events.map(|entry| Item::from(&entry.to_string()));
    let expected = remedy.check.expect.trim_end_matches('.');
    sections.push(Section {
        paragraphs: vec![format!("It should say: {expected}.")],
        ..Section::list("To see that it worked", std::iter::once(scan).chain(events))
    });
    sections.push(Section::text(
        "About the commands",
        vec![
            "srv05, corp.example, 10.0.0.5 and words in <...> stand for your own. One shell is enough for a step.".to_owned(),
        ],
    ));
    sections
}

fn steps(heading: &'static str, steps: &'static [Step]) -> Section {
    let items = steps.iter().map(|step| Item {
        code: step.commands.iter().map(code).collect(),
        ..Item::from(&step.text)
    });
    Section::steps(heading, items)
}

fn code(command: &'static Command) -> Code {
    Code {
        label: label(command.shell, command.read_only),
        language: command.shell.word(),
        lines: command.text.trim().lines().map(Cow::from).collect(),
    }
}

/// The shell, and whether the commands change anything.
pub(super) fn label(shell: Shell, read_only: bool) -> String {
    let shell = match shell {
        Shell::PowerShell => "PowerShell",
        Shell::Cmd => "Command Prompt",
        Shell::Registry => "registry file",
    };
    let does = if read_only {
        "reads only"
    } else {
        "changes something"
    };
    format!("{shell}, {does}")
}
