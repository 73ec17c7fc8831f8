//! How far the scan has come, told now and then, so that another run can go on from there.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Checkpoint, EventBody, OpenName, OpenWork};
use crate::targets::Permutation;

use super::engine::Engine;
use super::lookups::LookupTask;
use crate::prober::Prober;

/// No more often than this: of 65,536 silent addresses each takes some milliseconds to make.
pub(super) const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

impl<P: Prober> Engine<P> {
    /// Tells how far the scan has come, when it is time and something changed.
    pub(super) async fn tell_checkpoint(&mut self, now: Instant) {
        if now < self.next_checkpoint {
            return;
        }
        self.next_checkpoint = now + CHECKPOINT_EVERY;
        let checkpoint = self.checkpoint();
        if self.told_checkpoint.as_ref() != Some(&checkpoint) {
            self.told_checkpoint = Some(checkpoint.clone());
            self.emit(EventBody::Checkpoint(checkpoint)).await;
        }
    }

    /// How far the scan has come.
    pub(super) fn checkpoint(&self) -> Checkpoint {
        let flights = self.in_flight.values().filter(|flight| !flight.void);
        let open = self.queue.open(
            &self.targets,
            flights.map(|flight| flight.job),
            self.rounds.last(),
        );
        let asking = self.looking.values().filter_map(LookupTask::target);
        let names = asking.chain(self.retries.targets());
        let mut names: Vec<OpenName> = names
            .map(|target| OpenName {
                name: target.name.as_str().into(),
                port: target.port,
            })
            .collect();
        names.sort_unstable();
        let hosts = self.looking.values().filter_map(LookupTask::endpoint);
        let hosts = hosts
            .chain(self.name_jobs.iter().map(|job| job.endpoint))
            .chain(self.retries.hosts());
        let (lookups, lookups_elsewhere) = self.queue.places(&self.targets, hosts);
        Checkpoint {
            permutation: Permutation::VERSION,
            cursor: self.queue.cursor(),
            names_asked: (self.targets.names().len() - self.unresolved.len()) as u64,
            open: OpenWork {
                names,
                lookups,
                lookups_elsewhere,
                ..open
            },
            endpoints_probed: self.tally.probed(),
            answered_on_retry: self.tally.late(),
            unlisted: self.tally.unlisted(),
        }
    }
}
