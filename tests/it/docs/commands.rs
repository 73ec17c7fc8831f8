//! The commands of the documents: each is one that the program takes, and those of the docs run.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use rdpscan::cli::Cli;

use super::{pages, text};

/// Blocks of shell code with their info string: `sh`, or `sh no-run` for what a test cannot run.
fn blocks(path: &Path) -> Vec<(String, String)> {
    let text = text(path);
    let mut blocks = Vec::new();
    let mut block: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut block, line.strip_prefix("```")) {
            (None, Some(info)) => block = Some((info.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(block.take()),
            (Some((_, code)), None) => code.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    blocks.retain(|(info, _)| info.starts_with("sh"));
    blocks
}

/// The words of a command up to its end, without quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in line.chars().chain([' ']) {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '|' | '>' | ';') => break,
            (None, '#') if word.is_empty() => break,
            (None, ' ') => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (_, c) => word.push(c),
        }
    }
    words
}

#[test]
fn every_command_of_the_documents_is_one_that_the_program_takes() {
    let mut seen = 0;
    for path in pages().into_iter().chain([PathBuf::from("README.md")]) {
        for (_, code) in blocks(&path) {
            let commands = code.lines().filter_map(|line| {
                let at = line.find("rdpscan ")?;
                let is_start = matches!(&line[..at], "" | "if ") || line[..at].ends_with("| ");
                is_start.then(|| line.get(at..)).flatten()
            });
            for command in commands {
                seen += 1;
                let parsed = Cli::try_parse_from(words(command));
                assert!(
                    parsed.is_ok(),
                    "{}: {command}: {:?}",
                    path.display(),
                    parsed.err()
                );
            }
        }
    }
    assert!(seen > 30, "{seen}");
}

/// What stands for loopback addresses, for which nothing is sent to a network.
#[cfg(all(unix, feature = "sim"))]
const STANDS_FOR: [(&str, &str); 3] = [
    ("10.0.0.0/24", "127.0.0.0/28"),
    ("10.0.0.13", "127.0.0.13"),
    ("why srv05.corp.example", "why 127.0.0.1"),
];

#[cfg(all(unix, feature = "sim"))]
fn assert_stays_on_loopback(code: &str) {
    let addresses = code.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    for address in addresses.filter(|text| text.matches('.').count() == 3) {
        assert!(address.starts_with("127."), "{address} in: {code}");
    }
    let scans = code
        .lines()
        .filter(|line| line.contains("rdpscan ") && !line.contains("--dry-run"));
    for line in scans {
        assert!(!line.contains(".example"), "{line}");
    }
}

/// The tutorial writes the saved scan that the how-tos use.
#[cfg(all(unix, feature = "sim"))]
#[test]
fn the_commands_of_the_docs_run() {
    let home = crate::cli::home();
    let binary = Path::new(env!("CARGO_BIN_EXE_rdpscan"));
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", binary.parent().unwrap().display());
    let pages = pages();
    let how_tos = pages.iter().filter(|page| page.starts_with("docs/how-to"));
    for page in std::iter::once(&PathBuf::from("docs/tutorial.md")).chain(how_tos) {
        let mut script = "set -eu\n".to_owned();
        let runnable = blocks(page).into_iter().filter(|(info, _)| info == "sh");
        script.extend(runnable.map(|(_, code)| code));
        for (named, instead) in STANDS_FOR {
            script = script.replace(named, instead);
        }
        assert_stays_on_loopback(&script);
        let output = crate::cli::isolated("bash", home.path())
            .env("PATH", &path)
            .arg("-c")
            .arg(&script)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{}: {script}\n{told}",
            page.display()
        );
    }
    for made in [
        "fleet.html",
        "rdpscan.xml",
        "rdpscan.prom",
        "fleet-fix/README.md",
        "man1/rdpscan.1",
    ] {
        assert!(home.path().join(made).is_file(), "{made}");
    }
}
