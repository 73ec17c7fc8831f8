//! The section about TLS: the handshake, the certificate, and the chain above it.

mod chain;
mod validity;

use jiff::Timestamp;

use super::mark::Mark;
use super::page::Page;
use crate::counts::grouped;
use crate::diagnosis::{days_in_words, days_left};
use crate::fleet::Host;
use crate::model::{
    CertificateFacts, CertificateStatus, History, ServerFeature, TlsFacts, TlsHandshake,
    TrustVerdict, UtcSecond,
};
use crate::tui::model::Model;
use crate::tui::theme::Tone;

pub(super) fn write(model: &Model, host: &Host, history: &History, page: &mut Page) {
    let diagnosis = &host.diagnosis;
    let security = format!("{}, NLA {}", diagnosis.security.word(), diagnosis.nla);
    page.field("security", &security, Tone::Plain);
    if let Some(flags) = history.response_flags() {
        let features: Vec<&str> = ServerFeature::announced(flags)
            .map(ServerFeature::word)
            .collect();
        let features = match features.as_slice() {
            [] => "none announced".to_owned(),
            features => features.join(", "),
        };
        page.field("features", &features, Tone::Plain);
    }
    let Some(tls) = history.tls() else {
        page.note("TLS was not reached, so no certificate was seen");
        return;
    };
    handshake(tls, page);
    let shown = diagnosis.tls_shown(history);
    let Some((shown, leaf)) = shown.and_then(|shown| Some((shown, shown.leaf()?))) else {
        page.note("no certificate was seen");
        return;
    };
    let now = model.fleet.times().map(|(_, newest)| newest);
    page.blank();
    status(host, leaf, now, page);
    // The status is as of the scan.
    if let Some(days) = model.today.and_then(|today| days_left(leaf, today)) {
        page.field("days left today", &days.to_string(), Tone::Plain);
    }
    let (mark, text) = trust(&shown.trust);
    page.marked("trusted here", mark, &text);
    validity::write(leaf, now, page);
    page.blank();
    leaf_fields(leaf, page);
    chain::write(
        &shown.certificates().map(AsRef::as_ref).collect::<Vec<_>>(),
        page,
    );
}

fn handshake(tls: &TlsFacts, page: &mut Page) {
    let version = tls.version.map_or_else(
        || "unknown version".to_owned(),
        |version| format!("TLS {version}").replace("TLS SSL", "SSL"),
    );
    let mut line = match tls.handshake {
        TlsHandshake::Full => format!("{version}, full handshake"),
        TlsHandshake::LegacyPeek => {
            format!("{version}, legacy peek: read in clear, the key was not proven")
        }
        TlsHandshake::Failed => "no handshake came about".to_owned(),
    };
    for part in [&tls.cipher, &tls.group].into_iter().flatten() {
        line.push_str(", ");
        line.push_str(part);
    }
    match tls.handshake {
        TlsHandshake::Full => page.field("TLS", &line, Tone::Plain),
        TlsHandshake::LegacyPeek => page.marked("TLS", Mark::Partly, &line),
        TlsHandshake::Failed => page.marked("TLS", Mark::Bad, &line),
    }
    if tls.signature_valid == Some(false) {
        let text = "the signature does not fit the certificate's key";
        page.marked("key exchange", Mark::Bad, text);
    }
    if tls.client_certificate_requested {
        page.field("client certificate", "asked for", Tone::Notice);
    }
}

fn status(host: &Host, leaf: &CertificateFacts, now: Option<Timestamp>, page: &mut Page) {
    let Some(status) = host.diagnosis.certificate_status else {
        return;
    };
    let mark = match status {
        CertificateStatus::Valid => Mark::Good,
        CertificateStatus::Expiring => Mark::Partly,
        CertificateStatus::Expired
        | CertificateStatus::NotYetValid
        | CertificateStatus::Unparsable => Mark::Bad,
    };
    let days = days_in_words(leaf, status, host.diagnosis.days_left, now);
    let days = days.map_or_else(String::new, |days| format!(", {days}"));
    page.marked("status", mark, &format!("{status}{days}"));
}

fn leaf_fields(certificate: &CertificateFacts, page: &mut Page) {
    if let Some(reason) = &certificate.unparsable {
        let reason = format!("{reason} ({} bytes)", certificate.der_length);
        page.marked("unreadable", Mark::Bad, &reason);
    } else {
        page.field("subject", &certificate.subject, Tone::Plain);
        let issuer = if certificate.self_issued {
            "the subject itself"
        } else {
            &certificate.issuer
        };
        page.field("issuer", issuer, Tone::Plain);
        names(certificate, page);
        page.field("key", &key(certificate), Tone::Plain);
        page.field("meant for", &usages(certificate), Tone::Plain);
        page.field("serial", &certificate.serial.to_string(), Tone::Plain);
    }
    thumbprints(certificate, page);
}

/// The kind of the key, its size where known, and the signature of the certificate.
fn key(certificate: &CertificateFacts) -> String {
    let word = certificate.key.algorithm.word();
    let size = match certificate.key.bits {
        0 => String::new(),
        bits => format!(" {bits} bits"),
    };
    match &*certificate.signature_algorithm {
        "" => format!("{word}{size}"),
        signature => format!("{word}{size}, signed with {signature}"),
    }
}

/// In the format of certlm.msc since Windows 10 and Server 2016: lower-case digits without separators.
fn thumbprints(certificate: &CertificateFacts, page: &mut Page) {
    page.hex("SHA-1 thumbprint", &certificate.sha1.to_string());
    page.hex("SHA-256", &certificate.sha256.to_string());
}

/// Alternative names shown; the reports have more.
const SHOWN_NAMES: usize = 64;

fn names(certificate: &CertificateFacts, page: &mut Page) {
    if !certificate.has_san {
        page.field("names (SAN)", "none: the common name counts", Tone::Notice);
        return;
    }
    let mut label = "names (SAN)";
    let names = certificate.san_dns.iter().map(ToString::to_string);
    let addresses = certificate.san_ip.iter().map(|ip| format!("{ip} (IP)"));
    for name in names.chain(addresses).take(SHOWN_NAMES) {
        page.field(label, &name, Tone::Plain);
        label = "";
    }
    let kept = certificate.san_dns.len() + certificate.san_ip.len();
    let more = kept.saturating_sub(SHOWN_NAMES) as u64 + u64::from(certificate.san_omitted);
    if more > 0 {
        page.field(label, &format!("and {} more", grouped(more)), Tone::Notice);
        label = "";
    }
    if !label.is_empty() {
        page.field(label, "present, but empty", Tone::Notice);
    }
}

/// The extended key usages by name (RFC 5280 4.2.1.12, and Microsoft's for Remote Desktop).
fn usages(certificate: &CertificateFacts) -> String {
    let Some(usages) = &certificate.extended_key_usage else {
        return "anything: no extended key usage".to_owned();
    };
    let names: Vec<&str> = usages
        .iter()
        .map(|oid| match &**oid {
            "1.3.6.1.5.5.7.3.1" => "server authentication",
            "1.3.6.1.5.5.7.3.2" => "client authentication",
            "1.3.6.1.4.1.311.54.1.2" => "Remote Desktop authentication",
            "1.3.6.1.4.1.311.20.2.2" => "smart card logon",
            "1.3.6.1.5.2.3.5" => "KDC authentication",
            "2.5.29.37.0" => "any purpose",
            other => other,
        })
        .collect();
    if names.is_empty() {
        "nothing: the extended key usage is empty".to_owned()
    } else {
        names.join(", ")
    }
}

fn trust(trust: &TrustVerdict) -> (Mark, String) {
    match trust {
        TrustVerdict::Trusted => (Mark::Good, "trusted".to_owned()),
        TrustVerdict::SelfSigned => (
            Mark::Partly,
            "self-signed: a client asks before it goes on".to_owned(),
        ),
        TrustVerdict::UnknownIssuer => (Mark::Partly, "issuer unknown to this machine".to_owned()),
        TrustVerdict::Rejected(detail) => (Mark::Bad, format!("rejected: {detail}")),
        TrustVerdict::NotChecked => (Mark::None, "not checked".to_owned()),
    }
}

pub(super) fn day(at: Option<UtcSecond>) -> String {
    at.map_or_else(|| "unknown".to_owned(), |at| at.civil().date().to_string())
}
