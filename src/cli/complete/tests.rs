use clap::{CommandFactory as _, ValueEnum as _};

use super::*;
use crate::cli::Cli;
use crate::report::Format;

/// What is offered for the last of these words, and what else the shell does.
fn asked(words: &[&str]) -> (Vec<String>, &'static str) {
    let words: Vec<OsString> = std::iter::once("rdpscan")
        .chain(words.iter().copied())
        .map(OsString::from)
        .collect();
    let completion = complete(
        Cli::command(),
        &words,
        words.len() - 1,
        &Environment::default(),
    );
    let texts = completion
        .candidates
        .into_iter()
        .map(|candidate| candidate.text);
    (texts.collect(), completion.kind.word())
}

fn offered(words: &[&str]) -> Vec<String> {
    asked(words).0
}

fn shown(definition: &Command) -> Vec<Command> {
    let commands = definition.get_subcommands();
    commands
        .filter(|command| !command.is_hide_set())
        .cloned()
        .collect()
}

/// Every command with the words that lead to it, the scan among them.
fn commands() -> Vec<(Vec<String>, Command)> {
    let mut root = Cli::command();
    root.build();
    let mut all: Vec<_> = shown(&root)
        .into_iter()
        .map(|command| (vec![command.get_name().to_owned()], command))
        .collect();
    all.push((Vec::new(), root));
    all
}

#[test]
fn every_command_is_offered_and_nothing_hidden() {
    let names: Vec<String> = shown(&Cli::command())
        .iter()
        .map(|command| command.get_name().to_owned())
        .collect();
    let mut expected = names.clone();
    expected.push("help".to_owned());
    assert_eq!(offered(&[""]), expected);
    assert_eq!(offered(&["help", ""]), expected);
    for name in names {
        assert!(offered(&[&name[..2]]).contains(&name), "{name}");
    }
}

#[test]
fn every_flag_of_every_command_is_offered_once() {
    for (path, command) in commands() {
        let mut words: Vec<&str> = path.iter().map(String::as_str).collect();
        words.push("--");
        let all = offered(&words);
        let options = command
            .get_arguments()
            .filter(|argument| !argument.is_hide_set());
        let mut expected: Vec<String> = options
            .filter_map(|option| option.get_long())
            .map(|long| format!("--{long}"))
            .collect();
        expected.sort();
        let mut found = all;
        found.sort();
        assert_eq!(found, expected, "{path:?}");
        words.pop();
        for flag in &expected {
            let mut words = words.clone();
            words.push(&flag[..flag.len() - 1]);
            assert!(offered(&words).contains(flag), "{path:?} {flag}");
        }
    }
}

#[test]
fn every_flag_with_a_value_offers_what_the_definition_lists() {
    let mut seen = 0;
    for (path, command) in commands() {
        for option in command
            .get_arguments()
            .filter(|argument| argument.get_long().is_some())
        {
            let flag = format!("--{}", option.get_long().unwrap());
            let listed: Vec<String> = option
                .get_possible_values()
                .iter()
                .map(|value| value.get_name().to_owned())
                .collect();
            if !takes_value(option) || listed.is_empty() {
                continue;
            }
            let mut words: Vec<&str> = path.iter().map(String::as_str).collect();
            let glued = format!("{flag}=");
            words.push(&glued);
            assert_eq!(
                offered(&words),
                listed
                    .iter()
                    .map(|value| format!("{flag}={value}"))
                    .collect::<Vec<_>>()
            );
            words.pop();
            words.extend([flag.as_str(), ""]);
            assert_eq!(offered(&words), listed, "{words:?}");
            let _ = words.pop();
            words.push(&listed[0][..1]);
            assert!(offered(&words).contains(&listed[0]), "{words:?}");
            seen += 1;
        }
    }
    assert!(seen >= 9, "{seen}");
    let formats = Format::ALL.map(Format::word);
    assert_eq!(
        offered(&["--format", ""]),
        [&formats[..], &["auto"]].concat()
    );
}

#[test]
fn options_and_values_are_offered_behind_targets_and_values() {
    assert_eq!(offered(&["10.0.0.5", "--format", "m"]), ["markdown"]);
    assert_eq!(offered(&["10.0.0.5", "--fail-on", "cr"]), ["critical"]);
    assert_eq!(
        asked(&["report", "a.json", "--fail-on", "high,un"]),
        (vec!["high,unreachable".to_owned()], "list")
    );
    assert!(!offered(&["--fail-on=high,"]).contains(&"--fail-on=high,high".to_owned()));
    assert_eq!(offered(&["10.0.0.5", "--forma"]), ["--format"]);
    assert_eq!(offered(&["--rate", "report", "--profile", "g"]), ["gentle"]);
    assert_eq!(offered(&["report", "a.json", "--format", "x"]), ["xlsx"]);
    assert_eq!(offered(&["-o", "open", "--all", "--no-t"]), ["--no-tui"]);
    assert_eq!(offered(&["-qo", "a.json", "--no-n"]), ["--no-ntlm"]);
}

#[test]
fn a_command_is_one_only_where_the_parser_takes_it_for_one() {
    assert!(offered(&["10.0.0.5", "rep"]).is_empty());
    assert!(offered(&["--all", "rep"]).is_empty());
    assert!(offered(&["--", "rep"]).is_empty());
    assert!(offered(&["--", "--for"]).is_empty());
}

#[test]
fn flags_that_stand_there_are_not_offered_again_unless_they_repeat() {
    assert!(offered(&["--quiet", "--qui"]).is_empty());
    assert!(offered(&["-q", "--qui"]).is_empty());
    assert_eq!(
        offered(&["--exclude", "10.0.0.1", "--exclude"]),
        ["--exclude", "--exclude-file"]
    );
    assert_eq!(offered(&["-v", "--verb"]), ["--verbose"]);
    assert!(offered(&["-"]).contains(&"-f".to_owned()));
}

#[test]
fn columns_are_completed_behind_commas_and_none_twice() {
    assert_eq!(
        asked(&["--columns", "state,addr"]),
        (vec!["state,address".to_owned()], "list")
    );
    let behind = offered(&["open", "a.json", "--columns=state,"]);
    assert!(behind.contains(&"--columns=state,address".to_owned()));
    assert!(
        !behind
            .iter()
            .any(|text| text.ends_with(",state") || text.ends_with(",auto"))
    );
    assert_eq!(
        offered(&["--columns", ""]).len(),
        crate::table::Field::ALL.len() + 1
    );
    assert_eq!(offered(&["--sort", "-da"]), ["-days_left"]);
    assert_eq!(
        offered(&["report", "a", "--sort=-da"]),
        ["--sort=-days_left"]
    );
    for text in offered(&["--sort", ""]) {
        assert!(
            text == "auto" || text.parse::<crate::table::Sort>().is_ok(),
            "{text}"
        );
    }
}

#[test]
fn words_of_the_handbook_are_completed_in_the_case_that_was_typed() {
    let found = offered(&["explain", "rdp-cert-exp"]);
    assert!(found.contains(&"rdp-cert-expired".to_owned()), "{found:?}");
    assert!(offered(&["explain", "RDP-CERT-EXPIRE"]).contains(&"RDP-CERT-EXPIRED".to_owned()));
    assert!(offered(&["explain", "0x9"]).contains(&"0x904".to_owned()));
    assert!(offered(&["explain", "0x904", "0x9"]).contains(&"0x904".to_owned()));
    assert_eq!(asked(&["fix", "a.json", "--remedy", "R1,R2"]).1, "list");
    assert!(offered(&["fix", "a.json", "--remedy", "R1,R"]).contains(&"R1,R2".to_owned()));
}

#[test]
fn filters_are_completed_as_far_as_a_shell_takes_them_for_a_word() {
    assert!(offered(&["--filter", "stat"]).contains(&"state:".to_owned()));
    assert!(offered(&["--filter", "state:bro"]).contains(&"state:broken".to_owned()));
    for text in offered(&["--filter", ""]) {
        assert!(!text.contains(['<', '>', ' ', '(', '!', '\'']), "{text}");
    }
}

#[test]
fn files_and_folders_are_left_to_the_shell() {
    for (words, expected) in [
        (&["open", ""][..], "files"),
        (&["report", ""], "files"),
        (&["fix", "a.json", "-o", ""], "folders"),
        (&["-f", ""], "files"),
        (&["10.0.0.5", "--output=a"], "files"),
        (&["man", "--dir", ""], "folders"),
        (&["@li"], "files"),
        (&["10.0.0.5", "@li"], "files"),
    ] {
        assert_eq!(asked(words), (Vec::new(), expected), "{words:?}");
    }
    // One file is all that they take.
    let (found, rest) = asked(&["open", "a.json", ""]);
    assert!(rest == "words" && found.contains(&"--filter".to_owned()));
}

#[test]
fn an_empty_last_word_may_be_left_out_and_numbers_beyond_do_no_harm() {
    let words: Vec<OsString> = ["rdpscan", "report", "a.json", "--format"]
        .map(OsString::from)
        .into();
    assert!(
        complete(Cli::command(), &words, 4, &Environment::default())
            .lines()
            .starts_with("words\ntext\n")
    );
    assert_eq!(
        complete(Cli::command(), &[], 0, &Environment::default()).kind,
        Kind::Words
    );
    drop(complete(
        Cli::command(),
        &words,
        900,
        &Environment::default(),
    ));
}

#[test]
fn what_a_candidate_means_stands_behind_a_tab() {
    let words: Vec<OsString> = ["rdpscan", "rep"].map(OsString::from).into();
    assert_eq!(
        complete(Cli::command(), &words, 1, &Environment::default()).lines(),
        "words\nreport\tWrite a saved scan in another format\n"
    );
    let words: Vec<OsString> = ["rdpscan", "--tim"].map(OsString::from).into();
    assert_eq!(
        complete(Cli::command(), &words, 1, &Environment::default()).lines(),
        "words\n--timeout\tHow long each stage of an attempt may take\n"
    );
    for shell in Shell::value_variants() {
        let script = shell.script();
        assert!(
            script.contains("rdpscan") && script.contains(" __complete "),
            "{shell:?}"
        );
        assert!(script.is_ascii(), "{shell:?}");
    }
}

#[test]
fn the_fleets_of_the_settings_file_are_offered() {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let text =
        b"[fleets.prod]\ntargets = [\"10.0.0.0/24\"]\n[fleets.lab]\ntargets = \"127.0.0.1\"\n";
    std::io::Write::write_all(&mut file, text).unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(offered(&["--config", path, "--fleet", ""]), ["prod", "lab"]);
    let config = format!("--config={path}");
    assert_eq!(offered(&[&config, "--fleet=p"]), ["--fleet=prod"]);
    let none = asked(&["--config", "/nowhere/rdpscan.toml", "--fleet", ""]);
    assert_eq!(none, (Vec::new(), "words"));
    let variables = [("RDPSCAN_CONFIG".into(), path.into())];
    let words: Vec<OsString> = ["rdpscan", "--fleet", "l"].map(OsString::from).into();
    let environment = Environment::new(variables, None);
    let completion = complete(Cli::command(), &words, 2, &environment);
    assert_eq!(completion.lines(), "words\nlab\t127.0.0.1\n");
}

#[test]
fn a_finding_to_acknowledge_is_offered_by_its_id() {
    for words in [
        &["ack", "srv05", "RDP-TCP-REF"][..],
        &["ack", "remove", "srv05", "RDP-TCP-REF"],
    ] {
        assert_eq!(offered(words), ["RDP-TCP-REFUSED"], "{words:?}");
    }
}
