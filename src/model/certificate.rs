use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, UtcSecond};

/// The kind of a certificate's public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum KeyAlgorithm {
    /// RSA.
    #[serde(rename = "RSA")]
    Rsa,
    /// Elliptic curve.
    #[serde(rename = "EC")]
    Ec,
    /// Ed25519 or Ed448.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// DSA.
    #[serde(rename = "DSA")]
    Dsa,
    /// Anything else.
    #[serde(rename = "unknown")]
    Unknown,
}

impl KeyAlgorithm {
    /// The word used in JSON and on screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::Ec => "EC",
            Self::EdDsa => "EdDSA",
            Self::Dsa => "DSA",
            Self::Unknown => "unknown",
        }
    }
}

/// A certificate's public key, as far as anyone outside can judge it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PublicKey {
    /// Its kind.
    pub algorithm: KeyAlgorithm,
    /// Modulus length for RSA, field size for EC; 0 when it cannot be told.
    pub bits: u32,
}

/// Whether this machine would trust the chain at the time of the attempt, were it asked to. A fact about this machine too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verdict", content = "detail", rename_all = "snake_case")]
pub enum TrustVerdict {
    /// A chain to one of this machine's roots was found.
    Trusted,
    /// Subject equals issuer and the certificate's own key verifies its signature.
    SelfSigned,
    /// No chain to a root that this machine knows.
    UnknownIssuer,
    /// The judge refused it for another reason, such as a bad signature.
    Rejected(Box<str>),
    /// This machine's trust store was not consulted.
    NotChecked,
}

/// What a certificate says (RFC 5280). All strings are raw network text, bounded in length.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct CertificateFacts {
    /// SHA-1 over the DER, lower-case hex: the "thumbprint" that Windows shows.
    pub sha1: Box<str>,
    /// SHA-256 over the DER, lower-case hex.
    pub sha256: Box<str>,
    /// Length of the DER in bytes.
    pub der_length: u32,
    /// Why the DER could not be read; everything below is then empty, and the thumbprints are all there is.
    pub unparsable: Option<Box<str>>,
    /// The whole subject, RFC 4514 style.
    pub subject: Box<str>,
    /// The last common name of the subject.
    pub common_name: Option<Box<str>>,
    /// The whole issuer.
    pub issuer: Box<str>,
    /// Serial number, lower-case hex.
    pub serial: Box<str>,
    /// DNS names in the subject alternative name, at most 1024.
    pub san_dns: Vec<Box<str>>,
    /// IP addresses in the subject alternative name, at most 1024.
    pub san_ip: Vec<std::net::IpAddr>,
    /// DNS names and IP addresses beyond those, or beyond 16 KiB of them: with any, nothing can be said of a name that is not listed.
    #[serde(default)]
    pub san_left_out: u32,
    /// Whether there is a subject alternative name extension at all: then the common name does not count.
    pub has_san: bool,
    /// Start of validity; `None` when out of any representable range.
    #[schemars(with = "Option<Moment>")]
    pub not_before: Option<UtcSecond>,
    /// End of validity.
    #[schemars(with = "Option<Moment>")]
    pub not_after: Option<UtcSecond>,
    /// The public key.
    pub key: PublicKey,
    /// SHA-256 over the subject public key info, lower-case hex, to find shared keys.
    pub spki_sha256: Box<str>,
    /// The signature algorithm's usual name, such as `sha256WithRSAEncryption`, or its dotted OID.
    pub signature_algorithm: Box<str>,
    /// Extended key usages as dotted OIDs, `None` when the extension is absent.
    pub extended_key_usage: Option<Vec<Box<str>>>,
    /// Whether basic constraints say CA.
    pub is_ca: bool,
    /// Subject equals issuer. Whether the signature fits is in the trust verdict.
    pub self_issued: bool,
    /// Whether a CRL distribution point is named.
    pub has_crl: bool,
    /// Bytes after the certificate inside its DER slot.
    pub trailing_bytes: u32,
}

impl CertificateFacts {
    /// Every DNS name the certificate is good for: the SAN where there is one, else the common name (RFC 6125 6.4.4).
    #[must_use]
    pub fn dns_names(&self) -> Vec<&str> {
        if self.has_san {
            self.san_dns.iter().map(AsRef::as_ref).collect()
        } else {
            self.common_name.iter().map(AsRef::as_ref).collect()
        }
    }

    /// Whether the certificate is good for a DNS name: case and final dot do not count, a wildcard stands for one left label.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        let wanted = name.trim_end_matches('.').to_ascii_lowercase();
        self.dns_names().into_iter().any(|candidate| {
            let candidate = candidate.trim_end_matches('.').to_ascii_lowercase();
            match candidate.strip_prefix("*.") {
                Some(parent) => wanted
                    .split_once('.')
                    .is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
                None => candidate == wanted,
            }
        })
    }
}
