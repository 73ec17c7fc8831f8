//! A host as scripts and `.rdp` files need it: by which name it can be reached safely, and who it should be.

use std::net::IpAddr;

use super::name::{Computer, HostName, NameFault};
use crate::diagnosis::{NamePath, ServerKind};
use crate::fleet::Host;
use crate::model::{HostKey, NameSource};

/// A host that something is to be done about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machine {
    /// Where it was scanned; `None` for a name that led nowhere.
    pub(super) address: Option<IpAddr>,
    /// TCP port of Remote Desktop.
    pub(super) port: u16,
    /// A name that leads to this machine and to no other.
    ///
    /// INVARIANT: never a name that only the host itself claims. A certificate can carry the name of a domain controller, and a
    /// script would then change the domain controller.
    pub(super) own: Option<HostName>,
    /// A name by which users may come here: as above, or one that the user listed, or that leads to several machines.
    pub(super) usual: Option<HostName>,
    /// The name for a connection by name, and what is to be said of it.
    pub(super) naming: Naming,
    /// The computer name that the host gave itself, to be compared before anything is changed.
    pub(super) expected: Option<HostName>,
    /// What it runs, as far as it showed.
    pub(super) system: System,
}

/// The name by which a host is tried, for the comparison with its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Naming {
    /// The name; `None` when none will do.
    ///
    /// INVARIANT: never one that only the certificate claims, unless DNS leads here with it: it can be any machine's.
    pub(super) name: Option<HostName>,
    /// Who gave it.
    pub(super) source: Option<NameSource>,
    /// What DNS says of it, or why there is none; empty when it leads here.
    pub(super) note: &'static str,
}

/// What a host runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    /// It identified itself as Windows, or has a certificate as Windows makes them.
    Windows,
    /// It shows a trait that Windows does not have.
    Other,
    /// Nothing tells: the port was closed, or spoke something else.
    Unknown,
}

/// A name that is kept out of every script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where the host was scanned; `None` for a name that led nowhere.
    pub address: Option<IpAddr>,
    /// TCP port.
    pub port: u16,
    /// The name, raw.
    pub name: String,
    /// Who gave it: `target`, `ptr`, `certificate` or `ntlm`.
    pub source: NameSource,
    /// Why it is refused.
    pub fault: NameFault,
}

impl Machine {
    /// Looks at a host; names that are no host names go to `refused`.
    pub(super) fn new(host: &Host, refused: &mut Vec<Refused>) -> Self {
        let history = host.history();
        let (address, port) = match &history.key {
            HostKey::Endpoint(endpoint) => (Some(endpoint.address), endpoint.port),
            HostKey::Unresolved { port, .. } => (None, *port),
        };
        let mut take = |text: &str, source| match HostName::parse(text) {
            Ok(name) => Some(name),
            Err(fault) => {
                let entry = Refused {
                    address,
                    port,
                    name: text.to_owned(),
                    source,
                    fault,
                };
                if !refused.contains(&entry) {
                    refused.push(entry);
                }
                None
            }
        };
        let mut names: Vec<(HostName, NameSource)> = Vec::new();
        if let HostKey::Unresolved { name, .. } = &history.key {
            names.extend(take(name, NameSource::Target).map(|name| (name, NameSource::Target)));
        }
        for observed in &history.names {
            names.extend(take(&observed.name, observed.source).map(|name| (name, observed.source)));
        }
        names.sort_by_key(|(_, source)| trust(*source));
        let expected = history
            .ntlm()
            .and_then(|ntlm| ntlm.netbios_computer.as_deref())
            .filter(|name| !name.is_empty())
            .and_then(|name| take(name, NameSource::Ntlm));

        let path = |name: &HostName| {
            let paths = &host.diagnosis.name_paths;
            paths
                .iter()
                .find(|path| path.name.eq_ignore_ascii_case(name.as_str()))
        };
        let first = |fits: &dyn Fn(&HostName, NameSource) -> bool| {
            let mut all = names.iter();
            all.find(|(name, source)| fits(name, *source))
                .map(|(name, _)| name.clone())
        };
        let own = address.and_then(|address| {
            first(&|name, _| path(name).is_some_and(|path| leads_only_to(path, address)))
        });
        let usual = own.clone().or_else(|| {
            first(&|name, source| {
                source == NameSource::Target
                    || path(name).zip(address).is_some_and(|(path, address)| {
                        path.members.iter().any(|member| member.address == address)
                    })
            })
        });
        let naming = naming(usual.as_ref(), &names, &|name| {
            let members = path(name).map_or(&[][..], |path| path.members.as_slice());
            if own.as_ref() == Some(name) {
                ""
            } else if members.is_empty() {
                "leads nowhere, or was not looked up: to compare, not to work with"
            } else if members.iter().any(|member| Some(member.address) == address) {
                "leads to several addresses"
            } else {
                "leads elsewhere: to compare, not to work with"
            }
        });
        let told_otherwise = host
            .diagnosis
            .findings
            .iter()
            .any(|finding| finding.id == "RDP-NOT-WINDOWS");
        Self {
            address,
            port,
            own,
            usual,
            naming,
            expected,
            system: match ServerKind::of(&history) {
                ServerKind::NotWindows(_) => System::Other,
                _ if told_otherwise => System::Other,
                ServerKind::Windows => System::Windows,
                ServerKind::Unknown => System::Unknown,
            },
        }
    }

    /// What a script connects to: a name where one is safe, for Kerberos wants it; else the address.
    pub(super) fn computer(&self) -> Option<Computer> {
        let address = self.address?;
        Some(
            self.own
                .clone()
                .map_or(Computer::Address(address), Computer::Name),
        )
    }

    /// How people know it; safe for every sink but a formula-minded spreadsheet.
    pub(super) fn label(&self) -> String {
        match (&self.usual, self.address) {
            (Some(name), Some(address)) => format!("{name} ({address})"),
            (Some(name), None) => name.to_string(),
            (None, Some(address)) => address.to_string(),
            (None, None) => "a name that is refused".to_owned(),
        }
    }
}

/// Which name to try, and what to say of it. Trouble with the name is what a try by name is there to show.
fn naming(
    usual: Option<&HostName>,
    names: &[(HostName, NameSource)],
    note: &dyn Fn(&HostName) -> &'static str,
) -> Naming {
    let chosen = names.iter().find(|(name, source)| match usual {
        Some(usual) => name == usual,
        None => *source != NameSource::Certificate,
    });
    if let Some((name, source)) = chosen {
        return Naming {
            name: Some(name.clone()),
            source: Some(*source),
            note: note(name),
        };
    }
    Naming {
        name: None,
        source: None,
        note: if names.is_empty() {
            "no name is known, or those known are refused (refused.csv)"
        } else {
            "only the certificate names it, and that can be any machine's name"
        },
    }
}

/// Every address behind the name is this one, or the same machine answered there.
fn leads_only_to(path: &NamePath, address: IpAddr) -> bool {
    path.members.iter().any(|member| member.address == address)
        && path
            .members
            .iter()
            .all(|member| member.address == address || member.same_identity == Some(true))
}

/// Which name is preferred: the user's, then the host's own, then those of others.
const fn trust(source: NameSource) -> u8 {
    match source {
        NameSource::Target => 0,
        NameSource::Ntlm => 1,
        NameSource::Ptr => 2,
        NameSource::Certificate => 3,
    }
}
