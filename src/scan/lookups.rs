//! Names and addresses to look up: which one when, how long they may hold the end of a scan, and what becomes of them at the end.

use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::clock;
use crate::model::{Endpoint, EventBody, ScanStatus};
use crate::targets::NameTarget;

use super::contain::contain;
use super::dispatch::Done;
use super::engine::Engine;
use super::naming::{self, NameJob, Named};
use super::resolvers::{self, ResolverState};
use super::retries::{LookupEnd, TargetJob};
use crate::prober::{Prober, ResolverHealth};

/// Something to be looked up.
#[derive(Debug, Clone)]
pub(super) enum LookupJob {
    /// A name that the user listed.
    Target(TargetJob),
    /// A host's names.
    Host(NameJob),
}

/// A lookup in flight whose result counts.
#[derive(Debug)]
pub(super) struct LookupTask {
    pub(super) job: LookupJob,
    pub(super) task: AbortHandle,
}

impl LookupTask {
    /// The name of the user's that is looked up.
    pub(super) const fn target(&self) -> Option<&NameTarget> {
        match &self.job {
            LookupJob::Target(job) => Some(&job.target),
            LookupJob::Host(_) => None,
        }
    }

    /// The host whose names are looked up.
    pub(super) const fn endpoint(&self) -> Option<Endpoint> {
        match &self.job {
            LookupJob::Host(job) => Some(job.endpoint),
            LookupJob::Target(_) => None,
        }
    }
}

impl<P: Prober> Engine<P> {
    /// Starts the lookups that may start now. While every resolver is down that is one at a time, to try whether one answers.
    pub(super) fn launch_lookups(&mut self) {
        let now = clock::monotonic();
        self.try_recovery(now);
        while self.lookups_in_flight < self.options.lookups && self.has_lookups() {
            let health = self.prober.resolvers();
            let is_trial = resolvers::are_down(&health);
            if is_trial && (self.lookups_in_flight > 0 || !self.is_worth_a_trial(&health)) {
                break;
            }
            let trial_of = is_trial.then_some(health.as_slice());
            let Some(job) = self.next_lookup(now, trial_of) else {
                break;
            };
            if is_trial && self.has_only_lookups() {
                self.retries.last_trial();
            }
            let prober = self.prober.clone();
            let task = match job.clone() {
                LookupJob::Target(job) => self.tasks.spawn(contain(async move {
                    let lookups = prober.forward(&job.target.name).await;
                    Done::Resolved(job, lookups)
                })),
                LookupJob::Host(job) => self.tasks.spawn(contain(async move {
                    Done::Named(naming::look_up(&*prober, job).await)
                })),
            };
            self.lookups_in_flight += 1;
            self.looking.insert(task.id(), LookupTask { job, task });
        }
    }

    /// What to look up next: names of the user's before those of hosts. A trial of resolvers that are down asks a question that
    /// their breakers allow.
    fn next_lookup(
        &mut self,
        now: Instant,
        trial_of: Option<&[ResolverHealth]>,
    ) -> Option<LookupJob> {
        let forward = trial_of.is_none_or(resolvers::allow_forward);
        let reverse = trial_of.is_none_or(resolvers::allow_reverse);
        if forward {
            if let Some(target) = self.unresolved.pop() {
                return Some(LookupJob::Target(TargetJob::new(target)));
            }
            if let Some(job) = self.retries.next_target(now) {
                return Some(LookupJob::Target(job));
            }
        }
        while self.name_jobs.is_empty() {
            let (endpoint, questions) = self.retries.next_host(now)?;
            let known = self.known.get_mut(&endpoint);
            // While another lookup of this host is in flight there is none: at the end of that one it gets in line again.
            let job = known.and_then(|known| known.naming.again(endpoint, questions));
            self.name_jobs.extend(job);
        }
        let is_allowed = |job: &&NameJob| if job.reverse { reverse } else { forward };
        self.name_jobs.front().filter(is_allowed)?;
        self.name_jobs.pop_front().map(LookupJob::Host)
    }

    /// At the end: hosts whose reverse lookups were skipped while names were answered. Looks one of them up, to try whether
    /// reverse lookups are answered again.
    fn try_recovery(&mut self, now: Instant) {
        if self.lookups_in_flight > 0
            || self.has_lookups()
            || !self.has_only_lookups()
            || !self.retries.await_recovery()
        {
            return;
        }
        let health = self.prober.resolvers();
        if self.may_recover(&health) && resolvers::allow_reverse(&health) {
            self.retries.last_trial();
            self.retries.line_up_one(now);
        }
    }

    /// Whether hosts that wait for reverse lookups are worth a trial at the end. A server that never answered one never will.
    fn may_recover(&self, health: &[ResolverHealth]) -> bool {
        let mut reverse = health.iter().filter_map(|one| one.reverse);
        reverse.any(|one| one.has_answered) && !self.retries.had_last_trial()
    }

    /// Something is to be looked up, now or later.
    fn has_lookups(&self) -> bool {
        !self.unresolved.is_empty() || !self.name_jobs.is_empty() || self.retries.are_due()
    }

    /// A scan does not end before lookups that a resolver may still answer.
    pub(super) fn lookups_hold_the_end(&self) -> bool {
        if self.has_lookups() {
            let health = self.prober.resolvers();
            return !resolvers::are_down(&health) || self.is_worth_a_trial(&health);
        }
        self.retries.await_recovery() && self.may_recover(&self.prober.resolvers())
    }

    /// Whether to try if one of the resolvers answers, all of which are down. At the end that is worth it for names of the user's,
    /// and for those of hosts where one has answered before.
    fn is_worth_a_trial(&self, health: &[ResolverHealth]) -> bool {
        if !self.has_only_lookups() {
            return true;
        }
        let targets_wait = !self.unresolved.is_empty() || self.retries.has_targets();
        let may_answer = targets_wait || health.iter().any(ResolverHealth::has_answered);
        may_answer && !self.retries.had_last_trial()
    }

    /// Emits what has changed about the resolvers after a lookup; gives their state.
    pub(super) async fn observe_resolvers(&mut self) -> ResolverState {
        let health = self.prober.resolvers();
        for notice in self.resolvers.observe(&health) {
            // As often as it happens: the newest of them counts.
            self.emit(EventBody::Notice(notice)).await;
        }
        if self.resolvers.have_recovered(&health) {
            self.retries.recovered(clock::monotonic());
        }
        ResolverState::of(&health)
    }

    /// A lookup that panicked is a bug of ours, and no lookup that a resolver failed. Its names are retried a few times.
    pub(super) async fn lookup_panicked(&mut self, job: LookupJob) {
        match job {
            LookupJob::Target(job) => {
                let now = clock::monotonic();
                let over = self.retries.target_failed(job, Vec::new(), false, now);
                if let Some((target, lookups)) = over {
                    self.target_looked_up(target, lookups).await;
                }
            }
            LookupJob::Host(job) => {
                let questions = job.questions().into_iter();
                let ends = questions.map(|question| (question, LookupEnd::Panicked));
                self.names_found(Named {
                    endpoint: job.endpoint,
                    attempt: job.attempt,
                    ends: ends.collect(),
                    names: job.names,
                    lookups: Vec::new(),
                    is_retry: job.is_retry,
                })
                .await;
            }
        }
    }

    /// At the end: names for which no resolver had an answer, and the resolvers that never gave one.
    pub(super) async fn tell_not_looked_up(&mut self, status: ScanStatus) {
        let mut targets = self.retries.take_targets();
        if status == ScanStatus::Complete {
            let never_asked = std::mem::take(&mut self.unresolved);
            targets.extend(never_asked.into_iter().map(|target| (target, Vec::new())));
        }
        for (target, lookups) in targets {
            self.emit_target(target, Vec::new(), Vec::new(), lookups)
                .await;
        }
        let name_jobs = std::mem::take(&mut self.name_jobs).into_iter();
        // The names of a retry were emitted with the first lookup.
        for job in name_jobs.filter(|job| !job.is_retry) {
            self.emit(EventBody::NamesChecked {
                endpoint: job.endpoint,
                attempt: job.attempt,
                names: job.names,
                lookups: Vec::new(),
                excluded: Vec::new(),
            })
            .await;
        }
        let health = self.prober.resolvers();
        for notice in self.resolvers.finish(&health) {
            self.emit(EventBody::Notice(notice)).await;
        }
    }
}
