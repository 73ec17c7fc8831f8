//! `rdpscan resume`: an interrupted scan goes on from its journal.

use anyhow::{Context as _, Result, bail};
use jiff::SignedDuration;

use crate::cli::{Cli, ResumeArgs};
use crate::counts::counted;
use crate::exit::ExitStatus;
use crate::fleet::Fleet;
use crate::history::{self, HistoryError, KeptScan, Reference};
use crate::model::{Origin, ScanEvent, ScanId, Site, Stream};
use crate::scan::{NotResumable, Replay};
use crate::settings::{Environment, Settings, of_record, of_work, recorded};
use crate::targets::{Permutation, TargetSet, TargetSetBuilder};
use crate::{clock, sanitize, sites};

use super::scan_request::{Kind, ScanRequest, comparable};
use super::session::Resumed;
use super::sweep::{Left, scan_options};
use super::{kept, rules, signals, stderr};

/// The setting that only a scan by workers records.
const URL: &str = "nats.url";
/// What was seen longer ago may have changed since.
const OLD: SignedDuration = SignedDuration::from_hours(24);

pub(super) async fn run(arguments: &ResumeArgs, cli: &Cli) -> Result<ExitStatus> {
    let kept = find(arguments.scan.as_deref())?;
    let scan = kept.scan;
    if kept.is_complete() {
        bail!("{scan} is complete, so there is nothing to resume; `rdpscan open {scan}` shows it");
    }
    let mut excludes = TargetSetBuilder::new(&[]);
    for text in &arguments.exclude {
        excludes.exclude_text(text)?;
    }
    for path in &arguments.exclude_file {
        excludes.exclude_file(path)?;
    }
    // Locked from here on.
    let journal = kept.resume()?;
    let (Some(plan), Some((_, work))) = kept.head()? else {
        bail!("{scan} was recorded without what is needed to resume it; scan again");
    };
    if history::is_watched(&work) {
        bail!(
            "{scan} is a watched scan, which is not resumed; start it again, and `rdpscan open {scan}` shows its newest complete sweep"
        );
    }
    let theirs = work.permutation;
    if theirs != Permutation::VERSION {
        return Err(not_resumable(scan, NotResumable::OtherOrder { theirs }));
    }
    let recorded = of_record(&work.settings, scan);
    let mut resolved = cli.settings_over(&recorded, &Environment::process())?;
    // A resume is never a watch: an interval of the settings file is for new scans.
    resolved.settings.watch.interval = None;
    let mut settings = comparable(&resolved)?;
    settings.scan.seed = Some(plan.seed);
    let is_of_workers = work.settings.contains_key(URL);
    if is_of_workers {
        if settings.nats.url.is_none() {
            bail!("{scan} was scanned by workers; name their NATS server with --nats URL");
        }
        // What was begun at some sites is not ended at others.
        settings.nats.sites = of_work(&work.settings, scan)?.nats.sites;
    }
    let targets =
        TargetSet::from_planned(&work).with_context(|| format!("cannot resume {scan}"))?;
    let request = ScanRequest::of_scan(scan, &arguments.output.outputs, settings)?;
    let settings = request.settings.clone();
    let replay = if is_of_workers {
        replay_shards
    } else {
        replay_hosts
    };
    let replayed = move || replay(&kept, targets, excludes, &settings);
    let (targets, fleet, left, origin) = tokio::task::spawn_blocking(replayed).await??;
    if !request.settings.output.quiet {
        stderr::print(&introduction(scan, &fleet));
    }
    let rules = fleet.rules().clone();
    let resumed = Resumed {
        fleet,
        left,
        origin,
        journal,
    };
    let kind = Kind::Resumed(Box::new(resumed));
    request.run(targets, kind, rules, &signals::listen()).await
}

fn find(text: Option<&str>) -> Result<KeptScan> {
    let folder = kept::folder()?;
    let Some(text) = text else {
        return Ok(folder.newest_unfinished()?);
    };
    let Some(reference) = Reference::parse(text) else {
        bail!(
            "`{}` is no kept scan; use @last, @prev, a day as in @2026-11-20, or the beginning of an id",
            sanitize::single_line(text)
        );
    };
    Ok(folder.find(&reference)?)
}

type Replayed = (std::sync::Arc<TargetSet>, Fleet, Left, Origin);

/// Reads the journal: what is known, and what is left to do.
fn replay_hosts(
    kept: &KeptScan,
    targets: TargetSet,
    excludes: TargetSetBuilder<'static>,
    settings: &Settings,
) -> Result<Replayed> {
    let scan = kept.scan;
    let mut origin = Origin::new(scan, Site::of_machine(""));
    let options = scan_options(settings, origin.clone(), false);
    let mut replay = Replay::new(targets.into(), &options);
    let mut fleet = Fleet::new(rules::of(settings));
    read(kept, |event| {
        replay.apply(&event);
        let run = |stream| match stream {
            Stream::Run(run) => run,
            Stream::Shard { .. } => 0,
        };
        origin.stream = Stream::Run(run(origin.stream).max(run(event.stream)));
        origin.site = event.site.clone();
        fleet.apply(event);
    })?;
    if let Stream::Run(run) = &mut origin.stream {
        *run = run.saturating_add(1);
    }
    fleet.settle();
    replay.exclude(excludes);
    let (targets, resume) = replay
        .finish()
        .map_err(|error| not_resumable(scan, error))?;
    Ok((targets, fleet, Left::Hosts(Box::new(resume)), origin))
}

/// The same of a scan by workers.
fn replay_shards(
    kept: &KeptScan,
    targets: TargetSet,
    excludes: TargetSetBuilder<'static>,
    settings: &Settings,
) -> Result<Replayed> {
    let scan = kept.scan;
    let sites = &settings.nats.sites;
    let seed = settings.scan.seed.unwrap_or_default();
    let mut resumed = sites::Resumed::new(scan, targets, seed, recorded(settings), sites);
    let mut fleet = Fleet::new(rules::of(settings));
    read(kept, |event| {
        resumed.apply(&event);
        fleet.apply(event);
    })?;
    fleet.settle();
    let (run, targets) = resumed.finish(excludes);
    let site = sites.first().cloned();
    let origin = Origin {
        stream: Stream::Run(run),
        ..Origin::new(scan, site.unwrap_or_else(|| Site::of_machine("")))
    };
    Ok((targets, fleet, Left::Shards(Box::new(resumed)), origin))
}

/// Reads the events of the journal.
fn read(kept: &KeptScan, mut apply: impl FnMut(ScanEvent)) -> Result<()> {
    let scan = kept.scan;
    let mut events = kept.events()?;
    for event in &mut events {
        apply(event.map_err(|cause| HistoryError::Record { scan, cause })?);
    }
    for note in events.notes() {
        stderr::print(&format!("rdpscan: {note}"));
    }
    Ok(())
}

fn not_resumable(scan: ScanId, error: NotResumable) -> anyhow::Error {
    anyhow::Error::msg(format!(
        "{scan} cannot be resumed: {error}; `rdpscan open {scan}` shows what was found, or scan again"
    ))
}

/// What is resumed, and how old it is.
fn introduction(scan: ScanId, fleet: &Fleet) -> String {
    let hosts = counted(fleet.hosts().count() as u64, "host", "hosts");
    let line = format!("resuming {scan}: {hosts} known");
    let Some((_, newest)) = fleet.times() else {
        return line;
    };
    if clock::wall().duration_since(newest) <= OLD {
        return line;
    }
    let seen = newest.strftime("%Y-%m-%d %H:%M UTC");
    format!(
        "{line}, as of {seen}, which is more than a day ago: they may have changed since; each attempt is shown with its time"
    )
}
