//! The JSON Schema of a report.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::{EntryV1, REPORT_SCHEMA, ScanV1, SummaryV1};
use crate::diagnosis::{Banner, Policy};
use crate::model::{CertificateFacts, Digest, History, Notice, PlannedWork, ScanEnd, ScanPlan};
use crate::record;

/// The JSON Schema (draft 2020-12) of a whole report.
#[must_use]
pub fn report_schema() -> Value {
    record::describe::<Document>(
        REPORT_SCHEMA,
        "A scan of rdpscan: what was observed, and what that means. No name in it is ever renamed or given another meaning; \
         later versions add fields and words, so leave out what you do not know. Fields are listed as required that the \
         version of this schema always writes: reports of earlier versions may lack some. What is not known is null; times \
         are UTC. Texts from the network are as they came: make them safe before showing them.",
    )
}

/// The document as a whole, which is written piece by piece and so is no type.
///
/// INVARIANT: what [`super::write`] writes, in that order. The tests hold real reports against it, in both directions.
struct Document;

impl JsonSchema for Document {
    fn schema_name() -> Cow<'static, str> {
        "Report".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut properties = serde_json::Map::new();
        let mut add = |name: &str, about: &str, schema: Schema| {
            let mut schema = schema;
            schema.insert("description".into(), about.into());
            properties.insert(name.into(), schema.into());
        };
        add(
            "schema",
            "Name and version of the form.",
            json_schema!({ "type": "string", "const": REPORT_SCHEMA }),
        );
        add("scan", "The scan.", generator.subschema_for::<ScanV1<'_>>());
        add(
            "summary",
            "Counts over the hosts of this file.",
            generator.subschema_for::<SummaryV1>(),
        );
        add(
            "hosts",
            "One entry per host, worst first unless asked otherwise.",
            generator.subschema_for::<Vec<EntryV1<'_>>>(),
        );
        add(
            "references",
            "Facts about addresses that are no rows here and that the judgement of a host rests on.",
            generator.subschema_for::<Vec<History>>(),
        );
        add(
            "certificates",
            "Every certificate seen, once, by its SHA-256 thumbprint.",
            generator.subschema_for::<BTreeMap<Digest<32>, CertificateFacts>>(),
        );
        add(
            "notices",
            "Trouble on the scanning machine's side, never blamed on a host.",
            generator.subschema_for::<Vec<Notice>>(),
        );
        add(
            "banners",
            "What the hosts together say about the scanning machine.",
            generator.subschema_for::<Vec<Banner>>(),
        );
        add(
            "policy",
            "Limits that the rules applied.",
            generator.subschema_for::<Policy>(),
        );
        add(
            "plan",
            "What was going to be done; null when no scan had begun.",
            generator.subschema_for::<Option<ScanPlan>>(),
        );
        add(
            "work",
            "What was to be probed, with lists expanded; null where that is not known.",
            generator.subschema_for::<Option<PlannedWork>>(),
        );
        add(
            "end",
            "How the scan ended; null while it has no end.",
            generator.subschema_for::<Option<ScanEnd>>(),
        );
        let required: Vec<&String> = properties.keys().collect();
        json_schema!({ "type": "object", "required": required, "properties": properties })
    }
}
