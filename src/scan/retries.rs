//! Lookups that failed by trouble of a resolver, and wait for another try: while none answers as often as it takes, and a few
//! times where one does, since then it is the zone that fails.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Endpoint, Lookup, ObservedName};
use crate::target::NameTarget;

/// How long a failed lookup waits, unless a resolver answers again before.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Tries of a name that the user listed, while a resolver answers.
const TARGET_TRIES: u32 = 3;
/// Tries of a host's names, while a resolver answers.
const HOST_TRIES: u32 = 2;
/// Trials of resolvers that are down, when nothing but lookups is left to do.
const LAST_TRIALS: u32 = 2;

/// A name of the user's that is to be looked up.
#[derive(Debug, Clone)]
pub(super) struct TargetJob {
    pub(super) target: NameTarget,
    /// Tries that failed while a resolver answered.
    tries: u32,
    /// What those gave.
    failed: Vec<Lookup>,
}

impl TargetJob {
    pub(super) const fn new(target: NameTarget) -> Self {
        Self {
            target,
            tries: 0,
            failed: Vec::new(),
        }
    }
}

/// A host whose names are to be looked up once more.
#[derive(Debug)]
struct HostRetry {
    names: Vec<ObservedName>,
    /// Tries that failed while a resolver answered.
    tries: u32,
    waits: Waits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// It has its place in the order of retries.
    InLine,
    /// Until a resolver answers again.
    ForRecovery,
    /// It is under way, or there is nothing to retry: only the tries are kept.
    Not,
}

#[derive(Debug, Default)]
pub(super) struct Retries {
    targets: VecDeque<(Instant, TargetJob)>,
    hosts: HashMap<Endpoint, HostRetry>,
    /// Hosts in line, with the time of their turn. May hold some that wait no more.
    line: VecDeque<(Instant, Endpoint)>,
    /// Trials since nothing but lookups is left to do.
    last_trials: u32,
}

impl Retries {
    /// A name that could not be looked up. Gives what is to be told of it when it has had its tries.
    pub(super) fn target_failed(
        &mut self,
        mut job: TargetJob,
        lookups: Vec<Lookup>,
        resolvers_are_down: bool,
        now: Instant,
    ) -> Option<(NameTarget, Vec<Lookup>)> {
        if resolvers_are_down {
            // One of many: a long outage must not pile them up.
            if job.tries == 0 && !lookups.is_empty() {
                job.failed = lookups;
            }
        } else {
            if job.tries == 0 {
                job.failed.clear();
            }
            job.tries += 1;
            job.failed.extend(lookups);
        }
        if job.tries >= TARGET_TRIES {
            return Some((job.target, job.failed));
        }
        self.targets.push_back((now + RETRY_AFTER, job));
        None
    }

    /// A host of whose names some could not be looked up.
    pub(super) fn host_failed(
        &mut self,
        endpoint: Endpoint,
        names: &[ObservedName],
        missed: Missed,
        resolvers_are_down: bool,
        now: Instant,
    ) {
        let host = self.hosts.entry(endpoint).or_insert(HostRetry {
            names: Vec::new(),
            tries: 0,
            waits: Waits::Not,
        });
        for name in names {
            if !host.names.contains(name) {
                host.names.push(name.clone());
            }
        }
        if !resolvers_are_down && missed == Missed::Failed {
            host.tries += 1;
        }
        if host.tries >= HOST_TRIES {
            host.names.clear();
            host.waits = Waits::Not;
        } else if resolvers_are_down || missed == Missed::Failed {
            host.waits = Waits::InLine;
            self.line.push_back((now + RETRY_AFTER, endpoint));
        } else if host.waits == Waits::Not {
            host.waits = Waits::ForRecovery;
        }
    }

    /// A host whose names were tried before, in vain.
    pub(super) fn knows(&self, endpoint: Endpoint) -> bool {
        self.hosts.contains_key(&endpoint)
    }

    /// A host whose lookup is over without trouble, or that nobody asks about any more.
    pub(super) fn forget(&mut self, endpoint: Endpoint) {
        self.hosts.remove(&endpoint);
    }

    /// A resolver answers again: everything may be retried at once.
    pub(super) fn recovered(&mut self, now: Instant) {
        self.last_trials = 0;
        for (due, _) in &mut self.targets {
            *due = now;
        }
        for (due, _) in &mut self.line {
            *due = now;
        }
        for (endpoint, host) in &mut self.hosts {
            if host.waits == Waits::ForRecovery {
                host.waits = Waits::InLine;
                self.line.push_back((now, *endpoint));
            }
        }
    }

    /// The next name of the user's whose turn has come; any at all for a trial.
    pub(super) fn next_target(&mut self, now: Instant, is_trial: bool) -> Option<TargetJob> {
        let (due, _) = self.targets.front()?;
        if !is_trial && *due > now {
            return None;
        }
        self.targets.pop_front().map(|(_, job)| job)
    }

    /// The next host, with its names, in the same way.
    pub(super) fn next_host(
        &mut self,
        now: Instant,
        is_trial: bool,
    ) -> Option<(Endpoint, Vec<ObservedName>)> {
        loop {
            let (due, endpoint) = *self.line.front()?;
            if !is_trial && due > now {
                return None;
            }
            self.line.pop_front();
            if let Some(host) = self.hosts.get_mut(&endpoint)
                && host.waits == Waits::InLine
            {
                host.waits = Waits::Not;
                return Some((endpoint, std::mem::take(&mut host.names)));
            }
        }
    }

    pub(super) fn has_targets(&self) -> bool {
        !self.targets.is_empty()
    }

    /// Some retry comes by itself, without a resolver that answers again.
    pub(super) fn are_due(&self) -> bool {
        self.has_targets() || !self.line.is_empty()
    }

    /// A trial begins while nothing but lookups is left to do.
    pub(super) fn last_trial(&mut self) {
        self.last_trials += 1;
    }

    /// New work has come: the end is not near any more.
    pub(super) fn begin_anew(&mut self) {
        self.last_trials = 0;
    }

    /// Whether resolvers that are down have had their last trial.
    pub(super) const fn had_last_trial(&self) -> bool {
        self.last_trials >= LAST_TRIALS
    }

    /// Names of the user's that still wait, with what was tried; none do afterwards.
    pub(super) fn take_targets(&mut self) -> Vec<(NameTarget, Vec<Lookup>)> {
        let waiting = std::mem::take(&mut self.targets).into_iter();
        waiting.map(|(_, job)| (job.target, job.failed)).collect()
    }
}

/// Why a host is to be asked about once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Missed {
    /// A question was left out, since a resolver was down.
    LeftOut,
    /// A question failed.
    Failed,
}
