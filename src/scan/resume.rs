//! A scan goes on from the events that its earlier runs recorded.
//!
//! The events are replayed through what the engine itself does with them: hosts observe their attempts, and names are lined up. What
//! the newest checkpoint leaves open, and what is newer than it and left no trace, is done again; no host that was finished is.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::discovery::{Loss, NotResumable, Queue};
use super::hosts::Hosts;
use super::job::Job;
use super::lookups::Lookups;
use super::options::ScanOptions;
use crate::model::{
    CertificateFacts, ChainCertificate, Checkpoint, Digest, Endpoint, EventBody, HostKey, Lookup,
    Notice, OpenName, ScanEvent, Stream, not_a_host,
};
use crate::targets::{NameTarget, Permutation, TargetSet, TargetSetBuilder};

/// What is left of a scan, and what is known of its hosts.
#[derive(Debug)]
pub struct Resume {
    pub(super) checkpoint: Checkpoint,
    pub(super) queue: Queue,
    pub(super) hosts: Hosts,
    pub(super) lookups: Lookups,
    /// How many of the requests were lost.
    pub(super) loss: Loss,
    /// Endpoints whose first result is newer than the checkpoint, and whether it came on a retry: no run has counted them.
    pub(super) uncounted: HashMap<Endpoint, bool>,
    /// Hosts that a name listed after their first attempt.
    pub(super) due: HashSet<Endpoint>,
}

/// What a scan is to do: all of its targets, or what earlier runs have left of them.
#[derive(Debug)]
pub struct Work {
    pub targets: Arc<TargetSet>,
    pub resume: Option<Box<Resume>>,
}

impl From<Arc<TargetSet>> for Work {
    fn from(targets: Arc<TargetSet>) -> Self {
        Self {
            targets,
            resume: None,
        }
    }
}

impl From<TargetSet> for Work {
    fn from(targets: TargetSet) -> Self {
        Arc::new(targets).into()
    }
}

/// Reads the events of earlier runs, in their order.
pub struct Replay<'a> {
    targets: Arc<TargetSet>,
    options: &'a ScanOptions,
    hosts: Hosts,
    lookups: Lookups,
    loss: Loss,
    last_round: u8,
    certificates: HashMap<Digest<32>, Arc<CertificateFacts>>,
    checkpoint: Option<Checkpoint>,
    uncounted: HashMap<Endpoint, bool>,
    due: HashSet<Endpoint>,
    /// Hosts whose re-probe has not shown a result.
    reprobed: HashSet<Endpoint>,
    /// Names resolved since the checkpoint, and where they led to.
    resolved: HashMap<NameTarget, Vec<Endpoint>>,
    /// Hosts whose names were checked since the checkpoint, and where these led to.
    checked: HashMap<Endpoint, Vec<Endpoint>>,
    /// Hosts with lookups that failed, perhaps to be retried.
    troubled: HashSet<Endpoint>,
    /// The newest stream and its next number.
    next: Option<(Stream, u64)>,
    /// Events of the newest stream are missing, so that its checkpoints say more than is known.
    has_gap: bool,
}

impl<'a> Replay<'a> {
    #[must_use]
    pub fn new(targets: Arc<TargetSet>, options: &'a ScanOptions) -> Self {
        let last_round = options.last_round();
        Self {
            lookups: Lookups::new(options.lookups, &[]),
            loss: Loss::new(last_round),
            last_round,
            targets,
            options,
            hosts: Hosts::default(),
            certificates: HashMap::new(),
            checkpoint: None,
            uncounted: HashMap::new(),
            due: HashSet::new(),
            reprobed: HashSet::new(),
            resolved: HashMap::new(),
            checked: HashMap::new(),
            troubled: HashSet::new(),
            next: None,
            has_gap: false,
        }
    }

    pub fn apply(&mut self, event: &ScanEvent) {
        let expected = self.next.filter(|(stream, _)| *stream == event.stream);
        let (_, expected) = expected.unwrap_or((event.stream, 0));
        if expected == 0 {
            self.has_gap = false;
        }
        self.has_gap |= event.seq > expected;
        self.next = Some((event.stream, event.seq.saturating_add(1)));
        match &event.body {
            EventBody::ScanStarted(plan) => {
                Arc::make_mut(&mut self.targets).name_texts(&plan.targets, &plan.excludes);
            }
            // An earlier resume may have excluded more.
            EventBody::WorkPlanned(work) => Arc::make_mut(&mut self.targets).exclude_planned(work),
            EventBody::Checkpoint(checkpoint) => {
                if !self.has_gap {
                    self.checkpoint = Some(checkpoint.clone());
                    self.uncounted.clear();
                    self.resolved.clear();
                    self.checked.clear();
                }
            }
            EventBody::TargetResolved {
                name,
                port,
                endpoints,
                ..
            } => self.target_resolved(name, *port, endpoints),
            EventBody::AttemptFinished {
                attempt,
                certificates,
                listed,
                outside_targets,
                ..
            } => {
                let facts = certificates.iter();
                self.certificates
                    .extend(facts.map(|facts| (facts.sha256, Arc::clone(facts))));
                let mut attempt = attempt.clone();
                let tls = attempt.tls.iter_mut().map(Arc::make_mut);
                let chain = tls.flat_map(|tls| &mut tls.chain);
                for certificate in chain {
                    if let Some(facts) = self.certificates.get(&certificate.sha256()) {
                        *certificate = ChainCertificate::Known(Arc::clone(facts));
                    }
                }
                self.attempt_finished(&attempt, *listed, *outside_targets);
            }
            EventBody::NamesChecked {
                endpoint,
                names,
                lookups,
                ..
            } => {
                self.lookups.replay_checked(*endpoint, names);
                if let Some(host) = self.hosts.get_mut(*endpoint) {
                    host.found_name(super::engine::best_name(names, lookups, endpoint.address));
                }
                let has_trouble = |lookup: &Lookup| lookup.answer.is_resolver_trouble();
                if lookups.iter().any(has_trouble) {
                    self.troubled.insert(*endpoint);
                } else {
                    self.troubled.remove(endpoint);
                }
                let addresses = lookups.iter().flat_map(|lookup| lookup.answer.addresses());
                let members = addresses.map(|address| Endpoint::new(*address, endpoint.port));
                let known = self.checked.entry(*endpoint).or_default();
                known.extend(members.filter(|member| member != endpoint));
            }
            EventBody::ReprobeStarted { endpoint, after } => {
                self.lookups.reset(&HashSet::from([*endpoint]));
                self.hosts.reset(*endpoint);
                self.hosts.supersede(*endpoint, *after);
                self.troubled.remove(endpoint);
                self.checked.remove(endpoint);
                self.reprobed.insert(*endpoint);
            }
            EventBody::Notice(Notice::HostSkipped {
                host: HostKey::Endpoint(endpoint),
            }) => {
                self.lookups.skip(&HashSet::from([*endpoint]));
                self.hosts.entry(*endpoint).skip();
            }
            EventBody::BehindGateway { .. }
            | EventBody::NotReached { .. }
            | EventBody::ScanFinished(_)
            | EventBody::Notice(_) => {}
        }
    }

    fn target_resolved(&mut self, name: &str, port: u16, endpoints: &[Endpoint]) {
        for endpoint in endpoints {
            if self.hosts.entry(*endpoint).list(name) {
                self.due.insert(*endpoint);
            }
        }
        let target = NameTarget {
            name: name.to_owned(),
            port,
        };
        self.resolved.insert(target, endpoints.to_vec());
    }

    fn attempt_finished(
        &mut self,
        attempt: &crate::model::Attempt,
        listed: bool,
        outside_targets: bool,
    ) {
        let endpoint = attempt.endpoint;
        self.due.remove(&endpoint);
        self.reprobed.remove(&endpoint);
        let is_first = self.hosts.newest_attempt(endpoint) == 0;
        let is_in_pass = attempt.unanswered_rounds > self.last_round;
        if attempt.connect_ms().is_some() && (is_first || is_in_pass) {
            // How often the scan slowed down is counted along.
            let _slows_down = self.loss.answered(attempt);
        }
        if is_first {
            let is_late = attempt.unanswered_rounds > 0 && attempt.connect_ms().is_some();
            self.uncounted.insert(endpoint, is_late);
        }
        let is_listed = self.targets.is_listed(endpoint);
        let in_sweep = self.targets.contains(endpoint);
        let host = self.hosts.entry(endpoint);
        host.stands(listed, outside_targets, in_sweep);
        let shows_silence = self.options.list_all || is_listed;
        let observed = host.observe(attempt, is_listed, shows_silence, self.options);
        if observed.is_row && self.options.dns && host.is_open() && !host.is_skipped() {
            let came_up = attempt.connect_ms().is_some();
            if came_up {
                self.lookups.host_seen(attempt, &host.target_names);
            }
        }
        // Numbers go on from the newest, also where events are missing.
        self.hosts.supersede(endpoint, attempt.number);
    }

    /// Excludes more addresses.
    pub fn exclude(&mut self, excludes: TargetSetBuilder<'_>) {
        excludes.exclude_from(Arc::make_mut(&mut self.targets));
    }

    /// What is left, of which targets.
    ///
    /// # Errors
    /// The newest checkpoint is of another order or of other targets, or damaged.
    pub fn finish(self) -> Result<(Arc<TargetSet>, Resume), NotResumable> {
        let Self {
            targets,
            options,
            mut hosts,
            mut lookups,
            mut loss,
            checkpoint,
            uncounted,
            due,
            reprobed,
            resolved,
            checked,
            troubled,
            ..
        } = self;
        let checkpoint = checkpoint.unwrap_or_else(|| Checkpoint {
            permutation: Permutation::VERSION,
            ..Checkpoint::default()
        });
        let tried = hosts.iter().filter(|(_, host)| host.attempts() > 0);
        let finished: HashSet<Endpoint> = tried.map(|(endpoint, _)| endpoint).collect();
        let round = options.last_round();
        let mut queue =
            Queue::resume(targets.clone(), options.seed, &checkpoint, &finished, round)?;
        loss.resume(checkpoint.pass.map_or(0, |pass| pass.number));
        let open = checkpoint.open.endpoints.iter().map(|open| open.endpoint);
        let open: HashSet<Endpoint> = open.collect();
        // A host without an attempt is known by a name or a re-probe only: what was to be done there is still to be done, or, where
        // the checkpoint does not know of it, comes again with the name.
        let mut forgotten = HashSet::new();
        let untried = hosts.iter().filter(|(_, host)| host.attempts() == 0);
        let untried: Vec<Endpoint> = untried.map(|(endpoint, _)| endpoint).collect();
        for endpoint in untried {
            let host = hosts.entry(endpoint);
            if open.contains(&endpoint) || host.is_skipped() || queue.awaits(endpoint, &checkpoint)
            {
                continue;
            }
            if reprobed.contains(&endpoint) && !host.is_reference() {
                queue.add(Job {
                    repeat: true,
                    ..Job::discover(endpoint)
                });
            } else {
                hosts.remove(endpoint);
                forgotten.insert(endpoint);
            }
        }
        for endpoint in open {
            if hosts.get(endpoint).is_none() {
                hosts.add_mentioned(endpoint, targets.contains(endpoint));
            }
        }
        let is_unresolved = |endpoint: &Endpoint| {
            hosts.get(*endpoint).is_none()
                && !targets.is_excluded(endpoint.address)
                && not_a_host(endpoint.address).is_none()
        };
        let lost = |(name, endpoints): (&NameTarget, &Vec<Endpoint>)| {
            let is_lost = endpoints.iter().any(|one| forgotten.contains(one));
            is_lost.then(|| name.clone())
        };
        let lost: HashSet<NameTarget> = resolved.iter().filter_map(lost).collect();
        let resolved: HashSet<NameTarget> = resolved
            .into_keys()
            .filter(|name| !lost.contains(name))
            .collect();
        let names_asked = usize::try_from(checkpoint.names_asked).unwrap_or(usize::MAX);
        let again = open_names(&checkpoint).chain(lost);
        lookups.resume_targets(targets.names(), names_asked, again, &resolved);
        let mut unchecked: Vec<Endpoint> = queue.endpoints_of(&checkpoint.open.lookups).collect();
        unchecked.extend(&checkpoint.open.lookups_elsewhere);
        unchecked.retain(|endpoint| !checked.contains_key(endpoint));
        let lost = checked
            .iter()
            .filter(|(_, members)| members.iter().any(is_unresolved));
        unchecked.extend(lost.map(|(endpoint, _)| *endpoint));
        unchecked.extend(
            troubled
                .iter()
                .filter(|endpoint| checked.contains_key(endpoint)),
        );
        for endpoint in unchecked {
            let host = hosts.get(endpoint);
            let host = host.filter(|host| host.is_open() && !host.is_skipped());
            if let Some(host) = host.filter(|_| options.dns) {
                lookups.check_again(endpoint, &host.target_names);
            }
        }
        let resume = Resume {
            checkpoint,
            queue,
            hosts,
            lookups,
            loss,
            uncounted,
            due,
        };
        Ok((targets, resume))
    }
}

/// The listed names of which a checkpoint knows nothing final.
fn open_names(checkpoint: &Checkpoint) -> impl Iterator<Item = NameTarget> {
    let names = checkpoint.open.names.iter();
    names.map(|OpenName { name, port }| NameTarget {
        name: name.to_string(),
        port: *port,
    })
}
