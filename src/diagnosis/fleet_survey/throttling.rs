//! Hosts that fail only while this scan keeps many connections open.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;

use super::cut_handshakes::prefix;
use super::sorted_runs::SortedRuns;
use crate::diagnosis::ending::{Ending, endings};
use crate::model::{Attempt, Endpoint, History, Outcome, Stage};

/// With fewer attempts than this, nothing is known about sometimes.
const ATTEMPTS: usize = 3;
/// From so many connections at once on, a moment is busy.
const BUSY: usize = 16;
/// A busy moment has at least this many times the connections of a calm one.
const TIMES: usize = 2;
/// With fewer failures in busy moments, or fewer successes in calm ones, it may be an accident, or one server of several.
const EACH: usize = 2;

/// A host that fails in busy moments and gets through in calm ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Throttled {
    /// Attempts that failed.
    pub(crate) failures: usize,
    /// Connections that were open, at least, when one failed.
    pub(crate) busy: usize,
    /// Connections that were open, at most, when one got through.
    pub(crate) calm: usize,
    /// It may be an accident: too few attempts.
    pub(crate) doubtful: bool,
    /// The port itself did not accept; otherwise what it accepted was cut off.
    pub(crate) at_tcp: bool,
}

/// By endpoint: only hosts that are throttled, as it seems.
pub(super) type ThrottledHosts = BTreeMap<Endpoint, Throttled>;

/// When an attempt began and how long it took, in microseconds. Those of one prefix are a chain.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: i64,
    took: u32,
    /// The place of the one added before.
    before: Option<NonZeroU32>,
}

/// An attempt of a host that fails at times.
#[derive(Debug, Clone, Copy)]
struct Tried {
    at: i64,
    failed: bool,
    at_tcp: bool,
}

/// Every attempt, and which hosts fail at times: those are judged when all attempts are known.
#[derive(Debug, Default)]
pub(super) struct Throttling {
    whole: Load,
    attempts: Vec<Span>,
    /// By prefix: how many attempts there are, and the place of the newest, counted from 1.
    near: BTreeMap<IpAddr, (u32, Option<NonZeroU32>)>,
    /// By prefix, where hosts have been judged.
    loads: BTreeMap<IpAddr, Load>,
    mixed: Vec<usize>,
    hosts: ThrottledHosts,
}

impl Throttling {
    pub(super) fn add(&mut self, place: usize, history: &History) {
        let Some(endpoint) = history.key.endpoint() else {
            return;
        };
        if history.attempts.is_empty() {
            return;
        }
        let (count, newest) = self.near.entry(prefix(endpoint.address).0).or_default();
        for attempt in &history.attempts {
            let from = attempt.started_at.as_microsecond();
            let took = took_us(attempt);
            self.whole.add(from, took);
            let before = *newest;
            self.attempts.push(Span { from, took, before });
            *newest = u32::try_from(self.attempts.len())
                .ok()
                .and_then(NonZeroU32::new);
            *count += 1;
        }
        if mixed(history).is_some() {
            self.mixed.push(place);
        }
    }

    /// The hosts to add again.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.mixed.iter().copied()
    }

    pub(super) fn add_again(&mut self, history: &History) {
        let (Some(endpoint), Some(tried)) = (history.key.endpoint(), mixed(history)) else {
            return;
        };
        let (network, _) = prefix(endpoint.address);
        // The limit may be in front of one network or of all of them.
        let near = self.load_near(network).and_then(|near| apart(&tried, near));
        if let Some(throttled) = near.or_else(|| apart(&tried, &self.whole)) {
            self.hosts.insert(endpoint, throttled);
        }
    }

    /// The load of one prefix; `None` where it cannot ever have been busy.
    fn load_near(&mut self, network: IpAddr) -> Option<&Load> {
        let (count, newest) = *self.near.get(&network)?;
        if usize::try_from(count).is_ok_and(|count| count < BUSY) {
            return None;
        }
        let attempts = &self.attempts;
        Some(self.loads.entry(network).or_insert_with(|| {
            let at = |place: NonZeroU32| attempts.get(usize::try_from(place.get()).ok()? - 1);
            let chain = std::iter::successors(newest.and_then(at), |one| one.before.and_then(at));
            let mut load = Load::default();
            for one in chain {
                load.add(one.from, one.took);
            }
            load
        }))
    }

    pub(super) fn finish(self) -> ThrottledHosts {
        self.hosts
    }
}

fn took_us(attempt: &Attempt) -> u32 {
    let ends = attempt.stages.iter();
    let ends = ends.map(|record| record.start_us.saturating_add(record.duration_us));
    ends.max().unwrap_or_default()
}

/// The attempts of a host that fails at times, and always at TCP or always after it; `None` for any other.
fn mixed(history: &History) -> Option<Vec<Tried>> {
    let mut tried = Vec::new();
    for (attempt, end) in history.attempts.iter().zip(endings(&history.attempts)) {
        if end == Ending::NotCounted {
            continue;
        }
        let (failed, at_tcp) = match end.failure() {
            Some((stage, outcome)) if stage >= Stage::X224 && is_silent_end(outcome) => {
                (true, false)
            }
            Some((Stage::Tcp, Outcome::Timeout { .. } | Outcome::Refused)) => (true, true),
            Some(_) => return None,
            None => (false, false),
        };
        tried.push(Tried {
            at: attempt.started_at.as_microsecond(),
            failed,
            at_tcp,
        });
    }
    let failures = tried.iter().filter(|one| one.failed).count();
    let at_tcp = tried.iter().filter(|one| one.at_tcp).count();
    if at_tcp != 0 && at_tcp != failures {
        return None;
    }
    (tried.len() >= ATTEMPTS && failures > 0 && failures < tried.len()).then_some(tried)
}

/// As a connection limit ends it: closed, reset or timed out.
fn is_silent_end(outcome: &Outcome) -> bool {
    outcome.is_close() || matches!(outcome, Outcome::Timeout { .. })
}

/// How many connections were open at any time.
#[derive(Debug, Default)]
struct Load {
    from: SortedRuns<i64>,
    to: SortedRuns<i64>,
}

impl Load {
    fn add(&mut self, from: i64, took: u32) {
        self.from.add(from);
        self.to.add(from.saturating_add(i64::from(took)));
    }

    /// Connections open at a time, the one that begins then among them.
    fn at(&self, time: i64) -> usize {
        let begun = self.from.count(|from| *from <= time);
        let ended = self.to.count(|to| *to < time);
        begun.saturating_sub(ended)
    }
}

/// Every failure in a busy moment, every success in a calm one.
fn apart(tried: &[Tried], load: &Load) -> Option<Throttled> {
    let of = |failed: bool| {
        tried
            .iter()
            .filter(move |one| one.failed == failed)
            .map(|one| load.at(one.at))
    };
    let (busy, calm) = (of(true).min()?, of(false).max()?);
    let failures = of(true).count();
    (busy >= BUSY && busy >= calm.saturating_mul(TIMES)).then_some(Throttled {
        failures,
        busy,
        calm,
        doubtful: failures < EACH || tried.len() - failures < EACH,
        at_tcp: tried.iter().any(|one| one.at_tcp),
    })
}
