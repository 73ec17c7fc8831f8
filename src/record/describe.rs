//! JSON Schemas, derived from the types that are written.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::model::{EVENT_SCHEMA, ScanEvent};

/// The JSON Schema (draft 2020-12) of one line of a recording.
#[must_use]
pub fn event_schema() -> Value {
    describe::<ScanEvent>(
        EVENT_SCHEMA,
        "One line of a recording of rdpscan: a fact about a scan, numbered and dated. The first line is `scan_started`. \
         Later minor versions add fields and events, and rename none: leave out what you do not know. What is not known is \
         null; times are UTC. Texts from the network are as they came: make them safe before showing them.",
    )
}

/// The schema of `T` with a title and a description.
pub(crate) fn describe<T: JsonSchema>(title: &str, about: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12()
        .for_serialize()
        .with_transform(RecursiveTransform(for_readers))
        .into_generator()
        .into_root_schema_for::<T>();
    schema.insert("title".into(), json!(title));
    schema.insert("description".into(), json!(about));
    schema.to_value()
}

/// Turns comments into prose without Rust syntax, and formats into those of JSON Schema.
fn for_readers(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text
            .replace("\n\nINVARIANT: ", " ")
            .replace('\n', " ")
            .replace("[`", "`")
            .replace("`]", "`")
            .replace("`None`", "`null`");
    }
    match schema.get("format").and_then(Value::as_str) {
        Some("ip") => {
            schema.remove("format");
            let kinds = json!([{ "format": "ipv4" }, { "format": "ipv6" }]);
            schema.insert("anyOf".into(), kinds);
        }
        // Rust's integer widths; `minimum` and `maximum` are there too.
        Some("double" | "uint" | "uint8" | "uint16" | "uint32" | "uint64" | "int64") => {
            schema.remove("format");
        }
        _ => {}
    }
}
