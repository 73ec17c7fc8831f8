use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::attempt;
use super::chains::Chains;
use super::dns::Names;
use super::tcp::{self, Link};
use super::tls::Client;
use super::trust::TrustStore;
use crate::model::{Attempt, Descriptors, Endpoint, Lookup};
use crate::platform;
use crate::prober::{AttemptRequest, Connect, Prober, ResolverHealth};

/// Deadlines and helpers of a [`LiveProber`].
pub struct ProbeOptions {
    /// For the X.224 stage.
    pub x224: Duration,
    /// For the X.224 stage of a probe that waits longer, where none was answered in time.
    pub x224_long: Duration,
    /// For the TLS stage, full or peeked.
    pub tls: Duration,
    /// For the `CredSSP` stage.
    pub credssp: Duration,
    /// For all stages of an attempt together, polite closes not included; a long X.224 deadline adds to it.
    pub deadline: Duration,
    /// The constant cookie in the X.224 request, at most 9 characters so that no server cuts it; never a user's name.
    pub cookie: Option<&'static str>,
    /// Name lookups.
    pub names: Names,
    /// The judge of chains.
    pub trust: Arc<TrustStore>,
}

impl ProbeOptions {
    /// The usual deadlines: 5 s for X.224, 15 s for one that waits longer, 5 s for TLS, 4 s for `CredSSP`, 20 s in all.
    #[must_use]
    pub const fn new(names: Names, trust: Arc<TrustStore>) -> Self {
        Self {
            x224: Duration::from_secs(5),
            x224_long: Duration::from_secs(15),
            tls: Duration::from_secs(5),
            credssp: Duration::from_secs(4),
            deadline: Duration::from_secs(20),
            cookie: Some("rdpscan"),
            names,
            trust,
        }
    }
}

/// The prober that talks to real hosts.
pub struct LiveProber {
    pub(super) options: ProbeOptions,
    pub(super) client: Client,
    pub(super) chains: Chains,
}

impl LiveProber {
    /// A prober with these options. Sockets are opened only when it is asked to.
    #[must_use]
    pub fn new(options: ProbeOptions) -> Self {
        Self {
            client: Client::new(),
            chains: Chains::new(options.trust.clone()),
            options,
        }
    }
}

impl Prober for LiveProber {
    type Link = Link;

    fn connect(
        &self,
        endpoint: Endpoint,
        timeout: Duration,
    ) -> impl Future<Output = Connect<Link>> + Send {
        tcp::connect(endpoint, timeout)
    }

    fn attempt(
        &self,
        link: Link,
        request: AttemptRequest,
        cancel: CancellationToken,
    ) -> impl Future<Output = Attempt> + Send {
        // Boxed: the engine holds one of these per host in flight, and most addresses never get this far.
        Box::pin(attempt::run(self, link, request, cancel))
    }

    async fn forward(&self, name: &str) -> Option<Vec<Lookup>> {
        self.options.names.forward(name).await
    }

    async fn reverse(&self, address: IpAddr) -> Option<Vec<Lookup>> {
        self.options.names.reverse(address).await
    }

    fn has_route(&self, address: IpAddr) -> bool {
        platform::has_route(address)
    }

    fn resolvers(&self) -> Vec<ResolverHealth> {
        self.options.names.resolvers()
    }

    fn descriptors(&self) -> Option<Descriptors> {
        platform::descriptors()
    }
}
