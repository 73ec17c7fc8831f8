//! A running fleet, asked by hand: raw bytes, and rustls as a client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RecordType};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::clock;
use crate::model::{NegotiationFailure, Protocols};
use crate::wire::ntlm::{self, Challenge};
use crate::wire::tls_peek::{self, PeekFacts, PeekReader, PeekStep};
use crate::wire::tsrequest::TsRequest;
use crate::wire::x224::{ConfirmBody, ConnectionConfirm, ConnectionRequest};

/// No step of these tests may take longer, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(10);

async fn start(hosts: &str) -> SimulatedFleet {
    let scenario = Scenario::from_toml(&format!("title = \"t\"\n{hosts}")).unwrap();
    let options = StartOptions {
        now: clock::wall(),
        ports: Ports::Free,
    };
    SimulatedFleet::start(&scenario, options).await.unwrap()
}

fn place(fleet: &SimulatedFleet, index: usize) -> SocketAddr {
    fleet.hosts[index].endpoint.socket_address()
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("in time")
}

/// Sends the request and reads what comes back, until an end or a whole frame.
async fn request(stream: &mut TcpStream) -> Vec<u8> {
    let request = ConnectionRequest {
        cookie: None,
        requested: Some(Protocols::DEFAULT_OFFER),
        flags: 0,
    };
    stream.write_all(&request.encode()).await.unwrap();
    let mut answer = Vec::new();
    while crate::wire::tpkt::frame_length(&answer)
        .is_ok_and(|length| length.is_none_or(|length| answer.len() < length))
    {
        if within(stream.read_buf(&mut answer)).await.unwrap() == 0 {
            break;
        }
    }
    answer
}

async fn confirmed(address: SocketAddr) -> (TcpStream, ConfirmBody) {
    let mut stream = within(TcpStream::connect(address)).await.unwrap();
    let answer = request(&mut stream).await;
    (stream, ConnectionConfirm::decode(&answer).unwrap().body)
}

#[derive(Debug)]
struct TakeAnything;

impl ServerCertVerifier for TakeAnything {
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
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PKCS1_SHA256,
        ]
    }
}

async fn handshake(address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
    let (stream, _) = confirmed(address).await;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TakeAnything))
        .with_no_client_auth();
    let name = ServerName::from(address.ip());
    within(TlsConnector::from(Arc::new(config)).connect(name, stream)).await
}

/// The legacy peek, by hand.
async fn peek(address: SocketAddr) -> PeekFacts {
    let (mut stream, _) = confirmed(address).await;
    let hello = tls_peek::client_hello(None, [7; 32]);
    stream.write_all(&hello).await.unwrap();
    let mut reader = PeekReader::default();
    let mut buffer = [0; 4096];
    loop {
        let length = within(stream.read(&mut buffer)).await.unwrap();
        assert_ne!(length, 0, "ended before the certificate");
        match reader.push(&buffer[..length]) {
            PeekStep::NeedMore => {}
            PeekStep::Done => return reader.into_facts().unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn anything_but_loopback_is_refused_at_start_too() {
    let mut scenario = Scenario::from_toml("title = \"t\"\n[[host]]\naddress = 1").unwrap();
    scenario.hosts[0].address = Address("192.0.2.1".parse().unwrap());
    let options = StartOptions {
        now: clock::wall(),
        ports: Ports::Free,
    };
    let error = SimulatedFleet::start(&scenario, options).await.unwrap_err();
    assert!(matches!(error, SimError::NotLoopback(_)), "{error}");
}

#[tokio::test]
async fn confirms_are_as_written() {
    let fleet = start(
        "[[host]]\naddress = 1\n[[host]]\naddress = 2\nsecurity = { failure = 3 }\n[[host]]\naddress = 3\nsecurity = \"bare\"\n[[host]]\naddress = 4\nsecurity = \"disconnect\"",
    )
    .await;
    let expected = [
        ConfirmBody::Response {
            flags: 0x1F,
            selected: Protocols::HYBRID,
        },
        ConfirmBody::Failure {
            code: NegotiationFailure::NO_CERTIFICATE,
        },
        ConfirmBody::Bare,
        ConfirmBody::McsDisconnect,
    ];
    for (index, expected) in expected.into_iter().enumerate() {
        let (_, body) = confirmed(place(&fleet, index)).await;
        assert_eq!(body, expected);
    }
    fleet.stop().await;
}

#[tokio::test]
async fn a_healthy_host_shows_its_certificate_and_its_ntlm_names() {
    let fleet = start(
        "[[host]]\naddress = 1\nnames = [\"dc01.corp.example\"]\ncertificate = { rsa_key = 1 }",
    )
    .await;
    let mut stream = handshake(place(&fleet, 0)).await.unwrap();
    let chain = stream.get_ref().1.peer_certificates().unwrap();
    let (_, leaf) = x509_parser::parse_x509_certificate(&chain[0]).unwrap();
    assert_eq!(leaf.subject().to_string(), "CN=dc01.corp.example");

    let question = TsRequest {
        version: 6,
        nego_token: Some(ntlm::negotiate()),
        ..TsRequest::default()
    };
    stream.write_all(&question.encode()).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = within(stream.read(&mut answer)).await.unwrap();
    let answer = TsRequest::decode(&answer[..length]).unwrap();
    let challenge = Challenge::decode(&answer.nego_token.unwrap()).unwrap();
    assert_eq!(
        challenge.facts.dns_computer.as_deref(),
        Some("dc01.corp.example")
    );
    let skew = challenge.facts.server_time.unwrap() - clock::wall();
    assert!(skew.as_secs().abs() < 30, "{skew}");
    fleet.stop().await;
}

#[tokio::test]
async fn a_visit_is_remembered() {
    let fleet = start("[[host]]\naddress = 1").await;
    let mut stream = handshake(place(&fleet, 0)).await.unwrap();
    within(stream.shutdown()).await.unwrap();
    let mut rest = Vec::new();
    within(stream.read_to_end(&mut rest)).await.unwrap();
    drop(stream);
    let endpoint = fleet.hosts[0].endpoint;
    let visit = within(async {
        loop {
            match fleet.connections(endpoint).pop() {
                Some(visit) => return visit,
                None => tokio::task::yield_now().await,
            }
        }
    })
    .await;
    assert!(visit.close_notify && visit.inside_tls.is_empty());
    assert_eq!(visit.open_at_once, 1);
    assert!(ConnectionRequest::decode(&visit.request).is_ok());
}

#[tokio::test]
async fn a_legacy_host_refuses_rustls_and_shows_the_peek_its_certificate() {
    let fleet = start(
        "[[host]]\naddress = 1\ntls = \"legacy_1.0\"\ncertificate = { fixture = \"rsa1024_sha1\" }",
    )
    .await;
    let refusal = handshake(place(&fleet, 0)).await.unwrap_err();
    assert!(refusal.to_string().contains("ProtocolVersion"), "{refusal}");
    let facts = peek(place(&fleet, 0)).await;
    assert_eq!(facts.version, crate::model::TlsVersion::TLS_1_0);
    assert_eq!(facts.chain[0].len(), 525);
}

#[tokio::test]
async fn a_modern_host_shows_the_peek_its_certificate_too() {
    let fleet = start("[[host]]\naddress = 1\ntls = \"1.2\"").await;
    assert_eq!(peek(place(&fleet, 0)).await.chain.len(), 1);
}

#[tokio::test]
async fn a_close_is_a_fin_and_a_reset_is_a_reset() {
    let fleet = start(
        "[[host]]\naddress = 1\nfault = [{ after = \"request\", do = \"close\" }]\n[[host]]\naddress = 2\nfault = [{ after = \"request\", do = \"reset\" }]",
    )
    .await;
    let mut closed = within(TcpStream::connect(place(&fleet, 0))).await.unwrap();
    assert_eq!(request(&mut closed).await, [0_u8; 0]);

    let mut reset = within(TcpStream::connect(place(&fleet, 1))).await.unwrap();
    reset.write_all(&[3, 0, 0, 7, 2, 0xE0, 0]).await.unwrap();
    let error = within(reset.read_u8()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_pattern_strikes_by_connection() {
    let fleet = start(
        "[[host]]\naddress = 1\nfault = [{ after = \"request\", do = \"close\", pattern = [\"ok\", \"fail\", \"ok\"] }]",
    )
    .await;
    let mut answered = Vec::new();
    for _ in 0..6 {
        let mut stream = within(TcpStream::connect(place(&fleet, 0))).await.unwrap();
        answered.push(!request(&mut stream).await.is_empty());
    }
    assert_eq!(answered, [true, false, true, true, false, true]);
}

#[tokio::test]
async fn other_services_say_what_they_are() {
    let fleet = start(
        "[[host]]\naddress = 1\nservice = \"ssh\"\n[[host]]\naddress = 2\nservice = \"http\"\n[[host]]\naddress = 3\nservice = \"tls\"",
    )
    .await;
    for (index, beginning) in [&b"SSH-"[..], b"HTTP", &[21, 3, 3]].into_iter().enumerate() {
        let mut stream = within(TcpStream::connect(place(&fleet, index)))
            .await
            .unwrap();
        let answer = request(&mut stream).await;
        assert!(answer.starts_with(beginning), "{answer:?}");
    }
}

#[tokio::test]
async fn a_refused_host_refuses() {
    let fleet = start("[[host]]\naddress = 1\nservice = \"refused\"").await;
    let error = within(TcpStream::connect(place(&fleet, 0)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[cfg(unix)]
#[tokio::test]
async fn a_filtered_host_stays_silent() {
    let fleet = start("[[host]]\naddress = 1\nservice = \"filtered\"").await;
    let connect = TcpStream::connect(place(&fleet, 0));
    assert!(timeout(Duration::from_millis(80), connect).await.is_err());
}

#[tokio::test]
async fn names_lead_to_hosts() {
    let fleet = start("[[host]]\naddress = 1\nnames = [\"a.example\"]\ntarget = \"both\"").await;
    let mut question = Message::query();
    question.add_query(Query::query(
        Name::from_ascii("a.example.").unwrap(),
        RecordType::A,
    ));
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let question = question.to_vec().unwrap();
    socket.send_to(&question, fleet.dns).await.unwrap();
    let mut answer = [0; 512];
    let length = within(socket.recv(&mut answer)).await.unwrap();
    let answer = Message::from_vec(&answer[..length]).unwrap();
    assert_eq!(
        answer.answers[0].data.ip_addr(),
        Some(fleet.hosts[0].endpoint.address)
    );
    assert_eq!(
        fleet.targets(),
        [
            fleet.hosts[0].endpoint.to_string(),
            format!("a.example:{}", fleet.port)
        ]
    );
}

#[tokio::test]
async fn two_fleets_live_side_by_side_and_a_stopped_one_is_gone() {
    let first = start("[[host]]\naddress = 1").await;
    let second = start("[[host]]\naddress = 1").await;
    assert_ne!(first.port, second.port);
    let gone = place(&first, 0);
    first.stop().await;
    assert!(within(TcpStream::connect(gone)).await.is_err());
    assert!(within(TcpStream::connect(place(&second, 0))).await.is_ok());
}

#[tokio::test]
async fn the_whole_demo_starts_at_once() {
    let options = StartOptions {
        now: clock::wall(),
        ports: Ports::Free,
    };
    let begun = clock::monotonic();
    let fleet = SimulatedFleet::start(&Scenario::demo().unwrap(), options)
        .await
        .unwrap();
    let took = clock::micros_since(begun) / 1000;
    // Measured: well below 300 ms. The limit only catches a start that waits for something.
    assert!(took < 3000, "{took} ms");
    assert!(fleet.hosts.len() >= 44);
    fleet.stop().await;
}
