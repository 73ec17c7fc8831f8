//! Findings grouped by id and severity, with their hosts and remedies.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{address, code, plain};
use crate::counts::counted;
use crate::diagnosis::catalog;
use crate::diagnosis::remedies::{self, Remedy};
use crate::fleet::Summary;
use crate::model::{Finding, Severity};
use crate::report::sheet::Sheet;
use crate::report::words;

/// More hosts with a finding are counted.
pub(super) const MOST_NAMED: usize = 50;

/// A finding at one severity, over all hosts.
pub(super) struct Kind {
    severity: Severity,
    entry: Option<&'static catalog::FindingKind>,
    hosts: Vec<Affected>,
}

struct Affected {
    who: String,
    evidence: String,
    /// In the order to try: the remedies of a finding can differ between hosts.
    remedies: Vec<&'static Remedy>,
}

impl Kind {
    /// "12 hosts have an expired certificate".
    fn phrase(&self) -> String {
        let mut hosts: Vec<&str> = self.hosts.iter().map(|host| host.who.as_str()).collect();
        hosts.dedup();
        self.entry.map_or_else(
            || counted(hosts.len() as u64, "host", "hosts"),
            |entry| entry.phrase(hosts.len()),
        )
    }

    /// The distinct remedies of all hosts, by number.
    pub(super) fn remedies(&self) -> Vec<&'static Remedy> {
        let all = self.hosts.iter().flat_map(|host| host.remedies.iter());
        let numbered: BTreeMap<u8, &Remedy> =
            all.map(|remedy| (remedy.number(), *remedy)).collect();
        numbered.into_values().collect()
    }

    /// The remedies of all hosts, where they are the same.
    fn common(&self) -> Option<&[&'static Remedy]> {
        let (first, others) = self.hosts.split_first()?;
        let same = others.iter().all(|host| host.remedies == first.remedies);
        same.then_some(first.remedies.as_slice())
    }
}

pub(super) type Kinds = BTreeMap<(std::cmp::Reverse<Severity>, &'static str), Kind>;

/// Worst first. Findings of severity info are left out, except those that say why a host was not probed.
pub(super) fn of(sheet: &Sheet<'_>) -> Kinds {
    let mut kinds = Kinds::new();
    for row in sheet.rows() {
        let name = row.name.map_or_else(String::new, |name| format!(" {name}"));
        let who = format!("{}{name}", address(&row));
        for found in &row.host.diagnosis.findings {
            if found.severity > Severity::Info || words::says_why_not_probed(found) {
                add(&mut kinds, found, &who);
            }
        }
    }
    kinds
}

fn add(kinds: &mut Kinds, found: &Finding, who: &str) {
    let kind = kinds
        .entry((std::cmp::Reverse(found.severity), found.id))
        .or_insert_with(|| Kind {
            severity: found.severity,
            entry: catalog::kind(found.id),
            hosts: Vec::new(),
        });
    kind.hosts.push(Affected {
        who: who.to_owned(),
        evidence: found.evidence.clone(),
        remedies: found
            .remedies
            .iter()
            .filter_map(|key| remedies::find(key))
            .collect(),
    });
}

pub(super) fn write(kinds: &Kinds, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    if kinds.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Findings\n")?;
    for ((_, id), kind) in kinds {
        writeln!(
            out,
            "### {} ({}): {}\n",
            code(id),
            kind.severity,
            plain(&kind.phrase())
        )?;
        let all = summary.by_finding.get(id);
        if let Some((all, split)) = all.and_then(|all| Some((all, all.split()?))) {
            let hosts = counted(all.hosts(), "host has", "hosts have");
            writeln!(out, "In all, {hosts} this finding: {split}.\n")?;
        }
        what_to_do(kind, out)?;
        writeln!(out)?;
        let common = kind.common().is_some();
        for host in kind.hosts.iter().take(MOST_NAMED) {
            let evidence = if host.evidence.is_empty() {
                String::new()
            } else {
                format!(": {}", code(&host.evidence))
            };
            let keys: Vec<&str> = host.remedies.iter().map(|remedy| &*remedy.key).collect();
            let own = if common || keys.is_empty() {
                String::new()
            } else {
                format!(" ({})", keys.join(", then "))
            };
            writeln!(out, "- {}{evidence}{own}", code(&host.who))?;
        }
        let more = kind.hosts.len().saturating_sub(MOST_NAMED);
        if more > 0 {
            writeln!(out, "- and {more} more: `--filter finding:{id}` has all")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn what_to_do(kind: &Kind, out: &mut dyn Write) -> io::Result<()> {
    match kind.common() {
        Some([first, others @ ..]) => {
            write!(out, "What to do: {} (see {} below)", first.title, first.key)?;
            for other in others {
                write!(out, ", then {} ({})", other.title, other.key)?;
            }
            writeln!(out, ".")
        }
        Some([]) => Ok(()),
        None => {
            let remedies = kind.remedies();
            let all: Vec<String> = remedies
                .iter()
                .map(|remedy| format!("{} ({})", remedy.title, remedy.key))
                .collect();
            writeln!(
                out,
                "What to do is not the same everywhere, and stands behind each host: {}; see below.",
                all.join("; ")
            )
        }
    }
}
