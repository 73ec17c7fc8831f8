//! What may start now.

use std::time::Instant;

use super::{Engine, Output, StartConnect};
use crate::model::{Endpoint, Notice};
use crate::prober::AttemptRequest;
use crate::scan::discovery::Loss;
use crate::scan::job::{Job, Purpose};

/// Connects started before the number of established connections is read again, whatever is expected of them.
const MOST_PER_WAKE: usize = 256;

impl Engine {
    pub(super) fn wake(&mut self, connections_up: usize, now: Instant) {
        self.wake_at = None;
        if self.paused {
            return;
        }
        self.in_flight.load.observe_up(connections_up);
        self.ask_silent_again(now);
        self.launch_lookups(now);
        self.wake_at = self.launch_connections(now);
        // Where launching stops only to let tasks run, the slots are not filled yet, and nothing is known of them.
        if self.wake_at.is_none_or(|at| at > now) {
            self.in_flight
                .note_shortage(self.discovery.queue.has_endpoints());
        }
    }

    /// Asks silent addresses again where hosts answered late, when nothing else is to be discovered; each time more slowly.
    fn ask_silent_again(&mut self, now: Instant) {
        if self.in_flight.is_discovering() || self.discovery.queue.has_endpoints() {
            return;
        }
        if let Some(silent) = self.discovery.begin_pass() {
            self.slow_down(now);
            self.meter.will_ask_again(silent);
        }
    }

    /// Connection requests are lost at this rate.
    pub(super) fn slow_down(&mut self, now: Instant) {
        let rate = match self.in_flight.pacer.cap() {
            0 => self.meter.newest_rate(now),
            cap => cap,
        };
        let per_second = Loss::slower(rate);
        // Never faster than the user allowed.
        if per_second < rate {
            self.in_flight.pacer.slow_to(per_second);
            self.notice(Notice::RateReduced { per_second });
        }
    }

    fn launch_lookups(&mut self, now: Instant) {
        self.go_by_row_addresses(now);
        while let Some(job) = self.lookups.next(now, self.has_only_lookups()) {
            let id = self.new_task();
            self.lookups.start(id, job.clone());
            self.outputs.push_back(Output::LookUp { id, job });
        }
    }

    /// Returns when more may start. That is never past: an overdue job waits for what holds it up, or the scan would spin.
    fn launch_connections(&mut self, now: Instant) -> Option<Instant> {
        for _ in 0..self.burst() {
            if self.in_flight.is_full() || self.in_flight.load.room() == 0 {
                // The end of a task wakes the scan.
                return None;
            }
            if let Err(at) = self.in_flight.pacer.take(now) {
                return Some(at);
            }
            let Some(job) = self.discovery.queue.pop(now) else {
                self.in_flight.pacer.give_back();
                return self.discovery.queue.next_due();
            };
            if !self.start(job, now) {
                self.in_flight.pacer.give_back();
            }
        }
        Some(now)
    }

    /// Connects launched before tasks get to run, so that those that come up are counted: as many as would fill the room, if
    /// hosts answer as often as they did so far.
    fn burst(&self) -> usize {
        let each = self.meter.connects_per_answer(self.in_flight.len());
        let expected = self.in_flight.load.room().saturating_mul(each);
        expected.clamp(1, MOST_PER_WAKE)
    }

    /// INVARIANT: this is the only place that starts a connection, and it never starts one to an excluded address.
    fn start(&mut self, job: Job, now: Instant) -> bool {
        let endpoint = job.endpoint;
        if self.targets.is_excluded(endpoint.address) {
            // Since the scan was resumed.
            self.leave_out(job);
            return false;
        }
        let host = self.hosts.get(endpoint);
        let in_pass = self.discovery.is_in_pass(job);
        if job.round().is_some() && host.is_some_and(|host| !host.is_discoverable(in_pass)) {
            // The permutation comes to an endpoint that was tried already.
            self.count_discovered(job);
            return false;
        }
        if let Err(at) = self.in_flight.per_host.acquire(endpoint.address, now) {
            self.discovery.queue.schedule(at, job);
            return false;
        }
        let timeout = match job.purpose {
            Purpose::Discover { round } => self.discovery.rounds.timeout(round, self.is_hurried()),
            Purpose::Again => self.options.connect_timeout,
        };
        self.meter.launched();
        let id = self.new_task();
        self.in_flight.start(id, job, now);
        self.outputs.push_back(Output::Connect(StartConnect {
            id,
            timeout,
            request: self.request(job),
            expected: job.purpose == Purpose::Again,
        }));
        true
    }

    pub(super) fn request(&self, job: Job) -> AttemptRequest {
        let host = self.hosts.get(job.endpoint);
        let probe = host.and_then(|host| host.next_probe(&self.options));
        let probe = probe.unwrap_or_default();
        AttemptRequest {
            endpoint: job.endpoint,
            number: self.next_number(job.endpoint),
            unanswered_rounds: job.round().unwrap_or(0),
            probe,
            by_name: host.and_then(|host| host.sni(probe)),
            ntlm: self.options.ntlm,
        }
    }

    pub(super) fn next_number(&self, endpoint: Endpoint) -> u32 {
        self.hosts.newest_attempt(endpoint).saturating_add(1)
    }

    /// Slots and not the rate bound the scan, and no host answered late so far: nothing hints at lost requests.
    pub(super) fn is_hurried(&self) -> bool {
        self.in_flight.slots_are_short() && self.counts.late() == 0
    }
}
