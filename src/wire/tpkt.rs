//! TPKT framing (RFC 1006 section 6): version 3, a reserved byte, and the total length, big endian.

use super::WireError;

/// Bytes of the TPKT header.
pub const HEADER: usize = 4;
/// The smallest frame: a header and the three bytes of the smallest TPDU.
pub const LEAST: usize = 7;
/// The largest frame accepted: an X.224 confirm takes 11 or 19 bytes, a request with a routing token some hundred.
pub const MOST: usize = 512;

/// The whole length of the frame that begins here, header included, or `None` while the header is not complete.
///
/// A first byte other than 3 is rejected at once: a server that greets with text sends no more.
pub fn frame_length(bytes: &[u8]) -> Result<Option<usize>, WireError> {
    match bytes {
        [3, _, high, low, ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if (LEAST..=MOST).contains(&length) {
                Ok(Some(length))
            } else {
                Err(WireError::Length {
                    what: "TPKT length",
                    value: length,
                    least: LEAST,
                    most: MOST,
                })
            }
        }
        [] | [3, ..] => Ok(None),
        [other, ..] => Err(WireError::NotTpkt(*other)),
    }
}

/// The content of a complete frame; bytes after it are ignored.
pub(super) fn content(bytes: &[u8]) -> Result<&[u8], WireError> {
    let what = "TPKT frame";
    let length = frame_length(bytes)?.ok_or(WireError::Truncated { what })?;
    bytes
        .get(HEADER..length)
        .ok_or(WireError::Truncated { what })
}

pub(super) fn frame(content: &[u8]) -> Vec<u8> {
    let length = super::cursor::length_u16(content.len() + HEADER);
    let mut bytes = Vec::with_capacity(content.len() + HEADER);
    bytes.extend_from_slice(&[3, 0]);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_bounded_on_both_sides() {
        assert!(frame_length(&[3, 0, 0, 6]).is_err());
        assert_eq!(frame_length(&[3, 0, 0, 7]), Ok(Some(7)));
        assert_eq!(frame_length(&[3, 0, 2, 0]), Ok(Some(512)));
        assert!(frame_length(&[3, 0, 2, 1]).is_err());
    }

    #[test]
    fn a_partial_header_needs_more() {
        assert_eq!(frame_length(&[]), Ok(None));
        assert_eq!(frame_length(&[3, 0, 0]), Ok(None));
    }

    #[test]
    fn another_protocol_is_told_by_its_first_byte() {
        assert_eq!(frame_length(b"S"), Err(WireError::NotTpkt(b'S')));
    }
}
