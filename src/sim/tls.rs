//! TLS of simulated hosts: rustls where it supports the profile, else canned bytes.

use std::sync::Arc;

use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use rustls_pki_types::CertificateDer;

use super::TlsProfile;
use super::hello::Hello;
use crate::model::TlsVersion;
use crate::wire::tls_peek;

/// `handshake_failure` (RFC 5246 section 7.2.2).
const HANDSHAKE_FAILURE: u8 = 40;
/// `protocol_version`.
const PROTOCOL_VERSION: u8 = 70;
/// `internal_error`.
const INTERNAL_ERROR: u8 = 80;
/// `unexpected_message`.
const UNEXPECTED_MESSAGE: u8 = 10;
/// Level of an alert that ends the connection.
const FATAL: u8 = 2;

const TLS_12: &[&SupportedProtocolVersion] = &[&version::TLS12];
const TLS_13: &[&SupportedProtocolVersion] = &[&version::TLS13];
const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

/// With `client_root` the server requests a client certificate and does not require it.
pub(super) fn server_config(
    profile: TlsProfile,
    key: &Arc<CertifiedKey>,
    client_root: Option<&[u8]>,
) -> Result<Arc<ServerConfig>, String> {
    let versions = match profile {
        TlsProfile::Tls12 => TLS_12,
        TlsProfile::Tls13 => TLS_13,
        _ => BOTH,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(|error| error.to_string())?;
    let builder = match client_root {
        None => builder.with_no_client_auth(),
        Some(root) => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from(root.to_vec()))
                .map_err(|error| error.to_string())?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .allow_unauthenticated()
                .build()
                .map_err(|error| error.to_string())?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let resolver = SingleCertAndKey::from(CertifiedKey::clone(key));
    let mut config = builder.with_cert_resolver(Arc::new(resolver));
    // CredSSP excludes resumption, so Windows does not offer it either.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// The answer of a host without rustls to a first record.
pub(super) fn canned_answer(profile: TlsProfile, record: &[u8], chain: &[Vec<u8>]) -> Vec<u8> {
    let alert = |version, code| tls_peek::alert(version, FATAL, code);
    let Some(hello) = Hello::read(record) else {
        return alert(TlsVersion::TLS_1_0, UNEXPECTED_MESSAGE);
    };
    // An old server ignores unknown extensions, but rustls offers nothing below 1.2.
    let old = |version, suite| {
        if hello.modern {
            alert(version, PROTOCOL_VERSION)
        } else if hello.offers(suite) {
            tls_peek::server_flight(version, suite, chain)
        } else {
            alert(version, HANDSHAKE_FAILURE)
        }
    };
    let only = |suite| {
        if hello.offers(suite) {
            tls_peek::server_flight(TlsVersion::TLS_1_2, suite, chain)
        } else {
            alert(TlsVersion::TLS_1_2, HANDSHAKE_FAILURE)
        }
    };
    match profile {
        TlsProfile::Legacy10 => old(TlsVersion::TLS_1_0, 0x000A),
        TlsProfile::Legacy11 => old(TlsVersion::TLS_1_1, 0xC014),
        TlsProfile::Legacy12Rsa => only(0x009C),
        TlsProfile::Legacy12Cbc => only(0xC028),
        TlsProfile::NoCommonSuite => alert(TlsVersion::TLS_1_2, HANDSHAKE_FAILURE),
        TlsProfile::NoCommonVersion => alert(TlsVersion::TLS_1_2, PROTOCOL_VERSION),
        TlsProfile::InternalError => alert(TlsVersion::TLS_1_2, INTERNAL_ERROR),
        TlsProfile::Garbage | TlsProfile::Modern | TlsProfile::Tls12 | TlsProfile::Tls13 => {
            b"\x03\x00\x00\x09\x02\xF0\x80\x21\x80".to_vec()
        }
    }
}

/// The answer of a TLS server to other bytes.
pub(super) fn not_tls_alert() -> Vec<u8> {
    tls_peek::alert(TlsVersion::TLS_1_2, FATAL, UNEXPECTED_MESSAGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls_peek::{PeekFacts, PeekReader, PeekStep};

    fn peek(profile: TlsProfile) -> (PeekStep, Option<PeekFacts>) {
        let hello = tls_peek::client_hello(None, [7; 32]);
        let mut reader = PeekReader::default();
        let step = reader.push(&canned_answer(profile, &hello, &[vec![0x30, 0]]));
        (step, reader.into_facts())
    }

    #[test]
    fn old_servers_show_their_certificate_to_the_peek() {
        for (profile, version, suite) in [
            (TlsProfile::Legacy10, TlsVersion::TLS_1_0, 0x000A),
            (TlsProfile::Legacy11, TlsVersion::TLS_1_1, 0xC014),
            (TlsProfile::Legacy12Rsa, TlsVersion::TLS_1_2, 0x009C),
            (TlsProfile::Legacy12Cbc, TlsVersion::TLS_1_2, 0xC028),
        ] {
            let (PeekStep::Done, Some(facts)) = peek(profile) else {
                panic!("{profile:?}: {:?}", peek(profile));
            };
            assert_eq!((facts.version, facts.suite), (version, suite));
            assert_eq!(facts.chain, [vec![0x30, 0]]);
        }
    }

    #[test]
    fn servers_without_a_common_ground_send_alerts() {
        assert_eq!(peek(TlsProfile::NoCommonSuite).0, PeekStep::Alert(40));
        assert_eq!(peek(TlsProfile::NoCommonVersion).0, PeekStep::Alert(70));
        assert_eq!(peek(TlsProfile::InternalError).0, PeekStep::Alert(80));
    }
}
