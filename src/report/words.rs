//! Facts in the words that several formats share.

use jiff::Timestamp;

use crate::model::{CertificateFacts, TlsFacts, TrustVerdict};

/// DNS names and IP addresses of a certificate, in that order.
pub(super) fn alternative_names(facts: &CertificateFacts) -> Vec<String> {
    let names = facts.san_dns.iter().map(ToString::to_string);
    names
        .chain(facts.san_ip.iter().map(ToString::to_string))
        .collect()
}

/// Whether the leaf is signed by itself; `None` when it says so and nobody checked its signature.
pub(super) fn self_signed(tls: &TlsFacts, leaf: &CertificateFacts) -> Option<bool> {
    if leaf.unparsable.is_some() {
        return None;
    }
    match tls.trust {
        TrustVerdict::SelfSigned => Some(true),
        _ if !leaf.self_issued => Some(false),
        // A self-issued certificate that is trusted is in the trust store itself.
        TrustVerdict::Trusted => Some(true),
        TrustVerdict::UnknownIssuer => Some(false),
        TrustVerdict::Rejected(_) | TrustVerdict::NotChecked => None,
    }
}

/// Date and time as a spreadsheet takes them, UTC.
pub(super) fn spreadsheet_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The day alone, UTC.
pub(super) fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// Kind and size of a key, such as `RSA 2048`.
pub(super) fn key(facts: &CertificateFacts) -> String {
    let word = facts.key.algorithm.word();
    match facts.key.bits {
        0 => word.to_owned(),
        bits => format!("{word} {bits}"),
    }
}
