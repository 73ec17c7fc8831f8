use tokio::time::Instant;

use crate::clock;
use crate::model::{Endpoint, Outcome, ProbeKind, Stage, StageRecord};

/// The stages of an attempt as they happen, on the monotonic clock.
///
/// INVARIANT: every stage that begins is ended, so that none is missing from the record.
#[derive(Debug)]
pub(super) struct Timeline {
    endpoint: Endpoint,
    probe: ProbeKind,
    zero: Instant,
    stages: Vec<StageRecord>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    stage: Stage,
    start_us: u32,
    start: Instant,
}

impl Begun {
    pub(super) fn elapsed_us(&self) -> u32 {
        clock::micros_since(self.start)
    }
}

impl Timeline {
    pub(super) const fn new(endpoint: Endpoint, probe: ProbeKind, zero: Instant) -> Self {
        Self {
            endpoint,
            probe,
            zero,
            stages: Vec::new(),
        }
    }

    pub(super) fn begin(&self, stage: Stage) -> Begun {
        Begun {
            stage,
            start_us: clock::micros_since(self.zero),
            start: clock::monotonic(),
        }
    }

    pub(super) fn end(&mut self, begun: Begun, outcome: Outcome) {
        self.end_after(begun, begun.elapsed_us(), outcome);
    }

    /// Ends a stage whose own work took so many microseconds.
    pub(super) fn end_after(&mut self, begun: Begun, duration_us: u32, outcome: Outcome) {
        self.push(StageRecord {
            stage: begun.stage,
            start_us: begun.start_us,
            duration_us,
            outcome,
        });
    }

    fn push(&mut self, record: StageRecord) {
        tracing::trace!(
            host = %self.endpoint,
            probe = ?self.probe,
            stage = %record.stage,
            after_us = record.start_us,
            took_us = record.duration_us,
            outcome = ?record.outcome,
            "stage"
        );
        self.stages.push(record);
    }

    /// Records the connect, which began at the zero of this timeline and came up.
    pub(super) fn connected(&mut self, duration_us: u32) {
        self.push(StageRecord {
            stage: Stage::Tcp,
            start_us: 0,
            duration_us,
            outcome: Outcome::Ok,
        });
    }

    pub(super) fn into_stages(self) -> Vec<StageRecord> {
        self.stages
    }
}
