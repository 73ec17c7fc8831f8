#[cfg(feature = "sim")]
use std::path::Path;

use clap::CommandFactory as _;

use super::*;
use crate::model::{HostState, Severity};
use crate::report::Format;
use crate::settings::Profile;

fn parse(arguments: &str) -> Cli {
    Cli::try_parse_from(["rdpscan"].into_iter().chain(arguments.split_whitespace())).unwrap()
}

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn a_host_called_like_a_command_is_a_target_after_two_dashes() {
    let cli = parse("-- demo");
    assert!(cli.command.is_none());
    assert_eq!(cli.scan.targets.targets, ["demo"]);
    assert_eq!(parse("--all demo").scan.targets.targets, ["demo"]);
    assert_eq!(
        parse("10.0.0.5 open").scan.targets.targets,
        ["10.0.0.5", "open"]
    );
}

#[test]
fn standard_input_is_a_target() {
    assert_eq!(parse("-").scan.targets.targets, ["-"]);
    assert_eq!(parse("-f - -f a.txt").scan.targets.files.len(), 2);
}

#[test]
fn nothing_at_all_prints_the_help_and_ends_with_status_2() {
    let error = Cli::try_parse_from(["rdpscan"]).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("rdpscan demo"));
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let error = Cli::try_parse_from("rdpscan a --dns 127.0.0.1 --no-dns".split(' ')).unwrap_err();
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn every_word_offered_is_one_that_is_taken() {
    assert_eq!(FORMATS, Format::ALL.map(Format::word));
    let severities = Severity::ALL.map(Severity::word);
    let states: Vec<_> = HostState::ALL.iter().map(|state| state.word()).collect();
    assert_eq!(FAIL_ON, [&severities, &*states, &["never"]].concat());
    assert_eq!(
        ["gentle", "normal", "fast"],
        Profile::ALL.map(Profile::word)
    );
}

#[cfg(feature = "sim")]
#[test]
fn the_demo_takes_output_and_pace() {
    let cli = parse("demo --format json -o out.json --no-tui --seed 7 --attempts 5");
    let keys: Vec<_> = cli.flags().into_iter().map(|flag| flag.key).collect();
    assert_eq!(
        keys,
        [
            "scan.attempts",
            "scan.seed",
            "output.format",
            "output.no_tui"
        ]
    );
    assert_eq!(cli.output_file(), Some(Path::new("out.json")));
}

#[test]
fn the_help_names_every_option_of_the_contract() {
    let help = Cli::command().render_long_help().to_string();
    for option in [
        "--exclude",
        "--exclude-file",
        "--file",
        "--port",
        "--format",
        "--output",
        "--no-tui",
        "--fail-on",
        "--all",
        "--dry-run",
        "--attempts",
        "--interval",
        "--timeout",
        "--max-time",
        "--concurrency",
        "--rate",
        "--profile",
        "--dns",
        "--no-dns",
        "--no-ntlm",
        "--check-nla",
        "--filter",
        "--seed",
        "--quiet",
        "--verbose",
        "--config",
        "--allow-large",
    ] {
        assert!(help.contains(option), "{option} is missing");
    }
}
