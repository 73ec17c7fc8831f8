//! A remedy in full: what it interrupts, steps with their commands, the way back, and how to see that it worked.

use super::page::{Code, Item, Section};
use crate::diagnosis::remedies::{Command, Remedy, Shell, Step};

/// What a remedy has beyond its purpose and its place.
pub(super) fn sections(remedy: &'static Remedy) -> Vec<Section> {
    let mut sections = vec![paragraph("What stops meanwhile", remedy.interrupts.clone())];
    if let Some(not_for) = &remedy.not_for {
        sections.push(paragraph("Not for", not_for.clone()));
    }
    sections.push(list("Beware", remedy.warnings.iter().cloned()));
    sections.push(steps("Steps", &remedy.steps));
    sections.push(steps("To undo it", &remedy.undo));
    sections.push(Section {
        heading: "To see that it worked",
        paragraphs: vec![format!(
            "It should say: {}.",
            remedy.check.expect.trim_end_matches('.')
        )],
        items: std::iter::once(Item {
            text: "Scan the host.".to_owned(),
            code: vec![Code {
                label: "this program, reads only".to_owned(),
                language: "text",
                lines: remedy.check.scan.lines().collect(),
            }],
            ..Item::default()
        })
        .chain(remedy.check.events.iter().map(|entry| Item {
            text: entry.to_string(),
            ..Item::default()
        }))
        .collect(),
        ..Section::default()
    });
    sections.push(Section {
        heading: "About the commands",
        paragraphs: vec![
            "srv05, corp.example, 10.0.0.5 and words in <...> stand for your own. One shell is enough for a step.".to_owned(),
        ],
        ..Section::default()
    });
    sections
}

fn paragraph(heading: &'static str, text: String) -> Section {
    Section {
        heading,
        paragraphs: vec![text],
        ..Section::default()
    }
}

fn list(heading: &'static str, texts: impl Iterator<Item = String>) -> Section {
    Section {
        heading,
        items: texts
            .map(|text| Item {
                text,
                ..Item::default()
            })
            .collect(),
        ..Section::default()
    }
}

fn steps(heading: &'static str, steps: &'static [Step]) -> Section {
    Section {
        heading,
        items: steps
            .iter()
            .map(|step| Item {
                text: step.text.clone(),
                code: step.commands.iter().map(code).collect(),
                ..Item::default()
            })
            .collect(),
        numbered: true,
        ..Section::default()
    }
}

fn code(command: &'static Command) -> Code {
    let shell = match command.shell {
        Shell::PowerShell => "PowerShell",
        Shell::Cmd => "Command Prompt",
        Shell::Registry => "registry file",
    };
    let does = if command.read_only {
        "reads only"
    } else {
        "changes something"
    };
    Code {
        label: format!("{shell}, {does}"),
        language: command.shell.word(),
        lines: command.text.trim().lines().collect(),
    }
}
