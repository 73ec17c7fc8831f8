//! Certificate facts through x509-parser.
//!
//! The DER comes from anyone: it is read leniently, every string and list is bounded, and what cannot be read at all still has
//! its thumbprints. Nothing here judges: an absurd value is a fact like any other.

pub(super) mod algorithm;
mod text;

use std::sync::Arc;

use std::net::IpAddr;

use ring::digest;
use x509_parser::asn1_rs::{FromDer, Oid, Sequence, Tag, oid};
use x509_parser::certificate::{X509Certificate, X509CertificateParser};
use x509_parser::extensions::{
    BasicConstraints, ExtendedKeyUsage, GeneralName, SubjectAlternativeName, X509Extension,
};
use x509_parser::nom::Parser;
use x509_parser::oid_registry::{
    OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_CERTIFICATE_POLICIES,
    OID_X509_EXT_CRL_DISTRIBUTION_POINTS, OID_X509_EXT_EXTENDED_KEY_USAGE,
    OID_X509_EXT_SUBJECT_ALT_NAME,
};
use x509_parser::time::ASN1Time;

use crate::model::{CertificateFacts, Digest, HexBytes, KeyAlgorithm, PublicKey, UtcSecond};

/// Most extended key usages kept.
const USAGE_LIMIT: usize = 64;
/// Most DNS names, and most IP addresses, kept of the subject alternative name; the others are counted. Public authorities
/// grant 100 to 250, some a thousand.
const SAN_LIMIT: usize = 1024;
/// Most bytes kept of all of them together: what every host of a hostile fleet might fill.
const SAN_BYTES: usize = 16 * 1024;
/// Most characters kept of one name in the subject alternative name, and of a common name. A DNS name has at most 253.
const NAME_LIMIT: usize = 256;
/// Most characters kept of a whole subject or issuer.
const SUBJECT_LIMIT: usize = 1024;
/// Most bytes kept of a serial number. RFC 5280 4.1.2.2 allows 20.
const SERIAL_LIMIT: usize = 64;

/// Reads one certificate as the server sent it. Never fails: see [`CertificateFacts::unparsable`].
#[must_use]
pub fn read(der: &[u8]) -> CertificateFacts {
    let facts = bare(der);
    let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
    match parser.parse(der) {
        Ok((rest, certificate)) => filled(facts, &certificate, rest),
        Err(error) => CertificateFacts {
            unparsable: Some(reason(&error).into()),
            ..facts
        },
    }
}

/// What is known of any bytes: their length and their thumbprints.
fn bare(der: &[u8]) -> CertificateFacts {
    CertificateFacts {
        sha1: hash(&digest::SHA1_FOR_LEGACY_USE_ONLY, der),
        sha256: hash(&digest::SHA256, der),
        der_length: saturated(der.len()),
        unparsable: None,
        subject: Box::default(),
        common_name: None,
        issuer: Arc::default(),
        serial: HexBytes::default(),
        san_dns: Vec::new(),
        san_ip: Vec::new(),
        san_omitted: 0,
        has_san: false,
        not_before: None,
        not_after: None,
        key: PublicKey {
            algorithm: KeyAlgorithm::Unknown,
            bits: 0,
        },
        spki_sha256: None,
        signature_algorithm: Arc::default(),
        extended_key_usage: None,
        is_ca: false,
        self_issued: false,
        has_crl: false,
        public_policy: false,
        trailing_bytes: 0,
    }
}

fn filled(
    mut facts: CertificateFacts,
    certificate: &X509Certificate<'_>,
    rest: &[u8],
) -> CertificateFacts {
    facts.subject = text::distinguished_name(&certificate.subject, SUBJECT_LIMIT);
    facts.issuer = text::distinguished_name(&certificate.issuer, SUBJECT_LIMIT).into();
    facts.common_name = certificate
        .subject
        .iter_common_name()
        .last()
        .and_then(|attribute| text::decoded(attribute.attr_value(), NAME_LIMIT))
        .filter(|name| !name.is_empty())
        .map(Into::into);
    facts.serial = serial(certificate.raw_serial());
    facts.not_before = Some(second(certificate.validity.not_before));
    facts.not_after = Some(second(certificate.validity.not_after));
    facts.key = algorithm::public_key(&certificate.subject_pki);
    facts.spki_sha256 = Some(hash(&digest::SHA256, certificate.subject_pki.raw));
    facts.signature_algorithm = algorithm::signature_name(&certificate.signature_algorithm).into();
    facts.self_issued = certificate.subject.as_raw() == certificate.issuer.as_raw();
    facts.trailing_bytes = saturated(rest.len());
    for extension in certificate.extensions() {
        read_extension(&mut facts, extension);
    }
    facts
}

/// Reads one extension. Its presence counts even when its content cannot be read.
fn read_extension(facts: &mut CertificateFacts, extension: &X509Extension<'_>) {
    if extension.oid == OID_X509_EXT_SUBJECT_ALT_NAME {
        facts.has_san = true;
        if let Ok((_, names)) = SubjectAlternativeName::from_der(extension.value) {
            read_alternative_names(facts, &names.general_names);
        }
    } else if extension.oid == OID_X509_EXT_EXTENDED_KEY_USAGE {
        let usages = ExtendedKeyUsage::from_der(extension.value)
            .map(|(_, usage)| usage_oids(&usage))
            .unwrap_or_default();
        facts.extended_key_usage = Some(usages.into_iter().map(Into::into).collect());
    } else if extension.oid == OID_X509_EXT_BASIC_CONSTRAINTS {
        facts.is_ca = BasicConstraints::from_der(extension.value)
            .is_ok_and(|(_, constraints)| constraints.ca);
    } else if extension.oid == OID_X509_EXT_CRL_DISTRIBUTION_POINTS {
        facts.has_crl = true;
    } else if extension.oid == OID_X509_EXT_CERTIFICATE_POLICIES {
        facts.public_policy = names_public_policy(extension.value);
    }
}

/// Whether one of the policies is of the CA/Browser Forum (2.23.140.1), whose policies public CAs have to name.
fn names_public_policy(policies: &[u8]) -> bool {
    let Ok((_, policies)) = Sequence::from_der(policies) else {
        return false;
    };
    let mut rest = &*policies.content;
    while let Ok((after, policy)) = Sequence::from_der(rest) {
        if Oid::from_der(&policy.content).is_ok_and(|(_, id)| id.starts_with(&oid!(2.23.140.1))) {
            return true;
        }
        rest = after;
    }
    false
}

/// Takes the names and addresses for which there is room, and counts the others.
fn read_alternative_names(facts: &mut CertificateFacts, names: &[GeneralName<'_>]) {
    let mut room = SAN_BYTES;
    let mut fits = |kept: usize, bytes: usize| {
        let left = room.checked_sub(bytes).filter(|_| kept < SAN_LIMIT);
        room = left.unwrap_or(room);
        left.is_some()
    };
    for name in names {
        let name = match name {
            GeneralName::DNSName(name) => text::shortened(name, NAME_LIMIT),
            // [2] is dNSName: one with bytes outside ASCII is against RFC 5280, and yet what the host calls itself.
            GeneralName::Invalid(Tag(2), bytes) => text::latin(bytes, NAME_LIMIT),
            GeneralName::IPAddress(octets) => {
                match address(octets) {
                    Some(address) if fits(facts.san_ip.len(), octets.len()) => {
                        facts.san_ip.push(address);
                    }
                    Some(_) => facts.san_omitted = facts.san_omitted.saturating_add(1),
                    None => {}
                }
                continue;
            }
            _ => continue,
        };
        if fits(facts.san_dns.len(), name.len()) {
            facts.san_dns.push(name.into());
        } else {
            facts.san_omitted = facts.san_omitted.saturating_add(1);
        }
    }
}

/// An iPAddress entry is 4 or 16 bytes in network order (RFC 5280 4.2.1.6); any other length names no address.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

/// The usages as dotted OIDs: those that judge a server first.
fn usage_oids(usage: &ExtendedKeyUsage<'_>) -> Vec<Box<str>> {
    const REMOTE_DESKTOP: &str = "1.3.6.1.4.1.311.54.1.2";

    // Before the others, or a long list might push out what alone makes a server's certificate.
    let remote_desktop = usage
        .other
        .iter()
        .any(|oid| *dotted(oid) == *REMOTE_DESKTOP);
    let others = usage
        .other
        .iter()
        .map(dotted)
        .filter(|oid| **oid != *REMOTE_DESKTOP);
    [
        (usage.any, "2.5.29.37.0"),
        (usage.server_auth, "1.3.6.1.5.5.7.3.1"),
        (usage.client_auth, "1.3.6.1.5.5.7.3.2"),
        (usage.code_signing, "1.3.6.1.5.5.7.3.3"),
        (usage.email_protection, "1.3.6.1.5.5.7.3.4"),
        (usage.time_stamping, "1.3.6.1.5.5.7.3.8"),
        (usage.ocsp_signing, "1.3.6.1.5.5.7.3.9"),
    ]
    .into_iter()
    .filter(|(present, _)| *present)
    .map(|(_, oid)| oid.into())
    .chain(remote_desktop.then(|| Box::from(REMOTE_DESKTOP)))
    .chain(others)
    .take(USAGE_LIMIT)
    .collect()
}

fn dotted(oid: &Oid<'_>) -> Box<str> {
    algorithm::dotted(oid.as_bytes())
}

fn second(time: ASN1Time) -> UtcSecond {
    UtcSecond::from_second(time.timestamp())
}

/// The serial number's bytes as they are, less the zero that keeps a positive number positive in DER.
fn serial(raw: &[u8]) -> HexBytes {
    let bytes = match raw {
        [0, rest @ ..] if !rest.is_empty() => rest,
        _ => raw,
    };
    bytes.get(..SERIAL_LIMIT).unwrap_or(bytes).into()
}

/// Why x509-parser failed, as a lower-case fragment.
fn reason(error: &x509_parser::nom::Err<x509_parser::error::X509Error>) -> String {
    use x509_parser::nom::Err;

    match error {
        Err::Incomplete(_) => String::from("the DER ends too early"),
        Err::Error(error) | Err::Failure(error) => {
            let words = error.to_string();
            text::shortened(&words, NAME_LIMIT)
        }
    }
}

/// `N` is the algorithm's length, so that nothing is left of the zeros.
fn hash<const N: usize>(algorithm: &'static digest::Algorithm, bytes: &[u8]) -> Digest<N> {
    let hash = digest::digest(algorithm, bytes);
    Digest::try_from(hash.as_ref()).unwrap_or(Digest([0; N]))
}

fn saturated(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
