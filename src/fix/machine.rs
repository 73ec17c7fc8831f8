//! A host for the script and `.rdp` files: safe names to connect to, and the identity to expect.

use std::net::IpAddr;

use super::name::{Computer, HostName, NameFault};
use crate::diagnosis::{NamePath, ServerKind};
use crate::fleet::Host;
use crate::model::{HostKey, NameSource};

/// A host to fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machine {
    /// `None` for an unresolved name.
    pub(super) address: Option<IpAddr>,
    pub(super) port: u16,
    /// A name that resolves to this machine and to no other.
    ///
    /// INVARIANT: never a name that only the host claims. With the name of a domain controller in its certificate, the script would
    /// change the domain controller.
    pub(super) own: Option<HostName>,
    /// A name that users may use: as above, or a listed one, or one that resolves to several machines.
    pub(super) usual: Option<HostName>,
    pub(super) naming: ConnectName,
    /// A name that resolves to this host and to other machines: those of one farm are compared with each other.
    pub(super) farm: Option<HostName>,
    /// The computer name in NTLM, compared before any change.
    pub(super) expected: Option<HostName>,
    pub(super) system: DetectedSystem,
    /// The remedy to begin with.
    pub(super) first: Option<&'static str>,
}

/// The name of an `.rdp` file, to compare with the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConnectName {
    /// INVARIANT: never one of the certificate alone that does not resolve here: it can be any machine's.
    pub(super) name: Option<HostName>,
    pub(super) source: Option<NameSource>,
    /// About its addresses, or why there is no name; empty when it resolves here.
    pub(super) note: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DetectedSystem {
    /// By its identity, or a certificate as Windows creates them.
    Windows,
    /// By a trait that Windows does not have.
    Other,
    /// The port was closed, or spoke another protocol.
    Unknown,
}

/// A name that is not a host name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedName {
    /// `None` for an unresolved name.
    pub address: Option<IpAddr>,
    pub port: u16,
    /// Raw.
    pub name: String,
    pub source: NameSource,
    pub fault: NameFault,
}

impl Machine {
    /// Adds names that are no host names to `refused`.
    pub(super) fn new(host: &Host, refused: &mut Vec<RefusedName>) -> Self {
        let history = host.history();
        let (address, port) = match &history.key {
            HostKey::Endpoint(endpoint) => (Some(endpoint.address), endpoint.port),
            HostKey::Unresolved { port, .. } => (None, *port),
        };
        let mut take = |text: &str, source| match HostName::parse(text) {
            Ok(name) => Some(name),
            Err(fault) => {
                let entry = RefusedName {
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
            first(&|name, _| path(name).is_some_and(|path| resolves_only_to(path, address)))
        });
        let usual = own.clone().or_else(|| {
            first(&|name, source| {
                source == NameSource::Target
                    || path(name).zip(address).is_some_and(|(path, address)| {
                        path.members.iter().any(|member| member.address == address)
                    })
            })
        });
        let farm = address.and_then(|address| {
            first(&|name, _| {
                path(name).is_some_and(|path| {
                    path.members.iter().any(|member| member.address == address)
                        && !resolves_only_to(path, address)
                })
            })
        });
        let naming = naming(usual.as_ref(), &names, &|name| {
            let members = path(name).map_or(&[][..], |path| path.members.as_slice());
            if own.as_ref() == Some(name) {
                ""
            } else if members.is_empty() {
                "does not resolve, or was not looked up: to compare, not to work with"
            } else if members.iter().any(|member| Some(member.address) == address) {
                "resolves to several addresses"
            } else {
                "resolves to another address: to compare, not to work with"
            }
        });
        let is_not_windows = host
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
            farm,
            expected,
            system: match ServerKind::of(&history) {
                ServerKind::NotWindows(_) => DetectedSystem::Other,
                _ if is_not_windows => DetectedSystem::Other,
                ServerKind::Windows => DetectedSystem::Windows,
                ServerKind::Unknown => DetectedSystem::Unknown,
            },
            first: host.diagnosis.first_remedy(),
        }
    }

    /// The target of the script: a safe name, which Kerberos requires, else the address.
    pub(super) fn computer(&self) -> Option<Computer> {
        let address = self.address?;
        Some(
            self.own
                .clone()
                .map_or(Computer::Address(address), Computer::Name),
        )
    }

    /// Safe for every sink but spreadsheets.
    pub(super) fn label(&self) -> String {
        match (&self.usual, self.address) {
            (Some(name), Some(address)) => format!("{name} ({address})"),
            (Some(name), None) => name.to_string(),
            (None, Some(address)) => address.to_string(),
            (None, None) => "an invalid name".to_owned(),
        }
    }
}

fn naming(
    usual: Option<&HostName>,
    names: &[(HostName, NameSource)],
    note: &dyn Fn(&HostName) -> &'static str,
) -> ConnectName {
    let chosen = names.iter().find(|(name, source)| match usual {
        Some(usual) => name == usual,
        None => *source != NameSource::Certificate,
    });
    if let Some((name, source)) = chosen {
        return ConnectName {
            name: Some(name.clone()),
            source: Some(*source),
            note: note(name),
        };
    }
    ConnectName {
        name: None,
        source: None,
        note: if names.is_empty() {
            "no name is known, or those known are invalid (refused.csv)"
        } else {
            "only the certificate names it, and that can be any machine's name"
        },
    }
}

/// Whether every address of the name is this one or the same machine.
fn resolves_only_to(path: &NamePath, address: IpAddr) -> bool {
    path.members.iter().any(|member| member.address == address)
        && path
            .members
            .iter()
            .all(|member| member.address == address || member.same_identity == Some(true))
}

/// The rank of a source: the user, the host itself, then others.
const fn trust(source: NameSource) -> u8 {
    match source {
        NameSource::Target => 0,
        NameSource::Ntlm => 1,
        NameSource::Ptr => 2,
        NameSource::Certificate => 3,
    }
}
