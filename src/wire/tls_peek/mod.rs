//! The legacy peek: a `ClientHello` up to TLS 1.2, and a reader of the clear part of the answer.
//!
//! Up to TLS 1.2 a server sends version, suite and certificate in clear (RFC 5246 section 7.3), also when it is too old for
//! rustls. The result is not authenticated.

mod hello;
mod reader;
mod server;
mod suite;

pub use hello::client_hello;
pub use reader::{CHAIN_LIMIT, PeekFacts, PeekReader, PeekStep};
pub use server::{alert, server_flight};
pub use suite::suite_name;

/// Record content types (RFC 5246 section 6.2.1).
mod content {
    pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
    pub(super) const ALERT: u8 = 21;
    pub(super) const HANDSHAKE: u8 = 22;
    pub(super) const APPLICATION_DATA: u8 = 23;
}

/// Handshake message types (RFC 5246 section 7.4).
mod handshake {
    pub(super) const CLIENT_HELLO: u8 = 1;
    pub(super) const SERVER_HELLO: u8 = 2;
    pub(super) const CERTIFICATE: u8 = 11;
    pub(super) const CERTIFICATE_REQUEST: u8 = 13;
    pub(super) const SERVER_HELLO_DONE: u8 = 14;
}

/// The largest plain text of one record (RFC 5246 section 6.2.1).
const RECORD_LIMIT: usize = 1 << 14;

/// Appends a 24-bit length.
fn push_u24(into: &mut Vec<u8>, length: usize) {
    let bytes = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    into.extend_from_slice(bytes.get(1..).unwrap_or_default());
}

/// A handshake message with its header.
fn handshake_message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    push_u24(&mut message, body.len());
    message.extend_from_slice(body);
    message
}

/// Splits a payload into records.
fn records(kind: u8, version: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len() + 5);
    for part in payload.chunks(RECORD_LIMIT) {
        bytes.push(kind);
        bytes.extend_from_slice(&version.to_be_bytes());
        bytes.extend_from_slice(&super::cursor::length_u16(part.len()).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}
