//! The events of a shard as messages: a worker publishes what its engine emits, but for what is the coordinator's to say.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::model::EVENT_SCHEMA;
use crate::model::{Checkpoint, EventBody, HostKey, Notice, OpenWork, Origin, ScanEvent};
use crate::record::{append_line, schema};

/// Bytes after which a message is full. NATS takes 1 MiB unless it is set up otherwise.
const FULL: usize = 256 * 1024;
/// The most bytes of a message that is read.
const LONGEST: usize = 8 << 20;
/// Bytes of a message's headers, which count as its own.
pub(super) const HEADERS: usize = 1024;

/// Turns the events of an engine into those of a shard, in batches.
#[derive(Debug)]
pub struct Batcher {
    origin: Origin,
    /// The most bytes that a message may have.
    most: usize,
    full: VecDeque<Batch>,
    seq: u64,
    first: u64,
    lines: Vec<u8>,
    has_ended: bool,
}

/// Events in one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The same for the same events, so that a message that is sent twice is kept once.
    pub id: String,
    pub lines: Vec<u8>,
    pub events: u64,
}

impl Batcher {
    /// `max_payload` is the server's limit for a message.
    #[must_use]
    pub fn new(origin: Origin, max_payload: usize) -> Self {
        Self {
            origin,
            most: max_payload.saturating_sub(HEADERS).min(LONGEST),
            full: VecDeque::new(),
            seq: 0,
            first: 0,
            lines: Vec::new(),
            has_ended: false,
        }
    }

    /// Adds an event, under a number of its own. The plan is the coordinator's, and of a checkpoint only the counts matter: a shard
    /// that breaks off begins again.
    pub fn add(&mut self, event: ScanEvent) {
        let ScanEvent { at, mut body, .. } = event;
        match &mut body {
            EventBody::ScanStarted(_) | EventBody::WorkPlanned(_) => return,
            EventBody::Checkpoint(Checkpoint { open, .. }) => *open = OpenWork::default(),
            EventBody::ScanFinished(_) => self.has_ended = true,
            _ => {}
        }
        let host = host_of(&body);
        if self.append(at, body) {
            return;
        }
        // What no message can hold is not known, and must not look as if nothing had been there.
        let what = host.as_ref().map_or("an event".to_owned(), |host| {
            format!("what was observed of {host}")
        });
        let detail = format!("{what} is longer than a message of NATS can be").into();
        self.append(at, EventBody::Notice(Notice::InternalError { detail }));
        if let Some(host) = host {
            self.append(at, EventBody::NotReached { host });
        }
    }

    /// False when no message can hold it.
    fn append(&mut self, at: Timestamp, body: EventBody) -> bool {
        let event = ScanEvent::new(&self.origin, self.seq, at, body);
        let before = self.lines.len();
        let is_appended = append_line(&mut self.lines, &event).is_ok();
        if !is_appended || self.lines.len() - before > self.most {
            self.lines.truncate(before);
            return false;
        }
        if before > 0 && self.lines.len() > FULL.min(self.most) {
            let last = self.lines.split_off(before);
            let full = self.rest();
            self.full.extend(full);
            self.lines = last;
        }
        self.seq += 1;
        true
    }

    #[must_use]
    pub fn is_full(&self) -> bool {
        !self.full.is_empty() || self.lines.len() >= FULL
    }

    /// The last event of the shard was added.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The next message of what was added; `None` when all of it was taken.
    pub fn take(&mut self) -> Option<Batch> {
        let full = self.full.pop_front();
        full.or_else(|| self.rest())
    }

    fn rest(&mut self) -> Option<Batch> {
        if self.lines.is_empty() {
            return None;
        }
        let Origin {
            scan, site, stream, ..
        } = &self.origin;
        let first = std::mem::replace(&mut self.first, self.seq);
        Some(Batch {
            id: format!("{scan}/{site}/{stream}/{first}"),
            lines: std::mem::take(&mut self.lines),
            events: self.seq - first,
        })
    }
}

/// The host that an event is about.
fn host_of(body: &EventBody) -> Option<HostKey> {
    match body {
        EventBody::AttemptFinished { attempt, .. } => Some(HostKey::Endpoint(attempt.endpoint)),
        EventBody::NamesChecked { endpoint, .. } => Some(HostKey::Endpoint(*endpoint)),
        EventBody::TargetResolved { name, port, .. } => Some(HostKey::Unresolved {
            name: name.to_string(),
            port: *port,
        }),
        _ => None,
    }
}

/// The events of a message.
#[derive(Debug, Default)]
pub struct Events {
    pub events: Vec<ScanEvent>,
    /// Lines that are no events.
    pub damaged: u64,
}

/// Reads a message that says that it is of a schema; `None` for another version.
#[must_use]
pub fn read(schema: &str, lines: &[u8]) -> Option<Events> {
    use schema::Compatibility::{NewerMinor, Same};
    let is_newer = match schema::compare(schema, EVENT_SCHEMA) {
        Same => false,
        NewerMinor => true,
        _ => return None,
    };
    let mut read = Events::default();
    if lines.len() > LONGEST {
        read.damaged = 1;
        return Some(read);
    }
    for line in lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        match serde_json::from_slice(line) {
            Ok(event) => read.events.push(event),
            // An event that a newer version has added.
            Err(error) if is_newer && error.is_data() => {}
            Err(_) => read.damaged += 1,
        }
    }
    Some(read)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::kit;
    use crate::model::{Site, Stream};

    fn batcher() -> Batcher {
        let scan = "20261201T110000Z-00c0ffee".parse().unwrap();
        let site: Site = "berlin".parse().unwrap();
        let origin = Origin {
            stream: Stream::Shard {
                number: 7,
                delivery: 2,
            },
            ..Origin::new(scan, site)
        };
        Batcher::new(origin, 1 << 20)
    }

    /// An event of about this many bytes.
    fn long(bytes: usize) -> ScanEvent {
        let detail = "x".repeat(bytes).into();
        event(0, EventBody::Notice(Notice::NatsDown { detail }))
    }

    fn taken(batcher: &mut Batcher) -> Vec<Batch> {
        std::iter::from_fn(|| batcher.take()).collect()
    }

    /// As an engine emits it.
    fn event(seq: u64, body: EventBody) -> ScanEvent {
        let scan = "20261201T110000Z-00c0ffee".parse().unwrap();
        let origin = Origin::new(scan, Site::of_machine(""));
        ScanEvent::new(&origin, seq, Timestamp::UNIX_EPOCH, body)
    }

    #[test]
    fn events_are_numbered_without_gaps_and_belong_to_the_shard() {
        let mut batcher = batcher();
        assert_eq!(batcher.take(), None);
        batcher.add(event(0, EventBody::WorkPlanned(std::sync::Arc::default())));
        batcher.add(event(1, EventBody::Notice(Notice::NoIpv6Route)));
        batcher.add(event(2, EventBody::Checkpoint(Checkpoint::default())));
        let first = batcher.take().unwrap();
        batcher.add(event(3, EventBody::Notice(Notice::TimeLimit)));
        let second = batcher.take().unwrap();
        assert_eq!(first.id, "20261201T110000Z-00c0ffee/berlin/shard-7-2/0");
        assert_eq!(second.id, "20261201T110000Z-00c0ffee/berlin/shard-7-2/2");
        let lines = [first.lines, second.lines].concat();
        let read = read(EVENT_SCHEMA, &lines).unwrap();
        let seqs: Vec<u64> = read.events.iter().map(|event| event.seq).collect();
        assert_eq!((seqs, read.damaged), (vec![0, 1, 2], 0));
        assert!(
            read.events
                .iter()
                .all(|event| event.site.as_str() == "berlin")
        );
    }

    #[test]
    fn another_version_is_refused_and_damage_is_counted() {
        let mut batcher = batcher();
        batcher.add(event(0, EventBody::Notice(Notice::NoIpv6Route)));
        let Batch { mut lines, .. } = batcher.take().unwrap();
        lines.extend(b"{\"scan\":1}\nnonsense\n");
        assert!(read("rdpscan.events/2", &lines).is_none());
        assert!(read("", &lines).is_none());
        let both = read(EVENT_SCHEMA, &lines).unwrap();
        assert_eq!((both.events.len(), both.damaged), (1, 2));
        let newer = read("rdpscan.events/1.9", &lines).unwrap();
        assert_eq!((newer.events.len(), newer.damaged), (1, 1));
    }

    #[test]
    fn many_events_at_once_are_several_messages_that_the_server_takes() {
        let mut batcher = batcher();
        for _ in 0..512 {
            batcher.add(long(4_000));
        }
        batcher.add(event(0, EventBody::ScanFinished(kit::end(1))));
        assert!(batcher.is_full() && batcher.has_ended());
        let messages = taken(&mut batcher);
        assert!(messages.iter().all(|batch| batch.lines.len() <= FULL));
        assert_eq!(messages.iter().map(|batch| batch.events).sum::<u64>(), 513);
        let lines: Vec<u8> = messages.into_iter().flat_map(|batch| batch.lines).collect();
        let seqs = read(EVENT_SCHEMA, &lines).unwrap().events;
        assert!(seqs.iter().map(|event| event.seq).eq(0..513));
    }

    #[test]
    fn a_message_is_no_longer_than_the_server_takes_with_its_headers() {
        let most = 40_000;
        let Batcher { origin, .. } = batcher();
        let mut batcher = Batcher::new(origin, most);
        for bytes in [30_000, 15_000, 38_000, 100] {
            batcher.add(long(bytes));
        }
        let messages = taken(&mut batcher);
        assert_eq!(messages.len(), 4 - 1);
        assert!(messages.iter().all(|one| one.lines.len() + HEADERS <= most));
    }

    #[test]
    fn what_no_message_can_hold_is_a_host_that_was_not_probed_and_a_notice() {
        let Batcher { origin, .. } = batcher();
        let mut batcher = Batcher::new(origin, 4_096);
        let mut attempt = kit::attempt_at(kit::endpoint("10.0.0.5"));
        attempt.sni = Some("x".repeat(5_000).into());
        batcher.add(event(0, kit::attempt_finished(attempt)));
        batcher.add(event(1, EventBody::ScanFinished(kit::end(1))));
        let lines: Vec<u8> = taken(&mut batcher)
            .into_iter()
            .flat_map(|batch| batch.lines)
            .collect();
        let events = read(EVENT_SCHEMA, &lines).unwrap().events;
        assert!(events.iter().map(|event| event.seq).eq(0..3));
        let [notice, host, _] = &*events else {
            panic!("{events:?}");
        };
        let EventBody::Notice(notice @ Notice::InternalError { .. }) = &notice.body else {
            panic!("{notice:?}");
        };
        assert!(
            notice.to_string().contains("10.0.0.5:3389 is longer"),
            "{notice}"
        );
        assert!(matches!(&host.body, EventBody::NotReached { .. }));
    }
}
