//! The JSON Schema of a report.

use std::collections::BTreeMap;

use schemars::JsonSchema;
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

/// The document as a whole. It is written piece by piece, so that this type only describes it.
///
/// INVARIANT: what [`super::write`] writes, in that order. The tests hold real reports against it, in both directions.
#[derive(JsonSchema)]
#[schemars(rename = "Report")]
#[expect(dead_code, reason = "described and never made")]
struct Document {
    /// Name and version of the form.
    #[schemars(extend("const" = REPORT_SCHEMA))]
    schema: String,
    /// The scan.
    scan: ScanV1<'static>,
    /// Counts over the hosts of this file.
    summary: SummaryV1,
    /// One entry per host, worst first unless asked otherwise.
    hosts: Vec<EntryV1<'static>>,
    /// Facts about addresses that are no rows here and that the judgement of a host rests on.
    references: Vec<History>,
    /// Every certificate seen, once, by its SHA-256 thumbprint.
    certificates: BTreeMap<Digest<32>, CertificateFacts>,
    /// Trouble on the scanning machine's side, never blamed on a host.
    notices: Vec<Notice>,
    /// What the hosts together say about the scanning machine.
    banners: Vec<Banner>,
    /// Limits that the rules applied.
    policy: Policy,
    /// What was going to be done; null when no scan had begun.
    plan: Option<ScanPlan>,
    /// What was to be probed, with lists expanded; null where that is not known.
    work: Option<PlannedWork>,
    /// How the scan ended; null while it has no end.
    end: Option<ScanEnd>,
}
