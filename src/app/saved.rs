//! `rdpscan open` and `rdpscan report`: a saved scan on the screen, or in another format.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cli::{OpenArgs, ReportArgs};
use crate::counts::counted;
use crate::exit::ExitStatus;
use crate::fleet::{Fleet, Rules};
use crate::model::{Notice, Progress};
use crate::report::{self, Format};
use crate::settings::Settings;
use crate::table::Filter;
use crate::tui::{self, OnExit};

use super::past::{self, Past};
use super::sink::{self, Sink};
use super::{kept, rules, screen, stderr};

pub(super) async fn open(arguments: &OpenArgs, settings: Settings) -> Result<ExitStatus> {
    let fleet = load(&arguments.file, &rules::of(&settings))?;
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        bail!("`open` needs a terminal for its screens; use `rdpscan report FILE` for text");
    }
    if screen::is_dumb_terminal() {
        bail!(
            "TERM=dumb: this terminal only prints, and `rdpscan open` needs a screen; use `rdpscan report FILE` for text"
        );
    }
    let (_progress, watching) = watch::channel(Progress::default());
    let mut feed = tui::Feed {
        events: None,
        progress: watching,
        stop: CancellationToken::new(),
        control: None,
        sweeps: None,
    };
    let mut options = screen::options(&settings, OnExit::Saved)?;
    options.badge = badge(&arguments.file, &fleet);
    options.past = Some(Arc::new(Past::of(&fleet)));
    options.today = Some(crate::clock::wall());
    let left = tui::run(fleet, &mut feed, options).await?;
    let fleet = screen::close(left, &settings);
    if !settings.output.quiet {
        stderr::print(&stderr::summary(&fleet, None));
    }
    Ok(ExitStatus::Done)
}

/// Which saved scan it is, and how old what it found.
fn badge(file: &Path, fleet: &Fleet) -> String {
    let age = fleet.times().map(|(_, newest)| {
        let hours = crate::clock::wall().duration_since(newest).as_hours();
        let hours = u64::try_from(hours).unwrap_or_default();
        match hours {
            0 => "less than an hour old".to_owned(),
            1..48 => format!("{} old", counted(hours, "hour", "hours")),
            _ => format!("{} old", counted(hours / 24, "day", "days")),
        }
    });
    let name = file.file_name().unwrap_or(file.as_os_str());
    let name = name.to_string_lossy();
    format!("SAVED {name}, {}", age.unwrap_or_default())
}

pub(super) fn report(arguments: &ReportArgs, settings: &Settings) -> Result<ExitStatus> {
    let output = &settings.output;
    let mut fleet = load(&arguments.file, &rules::of(settings))?;
    let began = fleet
        .times()
        .map_or_else(crate::clock::wall, |(began, _)| began);
    let paths = &arguments.output.outputs;
    let outputs = sink::outputs(paths, output.format, began, fleet.scan())?;
    if outputs.iter().any(|(format, _)| *format == Format::Ndjson) {
        bail!(
            "events are recorded while a scan runs, and a saved scan is written as a report: use another format, such as json, or scan with --format ndjson"
        );
    }
    let filter = Filter::parse(&output.filter)?;
    let since = past::since_last(&mut fleet).ok().flatten();
    for (format, sink) in &outputs {
        sink::write(&fleet, &filter, output, *format, sink, since.as_ref())?;
        if let (Sink::File(path), false) = (sink, output.quiet) {
            stderr::print_written(path);
        }
    }
    Ok(sink::exit_status(&fleet, &filter, &output.fail_on))
}

/// Opens a saved scan, which is a file or a scan of the history, evaluated by the current rules as of its own time.
pub(super) fn load(path: &Path, rules: &Rules) -> Result<Fleet> {
    let opened = report::open(&kept::locate(path)?, rules.clone())?;
    for note in &opened.notes {
        stderr::print(&format!("rdpscan: {note}"));
    }
    // Printed here, because not every format has notices.
    let mut notices = opened.fleet.notices();
    notices.retain(|notice| matches!(notice, Notice::EventsMissing { .. }));
    stderr::print_notices(&notices);
    Ok(opened.fleet)
}
