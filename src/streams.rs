//! Standard output, standard error and pipes, each written by a thread of its own: a reader that stalls or a terminal that is frozen
//! blocks that thread alone. Once the process is stopping, unread output is dropped.

use std::convert::Infallible;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock;

/// Bytes that wait before a writer has to.
const MOST_PENDING: usize = 256 * 1024;
/// Bytes of one write, after which the reader has shown that it reads.
const SLICE: usize = 8 * 1024;
/// After a stop: how long a reader may take nothing.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often a writer that waits looks for a stop.
const LOOK: Duration = Duration::from_millis(50);

/// When the process was asked to stop, and when to stop at once.
static STOP: Mutex<(Option<Instant>, Option<Instant>)> = Mutex::new((None, None));

/// From now on, a stream whose reader takes nothing is dropped.
pub fn stop() {
    lock(&STOP).0.get_or_insert_with(clock::monotonic);
}

/// Whether another program has the terminal.
static LENT: AtomicBool = AtomicBool::new(false);

/// Another program has the terminal, or has it no longer.
pub fn lend(lent: bool) {
    LENT.store(lent, Ordering::SeqCst);
}

/// Whether another program has the terminal: Ctrl-C is meant for it then.
#[must_use]
pub fn is_lent() -> bool {
    LENT.load(Ordering::SeqCst)
}

/// Whether the process was asked to stop.
#[must_use]
pub fn is_stopping() -> bool {
    lock(&STOP).0.is_some()
}

/// What is not taken shortly is dropped, also where the reader reads.
pub fn stop_at_once() {
    lock(&STOP).1.get_or_insert_with(clock::monotonic);
}

/// Standard output.
#[must_use]
pub fn stdout() -> Stream {
    static OUT: LazyLock<Stream> = LazyLock::new(|| Stream::open(|| Ok(io::stdout())));
    OUT.clone()
}

/// Standard error.
#[must_use]
pub fn stderr() -> Stream {
    static ERR: LazyLock<Stream> = LazyLock::new(|| Stream::open(|| Ok(io::stderr())));
    ERR.clone()
}

/// Waits until both have been written, or are dropped.
pub fn finish() {
    // The writer has had the error.
    drop(stdout().flush());
    drop(stderr().flush());
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A writer to a thread of its own. `flush` waits for the thread, and has its errors.
#[derive(Debug, Clone)]
pub struct Stream(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    pending: Vec<u8>,
    /// The thread is writing.
    busy: bool,
    /// When the reader last took something, or got something to take.
    moved: Option<Instant>,
    error: Option<io::Error>,
}

impl Stream {
    /// Writes to what `open` returns, which may block as well: a pipe is opened once it has a reader.
    pub fn open<W: Write>(open: impl FnOnce() -> io::Result<W> + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let served = Arc::clone(&shared);
        // Ends with the process, or with an error.
        std::thread::spawn(move || {
            let Err(error): io::Result<Infallible> = open().and_then(|mut writer| {
                loop {
                    served.write_pending(&mut writer)?;
                }
            });
            served.fail(error);
        });
        Self(shared)
    }

    /// Whether something is not taken yet. Writing less than a quarter of a megabyte never blocks where nothing is.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        lock(&self.0.state).is_busy()
    }
}

impl State {
    const fn is_busy(&self) -> bool {
        self.busy || !self.pending.is_empty()
    }

    /// Whether the process has to stop and the reader does not read.
    fn is_dropped(&self) -> bool {
        let (stop, at_once) = *lock(&STOP);
        let stalled = stop.map(|stop| self.moved.map_or(stop, |moved| moved.max(stop)));
        let is_over = |since: Instant| since.elapsed() >= PATIENCE;
        stalled.is_some_and(is_over) || at_once.is_some_and(is_over)
    }

    fn failed(&self) -> Option<io::Error> {
        let error = self.error.as_ref()?;
        Some(match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(error.kind(), error.to_string()),
        })
    }
}

impl Shared {
    /// Waits for the next bytes and writes them.
    fn write_pending(&self, writer: &mut impl Write) -> io::Result<()> {
        let mut state = lock(&self.state);
        while state.pending.is_empty() {
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        let bytes = std::mem::take(&mut state.pending);
        state.busy = true;
        drop(state);
        for slice in bytes.chunks(SLICE) {
            writer.write_all(slice)?;
            lock(&self.state).moved = Some(clock::monotonic());
        }
        writer.flush()?;
        let mut state = lock(&self.state);
        state.busy = false;
        state.moved = Some(clock::monotonic());
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    fn fail(&self, error: io::Error) {
        let mut state = lock(&self.state);
        state.error = Some(error);
        state.pending.clear();
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until `is_ready`, an error of the stream, or a stop that the reader does not live to see.
    fn wait(&self, is_ready: impl Fn(&State) -> bool) -> io::Result<MutexGuard<'_, State>> {
        let mut state = lock(&self.state);
        loop {
            if let Some(error) = state.failed() {
                return Err(error);
            }
            if is_ready(&state) {
                return Ok(state);
            }
            if state.is_dropped() {
                let words = "its reader takes nothing";
                return Err(io::Error::new(io::ErrorKind::TimedOut, words));
            }
            let waited = self.changed.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.wait(|state| state.pending.len() < MOST_PENDING)?;
        if !state.is_busy() {
            // The reader has had nothing to take until now.
            state.moved = Some(clock::monotonic());
        }
        let taken = bytes.len().min(MOST_PENDING);
        state
            .pending
            .extend_from_slice(bytes.get(..taken).unwrap_or(bytes));
        drop(state);
        self.0.changed.notify_all();
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.wait(|state| !state.is_busy()).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Takes what it is allowed to.
    struct Gate(mpsc::Receiver<io::Result<()>>, mpsc::SyncSender<Vec<u8>>);

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .recv()
                .unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))?;
            self.1.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gate() -> (
        Stream,
        mpsc::SyncSender<io::Result<()>>,
        mpsc::Receiver<Vec<u8>>,
    ) {
        let (open, gate) = mpsc::sync_channel(8);
        let (taken, received) = mpsc::sync_channel(8);
        (Stream::open(|| Ok(Gate(gate, taken))), open, received)
    }

    #[test]
    fn a_write_does_not_wait_for_the_reader_and_a_flush_does() {
        let (mut stream, open, received) = gate();
        stream.write_all(b"one").unwrap();
        assert!(stream.is_busy());
        open.send(Ok(())).unwrap();
        stream.flush().unwrap();
        assert!(!stream.is_busy());
        assert_eq!(received.recv().unwrap(), b"one");
    }

    #[test]
    fn an_error_is_that_of_the_next_flush_and_of_all_that_follows() {
        let (mut stream, open, _received) = gate();
        open.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        stream.write_all(b"one").unwrap();
        for _ in 0..2 {
            assert_eq!(
                stream.flush().unwrap_err().kind(),
                io::ErrorKind::StorageFull
            );
        }
        assert!(stream.write_all(b"two").is_err());
    }

    #[test]
    fn what_cannot_be_opened_fails_as_it_is_written() {
        let mut stream = Stream::open(|| Err::<io::Sink, _>(io::ErrorKind::NotFound.into()));
        let written = stream.write_all(b"one").and_then(|()| stream.flush());
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
