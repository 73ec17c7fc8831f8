use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossterm::event::Event;
use tokio::sync::mpsc;

/// How often the thread checks whether it was dropped.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// How often it checks whether the terminal is its own again.
const CLOSED_INTERVAL: Duration = Duration::from_millis(20);
/// Events forgotten when the terminal is its own again: a paste without an end must not keep the keys.
const MOST_STALE: usize = 4096;

/// Reads keys, mouse and size changes on a thread of its own, until it is dropped.
///
/// Not through crossterm's stream: on a closed terminal, crossterm 0.29 reads forever inside of its poll, and a task that polls
/// the stream would never return to write the reports. A thread that hangs ends with the process.
pub(super) struct InputReader {
    pub(super) receiver: mpsc::Receiver<Event>,
    gate: Arc<Gate>,
}

/// Keeps the reader away from the terminal while another program has it.
#[derive(Debug, Default)]
pub(super) struct Gate {
    stopped: AtomicBool,
    closed: AtomicBool,
    /// What waits was typed for the other program.
    stale: AtomicBool,
    /// Held while the reader reads.
    reading: Mutex<()>,
}

impl Gate {
    /// From the return on, nothing is read; that takes up to a poll.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        drop(self.reading.lock());
    }

    /// What was typed while it was closed is forgotten.
    pub(super) fn open(&self) {
        let was_closed = self.closed.load(Ordering::SeqCst);
        self.stale.store(was_closed, Ordering::SeqCst);
        self.closed.store(false, Ordering::SeqCst);
    }

    /// The next event; `None` where there is none yet.
    fn read(&self) -> io::Result<Option<Event>> {
        let reading = self.reading.lock();
        if self.closed.load(Ordering::SeqCst) {
            drop(reading);
            std::thread::sleep(CLOSED_INTERVAL);
            return Ok(None);
        }
        if self.stale.swap(false, Ordering::SeqCst) {
            for _ in 0..MOST_STALE {
                if !crossterm::event::poll(Duration::ZERO)? {
                    break;
                }
                crossterm::event::read()?;
            }
        }
        if !crossterm::event::poll(POLL_INTERVAL)? {
            return Ok(None);
        }
        let event = crossterm::event::read()?;
        Ok(Some(event).filter(|_| !self.closed.load(Ordering::SeqCst)))
    }
}

impl InputReader {
    pub(super) fn start() -> Self {
        let (sender, receiver) = mpsc::channel(64);
        let gate = Arc::new(Gate::default());
        let own = Arc::clone(&gate);
        std::thread::spawn(move || {
            while !own.stopped.load(Ordering::Relaxed) {
                match own.read() {
                    Ok(None) => {}
                    Ok(Some(event)) => {
                        if sender.blocking_send(event).is_err() {
                            return;
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // The event loop takes the closed channel for a closed terminal.
                    Err(_) => return,
                }
            }
        });
        Self { receiver, gate }
    }

    pub(super) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }
}

impl Drop for InputReader {
    fn drop(&mut self) {
        self.gate.stopped.store(true, Ordering::Relaxed);
    }
}
