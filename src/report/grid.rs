//! What a spreadsheet shows of a host: one column per fact. CSV and XLSX share them; XLSX has its own order and headings.

use std::borrow::Cow;

use super::sheet::{Row, Sheet};
use super::{chosen, words};
use crate::diagnosis::Spread;
use crate::model::{
    CertificateFacts, CertificateStatus, NtlmFacts, ServerFeature, Severity, Stage, TlsFacts,
    TlsHandshake, UtcSecond,
};
use crate::table::ColumnId;

/// A value with its type, for formats that have types.
#[derive(Debug, Clone)]
pub(super) enum Cell<'a> {
    /// Raw network text: made safe by whoever writes it.
    Text(Cow<'a, str>),
    /// This program's own digits.
    Number(String),
    /// A moment, UTC.
    Time(UtcSecond),
    Empty,
}

/// Headings, from left to right.
pub(super) fn headings(sheet: &Sheet<'_>) -> Vec<&'static str> {
    match sheet.columns {
        Some(columns) => columns.iter().copied().map(ColumnId::word).collect(),
        None => COLUMNS.iter().map(|(name, _)| *name).collect(),
    }
}

/// What they show of a host.
pub(super) fn cells<'r>(sheet: &Sheet<'_>, row: &'r Row<'_>) -> Vec<Cell<'r>> {
    match sheet.columns {
        Some(columns) => columns
            .iter()
            .map(|column| chosen::cell(*column, row))
            .collect(),
        None => COLUMNS.iter().map(|(_, show)| show(row)).collect(),
    }
}

/// What the column of that name shows of a host.
pub(super) fn named<'r>(name: &str, row: &'r Row<'_>) -> Cell<'r> {
    let column = COLUMNS.iter().find(|(own, _)| *own == name);
    debug_assert!(column.is_some(), "there is a column {name}");
    column.map_or(Cell::Empty, |(_, show)| show(row))
}

impl Cell<'_> {
    /// The same, on its own.
    pub(super) fn into_owned(self) -> Cell<'static> {
        match self {
            Self::Text(text) => Cell::Text(text.into_owned().into()),
            Self::Number(digits) => Cell::Number(digits),
            Self::Time(time) => Cell::Time(time),
            Self::Empty => Cell::Empty,
        }
    }
}

/// A column's name, and what it shows of a host.
type Column = (&'static str, for<'r, 'a> fn(&'r Row<'a>) -> Cell<'r>);

/// INVARIANT: columns are only ever added at the end; people keep formulas on them.
const COLUMNS: &[Column] = &[
    ("state", |row| word(row.host.diagnosis.state.word())),
    ("failed_stage", |row| {
        maybe(row.host.diagnosis.failed_stage.map(Stage::word))
    }),
    ("address", |row| {
        let endpoint = row.host.key().endpoint();
        owned(endpoint.map(|endpoint| endpoint.address.to_string()))
    }),
    ("port", |row| number(row.host.key().port())),
    ("name", |row| maybe(row.name)),
    ("names", |row| {
        let names = row.history.names.iter();
        joined(names.map(|observed| &*observed.name))
    }),
    ("security", |row| word(row.host.diagnosis.security.word())),
    ("nla", |row| word(row.host.diagnosis.nla.word())),
    ("tls_version", |row| {
        let version = tls(row).and_then(|tls| tls.version);
        owned(version.map(|version| format!("TLS {version}").replace("TLS SSL", "SSL")))
    }),
    ("tls_cipher", |row| {
        maybe(tls(row).and_then(|tls| tls.cipher.as_deref()))
    }),
    ("tls_handshake", |row| {
        maybe(tls(row).map(|tls| match tls.handshake {
            TlsHandshake::Full => "full",
            TlsHandshake::LegacyPeek => "legacy_peek",
            TlsHandshake::Failed => "failed",
        }))
    }),
    ("certificate_status", |row| {
        let status = row.host.diagnosis.certificate_status;
        maybe(status.map(CertificateStatus::word))
    }),
    ("certificate_not_before_utc", |row| {
        let time = leaf(row).and_then(|leaf| leaf.not_before);
        time.map_or(Cell::Empty, Cell::Time)
    }),
    ("certificate_not_after_utc", |row| {
        let time = leaf(row).and_then(|leaf| leaf.not_after);
        time.map_or(Cell::Empty, Cell::Time)
    }),
    ("certificate_days_left", |row| {
        row.host.diagnosis.days_left.map_or(Cell::Empty, number)
    }),
    ("certificate_common_name", |row| {
        maybe(leaf(row).and_then(|leaf| leaf.common_name.as_deref()))
    }),
    ("certificate_san", |row| {
        let names = leaf(row).map(|leaf| words::names(leaf, usize::MAX));
        owned(names.filter(|names| !names.is_empty()))
    }),
    ("certificate_subject", |row| {
        maybe(leaf(row).map(|leaf| &*leaf.subject))
    }),
    ("certificate_issuer", |row| {
        maybe(leaf(row).map(|leaf| &*leaf.issuer))
    }),
    ("certificate_self_signed", |row| {
        let facts = row.tls_shown().zip(leaf(row));
        let answer = facts.and_then(|(tls, leaf)| words::self_signed(tls, leaf));
        maybe(answer.map(|yes| if yes { "yes" } else { "no" }))
    }),
    ("certificate_key", |row| {
        let facts = leaf(row).filter(|leaf| leaf.unparsable.is_none());
        owned(facts.map(|leaf| words::key(leaf).unwrap_or_else(|| "unknown".to_owned())))
    }),
    ("certificate_signature", |row| {
        maybe(leaf(row).map(|leaf| &*leaf.signature_algorithm))
    }),
    ("certificate_sha1", |row| {
        owned(leaf(row).map(|leaf| leaf.sha1.to_string()))
    }),
    ("certificate_sha256", |row| {
        owned(leaf(row).map(|leaf| leaf.sha256.to_string()))
    }),
    ("ntlm_computer", |row| {
        maybe(ntlm(row).and_then(|facts| {
            facts
                .dns_computer
                .as_deref()
                .or(facts.netbios_computer.as_deref())
        }))
    }),
    ("ntlm_domain", |row| {
        maybe(ntlm(row).and_then(|facts| {
            facts
                .dns_domain
                .as_deref()
                .or(facts.netbios_domain.as_deref())
        }))
    }),
    ("build", |row| owned(ntlm(row).and_then(NtlmFacts::build))),
    ("clock_skew_s", |row| {
        let skew = ntlm(row).and_then(NtlmFacts::clock_skew_s);
        skew.map_or(Cell::Empty, |skew| Cell::Number(format!("{skew:.1}")))
    }),
    ("dns", |row| word(row.host.diagnosis.dns.word())),
    ("stability", |row| {
        word(row.host.diagnosis.stability.verdict.word())
    }),
    ("attempts", |row| {
        number(row.host.diagnosis.stability.attempts)
    }),
    ("failures", |row| {
        number(row.host.diagnosis.stability.failures)
    }),
    ("connect_ms_median", |row| {
        median(row.host.diagnosis.stability.connect_ms)
    }),
    ("total_ms_median", |row| {
        median(row.host.diagnosis.stability.total_ms)
    }),
    ("predicted_code", |row| {
        maybe(
            row.host
                .diagnosis
                .predicted
                .as_ref()
                .map(|predicted| predicted.code),
        )
    }),
    ("predicted_likelihood", |row| {
        let predicted = row.host.diagnosis.predicted.as_ref();
        predicted.map_or(Cell::Empty, |predicted| number(predicted.likelihood))
    }),
    ("severity", |row| {
        let worst = row
            .host
            .diagnosis
            .findings
            .iter()
            .map(|found| found.severity)
            .max();
        maybe(worst.map(Severity::word))
    }),
    ("findings", |row| {
        joined(row.host.diagnosis.findings.iter().map(|found| found.id))
    }),
    ("remedies", |row| {
        let findings = row.host.diagnosis.findings.iter();
        joined(findings.flat_map(|found| found.remedies.iter().copied()))
    }),
    ("first_finding", |row| {
        maybe(
            row.host
                .diagnosis
                .findings
                .first()
                .map(|found| found.title.as_ref()),
        )
    }),
    ("first_evidence", |row| {
        maybe(
            row.host
                .diagnosis
                .findings
                .first()
                .map(|found| found.evidence.as_str()),
        )
    }),
    ("features", |row| {
        let flags = row.history.response_flags();
        let features = flags.into_iter().flat_map(ServerFeature::announced);
        joined(features.map(ServerFeature::word))
    }),
];

fn tls<'r>(row: &'r Row<'_>) -> Option<&'r TlsFacts> {
    row.history.tls().map(AsRef::as_ref)
}

fn leaf<'r>(row: &'r Row<'_>) -> Option<&'r CertificateFacts> {
    row.certificate().map(AsRef::as_ref)
}

fn ntlm<'r>(row: &'r Row<'_>) -> Option<&'r NtlmFacts> {
    row.history.ntlm().map(AsRef::as_ref)
}

const fn word<'a>(text: &'static str) -> Cell<'a> {
    Cell::Text(Cow::Borrowed(text))
}

fn maybe(text: Option<&str>) -> Cell<'_> {
    text.map_or(Cell::Empty, |text| Cell::Text(Cow::Borrowed(text)))
}

fn owned<'a>(text: Option<String>) -> Cell<'a> {
    text.map_or(Cell::Empty, |text| Cell::Text(Cow::Owned(text)))
}

fn number<'a>(number: impl Into<i64>) -> Cell<'a> {
    Cell::Number(number.into().to_string())
}

fn median<'a>(spread: Option<Spread>) -> Cell<'a> {
    spread.map_or(Cell::Empty, |spread| {
        Cell::Number(format!("{:.1}", spread.median))
    })
}

/// Distinct values in order, with commas: a comma makes the writer quote the cell.
fn joined<'a, 'b>(values: impl Iterator<Item = &'b str>) -> Cell<'a> {
    let mut distinct: Vec<&str> = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    owned(Some(words::listed(&distinct)).filter(|text| !text.is_empty()))
}
