//! Orders of the user to a running scan, carried out by its one owner between two steps.

use std::collections::HashSet;

use crate::clock;
use crate::model::{Control, Endpoint, EventBody, HostKey, Notice, Outcome};
use crate::targets::NameTarget;

use super::engine::{Engine, Known};
use super::lookups::LookupTask;
use super::loss::Loss;
use super::meter::Further;
use super::queue::{Job, Purpose, Queue};
use super::retries::Retries;
use crate::prober::{ConnectFailure, Prober};

/// Capacity for the channel of orders.
pub const CONTROL_CAPACITY: usize = 16;

impl<P: Prober> Engine<P> {
    /// Carries an order out.
    pub(super) async fn obey(&mut self, order: Control) {
        match order {
            Control::Pause => self.paused = true,
            Control::Resume => self.paused = false,
            Control::Skip(endpoint) => self.skip(endpoint).await,
            Control::ProbeAgain(endpoints) => {
                for endpoint in endpoints {
                    self.probe_again(endpoint).await;
                }
            }
            Control::RescanAll => self.rescan().await,
        }
    }

    /// Breaks off what is under way at an endpoint; gives its connections' jobs. Connections end politely, and what they tell
    /// no longer counts; lookups are dropped.
    fn break_off(&mut self, endpoint: Endpoint) -> Vec<Job> {
        self.looking.retain(|_, looking| {
            let stays = looking.endpoint() != Some(endpoint);
            if !stays {
                looking.task.abort();
            }
            stays
        });
        let under_way = self
            .in_flight
            .values_mut()
            .filter(|flight| flight.job.endpoint == endpoint && !flight.void);
        // The slot and the courtesy gap are given back when the task has ended.
        under_way
            .map(|flight| {
                flight.break_off();
                flight.job
            })
            .collect()
    }

    /// What is under way ends in order, and tells what it saw until then; what waits is not begun.
    async fn skip(&mut self, endpoint: Endpoint) {
        let mut found = false;
        for flight in self.in_flight.values() {
            if flight.job.endpoint == endpoint && !flight.ends_on_order() {
                flight.give_up.cancel();
                found = true;
            }
        }
        let waiting = self.queue.remove(endpoint);
        self.name_jobs.retain(|job| job.endpoint != endpoint);
        self.retries.forget(endpoint);
        if !found && waiting.is_empty() {
            return;
        }
        let known = self.known.entry(endpoint).or_default();
        let before = known.further();
        known.given_up = true;
        known.remaining = 0;
        self.meter.revise(before, known.further());
        let host = HostKey::Endpoint(endpoint);
        self.notice(Notice::HostSkipped { host }).await;
        // A connection that was to be made has an outcome of its own: that it was not shows that what came before is not all.
        for job in waiting {
            let failure = ConnectFailure {
                outcome: Outcome::Cancelled,
                shortage: None,
                started_at: clock::wall(),
                duration_us: 0,
            };
            self.connect_failed(job, failure, 0).await;
        }
    }

    /// Whether an endpoint belongs to this scan: nothing else is ever contacted on order.
    fn belongs(&self, endpoint: Endpoint) -> bool {
        !self.is_excluded(endpoint.address)
            && (self.known.contains_key(&endpoint) || self.targets.contains(endpoint))
    }

    async fn probe_again(&mut self, endpoint: Endpoint) {
        if !self.belongs(endpoint) {
            return;
        }
        let mut jobs = self.break_off(endpoint);
        jobs.extend(self.queue.remove(endpoint));
        // What was to be discovered still is, and is counted when it has been.
        let uncounted = jobs
            .iter()
            .any(|job| !job.repeat && matches!(job.purpose, Purpose::Discover { .. }));
        self.begin_anew(endpoint).await;
        self.queue.push_named(Job {
            repeat: !uncounted,
            ..Job::discover(endpoint)
        });
    }

    /// Sets aside what is known of an endpoint.
    pub(super) async fn begin_anew(&mut self, endpoint: Endpoint) {
        self.name_jobs.retain(|job| job.endpoint != endpoint);
        self.retries.forget(endpoint);
        self.retries.begin_anew();
        let after = self.attempts_at(endpoint);
        if after > 0 {
            self.superseded.insert(endpoint, after);
        }
        let known = self.known.remove(&endpoint).unwrap_or_default();
        self.meter.answered = self
            .meter
            .answered
            .saturating_sub(u64::from(known.answered));
        self.meter.revise(known.further(), Further::default());
        self.known.insert(
            endpoint,
            Known {
                listed: known.listed,
                // It is a row by now: its outcome is told even when it is silence.
                member: !known.by_reference,
                by_reference: known.by_reference,
                row: known.row,
                target_names: known.target_names,
                ..Known::default()
            },
        );
        self.finished = None;
        self.forget_skip(endpoint);
        self.emit(EventBody::ReprobeStarted { endpoint, after })
            .await;
    }

    async fn rescan(&mut self) {
        let to_come = self.unresolved.iter().chain(self.retries.targets());
        let to_come = to_come.chain(self.looking.values().filter_map(LookupTask::target));
        let mut never_resolved: HashSet<NameTarget> = to_come.cloned().collect();
        if let Some(before) = &self.never_resolved {
            never_resolved.retain(|name| before.contains(name));
        }
        self.never_resolved = Some(never_resolved);
        for (_, looking) in self.looking.drain() {
            looking.task.abort();
        }
        for flight in self.in_flight.values_mut() {
            flight.break_off();
        }
        // What is judged from now on is judged by the clock as it is now.
        clock::take_new_base();
        self.queue = Queue::new(self.targets.endpoints(), self.options.seed);
        self.loss = Loss::new(self.rounds.last());
        self.pacer.set_cap(self.options.rate);
        self.name_jobs.clear();
        self.retries = Retries::default();
        self.unresolved = self.targets.names().iter().rev().cloned().collect();
        self.paused = false;
        self.tally.begin_anew();
        self.meter.begin_anew(self.targets.endpoints());
        self.finished = None;
        let mut endpoints: Vec<Endpoint> = self.known.keys().copied().collect();
        endpoints.sort_unstable();
        for endpoint in endpoints {
            self.begin_anew(endpoint).await;
            if let Some(known) = self.known.get_mut(&endpoint) {
                known.target_names.clear();
                if known.by_reference {
                    // Found again by the names of other hosts, if they still lead there.
                    self.known.remove(&endpoint);
                    continue;
                }
            }
            if !self.targets.contains(endpoint) {
                self.meter.planned += 1;
                self.queue.push_named(Job::discover(endpoint));
            }
        }
    }
}
