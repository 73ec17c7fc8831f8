//! The numbers of the handbook against lists of the public tables, in both directions.

use std::collections::{BTreeMap, BTreeSet};

use super::super::*;

macro_rules! public {
    ($file:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/explain/public/",
            $file
        ))
    };
}

const CLIENT: &str = public!("client.tsv");
const GATEWAY: &str = public!("gateway.tsv");
const FREERDP: &str = public!("freerdp.tsv");
const EXTENDED: &str = public!("extended.tsv");
const ERROR_INFO: &str = public!("error-info.tsv");
const STATUSES: &str = public!("statuses.tsv");
const ALERTS: &str = public!("alerts.tsv");

/// Numbers with their names; without one in the list, the name is empty.
fn listed(table: &str) -> BTreeMap<u32, &str> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (number, name) = line.split_once('\t').unwrap_or((line, ""));
            let number = match number.strip_prefix("0x") {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            (number.unwrap(), name)
        })
        .collect()
}

#[track_caller]
fn first(question: &str) -> &'static str {
    let answer = handbook().look_up(question);
    let answer = answer.unwrap_or_else(|| panic!("nothing about {question}"));
    answer.entries.first().unwrap().key.as_str()
}

fn numbers(kind: Kind) -> BTreeSet<u32> {
    let entries = handbook().entries().iter();
    entries
        .filter(|entry| entry.kind == kind && entry.last.is_none())
        .filter_map(|entry| entry.number)
        .collect()
}

#[test]
fn every_client_code_is_found_by_hex_decimal_and_name_and_no_other_is_documented() {
    let mut known = BTreeSet::new();
    for (table, has_names) in [(CLIENT, true), (GATEWAY, false), (FREERDP, true)] {
        for (number, name) in listed(table) {
            let key = format!("0x{number:X}");
            assert_eq!(first(&key), key);
            assert_eq!(first(&number.to_string()), key);
            assert_eq!(first(&format!("Error code: {key}")), key);
            if has_names && !name.is_empty() {
                assert_eq!(first(name), key);
                assert_eq!(handbook().entry(&key).unwrap().name.as_deref(), Some(name));
            }
            known.insert(number);
        }
    }
    for number in numbers(Kind::Code).difference(&known) {
        let entry = handbook().code(*number).unwrap();
        assert_eq!(entry.standing, Some(Standing::Reported), "{}", entry.key);
    }
}

#[test]
fn the_decimal_forms_of_the_gateway_codes_are_right() {
    for (number, decimal) in listed(GATEWAY) {
        assert_eq!(number.to_string(), decimal);
    }
}

#[test]
fn every_extended_reason_is_found_by_hex_decimal_and_name() {
    let mut known = BTreeSet::new();
    for table in [EXTENDED, ERROR_INFO] {
        for (number, name) in listed(table) {
            let key = format!("ext-{number:#x}");
            assert_eq!(first(&key), key);
            assert_eq!(first(&format!("extended {number:#x}")), key);
            assert_eq!(first(&format!("extended {number}")), key);
            assert_eq!(first(name), key, "{name}");
            known.insert(number);
        }
    }
    assert_eq!(numbers(Kind::Extended), known);
}

#[test]
fn every_status_is_found_by_hex_decimal_and_name() {
    let statuses = listed(STATUSES);
    for (number, name) in &statuses {
        let key = format!("0x{number:08X}");
        assert_eq!(first(&key), key);
        assert_eq!(first(&key.to_lowercase()), key);
        assert_eq!(first(&number.to_string()), key);
        assert_eq!(first(name), key, "{name}");
        assert_eq!(handbook().entry(&key).unwrap().name.as_deref(), Some(*name));
    }
    let known: BTreeSet<u32> = statuses.keys().copied().collect();
    assert_eq!(numbers(Kind::Status), known);
}

#[test]
fn a_status_has_one_name_in_the_whole_program() {
    let mut met = 0;
    for number in numbers(Kind::Status) {
        let entry = handbook().code(number).unwrap();
        if let Some(name) = crate::model::status_name(number) {
            assert_eq!(entry.name.as_deref(), Some(name));
            met += 1;
        }
    }
    assert!(met > 40);
}

#[test]
fn every_tls_alert_is_found() {
    for (number, name) in listed(ALERTS) {
        let key = format!("alert-{number}");
        assert_eq!(first(&key), key);
        assert_eq!(first(&format!("alert {number}")), key);
        let entry = handbook().entry(&key).unwrap();
        let name = name.replace('_', " ");
        assert!(entry.words.contains(&name), "{key}: {name}");
    }
}

#[test]
fn an_unknown_number_is_unknown_in_every_form() {
    for question in [
        "0x1E07",
        "7687",
        "0x3000016",
        "50331670",
        "0x20FFF",
        "0x800903FF",
        "2148074495",
        "extended 0x13",
        "Error code: 0x1E07",
    ] {
        assert_eq!(handbook().look_up(question), None, "{question}");
    }
    let answer = handbook().look_up("0x904 0x13").unwrap();
    let keys: Vec<&str> = answer
        .entries
        .iter()
        .map(|entry| entry.key.as_str())
        .collect();
    assert_eq!(keys, ["0x904"]);
    assert!(answer.notes[0].contains("0x13 is not in the handbook"));
}
