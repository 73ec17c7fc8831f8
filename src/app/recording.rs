//! Events are written as they come, on the way from the scan to whoever shows it.

use std::io::{self, Write};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::model::ScanEvent;
use crate::scan::EVENT_CAPACITY;
use crate::{platform, record};

/// Where events go as they come.
pub(super) type Live = record::Writer<Box<dyn Write + Send>>;

/// What became of the events that were to be written as they came.
#[derive(Debug)]
pub(super) enum Recorded {
    /// Whoever wanted them has them all.
    Whole,
    /// Their reader went away, as `| head` does: the scan stopped, since nobody was left to hear of it.
    Enough,
    /// They could not be written from here on; the scan went on.
    Lost(io::Error),
}

/// Writes every event that comes and hands it on. When `live` takes no more, the scan is not lost: it stops gently where the
/// reader has gone away, and goes on where there was trouble. What became of it is told when the stream has ended.
///
/// On a thread of its own: a reader that stalls stops the scan, and nothing else.
pub(super) fn record(
    mut events: mpsc::Receiver<ScanEvent>,
    live: Live,
    stop: CancellationToken,
) -> (mpsc::Receiver<ScanEvent>, oneshot::Receiver<Recorded>) {
    let (handed_on, receiver) = mpsc::channel(EVENT_CAPACITY);
    let (told, outcome) = oneshot::channel();
    std::thread::spawn(move || {
        let mut live = Some(live);
        let mut handed_on = Some(handed_on);
        let mut recorded = Recorded::Whole;
        while let Some(event) = events.blocking_recv() {
            if let Some(writer) = &mut live {
                let written = writer.write(&event).and_then(|()| {
                    // More is waiting: one write for all of it.
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
                        Recorded::Enough
                    } else {
                        Recorded::Lost(error)
                    };
                }
            }
            // Whoever listened has left; the recording goes on to the end.
            if let Some(listener) = &handed_on
                && listener.blocking_send(event).is_err()
            {
                handed_on = None;
            }
        }
        if let Some(Err(error)) = live.map(|mut writer| writer.flush())
            && !platform::reader_is_gone(&error)
        {
            recorded = Recorded::Lost(error);
        }
        // Nobody asks when the process is told to end at once.
        drop(told.send(recorded));
    });
    (receiver, outcome)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{EventBody, Notice, Origin, ScanId, Site};

    /// Takes nothing, for this reason.
    struct Refuses(io::ErrorKind);

    impl Write for Refuses {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    /// Records one event while its writing fails; gives what became of it, and whether the scan was told to stop.
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
        (outcome.await.unwrap(), stop.is_cancelled())
    }

    #[tokio::test]
    async fn a_reader_that_goes_away_stops_the_scan_and_loses_no_event() {
        let (recorded, stopped) = record_failing(io::ErrorKind::BrokenPipe).await;
        assert!(matches!(recorded, Recorded::Enough) && stopped);
    }

    #[tokio::test]
    async fn a_disk_that_is_full_stops_no_scan() {
        let (recorded, stopped) = record_failing(io::ErrorKind::StorageFull).await;
        assert!(matches!(recorded, Recorded::Lost(_)) && !stopped);
    }
}
