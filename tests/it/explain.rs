//! `rdpscan explain` as a user meets it: the built binary, in an environment of its own.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn home() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Runs `rdpscan explain` with `home` as all that it sees of this machine's user.
fn explain_in(home: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rdpscan"));
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
    ] {
        command.env(folder, home);
    }
    command
        .envs(variables.iter().copied())
        .arg("explain")
        .args(arguments)
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

#[track_caller]
fn explained(arguments: &[&str]) -> String {
    let output = explain_in(home().path(), arguments, &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {told}");
    assert!(told.is_empty(), "{arguments:?}: {told}");
    String::from_utf8(output.stdout).expect("text")
}

#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let output = explain_in(home().path(), arguments, &[]);
    let told = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert_eq!(told.lines().count(), 1, "{arguments:?}: {told}");
    told
}

#[test]
fn the_code_of_the_question_comes_with_causes_fixes_and_what_is_wrong_on_the_web() {
    insta::assert_snapshot!(explained(&["0x904", "0x7"]));
}

#[test]
fn every_way_to_write_a_code_leads_to_the_same_entry() {
    let entry = explained(&["0x904"]);
    assert_eq!(explained(&["2308"]), entry);
    assert!(explained(&["904"]).ends_with(&entry));
    assert_eq!(explained(&["Error code: 0x904"]), entry);
}

#[test]
fn a_bare_hexadecimal_number_is_told_how_it_was_read() {
    insta::assert_snapshot!(explained(&["1b07"]));
}

#[test]
fn a_finding() {
    insta::assert_snapshot!(explained(&["rdp-cert-expired-broken"]));
}

#[test]
fn the_beginning_of_a_key_lists() {
    insta::assert_snapshot!(explained(&["rdp-nla"]));
}

#[test]
fn a_remedy() {
    insta::assert_snapshot!(explained(&["R2"]));
}

#[test]
fn every_remedy_shows_every_command_in_every_format() {
    for remedy in rdpscan::diagnosis::remedies::all() {
        let key = remedy.key.as_str();
        let text = explained(&[key]);
        let markdown = explained(&[key, "--format", "markdown"]);
        let json: serde_json::Value =
            serde_json::from_str(&explained(&[key, "--format", "json"])).unwrap();
        let told = &json["entries"][0];
        assert_eq!(told["title"], remedy.title.as_str());
        assert!(
            text.starts_with(&format!("{key}: {}\n", remedy.title)),
            "{key}"
        );
        assert!(
            markdown.starts_with(&format!("# {key}: {}\n", remedy.title)),
            "{key}"
        );
        let steps = told["remedy"]["steps"].as_array().unwrap();
        let undo = told["remedy"]["undo"].as_array().unwrap();
        let in_json: Vec<&str> = steps
            .iter()
            .chain(undo)
            .flat_map(|step| step["commands"].as_array().unwrap())
            .map(|command| command["text"].as_str().unwrap())
            .collect();
        let commands: Vec<&str> = remedy
            .commands()
            .map(|command| command.text.as_str())
            .collect();
        assert_eq!(in_json, commands, "{key}");
        for line in commands.iter().flat_map(|command| command.trim().lines()) {
            for shown in [&text, &markdown] {
                let pasted = shown.lines().any(|shown| shown.trim() == line.trim());
                assert!(pasted, "{key}: {line}\n{shown}");
            }
        }
    }
}

#[test]
fn a_claim() {
    insta::assert_snapshot!(explained(&["w30"]));
}

#[test]
fn a_cause_on_the_client() {
    insta::assert_snapshot!(explained(&["client-kerberos-tickets"]));
}

#[test]
fn words() {
    insta::assert_snapshot!(explained(&["expired", "certificate"]));
}

#[test]
fn a_list_of_all_has_every_entry_in_order() {
    let text = explained(&[]);
    let mut place = 0;
    for entry in rdpscan::diagnosis::handbook::handbook().entries() {
        let found = text[place..].find(&format!("\n  {} ", entry.key));
        place += found.unwrap_or_else(|| panic!("{} is missing or out of order", entry.key));
    }
    assert_eq!(
        text.lines()
            .filter(|line| line.ends_with("about 0x904"))
            .count(),
        1
    );
}

#[test]
fn markdown() {
    insta::assert_snapshot!(explained(&["0xC07", "--format", "markdown"]));
}

#[test]
fn json() {
    insta::assert_snapshot!(explained(&["W3", "--format", "json"]));
}

#[test]
fn json_of_everything_has_every_entry_once() {
    let text = explained(&["--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let entries = document["entries"].as_array().unwrap();
    assert_eq!(
        entries.len(),
        rdpscan::diagnosis::handbook::handbook().entries().len()
    );
    assert_eq!(document["schema"], "rdpscan.handbook/1");
}

#[test]
fn an_unknown_word_is_refused_in_one_line_with_what_was_perhaps_meant() {
    assert!(explained(&["expird"]).contains("RDP-CERT-EXPIRED"));
    insta::assert_snapshot!(refused(&["0x905"]), @"rdpscan: `0x905`: unknown, no code, extended reason, status or event has this number; client codes are 0x1 to 0x2604, extended reasons 0x0 to 0x1196; nearest are 0x904, 0x906, 0x907; `rdpscan explain` lists everything");
    insta::assert_snapshot!(refused(&["0xDEAD"]), @"rdpscan: `0xDEAD`: unknown, no code, extended reason, status or event has this number; nothing that Remote Desktop is known to show has numbers in this range; `rdpscan explain` lists what is");
    insta::assert_snapshot!(refused(&["--", "-1"]), @"rdpscan: `-1`: not in the handbook; nearest are R1, W1; `rdpscan explain` lists everything");
    insta::assert_snapshot!(refused(&["xylophone-marimba-vibraphone-glockenspiel-celesta-zither-dulcimer-bassoon"]), @"rdpscan: `xylophone-marimba-vibraphone-glockenspiel-celesta-zither-dulcimer-bassoon`: not in the handbook; `rdpscan explain` lists what is");
    insta::assert_snapshot!(refused(&["xylophone\u{1b}[31m"]), @r"rdpscan: `xylophone\u{1b}[31m`: not in the handbook; `rdpscan explain` lists what is");
}

#[test]
fn a_faulty_settings_file_does_not_stand_in_the_way() {
    let home = home();
    for folder in [
        ".config/rdpscan",
        "rdpscan",
        "rdpscan/config",
        "Library/Application Support/rdpscan",
    ] {
        let folder = home.path().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["config.toml", "rdpscan.toml"] {
            std::fs::write(folder.join(name), "this is = = no settings file").unwrap();
        }
    }
    let output = explain_in(home.path(), &["R1"], &[("RDPSCAN_SCAN_ATTEMPTS", "many")]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn nothing_is_written_to_the_users_folders() {
    let home = home();
    explain_in(home.path(), &["0x904"], &[]);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn the_long_version_says_as_of_when_the_facts_are() {
    let output = Command::new(env!("CARGO_BIN_EXE_rdpscan"))
        .arg("--version")
        .output()
        .expect("the binary starts");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.starts_with(&format!("rdpscan {}\n", env!("CARGO_PKG_VERSION"))));
    assert!(text.contains(rdpscan::diagnosis::dated::oldest()), "{text}");
}

/// Old facts are not wrong facts: this only says so, past the capture of the test's output.
#[test]
fn tables_of_facts_that_are_older_than_a_year_are_named() {
    let today = jiff::tz::Offset::UTC
        .to_datetime(rdpscan::clock::wall())
        .date();
    for (subject, day) in rdpscan::diagnosis::dated::tables() {
        let day: jiff::civil::Date = day.parse().expect("a date");
        if (today - day).get_days() > 365 {
            let warning =
                format!("warning: the facts about {subject} are of {day}: look them up again\n");
            std::io::Write::write_all(&mut std::io::stderr(), warning.as_bytes()).unwrap();
        }
    }
}

#[cfg(unix)]
mod in_a_terminal {
    use std::io::Read as _;
    use std::path::Path;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    /// What a terminal of 60 columns is sent.
    fn shown(home: &Path, arguments: &[&str], pager: &str) -> String {
        shown_in(20, 60, home, arguments, pager)
    }

    fn shown_in(rows: u16, cols: u16, home: &Path, arguments: &[&str], pager: &str) -> String {
        let size = PtySize {
            rows,
            cols,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_rdpscan"));
        command.env_clear();
        command.env("HOME", home);
        command.env("PATH", "/usr/bin:/bin");
        command.env("PAGER", pager);
        command.cwd(home);
        command.arg("explain");
        command.args(arguments);
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let mut bytes = Vec::new();
        // Linux ends a terminal without writers with an error instead of an end of file.
        drop(reader.read_to_end(&mut bytes));
        assert!(child.wait().unwrap().success());
        String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
    }

    #[test]
    fn long_text_goes_through_the_pager_at_the_width_of_the_terminal() {
        let home = super::home();
        let text = shown(home.path(), &["W3"], "sed s/^/:/");
        assert!(text.lines().all(|line| line.starts_with(':')), "{text}");
        assert!(text.lines().all(|line| line.len() <= 61), "{text}");
        assert!(text.lines().any(|line| line.len() > 50), "{text}");
    }

    #[test]
    fn a_terminal_without_a_size_has_the_usual_width() {
        let home = super::home();
        let [unknown, usual] = [(0, 0), (24, 80)].map(|(rows, columns)| {
            let arguments = ["R1", "--no-pager"];
            shown_in(rows, columns, home.path(), &arguments, "")
        });
        assert_eq!(unknown, usual);
    }

    #[test]
    fn a_pager_that_is_missing_or_leaves_early_does_no_harm() {
        let home = super::home();
        let plain = shown(home.path(), &["R1", "--no-pager"], "sed s/^/:/");
        assert!(plain.starts_with("R1: "), "{plain}");
        assert_eq!(shown(home.path(), &["R1"], "/no/such/pager"), plain);
        assert_eq!(shown(home.path(), &["R1"], ""), plain);
        assert_eq!(shown(home.path(), &[], "true"), "");
    }
}
