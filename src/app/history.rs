//! `rdpscan history`: the scans that are kept, one host over time, and deleting what is too old.

use anyhow::{Result, bail};
use jiff::Timestamp;

use crate::changes::PastHost;
use crate::cli::{HistoryArgs, HistoryCommand};
use crate::clock;
use crate::counts::{counted, grouped};
use crate::exit::ExitStatus;
use crate::history::{Index, ScanEntry};
use crate::model::ScanStatus;
use crate::report::{columns, first};
use crate::sanitize::single_line;
use crate::settings::Settings;

use super::{kept, rules, sink};

/// Targets named in the list of scans; more are counted.
pub(super) const MOST_TARGETS: usize = 3;

pub(super) fn run(arguments: &HistoryArgs, settings: &Settings) -> Result<ExitStatus> {
    let folder = kept::folder()?;
    if let Some(HistoryCommand::Prune) = arguments.command {
        let keep = settings.history.keep;
        let deleted = folder.prune(keep, None, clock::wall());
        let index = Index::connect(&folder, rules::of(settings));
        if let Err(error) = index.and_then(|mut index| index.forget_deleted()) {
            tracing::warn!(%error, "Deleted scans are in the index until it is opened again");
        }
        let scans = counted(deleted, "scan", "scans");
        sink::print(&format!("deleted {scans}; history.keep is {keep}\n"))?;
        return Ok(ExitStatus::Done);
    }
    let mut index = Index::open(&folder, rules::of(settings))?;
    let text = match &arguments.host {
        None => list(&index.scans()?),
        Some(name) => {
            let hosts = index.host(name)?;
            if hosts.is_empty() {
                bail!(
                    "no kept scan has a host `{}`; give a name or an address as a scan shows it, and see `rdpscan history`",
                    single_line(name)
                );
            }
            timeline(&hosts)
        }
    };
    sink::print(&text)?;
    Ok(ExitStatus::Done)
}

fn list(scans: &[ScanEntry]) -> String {
    if scans.is_empty() {
        return "no scan is kept yet\n".to_owned();
    }
    let headings = [
        "SCAN",
        "STARTED (UTC)",
        "STATUS",
        "HOSTS",
        "PROBLEMS",
        "WOULD REFUSE",
        "TARGETS",
    ];
    let rows = scans.iter().map(|scan| {
        [
            scan.id().to_string(),
            minute(scan.times.0),
            match scan.end.map(|end| end.status) {
                Some(ScanStatus::Complete) => "complete".to_owned(),
                Some(ScanStatus::Interrupted) => "interrupted".to_owned(),
                None => "broken off".to_owned(),
            },
            grouped(scan.hosts),
            grouped(scan.problems),
            grouped(scan.would_refuse),
            first(&scan.targets, MOST_TARGETS),
        ]
    });
    table(headings, rows)
}

/// A line for each scan, oldest first, so that the newest is beside the prompt.
fn timeline(hosts: &[PastHost]) -> String {
    let headings = [
        "SCAN",
        "STARTED (UTC)",
        "HOST",
        "STATE",
        "CERTIFICATES UNTIL",
        "DNS",
        "STABILITY",
        "CONFIGURATION",
        "WORST FINDING",
    ];
    let rows = hosts.iter().map(|PastHost { id, began, record }| {
        let ends = record.certificates.iter().map(|one| match one.not_after {
            Some(end) => end.civil().date().to_string(),
            None => "unknown".to_owned(),
        });
        let ends: Vec<String> = ends.collect();
        let mut findings = record.all_findings();
        let worst = findings.next();
        let more = match findings.count() {
            0 => String::new(),
            more => format!(" +{more}"),
        };
        [
            id.to_string(),
            minute(*began),
            record.key.to_string(),
            record.state_text(),
            ends.join(", "),
            record.dns.to_string(),
            record.stability.to_string(),
            record.fingerprint.to_string(),
            worst.map_or_else(String::new, |(id, _)| format!("{id}{more}")),
        ]
    });
    table(headings, rows)
}

pub(super) fn table<const N: usize>(
    headings: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let rows = rows.map(|row| {
        row.map(|cell| match single_line(&cell) {
            text if text.is_empty() => "-".to_owned(),
            text => text.into_owned(),
        })
    });
    format!("{}\n", columns(headings, rows, None))
}

pub(super) fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}
