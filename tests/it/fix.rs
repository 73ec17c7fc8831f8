//! What `rdpscan fix` writes: every command parses as `PowerShell`, and names are data, whatever hosts call themselves.

// Helpers here count as test code for the lints, too.
#![cfg(test)]

mod command;
mod hosts;
mod inside;
mod powershell;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use clap::Parser as _;
use hosts::{
    address, all_findings, calls_itself, edited, everywhere, finding, host_at, named, silent_at,
    unresolved,
};
use powershell::faults;
use proptest::prelude::*;
use rdpscan::cli::Cli;
use rdpscan::diagnosis::remedies::{self, Remedy, Shell};
use rdpscan::fix::{self, HostName, Plan, PlannedFile, ScriptReach};
use rdpscan::fleet::{Host, HostId, Summary};
use rdpscan::model::{Acknowledged, Endpoint, Finding, HostKey, NameSource, Severity};
use rdpscan::table::{self, Grouping};

use crate::kit::nasty_names;

/// Remedies that the script carries out.
const SCRIPTED: [&str; 16] = [
    "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15",
    "R20",
];
/// The parts of the script, as its source lists them.
fn script_text() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/fix");
    let source = std::fs::read_to_string(folder.join("script.rs")).unwrap();
    let parts = source.split("include_str!(\"").skip(1);
    let parts =
        parts.map(|rest| std::fs::read_to_string(folder.join(rest.split('"').next().unwrap())));
    parts.map(Result::unwrap).collect::<Vec<_>>().join("\n")
}

/// Two remedies, one of them by hand.
fn few() -> Vec<&'static Remedy> {
    fix::remedies_named(["R1", "R16"]).unwrap()
}

fn text(file: &PlannedFile) -> &str {
    std::str::from_utf8(&file.content).unwrap()
}

fn file<'a>(plan: &'a Plan, path: &str) -> &'a str {
    let found = plan.files.iter().find(|file| file.path == path);
    text(found.unwrap_or_else(|| panic!("no {path}")))
}

/// A list by its headings.
fn rows(plan: &Plan, path: &str) -> Vec<BTreeMap<String, String>> {
    let list = file(plan, path).trim_start_matches('\u{feff}');
    csv::Reader::from_reader(list.as_bytes())
        .deserialize()
        .map(Result::unwrap)
        .collect()
}

/// The rows that the script reads.
fn hosts_of(plan: &Plan) -> Vec<BTreeMap<String, String>> {
    let there = plan.files.iter().any(|file| file.path == "hosts.csv");
    if there {
        rows(plan, "hosts.csv")
    } else {
        Vec::new()
    }
}

fn assert_sound(plan: &Plan) {
    let hosts = hosts_of(plan);
    let proven = hosts
        .iter()
        .filter(|row| !row["Why"].starts_with("no sign of Windows"));
    assert_eq!(proven.count(), plan.reach.hosts);
    assert_eq!(hosts.len(), plan.reach.hosts + plan.reach.when_named);
    let script = plan.files.iter().find(|file| file.path == fix::SCRIPT);
    assert_eq!(script.is_some(), !hosts.is_empty());
    if let Some(script) = script {
        assert!(text(script) == script_text());
    }
    for row in hosts {
        let computer = &row["Computer"];
        assert!(row["Address"].parse::<IpAddr>().is_ok(), "{row:?}");
        assert!(
            computer.parse::<IpAddr>().is_ok() || HostName::parse(computer).is_ok(),
            "{row:?}"
        );
        for name in ["ExpectedName", "Farm"] {
            assert!(
                row[name].is_empty() || HostName::parse(&row[name]).is_ok(),
                "{row:?}"
            );
        }
        let remedies = row["Remedies"].split(' ');
        assert!(
            remedies.filter(|key| SCRIPTED.contains(key)).count() > 0,
            "{row:?}"
        );
    }
    let mut paths = BTreeSet::new();
    for file in &plan.files {
        let path = &file.path;
        assert!(paths.insert(path.to_lowercase()), "{path} twice");
        assert!(
            path.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"./-_".contains(&byte)),
            "{path}"
        );
        assert!(path.split('/').all(|part| part.len() < 200), "{path}");
        if path.starts_with("rdp/") {
            assert_sound_rdp(path, text(file));
        }
    }
}

fn assert_sound_rdp(path: &str, text: &str) {
    let lines: Vec<&str> = text.split("\r\n").collect();
    let full = lines[0].strip_prefix("full address:s:").unwrap();
    let (host, port) = full.rsplit_once(':').unwrap();
    assert!(port.parse::<u16>().is_ok(), "{path}");
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    assert!(
        bare.parse::<IpAddr>().is_ok() || HostName::parse(host).is_ok(),
        "{path}: {full}"
    );
    assert_eq!(lines.len(), 9, "{path}");
    assert!(lines.contains(&"authentication level:i:2"), "{path}");
    assert!(!text.contains("username"), "{path}");
    assert!(
        lines.iter().all(|line| !line.contains(['\r', '\n'])),
        "{path}"
    );
}

#[test]
fn every_powershell_command_parses() {
    let mut count = 0;
    for remedy in remedies::all() {
        for command in remedy.commands() {
            if command.shell == Shell::PowerShell {
                count += 1;
                assert_eq!(
                    faults(&command.text),
                    Vec::<String>::new(),
                    "{}: {}",
                    remedy.key,
                    command.text
                );
            }
        }
    }
    assert!(count > 50, "{count}");
}

#[test]
fn the_grammar_sees_what_is_wrong() {
    for broken in ["Get-Item 'x", "if ($x { }", "@{ a = 'b'", "function { "] {
        assert!(!faults(broken).is_empty(), "{broken}");
    }
}

#[test]
fn every_check_line_is_one_of_this_program() {
    for remedy in remedies::all() {
        let words = remedy.check.scan.split_whitespace();
        let parsed = Cli::try_parse_from(words);
        assert!(parsed.is_ok(), "{}: {}", remedy.key, remedy.check.scan);
    }
}

#[test]
fn every_remedy_has_a_page_and_the_script_has_those_for_windows() {
    let plan = fix::plan(&[everywhere(1, "srv05.corp.example")], &[]);
    for remedy in remedies::all() {
        let page = file(&plan, &format!("remedies/{}.md", remedy.key));
        assert!(page.contains(&remedy.title), "{}", remedy.key);
        assert_eq!(
            page.contains(fix::SCRIPT),
            fix::has_script(remedy),
            "{}",
            remedy.key
        );
    }
    let hosts = hosts_of(&plan);
    let mut keys: Vec<&str> = hosts[0]["Remedies"].split(' ').collect();
    assert_eq!(keys[..3], ["R12", "R3", "R2"], "the order of the script");
    keys.sort_by_key(|key| key[1..].parse::<u8>().unwrap());
    assert_eq!(keys, SCRIPTED);
    assert_sound(&plan);
}

#[test]
fn no_nasty_name_gets_into_any_file_but_the_lists() {
    let refused: Vec<String> = nasty_names()
        .into_iter()
        .filter(|name| HostName::parse(name).is_err())
        .collect();
    assert!(refused.len() > 80, "{}", refused.len());
    let unnamed = fix::plan(&[host_at(1, all_findings(""))], &[]);
    let fixed = |plan: &Plan| -> Vec<PlannedFile> {
        let files = plan.files.iter();
        files
            .filter(|file| file.path.contains('/'))
            .cloned()
            .collect()
    };
    for name in refused {
        let plan = fix::plan(&[everywhere(1, &name)], &[]);
        assert_eq!(fixed(&plan), fixed(&unnamed), "{name:?}");
        assert!(!plan.refused.is_empty(), "{name:?}");
    }
    assert_sound(&unnamed);
}

#[test]
fn a_fleet_of_nasty_names_gives_a_sound_folder() {
    let hosts: Vec<Host> = nasty_names()
        .iter()
        .zip(1..)
        .flat_map(|(name, last)| [everywhere(last, name), unresolved(name)])
        .collect();
    let plan = fix::plan(&hosts, &[]);
    assert_sound(&plan);
    // Half of them have no address.
    assert_eq!(hosts_of(&plan).len(), hosts.len() / 2);
}

#[test]
fn names_that_try_to_break_out_are_refused_with_their_reason() {
    for name in [
        "srv'; Remove-Item C:\\ -Recurse; '",
        "srv\u{2019}; calc; \u{2018}",
        "$(calc)",
        "srv`nfull",
        "a\r\nalternate shell:s:calc",
        "-ComputerName",
        "#>",
        "@@BODY@@",
    ] {
        let plan = fix::plan(&[everywhere(1, name)], &[]);
        assert_sound(&plan);
        assert!(
            plan.refused.iter().all(|entry| entry.name == name),
            "{name:?}"
        );
        let list = file(&plan, "refused.csv");
        assert!(list.lines().count() > 1, "{name:?}");
        assert!(list.contains("U+") || list.contains("hyphen"), "{name:?}");
    }
}

#[test]
fn no_line_of_a_list_is_a_formula_or_breaks() {
    let hosts: Vec<Host> = nasty_names()
        .iter()
        .zip(1..)
        .map(|(name, last)| everywhere(last, name))
        .collect();
    let plan = fix::plan(&hosts, &[]);
    for path in ["actions.csv", "hosts.csv", "refused.csv"] {
        let list = file(&plan, path).trim_start_matches('\u{feff}');
        let mut reader = csv::Reader::from_reader(list.as_bytes());
        for record in reader.records() {
            for cell in &record.unwrap() {
                assert!(!cell.starts_with(['=', '+', '-', '@']), "{path}: {cell:?}");
                assert!(!cell.contains(['\r', '\n', '\u{1b}']), "{path}: {cell:?}");
            }
        }
    }
}

#[test]
fn a_name_that_only_the_host_claims_is_not_used() {
    let claimed = named(
        &host_at(1, all_findings("")),
        "dc01.corp.example",
        NameSource::Certificate,
        &[(address(99), Some(false))],
    );
    let plan = fix::plan(&[claimed], &[]);
    assert_eq!(hosts_of(&plan)[0]["Computer"], "10.0.0.1");
    assert!(plan.files.iter().all(|file| !file.path.contains("dc01")));
}

#[test]
fn a_name_with_several_machines_behind_it_is_only_for_users() {
    let farm = named(
        &host_at(1, all_findings("")),
        "farm.corp.example",
        NameSource::Target,
        &[(address(1), Some(true)), (address(2), Some(false))],
    );
    let plan = fix::plan(&[farm], &few());
    let hosts = hosts_of(&plan);
    assert_eq!(
        (&*hosts[0]["Computer"], &*hosts[0]["Farm"]),
        ("10.0.0.1", "farm.corp.example")
    );
    assert!(file(&plan, "rdp/name-farm.corp.example.rdp").contains(":farm.corp.example:3389\r\n"));
    assert_sound(&plan);
}

#[test]
fn a_name_that_leads_here_is_used_and_the_computer_is_compared() {
    let known = named(
        &host_at(1, all_findings("")),
        "srv05.corp.example",
        NameSource::Ptr,
        &[(address(1), None)],
    );
    let plan = fix::plan(&[calls_itself(&known, "SRV05")], &few());
    let list = file(&plan, "hosts.csv");
    assert_eq!(
        list.lines().nth(1),
        Some("srv05.corp.example,10.0.0.1,3389,srv05,R1,RDP-X,")
    );
}

#[test]
fn a_name_in_trouble_has_its_file_to_compare_with_and_the_list_says_so() {
    let stale = named(
        &host_at(1, all_findings("")),
        "srv05.corp.example",
        NameSource::Ptr,
        &[(address(77), None)],
    );
    let missing = named(
        &host_at(2, all_findings("")),
        "srv06.corp.example",
        NameSource::Ntlm,
        &[],
    );
    let claimed = named(
        &host_at(3, all_findings("")),
        "dc01.corp.example",
        NameSource::Certificate,
        &[(address(99), Some(false))],
    );
    let plan = fix::plan(
        &[stale, missing, claimed, host_at(4, all_findings(""))],
        &few(),
    );
    assert_sound(&plan);
    for name in ["srv05", "srv06"] {
        let path = format!("rdp/name-{name}.corp.example.rdp");
        assert!(file(&plan, &path).contains(&format!(":{name}.corp.example:3389\r\n")));
    }
    assert!(plan.files.iter().all(|file| !file.path.contains("dc01")));
    let actions = rows(&plan, "actions.csv");
    let has = |name: &str, source: &str, note: &str| {
        assert!(
            actions.iter().any(|row| row["name"] == name
                && row["name_source"] == source
                && row["name_note"].starts_with(note)),
            "{name}: {actions:?}"
        );
    };
    has("srv05.corp.example", "ptr", "resolves to another address");
    has("srv06.corp.example", "ntlm", "does not resolve");
    has("", "", "only the certificate");
    has("", "", "no name is known");
    // The script goes by the address.
    assert!(
        hosts_of(&plan)
            .iter()
            .all(|row| row["Computer"] == row["Address"])
    );
}

#[test]
fn hosts_without_a_sign_of_windows_are_contacted_only_when_named() {
    let known = host_at(1, all_findings(""));
    let plan = fix::plan(&[known, silent_at(2, all_findings(""))], &few());
    let hosts = hosts_of(&plan);
    let why = |index: usize| {
        (
            hosts[index]["Address"].as_str(),
            hosts[index]["Why"].as_str(),
        )
    };
    assert_eq!(why(0), ("10.0.0.1", "RDP-X"));
    assert_eq!(why(1), ("10.0.0.2", "no sign of Windows: RDP-X"));
    assert!(file(&plan, "actions.csv").contains("not known to be Windows"));
    assert_sound(&plan);
}

/// What lets nobody in shows little of itself, so it is these that a plain run would miss.
#[test]
fn the_readme_says_first_who_is_left_alone_and_how_to_name_them() {
    let silent = named(
        &silent_at(2, all_findings("")),
        "ts01.corp.example",
        NameSource::Ptr,
        &[(address(2), None)],
    );
    let many = (3..=20).map(|last| silent_at(last, all_findings("")));
    let hosts: Vec<Host> = std::iter::once(silent).chain(many).collect();
    let plan = fix::plan(&hosts, &few());
    let readme = file(&plan, "README.md");
    let (before, _) = readme.split_once("## The steps").unwrap();
    assert!(before.contains("### Hosts that are left alone unless you name them"));
    assert!(
        before.contains(".\\Repair-RdpHost.ps1 -ComputerName ts01.corp.example, 10.0.0.3, "),
        "{before}"
    );
    assert!(before.contains("   # and 9 more: hosts.csv"), "{before}");
    let whole_script = "\n.\\Repair-RdpHost.ps1\n";
    assert!(
        !before.contains(whole_script),
        "it would read no host: {before}"
    );
    let known = fix::plan(&[host_at(1, all_findings(""))], &few());
    assert!(file(&known, "README.md").contains(whole_script));
    assert!(!file(&known, "README.md").contains("left alone unless"));
}

/// Blocks for PowerShell in a page.
fn blocks(page: &str) -> Vec<&str> {
    let parts = page.split("```powershell\n").skip(1);
    parts
        .map(|part| part.split("```").next().unwrap())
        .collect()
}

#[test]
fn every_command_of_the_readme_can_be_pasted_and_names_parameters_of_the_script() {
    let named = named(
        &host_at(2, all_findings("")),
        "srv05.corp.example",
        NameSource::Ptr,
        &[(address(2), None)],
    );
    let plan = fix::plan(
        &[
            host_at(1, all_findings("")),
            named,
            silent_at(3, all_findings("")),
        ],
        &[],
    );
    let readme = file(&plan, "README.md");
    let script = script_text();
    let blocks = blocks(readme);
    assert_eq!(blocks.len(), 6, "{readme}");
    for block in blocks {
        assert_eq!(faults(block), Vec::<String>::new(), "{block}");
        assert!(!block.contains('…'), "{block}");
        for line in block
            .lines()
            .filter(|line| line.starts_with(".\\Repair-RdpHost.ps1"))
        {
            let line = line.split('#').next().unwrap();
            for word in line.split_whitespace().filter(|word| word.starts_with('-')) {
                assert!(
                    word == "-Confirm:$false" || script.contains(&format!("] ${}", &word[1..])),
                    "{line}: {word}"
                );
            }
        }
    }
    for part in [
        "Exit status: 0 where every host is in order, done, would be done or left alone",
        "$ErrorActionPreference = 'Stop'; & .\\Repair-RdpHost.ps1",
        "NTLM sends proof of your password to\nwhatever answers at that address",
        "-Value '10.0.0.1' -Concatenate",
        "contacts 2 hosts of `hosts.csv`",
        "-UndoPath $undo.FullName -Apply",
        "| [R12](remedies/R12.md) | Correct the clock |",
    ] {
        assert!(readme.contains(part), "{part}: {readme}");
    }
    assert!(
        !readme.contains("-File .\\"),
        "5.1 takes lists and switches for text there"
    );
    let alone = fix::plan(&[everywhere(1, "srv05.corp.example")], &[]);
    assert!(
        !file(&alone, "README.md").contains("NTLM"),
        "no host by address"
    );
}

#[test]
fn an_intermediate_that_is_not_sent_is_no_work_for_the_script() {
    let short = |severity| finding("RDP-CERT-CHAIN-SHORT", severity, Some("R4"), "");
    let alone = fix::plan(&[host_at(1, vec![short(Severity::Low)])], &[]);
    assert_eq!(alone.reach, ScriptReach::default());
    assert!(file(&alone, "remedies/R4.md").contains("Hosts to do by hand"));
    // A host that the script is for all the same.
    let other = finding("RDP-CERT-EXPIRED", Severity::Low, Some("R4"), "");
    let both = fix::plan(&[host_at(1, vec![short(Severity::High), other])], &[]);
    assert_eq!(hosts_of(&both).len(), 1);
}

#[test]
fn servers_that_are_not_windows_are_left_to_people() {
    let mut findings = all_findings("");
    findings.push(finding("RDP-NOT-WINDOWS", Severity::Info, None, ""));
    let plan = fix::plan(&[host_at(1, findings)], &[]);
    assert_eq!(plan.reach, ScriptReach::default());
    assert!(plan.files.iter().all(|file| file.path != fix::SCRIPT));
    assert!(file(&plan, "remedies/R16.md").contains("Hosts to do by hand"));
    assert!(file(&plan, "actions.csv").contains("the host is not Windows"));
}

#[test]
fn no_command_for_windows_is_offered_for_another_system() {
    let mut findings = all_findings("");
    let windows = fix::commands(&host_at(1, findings.clone())).unwrap();
    assert!(fix::has_script(windows.remedy));
    findings.push(finding("RDP-NOT-WINDOWS", Severity::Info, None, ""));
    let other = fix::commands(&host_at(1, findings)).unwrap();
    assert!(!fix::has_script(other.remedy), "{}", other.text);
}

#[test]
fn what_is_merely_worth_knowing_needs_asking() {
    let hosts = [host_at(
        1,
        vec![finding(
            "RDP-CERT-SELF-SIGNED",
            Severity::Info,
            Some("R4"),
            "",
        )],
    )];
    assert!(fix::plan(&hosts, &[]).is_empty());
    let named = fix::remedies_named(["r4"]).unwrap();
    assert!(!fix::plan(&hosts, &named).is_empty());
}

#[test]
fn the_folder_counts_the_hosts_of_a_remedy_as_the_screen_and_reports_do() {
    let with = |last, findings: &[(Severity, &'static [&'static str])]| {
        let findings = findings.iter().map(|(severity, remedies)| Finding {
            remedies,
            ..finding("RDP-NEG-NO-CERT", *severity, None, "")
        });
        host_at(last, findings.collect())
    };
    let mut hosts = [
        with(1, &[(Severity::Critical, &["R1", "R4"])]),
        with(2, &[(Severity::Low, &["R4"]), (Severity::Low, &["R16"])]),
        with(3, &[(Severity::High, &[]), (Severity::Medium, &["R16"])]),
        with(4, &[(Severity::High, &["R1"]), (Severity::Medium, &["R4"])]),
        with(5, &[(Severity::Info, &["R4"])]),
    ];
    hosts[3].diagnosis.findings[0].acknowledged = Some(Arc::new(Acknowledged {
        by: "admin".into(),
        until: None,
        note: "known".into(),
    }));
    let rows = (0..).map(HostId::at).zip(&hosts);
    let on_screen = table::groups(rows, Grouping::Remedy);
    let on_screen = on_screen
        .iter()
        .map(|group| (&*group.label, group.hosts.len()));
    let wanted = [("R4", 2), ("R1", 1), ("R16", 1)];
    assert_eq!(on_screen.take(3).collect::<Vec<_>>(), wanted);

    let summary = Summary::of(&hosts);
    let plan = fix::plan(&hosts, &[]);
    assert_eq!(plan.hosts, 4);
    for (remedy, count) in wanted {
        assert_eq!(summary.by_remedy.of(remedy), count as u64);
        let mut lines = file(&plan, "README.md").lines();
        let line = lines
            .find(|line| line.starts_with(&format!("| [{remedy}]")))
            .unwrap();
        let cell = line.split(" | ").nth(3).unwrap();
        assert_eq!(cell, count.to_string(), "{line}");
    }
    // It counts again for who names its remedy.
    let named = fix::plan(&hosts[3..4], &[remedies::find("R1").unwrap()]);
    assert_eq!(named.hosts, 1);
}

#[test]
fn a_host_is_listed_for_every_remedy_of_its_finding() {
    let finding = Finding {
        remedies: &["R1", "R2", "R3"],
        acknowledged: None,
        ..finding("RDP-NEG-NO-CERT", Severity::Critical, None, "")
    };
    let host = host_at(1, vec![finding]);
    let whole = fix::plan([&host], &[]);
    assert_eq!(hosts_of(&whole)[0]["Remedies"], "R3 R2 R1");
    let steps: Vec<String> = rows(&whole, "actions.csv")
        .iter()
        .map(|row| format!("{} {}", row["step"], row["remedy"]))
        .collect();
    assert_eq!(steps, ["1 R3", "2 R2", "3 R1"]);
    let first = fix::plan([&host], &[remedies::find("R1").unwrap()]);
    assert_eq!(hosts_of(&first)[0]["Remedies"], "R1");
}

#[test]
fn an_address_of_each_family_is_one_row_where_the_name_leads_to_one_computer() {
    let both = |host: &Host| {
        named(
            host,
            "srv05.corp.example",
            NameSource::Target,
            &[(address(1), Some(true)), (address(2), Some(true))],
        )
    };
    let of = |last: u8, key| {
        both(&host_at(
            last,
            vec![finding("RDP-X", Severity::High, Some(key), "")],
        ))
    };
    let plan = fix::plan(&[of(1, "R1"), of(2, "R2")], &[]);
    let hosts = hosts_of(&plan);
    assert_eq!(hosts.len(), 1);
    assert_eq!(hosts[0]["Remedies"], "R2 R1");
    assert_eq!(plan.hosts, 2);
}

#[test]
fn remedies_are_chosen_by_key() {
    let keys = |words: &[&str]| {
        let named = fix::remedies_named(words.iter().copied()).unwrap();
        named
            .iter()
            .map(|remedy: &&Remedy| remedy.number())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&["R12,r2", " R1 "]), [1, 2, 12]);
    assert_eq!(keys(&["R2", "R2"]), [2]);
    assert!(keys(&[]).is_empty());
    let error = fix::remedies_named(["R22"]).unwrap_err().to_string();
    assert_eq!(
        error,
        "invalid remedy `R22`: use R1 to R21, as in --remedy R1,R2"
    );
}

#[test]
fn the_folder_does_not_depend_on_the_order_of_hosts() {
    let hosts = [everywhere(1, "a.example"), everywhere(2, "b.example")];
    let turned = [hosts[1].clone(), hosts[0].clone()];
    assert_eq!(fix::plan(&hosts, &[]), fix::plan(&turned, &[]));
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        proptest::sample::select(nasty_names()),
        "[a-zA-Z0-9_.'`$(){}\\[\\]\"; \r\n\u{2018}\u{2019}\u{201c}-]{0,80}",
        "[a-z0-9-]{1,63}(\\.[a-z0-9-]{1,63}){0,4}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_hosts_are_called_the_folder_is_sound(
        names in proptest::collection::vec((any_name(), any::<IpAddr>(), any::<u16>()), 1..4),
    ) {
        let hosts: Vec<Host> = names
            .iter()
            .flat_map(|(name, ip, port)| {
                let mut known = edited(&everywhere(1, name), |history| {
                    history.key = HostKey::Endpoint(Endpoint::new(*ip, *port));
                });
                for path in &mut known.diagnosis.name_paths {
                    for member in &mut path.members {
                        member.address = *ip;
                    }
                }
                [known, unresolved(name)]
            })
            .collect();
        assert_sound(&fix::plan(&hosts, &few()));
    }

    #[test]
    fn a_name_is_taken_only_when_nothing_in_it_means_anything(name in any_name()) {
        if let Ok(taken) = HostName::parse(&name) {
            prop_assert!(taken
                .as_str()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
            prop_assert!(taken.as_str().parse::<IpAddr>().is_err());
            prop_assert!(!taken.as_str().starts_with('-'));
        }
    }
}
