//! What a worker may contact: its own list, obeyed by every connection, whatever a coordinator or a name in DNS says.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::model::{Attempt, Descriptors, Endpoint, Lookup, Notice, Outcome, Site};
use crate::prober::{AttemptRequest, Connect, ConnectFailure, Prober, ResolverHealth};
use crate::targets::AddressList;

/// Addresses and ports that a worker may contact.
#[derive(Debug, Clone)]
pub struct AllowList {
    pub allow: AddressList,
    pub exclude: AddressList,
    pub ports: Vec<u16>,
    pub site: Site,
}

impl AllowList {
    #[must_use]
    pub fn permits(&self, endpoint: Endpoint) -> bool {
        self.permits_address(endpoint.address) && self.ports.contains(&endpoint.port)
    }

    /// Whether a DNS server may be asked.
    #[must_use]
    pub fn permits_address(&self, address: IpAddr) -> bool {
        self.allow.contains(address) && !self.exclude.contains(address)
    }

    /// The outcome of a connection that is not made.
    fn refusal(&self) -> Box<str> {
        format!("not allowed by the worker of site {}", self.site).into()
    }

    /// In place of a refusal by the packet filter of a machine, which it would read as.
    #[must_use]
    pub fn notice(&self, notice: Notice) -> Notice {
        match notice {
            Notice::LocalRefusal { detail } if detail == self.refusal() => {
                Notice::OutsideAllowList {
                    site: self.site.clone(),
                    what: "some hosts".into(),
                }
            }
            other => other,
        }
    }
}

/// A prober that connects only to what is allowed.
#[derive(Debug)]
pub struct AllowedProber<P> {
    inner: P,
    allow: Arc<AllowList>,
}

impl<P> AllowedProber<P> {
    pub const fn new(inner: P, allow: Arc<AllowList>) -> Self {
        Self { inner, allow }
    }
}

impl<P: Prober> Prober for AllowedProber<P> {
    type Link = P::Link;

    /// INVARIANT: the only place where a worker opens a connection to a host.
    async fn connect(&self, endpoint: Endpoint, timeout: Duration) -> Connect<P::Link> {
        if self.allow.permits(endpoint) {
            return self.inner.connect(endpoint, timeout).await;
        }
        Connect::Failed(ConnectFailure {
            outcome: Outcome::LocalError {
                detail: self.allow.refusal(),
            },
            shortage: None,
            started_at: clock::wall(),
            duration_us: 0,
        })
    }

    fn attempt(
        &self,
        link: P::Link,
        request: AttemptRequest,
        cancel: CancellationToken,
    ) -> impl Future<Output = Attempt> + Send {
        self.inner.attempt(link, request, cancel)
    }

    async fn forward(&self, name: &str) -> Option<Vec<Lookup>> {
        self.inner.forward(name).await
    }

    async fn reverse(&self, address: IpAddr) -> Option<Vec<Lookup>> {
        self.inner.reverse(address).await
    }

    fn has_route(&self, address: IpAddr) -> bool {
        self.inner.has_route(address)
    }

    fn resolvers(&self) -> Vec<ResolverHealth> {
        self.inner.resolvers()
    }

    fn descriptors(&self) -> Option<Descriptors> {
        self.inner.descriptors()
    }
}
