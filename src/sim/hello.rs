//! The parts of a `ClientHello` on which the answer of a simulated legacy server depends.

/// `supported_versions` (RFC 8446 section 4.2.1): sent by every client that speaks TLS 1.3, never by the legacy peek.
const SUPPORTED_VERSIONS: u16 = 43;

/// RFC 5246 section 7.4.1.2.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Hello {
    pub(super) suites: Vec<u16>,
    /// The client speaks TLS 1.3.
    pub(super) modern: bool,
}

impl Hello {
    /// `None` when the record is not a whole `ClientHello`.
    pub(super) fn read(record: &[u8]) -> Option<Self> {
        let [22, 3, _, _, _, 1, _, _, _, rest @ ..] = record else {
            return None;
        };
        // Version and random.
        let (_, rest) = rest.split_at_checked(34)?;
        let (_session, rest) = block8(rest)?;
        let (suites, rest) = block16(rest)?;
        let (_compression, rest) = block8(rest)?;
        let mut extensions = block16(rest).map_or(&[][..], |(extensions, _)| extensions);
        let mut modern = false;
        while let [high, low, rest @ ..] = extensions {
            let (_, next) = block16(rest)?;
            modern |= u16::from_be_bytes([*high, *low]) == SUPPORTED_VERSIONS;
            extensions = next;
        }
        Some(Self {
            suites: suites
                .as_chunks::<2>()
                .0
                .iter()
                .map(|pair| u16::from_be_bytes(*pair))
                .collect(),
            modern,
        })
    }

    pub(super) fn offers(&self, suite: u16) -> bool {
        self.suites.contains(&suite)
    }
}

/// A block with a length of one byte, and the bytes after it.
fn block8(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// A block with a length of two bytes, and the bytes after it.
fn block16(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [high, low, rest @ ..] = bytes else {
        return None;
    };
    rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls_peek;
    use std::sync::Arc;

    #[test]
    fn the_legacy_peek_is_no_modern_client() {
        let hello = Hello::read(&tls_peek::client_hello(Some("a.example"), [7; 32])).unwrap();
        assert!(!hello.modern);
        assert!(hello.offers(0x002F) && hello.offers(0xC02F));
    }

    #[test]
    fn rustls_is_a_modern_client_without_old_suites() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let name = "a.example".try_into().unwrap();
        let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut record = Vec::new();
        client.write_tls(&mut record).unwrap();
        let hello = Hello::read(&record).unwrap();
        assert!(hello.modern);
        assert!(!hello.offers(0x002F) && !hello.offers(0xC028));
    }

    #[test]
    fn cut_short_anywhere_it_never_panics() {
        let whole = tls_peek::client_hello(None, [7; 32]);
        for length in 0..whole.len() {
            let _cut = Hello::read(&whole[..length]);
        }
        assert_eq!(Hello::read(b"GET / HTTP/1.1"), None);
    }
}
