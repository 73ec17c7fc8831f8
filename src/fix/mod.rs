//! From what is wrong to what an admin runs: a folder with a script per remedy, `.rdp` files, and lists.
//!
//! [`plan`] is pure and holds the whole folder; [`write_folder`] puts it on disk, all or nothing. Scripts change nothing unless
//! they are told to, and hold no text that came from the network except names that were checked: one that is not a host name
//! is refused and listed, never escaped into a script.

mod commands;
mod folder;
mod machine;
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
pub use machine::Refused;
pub use name::{Computer, HostName, NameFault};
pub use script::has_script;

use machine::{Machine, System};

/// A word that is no remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no remedy; write R1 to R20, as in --remedy R1,R2")]
pub struct UnknownRemedy {
    /// The word, safe to print.
    word: String,
}

/// The remedies that some words name, in order, each once.
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

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where in the folder, with `/` between parts.
    pub path: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// The folder, before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Every file, in order of path within its kind.
    pub files: Vec<File>,
    /// Hosts that something is to be done about.
    pub hosts: usize,
    /// Scripts among the files.
    pub scripts: usize,
    /// Names kept out.
    pub refused: Vec<Refused>,
}

impl Plan {
    /// Nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hosts == 0
    }
}

/// A finding on a machine, and what mends it.
struct Action<'a> {
    /// Index into the machines.
    machine: usize,
    finding: &'a Finding,
    remedy: &'static Remedy,
    way: Way,
}

/// How an action is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By the remedy's script.
    Script,
    /// By hand: the remedy is not done on the host, or takes judgement.
    Page,
    /// By hand: the host is not Windows.
    NotWindows,
    /// By the remedy's script, once somebody who knows the host names it: nothing that it showed says that it is Windows.
    Unproven,
    /// By hand: there is no address to connect to.
    NoAddress,
}

impl Way {
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

/// Makes the folder for some hosts. With remedies named, only those, and then also for what is merely worth knowing
/// ([`Severity::Info`]); with none named, every remedy of a finding that is more than that.
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
        actions.extend(wanted.into_iter().map(|(finding, remedy)| Action {
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

/// Whether a folder made for this host would have anything in it: a finding that is more than worth knowing, with a remedy.
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

/// Findings for which a step of the remedy's page is right that its script does not do: binding another certificate brings no
/// intermediate.
const BY_HAND: [(&str, &str); 1] = [("RDP-CERT-CHAIN-SHORT", "R4")];

fn way(finding: &Finding, remedy: &Remedy, machine: &Machine) -> Way {
    if !has_script(remedy) || BY_HAND.contains(&(finding.id, remedy.key.as_str())) {
        return Way::Page;
    }
    match machine.system {
        System::Other => Way::NotWindows,
        _ if machine.computer().is_none() => Way::NoAddress,
        System::Unknown => Way::Unproven,
        System::Windows => Way::Script,
    }
}

/// A remedy with the machines concerned, each once, in order.
struct Part<'a> {
    remedy: &'static Remedy,
    /// Those that its script is for.
    scripted: Vec<&'a Machine>,
    /// Those that its script takes only when they are named.
    unproven: Vec<&'a Machine>,
    /// Those to be done by hand.
    by_hand: Vec<&'a Machine>,
}

fn parts<'a>(machines: &'a [Machine], actions: &[Action<'_>]) -> Vec<Part<'a>> {
    let mut parts: BTreeMap<u8, Part<'a>> = BTreeMap::new();
    let mut seen = HashSet::new();
    // What the script does for one finding may have to be done by hand for another: the script has it then.
    let (by_hand, others): (Vec<&Action<'_>>, Vec<&Action<'_>>) =
        actions.iter().partition(|action| action.way == Way::Page);
    for action in others.into_iter().chain(by_hand) {
        let number = action.remedy.number();
        let Some(machine) = machines.get(action.machine) else {
            continue;
        };
        if !seen.insert((number, action.machine)) {
            continue;
        }
        let part = parts.entry(number).or_insert_with(|| Part {
            remedy: action.remedy,
            scripted: Vec::new(),
            unproven: Vec::new(),
            by_hand: Vec::new(),
        });
        match action.way {
            Way::Script => part.scripted.push(machine),
            Way::Unproven => part.unproven.push(machine),
            Way::Page | Way::NotWindows | Way::NoAddress => part.by_hand.push(machine),
        }
    }
    parts.into_values().collect()
}

fn files(machines: &[Machine], actions: &[Action<'_>], refused: &[Refused]) -> (Vec<File>, usize) {
    let parts = parts(machines, actions);
    let mut files = vec![
        File {
            path: "README.md".to_owned(),
            content: page::index(&parts, machines.len(), refused.len()).into_bytes(),
        },
        File {
            path: "actions.csv".to_owned(),
            content: sheet::actions(machines, actions),
        },
        File {
            path: "refused.csv".to_owned(),
            content: sheet::refused(refused),
        },
    ];
    for part in &parts {
        files.push(File {
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
            files.push(File {
                path: format!("scripts/{}.ps1", part.remedy.key),
                content: text.into_bytes(),
            });
        }
    }
    // Several machines may share a name: its file is the same for all of them.
    let rdp: BTreeMap<String, String> = (1..)
        .zip(machines)
        .flat_map(|(number, machine)| rdp_file::files(machine, number))
        .collect();
    files.extend(rdp.into_iter().map(|(name, text)| File {
        path: format!("rdp/{name}"),
        content: text.into_bytes(),
    }));
    (files, scripts)
}
