//! A scan as the command line asks for it: targets, outputs, exit status.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, IsTerminal};
use std::path::Path;

use anyhow::{Result, bail};

use crate::cli::ScanArgs;
use crate::exit::ExitStatus;
use crate::fleet::Fleet;
use crate::model::{ScanId, ScanStatus};
use crate::report::{self, Format};
use crate::settings::{FailOn, Settings};
use crate::table::Filter;
use crate::targets::{TargetSet, TargetSetBuilder};
use crate::tui::OnExit;

use super::recording::Recorded;
use super::session::{Finished, Session, View};
use super::signals::{self, Stop};
use super::sink::{self, Sink};
use super::{dry_run, file_name, kept, mistyped, rescue, screen, stderr};

pub(super) async fn run(arguments: ScanArgs, settings: Settings) -> Result<ExitStatus> {
    mistyped::refuse_misplaced_command(&arguments.targets.targets, std::env::args_os())?;
    let targets = targets(&arguments, &settings)?;
    let request = ScanRequest::new(arguments.output.output.as_deref(), settings)?;
    if arguments.targets.dry_run {
        sink::print(&dry_run::plan(&targets, &request.settings))?;
        return Ok(ExitStatus::Done);
    }
    request.run(targets, false, &signals::listen()).await
}

fn targets(arguments: &ScanArgs, settings: &Settings) -> Result<TargetSet> {
    let mut builder = TargetSetBuilder::new(&settings.scan.ports);
    builder.allow_large(settings.scan.allow_large);
    for text in &arguments.targets.targets {
        builder.add_text(text)?;
    }
    for path in &arguments.targets.files {
        builder.add_file(path)?;
    }
    for text in &arguments.targets.exclude {
        builder.exclude_text(text)?;
    }
    for path in &arguments.targets.exclude_file {
        builder.exclude_file(path)?;
    }
    Ok(builder.build()?)
}

/// A scan and its outputs, checked before the first packet.
pub(super) struct ScanRequest {
    pub(super) settings: Settings,
    scan: ScanId,
    filter: Filter,
    report: Option<(Format, Sink)>,
    screen: bool,
}

impl ScanRequest {
    /// # Errors
    /// When the result could not be shown or written.
    pub(super) fn new(output: Option<&Path>, mut settings: Settings) -> Result<Self> {
        // Drawn here, because the name of the output file may hold the id.
        let now = crate::clock::wall();
        let seed = settings
            .scan
            .seed
            .unwrap_or_else(|| RandomState::new().hash_one(now));
        settings.scan.seed = Some(seed);
        let random = RandomState::new().hash_one(now);
        let scan = ScanId::new(now, u16::try_from(random >> 48).unwrap_or_default());
        let output = output
            .map(|path| file_name::expand(path, now, Some(scan)))
            .transpose()?;
        let filter = Filter::parse(&settings.output.filter)?;
        let format = settings.output.format;
        let sink = match output {
            Some(path) if path.as_os_str() == "-" => Some(Sink::Standard),
            Some(path) => {
                report::check_writable(&path)?;
                report::check_workspace(format.unwrap_or(Format::Text))?;
                Some(Sink::File(path))
            }
            None => None,
        };
        let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
        let to_standard =
            matches!(sink, Some(Sink::Standard)) || (sink.is_none() && format.is_some());
        let is_interactive = is_terminal && !settings.output.no_tui && !to_standard;
        let screen = is_interactive && !screen::is_dumb_terminal();
        if is_interactive && !screen && !settings.output.quiet {
            stderr::print(
                "rdpscan: TERM=dumb says that this terminal only prints, so a text table follows in place of the screen",
            );
        }
        let report = match (sink, screen) {
            (Some(sink), _) => Some((format.unwrap_or(Format::Text), sink)),
            (None, false) => Some((format.unwrap_or(Format::Text), Sink::Standard)),
            (None, true) => None,
        };
        if let Some((format, sink)) = &report {
            sink::refuse_bytes_on_terminal(*format, sink)?;
        }
        Ok(Self {
            settings,
            scan,
            filter,
            report,
            screen,
        })
    }

    /// Runs the scan, then writes the result however the scan ended.
    pub(super) async fn run(
        self,
        targets: TargetSet,
        simulated: bool,
        stop: &Stop,
    ) -> Result<ExitStatus> {
        let record = match &self.report {
            Some((Format::Ndjson, sink)) => Some(sink.clone()),
            _ => None,
        };
        let is_recording = record.is_some();
        let quiet = self.settings.output.quiet;
        let view = if self.screen {
            View::Screen {
                on_exit: match &self.report {
                    Some((_, Sink::File(path))) => OnExit::Report(path.display().to_string()),
                    _ if simulated => OnExit::Simulated,
                    _ => OnExit::Discard,
                },
            }
        } else {
            View::Headless { progress: !quiet }
        };
        // The screen has notices above the table, and the text report below it.
        let prints_text = matches!(self.report, Some((Format::Text, Sink::Standard)));
        let shows_notices = self.screen || quiet || prints_text;
        let target_notices = targets.notices().to_vec();
        if !shows_notices {
            stderr::print_notices(&target_notices);
        }
        let output = self.settings.output.clone();
        if is_recording && !quiet && (!self.filter.is_empty() || output.sort.is_some()) {
            stderr::print(
                "rdpscan: ndjson holds every event of every host, so --filter and --sort do not apply to it; use `rdpscan report` on it afterwards",
            );
        }
        // A simulated fleet is the same every time.
        let is_kept = self.settings.history.enabled && !simulated;
        let history = is_kept.then(kept::folder).and_then(Result::ok);
        let session = Session {
            settings: self.settings,
            scan: self.scan,
            targets,
            simulated,
            view,
            record,
            history,
        };
        let Some(Finished {
            fleet,
            recorded,
            journal,
            save,
        }) = Box::pin(session.run(stop)).await?
        else {
            return Ok(ExitStatus::Interrupted);
        };
        let write = || -> Result<()> {
            if let Some((format, sink)) = &self.report {
                match &recorded {
                    Recorded::Failed(error) => bail!("cannot write to {sink}: {error}"),
                    _ if is_recording => {}
                    _ => sink::write(&fleet, &self.filter, &output, *format, sink)?,
                }
                if let (Sink::File(path), false) = (sink, quiet) {
                    stderr::print_written(path);
                }
            }
            if save { rescue::save(&fleet) } else { Ok(()) }
        };
        let written = write();
        let is_written = written.is_ok();
        if let Err(error) = written {
            stderr::print(&format!("rdpscan: {error:#}"));
            rescue::rescue(&fleet, &self.filter, &output);
        }
        if !shows_notices {
            let mut notices = fleet.notices();
            notices.retain(|notice| !target_notices.contains(notice));
            stderr::print_notices(&notices);
        }
        let has_summary = prints_text && is_written;
        if !quiet && !has_summary {
            let is_filtered = self.report.is_some() && !is_recording && is_written;
            let filter = is_filtered.then_some(&self.filter);
            stderr::print(&stderr::summary(&fleet, filter));
        }
        if let Some(journal) = journal {
            let end = journal.finish(stop.now.cancelled()).await;
            let status = fleet.end().map(|end| end.status);
            kept::print_end(self.scan, &end, status, quiet);
        }
        if !is_written {
            return Ok(ExitStatus::Usage);
        }
        if matches!(recorded, Recorded::ReaderGone) {
            return Ok(ExitStatus::Done);
        }
        Ok(exit_status(&fleet, &self.filter, &output.fail_on))
    }
}

fn exit_status(fleet: &Fleet, filter: &Filter, fail_on: &FailOn) -> ExitStatus {
    let Some(end) = fleet.end().filter(|end| end.status == ScanStatus::Complete) else {
        return ExitStatus::Interrupted;
    };
    if fleet.is_without_resolver() && end.endpoints_probed == 0 {
        stderr::print(
            "rdpscan: nothing could be scanned: no resolver answers, so no name led to an address; name a DNS server with --dns",
        );
        return ExitStatus::Usage;
    }
    sink::exit_status(fleet, filter, fail_on)
}
