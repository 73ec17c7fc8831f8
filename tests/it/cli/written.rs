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
