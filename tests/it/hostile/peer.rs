//! A scripted peer on loopback that does what it is told, connection by connection, and records what it saw.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdpscan::clock;
use rdpscan::model::{Attempt, Endpoint, EventBody, ProbeKind, Progress};
use rdpscan::probe::dns::{DnsOptions, Names};
use rdpscan::probe::trust::TrustStore;
use rdpscan::probe::{LiveProber, ProbeOptions};
use rdpscan::prober::{AttemptRequest, Connect, Prober as _};
use rdpscan::scan::{self, ScanOptions};
use rdpscan::targets::TargetSetBuilder;
use rdpscan::wire::tsrequest;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// One thing to do on a connection. When the script ends, the peer waits for the other side to end.
#[derive(Clone)]
pub(crate) enum Act {
    /// Read until something came.
    Read,
    /// Send all of it.
    Send(Vec<u8>),
    /// Wait so long.
    Pause(Duration),
    /// Send one byte at a time, so far apart.
    Drip(Vec<u8>, Duration),
    /// Send the same bytes until the other side has enough.
    Endless(Vec<u8>),
    /// FIN, then go on reading.
    Fin,
    /// RST.
    Reset,
    /// Shake hands as a server, and go on in plain text.
    Tls(Arc<ServerConfig>),
    /// Read one whole `TSRequest`.
    ReadQuestion,
    /// End the TLS session and the connection.
    CloseTls,
}

/// What one connection looked like from the peer's side.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) opened: Instant,
    pub(crate) closed: Option<Instant>,
    /// Bytes outside of TLS.
    pub(crate) raw: Vec<u8>,
    /// Bytes inside of TLS.
    pub(crate) plain: Vec<u8>,
    /// The name asked for in TLS.
    pub(crate) sni: Option<String>,
    pub(crate) close_notify: bool,
    pub(crate) fin: bool,
    pub(crate) reset: bool,
}

pub(crate) struct Peer {
    pub(crate) endpoint: Endpoint,
    seen: Arc<Mutex<Vec<Seen>>>,
    most_at_once: Arc<AtomicUsize>,
    ended: watch::Receiver<usize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    /// Follows one script per connection; the last one goes for all further connections.
    pub(crate) async fn start(scripts: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let most_at_once = Arc::new(AtomicUsize::new(0));
        let (count, ended) = watch::channel(0);
        let task = tokio::spawn(serve(
            listener,
            scripts,
            seen.clone(),
            most_at_once.clone(),
            count,
        ));
        Self {
            endpoint: Endpoint::new(address.ip(), address.port()),
            seen,
            most_at_once,
            ended,
            task,
        }
    }

    /// What the connections looked like, once `count` of them have ended.
    pub(crate) async fn seen(&self, count: usize) -> Vec<Seen> {
        let mut ended = self.ended.clone();
        let waiting = ended.wait_for(|ended| *ended >= count);
        drop(
            tokio::time::timeout(Duration::from_secs(5), waiting)
                .await
                .expect("connections did not end"),
        );
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    pub(crate) fn request(&self) -> AttemptRequest {
        AttemptRequest {
            endpoint: self.endpoint,
            number: 1,
            unanswered_rounds: 0,
            by_name: None,
            probe: ProbeKind::Default,
            ntlm: true,
        }
    }

    /// One attempt with the default probe.
    pub(crate) async fn attempt(&self) -> Attempt {
        self.attempt_with(ProbeKind::Default).await
    }

    pub(crate) async fn attempt_with(&self, probe: ProbeKind) -> Attempt {
        let request = AttemptRequest {
            probe,
            ..self.request()
        };
        self.attempt_as(request, options()).await
    }

    pub(crate) async fn attempt_as(
        &self,
        request: AttemptRequest,
        options: ProbeOptions,
    ) -> Attempt {
        self.attempt_until(request, options, CancellationToken::new())
            .await
    }

    pub(crate) async fn attempt_until(
        &self,
        request: AttemptRequest,
        options: ProbeOptions,
        cancel: CancellationToken,
    ) -> Attempt {
        let prober = LiveProber::new(options);
        let Connect::Up(link) = prober.connect(self.endpoint, Duration::from_secs(2)).await else {
            panic!("the peer does not accept");
        };
        prober.attempt(link, request, cancel).await
    }

    /// Every attempt that a scan makes, with this gap between two connections.
    pub(crate) async fn scan(&self, gap: Duration) -> Vec<Attempt> {
        let mut targets = TargetSetBuilder::new(&[self.endpoint.port]);
        targets
            .add_text(&self.endpoint.address.to_string())
            .unwrap();
        let scan_options = ScanOptions {
            interval: gap,
            gap,
            dns: false,
            ..ScanOptions::default()
        };
        let (sender, mut events) = mpsc::channel(scan::EVENT_CAPACITY);
        let (progress, _) = watch::channel(Progress::default());
        let engine = tokio::spawn(scan::run(
            Arc::new(targets.build().unwrap()),
            Arc::new(LiveProber::new(options())),
            scan_options,
            sender,
            progress,
            CancellationToken::new(),
            None,
        ));
        let mut attempts = Vec::new();
        while let Some(event) = events.recv().await {
            if let EventBody::AttemptFinished { attempt, .. } = event.body {
                attempts.push(attempt);
            }
        }
        engine.await.unwrap();
        attempts
    }
}

/// Generous deadlines: a test that needs a short one sets it.
pub(crate) fn options() -> ProbeOptions {
    let names = Names::new(DnsOptions {
        // Nobody is asked in these tests; a server given keeps the system's configuration out.
        servers: vec!["127.0.0.1:9".parse().unwrap()],
        timeout: Duration::from_millis(100),
    });
    ProbeOptions::new(names, Arc::new(TrustStore::empty()), Duration::from_secs(5))
}

async fn serve(
    listener: TcpListener,
    scripts: Vec<Vec<Act>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    most_at_once: Arc<AtomicUsize>,
    ended: watch::Sender<usize>,
) {
    let open = Arc::new(AtomicUsize::new(0));
    let ended = Arc::new(ended);
    let mut index = 0;
    while let Ok((stream, _)) = listener.accept().await {
        let script = scripts[index.min(scripts.len() - 1)].clone();
        let now = open.fetch_add(1, Ordering::SeqCst) + 1;
        most_at_once.fetch_max(now, Ordering::SeqCst);
        seen.lock().unwrap().push(Seen {
            opened: clock::monotonic(),
            closed: None,
            raw: Vec::new(),
            plain: Vec::new(),
            sni: None,
            close_notify: false,
            fin: false,
            reset: false,
        });
        let (seen, open, ended) = (seen.clone(), open.clone(), ended.clone());
        tokio::spawn(async move {
            let mut record = seen.lock().unwrap()[index].clone();
            follow(stream, script, &mut record).await;
            record.closed = Some(clock::monotonic());
            seen.lock().unwrap()[index] = record;
            open.fetch_sub(1, Ordering::SeqCst);
            ended.send_modify(|count| *count += 1);
        });
        index += 1;
    }
}

async fn follow(mut stream: TcpStream, script: Vec<Act>, seen: &mut Seen) {
    let mut acts = script.into_iter();
    while let Some(act) = acts.next() {
        match act {
            Act::Read => {
                let mut buffer = vec![0; 4096];
                match stream.read(&mut buffer).await {
                    Ok(0) => break,
                    Ok(count) => seen.raw.extend_from_slice(&buffer[..count]),
                    Err(_) => {
                        seen.reset = true;
                        return;
                    }
                }
            }
            Act::Send(bytes) => drop(stream.write_all(&bytes).await),
            Act::Pause(time) => tokio::time::sleep(time).await,
            Act::Drip(bytes, every) => {
                for byte in bytes {
                    if stream.write_all(&[byte]).await.is_err() {
                        break;
                    }
                    tokio::time::sleep(every).await;
                }
            }
            Act::Endless(bytes) => while stream.write_all(&bytes).await.is_ok() {},
            Act::Fin => drop(stream.shutdown().await),
            Act::Reset => {
                stream.set_zero_linger().unwrap();
                return;
            }
            Act::Tls(config) => {
                follow_tls(stream, config, acts, seen).await;
                return;
            }
            Act::ReadQuestion | Act::CloseTls => panic!("only inside of TLS"),
        }
    }
    await_end(&mut stream, seen).await;
}

async fn follow_tls(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    acts: impl Iterator<Item = Act>,
    seen: &mut Seen,
) {
    let Ok(mut stream) = TlsAcceptor::from(config).accept(stream).await else {
        seen.reset = true;
        return;
    };
    seen.sni = stream.get_ref().1.server_name().map(str::to_owned);
    for act in acts {
        match act {
            Act::Read => {
                let mut buffer = vec![0; 4096];
                let count = stream.read(&mut buffer).await.unwrap_or(0);
                seen.plain.extend_from_slice(&buffer[..count]);
            }
            Act::ReadQuestion => {
                while !matches!(tsrequest::length(&seen.plain), Ok(Some(n)) if n <= seen.plain.len())
                {
                    let mut buffer = vec![0; 4096];
                    let count = stream.read(&mut buffer).await.unwrap_or(0);
                    if count == 0 {
                        break;
                    }
                    seen.plain.extend_from_slice(&buffer[..count]);
                }
            }
            Act::Send(bytes) => {
                drop(stream.write_all(&bytes).await);
                drop(stream.flush().await);
            }
            Act::Endless(bytes) => while stream.write_all(&bytes).await.is_ok() {},
            Act::CloseTls => drop(stream.shutdown().await),
            Act::Reset => {
                stream.get_ref().0.set_zero_linger().unwrap();
                return;
            }
            _ => panic!("only outside of TLS"),
        }
    }
    // rustls tells an end with close_notify (0 bytes) from one without (an error).
    match stream.read_to_end(&mut seen.plain).await {
        Ok(_) => seen.close_notify = true,
        Err(error) => seen.reset = error.kind() == std::io::ErrorKind::ConnectionReset,
    }
    let (tcp, _) = stream.get_mut();
    await_end(tcp, seen).await;
}

async fn await_end(stream: &mut TcpStream, seen: &mut Seen) {
    match stream.read_to_end(&mut seen.raw).await {
        Ok(_) => seen.fin = true,
        Err(_) => seen.reset = true,
    }
}
