//! What `rdpscan fix` hands out: every command and script parses as `PowerShell`, whatever hosts call themselves.

// Helpers here count as test code for the lints, too.
#![cfg(test)]

mod command;
mod hosts;
mod powershell;
mod scripts;

use std::collections::BTreeSet;
use std::net::IpAddr;

use clap::Parser as _;
use hosts::{
    address, all_findings, calls_itself, edited, everywhere, finding, host_at, named, silent_at,
    unresolved,
};
use powershell::{faults, host_array};
use proptest::prelude::*;
use rdpscan::cli::Cli;
use rdpscan::diagnosis::remedies::{self, Remedy, Shell};
use rdpscan::fix::{self, HostName, Plan, PlannedFile};
use rdpscan::fleet::Host;
use rdpscan::model::{Endpoint, Finding, HostKey, NameSource, Severity};

use crate::kit::nasty_names;

/// Remedies that scripts carry out.
const SCRIPTED: [&str; 16] = [
    "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15",
    "R20",
];
/// Those of them that change nothing, whatever they are told.
const READING: [&str; 5] = ["R10", "R11", "R13", "R14", "R20"];

/// Two remedies, for tests that parse again and again: the rest of a script does not depend on hosts.
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

fn scripts(plan: &Plan) -> impl Iterator<Item = (&str, &str)> {
    plan.files
        .iter()
        .filter(|file| file.path.starts_with("scripts/"))
        .map(|file| (file.path.as_str(), text(file)))
}

/// Whether the script at this path only reads.
fn reads(path: &str) -> bool {
    READING
        .iter()
        .any(|key| path == format!("scripts/{key}.ps1"))
}

fn assert_sound(plan: &Plan) {
    for (path, script) in scripts(plan) {
        assert!(script.is_ascii(), "{path}");
        assert_eq!(faults(script), Vec::<String>::new(), "{path}");
        assert_eq!(
            script.contains("if (-not $Apply) { $WhatIfPreference = $true }"),
            !reads(path),
            "{path}"
        );
        let values = host_array(script);
        assert!(
            !values.is_empty() && values.len().is_multiple_of(3),
            "{path}"
        );
        for host in values.chunks(3) {
            let (computer, address, expected) = (&host[0], &host[1], &host[2]);
            assert!(address.parse::<IpAddr>().is_ok(), "{path}: {address:?}");
            assert!(
                computer.parse::<IpAddr>().is_ok() || HostName::parse(computer).is_ok(),
                "{path}: {computer:?}"
            );
            assert!(
                expected.is_empty() || HostName::parse(expected).is_ok(),
                "{path}: {expected:?}"
            );
        }
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
fn every_remedy_has_a_page_and_windows_ones_a_script() {
    let plan = fix::plan(&[everywhere(1, "srv05.corp.example")], &[]);
    for remedy in remedies::all() {
        let page = file(&plan, &format!("remedies/{}.md", remedy.key));
        assert!(page.contains(&remedy.title), "{}", remedy.key);
    }
    let with: Vec<&str> = scripts(&plan)
        .map(|(path, _)| path.trim_start_matches("scripts/").trim_end_matches(".ps1"))
        .collect();
    assert_eq!(with, SCRIPTED);
    assert_eq!(plan.scripts, SCRIPTED.len());
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
fn a_fleet_of_nasty_names_gives_sound_scripts() {
    let hosts: Vec<Host> = nasty_names()
        .iter()
        .zip(1..)
        .flat_map(|(name, last)| [everywhere(last, name), unresolved(name)])
        .collect();
    let plan = fix::plan(&hosts, &[]);
    assert_sound(&plan);
    // Half of them have no address, and each of the others is three values.
    assert_eq!(
        host_array(file(&plan, "scripts/R1.ps1")).len(),
        hosts.len() / 2 * 3
    );
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
    for path in ["actions.csv", "refused.csv"] {
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
    for file in plan.files.iter().filter(|file| file.path.contains('/')) {
        assert!(!text(file).contains("dc01.corp.example'"), "{}", file.path);
        assert!(!file.path.contains("dc01"), "{}", file.path);
    }
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
    assert!(file(&plan, "scripts/R1.ps1").contains("Computer = '10.0.0.1'"));
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
    let plan = fix::plan(&[calls_itself(&known, "SRV05")], &[]);
    assert!(file(&plan, "scripts/R1.ps1").contains(
        "    [pscustomobject]@{ Computer = 'srv05.corp.example'; Address = '10.0.0.1'; Port = 3389; Expected = 'srv05' }\r\n"
    ));
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
    let rows: Vec<(String, String, String)> = csv::Reader::from_reader(
        file(&plan, "actions.csv")
            .trim_start_matches('\u{feff}')
            .as_bytes(),
    )
    .records()
    .map(|record| {
        let record = record.unwrap();
        let cell = |index: usize| record.get(index).unwrap().to_owned();
        (cell(4), cell(12), cell(13))
    })
    .collect();
    let has = |name: &str, source: &str, note: &str| {
        assert!(
            rows.iter()
                .any(|row| row.0 == name && row.1 == source && row.2.starts_with(note)),
            "{name}: {rows:?}"
        );
    };
    has("srv05.corp.example", "ptr", "leads elsewhere");
    has("srv06.corp.example", "ntlm", "leads nowhere");
    has("", "", "only the certificate");
    has("", "", "no name is known");
    // Scripts still go by the address.
    assert!(
        host_array(file(&plan, "scripts/R1.ps1"))
            .iter()
            .all(|value| !value.contains("corp"))
    );
}

#[test]
fn hosts_without_a_sign_of_windows_are_contacted_only_when_named() {
    let known = host_at(1, all_findings(""));
    let plan = fix::plan(&[known, silent_at(2, all_findings(""))], &few());
    let script = file(&plan, "scripts/R1.ps1");
    let (hosts, unproven) = script.split_once("$Unproven = @(").unwrap();
    assert!(hosts.contains("'10.0.0.1'") && !hosts.contains("'10.0.0.2'"));
    assert!(unproven.contains("'10.0.0.2'") && !unproven.contains("'10.0.0.1'"));
    assert!(script.contains("    else { $Hosts }"));
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
    let (before, _) = readme.split_once("## Scripts").unwrap();
    assert!(before.contains("## Left alone unless you name them"));
    assert!(
        before.contains(".\\scripts\\R1.ps1 -ComputerName ts01.corp.example, 10.0.0.3, "),
        "{before}"
    );
    assert!(
        before.contains("   # and 9 more: remedies\\R1.md"),
        "{before}"
    );
    let known = fix::plan(&[host_at(1, all_findings(""))], &few());
    assert!(!file(&known, "README.md").contains("Left alone"));
}

#[test]
fn what_the_readme_says_of_addresses_and_of_blocked_scripts_works_in_5_1() {
    let plan = fix::plan(&[host_at(1, all_findings(""))], &few());
    let readme = file(&plan, "README.md");
    for part in [
        "`-Credential` as well",
        "TrustedHosts",
        "carries the address",
        "-Command \"& .\\scripts\\NAME.ps1 -Apply -Confirm:$false\"",
    ] {
        assert!(readme.contains(part), "{part}");
    }
    assert!(!readme.contains("-File .\\"));
}

#[test]
fn an_intermediate_that_is_not_sent_is_no_work_for_the_script() {
    let short = |severity| finding("RDP-CERT-CHAIN-SHORT", severity, Some("R4"), "");
    let alone = fix::plan(&[host_at(1, vec![short(Severity::Low)])], &[]);
    assert_eq!(alone.scripts, 0);
    assert!(file(&alone, "remedies/R4.md").contains("Hosts to do by hand"));
    // A host that the script is for all the same.
    let other = finding("RDP-CERT-EXPIRED", Severity::Low, Some("R4"), "");
    let both = fix::plan(&[host_at(1, vec![short(Severity::High), other])], &[]);
    assert_eq!(host_array(file(&both, "scripts/R4.ps1")).len(), 3);
}

#[test]
fn a_certificate_in_order_stays_bound() {
    let plan = fix::plan(
        &[host_at(1, all_findings(""))],
        &fix::remedies_named(["R4"]).unwrap(),
    );
    let script = file(&plan, "scripts/R4.ps1");
    for part in [
        "$Wrong = Find-BoundFault -Thumbprint $Now",
        "Needed   = (-not $Other) -and ($Wrong -or $Settings['Replace']) -and ($Fit.Count -gt 0)",
        "[switch] $Replace,",
        "Find-KeyFault -Certificate $Bound",
    ] {
        assert!(script.contains(part), "{part}");
    }
}

#[test]
fn every_host_that_the_readme_names_is_one_that_its_script_takes() {
    let known = named(
        &host_at(1, all_findings("")),
        "srv05.corp.example",
        NameSource::Ptr,
        &[(address(1), None)],
    );
    let silent = silent_at(2, all_findings(""));
    for (hosts, remedies, examples) in [
        (
            vec![known.clone(), silent.clone()],
            vec![],
            1 + SCRIPTED.len(),
        ),
        (vec![known.clone()], vec!["R20"], 1),
        (vec![silent], vec!["R7"], 2),
    ] {
        let remedies = fix::remedies_named(remedies).unwrap();
        let plan = fix::plan(&hosts, &remedies);
        let mut count = 0;
        for line in file(&plan, "README.md").lines() {
            let Some((command, rest)) = line.split_once(" -ComputerName ") else {
                continue;
            };
            let (_, key) = command.rsplit_once('\\').unwrap();
            let names = rest.split(['#', '`']).next().unwrap();
            let names = names.split(" -Apply").next().unwrap();
            let values = host_array(file(&plan, &format!("scripts/{key}")));
            for name in names.split(',').map(str::trim) {
                assert!(
                    values.iter().any(|value| value == name),
                    "{line}: {values:?}"
                );
            }
            count += 1;
        }
        assert_eq!(count, examples, "{hosts:?}");
    }
    let by_hand = fix::plan(&[known], &fix::remedies_named(["R16"]).unwrap());
    assert_eq!(by_hand.scripts, 0);
    assert!(!file(&by_hand, "README.md").contains("-ComputerName"));
}

#[test]
fn a_host_is_taken_by_name_and_by_address_and_those_left_alone_are_named() {
    let plan = fix::plan(&[silent_at(2, all_findings(""))], &few());
    let script = file(&plan, "scripts/R1.ps1");
    for part in [
        "($ComputerName -contains $_.Computer) -or ($ComputerName -contains $_.Address)",
        "($_.Computer -eq $Name) -or ($_.Address -eq $Name)",
        "nothing shows that they are Windows: $(Format-Some $Alone).",
    ] {
        assert!(script.contains(part), "{part}");
    }
}

#[test]
fn servers_that_are_not_windows_are_left_to_people() {
    let mut findings = all_findings("");
    findings.push(finding("RDP-NOT-WINDOWS", Severity::Info, None, ""));
    let plan = fix::plan(&[host_at(1, findings)], &[]);
    assert_eq!(plan.scripts, 0);
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
fn a_host_is_listed_for_every_remedy_of_its_finding() {
    let finding = Finding {
        remedies: &["R1", "R2", "R3"],
        ..finding("RDP-NEG-NO-CERT", Severity::Critical, None, "")
    };
    let host = host_at(1, vec![finding]);
    let whole = fix::plan([&host], &[]);
    let listed: Vec<&str> = scripts(&whole).map(|(path, _)| path).collect();
    assert_eq!(
        listed,
        ["scripts/R1.ps1", "scripts/R2.ps1", "scripts/R3.ps1"]
    );
    for (path, script) in scripts(&whole) {
        let hosts = host_array(script);
        assert!(
            hosts.iter().any(|text| text.contains("10.0.0.1")),
            "{path}: {hosts:?}"
        );
    }
    let first = fix::plan([&host], &[remedies::find("R1").unwrap()]);
    let listed: Vec<&str> = scripts(&first).map(|(path, _)| path).collect();
    assert_eq!(listed, ["scripts/R1.ps1"]);
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
        "`R22` is no remedy; write R1 to R21, as in --remedy R1,R2"
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
    fn whatever_hosts_are_called_the_scripts_are_sound(
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
