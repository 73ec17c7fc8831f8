use super::{RECORD_LIMIT, content, handshake};
use crate::model::TlsVersion;
use crate::wire::STAGE_LIMIT;
use crate::wire::cursor::Cursor;

/// The most certificates of a chain.
pub const CHAIN_LIMIT: usize = 16;

/// Bytes of a record header.
const RECORD_HEADER: usize = 5;
/// Bytes of a handshake message header.
const MESSAGE_HEADER: usize = 4;
/// The tolerated excess over [`RECORD_LIMIT`] (RFC 5246 section 6.2.3).
const RECORD_SLACK: usize = 2048;

/// The clear part of a server's flight, not authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeekFacts {
    /// The version that the `ServerHello` names.
    pub version: TlsVersion,
    /// The suite that it selects.
    pub suite: u16,
    /// The certificates as sent, leaf first, at most [`CHAIN_LIMIT`]; empty when the server sent none.
    pub chain: Vec<Vec<u8>>,
    /// The server requests a client certificate (RFC 5246 section 7.4.4).
    pub certificate_requested: bool,
}

/// The state of the reader, final except for `NeedMore`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeekStep {
    /// Not enough yet.
    NeedMore,
    /// The server's flight was read up to `ServerHelloDone`.
    Done,
    /// A fatal alert, or `close_notify`; the number is from RFC 5246 section 7.2.
    Alert(u8),
    /// Not TLS records.
    NotTls,
    /// TLS records with invalid content; a lower-case fragment.
    Malformed(&'static str),
}

/// Reassembles at most 64 KiB of records and handshake messages up to `ServerHelloDone`.
#[derive(Debug, Clone, Default)]
pub struct PeekReader {
    received: usize,
    records: Vec<u8>,
    messages: Vec<u8>,
    facts: Option<PeekFacts>,
    ended: Option<PeekStep>,
}

impl PeekReader {
    /// Takes the next bytes, in pieces of any size. After a final step they are ignored.
    pub fn push(&mut self, bytes: &[u8]) -> PeekStep {
        if let Some(step) = &self.ended {
            return step.clone();
        }
        // INVARIANT: never more than STAGE_LIMIT bytes are held, whatever is pushed.
        let room = STAGE_LIMIT - self.received;
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.received += taken.len();
        self.records.extend_from_slice(taken);
        let mut step = self.drain();
        if step.is_none() && bytes.len() > room {
            step = Some(PeekStep::Malformed(
                "no end of the server's flight within 64 KiB",
            ));
        }
        if let Some(step) = step {
            self.records = Vec::new();
            self.messages = Vec::new();
            self.ended = Some(step.clone());
            return step;
        }
        PeekStep::NeedMore
    }

    /// The facts from the `ServerHello` on; `None` before it.
    #[must_use]
    pub fn into_facts(self) -> Option<PeekFacts> {
        self.facts
    }

    /// Processes every complete record.
    fn drain(&mut self) -> Option<PeekStep> {
        loop {
            let (kind, length) = match record_header(&self.records) {
                Header::Partial => return None,
                Header::Bad(step) => return Some(step),
                Header::Whole { kind, length } => (kind, length),
            };
            let end = RECORD_HEADER + length;
            let payload = self.records.get(RECORD_HEADER..end)?;
            let step = match kind {
                content::ALERT => match payload {
                    // A warning other than close_notify does not end the handshake (RFC 5246 section 7.2).
                    [1, code] if *code != 0 => None,
                    [_, code] => Some(PeekStep::Alert(*code)),
                    _ => Some(PeekStep::Malformed("alert is not two bytes long")),
                },
                content::HANDSHAKE if payload.is_empty() => {
                    Some(PeekStep::Malformed("empty handshake record"))
                }
                content::HANDSHAKE => {
                    self.messages.extend_from_slice(payload);
                    self.drain_messages()
                }
                _ => Some(PeekStep::Malformed(
                    "encrypted records before the end of the server's flight",
                )),
            };
            if step.is_some() {
                return step;
            }
            self.records.drain(..end);
        }
    }

    /// Processes every complete handshake message.
    fn drain_messages(&mut self) -> Option<PeekStep> {
        loop {
            let mut cursor = Cursor::new(&self.messages);
            let kind = cursor.u8("handshake type").ok()?;
            if !(handshake::SERVER_HELLO..=handshake::SERVER_HELLO_DONE).contains(&kind)
                && kind != 0
                && kind != 22
            {
                return Some(PeekStep::Malformed("unknown handshake message"));
            }
            let length = cursor.u24_be("handshake length").ok()?;
            if length > STAGE_LIMIT {
                return Some(PeekStep::Malformed("handshake message above 64 KiB"));
            }
            let body = cursor.take(length, "handshake message").ok()?;
            let step = match (kind, &mut self.facts) {
                (handshake::SERVER_HELLO, none @ None) => match server_hello(body) {
                    Some((version, suite)) => {
                        *none = Some(PeekFacts {
                            version,
                            suite,
                            chain: Vec::new(),
                            certificate_requested: false,
                        });
                        None
                    }
                    None => Some(PeekStep::Malformed("server hello ends early")),
                },
                (handshake::CERTIFICATE, Some(facts)) => match certificates(body) {
                    Some(chain) => {
                        facts.chain = chain;
                        None
                    }
                    None => Some(PeekStep::Malformed(
                        "certificate message breaks its own lengths",
                    )),
                },
                (handshake::CERTIFICATE_REQUEST, Some(facts)) => {
                    facts.certificate_requested = true;
                    None
                }
                (handshake::SERVER_HELLO_DONE, Some(_)) => Some(PeekStep::Done),
                (handshake::SERVER_HELLO, Some(_)) => {
                    Some(PeekStep::Malformed("second server hello"))
                }
                // The key exchange, HelloRequest, certificate status and the like.
                (_, Some(_)) | (0, None) => None,
                (_, None) => Some(PeekStep::Malformed("no server hello first")),
            };
            if step.is_some() {
                return step;
            }
            self.messages.drain(..MESSAGE_HEADER + length);
        }
    }
}

enum Header {
    Partial,
    Bad(PeekStep),
    Whole { kind: u8, length: usize },
}

/// Checks a record header byte by byte, so that the result does not depend on the pieces.
fn record_header(bytes: &[u8]) -> Header {
    let Some(kind) = bytes.first().copied() else {
        return Header::Partial;
    };
    if !(content::CHANGE_CIPHER_SPEC..=content::APPLICATION_DATA).contains(&kind) {
        return Header::Bad(PeekStep::NotTls);
    }
    if bytes.get(1).is_some_and(|major| *major != 3) {
        return Header::Bad(PeekStep::NotTls);
    }
    let (Some(high), Some(low)) = (bytes.get(3), bytes.get(4)) else {
        return Header::Partial;
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if length > RECORD_LIMIT + RECORD_SLACK {
        return Header::Bad(PeekStep::Malformed("record above 16 KiB"));
    }
    Header::Whole { kind, length }
}

/// Version and suite (RFC 5246 section 7.4.1.3). `supported_versions` (RFC 8446 section 4.2.1) in an answer is invalid, since it
/// was not offered, and still gives the version.
fn server_hello(body: &[u8]) -> Option<(TlsVersion, u16)> {
    let mut cursor = Cursor::new(body);
    let mut version = cursor.u16_be("version").ok()?;
    cursor.take(32, "random").ok()?;
    let session = usize::from(cursor.u8("session length").ok()?);
    cursor.take(session, "session").ok()?;
    let suite = cursor.u16_be("suite").ok()?;
    cursor.u8("compression").ok()?;
    if !cursor.is_empty() {
        let length = usize::from(cursor.u16_be("extensions length").ok()?);
        let mut extensions = Cursor::new(cursor.take(length, "extensions").ok()?);
        while !extensions.is_empty() {
            let number = extensions.u16_be("extension").ok()?;
            let length = usize::from(extensions.u16_be("extension length").ok()?);
            let data = extensions.take(length, "extension data").ok()?;
            if let (43, [high, low]) = (number, data) {
                version = u16::from_be_bytes([*high, *low]);
            }
        }
    }
    Some((TlsVersion(version), suite))
}

/// The certificate list (RFC 5246 section 7.4.2), up to TLS 1.2.
fn certificates(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut cursor = Cursor::new(body);
    let length = cursor.u24_be("certificate list length").ok()?;
    let mut list = Cursor::new(cursor.take(length, "certificate list").ok()?);
    if !cursor.is_empty() {
        return None;
    }
    let mut chain = Vec::new();
    while !list.is_empty() {
        let length = list.u24_be("certificate length").ok()?;
        let certificate = list.take(length, "certificate").ok()?;
        if chain.len() < CHAIN_LIMIT {
            chain.push(certificate.to_vec());
        }
    }
    Some(chain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{alert, handshake_message, records, server_flight};
    use super::*;

    fn read_all(bytes: &[u8], piece: usize) -> (PeekStep, Option<PeekFacts>) {
        let mut reader = PeekReader::default();
        let mut step = PeekStep::NeedMore;
        for part in bytes.chunks(piece) {
            step = reader.push(part);
        }
        (step, reader.into_facts())
    }

    fn read(bytes: &[u8], piece: usize) -> PeekStep {
        read_all(bytes, piece).0
    }

    fn facts(version: TlsVersion, suite: u16, chain: &[Vec<u8>]) -> (PeekStep, Option<PeekFacts>) {
        let facts = PeekFacts {
            version,
            suite,
            chain: chain.to_vec(),
            certificate_requested: false,
        };
        (PeekStep::Done, Some(facts))
    }

    #[test]
    fn a_flight_cut_behind_the_certificate_keeps_it_and_is_not_done() {
        let chain = vec![vec![0x30; 900]];
        let mut bytes = server_flight(TlsVersion::TLS_1_2, 0xC02F, &chain);
        bytes.truncate(bytes.len() - 4);
        let length = u16::try_from(bytes.len() - 5).unwrap();
        bytes[3..5].copy_from_slice(&length.to_be_bytes());
        let (step, facts) = read_all(&bytes, usize::MAX);
        assert_eq!(step, PeekStep::NeedMore);
        assert!(facts.is_some_and(|facts| facts.chain == chain));
    }

    #[test]
    fn a_request_for_a_client_certificate_is_kept() {
        let (step, facts) = read_flight(&[
            hello(),
            handshake_message(handshake::CERTIFICATE_REQUEST, &[1, 1, 0, 0, 0, 0]),
            handshake_message(handshake::SERVER_HELLO_DONE, &[]),
        ]);
        assert_eq!(step, PeekStep::Done);
        assert!(facts.is_some_and(|facts| facts.certificate_requested));
    }

    fn hello() -> Vec<u8> {
        let body = [&[3, 3][..], &[7; 32], &[0, 0xC0, 0x2F, 0]].concat();
        handshake_message(handshake::SERVER_HELLO, &body)
    }

    fn read_flight(messages: &[Vec<u8>]) -> (PeekStep, Option<PeekFacts>) {
        let bytes = records(content::HANDSHAKE, 0x0303, &messages.concat());
        read_all(&bytes, usize::MAX)
    }

    /// RFC 5246 7.4.1.1: a hello request may come at any time, and is ignored during a handshake. RFC 6066 8: a certificate status
    /// follows the certificate.
    #[test]
    fn a_hello_request_and_a_certificate_status_are_skipped() {
        let flight = [
            handshake_message(0, &[]),
            hello(),
            handshake_message(22, &[1, 0, 0, 0]),
            handshake_message(handshake::SERVER_HELLO_DONE, &[]),
        ];
        assert_eq!(read_flight(&flight).0, PeekStep::Done);
    }

    #[test]
    fn a_second_hello_is_malformed() {
        let (step, _) = read_flight(&[hello(), hello()]);
        assert_eq!(step, PeekStep::Malformed("second server hello"));
    }

    #[test]
    fn a_record_may_exceed_16_kib_by_two() {
        assert_eq!(read(&[22, 3, 3, 0x48, 0], 5), PeekStep::NeedMore);
        assert_eq!(
            read(&[22, 3, 3, 0x48, 1], 5),
            PeekStep::Malformed("record above 16 KiB")
        );
    }

    #[test]
    fn every_old_version_yields_its_certificate() {
        for version in [
            TlsVersion::SSL_3_0,
            TlsVersion::TLS_1_0,
            TlsVersion::TLS_1_1,
            TlsVersion::TLS_1_2,
        ] {
            let chain = vec![vec![0x30; 900], vec![0x31; 20]];
            let bytes = server_flight(version, 0x002F, &chain);
            assert_eq!(read_all(&bytes, usize::MAX), facts(version, 0x002F, &chain));
        }
    }

    #[test]
    fn only_sixteen_certificates_are_kept() {
        let chain = vec![vec![0x30; 8]; 40];
        let bytes = server_flight(TlsVersion::TLS_1_2, 0x002F, &chain);
        assert_eq!(
            read_all(&bytes, usize::MAX),
            facts(TlsVersion::TLS_1_2, 0x002F, &chain[..16])
        );
    }

    #[test]
    fn a_flight_above_the_limit_is_refused() {
        let bytes = server_flight(TlsVersion::TLS_1_2, 0x002F, &vec![vec![0x30; 9000]; 8]);
        assert!(bytes.len() > STAGE_LIMIT);
        assert!(matches!(read(&bytes, usize::MAX), PeekStep::Malformed(_)));
        assert_eq!(read(&bytes, 1000), read(&bytes, usize::MAX));
    }

    #[test]
    fn endless_warnings_are_refused() {
        let bytes = alert(TlsVersion::TLS_1_2, 1, 90).repeat(STAGE_LIMIT / 7 + 2);
        assert!(matches!(read(&bytes, usize::MAX), PeekStep::Malformed(_)));
    }

    #[test]
    fn fatal_alerts_and_close_notify_end_it() {
        assert_eq!(
            read(&alert(TlsVersion::TLS_1_0, 2, 40), 1),
            PeekStep::Alert(40)
        );
        assert_eq!(
            read(&alert(TlsVersion::TLS_1_0, 1, 0), 1),
            PeekStep::Alert(0)
        );
    }

    #[test]
    fn a_warning_before_the_hello_is_stepped_over() {
        let chain = vec![vec![0x30; 10]];
        let mut bytes = alert(TlsVersion::TLS_1_2, 1, 112);
        bytes.extend(server_flight(TlsVersion::TLS_1_2, 0xC02F, &chain));
        assert_eq!(
            read_all(&bytes, 3),
            facts(TlsVersion::TLS_1_2, 0xC02F, &chain)
        );
    }

    #[test]
    fn other_protocols_are_told_at_the_first_bytes() {
        assert_eq!(read(b"\x16\x02", usize::MAX), PeekStep::NotTls);
        assert_eq!(read(b"\x03\x00\x00\x09", usize::MAX), PeekStep::NotTls);
        assert_eq!(read(b"SSH-2.0", 1), PeekStep::NotTls);
    }

    proptest! {
        #[test]
        fn flights_round_trip_however_cut(
            version in 0x0300_u16..=0x0303,
            suite: u16,
            chain in proptest::collection::vec(
                proptest::collection::vec(any::<u8>(), 0..2000), 0..8),
            piece in 1_usize..5000,
        ) {
            let bytes = server_flight(TlsVersion(version), suite, &chain);
            prop_assert_eq!(read_all(&bytes, piece), facts(TlsVersion(version), suite, &chain));
        }

        #[test]
        fn no_prefix_of_a_flight_is_done(
            chain in proptest::collection::vec(
                proptest::collection::vec(any::<u8>(), 1..40), 1..4),
        ) {
            let bytes = server_flight(TlsVersion::TLS_1_2, 0x002F, &chain);
            for end in 0..bytes.len() {
                let step = read(&bytes[..end], usize::MAX);
                prop_assert_eq!(step, PeekStep::NeedMore);
            }
        }

        #[test]
        fn hostile_bytes_end_the_same_however_cut(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            start in prop_oneof![
                Just(Vec::new()),
                Just(vec![22, 3, 3]),
                Just(vec![22, 3, 3, 0, 80, 2, 0, 0, 70, 3, 3]),
                Just(vec![21, 3, 1]),
            ],
            piece in 1_usize..50,
        ) {
            let mut all = start;
            all.extend_from_slice(&bytes);
            prop_assert_eq!(read(&all, piece), read(&all, usize::MAX));
        }
    }
}
