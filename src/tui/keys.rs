//! The reader of keys, the mouse and sizes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::Event;
use tokio::sync::mpsc;

/// How often the reader looks whether it is still wanted.
const KEY_POLL: Duration = Duration::from_millis(250);

/// Reads the terminal's events on a thread of its own.
///
/// Not through crossterm's stream: on a terminal that was closed, crossterm 0.29 reads forever inside of its poll, and a task
/// that polls the stream would never come back to write the reports. A thread that hangs ends with the process.
pub(super) struct Keys {
    pub(super) receiver: mpsc::Receiver<Event>,
    wanted: Arc<AtomicBool>,
}

impl Keys {
    /// Reads until it is dropped.
    pub(super) fn read() -> Self {
        let (sender, receiver) = mpsc::channel(64);
        let wanted = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&wanted);
        std::thread::spawn(move || {
            while asked.load(Ordering::Relaxed) {
                let event = match crossterm::event::poll(KEY_POLL) {
                    Ok(false) => continue,
                    Ok(true) => crossterm::event::read(),
                    Err(error) => Err(error),
                };
                match event {
                    Ok(event) => {
                        if sender.blocking_send(event).is_err() {
                            return;
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // No more keys. The loop takes the closed channel for a closed terminal.
                    Err(_) => return,
                }
            }
        });
        Self { receiver, wanted }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.wanted.store(false, Ordering::Relaxed);
    }
}
