//! Writes events as NDJSON while they pass from the scan to the screen or the progress line.

use std::io::{self, Write};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::model::ScanEvent;
use crate::scan::EVENT_CAPACITY;
use crate::{platform, record};

pub(super) type Live = record::Writer<Box<dyn Write + Send>>;

/// How the recording ended.
#[derive(Debug)]
pub(super) enum Recorded {
    Complete,
    /// The reader closed the pipe, as `| head` does, and the scan was stopped.
    ReaderGone,
    /// Events are missing from here on; the scan went on.
    Failed(io::Error),
}

/// How a recording ended, and its writer, if that takes more.
pub(super) type Ended = (Recorded, Option<Live>);

/// Writes every event and passes it on. A writer that fails loses no event for the screen: the scan stops gently where the reader
/// has gone, and goes on otherwise. The result comes when the stream has ended.
///
/// A thread of its own, so that a reader that stalls blocks only the scan.
pub(super) fn record(
    mut events: mpsc::Receiver<ScanEvent>,
    live: Live,
    stop: CancellationToken,
) -> (mpsc::Receiver<ScanEvent>, oneshot::Receiver<Ended>) {
    let (forward, receiver) = mpsc::channel(EVENT_CAPACITY);
    let (result, outcome) = oneshot::channel();
    std::thread::spawn(move || {
        let mut live = Some(live);
        let mut forward = Some(forward);
        let mut recorded = Recorded::Complete;
        while let Some(event) = events.blocking_recv() {
            if let Some(writer) = &mut live {
                let written = writer.write(&event).and_then(|()| {
                    // Events that are already queued share one write.
                    if events.is_empty() {
                        writer.flush()
                    } else {
                        Ok(())
                    }
                });
                if let Err(error) = written {
                    live = None;
                    recorded = if platform::reader_is_gone(&error) {
                        stop.cancel();
                        Recorded::ReaderGone
                    } else {
                        Recorded::Failed(error)
                    };
                }
            }
            // The screen was closed; the recording goes on to the end.
            if let Some(listener) = &forward
                && listener.blocking_send(event).is_err()
            {
                forward = None;
            }
        }
        if let Some(Err(error)) = live.as_mut().map(record::Writer::flush) {
            live = None;
            if !platform::reader_is_gone(&error) {
                recorded = Recorded::Failed(error);
            }
        }
        // There is no receiver when the process ends at once.
        drop(result.send((recorded, live)));
    });
    (receiver, outcome)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{EventBody, Notice, Origin, ScanId, Site};

    /// A writer that fails with this error.
    struct Refuses(io::ErrorKind);

    impl Write for Refuses {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    /// Records one event with a writer that fails; returns how it ended, and whether the scan was stopped.
    async fn record_failing(kind: io::ErrorKind) -> (Recorded, bool) {
        let (sender, events) = mpsc::channel(1);
        let origin = Origin::new(ScanId::new(Timestamp::UNIX_EPOCH, 0), Site::of_machine(""));
        let body = EventBody::Notice(Notice::NoIpv6Route);
        let event = ScanEvent::new(&origin, 0, Timestamp::UNIX_EPOCH, body);
        let stop = CancellationToken::new();
        let live: Box<dyn Write + Send> = Box::new(Refuses(kind));
        let (mut events, outcome) = record(events, record::Writer::new(live), stop.clone());
        sender.send(event.clone()).await.unwrap();
        drop(sender);
        assert_eq!(events.recv().await, Some(event), "no event is lost");
        assert_eq!(events.recv().await, None);
        (outcome.await.unwrap().0, stop.is_cancelled())
    }

    #[tokio::test]
    async fn a_closed_pipe_stops_the_scan_and_loses_no_event() {
        let (recorded, stopped) = record_failing(io::ErrorKind::BrokenPipe).await;
        assert!(matches!(recorded, Recorded::ReaderGone) && stopped);
    }

    #[tokio::test]
    async fn a_full_disk_stops_no_scan() {
        let (recorded, stopped) = record_failing(io::ErrorKind::StorageFull).await;
        assert!(matches!(recorded, Recorded::Failed(_)) && !stopped);
    }
}
