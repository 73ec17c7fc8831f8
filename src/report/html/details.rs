//! The details of one host.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::sections::{self, LabelledValue};
use super::waterfall::{self, Waterfall};
use super::{overview, prose, severity};
use crate::diagnosis::{self, Diagnosis, Disagreement, remedies};
use crate::model::{CertificateFacts, History, not_a_host};
use crate::report::sheet::Row;

#[derive(Serialize)]
pub(super) struct HostDetails {
    number: usize,
    state: &'static str,
    stage: Option<&'static str>,
    name: Option<String>,
    address: String,
    predicted: Option<Predicted>,
    findings: Vec<Finding>,
    undetermined: Vec<String>,
    attempts: Vec<Waterfall>,
    certificate: Vec<LabelledValue>,
    validity: Option<Validity>,
    itself: Vec<LabelledValue>,
    stability: Vec<LabelledValue>,
    dns: &'static str,
    disagreement: Option<&'static str>,
    /// Each name with its sources.
    names: Vec<(String, String)>,
    paths: Vec<Path>,
    lookups: Vec<LabelledValue>,
}

#[derive(Serialize)]
struct Predicted {
    code: &'static str,
    name: String,
    likelihood: u8,
    reasons: Vec<String>,
    confirm: Vec<&'static str>,
}

#[derive(Serialize)]
struct Finding {
    id: &'static str,
    severity: &'static str,
    confidence: &'static str,
    title: String,
    evidence: String,
    /// Keys and titles, in the order to try.
    remedies: Vec<(&'static str, &'static str)>,
}

/// The elapsed part of a certificate's validity, per mille.
#[derive(Serialize)]
struct Validity {
    spent: i64,
    over: bool,
}

/// One address of a name.
#[derive(Serialize)]
struct Path {
    name: String,
    verdict: &'static str,
    address: String,
    reachable: &'static str,
    machine: &'static str,
}

impl HostDetails {
    pub(super) fn new(number: usize, row: &Row<'_>, now: Option<Timestamp>) -> Self {
        let history = &row.history;
        let diagnosis = &row.host.diagnosis;
        Self {
            number,
            state: diagnosis.state.word(),
            stage: diagnosis.failed_stage.map(crate::model::Stage::word),
            name: overview::visible(row.name).map(ToOwned::to_owned),
            address: overview::address(row.host.key()),
            predicted: predicted(diagnosis),
            findings: diagnosis.findings.iter().map(finding).collect(),
            undetermined: diagnosis::undetermined_lines(&row.undetermined()),
            attempts: waterfall::draw(&history.attempts),
            certificate: sections::certificate(row, now),
            validity: now.and_then(|now| validity(row.certificate()?, now)),
            itself: sections::itself(history, diagnosis.security.word(), diagnosis.nla.word()),
            stability: sections::stability(&diagnosis.stability),
            dns: diagnosis.dns.word(),
            disagreement: diagnosis.disagreement.map(Disagreement::words),
            names: names(history),
            paths: paths(row),
            lookups: sections::lookups(history),
        }
    }
}

fn predicted(diagnosis: &Diagnosis) -> Option<Predicted> {
    let predicted = diagnosis.predicted.as_deref()?;
    Some(Predicted {
        code: predicted.code,
        name: prose(predicted.name),
        likelihood: predicted.likelihood,
        reasons: predicted.reasons.iter().map(|text| prose(text)).collect(),
        confirm: diagnosis::confirm_in(diagnosis),
    })
}

fn finding(found: &crate::model::Finding) -> Finding {
    Finding {
        id: found.id,
        severity: severity(found.severity),
        confidence: found.confidence.word(),
        title: prose(&found.title),
        evidence: prose(&found.evidence),
        remedies: found
            .remedies
            .iter()
            .filter_map(|key| remedies::find(key))
            .map(|remedy| (remedy.key.as_str(), remedy.title.as_str()))
            .collect(),
    }
}

fn validity(leaf: &CertificateFacts, now: Timestamp) -> Option<Validity> {
    let (from, to) = (leaf.not_before?.as_second(), leaf.not_after?.as_second());
    let life = to.checked_sub(from).filter(|life| *life > 0)?;
    let spent = now.as_second().saturating_sub(from).clamp(0, life);
    Some(Validity {
        spent: i64::try_from(i128::from(spent) * 1000 / i128::from(life)).unwrap_or(1000),
        over: now.as_second() > to,
    })
}

fn names(history: &History) -> Vec<(String, String)> {
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for observed in &history.names {
        by_name
            .entry(&observed.name)
            .or_default()
            .push(observed.source.word());
    }
    by_name
        .into_iter()
        .map(|(name, sources)| (name.to_owned(), sources.join(", ")))
        .collect()
}

fn paths(row: &Row<'_>) -> Vec<Path> {
    let own = row.host.key().endpoint().map(|own| own.address);
    let paths = row.host.diagnosis.name_paths.iter();
    paths
        .flat_map(|path| {
            let name = || path.name.to_string();
            let verdict = path.verdict.word();
            let members: Vec<Path> = path
                .members
                .iter()
                .map(|member| Path {
                    name: name(),
                    verdict,
                    address: member.address.to_string(),
                    reachable: match member.reachable {
                        Some(true) => "up",
                        Some(false) => "no answer",
                        None => "not tried",
                    },
                    machine: match member.same_identity {
                        _ if own == Some(member.address) => "this address",
                        Some(true) => "the same",
                        Some(false) => "another",
                        None => not_a_host(member.address)
                            .map_or("cannot be told", |what| what.trim_end_matches(',')),
                    },
                })
                .collect();
            if members.is_empty() {
                vec![Path {
                    name: name(),
                    verdict,
                    address: "none".to_owned(),
                    reachable: "",
                    machine: "",
                }]
            } else {
                members
            }
        })
        .collect()
}
