//! Findings that somebody has acknowledged, or that the settings ignore.

use std::path::Path;

use rdpscan::fleet::{Acknowledgement, HostMarks};
use rdpscan::history::AcknowledgementFile;
use rdpscan::model::{Endpoint, HostKey, Severity};
use serde_json::Value;

use super::{home, printed_in, rdpscan, refused_in, text};

/// Listed, and refuses: a finding of severity high.
const HOST: &str = "127.94.2.1:9";
const FINDING: &str = "RDP-TCP-REFUSED";

/// The exit status of a scan with `--fail-on`.
fn scan(home: &Path, fail_on: &str, environment: &[(&str, &str)]) -> Option<i32> {
    let arguments = [
        HOST,
        "--no-tui",
        "--no-dns",
        "--attempts",
        "1",
        "--fail-on",
        fail_on,
    ];
    rdpscan(home, &arguments, environment).status.code()
}

fn acknowledge(home: &Path) -> String {
    printed_in(
        home,
        &[
            "ack",
            "127.94.2.1",
            "rdp-tcp-refused",
            "--until",
            "2199-01-31",
            "--note",
            "is being moved",
            "--by",
            "anna",
        ],
        &[],
    )
}

#[test]
fn an_acknowledged_finding_leaves_the_exit_status_and_the_counts_until_it_is_removed() {
    let home = home();
    let home = home.path();
    assert_eq!(scan(home, "high", &[]), Some(1));
    assert_eq!(scan(home, "closed", &[]), Some(1));
    assert_eq!(
        acknowledge(home),
        format!("acknowledged {FINDING} of {HOST} until 2199-01-31\n")
    );
    assert_eq!(scan(home, "high,closed", &[]), Some(0));
    let report = printed_in(home, &["report", "@last", "--format", "json"], &[]);
    let report: Value = serde_json::from_str(&report).expect("a report");
    let at = |path: &str| report.pointer(path).cloned().unwrap_or_default();
    assert_eq!(at("/hosts/0/state"), "closed");
    assert_eq!(
        at("/hosts/0/findings/0/acknowledged"),
        serde_json::json!({"by": "anna", "until": "2199-01-31", "note": "is being moved"})
    );
    assert_eq!(at("/summary/acknowledged"), 1);
    assert_eq!(at("/summary/by_severity/high"), 0);
    let said = "acknowledged by anna until 2199-01-31: is being moved";
    for format in ["text", "markdown", "html"] {
        let printed = printed_in(home, &["report", "@last", "--format", format], &[]);
        assert!(printed.contains(said), "{format}: {printed}");
        assert!(
            printed.contains("findings of 1 host are acknowledged or ignored"),
            "{format}: {printed}"
        );
    }
    let junit = printed_in(home, &["report", "@last", "--format", "junit"], &[]);
    assert!(junit.contains("failures=\"0\""), "{junit}");
    let list = printed_in(home, &["ack", "list"], &[]);
    assert!(list.contains("is being moved"), "{list}");
    // What is acknowledged does not depend on the scans that are kept.
    std::fs::remove_dir_all(home.join("rdpscan").join("scans")).expect("scans");
    assert_eq!(scan(home, "high", &[]), Some(0));
    let removed = printed_in(home, &["ack", "remove", "127.94.2.1", FINDING], &[]);
    assert_eq!(removed, format!("{FINDING} of {HOST} counts again\n"));
    assert_eq!(scan(home, "high", &[]), Some(1));
}

#[test]
fn what_cannot_be_acknowledged_is_refused_with_the_way_out() {
    let home = home();
    let home = home.path();
    let ack = |host: &str, finding: &str, until: &str, says: &str| {
        let arguments = ["ack", host, finding, "--until", until, "--note", "known"];
        refused_in(home, &arguments, &[], &[says]);
    };
    ack(
        "127.94.2.1",
        FINDING,
        "2199-01-31",
        "no kept scan has a host",
    );
    assert_eq!(scan(home, "never", &[]), Some(0));
    ack(
        "127.94.2.1",
        "RDP-TCP-REFUSD",
        "2199-01-31",
        "the nearest is `RDP-TCP-REFUSED`",
    );
    ack(
        "127.94.2.1",
        "RDP-CERT-EXPIRED",
        "2199-01-31",
        "it has RDP-TCP-REFUSED",
    );
    ack("127.94.2.1", FINDING, "2020-01-31", "2020-01-31 is over");
    refused_in(
        home,
        &["ack", "remove", "127.94.2.1", FINDING],
        &[],
        &["is not acknowledged; `rdpscan ack list` lists what is"],
    );
}

#[test]
fn a_damaged_file_is_set_aside_with_a_notice_and_the_scan_goes_on() {
    let home = home();
    let path = home.path().join("rdpscan").join("acknowledged.json");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(&path, "{").expect("a file");
    let output = rdpscan(
        home.path(),
        &[HOST, "--no-tui", "--no-dns", "--attempts", "1"],
        &[],
    );
    assert_eq!(output.status.code(), Some(0));
    let told = text(output.stderr);
    assert!(told.contains("what was acknowledged is damaged"), "{told}");
    assert!(
        home.path()
            .join("rdpscan")
            .join("acknowledged.json.damaged")
            .exists()
    );
}

#[test]
fn a_filter_of_the_settings_ignores_findings() {
    let home = home();
    let ignore = |filter| [("RDPSCAN_POLICY_IGNORE", filter)];
    let filter = "finding:RDP-TCP-REFUSED subnet:127.94.2.0/24";
    assert_eq!(scan(home.path(), "high", &ignore(filter)), Some(0));
    let other = "finding:RDP-CERT-EXPIRED, finding:RDP-TCP-REFUSED subnet:10.0.0.0/8";
    assert_eq!(scan(home.path(), "high", &ignore(other)), Some(1));
    refused_in(
        home.path(),
        &[HOST],
        &ignore("severity:low, finding:RDP-NONSENSE"),
        &["`finding:RDP-NONSENSE`: at character"],
    );
}

#[test]
fn a_name_of_several_hosts_lets_none_of_them_count_again() {
    let home = home();
    let entry = |address: &str, name: &str| Acknowledgement {
        marks: HostMarks {
            key: HostKey::Endpoint(Endpoint::new(address.parse().expect("an address"), 3389)),
            listed: vec![name.into()],
            machines: Vec::new(),
            keys: Vec::new(),
        },
        name: Some(name.into()),
        finding: FINDING.into(),
        severity: Severity::High,
        until: "2199-01-31".parse().expect("a day"),
        by: "anna".into(),
        note: "known".into(),
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    let file = AcknowledgementFile::at(home.path().join("rdpscan").join("acknowledged.json"));
    let entries = [
        entry("10.0.0.5", "srv05.one.example"),
        entry("10.0.0.6", "srv05.two.example"),
    ];
    let added = file.change(|all| all.extend(entries));
    assert_eq!(added.expect("a file").entries.len(), 2);
    let several = ["name of several hosts", "10.0.0.5:3389, 10.0.0.6:3389"];
    let arguments = ["ack", "remove", "srv05", FINDING];
    refused_in(home.path(), &arguments, &[], &several);
    assert_eq!(file.read().expect("a file").entries.len(), 2);
    for (host, address) in [("SRV05.two.example", "10.0.0.6"), ("srv05", "10.0.0.5")] {
        let removed = printed_in(home.path(), &["ack", "remove", host, FINDING], &[]);
        assert_eq!(
            removed,
            format!("{FINDING} of {address}:3389 counts again\n")
        );
    }
}
