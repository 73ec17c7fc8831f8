use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::signature;
use crate::wire::tls_peek::CHAIN_LIMIT;

/// What a server may sign with besides the provider's own list. Without the SHA-1 schemes Schannel with an old certificate
/// may find nothing to sign with; P-521 and Ed448 are there so that such a server completes the handshake, though unverified.
const OLD_SCHEMES: [SignatureScheme; 4] = [
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED448,
    SignatureScheme::RSA_PKCS1_SHA1,
    SignatureScheme::ECDSA_SHA1_Legacy,
];

/// Accepts every certificate and every signature of one handshake, and records them.
///
/// INVARIANT: nothing secret is ever sent over a connection that this has accepted; it protects nothing.
#[derive(Debug)]
pub(super) struct RecordingVerifier {
    algorithms: WebPkiSupportedAlgorithms,
    seen: Mutex<Seen>,
    client_certificate: AtomicBool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The chain as sent, leaf first, at most 16.
    pub(super) chain: Vec<Vec<u8>>,
    /// Whether the signature over the key exchange was right; `None` when it was not seen, or cannot be verified.
    pub(super) signature_valid: Option<bool>,
}

impl RecordingVerifier {
    pub(super) fn new(algorithms: WebPkiSupportedAlgorithms) -> Arc<Self> {
        Arc::new(Self {
            algorithms,
            seen: Mutex::default(),
            client_certificate: AtomicBool::new(false),
        })
    }

    pub(super) fn take(&self) -> Seen {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the server asked for a client certificate.
    pub(super) fn client_certificate_requested(&self) -> bool {
        self.client_certificate.load(Ordering::Relaxed)
    }

    fn note_signature(
        &self,
        said: &Result<HandshakeSignatureValid, Error>,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) {
        let verdict = signature::verdict(said, message, certificate, signed);
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .signature_valid = verdict;
    }
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .chain = std::iter::once(end_entity)
            .chain(intermediates)
            .take(CHAIN_LIMIT)
            .map(|certificate| certificate.to_vec())
            .collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let said = verify_tls12_signature(message, cert, dss, &self.algorithms);
        self.note_signature(&said, message, cert, dss);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let said = verify_tls13_signature(message, cert, dss, &self.algorithms);
        self.note_signature(&said, message, cert, dss);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.algorithms.supported_schemes();
        for old in OLD_SCHEMES {
            if !schemes.contains(&old) {
                schemes.push(old);
            }
        }
        schemes
    }
}

/// Asked only when the server asks for a client certificate; there never is one.
impl ResolvesClientCert for RecordingVerifier {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.client_certificate.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
