//! `TSRequest`, the message of `CredSSP` (MS-CSSP 2.2.1), in DER.
//!
//! Length forms are 00-7F, 81 and 82; longer ones exceed 64 KiB and are rejected.

use super::cursor::Cursor;
use super::{STAGE_LIMIT, WireError};

const SEQUENCE: u8 = 0x30;
const OCTETS: u8 = 0x04;
const INTEGER: u8 = 0x02;
/// Context tags: version, negoTokens, authInfo, pubKeyAuth, errorCode, clientNonce.
const VERSION: u8 = 0xA0;
const NEGO_TOKENS: u8 = 0xA1;
const ERROR_CODE: u8 = 0xA4;
const CLIENT_NONCE: u8 = 0xA5;

/// The parts of a `TSRequest` of the first exchange. `authInfo` and `pubKeyAuth` are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TsRequest {
    /// 2 to 6; below 5 predates the fix of 2018.
    pub version: u32,
    /// The first token.
    pub nego_token: Option<Vec<u8>>,
    /// NTSTATUS, such as 0xC0000418.
    pub error_code: Option<u32>,
    /// Client nonce. Only `FreeRDP` servers send one.
    pub client_nonce: Option<Vec<u8>>,
}

impl TsRequest {
    /// The DER. A token above 64 KiB gives a message that decoders reject.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = element(VERSION, &integer(self.version));
        if let Some(token) = &self.nego_token {
            let octets = element(0xA0, &element(OCTETS, token));
            let tokens = element(SEQUENCE, &element(SEQUENCE, &octets));
            fields.extend(element(NEGO_TOKENS, &tokens));
        }
        if let Some(status) = self.error_code {
            fields.extend(element(ERROR_CODE, &integer(status)));
        }
        if let Some(nonce) = &self.client_nonce {
            fields.extend(element(CLIENT_NONCE, &element(OCTETS, nonce)));
        }
        element(SEQUENCE, &fields)
    }

    /// Decodes a complete message and ignores bytes after it.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let what = "TSRequest";
        let total = length(bytes)?.ok_or(WireError::Truncated { what })?;
        let whole = bytes.get(..total).ok_or(WireError::Truncated { what })?;
        let mut fields = Cursor::new(expect(&mut Cursor::new(whole), SEQUENCE, what)?);
        let version = expect(&mut fields, VERSION, "TSRequest version")?;
        let mut message = Self {
            version: read_integer(version, "TSRequest version")?,
            ..Self::default()
        };
        while !fields.is_empty() {
            let (tag, content) = next(&mut fields)?;
            match tag {
                NEGO_TOKENS => message.nego_token = first_token(content)?,
                ERROR_CODE => message.error_code = Some(read_integer(content, "errorCode")?),
                CLIENT_NONCE => {
                    let nonce = expect(&mut Cursor::new(content), OCTETS, "clientNonce")?;
                    message.client_nonce = Some(nonce.to_vec());
                }
                _ => {}
            }
        }
        Ok(message)
    }
}

/// The whole length of the message that begins here, or `None` while its head is not complete.
pub fn length(bytes: &[u8]) -> Result<Option<usize>, WireError> {
    let content = match bytes {
        [] | [SEQUENCE] | [SEQUENCE, 0x81 | 0x82] | [SEQUENCE, 0x82, _] => {
            return Ok(None);
        }
        [SEQUENCE, short @ 0..=0x7F, ..] => 2 + usize::from(*short),
        [SEQUENCE, 0x81, long, ..] => 3 + usize::from(*long),
        [SEQUENCE, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([*high, *low])),
        [SEQUENCE, form, ..] => {
            return Err(WireError::Unexpected {
                what: "DER length form",
                value: u32::from(*form),
            });
        }
        [tag, ..] => {
            return Err(WireError::Unexpected {
                what: "tag of a TSRequest",
                value: u32::from(*tag),
            });
        }
    };
    if content > STAGE_LIMIT {
        return Err(WireError::Length {
            what: "TSRequest length",
            value: content,
            least: 2,
            most: STAGE_LIMIT,
        });
    }
    Ok(Some(content))
}

/// `NegoData ::= SEQUENCE OF SEQUENCE { negoToken [0] OCTET STRING }`: the first one, if there is any.
fn first_token(content: &[u8]) -> Result<Option<Vec<u8>>, WireError> {
    let tokens = expect(&mut Cursor::new(content), SEQUENCE, "negoTokens")?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let token = expect(&mut Cursor::new(tokens), SEQUENCE, "negoTokens")?;
    let token = expect(&mut Cursor::new(token), 0xA0, "negoToken")?;
    expect(&mut Cursor::new(token), OCTETS, "negoToken").map(|octets| Some(octets.to_vec()))
}

/// The next element: its tag and content.
fn next<'a>(cursor: &mut Cursor<'a>) -> Result<(u8, &'a [u8]), WireError> {
    let tag = cursor.u8("DER tag")?;
    let length = match cursor.u8("DER length")? {
        short @ 0..=0x7F => usize::from(short),
        0x81 => usize::from(cursor.u8("DER length")?),
        0x82 => usize::from(cursor.u16_be("DER length")?),
        form => {
            return Err(WireError::Unexpected {
                what: "DER length form",
                value: u32::from(form),
            });
        }
    };
    Ok((tag, cursor.take(length, "DER element")?))
}

/// The content of the next element, which must have this tag.
fn expect<'a>(
    cursor: &mut Cursor<'a>,
    wanted: u8,
    what: &'static str,
) -> Result<&'a [u8], WireError> {
    let (tag, content) = next(cursor)?;
    if tag == wanted {
        Ok(content)
    } else {
        Err(WireError::Unexpected {
            what,
            value: u32::from(tag),
        })
    }
}

/// An INTEGER of at most four bytes of value, as its 32-bit pattern: a status such as 0xC0000418 is sent by some servers as
/// a negative number in four bytes, by others as a positive one in five.
fn read_integer(content: &[u8], what: &'static str) -> Result<u32, WireError> {
    let bytes = expect(&mut Cursor::new(content), INTEGER, what)?;
    let (sign, digits) = match bytes {
        [] => return Err(WireError::Truncated { what }),
        [0, digits @ ..] if digits.len() == 4 => (0, digits),
        [first, ..] => (if *first < 0x80 { 0 } else { u32::MAX }, bytes),
    };
    if digits.len() > 4 {
        return Err(WireError::Length {
            what,
            value: digits.len(),
            least: 1,
            most: 4,
        });
    }
    Ok(digits
        .iter()
        .fold(sign, |value, byte| value << 8 | u32::from(*byte)))
}

/// The shortest two's complement of a 32-bit pattern, which is how Windows sends a status.
fn integer(value: u32) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let negative = value >> 31 == 1;
    let fill = if negative { 0xFF } else { 0 };
    let mut digits = bytes.as_slice();
    while let [first, rest @ ..] = digits
        && *first == fill
        && rest.first().is_some_and(|next| (*next >= 0x80) == negative)
    {
        digits = rest;
    }
    element(INTEGER, digits)
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short @ 0..=0x7F) => bytes.push(short),
        Ok(long) => bytes.extend_from_slice(&[0x81, long]),
        Err(_) => {
            bytes.push(0x82);
            bytes.extend_from_slice(&super::cursor::length_u16(content.len()).to_be_bytes());
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::ntlm;

    #[test]
    fn the_probe_takes_57_bytes() {
        let bytes = TsRequest {
            version: 6,
            nego_token: Some(ntlm::negotiate()),
            ..TsRequest::default()
        }
        .encode();
        let head = [
            0x30, 0x37, 0xA0, 0x03, 0x02, 0x01, 0x06, 0xA1, 0x30, 0x30, 0x2E, 0x30, 0x2C, 0xA0,
            0x2A, 0x04, 0x28,
        ];
        assert_eq!(bytes.len(), 57);
        assert_eq!(&bytes[..17], &head);
        assert_eq!(&bytes[17..], ntlm::negotiate());
    }

    #[test]
    fn a_status_is_read_in_either_form() {
        for bytes in [
            &[
                0x30, 0x0D, 0xA0, 3, 2, 1, 6, 0xA4, 6, 2, 4, 0xC0, 0, 4, 0x18,
            ][..],
            &[
                0x30, 0x0E, 0xA0, 3, 2, 1, 6, 0xA4, 7, 2, 5, 0, 0xC0, 0, 4, 0x18,
            ],
        ] {
            assert_eq!(
                TsRequest::decode(bytes).unwrap().error_code,
                Some(0xC000_0418)
            );
        }
    }

    #[test]
    fn the_first_bit_of_an_integer_is_its_sign() {
        assert_eq!(integer(0x7F), [2, 1, 0x7F]);
        assert_eq!(integer(0x80), [2, 2, 0, 0x80]);
        assert_eq!(integer(0xFFFF_FF80), [2, 1, 0x80]);
        assert_eq!(integer(0xFFFF_FF7F), [2, 2, 0xFF, 0x7F]);
        assert_eq!(read_integer(&[2, 1, 0x7F], "test"), Ok(0x7F));
        assert_eq!(read_integer(&[2, 1, 0x80], "test"), Ok(0xFFFF_FF80));
    }

    #[test]
    fn an_integer_of_more_than_32_bits_is_refused() {
        assert!(read_integer(&[2, 5, 1, 0, 0, 0, 0], "test").is_err());
    }

    #[test]
    fn the_first_field_is_the_version() {
        assert!(TsRequest::decode(&[0x30, 5, VERSION, 3, 2, 1, 6]).is_ok());
        assert!(TsRequest::decode(&[0x30, 5, ERROR_CODE, 3, 2, 1, 6]).is_err());
    }

    #[test]
    fn long_forms_beyond_two_bytes_and_indefinite_lengths_are_refused() {
        assert!(length(&[0x30, 0x83, 0, 0, 9]).is_err());
        assert!(length(&[0x30, 0x80, 0, 0]).is_err());
    }

    #[test]
    fn the_cap_holds() {
        assert_eq!(length(&[0x30, 0x82, 0xFF, 0xFC]), Ok(Some(65_536)));
        assert!(length(&[0x30, 0x82, 0xFF, 0xFD]).is_err());
    }

    proptest! {
        #[test]
        fn messages_round_trip_with_anything_behind(
            version: u32,
            nego_token in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..700)),
            error_code: Option<u32>,
            client_nonce in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40)),
            trailing in proptest::collection::vec(any::<u8>(), 0..10),
        ) {
            let message = TsRequest { version, nego_token, error_code, client_nonce };
            let mut bytes = message.encode();
            prop_assert_eq!(length(&bytes), Ok(Some(bytes.len())));
            for end in 0..bytes.len() {
                prop_assert!(TsRequest::decode(&bytes[..end]).is_err());
                prop_assert!(matches!(length(&bytes[..end]), Ok(None | Some(_))));
            }
            bytes.extend_from_slice(&trailing);
            prop_assert_eq!(TsRequest::decode(&bytes), Ok(message));
        }

        #[test]
        fn hostile_bytes_never_panic(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..200),
            head in prop_oneof![Just(vec![]), Just(vec![0x30, 0x40, 0xA0, 3, 2, 1, 6])],
        ) {
            let mut all = head;
            all.append(&mut bytes);
            drop(TsRequest::decode(&all));
        }
    }
}
