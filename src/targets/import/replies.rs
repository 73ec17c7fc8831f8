//! What tools print about hosts, a line for each: replies to ping, neighbours, and the like. A host stands at a known place of a line
//! that has known words around it.

use std::collections::HashSet;

use super::super::error::Refusal;
use super::super::spec::{self, Target};
use super::table::cells;
use super::{HEAD_LINES, Import, ListFile, NOT_OPEN};

/// A form of a line, with one blank for each run of blanks.
struct Form {
    tool: &'static str,
    /// In front of the host.
    before: &'static str,
    /// Somewhere behind it.
    behind: &'static str,
    is_up: bool,
}

const fn form(tool: &'static str, before: &'static str, behind: &'static str) -> Form {
    Form {
        tool,
        before,
        behind,
        is_up: true,
    }
}

const fn down(tool: &'static str, before: &'static str, behind: &'static str) -> Form {
    Form {
        tool,
        before,
        behind,
        is_up: false,
    }
}

/// The first that fits counts.
const FORMS: [Form; 26] = [
    form("fping", "", " is alive"),
    down("fping", "", " is unreachable"),
    down("fping", "", " address not found"),
    form("ping", "Reply from ", " TTL="),
    form("ping", "Antwort von ", " TTL="),
    form("ping", "Réponse de ", " TTL="),
    form("ping", "Respuesta desde ", " TTL="),
    form("ping", "Risposta da ", " TTL="),
    form("ping", "Resposta de ", " TTL="),
    form("ping", "Antwoord van ", " TTL="),
    form("ping", "Odpowiedź z ", " TTL="),
    form("ping", "Ответ от ", " TTL="),
    form("ping", "64 bytes from ", " ttl="),
    // Behind the replies of the host, if there are some.
    down("ping", "Ping statistics for ", ""),
    down("ping", "Ping-Statistik für ", ""),
    down("ping", "Statistiques Ping pour ", ""),
    down("ping", "Estadísticas de ping para ", ""),
    down("ping", "--- ", " ping statistics"),
    down("arp", "? (", ") at <incomplete>"),
    form("arp", "? (", ") at "),
    form("ip neigh", "", " lladdr "),
    form("nltest /dclist", "", " [DS]"),
    form("NetExec", "SMB ", " 445 "),
    form("NetExec", "RDP ", " 3389 "),
    form("NetExec", "WINRM ", " 5985 "),
    form("NetExec", "LDAP ", " 389 "),
];

/// The lines of tools that print the hardware addresses of hosts, in any language.
const NEIGHBOURS: [Form; 1] = [form("arp-scan", "", HARDWARE)];
/// In place of words behind a host: its hardware address.
const HARDWARE: &str = "<hardware>";

impl Form {
    /// The host of a line of this form.
    fn host<'a>(&self, line: &'a str) -> Option<&'a str> {
        let rest = line.strip_prefix(self.before)?;
        let ends = |letter: char| letter.is_whitespace() || matches!(letter, ')' | '(' | ']');
        let end = rest.find(ends).unwrap_or(rest.len());
        let (host, behind) = rest.split_at_checked(end)?;
        let host = host.strip_suffix(':').unwrap_or(host);
        let is_host = matches!(
            spec::target(host),
            Ok(Target::Addresses { single: true, .. } | Target::Name { .. })
        );
        let next = behind.split_whitespace().next().unwrap_or_default();
        let fits = if self.behind == HARDWARE {
            cells::is_hardware(next) && !cells::is_broadcast(next)
        } else {
            behind.contains(self.behind)
        };
        (is_host && fits).then_some(host)
    }
}

pub(super) fn read(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    of_forms(file, &FORMS)
}

pub(super) fn neighbours(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    of_forms(file, &NEIGHBOURS)
}

fn of_forms(file: &ListFile<'_>, forms: &[Form]) -> Option<Result<Import, Refusal>> {
    let lines = || {
        let lines = file.text.lines().map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.join(" ")
        });
        (1..).zip(lines)
    };
    let found = |line: &str| {
        forms
            .iter()
            .find_map(|form| form.host(line).map(|host| (form, host.to_owned())))
    };
    let (form, _) = lines()
        .take(HEAD_LINES)
        .find_map(|(_, line)| found(&line))?;
    let mut import = Import::of(&format!("output of {}", form.tool));
    let mut seen = HashSet::new();
    for (number, line) in lines() {
        let Some((form, host)) = found(&line) else {
            continue;
        };
        if !seen.insert(host.clone()) {
            continue;
        }
        if form.is_up {
            import.add(&host, None, number, None);
        } else {
            import.skip(NOT_OPEN, &host);
        }
    }
    Some(Ok(import))
}
