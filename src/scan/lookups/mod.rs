//! Names and addresses to look up: which one when, how long they may hold the end of a scan, and which are left at the end.

mod candidates;
mod dns_retry;
mod host_names;
mod resolver_notices;

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Instant;

pub(super) use self::candidates::{MOST_NAMES, is_worth_a_lookup, normalise};
pub(super) use self::dns_retry::{HostQuestion, LookupEnd, TargetLookup};
use self::dns_retry::{ResolverState, Retries};
use self::host_names::HostNames;
pub(super) use self::host_names::{HostLookup, is_unanswered, is_undecided};
use self::resolver_notices::ResolverNotices;
use super::job::TaskId;
use crate::model::{Attempt, Endpoint, Lookup, Notice, ObservedName};
use crate::prober::{BreakerHealth, ResolverHealth};
use crate::targets::NameTarget;

#[derive(Debug, Clone)]
pub(super) enum LookupJob {
    /// A name that the user listed.
    Target(TargetLookup),
    /// The names of a host.
    Host(HostLookup),
}

impl LookupJob {
    const fn target(&self) -> Option<&NameTarget> {
        match self {
            Self::Target(job) => Some(&job.target),
            Self::Host(_) => None,
        }
    }

    const fn endpoint(&self) -> Option<Endpoint> {
        match self {
            Self::Host(job) => Some(job.endpoint),
            Self::Target(_) => None,
        }
    }
}

#[derive(Debug)]
struct LookupTask {
    job: LookupJob,
    /// It is about to end, and its result is dropped.
    is_cancelled: bool,
}

#[derive(Debug)]
pub(super) struct Lookups {
    limit: usize,
    tasks: HashMap<TaskId, LookupTask>,
    /// Names of the user that were never looked up, in reverse order.
    unresolved: Vec<NameTarget>,
    /// Names of the user that an earlier run has asked for, and that it has no answer of.
    again: VecDeque<NameTarget>,
    waiting: VecDeque<HostLookup>,
    hosts: HashMap<Endpoint, HostNames>,
    retries: Retries,
    health: Vec<ResolverHealth>,
    notices: ResolverNotices,
    /// The user's names that had not been resolved when everything was last rescanned.
    never_resolved: Option<HashSet<NameTarget>>,
}

impl Lookups {
    pub(super) fn new(limit: usize, names: &[NameTarget]) -> Self {
        Self {
            limit,
            tasks: HashMap::new(),
            unresolved: names.iter().rev().cloned().collect(),
            again: VecDeque::new(),
            waiting: VecDeque::new(),
            hosts: HashMap::new(),
            retries: Retries::default(),
            health: Vec::new(),
            notices: ResolverNotices::default(),
            never_resolved: None,
        }
    }

    /// Starts over with all names of the user. Returns the tasks to cancel.
    pub(super) fn restart(&mut self, names: &[NameTarget]) -> Vec<TaskId> {
        let mut never: HashSet<NameTarget> = self.open_targets().cloned().collect();
        never.extend(self.unresolved.iter().cloned());
        if let Some(before) = &self.never_resolved {
            never.retain(|name| before.contains(name));
        }
        self.never_resolved = Some(never);
        self.again.clear();
        self.waiting.clear();
        self.hosts.clear();
        self.retries = Retries::default();
        self.unresolved = names.iter().rev().cloned().collect();
        self.cancel(None)
    }

    /// Lines up the names of the user that earlier runs left: those from the place `asked` on, and of those before it the ones to
    /// ask for again; without the `resolved` ones.
    pub(super) fn resume_targets(
        &mut self,
        names: &[NameTarget],
        asked: usize,
        again: impl Iterator<Item = NameTarget>,
        resolved: &HashSet<NameTarget>,
    ) {
        let left = names.get(asked..).unwrap_or_default();
        // Names are asked for in order, but not answered so.
        let newest = left.iter().rposition(|name| resolved.contains(name));
        let (begun, untouched) = left.split_at(newest.map_or(0, |newest| newest + 1));
        let again = again.chain(begun.iter().cloned());
        self.again = again.filter(|name| !resolved.contains(name)).collect();
        self.unresolved = untouched.iter().rev().cloned().collect();
    }

    /// The names of a host were looked up in an earlier run.
    pub(super) fn replay_checked(&mut self, endpoint: Endpoint, names: &[ObservedName]) {
        self.waiting.retain(|job| job.endpoint != endpoint);
        let host = self.hosts.entry(endpoint).or_default();
        self.waiting.extend(host.done(endpoint, names));
    }

    /// Lines a host up whose lookups an earlier run did not finish.
    pub(super) fn check_again(&mut self, endpoint: Endpoint, target_names: &[ObservedName]) {
        let is_waiting = self.waiting.iter().any(|job| job.endpoint == endpoint);
        if !is_waiting {
            let host = self.hosts.entry(endpoint).or_default();
            self.waiting
                .push_back(host.begin_again(endpoint, target_names));
        }
    }

    /// The state of the resolvers is as of right before the next call.
    pub(super) fn set_health(&mut self, health: Vec<ResolverHealth>) {
        self.health = health;
    }

    /// Whether the state of the resolvers decides what may start now, or whether the scan may end.
    pub(super) fn needs_health(&self) -> bool {
        self.tasks.len() < self.limit && (self.has_waiting() || self.retries.await_recovery())
    }

    pub(super) fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The name of the user that is looked up next: all before it were.
    pub(super) fn next_target(&self) -> Option<&NameTarget> {
        self.unresolved.last()
    }

    pub(super) fn unresolved(&self) -> usize {
        self.unresolved.len()
    }

    /// The next lookup that may start now. `is_last_work`: nothing but lookups is in flight or to be started.
    ///
    /// While every resolver is down, one lookup at a time tries whether one answers.
    pub(super) fn next(&mut self, now: Instant, is_last_work: bool) -> Option<LookupJob> {
        if is_last_work {
            self.try_recovery(now);
        }
        if self.tasks.len() >= self.limit || !self.has_waiting() {
            return None;
        }
        let is_trial = self.are_down();
        if is_trial && !(self.is_idle() && self.is_worth_a_trial(is_last_work)) {
            return None;
        }
        let job = self.pop(now, is_trial)?;
        if is_trial && is_last_work {
            self.retries.last_trial();
        }
        Some(job)
    }

    pub(super) fn start(&mut self, id: TaskId, job: LookupJob) {
        let task = LookupTask {
            job,
            is_cancelled: false,
        };
        self.tasks.insert(id, task);
    }

    /// A lookup ended; `None` when it was cancelled.
    pub(super) fn end(&mut self, id: TaskId) -> Option<LookupJob> {
        let task = self.tasks.remove(&id)?;
        (!task.is_cancelled).then_some(task.job)
    }

    /// Drops the lookups of these endpoints, or all of them. Returns the tasks to cancel.
    pub(super) fn cancel(&mut self, of: Option<&HashSet<Endpoint>>) -> Vec<TaskId> {
        let is_of =
            |one: Option<Endpoint>, of: &HashSet<_>| one.is_some_and(|one| of.contains(&one));
        let cancelled = self.tasks.iter_mut().filter(|(_, task)| {
            !task.is_cancelled && of.is_none_or(|of| is_of(task.job.endpoint(), of))
        });
        cancelled
            .map(|(id, task)| {
                task.is_cancelled = true;
                *id
            })
            .collect()
    }

    /// Names of the user before those of hosts. A trial asks a question that the circuit breakers allow.
    fn pop(&mut self, now: Instant, is_trial: bool) -> Option<LookupJob> {
        let allows = |one: Option<BreakerHealth>| one.is_some_and(|one| one.allows);
        let forward = !is_trial || self.health.iter().any(|one| allows(one.forward));
        let reverse = !is_trial || self.allow_reverse();
        if forward {
            if let Some(target) = self.again.pop_front().or_else(|| self.unresolved.pop()) {
                return Some(LookupJob::Target(TargetLookup::new(target)));
            }
            if let Some(job) = self.retries.next_target(now) {
                return Some(LookupJob::Target(job));
            }
        }
        while self.waiting.is_empty() {
            let (endpoint, questions) = self.retries.next_host(now)?;
            // While another lookup of this host is in flight there is none: it lines up again when that one ends.
            let names = self.hosts.get_mut(&endpoint);
            let job = names.and_then(|names| names.again(endpoint, questions));
            self.waiting.extend(job);
        }
        let is_allowed = |job: &&HostLookup| if job.reverse { reverse } else { forward };
        self.waiting.front().filter(is_allowed)?;
        self.waiting.pop_front().map(LookupJob::Host)
    }

    /// At the end, one of the hosts whose reverse lookups were skipped tries whether they are answered again.
    fn try_recovery(&mut self, now: Instant) {
        if self.is_idle()
            && !self.has_waiting()
            && self.retries.await_recovery()
            && self.may_recover()
            && self.allow_reverse()
        {
            self.retries.last_trial();
            self.retries.line_up_one(now);
        }
    }

    /// Whether hosts that wait for reverse lookups are worth a trial at the end: a server that never answered one never will.
    fn may_recover(&self) -> bool {
        let mut reverse = self.health.iter().filter_map(|one| one.reverse);
        reverse.any(|one| one.has_answered) && !self.retries.had_last_trial()
    }

    fn allow_reverse(&self) -> bool {
        let mut reverse = self.health.iter().filter_map(|one| one.reverse);
        reverse.any(|one| one.allows)
    }

    pub(super) fn are_down(&self) -> bool {
        resolver_notices::are_down(&self.health)
    }

    /// Whether something is to be looked up, now or later.
    fn has_waiting(&self) -> bool {
        !self.unresolved.is_empty()
            || !self.again.is_empty()
            || !self.waiting.is_empty()
            || self.retries.are_due()
    }

    /// A scan does not end before lookups that a resolver may still answer.
    pub(super) fn hold_the_end(&self, is_last_work: bool) -> bool {
        if self.has_waiting() {
            return !self.are_down() || self.is_worth_a_trial(is_last_work);
        }
        self.retries.await_recovery() && self.may_recover()
    }

    /// Whether to try if one of the resolvers answers, all of which are down. At the end that is worth it for names of the
    /// user, and for those of hosts where one has answered before.
    fn is_worth_a_trial(&self, is_last_work: bool) -> bool {
        if !is_last_work {
            return true;
        }
        let targets_wait =
            !self.unresolved.is_empty() || !self.again.is_empty() || self.retries.has_targets();
        let may_answer = targets_wait || self.health.iter().any(ResolverHealth::has_answered);
        may_answer && !self.retries.had_last_trial()
    }

    /// Notices about resolvers that are due after a lookup.
    pub(super) fn observe_resolvers(&mut self, now: Instant) -> Vec<Notice> {
        let notices = self.notices.observe(&self.health);
        if self.notices.have_recovered(&self.health) {
            self.retries.recovered(now);
        }
        notices
    }

    pub(super) fn final_notices(&mut self) -> Vec<Notice> {
        self.notices.finish(&self.health)
    }

    /// A name of the user was looked up; `None` when every resolver was skipped. Returns its lookups, unless it is retried.
    pub(super) fn target_ended(
        &mut self,
        job: TargetLookup,
        lookups: Option<Vec<Lookup>>,
        now: Instant,
    ) -> Option<(NameTarget, Vec<Lookup>)> {
        match lookups {
            None => {
                self.retries.target_skipped(job, now);
                None
            }
            Some(lookups) if is_undecided(&lookups) => {
                let are_down = self.are_down();
                self.retries.target_failed(job, lookups, are_down, now)
            }
            Some(lookups) => Some((job.target, lookups)),
        }
    }

    /// While no resolver answers: takes the names of the user that wait and have an address of their row.
    pub(super) fn take_targets_of_rows(
        &mut self,
        is_of_row: impl Fn(&NameTarget) -> bool,
    ) -> Vec<(NameTarget, Vec<Lookup>)> {
        if !self.are_down() {
            return Vec::new();
        }
        let mut taken = self.retries.take_targets_of(&is_of_row);
        let (again, left) = std::mem::take(&mut self.again)
            .into_iter()
            .partition(|target| is_of_row(target));
        self.again = left;
        let again: VecDeque<NameTarget> = again;
        let waiting = self.unresolved.extract_if(.., |target| is_of_row(target));
        let never_asked = again.into_iter().chain(waiting);
        taken.extend(never_asked.map(|target| (target, Vec::new())));
        taken
    }

    /// The lookup of a name of the user panicked: that counts as a try.
    pub(super) fn target_panicked(
        &mut self,
        job: TargetLookup,
        now: Instant,
    ) -> Option<(NameTarget, Vec<Lookup>)> {
        self.retries.target_failed(job, Vec::new(), false, now)
    }

    /// A host accepted a connection, in which it showed names of its own.
    pub(super) fn host_seen(&mut self, attempt: &Attempt, target_names: &[ObservedName]) {
        let own = candidates::names_of(attempt);
        let names = self.hosts.entry(attempt.endpoint).or_default();
        let job = names.after(attempt.endpoint, target_names, attempt.number, own);
        self.waiting.extend(job);
    }

    /// A lookup of a host ended: what was missed is asked again, and names that came up meanwhile are looked up.
    pub(super) fn host_ended(
        &mut self,
        endpoint: Endpoint,
        names: &[ObservedName],
        ends: Vec<(HostQuestion, LookupEnd)>,
        now: Instant,
    ) {
        let resolvers = ResolverState {
            are_down: self.are_down(),
            skips_reverse: {
                let mut reverse = self.health.iter().filter_map(|one| one.reverse);
                reverse.all(|one| one.is_open)
            },
        };
        self.retries.host_looked_up(endpoint, ends, resolvers, now);
        if let Some(host) = self.hosts.get_mut(&endpoint) {
            self.waiting.extend(host.done(endpoint, names));
        }
    }

    /// No more lookups of these hosts start.
    pub(super) fn skip(&mut self, of: &HashSet<Endpoint>) {
        self.waiting.retain(|job| !of.contains(&job.endpoint));
        for one in of {
            self.retries.forget(*one);
        }
    }

    /// These hosts are re-probed: their names are looked up again.
    pub(super) fn reset(&mut self, of: &HashSet<Endpoint>) {
        self.skip(of);
        self.retries.more_work();
        for one in of {
            self.hosts.remove(one);
        }
    }

    /// Names of the user that are being looked up, or will be again.
    pub(super) fn open_targets(&self) -> impl Iterator<Item = &NameTarget> {
        self.running()
            .filter_map(LookupJob::target)
            .chain(self.retries.targets())
            .chain(&self.again)
    }

    /// Hosts whose names are being looked up, or will be.
    pub(super) fn open_hosts(&self) -> impl Iterator<Item = Endpoint> {
        let running = self.running().filter_map(LookupJob::endpoint);
        let waiting = self.waiting.iter().map(|job| job.endpoint);
        running.chain(waiting).chain(self.retries.hosts())
    }

    fn running(&self) -> impl Iterator<Item = &LookupJob> {
        let counted = self.tasks.values().filter(|task| !task.is_cancelled);
        counted.map(|task| &task.job)
    }

    /// At the end: names of the user without an answer, with what was tried. A complete scan has them all; after an interruption
    /// those never asked are left to [`Self::take_not_reached`].
    pub(super) fn take_unanswered(&mut self, is_complete: bool) -> Vec<(NameTarget, Vec<Lookup>)> {
        let mut targets = self.retries.take_targets();
        if is_complete {
            let never_asked = std::mem::take(&mut self.unresolved).into_iter();
            let never_asked = never_asked.chain(std::mem::take(&mut self.again));
            targets.extend(never_asked.map(|target| (target, Vec::new())));
        }
        targets
    }

    /// At the end: lookups of hosts that never started. The names of a retry were emitted with the first lookup.
    pub(super) fn take_waiting(&mut self) -> impl Iterator<Item = HostLookup> + use<> {
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        waiting.filter(|job| !job.is_retry)
    }

    /// After an interruption: names of the user that were never resolved in any scan so far.
    pub(super) fn take_not_reached(&mut self) -> HashSet<NameTarget> {
        let waiting = std::mem::take(&mut self.unresolved).into_iter();
        let again = std::mem::take(&mut self.again);
        let running = self.running().filter_map(LookupJob::target).cloned();
        let mut names: HashSet<NameTarget> = waiting.chain(running).chain(again).collect();
        if let Some(never_resolved) = &self.never_resolved {
            names.retain(|name| never_resolved.contains(name));
        }
        names
    }
}

#[cfg(test)]
mod tests;
