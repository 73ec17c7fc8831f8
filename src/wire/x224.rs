//! X.224 connection request and confirm with RDP negotiation (MS-RDPBCGR 2.2.1.1 and 2.2.1.2, ITU-T X.224 section 13).

use super::cursor::Cursor;
use super::{WireError, tpkt};
use crate::model::{NegotiationFailure, Protocols};

/// Connection request TPDU (X.224 13.3).
const CODE_REQUEST: u8 = 0xE0;
/// Connection confirm TPDU (X.224 13.4).
const CODE_CONFIRM: u8 = 0xD0;
/// Disconnect request TPDU (X.224 13.5).
const CODE_DISCONNECT: u8 = 0x80;
/// Data TPDU (X.224 13.7).
const CODE_DATA: u8 = 0xF0;
/// `TYPE_RDP_NEG_REQ` (MS-RDPBCGR 2.2.1.1.1).
const TYPE_REQUEST: u8 = 1;
/// `TYPE_RDP_NEG_RSP` (MS-RDPBCGR 2.2.1.2.1).
const TYPE_RESPONSE: u8 = 2;
/// `TYPE_RDP_NEG_FAILURE` (MS-RDPBCGR 2.2.1.2.2).
const TYPE_FAILURE: u8 = 3;
/// Bytes of each of the three negotiation structures, also the value of their length field.
const NEGOTIATION: usize = 8;
/// Bytes that the length indicator counts before the variable part: code, two references, class.
const FIXED: usize = 6;
/// The prefix of a user cookie (MS-RDPBCGR 2.2.1.1, `cookie`).
const COOKIE: &[u8] = b"Cookie: mstshash=";
/// The most bytes of a cookie that are encoded or kept.
const COOKIE_LIMIT: usize = 200;
/// The refusal of xrdp: a data TPDU with an MCS disconnect-provider ultimatum (T.125 section 11.15).
const MCS_DISCONNECT: [u8; 9] = [0x03, 0x00, 0x00, 0x09, 0x02, 0xF0, 0x80, 0x21, 0x80];

/// The client's first message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRequest {
    /// The value after `Cookie: mstshash=`; at most 200 bytes are sent, and line breaks end it.
    pub cookie: Option<String>,
    /// The protocols offered; `None` leaves the negotiation structure out ("bare").
    pub requested: Option<Protocols>,
    /// Flags of the negotiation structure (MS-RDPBCGR 2.2.1.1.1).
    pub flags: u8,
}

impl ConnectionRequest {
    /// The whole TPKT frame.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut variable = Vec::new();
        if let Some(cookie) = &self.cookie {
            variable.extend_from_slice(COOKIE);
            variable.extend(
                cookie
                    .bytes()
                    .take_while(|byte| !matches!(byte, b'\r' | b'\n'))
                    .take(COOKIE_LIMIT),
            );
            variable.extend_from_slice(b"\r\n");
        }
        if let Some(requested) = self.requested {
            negotiation(&mut variable, TYPE_REQUEST, self.flags, requested.0);
        }
        tpdu(CODE_REQUEST, 0, &variable)
    }

    /// Decodes a complete frame and ignores bytes after it, a routing token (`Cookie: msts=`) and correlation info.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let tpdu = Tpdu::split(tpkt::content(bytes)?)?;
        if tpdu.code & 0xF0 != CODE_REQUEST {
            return Err(WireError::Unexpected {
                what: "X.224 code of a connection request",
                value: u32::from(tpdu.code),
            });
        }
        let (_, mut rest) = tpdu.references()?;
        let mut cookie = None;
        if let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n")
            && rest.first() != Some(&TYPE_REQUEST)
        {
            let (line, after) = rest.split_at(end);
            cookie = line
                .strip_prefix(COOKIE)
                .map(|value| value.get(..COOKIE_LIMIT).unwrap_or(value))
                .map(|value| String::from_utf8_lossy(value).into_owned());
            rest = after.get(2..).unwrap_or_default();
        }
        if rest.is_empty() {
            return Ok(Self {
                cookie,
                requested: None,
                flags: 0,
            });
        }
        let (kind, flags, value) = read_negotiation(rest)?;
        if kind != TYPE_REQUEST {
            return Err(WireError::Unexpected {
                what: "type of a negotiation request",
                value: u32::from(kind),
            });
        }
        Ok(Self {
            cookie,
            requested: Some(Protocols(value)),
            flags,
        })
    }
}

/// The answer to a [`ConnectionRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionConfirm {
    /// The server's reference: Windows and xrdp send 0x1234, `FreeRDP` and `IronRDP` 0. 0 for a disconnect by MCS.
    pub source_reference: u16,
    /// The answer itself.
    pub body: ConfirmBody,
}

/// The answer in a [`ConnectionConfirm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmBody {
    /// No negotiation data: older than negotiation, or standard RDP security only.
    Bare,
    /// A negotiation response (MS-RDPBCGR 2.2.1.2.1).
    Response {
        /// Its flags.
        flags: u8,
        /// `selectedProtocol`; unknown values are kept.
        selected: Protocols,
    },
    /// A negotiation failure (MS-RDPBCGR 2.2.1.2.2).
    Failure {
        /// `failureCode`; unknown values are kept.
        code: NegotiationFailure,
    },
    /// An X.224 disconnect request (X.224 13.5).
    DisconnectRequest,
    /// An MCS disconnect-provider ultimatum (T.125 section 11.15), as xrdp sends it.
    McsDisconnect,
    /// Negotiation data of a type outside the specification.
    Unknown {
        /// Its type byte.
        kind: u8,
        /// Its flags.
        flags: u8,
        /// Its value.
        value: u32,
    },
}

impl ConnectionConfirm {
    /// The whole TPKT frame. An MCS disconnect is encoded as xrdp does it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut variable = Vec::new();
        match self.body {
            ConfirmBody::Bare => {}
            ConfirmBody::Response { flags, selected } => {
                negotiation(&mut variable, TYPE_RESPONSE, flags, selected.0);
            }
            ConfirmBody::Failure { code } => negotiation(&mut variable, TYPE_FAILURE, 0, code.0),
            ConfirmBody::Unknown { kind, flags, value } => {
                negotiation(&mut variable, kind, flags, value);
            }
            ConfirmBody::McsDisconnect => return MCS_DISCONNECT.to_vec(),
            ConfirmBody::DisconnectRequest => {
                return tpdu(CODE_DISCONNECT, self.source_reference, &[]);
            }
        }
        tpdu(CODE_CONFIRM, self.source_reference, &variable)
    }

    /// Decodes a complete frame and ignores bytes after it.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let tpdu = Tpdu::split(tpkt::content(bytes)?)?;
        match tpdu.code {
            // T.125: the choice tag of disconnectProviderUltimatum is 8, in the upper six bits of the first octet.
            CODE_DATA if tpdu.after.first().is_some_and(|byte| byte >> 2 == 8) => Ok(Self {
                source_reference: 0,
                body: ConfirmBody::McsDisconnect,
            }),
            CODE_DISCONNECT => Ok(Self {
                source_reference: tpdu.references()?.0,
                body: ConfirmBody::DisconnectRequest,
            }),
            code if code & 0xF0 == CODE_CONFIRM => {
                let (source_reference, variable) = tpdu.references()?;
                Ok(Self {
                    source_reference,
                    body: confirm_body(variable)?,
                })
            }
            other => Err(WireError::Unexpected {
                what: "X.224 code of a connection confirm",
                value: u32::from(other),
            }),
        }
    }
}

fn confirm_body(variable: &[u8]) -> Result<ConfirmBody, WireError> {
    if variable.is_empty() {
        return Ok(ConfirmBody::Bare);
    }
    let (kind, flags, value) = read_negotiation(variable)?;
    Ok(match kind {
        TYPE_RESPONSE => ConfirmBody::Response {
            flags,
            selected: Protocols(value),
        },
        TYPE_FAILURE => ConfirmBody::Failure {
            code: NegotiationFailure(value),
        },
        _ => ConfirmBody::Unknown { kind, flags, value },
    })
}

/// A TPDU split at its length indicator.
struct Tpdu<'a> {
    code: u8,
    /// The part that the length indicator counts, after the code.
    header: &'a [u8],
    /// User data after that.
    after: &'a [u8],
}

impl<'a> Tpdu<'a> {
    fn split(content: &'a [u8]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(content);
        let indicator = usize::from(cursor.u8("X.224 length indicator")?);
        let most = cursor.rest().len();
        // INVARIANT: the indicator counts at least the code, and never reaches past the TPKT frame.
        if !(1..=most).contains(&indicator) {
            return Err(WireError::Length {
                what: "X.224 length indicator",
                value: indicator,
                least: 1,
                most,
            });
        }
        let mut header = Cursor::new(cursor.take(indicator, "X.224 header")?);
        Ok(Self {
            code: header.u8("X.224 code")?,
            header: header.rest(),
            after: cursor.rest(),
        })
    }

    /// The source reference, and the variable part after destination, source and class.
    fn references(&self) -> Result<(u16, &'a [u8]), WireError> {
        let mut cursor = Cursor::new(self.header);
        cursor.u16_be("X.224 destination reference")?;
        let source = cursor.u16_be("X.224 source reference")?;
        cursor.u8("X.224 class")?;
        Ok((source, cursor.rest()))
    }
}

fn tpdu(code: u8, source_reference: u16, variable: &[u8]) -> Vec<u8> {
    let indicator = u8::try_from(FIXED + variable.len()).unwrap_or(u8::MAX);
    let mut content = vec![indicator, code, 0, 0];
    content.extend_from_slice(&source_reference.to_be_bytes());
    content.push(0);
    content.extend_from_slice(variable);
    tpkt::frame(&content)
}

fn negotiation(into: &mut Vec<u8>, kind: u8, flags: u8, value: u32) {
    into.extend_from_slice(&[kind, flags, 8, 0]);
    into.extend_from_slice(&value.to_le_bytes());
}

fn read_negotiation(bytes: &[u8]) -> Result<(u8, u8, u32), WireError> {
    let mut cursor = Cursor::new(bytes);
    let kind = cursor.u8("negotiation type")?;
    let flags = cursor.u8("negotiation flags")?;
    let length = usize::from(cursor.u16_le("negotiation length")?);
    if length != NEGOTIATION {
        return Err(WireError::Length {
            what: "negotiation length",
            value: length,
            least: NEGOTIATION,
            most: NEGOTIATION,
        });
    }
    Ok((kind, flags, cursor.u32_le("negotiation value")?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    fn confirm(body: ConfirmBody) -> ConnectionConfirm {
        ConnectionConfirm {
            source_reference: 0x1234,
            body,
        }
    }

    #[test]
    fn request_without_cookie_is_the_usual_19_bytes() {
        let request = ConnectionRequest {
            cookie: None,
            requested: Some(Protocols::DEFAULT_OFFER),
            flags: 0,
        };
        assert_eq!(
            request.encode(),
            hex("030000130ee000000000000100080003000000")
        );
    }

    #[test]
    fn request_with_the_constant_cookie_takes_45_bytes() {
        let request = ConnectionRequest {
            cookie: Some("rdpscan".to_owned()),
            requested: Some(Protocols::DEFAULT_OFFER),
            flags: 0,
        };
        let bytes = request.encode();
        assert_eq!((bytes.len(), bytes[3], bytes[4]), (45, 0x2D, 0x28));
        assert_eq!(&bytes[11..37], b"Cookie: mstshash=rdpscan\r\n");
    }

    #[test]
    fn confirms_of_real_servers_are_read() {
        for (text, body) in [
            (
                "030000130ed000001234000200080001000000",
                ConfirmBody::Response {
                    flags: 0,
                    selected: Protocols::SSL,
                },
            ),
            (
                "030000130ed000001234000200080002000000",
                ConfirmBody::Response {
                    flags: 0,
                    selected: Protocols::HYBRID,
                },
            ),
            (
                "030000130ed000001234000300080001000000",
                ConfirmBody::Failure {
                    code: NegotiationFailure::SSL_REQUIRED,
                },
            ),
            (
                "030000130ed000001234000300080003000000",
                ConfirmBody::Failure {
                    code: NegotiationFailure::NO_CERTIFICATE,
                },
            ),
            (
                "030000130ed000001234000300080005000000",
                ConfirmBody::Failure {
                    code: NegotiationFailure::HYBRID_REQUIRED,
                },
            ),
            ("0300000b06d00000123400", ConfirmBody::Bare),
            (
                "030000130ed000001234000977080001020304",
                ConfirmBody::Unknown {
                    kind: 9,
                    flags: 0x77,
                    value: 0x0403_0201,
                },
            ),
        ] {
            assert_eq!(
                ConnectionConfirm::decode(&hex(text)),
                Ok(confirm(body)),
                "{text}"
            );
            assert_eq!(confirm(body).encode(), hex(text));
        }
    }

    #[test]
    fn both_ways_of_hanging_up_are_disconnects() {
        for (text, source_reference, body) in [
            ("0300000902f0802180", 0, ConfirmBody::McsDisconnect),
            (
                "0300000b06800000123400",
                0x1234,
                ConfirmBody::DisconnectRequest,
            ),
        ] {
            let confirm = ConnectionConfirm {
                source_reference,
                body,
            };
            assert_eq!(ConnectionConfirm::decode(&hex(text)), Ok(confirm), "{text}");
        }
        assert!(ConnectionConfirm::decode(&hex("0300000902f0800480")).is_err());
    }

    #[test]
    fn a_length_indicator_that_is_zero_or_past_the_frame_is_refused() {
        for indicator in [0, 7] {
            let mut bytes = hex("0300000b06d00000123400");
            bytes[4] = indicator;
            bytes.extend_from_slice(&[0; 16]);
            assert!(matches!(
                ConnectionConfirm::decode(&bytes),
                Err(WireError::Length { .. })
            ));
        }
    }

    #[test]
    fn a_wrong_negotiation_length_is_refused() {
        assert!(ConnectionConfirm::decode(&hex("030000130ed000001234000200070001000000")).is_err());
    }

    #[test]
    fn a_routing_token_and_correlation_info_are_stepped_over() {
        let mut content = vec![0, 0xE0, 0, 0, 0, 0, 0];
        content.extend_from_slice(b"Cookie: msts=3640205228.15629.0000\r\n");
        negotiation(&mut content, TYPE_REQUEST, 8, 3);
        content.extend_from_slice(&[6, 0, 0x24, 0]);
        content.extend_from_slice(&[1; 32]);
        content[0] = u8::try_from(content.len() - 1).unwrap();
        assert_eq!(
            ConnectionRequest::decode(&tpkt::frame(&content)),
            Ok(ConnectionRequest {
                cookie: None,
                requested: Some(Protocols(3)),
                flags: 8,
            })
        );
    }

    #[test]
    fn a_long_cookie_is_cut() {
        let mut content = vec![0, 0xE0, 0, 0, 0, 0, 0];
        content.extend_from_slice(COOKIE);
        content.extend_from_slice(&[b'a'; COOKIE_LIMIT + 20]);
        content.extend_from_slice(b"\r\n");
        content[0] = u8::try_from(content.len() - 1).unwrap();
        let request = ConnectionRequest::decode(&tpkt::frame(&content)).unwrap();
        assert_eq!(request.cookie, Some("a".repeat(COOKIE_LIMIT)));
    }

    #[test]
    fn a_line_end_inside_the_negotiation_request_ends_no_cookie() {
        let request = ConnectionRequest {
            cookie: None,
            requested: Some(Protocols(0x0A0D)),
            flags: 0,
        };
        assert_eq!(ConnectionRequest::decode(&request.encode()), Ok(request));
    }

    fn any_body() -> impl Strategy<Value = ConfirmBody> {
        prop_oneof![
            Just(ConfirmBody::Bare),
            (any::<u8>(), any::<u32>()).prop_map(|(flags, selected)| ConfirmBody::Response {
                flags,
                selected: Protocols(selected)
            }),
            any::<u32>().prop_map(|code| ConfirmBody::Failure {
                code: NegotiationFailure(code)
            }),
            (4_u8.., any::<u8>(), any::<u32>())
                .prop_map(|(kind, flags, value)| ConfirmBody::Unknown { kind, flags, value }),
        ]
    }

    proptest! {
        #[test]
        fn confirm_round_trips_with_anything_behind(
            source_reference: u16,
            body in any_body(),
            trailing in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let confirm = ConnectionConfirm { source_reference, body };
            let mut bytes = confirm.encode();
            bytes.extend_from_slice(&trailing);
            prop_assert_eq!(ConnectionConfirm::decode(&bytes), Ok(confirm));
        }

        #[test]
        fn request_round_trips(
            cookie in proptest::option::of("[a-zA-Z0-9.\\\\@-]{0,60}"),
            requested in proptest::option::of(any::<u32>()),
            flags: u8,
        ) {
            let request = ConnectionRequest {
                cookie,
                requested: requested.map(Protocols),
                flags: if requested.is_some() { flags } else { 0 },
            };
            prop_assert_eq!(ConnectionRequest::decode(&request.encode()), Ok(request));
        }

        #[test]
        fn no_prefix_is_taken_for_the_whole(source_reference: u16, body in any_body()) {
            let bytes = ConnectionConfirm { source_reference, body }.encode();
            for end in 0..bytes.len() {
                prop_assert!(ConnectionConfirm::decode(&bytes[..end]).is_err());
            }
        }

        #[test]
        fn hostile_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            drop(ConnectionRequest::decode(&bytes));
            if let Some(first) = bytes.first_mut() {
                *first = 3;
            }
            drop(ConnectionRequest::decode(&bytes));
            if let Ok(confirm) = ConnectionConfirm::decode(&bytes) {
                let again = ConnectionConfirm::decode(&confirm.encode());
                prop_assert_eq!(again.map(|again| again.body), Ok(confirm.body));
            }
        }

        #[test]
        fn hostile_frames_never_panic(content in proptest::collection::vec(any::<u8>(), 3..300)) {
            let bytes = tpkt::frame(&content);
            drop(ConnectionRequest::decode(&bytes));
            if let Ok(confirm) = ConnectionConfirm::decode(&bytes) {
                let again = ConnectionConfirm::decode(&confirm.encode());
                prop_assert_eq!(again.map(|again| again.body), Ok(confirm.body));
            }
        }
    }
}
