//! The command line as a user meets it: the built binary, in an environment of its own, without a packet to anywhere.
#![expect(clippy::expect_used, reason = "helpers of tests may fail loudly")]

mod acknowledged;
mod fail_on;
mod imports;
mod kept;
mod nasty;
#[cfg(target_os = "linux")]
mod stalled;
#[cfg(unix)]
mod stop;
#[cfg(unix)]
mod watch;
mod written;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use clap::CommandFactory as _;
use rdpscan::cli::Cli;
use tempfile::TempDir;

/// The binary in `home`, which is all that it sees of this machine's user.
pub(crate) fn command(home: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = isolated(env!("CARGO_BIN_EXE_rdpscan"), home);
    command.envs(variables.iter().copied()).args(arguments);
    command
}

/// A program with `home` as its folder and all that it sees of this machine's user.
pub(crate) fn isolated(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for kept in ["SystemRoot", "LLVM_PROFILE_FILE"] {
        command.envs(std::env::var_os(kept).map(|value| (kept, value)));
    }
    for folder in [
        "HOME",
        "USERPROFILE",
        "APPDATA",
        "LOCALAPPDATA",
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "TMPDIR",
        "TEMP",
    ] {
        command.env(folder, home);
    }
    command.current_dir(home).stdin(Stdio::null());
    command
}

fn rdpscan(home: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(home, arguments, variables)
        .output()
        .expect("the binary starts")
}

/// Runs the binary with a list on its standard input, which is a file so that nobody has to write while it reads.
fn rdpscan_reading(home: &Path, arguments: &[&str], list: &str) -> Output {
    let path = home.join("piped.txt");
    std::fs::write(&path, list).expect("a list");
    let input = std::fs::File::open(&path).expect("a list");
    command(home, arguments, &[])
        .stdin(input)
        .output()
        .expect("the binary starts")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("text")
}

pub(crate) fn home() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A failure is one line on standard error, or one with indented lines that say what to do, with all of `parts`; nothing on
/// standard output, and status 2.
#[track_caller]
fn refused_in(home: &Path, arguments: &[&str], variables: &[(&str, &str)], parts: &[&str]) {
    let output = rdpscan(home, arguments, variables);
    let told = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
    let mut lines = told.lines();
    let first = lines.next().unwrap_or_default();
    assert!(first.starts_with("rdpscan: "), "{arguments:?}: {told}");
    assert!(
        lines.all(|line| line.starts_with("  ")),
        "{arguments:?}: {told}"
    );
    let unsafe_here = |c: char| c.is_control() && c != '\n';
    assert!(!told.contains(unsafe_here), "{told:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    for part in parts {
        assert!(told.contains(part), "{arguments:?}: no `{part}` in: {told}");
    }
}

#[track_caller]
fn refused(arguments: &[&str], parts: &[&str]) {
    refused_in(home().path(), arguments, &[], parts);
}

/// What a successful run prints.
#[track_caller]
fn printed_in(home: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = rdpscan(home, arguments, variables);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {told}");
    String::from_utf8(output.stdout).expect("text")
}

#[track_caller]
fn printed(arguments: &[&str]) -> String {
    printed_in(home().path(), arguments, &[])
}

#[test]
fn a_bad_network_is_refused() {
    refused(
        &["--dry-run", "10.0.0.0/33"],
        &["`10.0.0.0/33`", "invalid prefix length", "use 0 to 32"],
    );
}

#[test]
fn a_set_too_large_is_refused_with_count_and_flag() {
    refused(
        &["--dry-run", "10.0.0.0/8"],
        &["`10.0.0.0/8`", "16,777,214", "--allow-large"],
    );
    let plan = printed(&["--dry-run", "--allow-large", "10.0.0.0/8"]);
    assert!(
        plan.contains("16777214") || plan.contains("16,777,214"),
        "{plan}"
    );
}

#[test]
fn a_short_ipv6_prefix_is_refused_even_when_large_sets_are_allowed() {
    refused(
        &["--dry-run", "--allow-large", "2001:db8::/64"],
        &["`2001:db8::/64`", "2^64", "/112"],
    );
}

#[test]
fn a_word_that_is_no_target_is_refused() {
    refused(
        &["--dry-run", "rdp://srv05"],
        &["`rdp://srv05`", "URL", "host:port"],
    );
    refused(
        &["--dry-run", "10.0.0.300"],
        &["`10.0.0.300`", "0 to 255", "10.0.0.10-50"],
    );
    refused(
        &["--dry-run", "srv\u{1b}[31m"],
        &["\\u{1b}", "cannot be part of a host name"],
    );
}

#[test]
fn an_exclude_that_is_a_name_is_refused() {
    refused(
        &["--dry-run", "127.0.0.0/24", "--exclude", "srv05"],
        &["exclude `srv05`", "name", "use the addresses"],
    );
}

#[test]
fn a_list_that_cannot_be_read_is_refused() {
    let parts = ["`nowhere.txt`", "cannot be read", "one target per line"];
    refused(&["--dry-run", "-f", "nowhere.txt"], &parts);
    refused(&["--dry-run", "@nowhere.txt"], &parts);
    let parts = ["exclude list `nowhere.txt`", "cannot be read"];
    refused(
        &["--dry-run", "127.0.0.1", "--exclude-file", "nowhere.txt"],
        &parts,
    );
}

#[test]
fn a_bad_line_in_a_list_is_refused_with_its_number() {
    let home = home();
    std::fs::write(
        home.path().join("hosts.txt"),
        "127.0.0.1\n# fine\n127.0.0.1-\n",
    )
    .unwrap();
    refused_in(
        home.path(),
        &["--dry-run", "-f", "hosts.txt"],
        &[],
        &[
            "hosts.txt line 3",
            "`127.0.0.1-`",
            "invalid end of the range",
        ],
    );
}

#[test]
fn the_plan_has_the_connections_the_time_and_what_was_excluded() {
    let settings = ["--concurrency", "50", "--max-time", "10m", "--no-history"];
    let plan = printed(&[&["--dry-run", "127.0.0.0/24", "srv05:3390"][..], &settings].concat());
    insta::assert_snapshot!("plan", plan);
    let excluded = [
        "--dry-run",
        "127.0.0.0/24",
        "--exclude",
        "127.0.0.9",
        "--attempts",
        "1",
    ];
    let plan = printed(&excluded);
    assert!(
        plan.contains("endpoints     253 (address and port), after excludes\n"),
        "{plan}"
    );
    assert!(
        plan.contains("253 to 506 if every address answers\n"),
        "{plan}"
    );
}

#[test]
fn a_mistyped_command_is_refused_and_not_looked_up() {
    for (word, command) in [("opne", "open"), ("Reprot", "report"), ("hepl", "help")] {
        refused(
            &[word, "monday.json"],
            &[
                &format!("unknown command `{word}`\n  did you mean: rdpscan {command}\n"),
                &format!("rdpscan -- {word}, or rdpscan {word}:3389\n"),
            ],
        );
    }
    for word in ["scan", "Probe", "test"] {
        refused(
            &[word, "127.0.0.1"],
            &[&format!(
                "unknown command `{word}`\n  to scan: rdpscan 127.0.0.1\n"
            )],
        );
    }
    // Not the first, with a number, far from any, with a domain, and as the error says.
    for arguments in [
        &["--dry-run", "127.0.0.1", "opne"][..],
        &["--dry-run", "open5"],
        &["--dry-run", "srv"],
        &["--dry-run", "opne.corp.example"],
        &["--dry-run", "opne:3389"],
        &["--dry-run", "--", "opne"],
        &["--dry-run", "--", "scan"],
    ] {
        let plan = printed(arguments);
        assert!(plan.contains("names         1: "), "{plan}");
    }
}

#[test]
fn a_list_is_read_from_standard_input() {
    for arguments in [&["--dry-run", "-"][..], &["--dry-run", "-f", "-"]] {
        let output = rdpscan_reading(home().path(), arguments, "127.0.0.1-9; 127.0.0.20 # ten");
        let plan = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(plan.contains("endpoints     10 ("), "{plan}");
    }
    let output = rdpscan_reading(home().path(), &["--dry-run", "-"], "\n127.0.0.1/40\n");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("standard input line 2: target `127.0.0.1/40`"),
        "{told}"
    );
}

#[test]
fn an_unknown_setting_is_refused_with_file_line_and_the_nearest() {
    let home = home();
    std::fs::write(home.path().join("own.toml"), "[scan]\natempts = 5\n").unwrap();
    refused_in(
        home.path(),
        &["--dry-run", "127.0.0.1", "--config", "own.toml"],
        &[],
        &["own.toml line 2", "`scan.atempts`", "`scan.attempts`"],
    );
    refused_in(
        home.path(),
        &["--dry-run", "127.0.0.1"],
        &[("RDPSCAN_SCAN_ATEMPTS", "5")],
        &["`RDPSCAN_SCAN_ATEMPTS`", "`RDPSCAN_SCAN_ATTEMPTS`"],
    );
}

#[test]
fn a_settings_file_that_is_not_there_is_refused() {
    refused(
        &["--dry-run", "127.0.0.1", "--config", "nowhere.toml"],
        &["`nowhere.toml`", "cannot be read"],
    );
}

#[test]
fn a_bad_value_is_refused_with_its_reason() {
    for (arguments, parts) in [
        (
            ["--dns", "ns.example"],
            ["--dns `ns.example`", "not the address", "write 10.0.0.53"],
        ),
        (
            ["--format", "yaml"],
            ["--format `yaml`", "invalid value", "ndjson"],
        ),
        (
            ["--attempts", "0"],
            ["--attempts `0`", "out of range", "use 1 to 1000"],
        ),
        (["--interval", "5"], ["--interval `5`", "unit", "write 5s"]),
        (
            ["--rate", "fast"],
            ["--rate `fast`", "whole number", "or profile"],
        ),
        (
            ["--profile", "rude"],
            ["--profile `rude`", "invalid value", "gentle"],
        ),
        (
            ["--fail-on", "worse"],
            ["--fail-on `worse`", "invalid value", "critical"],
        ),
        (["--port", "rdp"], ["--port `rdp`", "whole number", "65535"]),
        (
            ["--filter", "colour:red"],
            ["--filter `colour:red`", "colour", "filter"],
        ),
        (["-o", "hosts.xyz"], ["hosts.xyz", "format", "--format"]),
    ] {
        refused(
            &["--dry-run", "127.0.0.1", arguments[0], arguments[1]],
            &parts,
        );
    }
}

#[test]
fn a_refusal_is_safe_for_a_terminal_in_every_layer() {
    let home = home();
    let scan = ["--dry-run", "127.0.0.1"];
    let reason = r"`state` cannot be `\u{1b}]0;x\u{7}`";
    let filter = "state:\u{1b}]0;x\u{7}";
    refused_in(
        home.path(),
        &[&scan[..], &["--filter", filter]].concat(),
        &[],
        &[reason],
    );
    refused_in(
        home.path(),
        &scan,
        &[("RDPSCAN_OUTPUT_FILTER", filter)],
        &[reason],
    );
    let keys = "\u{1b}[2J = F5";
    refused_in(
        home.path(),
        &scan,
        &[("RDPSCAN_SCREEN_KEYS", keys)],
        &[r"there is no action `\u{1b}[2J`"],
    );
    let content = r#"output.filter = "state:\u001b]0;x\u0007""#;
    std::fs::write(home.path().join("own.toml"), content).unwrap();
    refused_in(
        home.path(),
        &[&scan[..], &["--config", "own.toml"]].concat(),
        &[],
        &[reason],
    );
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_the_scan() {
    // Port 1 of loopback refuses at once, should this ever get so far.
    refused(
        &["127.0.0.1:1", "--no-tui", "-o", "nowhere/hosts.json"],
        &["hosts.json"],
    );
}

#[test]
fn excluding_everything_is_refused() {
    refused(
        &["--dry-run", "127.0.0.5", "--exclude", "127.0.0.0/8"],
        &["`127.0.0.5`", "excluded", "`127.0.0.0/8`"],
    );
}

#[test]
fn a_dry_run_counts_exactly() {
    let plan = printed(&[
        "--dry-run",
        "127.0.0.0/24",
        "127.0.0.9",
        "--exclude",
        "127.0.0.1-4",
    ]);
    assert!(plan.contains("250"), "{plan}");
}

#[test]
fn negative_numbers_meet_the_range_and_not_the_parser() {
    for (arguments, parts) in [
        (
            ["--rate", "-5"],
            ["--rate `-5`", "out of range", "use 0 to 1000000"],
        ),
        (
            ["--concurrency", "-1"],
            ["--concurrency `-1`", "out of range", "use 0 to 65535"],
        ),
        (["--seed", "-1"], ["--seed `-1`", "out of range", "random"]),
        (
            ["--attempts", "-1"],
            ["--attempts `-1`", "out of range", "use 1 to 1000"],
        ),
        (
            ["--port", "-1"],
            ["--port `-1`", "1 to 65535", "whole number"],
        ),
        (
            ["--max-time", "-1s"],
            ["--max-time `-1s`", "out of range", "none"],
        ),
        (
            ["--timeout", "-1s"],
            ["--timeout `-1s`", "out of range", "10ms"],
        ),
    ] {
        refused(
            &["--dry-run", "127.0.0.1", arguments[0], arguments[1]],
            &parts,
        );
    }
}

#[test]
fn an_option_with_nothing_in_it_is_refused() {
    for (option, value) in [("--dns", ""), ("--dns", " , "), ("--exclude", "")] {
        let output = rdpscan(
            home().path(),
            &["--dry-run", "127.0.0.1", option, value],
            &[],
        );
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{option}: {told}");
        assert!(
            told.contains(option) && told.contains("there is nothing in it"),
            "{told}"
        );
    }
}

#[test]
fn columns_without_commas_say_where_commas_go() {
    for columns in ["state address", "state;address"] {
        refused(
            &["--dry-run", "127.0.0.1", "--columns", columns],
            &["put one between columns, as in `state,address`"],
        );
    }
    refused(
        &["--dry-run", "127.0.0.1", "--sort", "state,address"],
        &[
            "there is no column `state,address`",
            "use one of state, address",
        ],
    );
}

#[test]
fn config_names_every_setting_that_a_flag_gives() {
    let text = printed(&["config"]);
    let sample = include_str!("../../config/rdpscan.toml");
    let mut section = "";
    let mut count = 0;
    for line in sample.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((name, _)) = line.split_once(" = ") {
            let key = format!("{section}.{name} ");
            assert!(
                text.lines().any(|line| line.starts_with(&key)),
                "{key} in {text}"
            );
            count += 1;
        }
    }
    assert!(count >= 25, "{count}");
}

#[test]
fn config_prints_each_value_with_its_source() {
    let home = home();
    let folder = home.path().join("rdpscan");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("rdpscan.toml"), "[scan]\ngap = \"300ms\"\n").unwrap();
    let text = printed_in(home.path(), &["config"], &[("RDPSCAN_SCAN_ATTEMPTS", "5")]);
    let line = |key: &str| {
        text.lines()
            .find(|line| line.starts_with(key))
            .unwrap_or_else(|| panic!("no {key} in {text}"))
    };
    assert!(line("scan.attempts").contains("= 5"), "{text}");
    assert!(
        line("scan.attempts").ends_with("# RDPSCAN_SCAN_ATTEMPTS"),
        "{text}"
    );
    assert!(line("scan.gap").ends_with("rdpscan.toml line 2"), "{text}");
    assert!(line("scan.timeout").ends_with("# default"), "{text}");
    let json = printed_in(home.path(), &["config", "--format", "json"], &[]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["settings"]["scan.gap"]["value"], "300ms");
    assert_eq!(json["settings"]["scan.gap"]["source"], "file");
}

#[test]
fn help_and_version_are_no_failures() {
    for arguments in [["--help"], ["-h"]] {
        let help = printed(&arguments);
        for part in [
            "TARGET",
            "--exclude",
            "--allow-large",
            "demo",
            "10.0.0.0/24",
        ] {
            assert!(help.contains(part), "{part} is missing");
        }
    }
    assert!(printed(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_name_of_a_report_is_told_as_it_was_filled_in() {
    let home = home();
    let started = r#"{"scan":"20260301T000000Z-00c0ffee","site":"here","epoch":1,"stream":"run-1","seq":0,"at":"2026-03-01T00:00:00Z","event":{"scan_started":{"schema":"rdpscan.events/1","version":"0.1.0","targets":["127.0.0.1"],"excludes":[],"endpoints_planned":1,"names_planned":0,"seed":1,"attempts":3,"dns":true,"ntlm":true,"list_all":false,"simulated":false}}}"#;
    std::fs::write(home.path().join("saved.ndjson"), format!("{started}\n")).expect("a scan");
    let arguments = ["report", "saved.ndjson", "-o", "f-{date}.html"];
    let output = rdpscan(home.path(), &arguments, &[]);
    assert_eq!(text(output.stderr), "wrote f-2026-03-01.html\n");
    assert!(output.stdout.is_empty());
    assert!(home.path().join("f-2026-03-01.html").is_file());
    let output = rdpscan(home.path(), &[&arguments[..], &["--quiet"]].concat(), &[]);
    assert_eq!(text(output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn events_as_they_happen_say_that_no_filter_applies_to_them() {
    // Refused on loopback: one event and an end.
    let scan = [
        "127.0.0.1:1",
        "--no-dns",
        "--attempts",
        "1",
        "--format",
        "ndjson",
    ];
    let told = |more: &[&str]| {
        let output = rdpscan(home().path(), &[&scan[..], more].concat(), &[]);
        assert!(text(output.stdout).lines().count() > 1);
        text(output.stderr)
    };
    let notice = "so --filter and --sort do not apply to it";
    assert_eq!(
        told(&["--filter", "state:healthy"]).matches(notice).count(),
        1
    );
    assert_eq!(told(&["--sort", "days"]).matches(notice).count(), 1);
    assert_eq!(told(&[]).matches(notice).count(), 0);
    assert_eq!(told(&["--quiet", "--sort", "days"]), "");
}

#[test]
fn schemas_are_printed() {
    for (form, title) in [
        ("report", "rdpscan.report/1"),
        ("events", "rdpscan.events/1"),
    ] {
        let schema: serde_json::Value =
            serde_json::from_str(&printed(&["schema", form])).expect("JSON");
        let found = schema.get("title").and_then(serde_json::Value::as_str);
        assert!(
            found.is_some_and(|found| found.starts_with(title)),
            "{found:?}"
        );
    }
}

#[test]
fn completions_and_manual_are_printed() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(
            printed(&["completions", shell]).contains("__complete"),
            "{shell}"
        );
    }
    let script = printed(&["completions", "powershell"]);
    let mut parser = tree_sitter::Parser::new();
    parser
        .set_language(&tree_sitter_powershell::LANGUAGE.into())
        .unwrap();
    let tree = parser.parse(&script, None).unwrap();
    assert!(!tree.root_node().has_error(), "{}", tree.root_node());
    assert!(printed(&["man"]).contains(".TH rdpscan"));
    assert_eq!(
        printed(&["__complete", "2", "--", "rdpscan", "--format", "ma"]),
        "words\nmarkdown\n"
    );
    let folder = home();
    printed_in(folder.path(), &["man", "--dir", "."], &[]);
    assert!(folder.path().join("rdpscan-fix.1").is_file());
    refused(
        &["man", "--dir", "nowhere"],
        &["`nowhere`", "make the folder"],
    );
}

/// The messages of wrong command lines, each with status 2 and nothing on standard output.
#[test]
fn usage_errors_have_the_reason_the_way_out_and_a_hint_to_the_help() {
    let mut told = String::new();
    for arguments in [
        &[][..],
        &["--quiet"],
        &["--no-such-flag"],
        &["--atempts", "5", "127.0.0.1"],
        &["127.0.0.1", "--attempts"],
        &["127.0.0.1", "--attempts", "0"],
        &["127.0.0.1", "--rate", "fast"],
        &["127.0.0.1", "-o", "hosts.xyz"],
        &["127.0.0.0/33"],
        &["opne", "monday.json"],
        &["scan", "127.0.0.1"],
        &["--quiet", "config"],
        &["report"],
        &["completions", "tcsh"],
        &["explain", "--format", "xml"],
    ] {
        let output = rdpscan(home().path(), arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let line = ["$ rdpscan", &arguments.join(" ")].join(" ");
        told.extend([line.trim_end(), "\n", &text(output.stderr), "\n"]);
    }
    insta::assert_snapshot!("usage_errors", told);
}

/// What a binary cannot do is said before anything else that is wrong.
#[cfg(not(feature = "nats"))]
#[test]
fn without_the_feature_nats_the_error_names_the_build_that_has_it() {
    let home = home();
    for arguments in [
        &["worker"][..],
        &["127.0.0.1", "--nats", "nats://127.0.0.1"],
    ] {
        let ended = rdpscan(home.path(), arguments, &[]);
        assert_eq!(ended.status.code(), Some(2));
        let told = text(ended.stderr);
        assert!(
            told.contains("`cargo build --release --features nats`"),
            "{told}"
        );
    }
}

#[cfg(feature = "nats")]
#[test]
fn a_worker_without_a_server_or_a_list_does_not_start() {
    let home = home();
    for (arguments, missing) in [
        (&["worker"][..], "--nats URL"),
        (
            &["worker", "--nats", "nats://127.0.0.1:1"],
            "--allow 10.0.0.0/8",
        ),
    ] {
        let ended = rdpscan(home.path(), arguments, &[]);
        assert_eq!(ended.status.code(), Some(2));
        let told = text(ended.stderr);
        assert!(told.contains(missing), "{told}");
    }
}

/// The help of a scan, and of every other command what stands before its options.
#[test]
fn the_help() {
    let mut told = printed(&["--help"]);
    assert_eq!(told, printed(&["help"]));
    for command in Cli::command().get_subcommands() {
        if !command.is_hide_set() {
            let help = printed(&[command.get_name(), "-h"]);
            let (beginning, _) = help.split_once("\nOptions:").unwrap();
            told.extend(["\n$ rdpscan ", command.get_name(), " -h\n", beginning]);
        }
    }
    insta::assert_snapshot!("help", told);
}

#[test]
fn a_command_behind_an_option_is_refused_and_not_scanned() {
    refused(
        &["--quiet", "config"],
        &["`config` is a command", "must come first", "-- config"],
    );
}
