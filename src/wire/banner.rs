//! The protocol of a peer that does not speak RDP, by its first bytes.

use crate::model::HexBytes;

/// Enough bytes for every signature below.
pub const ENOUGH: usize = 16;

/// The kind of service that sends these bytes: `ssh`, `http`, `tls`, `smtp`, `ftp` or `unknown`.
#[must_use]
pub fn looks_like(first: &[u8]) -> &'static str {
    if first.starts_with(b"SSH-") {
        "ssh"
    } else if first.starts_with(b"HTTP/") || starts_with_ignoring_case(first, b"<html") {
        "http"
    } else if matches!(first, [0x14..=0x17, 0x03, 0x00..=0x04, ..]) {
        "tls"
    } else if matches!(first, [b'2', b'2', b'0', b' ' | b'-', ..]) {
        // FTP and SMTP both greet with 220 (RFC 959 section 5.4, RFC 5321 section 4.2); FTP servers usually say so.
        if contains_ignoring_case(first, b"ftp") {
            "ftp"
        } else {
            "smtp"
        }
    } else {
        "unknown"
    }
}

/// At most 32 bytes, for [`crate::model::Outcome::NotRdp`].
#[must_use]
pub fn first_bytes(bytes: &[u8]) -> HexBytes {
    bytes.get(..32).unwrap_or(bytes).into()
}

fn starts_with_ignoring_case(bytes: &[u8], prefix: &[u8]) -> bool {
    bytes
        .get(..prefix.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

fn contains_ignoring_case(bytes: &[u8], word: &[u8]) -> bool {
    bytes
        .windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_are_told_apart() {
        for (bytes, expected) in [
            (&b"SSH-2.0-OpenSSH_9.2"[..], "ssh"),
            (b"HTTP/1.1 400 Bad Request", "http"),
            (b"<HTML><body>", "http"),
            (b"\x15\x03\x01\x00\x02\x02\x28", "tls"),
            (b"220 mail.example ESMTP", "smtp"),
            (b"220-FileZilla FTP Server", "ftp"),
            (b"RFB 003.008\n", "unknown"),
            (b"", "unknown"),
        ] {
            assert_eq!(looks_like(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn no_more_than_32_bytes_are_kept() {
        assert_eq!(first_bytes(&[0xAB; 40]), HexBytes::from(&[0xAB; 32][..]));
    }
}
