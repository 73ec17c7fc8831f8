//! Key kinds and sizes, and the names of signature algorithms.

use std::fmt::Write;

use x509_parser::asn1_rs::{Any, Class, FromDer, Sequence, Tag};
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::model::{HexBytes, KeyAlgorithm, PublicKey};

/// Longest object identifier that is written out, in bytes of its encoding; no real one comes near.
const OID_LIMIT: usize = 64;

/// Signature algorithms by dotted OID, under the names that OpenSSL gives them; below 1.3.14.3.2 those of the OIW, which old
/// Windows tools write.
const SIGNATURES: [(&str, &str); 37] = [
    ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
    ("1.2.840.113549.1.1.3", "md4WithRSAEncryption"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.3.14.3.2.2", "md4WithRSA"),
    ("1.3.14.3.2.3", "md5WithRSA"),
    ("1.3.14.3.2.4", "md4WithRSAEncryption"),
    ("1.3.14.3.2.13", "dsaWithSHA"),
    ("1.3.14.3.2.15", "shaWithRSAEncryption"),
    ("1.3.14.3.2.24", "md2WithRSA"),
    ("1.3.14.3.2.25", "md5WithRSA"),
    ("1.3.14.3.2.27", "dsaWithSHA1"),
    ("1.3.14.3.2.28", "dsaWithSHA1"),
    ("1.3.14.3.2.29", "sha1WithRSAEncryption"),
    (PSS, "RSASSA-PSS"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
    ("1.2.840.113549.1.1.15", "sha512-224WithRSAEncryption"),
    ("1.2.840.113549.1.1.16", "sha512-256WithRSAEncryption"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    (ECDSA_SPECIFIED, "ecdsa-with-Specified"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.2.840.10040.4.3", "dsa-with-SHA1"),
    ("2.16.840.1.101.3.4.3.1", "dsa-with-SHA224"),
    ("2.16.840.1.101.3.4.3.2", "dsa-with-SHA256"),
    ("2.16.840.1.101.3.4.3.3", "dsa-with-SHA384"),
    ("2.16.840.1.101.3.4.3.4", "dsa-with-SHA512"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
];

/// RSASSA-PSS, whose hash is in its parameters (RFC 4055 3.1).
const PSS: &str = "1.2.840.113549.1.1.10";
/// ECDSA with the hash in its parameters (X9.62 E.8): what a Windows authority with alternate signature formats writes.
const ECDSA_SPECIFIED: &str = "1.2.840.10045.4.3";

/// Hash functions by dotted OID (RFC 8017 B.1, RFC 3279 2.2.1).
const HASHES: [(&str, &str); 8] = [
    ("1.2.840.113549.2.2", "MD2"),
    ("1.2.840.113549.2.4", "MD4"),
    ("1.2.840.113549.2.5", "MD5"),
    ("1.3.14.3.2.26", "SHA1"),
    ("2.16.840.1.101.3.4.2.4", "SHA224"),
    ("2.16.840.1.101.3.4.2.1", "SHA256"),
    ("2.16.840.1.101.3.4.2.2", "SHA384"),
    ("2.16.840.1.101.3.4.2.3", "SHA512"),
];

/// Field sizes of named curves, in bits, by dotted OID (RFC 5480 2.1.1.1, RFC 5639 4.1).
const CURVES: [(&str, u32); 9] = [
    ("1.2.840.10045.3.1.1", 192),
    ("1.3.132.0.33", 224),
    ("1.2.840.10045.3.1.7", 256),
    ("1.3.132.0.10", 256),
    ("1.3.132.0.34", 384),
    ("1.3.132.0.35", 521),
    ("1.3.36.3.3.2.8.1.1.7", 256),
    ("1.3.36.3.3.2.8.1.1.11", 384),
    ("1.3.36.3.3.2.8.1.1.13", 512),
];

/// The usual name of a signature algorithm, with the hash where that is a parameter; else its dotted OID.
pub(super) fn signature_name(identifier: &AlgorithmIdentifier<'_>) -> Box<str> {
    let oid = dotted(identifier.algorithm.as_bytes());
    let parameters = identifier.parameters.as_ref();
    match (&*oid, parameters) {
        (PSS, Some(parameters)) => {
            if let Some(hash) = pss_hash(parameters) {
                return format!("RSASSA-PSS with {hash}").into();
            }
        }
        (ECDSA_SPECIFIED, Some(parameters)) => {
            if let Some(hash) = hash_name(parameters) {
                return format!("ecdsa-with-{hash}").into();
            }
        }
        _ => {}
    }
    SIGNATURES
        .iter()
        .find(|(known, _)| **known == *oid)
        .map_or(oid, |(_, name)| (*name).into())
}

/// The hash that RSASSA-PSS parameters name: the first, tagged 0, and SHA-1 where that is left out (RFC 4055 3.1).
fn pss_hash(parameters: &Any<'_>) -> Option<&'static str> {
    if parameters.tag() != Tag::Sequence {
        return None;
    }
    if parameters.data.is_empty() {
        return Some("SHA1");
    }
    let (_, first) = Any::from_der(parameters.data).ok()?;
    match (first.class(), first.tag()) {
        (Class::ContextSpecific, Tag(0)) => hash_name(&Any::from_der(first.data).ok()?.1),
        (Class::ContextSpecific, _) => Some("SHA1"),
        _ => None,
    }
}

/// The name of the hash that an algorithm identifier stands for.
fn hash_name(identifier: &Any<'_>) -> Option<&'static str> {
    if identifier.tag() != Tag::Sequence {
        return None;
    }
    let (_, oid) = Any::from_der(identifier.data).ok()?;
    let oid = (oid.tag() == Tag::Oid).then(|| dotted(oid.data))?;
    HASHES
        .iter()
        .find(|(known, _)| **known == *oid)
        .map(|(_, name)| *name)
}

/// The kind and size of a key.
pub(in crate::probe) fn public_key(info: &SubjectPublicKeyInfo<'_>) -> PublicKey {
    let data = info.subject_public_key.data.as_ref();
    let parameters = info.algorithm.parameters.as_ref();
    let (algorithm, bits) = match &*dotted(info.algorithm.algorithm.as_bytes()) {
        // rsaEncryption, and RSASSA-PSS which has the same key (RFC 4055 1.2).
        "1.2.840.113549.1.1.1" | PSS => (KeyAlgorithm::Rsa, first_integer_bits(data)),
        "1.2.840.10045.2.1" => (KeyAlgorithm::Ec, curve_bits(parameters, data)),
        "1.3.101.112" => (KeyAlgorithm::EdDsa, 256),
        "1.3.101.113" => (KeyAlgorithm::EdDsa, 448),
        // The prime p comes first in the parameters (RFC 3279 2.3.2).
        "1.2.840.10040.4.1" => (
            KeyAlgorithm::Dsa,
            parameters.map_or(0, |any| integer_bits(any.data)),
        ),
        _ => (KeyAlgorithm::Unknown, 0),
    };
    PublicKey { algorithm, bits }
}

/// Size of the first integer in a DER sequence: the modulus of an RSA key (RFC 8017 A.1.1).
fn first_integer_bits(der: &[u8]) -> u32 {
    Sequence::from_der(der).map_or(0, |(_, sequence)| integer_bits(sequence.content.as_ref()))
}

/// Size of the integer that `der` begins with. Taken as unsigned: some encoders forget the leading zero.
fn integer_bits(der: &[u8]) -> u32 {
    let Ok((_, any)) = Any::from_der(der) else {
        return 0;
    };
    let bytes = any.data;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    match bytes.get(zeros..) {
        Some([first, rest @ ..]) => {
            let whole = u32::try_from(rest.len()).unwrap_or(u32::MAX / 16) * 8;
            whole + u8::BITS - first.leading_zeros()
        }
        _ => 0,
    }
}

/// Field size of an EC key: by the curve's name, else by the length of the point (SEC 1, 2.3.3).
fn curve_bits(parameters: Option<&Any<'_>>, point: &[u8]) -> u32 {
    let named = parameters
        .map(|any| dotted(any.data))
        .and_then(|oid| CURVES.iter().find(|(known, _)| **known == *oid))
        .map(|(_, bits)| *bits);
    let coordinate = match point {
        [4, both @ ..] => both.len() / 2,
        [2 | 3, one @ ..] => one.len(),
        _ => 0,
    };
    named.unwrap_or_else(|| u32::try_from(coordinate * 8).unwrap_or(0))
}

/// An object identifier's content bytes (X.690 8.19) as dotted numbers; hexadecimal when it is absurd.
pub(in crate::probe) fn dotted(bytes: &[u8]) -> Box<str> {
    if bytes.len() > OID_LIMIT {
        let head = bytes.get(..OID_LIMIT).unwrap_or_default();
        return format!("0x{}…", HexBytes::from(head)).into();
    }
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc: u64 = 0;
    for byte in bytes {
        let Some(shifted) = arc.checked_mul(128) else {
            return format!("0x{}", HexBytes::from(bytes)).into();
        };
        arc = shifted | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            arcs.push(arc);
            arc = 0;
        }
    }
    // Writing to a string cannot fail.
    let mut text = String::new();
    for (index, arc) in arcs.iter().enumerate() {
        if index == 0 {
            // The first number holds two arcs: 40 × the first, which is at most 2, plus the second.
            let top = (arc / 40).min(2);
            write!(text, "{top}.{}", arc - top * 40).ok();
        } else {
            write!(text, ".{arc}").ok();
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_are_dotted() {
        for (bytes, expected) in [
            (&[0x55, 0x04, 0x03][..], "2.5.4.3"),
            (&[0x88, 0x37, 0x01], "2.999.1"),
            (
                &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b],
                "1.2.840.113549.1.1.11",
            ),
            (&[], ""),
        ] {
            assert_eq!(&*dotted(bytes), expected);
        }
    }

    #[test]
    fn an_absurd_object_identifier_is_shown_as_bytes() {
        assert_eq!(&*dotted(&[0xff; 11]), "0xffffffffffffffffffffff");
        assert!(dotted(&vec![0x01; 60_000]).len() < 200);
    }

    fn named(der: &[u8]) -> Box<str> {
        signature_name(&AlgorithmIdentifier::from_der(der).unwrap().1)
    }

    /// The DER of a sequence or an explicit tag around some bytes.
    fn around(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        [&[tag, length][..], content].concat()
    }

    const PSS_DER: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    const SHA1_DER: &[u8] = &[6, 5, 0x2b, 14, 3, 2, 26];
    const SHA256_DER: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];

    #[test]
    fn the_hash_of_pss_is_the_one_in_its_parameters() {
        let pss = |parameters: &[u8]| named(&around(0x30, &[PSS_DER, parameters].concat()));
        let hash = |oid: &[u8]| around(0xa0, &around(0x30, oid));
        let salt = around(0xa2, &[2, 1, 32]);
        for (parameters, expected) in [
            (around(0x30, &hash(SHA256_DER)), "RSASSA-PSS with SHA256"),
            (around(0x30, &hash(SHA1_DER)), "RSASSA-PSS with SHA1"),
            (around(0x30, &[]), "RSASSA-PSS with SHA1"),
            (around(0x30, &salt), "RSASSA-PSS with SHA1"),
            (around(0x30, &hash(&[6, 1, 0x2a])), "RSASSA-PSS"),
            (around(0x30, &[0xa0, 9]), "RSASSA-PSS"),
            (vec![5, 0], "RSASSA-PSS"),
            (vec![], "RSASSA-PSS"),
        ] {
            assert_eq!(&*pss(&parameters), expected, "{parameters:02x?}");
        }
    }

    #[test]
    fn the_hash_of_specified_ecdsa_is_the_one_in_its_parameters() {
        let oid = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
        let ecdsa = |parameters: &[u8]| named(&around(0x30, &[&oid, parameters].concat()));
        assert_eq!(&*ecdsa(&around(0x30, SHA1_DER)), "ecdsa-with-SHA1");
        assert_eq!(&*ecdsa(&around(0x30, SHA256_DER)), "ecdsa-with-SHA256");
        assert_eq!(&*ecdsa(&[]), "ecdsa-with-Specified");
    }

    #[test]
    fn a_modulus_is_measured_without_its_leading_zeros() {
        let sequence = |integer: &[u8]| {
            let length = u8::try_from(integer.len()).unwrap();
            [&[0x30, length][..], integer].concat()
        };
        for (integer, bits) in [
            (&[2, 2, 0, 0x80][..], 8),
            (&[2, 1, 0x80], 8),
            (&[2, 2, 0x01, 0], 9),
            (&[2, 1, 0], 0),
            (&[2, 0], 0),
            (&[2, 9, 1], 0),
        ] {
            assert_eq!(first_integer_bits(&sequence(integer)), bits, "{integer:?}");
        }
    }

    #[test]
    fn a_curve_without_a_name_is_measured_by_its_point() {
        let mut point = vec![4];
        point.resize(97, 1);
        assert_eq!(curve_bits(None, &point), 384);
        assert_eq!(curve_bits(None, &[2; 33]), 256);
        assert_eq!(curve_bits(None, &[]), 0);
    }
}
