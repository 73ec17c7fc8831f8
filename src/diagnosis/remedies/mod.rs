//! What to do about a finding: R1 and so on, as data.
//!
//! The texts are in TOML files beside this one, one for each family. Harmful folklore (renaming the `MachineKeys` folder,
//! security layer 0, NLA switched off, authentication level 0, a pending-connection limit of 65536) is never a remedy; a text
//! only warns of it, and a test checks every command.

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::sources::{self, Standing};
use crate::model::words;

pub(super) const FILES: [&str; 6] = [
    include_str!("certificates.toml"),
    include_str!("listener.toml"),
    include_str!("tls.toml"),
    include_str!("network.toml"),
    include_str!("names.toml"),
    include_str!("around.toml"),
];

static ALL: LazyLock<Vec<Remedy>> = LazyLock::new(|| {
    let mut all: Vec<Remedy> = FILES.iter().flat_map(|text| family(text)).collect();
    all.sort_by_key(Remedy::number);
    all
});

/// Every remedy, in order of number.
#[must_use]
pub fn all() -> &'static [Remedy] {
    &ALL
}

/// The remedy with this key, such as `R1`; capital or small, blanks around it do not matter.
#[must_use]
pub fn find(key: &str) -> Option<&'static Remedy> {
    let key = key.trim();
    ALL.iter()
        .find(|remedy| remedy.key.eq_ignore_ascii_case(key))
}

#[expect(
    clippy::expect_used,
    reason = "the text is part of the program, and a test reads all of it"
)]
fn family(text: &str) -> Vec<Remedy> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Family {
        remedy: Vec<Remedy>,
    }
    let mut family = toml::from_str::<Family>(text)
        .expect("an embedded file of remedies that can be read")
        .remedy;
    for remedy in &mut family {
        remedy.standing = sources::best(&remedy.sources);
        remedy.sources = sources::citations(&remedy.sources);
    }
    family
}

/// One way to fix something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    /// Stable key, such as `R1`.
    pub key: String,
    pub title: String,
    pub purpose: String,
    /// One place, or several in order.
    pub places: Vec<Place>,
    /// What is interrupted meanwhile, and for whom.
    pub interrupts: String,
    /// When not to use it; `None` when it never harms.
    #[serde(default)]
    pub not_for: Option<String>,
    pub steps: Vec<Step>,
    pub undo: Vec<Step>,
    pub check: Check,
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Why the fix script does not do it, to follow "none:"; `None` when it does.
    #[serde(default, skip_serializing)]
    pub no_script: Option<String>,
    /// Entries of the handbook to read on.
    #[serde(default, skip_serializing)]
    pub see: Vec<String>,
    /// Further words to be found by in the handbook.
    #[serde(skip_serializing)]
    pub words: Vec<String>,
    /// Where the knowledge comes from; in the files, ids of the table of sources.
    pub sources: Vec<String>,
    /// How well it is known.
    #[serde(skip)]
    pub standing: Standing,
}

impl Remedy {
    #[must_use]
    pub fn number(&self) -> u8 {
        self.key
            .get(1..)
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(u8::MAX)
    }

    /// Every text about what is done: steps, commands, warnings and log entries.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let steps = self.steps.iter().chain(&self.undo);
        steps
            .map(|step| &step.text)
            .chain(self.commands().map(|command| &command.text))
            .chain(&self.warnings)
            .chain(self.check.events.iter().map(|entry| &entry.shows))
            .map(String::as_str)
    }

    /// Every command: of the steps, then of the undo.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        self.steps
            .iter()
            .chain(&self.undo)
            .flat_map(|step| &step.commands)
    }
}

/// Where a remedy is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// On the host that refuses, with administrator's rights.
    Host,
    /// As [`Place::Host`], and by another way than Remote Desktop, which it may cut off in the middle.
    HostConsole,
    /// On the machine from which people connect.
    Workstation,
    /// On a domain controller, or with its tools.
    DomainController,
    /// On the DNS server, or in its console.
    DnsServer,
    /// On the firewall, the VPN gateway or another box on the path.
    Firewall,
}

impl Place {
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Host => "on the host, elevated",
            Self::HostConsole => {
                "on the host, elevated: at the console or by PowerShell remoting, not inside a Remote Desktop session that it cuts off"
            }
            Self::Workstation => "on the workstation that connects",
            Self::DomainController => "on the domain controller",
            Self::DnsServer => "on the DNS server",
            Self::Firewall => "on the firewall or gateway in between",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is done, and why.
    pub text: String,
    /// Not every host requires it: the text says when. It is never to be pasted along with the other steps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_if: bool,
    /// Ways to do it: in order within one shell, one shell being enough.
    #[serde(default)]
    pub commands: Vec<Command>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    pub shell: Shell,
    /// The text, one or more lines. `srv05`, `corp.example`, `10.0.0.5` and words in `<…>` stand for the reader's own.
    pub text: String,
    pub read_only: bool,
    /// Part of what is done first where one command has to be enough; all such commands of a remedy are for one shell.
    #[serde(default, skip_serializing)]
    pub main: bool,
}

words! { @unlisted
    Shell {
        /// Windows `PowerShell` 5.1 or newer.
        PowerShell = "powershell",
        Cmd = "cmd",
        /// A whole `.reg` file, to be saved and imported.
        Registry = "registry",
    }
}

/// How to see that a remedy worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub scan: String,
    /// Its result where the remedy worked.
    pub expect: String,
    pub events: Vec<LogEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogEntry {
    /// The Windows log, or a file.
    pub log: String,
    /// Event ids; empty for a plain file.
    #[serde(default)]
    pub ids: Vec<u32>,
    /// What they mean, and whether that is good.
    pub shows: String,
}

/// "System 1056, 1057: what they mean".
impl fmt::Display for LogEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.ids.iter().map(u32::to_string).collect();
        let gap = if ids.is_empty() { "" } else { " " };
        write!(f, "{}{gap}{}: {}", self.log, ids.join(", "), self.shows)
    }
}

#[cfg(test)]
mod tests;
