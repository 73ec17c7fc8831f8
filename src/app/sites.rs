//! Scans over several sites: the NATS server of the settings, and the coordinator in place of the engine.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::settings::Settings;
use crate::sites::{LogOn, Server};

#[cfg(feature = "nats")]
pub(super) use with_nats::{Sites, connect};
#[cfg(not(feature = "nats"))]
pub(super) use without_nats::{BUILT_WITHOUT, Sites, connect};

/// The NATS server of the settings; `None` without one.
///
/// # Errors
/// It is given in a way that would show to others what is sent there, or with two ways to log on.
pub(super) fn server(settings: &Settings) -> Result<Option<Server>> {
    let nats = &settings.nats;
    let Some(url) = nats.url.clone() else {
        return Ok(None);
    };
    if url.is_exposed() && !nats.allow_plain {
        bail!(
            "{url} is elsewhere and has no TLS: what is found there can be read on the way; use tls://, or allow it with --nats-plain"
        );
    }
    let some = |path: &PathBuf| (!path.as_os_str().is_empty()).then(|| path.clone());
    let user = match (nats.user.as_str(), some(&nats.password_file)) {
        ("", None) => None,
        ("", Some(_)) => bail!("nats.password_file is set without nats.user; set both, or none"),
        (_, None) => bail!("nats.user is set without nats.password_file; set both, or none"),
        (name, Some(password_file)) => Some(LogOn::User {
            name: name.to_owned(),
            password_file,
        }),
    };
    let ways = [
        user,
        some(&nats.nkey_file).map(LogOn::NKey),
        some(&nats.credentials_file).map(LogOn::Credentials),
    ];
    let mut ways = ways.into_iter().flatten();
    let log_on = ways.next().unwrap_or_default();
    if ways.next().is_some() {
        bail!(
            "there is more than one way to log on at {url}; set nats.user with nats.password_file, nats.nkey_file or nats.credentials_file"
        );
    }
    Ok(Some(Server {
        url,
        log_on,
        ca_file: some(&nats.ca_file),
    }))
}

#[cfg(feature = "nats")]
mod with_nats {
    use std::sync::Arc;

    use anyhow::Result;
    use tokio::sync::{mpsc, watch};
    use tokio::task::JoinHandle;
    use tokio_util::sync::CancellationToken;

    use super::server;
    use crate::model::{Control, Progress, ScanEnd, ScanEvent, ScanId, Site};
    use crate::scan::ScanOptions;
    use crate::settings::Settings;
    use crate::sites::{Coordinator, Resumed, SitesScan, Transport};
    use crate::targets::TargetSet;

    /// The sites of a scan, connected.
    #[derive(Clone)]
    pub(in crate::app) struct Sites {
        transport: Transport,
        sites: Vec<Site>,
    }

    /// The sites that the settings name; `None` when they name no server.
    pub(in crate::app) async fn connect(settings: &Settings) -> Result<Option<Sites>> {
        let Some(server) = server(settings)? else {
            return Ok(None);
        };
        let transport = Transport::connect(&server, None).await?;
        let sites = settings.nats.sites.clone();
        transport.prepare(&sites, settings.nats.ack_wait).await?;
        Ok(Some(Sites { transport, sites }))
    }

    impl Sites {
        /// The name of the site that the scan itself counts as.
        pub(in crate::app) fn site(&self) -> Option<Site> {
            self.sites.first().cloned()
        }

        /// Runs a scan there, or what earlier runs have left of it, as an engine would here.
        pub(in crate::app) fn spawn(
            &self,
            (targets, resumed): (Arc<TargetSet>, Option<Box<Resumed>>),
            options: ScanOptions,
            events: mpsc::Sender<ScanEvent>,
            progress: watch::Sender<Progress>,
            stop: CancellationToken,
            orders: Option<mpsc::Receiver<Control>>,
        ) -> JoinHandle<ScanEnd> {
            let scan = SitesScan {
                targets,
                options,
                sites: self.sites.clone(),
                resumed,
            };
            let coordinator = Coordinator::new(self.transport.clone(), scan);
            tokio::spawn(coordinator.run(events, progress, stop, orders))
        }

        /// The scan is kept, or nobody wants it: its events are deleted from NATS.
        pub(in crate::app) async fn forget(&self, scan: ScanId) {
            self.transport.forget(scan).await;
        }
    }
}

#[cfg(not(feature = "nats"))]
mod without_nats {
    use std::convert::Infallible;
    use std::sync::Arc;

    use anyhow::{Result, bail};
    use tokio::sync::{mpsc, watch};
    use tokio::task::JoinHandle;
    use tokio_util::sync::CancellationToken;

    use super::server;
    use crate::model::{Control, Progress, ScanEnd, ScanEvent, ScanId, Site};
    use crate::scan::ScanOptions;
    use crate::settings::Settings;
    use crate::sites::Resumed;
    use crate::targets::TargetSet;

    /// What this binary cannot do, and what can.
    pub(in crate::app) const BUILT_WITHOUT: &str = "this rdpscan was built without NATS, through which workers at other sites scan: build one with `cargo build --release --features nats`";

    /// There are none.
    #[derive(Clone)]
    pub(in crate::app) struct Sites(Infallible);

    pub(in crate::app) async fn connect(settings: &Settings) -> Result<Option<Sites>> {
        if server(settings)?.is_some() {
            bail!("{BUILT_WITHOUT}, or leave out --nats and nats.url to scan from this machine");
        }
        Ok(None)
    }

    #[expect(clippy::unused_async, reason = "as with the feature")]
    impl Sites {
        pub(in crate::app) fn site(&self) -> Option<Site> {
            match self.0 {}
        }

        pub(in crate::app) fn spawn(
            &self,
            _: (Arc<TargetSet>, Option<Box<Resumed>>),
            _: ScanOptions,
            _: mpsc::Sender<ScanEvent>,
            _: watch::Sender<Progress>,
            _: CancellationToken,
            _: Option<mpsc::Receiver<Control>>,
        ) -> JoinHandle<ScanEnd> {
            match self.0 {}
        }

        pub(in crate::app) async fn forget(&self, _: ScanId) {
            match self.0 {}
        }
    }
}
