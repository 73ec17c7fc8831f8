//! What can be copied of hosts, made safe for a clipboard.
//!
//! INVARIANT: nothing from the network brings a line break, another control character or an invisible one along, so that a
//! pasted value is never a second command line. Only our own text has lines: the commands of a remedy, and the layout of JSON.

use std::borrow::Cow;

use crate::fix::{self, HostName};
use crate::fleet::{Fleet, Host, HostId};
use crate::model::{DnsVerdict, History, HostKey, NameSource};
use crate::{report, sanitize};

/// An entry of the copy menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copyable {
    /// The label in the menu.
    pub what: &'static str,
    /// Picks the entry; no other has it.
    pub letter: char,
    /// Not empty.
    pub text: String,
    /// For the message after copying; empty when there is nothing to add.
    pub remark: String,
}

/// What the hosts have: a line of each for several, and then only what is one line.
pub(super) fn copyables(fleet: &Fleet, hosts: &[HostId]) -> Vec<Copyable> {
    let hosts: Vec<&Host> = hosts.iter().filter_map(|id| fleet.host(*id)).collect();
    let mut lines: [Vec<String>; 5] = Default::default();
    for host in &hosts {
        for (lines, line) in lines.iter_mut().zip(single_lines(host, hosts.len() == 1)) {
            lines.extend(line);
        }
    }
    let [names, addresses, sha1, sha256, mstsc] = lines.map(|lines| lines.join("\n"));
    let only = match hosts.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    let subject = only.and_then(|host| {
        let history = host.history();
        let leaf = host.diagnosis.certificate(&history)?;
        let readable = leaf.unparsable.is_none();
        readable.then(|| sanitize::single_line(&leaf.subject).into_owned())
    });
    let (commands, remark) = only.and_then(fix_commands).unwrap_or_default();
    let json = only.and_then(|host| json(host, fleet));
    let entry = |what, letter, text| Copyable {
        what,
        letter,
        text,
        remark: String::new(),
    };
    let mut all = vec![
        entry("name", 'n', names),
        entry("address", 'a', addresses),
        entry("SHA-1 thumbprint", 't', sha1),
        entry("SHA-256 thumbprint", '2', sha256),
        Copyable {
            remark,
            ..entry("commands of the fix", 'c', commands)
        },
        entry("mstsc command", 'm', mstsc),
        entry("certificate subject", 's', subject.unwrap_or_default()),
        entry("host as JSON", 'o', json.unwrap_or_default()),
    ];
    all.retain(|entry| !entry.text.is_empty());
    all
}

/// The main command of the first remedy, and the remark about them.
fn fix_commands(host: &Host) -> Option<(String, String)> {
    let commands = fix::commands(host)?;
    let key = &commands.remedy.key;
    let remark = if commands.read_only {
        format!("{key}, which only looks: rdpscan explain {key} has the steps")
    } else {
        key.clone()
    };
    Some((commands.text, remark))
}

/// Name, address, the two thumbprints and the mstsc command of a host. In a list, a shell would run a pasted line as a command:
/// a name that is not a host name is left out there.
fn single_lines(host: &Host, alone: bool) -> [Option<String>; 5] {
    let history = host.history();
    let leaf = host.diagnosis.certificate(&history);
    let name = host.display_name();
    [
        name.filter(|name| alone || HostName::parse(name).is_ok())
            .map(|name| sanitize::single_line(name).into_owned()),
        host.key()
            .endpoint()
            .map(|endpoint| endpoint.address.to_string()),
        leaf.map(|leaf| leaf.sha1.to_string()),
        leaf.map(|leaf| leaf.sha256.to_string()),
        mstsc(host, &history),
    ]
}

/// The host as in the JSON report, with invisible characters as `\u` escapes.
pub(super) fn json(host: &Host, fleet: &Fleet) -> Option<String> {
    let text = report::host_json(host, fleet)?;
    Some(match sanitize::json(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(safe) => safe,
    })
}

fn mstsc(host: &Host, history: &History) -> Option<String> {
    connect_target(host, history).map(|target| format!("mstsc /v:{target}"))
}

/// Host and port to connect to: by name, else by address.
pub(super) fn connect_target(host: &Host, history: &History) -> Option<String> {
    match (connect_name(host, history), host.key()) {
        (Some(name), key) => Some(format!("{name}:{}", key.port())),
        (None, HostKey::Endpoint(endpoint)) => Some(endpoint.to_string()),
        (None, HostKey::Unresolved { .. }) => None,
    }
}

/// The name in the target list, else one that resolves to the host. Only a valid host name gets into a command.
pub(super) fn connect_name(host: &Host, history: &History) -> Option<HostName> {
    let typed = history
        .names
        .iter()
        .filter(|observed| observed.source == NameSource::Target)
        .find_map(|observed| HostName::parse(&observed.name).ok());
    let matching = || {
        host.diagnosis
            .name_paths
            .iter()
            .filter(|path| path.verdict == DnsVerdict::Match)
            .find_map(|path| HostName::parse(&path.name).ok())
    };
    let listed = || match host.key() {
        HostKey::Unresolved { name, .. } => HostName::parse(name).ok(),
        HostKey::Endpoint(_) => None,
    };
    typed.or_else(matching).or_else(listed)
}
