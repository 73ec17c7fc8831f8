use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::tcp;
use crate::clock;
use crate::model::Outcome;
use crate::wire::STAGE_LIMIT;

/// Bytes asked for at a time.
const READ_SIZE: usize = 4096;

/// One connection, bounded in bytes and time stage by stage.
///
/// INVARIANT: at most [`STAGE_LIMIT`] bytes and one read are taken per stage, and no
/// await outlives the stage's deadline or a cancellation.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// Received and not yet taken.
    inbox: Vec<u8>,
    /// Bytes that belong to this stage, those included that came early.
    received: usize,
    /// End of this stage.
    deadline: Instant,
    /// End of the whole attempt.
    limit: Instant,
    cancel: CancellationToken,
    /// The peer's FIN or RST was seen.
    ended: bool,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, limit: Instant, cancel: CancellationToken) -> Self {
        Self {
            stream,
            inbox: Vec::new(),
            received: 0,
            deadline: limit,
            limit,
            cancel,
            ended: false,
        }
    }

    /// Begins a stage: what came early counts as received in it.
    pub(super) fn begin(&mut self, timeout: Duration) {
        self.received = self.inbox.len();
        self.deadline = self.limit.min(clock::monotonic() + timeout);
    }

    pub(super) fn received(&self) -> u32 {
        u32::try_from(self.received).unwrap_or(u32::MAX)
    }

    pub(super) fn inbox(&self) -> &[u8] {
        &self.inbox
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.inbox)
    }

    pub(super) fn take_first(&mut self, count: usize) -> Vec<u8> {
        let rest = self.inbox.split_off(count.min(self.inbox.len()));
        std::mem::replace(&mut self.inbox, rest)
    }

    /// Sends all of `bytes`. Succeeds when the peer has gone but sent something before: the next read returns it.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), Outcome> {
        let sent = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(Outcome::Cancelled),
            sent = timeout_at(self.deadline, self.stream.write_all(bytes)) => sent,
        };
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => self.after_failed_send(&error).await,
            Err(_) => Err(self.silence()),
        }
    }

    /// Waits for at least one more byte.
    pub(super) async fn fill(&mut self) -> Result<(), Outcome> {
        self.fill_until(self.deadline).await
    }

    /// Waits for at least one more byte, for less than what is left of the stage.
    pub(super) async fn fill_within(&mut self, patience: Duration) -> Result<(), Outcome> {
        let until = self.deadline.min(clock::monotonic() + patience);
        self.fill_until(until).await
    }

    async fn fill_until(&mut self, until: Instant) -> Result<(), Outcome> {
        if self.received >= STAGE_LIMIT {
            return Err(Outcome::Malformed {
                detail: "more than 64 KiB in one stage".into(),
            });
        }
        self.inbox.reserve(READ_SIZE);
        let read = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(Outcome::Cancelled),
            read = timeout_at(until, self.stream.read_buf(&mut self.inbox)) => read,
        };
        match read {
            Ok(Ok(0)) => {
                self.ended = true;
                Err(Outcome::Closed {
                    received: self.received(),
                })
            }
            Ok(Ok(count)) => {
                self.received += count;
                Ok(())
            }
            Ok(Err(error)) => {
                self.ended = true;
                Err(tcp::outcome_of(&error, self.received()))
            }
            Err(_) => Err(self.silence()),
        }
    }

    /// A failed write shows only that the peer has gone; a read shows what it sent first, and how it went. EPIPE with an end of stream is
    /// FIN; anything else is the error of the write.
    async fn after_failed_send(&mut self, error: &io::Error) -> Result<(), Outcome> {
        let failed = tcp::outcome_of(error, self.received());
        match self.fill().await {
            Ok(()) => Ok(()),
            Err(Outcome::Closed { received }) if error.kind() == io::ErrorKind::BrokenPipe => {
                Err(Outcome::Closed { received })
            }
            Err(Outcome::Reset { received }) => Err(Outcome::Reset { received }),
            Err(_) => {
                self.ended = true;
                Err(failed)
            }
        }
    }

    fn silence(&self) -> Outcome {
        Outcome::Timeout {
            received: self.received(),
        }
    }

    /// The stream, and whether the peer has ended its side.
    pub(super) fn into_parts(self) -> (TcpStream, bool) {
        (self.stream, self.ended)
    }
}
