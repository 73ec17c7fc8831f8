//! Orders of the user to a running scan.

use std::collections::HashSet;
use std::time::Instant;

use jiff::Timestamp;

use super::attempts::not_connected;
use super::{Engine, Output};
use crate::model::{Control, Endpoint, EventBody, HostKey, Notice, Outcome};
use crate::scan::job::Job;
use crate::scan::meter::Further;

impl Engine {
    pub(super) fn control(&mut self, order: Control, at: Timestamp, now: Instant) {
        match order {
            Control::Pause => self.paused = true,
            Control::Resume => self.paused = false,
            Control::Skip(endpoint) => self.skip(endpoint, at, now),
            Control::ProbeAgain(endpoints) => self.probe_again(&endpoints),
            Control::RescanAll => self.rescan(),
        }
    }

    /// What is in flight is cancelled, and its result counts; what waits is not started.
    fn skip(&mut self, endpoint: Endpoint, at: Timestamp, now: Instant) {
        let cancelled = self.in_flight.cancel(endpoint);
        let of = HashSet::from([endpoint]);
        let waiting = self.discovery.queue.remove(&of);
        self.lookups.skip(&of);
        if cancelled.is_empty() && waiting.is_empty() {
            return;
        }
        self.cancel(cancelled);
        let host = self.hosts.entry(endpoint);
        let before = host.further();
        host.skip();
        self.meter.revise(before, host.further());
        let host = HostKey::Endpoint(endpoint);
        self.notice(Notice::HostSkipped { host });
        // A connection that was to be made has an outcome of its own: without it, what came before would seem to be all.
        for job in waiting {
            self.connect_failed(job, not_connected(Outcome::Cancelled, at), 0, now);
        }
    }

    /// Whether an endpoint belongs to this scan: nothing else is ever contacted.
    fn belongs(&self, endpoint: Endpoint) -> bool {
        !self.targets.is_excluded(endpoint.address)
            && (self.hosts.get(endpoint).is_some() || self.targets.contains(endpoint))
    }

    /// All at once: for each host alone, the queue would be read once a host.
    fn probe_again(&mut self, endpoints: &[Endpoint]) {
        let of = endpoints.iter().copied().filter(|one| self.belongs(*one));
        let of: HashSet<Endpoint> = of.collect();
        let lookups = self.lookups.cancel(Some(&of));
        let (tasks, mut jobs): (Vec<_>, Vec<_>) =
            self.in_flight.discard(Some(&of)).into_iter().unzip();
        self.cancel(lookups.into_iter().chain(tasks));
        jobs.extend(self.discovery.queue.remove(&of));
        // What was to be discovered still is, and is counted when it has been.
        let uncounted = jobs
            .iter()
            .filter(|job| !job.repeat && job.round().is_some());
        let uncounted: HashSet<Endpoint> = uncounted.map(|job| job.endpoint).collect();
        self.lookups.reset(&of);
        // In the order of the user, each once.
        let mut left = of;
        for endpoint in endpoints.iter().copied().filter(|one| left.remove(one)) {
            self.reset_host(endpoint);
            self.discovery.queue.add(Job {
                repeat: !uncounted.contains(&endpoint),
                ..Job::discover(endpoint)
            });
        }
    }

    /// Forgets what is known of an endpoint but its lookups: its attempts so far are superseded.
    pub(super) fn reset_host(&mut self, endpoint: Endpoint) {
        let (before, after) = self.hosts.reset(endpoint);
        self.meter.answered = (self.meter.answered).saturating_sub(u64::from(before.is_open()));
        self.meter.revise(before.further(), Further::default());
        self.finished = None;
        // It may be skipped again.
        let host = HostKey::Endpoint(endpoint);
        self.notices.remove(&Notice::HostSkipped { host });
        self.emit(EventBody::ReprobeStarted { endpoint, after });
    }

    fn rescan(&mut self) {
        let lookups = self.lookups.restart(self.targets.names());
        let connections = self.in_flight.discard(None).into_iter().map(|(id, _)| id);
        self.cancel(lookups.into_iter().chain(connections));
        // What is judged from now on is judged by the clock as it is now.
        self.outputs.push_back(Output::ResetClock);
        self.discovery.restart();
        self.in_flight.pacer.set_cap(self.options.rate);
        self.paused = false;
        self.counts.restart();
        self.meter.restart(self.targets.endpoints());
        self.finished = None;
        let mut endpoints: Vec<Endpoint> =
            self.hosts.iter().map(|(endpoint, _)| endpoint).collect();
        endpoints.sort_unstable();
        for endpoint in endpoints {
            self.reset_host(endpoint);
            let host = self.hosts.entry(endpoint);
            host.target_names.clear();
            if host.is_reference() {
                // Found again by the names of other hosts, if they still resolve to it.
                self.hosts.remove(endpoint);
            } else if !self.targets.contains(endpoint) {
                self.meter.planned += 1;
                self.discovery.queue.add(Job::discover(endpoint));
            }
        }
    }
}
