//! `--watch` in the binary: what it refuses, and how it ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::kept::kept;
use super::{command, home, printed_in, refused, refused_in};

#[test]
fn a_watch_needs_an_interval_and_a_format_that_goes_on() {
    let scan = ["127.94.2.1:9", "--no-dns", "--watch"];
    for (flags, parts) in [
        (&["30s"][..], &["`30s`", "out of range", "use 1m to"][..]),
        (&["15"], &["a time needs its unit"]),
        (
            &["1m", "--format", "json"],
            &["--watch prints sweep after sweep", "text or ndjson"],
        ),
    ] {
        refused(&[&scan, flags].concat(), parts);
    }
}

#[test]
fn a_watch_from_other_sites_is_refused_by_where_these_are_set() {
    let home = home();
    let config = "[nats]\nurl = \"nats://127.0.0.1:4222\"\n";
    std::fs::write(home.path().join("rdpscan.toml"), config).expect("a file");
    let scan = ["127.94.2.1:9", "--no-dns", "--config", "rdpscan.toml"];
    let watch = [&scan[..], &["--watch", "1h"]].concat();
    let parts = ["rdpscan.toml line 2", "use --nats none"];
    refused_in(home.path(), &watch, &[], &parts);
    let once = [&scan[..], &["--attempts", "1", "--nats", "none"]].concat();
    printed_in(home.path(), &once, &[]);
}

#[test]
fn a_signal_between_two_sweeps_ends_a_watch_with_its_last_status() {
    for signal in [Signal::INT, Signal::TERM] {
        let home = home();
        let arguments = [
            "127.94.2.2:9",
            "--no-dns",
            "--attempts",
            "1",
            "--watch",
            "1h",
            "--fail-on",
            "closed",
            "--filter",
            "state:closed",
        ];
        let mut child = command(home.path(), &arguments, &[])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        assert!(
            line.contains("sweep 1: 1 host (1 closed); the filter lets 1 through; no changes"),
            "{line}"
        );
        let id = i32::try_from(child.id()).expect("a process");
        let id = Pid::from_raw(id).expect("a process");
        kill_process(id, signal).expect("a signal");
        assert_eq!(child.wait().expect("an end").code(), Some(1));
        let mut told = String::new();
        let mut errors = child.stderr.take().expect("a pipe");
        errors.read_to_string(&mut told).expect("text");
        assert!(told.contains(", 1 complete sweep; open"), "{told}");
        let files = kept(home.path());
        assert!(
            matches!(&*files, [one] if one.to_string_lossy().ends_with(".ndjson.lz4")),
            "{files:?}"
        );
        let report = printed_in(home.path(), &["report", "@last/1"], &[]);
        assert!(report.contains("127.94.2.2"), "{report}");
        refused_in(
            home.path(),
            &["report", "@last/2"],
            &[],
            &["no kept scan is `@last/2`"],
        );
    }
}
