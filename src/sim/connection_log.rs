use std::sync::Mutex;

use tokio::time::Instant;

/// The most records of a host.
const LIMIT: usize = 512;

/// A connection as the host saw it, for tests of the etiquette of a scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRecord {
    /// From 0 for each host.
    pub number: u64,
    /// The time of accept.
    pub began: Instant,
    /// `None` while it is open.
    pub ended: Option<Instant>,
    /// Open connections to this host at accept, with this one.
    pub open_at_once: u32,
    /// The bytes of the X.224 connection request.
    pub request: Vec<u8>,
    /// The decrypted bytes: the `TSRequest`, and nothing after it.
    pub inside_tls: Vec<u8>,
    /// Received.
    pub close_notify: bool,
    /// Received, and no RST.
    pub fin: bool,
}

impl ConnectionRecord {
    pub(super) const fn new(number: u64, began: Instant, open_at_once: u32) -> Self {
        Self {
            number,
            began,
            ended: None,
            open_at_once,
            request: Vec::new(),
            inside_tls: Vec::new(),
            close_notify: false,
            fin: false,
        }
    }
}

/// The records of one host that have ended, oldest first, up to a limit.
#[derive(Debug, Default)]
pub(super) struct ConnectionLog(Mutex<Vec<ConnectionRecord>>);

impl ConnectionLog {
    pub(super) fn push(&self, record: ConnectionRecord) {
        let mut records = self.lock();
        if records.len() < LIMIT {
            records.push(record);
        }
    }

    pub(super) fn all(&self) -> Vec<ConnectionRecord> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<ConnectionRecord>> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
