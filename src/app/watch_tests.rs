use std::collections::BTreeSet;
use std::io::Write;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use clap::Parser as _;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::cli::Cli;
use crate::history::{Index, JournalFolder, Reference};
use crate::kit;
use crate::model::{Attempt, Endpoint, EventBody, Lookup, Outcome, ScanEvent, Site, Stage};
use crate::prober::{AttemptRequest, Connect, ConnectFailure, ResolverHealth};
use crate::record;
use crate::settings::Environment;
use crate::targets::{TargetSet, TargetSetBuilder};

const HOST: &str = "10.0.0.5";
const OTHER: &str = "10.0.0.6";

/// Two hosts by script: the first one always answers, and so counts the sweeps.
struct Scripted {
    sweeps: AtomicUsize,
    /// Whether the other one answers in a sweep.
    answers: fn(usize) -> bool,
    /// How long a connect takes in a sweep.
    takes: fn(usize) -> Duration,
    /// The sweep in which the user stops.
    last: usize,
    stop: CancellationToken,
    descriptors: Mutex<Vec<u64>>,
}

impl Prober for Scripted {
    type Link = ();

    async fn connect(&self, endpoint: Endpoint, _: Duration) -> Connect<()> {
        let is_first = endpoint.address == HOST.parse::<IpAddr>().unwrap();
        let sweep = self.sweeps.load(Ordering::SeqCst) + usize::from(is_first);
        if is_first {
            self.sweeps.store(sweep, Ordering::SeqCst);
            if sweep.is_multiple_of(100) {
                let now = platform::descriptors().map_or(0, |open| open.used);
                self.descriptors.lock().unwrap().push(now);
            }
        }
        tokio::time::sleep((self.takes)(sweep)).await;
        if is_first || (self.answers)(sweep) {
            return Connect::Up(());
        }
        Connect::Failed(ConnectFailure {
            outcome: Outcome::Refused,
            shortage: None,
            started_at: clock::wall(),
            duration_us: 1,
        })
    }

    async fn attempt(&self, (): (), request: AttemptRequest, _: CancellationToken) -> Attempt {
        let stages = vec![kit::stage(Stage::Tcp, Outcome::Ok)];
        request.into_attempt(clock::wall(), stages)
    }

    async fn forward(&self, _: &str) -> Option<Vec<Lookup>> {
        None
    }

    async fn reverse(&self, _: IpAddr) -> Option<Vec<Lookup>> {
        None
    }

    fn resolvers(&self) -> Vec<ResolverHealth> {
        Vec::new()
    }
}

/// The lines of a recording.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Trial {
    sweeper: Sweeper<Scripted>,
    stop: Stop,
    lines: Lines,
    id: &'static str,
}

impl Trial {
    fn new(flags: &[&str], answers: fn(usize) -> bool, last: usize) -> Self {
        let usual = ["rdpscan", HOST, "--no-dns", "--attempts", "1"];
        let cli = Cli::try_parse_from(usual.iter().chain(flags)).unwrap();
        let mut settings = cli.settings(&Environment::default()).unwrap().settings;
        settings.scan.seed = Some(1);
        // The ids of the tests are old.
        settings.history.keep.days = None;
        let stop = Stop::default();
        let prober = Scripted {
            sweeps: AtomicUsize::new(0),
            answers,
            takes: |_| Duration::from_millis(1),
            last,
            stop: stop.gently.clone(),
            descriptors: Mutex::default(),
        };
        let mut targets = TargetSetBuilder::new(&[3389]);
        for target in [HOST, OTHER] {
            targets.add_text(target).unwrap();
        }
        let targets: TargetSet = targets.build().unwrap();
        Self {
            sweeper: Sweeper {
                rules: rules::of_settings(&settings),
                settings,
                targets: targets.into(),
                prober: prober.into(),
                simulated: false,
                history: None,
                sites: None,
            },
            stop,
            lines: Lines::default(),
            id: "20260121T120000Z-00c0ffee",
        }
    }

    fn prober(&mut self) -> &mut Scripted {
        Arc::get_mut(&mut self.sweeper.prober).unwrap()
    }

    fn outputs(reports: Vec<(Format, Sink)>) -> Outputs {
        Outputs {
            filter: Filter::default(),
            reports,
            printed: Vec::new(),
            quiet: true,
        }
    }

    /// Sweeps until the last one has ended. Returns the exit status, and how many hosts were pending at the end.
    async fn run(&self) -> (ExitStatus, usize) {
        self.run_with(None, Self::outputs(Vec::new())).await
    }

    async fn run_with(&self, viewer: Option<Viewer>, outputs: Outputs) -> (ExitStatus, usize) {
        let mut watch = Watch::new(&self.sweeper, outputs, false, viewer);
        let scan = self.id.parse().unwrap();
        let origin = Origin::new(scan, Site::of_machine(""));
        let (progress, mut watching) = watch::channel(Progress::default());
        let live: Live = record::Writer::new(Box::new(self.lines.clone()));
        let prober = Arc::clone(&self.sweeper.prober);
        // As a user who stops while the watch waits for the next sweep.
        let user = async move {
            while watching.changed().await.is_ok() {
                let is_waiting = watching.borrow_and_update().next_sweep.is_some();
                if is_waiting && prober.sweeps.load(Ordering::SeqCst) >= prober.last {
                    prober.stop.cancel();
                }
            }
        };
        let (status, ()) = tokio::join!(watch.run(origin, Some(live), progress, &self.stop), user);
        assert!(watch.outputs.printed.len() <= 3);
        (status, watch.watched.map_or(0, |watched| watched.pending()))
    }

    fn events(&self) -> Vec<ScanEvent> {
        let lines = self.lines.0.lock().unwrap().clone();
        let events = record::Reader::new(&*lines).unwrap();
        events.map(Result::unwrap).collect()
    }

    fn notices(&self) -> Vec<(u32, Notice)> {
        let notices = self
            .events()
            .into_iter()
            .filter_map(|event| match event.body {
                EventBody::Notice(notice) => Some((event.epoch, notice)),
                _ => None,
            });
        notices.collect()
    }
}

#[tokio::test(start_paused = true)]
async fn two_thousand_sweeps_leave_nothing_behind() {
    let trial = Trial::new(&["--watch", "15m"], |sweep| sweep % 3 != 0, 2_000);
    let began = clock::monotonic();
    let (status, pending) = trial.run().await;
    assert_eq!(status, ExitStatus::Done);
    assert!(pending <= 2);
    let took = clock::monotonic() - began;
    assert_eq!(took.as_secs() / 900, 1_999);
    let events = trial.events();
    let epochs: BTreeSet<u32> = events.iter().map(|event| event.epoch).collect();
    assert!(epochs.into_iter().eq(1..=2_000));
    // Other tests open and close some at the same time.
    let open = trial.sweeper.prober.descriptors.lock().unwrap().clone();
    let (first, last) = (open.first().unwrap(), open.last().unwrap());
    assert!(*last < first + 500, "{open:?}");

    let place = tempfile::tempdir().unwrap();
    let folder = JournalFolder::at(place.path().join("scans"));
    // The same, kept: a journal for each sweep, of which only the newest stay.
    let mut trial = Trial::new(&["--watch", "15m"], |sweep| sweep % 3 != 0, 40);
    trial.sweeper.settings.history.keep.scans = Some(5);
    trial.sweeper.history = Some(folder.clone());
    trial.run().await;
    let kept = folder.scans().unwrap();
    assert!(kept.len() <= 6, "{kept:?}");
    assert!(kept.iter().all(|kept| kept.is_compressed));
    let newest = folder.find(&Reference::Last).unwrap();
    assert_eq!(newest.epoch, 40);
    let mut index = Index::open(&folder, crate::diagnosis::Policy::default()).unwrap();
    assert_eq!(index.scans().unwrap().len(), kept.len());
    assert_eq!(index.host(HOST).unwrap().len(), kept.len());
}

#[tokio::test(start_paused = true)]
async fn a_sweep_longer_than_the_interval_delays_the_next_with_a_notice() {
    let mut trial = Trial::new(&["--watch", "1m"], |_| true, 3);
    trial.prober().takes = |sweep| Duration::from_secs(if sweep == 2 { 100 } else { 1 });
    let (status, _) = trial.run().await;
    assert_eq!(status, ExitStatus::Done);
    let notices = trial.notices();
    let [(3, Notice::SweepDelayed { seconds })] = &*notices else {
        panic!("{notices:?}");
    };
    assert!((40..=60).contains(seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_program_that_fails_is_a_notice_of_the_next_sweep() {
    let command = "no/such/program";
    let flags = ["--watch", "1m", "--on-change", command];
    let trial = Trial::new(&flags, |sweep| sweep < 3, 8);
    trial.run().await;
    let notices = trial.notices();
    // Gone in sweep 3, confirmed in sweep 4 by the rule 2 of 3.
    let [(5, Notice::ChangeCommandFailed { detail })] = &*notices else {
        panic!("{notices:?}");
    };
    assert!(detail.contains(command), "{detail}");
}

#[tokio::test(start_paused = true)]
async fn the_status_is_that_of_the_last_sweep() {
    for (last, status) in [(2, ExitStatus::Done), (3, ExitStatus::Findings)] {
        let flags = ["--watch", "1m", "--fail-on", "closed", "--all"];
        let trial = Trial::new(&flags, |sweep| sweep < 3, last);
        assert_eq!(trial.run().await.0, status);
    }
}

/// A sweep that the time limit ends has no status, and is not counted.
#[tokio::test(start_paused = true)]
async fn the_status_is_that_of_the_last_complete_sweep() {
    let flags = ["--watch", "1m", "--max-time", "10s", "--fail-on", "closed"];
    let mut trial = Trial::new(&flags, |_| false, 2);
    trial.prober().takes = |sweep| Duration::from_secs(if sweep == 2 { 20 } else { 1 });
    let (status, _) = trial.run().await;
    assert_eq!(status, ExitStatus::Findings);
    let limits = trial.notices().into_iter();
    assert_eq!(
        limits.filter(|(_, one)| *one == Notice::TimeLimit).count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_screen_and_the_rows_have_the_changes_that_are_confirmed() {
    // New in sweep 3, confirmed in sweep 4 by the rule 2 of 3.
    for (last, is_confirmed) in [(3, false), (4, true)] {
        let trial = Trial::new(&["--watch", "1m"], |sweep| sweep >= 3, last);
        let (events, _) = mpsc::channel(1);
        let (sweeps, newest) = watch::channel(None);
        let viewer = Viewer { events, sweeps };
        trial
            .run_with(Some(viewer), Trial::outputs(Vec::new()))
            .await;
        let shown: Option<Box<Sweep>> = newest.borrow().clone();
        let shown = shown.unwrap();
        assert_eq!(shown.since.changed().count(), usize::from(is_confirmed));
        let rows = shown.fleet.rows();
        let changed: Vec<_> = rows
            .iter()
            .filter(|row| !row.changes().is_empty())
            .collect();
        assert_eq!(changed.len(), usize::from(is_confirmed));
        assert_eq!(shown.fleet.summary().changed, u64::from(is_confirmed));
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_that_cannot_be_written_under_a_screen_is_a_notice_of_the_next_sweep() {
    let trial = Trial::new(&["--watch", "1m"], |_| true, 2);
    let place = tempfile::tempdir().unwrap();
    let report = place.path().join("no/such/folder/report.csv");
    let outputs = Trial::outputs(vec![(Format::Csv, Sink::File(report))]);
    let (events, _) = mpsc::channel(1);
    let (sweeps, _) = watch::channel(None);
    let (status, _) = trial
        .run_with(Some(Viewer { events, sweeps }), outputs)
        .await;
    assert_eq!(status, ExitStatus::Usage);
    let notices = trial.notices();
    let [(2, Notice::OutputFailed { detail })] = &*notices else {
        panic!("{notices:?}");
    };
    assert!(detail.contains("report.csv"), "{detail}");
}

#[tokio::test(start_paused = true)]
async fn the_first_sweep_is_compared_with_the_scan_before() {
    let place = tempfile::tempdir().unwrap();
    let folder = JournalFolder::at(place.path().join("scans"));
    let changes = |last, id: &'static str| {
        let flags = ["--watch", "1m", "--on-change", "no/such/program"];
        let answers: fn(usize) -> bool = if last == 1 { |_| true } else { |_| false };
        let mut trial = Trial::new(&flags, answers, last);
        trial.sweeper.history = Some(folder.clone());
        trial.id = id;
        async move {
            trial.run().await;
            trial.notices()
        }
    };
    assert!(changes(1, "20260121T120000Z-00000001").await.is_empty());
    let notices = changes(4, "20260121T130000Z-00000002").await;
    // Confirmed in sweep 2.
    assert!(
        matches!(&*notices, [(3, Notice::ChangeCommandFailed { .. })]),
        "{notices:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_first_sweep_is_an_interruption() {
    let trial = Trial::new(&["--watch", "1m"], |_| true, 1);
    trial.stop.gently.cancel();
    assert_eq!(trial.run().await.0, ExitStatus::Interrupted);
}
