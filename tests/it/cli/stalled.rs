//! A reader that takes nothing does not keep the process from ending, and what was found is saved.

use std::io::{PipeReader, Read, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{command, home, text};

/// What a pipe holds (pipe(7)).
const CAPACITY: usize = 65_536;
/// A process that hangs is ended.
const DEADLINE: Duration = Duration::from_secs(20);

/// A pipe that takes nothing more.
fn full_pipe() -> (PipeReader, Stdio) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&vec![b'x'; CAPACITY]).unwrap();
    (reader, writer.into())
}

/// Scans a port that accepts and is silent, and sends a signal while it does.
fn interrupted(mut scan: impl FnMut(&str) -> Command, signal: Signal) -> (ExitStatus, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let mut child = scan(&target).spawn().unwrap();
    let _connection = listener.accept().unwrap();
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(id, signal).unwrap();
    let (ended, watched) = std::sync::mpsc::sync_channel::<()>(1);
    std::thread::spawn(move || {
        if watched.recv_timeout(DEADLINE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            kill_process(id, Signal::KILL).ok();
        }
    });
    let mut told = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut told).unwrap();
    }
    let status = child.wait().unwrap();
    drop(ended);
    (status, told)
}

const SCAN: [&str; 5] = ["--no-tui", "--no-dns", "--attempts", "1", "--no-history"];

#[test]
fn an_output_that_nobody_reads_is_given_up_after_a_signal_and_the_scan_is_saved() {
    for (format, signal) in [
        ("text", Signal::TERM),
        ("ndjson", Signal::INT),
        ("csv", Signal::HUP),
    ] {
        let home = home();
        let (reader, full) = full_pipe();
        let mut full = Some(full);
        let (status, told) = interrupted(
            |target| {
                let arguments = [&SCAN[..], &["--format", format, target]].concat();
                let mut command = command(home.path(), &arguments, &[]);
                command.stdout(full.take().unwrap()).stderr(Stdio::piped());
                command
            },
            signal,
        );
        drop(reader);
        assert_eq!(status.code(), Some(130), "{format}: {told}");
        let (_, after) = told.split_once("saved in `").unwrap();
        let (saved, _) = after.split_once('`').unwrap();
        let report = super::rdpscan(home.path(), &["report", saved, "--format", "csv"], &[]);
        assert!(
            text(report.stdout).contains("127.0.0.1"),
            "{format}: {told}"
        );
        let mode = std::fs::metadata(saved).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{saved}");
    }
}

#[test]
fn messages_that_nobody_reads_keep_nothing_back() {
    let home = home();
    let (reader, full) = full_pipe();
    let mut full = Some(full);
    let (status, _) = interrupted(
        |target| {
            let arguments = [&SCAN[..], &["-o", "found.csv", target]].concat();
            let mut command = command(home.path(), &arguments, &[]);
            command.stdout(Stdio::null()).stderr(full.take().unwrap());
            command
        },
        Signal::TERM,
    );
    drop(reader);
    assert_eq!(status.code(), Some(130));
    let found = std::fs::read_to_string(home.path().join("found.csv")).unwrap();
    assert!(found.contains("127.0.0.1"), "{found}");
}

#[test]
fn a_workbook_whose_workspace_is_full_is_an_error_and_no_panic() {
    let home = home();
    let scan = [
        "127.0.0.0/26:1",
        "--all",
        "--no-tui",
        "--no-dns",
        "--attempts",
        "1",
        "-q",
        "-o",
        "x.json",
    ];
    super::printed_in(home.path(), &scan, &[]);
    let own = command(home.path(), &[], &[]);
    for (name, parts) in [
        ("x.xlsx", ["writing xlsx failed", "needs space"]),
        // Nobody has named the temporary file.
        ("x.html", ["(os error 27); what was there before", "-o"]),
    ] {
        // Files of at most 4 KiB.
        let limited = "ulimit -f 8; exec \"$0\" report x.json -o \"$1\"";
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", limited]).arg(own.get_program()).arg(name);
        shell.current_dir(home.path()).env_clear().envs(
            own.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        let output = shell.output().unwrap();
        let told = text(output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        for part in parts {
            assert!(told.contains(part), "{told}");
        }
        assert!(!home.path().join(name).exists());
    }
}
