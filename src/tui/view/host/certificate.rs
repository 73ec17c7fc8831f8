//! The certificate that the host showed, and the rest of its chain.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::super::super::text;
use super::super::super::theme::Tone;
use super::Page;
use crate::fleet::Host;
use crate::model::{CertificateFacts, CertificateStatus, TlsFacts, TlsMethod, TrustVerdict};

/// TLS, the leaf, then the certificates above it.
pub(super) fn write(host: &Host, page: &mut Page) {
    page.section("TLS and certificate");
    let Some(tls) = host.history.tls() else {
        page.note("TLS was not reached");
        return;
    };
    handshake(tls, page);
    let Some(leaf) = tls.leaf() else {
        page.note("no certificate was seen");
        return;
    };
    status(host, page);
    one(leaf, page);
    page.field("trust here", &trust(&tls.trust), Tone::Plain);
    for (number, above) in (1..).zip(tls.chain.iter().skip(1)) {
        page.note(&format!("chain, certificate {}", number + 1));
        one(above, page);
    }
}

fn handshake(tls: &TlsFacts, page: &mut Page) {
    let version = tls.version.map_or_else(
        || "unknown version".to_owned(),
        |version| format!("TLS {version}"),
    );
    let version = version.replace("TLS SSL", "SSL");
    let how = match tls.method {
        TlsMethod::Full => "full handshake",
        TlsMethod::LegacyPeek => "legacy peek: read in clear, the key was not proven",
        TlsMethod::Failed => "no handshake came about",
    };
    let mut line = match tls.method {
        TlsMethod::Failed => how.to_owned(),
        _ => format!("{version}, {how}"),
    };
    for part in [&tls.cipher, &tls.group].into_iter().flatten() {
        line.push_str(", ");
        line.push_str(part);
    }
    let tone = match tls.method {
        TlsMethod::Full => Tone::Plain,
        TlsMethod::LegacyPeek => Tone::Warn,
        TlsMethod::Failed => Tone::Bad,
    };
    page.field("TLS", &line, tone);
    if tls.signature_valid == Some(false) {
        page.field(
            "key exchange",
            "the signature does not fit the certificate's key",
            Tone::Bad,
        );
    }
    if tls.client_certificate_requested {
        page.field("client certificate", "asked for", Tone::Notice);
    }
}

fn status(host: &Host, page: &mut Page) {
    let Some(status) = host.diagnosis.certificate_status else {
        return;
    };
    let tone = match status {
        CertificateStatus::Valid => Tone::Good,
        CertificateStatus::Expiring => Tone::Warn,
        CertificateStatus::Expired
        | CertificateStatus::NotYetValid
        | CertificateStatus::Unparsable => Tone::Bad,
    };
    let days = match host.diagnosis.days_left {
        Some(days) if days < 0 => format!(", ended {} days ago", days.unsigned_abs()),
        Some(days) => format!(", {days} days left"),
        None => String::new(),
    };
    page.field("status", &format!("{status}{days}"), tone);
}

fn one(certificate: &CertificateFacts, page: &mut Page) {
    if let Some(reason) = &certificate.unparsable {
        let reason = format!("{reason} ({} bytes)", certificate.der_length);
        page.field("unreadable", &reason, Tone::Bad);
    } else {
        page.field("subject", &certificate.subject, Tone::Plain);
        let issuer = if certificate.self_issued {
            "the subject itself"
        } else {
            &certificate.issuer
        };
        page.field("issuer", issuer, Tone::Plain);
        page.field("names (SAN)", &names(certificate), Tone::Plain);
        let when = |at: Option<Timestamp>| at.map_or_else(|| "?".to_owned(), text::moment);
        let validity = format!(
            "{} to {}",
            when(certificate.not_before),
            when(certificate.not_after)
        );
        page.field("valid", &validity, Tone::Plain);
        let key = format!(
            "{} {} bits, signed with {}",
            certificate.key.algorithm.word(),
            certificate.key.bits,
            certificate.signature_algorithm
        );
        page.field("key", &key, Tone::Plain);
        page.field("serial", &certificate.serial, Tone::Plain);
    }
    page.field("SHA-1 thumbprint", &certificate.sha1, Tone::Plain);
    page.field("SHA-256", &certificate.sha256, Tone::Plain);
}

fn names(certificate: &CertificateFacts) -> String {
    if !certificate.has_san {
        return "none: the common name counts".to_owned();
    }
    let mut names = certificate.san_dns.join(", ");
    for address in &certificate.san_ip {
        let separator = if names.is_empty() { "" } else { ", " };
        if write!(names, "{separator}{address}").is_err() {
            break;
        }
    }
    if names.is_empty() {
        "present, but empty".to_owned()
    } else {
        names
    }
}

fn trust(trust: &TrustVerdict) -> String {
    match trust {
        TrustVerdict::Trusted => "trusted".to_owned(),
        TrustVerdict::SelfSigned => "self-signed".to_owned(),
        TrustVerdict::UnknownIssuer => "issuer unknown to this machine".to_owned(),
        TrustVerdict::Rejected(detail) => format!("rejected: {detail}"),
        TrustVerdict::NotChecked => "not checked".to_owned(),
    }
}
