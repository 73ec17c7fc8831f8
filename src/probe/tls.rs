use std::io::{Read as _, Write as _};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{DnsName, ServerName};
use rustls::{ClientConfig, ClientConnection, Error, ProtocolVersion};

use super::talk::Talk;
use super::verifier::{Seen, Witness};
use crate::model::{Outcome, TlsVersion};

/// The alert of a peer that takes its leave.
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
    /// What is the same for all sessions; the witness in it is replaced. An error would be our own, and is told as such.
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
                    .with_custom_certificate_verifier(Witness::new(
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
        let witness = Witness::new(self.provider.signature_verification_algorithms);
        config.dangerous().set_certificate_verifier(witness.clone());
        config.client_auth_cert_resolver = witness.clone();
        let name = server_name(by_name)
            .and_then(|name| DnsName::try_from(name.to_owned()).ok())
            .map_or_else(
                || ServerName::IpAddress(address.into()),
                ServerName::DnsName,
            );
        let connection =
            ClientConnection::new(Arc::new(config), name).map_err(|error| local(&error))?;
        Ok(Box::new(Session {
            connection,
            witness,
            took_leave: false,
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

/// One TLS session over a [`Talk`].
///
/// rustls is driven by hand, so that bytes are counted, the peer's way of ending is kept, and no fatal alert is sent when
/// our side cannot go on: the connection then just ends with FIN.
#[derive(Debug)]
pub(super) struct Session {
    connection: ClientConnection,
    witness: Arc<Witness>,
    /// The peer said `close_notify` in clear.
    took_leave: bool,
}

/// What the library knows of a session, complete or not.
#[derive(Debug)]
pub(super) struct SessionFacts {
    pub(super) version: Option<TlsVersion>,
    pub(super) cipher: Option<Box<str>>,
    pub(super) group: Option<Box<str>>,
    pub(super) client_certificate_requested: bool,
    pub(super) seen: Seen,
}

impl Session {
    /// Shakes hands within the talk's stage.
    pub(super) async fn handshake(&mut self, talk: &mut Talk) -> Result<(), Outcome> {
        loop {
            self.flush(talk).await?;
            if !self.connection.is_handshaking() {
                return Ok(());
            }
            self.feed(talk).await?;
            // The library passes over a farewell that comes before its time, and would wait for what never comes.
            if self.took_leave && self.connection.is_handshaking() {
                return Err(Outcome::Alert {
                    code: CLOSE_NOTIFY,
                    received: talk.received(),
                });
            }
        }
    }

    /// In TLS 1.3 the server judges the client's (empty) certificate only after the client has finished (RFC 8446 section
    /// 4.4.2.4): its next record is an alert, or anything else.
    pub(super) async fn client_certificate_verdict(
        &mut self,
        talk: &mut Talk,
    ) -> Result<(), Outcome> {
        let judged_late = self.connection.protocol_version() == Some(ProtocolVersion::TLSv1_3);
        if !judged_late || !self.witness.client_certificate_requested() {
            return Ok(());
        }
        if talk.inbox().is_empty() {
            match talk.fill_within(VERDICT_PATIENCE).await {
                Ok(()) => {}
                // Some servers send nothing until the client does.
                Err(Outcome::Timeout { .. }) => return Ok(()),
                Err(outcome) => return Err(outcome),
            }
        }
        self.feed(talk).await
    }

    /// Encrypts and sends.
    pub(super) async fn send(&mut self, talk: &mut Talk, bytes: &[u8]) -> Result<(), Outcome> {
        self.connection
            .writer()
            .write_all(bytes)
            .map_err(|error| Outcome::LocalError {
                detail: error.to_string().into(),
            })?;
        self.flush(talk).await
    }

    /// Waits for more plain text and appends it; at most 16 KiB at a time.
    pub(super) async fn receive(
        &mut self,
        talk: &mut Talk,
        into: &mut Vec<u8>,
    ) -> Result<(), Outcome> {
        loop {
            let before = into.len();
            // The end of the plain text that is there counts only when there was none: `WouldBlock` is "not yet".
            let read = self.connection.reader().read_to_end(into);
            if into.len() > before {
                return Ok(());
            }
            if read.is_ok() {
                return Err(Outcome::Closed {
                    received: talk.received(),
                });
            }
            self.feed(talk).await?;
            self.flush(talk).await?;
        }
    }

    /// The bytes of a `close_notify`.
    pub(super) fn farewell(&mut self) -> Vec<u8> {
        self.connection.send_close_notify();
        self.pending()
    }

    pub(super) fn facts(&self) -> SessionFacts {
        SessionFacts {
            version: self
                .connection
                .protocol_version()
                .map(|version| TlsVersion(version.into())),
            cipher: self
                .connection
                .negotiated_cipher_suite()
                .map(|suite| format!("{:?}", suite.suite()).into()),
            group: self
                .connection
                .negotiated_key_exchange_group()
                .map(|group| format!("{:?}", group.name()).into()),
            client_certificate_requested: self.witness.client_certificate_requested(),
            seen: self.witness.take(),
        }
    }

    /// Works off what has come, or waits for more.
    async fn feed(&mut self, talk: &mut Talk) -> Result<(), Outcome> {
        if talk.inbox().is_empty() {
            talk.fill().await?;
        }
        let bytes = talk.take();
        self.took_leave |= ends_with_farewell(&bytes);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match self.connection.read_tls(&mut rest) {
                // After close_notify nothing counts any more.
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => {
                    return Err(Outcome::Malformed {
                        detail: error.to_string().into(),
                    });
                }
            }
            self.connection
                .process_new_packets()
                .map_err(|error| outcome_of(&error, talk.received()))?;
        }
        Ok(())
    }

    async fn flush(&mut self, talk: &mut Talk) -> Result<(), Outcome> {
        let bytes = self.pending();
        if bytes.is_empty() {
            return Ok(());
        }
        talk.send(&bytes).await
    }

    /// Everything that the library wants to send.
    fn pending(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut bytes) {
                Ok(1..) => {}
                // Writing to memory does not fail; if it ever did, what is there is all there is.
                Ok(0) | Err(_) => break,
            }
        }
        bytes
    }
}

/// Whether the last record is a `close_notify` in clear (RFC 5246 section 7.2.1), as no encrypted one looks.
fn ends_with_farewell(bytes: &[u8]) -> bool {
    matches!(bytes, [.., 0x15, 0x03, _, 0x00, 0x02, _, CLOSE_NOTIFY])
}

/// What the library's error says: an alert, broken bytes, or a refusal that is ours alone.
fn outcome_of(error: &Error, received: u32) -> Outcome {
    match error {
        Error::AlertReceived(alert) => Outcome::Alert {
            code: (*alert).into(),
            received,
        },
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerMisbehaved(_)
        | Error::DecryptError
        | Error::PeerSentOversizedRecord => Outcome::Malformed {
            detail: error.to_string().into(),
        },
        _ => Outcome::ClientRefused {
            detail: error.to_string().into(),
        },
    }
}

fn local(error: &Error) -> Outcome {
    Outcome::LocalError {
        detail: error.to_string().into(),
    }
}
