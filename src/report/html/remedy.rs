//! The remedies that findings on the page name, each once.

use serde::Serialize;

use super::{Piece, pieces};
use crate::diagnosis::remedies::{self, Place, Shell};
use crate::fleet::Summary;

/// In order of number.
#[derive(Serialize)]
pub(super) struct Chapter {
    remedies: Vec<Remedy>,
}

#[derive(Serialize)]
struct Remedy {
    key: &'static str,
    title: &'static str,
    hosts: u64,
    purpose: Vec<Piece<'static>>,
    places: String,
    interrupts: Vec<Piece<'static>>,
    not_for: Vec<Piece<'static>>,
    warnings: Vec<Vec<Piece<'static>>>,
    steps: Vec<Step>,
    undo: Vec<Step>,
    scan: &'static str,
    expect: Vec<Piece<'static>>,
    events: Vec<Event>,
    sources: &'static [String],
}

#[derive(Serialize)]
struct Step {
    text: Vec<Piece<'static>>,
    commands: Vec<Command>,
}

#[derive(Serialize)]
struct Command {
    shell: &'static str,
    reads: bool,
    lines: Vec<&'static str>,
}

#[derive(Serialize)]
struct Event {
    log: &'static str,
    ids: String,
    shows: Vec<Piece<'static>>,
}

impl Chapter {
    pub(super) fn new(summary: &Summary) -> Self {
        let needed = summary.by_remedy.iter();
        let mut needed: Vec<_> = needed
            .filter_map(|(key, hosts)| Some((remedies::find(key)?, hosts)))
            .collect();
        needed.sort_by_key(|(remedy, _)| remedy.number());
        Self {
            remedies: needed
                .into_iter()
                .map(|(remedy, hosts)| Remedy::new(remedy, hosts))
                .collect(),
        }
    }
}

impl Remedy {
    fn new(remedy: &'static remedies::Remedy, hosts: u64) -> Self {
        let places: Vec<&str> = remedy.places.iter().copied().map(Place::words).collect();
        Self {
            key: &remedy.key,
            title: &remedy.title,
            hosts,
            purpose: pieces(&remedy.purpose),
            places: places.join("; "),
            interrupts: pieces(&remedy.interrupts),
            not_for: remedy.not_for.as_deref().map(pieces).unwrap_or_default(),
            warnings: remedy.warnings.iter().map(|text| pieces(text)).collect(),
            steps: remedy.steps.iter().map(Step::new).collect(),
            undo: remedy.undo.iter().map(Step::new).collect(),
            scan: &remedy.check.scan,
            expect: pieces(&remedy.check.expect),
            events: remedy
                .check
                .events
                .iter()
                .map(|entry| Event {
                    log: &entry.log,
                    ids: entry
                        .ids
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(", "),
                    shows: pieces(&entry.shows),
                })
                .collect(),
            sources: &remedy.sources,
        }
    }
}

impl Step {
    fn new(step: &'static remedies::Step) -> Self {
        Self {
            text: pieces(&step.text),
            commands: step
                .commands
                .iter()
                .map(|command| Command {
                    shell: match command.shell {
                        Shell::PowerShell => "PowerShell",
                        Shell::Cmd => "Command Prompt",
                        Shell::Registry => "Registry file",
                    },
                    reads: command.read_only,
                    lines: command.text.trim().lines().collect(),
                })
                .collect(),
        }
    }
}
