use std::sync::Mutex;

use tokio::time::Instant;

/// The most visits that a host remembers.
const LIMIT: usize = 512;

/// What one client did on one connection, as the host saw it. Lets a test hold a scanner to its manners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Number of the connection at this host, from 0.
    pub number: u64,
    /// When it was accepted.
    pub began: Instant,
    /// When the host let go of it; `None` while it lasts.
    pub ended: Option<Instant>,
    /// Connections to this host that were open when it was accepted, this one included.
    pub open_at_once: u32,
    /// The bytes of the X.224 connection request.
    pub request: Vec<u8>,
    /// The bytes that came inside TLS: the `TSRequest`, and anything that should not have followed it.
    pub inside_tls: Vec<u8>,
    /// `close_notify` came.
    pub close_notify: bool,
    /// FIN came, and not RST.
    pub fin: bool,
}

impl Visit {
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

/// The visits of one host that have ended, oldest first, up to a limit.
#[derive(Debug, Default)]
pub(super) struct VisitLog(Mutex<Vec<Visit>>);

impl VisitLog {
    pub(super) fn push(&self, visit: Visit) {
        let mut visits = self.lock();
        if visits.len() < LIMIT {
            visits.push(visit);
        }
    }

    pub(super) fn all(&self) -> Vec<Visit> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Visit>> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
