use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::connection::Connection;

/// Limit for the whole close.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(200);
/// Limit for bytes that are read and discarded.
const DRAIN_LIMIT: usize = 16 * 1024;

/// Sends the `close_notify` and FIN and drains what the peer still sends: closing a socket with unread bytes would send RST.
pub(super) async fn graceful_close(connection: Connection, close_notify: &[u8]) {
    let (mut stream, ended) = connection.into_parts();
    // The kernel finishes what is not done in time.
    if timeout(
        CLOSE_TIMEOUT,
        shutdown_and_drain(&mut stream, close_notify, ended),
    )
    .await
    .is_err()
    {
        tracing::trace!("The peer did not close in time");
    }
}

async fn shutdown_and_drain(stream: &mut TcpStream, close_notify: &[u8], ended: bool) {
    if !close_notify.is_empty() && stream.write_all(close_notify).await.is_err() {
        return;
    }
    if stream.shutdown().await.is_err() || ended {
        return;
    }
    let mut discarded = vec![0; 4096];
    let mut drained = 0;
    while drained < DRAIN_LIMIT {
        match stream.read(&mut discarded).await {
            Ok(0) | Err(_) => return,
            Ok(count) => drained += count,
        }
    }
}
