//! One row per host for a spreadsheet, or `Import-Csv`.
//!
//! RFC 4180 with commas and CRLF, in UTF-8 with a byte order mark: without one, Excel and Windows `PowerShell` 5.1 take the
//! file for the local code page and spoil every name that is not ASCII. Every text cell goes through
//! [`sanitize::csv_cell`]. What is missing is an empty cell. Times are UTC, written so that a spreadsheet sees a time, and TLS
//! versions begin with `TLS`, since `1.3` is the first of March in half of Europe. No cell is longer than Excel accepts: a longer list
//! ends with the number of values left out.

use std::io::{self, Write};

use super::sheet::Sheet;
use super::words;
use crate::sanitize;
use crate::table::{Field, FieldValue};

/// Writes the header and one row per host.
pub(super) fn write(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all("\u{FEFF}".as_bytes())?;
    let mut csv = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    let fields = sheet.columns.unwrap_or(&Field::ALL);
    csv.write_record(fields.iter().map(|field| field.key()))
        .map_err(plain)?;
    let mut cell = String::new();
    for row in sheet.rows() {
        for field in fields {
            cell.clear();
            match field.value(row.host, &row.history) {
                // A negative number is no formula.
                number @ (FieldValue::Number(_) | FieldValue::Decimal(..)) => {
                    number.write(&mut cell);
                }
                text => {
                    let text = words::cell(text);
                    cell.push_str(&words::cut(sanitize::csv_cell(&text)));
                }
            }
            csv.write_field(&cell).map_err(plain)?;
        }
        csv.write_record(None::<&[u8]>).map_err(plain)?;
    }
    csv.flush()
}

/// The I/O error inside, so that a closed pipe is recognised.
fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use crate::fleet::Host;
    use crate::report::{Format, fixture};

    fn text(hosts: &[Host]) -> String {
        fixture::written(Format::Csv, hosts)
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
            ("tls", "TLS 1.3"),
            ("certificate", "expired"),
            ("not_before", "2025-01-01 00:00:00"),
            ("not_after", "2026-01-01 00:00:00"),
            ("days_left", "-20"),
            ("self_signed", "yes"),
            ("san", "other.example, 192.0.2.1"),
            ("key", "RSA 2048"),
            ("dns", "match"),
            ("stability", "flaky"),
            ("predicted", "0x904"),
            ("findings", "RDP-CERT-EXPIRED"),
        ] {
            assert_eq!(record[column], wanted, "{column}");
        }
    }

    #[test]
    fn what_is_not_known_is_an_empty_cell() {
        let record = &records(&[fixture::unresolved_host()])[0];
        for column in ["address", "days_left", "clock_skew_s", "findings"] {
            assert_eq!(record[column], "", "{column}");
        }
        // The name that has no address is known.
        assert_eq!(record["name"], "gone.example");
    }

    #[test]
    fn the_file_is_what_a_spreadsheet_expects() {
        let text = text(&[fixture::expired_host()]);
        assert!(text.starts_with("\u{FEFF}state,address,name,days_left,tls,"));
        assert_eq!(text.lines().count(), 2);
        assert_eq!(text.matches("\r\n").count(), 2);
    }

    #[test]
    fn no_cell_is_longer_than_a_spreadsheet_takes_and_says_what_is_missing() {
        let host = fixture::edit(&fixture::expired_host(), |history| {
            let first = history.names[0].clone();
            history.names = (0..5000)
                .map(|index| crate::model::ObservedName {
                    name: format!("srv{index}.corp.example").into(),
                    ..first.clone()
                })
                .collect();
        });
        let record = &records(&[host])[0];
        let names = &record["names"];
        assert!(names.encode_utf16().count() <= 32_767);
        let (kept, rest) = names.rsplit_once(", … and ").unwrap();
        // The 5,000, and the name to show.
        assert_eq!(rest, format!("{} more", 5001 - kept.split(", ").count()));
    }

    #[test]
    fn a_name_of_many_addresses_and_a_long_name_find_room_in_their_cells() {
        let record = &records(&[fixture::oversized_host()])[0];
        for column in ["forward", "san"] {
            let cell = &record[column];
            assert!(cell.encode_utf16().count() <= 32_767, "{column}");
            assert!(cell.contains('\u{2026}'), "{column}");
        }
        let (kept, rest) = record["forward"].rsplit_once(", … and ").unwrap();
        assert_eq!(rest, format!("{} more", 5000 - kept.split(", ").count()));
    }

    #[test]
    fn no_name_becomes_a_formula_or_a_row() {
        for name in fixture::nasty_names() {
            let text = text(&[fixture::hostile_host(&name)]);
            assert_eq!(text.lines().count(), 2, "{name:?}");
            let record = &records(&[fixture::hostile_host(&name)])[0];
            for (column, cell) in record {
                assert!(!cell.chars().any(char::is_control), "{column}: {cell:?}");
                let number = cell.parse::<f64>().is_ok() && column == "days_left";
                assert!(
                    number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                    "{column}: {cell:?}"
                );
            }
        }
    }
}
