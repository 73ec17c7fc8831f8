//! Taking up what earlier runs of the scan have left.

use std::time::Instant;

use super::Engine;
use crate::scan::job::Job;
use crate::scan::meter::Further;
use crate::scan::resume::Resume;

impl Engine {
    pub(super) fn take_up(&mut self, resume: Resume, now: Instant) {
        let Resume {
            checkpoint,
            queue,
            hosts,
            lookups,
            loss,
            uncounted,
            due,
        } = resume;
        self.discovery.queue = queue;
        let cap = self.in_flight.pacer.cap();
        let slowed = loss.slowed(cap);
        if slowed < cap {
            self.in_flight.pacer.slow_to(slowed);
        }
        self.discovery.loss = loss;
        self.counts.take_over(&checkpoint);
        self.hosts = hosts;
        self.lookups = lookups;
        if self.counts.remembers() {
            for endpoint in self.discovery.queue.done_before(&checkpoint) {
                if uncounted.contains_key(&endpoint) {
                    continue;
                }
                let has_row = self.hosts.newest_attempt(endpoint) > 0;
                self.counts.leave_out(endpoint, has_row);
            }
        }
        let mut known = Vec::new();
        for (endpoint, host) in self.hosts.iter() {
            let planned = self.targets.contains(endpoint);
            self.meter.planned += u64::from(!planned);
            if self.hosts.newest_attempt(endpoint) > 0 {
                known.push(endpoint);
                self.meter.discovered += u64::from(!planned);
            }
            self.meter.answered += u64::from(host.is_open());
        }
        known.sort_unstable();
        for endpoint in known {
            match uncounted.get(&endpoint) {
                Some(late) => {
                    self.counts.tried(endpoint);
                    self.counts.set_late(endpoint, *late);
                }
                None => self.counts.leave_out(endpoint, true),
            }
            let is_excluded = self.targets.is_excluded(endpoint.address);
            let host = self.hosts.entry(endpoint);
            if is_excluded {
                host.remaining = 0;
            }
            let further = host.further();
            let goes_on = host.remaining > 0 || due.contains(&endpoint);
            let number = host.attempts();
            self.meter.revise(Further::default(), further);
            if goes_on && !is_excluded {
                let at = now + self.jitter(endpoint, number);
                self.discovery.queue.schedule(at, Job::again(endpoint));
            }
        }
        self.meter.discovered += self.targets.endpoints() - self.counts.untried();
        if checkpoint
            .pass
            .is_some_and(|pass| pass.next < self.targets.endpoints())
        {
            self.meter.will_ask_again(self.discovery.queue.silent());
        }
    }

    /// An endpoint of an earlier run that is excluded since: nothing is to be done there.
    pub(super) fn leave_out(&mut self, job: Job) {
        if job.round().is_some() && !job.repeat {
            self.counts.leave_out(job.endpoint, true);
            self.meter.planned = self.meter.planned.saturating_sub(1);
        }
    }
}
