//! Numbers by their size, texts once, and whatever attempts have in common once.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{CertificateFacts, NtlmFacts, TlsFacts, UtcSecond};

/// How many texts of a history are held against a new one: enough for every name of an ordinary host, and a bound for one
/// that lists hundreds.
const KNOWN_TEXTS: usize = 64;
/// Texts shorter than this are not looked at as hexadecimal: nothing would be won.
const LEAST_HEX: usize = 8;

/// Texts that most hosts bring; they count as seen before.
const COMMON: [&str; 14] = [
    "sha256WithRSAEncryption",
    "sha1WithRSAEncryption",
    "1.3.6.1.5.5.7.3.1",
    "1.3.6.1.5.5.7.3.2",
    "1.3.6.1.4.1.311.54.1.2",
    "TLS13_AES_256_GCM_SHA384",
    "TLS13_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "X25519",
    "secp256r1",
    "secp384r1",
    "",
];

/// What can be packed. INVARIANT: `unpack` reads exactly what `pack` wrote, and gives an equal value.
pub(super) trait Pack: Sized {
    fn pack(&self, out: &mut Packer);
    /// `None` for bytes that `pack` did not write.
    fn unpack(from: &mut Unpacker<'_>) -> Option<Self>;
}

/// What attempts of one host have in common, in order of appearance.
#[derive(Debug)]
pub(super) struct Seen<T>(Vec<Arc<T>>);

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Collects bytes.
#[derive(Debug, Default)]
pub(super) struct Packer {
    bytes: Vec<u8>,
    /// Where texts seen before lie, and whether as hexadecimal.
    texts: Vec<(Range<usize>, bool)>,
    pub(super) tls: Seen<TlsFacts>,
    pub(super) ntlm: Seen<NtlmFacts>,
    pub(super) leaves: Seen<CertificateFacts>,
    issuers: Vec<Arc<CertificateFacts>>,
}

impl Packer {
    /// Packs into an empty buffer.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }

    pub(super) fn finish(self) -> (Vec<u8>, Vec<Arc<CertificateFacts>>) {
        (self.bytes, self.issuers)
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Seven bits a byte, the lowest first; the high bit says that more follow.
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.bytes.push(number.to_le_bytes()[0]);
    }

    /// A count, a length or a position.
    pub(super) fn size(&mut self, size: usize) {
        self.number(size as u64);
    }

    /// Numbers near zero on either side are short.
    pub(super) fn signed(&mut self, number: i64) {
        self.number((number.wrapping_shl(1) ^ (number >> 63)).cast_unsigned());
    }

    /// The lowest two bits of the head say what the text is: itself, hexadecimal digits as bytes, or one seen before.
    pub(super) fn text(&mut self, text: &str) {
        let digits = hexadecimal(text);
        let bytes = digits.as_deref().unwrap_or(text.as_bytes());
        let common = COMMON.iter().position(|common| *common == text);
        let known = common.or_else(|| {
            self.texts
                .iter()
                .position(|(range, hex)| {
                    *hex == digits.is_some() && self.bytes.get(range.clone()) == Some(bytes)
                })
                .map(|position| COMMON.len() + position)
        });
        if let Some(position) = known {
            self.size((position << 2) | AGAIN);
            return;
        }
        let kind = if digits.is_some() { HEX } else { PLAIN };
        self.size((bytes.len() << 2) | kind);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        if self.texts.len() < KNOWN_TEXTS && !text.is_empty() {
            self.texts.push((start..self.bytes.len(), digits.is_some()));
        }
    }

    /// An issuer certificate: it stays outside, and its position goes in.
    pub(super) fn issuer(&mut self, certificate: &Arc<CertificateFacts>) {
        let known = self
            .issuers
            .iter()
            .position(|known| Arc::ptr_eq(known, certificate));
        let position = known.unwrap_or_else(|| {
            self.issuers.push(Arc::clone(certificate));
            self.issuers.len() - 1
        });
        self.size(position);
    }

    /// A value that an earlier attempt may have brought already: its position, and the value itself when it is new.
    pub(super) fn shared<T: Pack + PartialEq>(
        &mut self,
        value: &Arc<T>,
        seen: fn(&mut Self) -> &mut Seen<T>,
    ) {
        let known = &mut seen(self).0;
        let position = known
            .iter()
            .position(|known| Arc::ptr_eq(known, value) || known == value);
        if let Some(position) = position {
            self.size(position);
            return;
        }
        let position = known.len();
        known.push(Arc::clone(value));
        self.size(position);
        value.pack(self);
    }
}

const PLAIN: usize = 0;
const HEX: usize = 1;
const AGAIN: usize = 2;

/// The bytes of an even number of lower-case hexadecimal digits.
fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() < LEAST_HEX || !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

/// Thumbprints are sorted by what this makes of each host, so it writes bytes and not characters.
fn digits(bytes: &[u8]) -> String {
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    let mut digits = vec![0; bytes.len() * 2];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
    }
    String::from_utf8(digits).unwrap_or_default()
}

/// A text where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text<'a> {
    Plain(&'a str),
    Hex(&'a [u8]),
}

impl<'a> From<Text<'a>> for Cow<'a, str> {
    fn from(text: Text<'a>) -> Self {
        match text {
            Text::Plain(text) => text.into(),
            Text::Hex(bytes) => digits(bytes).into(),
        }
    }
}

/// Takes bytes apart.
#[derive(Debug)]
pub(super) struct Unpacker<'a> {
    rest: &'a [u8],
    texts: Vec<Text<'a>>,
    pub(super) tls: Seen<TlsFacts>,
    pub(super) ntlm: Seen<NtlmFacts>,
    pub(super) leaves: Seen<CertificateFacts>,
    issuers: &'a [Arc<CertificateFacts>],
}

impl<'a> Unpacker<'a> {
    pub(super) fn new(bytes: &'a [u8], issuers: &'a [Arc<CertificateFacts>]) -> Self {
        Self {
            rest: bytes,
            texts: Vec::new(),
            tls: Seen::default(),
            ntlm: Seen::default(),
            leaves: Seen::default(),
            issuers,
        }
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// A text; only hexadecimal digits have to be written out.
    pub(super) fn text(&mut self) -> Option<Cow<'a, str>> {
        self.raw_text().map(Into::into)
    }

    /// A text, not even written out.
    pub(super) fn raw_text(&mut self) -> Option<Text<'a>> {
        let head = self.size()?;
        let size = head >> 2;
        let text = match head & 3 {
            PLAIN => Text::Plain(std::str::from_utf8(self.take(size)?).ok()?),
            HEX => Text::Hex(self.take(size)?),
            AGAIN => {
                return match COMMON.get(size) {
                    Some(text) => Some(Text::Plain(text)),
                    None => self.texts.get(size.checked_sub(COMMON.len())?).copied(),
                };
            }
            _ => return None,
        };
        if self.texts.len() < KNOWN_TEXTS && !matches!(text, Text::Plain("")) {
            self.texts.push(text);
        }
        Some(text)
    }

    pub(super) fn issuer(&mut self) -> Option<Arc<CertificateFacts>> {
        let position = self.size()?;
        self.issuers.get(position).cloned()
    }

    pub(super) fn shared<T: Pack>(
        &mut self,
        seen: fn(&mut Self) -> &mut Seen<T>,
    ) -> Option<Arc<T>> {
        let position = self.size()?;
        if let Some(known) = seen(self).0.get(position) {
            return Some(Arc::clone(known));
        }
        let value = Arc::new(T::unpack(self)?);
        seen(self).0.push(Arc::clone(&value));
        Some(value)
    }
}

macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl Pack for $number {
            fn pack(&self, out: &mut Packer) {
                out.number(u64::from(*self));
            }

            fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
                from.number()?.try_into().ok()
            }
        }
    )+};
}

numbers!(u16, u32, u64);

impl Pack for u8 {
    fn pack(&self, out: &mut Packer) {
        out.byte(*self);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        from.byte()
    }
}

impl Pack for bool {
    fn pack(&self, out: &mut Packer) {
        out.byte(u8::from(*self));
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        Some(from.byte()? != 0)
    }
}

impl Pack for Box<str> {
    fn pack(&self, out: &mut Packer) {
        out.text(self);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        from.text().map(Into::into)
    }
}

impl Pack for String {
    fn pack(&self, out: &mut Packer) {
        out.text(self);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        from.text().map(Into::into)
    }
}

impl<T: Pack> Pack for Option<T> {
    fn pack(&self, out: &mut Packer) {
        self.is_some().pack(out);
        if let Some(value) = self {
            value.pack(out);
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        if bool::unpack(from)? {
            T::unpack(from).map(Some)
        } else {
            Some(None)
        }
    }
}

impl<T: Pack> Pack for Vec<T> {
    fn pack(&self, out: &mut Packer) {
        out.size(self.len());
        for value in self {
            value.pack(out);
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let length = from.size()?;
        (0..length).map(|_| T::unpack(from)).collect()
    }
}

impl Pack for (u8, u8, u16) {
    fn pack(&self, out: &mut Packer) {
        self.0.pack(out);
        self.1.pack(out);
        self.2.pack(out);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        Some((
            Pack::unpack(from)?,
            Pack::unpack(from)?,
            Pack::unpack(from)?,
        ))
    }
}

impl Pack for Timestamp {
    fn pack(&self, out: &mut Packer) {
        out.signed(self.as_second());
        out.signed(i64::from(self.subsec_nanosecond()));
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let second = from.signed()?;
        Self::new(second, from.signed()?.try_into().ok()?).ok()
    }
}

impl Pack for UtcSecond {
    fn pack(&self, out: &mut Packer) {
        out.signed(self.as_second());
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        from.signed().map(Self::from_second)
    }
}

impl Pack for IpAddr {
    fn pack(&self, out: &mut Packer) {
        match self {
            Self::V4(address) => {
                out.byte(4);
                out.bytes.extend_from_slice(&address.octets());
            }
            Self::V6(address) => {
                out.byte(6);
                out.bytes.extend_from_slice(&address.octets());
            }
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        if from.byte()? == 4 {
            let octets: [u8; 4] = from.take(4)?.try_into().ok()?;
            Some(Ipv4Addr::from(octets).into())
        } else {
            let octets: [u8; 16] = from.take(16)?.try_into().ok()?;
            Some(Ipv6Addr::from(octets).into())
        }
    }
}

impl Pack for SocketAddr {
    fn pack(&self, out: &mut Packer) {
        self.ip().pack(out);
        self.port().pack(out);
        if let Self::V6(address) = self {
            address.flowinfo().pack(out);
            address.scope_id().pack(out);
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let address = IpAddr::unpack(from)?;
        let port = u16::unpack(from)?;
        Some(match address {
            IpAddr::V4(address) => SocketAddrV4::new(address, port).into(),
            IpAddr::V6(address) => {
                let flow = u32::unpack(from)?;
                SocketAddrV6::new(address, port, flow, u32::unpack(from)?).into()
            }
        })
    }
}
