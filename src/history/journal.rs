//! Writes the journal of a running scan, beside the way of its events to the screen.
//!
//! One thread numbers nothing and invents nothing: it encodes the events that pass, and hands them on. Another one writes the file,
//! so that a slow or full disk never holds the scan up: what it cannot write yet waits, up to a limit.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::folder::{self, JournalFile, JournalFolder};
use crate::model::{Notice, ScanEvent};
use crate::{clock, record};

/// Capacity for the channel of events behind the journal.
const CAPACITY: usize = 1024;
/// Events encoded at a time.
const MOST_AT_ONCE: usize = 256;
/// Lines are written at the latest after this time, or when there are so many bytes of them.
const FLUSH_AFTER: Duration = Duration::from_millis(400);
const FLUSH_AT: usize = 256 * 1024;
/// How often the disk is asked to keep what was written, whatever becomes of the power.
const SYNC_AFTER: Duration = Duration::from_secs(5);
/// How long after a failure writing is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Bytes that wait for the disk at most. Later events are left out until there is room.
const MOST_WAITING: usize = 64 * 1024 * 1024;
/// How long a journal that is dropped in an emergency may take to write what waits.
const LAST_WRITES: Duration = Duration::from_secs(1);

/// What became of a journal.
#[derive(Debug, Default)]
pub struct JournalEnd {
    /// Why the newest events could not be written, if so.
    pub failure: Option<io::Error>,
    /// Events that were left out because too many waited for the disk.
    pub left_out: u64,
}

/// The journal of a running scan. When it is dropped, what waits is written first.
#[derive(Debug)]
pub struct Journal {
    folder: JournalFolder,
    backlog: Arc<Backlog>,
    ended: oneshot::Receiver<JournalEnd>,
}

impl Journal {
    /// Where it is.
    #[must_use]
    pub const fn folder(&self) -> &JournalFolder {
        &self.folder
    }

    /// Waits until everything is written, or until `too_late`, and then a moment for what waits.
    pub async fn finish(mut self, too_late: impl Future<Output = ()>) -> JournalEnd {
        let ended = tokio::select! {
            biased;
            ended = &mut self.ended => ended.ok(),
            () = too_late => None,
        };
        ended.unwrap_or_else(|| {
            let state = self.backlog.write_now();
            JournalEnd {
                failure: (state.bytes > 0).then(|| io::Error::other("the disk does not respond")),
                left_out: state.left_out,
            }
        })
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let is_dropped = self.backlog.lock().is_urgent;
        if !is_dropped {
            drop(self.backlog.write_now());
        }
    }
}

/// Starts the journal of a scan: every event is written and passed on. Notices about the disk go to `notices`.
#[must_use]
pub fn start(
    events: mpsc::Receiver<ScanEvent>,
    file: JournalFile,
    notices: watch::Sender<Vec<Notice>>,
) -> (mpsc::Receiver<ScanEvent>, Journal) {
    let (forward, receiver) = mpsc::channel(CAPACITY);
    let (result, ended) = oneshot::channel();
    let backlog = Arc::new(Backlog::default());
    let encoded = Arc::clone(&backlog);
    std::thread::spawn(move || {
        // Also when encoding panics: the writer must not wait for more.
        let _close = CloseOnDrop(&encoded);
        pass_on(events, &forward, &encoded);
    });
    let written = Arc::clone(&backlog);
    let folder = file.folder();
    std::thread::spawn(move || {
        let mut disk = file;
        let end = write_out(&mut disk, &written, &notices, RETRY_AFTER);
        let is_whole = end.failure.is_none() && end.left_out == 0;
        if is_whole && written.lock().is_complete {
            // It stays as it is where there is no room for both.
            if let Err(error) = disk.compress() {
                tracing::warn!(%error, "The journal cannot be compressed");
            }
        }
        // There is no receiver when the process ends at once.
        drop(result.send(end));
    });
    let journal = Journal {
        folder,
        backlog,
        ended,
    };
    (receiver, journal)
}

fn pass_on(
    mut events: mpsc::Receiver<ScanEvent>,
    forward: &mpsc::Sender<ScanEvent>,
    backlog: &Backlog,
) {
    let mut batch = Vec::with_capacity(MOST_AT_ONCE);
    while events.blocking_recv_many(&mut batch, MOST_AT_ONCE) > 0 {
        let mut lines = Vec::new();
        let mut left_out = 0;
        let mut is_complete = None;
        for event in &batch {
            // An event that no reader takes is not written.
            left_out += u64::from(record::append_line(&mut lines, event).is_err());
            is_complete = Some(folder::is_complete(event));
        }
        backlog.add(lines, batch.len() as u64, left_out, is_complete);
        for event in batch.drain(..) {
            // The screen was closed; the journal goes on to the end.
            drop(forward.blocking_send(event));
        }
    }
}

/// A file that takes lines.
trait Disk {
    /// The bytes of whole lines that are kept, and what kept it from the others.
    fn append(&mut self, lines: &[u8]) -> (usize, io::Result<()>);
    fn sync(&mut self) -> io::Result<()>;
}

impl Disk for JournalFile {
    fn append(&mut self, lines: &[u8]) -> (usize, io::Result<()>) {
        Self::append(self, lines)
    }

    fn sync(&mut self) -> io::Result<()> {
        Self::sync(self)
    }
}

/// Writes what comes until the backlog is closed and empty, or the last try has failed.
fn write_out(
    disk: &mut impl Disk,
    backlog: &Backlog,
    notices: &watch::Sender<Vec<Notice>>,
    retry_after: Duration,
) -> JournalEnd {
    let mut unsynced: Option<Instant> = None;
    let mut failure: Option<io::Error> = None;
    loop {
        let sync_at = unsynced.map(|since| since + SYNC_AFTER);
        let (mut lines, is_closed) = backlog.next(sync_at);
        if !lines.is_empty() {
            let (kept, appended) = disk.append(&lines);
            if kept > 0 {
                backlog.written(kept);
                unsynced.get_or_insert_with(clock::monotonic);
                lines.drain(..kept);
            }
            match appended {
                Ok(()) => failure = None,
                Err(error) => {
                    if failure.is_none() {
                        let detail = error.to_string().into();
                        notices.send_replace(vec![Notice::JournalStopped { detail }]);
                    }
                    let was_last = is_closed && failure.is_some();
                    failure = Some(error);
                    backlog.put_back(lines);
                    if was_last {
                        break;
                    }
                    backlog.wait_until_closed(retry_after);
                    continue;
                }
            }
        }
        let is_over = is_closed && backlog.lock().bytes == 0;
        let is_due = sync_at.is_some_and(|at| at <= clock::monotonic());
        if (is_over || is_due) && unsynced.take().is_some() {
            // Some file systems have no such thing; what was written stays written.
            if let Err(error) = disk.sync() {
                tracing::warn!(%error, "The journal cannot be synced");
            }
        }
        if is_over {
            break;
        }
    }
    JournalEnd {
        failure,
        left_out: backlog.end(),
    }
}

/// Lines that wait for the disk.
#[derive(Debug, Default)]
struct Backlog {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    /// Of `waiting` and of what is being written.
    bytes: usize,
    left_out: u64,
    /// No more is to come.
    is_closed: bool,
    /// What waits is to be written at once.
    is_urgent: bool,
    /// Nothing more is written.
    is_over: bool,
    /// The newest event is the end of a complete scan.
    is_complete: bool,
}

impl Backlog {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, lines: Vec<u8>, events: u64, left_out: u64, is_complete: Option<bool>) {
        let mut state = self.lock();
        state.is_complete = is_complete.unwrap_or(state.is_complete);
        state.left_out += left_out;
        if state.bytes.saturating_add(lines.len()) > MOST_WAITING {
            state.left_out += events - left_out;
            return;
        }
        state.bytes += lines.len();
        state.waiting.push_back(lines);
        let wakes = state.bytes >= FLUSH_AT || state.waiting.len() == 1;
        drop(state);
        if wakes {
            self.changed.notify_all();
        }
    }

    /// What is to be written now, and whether no more is to come. Nothing when it is time to sync.
    fn next(&self, sync_at: Option<Instant>) -> (Vec<u8>, bool) {
        let mut state = self.lock();
        while state.waiting.is_empty() && !state.is_closed {
            let left = sync_at.map(|at| at.saturating_duration_since(clock::monotonic()));
            state = match left {
                Some(Duration::ZERO) => break,
                Some(left) => self.wait(state, left),
                None => (self.changed.wait(state)).unwrap_or_else(PoisonError::into_inner),
            };
        }
        let flush_at = clock::monotonic() + FLUSH_AFTER;
        while !state.waiting.is_empty()
            && state.bytes < FLUSH_AT
            && !state.is_closed
            && !state.is_urgent
        {
            match flush_at.saturating_duration_since(clock::monotonic()) {
                Duration::ZERO => break,
                left => state = self.wait(state, left),
            }
        }
        let lines: Vec<Vec<u8>> = state.waiting.drain(..).collect();
        (lines.concat(), state.is_closed)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, most: Duration) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout(state, most);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn written(&self, bytes: usize) {
        self.lock().bytes -= bytes;
        self.changed.notify_all();
    }

    fn put_back(&self, lines: Vec<u8>) {
        self.lock().waiting.push_front(lines);
    }

    fn wait_until_closed(&self, most: Duration) {
        let until = clock::monotonic() + most;
        let mut state = self.lock();
        while !state.is_closed {
            match until.saturating_duration_since(clock::monotonic()) {
                Duration::ZERO => break,
                left => state = self.wait(state, left),
            }
        }
    }

    /// Nothing more is written. Returns how many events were left out.
    fn end(&self) -> u64 {
        let mut state = self.lock();
        state.is_over = true;
        self.changed.notify_all();
        state.left_out
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Waits until nothing waits any more, but not for long.
    fn write_now(&self) -> MutexGuard<'_, State> {
        let until = clock::monotonic() + LAST_WRITES;
        let mut state = self.lock();
        state.is_urgent = true;
        self.changed.notify_all();
        while state.bytes > 0 && !state.is_over {
            match until.saturating_duration_since(clock::monotonic()) {
                Duration::ZERO => break,
                left => state = self.wait(state, left),
            }
        }
        state
    }
}

struct CloseOnDrop<'a>(&'a Backlog);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{end, event, now, plan};
    use crate::model::EventBody;

    /// A disk that fails as often as it is told to.
    #[derive(Default)]
    struct Fake {
        written: Vec<u8>,
        /// Bytes that still fit, where it is small.
        room: Option<usize>,
        failures: usize,
        appends: usize,
        syncs: usize,
    }

    impl Disk for Fake {
        fn append(&mut self, lines: &[u8]) -> (usize, io::Result<()>) {
            self.appends += 1;
            if self.failures > 0 {
                self.failures -= 1;
                let room = self.room.take().unwrap_or(0).min(lines.len());
                self.written.extend_from_slice(&lines[..room]);
                return (room, Err(io::ErrorKind::StorageFull.into()));
            }
            self.written.extend_from_slice(lines);
            (lines.len(), Ok(()))
        }

        fn sync(&mut self) -> io::Result<()> {
            self.syncs += 1;
            Ok(())
        }
    }

    /// Writes these chunks to a disk that fails so often; returns it, how it ended and the notices.
    fn write(chunks: &[&[u8]], failures: usize) -> (Fake, JournalEnd, Vec<Notice>) {
        let backlog = Backlog::default();
        for chunk in chunks {
            backlog.add(chunk.to_vec(), 1, 0, Some(false));
        }
        backlog.close();
        let mut disk = Fake {
            failures,
            ..Fake::default()
        };
        let (notices, watching) = watch::channel(Vec::new());
        let end = write_out(&mut disk, &backlog, &notices, Duration::ZERO);
        let given = watching.borrow().clone();
        (disk, end, given)
    }

    #[test]
    fn what_waits_is_written_in_one_piece_and_synced() {
        let (disk, end, notices) = write(&[b"a\n", b"b\n"], 0);
        assert_eq!(disk.written, b"a\nb\n");
        assert_eq!((disk.appends, disk.syncs), (1, 1));
        assert!(end.failure.is_none() && notices.is_empty());
    }

    #[test]
    fn a_disk_that_was_full_for_a_while_loses_nothing_and_is_noticed() {
        let (disk, end, notices) = write(&[b"a\n", b"b\n"], 1);
        assert_eq!(disk.written, b"a\nb\n");
        assert!(end.failure.is_none());
        assert!(matches!(&*notices, [Notice::JournalStopped { .. }]));
    }

    #[test]
    fn a_disk_with_room_for_a_part_keeps_that_and_gets_the_rest_later() {
        for failures in [1, 100] {
            let backlog = Backlog::default();
            backlog.add(b"a\nb\nc\n".to_vec(), 3, 0, Some(false));
            backlog.close();
            let mut disk = Fake {
                failures,
                room: Some(4),
                ..Fake::default()
            };
            let (notices, _) = watch::channel(Vec::new());
            let end = write_out(&mut disk, &backlog, &notices, Duration::ZERO);
            let (wanted, left): (&[u8], _) = match failures {
                1 => (b"a\nb\nc\n", 0),
                _ => (b"a\nb\n", 2),
            };
            assert_eq!(disk.written, wanted);
            assert_eq!(backlog.lock().bytes, left);
            assert_eq!(end.failure.is_some(), left > 0);
        }
    }

    #[test]
    fn a_disk_that_stays_full_is_said_at_the_end() {
        let (disk, end, _) = write(&[b"a\n"], 100);
        assert!(disk.written.is_empty());
        assert!(end.failure.is_some());
    }

    #[test]
    fn what_waits_for_the_disk_has_a_limit() {
        let backlog = Backlog::default();
        let chunk = vec![b'x'; MOST_WAITING / 4];
        for _ in 0..6 {
            backlog.add(chunk.clone(), 10, 0, None);
        }
        assert_eq!(backlog.lock().bytes, MOST_WAITING);
        assert_eq!(backlog.lock().left_out, 20);
    }

    /// The journal of the scan of an event: what goes in, and what is passed on.
    fn begun(
        folder: &JournalFolder,
        first: &ScanEvent,
    ) -> (mpsc::Sender<ScanEvent>, mpsc::Receiver<ScanEvent>, Journal) {
        let file = folder
            .create(crate::model::EpochId::new(first.scan, 1))
            .unwrap();
        let (sender, receiver) = mpsc::channel(8);
        let (notices, _) = watch::channel(Vec::new());
        let (passed, journal) = start(receiver, file, notices);
        (sender, passed, journal)
    }

    #[tokio::test]
    async fn every_event_is_passed_on_and_a_complete_scan_is_compressed() {
        let place = tempfile::tempdir().unwrap();
        let folder = JournalFolder::at(place.path().join("scans"));
        let bodies = [
            EventBody::ScanStarted(plan()),
            EventBody::ScanFinished(end(0)),
        ];
        let events = (0..).zip(bodies);
        let events: Vec<ScanEvent> = events.map(|(seq, body)| event(seq, now(), body)).collect();
        let (sender, mut passed, journal) = begun(&folder, &events[0]);
        for event in &events {
            sender.send(event.clone()).await.unwrap();
            assert_eq!(passed.recv().await.as_ref(), Some(event));
        }
        drop(sender);
        assert_eq!(passed.recv().await, None);
        let end = journal.finish(std::future::pending()).await;
        assert!(end.failure.is_none() && end.left_out == 0);
        let kept = folder.scans().unwrap();
        assert!(kept[0].is_compressed && kept.len() == 1);
        let read: Result<Vec<_>, _> = kept[0].events().unwrap().collect();
        assert_eq!(read.unwrap(), events);
    }

    #[tokio::test]
    async fn a_journal_that_is_dropped_has_written_what_came() {
        let place = tempfile::tempdir().unwrap();
        let folder = JournalFolder::at(place.path().join("scans"));
        let first = event(0, now(), EventBody::ScanStarted(plan()));
        let (sender, mut passed, journal) = begun(&folder, &first);
        sender.send(first.clone()).await.unwrap();
        passed.recv().await.unwrap();
        // The scan goes on: its channel is open.
        tokio::task::spawn_blocking(|| drop(journal)).await.unwrap();
        let kept = folder.scans().unwrap();
        let read: Result<Vec<_>, _> = kept[0].events().unwrap().collect();
        assert_eq!(read.unwrap(), [first]);
        drop(sender);
    }
}
