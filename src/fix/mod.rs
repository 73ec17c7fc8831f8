//! Fixes for the findings: a folder with the fix script, the hosts that it reads, pages of remedies, `.rdp` files, and lists.
//!
//! [`plan`] is pure and returns the whole folder; [`write_folder`] writes all of it or nothing. The script is the same for every scan
//! and only reads without `-Apply`; names from the network are data in `hosts.csv`, checked: a name that is not a host name is
//! rejected and listed, never escaped.

mod actions;
mod facts;
mod folder;
mod machine;
mod main_command;
mod name;
mod page;
mod placeholders;
mod rdp_file;
mod readme;
mod script;
mod sheet;

use std::collections::BTreeMap;
use std::fmt;

use crate::counts::grouped;
use crate::diagnosis::remedies::{self, Remedy};
use crate::fleet::Host;
use crate::model::{Finding, Severity};

pub use facts::{FactsError, InsideFacts, UnusedFacts, facts_schema};
pub use folder::{FolderError, check_folder, write_folder};
pub use machine::RefusedName;
pub use main_command::{Commands, MainCommand, commands, main_command, remedy_for, script_command};
pub use name::{Computer, HostName, NameFault};
pub use script::{SCRIPT, has_script};

use actions::{Actions, HostRow};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid remedy `{word}`: use R1 to R{}, as in --remedy R1,R2", remedies::all().len())]
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
    pub reach: ScriptReach,
    pub refused: Vec<RefusedName>,
    /// Facts that no host of the plan has.
    pub unused_facts: Vec<UnusedFacts>,
}

impl Plan {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hosts == 0
    }
}

/// How many hosts the script contacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScriptReach {
    /// Without `-ComputerName`.
    pub hosts: usize,
    /// Only when they are named: they are not known to be Windows.
    pub when_named: usize,
}

/// "the script contacts 3, 1 more when named".
impl fmt::Display for ScriptReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self {
                hosts: 0,
                when_named: 0,
            } => f.write_str("all by hand"),
            Self {
                hosts,
                when_named: 0,
            } => write!(f, "the script contacts {}", grouped(hosts as u64)),
            Self { hosts, when_named } => write!(
                f,
                "the script contacts {}, {} more when named",
                grouped(hosts as u64),
                grouped(when_named as u64)
            ),
        }
    }
}

/// The folder for some hosts. `named` remedies apply to every finding; with none named, all remedies of findings above
/// [`Severity::Info`] that are not acknowledged.
#[must_use]
pub fn plan<'a>(hosts: impl IntoIterator<Item = &'a Host>, named: &[&'static Remedy]) -> Plan {
    plan_with_facts(hosts, named, &InsideFacts::default())
}

/// As [`plan`], where the script has read some of the hosts before.
#[must_use]
pub fn plan_with_facts<'a>(
    hosts: impl IntoIterator<Item = &'a Host>,
    named: &[&'static Remedy],
    inside: &InsideFacts,
) -> Plan {
    let actions = Actions::of(hosts, named, inside);
    let rows = actions.host_rows();
    Plan {
        files: files(&actions, &rows),
        hosts: actions.machines.len(),
        reach: ScriptReach::of(&rows),
        refused: actions.refused,
        unused_facts: actions.unused_facts,
    }
}

/// How many of the hosts the script contacts.
#[must_use]
pub fn reach<'a>(hosts: impl IntoIterator<Item = &'a Host>) -> ScriptReach {
    ScriptReach::of(&Actions::of(hosts, &[], &InsideFacts::default()).host_rows())
}

/// Whether the host has a finding above [`Severity::Info`] that counts, with a remedy.
#[must_use]
pub fn concerns(host: &Host) -> bool {
    wanted(host, &[]).next().is_some()
}

fn wanted<'a, 'n>(
    host: &'a Host,
    named: &'n [&'static Remedy],
) -> impl Iterator<Item = (&'a Finding, &'static Remedy)> + use<'a, 'n> {
    let findings = host.diagnosis.findings.iter();
    let each = findings.flat_map(|finding| {
        let known = finding.remedies.iter().copied().filter_map(remedies::find);
        known.map(move |remedy| (finding, remedy))
    });
    each.filter(|(finding, remedy)| {
        if named.is_empty() {
            finding.severity > Severity::Info && finding.acknowledged.is_none()
        } else {
            named.contains(remedy)
        }
    })
}

fn files(actions: &Actions<'_>, rows: &[HostRow<'_>]) -> Vec<PlannedFile> {
    let parts = actions.by_remedy();
    let file = |path: &str, content: Vec<u8>| PlannedFile {
        path: path.to_owned(),
        content,
    };
    let mut files = vec![
        file(
            "README.md",
            readme::text(actions, &parts, rows).into_bytes(),
        ),
        file("actions.csv", sheet::actions(actions)),
        file("refused.csv", sheet::refused(&actions.refused)),
    ];
    if !rows.is_empty() {
        files.push(file(SCRIPT, script::text().into_bytes()));
        files.push(file("hosts.csv", sheet::hosts(rows)));
    }
    for part in &parts {
        let path = format!("remedies/{}.md", part.remedy.key);
        files.push(file(&path, page::remedy(part).into_bytes()));
    }
    // Machines with the same name share its file.
    let rdp: BTreeMap<String, String> = (1..)
        .zip(&actions.machines)
        .flat_map(|(number, machine)| rdp_file::files(machine, number))
        .collect();
    files.extend(rdp.into_iter().map(|(name, text)| PlannedFile {
        path: format!("rdp/{name}"),
        content: text.into_bytes(),
    }));
    files
}
