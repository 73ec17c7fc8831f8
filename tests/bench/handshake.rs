//! What one live host costs the scanner in CPU, against a bare rustls client in the same run.
//!
//! `cargo bench --bench handshake [-- HOSTS]` (Linux; 1,024 hosts unless told). A process of its own plays all hosts on
//! loopback addresses 127.77.0.0/16; first a plain loop of connect, X.224, TLS handshake and close makes the measure, with
//! the signature checked and the certificate accepted, then the release binary scans the same hosts with one attempt each.
//! The budget is 1.5 times the measure. CPU time is the kernel's count for the process (user and system, in ticks of 10 ms).
#![expect(
    clippy::print_stdout,
    reason = "a program for developers: it prints its figures"
)]
#![cfg_attr(
    target_os = "linux",
    expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a program for developers: it stops at the first surprise"
    )
)]

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("CPU times are read from /proc: this runs on Linux only");
}

#[cfg(target_os = "linux")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` adds a flag of its own.
    let numbers: Vec<&String> = arguments.iter().filter(|a| !a.starts_with("--")).collect();
    let hosts = numbers.first().map_or(1024, |n| n.parse().unwrap());
    if arguments.iter().any(|a| a == "--play-hosts") {
        linux::play_hosts(hosts);
    } else {
        linux::measure(hosts);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{IpAddr, Ipv4Addr, SocketAddr};
    use std::process::{Command, Stdio};
    use std::sync::Arc;
    use std::time::Duration;

    use rdpscan::clock;
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
    use rustls::{ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme};
    use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpSocket, TcpStream};
    use tokio::sync::Semaphore;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    const PORT: u16 = 33_890;
    /// Connections of the bare loop under way at once.
    const IN_FLIGHT: usize = 64;
    /// Connection request for SSL and HYBRID (MS-RDPBCGR 2.2.1.1), without a cookie.
    const REQUEST: [u8; 19] = [3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0];
    /// Connection confirm that selects TLS (MS-RDPBCGR 2.2.1.2).
    const CONFIRM: [u8; 19] = [
        3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, 1, 0, 0, 0,
    ];
    /// Kernel ticks per second in /proc; the same on every Linux that Rust runs on.
    const TICKS_PER_SECOND: f64 = 100.0;
    const BUDGET: f64 = 1.5;
    /// Times that the bare loop goes over all hosts, so that a tick of 10 ms is small against the whole.
    const BARE_ROUNDS: usize = 4;

    /// Address of the host with this number.
    fn address(number: usize) -> SocketAddr {
        let low = u16::try_from(number).unwrap().to_be_bytes();
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 77, low[0], low[1])), PORT)
    }

    fn provider() -> Arc<CryptoProvider> {
        Arc::new(rustls::crypto::ring::default_provider())
    }

    fn raise_descriptor_limit() {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        setrlimit(
            Resource::Nofile,
            Rlimit {
                current: limit.maximum,
                maximum: limit.maximum,
            },
        )
        .unwrap();
    }

    /// Listens on every address until standard input ends, which it does with the parent.
    pub(super) fn play_hosts(hosts: usize) {
        raise_descriptor_limit();
        let made =
            rcgen::generate_simple_self_signed(vec!["bench.corp.example".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            for number in 0..hosts {
                let socket = TcpSocket::new_v4().unwrap();
                socket.set_reuseaddr(true).unwrap();
                socket.bind(address(number)).unwrap();
                let listener = socket.listen(128).unwrap();
                tokio::spawn(play_host(listener, acceptor.clone()));
            }
            println!("ready");
            std::io::stdout().flush().unwrap();
            // Its end is the sign to stop.
            tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()))
                .await
                .unwrap()
                .unwrap();
        });
        runtime.shutdown_background();
    }

    async fn play_host(listener: TcpListener, acceptor: TlsAcceptor) {
        while let Ok((mut plain, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that leaves early is no concern of this program.
                let mut header = [0; 4];
                if plain.read_exact(&mut header).await.is_err() {
                    return;
                }
                let mut rest = vec![
                    0;
                    usize::from(u16::from_be_bytes([header[2], header[3]]))
                        .saturating_sub(4)
                ];
                if plain.read_exact(&mut rest).await.is_err()
                    || plain.write_all(&CONFIRM).await.is_err()
                {
                    return;
                }
                if let Ok(mut stream) = acceptor.accept(plain).await {
                    while matches!(stream.read(&mut [0; 512]).await, Ok(count) if count > 0) {}
                }
            });
        }
    }

    /// Takes every certificate, and checks that the server holds its key: what the scanner does, without reading the certificate.
    #[derive(Debug)]
    struct TakeAny(Arc<CryptoProvider>);

    impl ServerCertVerifier for TakeAny {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            verify_tls12_signature(
                message,
                certificate,
                signed,
                &self.0.signature_verification_algorithms,
            )
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            verify_tls13_signature(
                message,
                certificate,
                signed,
                &self.0.signature_verification_algorithms,
            )
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    }

    /// One host, the barest way.
    async fn bare(number: usize, connector: &TlsConnector) {
        let mut plain = TcpStream::connect(address(number)).await.unwrap();
        plain.set_nodelay(true).unwrap();
        plain.write_all(&REQUEST).await.unwrap();
        plain.read_exact(&mut [0; 19]).await.unwrap();
        let name = ServerName::IpAddress(address(number).ip().into());
        let mut stream = connector.connect(name, plain).await.unwrap();
        stream.shutdown().await.unwrap();
        // The server's FIN; whether close_notify came before it does not matter.
        stream.read(&mut [0; 64]).await.unwrap_or_default();
    }

    fn bare_loop(hosts: usize) {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TakeAny(provider())))
            .with_no_client_auth();
        // A scanner meets every host for the first time.
        config.resumption = rustls::client::Resumption::disabled();
        let connector = TlsConnector::from(Arc::new(config));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let slots = Arc::new(Semaphore::new(IN_FLIGHT));
            let mut tasks = tokio::task::JoinSet::new();
            for number in 0..hosts {
                let slot = Arc::clone(&slots).acquire_owned().await.unwrap();
                let connector = connector.clone();
                tasks.spawn(async move {
                    bare(number, &connector).await;
                    drop(slot);
                });
            }
            while let Some(done) = tasks.join_next().await {
                done.unwrap();
            }
        });
    }

    /// Seconds of CPU so far: (this process, its children that have ended).
    fn cpu() -> (f64, f64) {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        // The second field is a name in brackets that may hold blanks; user time is field 14 (proc_pid_stat(5)).
        let after_name = stat.rsplit_once(')').unwrap().1;
        let ticks: Vec<f64> = after_name
            .split_whitespace()
            .skip(11)
            .take(4)
            .map(|n| n.parse().unwrap())
            .collect();
        (
            (ticks[0] + ticks[1]) / TICKS_PER_SECOND,
            (ticks[2] + ticks[3]) / TICKS_PER_SECOND,
        )
    }

    fn show(what: &str, cpu: f64, wall: Duration, hosts: usize) -> f64 {
        let each = cpu * 1e6 / hosts as f64;
        println!(
            "{what:<24} {each:>8.0} us CPU per host {:>8.0} hosts/s",
            hosts as f64 / wall.as_secs_f64()
        );
        each
    }

    pub(super) fn measure(hosts: usize) {
        raise_descriptor_limit();
        let mut player = Command::new(std::env::current_exe().unwrap())
            .args(["--play-hosts", &hosts.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(player.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n");

        bare_loop(hosts.min(128)); // warms up both sides
        let (before, start) = (cpu().0, clock::monotonic());
        for _ in 0..BARE_ROUNDS {
            bare_loop(hosts);
        }
        let wall = clock::monotonic() - start;
        let measure = show(
            "bare rustls client",
            cpu().0 - before,
            wall,
            hosts * BARE_ROUNDS,
        );

        let folder = tempfile::tempdir().unwrap();
        let targets = folder.path().join("targets.txt");
        std::fs::write(
            &targets,
            (0..hosts)
                .map(|number| address(number).to_string())
                .collect::<Vec<_>>()
                .join(
                    "
",
                ),
        )
        .unwrap();
        let report = folder.path().join("report.json");
        for (what, options) in [
            ("rdpscan, one attempt", ["--attempts", "1"]),
            ("rdpscan, three attempts", ["--attempts", "3"]),
        ] {
            let (before, start) = (cpu().1, clock::monotonic());
            let status = Command::new(env!("CARGO_BIN_EXE_rdpscan"))
                .args([
                    "--no-tui", "--no-dns", "--rate", "0", "--quiet", "--format", "json",
                ])
                .args(options)
                .arg("-o")
                .arg(&report)
                .arg("-f")
                .arg(&targets)
                .stdout(Stdio::null())
                .status()
                .unwrap();
            assert!(status.success(), "the scanner ended with {status}");
            let wall = clock::monotonic() - start;
            let each = show(what, cpu().1 - before, wall, hosts);
            let text = std::fs::read_to_string(&report).unwrap();
            let tree: serde_json::Value = serde_json::from_str(&text).unwrap();
            let found = tree["hosts"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|h| h["tls"]["handshake"] == "full")
                .count();
            println!(
                "{:<24} {:.2} times the bare client (budget {BUDGET} for one attempt), {found} of {hosts} hosts found",
                "",
                each / measure
            );
        }
        drop(player.stdin.take());
        player.wait().unwrap();
    }
}
