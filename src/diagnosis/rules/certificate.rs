use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::Deserialize;

use super::{Family, Rule, RuleVerdict, Verdict, hint, identity_step, likely, sure, undetermined};
use crate::diagnosis::certificates::ServerCertificate;
use crate::diagnosis::dated;
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::identity::{
    EKU_ANY, EKU_REMOTE_DESKTOP, EKU_SERVER_AUTH, ServerKind, has_usage, host_label, labels_agree,
    normal, windows_made,
};
use crate::diagnosis::validity::lifetime_days;
use crate::model::{CertificateFacts, KeyAlgorithm, Severity, TrustVerdict, UtcSecond};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("certificate.toml"),
    rules: &[
        ("RDP-CERT-NAME-MISMATCH", Rule::Certificate(name_mismatch)),
        ("RDP-CERT-RENAMED-HOST", Rule::Certificate(renamed_host)),
        ("RDP-CERT-SELF-SIGNED", Rule::Certificate(self_signed)),
        ("RDP-CERT-CHAIN-SHORT", Rule::Certificate(chain_short)),
        ("RDP-CERT-SHA1", Rule::Certificate(sha1)),
        ("RDP-CERT-MD5", Rule::Certificate(md5)),
        ("RDP-CERT-KEY-TINY", Rule::Certificate(key_tiny)),
        ("RDP-CERT-KEY-SHORT", Rule::Certificate(key_short)),
        ("RDP-CERT-NO-EKU", Rule::Certificate(no_usage)),
        ("RDP-CERT-CA-FLAG", Rule::Certificate(ca_flag)),
        ("RDP-CERT-LONG-LIFE", Rule::Certificate(long_life)),
        (
            "RDP-CERT-UNPARSABLE",
            Rule::UnparsableCertificate(unparsable),
        ),
    ],
};

/// Names quoted in evidence: a certificate may have a thousand.
const QUOTED: usize = 8;
const MORE_NAMES: RuleVerdict = undetermined(
    "the certificate has more names than are kept of it",
    "a look at the certificate on the host",
);
/// Where nothing shows that the CA is a public one, shorter lifetimes are not worth a note.
const LONG_LIFE_DAYS: i64 = 825;

/// The longest lifetimes that public authorities may grant.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lifetimes {
    #[serde(rename = "as_of")]
    _as_of: Date,
    /// Newest first.
    limit: Vec<Lifetime>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lifetime {
    from: Date,
    days: i64,
}

/// INVARIANT: the file is part of the program and parses; the tests hold it to it.
static LIFETIMES: LazyLock<Lifetimes> =
    LazyLock::new(|| toml::from_str(dated::LIFETIMES).unwrap_or_default());

/// How long a certificate that begins then may be valid at most; `None` before there was a limit.
fn longest_life(start: UtcSecond) -> Option<i64> {
    let start = Timestamp::from_second(start.as_second()).ok()?;
    let start = Offset::UTC.to_datetime(start).date();
    let mut limits = LIFETIMES.limit.iter();
    limits
        .find(|limit| limit.from <= start)
        .map(|limit| limit.days)
}

/// "825 days from 2018-03-01, 398 days from 2020-09-01", the oldest first.
pub(super) fn lifetimes_in_words() -> String {
    let limits = LIFETIMES.limit.iter().rev();
    let limits: Vec<String> = limits
        .map(|limit| format!("{} days from {}", limit.days, limit.from))
        .collect();
    limits.join(", ")
}

/// The first of some values, with how many more there are.
fn some_of<S: AsRef<str>>(values: &[S]) -> String {
    let shown: Vec<&str> = values.iter().take(QUOTED).map(AsRef::as_ref).collect();
    let list = shown.join(", ");
    match values.len() - shown.len() {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}

/// How to replace a certificate: Windows makes a new one of its own, all others have to be installed.
pub(super) fn renewal(host: &HostView<'_>, leaf: &CertificateFacts) -> &'static [&'static str] {
    match host.server {
        ServerKind::NotWindows(_) if leaf.self_issued => &["R16"],
        _ if windows_made(leaf) => &["R1"],
        _ => &["R4"],
    }
}

/// The certificate that Windows makes and renews by itself: not one that someone made by hand, and not a proxy's.
pub(super) fn is_windows_own(host: &HostView<'_>, leaf: &CertificateFacts) -> bool {
    host.server.is_windows() && windows_made(leaf)
}

/// Whether clients that connect by this name (`None`: by address) may get the certificate. SNI selects one, so connections
/// with the same name decide where there were any.
fn is_shown_for(host: &HostView<'_>, leaf: &ServerCertificate<'_>, name: Option<&str>) -> bool {
    let is_shown = |leaf: &ServerCertificate<'_>| leaf.is_shown_for(name);
    is_shown(leaf) || !host.certificates.iter().any(is_shown)
}

/// Judged for names that the user typed. An address can only match where the certificate lists addresses.
fn name_mismatch(host: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    let targets = host.target_names();
    if targets.is_empty() {
        return address_mismatch(host, leaf);
    }
    let mut targets = targets.iter();
    let Some(missed) =
        targets.find(|name| !leaf.facts.covers(name) && is_shown_for(host, leaf, Some(name)))
    else {
        return Verdict::Silent;
    };
    let leaf = leaf.facts;
    if leaf.san_omitted > 0 {
        return MORE_NAMES;
    }
    if leaf.has_san && leaf.san_dns.is_empty() {
        let by_common_name = CertificateFacts {
            has_san: false,
            ..leaf.clone()
        };
        if by_common_name.covers(missed) {
            return undetermined(
                "clients differ over a common name beside alternative names that are none of a host",
                "a connection by this name",
            );
        }
        if leaf.san_ip.is_empty() {
            return undetermined(
                "the certificate's alternative names cannot be read, or are none of a host",
                "a look at the certificate on the host",
            );
        }
    }
    let has_idn = |name: &str| !name.is_ascii() || name.to_ascii_lowercase().contains("xn--");
    if has_idn(missed) && leaf.dns_names().into_iter().any(has_idn) {
        return undetermined(
            "international names are written in two ways",
            "the target in the form that the certificate has",
        );
    }
    let names = leaf.dns_names();
    let shown = if names.is_empty() {
        "no name".to_owned()
    } else {
        some_of(&names)
    };
    let title = format!("The certificate does not match the name {missed}");
    let evidence = format!("it is for {shown}");
    // The short form of a name on the certificate, or of one below a wildcard: the client may complete it before it compares.
    let short_form = !missed.contains('.')
        && names
            .iter()
            .any(|name| name.starts_with("*.") || host_label(&normal(name)) == *missed);
    if short_form {
        let hint = hint(evidence).title(title);
        hint.severity(Severity::Low)
    } else {
        sure(evidence).title(title)
    }
}

fn address_mismatch(host: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    let Some(endpoint) = host.history.key.endpoint() else {
        return Verdict::Silent;
    };
    if !is_shown_for(host, leaf, None) {
        return Verdict::Silent;
    }
    let leaf = leaf.facts;
    if !host.history.listed || leaf.san_ip.is_empty() {
        return Verdict::Silent;
    }
    // Old clients look for an address among the DNS names, so authorities write it there as well.
    let as_name = |name: &&str| name.parse() == Ok(endpoint.address);
    if leaf.san_ip.contains(&endpoint.address) || leaf.dns_names().iter().any(as_name) {
        return Verdict::Silent;
    }
    if leaf.san_omitted > 0 {
        return MORE_NAMES;
    }
    let listed: Vec<String> = leaf.san_ip.iter().map(ToString::to_string).collect();
    sure(format!("it is for {}", some_of(&listed))).title(format!(
        "The certificate does not match the address {}",
        endpoint.address
    ))
}

fn renamed_host(host: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    if !leaf.facts.self_issued {
        return Verdict::Silent;
    }
    let Some(ntlm) = host.ntlm_of(leaf) else {
        return undetermined("the host's own name is not known", identity_step(host));
    };
    let leaf = leaf.facts;
    let names: Vec<String> = leaf.dns_names().into_iter().map(normal).collect();
    let own: Vec<String> = [&ntlm.dns_computer, &ntlm.netbios_computer]
        .into_iter()
        .flatten()
        .map(|name| normal(name))
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() {
        return undetermined("the certificate names no host", "a look at the host itself");
    }
    if own.is_empty() {
        return undetermined("the host's own name is not known", identity_step(host));
    }
    let agree = names.iter().any(|name| {
        own.iter()
            .any(|own| labels_agree(host_label(name), host_label(own)))
    });
    // Proxies, other systems and people put any name there.
    let is_any_name = !is_windows_own(host, leaf) || names.iter().any(|name| name.starts_with('*'));
    if agree || is_any_name {
        return Verdict::Silent;
    }
    likely(format!(
        "the certificate says {}, NTLM says {}",
        names.join(", "),
        own.first().map_or("", String::as_str)
    ))
    .title("The host was renamed or cloned after its certificate was made")
}

fn self_signed(_: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    let leaf = leaf.facts;
    if !leaf.self_issued {
        return Verdict::Silent;
    }
    sure(if leaf.subject.is_empty() {
        "issuer and subject are empty".to_owned()
    } else {
        format!("issuer and subject are {}", leaf.subject)
    })
    .title("The certificate is self-signed, so clients cannot tell who it is")
}

fn chain_short(_: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    // A root may have issued it: then nothing is missing, and a trusted chain proves it.
    let is_short = leaf
        .tls()
        .is_some_and(|tls| tls.chain.len() == 1 && tls.trust != TrustVerdict::Trusted);
    if !is_short || leaf.facts.self_issued {
        return Verdict::Silent;
    }
    hint(format!(
        "one certificate sent, issued by {}",
        leaf.facts.issuer
    ))
    .title("Clients may not find the issuer: the server sends no intermediate certificate")
}

/// Signature algorithms with SHA-1, or its first edition, by OID: where a record of the scan gives no name.
const SHA1_OIDS: [&str; 8] = [
    "1.2.840.113549.1.1.5",
    "1.2.840.10045.4.1",
    "1.2.840.10040.4.3",
    "1.3.14.3.2.13",
    "1.3.14.3.2.15",
    "1.3.14.3.2.27",
    "1.3.14.3.2.28",
    "1.3.14.3.2.29",
];
/// Signature algorithms with MD2, MD4 or MD5.
const MD_OIDS: [&str; 8] = [
    "1.2.840.113549.1.1.2",
    "1.2.840.113549.1.1.3",
    "1.2.840.113549.1.1.4",
    "1.3.14.3.2.2",
    "1.3.14.3.2.3",
    "1.3.14.3.2.4",
    "1.3.14.3.2.24",
    "1.3.14.3.2.25",
];

fn sha1(host: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    let leaf = leaf.facts;
    let hashes = ["sha1", "dsawithsha", "shawithrsaencryption"];
    if !signed_with(leaf, &hashes, &SHA1_OIDS) {
        return Verdict::Silent;
    }
    let finding = sure(format!("signature {}", leaf.signature_algorithm));
    if leaf.self_issued {
        finding.remedies(renewal(host, leaf))
    } else {
        finding.severity(Severity::Medium).remedies(&["R4"])
    }
}

fn md5(_: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    if !signed_with(leaf.facts, &["md5", "md4", "md2"], &MD_OIDS) {
        return Verdict::Silent;
    }
    sure(format!("signature {}", leaf.facts.signature_algorithm))
        .title("The certificate is signed with MD5 or older, which updated clients refuse")
}

/// Whether the signature algorithm begins or ends with one of some hashes, as its names do; or is one of some OIDs.
fn signed_with(leaf: &CertificateFacts, hashes: &[&str], oids: &[&str]) -> bool {
    let algorithm = leaf.signature_algorithm.to_lowercase();
    hashes
        .iter()
        .any(|hash| algorithm.starts_with(hash) || algorithm.ends_with(hash))
        || oids.contains(&algorithm.as_str())
}

/// Kind and length of the key, where it is known.
fn key(leaf: &ServerCertificate<'_>) -> Option<(KeyAlgorithm, u32)> {
    let key = leaf.facts.key;
    (key.bits > 0).then_some((key.algorithm, key.bits))
}

fn key_tiny(_: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    match key(leaf) {
        Some((KeyAlgorithm::Rsa, bits @ ..1024)) => sure(format!("RSA {bits}"))
            .title("The certificate's RSA key is below 1024 bits; Windows clients refuse it"),
        _ => Verdict::Silent,
    }
}

fn key_short(_: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    match key(leaf) {
        Some((KeyAlgorithm::Rsa, bits @ 1024..2048)) => {
            sure(format!("RSA {bits}")).title("The certificate's RSA key is below 2048 bits")
        }
        // As strong as RSA of less than 2048 bits (NIST SP 800-57 part 1, table 2).
        Some((KeyAlgorithm::Ec, bits @ ..224)) => sure(format!("EC {bits}"))
            .title("The certificate's elliptic-curve key is below 224 bits"),
        _ => Verdict::Silent,
    }
}

fn no_usage(_: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    let leaf = leaf.facts;
    let Some(usages) = &leaf.extended_key_usage else {
        return Verdict::Silent;
    };
    if [EKU_SERVER_AUTH, EKU_ANY, EKU_REMOTE_DESKTOP]
        .iter()
        .any(|wanted| has_usage(leaf, wanted))
    {
        return Verdict::Silent;
    }
    // RFC 5280 4.2.1.12 requires one at least: a list that is empty could not be read.
    if usages.is_empty() {
        return undetermined(
            "the certificate's extended key usage cannot be read",
            "a look at the certificate on the host",
        );
    }
    sure(format!("extended key usage: {}", some_of(usages)))
}

fn ca_flag(_: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    if !leaf.facts.is_ca {
        return Verdict::Silent;
    }
    sure("basic constraints say CA").severity_if(leaf.facts.self_issued, Severity::Info)
}

/// A public CA is known by the policy in its certificates. Others may be private, so that only trusted chains are worth a note.
fn long_life(_: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    let is_public = leaf.facts.public_policy;
    let limit = leaf.facts.not_before.and_then(longest_life);
    let Some((days, limit)) = lifetime_days(leaf.facts)
        .zip(limit)
        .filter(|(days, limit)| days > limit && (is_public || *days > LONG_LIFE_DAYS))
        .filter(|_| !leaf.facts.self_issued)
    else {
        return Verdict::Silent;
    };
    let evidence =
        format!("{days} days, where public authorities may grant {limit} for its first day");
    if is_public {
        return sure(evidence);
    }
    if leaf
        .tls()
        .is_none_or(|tls| tls.trust != TrustVerdict::Trusted)
    {
        return undetermined(
            "whether the authority is public is not known",
            "the chain that a client shows, or its list of roots",
        );
    }
    hint(evidence)
}

fn unparsable(_: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    let leaf = leaf.facts;
    leaf.unparsable.as_ref().map_or(Verdict::Silent, |error| {
        sure(format!(
            "{error}; {} bytes, SHA-256 {}",
            leaf.der_length, leaf.sha256
        ))
    })
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
