//! Whatever the user gives, no message puts a control character of it on the terminal: every flag, variable, setting, file and name.

use std::path::Path;

use clap::CommandFactory as _;
use rdpscan::cli::Cli;

use super::{home, rdpscan};

/// OSC 52, CSI in its C1 form, a right-to-left override and line breaks.
const NASTY: &str = "x\u{1b}]52;c;aGk=\u{7}\u{9b}31m\u{202e}\ny\rz";
/// Commands are many: as many run at a time.
const AT_ONCE: usize = 4;

struct Case {
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    /// What it prints has lines of its own.
    lines: bool,
}

fn case(arguments: &[&str]) -> Case {
    Case {
        arguments: arguments.iter().copied().map(str::to_owned).collect(),
        variables: Vec::new(),
        lines: false,
    }
}

/// Runs all of them, and holds what they print against what a terminal may get.
fn check(home: &Path, cases: &[Case]) {
    assert!(!cases.is_empty());
    let run = |case: &Case| {
        let arguments: Vec<&str> = case.arguments.iter().map(String::as_str).collect();
        let variables = case.variables.iter();
        let variables: Vec<(&str, &str)> = variables
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let output = rdpscan(home, &arguments, &variables);
        for (name, bytes) in [("output", output.stdout), ("error", output.stderr)] {
            let told = String::from_utf8_lossy(&bytes).into_owned();
            let is_bad = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(
                !told.contains(is_bad),
                "{arguments:?} {variables:?}: {name}: {told:?}"
            );
            assert!(
                case.lines || name == "output" || told.lines().all(is_our_line),
                "{arguments:?} {variables:?}: a line of the value: {told:?}"
            );
        }
    };
    std::thread::scope(|scope| {
        for part in cases.chunks(cases.len().div_ceil(AT_ONCE)) {
            scope.spawn(move || part.iter().for_each(run));
        }
    });
}

/// A value with a line break must not make a line of its own.
fn is_our_line(line: &str) -> bool {
    !line.starts_with(['y', 'z'])
}

#[test]
fn every_flag_and_argument() {
    let mut cases = Vec::new();
    let root = Cli::command();
    let commands = root
        .get_subcommands()
        .map(|command| (command.get_name(), command));
    // The flags of `demo` are those of a scan, and it would run one.
    let commands = commands.filter(|(name, _)| !matches!(*name, "demo" | "__complete"));
    for (name, command) in std::iter::once(("", &root)).chain(commands) {
        for arg in command.get_arguments() {
            let mut line: Vec<String> = match name {
                "" => vec!["--dry-run".to_owned(), "--no-dns".to_owned()],
                name => vec![name.to_owned()],
            };
            if let Some(long) = arg.get_long().filter(|_| arg.get_action().takes_values()) {
                line.push(format!("--{long}={NASTY}"));
                line.push("127.0.0.1".to_owned());
            } else if arg.is_positional() {
                line.push(NASTY.to_owned());
            } else {
                continue;
            }
            let arguments: Vec<&str> = line.iter().map(String::as_str).collect();
            cases.push(case(&arguments));
        }
        cases.push(case(&[name, &format!("--{NASTY}")]));
    }
    check(home().path(), &cases);
}

#[test]
fn every_form_of_a_filter_a_target_and_a_name() {
    let filters = [
        "state={}",
        "{}:x",
        "{}<x",
        "finding:{}",
        "days_left>{}",
        "tls<{}",
        "address={}",
        "!{}",
        "({}",
        "\"{}",
        "name~{}",
        "{})",
        "{} or",
        "state<{}",
        "not_after>{}",
        "build={}",
        "{}=",
        "state:broken {}",
        "port:{}",
    ];
    let targets = [
        "{}",
        "{}:99999",
        "10.0.0.0/{}",
        "[{}",
        "@{}",
        "rdp://{}",
        "10.0.0.1-{}",
        "user@{}",
        "{}.rdg",
    ];
    let mut cases = Vec::new();
    for filter in filters {
        cases.push(case(&[
            "127.0.0.1",
            "--dry-run",
            "--filter",
            &filter.replace("{}", NASTY),
        ]));
    }
    for target in targets {
        let target = target.replace("{}", NASTY);
        cases.push(case(&["--dry-run", "--no-dns", &target]));
        cases.push(case(&[
            "127.0.0.1",
            "--dry-run",
            "--no-dns",
            "--exclude",
            &target,
        ]));
    }
    for columns in ["{}", "address:{}", "address {}", "{},state"] {
        cases.push(case(&[
            "127.0.0.1",
            "--dry-run",
            "--columns",
            &columns.replace("{}", NASTY),
        ]));
    }
    for format in ["json", "markdown", "text"] {
        let words = format!("0x904 {NASTY}");
        let explained = case(&["explain", "--format", format, &words]);
        cases.push(Case {
            lines: true,
            ..explained
        });
    }
    for name in ["{}.json", "{}", "a/{}.json", "{date}{{}}.json"] {
        let name = name.replace("{}", NASTY);
        cases.push(case(&[
            "127.0.0.1:1",
            "--no-tui",
            "--no-dns",
            "--attempts",
            "1",
            "-o",
            &name,
        ]));
    }
    check(home().path(), &cases);
}

#[test]
fn every_setting_in_variables_and_files() {
    let home = home();
    let listed = super::printed_in(home.path(), &["config", "--format", "json"], &[]);
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let settings = listed["settings"].as_object().unwrap();
    let mut cases = Vec::new();
    let toml = toml::Value::String(NASTY.to_owned()).to_string();
    let mut file = |key: &str, content: String| {
        let path = home.path().join(format!("{key}.toml"));
        std::fs::write(&path, content).unwrap();
        let path = path.to_string_lossy().into_owned();
        cases.push(case(&["config", "--config", &path]));
        cases.push(case(&["config", "--format", "json", "--config", &path]));
    };
    for key in settings.keys() {
        file(key, format!("{key} = {toml}\n"));
    }
    // One that is taken as it is.
    file(
        "filter",
        format!(
            "[output]\nfilter = {}\n",
            toml::Value::String(format!("\"{NASTY}\""))
        ),
    );
    file("unknown", format!("[scan]\n{toml} = 1\n"));
    file("syntax", format!("[scan]\n{NASTY} = \n"));
    for setting in settings.values() {
        let variable = setting["variable"].as_str().unwrap().to_owned();
        cases.push(Case {
            variables: vec![(variable, NASTY.to_owned())],
            ..case(&["config"])
        });
    }
    for folder in ["XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
        let inside = home.path().join(NASTY).to_string_lossy().into_owned();
        cases.push(Case {
            variables: vec![(folder.to_owned(), inside)],
            ..case(&["127.0.0.1", "--dry-run", "--no-dns", "-vv"])
        });
    }
    cases.push(Case {
        variables: vec![(
            format!("RDPSCAN_{}", NASTY.replace('\n', "")),
            "1".to_owned(),
        )],
        ..case(&["config"])
    });
    check(home.path(), &cases);
}

#[test]
fn every_kind_of_file() {
    let home = home();
    let contents = [
        (
            "list.txt",
            format!("10.0.0.1\n{}\n", NASTY.replace(['\n', '\r'], "")),
        ),
        ("table.csv", format!("Name,{NASTY}\n{NASTY},\"{NASTY}\"\n")),
        ("heading.csv", format!("{NASTY},{NASTY}\n1,2\n")),
        (
            "a.rdg",
            format!("<RDCMan><file><server><name>{NASTY}</name></server></file></RDCMan>"),
        ),
        ("b.rdg", format!("<{NASTY}/>")),
        ("c.rdg", format!("<x{NASTY}>")),
        ("d.rdp", format!("full address:s:{NASTY}\n")),
        (
            "e.gnmap",
            format!("Host: {NASTY}\tPorts: 3389/open/tcp//ms-wbt-server///\n"),
        ),
        (
            "f.json",
            format!("{{\"schema\":\"{}\"}}", NASTY.escape_default()),
        ),
        (
            "g.json",
            "{\"schema\":\"rdpscan.report/1\",\"scan\":{\"id\":\"\u{9b}31m\u{202e}\"}}".to_owned(),
        ),
        (
            "h.ndjson",
            "{\"scan\":\"\u{9b}31m\u{202e}\",\"seq\":0}\n".to_owned(),
        ),
        ("i.html", format!("<{NASTY}>")),
    ];
    let mut cases = Vec::new();
    for (name, content) in contents {
        std::fs::write(home.path().join(name), content).unwrap();
        cases.push(case(&["--dry-run", "--no-dns", "-f", name]));
        cases.push(case(&[
            "--dry-run",
            "--no-dns",
            "127.0.0.1",
            "--exclude-file",
            name,
        ]));
        cases.push(case(&["report", name]));
        cases.push(case(&["fix", name, "-o", "folder"]));
    }
    check(home.path(), &cases);
}
