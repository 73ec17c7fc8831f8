//! A watched scan: sweep after sweep, and what has changed between them.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::changes::{Comparison, Snapshot, Watched};
use crate::counts::counted;
use crate::exit::ExitStatus;
use crate::fleet::Fleet;
use crate::model::{Notice, Origin, Progress, ScanEvent, ScanId, ScanStatus};
use crate::prober::Prober;
use crate::report::{self, Format};
use crate::scan::EVENT_CAPACITY;
use crate::table::Filter;
use crate::tui::Sweep;
use crate::{clock, platform, sanitize, streams};

use super::headless::{self, ProgressDisplay};
use super::recording::{Live, Recorded};
use super::signals::Stop;
use super::sink::{self, Sink};
use super::sweep::{Start, Sweeper};
use super::{change_command, kept, past, rules, stderr};

/// How often a screen shows the time to the next sweep.
const TICK: Duration = Duration::from_secs(1);

/// Where the result of every sweep goes.
pub(super) struct Outputs {
    pub(super) filter: Filter,
    pub(super) reports: Vec<(Format, Sink)>,
    /// Notices that were printed already.
    pub(super) printed: Vec<Notice>,
    /// Nothing is printed beside the reports.
    pub(super) quiet: bool,
}

/// The screen that shows the sweeps.
pub(super) struct Viewer {
    /// Takes the events of the first sweep. Open until the end of the watch.
    pub(super) events: mpsc::Sender<ScanEvent>,
    pub(super) sweeps: watch::Sender<Option<Box<Sweep>>>,
}

pub(super) struct Watch<'a, P> {
    sweeper: &'a Sweeper<P>,
    outputs: Outputs,
    shows_progress: bool,
    viewer: Option<Viewer>,
    interval: Duration,
    /// From the first sweep on.
    watched: Option<Watched>,
    /// As of the last complete sweep.
    status: ExitStatus,
    /// Complete sweeps.
    swept: u64,
    is_kept: bool,
    /// No event is missing in the recording.
    is_recorded: bool,
    /// For the next sweep.
    notices: Vec<Notice>,
}

impl<'a, P: Prober> Watch<'a, P> {
    pub(super) fn new(
        sweeper: &'a Sweeper<P>,
        outputs: Outputs,
        shows_progress: bool,
        viewer: Option<Viewer>,
    ) -> Self {
        Self {
            sweeper,
            outputs,
            shows_progress,
            viewer,
            interval: sweeper.settings.watch.interval.unwrap_or_default(),
            watched: None,
            status: ExitStatus::Interrupted,
            swept: 0,
            is_kept: false,
            is_recorded: true,
            notices: Vec::new(),
        }
    }

    /// Sweeps until it is stopped. Returns the exit status as of the last complete sweep.
    pub(super) async fn run(
        &mut self,
        origin: Origin,
        mut live: Option<Live>,
        progress: watch::Sender<Progress>,
        stop: &Stop,
    ) -> ExitStatus {
        let mut fleet = Fleet::new(self.sweeper.rules.clone());
        for epoch in 1_u32.. {
            if clock::jump().is_some() {
                clock::take_new_base();
            }
            let began = clock::monotonic();
            let start = Start {
                origin: Origin {
                    epoch,
                    ..origin.clone()
                },
                notices: std::mem::take(&mut self.notices),
                resumed: None,
                live: live.take(),
                progress: progress.clone(),
                orders: None,
            };
            let (mut events, sweep) = self.sweeper.start(start, stop);
            if let Some(viewer) = self.viewer.as_ref().filter(|_| epoch == 1) {
                events = copied(events, viewer.events.clone());
            }
            let display = ProgressDisplay::new(self.shows_progress);
            let watching = progress.subscribe();
            fleet = headless::follow(fleet, events, watching, stop, display).await;
            let (journal, (recorded, writer)) = sweep.end(stop).await;
            live = writer;
            if !self.sweeper.simulated {
                // Something may have been acknowledged since the sweep before.
                let newest = rules::newest(&fleet.rules().exceptions);
                if newest != fleet.rules().exceptions {
                    fleet.except(newest);
                }
            }
            fleet.settle();
            self.is_kept |= journal.is_some();
            let keep = self.sweeper.settings.history.keep;
            if let Some(line) = kept::end(journal, &fleet, keep, stop, true).await {
                self.tell(line.strip_prefix("rdpscan: ").unwrap_or(&line));
            }
            if let Recorded::Failed(error) = recorded {
                self.is_recorded = false;
                self.tell(&format!("the recording has ended: {error}"));
            }
            let status = fleet.end().map(|end| end.status);
            let is_stopped = stop.gently.is_cancelled();
            if is_stopped && status != Some(ScanStatus::Complete) {
                break;
            }
            let failed = self.take_in(&mut fleet, stop).await;
            self.notices.extend(failed);
            fleet = fleet.emptied();
            let due = began + self.interval;
            let late = clock::monotonic().saturating_duration_since(due);
            if !late.is_zero() {
                let seconds = late.as_secs();
                self.notices.push(Notice::SweepDelayed { seconds });
            }
            self.wait(due, &progress, stop).await;
            if stop.gently.is_cancelled() {
                break;
            }
        }
        // So that the screen sees the end.
        self.viewer = None;
        self.status
    }

    /// The notices that no sweep has shown, because none followed.
    pub(super) fn untold(&self) -> Vec<Notice> {
        let notices = self.notices.iter();
        let of_past = notices.filter(|notice| !matches!(notice, Notice::SweepDelayed { .. }));
        of_past.cloned().collect()
    }

    /// Says what failed; where there is a screen, in the next sweep.
    fn tell(&mut self, failure: &str) {
        if self.viewer.is_none() {
            return stderr::print(&format!("rdpscan: {failure}"));
        }
        let detail = sanitize::single_line(failure).as_ref().into();
        self.notices.push(Notice::OutputFailed { detail });
    }

    /// What was saved, and how it is opened.
    pub(super) fn saved(&self, scan: ScanId) -> Option<String> {
        let sweeps = counted(self.swept, "complete sweep", "complete sweeps");
        let line = format!("saved: {scan}, {sweeps}; open the newest with `rdpscan open @last`");
        self.is_kept.then_some(line)
    }

    /// Compares what a sweep has found, and reports it. Returns the notice for the next one.
    async fn take_in(&mut self, fleet: &mut Fleet, stop: &Stop) -> Option<Notice> {
        let sweeper = self.sweeper;
        let settings = &sweeper.settings;
        let comparison = self.compare(fleet)?;
        fleet.set_changes(&comparison.of_rows());
        let status =
            sink::exit_status_of_scan(fleet, &self.outputs.filter, &settings.output.fail_on);
        let is_written = self.print(fleet, &comparison, stop) && self.is_recorded;
        // A sweep that the time limit has ended is not complete.
        if status != ExitStatus::Interrupted {
            self.swept += 1;
            self.status = if is_written {
                status
            } else {
                sink::unwritten()
            };
        }
        if let Some(viewer) = &self.viewer {
            let (fleet, since) = (fleet.clone(), comparison.clone());
            viewer
                .sweeps
                .send_replace(Some(Box::new(Sweep { fleet, since })));
        }
        if settings.watch.bell && comparison.changed().next().is_some() {
            ring();
        }
        let words = settings.watch.on_change.as_deref();
        let words = words.filter(|_| !sweeper.simulated)?;
        let ran = change_command::run(words, &comparison, self.viewer.is_none(), stop).await;
        let detail = format!("--on-change: {:#}", ran.err()?);
        let detail = sanitize::single_line(&detail).as_ref().into();
        Some(Notice::ChangeCommandFailed { detail })
    }

    /// The first sweep is compared with the scan before, if one is kept.
    fn compare(&mut self, fleet: &Fleet) -> Option<Comparison> {
        let found = Snapshot::of(fleet)?;
        let watched = self.watched.get_or_insert_with(|| {
            let folder = self.sweeper.history.as_ref();
            let before = folder.and_then(|folder| past::before(folder, fleet).ok()?);
            let before = before.unwrap_or_else(|| found.clone());
            Watched::new(before, self.sweeper.settings.watch.confirm)
        });
        Some(watched.sweep(found))
    }

    /// Waits for the next sweep, or the stop. A screen shows how long.
    async fn wait(&self, due: Instant, progress: &watch::Sender<Progress>, stop: &Stop) {
        let tick = self.viewer.as_ref().map(|_| TICK);
        loop {
            let left = due.saturating_duration_since(clock::monotonic());
            if left.is_zero() {
                break;
            }
            progress.send_modify(|progress| progress.next_sweep = Some(left));
            let wake = tick.map_or(due, |tick| due.min(clock::monotonic() + tick));
            tokio::select! {
                () = stop.gently.cancelled() => break,
                () = sleep_until(wake) => {}
            }
        }
        progress.send_replace(Progress::default());
    }

    /// Whether everything could be written.
    fn print(&mut self, fleet: &Fleet, comparison: &Comparison, stop: &Stop) -> bool {
        let outputs = &mut self.outputs;
        let text = line(fleet, comparison, &outputs.filter);
        let mut is_printed = outputs.quiet;
        let mut failures = Vec::new();
        for (format, sink) in &outputs.reports {
            let written = match (format, sink) {
                (Format::Ndjson, _) => continue,
                (_, Sink::Standard) => {
                    is_printed = true;
                    print_or_stop(&text, stop)
                }
                (format, sink) => {
                    let output = &self.sweeper.settings.output;
                    sink::write(
                        fleet,
                        &outputs.filter,
                        output,
                        *format,
                        sink,
                        Some(comparison),
                    )
                }
            };
            failures.extend(written.err());
        }
        if !is_printed {
            text.lines().for_each(stderr::print);
        }
        let notices = fleet.notices();
        if !outputs.quiet {
            let mut new = notices.clone();
            new.retain(|notice| !outputs.printed.contains(notice));
            stderr::print_notices(&new);
        }
        outputs.printed = notices;
        for failure in &failures {
            self.tell(&format!("{failure:#}"));
        }
        failures.is_empty()
    }
}

/// A line for a sweep, and one for each change, whatever the filter.
fn line(fleet: &Fleet, comparison: &Comparison, filter: &Filter) -> String {
    let began = fleet.times().map_or_else(clock::wall, |(began, _)| began);
    let mut text = format!(
        "{}  {}: {}; {}\n",
        began.strftime("%Y-%m-%d %H:%M:%S UTC"),
        format_args!("sweep {}", fleet.epoch()),
        stderr::summary(fleet, Some(filter)),
        report::changes_in_short(comparison)
    );
    for change in report::change_lines(comparison) {
        text.push_str("  ");
        text.push_str(&change);
        text.push('\n');
    }
    text
}

/// A watch whose reader has gone, as with `| head`, is over.
fn print_or_stop(text: &str, stop: &Stop) -> Result<()> {
    let mut out = streams::stdout();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if printed.as_ref().is_err_and(platform::reader_is_gone) {
        stop.gently.cancel();
        return Ok(());
    }
    printed.context("cannot write to standard output")
}

fn ring() {
    if std::io::stderr().is_terminal() {
        // The bell moves nothing on a screen. One that does not ring is no fault.
        drop(streams::stderr().write_all(b"\x07"));
    }
}

/// Passes events on, and to the screen as well.
fn copied(
    mut events: mpsc::Receiver<ScanEvent>,
    screen: mpsc::Sender<ScanEvent>,
) -> mpsc::Receiver<ScanEvent> {
    let (forward, receiver) = mpsc::channel(EVENT_CAPACITY);
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            // The screen may be closed.
            drop(screen.send(event.clone()).await);
            if forward.send(event).await.is_err() {
                break;
            }
        }
    });
    receiver
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
