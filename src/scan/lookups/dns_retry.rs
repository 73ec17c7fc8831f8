//! Retries of lookups that failed by trouble of a resolver. While no resolver answers they are unlimited; where one answers there are
//! few, since then the zone is at fault.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::model::{Endpoint, Lookup, ObservedName};
use crate::targets::NameTarget;

/// How long a failed lookup waits, unless a resolver answers again before.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Tries of a name of the user while a resolver answers.
const TARGET_TRIES: u32 = 3;
/// Tries of a host's names, while a resolver answers.
const HOST_TRIES: u32 = 2;
/// Trials of resolvers that are down, at the end of the scan.
const LAST_TRIALS: u32 = 2;

/// A name of the user, to be looked up.
#[derive(Debug, Clone)]
pub(in crate::scan) struct TargetLookup {
    pub(in crate::scan) target: NameTarget,
    /// Tries that failed while a resolver answered.
    tries: u32,
    /// What those gave.
    failed: Vec<Lookup>,
}

impl TargetLookup {
    pub(in crate::scan) const fn new(target: NameTarget) -> Self {
        Self {
            target,
            tries: 0,
            failed: Vec::new(),
        }
    }
}

/// A question of a host's lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::scan) enum HostQuestion {
    /// The names of its address.
    Address,
    /// The addresses of one of its names.
    Name(ObservedName),
}

/// How a question of a host's lookup ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scan) enum LookupEnd {
    Answered,
    /// Open circuit breakers: it was not sent.
    Skipped,
    /// By trouble of the resolvers.
    Failed,
    /// By a fault of this program.
    Panicked,
}

/// A question to be asked once more.
#[derive(Debug)]
struct Pending {
    question: HostQuestion,
    /// Tries that failed while a resolver answered.
    tries: u32,
    /// Only its direction is skipped, perhaps for good: it waits until a resolver answers again.
    awaits_recovery: bool,
}

/// What the retries depend on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ResolverState {
    /// No resolver answers.
    pub(super) are_down: bool,
    /// Reverse lookups are skipped.
    pub(super) skips_reverse: bool,
}

/// The questions of a host to be asked once more. INVARIANT: at least one.
#[derive(Debug, Default)]
struct HostRetry {
    pending: Vec<Pending>,
    /// It has its place in the order of retries; else it awaits recovery, or the end of a lookup in flight.
    in_line: bool,
}

#[derive(Debug, Default)]
pub(super) struct Retries {
    targets: VecDeque<(Instant, TargetLookup)>,
    hosts: HashMap<Endpoint, HostRetry>,
    /// Hosts in line, with the time of their turn. May hold some that wait no more.
    line: VecDeque<(Instant, Endpoint)>,
    /// Trials at the end of the scan.
    last_trials: u32,
}

impl Retries {
    /// Every resolver was skipped: that is no try.
    pub(super) fn target_skipped(&mut self, job: TargetLookup, now: Instant) {
        self.targets.push_back((now + RETRY_AFTER, job));
    }

    /// A name that could not be looked up. Returns its failed lookups after its last try.
    pub(super) fn target_failed(
        &mut self,
        mut job: TargetLookup,
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
            if job.tries == 0 && !lookups.is_empty() {
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

    /// A lookup of a host ended: what it missed is asked again.
    pub(super) fn host_looked_up(
        &mut self,
        endpoint: Endpoint,
        ends: Vec<(HostQuestion, LookupEnd)>,
        resolvers: ResolverState,
        now: Instant,
    ) {
        let host = self.hosts.entry(endpoint).or_default();
        for (question, end) in ends {
            let known = host.pending.iter().position(|one| one.question == question);
            let tries = known.map_or(0, |index| host.pending.remove(index).tries);
            let is_skipped = question == HostQuestion::Address && resolvers.skips_reverse;
            let tries = match end {
                LookupEnd::Answered => continue,
                LookupEnd::Skipped => tries,
                LookupEnd::Failed if resolvers.are_down || is_skipped => tries,
                LookupEnd::Failed | LookupEnd::Panicked => tries + 1,
            };
            if tries < HOST_TRIES {
                host.pending.push(Pending {
                    question,
                    tries,
                    awaits_recovery: is_skipped && !resolvers.are_down,
                });
            }
        }
        if host.pending.is_empty() {
            self.hosts.remove(&endpoint);
        } else if !host.in_line && !host.pending.iter().all(|one| one.awaits_recovery) {
            host.in_line = true;
            self.line.push_back((now + RETRY_AFTER, endpoint));
        }
    }

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
            for one in &mut host.pending {
                one.awaits_recovery = false;
            }
            if !std::mem::replace(&mut host.in_line, true) {
                self.line.push_back((now, *endpoint));
            }
        }
    }

    pub(super) fn next_target(&mut self, now: Instant) -> Option<TargetLookup> {
        self.targets.front().filter(|(due, _)| *due <= now)?;
        self.targets.pop_front().map(|(_, job)| job)
    }

    /// The next host whose turn has come, with its questions. They stay pending until the lookup is over.
    pub(super) fn next_host(&mut self, now: Instant) -> Option<(Endpoint, Vec<HostQuestion>)> {
        loop {
            let (_, endpoint) = *self.line.front().filter(|(due, _)| *due <= now)?;
            self.line.pop_front();
            if let Some(host) = self.hosts.get_mut(&endpoint)
                && std::mem::take(&mut host.in_line)
            {
                let questions = host.pending.iter().map(|one| one.question.clone());
                return Some((endpoint, questions.collect()));
            }
        }
    }

    /// Whether some host awaits a resolver that answers again.
    pub(super) fn await_recovery(&self) -> bool {
        !self.hosts.is_empty()
    }

    /// One of the hosts that await recovery tries whether it is over.
    pub(super) fn line_up_one(&mut self, now: Instant) {
        let first = self.hosts.iter_mut().min_by_key(|(endpoint, _)| **endpoint);
        if let Some((endpoint, host)) = first {
            host.in_line = true;
            self.line.push_back((now, *endpoint));
        }
    }

    /// Names of the user that wait for a retry.
    pub(super) fn targets(&self) -> impl Iterator<Item = &NameTarget> {
        self.targets.iter().map(|(_, job)| &job.target)
    }

    /// Hosts with questions to be asked once more.
    pub(super) fn hosts(&self) -> impl Iterator<Item = Endpoint> {
        self.hosts.keys().copied()
    }

    pub(super) fn has_targets(&self) -> bool {
        !self.targets.is_empty()
    }

    /// Whether a retry comes without a resolver that answers again.
    pub(super) fn are_due(&self) -> bool {
        self.has_targets() || !self.line.is_empty()
    }

    pub(super) fn last_trial(&mut self) {
        self.last_trials += 1;
    }

    /// There is more to do: the end of the scan is not near.
    pub(super) fn more_work(&mut self) {
        self.last_trials = 0;
    }

    pub(super) const fn had_last_trial(&self) -> bool {
        self.last_trials >= LAST_TRIALS
    }

    /// The same, of those that are meant.
    pub(super) fn take_targets_of(
        &mut self,
        is_meant: impl Fn(&NameTarget) -> bool,
    ) -> Vec<(NameTarget, Vec<Lookup>)> {
        let waiting = std::mem::take(&mut self.targets).into_iter();
        let (meant, others) = waiting.partition(|(_, job)| is_meant(&job.target));
        self.targets = meant;
        let taken = self.take_targets();
        self.targets = others;
        taken
    }

    /// Takes the names of the user that still wait, with their failed lookups.
    pub(super) fn take_targets(&mut self) -> Vec<(NameTarget, Vec<Lookup>)> {
        let waiting = std::mem::take(&mut self.targets).into_iter();
        waiting.map(|(_, job)| (job.target, job.failed)).collect()
    }
}
