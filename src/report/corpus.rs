//! Every format, over every nasty name, looked at as the bytes that arrive.

use std::io::Read as _;

use super::json_v1::report_schema;
use super::sheet::Sheet;
use super::{Format, csv, fixture, html, json_v1, markdown, ndjson, prometheus, text, xlsx};
use crate::diagnosis::Policy;
use crate::fleet::Host;
use crate::model::ScanEvent;
use crate::{record, sanitize};

fn hosts() -> Vec<Host> {
    let names = fixture::nasty_names();
    assert!(names.iter().any(|name| name.contains('\u{9b}')));
    names
        .iter()
        .map(|name| fixture::hostile_host(name))
        .collect()
}

fn written(format: Format, hosts: &[Host]) -> String {
    let plan = fixture::plan();
    let sheet: Sheet<'_> = fixture::sheet(hosts, &plan);
    let mut out = Vec::new();
    match format {
        Format::Text => text::write(&sheet, None, &mut out),
        Format::Json => json_v1::write(&sheet, &Policy::default(), &mut out),
        Format::Ndjson => ndjson::write(&sheet, &mut out),
        Format::Csv => csv::write(&sheet, &mut out),
        Format::Xlsx => xlsx::write(&sheet, &Policy::default(), &mut out),
        Format::Markdown => markdown::write(&sheet, &mut out),
        Format::Prometheus => prometheus::write(&sheet, &mut out),
        Format::Html => html::write(&sheet, &Policy::default(), &mut out),
    }
    .unwrap();
    if format != Format::Xlsx {
        return String::from_utf8(out).unwrap();
    }
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(out)).unwrap();
    let mut text = String::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        part.read_to_string(&mut text).unwrap();
    }
    text
}

#[test]
fn no_format_holds_a_character_that_acts_or_hides() {
    let hosts = hosts();
    for format in Format::ALL {
        let text = written(format, &hosts);
        // The mark of the encoding that Excel needs is the only one.
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        for (number, line) in (1..).zip(text.lines()) {
            let safe = sanitize::terminal(line);
            if let Some((found, _)) = line.chars().zip(safe.chars()).find(|(a, b)| a != b) {
                panic!("{format}, line {number}: {found:?} in {line:?}");
            }
        }
    }
}

#[test]
fn the_forms_for_programs_lose_nothing_of_a_name() {
    let hosts = hosts();
    let report: serde_json::Value = serde_json::from_str(&written(Format::Json, &hosts)).unwrap();
    let events = written(Format::Ndjson, &hosts);
    let attempts = events.lines().filter_map(|line| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        event.pointer("/body/attempt/ntlm/dns_computer").cloned()
    });
    let in_events: Vec<serde_json::Value> = attempts.collect();
    for (index, name) in fixture::nasty_names().iter().enumerate() {
        assert_eq!(report["hosts"][index]["ntlm"]["dns_computer"], **name);
        assert!(in_events.iter().any(|found| *found == **name), "{name:?}");
    }
}

#[test]
fn reports_of_nasty_names_are_what_their_schemas_say() {
    let hosts = hosts();
    let report = serde_json::from_str(&written(Format::Json, &hosts)).unwrap();
    jsonschema::validate(&report_schema(), &report).unwrap();
    let schema = jsonschema::validator_for(&record::event_schema()).unwrap();
    for line in written(Format::Ndjson, &hosts).lines() {
        schema
            .validate(&serde_json::from_str(line).unwrap())
            .unwrap();
        let _: ScanEvent = serde_json::from_str(line).unwrap();
    }
}
