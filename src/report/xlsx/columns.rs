//! The columns of the sheet of hosts: what somebody who opens it looks for stands first, under headings for people. The names
//! of the CSV file stay as they are.

use std::borrow::Cow;

use super::super::chosen;
use super::super::grid::{self, Cell};
use super::super::sheet::{Row, Sheet};
use crate::table::ColumnId;

/// Width of a column with nothing special to it, in characters.
const USUAL: f64 = 14.0;
/// That of names, issuers and thumbprints.
const WIDE: f64 = 34.0;
/// That of sentences.
const WIDEST: f64 = 60.0;

/// Heading, the column's name in a CSV file, and its width. The host itself has no column there.
#[rustfmt::skip]
pub(super) const HOSTS: &[(&str, &str, f64)] = &[
    ("state", "state", USUAL),
    ("host", HOST, WIDE),
    ("severity", "severity", 10.0),
    ("finding", "first_finding", WIDEST),
    ("days left", "certificate_days_left", 10.0),
    ("certificate", "certificate_status", USUAL),
    ("address", "address", 20.0),
    ("port", "port", 8.0),
    ("broke at", "failed_stage", 10.0),
    ("client shows", "predicted_code", USUAL),
    ("likelihood %", "predicted_likelihood", 12.0),
    ("evidence", "first_evidence", WIDEST),
    ("all findings", "findings", WIDE),
    ("remedies", "remedies", USUAL),
    ("security", "security", USUAL),
    ("NLA", "nla", USUAL),
    ("TLS", "tls_version", 10.0),
    ("cipher", "tls_cipher", WIDE),
    ("handshake", "tls_handshake", USUAL),
    ("DNS", "dns", USUAL),
    ("name", "name", WIDE),
    ("all names", "names", WIDE),
    ("stability", "stability", USUAL),
    ("attempts", "attempts", 10.0),
    ("failures", "failures", 10.0),
    ("connect ms", "connect_ms_median", 12.0),
    ("whole ms", "total_ms_median", 12.0),
    ("not after (UTC)", "certificate_not_after_utc", 20.0),
    ("not before (UTC)", "certificate_not_before_utc", 20.0),
    ("common name", "certificate_common_name", WIDE),
    ("alternative names", "certificate_san", WIDE),
    ("subject", "certificate_subject", WIDE),
    ("issuer", "certificate_issuer", WIDE),
    ("self-signed", "certificate_self_signed", 12.0),
    ("key", "certificate_key", USUAL),
    ("signature", "certificate_signature", 26.0),
    ("SHA-1", "certificate_sha1", WIDE),
    ("SHA-256", "certificate_sha256", WIDE),
    ("computer (NTLM)", "ntlm_computer", WIDE),
    ("domain (NTLM)", "ntlm_domain", WIDE),
    ("build", "build", USUAL),
    ("clock ahead s", "clock_skew_s", USUAL),
    ("features", "features", WIDE),
];

/// In place of a column of CSV: the name, or the address where there is none.
const HOST: &str = "";

/// Headings with their widths, from left to right.
pub(super) fn headings(sheet: &Sheet<'_>) -> Vec<(&'static str, f64)> {
    match sheet.columns {
        Some(columns) => columns.iter().map(|column| heading(*column)).collect(),
        None => HOSTS
            .iter()
            .map(|(heading, _, width)| (*heading, *width))
            .collect(),
    }
}

/// What they show of a host.
pub(super) fn cells<'r>(sheet: &Sheet<'_>, row: &'r Row<'_>) -> Vec<Cell<'r>> {
    match sheet.columns {
        Some(columns) => columns
            .iter()
            .map(|column| chosen::cell(*column, row))
            .collect(),
        None => HOSTS.iter().map(|(_, name, _)| cell(name, row)).collect(),
    }
}

fn cell<'r>(name: &str, row: &'r Row<'_>) -> Cell<'r> {
    if name == HOST {
        let address = || row.host.key().to_string();
        let who = row.name.map_or_else(|| address().into(), Cow::Borrowed);
        return Cell::Text(who);
    }
    grid::named(name, row)
}

/// Of a column that the user chose.
const fn heading(column: ColumnId) -> (&'static str, f64) {
    match column {
        ColumnId::State => ("state", USUAL),
        ColumnId::Address => ("address", 20.0),
        ColumnId::Name => ("name", WIDE),
        ColumnId::Days => ("days left", 10.0),
        ColumnId::Tls => ("TLS", 10.0),
        ColumnId::Nla => ("NLA", USUAL),
        ColumnId::Dns => ("DNS", USUAL),
        ColumnId::Stability => ("stability", USUAL),
        ColumnId::Finding => ("finding", WIDEST),
        ColumnId::Stage => ("broke at", 10.0),
        ColumnId::Predicted => ("client shows", USUAL),
        ColumnId::Protocol => ("security", USUAL),
        ColumnId::Features => ("features", WIDE),
        ColumnId::CommonName => ("common name", WIDE),
        ColumnId::Issuer => ("issuer", WIDE),
        ColumnId::AlternativeNames => ("alternative names", USUAL),
        ColumnId::Expires => ("not after (UTC)", 20.0),
        ColumnId::Thumbprint => ("SHA-1", WIDE),
        ColumnId::Key => ("key", USUAL),
        ColumnId::Signature => ("signature", WIDE),
        ColumnId::Connect => ("connect ms", 12.0),
        ColumnId::Handshake => ("handshake ms", USUAL),
        ColumnId::Loss => ("loss %", 10.0),
        ColumnId::Attempts => ("attempts", 10.0),
        ColumnId::Failures => ("failures", 10.0),
        ColumnId::Retransmits => ("retransmits", 12.0),
        ColumnId::FirstSeen => ("first seen (UTC)", 20.0),
        ColumnId::LastSeen => ("last seen (UTC)", 20.0),
        ColumnId::Forward => ("leads to", WIDE),
        ColumnId::Reverse => ("PTR", WIDE),
        ColumnId::Domain => ("domain", WIDE),
        ColumnId::Subnet => ("subnet", 20.0),
        ColumnId::Build => ("build", USUAL),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_workbook_has_every_column_of_csv_once() {
        let plan = fixture::plan();
        let csv: BTreeSet<&str> = grid::headings(&fixture::sheet(&[], &plan))
            .into_iter()
            .collect();
        let own: Vec<&str> = HOSTS.iter().map(|(_, name, _)| *name).collect();
        let own: Vec<&str> = own.into_iter().filter(|name| *name != HOST).collect();
        assert_eq!(own.len(), csv.len());
        assert_eq!(own.into_iter().collect::<BTreeSet<_>>(), csv);
    }

    #[test]
    fn headings_are_for_people_and_differ() {
        let chosen: BTreeSet<&str> = ColumnId::ALL.map(|column| heading(column).0).into();
        assert_eq!(chosen.len(), ColumnId::ALL.len());
        let usual: BTreeSet<&str> = HOSTS.iter().map(|(heading, ..)| *heading).collect();
        assert_eq!(usual.len(), HOSTS.len());
        assert!(chosen.union(&usual).all(|heading| !heading.contains('_')));
    }
}
