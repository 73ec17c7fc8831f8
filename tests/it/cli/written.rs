//! Results that cannot be written as wished are not lost.

#![cfg(target_os = "linux")]

use std::process::Stdio;

use super::{command, home, rdpscan, refused_in, text};

const SCAN: [&str; 5] = ["127.0.0.1:1", "--no-tui", "--no-dns", "--attempts", "1"];

#[test]
fn a_report_that_finds_no_room_is_saved_elsewhere_and_named() {
    let home = home();
    let scan = [&SCAN[..], &["-q", "--format", "json", "-o", "/dev/full"]].concat();
    let output = rdpscan(home.path(), &scan, &[]);
    let told = text(output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    let (_, after) = told.split_once("saved in `").unwrap();
    let (saved, _) = after.split_once('`').unwrap();
    let report = rdpscan(home.path(), &["report", saved, "--format", "csv"], &[]);
    assert!(text(report.stdout).contains("127.0.0.1"), "{told}");
}

#[test]
fn a_scan_that_can_be_saved_nowhere_is_shown() {
    let home = home();
    let scan = [&SCAN[..], &["--format", "json", "-o", "/dev/full"]].concat();
    let nowhere = [("XDG_STATE_HOME", "/dev/null"), ("TMPDIR", "/dev/null")];
    let output = rdpscan(home.path(), &scan, &nowhere);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(output.stdout).contains("127.0.0.1"));
    let told = text(output.stderr);
    assert!(told.contains("1 host (1 closed)"), "{told}");
}

#[test]
fn a_workbook_without_a_folder_for_temporary_files_is_refused_before_the_scan() {
    let home = home();
    let scan = [&SCAN[..], &["-o", "x.xlsx"]].concat();
    let gone = [("TMPDIR", "/nonexistent")];
    refused_in(home.path(), &scan, &gone, &["`/nonexistent`", "TMPDIR"]);
}

#[test]
fn events_whose_reader_has_gone_are_no_failure() {
    let home = home();
    let scan = [&SCAN[..], &["-q", "--format", "ndjson"]].concat();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command(home.path(), &scan, &[])
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(text(output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn one_run_writes_several_reports_each_in_the_format_of_its_extension() {
    let home = home();
    let outputs = ["-o", "a.json", "-o", "b.ndjson", "-o", "c.csv", "-o", "-"];
    let output = rdpscan(home.path(), &[&SCAN[..], &outputs].concat(), &[]);
    let told = text(output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let read = |name| std::fs::read_to_string(home.path().join(name)).unwrap();
    assert!(read("a.json").starts_with("{\"schema\":\"rdpscan.report/1\""));
    assert!(read("b.ndjson").lines().count() > 2);
    assert!(read("c.csv").starts_with("\u{FEFF}state,"));
    assert!(text(output.stdout).contains("127.0.0.1"));
    for name in ["a.json", "b.ndjson", "c.csv"] {
        assert!(told.contains(&format!("wrote {name}")), "{told}");
    }
}

#[test]
fn a_report_that_fails_costs_no_other() {
    let home = home();
    let outputs = ["-q", "-o", "/dev/full", "--format", "text", "-o", "b.csv"];
    let output = rdpscan(home.path(), &[&SCAN[..], &outputs].concat(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(home.path().join("b.csv").exists());
}

#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let home = home();
    for (output, status) in [("/dev/full", 2), ("/dev/null", 0)] {
        let output = std::fs::File::create(output).unwrap();
        let mut help = command(home.path(), &["--help"], &[]);
        let ended = help.stdout(output).status().unwrap();
        assert_eq!(ended.code(), Some(status));
    }
}

#[test]
fn an_output_named_twice_is_refused_before_the_scan() {
    let home = home();
    for (outputs, reason) in [
        (["-o", "a.json", "-o", "a.json"], "-o names `a.json` twice"),
        (["-o", "a.ndjson", "-o", "b.jsonl"], "two recordings"),
    ] {
        let scan = [&SCAN[..], &outputs].concat();
        refused_in(home.path(), &scan, &[], &[reason]);
    }
}

#[test]
fn a_reader_that_has_gone_ends_the_scan_well_and_the_journal_is_named() {
    let home = home();
    let scan = [&SCAN[..], &["--format", "ndjson"]].concat();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command(home.path(), &scan, &[])
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let told = text(output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let named = told
        .lines()
        .filter(|line| line.contains("rdpscan open @last"));
    assert_eq!(named.count(), 1, "{told}");
}
