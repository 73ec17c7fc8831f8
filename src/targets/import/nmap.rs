//! nmap's grepable output (`-oG`): hosts with an open port for Remote Desktop.
//!
//! A line per host: `Host: 10.0.0.5 (srv05)`, a tab, and `Ports: ` with entries `port/state/protocol/owner/service/rpc/version/`
//! separated by commas. nmap writes `|` for a slash inside of a field.

use std::collections::BTreeSet;

use super::super::error::Refusal;
use super::{Import, ListFile};

/// The name of Remote Desktop in nmap's table of services.
const SERVICE: &str = "ms-wbt-server";
/// The root element of the output of `-oX`, which is not read.
pub(super) const XML_ROOT: &str = "nmaprun";
/// The lines in which a format is recognised.
const HEAD: usize = 200;

pub(super) fn read(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let mut head = file.text.lines().take(HEAD);
    head.any(|line| host_of(line).is_some())
        .then(|| import(file.text, file.ports))
}

fn import(text: &str, wanted: &[u16]) -> Result<Import, Refusal> {
    let mut import = Import::default();
    let mut has_ports = false;
    for (line, content) in (1..).zip(text.lines()) {
        let Some((host, ports)) = host_of(content).zip(field(content, "Ports: ")) else {
            continue;
        };
        has_ports = true;
        let open: BTreeSet<u16> = ports
            .split(", ")
            .filter_map(|entry| remote_desktop(entry, wanted))
            .collect();
        if open.is_empty() {
            import.skip("hosts without an open port for Remote Desktop", host);
        }
        for port in open {
            import.add(host, Some(&port.to_string()), line, None);
        }
    }
    if has_ports {
        Ok(import)
    } else {
        Err(Refusal::new(
            "it is the output of nmap without any port",
            "scan ports as well: nmap -p 3389 -oG FILE",
        ))
    }
}

/// The address of a line about a host.
fn host_of(line: &str) -> Option<&str> {
    let is_about_host = line.contains("\tPorts: ") || line.contains("\tStatus: ");
    let host = line.strip_prefix("Host: ").filter(|_| is_about_host)?;
    host.split_whitespace().next()
}

/// A field of a line, up to the next tab.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split('\t').find_map(|field| field.strip_prefix(name))
}

/// The port of an entry, when it is open and one of those wanted, or has Remote Desktop by its service.
fn remote_desktop(entry: &str, wanted: &[u16]) -> Option<u16> {
    let mut parts = entry.trim().split('/');
    let port = parts.next()?.parse().ok()?;
    let (state, protocol, _owner, service) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // `ssl|ms-wbt-server` and `ms-wbt-server?` are guesses of `-sV`.
    let service = service.trim_end_matches('?').rsplit('|').next();
    let is_meant = wanted.contains(&port) || service == Some(SERVICE);
    (state == "open" && protocol == "tcp" && is_meant).then_some(port)
}
