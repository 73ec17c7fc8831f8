//! What was scanned comes back from every form that can be read, and folds to the same fleet.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../kit/arbitrary.rs"]
mod arbitrary;
mod mixtures;
mod stream;

use std::io::Read as _;
use std::path::PathBuf;

use proptest::prelude::*;
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::{Fleet, Host, HostId};
use rdpscan::model::*;
use rdpscan::record;
use rdpscan::report::{self, Format, Opened, Selection};

use crate::kit::{differences, event, judged as fold};
use arbitrary::{any_attempt, any_body, any_history, any_lookup, any_plan, any_time};
use stream::{endpoint, stream};

/// What the scan of these tests found.
pub(crate) fn saved_fleet() -> Fleet {
    fold(stream())
}

/// All hosts by address, as programs get them.
fn by_address(fleet: &Fleet) -> Vec<HostId> {
    let mut hosts: Vec<(HostId, &Host)> = fleet.hosts().collect();
    hosts.sort_by_key(|(_, host)| host.key());
    hosts.into_iter().map(|(id, _)| id).collect()
}

fn written(format: Format, fleet: &Fleet) -> Vec<u8> {
    let rows = by_address(fleet);
    let selection = Selection {
        fleet,
        rows: &rows,
        whole: true,
        columns: None,
        presentation: report::Presentation::default(),
    };
    let mut out = Vec::new();
    report::write(format, &selection, &mut out).unwrap();
    out
}

fn open(bytes: &[u8]) -> Opened {
    report::open_from(bytes, "saved", Policy::default()).unwrap()
}

fn read(bytes: &[u8]) -> Fleet {
    open(bytes).fleet
}

fn recorded(events: &[ScanEvent]) -> Vec<u8> {
    let mut writer = record::Writer::new(Vec::new());
    for event in events {
        writer.write(event).unwrap();
    }
    writer.into_inner().unwrap()
}

fn read_events(bytes: &[u8]) -> Vec<ScanEvent> {
    let reader = record::Reader::new(bytes).unwrap();
    reader.map(Result::unwrap).collect()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// All parts of a workbook, one after another.
fn unpacked(bytes: &[u8]) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    for index in 0..archive.len() {
        archive
            .by_index(index)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
    }
    text
}

fn refusal(bytes: &[u8]) -> String {
    let message = report::open_from(bytes, "saved.json", Policy::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.starts_with("cannot read `saved.json`: "),
        "{message}"
    );
    assert!(!message.contains('\n'), "{message}");
    message
}

/// A file in a directory that goes away with the returned guard.
fn place(name: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    (directory, path)
}

#[test]
fn json_read_back_and_written_again_is_the_same_to_the_byte() {
    let first = written(Format::Json, &fold(stream()));
    let second = written(Format::Json, &read(&first));
    assert_eq!(text(first), text(second));
}

#[test]
fn both_forms_are_what_their_schemas_say() {
    crate::schema::assert_fleet(&fold(stream()));
    let mut unfinished = stream();
    unfinished.pop();
    crate::schema::assert_fleet(&fold(unfinished));
}

#[test]
fn json_of_a_stopped_and_unfinished_scan_is_the_same_to_the_byte() {
    let mut events = stream();
    events.pop();
    let first = written(Format::Json, &fold(events));
    let second = written(Format::Json, &read(&first));
    assert_eq!(text(first), text(second));
}

#[test]
fn ndjson_read_back_folds_to_the_same_report() {
    let fleet = fold(stream());
    let again = read(&recorded(&stream()));
    for format in Format::reports() {
        // Not the bytes themselves: a workbook's would fill the screen.
        let same = written(format, &fleet) == written(format, &again);
        assert!(same, "{format}");
    }
}

#[test]
fn a_recording_of_the_engine_s_own_events_is_read() {
    let first = recorded(&stream());
    assert_eq!(read_events(&first), stream());
    assert_eq!(
        text(recorded(&read_events(&first))),
        text(first),
        "recorded again"
    );
}

/// A host whose attempt began in the last microsecond that there is was lost in memory once, and shown as not probed.
#[test]
fn an_attempt_at_the_end_of_time_is_kept() {
    let mut events = stream();
    for event in &mut events {
        if let EventBody::AttemptFinished { attempt, .. } = &mut event.body {
            attempt.started_at = whole_microseconds(jiff::Timestamp::MAX);
        }
    }
    let attempts = |fleet: &Fleet| -> Vec<usize> {
        let rows = fleet.rows().into_iter();
        rows.map(|host| host.history().attempts.len()).collect()
    };
    let fleet = fold(events);
    assert_eq!(attempts(&fleet), attempts(&fold(stream())));
    assert_eq!(fleet.notices(), fold(stream()).notices());
}

#[test]
fn histories_come_back_whole() {
    let fleet = fold(stream());
    let again = read(&written(Format::Json, &fleet));
    let histories = |fleet: &Fleet| -> Vec<History> {
        let rows = by_address(fleet).into_iter();
        let rows = rows.map(|id| fleet.host(id).unwrap().history());
        rows.chain(fleet.references()).collect()
    };
    assert_eq!(histories(&fleet), histories(&again));
}

#[test]
fn the_summary_counts_what_the_fleet_counts() {
    let fleet = fold(stream());
    let report: serde_json::Value = serde_json::from_slice(&written(Format::Json, &fleet)).unwrap();
    let summary = fleet.summary();
    assert_eq!(report["summary"]["hosts"], summary.hosts);
    for (state, count) in summary.by_state.iter() {
        assert_eq!(report["summary"]["by_state"][state.word()], count);
    }
    for (severity, count) in summary.by_severity.iter() {
        assert_eq!(report["summary"]["by_severity"][severity.word()], count);
    }
    assert_eq!(report["summary"]["expired"], summary.expired());
    assert_eq!(report["summary"]["expiring"], summary.expiring());
    assert_eq!(report["summary"]["flaky"], summary.flaky());
    assert_eq!(report["summary"]["dns_trouble"], summary.dns_trouble());
}

#[test]
fn an_expired_self_signed_wrong_name_certificate_yields_its_dates_in_every_format() {
    let fleet = fold(stream());
    for format in Format::reports() {
        let bytes = written(format, &fleet);
        let (report, dates) = match format {
            // Days since 1900, as Excel counts them.
            Format::Xlsx => (unpacked(&bytes), vec!["<v>45292</v>", "<v>46023</v>"]),
            // Seconds since 1970.
            Format::Prometheus => (text(bytes), vec![" 1767225600"]),
            // A table and a ticket need the end.
            Format::Text | Format::Markdown => (text(bytes), vec!["2026-01-01"]),
            _ => (text(bytes), vec!["2024-01-01", "2026-01-01"]),
        };
        for date in dates {
            assert!(report.contains(date), "{date} in {format}");
        }
    }
    for format in [Format::Text, Format::Csv, Format::Json] {
        let report = text(written(format, &fleet));
        assert!(
            report.contains("expired") && report.contains("-21"),
            "{format}"
        );
    }
}

#[test]
fn a_selection_keeps_what_its_judgement_rests_on_and_comes_back_alone() {
    let fleet = fold(stream());
    let row = fleet
        .find(&HostKey::Endpoint(endpoint("10.0.0.5:3389")))
        .unwrap();
    let selection = Selection {
        fleet: &fleet,
        rows: &[row],
        whole: false,
        columns: None,
        presentation: report::Presentation::default(),
    };
    let mut out = Vec::new();
    report::write(Format::Json, &selection, &mut out).unwrap();
    let again = read(&out);
    let rows = again.rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].history(), fleet.host(row).unwrap().history());
    assert_eq!(rows[0].diagnosis, fleet.host(row).unwrap().diagnosis);
}

#[test]
fn a_saved_file_replaces_the_old_one_and_leaves_nothing_else() {
    let (directory, path) = place("report.json");
    std::fs::write(&path, "old").unwrap();
    let fleet = fold(stream());
    let rows = by_address(&fleet);
    let selection = Selection {
        fleet: &fleet,
        rows: &rows,
        whole: true,
        columns: None,
        presentation: report::Presentation::default(),
    };
    report::check_writable(&path).unwrap();
    report::write_file(&path, Format::Json, &selection).unwrap();
    assert_eq!(
        text(std::fs::read(&path).unwrap()),
        text(written(Format::Json, &fleet))
    );
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    let opened = report::open(&path, Policy::default()).unwrap();
    assert_eq!(differences(&opened.fleet, &fleet), [""; 0]);
}

#[test]
fn a_report_that_a_shell_saved_as_utf_16_is_read() {
    let report = text(written(Format::Json, &fold(stream())));
    let mut bytes = vec![0xFF, 0xFE];
    bytes.extend(report.encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(text(written(Format::Json, &read(&bytes))), report);
}

#[test]
fn a_report_that_a_tool_laid_out_anew_is_read() {
    let report = written(Format::Json, &fold(stream()));
    let value: serde_json::Value = serde_json::from_slice(&report).unwrap();
    let again = |bytes: &[u8]| text(written(Format::Json, &read(bytes)));
    assert_eq!(again(&serde_json::to_vec(&value).unwrap()), again(&report));
    assert_eq!(
        again(&serde_json::to_vec_pretty(&value).unwrap()),
        again(&report)
    );
}

#[test]
fn a_newer_minor_version_with_unknown_keys_is_read() {
    let report = text(written(Format::Json, &fold(stream())));
    let newer = report
        .replace(
            "rdpscan.report/1\"",
            "rdpscan.report/1.9\",\"colour\":{\"a\":[1]}",
        )
        .replace("\"listed\":", "\"mood\":\"good\",\"listed\":");
    assert_eq!(text(written(Format::Json, &read(newer.as_bytes()))), report);
}

#[test]
fn a_newer_major_version_is_refused_with_advice() {
    let report = text(written(Format::Json, &fold(stream())));
    let message = refusal(report.replace("report/1\"", "report/2\"").as_bytes());
    assert!(
        message.contains("`rdpscan.report/2`, and this version reads `rdpscan.report/1`"),
        "{message}"
    );
    assert!(message.contains("update this one"), "{message}");
}

#[test]
fn a_truncated_report_is_refused_wherever_it_was_cut() {
    let report = written(Format::Json, &fold(stream()));
    for cut in (1..report.len() - 2).step_by(report.len() / 60) {
        let message = refusal(&report[..cut]);
        assert!(
            message.contains("ends in the middle"),
            "cut at {cut}: {message}"
        );
    }
}

#[test]
fn a_truncated_recording_is_read_as_far_as_it_goes() {
    let recording = recorded(&stream());
    let opened = open(&recording[..recording.len() - 20]);
    let mut rest = stream();
    rest.pop();
    let wanted = written(Format::Json, &fold(rest));
    assert_eq!(text(written(Format::Json, &opened.fleet)), text(wanted));
    assert_eq!(opened.notes.len(), 1);
}

#[test]
fn other_files_are_refused_in_one_line() {
    for (content, wanted) in [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("state,address\n", "it is not a saved scan (this is csv)"),
        ("PK\u{3}\u{4}x", "it is not a saved scan (this is xlsx)"),
        (
            "{}",
            "it is not a saved scan (JSON without the key `schema`)",
        ),
        ("[1]", "it is not a saved scan ("),
        (
            "{\"schema\":\"sslyze\\u001b[2J\"}",
            "it is not a saved scan (its schema is `sslyze\u{fffd}[2J`)",
        ),
        ("{\"schema\":\"rdpscan.report/1\"}", "missing field `scan`"),
        ("\u{0}\u{1}\u{2}", "it is not a saved scan ("),
    ] {
        let message = refusal(content.as_bytes());
        assert!(message.contains(wanted), "{content:?}: {message}");
        assert!(message.contains(';'), "no way out: {message}");
    }
}

#[test]
fn a_report_that_lost_a_certificate_names_it() {
    let report = text(written(Format::Json, &fold(stream())));
    let mut value: serde_json::Value = serde_json::from_str(&report).unwrap();
    value["certificates"] = serde_json::json!({});
    let message = refusal(value.to_string().as_bytes());
    assert!(message.contains("there is no certificate `00"), "{message}");
}

#[test]
fn a_path_that_cannot_be_read_is_named() {
    let (directory, path) = place("absent.json");
    let message = report::open(&path, Policy::default())
        .unwrap_err()
        .to_string();
    assert!(message.contains("absent.json"), "{message}");
    let message = report::open(directory.path(), Policy::default())
        .unwrap_err()
        .to_string();
    assert!(message.contains("it is a directory"), "{message}");
}

/// What comes back from JSON, which is what comes back from postcard.
fn both_forms<T>(value: &T) -> Result<T, TestCaseError>
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let json: T = serde_json::from_slice(&serde_json::to_vec(value).unwrap()).unwrap();
    let bytes = postcard::to_allocvec(value).unwrap();
    let packed: T = postcard::from_bytes(&bytes).unwrap();
    prop_assert_eq!(&json, &packed);
    Ok(json)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_recording_comes_back_as_it_was(
        plan in any_plan(),
        bodies in prop::collection::vec((any_time(), any_body()), 0..6),
    ) {
        let mut events = vec![event(0, jiff::Timestamp::UNIX_EPOCH, EventBody::ScanStarted(plan))];
        for (at, body) in bodies {
            events.push(event(events.len() as u64, at, body));
        }
        for event in &events {
            crate::schema::assert_event(event);
        }
        prop_assert_eq!(read_events(&recorded(&events)), events);
    }

    #[test]
    fn every_history_survives_json_and_postcard(history in any_history()) {
        prop_assert_eq!(&both_forms(&history)?, &history);
    }

    #[test]
    fn every_event_survives_json_and_postcard(body in any_body()) {
        prop_assert_eq!(&both_forms(&body)?, &body);
    }

    /// Every form counts the same hosts in the same states, whatever was seen of them.
    #[test]
    fn the_counts_of_every_report_agree(
        plan in any_plan(),
        hosts in prop::collection::vec(prop::collection::vec(any_attempt(), 1..5), 1..6),
        listed in any::<bool>(),
    ) {
        let mut events = vec![event(0, jiff::Timestamp::UNIX_EPOCH, EventBody::ScanStarted(plan))];
        for (host, attempts) in hosts.into_iter().enumerate() {
            let endpoint = Endpoint::new([10, 0, 0, u8::try_from(host).unwrap()].into(), 3389);
            for (number, mut attempt) in (1..).zip(attempts) {
                attempt.endpoint = endpoint;
                attempt.number = number;
                let at = jiff::Timestamp::UNIX_EPOCH;
                let certificates = attempt.certificates().cloned().collect();
                let body = EventBody::AttemptFinished { attempt, certificates, listed, outside_targets: false, remaining: 0 };
                events.push(event(events.len() as u64, at, body));
            }
        }
        let mut fleet = fold(events);
        fleet.settle();
        let json: serde_json::Value = serde_json::from_slice(&written(Format::Json, &fleet)).unwrap();
        let rows = json["hosts"].as_array().unwrap();
        let summary = &json["summary"];
        let csv = written(Format::Csv, &fleet);
        let mut csv = csv::Reader::from_reader(csv.as_slice());
        let column = csv.headers().unwrap().iter().position(|name| name == "state").unwrap();
        let states: Vec<String> = csv.records().map(|row| row.unwrap()[column].to_owned()).collect();
        let (prometheus, markdown, told) = (
            text(written(Format::Prometheus, &fleet)),
            text(written(Format::Markdown, &fleet)),
            text(written(Format::Text, &fleet)),
        );
        for state in HostState::ALL {
            let word = state.word();
            let count = rows.iter().filter(|row| row["state"] == word).count();
            prop_assert_eq!(&summary["by_state"][word], count, "{}", word);
            prop_assert_eq!(states.iter().filter(|state| *state == word).count(), count);
            let metric = format!("{{state=\"{word}\"}} {count}\n");
            prop_assert!(prometheus.contains(&metric), "{metric}: {prometheus}");
            if count > 0 {
                prop_assert!(markdown.contains(&format!("{count} {word}")), "{markdown}");
                prop_assert!(told.contains(&format!("{count} {word}")), "{told}");
            }
        }
        for severity in Severity::ALL {
            let worst = |row: &&serde_json::Value| row["findings"][0]["severity"] == severity.word();
            let count = rows.iter().filter(worst).count();
            prop_assert_eq!(&summary["by_severity"][severity.word()], count);
        }
        let counted = |test: fn(&serde_json::Value) -> bool| rows.iter().filter(|row| test(row)).count();
        prop_assert_eq!(&summary["expired"], counted(|row| row["certificate"]["status"] == "expired"));
        prop_assert_eq!(&summary["expiring"], counted(|row| row["certificate"]["status"] == "expiring"));
        prop_assert_eq!(&summary["flaky"], counted(|row| row["stability"]["verdict"] == "flaky"));
        for row in rows {
            let severity = &row["findings"][0]["severity"];
            if row["state"] == "healthy" {
                prop_assert!(row["predicted_client_error"].is_null(), "{row}");
                prop_assert!(!["critical", "high", "medium"].iter().any(|word| severity == word), "{row}");
            }
            if severity == "critical" {
                prop_assert_eq!(&row["stability"]["failures"], &row["stability"]["attempts"], "{}", row);
            }
        }
    }

    #[test]
    fn a_row_holds_what_was_folded_into_it(
        attempts in prop::collection::vec(any_attempt(), 1..5),
        lookup in any_lookup(),
        name in any::<String>(),
    ) {
        let endpoint = attempts[0].endpoint;
        let named = ObservedName { name: name.into(), source: NameSource::Ptr };
        let mut wanted = History::new(HostKey::Endpoint(endpoint));
        wanted.names_checked = true;
        wanted.complete = true;
        wanted.site = Some("admin-pc".parse().unwrap());
        let mut events = Vec::new();
        for mut attempt in attempts {
            attempt.endpoint = endpoint;
            attempt.number = u32::try_from(wanted.attempts.len()).unwrap() + 1;
            wanted.attempts.push(attempt.clone());
            let certificates = attempt.certificates().cloned().collect();
            let body = EventBody::AttemptFinished { attempt, certificates, listed: false, outside_targets: false, remaining: 0 };
            events.push(event(events.len() as u64, jiff::Timestamp::UNIX_EPOCH, body));
        }
        let body = EventBody::NamesChecked {
            endpoint,
            attempt: 1,
            names: vec![named.clone()],
            lookups: vec![lookup.clone()],
            excluded: Vec::new(),
        };
        events.push(event(events.len() as u64, jiff::Timestamp::UNIX_EPOCH, body));
        wanted.names.push(named);
        wanted.lookups.push(lookup.into());
        prop_assert_eq!(fold(events).rows()[0].history(), wanted);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(report::open_from(&*bytes, "noise", Policy::default()).is_err());
    }
}
