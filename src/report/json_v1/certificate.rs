use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{
    CertificateFacts, CertificateStatus, Digest, HexBytes, KeyAlgorithm, Moment, TrustVerdict,
    UtcSecond,
};
use crate::report::sheet::Row;
use crate::report::words;

/// The server's own certificate. Of one that cannot be read, only the thumbprints are there.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Certificate")]
pub(super) struct CertificateV1<'a> {
    /// At `scan.evaluated_at`.
    status: Option<CertificateStatus>,
    /// The last common name of the subject.
    common_name: Option<&'a str>,
    /// The whole subject, RFC 4514 style.
    subject: Option<&'a str>,
    /// DNS names, then addresses, of the subject alternative name.
    san: Vec<String>,
    /// Names and addresses omitted from `san`, beyond 1024 or 16 KiB of them.
    san_omitted: u32,
    /// The whole issuer.
    issuer: Option<&'a str>,
    /// `null` when it says so and nobody checked its signature.
    self_signed: Option<bool>,
    /// Start of validity.
    #[schemars(with = "Option<Moment>")]
    not_before: Option<UtcSecond>,
    /// End of validity.
    #[schemars(with = "Option<Moment>")]
    not_after: Option<UtcSecond>,
    /// Whole days to the end, rounded down: negative after it.
    days_left: Option<i64>,
    /// The public key.
    key: Option<KeyV1>,
    /// The usual name, such as `sha256WithRSAEncryption`, or the dotted OID.
    signature_algorithm: Option<&'a str>,
    /// SHA-1 over the DER: the thumbprint that Windows shows.
    sha1: Digest<20>,
    /// SHA-256 over the DER.
    sha256: Digest<32>,
    /// Certificates sent, this one included.
    chain_length: usize,
    /// Serial number.
    serial: Option<&'a HexBytes>,
    /// What the scanning machine thinks of the chain.
    trust: TrustV1,
    /// Why it could not be read.
    unparsable: Option<&'a str>,
}

/// What the scanning machine thinks of a chain.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Trust")]
enum TrustV1 {
    /// It leads to a root that the machine knows.
    Trusted,
    /// Signed by its own key.
    SelfSigned,
    /// It leads to no root that the machine knows.
    UnknownIssuer,
    /// Refused for another reason, which `history` holds.
    Rejected,
    /// The machine's trust store was not consulted.
    NotChecked,
}

/// A public key.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Key")]
struct KeyV1 {
    /// Its kind.
    algorithm: KeyAlgorithm,
    /// Length of the modulus, or size of the curve's field.
    bits: Option<u32>,
}

impl<'a> CertificateV1<'a> {
    pub(super) fn new(row: &'a Row<'_>) -> Option<Self> {
        let tls = row.tls_shown()?;
        let leaf: &'a CertificateFacts = tls.leaf()?;
        // An unreadable certificate has thumbprints and nothing else: empty strings in the model mean "not known" then.
        let known = leaf.unparsable.is_none();
        Some(Self {
            status: row.host.diagnosis.certificate_status,
            common_name: leaf.common_name.as_deref(),
            subject: known.then_some(&leaf.subject),
            san: words::alternative_names(leaf),
            san_omitted: leaf.san_omitted,
            issuer: known.then_some(&leaf.issuer),
            self_signed: words::self_signed(tls, leaf),
            not_before: leaf.not_before,
            not_after: leaf.not_after,
            days_left: row.host.diagnosis.days_left,
            key: known.then(|| KeyV1 {
                algorithm: leaf.key.algorithm,
                bits: Some(leaf.key.bits).filter(|bits| *bits > 0),
            }),
            signature_algorithm: known.then_some(&leaf.signature_algorithm),
            sha1: leaf.sha1,
            sha256: leaf.sha256,
            chain_length: tls.chain.len(),
            serial: known.then_some(&leaf.serial),
            trust: match tls.trust {
                TrustVerdict::Trusted => TrustV1::Trusted,
                TrustVerdict::SelfSigned => TrustV1::SelfSigned,
                TrustVerdict::UnknownIssuer => TrustV1::UnknownIssuer,
                TrustVerdict::Rejected(_) => TrustV1::Rejected,
                TrustVerdict::NotChecked => TrustV1::NotChecked,
            },
            unparsable: leaf.unparsable.as_deref(),
        })
    }
}
