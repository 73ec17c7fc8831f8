//! Bytes and certificates for the peers.

use std::sync::Arc;

use rcgen::CertifiedKey;
use rdpscan::model::{NegotiationFailure, NtlmFacts, Protocols};
use rdpscan::wire::ntlm::Challenge;
use rdpscan::wire::tsrequest::TsRequest;
use rdpscan::wire::x224::{ConfirmBody, ConnectionConfirm};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, sign};

pub(crate) fn confirm(body: ConfirmBody) -> Vec<u8> {
    ConnectionConfirm {
        source_reference: 0x1234,
        body,
    }
    .encode()
}

pub(crate) fn selected(protocol: Protocols) -> Vec<u8> {
    confirm(ConfirmBody::Response {
        flags: 0x1F,
        selected: protocol,
    })
}

pub(crate) fn failure(code: u32) -> Vec<u8> {
    confirm(ConfirmBody::Failure {
        code: NegotiationFailure(code),
    })
}

pub(crate) fn key_pair(name: &str) -> CertifiedKey<rcgen::KeyPair> {
    rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap()
}

fn key(pair: &CertifiedKey<rcgen::KeyPair>) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(pair.signing_key.serialize_der()).into()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A TLS server for one version, and its certificate.
pub(crate) fn server(version: &'static SupportedProtocolVersion) -> (Arc<ServerConfig>, Vec<u8>) {
    let pair = key_pair("srv05.corp.example");
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![pair.cert.der().clone()], key(&pair))
        .unwrap();
    (Arc::new(config), pair.cert.der().to_vec())
}

pub(crate) fn server_1_2() -> Arc<ServerConfig> {
    server(&TLS12).0
}

pub(crate) fn server_1_3() -> Arc<ServerConfig> {
    server(&TLS13).0
}

/// A server that asks for a client certificate, and does without.
pub(crate) fn asking_server(version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
    let pair = key_pair("srv05.corp.example");
    let mut roots = RootCertStore::empty();
    roots.add(pair.cert.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .allow_unauthenticated()
        .build()
        .unwrap();
    Arc::new(
        ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![pair.cert.der().clone()], key(&pair))
            .unwrap(),
    )
}

/// Shows one certificate and signs with the key of another.
#[derive(Debug)]
struct Impostor(Arc<sign::CertifiedKey>);

impl ResolvesServerCert for Impostor {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<sign::CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// A server that does not hold the key of its certificate.
pub(crate) fn impostor(version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
    let shown: CertificateDer<'static> = key_pair("srv05.corp.example").cert.der().clone();
    let signer = provider()
        .key_provider
        .load_private_key(key(&key_pair("other.corp.example")))
        .unwrap();
    let certified = Arc::new(sign::CertifiedKey::new(vec![shown], signer));
    Arc::new(
        ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Impostor(certified))),
    )
}

/// A challenge as a domain member of 2022 sends it.
pub(crate) fn challenge() -> Vec<u8> {
    let challenge = Challenge {
        facts: NtlmFacts {
            netbios_computer: Some("SRV05".into()),
            netbios_domain: Some("CORP".into()),
            dns_computer: Some("srv05.corp.example".into()),
            dns_domain: Some("corp.example".into()),
            version: Some((10, 0, 20348)),
            server_time: Some(rdpscan::clock::wall()),
            ..NtlmFacts::default()
        },
        ..Challenge::default()
    };
    TsRequest {
        version: 6,
        nego_token: Some(challenge.encode()),
        ..TsRequest::default()
    }
    .encode()
}
