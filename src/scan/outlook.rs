//! What is left to be done, and how long that will take as far as it can be told.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Attempt, Descriptors, Progress};

use super::engine::{Engine, Flight};
use super::queue::Purpose;
use crate::prober::Prober;

/// A connection that has been under way longer than this is stuck: nothing usual takes so long.
const STUCK: Duration = Duration::from_secs(2);
/// The most connections that are stuck and are named.
const MOST_NAMED: usize = 3;
/// With more appointments than these, they are gone through once a second and not at every look.
const MANY_APPOINTMENTS: usize = 1024;
const SECOND: Duration = Duration::from_secs(1);

/// When the last appointment will be over, as of the last look.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Horizon {
    looked: Option<Instant>,
    end: Option<Instant>,
}

impl<P: Prober> Engine<P> {
    /// Adds to the meter's numbers what the queue and the connections under way tell.
    pub(super) fn outlook(&mut self, progress: &mut Progress, now: Instant) {
        // Names that wait are work of which nobody knows yet how much it is.
        progress.work_known += self.unresolved.len() as u64;
        let mut stuck: Vec<_> = self
            .in_flight
            .values()
            .filter(|flight| !flight.ends_on_order())
            .map(|flight| (flight.job.endpoint, now.duration_since(flight.since)))
            .filter(|(_, age)| *age >= STUCK)
            .collect();
        stuck.sort_by_key(|(endpoint, age)| (std::cmp::Reverse(*age), *endpoint));
        progress.stuck_count = u32::try_from(stuck.len()).unwrap_or(u32::MAX);
        stuck.truncate(MOST_NAMED);
        progress.stuck = stuck;
        progress.left = if self.paused {
            None
        } else {
            self.left(progress, now)
        };
    }

    /// The descriptors in use, looked at once a second: counting many takes its time.
    pub(super) fn descriptors(&mut self, now: Instant) -> Option<Descriptors> {
        let looked = self.descriptors_seen;
        if looked.is_none_or(|(at, _)| now.duration_since(at) >= SECOND) {
            self.descriptors_seen = Some((now, self.prober.descriptors()));
        }
        self.descriptors_seen.and_then(|(_, seen)| seen)
    }

    /// The longest of all that has to happen before the end; `None` when one of them cannot be told.
    fn left(&mut self, progress: &Progress, now: Instant) -> Option<Duration> {
        if !self.unresolved.is_empty() {
            return None;
        }
        let untried = self.queue.untried();
        let expected = self.meter.further_expected(untried);
        let undiscovered = progress.planned.saturating_sub(progress.discovered);
        let discovery = if self.queue.has_discovery() {
            // Of those that are tried last, some will have all their further attempts before them.
            let tail = match expected {
                0 => Duration::ZERO,
                _ => self.time_of(self.options.attempts.saturating_sub(1), Duration::ZERO),
            };
            self.meter.discovery_left()?.saturating_add(tail)
        } else if undiscovered > 0 && progress.discovered == 0 && progress.stuck.is_empty() {
            // Everything is under way, and nothing has come back that would tell what it leads to.
            return None;
        } else {
            Duration::ZERO
        };
        let under_way = self
            .in_flight
            .values()
            .filter_map(|flight| self.flight_end(flight, now))
            .max();
        let attempts = [self.appointments_end(now), under_way]
            .into_iter()
            .flatten()
            .map(|end| end.saturating_duration_since(now))
            .max();
        let known = progress.work_known.saturating_sub(progress.work_done);
        let connects = known.saturating_add(expected);
        Some(
            discovery
                .max(attempts.unwrap_or_default())
                .max(self.least_for(connects)),
        )
    }

    /// When the host of a connection under way will be done with.
    fn flight_end(&self, flight: &Flight, now: Instant) -> Option<Instant> {
        if flight.ends_on_order() {
            return None;
        }
        let known = self.known.get(&flight.job.endpoint);
        let age = now.duration_since(flight.since);
        if age < STUCK {
            let known = known?;
            let further = known.remaining.saturating_sub(1);
            return Some(now + self.time_of(further, known.took));
        }
        // Whoever is stuck stays so until a stage runs out of time, and the next attempts will not fare better.
        let stage = self.options.stage_timeout.max(Duration::from_millis(1));
        let stages = age.as_nanos() / stage.as_nanos() + 1;
        let ends = stage.saturating_mul(u32::try_from(stages).unwrap_or(u32::MAX));
        let wanted = match flight.job.purpose {
            Purpose::Again => known.map_or(1, |known| known.remaining),
            // It took the connection, or there would be no waiting so long.
            Purpose::Discover { .. } if known.is_some_and(|known| known.by_reference) => 1,
            Purpose::Discover { .. } => self.options.attempts.max(1),
        };
        let further = self.time_of(wanted.saturating_sub(1), stage);
        flight.since.checked_add(ends)?.checked_add(further)
    }

    /// When the last of the hosts that have an appointment will be done with.
    fn appointments_end(&mut self, now: Instant) -> Option<Instant> {
        let fresh = self
            .horizon
            .looked
            .is_some_and(|looked| now.duration_since(looked) < SECOND);
        if !fresh || self.queue.appointments() <= MANY_APPOINTMENTS {
            let end = self
                .queue
                .due()
                .filter_map(|(at, job)| {
                    let known = self.known.get(&job.endpoint);
                    let took = known.map_or(Duration::ZERO, |known| known.took);
                    let further = known.map_or(0, |known| known.remaining.saturating_sub(1));
                    at.max(now)
                        .checked_add(took)?
                        .checked_add(self.time_of(further, took))
                })
                .max();
            self.horizon = Horizon {
                looked: Some(now),
                end,
            };
        }
        self.horizon.end
    }

    /// What `further` attempts at one host take, each with the pause before it.
    fn time_of(&self, further: u32, took: Duration) -> Duration {
        // Half a gap is what the jitter comes to on average.
        (self.options.interval + self.options.gap / 2)
            .saturating_add(took)
            .saturating_mul(further)
    }

    /// The least time that so many connects need, by the cap or, when slots are short, by what went through them so far.
    fn least_for(&self, connects: u64) -> Duration {
        let rate = match self.pacer.cap() {
            0 => f64::INFINITY,
            cap => f64::from(cap),
        };
        let slots_are_short = self.in_flight.len() >= self.limit.allowed();
        let rate = if slots_are_short && self.meter.launch_rate() > 0.0 {
            rate.min(self.meter.launch_rate())
        } else {
            rate
        };
        Duration::try_from_secs_f64(connects as f64 / rate).unwrap_or(Duration::MAX)
    }
}

/// How long an attempt took.
pub(super) fn time_taken(attempt: &Attempt) -> Duration {
    let ends = attempt
        .stages
        .iter()
        .map(|record| u64::from(record.start_us) + u64::from(record.duration_us));
    Duration::from_micros(ends.max().unwrap_or(0))
}
