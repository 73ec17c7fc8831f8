//! One connection, from connect to close, in a task of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_util::sync::CancellationToken;

use super::engine::StartConnect;
use super::timer_lag::LagReader;
use crate::clock;
use crate::model::{Attempt, Outcome, ProbeKind, Stage, StageRecord};
use crate::prober::{AttemptRequest, Connect, ConnectFailure, Prober};

pub(super) enum Ended {
    /// The connection did not come up.
    Failed {
        failure: ConnectFailure,
        lag_us: u32,
    },
    // Boxed, so that the many connects that stay silent do not each carry room for a whole attempt.
    Tried(Box<Attempt>),
}

/// Counts the established connections.
#[derive(Debug, Clone, Default)]
pub(super) struct UpCounter(Arc<AtomicUsize>);

/// An established connection; dropped when it has ended.
struct Up(UpCounter);

impl UpCounter {
    pub(super) fn now(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn count(&self) -> Up {
        self.0.fetch_add(1, Ordering::Relaxed);
        Up(self.clone())
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts an expected connection at once, before the future is polled.
pub(super) fn run<P: Prober>(
    prober: Arc<P>,
    connect: StartConnect,
    cancel: CancellationToken,
    lag: LagReader,
    up: UpCounter,
) -> impl Future<Output = Ended> + Send {
    let StartConnect {
        timeout,
        request,
        expected,
        ..
    } = connect;
    let expected = expected.then(|| up.count());
    async move {
        let (started_at, start) = (clock::wall(), clock::monotonic());
        let connected = tokio::select! {
            biased;
            connected = prober.connect(request.endpoint, timeout) => connected,
            () = cancel.cancelled() => Connect::Failed(ConnectFailure {
                outcome: Outcome::Cancelled,
                shortage: None,
                started_at,
                duration_us: clock::micros_since(start),
            }),
        };
        let mut attempt = match connected {
            // RST in answer to the SYN is a refusal; this one came after the SYN-ACK, before anything could be sent.
            Connect::Failed(failure) if matches!(failure.outcome, Outcome::Reset { .. }) => {
                Box::new(reset_at_once(request, failure))
            }
            Connect::Failed(failure) => {
                tracing::trace!(
                    host = %request.endpoint,
                    stage = %Stage::Tcp,
                    took_us = failure.duration_us,
                    outcome = ?failure.outcome,
                    "stage"
                );
                let lag_us = lag.worst_us_since(start);
                return Ended::Failed { failure, lag_us };
            }
            Connect::Up(link) => {
                let _up = expected.unwrap_or_else(|| up.count());
                Box::new(Box::pin(prober.attempt(link, request, cancel)).await)
            }
        };
        attempt.lag_us = lag.worst_us_since(start);
        tracing::debug!(
            host = %attempt.endpoint,
            number = attempt.number,
            probe = ?attempt.probe,
            last = ?attempt.stages.last(),
            "connection"
        );
        Ended::Tried(attempt)
    }
}

/// A connection that came up and was reset before anything could be sent.
fn reset_at_once(request: AttemptRequest, failure: ConnectFailure) -> Attempt {
    let record = |stage, start_us, duration_us, outcome| StageRecord {
        stage,
        start_us,
        duration_us,
        outcome,
    };
    let connect_us = failure.duration_us;
    let next = match request.probe {
        ProbeKind::DirectTls => Stage::Tls,
        _ => Stage::X224,
    };
    let stages = vec![
        record(Stage::Tcp, 0, connect_us, Outcome::Ok),
        record(next, connect_us, 0, failure.outcome),
    ];
    request.into_attempt(failure.started_at, stages)
}
