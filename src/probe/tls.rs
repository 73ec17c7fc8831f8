use std::io::{Read as _, Write as _};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{DnsName, ServerName};
use rustls::{ClientConfig, ClientConnection, Error, InvalidMessage, ProtocolVersion};

use super::connection::Connection;
use super::recording_verifier::{RecordingVerifier, Seen};
use crate::model::{Outcome, TlsVersion};

const CLOSE_NOTIFY: u8 = 0;

/// How long a server that requests a client certificate may take to refuse the handshake without one.
const VERDICT_PATIENCE: Duration = Duration::from_secs(1);

/// The one place that chooses the cryptography.
fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

/// The name to send as SNI: only what is a DNS name, never an address (RFC 6066 section 3).
pub(super) fn server_name(by_name: Option<&str>) -> Option<&str> {
    by_name.filter(|name| matches!(ServerName::try_from(*name), Ok(ServerName::DnsName(_))))
}

/// Makes TLS sessions that accept everything and never resume (`CredSSP` does not survive resumption).
#[derive(Debug)]
pub(super) struct Client {
    provider: Arc<CryptoProvider>,
    /// What is the same for all sessions; the verifier in it is replaced. An error is one of this machine.
    base: Result<ClientConfig, Error>,
}

impl Client {
    pub(super) fn new() -> Self {
        let provider = Arc::new(provider());
        let base = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map(|builder| {
                let mut config = builder
                    .dangerous()
                    .with_custom_certificate_verifier(RecordingVerifier::new(
                        provider.signature_verification_algorithms,
                    ))
                    .with_no_client_auth();
                config.resumption = Resumption::disabled();
                config
            });
        Self { provider, base }
    }

    /// A session by name, with SNI, or by address, without.
    pub(super) fn session(
        &self,
        by_name: Option<&str>,
        address: IpAddr,
    ) -> Result<Box<Session>, Outcome> {
        let mut config = self.base.clone().map_err(|error| local(&error))?;
        let verifier = RecordingVerifier::new(self.provider.signature_verification_algorithms);
        config
            .dangerous()
            .set_certificate_verifier(verifier.clone());
        config.client_auth_cert_resolver = verifier.clone();
        let name = server_name(by_name)
            .and_then(|name| DnsName::try_from(name.to_owned()).ok())
            .map_or_else(
                || ServerName::IpAddress(address.into()),
                ServerName::DnsName,
            );
        let tls = ClientConnection::new(Arc::new(config), name).map_err(|error| local(&error))?;
        Ok(Box::new(Session {
            tls,
            verifier,
            close_notify_received: false,
        }))
    }

    /// Random bytes for the hand-made hello.
    pub(super) fn random(&self) -> Result<[u8; 32], Outcome> {
        let mut bytes = [0; 32];
        self.provider
            .secure_random
            .fill(&mut bytes)
            .map_err(|error| Outcome::LocalError {
                detail: format!("no random bytes: {error:?}").into(),
            })?;
        Ok(bytes)
    }
}

/// One TLS session over a [`Connection`].
///
/// rustls is driven by hand, so that bytes are counted, the peer's way of ending is kept, and no fatal alert is sent when
/// our side cannot go on: the connection then just ends with FIN.
#[derive(Debug)]
pub(super) struct Session {
    tls: ClientConnection,
    verifier: Arc<RecordingVerifier>,
    /// The peer sent `close_notify` in clear.
    close_notify_received: bool,
}

/// The facts of a session, complete or not.
#[derive(Debug)]
pub(super) struct SessionFacts {
    pub(super) version: Option<TlsVersion>,
    pub(super) cipher: Option<Box<str>>,
    pub(super) group: Option<Box<str>>,
    pub(super) client_certificate_requested: bool,
    pub(super) seen: Seen,
}

impl Session {
    pub(super) async fn handshake(&mut self, connection: &mut Connection) -> Result<(), Outcome> {
        loop {
            self.flush(connection).await?;
            if !self.tls.is_handshaking() {
                return Ok(());
            }
            self.feed(connection).await?;
            // The library ignores an early close_notify, and would wait for more.
            if self.close_notify_received && self.tls.is_handshaking() {
                return Err(Outcome::Alert {
                    code: CLOSE_NOTIFY,
                    received: connection.received(),
                });
            }
        }
    }

    /// In TLS 1.3 the server judges the client's (empty) certificate only after the client has finished (RFC 8446 section
    /// 4.4.2.4): its next record is an alert, or anything else.
    pub(super) async fn client_certificate_verdict(
        &mut self,
        connection: &mut Connection,
    ) -> Result<(), Outcome> {
        let judged_late = self.tls.protocol_version() == Some(ProtocolVersion::TLSv1_3);
        if !judged_late || !self.verifier.client_certificate_requested() {
            return Ok(());
        }
        if connection.inbox().is_empty() {
            match connection.fill_within(VERDICT_PATIENCE).await {
                Ok(()) => {}
                // Some servers send nothing until the client does.
                Err(Outcome::Timeout { .. }) => return Ok(()),
                Err(outcome) => return Err(outcome),
            }
        }
        self.feed(connection).await
    }

    pub(super) async fn send(
        &mut self,
        connection: &mut Connection,
        bytes: &[u8],
    ) -> Result<(), Outcome> {
        self.tls
            .writer()
            .write_all(bytes)
            .map_err(|error| Outcome::LocalError {
                detail: error.to_string().into(),
            })?;
        self.flush(connection).await
    }

    /// Waits for more plain text and appends it; at most 16 KiB at a time.
    pub(super) async fn receive(
        &mut self,
        connection: &mut Connection,
        into: &mut Vec<u8>,
    ) -> Result<(), Outcome> {
        loop {
            let before = into.len();
            // The end of the plain text that is there counts only when there was none: `WouldBlock` is "not yet".
            let read = self.tls.reader().read_to_end(into);
            if into.len() > before {
                return Ok(());
            }
            if read.is_ok() {
                return Err(Outcome::Closed {
                    received: connection.received(),
                });
            }
            self.feed(connection).await?;
            self.flush(connection).await?;
        }
    }

    pub(super) fn close_notify(&mut self) -> Vec<u8> {
        self.tls.send_close_notify();
        self.pending()
    }

    pub(super) fn facts(&self) -> SessionFacts {
        SessionFacts {
            version: self
                .tls
                .protocol_version()
                .map(|version| TlsVersion(version.into())),
            cipher: self
                .tls
                .negotiated_cipher_suite()
                .map(|suite| format!("{:?}", suite.suite()).into()),
            group: self
                .tls
                .negotiated_key_exchange_group()
                .map(|group| format!("{:?}", group.name()).into()),
            client_certificate_requested: self.verifier.client_certificate_requested(),
            seen: self.verifier.take(),
        }
    }

    /// Processes what was received, or waits for more.
    async fn feed(&mut self, connection: &mut Connection) -> Result<(), Outcome> {
        if connection.inbox().is_empty() {
            connection.fill().await?;
        }
        let bytes = connection.take();
        self.close_notify_received |= ends_with_close_notify(&bytes);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match self.tls.read_tls(&mut rest) {
                // After close_notify nothing counts any more.
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => {
                    return Err(Outcome::Malformed {
                        detail: error.to_string().into(),
                    });
                }
            }
            self.tls
                .process_new_packets()
                .map_err(|error| outcome_of(&error, connection.received()))?;
        }
        Ok(())
    }

    async fn flush(&mut self, connection: &mut Connection) -> Result<(), Outcome> {
        let bytes = self.pending();
        if bytes.is_empty() {
            return Ok(());
        }
        connection.send(&bytes).await
    }

    fn pending(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut bytes) {
                Ok(1..) => {}
                // Writing to memory does not fail; if it ever did, what is there is all there is.
                Ok(0) | Err(_) => break,
            }
        }
        bytes
    }
}

/// Whether the last record is a `close_notify` in clear (RFC 5246 section 7.2.1), as no encrypted one looks.
fn ends_with_close_notify(bytes: &[u8]) -> bool {
    matches!(bytes, [.., 0x15, 0x03, _, 0x00, 0x02, _, CLOSE_NOTIFY])
}

/// Classifies an error of the library: an alert, malformed bytes, or a refusal by the library alone.
fn outcome_of(error: &Error, received: u32) -> Outcome {
    match error {
        Error::AlertReceived(alert) => Outcome::Alert {
            code: (*alert).into(),
            received,
        },
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            malformed("the answer is not TLS".to_owned())
        }
        Error::InvalidMessage(fault) => malformed(format!(
            "a TLS message that cannot be read ({})",
            variant_in_words(fault)
        )),
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            malformed("a TLS message out of order".to_owned())
        }
        Error::PeerMisbehaved(fault) => {
            malformed(format!("a violation of TLS ({})", variant_in_words(fault)))
        }
        Error::DecryptError => malformed("a TLS record that cannot be decrypted".to_owned()),
        Error::PeerSentOversizedRecord => malformed("a TLS record above the size limit".to_owned()),
        Error::PeerIncompatible(fault) => Outcome::ClientRefused {
            detail: format!("incompatible TLS ({})", variant_in_words(fault)).into(),
        },
        Error::InvalidCertificate(fault) => Outcome::ClientRefused {
            detail: format!("unusable certificate ({})", variant_in_words(fault)).into(),
        },
        _ => Outcome::ClientRefused {
            detail: variant_in_words(error).into(),
        },
    }
}

fn malformed(detail: String) -> Outcome {
    Outcome::Malformed {
        detail: detail.into(),
    }
}

/// The name of an enum's variant in words, for the errors of libraries: `UnknownIssuer` is "unknown issuer".
pub(super) fn variant_in_words(variant: &dyn std::fmt::Debug) -> String {
    let debug = format!("{variant:?}");
    let name = debug.split(|c: char| !c.is_alphanumeric()).next();
    let mut words = String::new();
    let mut previous_is_lower = false;
    for letter in name.unwrap_or_default().chars() {
        if letter.is_uppercase() && previous_is_lower {
            words.push(' ');
        }
        previous_is_lower = letter.is_lowercase() || letter.is_numeric();
        words.extend(letter.to_lowercase());
    }
    words
}

fn local(error: &Error) -> Outcome {
    Outcome::LocalError {
        detail: error.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use rustls::{CertificateError, PeerIncompatible, PeerMisbehaved};

    use super::*;
    use crate::model::Protocols;

    /// What a server negotiates is compared with earlier scans. A library that offers something else in another order changes that: then
    /// raise `OFFER` in `diagnosis::fingerprint`, and these words.
    #[test]
    fn what_is_offered_has_a_version() {
        let provider = provider();
        let suites = provider.cipher_suites.iter();
        let suites: Vec<String> = suites.map(|one| format!("{:?}", one.suite())).collect();
        let groups = provider.kx_groups.iter();
        let groups: Vec<String> = groups.map(|one| format!("{:?}", one.name())).collect();
        assert_eq!(
            suites.join(" "),
            "TLS13_AES_256_GCM_SHA384 TLS13_AES_128_GCM_SHA256 TLS13_CHACHA20_POLY1305_SHA256 \
             TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 \
             TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 \
             TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
        );
        assert_eq!(groups.join(" "), "X25519 secp256r1 secp384r1");
        assert_eq!(Protocols::DEFAULT_OFFER.0, 3);
    }

    #[test]
    fn errors_of_the_library_are_told_in_words() {
        for (error, words) in [
            (
                Error::InvalidMessage(InvalidMessage::InvalidContentType),
                "malformed: the answer is not TLS",
            ),
            (
                Error::InvalidMessage(InvalidMessage::MissingData("ServerHello")),
                "malformed: a TLS message that cannot be read (missing data)",
            ),
            (
                Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite),
                "malformed: a violation of TLS (selected unoffered cipher suite)",
            ),
            (
                Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon),
                "rejected by our TLS library: incompatible TLS (no cipher suites in common)",
            ),
            (
                Error::InvalidCertificate(CertificateError::BadEncoding),
                "rejected by our TLS library: unusable certificate (bad encoding)",
            ),
            (
                Error::NoCertificatesPresented,
                "rejected by our TLS library: no certificates presented",
            ),
        ] {
            assert_eq!(outcome_of(&error, 7).to_string(), words);
        }
    }
}
