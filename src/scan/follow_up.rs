//! What a result leads to: the next round, the next attempt, lookups, and a look at the addresses behind a name.

use std::net::IpAddr;
use std::time::Duration;

use crate::clock;
use crate::model::{
    Attempt, Endpoint, EventBody, Lookup, NameSource, Notice, ObservedName, Outcome, ProbeKind,
    STALLED_US, Stage, StageRecord, not_a_host,
};
use crate::targets::NameTarget;

use super::candidates;
use super::engine::{Engine, Known};
use super::loss::Loss;
use super::naming::{Named, is_undecided};
use super::outlook::time_taken;
use super::queue::{Job, Purpose};
use super::retries::TargetJob;
use super::tally::Sum;
use crate::prober::{ConnectFailure, Prober};

/// Addresses tried per host because its names lead there.
const MOST_REFERENCES: usize = 16;
/// Addresses taken from one target name.
const MOST_ADDRESSES: usize = 256;
/// How often this machine's own trouble may send a job back.
const MOST_LOCAL_TRIES: u8 = 3;

impl<P: Prober> Engine<P> {
    pub(super) async fn connect_failed(
        &mut self,
        mut job: Job,
        failure: ConnectFailure,
        lag_us: u32,
    ) {
        let given_up = self
            .known
            .get(&job.endpoint)
            .is_some_and(|known| known.given_up);
        if let Outcome::LocalError { detail } = &failure.outcome {
            let detail = detail.clone();
            let shortage = failure.shortage;
            if shortage.is_some() {
                self.notice(Notice::SocketError { detail, shortage }).await;
                self.limit.shrink(clock::monotonic());
            } else {
                self.notice(Notice::LocalRefusal { detail }).await;
            }
            if job.local_tries < MOST_LOCAL_TRIES && !given_up {
                job.local_tries += 1;
                let at = clock::monotonic() + self.options.gap * u32::from(job.local_tries);
                self.queue.push_due(at, job);
                return;
            }
        } else {
            self.limit.went_well();
        }
        if job.endpoint.address.is_ipv6() && failure.outcome == Outcome::NetworkUnreachable {
            self.notice(Notice::NoIpv6Route).await;
        }
        if let Purpose::Discover { round } = job.purpose {
            let silent = matches!(failure.outcome, Outcome::Timeout { .. });
            if silent && lag_us >= STALLED_US && job.local_tries < MOST_LOCAL_TRIES && !given_up {
                // It may have answered while this machine stood still.
                job.local_tries += 1;
                self.queue.push_retry(job);
                return;
            }
            if silent && !given_up && !self.rounds.is_last(round) {
                let purpose = Purpose::Discover {
                    round: self.next_round(round),
                };
                self.queue.push_retry(Job { purpose, ..job });
                return;
            }
            self.count_discovered(job);
            self.tally.late_is(job.endpoint, false);
            if silent && !job.repeat {
                self.queue.stayed_silent(&self.targets, job.endpoint);
            } else if !silent && !failure.outcome.is_ours() && self.is_in_pass(job) {
                self.queue.broke_silence(&self.targets, job.endpoint);
                job.repeat = false;
            }
            if !self.is_wanted(job.endpoint) {
                if !job.repeat {
                    self.count_unlisted(job.endpoint, &failure.outcome);
                }
                return;
            }
            if self.is_unlisted_member(job.endpoint) && !job.repeat {
                self.count_unlisted(job.endpoint, &failure.outcome);
            }
            let attempt = self.failed_attempt(job, failure, round, lag_us);
            self.emit_attempt(attempt).await;
            return;
        }
        let attempt = self.failed_attempt(job, failure, 0, lag_us);
        self.emit_attempt(attempt).await;
    }

    /// Slots and not the rate bound the scan, and no host was found late so far: nothing hints at losses.
    pub(super) fn is_hurried(&self) -> bool {
        self.slots_are_short && self.tally.late() == 0
    }

    /// The round after `round`. In a hurry an address goes straight to the last round: that one is long enough for the
    /// kernel to send the SYN again by itself.
    fn next_round(&self, round: u8) -> u8 {
        if self.is_hurried() {
            self.rounds.last()
        } else {
            round + 1
        }
    }

    /// An IPv6 address that this machine has no route to.
    fn lacks_route(&self, address: IpAddr) -> bool {
        address.is_ipv6() && !self.prober.has_route(address)
    }

    /// Whether an endpoint that does not answer gets an event: listed one by one, tried for another host's sake, or `--all`.
    fn is_wanted(&self, endpoint: Endpoint) -> bool {
        let known = self.known.get(&endpoint);
        self.options.list_all
            || known.is_some_and(|known| known.listed || known.by_reference || known.member)
            || self.targets.is_listed(endpoint)
    }

    /// An endpoint of a sweep that gets an event only because a host's name leads there.
    fn is_unlisted_member(&self, endpoint: Endpoint) -> bool {
        let known = self.known.get(&endpoint);
        known
            .is_some_and(|known| known.member && !known.row && !known.listed && !known.by_reference)
            && !self.options.list_all
            && !self.targets.is_listed(endpoint)
    }

    /// Counts an endpoint of which the first answer, or the final silence, is known now; once.
    pub(super) fn count_discovered(&mut self, job: Job) {
        if !job.repeat || self.tally.remembers() {
            self.tally.tried(&self.targets, job.endpoint);
        }
        if self.is_in_pass(job) {
            self.meter.asked_again();
        } else {
            self.meter.discovered += u64::from(!job.repeat);
        }
    }

    /// Whether it is a silent endpoint that is asked again.
    pub(super) fn is_in_pass(&self, job: Job) -> bool {
        matches!(job.purpose, Purpose::Discover { round } if round > self.rounds.last())
    }

    /// Whether an endpoint has had attempts, and all of them met with silence.
    fn was_silent(&self, endpoint: Endpoint) -> bool {
        let known = self.known.get(&endpoint);
        known.is_some_and(|known| known.only_silence && known.attempts() > 0)
    }

    fn count_unlisted(&mut self, endpoint: Endpoint, outcome: &Outcome) {
        self.tally.count(&self.targets, endpoint, Sum::of(outcome));
    }

    fn failed_attempt(
        &self,
        job: Job,
        failure: ConnectFailure,
        unanswered_rounds: u8,
        lag_us: u32,
    ) -> Attempt {
        let known = self.known.get(&job.endpoint);
        Attempt {
            endpoint: job.endpoint,
            number: self.attempts_at(job.endpoint).saturating_add(1),
            probe: known
                .and_then(|known| self.next_probe(known))
                .unwrap_or_default(),
            sni: None,
            started_at: failure.started_at,
            stages: vec![StageRecord {
                stage: Stage::Tcp,
                start_us: 0,
                duration_us: failure.duration_us,
                outcome: failure.outcome,
            }],
            unanswered_rounds,
            negotiation: None,
            tls: None,
            ntlm: None,
            path: None,
            lag_us,
        }
    }

    pub(super) async fn attempt_finished(&mut self, job: Job, attempt: Attempt) {
        self.limit.went_well();
        if let Some(notice) = self.load.ended(&attempt, clock::monotonic()) {
            self.notice(notice).await;
        }
        if let Some(connect) = attempt.connect_ms() {
            self.rounds
                .measured(Duration::from_secs_f64(connect / 1000.0));
        }
        if let Purpose::Discover { round } = job.purpose {
            self.count_discovered(job);
            self.meter.answered += 1;
            self.tally.late_is(job.endpoint, round > 0);
            if self.is_in_pass(job) {
                self.queue.broke_silence(&self.targets, job.endpoint);
            }
            let is_first_sign = !job.repeat || self.is_in_pass(job);
            if is_first_sign && self.loss.answered(&attempt) {
                self.slow_down().await;
            }
        }
        if self.loss.is_heavy() && self.was_silent(job.endpoint) {
            // The requests were lost, as those to other hosts, and the silence says nothing about the host.
            self.begin_anew(job.endpoint).await;
        }
        self.emit_attempt(attempt).await;
    }

    /// Asks silent addresses again where hosts answered late, when nothing else is to be discovered; each time more slowly.
    pub(super) async fn ask_silent_again(&mut self) {
        let is_over = self.discovering == 0 && !self.queue.has_discovery();
        if !is_over || self.paused || self.is_stopping() {
            return;
        }
        let silent = self.queue.silent();
        if self.loss.begin_pass(silent) {
            self.slow_down().await;
            self.meter.will_ask_again(silent);
            self.queue.ask_silent_again(self.loss.round_of_pass());
        }
    }

    /// Connection requests get lost at the pace of the scan.
    async fn slow_down(&mut self) {
        let now = clock::monotonic();
        let rate = match self.pacer.cap() {
            0 => self.meter.newest_rate(now),
            cap => cap,
        };
        let per_second = Loss::slower(rate);
        // Never faster than the user allowed.
        if per_second < rate {
            self.pacer.set_cap(per_second);
            self.notice(Notice::RateReduced { per_second }).await;
        }
    }

    /// A probe ended by a fault of this program, which says nothing about the host. It is a row all the same: a host that only
    /// makes rdpscan fail must not vanish.
    pub(super) async fn probe_panicked(&mut self, job: Job, words: String) {
        if matches!(job.purpose, Purpose::Discover { .. }) {
            self.count_discovered(job);
        }
        let failure = ConnectFailure {
            outcome: Outcome::InternalError {
                detail: words.into(),
            },
            shortage: None,
            started_at: clock::wall(),
            duration_us: 0,
        };
        let attempt = self.failed_attempt(job, failure, 0, 0);
        self.emit_attempt(attempt).await;
    }

    /// Emits an attempt and makes the appointments that follow from it.
    async fn emit_attempt(&mut self, mut attempt: Attempt) {
        let endpoint = attempt.endpoint;
        // Given here, so that no two have the same, whatever ended meanwhile.
        attempt.number = self.attempts_at(endpoint).saturating_add(1);
        let is_unlisted_member = self.is_unlisted_member(endpoint);
        let came_up = attempt
            .stage(Stage::Tcp)
            .is_some_and(|tcp| tcp.outcome.is_ok());
        let listed = self.targets.is_listed(endpoint);
        let (attempts, check_nla) = (self.options.attempts, self.options.check_nla);
        let known = self.known.entry(endpoint).or_default();
        let before = known.further();
        known.took = time_taken(&attempt);
        let silence = |record: &StageRecord| matches!(record.outcome, Outcome::Timeout { .. });
        known.only_silence = attempt.stage(Stage::Tcp).is_some_and(silence)
            && (known.only_silence || known.attempts() == 0);
        known.plan.observe(&attempt);
        known.listed |= listed;
        known.answered |= came_up;
        let goes_on = !known.by_reference && !known.given_up && (known.answered || known.listed);
        let next = known.plan.next(attempts, check_nla).filter(|_| goes_on);
        known.remaining = match next {
            Some(_) => known.plan.remaining(attempts, check_nla),
            None => 0,
        };
        self.meter.revise(before, known.further());
        let remaining = known.remaining;
        // A silent address of a sweep is no row just because a name leads there.
        let by_reference = known.by_reference || (is_unlisted_member && !known.answered);
        known.row |= !by_reference;
        let listed = known.listed;
        if came_up && self.options.dns && !known.given_up && !by_reference {
            let own = candidates::names_of(&attempt);
            let job = known
                .naming
                .after(endpoint, &known.target_names, attempt.number, own);
            self.name_jobs.extend(job);
        }
        if !by_reference {
            self.tally.take(&self.targets, endpoint);
        }
        if let Some(next) = next {
            // Attempts are spread over time; a closer look belongs to the attempt before it.
            let pause = match next {
                ProbeKind::Default | ProbeKind::LongDeadline => self.options.interval,
                _ => self.options.gap,
            };
            let at = clock::monotonic() + pause + self.jitter(endpoint, attempt.number);
            self.queue.push_due(at, Job::again(endpoint));
        }
        let shown = attempt.certificates().cloned();
        let certificates = shown
            .filter(|facts| self.certificates_shown.insert(facts.sha256))
            .collect();
        self.emit(EventBody::AttemptFinished {
            attempt,
            certificates,
            listed,
            outside_targets: by_reference,
            remaining,
        })
        .await;
    }

    /// Up to one gap more, so that hosts of one rack are not met in step. Seeded, so that a scan can be repeated.
    fn jitter(&self, endpoint: Endpoint, number: u32) -> Duration {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        (self.options.seed, endpoint, number).hash(&mut hasher);
        self.options
            .gap
            .mul_f64((hasher.finish() % 1000) as f64 / 1000.0)
    }

    /// A listed name was looked up, or not even asked (`None`).
    pub(super) async fn target_resolved(&mut self, job: TargetJob, lookups: Option<Vec<Lookup>>) {
        let resolvers = self.observe_resolvers().await;
        let now = clock::monotonic();
        let retries = &mut self.retries;
        match lookups {
            None => retries.target_skipped(job, now),
            Some(lookups) if is_undecided(&lookups) => {
                let over = retries.target_failed(job, lookups, resolvers.are_down, now);
                if let Some((target, lookups)) = over {
                    self.target_looked_up(target, lookups).await;
                }
            }
            Some(lookups) => self.target_looked_up(job.target, lookups).await,
        }
    }

    /// Nothing more is asked about a listed name.
    pub(super) async fn target_looked_up(&mut self, target: NameTarget, lookups: Vec<Lookup>) {
        let mut addresses: Vec<_> = Vec::new();
        for address in lookups.iter().flat_map(|lookup| lookup.answer.addresses()) {
            if !addresses.contains(address) && addresses.len() < MOST_ADDRESSES {
                addresses.push(*address);
            }
        }
        addresses.retain(|address| not_a_host(*address).is_none());
        let (excluded, addresses): (Vec<_>, Vec<_>) = addresses
            .into_iter()
            .partition(|address| self.is_excluded(*address));
        // An address that cannot be tried from here says nothing about a host that has another; alone it is the host.
        let lacks_route = |address: &IpAddr| self.lacks_route(*address);
        let some_lack_it = addresses.iter().any(lacks_route);
        let all_lack_it = addresses.iter().all(lacks_route);
        if some_lack_it && !all_lack_it {
            self.notice(Notice::NoIpv6Route).await;
        }
        for address in &addresses {
            if all_lack_it || !self.lacks_route(*address) {
                self.list(Endpoint::new(*address, target.port), &target.name);
            }
        }
        let endpoints = addresses
            .into_iter()
            .map(|address| Endpoint::new(address, target.port))
            .collect();
        self.emit_target(target, endpoints, excluded, lookups).await;
    }

    pub(super) async fn emit_target(
        &mut self,
        target: NameTarget,
        endpoints: Vec<Endpoint>,
        excluded: Vec<IpAddr>,
        lookups: Vec<Lookup>,
    ) {
        self.emit(EventBody::TargetResolved {
            name: target.name.as_str().into(),
            port: target.port,
            endpoints,
            excluded,
            lookups,
        })
        .await;
    }

    /// One of the user's names leads to an endpoint: from now on it is told, and gets its attempts, whatever it answers.
    fn list(&mut self, endpoint: Endpoint, name: &str) {
        let planned = self.targets.contains(endpoint);
        let counted = self.tally.take(&self.targets, endpoint);
        let fresh = !self.known.contains_key(&endpoint);
        let known = self.known.entry(endpoint).or_default();
        let was_by_reference = std::mem::replace(&mut known.by_reference, false);
        let was_listed = std::mem::replace(&mut known.listed, true);
        known.target_names.push(ObservedName {
            name: name.into(),
            source: NameSource::Target,
        });
        if fresh && !planned {
            self.meter.planned += 1;
            self.queue.push_named(Job::discover(endpoint));
        } else if fresh && (counted.is_some() || !self.tally.remembers()) {
            // The sweep has passed it without a word.
            self.queue.push_named(Job {
                repeat: true,
                ..Job::discover(endpoint)
            });
        } else if known.attempts() > 0
            && !known.given_up
            && (was_by_reference || !(was_listed || known.answered))
        {
            // Tried for another host's sake so far; now it gets its own attempts.
            self.queue
                .push_due(clock::monotonic(), Job::again(endpoint));
        }
    }

    pub(super) async fn names_found(&mut self, named: Named) {
        let Named {
            endpoint,
            attempt,
            names,
            lookups,
            ends,
            is_retry,
        } = named;
        let resolvers = self.observe_resolvers().await;
        self.retries
            .host_looked_up(endpoint, ends, resolvers, clock::monotonic());
        if let Some(known) = self.known.get_mut(&endpoint) {
            let by_trust = [
                NameSource::Target,
                NameSource::Ntlm,
                NameSource::Ptr,
                NameSource::Certificate,
            ];
            let found = by_trust
                .iter()
                .flat_map(|source| names.iter().filter(move |name| name.source == *source))
                .find(|name| leads_to(&lookups, &name.name, endpoint.address))
                .map(|name| name.name.clone());
            known.by_name = known.by_name.take().or(found);
            self.name_jobs.extend(known.naming.done(endpoint, &names));
        }
        let mut excluded = Vec::new();
        let mut tried = 0;
        for address in lookups
            .iter()
            .flat_map(|lookup| lookup.answer.addresses())
            .copied()
        {
            let member = Endpoint::new(address, endpoint.port);
            if address == endpoint.address {
                continue;
            }
            if self.is_excluded(address) {
                if !excluded.contains(&address) {
                    excluded.push(address);
                }
                continue;
            }
            if not_a_host(address).is_some()
                || self.known.contains_key(&member)
                || tried >= MOST_REFERENCES
            {
                continue;
            }
            if self.lacks_route(address) {
                self.notice(Notice::NoIpv6Route).await;
                continue;
            }
            tried += 1;
            // What a sweep found silent left no trace, so an endpoint of the sweep is tried once more, and its outcome told.
            let in_sweep = self.targets.contains(member);
            let known = Known {
                by_reference: !in_sweep,
                member: in_sweep,
                ..Known::default()
            };
            self.known.insert(member, known);
            self.meter.planned += u64::from(!in_sweep);
            self.queue.push_named(Job {
                repeat: in_sweep,
                ..Job::discover(member)
            });
        }
        if is_retry && lookups.is_empty() {
            return;
        }
        self.emit(EventBody::NamesChecked {
            endpoint,
            attempt,
            names,
            lookups,
            excluded,
        })
        .await;
    }
}

/// Whether a forward lookup of `name` gave `address`.
fn leads_to(lookups: &[Lookup], name: &str, address: IpAddr) -> bool {
    lookups.iter().any(|lookup| {
        matches!(&lookup.question, crate::model::Question::Addresses(asked) if **asked == *name)
            && lookup.answer.addresses().contains(&address)
    })
}
