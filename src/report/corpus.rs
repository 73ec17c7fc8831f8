//! Every format, over every nasty name, looked at as the bytes that arrive.

use super::json_v1::report_schema;
use super::{Format, fixture, open_from};
use crate::diagnosis::Policy;
use crate::fleet::Host;
use crate::kit::attempt_finished;
use crate::model::{EventBody, Origin, ScanEvent, ScanId, Site, UtcSecond};
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
    match format {
        Format::Ndjson => recorded(hosts),
        _ => fixture::written(format, hosts),
    }
}

/// A recording in which these hosts were met.
fn recorded(hosts: &[Host]) -> String {
    let at = "2026-01-21T00:00:00Z".parse().unwrap();
    let origin = Origin::new(ScanId::new(at, 0), Site::of_machine(""));
    let started = EventBody::ScanStarted(fixture::plan());
    let attempts = hosts.iter().flat_map(|host| host.history().attempts);
    let attempts = attempts.map(attempt_finished);
    let mut writer = record::Writer::new(Vec::new());
    for (seq, body) in (0..).zip(std::iter::once(started).chain(attempts)) {
        writer
            .write(&ScanEvent::new(&origin, seq, at, body))
            .unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
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
        event
            .pointer("/event/attempt_finished/attempt/ntlm/dns_computer")
            .cloned()
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

/// RFC 5280 4.1.2.5: "no well-defined expiration date".
#[test]
fn a_certificate_that_never_expires_ends_in_the_last_second_in_every_format() {
    let mut leaf = fixture::expired_certificate();
    leaf.not_after = Some(UtcSecond::MAX);
    let hosts = [fixture::edit(&fixture::expired_host(), |history| {
        history.attempts = vec![fixture::attempt(Some(fixture::tls(vec![leaf])))];
    })];
    for format in Format::ALL {
        let text = written(format, &hosts);
        let wanted = match format {
            Format::Text | Format::Csv | Format::Html | Format::Junit => "9999-12-31 23:59:59",
            Format::Json | Format::Ndjson => "\"9999-12-31T23:59:59Z\"",
            // Days since 1900.
            Format::Xlsx => "<v>2958465.99998",
            Format::Markdown => "9999-12-31",
            Format::Prometheus => "253402300799",
        };
        assert!(text.contains(wanted), "{format}: {text}");
        assert!(!text.contains("9999-12-30"), "{format}: {text}");
        if !format.is_readable() {
            continue;
        }
        let opened = open_from(text.as_bytes(), "saved", Policy::default()).unwrap();
        let rows = opened.fleet.rows().into_iter();
        let ends = rows.map(|host| host.certificate().unwrap().not_after.unwrap());
        assert_eq!(ends.collect::<Vec<_>>(), [UtcSecond::MAX], "{format}");
    }
}

/// A host with a certificate of 1,000 names and a subject of 10,000 characters, below 49 more of that kind.
fn lavish() -> Host {
    let chain = (0..50_u32).map(|place| {
        let mut one = fixture::expired_certificate();
        one.sha256 = format!("{place:064x}").parse().unwrap();
        one.subject = format!("CN={place}{}", "ü".repeat(10_000)).into();
        one.issuer = format!("CN={}{}", place + 1, "ü".repeat(10_000)).into();
        one.self_issued = false;
        one.san_dns = (0..1000)
            .map(|index| format!("n{index}.corp.example").into())
            .collect();
        one.san_ip = Vec::new();
        one.san_omitted = 5;
        one
    });
    let tls = fixture::tls(chain.collect());
    fixture::edit(&fixture::expired_host(), |history| {
        history.attempts = vec![fixture::attempt(Some(tls))];
    })
}

#[test]
fn the_forms_for_programs_hold_a_certificate_of_any_size() {
    let hosts = [lavish()];
    let report: serde_json::Value = serde_json::from_str(&written(Format::Json, &hosts)).unwrap();
    let certificate = &report["hosts"][0]["certificate"];
    assert_eq!(certificate["san"].as_array().unwrap().len(), 1000);
    assert_eq!(certificate["san_omitted"], 5);
    assert_eq!(certificate["chain_length"], 50);
    jsonschema::validate(&report_schema(), &report).unwrap();
    let events = written(Format::Ndjson, &hosts);
    let leaves = events.lines().filter_map(|line| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let shown = event.pointer("/event/attempt_finished/certificates/0");
        shown.cloned()
    });
    let names: Vec<usize> = leaves
        .map(|leaf| leaf["san_dns"].as_array().unwrap().len())
        .collect();
    assert_eq!(names, [1000]);
}

#[test]
fn the_forms_for_people_count_what_is_too_much_of_a_certificate() {
    let (usual, lavish) = ([fixture::expired_host()], [lavish()]);
    for format in Format::ALL {
        if matches!(format, Format::Json | Format::Ndjson) {
            continue;
        }
        let (before, after) = (written(format, &usual), written(format, &lavish));
        let more = after.len().saturating_sub(before.len());
        assert!(more < 500_000, "{format} grows by {more} bytes");
    }
    assert!(written(Format::Csv, &lavish).contains("n999.corp.example, … and 5 more"));
    assert!(written(Format::Xlsx, &lavish).contains("n999.corp.example, … and 5 more"));
    let page = written(Format::Html, &lavish);
    assert!(page.contains("n63.corp.example, … and 941 more"));
    assert!(page.contains("… and 46 more"));
}
