use super::{Refine, Rule, found, lacking, likely, per_certificate, sure, who_it_is, worst_of};
use crate::diagnosis::catalog::Verdict;
use crate::diagnosis::certificate::lifetime_days;
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::identity::{
    EKU_ANY, EKU_REMOTE_DESKTOP, EKU_SERVER_AUTH, ServerKind, has_usage, host_label, labels_agree,
    normal, windows_made,
};
use crate::diagnosis::leaves::Leaf;
use crate::model::{CertificateFacts, Confidence, KeyAlgorithm, Severity, TrustVerdict};

pub(super) const RULES: &[Rule] = &[
    ("RDP-CERT-NAME-MISMATCH", |sight| {
        per_certificate(sight, name_mismatch)
    }),
    ("RDP-CERT-RENAMED-HOST", |sight| {
        per_certificate(sight, renamed_host)
    }),
    ("RDP-CERT-SELF-SIGNED", |sight| {
        per_certificate(sight, self_signed)
    }),
    ("RDP-CERT-CHAIN-SHORT", |sight| {
        per_certificate(sight, chain_short)
    }),
    ("RDP-CERT-SHA1", |sight| per_certificate(sight, sha1)),
    ("RDP-CERT-MD5", |sight| per_certificate(sight, md5)),
    ("RDP-CERT-KEY-TINY", |sight| {
        per_certificate(sight, key_tiny)
    }),
    ("RDP-CERT-KEY-SHORT", |sight| {
        per_certificate(sight, key_short)
    }),
    ("RDP-CERT-NO-EKU", |sight| per_certificate(sight, no_usage)),
    ("RDP-CERT-CA-FLAG", |sight| per_certificate(sight, ca_flag)),
    ("RDP-CERT-LONG-LIFE", |sight| {
        per_certificate(sight, long_life)
    }),
    ("RDP-CERT-UNPARSABLE", |sight| {
        worst_of(sight, unparsable, |leaf| leaf.facts.unparsable.is_some())
    }),
];

/// Names quoted in evidence: a certificate may have a thousand.
const QUOTED: usize = 8;
/// What a name's absence from the list would say, if the list were whole.
const MORE_NAMES: Verdict = lacking(
    "the certificate has more names than are kept of it",
    "a look at the certificate on the host",
);
/// The longest life that public authorities might grant between 2018 and 2020, in days.
const LONG_LIFE_DAYS: i64 = 825;

/// The first of some values, with how many more there are.
fn some_of<S: AsRef<str>>(values: &[S]) -> String {
    let shown: Vec<&str> = values.iter().take(QUOTED).map(AsRef::as_ref).collect();
    let list = shown.join(", ");
    match values.len() - shown.len() {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}

/// What to do about a certificate: Windows makes its own anew, all others have to be brought.
pub(super) fn renewal(sight: &HostView<'_>, leaf: &CertificateFacts) -> &'static [&'static str] {
    match sight.server {
        ServerKind::NotWindows(_) if leaf.self_issued => &["R16"],
        _ if windows_made(leaf) => &["R1"],
        _ => &["R4"],
    }
}

/// The certificate that Windows makes for itself and makes anew: not one that someone made by hand, and not a proxy's.
pub(super) fn is_windows_own(sight: &HostView<'_>, leaf: &CertificateFacts) -> bool {
    sight.server.is_windows() && windows_made(leaf)
}

/// Whether clients that connect by this name (`None`: by address) may get the certificate. SNI selects one, so connections
/// with the same name decide where there were any.
fn is_shown_for(sight: &HostView<'_>, leaf: &Leaf<'_>, name: Option<&str>) -> bool {
    let is_shown = |leaf: &Leaf<'_>| leaf.is_shown_for(name);
    is_shown(leaf) || !sight.leaves.iter().any(is_shown)
}

/// Judged for names that the user typed. An address can only match where the certificate lists addresses.
fn name_mismatch(sight: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    let targets = sight.target_names();
    if targets.is_empty() {
        return address_mismatch(sight, leaf);
    }
    let mut targets = targets.iter();
    let Some(missed) =
        targets.find(|name| !leaf.facts.covers(name) && is_shown_for(sight, leaf, Some(name)))
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
            return lacking(
                "clients differ over a common name beside alternative names that are none of a host",
                "a connection by this name",
            );
        }
        if leaf.san_ip.is_empty() {
            return lacking(
                "the certificate's alternative names cannot be read, or are none of a host",
                "a look at the certificate on the host",
            );
        }
    }
    let has_idn = |name: &str| !name.is_ascii() || name.to_ascii_lowercase().contains("xn--");
    if has_idn(missed) && leaf.dns_names().into_iter().any(has_idn) {
        return lacking(
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
    let title = format!("The certificate does not carry the name {missed}");
    let evidence = format!("it is for {shown}");
    // The short form of a name on the certificate, or of one below a wildcard: the client may complete it before it compares.
    let short_form = !missed.contains('.')
        && names
            .iter()
            .any(|name| name.starts_with("*.") || host_label(&normal(name)) == *missed);
    if short_form {
        let hint = found("RDP-CERT-NAME-MISMATCH", Confidence::Hint, title, evidence);
        Verdict::Fires(hint.severity(Severity::Low))
    } else {
        sure("RDP-CERT-NAME-MISMATCH", title, evidence)
    }
}

fn address_mismatch(sight: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    let Some(endpoint) = sight.history.key.endpoint() else {
        return Verdict::Silent;
    };
    if !is_shown_for(sight, leaf, None) {
        return Verdict::Silent;
    }
    let leaf = leaf.facts;
    if !sight.history.listed || leaf.san_ip.is_empty() {
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
    sure(
        "RDP-CERT-NAME-MISMATCH",
        format!(
            "The certificate does not carry the address {}",
            endpoint.address
        ),
        format!("it is for {}", some_of(&listed)),
    )
}

fn renamed_host(sight: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    if !leaf.facts.self_issued {
        return Verdict::Silent;
    }
    let Some(ntlm) = sight.ntlm_of(leaf) else {
        return lacking("the host's own name is not known", who_it_is(sight));
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
        return lacking("the certificate names no host", "a look at the host itself");
    }
    if own.is_empty() {
        return lacking("the host's own name is not known", who_it_is(sight));
    }
    // Proxies, other systems and people put any name there.
    if !is_windows_own(sight, leaf) || names.iter().any(|name| name.starts_with('*')) {
        return Verdict::Silent;
    }
    let agree = names.iter().any(|name| {
        own.iter()
            .any(|own| labels_agree(host_label(name), host_label(own)))
    });
    if agree {
        return Verdict::Silent;
    }
    likely(
        "RDP-CERT-RENAMED-HOST",
        "The host was renamed or cloned after its certificate was made",
        format!(
            "the certificate says {}, NTLM says {}",
            names.join(", "),
            own.first().map_or("", String::as_str)
        ),
    )
}

fn self_signed(_: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    let leaf = leaf.facts;
    if !leaf.self_issued {
        return Verdict::Silent;
    }
    sure(
        "RDP-CERT-SELF-SIGNED",
        "The certificate is self-signed, so clients cannot tell who it is",
        if leaf.subject.is_empty() {
            "issuer and subject are empty".to_owned()
        } else {
            format!("issuer and subject are {}", leaf.subject)
        },
    )
}

fn chain_short(_: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    let Some(tls) = leaf.tls().filter(|tls| tls.chain.len() == 1) else {
        return Verdict::Silent;
    };
    let leaf = leaf.facts;
    if leaf.self_issued {
        return Verdict::Silent;
    }
    // A root may have issued it: then nothing is missing, and a trusted chain proves it.
    if tls.trust == TrustVerdict::Trusted {
        return Verdict::Silent;
    }
    Verdict::Fires(found(
        "RDP-CERT-CHAIN-SHORT",
        Confidence::Hint,
        "Clients may not find the issuer: the server sends no intermediate certificate",
        format!("one certificate sent, issued by {}", leaf.issuer),
    ))
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

fn sha1(sight: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    let leaf = leaf.facts;
    let hashes = ["sha1", "dsawithsha", "shawithrsaencryption"];
    if !signed_with(leaf, &hashes, &SHA1_OIDS) {
        return Verdict::Silent;
    }
    let finding = found(
        "RDP-CERT-SHA1",
        Confidence::Sure,
        "The certificate is signed with SHA-1",
        format!("signature {}", leaf.signature_algorithm),
    );
    Verdict::Fires(if leaf.self_issued {
        finding.remedies(renewal(sight, leaf))
    } else {
        finding.severity(Severity::Medium).remedies(&["R4"])
    })
}

fn md5(_: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    if !signed_with(leaf.facts, &["md5", "md4", "md2"], &MD_OIDS) {
        return Verdict::Silent;
    }
    sure(
        "RDP-CERT-MD5",
        "The certificate is signed with MD5 or older, which updated clients refuse",
        format!("signature {}", leaf.facts.signature_algorithm),
    )
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
fn key(leaf: &Leaf<'_>) -> Option<(KeyAlgorithm, u32)> {
    let key = leaf.facts.key;
    (key.bits > 0).then_some((key.algorithm, key.bits))
}

fn key_tiny(_: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    match key(leaf) {
        Some((KeyAlgorithm::Rsa, bits @ ..1024)) => sure(
            "RDP-CERT-KEY-TINY",
            "The certificate's RSA key is below 1024 bits; Windows clients refuse it",
            format!("RSA {bits}"),
        ),
        _ => Verdict::Silent,
    }
}

fn key_short(_: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    match key(leaf) {
        Some((KeyAlgorithm::Rsa, bits @ 1024..2048)) => sure(
            "RDP-CERT-KEY-SHORT",
            "The certificate's RSA key is below 2048 bits",
            format!("RSA {bits}"),
        ),
        // As strong as RSA of less than 2048 bits (NIST SP 800-57 part 1, table 2).
        Some((KeyAlgorithm::Ec, bits @ ..224)) => sure(
            "RDP-CERT-KEY-SHORT",
            "The certificate's elliptic-curve key is below 224 bits",
            format!("EC {bits}"),
        ),
        _ => Verdict::Silent,
    }
}

fn no_usage(_: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
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
    // RFC 5280 4.2.1.12 wants one at least: a list that is empty could not be read.
    if usages.is_empty() {
        return lacking(
            "the certificate's extended key usage cannot be read",
            "a look at the certificate on the host",
        );
    }
    sure(
        "RDP-CERT-NO-EKU",
        "The certificate is not meant for servers",
        format!("extended key usage: {}", some_of(usages)),
    )
}

fn ca_flag(_: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    if !leaf.facts.is_ca {
        return Verdict::Silent;
    }
    let finding = found(
        "RDP-CERT-CA-FLAG",
        Confidence::Sure,
        "The server's certificate calls itself an authority",
        "basic constraints say CA",
    );
    Verdict::Fires(if leaf.facts.self_issued {
        finding.severity(Severity::Info)
    } else {
        finding
    })
}

/// Only for chains that this machine trusts: whether the authority is a public one cannot be told otherwise.
fn long_life(_: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    let Some(days) =
        lifetime_days(leaf.facts).filter(|days| *days > LONG_LIFE_DAYS && !leaf.facts.self_issued)
    else {
        return Verdict::Silent;
    };
    if leaf
        .tls()
        .is_none_or(|tls| tls.trust != TrustVerdict::Trusted)
    {
        return lacking(
            "whether the authority is public is not known",
            "the chain that a client shows, or its list of roots",
        );
    }
    Verdict::Fires(found(
        "RDP-CERT-LONG-LIFE",
        Confidence::Hint,
        "The certificate lives longer than public authorities may grant",
        format!("{days} days"),
    ))
}

fn unparsable(_: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    let leaf = leaf.facts;
    match &leaf.unparsable {
        Some(why) => sure(
            "RDP-CERT-UNPARSABLE",
            "The certificate cannot be read",
            format!("{why}; {} bytes, SHA-256 {}", leaf.der_length, leaf.sha256),
        ),
        None => Verdict::Silent,
    }
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
