use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::model::{
    Attempt, Descriptors, Endpoint, Lookup, Outcome, ProbeKind, Resolver, Shortage,
};

/// How a connect ended.
#[derive(Debug)]
pub enum Connect<L> {
    /// TCP is up: the link is handed to [`Prober::attempt`], or dropped, which closes it in order.
    Up(L),
    /// It is not.
    Failed(ConnectFailure),
}

/// A connect that did not come up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectFailure {
    /// Why; never [`Outcome::Ok`].
    pub outcome: Outcome,
    /// What this machine ran out of, if that is why: fewer at once would have gone well.
    pub shortage: Option<Shortage>,
    /// Wall clock at the start.
    pub started_at: Timestamp,
    /// Microseconds it took.
    pub duration_us: u32,
}

/// What kind of attempt is wanted on a link.
#[derive(Debug, Clone)]
pub struct AttemptRequest {
    /// Where to (the link is connected there already).
    pub endpoint: Endpoint,
    /// 1 for the first.
    pub number: u32,
    /// Connect rounds that stayed unanswered before.
    pub unanswered_rounds: u8,
    /// Name to send as SNI; `None` goes by IP.
    pub by_name: Option<Box<str>>,
    /// What to send.
    pub probe: ProbeKind,
    /// Ask the NTLM question when the server selects HYBRID.
    pub ntlm: bool,
    /// The user gives the host up: the attempt then ends politely, at once, with the stage under way as [`Outcome::Cancelled`].
    pub give_up: CancellationToken,
}

/// A resolver as its circuit breakers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolverHealth {
    /// Which.
    pub resolver: Resolver,
    /// It does not answer.
    pub is_down: bool,
    /// Lookups of names; `None` where it is not used for them.
    pub forward: Option<BreakerHealth>,
    /// Lookups of addresses, in the same way.
    pub reverse: Option<BreakerHealth>,
    /// The newest failure in words; empty while there was none.
    pub failure: Box<str>,
}

/// The state of one circuit breaker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BreakerHealth {
    /// A question went out.
    pub was_asked: bool,
    /// It is open or half-open: questions are skipped.
    pub is_open: bool,
    /// A question would go out now, be it as a trial.
    pub allows: bool,
    /// A question was answered at least once.
    pub has_answered: bool,
    /// How often it closed after it was open.
    pub recoveries: u32,
}

impl ResolverHealth {
    fn directions(&self) -> impl Iterator<Item = BreakerHealth> {
        self.forward.into_iter().chain(self.reverse)
    }

    /// A question went out to it.
    #[must_use]
    pub fn was_asked(&self) -> bool {
        self.directions().any(|one| one.was_asked)
    }

    /// It has answered at least once.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        self.directions().any(|one| one.has_answered)
    }

    /// How often it answered again after a breaker was open.
    #[must_use]
    pub fn recoveries(&self) -> u32 {
        self.directions().map(|one| one.recoveries).sum()
    }
}

/// One attempt at one host, and lookups. Implemented by `probe` for real and by tests with fakes.
///
/// Every future ends within a deadline of its own, and an attempt soon after it is given up; a bad peer is data in the result, never an error.
pub trait Prober: Send + Sync + 'static {
    /// A connection that is up, with its start time and connect duration inside.
    type Link: Send + 'static;

    /// Connects, within `timeout`.
    fn connect(
        &self,
        endpoint: Endpoint,
        timeout: Duration,
    ) -> impl Future<Output = Connect<Self::Link>> + Send;

    /// Runs the stages after TCP on a fresh link and ends the connection politely. The timeline starts with the TCP stage.
    fn attempt(
        &self,
        link: Self::Link,
        request: AttemptRequest,
    ) -> impl Future<Output = Attempt> + Send;

    /// Looks up the addresses of a name with every resolver in use whose circuit breaker allows it; `None` where none does, and
    /// nothing was asked. No lookups of text that is not a DNS name.
    fn forward(&self, name: &str) -> impl Future<Output = Option<Vec<Lookup>>> + Send;

    /// Looks up the names of an address in the same way.
    fn reverse(&self, address: IpAddr) -> impl Future<Output = Option<Vec<Lookup>>> + Send;

    /// Whether this machine has a route to an address; sends nothing.
    fn has_route(&self, _address: IpAddr) -> bool {
        true
    }

    /// The resolvers in use, whether asked yet or not.
    fn resolvers(&self) -> Vec<ResolverHealth>;

    /// The file descriptors that its connections share with everything else in this process; `None` where nobody can tell.
    fn descriptors(&self) -> Option<Descriptors> {
        None
    }
}
