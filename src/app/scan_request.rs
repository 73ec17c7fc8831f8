//! A scan as the command line asks for it: targets, outputs, exit status.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use jiff::Timestamp;

use crate::changes::Comparison;
use crate::cli::{ScanArgs, TargetArgs};
use crate::exit::ExitStatus;
use crate::fleet::{Fleet, Rules};
use crate::model::{ScanId, ScanStatus};
use crate::report::Format;
use crate::sanitize;
use crate::settings::{OutputSettings, Resolved, SavedFleet, Settings, Source};
use crate::table::Filter;
use crate::targets::{TargetSet, TargetSetBuilder};
use crate::tui::OnExit;

use super::recording::Recorded;
use super::saved_hosts::SavedScans;
use super::session::{Finished, Resumed, Session, View};
use super::signals::{self, Stop};
use super::sink::{self, Sink};
use super::sweep::Left;
use super::watch::Outputs;
use super::{change_command, dry_run, kept, mistyped, past, rescue, rules, screen, sites, stderr};

const EVENTS_ARE_NOT_FILTERED: &str = "rdpscan: ndjson holds every event of every host, so --filter and --sort do not apply to it; use `rdpscan report` on it afterwards";

pub(super) async fn run(mut arguments: ScanArgs, resolved: Resolved) -> Result<ExitStatus> {
    mistyped::refuse_misplaced_command(&arguments.targets.targets, std::env::args_os())?;
    let settings = comparable(&resolved)?;
    if settings.nats.url.is_some() && settings.watch.interval.is_some() {
        bail!(
            "--watch scans from this machine alone, and nats.url ({}) is for workers at other sites; use --nats none, or scan once",
            resolved.source("nats.url")
        );
    }
    let fleet = resolved.fleet;
    let name = fleet.as_ref().map(|fleet| fleet.name.clone());
    if let Some(fleet) = fleet {
        add_fleet(&mut arguments.targets, fleet)?;
    }
    let rules = rules::of(&settings);
    let mut targets = targets(&arguments, &settings, &rules)?;
    if let Some(name) = name {
        targets.name_fleet(&name);
    }
    let request = ScanRequest::new(&arguments.output.outputs, settings)?;
    if arguments.targets.dry_run {
        sink::print(&dry_run::plan(&targets, &request.settings))?;
        return Ok(ExitStatus::Done);
    }
    let stop = signals::listen();
    request.run(targets.into(), Kind::New, rules, &stop).await
}

/// A fleet is scanned as it is saved, so that its scans can be compared. Excludes can be added: nobody has to contact a host.
fn add_fleet(arguments: &mut TargetArgs, fleet: SavedFleet) -> Result<()> {
    let files = arguments.files.iter().map(|path| path.to_string_lossy());
    let mut others = (arguments.targets.iter().map(Into::into)).chain(files);
    if let Some(other) = others.next() {
        bail!(
            "`{}` cannot be added to --fleet {name}: scan it on its own, or add it to fleets.{name}.targets ({})",
            sanitize::excerpt(&other),
            fleet.source,
            name = fleet.name,
        );
    }
    drop(others);
    arguments.targets = fleet.targets;
    arguments.exclude.splice(..0, fleet.exclude);
    Ok(())
}

fn targets(arguments: &ScanArgs, settings: &Settings, rules: &Rules) -> Result<TargetSet> {
    let select = arguments.targets.select.as_deref();
    let saved = SavedScans::new(select, rules.clone())?;
    let read = |name: &str, content: &mut dyn Read| saved.hosts(name, content);
    let mut builder = TargetSetBuilder::new(&settings.scan.ports);
    builder.allow_large(settings.scan.allow_large);
    builder.saved_scans(&read);
    if let Some(column) = &arguments.targets.column {
        builder.column(column);
    }
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
    let targets = builder.build()?;
    if select.is_some() && !saved.is_used() {
        bail!(
            "--select chooses hosts of a saved scan, and no list is one; use a report or recording with -f FILE, or leave it out"
        );
    }
    Ok(targets)
}

/// The settings, without the program for changes where nothing is kept to compare with. Only one that a flag names is refused: one of
/// the settings file may be meant for other scans.
pub(super) fn comparable(resolved: &Resolved) -> Result<Settings> {
    let mut settings = resolved.settings.clone();
    let is_watch = settings.watch.interval.is_some();
    if settings.watch.on_change.is_none() || is_watch || settings.history.enabled {
        return Ok(settings);
    }
    let source = resolved.source("watch.on_change");
    if matches!(source, Source::Flag(_)) {
        bail!(
            "--on-change compares with the scan before, and without the history none is kept ({}); leave one of them out",
            resolved.source("history.enabled")
        );
    }
    if !settings.output.quiet {
        stderr::print(&format!(
            "rdpscan: watch.on_change ({source}) does not run: it compares with the scan before, and without the history none is kept"
        ));
    }
    settings.watch.on_change = None;
    Ok(settings)
}

/// The id of a new scan; draws its seed where the settings have none.
pub(super) fn new_scan(settings: &mut Settings, now: Timestamp) -> ScanId {
    let draw = || RandomState::new().hash_one(now);
    settings.scan.seed.get_or_insert_with(draw);
    ScanId::new(now, u16::try_from(draw() >> 48).unwrap_or_default())
}

/// What a scan is, besides its targets and outputs.
pub(super) enum Kind {
    New,
    /// The hosts are simulated on loopback.
    #[cfg_attr(not(feature = "sim"), expect(dead_code, reason = "of the demo"))]
    Simulated,
    Resumed(Box<Resumed>),
}

impl Kind {
    fn resumed(self) -> Option<Box<Resumed>> {
        match self {
            Self::Resumed(resumed) => Some(resumed),
            Self::New | Self::Simulated => None,
        }
    }
}

/// A scan and its outputs, checked before the first packet.
pub(super) struct ScanRequest {
    pub(super) settings: Settings,
    scan: ScanId,
    filter: Filter,
    reports: Vec<(Format, Sink)>,
    screen: bool,
}

impl ScanRequest {
    /// # Errors
    /// When the result could not be shown or written.
    pub(super) fn new(outputs: &[PathBuf], mut settings: Settings) -> Result<Self> {
        let now = crate::clock::wall();
        let scan = new_scan(&mut settings, now);
        // Drawn here, because the name of the output file may hold the id.
        Self::of_scan(scan, outputs, settings)
    }

    /// # Errors
    /// When the result could not be shown or written.
    pub(super) fn of_scan(scan: ScanId, outputs: &[PathBuf], settings: Settings) -> Result<Self> {
        let is_watch = settings.watch.interval.is_some();
        let filter = Filter::parse(&settings.output.filter)?;
        let format = settings.output.format;
        let mut reports = sink::outputs(outputs, format, scan.began(), Some(scan))?;
        let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
        let is_asked_for = !outputs.is_empty() || format.is_some();
        let to_standard = is_asked_for && reports.iter().any(|(_, sink)| *sink == Sink::Standard);
        let is_interactive = is_terminal && !settings.output.no_tui && !to_standard;
        let screen = is_interactive && !screen::is_dumb_terminal();
        if is_interactive && !screen && !settings.output.quiet {
            stderr::print(
                "rdpscan: TERM=dumb: this terminal only prints, so a text table follows instead of the screen",
            );
        }
        if screen && outputs.is_empty() {
            reports.clear();
        }
        let is_stream = |format| matches!(format, Format::Text | Format::Ndjson);
        let mut to_standard = reports.iter().filter(|(_, sink)| *sink == Sink::Standard);
        if let Some((format, _)) = to_standard.find(|(one, _)| is_watch && !is_stream(*one)) {
            bail!(
                "--watch prints sweep after sweep, which {format} has no form for; use --format text or ndjson, or name a file with -o, which every sweep writes again"
            );
        }
        Ok(Self {
            settings,
            scan,
            filter,
            reports,
            screen,
        })
    }

    fn view(&self, simulated: bool) -> View {
        if !self.screen {
            return View::Headless {
                progress: !self.settings.output.quiet,
            };
        }
        View::Screen {
            on_exit: match files(&self.reports) {
                Some(files) => OnExit::Report(files),
                None if simulated => OnExit::Simulated,
                None => OnExit::Discard,
            },
        }
    }

    /// Whose workers scan in place of this process, if any.
    async fn sites(&self, kind: &Kind) -> Result<Option<sites::Sites>> {
        match kind {
            Kind::New => sites::connect(&self.settings).await,
            Kind::Resumed(resumed) if matches!(resumed.left, Left::Shards(_)) => {
                sites::connect(&self.settings).await
            }
            Kind::Simulated | Kind::Resumed(_) => Ok(None),
        }
    }

    /// Runs the scan, then writes the result however the scan ended.
    pub(super) async fn run(
        self,
        targets: Arc<TargetSet>,
        kind: Kind,
        rules: Rules,
        stop: &Stop,
    ) -> Result<ExitStatus> {
        let simulated = matches!(kind, Kind::Simulated);
        let mut recordings = self.reports.iter();
        let record = recordings.find(|(format, _)| *format == Format::Ndjson);
        let record = record.map(|(_, sink)| sink.clone());
        let quiet = self.settings.output.quiet;
        let view = self.view(simulated);
        // The screen has notices above the table, and the text report below it.
        let prints_text = self.reports.contains(&(Format::Text, Sink::Standard));
        let shows_notices = self.screen || quiet || prints_text;
        let target_notices = targets.notices().to_vec();
        if !shows_notices {
            stderr::print_notices(&target_notices);
        }
        let output = self.settings.output.clone();
        let is_watch = self.settings.watch.interval.is_some();
        let on_change = self.settings.watch.on_change.clone();
        let keep = self.settings.history.keep;
        if record.is_some() && !quiet && (!self.filter.is_empty() || output.sort.is_some()) {
            stderr::print(EVENTS_ARE_NOT_FILTERED);
        }
        // A simulated fleet is the same every time.
        let is_kept = self.settings.history.enabled && !simulated;
        let history = is_kept.then(kept::folder).and_then(Result::ok);
        let sites = tokio::select! {
            biased;
            () = stop.gently.cancelled() => return Ok(ExitStatus::Interrupted),
            connected = self.sites(&kind) => connected?,
        };
        let resumed = kind.resumed();
        let session = Session {
            settings: self.settings,
            rules,
            scan: self.scan,
            targets,
            simulated,
            view,
            record,
            history,
            lists_unresolved: false,
            resumed,
            sites: sites.clone(),
        };
        if is_watch {
            let outputs = Outputs {
                filter: self.filter,
                reports: self.reports,
                printed: target_notices,
                quiet: quiet || self.screen,
            };
            let status = Box::pin(session.watch(outputs, stop)).await?;
            return Ok(status.unwrap_or(ExitStatus::Interrupted));
        }
        let Some(Finished {
            mut fleet,
            recorded,
            journal,
            save,
        }) = Box::pin(session.run(&stop.of_session())).await?
        else {
            return Ok(ExitStatus::Interrupted);
        };
        let since = since_last(&mut fleet, stop);
        let compared = since.as_ref().ok().and_then(Option::as_ref);
        let (filter, reports) = (&self.filter, &self.reports);
        let written = write(&fleet, filter, &output, reports, &recorded, compared);
        let written = written.and_then(|()| if save { rescue::save(&fleet) } else { Ok(()) });
        let is_written = written.is_ok();
        if let Err(error) = written {
            stderr::print_error(&error);
            rescue::rescue(&fleet, filter, &output);
        }
        if !shows_notices {
            let mut notices = fleet.notices();
            notices.retain(|notice| !target_notices.contains(notice));
            stderr::print_notices(&notices);
        }
        let has_summary = prints_text && is_written;
        if !quiet && !has_summary {
            let is_filtered = is_written && reports.iter().any(|(one, _)| *one != Format::Ndjson);
            stderr::print(&stderr::summary(&fleet, is_filtered.then_some(filter)));
        }
        if let Some(line) = kept::end(journal, &fleet, keep, stop, quiet).await {
            stderr::print(&line);
        }
        if let Some(sites) = sites {
            sites.forget(self.scan).await;
        }
        let is_complete = (fleet.end()).is_some_and(|end| end.status == ScanStatus::Complete);
        let is_reported = is_complete && !simulated && !stop.now.is_cancelled();
        if let Some(words) = on_change.filter(|_| is_reported) {
            tell_changes(&words, since, quiet, stop).await;
        }
        if !is_written {
            return Ok(sink::unwritten());
        }
        if matches!(recorded, Recorded::ReaderGone) {
            return Ok(ExitStatus::Done);
        }
        Ok(sink::exit_status_of_scan(&fleet, filter, &output.fail_on))
    }
}

/// Writes every report. The first failure is returned, the others are printed.
fn write(
    fleet: &Fleet,
    filter: &Filter,
    output: &OutputSettings,
    reports: &[(Format, Sink)],
    recorded: &Recorded,
    since: Option<&Comparison>,
) -> Result<()> {
    let mut failed = Ok(());
    for (format, sink) in reports {
        let written = match (recorded, format) {
            (Recorded::Failed(error), Format::Ndjson) => {
                Err(anyhow!("cannot write to {sink}: {error}"))
            }
            (_, Format::Ndjson) => Ok(()),
            _ => sink::write(fleet, filter, output, *format, sink, since),
        };
        match (written, sink) {
            (Ok(()), Sink::File(path)) if !output.quiet => stderr::print_written(path),
            (Ok(()), _) => {}
            // The others are written all the same.
            (Err(error), _) if failed.is_ok() => failed = Err(error),
            (Err(error), _) => stderr::print_error(&error),
        }
    }
    failed
}

/// Runs the program for changes. Its failure does not change how the scan has ended.
async fn tell_changes(
    words: &[String],
    since: Result<Option<Comparison>, String>,
    quiet: bool,
    stop: &Stop,
) {
    let ran = match since {
        Ok(Some(comparison)) => change_command::run(words, &comparison, true, stop).await,
        Ok(None) if quiet => Ok(()),
        Ok(None) => Err(anyhow!("no scan before this one has the same targets")),
        Err(reason) => Err(anyhow!(reason)),
    };
    if let Err(error) = ran {
        stderr::print_error(&error.context("--on-change"));
    }
}

/// Reading the scan before takes time that a second signal does not give.
fn since_last(fleet: &mut Fleet, stop: &Stop) -> Result<Option<Comparison>, String> {
    if stop.now.is_cancelled() {
        return Ok(None);
    }
    past::since_last(fleet)
}

/// The files that are written, for a message; `None` without any.
fn files(reports: &[(Format, Sink)]) -> Option<String> {
    let files = reports.iter().filter_map(|(_, sink)| match sink {
        Sink::File(path) => Some(path.display().to_string()),
        Sink::Standard => None,
    });
    let files: Vec<String> = files.collect();
    (!files.is_empty()).then(|| files.join(", "))
}
