//! The contract between the engine, which schedules connections and lookups, and whatever makes them: `probe` for real, a fake in
//! tests.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::model::{
    Attempt, Descriptors, Endpoint, Lookup, Outcome, ProbeKind, Resolver, Shortage, StageRecord,
};

/// One attempt at one host, and lookups.
///
/// Every future ends within a deadline of its own. A misbehaving peer is data in the result, never an error.
pub trait Prober: Send + Sync + 'static {
    /// An established connection, with its start time and connect duration inside.
    type Link: Send + 'static;

    fn connect(
        &self,
        endpoint: Endpoint,
        timeout: Duration,
    ) -> impl Future<Output = Connect<Self::Link>> + Send;

    /// Runs the stages after TCP on a fresh link and closes the connection gracefully. The timeline starts with the TCP stage.
    /// After `cancel` it ends at once, with the current stage as [`Outcome::Cancelled`].
    fn attempt(
        &self,
        link: Self::Link,
        request: AttemptRequest,
        cancel: CancellationToken,
    ) -> impl Future<Output = Attempt> + Send;

    /// Looks up the addresses of a name with every resolver whose circuit breaker allows it; `None` where none does. Text that is
    /// not a DNS name gives no lookups.
    fn forward(&self, name: &str) -> impl Future<Output = Option<Vec<Lookup>>> + Send;

    /// Looks up the names of an address in the same way.
    fn reverse(&self, address: IpAddr) -> impl Future<Output = Option<Vec<Lookup>>> + Send;

    /// Whether this machine has a route to an address; sends nothing.
    fn has_route(&self, _address: IpAddr) -> bool {
        true
    }

    /// The resolvers in use, whether queried yet or not.
    fn resolvers(&self) -> Vec<ResolverHealth>;

    /// The file descriptors of this process; `None` where they cannot be counted.
    fn descriptors(&self) -> Option<Descriptors> {
        None
    }
}

#[derive(Debug)]
pub enum Connect<L> {
    /// The link is passed to [`Prober::attempt`], or dropped, which closes it in order.
    Up(L),
    Failed(ConnectFailure),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectFailure {
    /// Never [`Outcome::Ok`].
    pub outcome: Outcome,
    /// The resource that this machine ran out of, if that is the cause: fewer connections at once would have succeeded.
    pub shortage: Option<Shortage>,
    /// Wall clock at the start.
    pub started_at: Timestamp,
    pub duration_us: u32,
}

/// What to send on a link.
#[derive(Debug, Clone)]
pub struct AttemptRequest {
    /// The link is connected to it already.
    pub endpoint: Endpoint,
    /// 1 for the first.
    pub number: u32,
    /// Discovery rounds without an answer before this connect.
    pub unanswered_rounds: u8,
    /// Name to send as SNI; `None` goes by IP.
    pub by_name: Option<Box<str>>,
    pub probe: ProbeKind,
    /// Send the NTLM negotiate message when the server selects HYBRID.
    pub ntlm: bool,
}

impl AttemptRequest {
    /// An attempt with these stages, without any facts.
    #[must_use]
    pub fn into_attempt(self, started_at: Timestamp, stages: Vec<StageRecord>) -> Attempt {
        Attempt {
            endpoint: self.endpoint,
            number: self.number,
            probe: self.probe,
            sni: self.by_name,
            started_at,
            stages,
            unanswered_rounds: self.unanswered_rounds,
            negotiation: None,
            tls: None,
            ntlm: None,
            path: None,
            lag_us: 0,
        }
    }
}

/// The state of a resolver's circuit breakers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolverHealth {
    pub resolver: Resolver,
    /// It does not answer.
    pub is_down: bool,
    /// Lookups of names; `None` where it is not used for them.
    pub forward: Option<BreakerHealth>,
    /// Lookups of addresses, in the same way.
    pub reverse: Option<BreakerHealth>,
    /// The message of the newest failure; empty before the first.
    pub failure: Box<str>,
}

/// The state of one circuit breaker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BreakerHealth {
    pub was_asked: bool,
    /// Open or half-open: lookups are skipped.
    pub is_open: bool,
    /// A lookup would be sent now, be it as a trial.
    pub allows: bool,
    pub has_answered: bool,
    /// How often it closed after it was open.
    pub recoveries: u32,
}

impl ResolverHealth {
    fn directions(&self) -> impl Iterator<Item = BreakerHealth> {
        self.forward.into_iter().chain(self.reverse)
    }

    #[must_use]
    pub fn was_asked(&self) -> bool {
        self.directions().any(|one| one.was_asked)
    }

    #[must_use]
    pub fn has_answered(&self) -> bool {
        self.directions().any(|one| one.has_answered)
    }

    #[must_use]
    pub fn recoveries(&self) -> u32 {
        self.directions().map(|one| one.recoveries).sum()
    }
}
