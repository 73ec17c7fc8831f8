//! Reports and other text on standard output or in a file.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use derive_more::Display;
use jiff::Timestamp;

use crate::changes::Comparison;
use crate::exit::ExitStatus;
use crate::fleet::{Fleet, Host, HostId};
use crate::model::{ScanId, ScanStatus};
use crate::report::{self, Format, Presentation, Selection};
use crate::settings::{FailOn, OutputSettings};
use crate::table::{self, Field, Filter, Sort};
use crate::{platform, sanitize, streams};

use super::{file_name, kept, stderr};

/// The destination of a report.
#[derive(Debug, Clone, PartialEq, Eq, Display)]
pub(super) enum Sink {
    #[display("standard output")]
    Standard,
    #[display("`{}`", sanitize::path(_0))]
    File(PathBuf),
}

impl Sink {
    /// A writer for events as they come. An existing file is truncated.
    pub(super) fn open(&self) -> Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Standard => Box::new(streams::stdout()),
            Self::File(path) => {
                report::create(path).with_context(|| format!("cannot write to {self}"))?
            }
        })
    }
}

/// What `-o` asks for, standard output without it, checked before the first packet. Of several files each has the format of its
/// extension, if that is known.
pub(super) fn outputs(
    paths: &[PathBuf],
    format: Option<Format>,
    at: Timestamp,
    scan: Option<ScanId>,
) -> Result<Vec<(Format, Sink)>> {
    let standard = [PathBuf::from("-")];
    let paths: &[PathBuf] = if paths.is_empty() { &standard } else { paths };
    let mut outputs: Vec<(Format, Sink)> = Vec::with_capacity(paths.len());
    for path in paths {
        let own = Format::from_extension(path).ok();
        let format = own.filter(|_| paths.len() > 1).or(format);
        let format = format.unwrap_or(Format::Text);
        let sink = if path.as_os_str() == "-" {
            Sink::Standard
        } else {
            let path = file_name::expand(path, at, scan)?;
            report::check_writable(&path)?;
            report::check_workspace(format)?;
            Sink::File(path)
        };
        if format.is_binary() && sink == Sink::Standard && io::stdout().is_terminal() {
            bail!("{format} is no text, and standard output is a terminal: name a file with -o");
        }
        if outputs.iter().any(|(_, other)| *other == sink) {
            bail!("-o names {sink} twice: name each output once");
        }
        let is_recording = |format| format == Format::Ndjson;
        if is_recording(format) && outputs.iter().any(|(other, _)| is_recording(*other)) {
            bail!("-o names two recordings: one scan is recorded once, so name one .ndjson file");
        }
        outputs.push((format, sink));
    }
    Ok(outputs)
}

/// Writes a report. A closed pipe behind standard output is no error.
pub(super) fn write(
    fleet: &Fleet,
    filter: &Filter,
    settings: &OutputSettings,
    format: Format,
    sink: &Sink,
    since: Option<&Comparison>,
) -> Result<()> {
    let rows = rows(fleet, filter, settings.sort, format);
    let columns: Option<Vec<Field>> = settings
        .columns
        .as_ref()
        .filter(|_| format.takes_columns())
        .map(|columns| columns.shown().collect());
    let since = match format {
        // Whether a host that is gone would match a filter is not known.
        Format::Html | Format::Markdown => since.filter(|_| filter.is_empty()),
        _ => None,
    };
    let trend = since.map_or_else(Vec::new, |_| kept::trend(fleet));
    let selection = Selection {
        fleet,
        rows: &rows,
        whole: filter.is_empty(),
        columns: columns.as_deref(),
        presentation: Presentation {
            since,
            trend: &trend,
            ..settings.presentation()
        },
    };
    match sink {
        Sink::File(path) => report::write_file(path, format, &selection)?,
        Sink::Standard => to_standard_output(|width, out| match format {
            Format::Text => report::write_text(&selection, width, out),
            _ => report::write(format, &selection, out),
        })?,
    }
    Ok(())
}

/// The width of standard output, in columns, if it is a terminal. `None` where it has no size, as one that `ssh -tt` makes for a script.
pub(super) fn terminal_width() -> Option<u16> {
    let size = (io::stdout().is_terminal()).then(|| crossterm::terminal::size().ok());
    let (width, _) = size.flatten()?;
    (width > 0).then_some(width)
}

/// Writes to standard output, for the width of the terminal if it is one.
pub(super) fn to_standard_output(
    write: impl FnOnce(Option<u16>, &mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let mut out = BufWriter::new(streams::stdout());
    let written = write(terminal_width(), &mut out).and_then(|()| out.flush());
    ignore_closed_pipe(written).context("cannot write to standard output")
}

/// Hosts that match the filter. Without a sort order, formats for people have the worst first, and those for programs go by
/// address.
pub(super) fn rows(
    fleet: &Fleet,
    filter: &Filter,
    sort: Option<Sort>,
    format: Format,
) -> Vec<HostId> {
    let hosts = fleet.hosts();
    match sort {
        Some(sort) => table::arrange(hosts, filter, sort),
        None if format.is_for_people() => table::arrange(hosts, filter, Sort::default()),
        None => {
            let mut rows: Vec<(HostId, &Host)> =
                hosts.filter(|(_, host)| filter.matches(host)).collect();
            rows.sort_by_key(|(_, host)| host.key());
            rows.into_iter().map(|(id, _)| id).collect()
        }
    }
}

/// The exit status by `--fail-on`, for the hosts that match `--filter`.
pub(super) fn exit_status(fleet: &Fleet, filter: &Filter, fail_on: &FailOn) -> ExitStatus {
    let mut hosts = fleet.hosts();
    if hosts.any(|(_, host)| fail_on.is_met_by(host) && filter.matches(host)) {
        ExitStatus::Findings
    } else {
        ExitStatus::Done
    }
}

/// The exit status of a scan that was just made: as above, if it is complete and anything could be scanned.
pub(super) fn exit_status_of_scan(fleet: &Fleet, filter: &Filter, fail_on: &FailOn) -> ExitStatus {
    let Some(end) = fleet.end().filter(|end| end.status == ScanStatus::Complete) else {
        return ExitStatus::Interrupted;
    };
    if fleet.is_without_resolver() && end.endpoints_probed == 0 {
        stderr::print(
            "rdpscan: nothing could be scanned: no resolver answers, so no name led to an address; name a DNS server with --dns",
        );
        return ExitStatus::Usage;
    }
    exit_status(fleet, filter, fail_on)
}

/// A stalled reader is dropped after a signal; any other report should have been written.
pub(super) fn unwritten() -> ExitStatus {
    if streams::is_stopping() {
        ExitStatus::Interrupted
    } else {
        ExitStatus::Usage
    }
}

pub(super) fn print(text: &str) -> Result<()> {
    let mut out = streams::stdout();
    ignore_closed_pipe(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
        .context("cannot write to standard output")
}

/// `| head` closes the pipe when it has read enough.
pub(super) fn ignore_closed_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if platform::reader_is_gone(&error) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Policy;
    use crate::kit::{attempt, attempt_finished, days, endpoint, event, issued, now, tls};
    use crate::model::{CertificateFacts, Digest};

    /// One host per address, whose certificate ends after so many days.
    fn fleet(hosts: &[(&str, i64)]) -> Fleet {
        let mut fleet = Fleet::new(Policy::default());
        for (seq, (address, ends)) in (0..).zip(hosts) {
            let leaf = CertificateFacts {
                sha256: Digest([u8::try_from(seq).unwrap(); 32]),
                not_after: Some(days(*ends).into()),
                ..issued(&["srv05.corp.example"])
            };
            let made = attempt().shown(tls(leaf));
            let attempt = made
                .edit(|attempt| attempt.endpoint = endpoint(address))
                .done();
            fleet.apply(event(seq, now(), attempt_finished(attempt)));
        }
        fleet.settle();
        fleet
    }

    #[test]
    fn people_get_the_worst_first_and_programs_the_addresses_in_order() {
        let fleet = fleet(&[("10.0.0.7", 300), ("10.0.0.9", -30), ("10.0.0.5", 5)]);
        let severity = |row: usize| fleet.rows()[row].diagnosis.findings[0].severity;
        assert_eq!(
            fleet.rows()[1].diagnosis.state,
            fleet.rows()[2].diagnosis.state
        );
        assert!(severity(1) > severity(2));
        for (format, order) in [
            (Format::Text, [1, 2, 0]),
            (Format::Markdown, [1, 2, 0]),
            (Format::Xlsx, [1, 2, 0]),
            (Format::Html, [1, 2, 0]),
            (Format::Json, [2, 0, 1]),
            (Format::Csv, [2, 0, 1]),
        ] {
            assert_eq!(
                rows(&fleet, &Filter::default(), None, format),
                order.map(HostId::at),
                "{format}"
            );
        }
    }
}
