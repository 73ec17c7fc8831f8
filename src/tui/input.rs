use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::Event;
use tokio::sync::mpsc;

/// How often the thread checks whether it was dropped.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Reads keys, mouse and size changes on a thread of its own, until it is dropped.
///
/// Not through crossterm's stream: on a closed terminal, crossterm 0.29 reads forever inside of its poll, and a task that polls
/// the stream would never return to write the reports. A thread that hangs ends with the process.
pub(super) struct InputReader {
    pub(super) receiver: mpsc::Receiver<Event>,
    stopped: Arc<AtomicBool>,
}

impl InputReader {
    pub(super) fn start() -> Self {
        let (sender, receiver) = mpsc::channel(64);
        let stopped = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stopped);
        std::thread::spawn(move || {
            while !is_stopped.load(Ordering::Relaxed) {
                let event = match crossterm::event::poll(POLL_INTERVAL) {
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
                    // The event loop takes the closed channel for a closed terminal.
                    Err(_) => return,
                }
            }
        });
        Self { receiver, stopped }
    }
}

impl Drop for InputReader {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}
