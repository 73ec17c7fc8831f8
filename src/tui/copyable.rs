//! What can be copied of the host under the cursor, made safe for a clipboard.
//!
//! INVARIANT: nothing from the network brings a line break, another control character or an invisible one along, so that a
//! pasted value is never a second command line. Only our own text has lines: the commands of a remedy, and the layout of JSON.

use super::model::Model;
use crate::fix::{self, HostName};
use crate::fleet::{Fleet, Host};
use crate::model::{DnsVerdict, History, HostKey, NameSource};
use crate::{report, sanitize};

/// Something to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copyable {
    /// What it is, to be shown in a menu.
    pub what: &'static str,
    /// The key that picks it; no other has it.
    pub letter: char,
    /// The text. Not empty.
    pub text: String,
    /// What is to be known of it; empty when nothing.
    pub remark: String,
}

/// Everything that can be copied of the hosts that are meant (`Model::meant`): what they do not have is not in the list. Of
/// several hosts it is a line for each, and what is more than a line is not offered.
#[must_use]
pub fn copyables(model: &Model) -> Vec<Copyable> {
    let meant: Vec<&Host> = model
        .meant()
        .into_iter()
        .filter_map(|id| model.fleet.host(id))
        .collect();
    let mut lines: [Vec<String>; 5] = Default::default();
    for host in &meant {
        for (lines, line) in lines.iter_mut().zip(of_one(host, meant.len() == 1)) {
            lines.extend(line);
        }
    }
    let [names, addresses, sha1, sha256, commands] = lines.map(|lines| lines.join("\n"));
    let only = match meant.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    let subject = only.and_then(|host| {
        let history = host.history();
        let leaf = host.diagnosis.certificate(&history)?;
        let readable = leaf.unparsable.is_none();
        readable.then(|| sanitize::single_line(&leaf.subject).into_owned())
    });
    let commands_of_the_fix = only.and_then(fix::commands);
    let remark = match &commands_of_the_fix {
        Some(commands) => {
            let key = &commands.remedy.key;
            match commands.left_out {
                0 => key.clone(),
                1 => format!("{key}, without a line for which the scan does not know enough"),
                lines => {
                    format!("{key}, without {lines} lines for which the scan does not know enough")
                }
            }
        }
        None => String::new(),
    };
    let all = [
        ("name", 'n', Some(names)),
        ("address", 'a', Some(addresses)),
        ("SHA-1 thumbprint", 't', Some(sha1)),
        ("SHA-256 thumbprint", '2', Some(sha256)),
        (
            "commands of the fix",
            'c',
            commands_of_the_fix.map(|commands| commands.text),
        ),
        ("mstsc command", 'm', Some(commands)),
        ("certificate subject", 's', subject),
        (
            "host as JSON",
            'o',
            only.and_then(|host| json_of(host, &model.fleet)),
        ),
    ];
    all.into_iter()
        .filter_map(|(what, letter, text)| {
            let text = text.filter(|text| !text.is_empty())?;
            let remark = if letter == 'c' {
                remark.clone()
            } else {
                String::new()
            };
            Some(Copyable {
                what,
                letter,
                text,
                remark,
            })
        })
        .collect()
}

/// Name, address, the two thumbprints and the mstsc command of a host. Where it stands among others, each on a line, a shell
/// that they are pasted into would read a name as a command: only what is a host name is one then.
fn of_one(host: &Host, alone: bool) -> [Option<String>; 5] {
    let history = host.history();
    let leaf = host.diagnosis.certificate(&history);
    let line = |text: &str| sanitize::single_line(text).into_owned();
    [
        host.display_name()
            .filter(|name| alone || HostName::parse(name).is_ok())
            .map(line),
        address(host.key()),
        leaf.map(|leaf| leaf.sha1.to_string()),
        leaf.map(|leaf| leaf.sha256.to_string()),
        Some(mstsc(host, &history)).filter(|command| !command.is_empty()),
    ]
}

/// The host under the cursor as the JSON report has it, with what cannot be shown as `\u` escapes.
pub(super) fn json(model: &Model) -> Option<String> {
    json_of(model.host()?, &model.fleet)
}

fn json_of(host: &Host, fleet: &Fleet) -> Option<String> {
    let text = report::host_json(host, fleet)?;
    Some(match sanitize::json(&text) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(safe) => safe,
    })
}

fn address(key: &HostKey) -> Option<String> {
    key.endpoint().map(|endpoint| endpoint.address.to_string())
}

/// Connects as the user would: by the name that was asked for, else by one that leads here, else by address. Only a checked
/// name gets into a command.
fn mstsc(host: &Host, history: &History) -> String {
    let port = host.key().port();
    let typed = history
        .names
        .iter()
        .filter(|observed| observed.source == NameSource::Target)
        .find_map(|observed| HostName::parse(&observed.name).ok());
    let leads_here = || {
        host.diagnosis
            .name_paths
            .iter()
            .filter(|path| path.verdict == DnsVerdict::Match)
            .find_map(|path| HostName::parse(&path.name).ok())
    };
    match (typed.or_else(leads_here), host.key()) {
        (Some(name), _) => format!("mstsc /v:{name}:{port}"),
        (None, HostKey::Endpoint(endpoint)) => format!("mstsc /v:{endpoint}"),
        (None, HostKey::Unresolved { name, .. }) => HostName::parse(name)
            .map(|name| format!("mstsc /v:{name}:{port}"))
            .unwrap_or_default(),
    }
}
