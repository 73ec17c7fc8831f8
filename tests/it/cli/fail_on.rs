//! `--fail-on`: which hosts give exit status 1.

use std::net::UdpSocket;
use std::path::Path;

use super::{home, rdpscan, refused, text};

/// Port 1 of loopback refuses at once.
const CLOSED: [&str; 5] = ["127.0.0.1:1", "--no-tui", "--no-dns", "--attempts", "1"];

fn status(home: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Option<i32> {
    let arguments = [arguments, &["--quiet"]].concat();
    let output = rdpscan(home, &arguments, variables);
    assert_eq!(text(output.stderr), "", "{arguments:?}");
    output.status.code()
}

#[test]
fn a_listed_closed_port_is_bad_enough_for_high_and_for_its_state() {
    let home = home();
    for (words, expected) in [
        ("never", 0),
        ("critical", 0),
        ("high", 1),
        ("low", 1),
        ("closed", 1),
        ("broken,unreachable", 0),
        ("broken,unreachable,closed", 1),
        ("critical,closed", 1),
        ("critical, high", 1),
    ] {
        let scan = [&CLOSED[..], &["--fail-on", words]].concat();
        assert_eq!(status(home.path(), &scan, &[]), Some(expected), "{words}");
    }
    let passing = [
        &CLOSED[..],
        &["--fail-on", "closed", "--filter", "state:broken"],
    ];
    assert_eq!(status(home.path(), &passing.concat(), &[]), Some(0));
}

#[test]
fn a_variable_a_file_and_a_report_take_the_same_words() {
    let home = home();
    let variable = [("RDPSCAN_OUTPUT_FAIL_ON", "broken,closed")];
    assert_eq!(status(home.path(), &CLOSED, &variable), Some(1));
    let config = home.path().join("rdpscan.toml");
    for (value, expected) in [
        ("\"closed\"", 1),
        ("[\"broken\", \"high\"]", 1),
        ("\"broken\"", 0),
    ] {
        std::fs::write(&config, format!("[output]\nfail_on = {value}\n")).unwrap();
        let scan = [&CLOSED[..], &["--config", "rdpscan.toml"]].concat();
        assert_eq!(status(home.path(), &scan, &[]), Some(expected), "{value}");
    }
    let scan = [&CLOSED[..], &["-o", "saved.json"]].concat();
    assert_eq!(status(home.path(), &scan, &[]), Some(0));
    for (words, expected) in [("high", 1), ("filtered,closed", 1), ("critical,broken", 0)] {
        let report = ["report", "saved.json", "--fail-on", words];
        assert_eq!(status(home.path(), &report, &[]), Some(expected), "{words}");
    }
}

/// On other systems only one address of the network answers at once.
#[cfg(target_os = "linux")]
#[test]
fn free_addresses_of_a_range_are_not_bad_even_where_they_are_shown() {
    let home = home();
    let range = ["127.0.0.0/29", "--port", "1", "--no-dns", "--attempts", "1"];
    for all in [&["--no-tui"][..], &["--no-tui", "--all"]] {
        let scan = [&range[..], all, &["--fail-on", "info,closed"]].concat();
        assert_eq!(status(home.path(), &scan, &[]), Some(0), "{scan:?}");
    }
}

/// A DNS server that knows no name.
fn without_names() -> String {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut message = [0_u8; 512];
        while let Ok((_, asker)) = server.recv_from(&mut message) {
            // RFC 1035 4.1.1: a response, recursion available, NXDOMAIN, and no record but the question.
            let header = [0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0];
            let question = message.iter().skip(12);
            let name = question.clone().take_while(|byte| **byte != 0).count();
            let id = message.iter().take(2).chain(&header);
            let reply: Vec<u8> = id.chain(question.take(name + 5)).copied().collect();
            if server.send_to(&reply, asker).is_err() {
                break;
            }
        }
    });
    address
}

#[test]
fn a_listed_name_without_an_address_is_bad_enough_for_high_and_for_its_state() {
    let home = home();
    let server = without_names();
    for (words, expected) in [("high", 1), ("unreachable", 1), ("critical,closed", 0)] {
        // One name alone would be refused as a slip of the pen.
        let scan = [
            "gone.corp.example",
            "lost.corp.example",
            "--no-tui",
            "--attempts",
            "1",
            "--dns",
            &server,
            "--fail-on",
            words,
        ];
        assert_eq!(status(home.path(), &scan, &[]), Some(expected), "{words}");
    }
}

#[test]
fn a_bad_word_of_a_list_is_named_with_what_is_allowed() {
    refused(
        &["--dry-run", "127.0.0.1", "--fail-on", "high,brokn"],
        &[
            "--fail-on `high,brokn`: invalid value `brokn`",
            "use critical, high, medium, low, info, broken, ",
            "closed, not_probed, healthy, or never",
        ],
    );
}
