//! One scan from targets to fleet: prober, engine, and whoever follows.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::sync::{mpsc, watch};

use crate::fleet::Fleet;
use crate::model::{LookupAnswer, Progress, ScanEvent};
use crate::probe::LiveProber;
use crate::probe::ProbeOptions;
use crate::probe::dns::{DnsOptions, Names};
use crate::probe::trust::TrustStore;
use crate::scan::{EVENT_CAPACITY, ScanOptions};
use crate::settings::Settings;
use crate::target::TargetSet;
use crate::{clock, platform, sanitize, scan, tui};

use super::headless::{self, Live};
use super::signals::Stop;
use super::{fit, outputs};

/// Connect timeout of attempts at hosts that are known to answer: holds two of the kernel's SYN retransmissions.
const KNOWN_HOST_CONNECT: Duration = Duration::from_millis(3500);
/// How long the rest of the events is waited for after the screen was left.
const LAST_EVENTS: Duration = Duration::from_secs(3);

/// What to scan, and how to follow it.
pub(super) struct Session {
    pub(super) settings: Settings,
    pub(super) targets: TargetSet,
    /// The hosts are simulated on loopback.
    pub(super) simulated: bool,
    pub(super) view: View,
}

/// How a scan is followed.
pub(super) enum View {
    /// The live table.
    Screen,
    /// A progress line on standard error, or not even that.
    Quiet {
        /// Draw the line.
        progress: bool,
        /// Write events to standard output as they come.
        live: Live,
    },
}

impl Session {
    /// Runs the scan to its end, or to a stop. What was found is in the fleet either way.
    pub(super) async fn run(self, stop: &Stop) -> Result<Fleet> {
        let names = Names::new(DnsOptions {
            servers: self.settings.names.servers.clone(),
            timeout: self.settings.names.timeout,
        });
        self.refuse_what_leads_nowhere(&names).await?;
        let filter = self.settings.output.filter.clone();
        let trust = tokio::task::spawn_blocking(TrustStore::load).await?;
        let prober = Arc::new(LiveProber::new(self.probe_options(names, trust)));
        let options = self.scan_options();

        let (events, receiver) = mpsc::channel::<ScanEvent>(EVENT_CAPACITY);
        let (progress, watching) = watch::channel(Progress::default());
        let engine = scan::run(
            Arc::new(self.targets),
            prober,
            options,
            events,
            progress,
            stop.gently.clone(),
        );
        let engine = tokio::spawn(engine);
        let fleet = Fleet::new(self.settings.policy);
        let fleet = match self.view {
            View::Screen => {
                let mut feed = tui::Feed {
                    events: Some(receiver),
                    progress: watching,
                    stop: stop.gently.clone(),
                };
                let options = outputs::screen(filter);
                let fleet = tui::run(fleet, &mut feed, options).await?;
                stop.gently.cancel();
                last_events(fleet, feed, stop).await
            }
            View::Quiet { progress, live } => {
                headless::follow(fleet, receiver, watching, stop.now.clone(), progress, live)
                    .await?
            }
        };
        if stop.now.is_cancelled() {
            engine.abort();
        }
        if let Err(error) = engine.await
            && error.is_panic()
        {
            // A fault of ours must not cost what was found: it is told, and the fleet goes on to be written.
            outputs::tell(
                "rdpscan: the scan broke off by a fault of its own; what was found until then is kept",
            );
        }
        Ok(fleet)
    }

    /// A scan of one name that leads nowhere is a mistake to be told, not a table of one row. A name among many is a row.
    async fn refuse_what_leads_nowhere(&self, names: &Names) -> Result<()> {
        let listed = self.targets.names();
        if let (false, Some(name)) = (self.settings.names.dns, listed.first()) {
            bail!(
                "`{}` is a name, and --no-dns leaves names unresolved; give its address, or leave --no-dns out",
                sanitize::terminal(&name.name)
            );
        }
        let ([name], 0) = (listed, self.targets.endpoints()) else {
            return Ok(());
        };
        let lookups = names.forward(&name.name).await;
        if lookups
            .iter()
            .any(|lookup| !lookup.answer.addresses().is_empty())
        {
            return Ok(());
        }
        let reason = lookups
            .first()
            .map_or("no resolver was asked".to_owned(), |lookup| {
                in_words(&lookup.answer)
            });
        bail!(
            "`{}` does not resolve: {reason}; check the spelling, scan its address, or name a DNS server with --dns",
            sanitize::terminal(&name.name)
        )
    }

    fn probe_options(&self, names: Names, trust: TrustStore) -> ProbeOptions {
        let stage = self.settings.scan.timeout;
        let mut options = ProbeOptions::new(names, Arc::new(trust));
        options.connect = options.connect.min(stage);
        options.x224 = stage;
        options.tls = stage;
        options.credssp = stage;
        options.deadline = stage.saturating_mul(4);
        options
    }

    fn scan_options(&self) -> ScanOptions {
        let scan = &self.settings.scan;
        let (in_flight, notice) =
            fit::in_flight(scan.concurrency, scan.rate, platform::descriptor_limit());
        let seed = scan
            .seed
            .unwrap_or_else(|| RandomState::new().hash_one(clock::wall()));
        ScanOptions {
            run_id: format!(
                "{}-{:08x}",
                clock::wall().strftime("%Y%m%dT%H%M%SZ"),
                seed >> 32
            )
            .into(),
            source: platform::machine_name().into(),
            seed,
            attempts: scan.attempts,
            interval: scan.interval,
            gap: scan.gap,
            rounds: scan.connect_timeouts.clone(),
            connect_timeout: KNOWN_HOST_CONNECT.min(scan.timeout),
            in_flight,
            rate: scan.rate,
            ntlm: scan.ntlm,
            dns: self.settings.names.dns,
            list_all: self.settings.output.all,
            max_time: scan.max_time,
            ipv6_route: platform::ipv6_route(),
            simulated: self.simulated,
            notices: notice.into_iter().collect(),
            ..ScanOptions::default()
        }
    }
}

/// Takes in what the engine still sends after the screen was left: attempts under way, and the end.
async fn last_events(mut fleet: Fleet, feed: tui::Feed, stop: &Stop) -> Fleet {
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
        // A deadline that passes loses nothing that came before it.
        _ = tokio::time::timeout(LAST_EVENTS, rest) => {}
    }
    fleet
}

fn in_words(answer: &LookupAnswer) -> String {
    match answer {
        LookupAnswer::NxDomain => "there is no such name (NXDOMAIN)".to_owned(),
        LookupAnswer::NoData => "the name has no address".to_owned(),
        LookupAnswer::NotFound => "the system's resolver does not find it".to_owned(),
        LookupAnswer::Timeout => "the resolver gave no answer in time".to_owned(),
        LookupAnswer::ServFail => "the DNS server failed (SERVFAIL)".to_owned(),
        LookupAnswer::Refused => "the DNS server refused".to_owned(),
        LookupAnswer::Error { detail } => sanitize::terminal(detail).into_owned(),
        LookupAnswer::Addresses { .. } | LookupAnswer::Names { .. } => {
            "it has no address".to_owned()
        }
    }
}
