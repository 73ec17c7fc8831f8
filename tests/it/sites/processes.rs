//! A nats-server, workers and scans as processes of their own, each on free ports and with folders of its own.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{PullConsumer, pull};
use rdpscan::sim::SimulatedFleet;
use rdpscan::sites::subjects;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// Long enough for a killed worker to be noticed on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(20);

/// A process that ends with the test, however that ends.
struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// As `kill -9`.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub(super) struct NatsServer {
    child: Process,
    port: u16,
    folder: TempDir,
}

impl NatsServer {
    /// `None` where none is installed, but for CI, which installs one.
    pub(super) fn start() -> Option<Self> {
        Self::configured(|port, folder| {
            let store = folder.join("store");
            format!(
                "listen: 127.0.0.1:{port}\njetstream {{ store_dir: '{}' }}\n",
                store.display()
            )
        })
    }

    /// With a configuration, made of its port and a folder for its files.
    pub(super) fn configured(configuration: impl Fn(u16, &Path) -> String) -> Option<Self> {
        if Command::new("nats-server")
            .arg("--version")
            .output()
            .is_err()
        {
            assert!(
                std::env::var_os("CI").is_none(),
                "nats-server is not installed"
            );
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = TempDir::new().unwrap();
        let text = configuration(port, folder.path());
        std::fs::write(folder.path().join("nats.conf"), text).unwrap();
        let child = run_server(port, &folder);
        Some(Self {
            child,
            port,
            folder,
        })
    }

    pub(super) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// As `kill -9`.
    pub(super) fn kill(&mut self) {
        self.child.kill();
    }

    /// Starts it again over what it has stored.
    pub(super) fn start_again(&mut self) {
        self.child = run_server(self.port, &self.folder);
    }

    /// The shards of a site, as a worker asks for them.
    pub(super) async fn shards(&self, site: &str) -> PullConsumer {
        let context = async_nats::jetstream::new(self.client().await);
        let name = subjects::consumer(&site.parse().unwrap());
        let consumer = context.get_consumer_from_stream::<pull::Config, _, _>(name, subjects::WORK);
        consumer.await.unwrap()
    }

    pub(super) async fn client(&self) -> async_nats::Client {
        let options = async_nats::ConnectOptions::new().retry_on_initial_connect();
        options.connect(self.url()).await.unwrap()
    }

    /// Messages in the streams of work and of events.
    pub(super) async fn stored(&self) -> [u64; 2] {
        let context = async_nats::jetstream::new(self.client().await);
        let mut stored = [0; 2];
        for (count, name) in stored.iter_mut().zip([subjects::WORK, subjects::EVENTS]) {
            let stream = context.get_stream(name).await.unwrap();
            *count = stream.cached_info().state.messages;
        }
        stored
    }

    pub(super) async fn publish(&self, subject: &str, schema: &str, payload: Vec<u8>) {
        let context = async_nats::jetstream::new(self.client().await);
        let mut headers = HeaderMap::new();
        headers.insert("Rdpscan-Schema", schema);
        let sent = context.publish_with_headers(subject.to_owned(), headers, payload.into());
        sent.await.unwrap().await.unwrap();
    }
}

fn run_server(port: u16, folder: &TempDir) -> Process {
    let mut command = Command::new("nats-server");
    command.arg("-c").arg(folder.path().join("nats.conf"));
    let log = folder.path().join("nats.log");
    command.stderr(std::fs::File::create(&log).unwrap());
    let child = Process::start(command.stdout(Stdio::null()));
    let start = rdpscan::clock::monotonic();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        let log = || std::fs::read_to_string(&log).unwrap();
        assert!(start.elapsed() < DEADLINE / 6, "{}", log());
        std::thread::sleep(POLL);
    }
    child
}

/// The program, with settings of its own and short pauses.
fn rdpscan(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rdpscan"));
    for name in [
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "XDG_CACHE_HOME",
        "APPDATA",
        "LOCALAPPDATA",
    ] {
        command.env(name, folder.path());
    }
    for (name, value) in [
        ("SCAN_INTERVAL", "50ms"),
        ("SCAN_GAP", "10ms"),
        ("SCAN_TIMEOUT", "1200ms"),
        ("SCAN_CONNECT_TIMEOUTS", "300ms,600ms"),
        ("NATS_ACK_WAIT", "5s"),
    ] {
        command.env(format!("RDPSCAN_{name}"), value);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

pub(super) struct Worker {
    child: Process,
    _folder: TempDir,
}

impl Worker {
    pub(super) fn start(
        nats: &NatsServer,
        site: &str,
        allow: &str,
        hosts: &SimulatedFleet,
    ) -> Self {
        let url = nats.url();
        Self::with(&["--nats", &url, "--site", site, "--allow", allow], hosts)
    }

    /// For the ports of a simulated fleet.
    pub(super) fn with(flags: &[&str], hosts: &SimulatedFleet) -> Self {
        let folder = TempDir::new().unwrap();
        let mut command = rdpscan(&folder);
        command.arg("worker").args(flags);
        let ports: BTreeSet<u16> = hosts.hosts.iter().map(|host| host.endpoint.port).collect();
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        command
            .args(["--port", &ports.join(","), "--quiet"])
            .stderr(Stdio::null());
        Self {
            child: Process::start(&mut command),
            _folder: folder,
        }
    }

    /// As `kill -9`.
    pub(super) fn kill(mut self) {
        self.child.kill();
    }
}

/// The journal of the only scan that a folder has.
pub(super) fn journal(folder: &TempDir) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder.path().join("rdpscan/scans")).ok()?;
    let mut files = files.filter_map(|file| Some(file.ok()?.path()));
    files.find(|file| file.extension().is_some_and(|end| end == "ndjson"))
}

/// A scan that runs, recorded line by line.
pub(super) struct Scan {
    child: Process,
    folder: TempDir,
}

pub(super) struct Finished {
    pub(super) status: Option<i32>,
    pub(super) recording: PathBuf,
    pub(super) errors: String,
    /// With the history of the scan.
    pub(super) folder: TempDir,
}

impl Scan {
    /// Of a simulated fleet, with its DNS server.
    pub(super) fn of(hosts: &SimulatedFleet, flags: &[&str]) -> Self {
        let mut words = hosts.targets();
        words.extend(["--dns".to_owned(), hosts.dns.to_string()]);
        words.extend(["--port".to_owned(), hosts.port.to_string()]);
        words.extend(flags.iter().map(|flag| (*flag).to_owned()));
        Self::new(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub(super) fn new(words: &[&str]) -> Self {
        Self::start(TempDir::new().unwrap(), words)
    }

    /// The scan of this folder goes on.
    pub(super) fn resume(folder: TempDir, flags: &[&str]) -> Self {
        Self::start(folder, &[&["resume"], flags].concat())
    }

    fn start(folder: TempDir, words: &[&str]) -> Self {
        let mut command = rdpscan(&folder);
        command.args(words).args(["--no-tui", "--quiet", "-o"]);
        command.arg(folder.path().join("scan.ndjson"));
        let errors = std::fs::File::create(folder.path().join("errors")).unwrap();
        command.stderr(errors);
        Self {
            child: Process::start(&mut command),
            folder,
        }
    }

    /// As `kill -9`.
    pub(super) fn kill(mut self) -> TempDir {
        self.child.kill();
        self.folder
    }

    /// Runs a command over the history of this scan.
    pub(super) fn command(&self, words: &[&str]) -> std::process::Output {
        let mut command = rdpscan(&self.folder);
        command.args(words).stdout(Stdio::piped());
        command.output().unwrap()
    }

    fn recording(&self) -> PathBuf {
        self.folder.path().join("scan.ndjson")
    }

    /// The first line of the recording with this word in it, once it is there.
    pub(super) async fn wait_for(&self, word: &str) -> String {
        Self::wait_in(word, || Some(self.recording())).await
    }

    /// The same of the journal, which is written a little later.
    pub(super) async fn wait_for_kept(&self, word: &str) -> String {
        Self::wait_in(word, || journal(&self.folder)).await
    }

    async fn wait_in(word: &str, file: impl Fn() -> Option<PathBuf>) -> String {
        let start = rdpscan::clock::monotonic();
        loop {
            let text = file().and_then(|file| std::fs::read_to_string(file).ok());
            let text = text.unwrap_or_default();
            let mut lines = text
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'));
            if let Some(line) = lines.find(|line| line.contains(word)) {
                return line.to_owned();
            }
            assert!(start.elapsed() < DEADLINE, "no `{word}` in:\n{text}");
            sleep(POLL).await;
        }
    }

    /// As Ctrl-C.
    pub(super) fn interrupt(&self) {
        self.signal("-INT");
    }

    pub(super) fn signal(&self, name: &str) {
        let mut command = Command::new("kill");
        let status = command
            .args([name, &self.child.0.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    pub(super) async fn finish(mut self) -> Finished {
        let ended = async {
            loop {
                if let Some(status) = self.child.0.try_wait().unwrap() {
                    return status;
                }
                sleep(POLL).await;
            }
        };
        let ended = timeout(DEADLINE, ended).await;
        let errors = std::fs::read_to_string(self.folder.path().join("errors")).unwrap();
        let Ok(status) = ended else {
            panic!("the scan does not end: {errors}");
        };
        Finished {
            status: status.code(),
            recording: self.recording(),
            errors,
            folder: self.folder,
        }
    }
}
