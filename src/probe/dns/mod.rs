//! Lookups through the system resolver and through hickory, behind one type.
//!
//! The operating system's resolver is what a Remote Desktop client asks: it decides whether a name works. The servers asked
//! directly add the time to live, the names of an address, and the answer of each server. Every lookup ends within its own deadline, and
//! how many run at once is bounded. A resolver that stops answering is skipped but for trials (`circuit_breaker`): it is not in the
//! answers then.

mod circuit_breaker;
mod direct;
mod name;
mod system;

#[cfg(test)]
mod fake_server;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{OnceCell, Semaphore};

pub(crate) use self::circuit_breaker::Breakers;
use self::direct::Direct;
use self::system::System;
use crate::clock;
use crate::model::{Lookup, LookupAnswer, Question, Resolver};
use crate::prober::ResolverHealth;

/// Most names whose lookups are remembered; further ones are asked each time.
const REMEMBERED_LIMIT: usize = 65_536;
/// Limit for lookups through DNS servers in flight.
const DIRECT_LIMIT: usize = 64;

/// How names are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsOptions {
    /// Servers to ask; when there are any, only these are asked. Empty means the operating system's resolver and the servers
    /// that it is set to.
    pub servers: Vec<SocketAddr>,
    /// Deadline of one lookup: one question to one resolver, retries and TCP included.
    pub timeout: Duration,
}

impl Default for DnsOptions {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            timeout: Duration::from_secs(3),
        }
    }
}

/// All lookups of one scan. A name is asked once, however many hosts bear it; only trouble is not remembered.
pub struct Names {
    /// The operating system's resolver, unless servers were given.
    system: Option<(System, Breakers)>,
    /// The servers asked directly.
    direct: Vec<Server>,
    /// Why the system's servers cannot be asked directly, when that is so.
    unconfigured: Option<(Box<str>, Breakers)>,
    timeout: Duration,
    permits: Semaphore,
    /// INVARIANT: holds at most [`REMEMBERED_LIMIT`] names, and is never locked across an await.
    remembered: Mutex<HashMap<Box<str>, Answers>>,
}

/// A server that is asked directly.
struct Server {
    direct: Direct,
    breakers: Breakers,
}

/// The lookups of a name, once they are there; who comes in the meantime waits for the same ones.
type Answers = Arc<OnceCell<Arc<[Lookup]>>>;

impl Names {
    /// Reads the system's configuration, unless `options` names servers. Never fails: a missing configuration is an answer to
    /// each reverse lookup.
    #[must_use]
    pub fn new(options: DnsOptions) -> Self {
        let DnsOptions { servers, timeout } = options;
        let mut unconfigured = None;
        let mut direct = Vec::new();
        let system = servers.is_empty().then(|| {
            let breakers = Breakers::forward_only(Resolver::System);
            (System::new(timeout), breakers)
        });
        let opened = if servers.is_empty() {
            vec![Direct::configured(timeout)]
        } else {
            servers
                .into_iter()
                .map(|server| Direct::server(server, timeout))
                .collect()
        };
        for opened in opened {
            match opened {
                Ok(server) => direct.push(Server {
                    breakers: Breakers::new(server.resolver()),
                    direct: server,
                }),
                Err(detail) => {
                    unconfigured = Some((detail, Breakers::reverse_only(Resolver::Configured)));
                }
            }
        }
        Self {
            system,
            direct,
            unconfigured,
            timeout,
            permits: Semaphore::new(DIRECT_LIMIT),
            remembered: Mutex::default(),
        }
    }

    /// Looks up the addresses of a name with every resolver in use, all at once. Text that cannot be a DNS name, or that
    /// resolvers would read as an address, is not asked at all and gives no lookups. `None` when every resolver is skipped,
    /// since its circuit breaker is open.
    pub async fn forward(&self, name: &str) -> Option<Vec<Lookup>> {
        let Some(name) = name::wanted(name) else {
            return Some(Vec::new());
        };
        let Some(answers) = self.remember(&name) else {
            return self.ask_forward(&name).await;
        };
        let asked = answers
            .get_or_try_init(|| async { self.ask_forward(&name).await.map(Arc::from).ok_or(()) })
            .await;
        let lookups = asked.ok()?;
        if !is_worth_remembering(lookups) {
            self.forget(&name, &answers);
        }
        Some(lookups.to_vec())
    }

    /// Looks up the names of an address with every DNS server in use. The operating system's resolver is not asked: no
    /// platform has a call that distinguishes "no such name" from trouble. `None` when every server is skipped.
    pub async fn reverse(&self, address: IpAddr) -> Option<Vec<Lookup>> {
        let address = address.to_canonical();
        let question = Question::Pointer(address);
        let servers = self.direct.iter();
        let asked = servers.filter(|server| server.breakers.allows(&question));
        let mut lookups = join_all(asked.map(|server| {
            let names = server.direct.names(address);
            self.timed(&question, server, names)
        }))
        .await;
        if let Some((detail, breakers)) = &self.unconfigured
            && breakers.allows(&question)
        {
            let answer = LookupAnswer::Error {
                detail: detail.clone(),
            };
            breakers.observe(&question, &answer);
            lookups.push(Lookup {
                question,
                resolver: Resolver::Configured,
                answer,
                duration_ms: 0,
            });
        }
        (!lookups.is_empty()).then_some(lookups)
    }

    /// The resolvers in use, the operating system's first.
    pub fn resolvers(&self) -> Vec<ResolverHealth> {
        let system = self.system.iter().map(|(_, breakers)| breakers);
        let direct = self.direct.iter().map(|server| &server.breakers);
        let unconfigured = self.unconfigured.iter().map(|(_, breakers)| breakers);
        let all = system.chain(direct).chain(unconfigured);
        all.map(Breakers::health).collect()
    }

    async fn ask_forward(&self, name: &name::Wanted) -> Option<Vec<Lookup>> {
        let question = Question::Addresses(name.text.clone());
        let system = async {
            let (system, breakers) = self.system.as_ref()?;
            if !breakers.allows(&question) {
                return None;
            }
            let started = clock::monotonic();
            let answer = system.addresses(&name.ascii).await;
            breakers.observe(&question, &answer);
            Some(Lookup {
                question: question.clone(),
                resolver: Resolver::System,
                answer,
                duration_ms: clock::micros_since(started) / 1000,
            })
        };
        let servers = self.direct.iter();
        let asked = servers.filter(|server| server.breakers.allows(&question));
        let direct = join_all(asked.map(|server| {
            let addresses = server.direct.addresses(&name.name);
            self.timed(&question, server, addresses)
        }));
        let (system, direct) = futures_util::join!(system, direct);
        let lookups: Vec<_> = system.into_iter().chain(direct).collect();
        (!lookups.is_empty()).then_some(lookups)
    }

    /// Runs one lookup under a permit and the deadline, which counts from when the permit is there.
    async fn timed(
        &self,
        question: &Question,
        server: &Server,
        lookup: impl Future<Output = LookupAnswer>,
    ) -> Lookup {
        // The semaphore is never closed; were it, the lookup would run without a permit.
        let _permit = self.permits.acquire().await.ok();
        let started = clock::monotonic();
        let answer = tokio::time::timeout(self.timeout, lookup)
            .await
            .unwrap_or(LookupAnswer::Timeout);
        server.breakers.observe(question, &answer);
        Lookup {
            question: question.clone(),
            resolver: server.direct.resolver(),
            answer,
            duration_ms: clock::micros_since(started) / 1000,
        }
    }

    /// The place for the answers of a name; `None` when all places are taken.
    fn remember(&self, name: &name::Wanted) -> Option<Answers> {
        let mut remembered = self.remembered();
        if let Some(answers) = remembered.get(&name.text) {
            return Some(answers.clone());
        }
        if remembered.len() >= REMEMBERED_LIMIT {
            return None;
        }
        let answers = Answers::default();
        remembered.insert(name.text.clone(), answers.clone());
        Some(answers)
    }

    /// Drops the answers of a name, unless newer ones have replaced them.
    fn forget(&self, name: &name::Wanted, answers: &Answers) {
        let mut remembered = self.remembered();
        if remembered
            .get(&name.text)
            .is_some_and(|current| Arc::ptr_eq(current, answers))
        {
            remembered.remove(&name.text);
        }
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<Box<str>, Answers>> {
        // Nothing that can panic runs under the lock.
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names")
            .field("system", &self.system.is_some())
            .field("direct", &self.direct.len())
            .field("unconfigured", &self.unconfigured)
            .finish_non_exhaustive()
    }
}

/// Trouble may be over at the next question.
fn is_worth_remembering(lookups: &[Lookup]) -> bool {
    !lookups.is_empty()
        && !lookups
            .iter()
            .any(|lookup| lookup.answer.is_resolver_trouble())
}

/// The addresses of an answer as the model wants them: IPv4 first, each once, at most 64.
fn ordered(addresses: impl IntoIterator<Item = IpAddr>) -> Vec<IpAddr> {
    /// More addresses than any host has; a hostile zone could name thousands, and each is tried.
    const LIMIT: usize = 64;

    let mut ordered: Vec<IpAddr> = Vec::new();
    for address in addresses {
        let address = address.to_canonical();
        if ordered.len() < LIMIT && !ordered.contains(&address) {
            ordered.push(address);
        }
    }
    ordered.sort_by_key(IpAddr::is_ipv6);
    ordered
}

/// An error's words as a lower-case fragment of bounded length.
fn fragment(error: &impl std::fmt::Display) -> Box<str> {
    let text: String = error.to_string().chars().take(256).collect();
    let mut characters = text.chars();
    let lowered: String = characters
        .next()
        .map(|first| first.to_lowercase().chain(characters).collect())
        .unwrap_or_default();
    lowered.into()
}
