//! NTLM NEGOTIATE and CHALLENGE (MS-NLMP 2.2.1.1 and 2.2.1.2). There is no AUTHENTICATE, the first message with a user name.

use jiff::Timestamp;

use super::WireError;
use super::cursor::{Cursor, length_u16};
use crate::model::{NtlmFacts, whole_microseconds};

const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";
const TYPE_NEGOTIATE: u32 = 1;
const TYPE_CHALLENGE: u32 = 2;
/// The flags of Windows clients, without domain and workstation.
const NEGOTIATE_FLAGS: u32 = 0xE208_8297;
/// `NTLMSSP_NEGOTIATE_UNICODE`.
const FLAG_UNICODE: u32 = 0x0000_0001;
/// `NTLMSSP_NEGOTIATE_VERSION`: the version field is valid.
const FLAG_VERSION: u32 = 0x0200_0000;
/// The version field of our message: 10.0.17763, NTLMSSP revision 15 (MS-NLMP 2.2.2.10).
const OUR_VERSION: [u8; 8] = [10, 0, 0x63, 0x45, 0, 0, 0, 15];
/// The offset of the payload of a challenge with a version field.
const CHALLENGE_HEADER: usize = 56;
/// The most characters kept of any string.
const TEXT_LIMIT: usize = 512;
/// 100 ns intervals from 1601-01-01 to 1970-01-01 (MS-DTYP 2.3.3).
const FILETIME_EPOCH: i128 = 116_444_736_000_000_000;

/// The 40 bytes of NEGOTIATE: constant, without user, domain and machine.
#[must_use]
pub fn negotiate() -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend_from_slice(&TYPE_NEGOTIATE.to_le_bytes());
    bytes.extend_from_slice(&NEGOTIATE_FLAGS.to_le_bytes());
    bytes.extend_from_slice(&[0; 16]);
    bytes.extend_from_slice(&OUR_VERSION);
    bytes
}

/// A server's CHALLENGE. Strings are raw network text of at most 512 characters; empty ones, and a clock out of range, are absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Challenge {
    /// Negotiate flags (MS-NLMP 2.2.2.5).
    pub flags: u32,
    /// The eight random bytes, for the simulator.
    pub server_challenge: [u8; 8],
    /// The target name field: domain or machine.
    pub target_name: Option<String>,
    /// What it says of the server; those of the exchange are at their defaults.
    pub facts: NtlmFacts,
}

impl Challenge {
    /// Decodes a challenge, which has no length of its own.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(bytes);
        if cursor.take(8, "NTLM signature")? != SIGNATURE {
            return Err(WireError::Rule("no NTLM signature"));
        }
        let kind = cursor.u32_le("NTLM message type")?;
        if kind != TYPE_CHALLENGE {
            return Err(WireError::Unexpected {
                what: "NTLM message type",
                value: kind,
            });
        }
        let target_name = field(&mut cursor, bytes, "NTLM target name")?;
        let flags = cursor.u32_le("NTLM flags")?;
        let server_challenge = cursor.array("NTLM challenge")?;
        cursor.take(8, "NTLM reserved field")?;
        let target_info = field(&mut cursor, bytes, "NTLM target info")?;
        let version = if flags & FLAG_VERSION == 0 {
            None
        } else {
            let major = cursor.u8("NTLM version")?;
            let minor = cursor.u8("NTLM version")?;
            let build = cursor.u16_le("NTLM version")?;
            cursor.take(4, "NTLM version")?;
            Some((major, minor, build))
        };
        let mut challenge = Self {
            flags,
            server_challenge,
            target_name: if flags & FLAG_UNICODE == 0 {
                oem(target_name)
            } else {
                utf16(target_name)
            },
            facts: NtlmFacts {
                version,
                ..NtlmFacts::default()
            },
        };
        challenge.read_pairs(target_info)?;
        Ok(challenge)
    }

    /// Encodes a challenge, always with version and target info.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let target_name = units(self.target_name.as_deref().unwrap_or_default());
        let target_info = self.pairs();
        let flags = self.flags
            | FLAG_UNICODE
            | if self.facts.version.is_some() {
                FLAG_VERSION
            } else {
                0
            };
        let (major, minor, build) = self.facts.version.unwrap_or_default();

        let mut bytes = SIGNATURE.to_vec();
        bytes.extend_from_slice(&TYPE_CHALLENGE.to_le_bytes());
        push_field(&mut bytes, target_name.len(), CHALLENGE_HEADER);
        bytes.extend_from_slice(&flags.to_le_bytes());
        bytes.extend_from_slice(&self.server_challenge);
        bytes.extend_from_slice(&[0; 8]);
        push_field(
            &mut bytes,
            target_info.len(),
            CHALLENGE_HEADER + target_name.len(),
        );
        bytes.extend_from_slice(&[major, minor]);
        bytes.extend_from_slice(&build.to_le_bytes());
        bytes.extend_from_slice(&[0, 0, 0, 15]);
        bytes.extend_from_slice(&target_name);
        bytes.extend_from_slice(&target_info);
        bytes
    }

    /// AV pairs (MS-NLMP 2.2.2.1): id, length, value, until `MsvAvEOL` or the end of the field.
    fn read_pairs(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        let facts = &mut self.facts;
        let mut cursor = Cursor::new(bytes);
        while !cursor.is_empty() {
            let id = cursor.u16_le("AV pair")?;
            let length = usize::from(cursor.u16_le("AV pair")?);
            let value = cursor.take(length, "AV pair")?;
            match id {
                0 => break,
                1 => facts.netbios_computer = utf16(value).map(Into::into),
                2 => facts.netbios_domain = utf16(value).map(Into::into),
                3 => facts.dns_computer = utf16(value).map(Into::into),
                4 => facts.dns_domain = utf16(value).map(Into::into),
                5 => facts.dns_forest = utf16(value).map(Into::into),
                7 => {
                    facts.server_time = value
                        .try_into()
                        .ok()
                        .and_then(|bytes| from_filetime(u64::from_le_bytes(bytes)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn pairs(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (id, text) in [
            (2, &self.facts.netbios_domain),
            (1, &self.facts.netbios_computer),
            (4, &self.facts.dns_domain),
            (3, &self.facts.dns_computer),
            (5, &self.facts.dns_forest),
        ] {
            if let Some(text) = text {
                push_pair(&mut bytes, id, &units(text));
            }
        }
        if let Some(filetime) = self.facts.server_time.and_then(to_filetime) {
            push_pair(&mut bytes, 7, &filetime.to_le_bytes());
        }
        push_pair(&mut bytes, 0, &[]);
        bytes
    }
}

fn push_pair(into: &mut Vec<u8>, id: u16, value: &[u8]) {
    into.extend_from_slice(&id.to_le_bytes());
    into.extend_from_slice(&length_u16(value.len()).to_le_bytes());
    into.extend_from_slice(value);
}

/// A field of length, allocated length and offset, which points into the whole message.
fn field<'a>(
    cursor: &mut Cursor<'_>,
    message: &'a [u8],
    what: &'static str,
) -> Result<&'a [u8], WireError> {
    let length = usize::from(cursor.u16_le(what)?);
    cursor.u16_le(what)?;
    let offset = cursor.u32_le(what)?;
    if length == 0 {
        return Ok(&[]);
    }
    usize::try_from(offset)
        .ok()
        .and_then(|start| message.get(start..start.checked_add(length)?))
        .ok_or(WireError::Truncated { what })
}

fn push_field(into: &mut Vec<u8>, length: usize, offset: usize) {
    let length = length_u16(length).to_le_bytes();
    into.extend_from_slice(&length);
    into.extend_from_slice(&length);
    into.extend_from_slice(&u32::from(length_u16(offset)).to_le_bytes());
}

/// UTF-16LE, lossy, capped; an odd last byte is dropped.
fn utf16(bytes: &[u8]) -> Option<String> {
    let units = bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| u16::from_le_bytes(*pair));
    let text: String = char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .take(TEXT_LIMIT)
        .collect();
    (!text.is_empty()).then_some(text)
}

/// The machine's own code page, unknown to us: ASCII is read, the rest is replaced.
fn oem(bytes: &[u8]) -> Option<String> {
    let text: String = String::from_utf8_lossy(bytes)
        .chars()
        .take(TEXT_LIMIT)
        .collect();
    (!text.is_empty()).then_some(text)
}

fn units(text: &str) -> Vec<u8> {
    text.chars()
        .take(TEXT_LIMIT)
        .collect::<String>()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect()
}

fn from_filetime(filetime: u64) -> Option<Timestamp> {
    if filetime == 0 {
        return None;
    }
    let time = Timestamp::from_nanosecond((i128::from(filetime) - FILETIME_EPOCH) * 100);
    time.ok().map(whole_microseconds)
}

fn to_filetime(time: Timestamp) -> Option<u64> {
    u64::try_from(time.as_nanosecond().div_euclid(100) + FILETIME_EPOCH).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Challenge {
        Challenge {
            flags: NEGOTIATE_FLAGS,
            server_challenge: [1, 2, 3, 4, 5, 6, 7, 8],
            target_name: Some("CORP".to_owned()),
            facts: NtlmFacts {
                netbios_computer: Some("SRV05".into()),
                netbios_domain: Some("CORP".into()),
                dns_computer: Some("srv05.corp.example".into()),
                dns_domain: Some("corp.example".into()),
                dns_forest: Some("corp.example".into()),
                version: Some((10, 0, 20348)),
                server_time: from_filetime(133_500_000_000_000_000),
                ..NtlmFacts::default()
            },
        }
    }

    #[test]
    fn negotiate_names_nobody() {
        let bytes = negotiate();
        assert_eq!(bytes.len(), 40);
        assert_eq!(&bytes[12..16], &[0x97, 0x82, 0x08, 0xE2]);
        assert_eq!(&bytes[16..32], &[0; 16]);
        assert_eq!(&bytes[32..], &[0x0A, 0, 0x63, 0x45, 0, 0, 0, 0x0F]);
    }

    #[test]
    fn every_fact_is_read() {
        let facts = Challenge::decode(&sample().encode()).unwrap().facts;
        assert_eq!(facts.netbios_computer.as_deref(), Some("SRV05"));
        assert_eq!(facts.dns_computer.as_deref(), Some("srv05.corp.example"));
        assert_eq!(facts.build().as_deref(), Some("10.0.20348"));
        assert_eq!(
            facts.server_time.map(|time| time.to_string()).as_deref(),
            Some("2024-01-17T21:20:00Z")
        );
    }

    #[test]
    fn an_empty_name_is_no_name() {
        assert_eq!(oem(b""), None);
        assert_eq!(oem(b"CORP").as_deref(), Some("CORP"));
    }

    #[test]
    fn the_version_counts_only_with_its_flag() {
        let mut bytes = sample().encode();
        bytes[23] &= !0x02;
        assert_eq!(Challenge::decode(&bytes).unwrap().facts.version, None);
    }

    #[test]
    fn a_name_without_the_unicode_flag_is_read_byte_by_byte() {
        let mut bytes = Challenge {
            target_name: Some("DC".to_owned()),
            ..sample()
        }
        .encode();
        bytes[20] &= !1;
        bytes[CHALLENGE_HEADER..CHALLENGE_HEADER + 4].copy_from_slice(b"CORP");
        let decoded = Challenge::decode(&bytes).unwrap();
        assert_eq!(decoded.target_name.as_deref(), Some("CORP"));
    }

    #[test]
    fn fields_past_the_end_are_refused() {
        let mut bytes = sample().encode();
        bytes[44..48].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(Challenge::decode(&bytes).is_err());
    }

    #[test]
    fn strings_are_capped() {
        let mut challenge = sample();
        challenge.facts.dns_computer = Some("y".repeat(600).into());
        let mut bytes = challenge.encode();
        assert_eq!(
            Challenge::decode(&bytes).unwrap().facts.dns_computer,
            Some("y".repeat(512).into())
        );
        assert_eq!(units(&"y".repeat(600)).len(), 1024);
        // A lone surrogate becomes a replacement character, and nothing else breaks.
        let at = bytes.windows(2).position(|pair| pair == b"y\0").unwrap();
        bytes[at..at + 2].copy_from_slice(&[0x00, 0xD8]);
        assert!(
            Challenge::decode(&bytes)
                .unwrap()
                .facts
                .dns_computer
                .unwrap()
                .starts_with('\u{FFFD}')
        );
    }

    #[test]
    fn impossible_clocks_are_no_clock() {
        assert_eq!(from_filetime(0), None);
        assert_eq!(from_filetime(u64::MAX), None);
    }

    fn text() -> impl Strategy<Value = Option<String>> {
        proptest::option::of("[a-zA-Z0-9.äß€😀-]{1,40}")
    }

    proptest! {
        #[test]
        fn challenges_round_trip_and_no_prefix_is_taken(
            flags: u32,
            server_challenge: [u8; 8],
            names in (text(), text(), text(), text(), text(), text()),
            version: Option<(u8, u8, u16)>,
            microseconds in proptest::option::of(1_u64..200_000_000_000_000_000),
        ) {
            let version_flag = if version.is_some() { FLAG_VERSION } else { 0 };
            let challenge = Challenge {
                flags: flags & !FLAG_VERSION | FLAG_UNICODE | version_flag,
                server_challenge,
                target_name: names.0,
                facts: NtlmFacts {
                    netbios_computer: names.1.map(Into::into),
                    netbios_domain: names.2.map(Into::into),
                    dns_computer: names.3.map(Into::into),
                    dns_domain: names.4.map(Into::into),
                    dns_forest: names.5.map(Into::into),
                    version,
                    server_time: microseconds.and_then(|us| from_filetime(us * 10)),
                    ..NtlmFacts::default()
                },
            };
            let bytes = challenge.encode();
            prop_assert_eq!(Challenge::decode(&bytes), Ok(challenge));
            for end in 0..bytes.len() {
                prop_assert!(Challenge::decode(&bytes[..end]).is_err());
            }
        }

        #[test]
        fn hostile_bytes_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            signed: bool,
        ) {
            let mut all = if signed { b"NTLMSSP\0\x02\0\0\0".to_vec() } else { Vec::new() };
            all.extend_from_slice(&bytes);
            drop(Challenge::decode(&all));
        }
    }
}
