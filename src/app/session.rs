//! One scan from targets to fleet: prober, engine, and screen or progress line.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::sync::{mpsc, watch};

use crate::exit::ExitStatus;
use crate::fleet::{Fleet, Rules};
use crate::history::{Journal, JournalFile, JournalFolder};
use crate::model::{Lookup, Origin, Progress, ScanId, Site};
use crate::probe::LiveProber;
use crate::probe::ProbeOptions;
use crate::probe::dns::{DnsOptions, Names};
use crate::probe::trust::TrustStore;
use crate::scan::{CONTROL_CAPACITY, EVENT_CAPACITY};
use crate::settings::Settings;
use crate::targets::TargetSet;
use crate::tui::OnExit;
use crate::{platform, record, sanitize, tui};

use super::headless::{self, ProgressDisplay};
use super::past::Past;
use super::recording::{self, Recorded};
use super::signals::Stop;
use super::sink::Sink;
use super::sites::Sites;
use super::sweep::{Left, Start, Sweeper};
use super::watch::{Outputs, Viewer, Watch};
use super::{rescue, screen, stderr};

/// Grace time for the engine's last events after the screen was closed.
const LAST_EVENTS: Duration = Duration::from_secs(3);

pub(super) struct Session {
    pub(super) settings: Settings,
    /// By what its hosts are judged.
    pub(super) rules: Rules,
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
    /// The sites that scan in place of this machine.
    pub(super) sites: Option<Sites>,
}

/// A scan as its earlier runs have left it.
pub(super) struct Resumed {
    /// What they found.
    pub(super) fleet: Fleet,
    pub(super) left: Left,
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

/// A session that is ready to scan.
struct Ready {
    sweeper: Sweeper<LiveProber>,
    /// Its first sweep.
    origin: Origin,
    live: Option<recording::Live>,
    view: View,
    screen_options: tui::Options,
    resumed: Option<Box<Resumed>>,
}

impl Session {
    /// Checks the targets, and opens what every sweep needs. `None` when the stop came before the scan.
    async fn ready(mut self, stop: &Stop) -> Result<Option<Ready>> {
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
        screen_options.is_at_sites = self.sites.is_some();
        let past = Past::new(self.rules.clone(), self.simulated);
        screen_options.past = Some(Arc::new(past));
        let trust = tokio::task::spawn_blocking(TrustStore::load).await?;
        // Last of all checks, because an existing recording is truncated.
        let live = self.open_recording()?;
        let stage = self.settings.scan.timeout;
        let prober = LiveProber::new(ProbeOptions::new(names, Arc::new(trust), stage));
        let sweeper = Sweeper {
            prober: Arc::new(prober),
            settings: self.settings,
            rules: self.rules,
            targets: self.targets,
            simulated: self.simulated,
            history: self.history,
            sites: self.sites,
        };
        let resumed = self.resumed.take();
        let own = || {
            let site = sweeper.sites.as_ref().and_then(Sites::site);
            let site = site.unwrap_or_else(|| Site::of_machine(&platform::machine_name()));
            Origin::new(self.scan, site)
        };
        let origin = resumed.as_ref().map_or_else(own, |one| one.origin.clone());
        Ok(Some(Ready {
            sweeper,
            origin,
            live,
            view: self.view,
            screen_options,
            resumed,
        }))
    }

    /// Runs the scan to its end, or to a stop. `None` when the stop came before the scan.
    pub(super) async fn run(self, stop: &Stop) -> Result<Option<Finished>> {
        let Some(mut ready) = Box::pin(self.ready(stop)).await? else {
            return Ok(None);
        };
        let settings = ready.sweeper.settings.clone();
        let (fleet, resumed) = match ready.resumed {
            Some(resumed) => (resumed.fleet, Some((resumed.left, resumed.journal))),
            None => (Fleet::new(ready.sweeper.rules.clone()), None),
        };
        let (progress, watching) = watch::channel(Progress::default());
        let (control, orders) = match &ready.view {
            View::Screen { .. } => {
                let (control, orders) = mpsc::channel(CONTROL_CAPACITY);
                (Some(control), Some(orders))
            }
            View::Headless { .. } => (None, None),
        };
        let start = Start {
            origin: ready.origin,
            notices: Vec::new(),
            resumed,
            live: ready.live,
            progress,
            orders,
        };
        let (events, sweep) = ready.sweeper.start(start, stop);
        let mut save = false;
        let mut fleet = match ready.view {
            View::Screen { .. } => {
                if sweep.journal.is_some() && ready.screen_options.on_exit == OnExit::Discard {
                    ready.screen_options.on_exit = OnExit::Kept;
                }
                let mut feed = tui::Feed {
                    events: Some(events),
                    progress: watching,
                    stop: stop.gently.clone(),
                    control,
                    sweeps: None,
                };
                let left = tui::run(fleet, &mut feed, ready.screen_options).await?;
                save = left.save;
                let fleet = screen::close(left, &settings);
                stop.gently.cancel();
                drain_events(fleet, feed, stop).await
            }
            View::Headless { progress } => {
                let display = ProgressDisplay::new(progress);
                headless::follow(fleet, events, watching, stop, display).await
            }
        };
        let (journal, (recorded, _)) = sweep.end(stop).await;
        fleet.settle();
        Ok(Some(Finished {
            fleet,
            recorded,
            journal,
            save,
        }))
    }

    /// Sweeps again and again until it is stopped. `None` when the stop came before the scan.
    pub(super) async fn watch(self, outputs: Outputs, stop: &Stop) -> Result<Option<ExitStatus>> {
        let Some(ready) = Box::pin(self.ready(stop)).await? else {
            return Ok(None);
        };
        let (progress, watching) = watch::channel(Progress::default());
        let settings = &ready.sweeper.settings;
        let (viewer, screen) = match ready.view {
            View::Headless { .. } => (None, None),
            View::Screen { .. } => {
                let (events, receiver) = mpsc::channel(EVENT_CAPACITY);
                let fleet = Fleet::new(ready.sweeper.rules.clone());
                let (sweeps, newest) = watch::channel(None);
                let feed = tui::Feed {
                    events: Some(receiver),
                    progress: watching,
                    stop: stop.gently.clone(),
                    control: None,
                    sweeps: Some(newest),
                };
                let mut options = ready.screen_options;
                if ready.sweeper.history.is_some() && options.on_exit == OnExit::Discard {
                    options.on_exit = OnExit::Kept;
                }
                // However the screen ends, the watch does, too.
                let stopping = stop.gently.clone().drop_guard();
                // A task of its own, so that no key waits for the reports of a sweep.
                let shown = tokio::spawn(async move {
                    let _stopping = stopping;
                    let mut feed = feed;
                    tui::run(fleet, &mut feed, options).await
                });
                (Some(Viewer { events, sweeps }), Some(shown))
            }
        };
        let shows_progress = matches!(ready.view, View::Headless { progress: true });
        let mut watch = Watch::new(&ready.sweeper, outputs, shows_progress, viewer);
        let scan = ready.origin.scan;
        let sweeping = watch.run(ready.origin, ready.live, progress, stop);
        let status = match screen {
            None => sweeping.await,
            Some(screen) => {
                let (status, left) = tokio::join!(sweeping, screen);
                let left = left??;
                let is_saving = left.save;
                let fleet = screen::close(left, settings);
                if is_saving {
                    rescue::save(&fleet)?;
                }
                status
            }
        };
        stderr::print_notices(&watch.untold());
        if let Some(line) = watch.saved(scan).filter(|_| !settings.output.quiet) {
            stderr::print(&line);
        }
        Ok(Some(status))
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

    /// A single target that does not resolve is an error, and not a table of one row. Among others it is a row.
    async fn refuse_unresolvable_target(&self, names: &Names) -> Result<()> {
        if self.resumed.is_some() || self.sites.is_some() {
            return Ok(());
        }
        let listed = self.targets.names();
        let mut unlisted = listed
            .iter()
            .filter(|name| self.targets.row_addresses(&name.name).is_empty());
        if let (false, Some(name)) = (self.settings.names.dns, unlisted.clone().next()) {
            bail!(
                "`{}` is a name, and --no-dns leaves names unresolved; use its address, or leave --no-dns out",
                sanitize::terminal(&name.name)
            );
        }
        let ([_], 0, false) = (listed, self.targets.endpoints(), self.lists_unresolved) else {
            return Ok(());
        };
        let Some(name) = unlisted.next() else {
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
