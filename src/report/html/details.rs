//! The details of one host, with its attempts on a scale.

use jiff::Timestamp;
use serde::Serialize;

use super::waterfall::{self, Waterfall};
use crate::model::CertificateFacts;
use crate::report::details::HostDetails;
use crate::report::sheet::Row;
use crate::report::words;

#[derive(Serialize)]
pub(super) struct HostChapter {
    number: usize,
    #[serde(flatten)]
    details: HostDetails,
    undetermined: Vec<String>,
    attempts: Vec<Waterfall>,
    validity: Option<Validity>,
    paths: Vec<Path>,
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
    machine: &'static str,
}

impl HostChapter {
    pub(super) fn new(number: usize, row: &Row<'_>, now: Option<Timestamp>) -> Self {
        Self {
            number,
            details: HostDetails::new(row, now),
            undetermined: crate::diagnosis::undetermined_lines(&row.undetermined()),
            attempts: waterfall::draw(&row.history.attempts),
            validity: now.and_then(|now| validity(row.certificate()?, now)),
            paths: paths(row),
        }
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

fn paths(row: &Row<'_>) -> Vec<Path> {
    let own = row.host.key().endpoint().map(|own| own.address);
    let paths = row.host.diagnosis.name_paths.iter();
    paths
        .flat_map(|path| {
            let one = |address: String, machine| Path {
                name: path.name.to_string(),
                verdict: path.verdict.word(),
                address,
                machine,
            };
            let mut members: Vec<Path> = path
                .members
                .iter()
                .map(|member| one(member.address.to_string(), words::machine(*member, own)))
                .collect();
            if members.is_empty() {
                members.push(one("no address".to_owned(), ""));
            }
            members
        })
        .collect()
}
