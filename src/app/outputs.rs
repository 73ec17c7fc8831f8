//! What is written of a fleet, where, and in which order.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fleet::{Fleet, Host};
use crate::model::{Notice, Severity};
use crate::report::{self, Format, Selection};
use crate::table::Filter;
use crate::tui;

/// Exports tried before giving up on a free file name.
const MOST_EXPORTS: u32 = 1000;

/// Rows that pass the filter: for people the worst first, for programs by address.
pub(super) fn rows(fleet: &Fleet, filter: &Filter, format: Format) -> Vec<usize> {
    let hosts = fleet.hosts();
    let mut rows: Vec<usize> = (0..hosts.len()).collect();
    rows.retain(|row| hosts.get(*row).is_some_and(|host| filter.matches(host)));
    let host = |row: &usize| hosts.get(*row);
    match format {
        Format::Text => rows.sort_by_key(|row| {
            host(row).map(|host| (host.diagnosis.state, host.subject().clone()))
        }),
        Format::Json | Format::Ndjson | Format::Csv => {
            rows.sort_by_key(|row| host(row).map(|host| host.subject().clone()));
        }
    }
    rows
}

/// Where a report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sink {
    /// Standard output.
    Standard,
    /// A file, written whole.
    File(PathBuf),
}

/// Writes a fleet. A reader of standard output that has gone away is no fault.
pub(super) fn write(fleet: &Fleet, filter: &Filter, format: Format, sink: &Sink) -> Result<()> {
    let rows = rows(fleet, filter, format);
    let selection = Selection {
        fleet,
        rows: &rows,
        whole: filter.is_empty(),
    };
    match sink {
        Sink::File(path) => report::write_file(path, format, &selection)?,
        Sink::Standard => {
            let stdout = io::stdout();
            let width = stdout
                .is_terminal()
                .then(|| crossterm::terminal::size().ok())
                .flatten()
                .map(|(width, _)| width);
            let mut out = BufWriter::new(stdout.lock());
            let written = match format {
                Format::Text => report::write_text(&selection, width, &mut out),
                _ => report::write(format, &selection, &mut out),
            };
            quietly(written.and_then(|()| out.flush()))
                .context("cannot write to standard output")?;
        }
    }
    Ok(())
}

/// A broken pipe is how `| head` says "enough".
pub(super) fn quietly(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Says something on standard error. When even that is gone, nobody is left to tell.
pub(super) fn tell(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}

/// Prints text to standard output.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    quietly(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
        .context("cannot write to standard output")
}

/// How the screen behaves and looks, with a filter to begin with. `NO_COLOR` (no-color.org) is honoured.
pub(super) fn screen(filter: String) -> tui::Options {
    let mut options = tui::Options::new(exporter());
    options.filter = filter;
    options.theme.color = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    options
}

/// Exports from the screen: the complete facts of the rows shown, in a new file of the current folder.
fn exporter() -> tui::Exporter {
    Box::new(|fleet, rows, whole| {
        let path = free_name(Path::new("."), fleet.run_id())
            .ok_or("too many exports are in this folder already")?;
        let selection = Selection { fleet, rows, whole };
        report::write_file(&path, Format::Json, &selection).map_err(|error| error.to_string())?;
        Ok(path)
    })
}

fn free_name(folder: &Path, run_id: &str) -> Option<PathBuf> {
    let stem: String = run_id
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    let first = folder.join(format!("rdpscan-{stem}.json"));
    let more = (2..MOST_EXPORTS).map(|number| folder.join(format!("rdpscan-{stem}-{number}.json")));
    std::iter::once(first)
        .chain(more)
        .find(|path| !path.exists())
}

/// Whether a host has a finding at least this bad.
pub(super) fn is_at_least(host: &Host, severity: Severity) -> bool {
    host.diagnosis
        .findings
        .iter()
        .any(|finding| finding.severity >= severity)
}

/// Whether not one address was there to scan, for want of a resolver.
pub(super) fn is_without_ground(fleet: &Fleet) -> bool {
    let resolver_down = fleet
        .notices()
        .iter()
        .any(|notice| matches!(notice, Notice::ResolverDown { .. }));
    resolver_down && fleet.end().is_some_and(|end| end.endpoints_probed == 0)
}

/// One line that says what came out.
pub(super) fn summary(fleet: &Fleet) -> String {
    let summary = fleet.summary();
    let states: Vec<_> = summary
        .by_state
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    let interrupted = match fleet.end().map(|end| end.status) {
        Some(crate::model::ScanStatus::Complete) => "",
        _ => "interrupted: ",
    };
    let hosts = if summary.hosts == 1 { "host" } else { "hosts" };
    let mut line = format!("{interrupted}{} {hosts}", summary.hosts);
    if !states.is_empty() {
        line = format!("{line} ({})", states.join(", "));
    }
    for (count, what) in [
        (summary.expired, "expired"),
        (summary.expiring, "expiring"),
        (summary.flaky, "flaky"),
        (summary.dns_trouble, "with DNS trouble"),
    ] {
        if count > 0 {
            line = format!("{line}, {count} {what}");
        }
    }
    line
}
