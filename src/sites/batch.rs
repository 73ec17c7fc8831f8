//! The events of a shard as messages: a worker publishes what its engine emits, but for what is the coordinator's to say.

use crate::model::EVENT_SCHEMA;
use crate::model::{Checkpoint, EventBody, OpenWork, Origin, ScanEvent};
use crate::record::{append_line, schema};

/// Bytes after which a message is full. NATS takes 1 MiB unless it is set up otherwise.
const FULL: usize = 256 * 1024;
/// The most bytes of a message that is read.
const LONGEST: usize = 8 << 20;

/// Turns the events of an engine into those of a shard, in batches.
#[derive(Debug)]
pub struct Batcher {
    origin: Origin,
    seq: u64,
    first: u64,
    lines: Vec<u8>,
    events: u64,
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
    #[must_use]
    pub const fn new(origin: Origin) -> Self {
        Self {
            origin,
            seq: 0,
            first: 0,
            lines: Vec::new(),
            events: 0,
            has_ended: false,
        }
    }

    /// Adds an event, under a number of its own. The plan is the coordinator's, and of a checkpoint only the counts matter: a shard
    /// that breaks off begins again.
    pub fn add(&mut self, mut event: ScanEvent) {
        match &mut event.body {
            EventBody::ScanStarted(_) | EventBody::WorkPlanned(_) => return,
            EventBody::Checkpoint(Checkpoint { open, .. }) => *open = OpenWork::default(),
            EventBody::ScanFinished(_) => self.has_ended = true,
            _ => {}
        }
        let event = ScanEvent::new(&self.origin, self.seq, event.at, event.body);
        // What is too long for any reader stays a gap, which a reader notices.
        if append_line(&mut self.lines, &event).is_err() {
            tracing::warn!(seq = self.seq, "An event is too long to be sent");
        }
        self.seq += 1;
        self.events += 1;
    }

    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.lines.len() >= FULL
    }

    /// The last event of the shard was added.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// What was added since the last call.
    pub fn take(&mut self) -> Option<Batch> {
        if self.lines.is_empty() {
            return None;
        }
        let Origin {
            scan, site, stream, ..
        } = &self.origin;
        let id = format!("{scan}/{site}/{stream}/{}", self.first);
        self.first = self.seq;
        Some(Batch {
            id,
            lines: std::mem::take(&mut self.lines),
            events: std::mem::take(&mut self.events),
        })
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
    use crate::model::{Notice, Site, Stream};

    fn batcher() -> Batcher {
        let scan = "20261201T110000Z-00c0ffee".parse().unwrap();
        let site: Site = "berlin".parse().unwrap();
        Batcher::new(Origin {
            stream: Stream::Shard {
                number: 7,
                delivery: 2,
            },
            ..Origin::new(scan, site)
        })
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
}
