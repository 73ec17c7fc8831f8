//! `rdpscan.report/1`: one JSON document for one scan.
//!
//! INVARIANT: names in this format are frozen. More may be added, none renamed or given another meaning. Hence the types here
//! are the format's own, and the model may change behind them. What is absent is `null`; times are RFC 3339 in UTC.
//!
//! The layout is fixed too: each top-level key and each host stands on a line of its own, so that two reports can be
//! compared, and one host found, with line tools. The same facts always give the same bytes.

mod host;

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::facts::{HistoryRecord, Table};
use super::sheet::Sheet;
use crate::diagnosis::Policy;
use crate::fleet::Summary;
use crate::model::{HostState, ScanStatus, Severity};
use host::HostV1;

/// The format's name and major version.
pub const REPORT_SCHEMA: &str = "rdpscan.report/1";

#[derive(Serialize)]
struct ScanV1<'a> {
    id: &'a str,
    version: Option<&'a str>,
    vantage: &'a str,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    /// The time as of which hosts were judged: the newest event's.
    judged_at: Option<Timestamp>,
    status: ScanStatus,
    targets: &'a [String],
    addresses_planned: Option<u64>,
    addresses_probed: Option<u64>,
    /// Hosts that a filter or a selection kept out of this file.
    hosts_left_out: usize,
}

#[derive(Serialize)]
struct SummaryV1 {
    hosts: u64,
    by_state: BTreeMap<&'static str, u64>,
    by_severity: BTreeMap<&'static str, u64>,
    expired: u64,
    expiring: u64,
    flaky: u64,
    dns_trouble: u64,
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    host: HostV1<'a>,
    history: HistoryRecord,
}

/// Writes a sheet as one document, host by host.
pub(super) fn write(sheet: &Sheet<'_>, policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::default();
    for history in sheet.histories() {
        table.add(history);
    }
    write!(out, "{{\"schema\":\"{REPORT_SCHEMA}\"")?;
    key(out, "scan", &scan(sheet))?;
    key(out, "summary", &summary(&sheet.summary))?;
    list(
        out,
        "hosts",
        sheet.rows.iter().map(|row| Entry {
            host: HostV1::new(row),
            history: table.record(&row.host.history),
        }),
    )?;
    list(
        out,
        "references",
        sheet.references().map(|history| table.record(&history)),
    )?;
    key(out, "certificates", table.entries())?;
    key(out, "notices", sheet.notices)?;
    key(out, "policy", policy)?;
    key(out, "plan", &sheet.plan)?;
    key(out, "end", &sheet.end)?;
    out.write_all(b"}\n")
}

fn key(out: &mut dyn Write, name: &str, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    write!(out, ",\n\"{name}\":")?;
    Ok(serde_json::to_writer(out, value)?)
}

fn list<T: Serialize>(
    out: &mut dyn Write,
    name: &str,
    values: impl Iterator<Item = T>,
) -> io::Result<()> {
    write!(out, ",\n\"{name}\":[")?;
    let mut separator = "\n";
    for value in values {
        out.write_all(separator.as_bytes())?;
        serde_json::to_writer(&mut *out, &value)?;
        separator = ",\n";
    }
    out.write_all(b"]")
}

fn scan<'a>(sheet: &Sheet<'a>) -> ScanV1<'a> {
    let newest = sheet.times.map(|(_, newest)| newest);
    ScanV1 {
        id: sheet.run_id,
        version: sheet.plan.map(|plan| &*plan.version),
        vantage: sheet.vantage,
        started_at: sheet.times.map(|(started, _)| started),
        finished_at: newest.filter(|_| sheet.end.is_some()),
        judged_at: newest,
        // Without an end the scan still runs, or its recording was cut off.
        status: sheet.end.map_or(ScanStatus::Interrupted, |end| end.status),
        targets: sheet.plan.map_or(&[], |plan| &plan.targets),
        addresses_planned: sheet.plan.map(|plan| plan.endpoints_planned),
        addresses_probed: sheet.end.map(|end| end.endpoints_probed),
        hosts_left_out: sheet.left_out,
    }
}

/// Every word is there, with 0 where nothing was counted.
fn summary(summary: &Summary) -> SummaryV1 {
    let states = HostState::ALL.iter().map(|state| {
        (
            state.word(),
            summary.by_state.get(state).copied().unwrap_or(0),
        )
    });
    let severities = Severity::ALL.iter().map(|severity| {
        (
            severity.word(),
            summary.by_severity.get(severity).copied().unwrap_or(0),
        )
    });
    SummaryV1 {
        hosts: summary.hosts,
        by_state: states.collect(),
        by_severity: severities.collect(),
        expired: summary.expired,
        expiring: summary.expiring,
        flaky: summary.flaky,
        dns_trouble: summary.dns_trouble,
    }
}
