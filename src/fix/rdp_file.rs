//! `.rdp` files that connect to a host by name and by address.
//!
//! `authentication level:i:2` warns when the server is not authenticated and lets the user decide, as the client's own files do.
//! 0 connects without a warning. A name with DNS findings has a
//! file as well, to compare with the address. The files redirect nothing of the workstation: they only test the connection.

use std::net::IpAddr;

use super::machine::Machine;
use super::name::Computer;
use crate::model::DEFAULT_PORT;

/// The most characters of a name in a file name: a component of a path has at most 255 on Windows.
const LONGEST: usize = 150;

/// File names and texts.
pub(super) fn files(machine: &Machine, number: usize) -> Vec<(String, String)> {
    let by_name = machine.naming.name.clone().map(Computer::Name);
    let by_address = machine.address.map(Computer::Address);
    by_name
        .into_iter()
        .chain(by_address)
        .map(|computer| {
            let name = file_name(&computer, machine.port, number);
            (name, text(&computer, machine.port))
        })
        .collect()
}

fn text(computer: &Computer, port: u16) -> String {
    let host = match computer {
        Computer::Address(IpAddr::V6(address)) => format!("[{address}]"),
        other => other.to_string(),
    };
    [
        format!("full address:s:{host}:{port}").as_str(),
        "authentication level:i:2",
        "enablecredsspsupport:i:1",
        "negotiate security layer:i:1",
        "prompt for credentials:i:1",
        "redirectclipboard:i:0",
        "redirectprinters:i:0",
        "drivestoredirect:s:",
        "",
    ]
    .join("\r\n")
}

/// The prefix keeps a host `con` from being the name of a device.
fn file_name(computer: &Computer, port: u16, number: usize) -> String {
    let stem = match computer {
        Computer::Name(name) => match name.as_str().get(..LONGEST) {
            Some(start) => format!("name-{start}-{number}"),
            None => format!("name-{name}"),
        },
        Computer::Address(address) => format!("address-{address}").replace(':', "-"),
    };
    if port == DEFAULT_PORT {
        format!("{stem}.rdp")
    } else {
        format!("{stem}_{port}.rdp")
    }
}

#[cfg(test)]
mod tests {
    use super::super::machine::{ConnectName, DetectedSystem};
    use super::super::name::HostName;
    use super::*;

    fn machine(name: &str, address: &str, port: u16) -> Machine {
        Machine {
            address: address.parse().ok(),
            port,
            own: None,
            usual: None,
            naming: ConnectName {
                name: HostName::parse(name).ok(),
                source: None,
                note: "",
            },
            farm: None,
            expected: None,
            system: DetectedSystem::Windows,
            first: None,
        }
    }

    #[test]
    fn by_name_and_by_address() {
        let files = files(&machine("srv05.corp.example", "10.0.0.5", 3389), 1);
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["name-srv05.corp.example.rdp", "address-10.0.0.5.rdp"]
        );
        assert!(
            files[0]
                .1
                .starts_with("full address:s:srv05.corp.example:3389\r\n")
        );
        assert!(files[1].1.starts_with("full address:s:10.0.0.5:3389\r\n"));
    }

    #[test]
    fn an_ipv6_address_has_brackets_inside_and_none_outside() {
        let files = files(&machine("", "2001:db8::5", 3390), 1);
        assert_eq!(files[0].0, "address-2001-db8--5_3390.rdp");
        assert!(
            files[0]
                .1
                .starts_with("full address:s:[2001:db8::5]:3390\r\n")
        );
    }

    #[test]
    fn the_server_must_prove_who_it_is() {
        let files = files(&machine("con", "10.0.0.5", 3389), 1);
        for (name, text) in files {
            assert!(text.contains("\r\nauthentication level:i:2\r\n"));
            assert!(text.ends_with("\r\n"));
            assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
            assert!(!name.starts_with("con"));
        }
    }

    #[test]
    fn a_long_name_fits_a_path() {
        let name = ["a".repeat(62).as_str(); 4].join(".");
        let files = files(&machine(&name, "10.0.0.5", 65535), 123_456);
        assert!(files[0].0.len() < 200, "{}", files[0].0);
    }
}
