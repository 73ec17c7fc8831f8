//! How far the scan has come, so that another run can be resumed from there.

use std::time::{Duration, Instant};

use super::Engine;
use crate::model::{Checkpoint, EventBody, OpenName, OpenWork, SilentPass};
use crate::targets::Permutation;

/// A checkpoint of 65,536 silent addresses takes some milliseconds to make.
const EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Checkpoints {
    next: Instant,
    newest: Option<Checkpoint>,
}

impl Checkpoints {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            next: now + EVERY,
            newest: None,
        }
    }
}

impl Engine {
    pub(super) fn checkpoint_if_due(&mut self, now: Instant) {
        if now < self.checkpoints.next {
            return;
        }
        self.checkpoints.next = now + EVERY;
        let checkpoint = self.checkpoint();
        if self.checkpoints.newest.as_ref() != Some(&checkpoint) {
            self.checkpoints.newest = Some(checkpoint.clone());
            self.emit(EventBody::Checkpoint(checkpoint));
        }
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        let names = self.lookups.open_targets().map(|target| OpenName {
            name: target.name.as_str().into(),
            port: target.port,
        });
        let mut names: Vec<OpenName> = names.collect();
        names.sort_unstable();
        let (last, passes) = (self.discovery.rounds.last(), self.discovery.loss.passes());
        let pass_done = || self.discovery.queue.pass_done(self.in_flight.jobs(), last);
        let (lookups, lookups_elsewhere) = self.discovery.queue.places(self.lookups.open_hosts());
        Checkpoint {
            permutation: Permutation::VERSION,
            cursor: self.discovery.queue.cursor(),
            names_asked: self.names_asked() as u64,
            open: OpenWork {
                names,
                lookups,
                lookups_elsewhere,
                ..self.discovery.queue.open(self.in_flight.jobs(), last)
            },
            pass: (passes > 0).then(|| SilentPass {
                number: passes,
                next: pass_done(),
            }),
            endpoints_probed: self.counts.probed(),
            answered_on_retry: self.counts.late(),
            unlisted: self.counts.unlisted(),
        }
    }

    /// The place of the next name to be looked up, of those of the user. Some behind it may have been scanned by the address of their
    /// row; these are asked for again.
    fn names_asked(&self) -> usize {
        let names = self.targets.names();
        let next = self.lookups.next_target();
        let place = next.and_then(|next| names.iter().position(|name| name == next));
        place.unwrap_or(names.len())
    }
}
