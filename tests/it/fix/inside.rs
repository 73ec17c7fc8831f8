//! What the script read on hosts, and what the folder makes of it. The facts are those of a run against simulated hosts.

use std::path::{Path, PathBuf};

use super::hosts::{address, calls_itself, finding, host_at, named, saved, silent_at};
use super::*;
use rdpscan::fix::InsideFacts;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fix/facts.json")
}

fn facts() -> InsideFacts {
    InsideFacts::read(&path()).unwrap()
}

/// A host as the scan sees it: its certificate may have expired, or its key may be unreadable.
fn host(last: u8, name: &str) -> Host {
    let found = |key| finding("RDP-X", Severity::High, Some(key), "");
    let host = host_at(last, vec![found("R1"), found("R3"), found("R16")]);
    let host = named(
        &host,
        &format!("{name}.corp.example"),
        NameSource::Target,
        &[(address(last), None)],
    );
    calls_itself(&host, name)
}

/// Remedy, step, what was found inside and how it is done, of one host.
fn told(plan: &Plan, last: u8) -> Vec<String> {
    let address = address(last).to_string();
    rows(plan, "actions.csv")
        .iter()
        .filter(|row| row["address"] == address)
        .map(|row| {
            let columns = ["step", "remedy", "inside", "confidence", "how"];
            columns.map(|column| row[column].as_str()).join(", ")
        })
        .collect()
}

#[test]
fn the_inside_view_confirms_rules_out_and_adds_remedies_in_the_order_of_the_script() {
    let hosts = [host(11, "crm-old"), host(12, "bk01"), host(99, "other")];
    let plan = fix::plan_with_facts(&hosts, &[], &facts());
    assert_sound(&plan);
    assert_eq!(
        told(&plan, 11),
        [
            "1, R3, ruled out, sure, nothing to do: ruled out on the host",
            "2, R2, confirmed, sure, script",
            "3, R1, confirmed, sure, script",
            "4, R16, , sure, by hand",
        ]
    );
    assert_eq!(
        told(&plan, 12)[..2],
        [
            "1, R3, ruled out, sure, nothing to do: ruled out on the host",
            "2, R1, ruled out, sure, nothing to do: ruled out on the host",
        ]
    );
    assert_eq!(told(&plan, 99)[0], "1, R3, , sure, script");
    // R2 is for the script to find again: only what the scan calls for is named.
    let listed: Vec<(String, String)> = hosts_of(&plan)
        .into_iter()
        .map(|row| (row["Computer"].clone(), row["Remedies"].clone()))
        .collect();
    let row = |name: &str, keys: &str| (format!("{name}.corp.example"), keys.to_owned());
    assert_eq!(listed, [row("crm-old", "R1"), row("other", "R3 R1")]);
    let page = file(&plan, "remedies/R1.md").replace('\\', "");
    for part in [
        "crm-old.corp.example (10.0.0.11), port 3389: confirmed: it expired at 2025-10-15",
        "## Hosts that do not need it, read on the host\n\n- bk01.corp.example",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(file(&plan, "README.md").contains("(`--facts`)"));
}

#[test]
fn a_host_that_answered_the_script_is_windows() {
    let closed = named(
        &silent_at(11, vec![finding("RDP-X", Severity::High, Some("R1"), "")]),
        "crm-old.corp.example",
        NameSource::Target,
        &[(address(11), None)],
    );
    assert_eq!(fix::plan([&closed], &[]).reach.hosts, 0);
    let plan = fix::plan_with_facts([&closed], &[], &facts());
    assert_eq!(plan.reach.hosts, 1);
}

#[test]
fn facts_of_another_machine_and_of_unknown_hosts_are_named_and_not_used() {
    let hosts = [host(11, "crm-new"), host(12, "bk01")];
    let plan = fix::plan_with_facts(&hosts, &[], &facts());
    let unused: Vec<(&str, &str)> = plan
        .unused_facts
        .iter()
        .map(|unused| (unused.computer.as_str(), unused.reason.as_str()))
        .collect();
    assert_eq!(
        unused,
        [
            (
                "crm-old.corp.example",
                "they are of the machine crm-old, and the scan saw crm-new there"
            ),
            (
                "bare.corp.example",
                "no selected host of the scan has its address and port"
            ),
        ]
    );
    assert_eq!(told(&plan, 11)[0], "1, R3, , sure, script");
}

#[test]
fn only_remedies_that_are_asked_for_are_added() {
    let named = fix::remedies_named(["R1"]).unwrap();
    let plan = fix::plan_with_facts(&[host(11, "crm-old")], &named, &facts());
    assert_eq!(told(&plan, 11), ["1, R1, confirmed, sure, script"]);
}

#[test]
fn the_command_reads_facts_and_refuses_what_is_none() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path());
    let path = path();
    let told = |facts: &str| {
        command::run(
            folder.path(),
            &["fix", "monday.json", "-o", "out", "--facts", facts],
        )
    };
    std::fs::write(
        folder.path().join("cut.json"),
        &std::fs::read(&path).unwrap()[..9000],
    )
    .unwrap();
    for (file, reason) in [
        ("none.json", "cannot read `none.json`: "),
        ("cut.json", "invalid facts in `cut.json`: line 3, column"),
        (
            "monday.json",
            "its schema is `rdpscan.report/1`, and this rdpscan reads `rdpscan.facts/1`",
        ),
    ] {
        let (status, text) = told(file);
        assert_eq!(status, Some(2), "{text}");
        assert!(text.contains(reason), "{text}");
        assert!(!folder.path().join("out").exists());
    }
    let (status, text) = told(path.to_str().unwrap());
    assert_eq!(status, Some(0), "{text}");
    assert!(
        text.contains("note: the facts of bk01.corp.example are not used: no selected host"),
        "{text}"
    );
}

/// Everything but the script and pages of remedies.
#[test]
fn a_folder_with_facts_as_it_is_written() {
    let closed = silent_at(
        99,
        vec![finding("RDP-X", Severity::High, Some("R8"), "refused")],
    );
    let plan = fix::plan_with_facts(
        &[host(11, "crm-old"), host(12, "bk01"), closed],
        &[],
        &facts(),
    );
    let files = plan.files.iter().map(|planned| {
        let whole = !planned.path.starts_with("remedies/") && planned.path != fix::SCRIPT;
        let text = if whole { text(planned) } else { "" };
        [
            "==== ",
            &planned.path,
            "\n",
            &text.replace(['\u{feff}', '\r'], ""),
        ]
        .concat()
    });
    let written: Vec<String> = files.collect();
    let written = written.concat();
    insta::assert_snapshot!(written);
}
