//! The JSON Schemas: shipped as they are generated, and true of everything that is written.
//!
//! Documents are held against a stricter form of each schema, in which a field that is not described is a fault: otherwise a
//! field could be added without a word, since schemas allow what they do not know.

use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use rdpscan::fix;
use rdpscan::fleet::{Fleet, HostId};
use rdpscan::model::ScanEvent;
use rdpscan::record;
use rdpscan::report::{self, Format, Selection};
use serde_json::{Map, Value, json};

static REPORT: LazyLock<Validator> = LazyLock::new(|| strict(report::report_schema(), true));
/// Invented times may lie before the year 0, which RFC 3339 cannot write.
static EVENT_AT_ANY_TIME: LazyLock<Validator> =
    LazyLock::new(|| strict(record::event_schema(), false));

/// The schema without room for fields that it does not describe.
fn strict(mut schema: Value, formats: bool) -> Validator {
    let mut parts = Vec::new();
    collect_parts(&schema, &mut parts);
    if let Value::Object(root) = &mut schema {
        for (name, definition) in root
            .get_mut("$defs")
            .and_then(Value::as_object_mut)
            .unwrap()
        {
            // Of a definition that is a part of others, the whole has more fields than the part.
            if !parts.contains(&format!("#/$defs/{name}")) {
                close(definition);
            }
        }
        close_object(root);
    }
    validator(&schema, formats)
}

fn validator(schema: &Value, formats: bool) -> Validator {
    let options = jsonschema::options().should_validate_formats(formats);
    options.build(schema).unwrap()
}

/// References that stand beside fields of their own.
fn collect_parts(value: &Value, parts: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let (Some(Value::String(target)), true) =
                (map.get("$ref"), map.contains_key("properties"))
            {
                parts.push(target.clone());
            }
            map.values().for_each(|value| collect_parts(value, parts));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_parts(value, parts)),
        _ => {}
    }
}

fn close(value: &mut Value) {
    match value {
        Value::Object(map) => {
            close_object(map);
            map.values_mut().for_each(close);
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

fn close_object(map: &mut Map<String, Value>) {
    if map.get("properties").is_some_and(Value::is_object) {
        map.entry("unevaluatedProperties").or_insert(json!(false));
    }
}

fn faults(validator: &Validator, document: &Value) -> Vec<String> {
    let errors = validator.iter_errors(document);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// An event, invented at any time, is what the schema says.
#[track_caller]
pub(crate) fn assert_event(event: &ScanEvent) {
    let faults = faults(&EVENT_AT_ANY_TIME, &serde_json::to_value(event).unwrap());
    assert!(faults.is_empty(), "{faults:#?} in {event:?}");
}

/// The fleet, whole and in part, as JSON and line by line as NDJSON, is what the schemas say.
#[track_caller]
pub(crate) fn assert_fleet(fleet: &Fleet) {
    let all: Vec<HostId> = fleet.hosts().map(|(id, _)| id).collect();
    let half = all.get(..all.len() / 2).unwrap_or_default();
    for (rows, whole) in [(&*all, true), (half, false)] {
        let selection = Selection {
            fleet,
            rows,
            whole,
            columns: None,
            presentation: report::Presentation::default(),
        };
        let written = |format| {
            let mut out = Vec::new();
            report::write(format, &selection, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let report: Value = serde_json::from_str(&written(Format::Json)).unwrap();
        let hosts = report.get("hosts").and_then(Value::as_array);
        assert_eq!(hosts.map(Vec::len), Some(rows.len()));
        let wrong = faults(&REPORT, &report);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

fn schemas() -> [Value; 4] {
    let facts = serde_json::from_str(fix::facts_schema()).unwrap();
    [
        report::report_schema(),
        record::event_schema(),
        report::changes_schema(),
        facts,
    ]
}

fn shipped(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs/schema")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_schemas_shipped_are_those_of_the_types() {
    for (form, name, schema) in [
        ("report", "rdpscan.report-1.json", report::report_schema()),
        ("events", "rdpscan.events-1.json", record::event_schema()),
        (
            "changes",
            "rdpscan.changes-1.json",
            report::changes_schema(),
        ),
    ] {
        assert!(
            shipped(name) == format!("{schema:#}\n"),
            "docs/schema/{name} is out of date: cargo run --locked -- schema {form} >docs/schema/{name}"
        );
    }
}

#[test]
fn facts_are_what_their_schema_says() {
    let schema: Value = serde_json::from_str(fix::facts_schema()).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fix/facts.json");
    let mut facts: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let wrong = faults(&strict(schema.clone(), true), &facts);
    assert!(wrong.is_empty(), "{wrong:#?}");
    facts["hosts"][0]["Plan"][0]["Status"] = json!("fine");
    assert!(!faults(&validator(&schema, true), &facts).is_empty());
}

#[test]
fn the_schemas_are_schemas() {
    for schema in schemas() {
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        jsonschema::meta::validate(&schema).unwrap();
    }
}

#[test]
fn every_field_and_every_word_is_described_in_prose() {
    fn walk(value: &Value, at: &str, bare: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                let fields = map.get("properties").and_then(Value::as_object);
                for (name, field) in fields.into_iter().flatten() {
                    // Tags are described by their kinds; a field with one meaning is described by its variant.
                    let told = ["const", "description"]
                        .iter()
                        .any(|key| field.get(key).is_some());
                    if !told && !map.contains_key("description") {
                        bare.push(format!("{at}/{name}"));
                    }
                }
                for (name, value) in map {
                    walk(value, &format!("{at}/{name}"), bare);
                }
            }
            Value::Array(values) => {
                for value in values {
                    if value.get("const").is_some() && value.get("description").is_none() {
                        bare.push(format!("{at}: {value}"));
                    }
                    walk(value, at, bare);
                }
            }
            _ => {}
        }
    }
    for schema in schemas() {
        let mut bare = Vec::new();
        walk(&schema, "", &mut bare);
        assert!(bare.is_empty(), "{bare:#?}");
        let text = schema.to_string();
        for source in ["[`", "`]", "`None`", "`Some", "INVARIANT"] {
            assert!(!text.contains(source), "{source} stands in a schema");
        }
    }
}

#[test]
fn the_schemas_refuse_what_is_wrong() {
    let schema = validator(&report::report_schema(), true);
    let fleet = super::replay::saved_fleet();
    let rows: Vec<HostId> = fleet.hosts().map(|(id, _)| id).collect();
    let selection = Selection {
        fleet: &fleet,
        rows: &rows,
        whole: true,
        columns: None,
        presentation: report::Presentation::default(),
    };
    let mut written = Vec::new();
    report::write(Format::Json, &selection, &mut written).unwrap();
    let right: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(faults(&schema, &right), [""; 0]);
    let changes: [(&str, Value); 7] = [
        ("/schema", json!("rdpscan.report/2")),
        ("/hosts/0/state", json!("fine")),
        ("/hosts/0/address", json!("no address")),
        ("/hosts/0/port", json!("3389")),
        ("/summary/by_state", json!({ "fine": 1 })),
        ("/scan/started_at", json!("yesterday")),
        ("/hosts/0/history/host", json!({})),
    ];
    for (place, wrong) in changes {
        let mut document = right.clone();
        *document.pointer_mut(place).unwrap() = wrong;
        assert!(!schema.is_valid(&document), "{place}");
    }
    let mut more = right;
    more["hosts"][0]["added_later"] = json!(true);
    assert!(schema.is_valid(&more), "later versions may add fields");
}
