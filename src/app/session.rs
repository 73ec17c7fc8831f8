//! One scan from targets to fleet: prober, engine, and screen or progress line.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::fleet::Fleet;
use crate::history::{self, Journal, JournalFile, JournalFolder};
use crate::model::{Lookup, Notice, Origin, Progress, ScanEnd, ScanEvent, ScanId, Site};
use crate::probe::LiveProber;
use crate::probe::ProbeOptions;
use crate::probe::dns::{DnsOptions, Names};
use crate::probe::trust::TrustStore;
use crate::scan::{CONTROL_CAPACITY, EVENT_CAPACITY, Resume, ScanOptions, Work};
use crate::settings::{self, Settings};
use crate::targets::TargetSet;
use crate::tui::OnExit;
use crate::{platform, record, sanitize, scan, tui};

use super::headless::{self, ProgressDisplay};
use super::past::Past;
use super::recording::{self, Recorded};
use super::signals::Stop;
use super::sink::Sink;
use super::{capacity, screen, stderr};

/// Connect timeout at hosts that have answered before: long enough for two SYN retransmissions by the kernel.
const KNOWN_HOST_CONNECT: Duration = Duration::from_millis(3500);
/// Grace time for the engine's last events after the screen was closed.
const LAST_EVENTS: Duration = Duration::from_secs(3);
/// Grace time for a recording after the second signal.
const LAST_WRITES: Duration = Duration::from_secs(1);

pub(super) struct Session {
    pub(super) settings: Settings,
    pub(super) scan: ScanId,
    pub(super) targets: Arc<TargetSet>,
    /// The hosts are simulated on loopback.
    pub(super) simulated: bool,
    pub(super) view: View,
    /// The destination of events as they come.
    pub(super) record: Option<Sink>,
    /// Where the scan is kept, if it is.
    pub(super) history: Option<JournalFolder>,
    /// A single name that does not resolve is a row, and not an error.
    pub(super) lists_unresolved: bool,
    /// What earlier runs have left.
    pub(super) resumed: Option<Box<Resumed>>,
}

/// A scan as its earlier runs have left it.
pub(super) struct Resumed {
    /// What they found.
    pub(super) fleet: Fleet,
    pub(super) resume: Box<Resume>,
    /// The next run.
    pub(super) origin: Origin,
    pub(super) journal: JournalFile,
}

pub(super) struct Finished {
    pub(super) fleet: Fleet,
    pub(super) recorded: Recorded,
    pub(super) journal: Option<Journal>,
    /// The user asked on the screen to save it.
    pub(super) save: bool,
}

pub(super) enum View {
    Screen {
        on_exit: OnExit,
    },
    Headless {
        /// Show progress on standard error.
        progress: bool,
    },
}

impl View {
    fn on_exit(&self) -> OnExit {
        match self {
            Self::Screen { on_exit } => on_exit.clone(),
            Self::Headless { .. } => OnExit::default(),
        }
    }
}

impl Session {
    /// Runs the scan to its end, or to a stop. `None` when the stop came before the scan.
    pub(super) async fn run(mut self, stop: &Stop) -> Result<Option<Finished>> {
        let names = Names::new(DnsOptions {
            servers: self.settings.names.servers.clone(),
            timeout: self.settings.names.timeout,
        });
        tokio::select! {
            biased;
            () = stop.gently.cancelled() => return Ok(None),
            checked = self.refuse_unresolvable_target(&names) => checked?,
        }
        let mut screen_options = screen::options(&self.settings, self.view.on_exit())?;
        let past = Past::new(self.settings.policy.policy(), self.simulated);
        screen_options.past = Some(Arc::new(past));
        let trust = tokio::task::spawn_blocking(TrustStore::load).await?;
        // Last of all checks, because an existing recording is truncated.
        let live = self.open_recording()?;
        let prober = Arc::new(LiveProber::new(self.probe_options(names, trust)));
        let origin = Origin::new(self.scan, Site::of_machine(&platform::machine_name()));
        let mut options = scan_options(&self.settings, origin, self.simulated);
        let (outside, notices) = watch::channel(Vec::new());
        options.outside = Some(notices);
        let (fleet, journal, resume) = if let Some(resumed) = self.resumed.take() {
            options.origin = resumed.origin;
            (resumed.fleet, Some(resumed.journal), Some(resumed.resume))
        } else {
            let fleet = Fleet::new(self.settings.policy.policy());
            (fleet, self.open_journal(&mut options.notices), None)
        };
        if journal.is_some() && screen_options.on_exit == OnExit::Discard {
            screen_options.on_exit = OnExit::Kept;
        }

        let (events, receiver) = mpsc::channel::<ScanEvent>(EVENT_CAPACITY);
        let (progress, watching) = watch::channel(Progress::default());
        let (control, orders) = match &self.view {
            View::Screen { .. } => {
                let (control, orders) = mpsc::channel(CONTROL_CAPACITY);
                (Some(control), Some(orders))
            }
            View::Headless { .. } => (None, None),
        };
        let targets = self.targets;
        let engine = scan::run(
            Work { targets, resume },
            prober,
            options,
            events,
            progress,
            stop.gently.clone(),
            orders,
        );
        let mut engine = tokio::spawn(engine);
        let (receiver, journal) = match journal {
            Some(file) => {
                let keep = self.settings.history.keep;
                let (receiver, journal) = history::start(receiver, file, keep, outside);
                (receiver, Some(journal))
            }
            None => (receiver, None),
        };
        let (receiver, recorded) = match live {
            Some(live) => {
                let (receiver, recorded) = recording::record(receiver, live, stop.gently.clone());
                (receiver, Some(recorded))
            }
            None => (receiver, None),
        };
        let mut save = false;
        let mut fleet = match self.view {
            View::Screen { .. } => {
                let mut feed = tui::Feed {
                    events: Some(receiver),
                    progress: watching,
                    stop: stop.gently.clone(),
                    control,
                };
                let left = tui::run(fleet, &mut feed, screen_options).await?;
                save = left.save;
                let fleet = screen::close(left, &self.settings);
                stop.gently.cancel();
                drain_events(fleet, feed, stop).await
            }
            View::Headless { progress } => {
                let display = if progress {
                    ProgressDisplay::on_standard_error()
                } else {
                    ProgressDisplay::Hidden
                };
                headless::follow(fleet, receiver, watching, stop, display).await
            }
        };
        join(&mut engine, stop).await;
        fleet.settle();
        let recorded = recording_result(recorded, stop).await;
        Ok(Some(Finished {
            fleet,
            recorded,
            journal,
            save,
        }))
    }

    /// The recording that was asked for. Of a scan that is resumed it begins with what was recorded before.
    fn open_recording(&self) -> Result<Option<recording::Live>> {
        let Some(sink) = &self.record else {
            return Ok(None);
        };
        let mut out = sink.open()?;
        if let Some(resumed) = &self.resumed {
            let copied = resumed.journal.copy_to(&mut *out);
            copied.with_context(|| format!("cannot write to {sink}"))?;
        }
        Ok(Some(record::Writer::new(out)))
    }

    /// A journal that cannot be made is a notice, and no reason not to scan.
    fn open_journal(&self, notices: &mut Vec<Notice>) -> Option<JournalFile> {
        match self.history.as_ref()?.create(self.scan) {
            Ok(file) => Some(file),
            Err(error) => {
                let detail = error.to_string().into();
                notices.push(Notice::JournalStopped { detail });
                None
            }
        }
    }

    /// A single target that does not resolve is an error, and not a table of one row. Among others it is a row.
    async fn refuse_unresolvable_target(&self, names: &Names) -> Result<()> {
        if self.resumed.is_some() {
            return Ok(());
        }
        let listed = self.targets.names();
        if let (false, Some(name)) = (self.settings.names.dns, listed.first()) {
            bail!(
                "`{}` is a name, and --no-dns leaves names unresolved; use its address, or leave --no-dns out",
                sanitize::terminal(&name.name)
            );
        }
        let ([name], 0, false) = (listed, self.targets.endpoints(), self.lists_unresolved) else {
            return Ok(());
        };
        let mut lookups = names.forward(&name.name).await.unwrap_or_default();
        let is_certain = |lookup: &Lookup| lookup.answer.is_certain();
        if !lookups.iter().any(is_certain) {
            lookups.extend(names.forward(&name.name).await.unwrap_or_default());
        }
        if lookups
            .iter()
            .any(|lookup| !lookup.answer.addresses().is_empty())
        {
            return Ok(());
        }
        // A negative answer is more specific than a resolver failure.
        let failed = lookups
            .iter()
            .min_by_key(|lookup| lookup.answer.is_resolver_trouble());
        let reason = failed.map_or("no resolver was asked".to_owned(), |lookup| {
            sanitize::terminal(&lookup.answer.to_string()).into_owned()
        });
        let name = sanitize::terminal(&name.name);
        if failed.is_some_and(|lookup| lookup.answer.is_resolver_trouble()) {
            bail!(
                "`{name}` could not be looked up: {reason}; check the network, scan its address, or name a DNS server with --dns"
            );
        }
        bail!(
            "`{name}` does not resolve: {reason}; check the spelling, scan its address, or name a DNS server with --dns"
        )
    }

    fn probe_options(&self, names: Names, trust: TrustStore) -> ProbeOptions {
        let stage = self.settings.scan.timeout;
        ProbeOptions::new(names, Arc::new(trust), stage)
    }
}

/// The settings as the engine needs them.
pub(super) fn scan_options(settings: &Settings, origin: Origin, simulated: bool) -> ScanOptions {
    let scan = &settings.scan;
    let limit = platform::descriptor_limit();
    let (in_flight, notice) = capacity::in_flight(scan.concurrency(), scan.rate(), limit);
    ScanOptions {
        origin,
        seed: scan.seed.unwrap_or_default(),
        attempts: scan.attempts,
        check_nla: scan.check_nla,
        interval: scan.interval,
        gap: scan.gap,
        rounds: scan.connect_timeouts.clone(),
        connect_timeout: KNOWN_HOST_CONNECT.min(scan.timeout),
        stage_timeout: scan.timeout,
        in_flight,
        lookups: capacity::lookups(limit).min(settings.names.concurrency),
        rate: scan.rate(),
        ntlm: scan.ntlm,
        dns: settings.names.dns,
        list_all: settings.output.all,
        max_time: scan.max_time,
        simulated,
        notices: notice.into_iter().collect(),
        settings: settings::recorded(settings),
        ..ScanOptions::default()
    }
}

/// Waits for the engine, unless a second signal comes.
async fn join(engine: &mut JoinHandle<ScanEnd>, stop: &Stop) {
    let ended = tokio::select! {
        biased;
        () = stop.now.cancelled() => return engine.abort(),
        ended = &mut *engine => ended,
    };
    if ended.is_err_and(|error| error.is_panic()) {
        // A bug in the engine must not lose results: the fleet is still written.
        stderr::print(
            "rdpscan: the scan broke off by a fault of its own; what was found until then is kept",
        );
    }
}

/// Waits for the recording, after a second signal only for the grace time.
async fn recording_result(recorded: Option<oneshot::Receiver<Recorded>>, stop: &Stop) -> Recorded {
    let Some(recorded) = recorded else {
        return Recorded::Complete;
    };
    let too_late = async {
        stop.now.cancelled().await;
        tokio::time::sleep(LAST_WRITES).await;
    };
    tokio::select! {
        biased;
        recorded = recorded => recorded.unwrap_or(Recorded::Complete),
        () = too_late => Recorded::Failed(io::Error::other("it does not take the last events")),
    }
}

/// Applies the events that the engine sends after the screen was closed: attempts in flight, and the end.
async fn drain_events(mut fleet: Fleet, feed: tui::Feed, stop: &Stop) -> Fleet {
    let Some(mut events) = feed.events else {
        return fleet;
    };
    let rest = async {
        while let Some(event) = events.recv().await {
            fleet.apply(event);
        }
    };
    tokio::select! {
        () = stop.now.cancelled() => {}
        _ = tokio::time::timeout(LAST_EVENTS, rest) => {}
    }
    fleet
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;
    use crate::settings::Environment;

    #[test]
    fn lookups_are_limited_by_the_setting() {
        let lookups = |flags: &[&str]| {
            let arguments = ["rdpscan", "127.0.0.1"].iter().chain(flags);
            let cli = Cli::try_parse_from(arguments).unwrap();
            let settings = cli.settings(&Environment::default()).unwrap().settings;
            let scan = "20260121T120000Z-00c0ffee".parse().unwrap();
            let origin = Origin::new(scan, Site::of_machine(""));
            scan_options(&settings, origin, false).lookups
        };
        assert_eq!(lookups(&["--dns-concurrency", "2"]), 2);
        assert!(lookups(&[]) > 2);
    }
}
