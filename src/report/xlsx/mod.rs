//! A workbook for Excel: a sheet per subject, with typed dates and numbers, filters and a frozen heading.
//!
//! Outside text is made safe and written as a string cell, which Excel never takes for a formula. Every sheet is about the
//! selected hosts, in their order.

mod shade;
mod table;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use super::document::Document;
use super::sheet::{Row, Sheet};
use super::{prose, words};
use crate::diagnosis::{Ending, Policy, endings, remedies};
use crate::model::{Attempt, CertificateFacts, Digest, LookupAnswer, Question, Stage};
use crate::table::{Field, FieldValue};
use shade::Limits;
use table::{Book, MOST_ROWS, SheetColumn, Styles};

/// Fields that come first in the sheet of hosts, because somebody who opens it looks for them.
const LEADING: [Field; 8] = [
    Field::State,
    Field::Host,
    Field::Severity,
    Field::Finding,
    Field::DaysLeft,
    Field::Certificate,
    Field::Address,
    Field::Port,
];

/// Writes the workbook.
pub(super) fn write(sheet: &Sheet<'_>, policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    let bytes = workbook(sheet, policy, MOST_ROWS).map_err(plain)?;
    out.write_all(&bytes)
}

fn plain(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

const SUMMARY: &str = "Summary";

/// The file, with at most so many rows below the heading of a sheet.
fn workbook(sheet: &Sheet<'_>, policy: &Policy, room: u32) -> Result<Vec<u8>, XlsxError> {
    let document = Document::new(sheet, policy);
    let styles = Styles::new(Limits::new(sheet.times.map(|(_, newest)| newest), policy));
    let mut book = Book {
        workbook: Workbook::new(),
        styles: &styles,
        room,
    };
    book.workbook
        .set_properties(&properties(sheet, document.title));
    let mut row = summary(&mut book.workbook, sheet, &document, &styles)?;
    let sheets: [(&str, Fill); 5] = [
        ("Hosts", hosts),
        ("Findings", findings),
        ("Certificates", certificates),
        ("Attempts", attempts),
        ("Names", names),
    ];
    for (name, fill) in sheets {
        let lost = fill(&mut book, sheet)?;
        if lost > 0 {
            let note = format!("the sheet {name} has no room for {}", table::rows(lost));
            let page = book.workbook.worksheet_from_name(SUMMARY)?;
            page.write_string(row, 0, "note")?;
            styles.write_wrapped(page, row, 1, &note)?;
            row += 1;
        }
    }
    book.workbook.save_to_buffer()
}

/// Fills a sheet; returns the number of rows left out.
type Fill = fn(&mut Book<'_>, &Sheet<'_>) -> Result<u64, XlsxError>;

/// The same facts give the same bytes: the creation time is that of the newest fact.
fn properties(sheet: &Sheet<'_>, title: &str) -> DocProperties {
    let newest = sheet.times.map_or(0, |(_, newest)| newest.as_second());
    let properties = DocProperties::new().set_title(prose(title));
    match ExcelDateTime::from_timestamp(newest) {
        Ok(time) => properties.set_creation_datetime(&time),
        Err(_) => properties,
    }
}

/// The first columns of every sheet but the certificates.
fn place<'r>(row: &'r Row<'_>) -> [FieldValue<'r>; 3] {
    PLACE.map(|field| field.value(row.host, &row.history))
}

const PLACE: [Field; 3] = [Field::Address, Field::Port, Field::Name];

/// Returns the row below the last.
fn summary(
    workbook: &mut Workbook,
    sheet: &Sheet<'_>,
    document: &Document<'_>,
    styles: &Styles,
) -> Result<u32, XlsxError> {
    let page = workbook.add_worksheet();
    page.set_name(SUMMARY)?;
    page.set_column_width(0, 34)?;
    page.set_column_width(1, 60)?;
    page.write_string_with_format(0, 0, prose(document.title), &styles.title)?;
    page.write_string(1, 0, &document.headline)?;
    let mut row = 3;
    let mut put = |label: &str, value: FieldValue<'_>| -> Result<(), XlsxError> {
        page.write_string(row, 0, label)?;
        match value {
            FieldValue::Text(text) => styles.write_wrapped(page, row, 1, &text)?,
            value => styles.write(page, row, 1, value)?,
        }
        row += 1;
        Ok(())
    };
    for (label, hosts) in &document.counts {
        put(label, count(*hosts))?;
    }
    for action in &document.actions {
        let text = format!("{} ({}): {}", action.title, action.key, action.hosts);
        put("what to do first", own(text))?;
    }
    for (_, note) in &document.notes {
        put("note", own(note.as_str()))?;
    }
    for (label, value) in &document.facts {
        put(label, value.clone())?;
    }
    if let Some(columns) = sheet.columns {
        let words: Vec<&str> = columns.iter().map(|column| column.key()).collect();
        let chosen = format!("{}; the other sheets have all of theirs", words.join(", "));
        put("columns of Hosts", own(chosen))?;
    }
    Ok(row)
}

fn hosts(book: &mut Book<'_>, sheet: &Sheet<'_>) -> Result<u64, XlsxError> {
    let fields: Vec<Field> = if let Some(chosen) = sheet.columns {
        chosen.to_vec()
    } else {
        let others = Field::ALL.into_iter();
        let others = others.filter(|field| !LEADING.contains(field));
        LEADING.into_iter().chain(others).collect()
    };
    let columns: Vec<SheetColumn> = fields.iter().copied().map(SheetColumn::of).collect();
    let mut table = book.table("Hosts", &columns)?;
    if sheet.columns.is_none() {
        // State and host stay visible while the rest is scrolled.
        table.sheet.set_freeze_panes(1, 2)?;
    }
    for row in sheet.rows() {
        let values = fields.iter();
        table.push(values.map(|field| field.value(row.host, &row.history)))?;
    }
    table.end()
}

fn findings(book: &mut Book<'_>, sheet: &Sheet<'_>) -> Result<u64, XlsxError> {
    let columns = [
        SheetColumn::of(Field::Severity),
        SheetColumn::new("finding", 26.0),
        SheetColumn::of(Field::Address),
        SheetColumn::of(Field::Port),
        SheetColumn::of(Field::Name),
        SheetColumn::new("what", 60.0),
        SheetColumn::new("evidence", 70.0),
        SheetColumn::new("confidence", 12.0),
        SheetColumn::of(Field::Predicted),
        SheetColumn::new("remedy", 10.0),
        SheetColumn::new("what to do", 60.0),
        SheetColumn::new("acknowledged", 40.0),
    ];
    let mut table = book.table("Findings", &columns)?;
    for row in sheet.rows() {
        let diagnosis = &row.host.diagnosis;
        let code = diagnosis.predicted.as_ref().map(|predicted| predicted.code);
        for found in &diagnosis.findings {
            let remedy = found.remedy().and_then(remedies::find);
            let [address, port, name] = place(&row);
            table.push([
                own(found.severity.word()),
                own(found.id),
                address,
                port,
                name,
                own(found.title.as_ref()),
                own(found.evidence.as_str()),
                own(found.confidence.word()),
                FieldValue::text(code),
                FieldValue::text(words::in_turn(found.remedies)),
                FieldValue::text(remedy.map(|remedy| remedy.title.as_str())),
                FieldValue::text(found.acknowledged.as_ref().map(ToString::to_string)),
            ])?;
        }
    }
    table.end()
}

/// A certificate with the hosts that show it.
struct Shown {
    facts: std::sync::Arc<CertificateFacts>,
    hosts: u32,
    first: String,
    days_left: Option<i64>,
}

fn certificates(book: &mut Book<'_>, sheet: &Sheet<'_>) -> Result<u64, XlsxError> {
    let mut shown: BTreeMap<Digest<32>, Shown> = BTreeMap::new();
    for row in sheet.rows() {
        if let Some(facts) = row.certificate() {
            let entry = shown.entry(facts.sha256).or_insert_with(|| Shown {
                facts: facts.clone(),
                hosts: 0,
                first: row.host.key().to_string(),
                days_left: row.host.diagnosis.days_left,
            });
            entry.hosts += 1;
        }
    }
    let mut shown: Vec<Shown> = shown.into_values().collect();
    // The first to expire first; those without a readable end last.
    shown.sort_by(|one, other| {
        let key = |shown: &Shown| (shown.days_left.is_none(), shown.days_left);
        key(one)
            .cmp(&key(other))
            .then_with(|| one.first.cmp(&other.first))
    });
    let columns = [
        SheetColumn::of(Field::DaysLeft),
        SheetColumn::of(Field::NotAfter),
        SheetColumn::of(Field::NotBefore),
        SheetColumn::of(Field::CommonName),
        SheetColumn::of(Field::San),
        SheetColumn::of(Field::Issuer),
        SheetColumn::of(Field::Key),
        SheetColumn::of(Field::SignatureAlgorithm),
        SheetColumn::new("hosts", 8.0),
        SheetColumn::new("shown by", 22.0),
        SheetColumn::new("serial", 24.0),
        SheetColumn::of(Field::Sha1),
        SheetColumn::of(Field::Sha256),
    ];
    let mut table = book.table("Certificates", &columns)?;
    for Shown {
        facts,
        hosts,
        first,
        days_left,
    } in shown
    {
        table.push([
            FieldValue::number(days_left),
            FieldValue::minute(facts.not_after),
            FieldValue::minute(facts.not_before),
            FieldValue::text(facts.common_name.as_deref()),
            own(words::names(&facts, usize::MAX)),
            own(&*facts.issuer),
            FieldValue::text(words::key(&facts)),
            own(&*facts.signature_algorithm),
            count(hosts),
            own(first),
            own(facts.serial.to_string()),
            own(facts.sha1.to_string()),
            own(facts.sha256.to_string()),
        ])?;
    }
    table.end()
}

fn attempts(book: &mut Book<'_>, sheet: &Sheet<'_>) -> Result<u64, XlsxError> {
    let columns = [
        SheetColumn::of(Field::Address),
        SheetColumn::of(Field::Port),
        SheetColumn::of(Field::Name),
        SheetColumn::new("attempt", 9.0),
        SheetColumn::new("began (UTC)", 20.0),
        SheetColumn::new("by name", 30.0),
        SheetColumn::new("result", 14.0),
        SheetColumn::of(Field::FailedStage),
        SheetColumn::new("connect ms", 12.0),
        SheetColumn::new("whole ms", 12.0),
        SheetColumn::new("silent rounds", 13.0),
        SheetColumn::new("rtt ms", 10.0),
        SheetColumn::new("retransmits", 12.0),
    ];
    let mut table = book.table("Attempts", &columns)?;
    for row in sheet.rows() {
        let attempts = &row.history.attempts;
        for ((attempt, ending), nth) in attempts.iter().zip(endings(attempts)).zip(1_i64..) {
            let [address, port, name] = place(&row);
            let mut cells = vec![address, port, name];
            cells.extend(attempt_cells(nth, attempt, ending));
            table.push(cells)?;
        }
    }
    table.end()
}

fn attempt_cells<'a>(nth: i64, attempt: &'a Attempt, ending: Ending<'_>) -> [FieldValue<'a>; 10] {
    let (result, stage) = match ending {
        Ending::Through => ("got through", None),
        Ending::Failed(stage, _) => ("stopped", Some(stage)),
        Ending::NotCounted => ("not counted", None),
    };
    let path = attempt.path;
    let rtt_ms = path
        .and_then(|path| path.rtt())
        .map(|rtt_us| f64::from(rtt_us) / 1000.0);
    [
        count(nth),
        FieldValue::Minute(attempt.started_at.into()),
        FieldValue::text(attempt.sni.as_deref()),
        own(result),
        FieldValue::text(stage.map(Stage::word)),
        FieldValue::decimal(attempt.connect_ms(), 2),
        FieldValue::Decimal(attempt.total_ms(), 2),
        count(attempt.unanswered_rounds),
        FieldValue::decimal(rtt_ms, 2),
        FieldValue::number(path.and_then(|path| path.retransmits)),
    ]
}

fn names(book: &mut Book<'_>, sheet: &Sheet<'_>) -> Result<u64, XlsxError> {
    let columns = [
        SheetColumn::of(Field::Address),
        SheetColumn::of(Field::Port),
        SheetColumn::of(Field::Name),
        SheetColumn::new("question", 44.0),
        SheetColumn::new("kind", 10.0),
        SheetColumn::new("resolver", 24.0),
        SheetColumn::new("answer", 60.0),
        SheetColumn::new("ms", 8.0),
    ];
    let mut table = book.table("Names", &columns)?;
    for row in sheet.rows() {
        for lookup in &row.history.lookups {
            let kind = match &lookup.question {
                Question::Addresses(_) => "A/AAAA",
                Question::Pointer(_) => "PTR",
            };
            // A list that does not fit into its cell says how much is missing.
            let answer = match &lookup.answer {
                LookupAnswer::Addresses { addresses, .. } => {
                    FieldValue::Addresses(addresses.clone())
                }
                LookupAnswer::Names { names } => own(words::listed(names)),
                other => own(other.to_string()),
            };
            let [address, port, name] = place(&row);
            table.push([
                address,
                port,
                name,
                own(lookup.question.to_string()),
                own(kind),
                own(words::resolver(lookup.resolver)),
                answer,
                count(lookup.duration_ms),
            ])?;
        }
    }
    table.end()
}

fn own<'a>(text: impl Into<Cow<'a, str>>) -> FieldValue<'a> {
    FieldValue::Text(text.into())
}

fn count<'a>(count: impl TryInto<i64>) -> FieldValue<'a> {
    FieldValue::number(Some(count))
}

#[cfg(test)]
mod tests;
