//! The command itself: the folder that it makes, and what it refuses.

use std::path::Path;
use std::process::Command;

use super::hosts::saved;

/// Runs the command in a folder that is all it knows of the user; gives its status and its messages.
pub(super) fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rdpscan"))
        .env_clear()
        .envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)))
        .env("HOME", folder)
        .env("USERPROFILE", folder)
        .env("APPDATA", folder)
        .env("LOCALAPPDATA", folder)
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.stdout.is_empty());
    let told = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), told)
}

#[test]
fn the_command_makes_the_folder_once() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path());
    let fix = ["fix", "monday.json", "-o", "mend"];
    let (status, told) = run(folder.path(), &fix);
    assert_eq!(
        (status, told.trim()),
        (
            Some(0),
            "wrote mend: fixes for 1 host, the script contacts 0, 1 more when named; start with README.md"
        )
    );
    let hosts = std::fs::read_to_string(folder.path().join("mend/hosts.csv")).unwrap();
    // The port was closed, so nothing shows that it is Windows.
    assert!(
        hosts.contains("\n10.0.0.5,10.0.0.5,3389,,R8,no sign of Windows: RDP-"),
        "{hosts}"
    );
    let (status, told) = run(folder.path(), &fix);
    assert_eq!(status, Some(2));
    assert!(told.contains("`mend`: it is not empty"), "{told}");
}

#[test]
fn the_folder_is_called_after_the_day_and_the_scan() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path());
    let (status, told) = run(
        folder.path(),
        &["fix", "monday.json", "-o", "fix-{date}-{scan}"],
    );
    assert_eq!(status, Some(0), "{told}");
    assert!(
        folder
            .path()
            .join("fix-1970-01-01-20260121T120000Z-00c0ffee")
            .join("README.md")
            .exists(),
        "{told}"
    );
    let (status, told) = run(folder.path(), &["fix", "monday.json", "-o", "fix-{day}"]);
    assert_eq!(status, Some(2));
    assert!(told.contains("{day}") && told.contains("{date}"), "{told}");
    assert!(!folder.path().join("fix-{day}").exists());
}

#[test]
fn a_filter_or_remedy_that_leaves_nothing_makes_no_folder() {
    for choice in [["--filter", "srv99"], ["--remedy", "R1"]] {
        let folder = tempfile::tempdir().unwrap();
        saved(folder.path());
        let mut arguments = vec!["fix", "monday.json", "-o", "mend"];
        arguments.extend(choice);
        let (status, told) = run(folder.path(), &arguments);
        assert_eq!(status, Some(0), "{told}");
        assert!(told.starts_with("nothing to fix"), "{told}");
        assert!(!folder.path().join("mend").exists());
    }
}

#[test]
fn a_remedy_that_does_not_exist_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path());
    let arguments = ["fix", "monday.json", "-o", "mend", "--remedy", "R1,R99"];
    let (status, told) = run(folder.path(), &arguments);
    assert_eq!(status, Some(2));
    assert!(told.contains("invalid remedy `R99`"), "{told}");
    assert!(!folder.path().join("mend").exists());
}

#[test]
fn a_selection_is_known_as_one_when_it_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path());
    let report = [
        "report",
        "monday.json",
        "--filter",
        "srv99",
        "-o",
        "part.json",
    ];
    assert_eq!(run(folder.path(), &report).0, Some(0));
    let report = ["report", "part.json", "-o", "part.txt", "--format", "text"];
    assert_eq!(run(folder.path(), &report).0, Some(0));
    let text = std::fs::read_to_string(folder.path().join("part.txt")).unwrap();
    assert!(
        text.contains("filtered: hosts of the scan not included: 1"),
        "{text}"
    );
}
