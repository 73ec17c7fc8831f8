//! `rdpscan worker`: scans parts of the scans of others, within what its own settings allow.

#[cfg(feature = "nats")]
pub(super) use with_nats::run;

#[cfg(not(feature = "nats"))]
pub(super) use without_nats::run;

#[cfg(not(feature = "nats"))]
mod without_nats {
    use anyhow::{Result, bail};

    use super::super::sites;
    use crate::exit::ExitStatus;
    use crate::settings::Settings;

    pub(in crate::app) async fn run(_: Settings) -> Result<ExitStatus> {
        bail!(sites::BUILT_WITHOUT)
    }
}

#[cfg(feature = "nats")]
mod with_nats {
    use std::io::{self, IsTerminal as _, Write as _};
    use std::sync::Arc;
    use std::time::Duration;

    use anyhow::{Result, bail};
    use tokio::sync::watch;

    use super::super::sweep::scan_options;
    use super::super::{signals, sites, stderr};
    use crate::clock;
    use crate::counts::counted;
    use crate::exit::ExitStatus;
    use crate::model::{Origin, Site};
    use crate::probe::dns::{DnsOptions, Names};
    use crate::probe::trust::TrustStore;
    use crate::probe::{LiveProber, ProbeOptions};
    use crate::settings::{Settings, of_work};
    use crate::sites::{
        AllowList, Job, LiveWorkers, PrepareError, Transport, Work, Worker, WorkerStatus, stricter,
    };
    use crate::{platform, sanitize, streams};

    /// Time between two lines in a log.
    const LINE_INTERVAL: Duration = Duration::from_secs(60);
    /// Time between two drawings on a terminal.
    const DRAW_INTERVAL: Duration = Duration::from_millis(500);
    /// Clears the line: ECMA-48 8.3.41.
    const CLEAR: &str = "\r\u{1b}[2K";

    pub(in crate::app) async fn run(settings: Settings) -> Result<ExitStatus> {
        let Some(server) = sites::server(&settings)? else {
            bail!(
                "a worker needs a NATS server: name it with --nats URL, or as nats.url in the settings file"
            );
        };
        if settings.worker.allow.is_empty() {
            bail!(
                "a worker needs the addresses that it may contact, whatever it is asked for: name them with --allow 10.0.0.0/8, or as worker.allow in the settings file"
            );
        }
        let machine = platform::machine_name();
        let site = match &settings.nats.site {
            Some(site) => site.clone(),
            None => Site::of_machine(&machine),
        };
        let trust = Arc::new(tokio::task::spawn_blocking(TrustStore::load).await?);
        let stop = signals::listen();
        let transport = tokio::select! {
            biased;
            () = stop.gently.cancelled() => return Ok(ExitStatus::Done),
            connected = Transport::connect(&server, Some(&site)) => connected?,
        };
        let quiet = settings.output.quiet;
        if !quiet {
            stderr::print(&format!(
                "worker of site {site} at {}: may contact {}",
                server.url,
                settings.worker.allow.texts().join(", ")
            ));
        }
        let (status, watching) = watch::channel(WorkerStatus::default());
        let name = format!("{machine}-{}", std::process::id());
        let worker = Worker::new(transport, site.clone(), &name, status, stop.gently.clone());
        let allow = Arc::new(AllowList {
            allow: settings.worker.allow.clone(),
            exclude: settings.worker.exclude.clone(),
            ports: settings.scan.ports.clone(),
            site,
        });
        let prepare = |work: &Work, live: &LiveWorkers| job(work, &settings, &allow, &trust, live);
        let display = tokio::spawn(show(watching, quiet));
        tokio::select! {
            biased;
            () = stop.now.cancelled() => {}
            () = worker.run(prepare) => {}
        }
        // It ends with the sender of its status.
        drop(tokio::time::timeout(DRAW_INTERVAL, display).await);
        Ok(ExitStatus::Done)
    }

    /// A shard by the settings of its scan, and by our own where these are stricter.
    fn job(
        work: &Work,
        own: &Settings,
        allow: &Arc<AllowList>,
        trust: &Arc<TrustStore>,
        live: &LiveWorkers,
    ) -> Result<Job<LiveProber>, PrepareError> {
        let unusable = |error: String| PrepareError::Unusable(error);
        let mut settings =
            of_work(&work.plan.settings, work.scan).map_err(|error| unusable(error.to_string()))?;
        let server = settings.names.servers.iter();
        let mut refused = server.filter(|server| !allow.permits_address(server.ip()));
        if let Some(server) = refused.next() {
            let what = format!("DNS server {server}");
            return Err(PrepareError::Refused(what.into()));
        }
        let rate = stricter(settings.scan.rate(), own.scan.rate());
        settings.scan.rate = Some(live.share(rate, clock::monotonic()));
        let concurrency = stricter(settings.scan.concurrency(), own.scan.concurrency());
        settings.scan.concurrency = Some(concurrency);
        settings.scan.attempts = settings.scan.attempts.min(own.scan.attempts);
        settings.scan.seed = Some(work.seed);
        settings.scan.max_time = None;
        let targets = work
            .targets()
            .map_err(|error| unusable(error.to_string()))?;
        let names = Names::new(DnsOptions {
            servers: settings.names.servers.clone(),
            timeout: settings.names.timeout,
        });
        let options = ProbeOptions::new(names, Arc::clone(trust), settings.scan.timeout);
        let origin = Origin::new(work.scan, work.site.clone());
        Ok(Job {
            targets,
            prober: LiveProber::new(options),
            allow: Arc::clone(allow),
            options: scan_options(&settings, origin, false),
        })
    }

    /// One line that changes in place on a terminal; in a log a line a minute, and one for each new trouble.
    async fn show(mut watching: watch::Receiver<WorkerStatus>, quiet: bool) {
        let is_terminal = io::stderr().is_terminal();
        let mut trouble = None;
        let mut due = clock::monotonic();
        loop {
            let now = watching.borrow_and_update().clone();
            if now.trouble != trouble {
                trouble.clone_from(&now.trouble);
                if let Some(trouble) = &trouble {
                    let clear = if is_terminal { CLEAR } else { "" };
                    drop(write!(streams::stderr(), "{clear}"));
                    stderr::print(&format!("rdpscan: {}", sanitize::single_line(trouble)));
                }
            }
            if !quiet && clock::monotonic() >= due {
                let text = line(&now);
                if is_terminal {
                    due = clock::monotonic() + DRAW_INTERVAL;
                    drop(write!(streams::stderr(), "{CLEAR}{text}"));
                } else {
                    due = clock::monotonic() + LINE_INTERVAL;
                    stderr::print(&text);
                }
            }
            if watching.changed().await.is_err() {
                break;
            }
        }
        if is_terminal && !quiet {
            drop(write!(streams::stderr(), "{CLEAR}"));
        }
    }

    fn line(status: &WorkerStatus) -> String {
        let now = match &status.work {
            None => "waiting for work".to_owned(),
            Some((scan, shard)) => format!(
                "{scan} part {shard}: {}%, {:.0}/s, {} at once",
                status.progress.percent(),
                status.progress.rate,
                status.progress.in_flight
            ),
        };
        let workers = u64::from(status.workers.max(1));
        format!(
            "{now}; {} done, {} sent, {}",
            counted(status.shards_done, "part", "parts"),
            counted(status.events_sent, "event", "events"),
            counted(workers, "worker at this site", "workers at this site")
        )
    }
}
