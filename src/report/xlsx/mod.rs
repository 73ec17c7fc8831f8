//! A workbook for Excel: a sheet per subject, with real dates and numbers, filters and a frozen heading.
//!
//! Every outside text is written as a string cell, which Excel never takes for a formula, and made safe before. The hosts are
//! those selected, in their order; every sheet is about them and says so.

mod columns;
mod shade;
mod table;

use std::collections::BTreeMap;
use std::io::{self, Write};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use super::grid::Cell;
use super::sheet::{Row, Sheet};
use super::words;
use crate::diagnosis::{Ending, Policy, endings, remedies};
use crate::model::{
    Attempt, CertificateFacts, Digest, HostState, LookupAnswer, Question, ScanStatus,
};
use shade::Limits;
use table::{MOST_ROWS, Styles, Table, number, text, time};

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

/// Targets named in full; the rest are counted.
const MOST_TARGETS: usize = 10;
const SUMMARY: &str = "Summary";

/// The file, with room for so many rows below the heading of a sheet.
fn workbook(sheet: &Sheet<'_>, policy: &Policy, room: u32) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(sheet));
    let styles = Styles::new(Limits::new(sheet.times.map(|(_, newest)| newest), policy));
    let mut row = summary(&mut workbook, sheet, &styles)?;
    let sheets: [(&str, Fill); 5] = [
        ("Hosts", hosts),
        ("Findings", findings),
        ("Certificates", certificates),
        ("Attempts", attempts),
        ("Names", names),
    ];
    for (name, fill) in sheets {
        let lost = fill(&mut workbook, sheet, &styles, room)?;
        if lost > 0 {
            let note = format!("the sheet {name} has no room for {}", table::rows(lost));
            let page = workbook.worksheet_from_name(SUMMARY)?;
            page.write_string(row, 0, "note")?;
            styles.write_wrapped(page, row, 1, &note)?;
            row += 1;
        }
    }
    workbook.save_to_buffer()
}

/// Fills a sheet with at most so many rows, and says how many more there are.
type Fill = fn(&mut Workbook, &Sheet<'_>, &Styles, u32) -> Result<u64, XlsxError>;

/// The same facts give the same bytes: the workbook is as old as what it says, not as its writing.
fn properties(sheet: &Sheet<'_>) -> DocProperties {
    let newest = sheet.times.map_or(0, |(_, newest)| newest.as_second());
    let properties = DocProperties::new().set_title("Remote Desktop scan");
    match ExcelDateTime::from_timestamp(newest) {
        Ok(time) => properties.set_creation_datetime(&time),
        Err(_) => properties,
    }
}

/// Address and port, or the port alone for a name that led nowhere.
fn place<'a>(row: &Row<'_>) -> [Cell<'a>; 3] {
    let key = row.host.key();
    [
        key.endpoint()
            .map_or(Cell::Empty, |endpoint| text(endpoint.address.to_string())),
        number(key.port()),
        row.name.map_or(Cell::Empty, |name| text(name.to_owned())),
    ]
}

/// Returns the row below the last.
fn summary(workbook: &mut Workbook, sheet: &Sheet<'_>, styles: &Styles) -> Result<u32, XlsxError> {
    let page = workbook.add_worksheet();
    page.set_name(SUMMARY)?;
    page.set_column_width(0, 34)?;
    page.set_column_width(1, 60)?;
    page.write_string_with_format(0, 0, "Remote Desktop scan", &styles.title)?;
    let mut row = 2;
    let mut put = |label: &str, cell: Cell<'_>| -> Result<(), XlsxError> {
        page.write_string(row, 0, label)?;
        match cell {
            Cell::Text(value) => styles.write_wrapped(page, row, 1, &value)?,
            Cell::Number(digits) => {
                page.write_number(row, 1, digits.parse().unwrap_or(0.0))?;
            }
            Cell::Time(moment) => match ExcelDateTime::from_timestamp(moment.as_second()) {
                Ok(date) => {
                    page.write_datetime_with_format(row, 1, date, &styles.time)?;
                }
                Err(_) => {
                    page.write_string(row, 1, moment.to_string())?;
                }
            },
            Cell::Empty => {}
        }
        row += 1;
        Ok(())
    };
    let targets = sheet.plan.map_or_else(String::new, |plan| {
        words::first(&plan.targets, MOST_TARGETS)
    });
    put("targets", text(targets))?;
    if sheet.plan.is_some_and(|plan| plan.simulated) {
        put("note", text("these hosts are simulated"))?;
    }
    put("scan", text(sheet.scan_text()))?;
    put("seen from", text(sheet.vantage))?;
    put("began (UTC)", time(sheet.times.map(|(start, _)| start)))?;
    put(
        "judged as of (UTC)",
        time(sheet.times.map(|(_, newest)| newest)),
    )?;
    let status = match sheet.end.map(|end| end.status) {
        Some(ScanStatus::Complete) => "complete",
        Some(ScanStatus::Interrupted) => "interrupted: this is what was found until then",
        None => "without an end: this is what is known so far",
    };
    put("scan is", text(status))?;
    if let Some(end) = sheet.end.filter(|end| end.not_reached > 0) {
        put("addresses not reached", number(end.not_reached))?;
    }
    let whole = match sheet.left_out {
        0 => "all hosts of the scan".to_owned(),
        1 => "a selection: 1 host is left out".to_owned(),
        many => format!("a selection: {many} hosts are left out"),
    };
    put("this workbook has", text(whole))?;
    if let Some(columns) = sheet.columns {
        let words: Vec<&str> = columns.iter().map(|column| column.word()).collect();
        let chosen = format!("{}; the other sheets have all of theirs", words.join(", "));
        put("columns of Hosts", text(chosen))?;
    }
    put("hosts", number(sheet.summary.hosts))?;
    for state in HostState::ALL {
        let count = sheet.summary.by_state.of(*state);
        put(&format!("  {state}"), number(count))?;
    }
    put("certificates expired", number(sheet.summary.expired()))?;
    put("certificates expiring", number(sheet.summary.expiring()))?;
    put("flaky hosts", number(sheet.summary.flaky()))?;
    put(
        "hosts with DNS trouble",
        number(sheet.summary.dns_trouble()),
    )?;
    let notes = sheet.notices.iter().map(ToString::to_string);
    for note in notes.chain(sheet.banners.iter().map(|banner| banner.text.clone())) {
        put("note", text(note))?;
    }
    Ok(row)
}

fn hosts(
    workbook: &mut Workbook,
    sheet: &Sheet<'_>,
    styles: &Styles,
    room: u32,
) -> Result<u64, XlsxError> {
    let mut table = Table::new(workbook, styles, "Hosts", &columns::headings(sheet), room)?;
    if sheet.columns.is_none() {
        // The state and whose it is stay in sight while the rest is scrolled.
        table.sheet.set_freeze_panes(1, 2)?;
    }
    for row in sheet.rows() {
        table.push(columns::cells(sheet, &row))?;
    }
    table.end()
}

fn findings(
    workbook: &mut Workbook,
    sheet: &Sheet<'_>,
    styles: &Styles,
    room: u32,
) -> Result<u64, XlsxError> {
    let headings = [
        ("severity", 12.0),
        ("finding", 26.0),
        ("address", 20.0),
        ("port", 8.0),
        ("name", 34.0),
        ("what", 60.0),
        ("evidence", 70.0),
        ("confidence", 12.0),
        ("client shows", 14.0),
        ("remedy", 10.0),
        ("what to do", 60.0),
    ];
    let mut table = Table::new(workbook, styles, "Findings", &headings, room)?;
    for row in sheet.rows() {
        let diagnosis = &row.host.diagnosis;
        let code = diagnosis.predicted.as_ref().map(|predicted| predicted.code);
        for found in &diagnosis.findings {
            let remedy = found.remedy().and_then(remedies::find);
            let [address, port, name] = place(&row);
            table.push([
                text(found.severity.word()),
                text(found.id),
                address,
                port,
                name,
                text(found.title.as_ref()),
                text(found.evidence.as_str()),
                text(found.confidence.word()),
                code.map_or(Cell::Empty, text),
                words::in_turn(found.remedies).map_or(Cell::Empty, text),
                remedy.map_or(Cell::Empty, |remedy| text(remedy.title.as_str())),
            ])?;
        }
    }
    table.end()
}

/// A certificate, and who shows it.
struct Shown {
    facts: std::sync::Arc<CertificateFacts>,
    hosts: u32,
    first: String,
    days_left: Option<i64>,
}

fn certificates(
    workbook: &mut Workbook,
    sheet: &Sheet<'_>,
    styles: &Styles,
    room: u32,
) -> Result<u64, XlsxError> {
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
    // What ends first stands first; what has no end that could be read stands last.
    shown.sort_by(|one, other| {
        let key = |shown: &Shown| (shown.days_left.is_none(), shown.days_left);
        key(one)
            .cmp(&key(other))
            .then_with(|| one.first.cmp(&other.first))
    });
    let headings = [
        ("days left", 10.0),
        ("not after (UTC)", 20.0),
        ("not before (UTC)", 20.0),
        ("common name", 34.0),
        ("alternative names", 44.0),
        ("issuer", 44.0),
        ("key", 14.0),
        ("signature", 26.0),
        ("hosts", 8.0),
        ("shown by", 22.0),
        ("serial", 24.0),
        ("SHA-1", 44.0),
        ("SHA-256", 66.0),
    ];
    let mut table = Table::new(workbook, styles, "Certificates", &headings, room)?;
    for Shown {
        facts,
        hosts,
        first,
        days_left,
    } in shown
    {
        table.push([
            days_left.map_or(Cell::Empty, number),
            time(facts.not_after),
            time(facts.not_before),
            facts.common_name.as_deref().map_or(Cell::Empty, text),
            text(words::names(&facts, usize::MAX)),
            text(&*facts.issuer),
            words::key(&facts).map_or(Cell::Empty, text),
            text(&*facts.signature_algorithm),
            number(hosts),
            text(first),
            text(facts.serial.to_string()),
            text(facts.sha1.to_string()),
            text(facts.sha256.to_string()),
        ])?;
    }
    table.end()
}

fn attempts(
    workbook: &mut Workbook,
    sheet: &Sheet<'_>,
    styles: &Styles,
    room: u32,
) -> Result<u64, XlsxError> {
    let headings = [
        ("address", 20.0),
        ("port", 8.0),
        ("name", 34.0),
        ("attempt", 9.0),
        ("began (UTC)", 20.0),
        ("by name", 30.0),
        ("result", 14.0),
        ("broke at", 12.0),
        ("connect ms", 12.0),
        ("whole ms", 12.0),
        ("silent rounds", 13.0),
        ("rtt ms", 10.0),
        ("retransmits", 12.0),
    ];
    let mut table = Table::new(workbook, styles, "Attempts", &headings, room)?;
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

fn attempt_cells<'a>(nth: i64, attempt: &'a Attempt, ending: Ending<'_>) -> [Cell<'a>; 10] {
    let (result, stage) = match ending {
        Ending::Through => ("got through", None),
        Ending::Failed(stage, _) => ("stopped", Some(stage)),
        Ending::NotCounted => ("not counted", None),
    };
    let path = attempt.path;
    [
        number(nth),
        Cell::Time(attempt.started_at.into()),
        attempt.sni.as_deref().map_or(Cell::Empty, text),
        text(result),
        stage.map_or(Cell::Empty, |stage| text(stage.word())),
        attempt
            .connect_ms()
            .map_or(Cell::Empty, |ms| Cell::Number(format!("{ms:.2}"))),
        Cell::Number(format!("{:.2}", attempt.total_ms())),
        number(attempt.unanswered_rounds),
        path.and_then(|path| path.rtt())
            .map_or(Cell::Empty, |rtt_us| {
                Cell::Number(format!("{:.2}", f64::from(rtt_us) / 1000.0))
            }),
        path.and_then(|path| path.retransmits)
            .map_or(Cell::Empty, number),
    ]
}

fn names(
    workbook: &mut Workbook,
    sheet: &Sheet<'_>,
    styles: &Styles,
    room: u32,
) -> Result<u64, XlsxError> {
    let headings = [
        ("address", 20.0),
        ("port", 8.0),
        ("name", 34.0),
        ("question", 44.0),
        ("kind", 10.0),
        ("resolver", 24.0),
        ("answer", 60.0),
        ("ms", 8.0),
    ];
    let mut table = Table::new(workbook, styles, "Names", &headings, room)?;
    for row in sheet.rows() {
        for lookup in &row.history.lookups {
            let (question, kind) = match &lookup.question {
                Question::Addresses(name) => (name.to_string(), "A/AAAA"),
                Question::Pointer(address) => (address.to_string(), "PTR"),
            };
            let answer = match &lookup.answer {
                LookupAnswer::Addresses { addresses, .. } => {
                    let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                    words::listed(&list)
                }
                LookupAnswer::Names { names } => words::listed(names),
                LookupAnswer::NxDomain => "NXDOMAIN".to_owned(),
                LookupAnswer::NoData => "no record".to_owned(),
                LookupAnswer::AliasLoop => "loop of aliases".to_owned(),
                LookupAnswer::Timeout => "no answer in time".to_owned(),
                LookupAnswer::ServFail => "SERVFAIL".to_owned(),
                LookupAnswer::Refused => "REFUSED".to_owned(),
                LookupAnswer::NotFound => "not found".to_owned(),
                LookupAnswer::Error { detail } => detail.to_string(),
            };
            let [address, port, name] = place(&row);
            table.push([
                address,
                port,
                name,
                text(question),
                text(kind),
                text(words::resolver(lookup.resolver)),
                text(answer),
                number(lookup.duration_ms),
            ])?;
        }
    }
    table.end()
}

#[cfg(test)]
mod tests;
