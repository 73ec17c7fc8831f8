//! A scan as the stream of its events.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::Fleet;
use rdpscan::model::{
    Attempt, Digest, EVENT_SCHEMA, EventBody, Lookup, LookupAnswer, NameSource, ObservedName,
    Question, Resolver, ScanEnd, ScanEvent, ScanPlan, ScanStatus, Stream, Texts, UnlistedCounts,
};

use super::{endpoint, leading_to};

pub(crate) fn plan() -> ScanPlan {
    ScanPlan {
        schema: EVENT_SCHEMA.into(),
        version: "0.1.0".into(),
        targets: ["10.0.0.0/24"].into_iter().collect(),
        excludes: Texts::default(),
        endpoints_planned: 256,
        names_planned: 0,
        seed: 7,
        attempts: 3,
        dns: true,
        ntlm: true,
        list_all: false,
        simulated: false,
    }
}

/// The end of a scan that probed this many endpoints, all of which are hosts.
pub(crate) fn end(endpoints_probed: u64) -> ScanEnd {
    ScanEnd {
        status: ScanStatus::Complete,
        endpoints_probed,
        unlisted: UnlistedCounts::default(),
        answered_on_retry: 0,
        not_reached: 0,
    }
}

/// An event of the scan that all scripts are about.
pub(crate) fn event(seq: u64, at: Timestamp, body: EventBody) -> ScanEvent {
    ScanEvent {
        scan: "20260121T120000Z-00c0ffee".parse().unwrap(),
        site: "admin-pc".parse().unwrap(),
        epoch: 1,
        stream: Stream::FIRST,
        seq,
        at,
        body,
    }
}

/// The fleet of these events, judged.
pub(crate) fn judged(events: impl IntoIterator<Item = ScanEvent>) -> Fleet {
    let mut fleet = Fleet::new(Policy::default());
    for event in events {
        fleet.apply(event);
    }
    fleet.settle();
    fleet
}

/// The newest attempt at a listed host, with its certificates.
pub(crate) fn attempt_finished(attempt: Attempt) -> EventBody {
    EventBody::AttemptFinished {
        certificates: attempt.certificates().cloned().collect(),
        attempt,
        listed: true,
        outside_targets: false,
        remaining: 0,
    }
}

/// A name of the targets that has no address.
pub(crate) fn unresolved(name: &str) -> EventBody {
    EventBody::TargetResolved {
        name: name.into(),
        port: 3389,
        endpoints: Vec::new(),
        excluded: Vec::new(),
        lookups: Vec::new(),
    }
}

pub(crate) fn observed(source: NameSource, name: &str) -> ObservedName {
    ObservedName {
        name: name.into(),
        source,
    }
}

/// An answer of the operating system's resolver about a name.
pub(crate) fn lookup(name: &str, answer: LookupAnswer) -> Lookup {
    Lookup {
        question: Question::Addresses(name.into()),
        resolver: Resolver::System,
        answer,
        duration_ms: 3,
    }
}

/// A reverse answer of a DNS server.
pub(crate) fn reverse(address: &str, answer: LookupAnswer) -> Lookup {
    Lookup {
        question: Question::Pointer(address.parse().unwrap()),
        resolver: Resolver::Configured,
        answer,
        duration_ms: 2,
    }
}

/// Events of one scan, numbered and a second apart.
pub(crate) struct Script {
    start: Timestamp,
    events: Vec<ScanEvent>,
    sent: HashSet<Digest<32>>,
}

impl Default for Script {
    fn default() -> Self {
        Self::starting("2026-03-01T12:00:00Z")
    }
}

impl Script {
    pub(crate) fn starting(at: &str) -> Self {
        Self {
            start: at.parse().unwrap(),
            events: Vec::new(),
            sent: HashSet::new(),
        }
    }

    pub(crate) fn push(&mut self, mut body: EventBody) {
        if let EventBody::AttemptFinished { certificates, .. } = &mut body {
            certificates.retain(|facts| self.sent.insert(facts.sha256));
        }
        let seq = self.events.len() as u64;
        let at = self.start + SignedDuration::from_secs(i64::try_from(seq).unwrap());
        self.events.push(event(seq, at, body));
    }

    pub(crate) fn attempt(&mut self, attempt: Attempt, last: bool) {
        self.push_attempt(attempt, true, false, last);
    }

    /// An attempt at an address of a range.
    pub(crate) fn swept(&mut self, attempt: Attempt, last: bool) {
        self.push_attempt(attempt, false, false, last);
    }

    /// An attempt at an address that only a name led to.
    pub(crate) fn reference(&mut self, attempt: Attempt) {
        self.push_attempt(attempt, false, true, true);
    }

    fn push_attempt(&mut self, attempt: Attempt, listed: bool, outside_targets: bool, last: bool) {
        self.push(EventBody::AttemptFinished {
            certificates: attempt.certificates().cloned().collect(),
            attempt,
            listed,
            outside_targets,
            remaining: u32::from(!last),
        });
    }

    /// The name of a host in reverse DNS and in its certificate, and the addresses to which it resolves.
    pub(crate) fn names(&mut self, address: &str, name: &str, resolves_to: &[&str]) {
        let pointer = LookupAnswer::Names {
            names: vec![name.into()],
        };
        self.push(EventBody::NamesChecked {
            endpoint: endpoint(address),
            attempt: 1,
            names: vec![
                observed(NameSource::Ptr, name),
                observed(NameSource::Certificate, name),
            ],
            lookups: vec![
                reverse(address, pointer),
                lookup(name, leading_to(resolves_to)),
            ],
            excluded: Vec::new(),
        });
    }

    pub(crate) fn take(self) -> Vec<ScanEvent> {
        self.events
    }
}
