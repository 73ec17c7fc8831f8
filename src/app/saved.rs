//! Saved scans: on the screen again, or in another format.

use std::io::{self, IsTerminal};
use std::path::Path;

use anyhow::{Result, bail};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cli::{OpenArgs, ReportArgs};
use crate::diagnosis::Policy;
use crate::exit::ExitStatus;
use crate::fleet::Fleet;
use crate::model::{Notice, Progress};
use crate::report::{self, Format};
use crate::settings::Settings;
use crate::table::Filter;
use crate::tui::{self, Keeping};

use super::file_name;
use super::outputs::{self, Sink};

pub(super) async fn open(arguments: &OpenArgs, settings: Settings) -> Result<ExitStatus> {
    let fleet = load(&arguments.file, settings.policy.clone())?;
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        bail!("`open` needs a terminal for its screens; use `rdpscan report FILE` for text");
    }
    if outputs::is_dumb_terminal() {
        bail!(
            "TERM=dumb says that this terminal only prints, and `open` needs one for its screens; use `rdpscan report FILE` for text"
        );
    }
    let (_progress, watching) = watch::channel(Progress::default());
    let mut feed = tui::Feed {
        events: None,
        progress: watching,
        stop: CancellationToken::new(),
        control: None,
    };
    let options = outputs::screen(&settings, Keeping::Saved)?;
    let left = tui::run(fleet, &mut feed, options).await?;
    let fleet = outputs::left(left, &settings);
    if !settings.output.quiet {
        outputs::tell(&outputs::summary(&fleet, None));
    }
    Ok(ExitStatus::Done)
}

pub(super) fn report(arguments: &ReportArgs, settings: &Settings) -> Result<ExitStatus> {
    let format = settings.output.format.unwrap_or(Format::Text);
    if format == Format::Ndjson {
        bail!(
            "events are recorded while a scan runs, and a saved scan is written as a report: use another format, such as json, or scan with --format ndjson"
        );
    }
    let fleet = load(&arguments.file, settings.policy.clone())?;
    let sink = match &arguments.output {
        Some(path) if path.as_os_str() != "-" => {
            let began = fleet
                .times()
                .map_or_else(crate::clock::wall, |(began, _)| began);
            let path = file_name::filled_in(path, began, fleet.scan())?;
            report::check_writable(&path)?;
            report::check_workspace(format)?;
            Sink::File(path)
        }
        _ => Sink::Standard,
    };
    outputs::refuse_bytes_on_terminal(format, &sink)?;
    let filter = Filter::parse(&settings.output.filter)?;
    outputs::write(&fleet, &filter, &settings.output, format, &sink)?;
    if !settings.output.quiet {
        outputs::tell_written(&sink);
    }
    Ok(outputs::verdict(&fleet, &filter, &settings.output.fail_on))
}

/// Opens a saved scan, judged by today's rules as of its own time.
pub(super) fn load(path: &Path, policy: Policy) -> Result<Fleet> {
    let opened = report::open(path, policy)?;
    for note in &opened.notes {
        outputs::tell(&format!("rdpscan: {note}"));
    }
    // Not every format has notices, and these are about the file.
    let mut notices = opened.fleet.notices();
    notices.retain(|notice| matches!(notice, Notice::EventsMissing { .. }));
    outputs::tell_notices(&notices);
    Ok(opened.fleet)
}
