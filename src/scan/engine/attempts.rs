//! What follows from a connection that ended: the next round, the next attempt, a count, an event.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Engine;
use crate::model::{
    Attempt, Endpoint, EventBody, Notice, Outcome, ProbeKind, STALLED_US, Stage, StageRecord,
};
use crate::prober::{AttemptRequest, ConnectFailure};
use crate::scan::hosts::Host;
use crate::scan::job::Job;

/// How often a failure of this machine may send a job back.
const MOST_LOCAL_TRIES: u8 = 3;

impl Engine {
    pub(super) fn connect_failed(
        &mut self,
        mut job: Job,
        failure: ConnectFailure,
        lag_us: u32,
        now: Instant,
    ) {
        let endpoint = job.endpoint;
        let is_skipped = self.hosts.get(endpoint).is_some_and(Host::is_skipped);
        let may_come_back = job.local_tries < MOST_LOCAL_TRIES && !is_skipped;
        if let Outcome::LocalError { detail } = &failure.outcome {
            let detail = detail.clone();
            let shortage = failure.shortage;
            if shortage.is_some() {
                self.notice(Notice::SocketError { detail, shortage });
                self.in_flight.slots.shrink(now);
            } else {
                self.notice(Notice::LocalRefusal { detail });
            }
            if may_come_back {
                job.local_tries += 1;
                let at = now + self.options.gap * u32::from(job.local_tries);
                self.discovery.queue.schedule(at, job);
                return;
            }
        } else {
            self.in_flight.slots.went_well();
        }
        if endpoint.address.is_ipv6() && failure.outcome == Outcome::NetworkUnreachable {
            self.notice(Notice::NoIpv6Route);
        }
        let Some(round) = job.round() else {
            let attempt = self.failed_attempt(job, failure, 0, lag_us);
            self.emit_attempt(attempt, now);
            return;
        };
        let silent = matches!(failure.outcome, Outcome::Timeout { .. });
        if silent && lag_us >= STALLED_US && may_come_back {
            // It may have answered while this machine was stalled.
            job.local_tries += 1;
            self.discovery.queue.retry(job);
            return;
        }
        let hurried = self.is_hurried();
        if silent && !is_skipped && self.discovery.retry_in_next_round(job, round, hurried) {
            return;
        }
        self.count_discovered(job);
        self.counts.set_late(endpoint, false);
        if silent && !job.repeat {
            self.discovery.queue.stayed_silent(endpoint);
        } else if !silent && !failure.outcome.is_ours() && self.discovery.is_in_pass(job) {
            self.discovery.queue.broke_silence(endpoint);
            job.repeat = false;
        }
        let is_event = self.is_event(endpoint);
        if !job.repeat && (!is_event || self.is_unlisted_member(endpoint)) {
            self.counts.count_unlisted(endpoint, &failure.outcome);
        }
        if is_event {
            let attempt = self.failed_attempt(job, failure, round, lag_us);
            self.emit_attempt(attempt, now);
        }
    }

    pub(super) fn attempt_finished(&mut self, job: Job, attempt: Attempt, now: Instant) {
        let endpoint = job.endpoint;
        self.in_flight.slots.went_well();
        if let Some(notice) = self.in_flight.load.ended(&attempt, now) {
            self.notice(notice);
        }
        if let Some(connect) = attempt.connect_ms() {
            let connect = Duration::from_secs_f64(connect / 1000.0);
            self.discovery.rounds.measured(connect);
        }
        if let Some(round) = job.round() {
            self.count_discovered(job);
            self.meter.answered += 1;
            self.counts.set_late(endpoint, round > 0);
            let in_pass = self.discovery.is_in_pass(job);
            if in_pass {
                self.discovery.queue.broke_silence(endpoint);
            }
            let is_first_sign = !job.repeat || in_pass;
            if is_first_sign && self.discovery.loss.answered(&attempt) {
                self.slow_down(now);
            }
        }
        if self.discovery.loss.is_heavy() && self.hosts.get(endpoint).is_some_and(Host::is_silent) {
            // The requests were lost, as those to other hosts: the host was not silent.
            self.lookups.reset(&HashSet::from([endpoint]));
            self.reset_host(endpoint);
        }
        self.emit_attempt(attempt, now);
    }

    /// No failure of the host, but a row: a host that makes rdpscan fail must not vanish.
    pub(super) fn attempt_panicked(
        &mut self,
        job: Job,
        message: String,
        at: Timestamp,
        now: Instant,
    ) {
        if job.round().is_some() {
            self.count_discovered(job);
        }
        let detail = message.into();
        let failure = not_connected(Outcome::InternalError { detail }, at);
        let attempt = self.failed_attempt(job, failure, 0, 0);
        self.emit_attempt(attempt, now);
    }

    /// Whether an endpoint that does not answer gets an event: listed, tried for another host's sake, or `--all`.
    fn is_event(&self, endpoint: Endpoint) -> bool {
        self.options.list_all
            || self.hosts.get(endpoint).is_some_and(Host::is_wanted)
            || self.targets.is_listed(endpoint)
    }

    /// Whether an endpoint of a sweep gets an event only because a name of another host resolves to it.
    fn is_unlisted_member(&self, endpoint: Endpoint) -> bool {
        self.hosts.get(endpoint).is_some_and(Host::is_member) && !self.shows_silence(endpoint)
    }

    fn shows_silence(&self, endpoint: Endpoint) -> bool {
        self.options.list_all || self.targets.is_listed(endpoint)
    }

    /// Counts an endpoint whose first answer or final silence is known now; once.
    pub(super) fn count_discovered(&mut self, job: Job) {
        if !job.repeat || self.counts.remembers() {
            self.counts.tried(job.endpoint);
        }
        if self.discovery.is_in_pass(job) {
            self.meter.asked_again();
        } else {
            self.meter.discovered += u64::from(!job.repeat);
        }
    }

    fn failed_attempt(
        &self,
        job: Job,
        failure: ConnectFailure,
        unanswered_rounds: u8,
        lag_us: u32,
    ) -> Attempt {
        let request = AttemptRequest {
            unanswered_rounds,
            by_name: None,
            ..self.request(job)
        };
        let stages = vec![StageRecord {
            stage: Stage::Tcp,
            start_us: 0,
            duration_us: failure.duration_us,
            outcome: failure.outcome,
        }];
        Attempt {
            lag_us,
            ..request.into_attempt(failure.started_at, stages)
        }
    }

    /// Emits an attempt and schedules the next one.
    fn emit_attempt(&mut self, mut attempt: Attempt, now: Instant) {
        let endpoint = attempt.endpoint;
        // Numbered here, so that no two are the same, whatever ended meanwhile.
        attempt.number = self.next_number(endpoint);
        let is_listed = self.targets.is_listed(endpoint);
        let shows_silence = self.shows_silence(endpoint);
        let host = self.hosts.entry(endpoint);
        let before = host.further();
        let observed = host.observe(&attempt, is_listed, shows_silence, &self.options);
        self.meter.revise(before, host.further());
        let came_up = attempt
            .stage(Stage::Tcp)
            .is_some_and(|tcp| tcp.outcome.is_ok());
        if came_up && self.options.dns && !host.is_skipped() && observed.is_row {
            self.lookups.host_seen(&attempt, &host.target_names);
        }
        if observed.is_row {
            self.counts.take_unlisted(endpoint);
        }
        if let Some(next) = observed.next {
            // Attempts are spread over time; a probe of another kind belongs to the attempt before it.
            let pause = match next {
                ProbeKind::Default | ProbeKind::LongDeadline => self.options.interval,
                _ => self.options.gap,
            };
            let at = now + pause + self.jitter(endpoint, attempt.number);
            self.discovery.queue.schedule(at, Job::again(endpoint));
        }
        let certificates = self.hosts.new_certificates(&attempt);
        self.emit(EventBody::AttemptFinished {
            attempt,
            certificates,
            listed: observed.listed,
            outside_targets: !observed.is_row,
            remaining: observed.remaining,
        });
    }

    /// Up to one gap more, so that hosts of one rack are not met in step. Seeded, so that a scan can be repeated.
    pub(super) fn jitter(&self, endpoint: Endpoint, number: u32) -> Duration {
        let mut hasher = DefaultHasher::new();
        (self.options.seed, endpoint, number).hash(&mut hasher);
        self.options
            .gap
            .mul_f64((hasher.finish() % 1000) as f64 / 1000.0)
    }
}

/// The failure of a connection that was not made.
pub(super) const fn not_connected(outcome: Outcome, at: Timestamp) -> ConnectFailure {
    ConnectFailure {
        outcome,
        shortage: None,
        started_at: at,
        duration_us: 0,
    }
}
