use super::{content, handshake, handshake_message, records};
use crate::wire::cursor::length_u16;

/// The longest server name (RFC 1035 section 2.3.4); longer ones are not sent.
const NAME_LIMIT: usize = 253;

/// The suites of Windows servers since 2003, from ECDHE with GCM to 3DES and RC4.
const SUITES: [u16; 23] = [
    0xC02F, 0xC030, 0xC02B, 0xC02C, 0xC027, 0xC028, 0xC013, 0xC014, 0xC009, 0xC00A, 0x009E, 0x009F,
    0x0033, 0x0039, 0x009C, 0x009D, 0x003C, 0x003D, 0x002F, 0x0035, 0x000A, 0x0005,
    // TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 section 3.3).
    0x00FF,
];

/// x25519, secp256r1, secp384r1 (RFC 8422 section 5.1.1).
const GROUPS: [u16; 3] = [0x001D, 0x0017, 0x0018];

/// Hash and signature pairs (RFC 5246 section 7.4.1.4.1), the PSS ones of RFC 8446, and SHA-1 with RSA, ECDSA and DSA.
const SIGNATURES: [u16; 13] = [
    0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201, 0x0202,
    0x0301,
];

/// Extension numbers.
mod extension {
    /// RFC 6066 section 3.
    pub(super) const SERVER_NAME: u16 = 0;
    /// RFC 8422 section 5.1.1.
    pub(super) const SUPPORTED_GROUPS: u16 = 10;
    /// RFC 8422 section 5.1.2.
    pub(super) const POINT_FORMATS: u16 = 11;
    /// RFC 5246 section 7.4.1.4.1.
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
}

/// A TLS 1.2 `ClientHello` in a record labelled 1.0, with every suite of old servers.
///
/// `sni` is a name, never an address (RFC 6066 section 3).
#[must_use]
pub fn client_hello(sni: Option<&str>, random: [u8; 32]) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some(name) = sni.filter(|name| (1..=NAME_LIMIT).contains(&name.len())) {
        let mut entry = vec![0];
        vector(&mut entry, name.as_bytes());
        let mut list = Vec::new();
        vector(&mut list, &entry);
        push_extension(&mut extensions, extension::SERVER_NAME, &list);
    }
    push_extension(
        &mut extensions,
        extension::SUPPORTED_GROUPS,
        &numbers(&GROUPS),
    );
    push_extension(&mut extensions, extension::POINT_FORMATS, &[1, 0]);
    push_extension(
        &mut extensions,
        extension::SIGNATURE_ALGORITHMS,
        &numbers(&SIGNATURES),
    );

    let mut body = vec![0x03, 0x03];
    body.extend_from_slice(&random);
    // No session id, and null as the only compression.
    body.push(0);
    body.extend_from_slice(&numbers(&SUITES));
    body.extend_from_slice(&[1, 0]);
    vector(&mut body, &extensions);
    records(
        content::HANDSHAKE,
        0x0301,
        &handshake_message(handshake::CLIENT_HELLO, &body),
    )
}

fn push_extension(into: &mut Vec<u8>, number: u16, data: &[u8]) {
    into.extend_from_slice(&number.to_be_bytes());
    vector(into, data);
}

/// A variable-length vector with a 16-bit length (RFC 5246 section 4.3).
fn vector(into: &mut Vec<u8>, data: &[u8]) {
    into.extend_from_slice(&length_u16(data.len()).to_be_bytes());
    into.extend_from_slice(data);
}

/// A vector of 16-bit numbers.
fn numbers(values: &[u16]) -> Vec<u8> {
    let data: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect();
    let mut bytes = Vec::new();
    vector(&mut bytes, &data);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_inside_agree_with_each_other() {
        for sni in [None, Some("srv05.corp.example")] {
            let bytes = client_hello(sni, [7; 32]);
            assert_eq!(&bytes[..3], &[22, 3, 1]);
            let record = usize::from(u16::from_be_bytes([bytes[3], bytes[4]]));
            assert_eq!(record, bytes.len() - 5);
            let message = usize::from(u16::from_be_bytes([bytes[7], bytes[8]]));
            assert_eq!(message, record - 4);
            let suites = usize::from(u16::from_be_bytes([bytes[44], bytes[45]]));
            let extensions = 46 + suites + 2;
            let length = usize::from(u16::from_be_bytes([
                bytes[extensions],
                bytes[extensions + 1],
            ]));
            assert_eq!(extensions + 2 + length, bytes.len());
        }
    }

    #[test]
    fn a_name_goes_out_only_when_given() {
        let with = client_hello(Some("srv05.corp.example"), [0; 32]);
        let without = client_hello(None, [0; 32]);
        let name = b"srv05.corp.example";
        assert!(with.windows(name.len()).any(|window| window == name));
        assert_eq!(with.len(), without.len() + name.len() + 9);
    }
}
