//! The remedies that the hosts of a page need, once each.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Piece, pieces};
use crate::diagnosis::remedies::{self, Place, Shell};
use crate::report::sheet::Sheet;

/// All of them, in order of number.
#[derive(Serialize)]
pub(super) struct Chapter {
    remedies: Vec<Remedy>,
}

#[derive(Serialize)]
struct Remedy {
    key: &'static str,
    title: &'static str,
    hosts: usize,
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
    pub(super) fn new(sheet: &Sheet<'_>) -> Self {
        let mut hosts: BTreeMap<u8, (&'static remedies::Remedy, usize)> = BTreeMap::new();
        for (host, _) in &sheet.rows {
            let findings = &host.diagnosis.findings;
            let mut needed: Vec<_> = findings
                .iter()
                .flat_map(|found| found.remedies)
                .filter_map(|key| remedies::find(key))
                .collect();
            needed.sort_by_key(|remedy| remedy.number());
            needed.dedup();
            for remedy in needed {
                hosts.entry(remedy.number()).or_insert((remedy, 0)).1 += 1;
            }
        }
        Self {
            remedies: hosts
                .into_values()
                .map(|(remedy, hosts)| Remedy::new(remedy, hosts))
                .collect(),
        }
    }
}

impl Remedy {
    fn new(remedy: &'static remedies::Remedy, hosts: usize) -> Self {
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
