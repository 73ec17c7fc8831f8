use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::talk::Talk;

/// How long a farewell may take altogether.
const PATIENCE: Duration = Duration::from_millis(200);
/// The most bytes that are read and thrown away.
const DRAIN: usize = 16 * 1024;

/// Ends a connection: farewell, FIN, and a short drain, since closing over unread bytes would send RST.
pub(super) async fn politely(talk: Talk, farewell: &[u8]) {
    let (mut stream, ended) = talk.into_parts();
    // Nobody waits for a slow peer here: what is not done in time is left to the kernel.
    if timeout(PATIENCE, part(&mut stream, farewell, ended))
        .await
        .is_err()
    {
        tracing::trace!("The peer did not close in time");
    }
}

async fn part(stream: &mut TcpStream, farewell: &[u8], ended: bool) {
    if !farewell.is_empty() && stream.write_all(farewell).await.is_err() {
        return;
    }
    if stream.shutdown().await.is_err() || ended {
        return;
    }
    let mut waste = vec![0; 4096];
    let mut drained = 0;
    while drained < DRAIN {
        match stream.read(&mut waste).await {
            Ok(0) | Err(_) => return,
            Ok(count) => drained += count,
        }
    }
}
