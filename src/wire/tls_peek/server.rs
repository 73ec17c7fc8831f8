//! The server's side of the peek, for simulated hosts that rustls cannot imitate.

use super::{content, handshake, handshake_message, push_u24, records};
use crate::model::TlsVersion;

/// `ServerHello`, `Certificate` and `ServerHelloDone` of that version, in records of at most 16 KiB. The random is constant,
/// since the handshake never continues.
#[must_use]
pub fn server_flight(version: TlsVersion, suite: u16, chain: &[Vec<u8>]) -> Vec<u8> {
    let mut hello = version.0.to_be_bytes().to_vec();
    hello.extend_from_slice(&[0x5A; 32]);
    // No session id.
    hello.push(0);
    hello.extend_from_slice(&suite.to_be_bytes());
    // Null compression, and no extensions.
    hello.push(0);

    let mut list = Vec::new();
    for certificate in chain {
        push_u24(&mut list, certificate.len());
        list.extend_from_slice(certificate);
    }
    let mut certificates = Vec::with_capacity(list.len() + 3);
    push_u24(&mut certificates, list.len());
    certificates.extend_from_slice(&list);

    let mut flight = handshake_message(handshake::SERVER_HELLO, &hello);
    flight.extend(handshake_message(handshake::CERTIFICATE, &certificates));
    flight.extend(handshake_message(handshake::SERVER_HELLO_DONE, &[]));
    records(content::HANDSHAKE, version.0, &flight)
}

/// An alert record (RFC 5246 section 7.2): level 1 is a warning, 2 is fatal.
#[must_use]
pub fn alert(version: TlsVersion, level: u8, code: u8) -> Vec<u8> {
    records(content::ALERT, version.0, &[level, code])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_seven_bytes() {
        assert_eq!(
            alert(TlsVersion::TLS_1_2, 2, 40),
            [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]
        );
    }
}
