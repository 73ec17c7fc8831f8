//! Fixes for the findings: a folder with a script per remedy, `.rdp` files, and lists.
//!
//! [`plan`] is pure and returns the whole folder; [`write_folder`] writes all of it or nothing. Scripts only read without `-Apply`.
//! The only network text in them is checked names: a name that is not a host name is rejected and listed, never escaped.

mod commands;
mod folder;
mod machine;
mod main_command;
mod name;
mod page;
mod rdp_file;
mod script;
mod sheet;

use std::collections::{BTreeMap, HashSet};

use crate::diagnosis::remedies::{self, Remedy};
use crate::fleet::Host;
use crate::model::{Finding, Severity};

pub use commands::{Commands, commands};
pub use folder::{FolderError, check_folder, write_folder};
pub use machine::RefusedName;
pub use main_command::{MainCommand, main_command, remedy_for};
pub use name::{Computer, HostName, NameFault};
pub use script::has_script;

use machine::{DetectedSystem, Machine};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no remedy; write R1 to R{}, as in --remedy R1,R2", remedies::all().len())]
pub struct UnknownRemedy {
    /// Safe to print.
    word: String,
}

/// The remedies with these keys, in order, each once.
pub fn remedies_named<'a>(
    words: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<&'static Remedy>, UnknownRemedy> {
    let mut named = words
        .into_iter()
        .flat_map(|word| word.split(','))
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(|word| {
            remedies::find(word).ok_or_else(|| UnknownRemedy {
                word: crate::sanitize::terminal(word).into_owned(),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    named.sort_by_key(|remedy| remedy.number());
    named.dedup();
    Ok(named)
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// In the folder, with `/` between parts.
    pub path: String,
    pub content: Vec<u8>,
}

/// The content of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub files: Vec<PlannedFile>,
    /// The number of hosts to fix.
    pub hosts: usize,
    /// The number of scripts among the files.
    pub scripts: usize,
    pub refused: Vec<RefusedName>,
}

impl Plan {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hosts == 0
    }
}

/// A remedy for a finding on a machine.
struct RemedyAction<'a> {
    /// Index into the machines.
    machine: usize,
    finding: &'a Finding,
    remedy: &'static Remedy,
    way: Execution,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Execution {
    /// By the remedy's script.
    Script,
    /// By hand: the remedy is not applied on the host, or requires judgement.
    Page,
    /// By hand: the host is not Windows.
    NotWindows,
    /// By the remedy's script with `-ComputerName` only: the host is not known to be Windows.
    Unproven,
    /// By hand: there is no address to connect to.
    NoAddress,
}

impl Execution {
    const fn words(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Page => "by hand",
            Self::NotWindows => "by hand: the host is not Windows",
            Self::Unproven => "script, when named: not known to be Windows",
            Self::NoAddress => "by hand: the name has no address",
        }
    }
}

/// The folder for some hosts. `named` remedies apply to findings of every severity; with none named, all remedies of findings
/// above [`Severity::Info`].
#[must_use]
pub fn plan<'a>(hosts: impl IntoIterator<Item = &'a Host>, named: &[&'static Remedy]) -> Plan {
    let mut hosts: Vec<&Host> = hosts.into_iter().collect();
    hosts.sort_by(|a, b| a.key().cmp(b.key()));
    let mut refused = Vec::new();
    let mut machines = Vec::new();
    let mut actions = Vec::new();
    for host in hosts {
        let wanted: Vec<(&Finding, &'static Remedy)> = wanted(host, named).collect();
        if wanted.is_empty() {
            continue;
        }
        let machine = Machine::new(host, &mut refused);
        actions.extend(wanted.into_iter().map(|(finding, remedy)| RemedyAction {
            machine: machines.len(),
            finding,
            remedy,
            way: way(finding, remedy, &machine),
        }));
        machines.push(machine);
    }
    let (files, scripts) = files(&machines, &actions, &refused);
    Plan {
        files,
        hosts: machines.len(),
        scripts,
        refused,
    }
}

/// Whether the host has a finding above [`Severity::Info`] with a remedy.
#[must_use]
pub fn concerns(host: &Host) -> bool {
    wanted(host, &[]).next().is_some()
}

fn wanted<'a>(
    host: &'a Host,
    named: &'a [&'static Remedy],
) -> impl Iterator<Item = (&'a Finding, &'static Remedy)> {
    let findings = host.diagnosis.findings.iter();
    let each = findings.flat_map(|finding| {
        let known = finding.remedies.iter().copied().filter_map(remedies::find);
        known.map(move |remedy| (finding, remedy))
    });
    each.filter(|(finding, remedy)| {
        if named.is_empty() {
            finding.severity > Severity::Info
        } else {
            named.contains(remedy)
        }
    })
}

/// Findings and remedies whose script lacks the right step: binding another certificate adds no intermediate.
const BY_HAND: [(&str, &str); 1] = [("RDP-CERT-CHAIN-SHORT", "R4")];

fn way(finding: &Finding, remedy: &Remedy, machine: &Machine) -> Execution {
    if !has_script(remedy) || BY_HAND.contains(&(finding.id, remedy.key.as_str())) {
        return Execution::Page;
    }
    match machine.system {
        DetectedSystem::Other => Execution::NotWindows,
        _ if machine.computer().is_none() => Execution::NoAddress,
        DetectedSystem::Unknown => Execution::Unproven,
        DetectedSystem::Windows => Execution::Script,
    }
}

/// A remedy with its machines, each once, in order.
struct RemedyMachines<'a> {
    remedy: &'static Remedy,
    /// By the script.
    scripted: Vec<&'a Machine>,
    /// By the script with `-ComputerName` only.
    unproven: Vec<&'a Machine>,
    by_hand: Vec<&'a Machine>,
}

fn parts<'a>(machines: &'a [Machine], actions: &[RemedyAction<'_>]) -> Vec<RemedyMachines<'a>> {
    let mut parts: BTreeMap<u8, RemedyMachines<'a>> = BTreeMap::new();
    let mut seen = HashSet::new();
    // A remedy by script for one finding and by hand for another is done by script.
    let (by_hand, others): (Vec<&RemedyAction<'_>>, Vec<&RemedyAction<'_>>) = actions
        .iter()
        .partition(|action| action.way == Execution::Page);
    for action in others.into_iter().chain(by_hand) {
        let number = action.remedy.number();
        let Some(machine) = machines.get(action.machine) else {
            continue;
        };
        if !seen.insert((number, action.machine)) {
            continue;
        }
        let part = parts.entry(number).or_insert_with(|| RemedyMachines {
            remedy: action.remedy,
            scripted: Vec::new(),
            unproven: Vec::new(),
            by_hand: Vec::new(),
        });
        match action.way {
            Execution::Script => part.scripted.push(machine),
            Execution::Unproven => part.unproven.push(machine),
            Execution::Page | Execution::NotWindows | Execution::NoAddress => {
                part.by_hand.push(machine);
            }
        }
    }
    parts.into_values().collect()
}

fn files(
    machines: &[Machine],
    actions: &[RemedyAction<'_>],
    refused: &[RefusedName],
) -> (Vec<PlannedFile>, usize) {
    let parts = parts(machines, actions);
    let mut files = vec![
        PlannedFile {
            path: "README.md".to_owned(),
            content: page::index(&parts, machines.len(), refused.len()).into_bytes(),
        },
        PlannedFile {
            path: "actions.csv".to_owned(),
            content: sheet::actions(machines, actions),
        },
        PlannedFile {
            path: "refused.csv".to_owned(),
            content: sheet::refused(refused),
        },
    ];
    for part in &parts {
        files.push(PlannedFile {
            path: format!("remedies/{}.md", part.remedy.key),
            content: page::remedy(part).into_bytes(),
        });
    }
    let mut scripts = 0;
    for part in parts
        .iter()
        .filter(|part| !part.scripted.is_empty() || !part.unproven.is_empty())
    {
        if let Some(text) = script::script(part.remedy, &part.scripted, &part.unproven) {
            scripts += 1;
            files.push(PlannedFile {
                path: format!("scripts/{}.ps1", part.remedy.key),
                content: text.into_bytes(),
            });
        }
    }
    // Machines with the same name share its file.
    let rdp: BTreeMap<String, String> = (1..)
        .zip(machines)
        .flat_map(|(number, machine)| rdp_file::files(machine, number))
        .collect();
    files.extend(rdp.into_iter().map(|(name, text)| PlannedFile {
        path: format!("rdp/{name}"),
        content: text.into_bytes(),
    }));
    (files, scripts)
}
