//! The lists of masscan (`-oL`, `-oJ`) and RustScan. Their XML and grepable outputs are those of nmap.

use serde_json::Value;

use super::super::error::Refusal;
use super::port_scan::{PortScan, ScannedPort};
use super::{HEAD_LINES, Import, ListFile};

/// `-oL`: lines of `open tcp 3389 10.0.0.5 1727600000`.
pub(super) fn list(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let fields = |line: &'_ str| -> Option<[String; 4]> {
        let mut words = line.split_whitespace();
        let mut next = || words.next().map(str::to_owned);
        let fields = [next()?, next()?, next()?, next()?];
        let [state, protocol, port, _] = &fields;
        let is_one = matches!(state.as_str(), "open" | "closed" | "banner")
            && matches!(protocol.as_str(), "tcp" | "udp" | "sctp" | "icmp")
            && port.bytes().all(|digit| digit.is_ascii_digit());
        is_one.then_some(fields)
    };
    let mut lines = file
        .text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.next().and_then(fields)?;
    let mut scan = PortScan::new(file.ports);
    for (line, content) in (1..).zip(file.text.lines()) {
        if let Some([state, protocol, port, host]) =
            fields(content).filter(|[state, ..]| state != "banner")
        {
            let port = ScannedPort {
                port: &port,
                protocol: &protocol,
                state: &state,
                service: "",
            };
            scan.add(&host, line, std::iter::once(port));
        }
    }
    Some(Ok(scan.import("masscan -oL")))
}

/// `-oJ`: `{"ip": "10.0.0.5", "ports": [{"port": 3389, "proto": "tcp", "status": "open"}]}`.
pub(super) fn of_json(document: &Value, wanted: &[u16]) -> Option<Import> {
    let records = document.as_array()?;
    let ports = |record: &'_ Value| -> Option<Vec<Value>> {
        record.get("ip")?;
        record.get("ports")?.as_array().cloned()
    };
    let first = records.first().and_then(ports)?;
    first.first()?.get("proto")?;
    let mut scan = PortScan::new(wanted);
    for (entry, record) in (1..).zip(records) {
        let (Some(ports), Some(host)) = (ports(record), record.get("ip").and_then(Value::as_str))
        else {
            continue;
        };
        let numbers: Vec<String> = ports
            .iter()
            .map(|port| port.get("port").map(Value::to_string).unwrap_or_default())
            .collect();
        let text = |port: &'_ Value, key: &str| {
            port.get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let texts: Vec<[String; 3]> = ports
            .iter()
            .map(|port| {
                let service = port
                    .pointer("/service/name")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                [
                    text(port, "proto"),
                    text(port, "status"),
                    service.to_owned(),
                ]
            })
            .collect();
        let scanned = numbers
            .iter()
            .zip(&texts)
            .map(|(port, [protocol, state, service])| ScannedPort {
                port,
                protocol,
                // A banner comes from an open port.
                state: if state.is_empty() { "open" } else { state },
                service,
            });
        scan.add(host, entry, scanned);
    }
    Some(scan.import("masscan -oJ"))
}

/// RustScan: `Open 10.0.0.5:3389` while it runs, and `10.0.0.5 -> [135,3389]` with `-g` and at its end.
pub(super) fn rustscan(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let host_and_ports = |line: &str| -> Option<(String, Vec<String>)> {
        // It colours its words.
        let line: String = without_colours(line);
        if let Some(socket) = line.trim().strip_prefix("Open ") {
            let (host, port) = socket.trim().rsplit_once(':')?;
            return Some((
                host.trim_matches(['[', ']']).to_owned(),
                vec![port.to_owned()],
            ));
        }
        let (host, ports) = line.split_once(" -> [")?;
        let ports = ports
            .trim()
            .strip_suffix(']')?
            .split(',')
            .map(|port| port.trim().to_owned())
            .collect();
        Some((host.trim().to_owned(), ports))
    };
    let is_one = file
        .text
        .lines()
        .take(HEAD_LINES)
        .any(|line| host_and_ports(line).is_some());
    is_one.then(|| {
        let mut scan = PortScan::new(file.ports);
        for (line, content) in (1..).zip(file.text.lines()) {
            let Some((host, ports)) = host_and_ports(content) else {
                continue;
            };
            let ports = ports.iter().map(|port| ScannedPort {
                port,
                protocol: "tcp",
                state: "open",
                service: "",
            });
            scan.add(&host, line, ports);
        }
        Ok(scan.import("RustScan"))
    })
}

fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once('m').map_or(part, |(_, text)| text));
    std::iter::once(first).chain(rest).collect()
}
