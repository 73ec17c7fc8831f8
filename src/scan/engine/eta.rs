//! Progress: what is done, what is left, and how long that will take.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use super::Engine;
use crate::model::{Endpoint, Progress};
use crate::scan::hosts::Host;
use crate::scan::in_flight::{Flight, FlightState};
use crate::scan::job::Purpose;

/// A connection in flight for longer than this is stuck: nothing usual takes so long.
const STUCK: Duration = Duration::from_secs(2);
/// The most stuck connections that are named.
const MOST_NAMED: usize = 3;
/// With more scheduled attempts than these, they are gone through once a second and not at every look.
const MANY_SCHEDULED: usize = 1024;
const SECOND: Duration = Duration::from_secs(1);

/// When the last scheduled attempt will be over, as of the last look.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Horizon {
    looked_at: Option<Instant>,
    end: Option<Instant>,
}

impl Engine {
    pub(in crate::scan) fn progress(&mut self, now: Instant) -> Progress {
        let mut progress = self.meter.sample(now);
        progress.in_flight = u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX);
        progress.in_flight_limit =
            u32::try_from(self.in_flight.slots.allowed()).unwrap_or(u32::MAX);
        progress.rate_cap = self.in_flight.pacer.cap();
        if let cap @ 1.. = progress.rate_cap {
            // The burst at the start is within the cap over any longer time, and no rate.
            progress.rate = progress.rate.min(f64::from(cap));
        }
        progress.answered_on_retry = self.counts.late();
        progress.paused = self.paused;
        // How much work an unresolved name is, is unknown.
        progress.work_known += self.lookups.unresolved() as u64;
        let mut stuck: Vec<(Endpoint, Duration)> = self
            .in_flight
            .iter()
            .filter(|flight| flight.state == FlightState::Running)
            .map(|flight| (flight.job.endpoint, now.duration_since(flight.since)))
            .filter(|(_, age)| *age >= STUCK)
            .collect();
        stuck.sort_by_key(|(endpoint, age)| (Reverse(*age), *endpoint));
        progress.stuck_count = u32::try_from(stuck.len()).unwrap_or(u32::MAX);
        stuck.truncate(MOST_NAMED);
        progress.stuck = stuck;
        progress.left = if self.paused {
            None
        } else {
            self.time_left(&progress, now)
        };
        progress
    }

    /// The longest of all that has to happen before the end; `None` when one of them is unknown.
    fn time_left(&mut self, progress: &Progress, now: Instant) -> Option<Duration> {
        if self.lookups.unresolved() > 0 {
            return None;
        }
        let untried = self.discovery.queue.untried();
        let expected = self.meter.further_expected(untried);
        let undiscovered = progress.planned.saturating_sub(progress.discovered);
        let discovery = if self.discovery.queue.has_endpoints() {
            // Of those that are tried last, some will have all their further attempts before them.
            let tail = match expected {
                0 => Duration::ZERO,
                _ => self.time_of(self.options.attempts.saturating_sub(1), Duration::ZERO),
            };
            self.meter.discovery_left()?.saturating_add(tail)
        } else if undiscovered > 0 && progress.discovered == 0 && progress.stuck.is_empty() {
            // Everything is in flight, and there is no result to estimate from.
            return None;
        } else {
            Duration::ZERO
        };
        let in_flight = self
            .in_flight
            .iter()
            .filter_map(|flight| self.flight_end(flight, now))
            .max();
        let attempts = [self.scheduled_end(now), in_flight]
            .into_iter()
            .flatten()
            .map(|end| end.saturating_duration_since(now))
            .max();
        let known = progress.work_known.saturating_sub(progress.work_done);
        let connects = known.saturating_add(expected);
        Some(
            discovery
                .max(attempts.unwrap_or_default())
                .max(self.least_time_for(connects)),
        )
    }

    /// When the host of a connection will be done.
    fn flight_end(&self, flight: &Flight, now: Instant) -> Option<Instant> {
        if flight.state != FlightState::Running {
            return None;
        }
        let host = self.hosts.get(flight.job.endpoint);
        let age = now.duration_since(flight.since);
        if age < STUCK {
            let host = host?;
            let further = host.remaining.saturating_sub(1);
            return Some(now + self.time_of(further, host.took));
        }
        // A stuck connection stays so until a stage times out, and the next attempts will do no better.
        let stage = self.options.stage_timeout.max(Duration::from_millis(1));
        let stages = age.as_nanos() / stage.as_nanos() + 1;
        let ends = stage.saturating_mul(u32::try_from(stages).unwrap_or(u32::MAX));
        let wanted = match flight.job.purpose {
            Purpose::Again => host.map_or(1, |host| host.remaining),
            // It accepted the connection, or there would be no waiting so long.
            Purpose::Discover { .. } if host.is_some_and(Host::is_reference) => 1,
            Purpose::Discover { .. } => self.options.attempts.max(1),
        };
        let further = self.time_of(wanted.saturating_sub(1), stage);
        flight.since.checked_add(ends)?.checked_add(further)
    }

    /// When the last of the hosts with a scheduled attempt will be done.
    fn scheduled_end(&mut self, now: Instant) -> Option<Instant> {
        let is_fresh = self
            .horizon
            .looked_at
            .is_some_and(|at| now.duration_since(at) < SECOND);
        if !is_fresh || self.discovery.queue.scheduled_count() <= MANY_SCHEDULED {
            let ends = self.discovery.queue.scheduled().filter_map(|(at, job)| {
                let host = self.hosts.get(job.endpoint);
                let took = host.map_or(Duration::ZERO, |host| host.took);
                let further = host.map_or(0, |host| host.remaining.saturating_sub(1));
                at.max(now)
                    .checked_add(took)?
                    .checked_add(self.time_of(further, took))
            });
            let end = ends.max();
            self.horizon = Horizon {
                looked_at: Some(now),
                end,
            };
        }
        self.horizon.end
    }

    /// The time that `further` attempts at one host take, each with the pause before it.
    fn time_of(&self, further: u32, took: Duration) -> Duration {
        // Half a gap is the jitter on average.
        (self.options.interval + self.options.gap / 2)
            .saturating_add(took)
            .saturating_mul(further)
    }

    /// The least time that so many connects need, by the cap or, when slots are short, by the rate so far.
    fn least_time_for(&self, connects: u64) -> Duration {
        let rate = match self.in_flight.pacer.cap() {
            0 => f64::INFINITY,
            cap => f64::from(cap),
        };
        let rate = if self.in_flight.is_full() && self.meter.launch_rate() > 0.0 {
            rate.min(self.meter.launch_rate())
        } else {
            rate
        };
        Duration::try_from_secs_f64(connects as f64 / rate).unwrap_or(Duration::MAX)
    }
}
