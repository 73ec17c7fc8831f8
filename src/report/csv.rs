//! One row per host for a spreadsheet, or `Import-Csv`.
//!
//! RFC 4180 with commas and CRLF, in UTF-8 with a byte order mark: without one, Excel and Windows `PowerShell` 5.1 take the
//! file for the local code page and spoil every name that is not ASCII. Every text cell goes through
//! [`sanitize::csv_cell`]; numbers are this program's own. What is absent is an empty cell. Times are UTC, written so that a
//! spreadsheet sees a time, and TLS versions carry the word `TLS`, since `1.3` is the first of March in half of Europe.

use std::borrow::Cow;
use std::io::{self, Write};

use super::sheet::{Row, Sheet};
use super::words;
use crate::diagnosis::Spread;
use crate::model::{
    CertificateFacts, CertificateStatus, NtlmFacts, Severity, Stage, TlsFacts, TlsMethod,
};
use crate::sanitize;

enum Cell<'a> {
    /// Made safe before it is written.
    Text(Cow<'a, str>),
    /// Written as it is.
    Number(String),
    Empty,
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
        let endpoint = row.host.subject().endpoint();
        owned(endpoint.map(|endpoint| endpoint.address.to_string()))
    }),
    ("port", |row| number(row.host.subject().port())),
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
        maybe(tls(row).map(|tls| match tls.method {
            TlsMethod::Full => "full",
            TlsMethod::LegacyPeek => "legacy_peek",
            TlsMethod::Failed => "failed",
        }))
    }),
    ("certificate_status", |row| {
        let status = row.host.diagnosis.certificate_status;
        maybe(status.map(CertificateStatus::word))
    }),
    ("certificate_not_before_utc", |row| {
        let time = leaf(row).and_then(|leaf| leaf.not_before);
        owned(time.map(words::spreadsheet_time))
    }),
    ("certificate_not_after_utc", |row| {
        let time = leaf(row).and_then(|leaf| leaf.not_after);
        owned(time.map(words::spreadsheet_time))
    }),
    ("certificate_days_left", |row| {
        row.host.diagnosis.days_left.map_or(Cell::Empty, number)
    }),
    ("certificate_common_name", |row| {
        maybe(leaf(row).and_then(|leaf| leaf.common_name.as_deref()))
    }),
    ("certificate_san", |row| {
        let names = leaf(row).map(words::alternative_names).unwrap_or_default();
        joined(names.iter().map(String::as_str))
    }),
    ("certificate_subject", |row| {
        maybe(leaf(row).map(|leaf| &*leaf.subject))
    }),
    ("certificate_issuer", |row| {
        maybe(leaf(row).map(|leaf| &*leaf.issuer))
    }),
    ("certificate_self_signed", |row| {
        let facts = tls(row).zip(leaf(row));
        let answer = facts.and_then(|(tls, leaf)| words::self_signed(tls, leaf));
        maybe(answer.map(|yes| if yes { "yes" } else { "no" }))
    }),
    ("certificate_key", |row| {
        let facts = leaf(row).filter(|leaf| leaf.unparsable.is_none());
        owned(facts.map(words::key))
    }),
    ("certificate_signature", |row| {
        maybe(leaf(row).map(|leaf| &*leaf.signature_algorithm))
    }),
    ("certificate_sha1", |row| {
        maybe(leaf(row).map(|leaf| &*leaf.sha1))
    }),
    ("certificate_sha256", |row| {
        maybe(leaf(row).map(|leaf| &*leaf.sha256))
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
        joined(findings.filter_map(|found| found.remedy))
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
];

/// Writes the header and one row per host.
pub(super) fn write(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all("\u{FEFF}".as_bytes())?;
    let mut csv = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    csv.write_record(COLUMNS.iter().map(|(name, _)| name))
        .map_err(plain)?;
    for row in sheet.rows() {
        for (_, show) in COLUMNS {
            let field = match show(&row) {
                Cell::Text(text) => sanitize::csv_cell(&text).into_owned(),
                Cell::Number(number) => number,
                Cell::Empty => String::new(),
            };
            csv.write_field(field).map_err(plain)?;
        }
        csv.write_record(None::<&[u8]>).map_err(plain)?;
    }
    csv.flush()
}

/// The I/O error inside, so that a closed pipe is still seen as one.
fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn tls<'r>(row: &'r Row<'_>) -> Option<&'r TlsFacts> {
    row.history.tls().map(AsRef::as_ref)
}

fn leaf<'r>(row: &'r Row<'_>) -> Option<&'r CertificateFacts> {
    row.history.certificate().map(AsRef::as_ref)
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
    owned(Some(distinct.join(", ")).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::fleet::Host;
    use crate::report::fixture;

    fn text(hosts: &[Host]) -> String {
        let plan = fixture::plan();
        let mut out = Vec::new();
        write(&fixture::sheet(hosts, &plan), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn records(hosts: &[Host]) -> Vec<HashMap<String, String>> {
        let text = text(hosts);
        csv::Reader::from_reader(text.trim_start_matches('\u{FEFF}').as_bytes())
            .deserialize()
            .map(Result::unwrap)
            .collect()
    }

    #[test]
    fn an_expired_self_signed_wrong_name_certificate_has_its_dates() {
        let record = &records(&[fixture::expired_host()])[0];
        for (column, wanted) in [
            ("state", "degraded"),
            ("address", "10.0.0.5"),
            ("port", "3389"),
            ("name", "srv05.corp.example"),
            ("tls_version", "TLS 1.3"),
            ("certificate_status", "expired"),
            ("certificate_not_before_utc", "2025-01-01 00:00:00"),
            ("certificate_not_after_utc", "2026-01-01 00:00:00"),
            ("certificate_days_left", "-20"),
            ("certificate_self_signed", "yes"),
            ("certificate_san", "other.example, 192.0.2.1"),
            ("certificate_key", "RSA 2048"),
            ("dns", "match"),
            ("stability", "flaky"),
            ("predicted_code", "0x904"),
            ("findings", "RDP-CERT-EXPIRED"),
        ] {
            assert_eq!(record[column], wanted, "{column}");
        }
    }

    #[test]
    fn what_is_not_known_is_an_empty_cell() {
        let record = &records(&[fixture::unresolved_host()])[0];
        for column in [
            "address",
            "name",
            "certificate_days_left",
            "clock_skew_s",
            "findings",
        ] {
            assert_eq!(record[column], "", "{column}");
        }
    }

    #[test]
    fn the_file_is_what_a_spreadsheet_expects() {
        let text = text(&[fixture::expired_host()]);
        assert!(text.starts_with("\u{FEFF}state,failed_stage,address,port,name,"));
        assert_eq!(text.lines().count(), 2);
        assert_eq!(text.matches("\r\n").count(), 2);
    }

    #[test]
    fn no_name_becomes_a_formula_or_a_row() {
        for name in fixture::nasty_names() {
            let text = text(&[fixture::hostile_host(&name)]);
            assert_eq!(text.lines().count(), 2, "{name:?}");
            let record = &records(&[fixture::hostile_host(&name)])[0];
            for (column, cell) in record {
                assert!(!cell.chars().any(char::is_control), "{column}: {cell:?}");
                let number = cell.parse::<f64>().is_ok() && column.ends_with("days_left");
                assert!(
                    number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                    "{column}: {cell:?}"
                );
            }
        }
    }
}
