//! One sweep over the targets: the engine, with journal and recording between it and the reader of its events.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::fleet::Rules;
use crate::history::{self, Journal, JournalFile, JournalFolder};
use crate::model::{Control, EpochId, Notice, Origin, Progress, ScanEnd, ScanEvent};
use crate::prober::Prober;
use crate::scan::{EVENT_CAPACITY, Resume, ScanOptions, Work};
use crate::settings::{self, Settings};
use crate::targets::TargetSet;
use crate::{platform, scan, sites};

use super::recording::{self, Live, Recorded};
use super::signals::Stop;
use super::sites::Sites;
use super::{capacity, stderr};

/// Connect timeout at hosts that have answered before: long enough for two SYN retransmissions by the kernel.
const KNOWN_HOST_CONNECT: Duration = Duration::from_millis(3500);
/// Grace time for a recording after the second signal.
const LAST_WRITES: Duration = Duration::from_secs(1);

/// What every sweep of a scan needs.
pub(super) struct Sweeper<P> {
    pub(super) settings: Settings,
    pub(super) rules: Rules,
    pub(super) targets: Arc<TargetSet>,
    pub(super) prober: Arc<P>,
    /// The hosts are simulated on loopback.
    pub(super) simulated: bool,
    /// Where the scan is kept, if it is.
    pub(super) history: Option<JournalFolder>,
    /// Whose workers scan in place of this process.
    pub(super) sites: Option<Sites>,
}

/// What earlier runs have left to do.
pub(super) enum Left {
    Hosts(Box<Resume>),
    /// Parts of the scan, for workers.
    Shards(Box<sites::Resumed>),
}

/// How a sweep begins.
pub(super) struct Start {
    pub(super) origin: Origin,
    pub(super) notices: Vec<Notice>,
    /// What earlier runs have left to do, and their journal.
    pub(super) resumed: Option<(Left, JournalFile)>,
    pub(super) live: Option<Live>,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) orders: Option<mpsc::Receiver<Control>>,
}

/// A sweep that runs.
pub(super) struct Sweep {
    engine: JoinHandle<ScanEnd>,
    pub(super) journal: Option<Journal>,
    recording: Option<oneshot::Receiver<recording::Ended>>,
}

impl<P: Prober> Sweeper<P> {
    /// Starts a sweep. Its events have passed the journal and the recording.
    pub(super) fn start(&self, start: Start, stop: &Stop) -> (mpsc::Receiver<ScanEvent>, Sweep) {
        let mut options = scan_options(&self.settings, start.origin, self.simulated);
        options.notices.extend(start.notices);
        let (outside, notices) = watch::channel(Vec::new());
        options.outside = Some(notices);
        let (left, journal) = match start.resumed {
            Some((left, journal)) => (Some(left), Some(journal)),
            None => (None, self.open_journal(&mut options)),
        };
        let (events, receiver) = mpsc::channel::<ScanEvent>(EVENT_CAPACITY);
        let targets = Arc::clone(&self.targets);
        let (progress, gently, orders) = (start.progress, stop.gently.clone(), start.orders);
        let (resume, shards) = match left {
            Some(Left::Hosts(resume)) => (Some(resume), None),
            Some(Left::Shards(shards)) => (None, Some(shards)),
            None => (None, None),
        };
        let engine = if let Some(sites) = &self.sites {
            let work = (targets, shards);
            sites.spawn(work, options, events, progress, gently, orders)
        } else {
            let (work, prober) = (Work { targets, resume }, Arc::clone(&self.prober));
            tokio::spawn(scan::run(
                work, prober, options, events, progress, gently, orders,
            ))
        };
        let (receiver, journal) = match journal {
            Some(file) => {
                let (receiver, journal) = history::start(receiver, file, outside);
                (receiver, Some(journal))
            }
            None => (receiver, None),
        };
        let (receiver, recording) = match start.live {
            Some(live) => {
                let (receiver, ended) = recording::record(receiver, live, stop.gently.clone());
                (receiver, Some(ended))
            }
            None => (receiver, None),
        };
        let sweep = Sweep {
            engine,
            journal,
            recording,
        };
        (receiver, sweep)
    }

    /// A journal that cannot be made is a notice, and no reason not to scan.
    fn open_journal(&self, options: &mut ScanOptions) -> Option<JournalFile> {
        let id = EpochId::new(options.origin.scan, options.origin.epoch);
        match self.history.as_ref()?.create(id) {
            Ok(file) => Some(file),
            Err(error) => {
                let detail = error.to_string().into();
                options.notices.push(Notice::JournalStopped { detail });
                None
            }
        }
    }
}

impl Sweep {
    /// Waits for engine and recording, unless a second signal comes.
    pub(super) async fn end(self, stop: &Stop) -> (Option<Journal>, recording::Ended) {
        join(self.engine, stop).await;
        (self.journal, recording_end(self.recording, stop).await)
    }
}

/// Waits for the engine, unless a second signal comes.
async fn join(mut engine: JoinHandle<ScanEnd>, stop: &Stop) {
    let ended = tokio::select! {
        biased;
        () = stop.now.cancelled() => return engine.abort(),
        ended = &mut engine => ended,
    };
    if ended.is_err_and(|error| error.is_panic()) {
        // A bug in the engine must not lose results: the fleet is still written.
        stderr::print(
            "rdpscan: the scan broke off by a fault of its own; what was found until then is kept",
        );
    }
}

/// Waits for the recording, after a second signal only for the grace time.
async fn recording_end(
    recording: Option<oneshot::Receiver<recording::Ended>>,
    stop: &Stop,
) -> recording::Ended {
    let Some(recording) = recording else {
        return (Recorded::Complete, None);
    };
    let too_late = async {
        stop.now.cancelled().await;
        tokio::time::sleep(LAST_WRITES).await;
    };
    tokio::select! {
        biased;
        ended = recording => ended.unwrap_or((Recorded::Complete, None)),
        () = too_late => {
            let error = io::Error::other("it does not take the last events");
            (Recorded::Failed(error), None)
        }
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

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;
    use crate::model::Site;
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
