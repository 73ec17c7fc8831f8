//! Columns that the user chose, by the words that the screen and the filter language have for them.

use std::borrow::Cow;

use super::grid::Cell;
use super::sheet::Row;
use super::words;
use crate::fleet::Host;
use crate::model::UtcSecond;
use crate::table::ColumnId;

/// What the column says of a host, for people. Raw network text: the writer makes it safe.
pub(super) fn words(column: ColumnId, host: &Host) -> String {
    let mut said = said(column, host);
    if column == ColumnId::Days && !said.is_empty() {
        said.push_str(words::not_yet(host));
    }
    said
}

fn said(column: ColumnId, host: &Host) -> String {
    let mut said = String::new();
    column.say(host, &mut said);
    said
}

/// What the column says of a host, with its type, for spreadsheets.
pub(super) fn cell<'a>(column: ColumnId, row: &Row<'_>) -> Cell<'a> {
    let moment = |time: Option<UtcSecond>| time.map_or(Cell::Empty, Cell::Time);
    match column {
        ColumnId::Expires => moment(row.certificate().and_then(|leaf| leaf.not_after)),
        ColumnId::FirstSeen => moment(row.host.sketch().first_seen.map(Into::into)),
        ColumnId::LastSeen => moment(row.host.sketch().last_seen.map(Into::into)),
        ColumnId::Days
        | ColumnId::AlternativeNames
        | ColumnId::Connect
        | ColumnId::Handshake
        | ColumnId::Attempts
        | ColumnId::Failures
        | ColumnId::Retransmits => digits(said(column, row.host)),
        // The column is in percent, and a sign would make a text of it.
        ColumnId::Loss => digits(said(column, row.host).trim_end_matches('%').to_owned()),
        // A bare 1.3 is the first of March in half of Europe.
        ColumnId::Tls => match said(column, row.host) {
            said if said.starts_with(|c: char| c.is_ascii_digit()) => text(format!("TLS {said}")),
            said => text(said),
        },
        _ => text(said(column, row.host)),
    }
}

fn digits<'a>(said: String) -> Cell<'a> {
    match said.parse::<f64>() {
        Ok(_) => Cell::Number(said),
        Err(_) => text(said),
    }
}

fn text<'a>(said: String) -> Cell<'a> {
    if said.is_empty() {
        Cell::Empty
    } else {
        Cell::Text(Cow::Owned(said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn numbers_and_times_have_their_types() {
        let host = fixture::expired_host();
        let row = Row {
            fleet: None,
            host: &host,
            history: host.history(),
            name: host.display_name(),
        };
        let cell = |column| cell(column, &row);
        assert!(matches!(cell(ColumnId::Days), Cell::Number(digits) if digits == "-20"));
        assert!(matches!(cell(ColumnId::Loss), Cell::Number(digits) if digits == "0"));
        assert!(matches!(cell(ColumnId::Expires), Cell::Time(_)));
        assert!(matches!(cell(ColumnId::FirstSeen), Cell::Time(_)));
        assert!(matches!(cell(ColumnId::Tls), Cell::Text(text) if text == "TLS 1.3"));
        assert!(matches!(cell(ColumnId::Stage), Cell::Empty));
    }
}
