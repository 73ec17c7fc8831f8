//! A prober that keeps a diary and answers by script.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock;
use crate::kit;
use crate::model::{
    Attempt, Endpoint, Lookup, LookupAnswer, NtlmFacts, Outcome, Question, Resolver, Shortage,
    Stage, StageRecord,
};
use crate::probe::dns::Breakers;
use crate::prober::{AttemptRequest, Connect, ConnectFailure, Prober, ResolverHealth};
use tokio_util::sync::CancellationToken;

/// What the prober pretends of one connect.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    Up,
    /// Accepted, while this process stands still for a while.
    UpAfterStall,
    Silent,
    Refused,
    /// Accepted, and reset before the client looked.
    ResetAtOnce,
    /// This machine has no descriptor left.
    Exhausted,
    /// This machine's own packet filter says no.
    OwnFilter,
    NoRoute,
    /// Connects, and then the attempt never ends by itself.
    Hang,
    Panic,
}

/// One connection, from connect to close.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) address: IpAddr,
    pub(super) start: Instant,
    pub(super) end: Instant,
}

#[derive(Default)]
struct Diary {
    spans: Vec<Span>,
    connects: HashMap<Endpoint, usize>,
    at_once: usize,
    most_at_once: usize,
    first_question: Option<Instant>,
    questions: Vec<Question>,
    panics: usize,
    routes: Vec<IpAddr>,
}

/// A resolver, with the breakers that the real prober has.
struct FakeResolver {
    resolver: Resolver,
    /// From when it is silent, after the first question, and until when.
    silence: Range<Duration>,
    breakers: Breakers,
}

impl FakeResolver {
    fn new(resolver: Resolver, silence: Range<Duration>) -> Self {
        Self {
            resolver,
            silence,
            breakers: Breakers::new(resolver),
        }
    }
}

#[derive(Default)]
pub(super) struct FakeProber {
    scripts: HashMap<Endpoint, Vec<Answer>>,
    otherwise: Option<Answer>,
    /// Addresses that this machine has no route to.
    unrouted: Vec<IpAddr>,
    names: HashMap<String, Vec<IpAddr>>,
    pointers: HashMap<IpAddr, String>,
    /// The name that hosts call themselves, from this attempt on.
    identity: Option<(String, u32)>,
    lookups_take: Duration,
    resolvers: OnceLock<Vec<FakeResolver>>,
    /// Names in this zone fail.
    failing_zone: Option<&'static str>,
    /// Names in this zone stay unanswered for a while.
    silent_zone: Option<(&'static str, Range<Duration>)>,
    /// When reverse lookups stay unanswered.
    silent_pointers: Range<Duration>,
    /// So many lookups of this name panic.
    panicking_name: Option<(&'static str, usize)>,
    diary: Mutex<Diary>,
}

/// How long a silent resolver is waited for.
const LOOKUP: Duration = Duration::from_secs(2);
/// How long a pretended attempt takes after connect.
const WORK: Duration = Duration::from_millis(40);

/// How long this process stands still in [`Answer::UpAfterStall`].
const STALL: Duration = Duration::from_millis(200);

impl FakeProber {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The resolvers of the script; else one that always answers.
    fn scripted(&self) -> &[FakeResolver] {
        let answering = || {
            vec![FakeResolver::new(
                Resolver::System,
                Duration::ZERO..Duration::ZERO,
            )]
        };
        self.resolvers.get_or_init(answering)
    }

    /// The answers of an endpoint, the last one for good.
    pub(super) fn with(mut self, endpoint: Endpoint, script: &[Answer]) -> Self {
        self.scripts.insert(endpoint, script.to_vec());
        self
    }

    /// This machine has no route there.
    pub(super) fn without_route(mut self, endpoint: Endpoint) -> Self {
        self.unrouted.push(endpoint.address);
        self.with(endpoint, &[Answer::NoRoute])
    }

    pub(super) fn with_all(mut self, answer: Answer) -> Self {
        self.otherwise = Some(answer);
        self
    }

    pub(super) fn with_name(mut self, name: &str, addresses: &[IpAddr]) -> Self {
        self.names.insert(name.to_owned(), addresses.to_vec());
        self
    }

    pub(super) fn with_pointer(mut self, address: IpAddr, name: &str) -> Self {
        self.pointers.insert(address, name.to_owned());
        self
    }

    pub(super) fn with_identity(mut self, name: &str, from_attempt: u32) -> Self {
        self.identity = Some((name.to_owned(), from_attempt));
        self
    }

    /// How long each lookup takes.
    pub(super) fn with_slow_lookups(mut self, take: Duration) -> Self {
        self.lookups_take = take;
        self
    }

    pub(super) fn with_dns_silent_for(self, time: Duration) -> Self {
        self.with_dns_silent(Duration::ZERO..time)
    }

    /// No resolver answers between these times after the first question.
    pub(super) fn with_dns_silent(self, silence: Range<Duration>) -> Self {
        self.with_resolver(Resolver::System, silence)
    }

    pub(super) fn with_resolver(self, resolver: Resolver, silence: Range<Duration>) -> Self {
        self.with_resolvers([FakeResolver::new(resolver, silence)])
    }

    /// The operating system's resolver, which takes names only and always answers, and its servers, asked directly.
    pub(super) fn with_system_and_servers(self, servers_silent: Range<Duration>) -> Self {
        let system = FakeResolver::new(Resolver::System, Duration::ZERO..Duration::ZERO);
        self.with_resolvers([
            FakeResolver {
                breakers: Breakers::forward_only(Resolver::System),
                ..system
            },
            FakeResolver::new(Resolver::Configured, servers_silent),
        ])
    }

    fn with_resolvers(mut self, more: impl IntoIterator<Item = FakeResolver>) -> Self {
        let mut resolvers = self.resolvers.take().unwrap_or_default();
        resolvers.extend(more);
        self.resolvers = resolvers.into();
        self
    }

    /// Every name that ends so gets SERVFAIL.
    pub(super) fn with_failing_zone(mut self, zone: &'static str) -> Self {
        self.failing_zone = Some(zone);
        self
    }

    /// Names that end so stay unanswered between these times after the first question.
    pub(super) fn with_silent_zone(mut self, zone: &'static str, silence: Range<Duration>) -> Self {
        self.silent_zone = Some((zone, silence));
        self
    }

    /// Reverse lookups stay unanswered between these times after the first question.
    pub(super) fn with_silent_pointers(mut self, silence: Range<Duration>) -> Self {
        self.silent_pointers = silence;
        self
    }

    pub(super) fn with_panicking_name(mut self, name: &'static str, panics: usize) -> Self {
        self.panicking_name = Some((name, panics));
        self
    }

    /// Lookups asked for.
    pub(super) fn questions(&self) -> usize {
        self.diary().questions.len()
    }

    /// How often the addresses of a name were asked for.
    pub(super) fn questions_about(&self, name: &str) -> usize {
        let is_about =
            |question: &&Question| matches!(question, Question::Addresses(of) if **of == *name);
        self.diary().questions.iter().filter(is_about).count()
    }

    /// Addresses whose route was asked for.
    pub(super) fn routes(&self) -> Vec<IpAddr> {
        self.diary().routes.clone()
    }

    pub(super) fn connects_to(&self, endpoint: Endpoint) -> usize {
        self.diary().connects.get(&endpoint).copied().unwrap_or(0)
    }

    /// Connections in order of their end.
    pub(super) fn spans(&self) -> Vec<Span> {
        self.diary().spans.clone()
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.diary().most_at_once
    }

    /// Connections that began and did not come to an orderly end.
    pub(super) fn open(&self) -> usize {
        self.diary().at_once
    }

    fn diary(&self) -> std::sync::MutexGuard<'_, Diary> {
        self.diary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self, endpoint: Endpoint) -> Answer {
        let mut diary = self.diary();
        let count = diary.connects.entry(endpoint).or_default();
        let nth = *count;
        *count += 1;
        diary.at_once += 1;
        diary.most_at_once = diary.most_at_once.max(diary.at_once);
        let script = self.scripts.get(&endpoint);
        script
            .and_then(|script| script.get(nth).or(script.last()).copied())
            .or(self.otherwise)
            .unwrap_or(Answer::Silent)
    }

    /// Asks every resolver that its breaker lets be asked; silent ones are waited for.
    async fn ask(&self, question: Question, answer: LookupAnswer) -> Option<Vec<Lookup>> {
        tokio::time::sleep(self.lookups_take).await;
        let asked: Vec<&FakeResolver> = self
            .scripted()
            .iter()
            .filter(|one| one.breakers.allows(&question))
            .collect();
        if asked.is_empty() {
            return None;
        }
        let now = clock::monotonic();
        let since = {
            let mut diary = self.diary();
            diary.questions.push(question.clone());
            now.duration_since(*diary.first_question.get_or_insert(now))
        };
        let is_left = match &question {
            Question::Addresses(name) => self
                .silent_zone
                .as_ref()
                .is_some_and(|(zone, silence)| name.ends_with(zone) && silence.contains(&since)),
            Question::Pointer(_) => self.silent_pointers.contains(&since),
        };
        let is_silent = |one: &FakeResolver| is_left || one.silence.contains(&since);
        let (silent, answering): (Vec<_>, Vec<_>) =
            asked.into_iter().partition(|one| is_silent(one));
        let mut lookups = Vec::new();
        for (resolvers, answer) in [(answering, answer), (silent, LookupAnswer::Timeout)] {
            if answer == LookupAnswer::Timeout && !resolvers.is_empty() {
                tokio::time::sleep(LOOKUP).await;
            }
            for one in resolvers {
                one.breakers.observe(&question, &answer);
                lookups.push(Lookup {
                    question: question.clone(),
                    resolver: one.resolver,
                    answer: answer.clone(),
                    duration_ms: 1,
                });
            }
        }
        Some(lookups)
    }

    fn closed(&self, address: IpAddr, start: Instant) {
        let mut diary = self.diary();
        diary.at_once -= 1;
        diary.spans.push(Span {
            address,
            start,
            end: clock::monotonic(),
        });
    }
}

pub(super) struct FakeLink {
    start: Instant,
    hangs: bool,
}

impl Prober for FakeProber {
    type Link = FakeLink;

    async fn connect(&self, endpoint: Endpoint, timeout: Duration) -> Connect<FakeLink> {
        let start = clock::monotonic();
        let answer = self.opened(endpoint);
        let outcome = match answer {
            Answer::Up | Answer::UpAfterStall | Answer::Hang => {
                if matches!(answer, Answer::UpAfterStall) {
                    tokio::time::advance(STALL).await;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
                return Connect::Up(FakeLink {
                    start,
                    hangs: matches!(answer, Answer::Hang),
                });
            }
            Answer::Silent => {
                tokio::time::sleep(timeout).await;
                Outcome::Timeout { received: 0 }
            }
            Answer::Refused => Outcome::Refused,
            Answer::ResetAtOnce => Outcome::Reset { received: 0 },
            Answer::Exhausted => Outcome::LocalError {
                detail: "too many open files".into(),
            },
            Answer::OwnFilter => Outcome::LocalError {
                detail: "operation not permitted".into(),
            },
            Answer::NoRoute => Outcome::NetworkUnreachable,
            Answer::Panic => panic!("as scripted"),
        };
        self.closed(endpoint.address, start);
        Connect::Failed(ConnectFailure {
            outcome,
            shortage: matches!(answer, Answer::Exhausted).then_some(Shortage::ProcessFiles),
            started_at: clock::wall(),
            duration_us: clock::micros_since(start),
        })
    }

    async fn attempt(
        &self,
        link: FakeLink,
        request: AttemptRequest,
        cancel: CancellationToken,
    ) -> Attempt {
        let work = async {
            if link.hangs {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(WORK).await;
        };
        let mut stages = vec![kit::stage(Stage::Tcp, Outcome::Ok)];
        tokio::select! {
            () = cancel.cancelled() => stages.push(StageRecord {
                stage: Stage::X224,
                start_us: 2000,
                duration_us: clock::micros_since(link.start).saturating_sub(2000),
                outcome: Outcome::Cancelled,
            }),
            () = work => {}
        }
        self.closed(request.endpoint.address, link.start);
        let identity = self.identity.as_ref();
        let ntlm = identity
            .filter(|(_, from)| request.number >= *from)
            .map(|(name, _)| NtlmFacts {
                dns_computer: Some(name.as_str().into()),
                ..NtlmFacts::default()
            });
        Attempt {
            number: request.number,
            probe: request.probe,
            sni: request.by_name,
            started_at: clock::wall(),
            stages,
            unanswered_rounds: request.unanswered_rounds,
            ntlm: ntlm.map(Arc::new),
            ..kit::attempt_at(request.endpoint)
        }
    }

    fn has_route(&self, address: IpAddr) -> bool {
        self.diary().routes.push(address);
        !self.unrouted.contains(&address)
    }

    async fn forward(&self, name: &str) -> Option<Vec<Lookup>> {
        if let Some((_, times)) = self.panicking_name.filter(|(of, _)| *of == name) {
            let panics = self.diary().panics;
            self.diary().panics += 1;
            assert!(panics >= times, "as scripted");
        }
        let answer = match self.names.get(name) {
            _ if self.failing_zone.is_some_and(|zone| name.ends_with(zone)) => {
                LookupAnswer::ServFail
            }
            Some(addresses) => LookupAnswer::Addresses {
                addresses: addresses.clone(),
                ttl_s: None,
            },
            None => LookupAnswer::NxDomain,
        };
        self.ask(Question::Addresses(name.into()), answer).await
    }

    async fn reverse(&self, address: IpAddr) -> Option<Vec<Lookup>> {
        let answer = match self.pointers.get(&address) {
            Some(name) => LookupAnswer::Names {
                names: vec![name.as_str().into()],
            },
            None => LookupAnswer::NxDomain,
        };
        self.ask(Question::Pointer(address), answer).await
    }

    fn resolvers(&self) -> Vec<ResolverHealth> {
        let resolvers = self.scripted().iter();
        resolvers.map(|one| one.breakers.health()).collect()
    }
}
