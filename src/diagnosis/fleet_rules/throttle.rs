//! Hosts that fail only while this scan keeps many connections open.

use std::collections::HashMap;
use std::net::IpAddr;

use super::midbox::prefix;
use crate::diagnosis::ending::{Ending, endings};
use crate::model::{Attempt, Endpoint, History, Outcome, Stage};

/// Fewer attempts than this tell nothing about sometimes.
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
}

/// By endpoint: only hosts that are throttled, as it seems.
pub(super) type Hosts = HashMap<Endpoint, Throttled>;

/// From when to when an attempt lasted, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Lasting {
    from: i64,
    to: i64,
}

/// An attempt of a host that fails at times.
#[derive(Debug, Clone, Copy)]
struct Tried {
    at: i64,
    failed: bool,
}

/// Every attempt by prefix, and the hosts that fail at times.
#[derive(Debug, Default)]
pub(super) struct Looking {
    lasting: HashMap<IpAddr, Vec<Lasting>>,
    mixed: Vec<(Endpoint, Vec<Tried>)>,
}

impl Looking {
    pub(super) fn add(&mut self, history: &History) {
        let Some(endpoint) = history.subject.endpoint() else {
            return;
        };
        let near = self.lasting.entry(prefix(endpoint.address).0).or_default();
        near.extend(history.attempts.iter().map(lasting));
        if let Some(tried) = mixed(history) {
            self.mixed.push((endpoint, tried));
        }
    }

    pub(super) fn finish(self) -> Hosts {
        if self.mixed.is_empty() {
            return Hosts::new();
        }
        let whole = Load::of(self.lasting.values().flatten());
        let mut near: HashMap<IpAddr, Load> = HashMap::new();
        let mut hosts = Hosts::new();
        for (endpoint, tried) in &self.mixed {
            let (network, _) = prefix(endpoint.address);
            let near = near
                .entry(network)
                .or_insert_with(|| Load::of(self.lasting.get(&network).into_iter().flatten()));
            // What is in the way may stand before one network or before all of them.
            if let Some(throttled) = apart(tried, near).or_else(|| apart(tried, &whole)) {
                hosts.insert(*endpoint, throttled);
            }
        }
        hosts
    }
}

fn lasting(attempt: &Attempt) -> Lasting {
    let from = attempt.started_at.as_microsecond();
    let took = std::time::Duration::from_secs_f64(attempt.total_ms().max(0.0) / 1000.0);
    Lasting {
        from,
        to: from.saturating_add(i64::try_from(took.as_micros()).unwrap_or(i64::MAX)),
    }
}

/// The attempts of a host that fails at times, and only after TCP came up; `None` for any other.
fn mixed(history: &History) -> Option<Vec<Tried>> {
    let mut tried = Vec::new();
    for (attempt, end) in history.attempts.iter().zip(endings(&history.attempts)) {
        if end == Ending::NotCounted {
            continue;
        }
        let failed = match end.failure() {
            Some((stage, outcome)) if stage >= Stage::X224 && is_cut(outcome) => true,
            Some(_) => return None,
            None => false,
        };
        tried.push(Tried {
            at: attempt.started_at.as_microsecond(),
            failed,
        });
    }
    let failures = tried.iter().filter(|one| one.failed).count();
    (tried.len() >= ATTEMPTS && failures > 0 && failures < tried.len()).then_some(tried)
}

/// As a guard ends it: without a word.
fn is_cut(outcome: &Outcome) -> bool {
    outcome.is_close() || matches!(outcome, Outcome::Timeout { .. })
}

/// How many connections were open at any time.
#[derive(Debug, Default)]
struct Load {
    /// Sorted.
    from: Vec<i64>,
    /// Sorted.
    to: Vec<i64>,
}

impl Load {
    fn of<'a>(all: impl Iterator<Item = &'a Lasting>) -> Self {
        let (mut from, mut to): (Vec<i64>, Vec<i64>) = all.map(|one| (one.from, one.to)).unzip();
        from.sort_unstable();
        to.sort_unstable();
        Self { from, to }
    }

    /// Connections open at a time, the one that begins then among them.
    fn at(&self, time: i64) -> usize {
        let begun = self.from.partition_point(|from| *from <= time);
        let ended = self.to.partition_point(|to| *to < time);
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
    })
}
