//! The connections in flight, and what limits them: slots, the load, the rate cap, and one connection at a time per address.

mod adaptive_limit;
mod load;
mod pacer;
mod per_host_limiter;

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use self::adaptive_limit::AdaptiveLimit;
use self::load::Load;
use self::pacer::Pacer;
use self::per_host_limiter::PerHostLimiter;
use super::job::{Job, Purpose, TaskId};
use super::options::ScanOptions;
use crate::model::Endpoint;

#[derive(Debug)]
pub(super) struct Flight {
    pub(super) job: Job,
    pub(super) since: Instant,
    pub(super) state: FlightState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlightState {
    Running,
    /// It is about to end; its result counts.
    Cancelled,
    /// It is about to end; its result is dropped.
    Discarded,
}

#[derive(Debug)]
pub(super) struct InFlight {
    flights: HashMap<TaskId, Flight>,
    /// Connections of discovery among them.
    discovering: usize,
    pub(super) slots: AdaptiveLimit,
    pub(super) load: Load,
    pub(super) pacer: Pacer,
    pub(super) per_host: PerHostLimiter,
    /// Every slot was taken at the last launch while endpoints were left to discover.
    slots_are_short: bool,
}

impl InFlight {
    pub(super) fn new(options: &ScanOptions, now: Instant) -> Self {
        let most = usize::try_from(options.in_flight).unwrap_or(usize::MAX);
        Self {
            flights: HashMap::new(),
            discovering: 0,
            slots: AdaptiveLimit::new(most),
            load: Load::new(most),
            pacer: Pacer::new(options.rate, now),
            per_host: PerHostLimiter::new(options.gap),
            slots_are_short: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.flights.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flights.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Flight> {
        self.flights.values()
    }

    /// Connections whose result counts.
    pub(super) fn jobs(&self) -> impl Iterator<Item = Job> {
        let counted = self
            .iter()
            .filter(|one| one.state != FlightState::Discarded);
        counted.map(|flight| flight.job)
    }

    pub(super) const fn is_discovering(&self) -> bool {
        self.discovering > 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.slots.allowed()
    }

    /// Whether slots and not the rate bound the scan.
    pub(super) const fn slots_are_short(&self) -> bool {
        self.slots_are_short
    }

    pub(super) fn note_shortage(&mut self, has_endpoints: bool) {
        self.slots_are_short = self.is_full() && has_endpoints;
    }

    /// A connection starts, whose address was acquired.
    pub(super) fn start(&mut self, id: TaskId, job: Job, now: Instant) {
        self.discovering += usize::from(job.purpose != Purpose::Again);
        if job.purpose == Purpose::Again {
            // A known host is expected to accept.
            self.load.expect_up();
        }
        let flight = Flight {
            job,
            since: now,
            state: FlightState::Running,
        };
        self.flights.insert(id, flight);
    }

    /// Frees the slot of a connection; `None` where the task is none.
    pub(super) fn end(&mut self, id: TaskId, answered: bool, now: Instant) -> Option<Flight> {
        let flight = self.flights.remove(&id)?;
        self.discovering -= usize::from(flight.job.purpose != Purpose::Again);
        self.per_host
            .release(flight.job.endpoint.address, answered, now);
        Some(flight)
    }

    /// Cancels the running connections to an endpoint; their results count.
    pub(super) fn cancel(&mut self, endpoint: Endpoint) -> Vec<TaskId> {
        let running = self.flights.iter_mut().filter(|(_, flight)| {
            flight.job.endpoint == endpoint && flight.state == FlightState::Running
        });
        running
            .map(|(id, flight)| {
                flight.state = FlightState::Cancelled;
                *id
            })
            .collect()
    }

    /// Discards the connections to these endpoints, or all of them. Slots and addresses are released when the tasks end.
    pub(super) fn discard(&mut self, of: Option<&HashSet<Endpoint>>) -> Vec<(TaskId, Job)> {
        let discarded = self.flights.iter_mut().filter(|(_, flight)| {
            of.is_none_or(|of| of.contains(&flight.job.endpoint))
                && flight.state != FlightState::Discarded
        });
        discarded
            .map(|(id, flight)| {
                flight.state = FlightState::Discarded;
                (*id, flight.job)
            })
            .collect()
    }
}
