//! Names and addresses to look up: which one when, how long they may hold the end of a scan, and what becomes of them at the end.

use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::clock;
use crate::model::{Endpoint, EventBody, Lookup, LookupAnswer, Question, Resolver, ScanStatus};
use crate::target::NameTarget;

use super::contain::contain;
use super::dispatch::Done;
use super::engine::Engine;
use super::naming::{self, NameJob, Named};
use super::prober::{Prober, ResolverHealth};
use super::resolvers;
use super::retries::{Missed, TargetJob};

/// Something to be looked up.
#[derive(Debug, Clone)]
pub(super) enum LookupJob {
    /// A name that the user listed.
    Target(TargetJob),
    /// A host's names.
    Host(NameJob),
}

/// Lookups under way whose result counts.
#[derive(Debug)]
pub(super) struct Looking {
    pub(super) job: LookupJob,
    pub(super) task: AbortHandle,
}

impl Looking {
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
        while self.lookups_in_flight < self.options.lookups && self.has_lookups() {
            let health = self.prober.resolvers();
            let is_trial = resolvers::are_down(&health);
            if is_trial {
                let allowed = health.iter().any(|one| one.may_be_asked);
                if self.lookups_in_flight > 0 || !allowed || !self.is_worth_a_trial(&health) {
                    break;
                }
            }
            let Some(job) = self.next_lookup(now, is_trial) else {
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
            self.looking.insert(task.id(), Looking { job, task });
        }
    }

    /// What to look up next: names of the user's before those of hosts. A trial of resolvers that are down takes any.
    fn next_lookup(&mut self, now: Instant, is_trial: bool) -> Option<LookupJob> {
        if let Some(target) = self.unresolved.pop() {
            return Some(LookupJob::Target(TargetJob::new(target)));
        }
        if let Some(job) = self.retries.next_target(now, is_trial) {
            return Some(LookupJob::Target(job));
        }
        while self.name_jobs.is_empty() {
            let (endpoint, names) = self.retries.next_host(now, is_trial)?;
            let known = self.known.get_mut(&endpoint);
            let job = known.and_then(|known| known.naming.again(endpoint, names));
            self.name_jobs.extend(job);
        }
        self.name_jobs.pop_front().map(LookupJob::Host)
    }

    /// Something is to be looked up, now or later.
    fn has_lookups(&self) -> bool {
        !self.unresolved.is_empty() || !self.name_jobs.is_empty() || self.retries.are_due()
    }

    /// A scan does not end before lookups that a resolver may still answer.
    pub(super) fn lookups_hold_the_end(&self) -> bool {
        if !self.has_lookups() {
            return false;
        }
        let health = self.prober.resolvers();
        !resolvers::are_down(&health) || self.is_worth_a_trial(&health)
    }

    /// Whether to try if one of the resolvers answers, all of which are down. At the end that is worth it for names of the user's,
    /// and for those of hosts where one has answered before.
    fn is_worth_a_trial(&self, health: &[ResolverHealth]) -> bool {
        if !self.has_only_lookups() {
            return true;
        }
        let targets_wait = !self.unresolved.is_empty() || self.retries.has_targets();
        let may_answer = targets_wait || health.iter().any(|one| one.has_answered);
        may_answer && !self.retries.had_last_trial()
    }

    /// Tells how the resolvers fare after a lookup; gives whether all are down.
    pub(super) async fn observe_resolvers(&mut self) -> bool {
        let health = self.prober.resolvers();
        for notice in self.resolvers.observe(&health) {
            // As often as it happens: the newest of them counts.
            self.emit(EventBody::Noticed(notice)).await;
        }
        if self.resolvers.have_recovered(&health) {
            self.retries.recovered(clock::monotonic());
        }
        resolvers::are_down(&health)
    }

    /// A lookup that panicked is a bug of ours. Its names are not lost: it counts as one that failed.
    pub(super) async fn lookup_panicked(&mut self, job: LookupJob) {
        let health = self.prober.resolvers();
        let failed = |question| Lookup {
            question,
            resolver: health.first().map_or(Resolver::System, |one| one.resolver),
            answer: LookupAnswer::Error {
                detail: "the lookup broke off by a fault of rdpscan".into(),
            },
            duration_ms: 0,
        };
        match job {
            LookupJob::Target(job) => {
                let question = Question::Addresses(job.target.name.as_str().into());
                let lookups = vec![failed(question)];
                self.target_resolved(job, lookups).await;
            }
            LookupJob::Host(job) => {
                let question = Question::Pointer(job.endpoint.address);
                let lookups = vec![failed(question)];
                self.names_found(Named {
                    endpoint: job.endpoint,
                    names: job.names,
                    lookups,
                    missed: Some(Missed::Failed),
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
            self.emit_target(target, Vec::new(), 0, lookups).await;
        }
        for job in std::mem::take(&mut self.name_jobs) {
            self.emit(EventBody::NamesChecked {
                endpoint: job.endpoint,
                names: job.names,
                lookups: Vec::new(),
                excluded: Vec::new(),
            })
            .await;
        }
        let health = self.prober.resolvers();
        for notice in self.resolvers.finish(&health) {
            self.emit(EventBody::Noticed(notice)).await;
        }
    }
}
