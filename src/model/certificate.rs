use std::hash::{Hash, Hasher};
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::verdict::words;
use super::{Digest, HexBytes, Moment, UtcSecond, texts};

words! {
    @unlisted
    /// The kind of a certificate's public key.
    KeyAlgorithm {
        /// RSA.
        Rsa = "RSA",
        /// Elliptic curve.
        Ec = "EC",
        /// Ed25519 or Ed448.
        EdDsa = "EdDSA",
        /// DSA.
        Dsa = "DSA",
        /// Anything else.
        Unknown = "unknown",
    }
}

/// The public key of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PublicKey {
    /// Its algorithm.
    pub algorithm: KeyAlgorithm,
    /// Modulus length for RSA, field size for EC; 0 when unknown.
    pub bits: u32,
}

/// Whether the scanning machine trusts the chain at the time of the attempt. A fact about that machine, too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustVerdict {
    /// The chain leads to a trusted root.
    Trusted,
    /// Subject equals issuer and the certificate's own key verifies its signature.
    SelfSigned,
    /// The chain leads to no trusted root.
    UnknownIssuer,
    /// Rejected for another reason, such as an invalid signature.
    Rejected(Box<str>),
    /// The trust store was not consulted.
    NotChecked,
}

/// The content of a certificate (RFC 5280). All strings are raw network text, bounded in length.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct CertificateFacts {
    /// SHA-1 over the DER: the "thumbprint" that Windows shows.
    pub sha1: Digest<20>,
    /// SHA-256 over the DER.
    pub sha256: Digest<32>,
    /// Length of the DER in bytes.
    pub der_length: u32,
    /// Why the DER cannot be parsed; everything below is then empty, and only the thumbprints are known.
    pub unparsable: Option<Box<str>>,
    /// The whole subject, RFC 4514 style.
    pub subject: Box<str>,
    /// The last common name of the subject.
    pub common_name: Option<Box<str>>,
    /// The whole issuer.
    pub issuer: Arc<str>,
    /// Serial number.
    pub serial: HexBytes,
    /// DNS names in the subject alternative name, at most 1024.
    #[serde(deserialize_with = "texts::bounded")]
    pub san_dns: Vec<Box<str>>,
    /// IP addresses in the subject alternative name, at most 1024.
    #[serde(deserialize_with = "texts::bounded")]
    pub san_ip: Vec<std::net::IpAddr>,
    /// DNS names and IP addresses omitted, beyond 1024 or 16 KiB of them: with any, whether an unlisted name is covered is unknown.
    pub san_omitted: u32,
    /// Whether there is a subject alternative name extension: then the common name does not count.
    pub has_san: bool,
    /// Start of validity; `None` when out of any representable range.
    #[schemars(with = "Option<Moment>")]
    pub not_before: Option<UtcSecond>,
    /// End of validity.
    #[schemars(with = "Option<Moment>")]
    pub not_after: Option<UtcSecond>,
    /// The public key.
    pub key: PublicKey,
    /// SHA-256 over the subject public key info, to find shared keys; `None` for a certificate that cannot be parsed.
    pub spki_sha256: Option<Digest<32>>,
    /// The signature algorithm's usual name, such as `sha256WithRSAEncryption`, or its dotted OID.
    pub signature_algorithm: Arc<str>,
    /// Extended key usages as dotted OIDs, `None` when the extension is absent.
    pub extended_key_usage: Option<Vec<Arc<str>>>,
    /// Whether basic constraints say CA.
    pub is_ca: bool,
    /// Subject equals issuer. The trust verdict says whether the signature is valid.
    pub self_issued: bool,
    /// Whether there is a CRL distribution point.
    pub has_crl: bool,
    /// Whether it names a certificate policy of the CA/Browser Forum, as those of public CAs do.
    #[serde(default)]
    pub public_policy: bool,
    /// Bytes after the certificate inside its DER slot.
    pub trailing_bytes: u32,
}

impl CertificateFacts {
    /// How many alternative names it has, DNS names and addresses.
    #[must_use]
    pub fn alternative_names(&self) -> usize {
        let left_out = usize::try_from(self.san_omitted).unwrap_or(usize::MAX);
        (self.san_dns.len() + self.san_ip.len()).saturating_add(left_out)
    }

    /// The DNS names that the certificate is valid for: the SAN if present, else the common name (RFC 6125 6.4.4).
    #[must_use]
    pub fn dns_names(&self) -> Vec<&str> {
        if self.has_san {
            self.san_dns.iter().map(AsRef::as_ref).collect()
        } else {
            self.common_name.iter().map(AsRef::as_ref).collect()
        }
    }

    /// Whether the certificate is valid for a DNS name. Case and a final dot are ignored; a wildcard matches the leftmost label.
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

/// A certificate of a chain. Chains are serialised as digests; the facts are stored once, elsewhere in the same file.
#[derive(Debug, Clone)]
pub enum ChainCertificate {
    /// Its facts.
    Known(Arc<CertificateFacts>),
    /// Only its digest, until it is resolved.
    Digest(Digest<32>),
}

impl ChainCertificate {
    /// SHA-256 over the DER.
    #[must_use]
    pub fn sha256(&self) -> Digest<32> {
        match self {
            Self::Known(facts) => facts.sha256,
            Self::Digest(digest) => *digest,
        }
    }

    /// Its facts, when they are known.
    #[must_use]
    pub const fn facts(&self) -> Option<&Arc<CertificateFacts>> {
        match self {
            Self::Known(facts) => Some(facts),
            Self::Digest(_) => None,
        }
    }
}

impl From<Arc<CertificateFacts>> for ChainCertificate {
    fn from(facts: Arc<CertificateFacts>) -> Self {
        Self::Known(facts)
    }
}

impl From<CertificateFacts> for ChainCertificate {
    fn from(facts: CertificateFacts) -> Self {
        Self::Known(facts.into())
    }
}

impl PartialEq for ChainCertificate {
    fn eq(&self, other: &Self) -> bool {
        self.sha256() == other.sha256()
    }
}

impl Eq for ChainCertificate {}

impl Hash for ChainCertificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sha256().hash(state);
    }
}

impl Serialize for ChainCertificate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.sha256().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ChainCertificate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Digest::deserialize(deserializer).map(Self::Digest)
    }
}

impl JsonSchema for ChainCertificate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        Digest::<32>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Digest::<32>::json_schema(generator)
    }
}
