//! The last events of a scan: what is left without an answer, and the counts.

use std::collections::BTreeSet;

use super::{Engine, Output};
use crate::model::{Endpoint, EventBody, HostKey, ScanEnd, ScanStatus};
use crate::targets::NameTarget;

impl Engine {
    /// Nothing more is to come.
    pub(in crate::scan) fn finish(&mut self, status: ScanStatus) -> ScanEnd {
        let is_complete = status == ScanStatus::Complete;
        let silent = is_complete.then(|| {
            let unlisted = self.counts.unlisted().filtered;
            self.discovery.queue.silent().max(unlisted)
        });
        let own = [
            self.in_flight.load.finish(),
            self.discovery.loss.notice(silent),
        ];
        for notice in own.into_iter().flatten() {
            self.notice(notice);
        }
        // What an interrupted scan drops now stays open for one that is resumed from here.
        let interrupted = (!is_complete).then(|| self.checkpoint());
        self.emit_not_looked_up(is_complete);
        let reported = if is_complete {
            0
        } else {
            self.emit_not_reached()
        };
        self.outputs.push_back(Output::PublishEnd);
        let checkpoint = interrupted.unwrap_or_else(|| self.checkpoint());
        self.emit(EventBody::Checkpoint(checkpoint));
        let elsewhere = self.hosts.iter().filter(|(endpoint, _)| {
            !self.targets.contains(*endpoint)
                && !self.counts.was_tried(*endpoint)
                && self.hosts.newest_attempt(*endpoint) == 0
        });
        let untried = self.counts.untried() + elsewhere.count() as u64;
        let end = ScanEnd {
            status,
            endpoints_probed: self.counts.probed(),
            unlisted: self.counts.unlisted(),
            answered_on_retry: self.counts.late(),
            not_reached: untried.saturating_sub(reported),
        };
        self.finished = Some(end);
        self.emit(EventBody::ScanFinished(end));
        end
    }

    /// Names for which no resolver had an answer, and the resolvers that never gave one.
    fn emit_not_looked_up(&mut self, is_complete: bool) {
        for (target, lookups) in self.lookups.take_unanswered(is_complete) {
            self.emit_target(&target, Vec::new(), Vec::new(), lookups);
        }
        for job in self.lookups.take_waiting() {
            self.emit(EventBody::NamesChecked {
                endpoint: job.endpoint,
                attempt: job.attempt,
                names: job.names,
                lookups: Vec::new(),
                excluded: Vec::new(),
            });
        }
        for notice in self.lookups.final_notices() {
            self.emit(EventBody::Notice(notice));
        }
    }

    /// What the user listed and was never reached gets a row each: without one it would read as if it had not been listed.
    /// Returns how many of them are endpoints never tried. Ranges are only counted.
    fn emit_not_reached(&mut self) -> u64 {
        let names = self.lookups.take_not_reached();
        let targets = self.targets.clone();
        for NameTarget { name, port } in targets.names().iter().filter(|name| names.contains(name))
        {
            let host = HostKey::Unresolved {
                name: name.clone(),
                port: *port,
            };
            self.emit(EventBody::NotReached { host });
        }
        let by_name = self.hosts.iter().filter(|(_, host)| host.is_listed());
        let mut listed: BTreeSet<Endpoint> = by_name.map(|(endpoint, _)| endpoint).collect();
        listed.extend(targets.listed());
        listed.retain(|endpoint| {
            self.hosts.newest_attempt(*endpoint) == 0 && !targets.is_excluded(endpoint.address)
        });
        let never_tried = |endpoint: &&Endpoint| !self.counts.was_tried(**endpoint);
        let count = listed.iter().filter(never_tried).count() as u64;
        for endpoint in listed {
            let host = HostKey::Endpoint(endpoint);
            self.emit(EventBody::NotReached { host });
        }
        count
    }
}
