//! The outputs of nmap: XML (`-oX`), grepable (`-oG`) and normal (`-oN`).

use roxmltree::{Document, Node};

use super::super::error::{Refusal, excerpt};
use super::port_scan::{PortScan, ScannedPort};
use super::{HEAD_LINES, Import, Lines, ListFile};

/// The lines in which a format is recognised.
const REPORT: &str = "Nmap scan report for ";

fn without_ports() -> Refusal {
    Refusal::new(
        "it is the output of nmap without any port",
        "scan ports as well: nmap -p 3389 -oX FILE",
    )
}

/// `-oX`, which masscan writes as well.
pub(super) fn xml(document: &Document<'_>, file: &ListFile<'_>) -> Result<Import, Refusal> {
    let mut scan = PortScan::new(file.ports);
    let mut lines = Lines::of(document.input_text());
    let mut has_ports = false;
    let hosts = document
        .root_element()
        .children()
        .filter(|node| node.has_tag_name("host"));
    for host in hosts {
        let inner =
            |name: &'static str| host.children().filter(move |node| node.has_tag_name(name));
        let is_address = |node: &Node<'_, '_>| {
            node.attribute("addrtype")
                .is_some_and(|kind| kind.starts_with("ip"))
        };
        let Some(address) = inner("address")
            .find(is_address)
            .and_then(|node| node.attribute("addr"))
        else {
            continue;
        };
        let Some(ports) = inner("ports").next() else {
            continue;
        };
        has_ports = true;
        let ports = ports
            .children()
            .filter(|node| node.has_tag_name("port"))
            .map(|port| {
                let of =
                    |name: &'static str| port.children().find(move |node| node.has_tag_name(name));
                ScannedPort {
                    port: port.attribute("portid").unwrap_or_default(),
                    protocol: port.attribute("protocol").unwrap_or_default(),
                    state: of("state")
                        .and_then(|state| state.attribute("state"))
                        .unwrap_or_default(),
                    service: of("service")
                        .and_then(|service| service.attribute("name"))
                        .unwrap_or_default(),
                }
            });
        scan.add(address, lines.at(host.range().start), ports);
    }
    let scanner = document
        .root_element()
        .attribute("scanner")
        .unwrap_or("nmap");
    let format = format!("{} -oX", excerpt(scanner));
    if has_ports {
        Ok(scan.import(&format))
    } else {
        Err(without_ports())
    }
}

/// `-oG`: a line per host, `Host: 10.0.0.5 (srv05)`, a tab, and `Ports: ` with entries
/// `port/state/protocol/owner/service/rpc/version/` separated by commas. nmap writes `|` for a slash inside of a field.
pub(super) fn grepable(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let mut head = file.text.lines().take(HEAD_LINES);
    head.any(|line| host_of(line).is_some()).then(|| {
        let mut scan = PortScan::new(file.ports);
        let mut has_ports = false;
        for (line, content) in (1..).zip(file.text.lines()) {
            let Some((host, ports)) = host_of(content).zip(field(content, "Ports: ")) else {
                continue;
            };
            has_ports = true;
            let ports = ports.split(", ").filter_map(|entry| {
                let mut fields = entry.trim().split('/');
                let (port, state, protocol) = (fields.next()?, fields.next()?, fields.next()?);
                let service = fields.nth(1)?;
                Some(ScannedPort {
                    port,
                    protocol,
                    state,
                    service,
                })
            });
            scan.add(host, line, ports);
        }
        if has_ports {
            Ok(scan.import("nmap -oG"))
        } else {
            Err(without_ports())
        }
    })
}

/// The address of a line about a host. masscan has a field with the time before it.
fn host_of(line: &str) -> Option<&str> {
    let is_about_host = ["\tPorts: ", "\tStatus: "]
        .iter()
        .any(|field| line.contains(field));
    let host = field(line, "Host: ").filter(|_| is_about_host)?;
    host.split_whitespace().next()
}

/// A field of a line, up to the next tab.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split('\t').find_map(|field| field.strip_prefix(name))
}

/// `-oN`, and what nmap prints: `Nmap scan report for srv05 (10.0.0.5)` above lines of `3389/tcp open ms-wbt-server`.
pub(super) fn normal(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let mut head = file.text.lines().take(HEAD_LINES);
    head.any(|line| line.starts_with(REPORT)).then(|| {
        let mut scan = PortScan::new(file.ports);
        let mut has_ports = false;
        let mut lines = (1..).zip(file.text.lines()).peekable();
        while let Some((line, content)) = lines.next() {
            let Some(host) = content.strip_prefix(REPORT) else {
                continue;
            };
            let host = host
                .trim()
                .strip_suffix(" [host down]")
                .unwrap_or(host.trim());
            let address = host
                .rsplit_once(" (")
                .map_or(host, |(_, address)| address.trim_end_matches(')'));
            let mut ports = Vec::new();
            while let Some((_, content)) =
                lines.next_if(|(_, content)| !content.starts_with(REPORT))
            {
                let mut words = content.split_whitespace();
                let Some((port, protocol)) = words.next().and_then(|word| word.split_once('/'))
                else {
                    continue;
                };
                let Some(state) = words
                    .next()
                    .filter(|_| port.bytes().all(|digit| digit.is_ascii_digit()))
                else {
                    continue;
                };
                ports.push(ScannedPort {
                    port,
                    protocol,
                    state,
                    service: words.next().unwrap_or_default(),
                });
            }
            has_ports |= !ports.is_empty();
            if !host.is_empty() {
                scan.add(address, line, ports.into_iter());
            }
        }
        if has_ports {
            Ok(scan.import("nmap -oN"))
        } else {
            Err(without_ports())
        }
    })
}
