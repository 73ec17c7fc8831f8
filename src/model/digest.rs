//! Bytes that people know as hexadecimal: text where people read, bytes where they do not.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A digest of `N` bytes. As text it is `2 * N` lower-case hexadecimal digits, and no other text is taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest<const N: usize>(pub [u8; N]);

/// Any number of bytes, such as those of a serial number.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct HexBytes(pub Box<[u8]>);

/// Text that is not hexadecimal, or bytes of the wrong number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the expected number of lower-case hexadecimal digits")]
pub struct HexError;

impl<const N: usize> Digest<N> {
    /// The first eight bytes as text: enough to tell two certificates apart on a screen.
    #[must_use]
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(16);
        text
    }
}

impl HexBytes {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For people: quoted text where all bytes are printable ASCII up to a line break, else hexadecimal digits.
    #[must_use]
    pub fn readable(&self) -> String {
        let line = self.0.trim_ascii();
        let line = line.split(|byte| matches!(byte, b'\r' | b'\n')).next();
        let printable = |line: &&[u8]| {
            let text = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
            !line.is_empty() && line.iter().all(text)
        };
        match line.filter(printable).map(str::from_utf8) {
            Some(Ok(text)) => format!("\"{text}\""),
            _ => self.to_string(),
        }
    }
}

fn write(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // Thumbprints are sorted and searched by this text, of every host of a fleet.
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    let mut text = [0; 64];
    for chunk in bytes.chunks(text.len() / 2) {
        for (pair, byte) in text.chunks_exact_mut(2).zip(chunk) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
        }
        let written = text.get(..chunk.len() * 2).unwrap_or_default();
        f.write_str(str::from_utf8(written).unwrap_or_default())?;
    }
    Ok(())
}

fn digit(digit: u8) -> Result<u8, HexError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(HexError),
    }
}

/// Fills `bytes` from exactly so many digits.
fn read(text: &str, bytes: &mut [u8]) -> Result<(), HexError> {
    if text.len() != bytes.len() * 2 {
        return Err(HexError);
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        if let [high, low] = pair {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
    }
    Ok(())
}

impl<const N: usize> FromStr for Digest<N> {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        let mut bytes = [0; N];
        read(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl FromStr for HexBytes {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        let mut bytes = vec![0; text.len() / 2];
        read(text, &mut bytes)?;
        Ok(Self(bytes.into()))
    }
}

impl<const N: usize> TryFrom<&[u8]> for Digest<N> {
    type Error = HexError;

    fn try_from(bytes: &[u8]) -> Result<Self, HexError> {
        bytes.try_into().map(Self).map_err(|_| HexError)
    }
}

impl From<&[u8]> for HexBytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

/// What both types do alike.
macro_rules! hexadecimal {
    ([$($generics:tt)*] $name:ty, $pattern:expr) => {
        impl<$($generics)*> fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write(&self.0, f)
            }
        }

        impl<$($generics)*> fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write(&self.0, f)
            }
        }

        impl<$($generics)*> Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_bytes(&self.0)
                }
            }
        }

        impl<'de, $($generics)*> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    deserializer.deserialize_str(TextOrBytes(PhantomData))
                } else {
                    deserializer.deserialize_bytes(TextOrBytes(PhantomData))
                }
            }
        }

        impl<$($generics)*> JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                "Hexadecimal".into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

hexadecimal!([const N: usize] Digest<N>, format!("^[0-9a-f]{{{}}}$", N * 2));
hexadecimal!([] HexBytes, "^([0-9a-f]{2})*$");

struct TextOrBytes<T>(PhantomData<T>);

impl<T> Visitor<'_> for TextOrBytes<T>
where
    T: FromStr<Err = HexError> + for<'a> TryFrom<&'a [u8], Error: fmt::Display>,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lower-case hexadecimal digits")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<T, E> {
        T::try_from(bytes).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_only_from_what_it_writes() {
        let digest = Digest([0x0a, 0xff]);
        assert_eq!(digest.to_string(), "0aff");
        assert_eq!("0aff".parse(), Ok(digest));
        for text in ["", "0AFF", "0af", "0aff0", "0aff00", "0agf", "+aff", "äff"] {
            assert_eq!(text.parse::<Digest<2>>(), Err(HexError), "{text}");
        }
    }

    #[test]
    fn a_serial_number_has_any_even_number_of_digits() {
        for text in ["", "00", "deadbeef"] {
            assert_eq!(text.parse::<HexBytes>().unwrap().to_string(), text);
        }
        for text in ["0", "DEAD", "zz"] {
            assert_eq!(text.parse::<HexBytes>(), Err(HexError), "{text}");
        }
    }

    #[test]
    fn bytes_of_a_greeting_are_readable_and_others_are_digits() {
        for (bytes, readable) in [
            (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], "\"SSH-2.0-OpenSSH_9.2\""),
            (
                b"HTTP/1.1 400 Bad Request\r\nConn",
                "\"HTTP/1.1 400 Bad Request\"",
            ),
            (b"\x1b[2J", "1b5b324a"),
            (b"\x15\x03\x01", "150301"),
            (b"\r\n", "0d0a"),
            (b"", ""),
        ] {
            assert_eq!(HexBytes::from(bytes).readable(), readable);
        }
    }

    #[test]
    fn hexadecimal_is_text_in_json_and_bytes_in_postcard() {
        let digest = Digest([0x0a; 20]);
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(json, format!("\"{}\"", "0a".repeat(20)));
        assert_eq!(serde_json::from_str::<Digest<20>>(&json).unwrap(), digest);
        let bytes = postcard::to_allocvec(&digest).unwrap();
        assert_eq!(bytes.len(), 21);
        assert_eq!(postcard::from_bytes::<Digest<20>>(&bytes).unwrap(), digest);
        assert!(postcard::from_bytes::<Digest<32>>(&bytes).is_err());
    }

    #[test]
    fn digests_are_in_the_order_of_their_texts() {
        let (low, high) = (Digest([0x0f]), Digest([0xa0]));
        assert!(low < high && low.to_string() < high.to_string());
    }
}
