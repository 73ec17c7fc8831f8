use std::io::Write as _;
use std::time::Duration;

use clap::Parser as _;

use super::*;
use crate::cli::Cli;
use crate::settings::arguments::{arguments, keys, variable};
use crate::settings::{SAMPLE, show};

fn cli(arguments: &str) -> Cli {
    Cli::try_parse_from(["rdpscan"].into_iter().chain(arguments.split_whitespace())).unwrap()
}

/// A temporary folder may have spaces in its path, so it is not split.
fn with_config(path: &Path, flags: &str) -> Cli {
    let mut cli = cli(&format!("10.0.0.5 {flags}"));
    cli.scan.common.config = Some(path.to_owned());
    cli
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    Environment::new(variables, None)
}

fn settings_file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(content).unwrap();
    file
}

/// Resolves a scan with a settings file, variables and flags.
fn with(content: &str, variables: &[(&str, &str)], flags: &str) -> Result<Resolved, SettingsError> {
    let file = settings_file(content.as_bytes());
    with_config(file.path(), flags).settings(&environment(variables))
}

fn refusal(content: &str, variables: &[(&str, &str)], flags: &str) -> String {
    let error = with(content, variables, flags).unwrap_err().to_string();
    assert!(!error.contains('\n'), "{error}");
    error
}

fn defaults() -> Resolved {
    cli("10.0.0.5").settings(&Environment::default()).unwrap()
}

#[test]
fn the_sample_file_is_the_defaults() {
    assert_eq!(defaults().file, None);
    let sample = with(SAMPLE, &[], "").unwrap();
    assert_eq!(sample.settings, defaults().settings);
}

/// The lists in its comments.
#[test]
fn the_examples_in_the_sample_are_accepted() {
    let (mut section, mut comment, mut found) = ("", String::new(), 0);
    for line in SAMPLE.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push_str(text);
        } else if line.starts_with('[') {
            section = line;
        } else if let Some((name, _)) = line.split_once(" = ") {
            let examples = comment.split("[\"").skip(1);
            for (example, _) in examples.filter_map(|text| text.split_once("\"]")) {
                let content = format!("{section}\n{name} = [\"{example}\"]\n");
                assert!(with(&content, &[], "").is_ok(), "{content}");
                found += 1;
            }
            comment.clear();
        }
    }
    assert_eq!(found, 8);
}

#[test]
fn every_setting_stands_in_the_sample_once_and_in_order() {
    let entries = file::read(SAMPLE, Path::new("sample")).unwrap();
    let found: Vec<_> = entries.settings.iter().map(|entry| entry.key).collect();
    assert_eq!(found, keys().collect::<Vec<_>>());
}

#[test]
fn the_id_of_every_setting_is_its_section_and_field() {
    let shown: Vec<_> = show::values(&defaults().settings)
        .map(|(key, _)| key)
        .collect();
    assert_eq!(shown, keys().collect::<Vec<_>>());
}

/// A value for every setting that differs from its default.
const OTHERS: [(&str, &str); 58] = [
    ("scan.ports", "3390,3391"),
    ("scan.profile", "gentle"),
    ("scan.concurrency", "7"),
    ("scan.rate", "0"),
    ("scan.attempts", "5"),
    ("scan.interval", "3s"),
    ("scan.gap", "500ms"),
    ("scan.connect_timeouts", "1s,2s"),
    ("scan.timeout", "9s"),
    ("scan.max_time", "10m"),
    ("scan.seed", "18446744073709551615"),
    ("scan.allow_large", "true"),
    ("scan.ntlm", "false"),
    ("scan.check_nla", "true"),
    ("names.dns", "false"),
    ("names.servers", "10.0.0.53,2001:db8::53"),
    ("names.timeout", "4s"),
    ("names.concurrency", "4"),
    ("output.format", "csv"),
    ("output.all", "true"),
    ("output.no_tui", "true"),
    ("output.fail_on", "high,closed"),
    ("output.filter", "state:broken \"a, b\""),
    ("output.columns", "state,name:20"),
    ("output.sort", "-days"),
    ("output.details", "true"),
    ("output.title", "Branch offices"),
    ("output.owner", "Team Windows"),
    ("output.quiet", "true"),
    ("screen.theme", "light"),
    ("screen.ascii", "true"),
    ("screen.mouse", "true"),
    ("screen.keys", "pause = P,quit = Q Ctrl-q"),
    ("screen.filters", "old TLS = tls<1.2,two = \"a, b\""),
    (
        "screen.presets",
        "dates = state,name:20,not_after,few = name",
    ),
    (
        "screen.programs",
        "K ssh = \"/opt/my tools/ssh\" {host},W web = firefox https://{name} &",
    ),
    ("policy.expiring_days", "60"),
    ("policy.expiring_percent", "50"),
    ("policy.stability_attempts", "5"),
    ("policy.ignore", "finding:RDP-CERT-EXPIRED,issuer:\"A, B\""),
    ("history.enabled", "false"),
    ("history.keep", "20, 7d"),
    ("watch.interval", "15m"),
    ("watch.on_change", "mail -s \"hosts, changed\" admins"),
    ("watch.confirm", "3 of 5"),
    ("watch.bell", "true"),
    ("nats.url", "tls://nats.example:4333"),
    ("nats.sites", "berlin,hq"),
    ("nats.site", "hq"),
    ("nats.allow_plain", "true"),
    ("nats.ca_file", "/etc/rdpscan/ca.pem"),
    ("nats.user", "scan"),
    ("nats.password_file", "/etc/rdpscan/password"),
    ("nats.nkey_file", "/etc/rdpscan/nkey"),
    ("nats.credentials_file", "/etc/rdpscan/scan.creds"),
    ("nats.ack_wait", "10s"),
    ("worker.allow", "10.0.0.0/8,2001:db8::5"),
    ("worker.exclude", "10.0.0.9"),
];

#[test]
fn what_a_scan_records_of_its_settings_reads_back() {
    let scan = "20261130T110000Z-00c0ffee".parse().unwrap();
    for (key, text) in OTHERS {
        let variable = variable(key);
        let before = cli("10.0.0.5")
            .settings(&environment(&[(&variable, text)]))
            .unwrap();
        let recorded = show::recorded(&before.settings);
        let given = show::of_record(&recorded, scan);
        let after = cli("10.0.0.5")
            .settings_over(&given, &environment(&[]))
            .unwrap();
        if recorded.contains_key(key) {
            let of_key =
                |resolved: &Resolved| show::values(&resolved.settings).find(|(one, _)| *one == key);
            assert_eq!(of_key(&after), of_key(&before), "{key}");
            assert_eq!(after.source(key), Source::Scan(scan), "{key}");
        } else {
            assert_eq!(after.source(key), Source::Default, "{key}");
        }
    }
}

#[test]
fn every_setting_has_a_variable() {
    let keys: Vec<_> = keys().collect();
    assert_eq!(OTHERS.map(|(key, _)| key), *keys);
    let usual: Vec<_> = show::values(&defaults().settings).collect();
    for (at, (key, text)) in OTHERS.into_iter().enumerate() {
        let variable = variable(key);
        let resolved = cli("10.0.0.5")
            .settings(&environment(&[(&variable, text)]))
            .unwrap();
        let shown: Vec<_> = show::values(&resolved.settings).collect();
        assert_ne!(shown[at], usual[at]);
        assert_eq!(resolved.source(key), Source::Environment(variable));
    }
}

#[test]
fn what_config_prints_reads_back_as_a_settings_file() {
    let variables = OTHERS.map(|(key, text)| (variable(key), text));
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, text)| (name.as_str(), *text))
        .collect();
    for variables in [&variables[..], &[]] {
        let set = cli("10.0.0.5").settings(&environment(variables)).unwrap();
        let again = with(&show::text(&set), &[], "").unwrap();
        assert!(show::values(&again.settings).eq(show::values(&set.settings)));
    }
}

#[test]
fn each_layer_outranks_the_ones_below() {
    let content = "[scan]\nattempts = 4\n";
    let variable = ("RDPSCAN_SCAN_ATTEMPTS", "5");
    let file = with(content, &[], "").unwrap();
    assert_eq!(file.settings.scan.attempts, 4);
    assert!(matches!(
        file.source("scan.attempts"),
        Source::File { line: 2, .. }
    ));
    let environment = with(content, &[variable], "").unwrap();
    assert_eq!(environment.settings.scan.attempts, 5);
    let flag = with(content, &[variable], "--attempts 6").unwrap();
    assert_eq!(flag.settings.scan.attempts, 6);
    assert_eq!(flag.source("scan.attempts").to_string(), "--attempts");
    assert_eq!(flag.source("scan.gap"), Source::Default);
}

#[test]
fn blanks_around_a_value_are_taken_in_every_layer() {
    for (key, text) in OTHERS {
        let plain = with("", &[(&variable(key), text)], "").unwrap();
        let spaced = format!(" {text}\t");
        let by_variable = with("", &[(&variable(key), &spaced)], "").unwrap();
        assert_eq!(by_variable.settings, plain.settings, "{key}");
        let content = format!("{key} = {}\n", toml::Value::from(spaced.as_str()));
        let by_file = with(&content, &[], "").unwrap();
        assert_eq!(by_file.settings, plain.settings, "{key}");
        let argument = arguments()
            .find(|argument| argument.get_id() == key)
            .unwrap();
        if argument.get_action().takes_values() && !argument.is_hide_set() {
            let flag = format!("--{}", argument.get_long().unwrap());
            let is_of_worker = key.starts_with("worker.") || key == "nats.site";
            let command = if is_of_worker { "worker" } else { "10.0.0.5" };
            let cli = Cli::try_parse_from(["rdpscan", command, &flag, &spaced]).unwrap();
            let by_flag = cli.settings(&Environment::default()).unwrap();
            assert_eq!(by_flag.settings, plain.settings, "{key}");
        }
    }
}

#[test]
fn flags_reach_every_setting_that_has_one() {
    let flags = "--port 3390 --port 3391-3392 --interval 2s --timeout 9s --max-time 1h --concurrency 7 --rate 0 --seed 9 \
                 --allow-large --no-ntlm --check-nla --dns [2001:db8::53]:5353 --dns 10.0.0.53 --fail-on high,closed --all --no-tui \
                 --filter state:broken --quiet --format ndjson";
    let settings = with("", &[], flags).unwrap().settings;
    assert_eq!(settings.scan.ports, [3390, 3391, 3392]);
    assert_eq!(settings.scan.interval, Duration::from_secs(2));
    assert_eq!(settings.scan.timeout, Duration::from_secs(9));
    assert_eq!(settings.scan.max_time, Some(Duration::from_secs(3_600)));
    assert_eq!((settings.scan.concurrency(), settings.scan.rate()), (7, 0));
    assert_eq!(settings.scan.seed, Some(9));
    assert!(settings.scan.allow_large && !settings.scan.ntlm && settings.scan.check_nla);
    assert_eq!(settings.names.servers.len(), 2);
    assert_eq!(settings.output.fail_on.to_string(), "high,closed");
    assert!(settings.output.all && settings.output.no_tui && settings.output.quiet);
    assert_eq!(settings.output.filter, "state:broken");
    assert_eq!(settings.output.format, Some(Format::Ndjson));
}

#[test]
fn a_command_is_a_text_or_a_list_of_its_words() {
    for (value, words) in [
        (
            r#"'mail -s "a, b" c'"#,
            Some(&["mail", "-s", "a, b", "c"][..]),
        ),
        (
            r#"["sh", "-c", "a | b", "|"]"#,
            Some(&["sh", "-c", "a | b", "|"]),
        ),
        (
            r#"["mail", "-s", "a, b", ""]"#,
            Some(&["mail", "-s", "a, b", ""]),
        ),
        (r#""none""#, None),
    ] {
        let content = format!("[watch]\non_change = {value}");
        let settings = with(&content, &[], "").unwrap().settings;
        let words = words.map(|words| words.iter().map(|word| (*word).to_owned()).collect());
        assert_eq!(settings.watch.on_change, words, "{value}");
    }
    let refused = refusal("[watch]\non_change = ['a\"b']", &[], "");
    assert!(refused.contains("watch.on_change"), "{refused}");
    for (command, sign) in [("jq . | mail admins", "`|`"), ("logger -t 'a b'", "`'a`")] {
        let refused = refusal(&format!("[watch]\non_change = \"{command}\""), &[], "");
        assert!(refused.contains(sign), "{refused}");
        assert!(refused.contains("no shell reads the command"), "{refused}");
        assert!(
            refused.contains("name a script, start a shell as in"),
            "{refused}"
        );
    }
}

#[test]
fn a_profile_outranks_the_figures_below_it_and_yields_to_those_beside_it() {
    let pace = |content, variables: &[_], flags| {
        let scan = with(content, variables, flags).unwrap().settings.scan;
        (scan.concurrency(), scan.rate())
    };
    let figures = "[scan]\nrate = 500\nconcurrency = 9\n";
    assert_eq!(pace(figures, &[], ""), (9, 500));
    assert_eq!(pace(figures, &[], "--profile gentle"), (64, 100));
    assert_eq!(pace(figures, &[], "--profile gentle --rate 50"), (64, 50));
    assert_eq!(pace("[scan]\nprofile = \"fast\"\n", &[], ""), (0, 5_000));
    assert_eq!(
        pace("scan.profile = \"fast\"\nscan.rate = 7", &[], ""),
        (0, 7)
    );
    assert_eq!(
        pace(figures, &[("RDPSCAN_SCAN_RATE", "profile")], ""),
        (9, 1_000)
    );
    let resolved = with(figures, &[], "--profile gentle").unwrap();
    assert_eq!(
        resolved.source("scan.rate").to_string(),
        "profile gentle (--profile)"
    );
}

#[test]
fn naming_a_server_turns_names_on() {
    let content = "[names]\ndns = false\n";
    assert!(
        with(content, &[], "--dns 127.0.0.1:5353")
            .unwrap()
            .settings
            .names
            .dns
    );
    assert!(!with("", &[], "--no-dns").unwrap().settings.names.dns);
}

#[test]
fn the_output_file_says_its_format_unless_a_flag_does() {
    let format = |content, flags| with(content, &[], flags).unwrap().settings.output.format;
    assert_eq!(format("", "-o a.csv"), Some(Format::Csv));
    assert_eq!(format("", "-o a.csv --format json"), Some(Format::Json));
    assert_eq!(
        format("output.format = \"text\"", "-o a.JSON"),
        Some(Format::Json)
    );
    assert_eq!(
        format("output.format = \"text\"", "-o a.log"),
        Some(Format::Text)
    );
    assert_eq!(format("", "-o -"), None);
    let error = refusal("", &[], "-o a.xyz");
    assert!(
        error.contains("`a.xyz`") && error.contains("--format"),
        "{error}"
    );
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest() {
    let error = refusal("[scan]\nports = [3389]\natempts = 5\n", &[], "");
    assert!(error.contains("line 3: `scan.atempts`"), "{error}");
    assert!(error.contains("`scan.attempts`"), "{error}");
    let error = refusal("attempts = 5\n", &[], "");
    assert!(error.contains("`scan.attempts`"), "{error}");
    let error = refusal("[scann]\nrate = 5\n[colours]\n", &[], "");
    assert!(error.contains("line 1: `scann`"), "{error}");
    let error = refusal("[scan.rate]\nx = 5\n", &[], "");
    assert!(error.contains("scan.rate `table`"), "{error}");
    let error = refusal("scan = 5\n", &[], "");
    assert!(error.contains("`scan` is not a setting"), "{error}");
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest() {
    let error = refusal("", &[("RDPSCAN_SCAN_ATEMPTS", "5")], "");
    assert!(error.contains("`RDPSCAN_SCAN_ATTEMPTS`"), "{error}");
    assert!(with("", &[("HOME", "/"), ("RDPSCAN_SCAN_RATE", "")], "").is_ok());
}

#[test]
fn a_bad_value_is_refused_with_place_value_reason_and_way_out() {
    let error = refusal("\n[scan]\nattempts = \"many\"\n", &[], "");
    assert!(
        error.contains("line 3: scan.attempts `many`: not a whole number; use 1 to 1000"),
        "{error}"
    );
    let error = refusal("[scan]\ninterval = 5\n", &[], "");
    assert!(
        error.contains("scan.interval `5`: a time needs its unit; write 5s or 5ms"),
        "{error}"
    );
    let error = refusal("", &[("RDPSCAN_SCAN_TIMEOUT", "soon")], "");
    assert!(
        error.starts_with("RDPSCAN_SCAN_TIMEOUT `soon`: not a time; "),
        "{error}"
    );
    let error = refusal("", &[("RDPSCAN_OUTPUT_FILTER", "colour:red")], "");
    assert!(
        error.starts_with("RDPSCAN_OUTPUT_FILTER `colour:red`: "),
        "{error}"
    );
    let error = refusal("[scan]\nmax_time = 2026-01-01\n", &[], "");
    assert!(error.contains("scan.max_time `datetime`"), "{error}");
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_its_line() {
    let error = refusal("[scan]\nrate = = 5\n", &[], "");
    assert!(
        error.contains("line 2: `rate = = 5` is not TOML"),
        "{error}"
    );
    let error = refusal("[scan]\nrate = 5\nrate = 6\n", &[], "");
    assert!(error.contains("line 3"), "{error}");
}

#[test]
fn a_file_that_was_named_must_exist_and_the_usual_one_need_not() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("no.toml");
    let error = with_config(&nowhere, "")
        .settings(&Environment::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no.toml") && error.contains("cannot be read"),
        "{error}"
    );
    let variables = [("RDPSCAN_CONFIG".into(), nowhere.into_os_string())];
    assert!(
        cli("10.0.0.5")
            .settings(&Environment::new(variables, None))
            .is_err()
    );
    let empty = Environment::new([], Some(folder.path().to_owned()));
    assert!(cli("10.0.0.5").settings(&empty).is_ok());
}

#[test]
fn the_usual_file_is_found_and_read_in_the_encoding_of_powershell() {
    let folder = tempfile::tempdir().unwrap();
    let own = Environment::new([], Some(folder.path().to_owned()));
    let path = own.user_file().unwrap();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let content: Vec<u8> = "\u{feff}scan.attempts = 4\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    std::fs::write(&path, content).unwrap();
    let resolved = cli("10.0.0.5").settings(&own).unwrap();
    assert_eq!(resolved.settings.scan.attempts, 4);
    assert_eq!(resolved.file, Some(path));
}

#[test]
fn config_prints_values_with_their_sources() {
    let resolved = with("", &[("RDPSCAN_SCAN_ATTEMPTS", "5")], "--no-ntlm").unwrap();
    let text = show::text(&resolved);
    assert_eq!(text.lines().count(), keys().count());
    let line = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        line("scan.attempts"),
        "scan.attempts = 5 # RDPSCAN_SCAN_ATTEMPTS"
    );
    assert_eq!(line("scan.ntlm"), "scan.ntlm = false # --no-ntlm");
    assert_eq!(
        line("scan.rate"),
        "scan.rate = 1000 # profile normal (default)"
    );
    let json: serde_json::Value = serde_json::from_str(&show::json(&resolved)).unwrap();
    let attempts = json.pointer("/settings/scan.attempts").unwrap();
    assert_eq!(attempts["value"], 5);
    assert_eq!(attempts["source"], "environment");
}

const FLEETS: &str = "[scan]\nports = [3391]\n[names]\ndns = false\n[fleets.prod]\ntargets = [\"10.0.0.0/24\", \"srv05\"]\nports = [3390]\n\
                      dns = [\"10.0.0.53\"]\n[fleets.lab]\ntargets = \"127.0.0.1\"\n";

/// Resolves a scan of a saved fleet.
fn of_fleet(name: &str, flags: &str) -> Result<Resolved, SettingsError> {
    let file = settings_file(FLEETS.as_bytes());
    let mut cli = with_config(file.path(), flags);
    cli.scan.targets.fleet = Some(name.to_owned());
    cli.settings(&environment(&[]))
}

#[test]
fn the_settings_of_a_fleet_outrank_the_file_and_flags_outrank_them() {
    let prod = of_fleet("prod", "").unwrap();
    assert_eq!(prod.settings.scan.ports, [3390]);
    assert!(prod.settings.names.dns, "its servers are asked");
    assert_eq!(prod.source("scan.ports").kind(), "file");
    assert_eq!(prod.fleet.unwrap().targets, ["10.0.0.0/24", "srv05"]);
    let flags = of_fleet("prod", "--port 3392 --no-dns").unwrap();
    assert_eq!(flags.settings.scan.ports, [3392]);
    assert!(!flags.settings.names.dns);
    let lab = of_fleet("lab", "").unwrap();
    assert_eq!(lab.settings.scan.ports, [3391]);
    assert!(!lab.settings.names.dns);
}

#[test]
fn an_unknown_fleet_is_refused_with_the_nearest() {
    let refused = |name: &str| of_fleet(name, "").unwrap_err().to_string();
    assert_eq!(
        refused("prdo"),
        "--fleet `prdo`: no such fleet is saved; the nearest is `prod`, and `rdpscan fleets` lists all"
    );
    assert!(refused("berlin").ends_with("; `rdpscan fleets` lists all"));
}

#[test]
fn fleets_are_printed_with_the_settings_and_read_back() {
    let resolved = of_fleet("lab", "").unwrap();
    let text = show::text(&resolved);
    assert!(
        text.contains("fleets.prod.targets = [\"10.0.0.0/24\", \"srv05\"]"),
        "{text}"
    );
    let again = with(&text, &[], "").unwrap();
    let names = |resolved: &Resolved| -> Vec<_> {
        let fleets = resolved.fleets.iter();
        fleets
            .map(|fleet| (fleet.name.clone(), fleet.targets.clone()))
            .collect()
    };
    let (mut read, mut wanted) = (names(&again), names(&resolved));
    read.sort();
    wanted.sort();
    assert_eq!(read, wanted);
    let json: serde_json::Value = serde_json::from_str(&show::json(&resolved)).unwrap();
    assert_eq!(json["fleets"]["prod"]["ports"], "3390");
}
