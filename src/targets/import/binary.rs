//! Files that are no text: recognised by their first bytes, and refused by name.

use super::super::encoding;
use super::super::error::Refusal;
use super::{HEAD_LINES, content};

/// The first bytes of a format, its name, and what to do.
const FORMATS: [(&[u8], &str, &str); 12] = [
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old workbook or document of Office (.xls, .doc)",
        "save it as .xlsx or CSV",
    ),
    (
        b"%PDF",
        "a PDF",
        "copy its hosts into a text file, one per line",
    ),
    (
        b"SQLite format 3\0",
        "a SQLite database",
        "export its table of hosts as CSV",
    ),
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (
        b"\x03\xd9\xa2\x9a",
        "a database of KeePass",
        "export its entries as CSV, without their passwords",
    ),
    (
        b"\xd4\xc3\xb2\xa1",
        "a capture of packets (pcap)",
        "use a list of hosts",
    ),
    (
        b"\x0a\x0d\x0d\x0a",
        "a capture of packets (pcapng)",
        "use a list of hosts",
    ),
    (b"\x89PNG", "a picture", "use a list of hosts as text"),
    (b"\xff\xd8\xff", "a picture", "use a list of hosts as text"),
    (b"MZ", "a program", "use a list of hosts as text"),
];
/// Bytes in which a text has no NUL.
const HEAD: usize = 4_096;

/// Why a file is no text; `None` for text in any encoding.
pub(super) fn refusal(bytes: &[u8]) -> Option<Refusal> {
    if let Some((_, name, way_out)) = FORMATS.iter().find(|(first, ..)| bytes.starts_with(first)) {
        return Some(Refusal::new(format!("it is {name}"), *way_out));
    }
    let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or_default();
    (encoding::utf16_of(bytes).is_none() && head.contains(&0)).then(|| {
        Refusal::new(
            "it is no text",
            "use a list of hosts as text, a table as CSV, or a workbook as .xlsx",
        )
    })
}

/// Texts of other tools, by how they begin.
const TEXTS: [(&str, &str, &str); 11] = [
    ("#!", "a script", "list its hosts, one per line"),
    ("@echo", "a script", "list its hosts, one per line"),
    ("mstsc ", "a script", "list its hosts, one per line"),
    (
        "@all:",
        "a graph of ansible-inventory",
        "use the output of ansible-inventory --list",
    ),
    (
        "Windows Registry Editor",
        "an export of the registry",
        "export the connections of the tool itself as CSV or XML",
    ),
    (
        "REGEDIT4",
        "an export of the registry",
        "export the connections of the tool itself as CSV or XML",
    ),
    (
        "[InternetShortcut]",
        "a shortcut to a web page",
        "use the host itself",
    ),
    (
        "[Bookmarks",
        "a list of sessions of MobaXterm",
        "export them as CSV, or list their hosts one per line",
    ),
    (
        "dn: ",
        "LDIF",
        "export the computers with Get-ADComputer … | Export-Csv",
    ),
    (
        "{\\rtf",
        "a document in RTF",
        "save it as plain text, one host per line",
    ),
    (
        "%!PS",
        "a PostScript document",
        "use a list of hosts as text",
    ),
];

/// Texts of other tools, by what a line of them has at its beginning, without blanks, or all lines in them.
const LINES: [(LineMark, &str, &str); 4] = [
    (
        LineMark::Begins("define host"),
        "a configuration of Nagios",
        "list the addresses of its hosts, one per line",
    ),
    (
        LineMark::AllHold(&[" ssh-ed25519 ", " ssh-rsa ", " ecdsa-sha2-"]),
        "a file of SSH (known_hosts)",
        "list the hosts of Remote Desktop, one per line",
    ),
    (
        LineMark::Holds(&["SESSIONNAME", "ID", "STATE"]),
        "the sessions of one host (query session, query user)",
        "list the hosts themselves, one per line",
    ),
    (
        LineMark::Holds(&["SITZUNGSNAME", "ID", "STATUS"]),
        "the sessions of one host (query session, query user)",
        "list the hosts themselves, one per line",
    ),
];

enum LineMark {
    Begins(&'static str),
    /// All of them, one line.
    Holds(&'static [&'static str]),
    /// One of them, each line.
    AllHold(&'static [&'static str]),
}

pub(super) fn refusal_of_text(text: &str) -> Option<Refusal> {
    let text = text.trim_start();
    let refused = |name: &str, way_out: &str| Refusal::new(format!("it is {name}"), way_out);
    if let Some((_, name, way_out)) = TEXTS.iter().find(|(first, ..)| text.starts_with(first)) {
        return Some(refused(name, way_out));
    }
    let lines = || content(text, '#').take(HEAD_LINES).map(|(_, line)| line);
    let has = |mark: &LineMark| match mark {
        LineMark::Begins(words) => lines().any(|line| line.trim_start().starts_with(words)),
        LineMark::Holds(words) => lines().take(3).any(|line| {
            let found: Vec<&str> = line.split_whitespace().collect();
            words.iter().all(|word| found.contains(word))
        }),
        LineMark::AllHold(words) => {
            let mut lines = lines().peekable();
            lines.peek().is_some() && lines.all(|line| words.iter().any(|word| line.contains(word)))
        }
    };
    if let Some((_, name, way_out)) = LINES.iter().find(|(mark, ..)| has(mark)) {
        return Some(refused(name, way_out));
    }
    // `Host web01` above `  HostName 10.0.0.5`.
    let mut lines = lines();
    let mut is_of_host = false;
    let is_of_ssh = lines.any(|line| {
        let was_of_host = is_of_host;
        let lower = line.to_ascii_lowercase();
        is_of_host = lower.starts_with("host ") || (was_of_host && line.starts_with([' ', '\t']));
        was_of_host && line.starts_with([' ', '\t']) && lower.trim_start().starts_with("hostname ")
    });
    is_of_ssh.then(|| {
        refused(
            "a configuration of SSH",
            "list the hosts of Remote Desktop, one per line",
        )
    })
}
