use clap::CommandFactory as _;
use strum::VariantArray as _;

use super::*;
use crate::counts::grouped;
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
fn a_bad_value_of_a_flag_is_refused_as_in_a_file() {
    let error = Cli::try_parse_from(["rdpscan", "a", "--format=yaml"]).unwrap_err();
    assert_eq!(
        usage_error(&error).unwrap(),
        "rdpscan: --format `yaml`: invalid value\n  use text, json, ndjson, csv, xlsx, markdown, prometheus, junit, html, or auto\n  all options: add --help"
    );
    let error = Cli::try_parse_from(["rdpscan", "a", "--dns", "ns.example"]).unwrap_err();
    assert_eq!(
        usage_error(&error).unwrap(),
        "rdpscan: --dns `ns.example`: not the address of a DNS server\n  write 10.0.0.53, 10.0.0.53:5353 or [2001:db8::53]:53\n  all options: add --help"
    );
    let error = Cli::try_parse_from(["rdpscan", "a", "--sort", "colour"]).unwrap_err();
    assert!(
        usage_error(&error)
            .unwrap()
            .contains("\n  correct it, or use auto\n")
    );
}

#[cfg(feature = "sim")]
#[test]
fn the_demo_takes_output_and_pace() {
    let cli = parse("demo --format json -o out.json --no-tui --seed 7 --attempts 5");
    let keys: Vec<_> = cli
        .common()
        .unwrap()
        .flags
        .0
        .iter()
        .map(|flag| flag.key)
        .collect();
    assert_eq!(
        keys,
        [
            "scan.attempts",
            "scan.seed",
            "output.format",
            "output.no_tui"
        ]
    );
    assert_eq!(cli.outputs(), [PathBuf::from("out.json")]);
    let other = Cli::try_parse_from(["rdpscan", "demo", "--port", "3390"]).unwrap_err();
    assert_eq!(other.kind(), clap::error::ErrorKind::UnknownArgument);
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

#[test]
fn the_help_names_every_tool_whose_files_are_read() {
    let help = Cli::command().render_long_help().to_string();
    // Names of several words may be on two lines.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let (file, forms) = help.split_once("Forms of targets:").unwrap_or_default();
    for (extension, tool) in crate::targets::file_formats() {
        let extension = format!(".{extension}");
        assert!(forms.contains(&extension) && forms.contains(tool), "{tool}");
        // The help of `--file` names a format by its extension or its tool.
        assert!(file.contains(&extension) || file.contains(tool), "{tool}");
    }
}

#[test]
fn the_refusal_of_a_value_is_safe_for_a_terminal() {
    let filter = "state:\u{1b}]0;x\u{7}";
    let error = Cli::try_parse_from(["rdpscan", "a", "--filter", filter]).unwrap_err();
    let line = usage_error(&error).unwrap();
    let unsafe_here = |c: char| c.is_control() && c != '\n';
    assert!(!line.contains(unsafe_here), "{line:?}");
}

#[test]
fn the_help_has_the_figures_of_every_profile() {
    let help = Cli::command().render_long_help().to_string();
    for profile in Profile::VARIANTS {
        assert!(help.contains(&format!("{}/s", grouped(profile.rate().into()))));
        let most = profile.concurrency();
        assert!(most == 0 || help.contains(&format!("{profile} ({most} at once, ")));
    }
}
