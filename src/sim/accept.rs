use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The pause after a failed accept, for instance without descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Serves at most `limit` clients at a time, until it is dropped; more wait in the accept queue.
pub(super) async fn accept<F>(listener: TcpListener, limit: usize, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(limit));
    let mut clients = JoinSet::new();
    loop {
        while clients.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_RETRY).await;
            continue;
        };
        let client = serve(stream);
        clients.spawn(async move {
            client.await;
            drop(permit);
        });
    }
}
