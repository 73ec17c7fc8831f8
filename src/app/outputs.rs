//! What is written of a fleet, where, and in which order.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::counts::{counted, grouped};
use crate::exit::ExitStatus;
use crate::fleet::{Fleet, Host, HostId};
use crate::model::Notice;
use crate::platform;
use crate::report::{self, Format, Selection};
use crate::sanitize;
use crate::settings::{FailOn, OutputSettings, Settings};
use crate::table::{self, Field, Filter, Sort};
use crate::tui::keymap::Keymap;
use crate::tui::{self, Keeping, Palette};

use super::outlet::CurrentFolder;
use super::rescue;
use super::taste::Taste;

/// Rows that pass the filter, in the order wanted; unless one is, for people the worst first, for programs by address.
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

/// Where a report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sink {
    /// Standard output.
    Standard,
    /// A file, written whole.
    File(PathBuf),
}

impl Sink {
    /// What takes bytes as they come. A file that is there already is emptied.
    pub(super) fn open(&self) -> Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Standard => Box::new(io::stdout()),
            Self::File(path) => Box::new(
                std::fs::File::create(path).with_context(|| format!("cannot write to {self}"))?,
            ),
        })
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard => f.write_str("standard output"),
            Self::File(path) => {
                write!(f, "`{}`", sanitize::terminal(&path.to_string_lossy()))
            }
        }
    }
}

/// Bytes are nothing for a terminal; found out before a scan.
pub(super) fn refuse_bytes_on_terminal(format: Format, sink: &Sink) -> Result<()> {
    if format.is_binary() && *sink == Sink::Standard && io::stdout().is_terminal() {
        bail!("{format} is no text, and standard output is a terminal: name a file with -o");
    }
    Ok(())
}

/// Writes a fleet. A reader of standard output that has gone away is no fault.
pub(super) fn write(
    fleet: &Fleet,
    filter: &Filter,
    wanted: &OutputSettings,
    format: Format,
    sink: &Sink,
) -> Result<()> {
    let rows = rows(fleet, filter, wanted.sort, format);
    let columns: Option<Vec<Field>> = wanted
        .columns
        .as_ref()
        .filter(|_| format.takes_columns())
        .map(|columns| columns.shown().collect());
    let selection = Selection {
        fleet,
        rows: &rows,
        whole: filter.is_empty(),
        columns: columns.as_deref(),
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
        Err(error) if platform::reader_is_gone(&error) => Ok(()),
        other => other,
    }
}

/// Says something on standard error. When even that is gone, nobody is left to tell.
pub(super) fn tell(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}

/// Says what notices say.
pub(super) fn tell_notices(notices: &[Notice]) {
    for notice in notices {
        let notice = notice.to_string();
        tell(&format!("rdpscan: {}", sanitize::terminal(&notice)));
    }
}

/// Says where a report went. Its name need not be the one given: `{date}` and `{scan}` are filled in.
pub(super) fn tell_written(sink: &Sink) {
    if let Sink::File(path) = sink {
        tell(&format!(
            "wrote {}",
            sanitize::terminal(&path.to_string_lossy())
        ));
    }
}

/// Saves the whole scan in the current folder, beside what the screen writes, and says where.
pub(super) fn save(fleet: &Fleet) -> Result<()> {
    let path = rescue::save(fleet, Path::new(".")).map_err(anyhow::Error::msg)?;
    tell_written(&Sink::File(path));
    Ok(())
}

/// Keeps what was found when it cannot be written as wished: saved elsewhere, else shown. Told even when quiet is wanted, for
/// it is the way out of a failure.
pub(super) fn rescue(fleet: &Fleet, filter: &Filter, wanted: &OutputSettings) {
    if let Some(path) = rescue::save_elsewhere(fleet) {
        let path = path.to_string_lossy();
        tell(&format!(
            "rdpscan: the whole scan is saved in `{}` instead; `rdpscan report` makes any report of it",
            sanitize::terminal(&path)
        ));
        return;
    }
    tell("rdpscan: the scan cannot be saved anywhere else either, so here is what was found");
    if let Err(error) = write(fleet, filter, wanted, Format::Text, &Sink::Standard) {
        tell(&format!("rdpscan: {error:#}"));
    }
}

/// Prints text to standard output.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    quietly(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
        .context("cannot write to standard output")
}

/// How the screen behaves and looks: what the settings say, else what was left the last time. `NO_COLOR` (no-color.org) is
/// honoured.
pub(super) fn screen(settings: &Settings, keeping: Keeping) -> Result<tui::Options> {
    let taste = Taste::load();
    let mut options = tui::Options::new(Box::new(CurrentFolder));
    options.filter.clone_from(&settings.output.filter);
    let output = &settings.output;
    options.columns = output
        .columns
        .clone()
        .or_else(|| taste.columns())
        .unwrap_or_default();
    options.sort = output.sort.or_else(|| taste.sort()).unwrap_or_default();
    options.mouse = settings.screen.mouse;
    options.keeping = keeping;
    options.is_contained = crate::scan::is_guarded;
    options.keymap = Keymap::rebound(&settings.screen.keys)?;
    options.theme.ascii = settings.screen.ascii;
    options.theme.palette = match settings.screen.theme {
        _ if without_colours() => Palette::Mono,
        Some(palette) => palette,
        None => taste.palette().unwrap_or_default(),
    };
    Ok(options)
}

/// Whether nobody wants colours here (no-color.org), or the terminal has none.
fn without_colours() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    unwanted || std::env::var("TERM").is_ok_and(|term| !Palette::has_colours(&term))
}

/// Whether the terminal says that it can do nothing but print.
pub(super) fn is_dumb_terminal() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// What stays in the terminal when the screen is left: where files were written. The taste is kept for the next time.
pub(super) fn left(left: tui::Left, settings: &Settings) -> Fleet {
    let taste = Taste::load();
    let palette = if without_colours() {
        // Not a choice of this user's for every terminal.
        taste.palette().unwrap_or_default()
    } else {
        chosen(left.theme.palette, settings.screen.theme, taste.palette())
    };
    let output = &settings.output;
    let columns = chosen(left.columns, output.columns.clone(), taste.columns());
    let sort = chosen(left.sort, output.sort, taste.sort());
    Taste::new(&columns, sort, palette).save();
    if !settings.output.quiet {
        for path in &left.written {
            tell_written(&Sink::File(path.clone()));
        }
    }
    left.fleet
}

/// What to remember: as it was left; but what was given for this once and left so is no choice, and what was remembered stays.
fn chosen<T: PartialEq + Default>(left: T, given: Option<T>, remembered: Option<T>) -> T {
    if given.is_some_and(|given| given == left) {
        remembered.unwrap_or_default()
    } else {
        left
    }
}

/// What `--fail-on` makes of the hosts that pass `--filter`: whoever asks about some hosts is told about these.
pub(super) fn verdict(fleet: &Fleet, filter: &Filter, fail_on: &FailOn) -> ExitStatus {
    let mut hosts = fleet.hosts();
    if hosts.any(|(_, host)| fail_on.is_met_by(host) && filter.matches(host)) {
        ExitStatus::Findings
    } else {
        ExitStatus::Done
    }
}

/// Whether not one address was there to scan, for want of a resolver.
pub(super) fn is_without_ground(fleet: &Fleet) -> bool {
    fleet.is_without_resolver() && fleet.end().is_some_and(|end| end.endpoints_probed == 0)
}

/// One line that says what came out, and how much of it a report holds that leaves hosts out.
pub(super) fn summary(fleet: &Fleet, written: Option<&Filter>) -> String {
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
        (summary.expired(), "expired"),
        (summary.expiring(), "expiring"),
        (summary.flaky(), "flaky"),
        (summary.dns_trouble(), "with DNS trouble"),
        (
            fleet.end().map_or(0, |end| end.answered_on_retry),
            "found on retry only",
        ),
    ] {
        if count > 0 {
            line = format!("{line}, {count} {what}");
        }
    }
    let not_reached = fleet.end().map_or(0, |end| end.not_reached);
    if not_reached > 0 {
        let addresses = counted(not_reached, "address", "addresses");
        line = format!("{line}; {addresses} not reached");
    }
    if let Some(filter) = written.filter(|filter| !filter.is_empty()) {
        let hosts = fleet.hosts();
        let passing = hosts.filter(|(_, host)| filter.matches(host)).count() as u64;
        line = format!("{line}; the filter lets {} through", grouped(passing));
    }
    line
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

    #[test]
    fn the_last_line_tells_of_a_filter_only_where_a_report_obeys_it() {
        let fleet = Fleet::new(Policy::default());
        let filter = Filter::parse("state:broken").unwrap();
        let line = summary(&fleet, Some(&filter));
        assert!(line.ends_with("; the filter lets 0 through"), "{line}");
        for none in [None, Some(&Filter::default())] {
            assert!(!summary(&fleet, none).contains("filter"));
        }
    }

    #[test]
    fn what_was_given_for_this_once_is_not_remembered() {
        let (light, dark) = (Palette::Light, Palette::Dark);
        assert_eq!(chosen(light, Some(light), Some(dark)), dark);
        assert_eq!(chosen(light, Some(light), None), Palette::default());
        // Changed by hand since, or by hand alone.
        assert_eq!(chosen(light, Some(dark), Some(dark)), light);
        assert_eq!(chosen(light, None, Some(dark)), light);
    }
}
