//! A table and the findings under it, for people: a terminal, a log, a mail. No colour, no box drawing, one host per row.
//!
//! The words for states and verdicts are those of the JSON report, so that one can search for them.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table};

use super::sheet::{Row, Sheet};
use super::words;
use crate::model::{HostState, ScanStatus, Severity, Subject};
use crate::sanitize::{single_line, terminal};

const HEADER: [&str; 9] = [
    "STATE",
    "ADDRESS",
    "NAME",
    "CERTIFICATE",
    "TLS",
    "NLA",
    "DNS",
    "STABILITY",
    "FIRST FINDING",
];

/// Writes the whole report. `width` in columns lets the table wrap; `None` gives every row one line.
pub(super) fn write(sheet: &Sheet<'_>, width: Option<u16>, out: &mut dyn Write) -> io::Result<()> {
    banners(sheet, out)?;
    if sheet.rows.is_empty() {
        writeln!(out, "no hosts to show")?;
    } else {
        writeln!(out, "{}", table(sheet, width).trim_fmt())?;
    }
    writeln!(out)?;
    summary(sheet, out)?;
    findings(sheet, out)
}

fn banners(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut banners = Vec::new();
    if sheet.plan.is_some_and(|plan| plan.simulated) {
        banners.push("these hosts are simulated on this machine".to_owned());
    }
    match sheet.end.map(|end| end.status) {
        Some(ScanStatus::Complete) => {}
        Some(ScanStatus::Interrupted) => {
            banners.push("the scan was interrupted: this is what was found until then".to_owned());
        }
        None => banners.push("the scan has no end: this is what is known so far".to_owned()),
    }
    banners.extend(sheet.notices.iter().map(words::notice));
    for banner in &banners {
        writeln!(out, "note: {}", single_line(banner))?;
    }
    if !banners.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

fn table(sheet: &Sheet<'_>, width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    match width {
        Some(width) => {
            table.set_width(width);
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        None => {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
    }
    table.set_header(HEADER);
    for row in &sheet.rows {
        table.add_row(cells(row));
    }
    let last = HEADER.len() - 1;
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { 2 }));
        // A state or an address broken over two lines can no longer be searched for, or pasted.
        if index < 2 {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table
}

fn cells(row: &Row<'_>) -> [String; HEADER.len()] {
    let diagnosis = &row.host.diagnosis;
    let tls = row.host.history.tls();
    let stability = &diagnosis.stability;
    [
        diagnosis.state.to_string(),
        address(row),
        row.name
            .map_or_else(dash, |name| terminal(name).into_owned()),
        certificate(row),
        tls.and_then(|tls| tls.version)
            .map_or_else(dash, |version| version.to_string()),
        diagnosis.nla.to_string(),
        diagnosis.dns.to_string(),
        format!(
            "{} {}/{}",
            stability.verdict,
            stability.attempts.saturating_sub(stability.failures),
            stability.attempts
        ),
        diagnosis
            .findings
            .first()
            .map_or_else(dash, |found| terminal(&found.id).into_owned()),
    ]
}

fn dash() -> String {
    "-".to_owned()
}

fn address(row: &Row<'_>) -> String {
    match &row.host.history.subject {
        Subject::Endpoint(endpoint) => endpoint.to_string(),
        Subject::Unresolved { port, .. } => format!("none, port {port}"),
    }
}

/// Status, end and days left: the datum must not vanish on the day that it matters.
fn certificate(row: &Row<'_>) -> String {
    let Some(leaf) = row.host.history.certificate() else {
        return dash();
    };
    let diagnosis = &row.host.diagnosis;
    let mut parts = Vec::new();
    parts.extend(
        diagnosis
            .certificate_status
            .map(|status| status.to_string()),
    );
    parts.extend(leaf.not_after.map(words::day));
    parts.extend(diagnosis.days_left.map(|days| format!("({days} d)")));
    parts.join(" ")
}

fn summary(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let summary = &sheet.summary;
    let states: Vec<String> = HostState::ALL
        .iter()
        .filter_map(|state| {
            let count = summary.by_state.get(state).filter(|count| **count > 0)?;
            Some(format!("{count} {state}"))
        })
        .collect();
    let hosts = counted(summary.hosts, "host");
    if states.is_empty() {
        writeln!(out, "{hosts}")?;
    } else {
        writeln!(out, "{hosts}: {}", states.join(", "))?;
    }
    writeln!(
        out,
        "certificates: {} expired, {} expiring; {} flaky; {} with DNS trouble",
        summary.expired, summary.expiring, summary.flaky, summary.dns_trouble
    )?;
    if sheet.left_out > 0 {
        writeln!(
            out,
            "left out by filter: {}",
            counted(sheet.left_out as u64, "host")
        )?;
    }
    if let Some(end) = sheet.end {
        let unlisted = end.unlisted;
        writeln!(
            out,
            "{} probed; without a row: {} filtered, {} closed, {} unreachable",
            counted_as(end.endpoints_probed, "address", "addresses"),
            unlisted.filtered,
            unlisted.closed,
            unlisted.unreachable
        )?;
    }
    if let (Some(plan), Some((started, newest))) = (sheet.plan, sheet.times) {
        writeln!(
            out,
            "rdpscan {}, from {}, {} to {} UTC, seed {}",
            single_line(&plan.version),
            single_line(sheet.vantage),
            words::spreadsheet_time(started),
            words::spreadsheet_time(newest),
            plan.seed
        )?;
    }
    Ok(())
}

/// Hosts with something to do, with everything that a reader needs to do it. Those with nothing but notes are counted.
fn findings(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut only_notes = 0;
    let mut first = true;
    for row in &sheet.rows {
        let diagnosis = &row.host.diagnosis;
        let worst = diagnosis.findings.iter().map(|found| found.severity).max();
        if worst == Some(Severity::Info) {
            only_notes += 1;
        }
        let wanted = worst.is_some_and(|worst| worst > Severity::Info)
            || matches!(diagnosis.state, HostState::Broken | HostState::Degraded);
        if !wanted {
            continue;
        }
        if first {
            writeln!(out, "\nFINDINGS")?;
            first = false;
        }
        writeln!(out)?;
        details(row, out)?;
    }
    if only_notes > 0 {
        writeln!(
            out,
            "\n{} with findings of severity info only are not listed here; --format json has them",
            counted(only_notes, "host")
        )?;
    }
    Ok(())
}

fn details(row: &Row<'_>, out: &mut dyn Write) -> io::Result<()> {
    let diagnosis = &row.host.diagnosis;
    write!(out, "{}", address(row))?;
    if let Some(name) = row.name {
        write!(out, " {}", terminal(name))?;
    }
    write!(out, ": {}", diagnosis.state)?;
    if let Some(stage) = diagnosis.failed_stage {
        write!(out, " at {stage}")?;
    }
    writeln!(out)?;
    if let Some(line) = certificate_line(row) {
        writeln!(out, "  certificate: {}", terminal(&line))?;
    }
    if let Some(predicted) = &diagnosis.predicted {
        writeln!(
            out,
            "  a user would see: {} {} ({} %)",
            terminal(&predicted.code),
            single_line(&predicted.name),
            predicted.likelihood
        )?;
        for reason in &predicted.reasons {
            writeln!(out, "    because {}", single_line(reason))?;
        }
    }
    for found in &diagnosis.findings {
        write!(
            out,
            "  {} {}: {} ({}",
            found.severity,
            terminal(&found.id),
            single_line(&found.title),
            found.confidence.word()
        )?;
        if let Some(remedy) = &found.remedy {
            write!(out, ", remedy {}", terminal(remedy))?;
        }
        writeln!(out, ")")?;
        if !found.evidence.is_empty() {
            writeln!(out, "    {}", single_line(&found.evidence))?;
        }
    }
    Ok(())
}

/// Raw: the caller makes it safe.
fn certificate_line(row: &Row<'_>) -> Option<String> {
    let tls = row.host.history.tls()?;
    let leaf = tls.leaf()?;
    let mut parts = Vec::new();
    if let Some(reason) = &leaf.unparsable {
        parts.push(format!("unparsable ({reason})"));
    } else {
        parts.push(format!("subject {}", leaf.subject));
        parts.push(match words::self_signed(tls, leaf) {
            Some(true) => "self-signed".to_owned(),
            _ => format!("issuer {}", leaf.issuer),
        });
        let end = |time: Option<jiff::Timestamp>| {
            time.map_or_else(|| "?".to_owned(), words::spreadsheet_time)
        };
        parts.push(format!(
            "valid {} to {} UTC",
            end(leaf.not_before),
            end(leaf.not_after)
        ));
        parts.push(words::key(leaf));
        parts.push(leaf.signature_algorithm.to_string());
    }
    parts.push(format!("thumbprint {}", leaf.sha1));
    Some(parts.join(", "))
}

fn counted(count: u64, noun: &str) -> String {
    counted_as(count, noun, &format!("{noun}s"))
}

fn counted_as(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
