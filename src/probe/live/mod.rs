mod attempt;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::model::{Attempt, Descriptors, Endpoint, Lookup};
use crate::platform;
use crate::probe::chains::Chains;
use crate::probe::dns::Names;
use crate::probe::tcp::{self, Link};
use crate::probe::tls::Client;
use crate::probe::trust::TrustStore;
use crate::prober::{AttemptRequest, Connect, Prober, ResolverHealth};

/// Deadlines and parts of a [`LiveProber`].
pub struct ProbeOptions {
    /// For the X.224 stage.
    pub x224: Duration,
    /// For the X.224 stage of [`crate::model::ProbeKind::LongDeadline`].
    pub x224_long: Duration,
    /// For the TLS stage, full or peeked.
    pub tls: Duration,
    /// For the `CredSSP` stage.
    pub credssp: Duration,
    /// For all stages of an attempt together, the close not included; a long X.224 deadline adds to it.
    pub deadline: Duration,
    /// The constant cookie in the X.224 request, at most 9 characters so that no server cuts it; never a user's name.
    pub cookie: Option<&'static str>,
    pub names: Names,
    pub trust: Arc<TrustStore>,
}

impl ProbeOptions {
    /// `stage`: the deadline of each stage.
    #[must_use]
    pub const fn new(names: Names, trust: Arc<TrustStore>, stage: Duration) -> Self {
        Self {
            x224: stage,
            x224_long: stage.saturating_mul(3),
            tls: stage,
            credssp: stage,
            deadline: stage.saturating_mul(4),
            cookie: Some("rdpscan"),
            names,
            trust,
        }
    }
}

/// The prober of real hosts.
pub struct LiveProber {
    pub(super) options: ProbeOptions,
    pub(super) client: Client,
    pub(super) chains: Chains,
}

impl LiveProber {
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
