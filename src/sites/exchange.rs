//! What a coordinator does with the two streams: it gives shards out, asks what has become of them, and reads their events.

use std::time::Duration;

use async_nats::jetstream::stream::RawMessageErrorKind;
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::subjects;
use super::transport::{ANSWER, Transport, schema_of};
use super::work::Work;
use crate::model::{ScanId, Site};

/// How often NATS is tried again when it does not respond.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// A shard that was given out, or was to be.
pub(super) struct Given {
    pub(super) site: Site,
    pub(super) shard: u32,
    /// Its place in the stream of work.
    pub(super) stored: Result<u64, String>,
}

pub(super) async fn give(transport: Transport, work: Work) -> Given {
    let subject = subjects::work(&work.site, work.scan);
    let id = format!(
        "{}/{}/{}/{}",
        work.scan, work.site, work.shard, work.earlier_deliveries
    );
    let stored = match work.to_bytes() {
        Ok(bytes) => transport.store(subject, &id, bytes).await,
        Err(error) => Err(error.to_string()),
    };
    Given {
        site: work.site,
        shard: work.shard,
        stored,
    }
}

/// Where a shard is that was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It waits, or a worker has it.
    Open,
    /// It waits, and nobody is given it any more.
    Abandoned,
    /// It is acknowledged or deleted. All that was observed of it is up to this place of the stream of events.
    Gone { last: u64 },
}

/// What became of the shard at this place; `None` when NATS does not say.
pub(super) async fn fate(
    transport: Transport,
    scan: ScanId,
    site: Site,
    place: u64,
) -> (u64, Option<Fate>) {
    let asked = async {
        let work = transport.context.get_stream_no_info(subjects::WORK).await;
        let work = work.ok()?;
        let consumer = work.consumer_info(subjects::consumer(&site)).await.ok()?;
        let is_abandoned =
            consumer.num_ack_pending == 0 && consumer.delivered.stream_sequence >= place;
        match work.get_raw_message(place).await {
            Ok(_) if is_abandoned => return Some(Fate::Abandoned),
            Ok(_) => return Some(Fate::Open),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {}
            Err(_) => return None,
        }
        // It is acknowledged after its events.
        let events = transport.context.get_stream_no_info(subjects::EVENTS).await;
        let subject = subjects::events(scan, &site);
        let last = events.ok()?.get_last_raw_message_by_subject(&subject).await;
        match last {
            Ok(message) => Some(Fate::Gone {
                last: message.sequence,
            }),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {
                Some(Fate::Gone { last: 0 })
            }
            Err(_) => None,
        }
    };
    let fate = timeout(2 * ANSWER, asked).await.ok().flatten();
    (place, fate)
}

/// A message of a worker.
pub(super) struct Received {
    pub(super) place: u64,
    pub(super) subject: String,
    pub(super) schema: String,
    pub(super) payload: Vec<u8>,
}

/// Reads the events of a scan in the order of the stream, whatever happens to the server. `None` stands behind all that were stored when
/// it began.
pub(super) async fn read_events(
    transport: Transport,
    scan: ScanId,
    sender: mpsc::Sender<Option<Received>>,
) {
    let mut next = 1;
    let mut is_behind = true;
    loop {
        let opened = timeout(2 * ANSWER, transport.events_from(scan, next)).await;
        if let Ok(Ok((waiting, mut messages))) = opened {
            is_behind = is_behind && (waiting > 0 || sender.send(None).await.is_err());
            while let Some(Ok(message)) = messages.next().await {
                let Ok((place, pending)) = message
                    .info()
                    .map(|info| (info.stream_sequence, info.pending))
                else {
                    continue;
                };
                next = place + 1;
                let received = Received {
                    place,
                    subject: message.subject.to_string(),
                    schema: schema_of(message.headers.as_ref()).to_owned(),
                    payload: message.payload.to_vec(),
                };
                if sender.send(Some(received)).await.is_err() {
                    return;
                }
                is_behind = is_behind && (pending > 0 || sender.send(None).await.is_err());
            }
        }
        sleep(RETRY).await;
    }
}
