//! The details of one host, for every format that people read: the answer that the screen and `rdpscan why` give, the other
//! findings, and labels with values of the declared fields. Values are raw network text.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::sheet::Row;
use super::{prose, words};
use crate::diagnosis::{Disagreement, days_in_words, remedies};
use crate::fleet::Host;
use crate::model::{HostKey, Stage, TrustVerdict};
use crate::pages::{self, Item, SiteTable};
use crate::table::{Field, FieldKind, FieldValue, Weight};

const CERTIFICATE: [Field; 9] = [
    Field::Subject,
    Field::Issuer,
    Field::SelfSigned,
    Field::NotBefore,
    Field::NotAfter,
    Field::Key,
    Field::SignatureAlgorithm,
    Field::Sha1,
    Field::Sha256,
];
const TLS: [Field; 3] = [Field::Tls, Field::TlsHandshake, Field::Cipher];
const SERVER: [Field; 8] = [
    Field::Security,
    Field::Nla,
    Field::Features,
    Field::NtlmComputer,
    Field::NtlmDomain,
    Field::Build,
    Field::ClockSkew,
    Field::Configuration,
];
const STABILITY: [Field; 8] = [
    Field::Stability,
    Field::Attempts,
    Field::Failures,
    Field::ConnectMs,
    Field::HandshakeMs,
    Field::TotalMs,
    Field::Loss,
    Field::Retransmits,
];

/// Names of a certificate listed; programs get all.
const MOST_NAMES: usize = 64;
/// Issuers of a chain listed.
const MOST_ISSUERS: usize = 15;

#[derive(Serialize)]
pub(super) struct HostDetails {
    state: &'static str,
    stage: Option<&'static str>,
    name: Option<String>,
    address: String,
    answer: Vec<Item>,
    /// Those that the answer is not about.
    findings: Vec<Finding>,
    certificate: Vec<LabelledValue>,
    names: Vec<LabelledValue>,
    server: Vec<LabelledValue>,
    stability: Vec<LabelledValue>,
    /// Empty where one site scanned.
    sites: SiteTable,
}

#[derive(Serialize)]
struct Finding {
    id: &'static str,
    severity: &'static str,
    confidence: &'static str,
    title: String,
    evidence: String,
    /// By whom, until when and why; empty for one that counts.
    acknowledged: String,
    /// Keys and titles, in the order to try.
    remedies: Vec<(&'static str, &'static str)>,
}

#[derive(Serialize)]
pub(super) struct LabelledValue {
    pub(super) label: &'static str,
    pub(super) value: String,
    /// How bad the value is, as a CSS class: `bad`, `warn` or empty.
    class: &'static str,
    /// One of the program's own words.
    is_word: bool,
}

impl LabelledValue {
    pub(super) fn new(label: &'static str, value: String) -> Self {
        Self {
            label,
            value,
            class: "",
            is_word: false,
        }
    }

    /// `None` for a field without a value.
    fn of(field: Field, row: &Row<'_>) -> Option<Self> {
        let value = text_of(field, row);
        let known = match field.spec().kind {
            FieldKind::Words(known) => known(),
            _ => Vec::new(),
        };
        let word = known.iter().find(|known| known.word == value);
        (!value.is_empty()).then(|| Self {
            label: field.spec().heading,
            class: match word.map(|known| known.weight) {
                Some(Weight::Bad) => "bad",
                Some(Weight::Warn) => "warn",
                _ => "",
            },
            is_word: word.is_some(),
            value,
        })
    }
}

/// A label with paragraphs, for formats without sections.
pub(super) struct DetailLine {
    pub(super) label: String,
    pub(super) texts: Vec<String>,
}

impl DetailLine {
    pub(super) fn new(label: impl Into<String>, texts: impl IntoIterator<Item = String>) -> Self {
        Self {
            label: label.into(),
            texts: texts.into_iter().collect(),
        }
    }

    fn section(label: &str, values: &[LabelledValue]) -> Option<Self> {
        let values = values.iter();
        let values = values.map(|one| format!("{} {}", one.label, one.value));
        let text = values.collect::<Vec<_>>().join("; ");
        (!text.is_empty()).then(|| Self::new(label, [text]))
    }
}

impl HostDetails {
    pub(super) fn new(row: &Row<'_>, now: Option<Timestamp>) -> Self {
        let diagnosis = &row.host.diagnosis;
        let of = |fields: &[Field]| -> Vec<LabelledValue> {
            let fields = fields.iter();
            fields
                .filter_map(|field| LabelledValue::of(*field, row))
                .collect()
        };
        let mut certificate = certificate(row, now);
        certificate.extend(of(&TLS));
        let gateway = row.history.gateway.as_deref();
        let mut server: Vec<LabelledValue> = gateway
            .map(|gateway| format!("{gateway} (not probed directly)"))
            .map(|gateway| LabelledValue::new("gateway", gateway))
            .into_iter()
            .collect();
        server.extend(of(&SERVER));
        let cause = diagnosis.cause().map(|cause| cause.id);
        let others = diagnosis.findings.iter();
        let others = others.filter(|found| Some(found.id) != cause);
        Self {
            state: diagnosis.state.word(),
            stage: diagnosis.failed_stage.map(Stage::word),
            name: visible(row.name).map(ToOwned::to_owned),
            address: match row.host.key() {
                HostKey::Endpoint(endpoint) => endpoint.to_string(),
                HostKey::Unresolved { port, .. } => format!("no address, port {port}"),
            },
            answer: answer(row.host),
            findings: others.map(finding).collect(),
            certificate,
            names: names(row),
            server,
            stability: of(&STABILITY),
            sites: pages::site_table(row.host, &row.history),
        }
    }

    /// "10.0.0.5:3389 srv05.corp.example: broken at tls".
    pub(super) fn heading(&self) -> String {
        let name = self.name.as_deref().map(|name| format!(" {name}"));
        let stage = self.stage.map(|stage| format!(" at {stage}"));
        let [name, stage] = [name, stage].map(Option::unwrap_or_default);
        format!("{}{name}: {}{stage}", self.address, self.state)
    }

    pub(super) fn lines(&self) -> Vec<DetailLine> {
        // Commands are in the pages of the remedies, where they can be copied.
        let answer = self.answer.iter().map(|item| {
            let below = item.below.iter();
            let below = below.map(|(label, text)| format!("{label} {text}").trim().to_owned());
            let texts = std::iter::once(item.text.clone()).chain(below);
            DetailLine::new(item.label.clone(), texts)
        });
        let findings = self.findings.iter().map(|found| {
            let title = format!("{}: {} ({})", found.id, found.title, found.confidence);
            let [evidence, acknowledged] = [&found.evidence, &found.acknowledged]
                .map(|text| Some(text.clone()).filter(|text| !text.is_empty()));
            let remedies: Vec<String> = found
                .remedies
                .iter()
                .map(|(key, title)| format!("{title} ({key})"))
                .collect();
            let fix = format!("fix: {}", remedies.join(", then "));
            let fix = (!remedies.is_empty()).then_some(fix);
            let texts = [Some(title), acknowledged, evidence, fix]
                .into_iter()
                .flatten();
            DetailLine::new(found.severity, texts)
        });
        let sections = [
            ("certificate", &self.certificate),
            ("names", &self.names),
            ("server", &self.server),
            ("attempts", &self.stability),
        ];
        let sections = sections
            .into_iter()
            .filter_map(|(label, values)| DetailLine::section(label, values));
        let sites = self.sites.lines();
        let sites = (!sites.is_empty()).then(|| DetailLine::new("sites", sites));
        answer
            .chain(findings)
            .chain(sections)
            .chain(sites)
            .collect()
    }
}

/// As `rdpscan why` gives it, without what is on the page of the remedy, which a report has once.
fn answer(host: &Host) -> Vec<Item> {
    let mut answer = pages::answer(host);
    for item in answer.iter_mut().filter(|item| item.label == "fix") {
        let below = &mut item.below;
        below.retain(|(label, _)| matches!(*label, "" | "if that does not help"));
    }
    answer
}

/// As in the table, dates with the time.
fn text_of(field: Field, row: &Row<'_>) -> String {
    match field.value(row.host, &row.history) {
        date @ (FieldValue::Day(_) | FieldValue::Minute(_)) => words::cell(date).into_owned(),
        _ => field.text_with(row.host, || &row.history),
    }
}

/// A name that is not blank, and so can be clicked.
pub(super) fn visible(name: Option<&str>) -> Option<&str> {
    name.filter(|name| !name.trim().is_empty())
}

fn finding(found: &crate::model::Finding) -> Finding {
    let remedies = found.remedies.iter();
    Finding {
        id: found.id,
        severity: found.severity.word(),
        confidence: found.confidence.word(),
        title: prose(&found.title),
        evidence: prose(&found.evidence),
        acknowledged: (found.acknowledged.as_ref())
            .map_or_else(String::new, |one| prose(&one.to_string())),
        remedies: remedies
            .filter_map(|key| remedies::find(key))
            .map(|remedy| (remedy.key.as_str(), remedy.title.as_str()))
            .collect(),
    }
}

fn certificate(row: &Row<'_>, now: Option<Timestamp>) -> Vec<LabelledValue> {
    let Some((tls, leaf)) = row.tls_shown().zip(row.certificate()) else {
        return Vec::new();
    };
    let diagnosis = &row.host.diagnosis;
    let mut values = Vec::new();
    if let Some(mut status) = LabelledValue::of(Field::Certificate, row) {
        let status_of = diagnosis.certificate_status;
        let days = status_of.and_then(|one| days_in_words(leaf, one, diagnosis.days_left, now));
        status.label = "status";
        status.is_word = days.is_none();
        if let Some(days) = days {
            status.value = format!("{}, {days}", status.value.replace('_', " "));
        }
        values.push(status);
    }
    let mut add = |label, value: Option<String>| {
        let value = value.filter(|value| !value.is_empty());
        values.extend(value.map(|value| LabelledValue::new(label, value)));
    };
    add("unreadable", leaf.unparsable.as_deref().map(prose));
    add("names", Some(words::names(leaf, MOST_NAMES)));
    add("serial number", Some(leaf.serial.to_string()));
    add(
        "trust",
        match &tls.trust {
            TrustVerdict::Trusted => Some("trusted by this machine".to_owned()),
            TrustVerdict::SelfSigned => Some("self-signed".to_owned()),
            TrustVerdict::UnknownIssuer => Some("issuer unknown to this machine".to_owned()),
            TrustVerdict::Rejected(reason) => Some(format!("rejected: {}", prose(reason))),
            TrustVerdict::NotChecked => None,
        },
    );
    let above = tls.certificates().skip(1);
    let issuers: Vec<&str> = above.map(|one| &*one.subject).take(MOST_ISSUERS).collect();
    let more = tls.chain.len().saturating_sub(1 + issuers.len());
    add("chain", Some(words::listed_of(&issuers, more)));
    if tls.signature_valid == Some(false) {
        add("key", Some("not proven: the signature is wrong".to_owned()));
    }
    let fields = CERTIFICATE.iter();
    values.extend(fields.filter_map(|field| LabelledValue::of(*field, row)));
    values
}

/// The verdict, each name with its sources, names that disagree, and the lookups.
fn names(row: &Row<'_>) -> Vec<LabelledValue> {
    let diagnosis = &row.host.diagnosis;
    let mut values: Vec<LabelledValue> = LabelledValue::of(Field::Dns, row).into_iter().collect();
    if diagnosis.dns.is_trouble() {
        values.push(LabelledValue::new(
            "DNS trouble",
            words::where_names_lead(row.host),
        ));
    }
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for observed in &row.history.names {
        let sources = by_name.entry(&observed.name).or_default();
        sources.push(observed.source.word());
    }
    values.extend(by_name.into_iter().map(|(name, sources)| {
        LabelledValue::new("name", format!("{name} ({})", sources.join(", ")))
    }));
    if let Some(disagreement) = diagnosis.disagreement {
        let sides = match disagreement {
            Disagreement::RenamedOrCloned => {
                format!(": {}", words::names_side_by_side(&row.history))
            }
            _ => String::new(),
        };
        let text = format!("{}{sides}", disagreement.meaning());
        values.push(LabelledValue::new("disagreement", text));
    }
    values.extend(row.history.lookups.iter().map(|lookup| {
        let text = format!(
            "{} \u{2192} {} ({})",
            lookup.question,
            lookup.answer,
            words::resolver(lookup.resolver)
        );
        LabelledValue::new("lookup", text)
    }));
    if !row.history.excluded.is_empty() {
        let excluded: Vec<String> = row
            .history
            .excluded
            .iter()
            .map(ToString::to_string)
            .collect();
        let text = format!("{} (excluded, never tried)", words::listed(&excluded));
        values.push(LabelledValue::new("resolves to", text));
    }
    values
}
