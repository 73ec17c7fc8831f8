//! Scans that are kept, and how they are found again.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::Value;

use super::{command, home, printed_in, rdpscan, refused_in, text};

/// A port on loopback that refuses: listed, so that it is a row.
const REFUSES: &str = "127.94.1.1:9";
const REFUSES_TOO: &str = "127.94.1.2:9";

fn scan(home: &Path, target: &str, flags: &[&str]) -> String {
    let usual = [target, "--no-tui", "--no-dns", "--attempts", "1"];
    let arguments = [&usual, flags].concat();
    let output = rdpscan(home, &arguments, &[]);
    assert_eq!(output.status.code(), Some(0));
    text(output.stderr)
}

pub(super) fn kept(home: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(home.join("rdpscan").join("scans")) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_scan = |path: &PathBuf| !path.to_string_lossy().contains("index.sqlite");
    let mut paths: Vec<PathBuf> = paths.filter(is_scan).collect();
    paths.sort();
    paths
}

fn address(home: &Path, reference: &str) -> String {
    let report = printed_in(home, &["report", reference, "--format", "json"], &[]);
    let report: Value = serde_json::from_str(&report).expect("a report");
    let address = report.pointer("/hosts/0/address").and_then(Value::as_str);
    address.expect("a host").to_owned()
}

#[test]
fn a_scan_is_kept_and_found_again_by_every_reference() {
    let home = home();
    let told = scan(home.path(), REFUSES, &[]);
    assert!(told.contains("saved: 20"), "{told}");
    assert!(told.contains("open it with `rdpscan open @last`"), "{told}");
    scan(home.path(), REFUSES_TOO, &[]);
    scan(home.path(), REFUSES, &[]);
    let paths = kept(home.path());
    assert_eq!(paths.len(), 3);
    assert_eq!(address(home.path(), "@last"), "127.94.1.1");
    assert_eq!(address(home.path(), "@prev"), "127.94.1.1");
    let second = paths.get(1).and_then(|path| path.file_name());
    let second = second.and_then(|name| name.to_str()).expect("a name");
    let (id, extension) = second.split_once('.').expect("an extension");
    assert_eq!(extension, "ndjson.lz4", "a complete scan is compressed");
    assert_eq!(address(home.path(), id), "127.94.1.2");
    // The file by its own name, too.
    let path = paths.get(1).and_then(|path| path.to_str()).expect("a path");
    assert_eq!(address(home.path(), path), "127.94.1.2");
    refused_in(
        home.path(),
        &["report", "2019"],
        &[],
        &["no kept scan is `2019`", id],
    );
}

#[test]
fn kept_scans_are_listed_compared_and_followed_by_host() {
    let home = home();
    let print = |arguments: &[&str]| printed_in(home.path(), arguments, &[]);
    assert!(print(&["history"]).contains("no scan is kept yet"));
    for target in [REFUSES, REFUSES_TOO, REFUSES] {
        scan(home.path(), target, &[]);
    }
    let list = print(&["history"]);
    assert_eq!(list.lines().count(), 4, "{list}");
    assert!(
        list.contains("complete") && list.contains(REFUSES_TOO),
        "{list}"
    );
    let host = print(&["history", "127.94.1.1"]);
    assert_eq!(host.matches("127.94.1.1:9").count(), 2, "{host}");
    assert!(host.contains("closed"), "{host}");
    let newest = list.lines().nth(1).and_then(|line| line.split(' ').next());
    let id = newest.expect("an id");
    assert!(host.contains(id), "{id}, for `rdpscan open`:\n{host}");
    refused_in(
        home.path(),
        &["history", "srv05"],
        &[],
        &["no kept scan has a host `srv05`"],
    );

    assert!(print(&["diff"]).contains("No host has changed since 20"));
    let changes: Value = serde_json::from_str(&print(&["diff", "--format", "json"])).expect("JSON");
    assert_eq!(
        changes.pointer("/schema"),
        Some(&"rdpscan.changes/1".into())
    );
    assert_eq!(changes.pointer("/unchanged"), Some(&1.into()));
    let page = home.path().join("changes.html");
    print(&[
        "diff",
        "-o",
        page.to_str().expect("a path"),
        "--format",
        "html",
    ]);
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("No host has changed"));
    refused_in(
        home.path(),
        &["diff", "--format", "csv"],
        &[],
        &["csv has no form for changes; use one of text, json"],
    );
    // A format for every other report is not meant for changes.
    let csv = [("RDPSCAN_OUTPUT_FORMAT", "csv")];
    let told = printed_in(home.path(), &["diff"], &csv);
    assert!(told.contains("No host has changed since 20"), "{told}");
    let help = print(&["diff", "--help"]);
    let listed = "[possible values: text, json, markdown, html, auto]";
    assert!(help.contains(listed), "{help}");
    refused_in(
        home.path(),
        &["diff", "--fail-on-change", "gone,lost"],
        &[],
        &["lost", "broken_since"],
    );

    let pruned = [("RDPSCAN_HISTORY_KEEP", "1")];
    let told = printed_in(home.path(), &["history", "prune"], &pruned);
    assert!(told.contains("deleted 2 scans"), "{told}");
    let index = home.path().join("rdpscan/scans/index.sqlite");
    let index = rusqlite::Connection::open(index).expect("an index");
    let left: i64 = index
        .query_row("SELECT count(*) FROM scans", [], |row| row.get(0))
        .expect("a number");
    assert_eq!(left, 1);
    assert_eq!(print(&["history"]).lines().count(), 2);
}

#[test]
fn processes_that_use_the_history_at_once_lose_nothing() {
    let home = home();
    scan(home.path(), REFUSES, &[]);
    let first = kept(home.path()).remove(0);
    let first = first.file_name().and_then(|name| name.to_str());
    let (first, _) = first.and_then(|name| name.split_once('.')).expect("an id");
    let start = |arguments: &[&str]| {
        let mut started = command(home.path(), arguments, &[]);
        let quiet = started.stdout(Stdio::null()).stderr(Stdio::null());
        quiet.spawn().expect("the binary starts")
    };
    let flags = ["--no-tui", "--no-dns", "--attempts", "1"];
    let scanning: Vec<&str> = [REFUSES].into_iter().chain(flags).collect();
    let running: Vec<Child> = (0..4)
        .flat_map(|_| {
            [
                start(&scanning),
                start(&["history"]),
                start(&["diff", first, first]),
            ]
        })
        .collect();
    for mut process in running {
        let status = process.wait().expect("its end");
        assert!(status.success(), "{status}");
    }
    let list = printed_in(home.path(), &["history"], &[]);
    assert_eq!(list.lines().count(), 6, "{list}");
    let host = printed_in(home.path(), &["history", "127.94.1.1"], &[]);
    assert_eq!(host.matches("127.94.1.1:9").count(), 5, "{host}");
    let damaged = home.path().join("rdpscan/scans/index.sqlite.damaged");
    assert!(!damaged.exists());
}

#[test]
fn a_report_says_what_has_changed_since_the_last_scan_if_there_is_one() {
    let home = home();
    let told = scan(home.path(), REFUSES, &["-o", "first.md"]);
    assert!(told.contains("wrote first.md"), "{told}");
    scan(
        home.path(),
        REFUSES,
        &["-o", "second.md", "-o", "second.html"],
    );
    let read = |name: &str| std::fs::read_to_string(home.path().join(name)).expect("a report");
    assert!(!read("first.md").contains("Since the last scan"));
    assert!(!read("first.md").contains("2 scans since 20"));
    assert!(read("second.md").contains("- 2 scans since 20"));
    assert!(read("second.html").contains(">Trend over 2 scans</h3>"));
    for name in ["second.md", "second.html"] {
        let text = read(name);
        assert!(text.contains("Since the last scan"), "{text}");
        assert!(text.contains("No host has changed since 20"), "{text}");
    }
}

#[test]
fn a_report_of_part_of_a_scan_or_of_a_foreign_one_says_nothing_of_a_scan_before() {
    let (own, other) = (home(), home());
    let file = other.path().join("foreign.json");
    let file = file.to_str().expect("a path");
    for home in [&own, &other] {
        for _ in 0..2 {
            scan(home.path(), REFUSES, &["-o", "foreign.json"]);
        }
    }
    let says = |arguments: &[&str]| {
        let arguments = [&["report"], arguments, &["--format", "markdown"]].concat();
        printed_in(own.path(), &arguments, &[]).contains("Since the last scan")
    };
    assert!(says(&["@last"]));
    assert!(!says(&["@last", "--filter", "127.94.1.1"]));
    assert!(!says(&[file]));
}

/// Two saved reports: a port that was open is closed in the second one.
#[test]
fn a_change_that_is_asked_for_gives_exit_status_1() {
    let home = home();
    // Connections end in its backlog: the port is open, and nothing answers.
    let listener = std::net::TcpListener::bind("127.94.1.3:0").expect("a port");
    let target = listener.local_addr().expect("its address").to_string();
    let saved_to = |name| scan(home.path(), &target, &["-o", name, "--timeout", "200ms"]);
    saved_to("before.json");
    drop(listener);
    saved_to("after.json");
    let diff = |classes: &str| {
        let arguments = [
            "diff",
            "before.json",
            "after.json",
            "--fail-on-change",
            classes,
        ];
        rdpscan(home.path(), &arguments, &[])
    };
    let output = diff("new,gone");
    let told = text_of(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("1 gone"), "{told}");
    assert_eq!(diff("new").status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_program_gets_the_changes_since_the_scan_before() {
    let home = home();
    let listener = std::net::TcpListener::bind("127.94.1.4:0").expect("a port");
    let target = listener.local_addr().expect("its address").to_string();
    let again = |command: &str| {
        let flags = ["--timeout", "200ms", "--on-change", command];
        scan(home.path(), &target, &flags)
    };
    let append = "sh -c \"cat >> changes\"";
    assert!(again(append).contains("no scan before this one has the same targets"));
    assert!(!again(append).contains("on-change"));
    assert!(!home.path().join("changes").exists());
    drop(listener);
    assert!(!again(append).contains("on-change"));
    let told = std::fs::read_to_string(home.path().join("changes")).expect("changes");
    assert_eq!(told.lines().count(), 1, "{told}");
    let host: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(host.pointer("/address"), Some(&"127.94.1.4".into()));
    assert_eq!(host.pointer("/changes/0/class"), Some(&"gone".into()));

    let index = home.path().join("rdpscan/scans/index.sqlite");
    let index = rusqlite::Connection::open(index).expect("an index");
    let set = |version: i64| index.pragma_update(None, "user_version", version);
    let version: i64 =
        (index.pragma_query_value(None, "user_version", |row| row.get(0))).expect("one");
    set(999).expect("an update");
    let flags = ["--quiet", "--timeout", "200ms", "--on-change", append];
    let told = scan(home.path(), &target, &flags);
    assert!(
        told.contains("--on-change: the scan before cannot be read"),
        "{told}"
    );
    assert!(told.contains("version 999"), "{told}");
    set(version).expect("an update");

    let _listener = std::net::TcpListener::bind(&target).expect("the same port");
    let told = again("sh -c \"echo no mail today >&2; exit 4\"");
    assert!(told.contains("no mail today"), "{told}");
    assert!(told.contains("--on-change"), "{told}");
    assert!(told.contains("failed: exit status: 4"), "{told}");
    for (flags, parts) in [
        (&["--on-change", " "][..], &["no program in it"][..]),
        (
            &["--on-change", "x \"y"],
            &["without a second one", "logger"],
        ),
        (
            &["--on-change", "x", "--no-history"],
            &["none is kept (--no-history)"],
        ),
    ] {
        let arguments = [&[REFUSES, "--no-dns"], flags].concat();
        refused_in(home.path(), &arguments, &[], parts);
    }
}

#[test]
fn a_program_for_changes_in_the_settings_refuses_no_scan() {
    let home = home();
    let path = home.path().join("settings.toml");
    std::fs::write(&path, "[watch]\non_change = \"no-such-program\"\n").expect("a file");
    let flags = ["--config", path.to_str().expect("a path"), "--no-history"];
    let told = scan(home.path(), REFUSES, &flags);
    assert!(told.contains("watch.on_change"), "{told}");
    assert!(told.contains("does not run"), "{told}");
    let told = scan(home.path(), REFUSES, &[&flags[..], &["--quiet"]].concat());
    assert!(!told.contains("watch.on_change"), "{told}");
}

fn text_of(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_history_that_is_switched_off_keeps_nothing() {
    let home = home();
    let told = scan(home.path(), REFUSES, &["--no-history"]);
    assert!(!told.contains("saved"), "{told}");
    assert!(kept(home.path()).is_empty());
    refused_in(
        home.path(),
        &["report", "@last"],
        &[],
        &["no scan is kept in", "scan first"],
    );
}

#[test]
fn the_oldest_scans_are_deleted_when_one_ends() {
    let home = home();
    let scan = |target: &str, keep| {
        let variables = [("RDPSCAN_HISTORY_KEEP", keep)];
        let arguments = [target, "--no-tui", "--no-dns", "--attempts", "1"];
        rdpscan(home.path(), &arguments, &variables);
        kept(home.path()).len()
    };
    for wanted in [1, 2, 2, 2] {
        assert_eq!(scan(REFUSES, "2"), wanted);
    }
    // What a scan is compared with stays.
    assert_eq!(scan(REFUSES, "1"), 2);
    let told = printed_in(home.path(), &["diff"], &[]);
    assert!(told.contains("No host has changed since 20"), "{told}");
    assert_eq!(scan(REFUSES_TOO, "1"), 1);
}

#[test]
fn a_folder_that_cannot_be_made_is_a_notice_and_the_scan_goes_on() {
    let home = home();
    let folder = home.path().join("rdpscan");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("scans"), "in the way").expect("a file");
    let told = scan(home.path(), REFUSES, &["--format", "json"]);
    assert!(
        told.contains("saving this scan in the history failed"),
        "{told}"
    );
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = home();
    scan(home.path(), REFUSES, &[]);
    let mode = |path: &Path| {
        let found = std::fs::metadata(path).expect("it exists");
        found.permissions().mode() & 0o777
    };
    let file = kept(home.path()).pop().expect("a scan");
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().expect("a folder")), 0o700);
}

#[cfg(feature = "sim")]
#[test]
fn the_demo_has_a_past_in_its_reports_and_none_in_the_history() {
    let home = home();
    let arguments = [
        "demo",
        "--no-dns",
        "--attempts",
        "1",
        "-q",
        "-o",
        "demo.md",
        "-o",
        "demo.csv",
        "--columns",
        "address,changed",
    ];
    let output = rdpscan(home.path(), &arguments, &[]);
    assert_eq!(text(output.stderr), "");
    let read = |name: &str| std::fs::read_to_string(home.path().join(name)).expect("a report");
    let report = read("demo.md");
    for class in [
        "gone",
        "broken since",
        "expired since",
        "recovered",
        "new",
        "renewed",
    ] {
        let row = format!("\n| {class} |");
        assert!(report.contains(&row), "no {class}: {report}");
    }
    let table = read("demo.csv");
    assert!(table.contains("127.77.0.20,new"), "{table}");
    assert_eq!(kept(home.path()), [""; 0].map(PathBuf::from));
}

#[test]
fn the_scans_of_a_fleet_belong_together_when_its_list_changes() {
    let home = home();
    let settings = home.path().join("settings.toml");
    let list = home.path().join("hosts.txt");
    let save = |hosts: &str| {
        let fleet =
            "[fleets.prod]\ntargets = \"@hosts.txt\"\n[fleets.empty]\ntargets = \"127.94.1.9\"\n";
        std::fs::write(&settings, fleet).expect("settings");
        std::fs::write(&list, hosts).expect("a list");
    };
    let config = settings.to_str().expect("a path");
    let print = |arguments: &[&str]| printed_in(home.path(), arguments, &[]);
    save(REFUSES);
    let flags = [
        "prod",
        "--config",
        config,
        "--no-tui",
        "--no-dns",
        "--attempts",
        "1",
    ];
    let scan =
        |more: &[&str]| rdpscan(home.path(), &[&["--fleet"], &flags[..], more].concat(), &[]);
    assert_eq!(scan(&[]).status.code(), Some(0));
    save(&format!("{REFUSES}\n{REFUSES_TOO}"));
    assert_eq!(scan(&[]).status.code(), Some(0));
    let changes = print(&["diff"]);
    assert!(changes.contains("No host has changed since"), "{changes}");
    let fleets = print(&["fleets", "--config", config]);
    let lines: Vec<Vec<&str>> = fleets
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines.len(), 3, "{fleets}");
    let [_, prod, empty] = &*lines else {
        panic!("{fleets}");
    };
    assert_eq!(
        (prod.first(), prod.get(3..5)),
        (Some(&"prod"), Some(&["2", "2"][..]))
    );
    assert!(empty.contains(&"never"), "{fleets}");
    let mixed = scan(&["127.94.1.3"]);
    assert_eq!(mixed.status.code(), Some(2));
    let told = text(mixed.stderr);
    assert!(
        told.contains("`127.94.1.3` cannot be added to --fleet prod"),
        "{told}"
    );
    refused_in(
        home.path(),
        &["--fleet", "prd", "--config", config],
        &[],
        &["--fleet `prd`: no such fleet is saved; the nearest is `prod`"],
    );
}
