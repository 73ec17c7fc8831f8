//! Labels and values: what is known of a host's certificate, of itself, and of its steadiness.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use super::{millis, prose};
use crate::counts::counted;
use crate::diagnosis::{Spread, Stability, days_in_words};
use crate::model::{
    CertificateFacts, CertificateStatus, History, Lookup, LookupAnswer, Question, Resolver,
    ServerFeature, TlsFacts, TlsHandshake, TrustVerdict, UtcSecond,
};
use crate::report::sheet::Row;
use crate::report::words;

/// A label and a value.
#[derive(Serialize)]
pub(super) struct Fact {
    label: Cow<'static, str>,
    value: String,
    /// `bad`, `warn`, `code` or nothing.
    class: &'static str,
}

/// Facts in the making; what is not known is left out.
#[derive(Default)]
struct Facts(Vec<Fact>);

impl Facts {
    fn add(&mut self, label: impl Into<Cow<'static, str>>, value: impl Into<Option<String>>) {
        self.add_as("", label, value);
    }

    fn add_as(
        &mut self,
        class: &'static str,
        label: impl Into<Cow<'static, str>>,
        value: impl Into<Option<String>>,
    ) {
        if let Some(value) = value.into().filter(|value| !value.is_empty()) {
            self.0.push(Fact {
                label: label.into(),
                value,
                class,
            });
        }
    }
}

/// The certificate, and TLS.
pub(super) fn certificate(row: &Row<'_>, now: Option<Timestamp>) -> Vec<Fact> {
    let mut facts = Facts::default();
    if let Some((shown, leaf)) = row.tls_shown().zip(row.certificate()) {
        let diagnosis = &row.host.diagnosis;
        let status = diagnosis.certificate_status;
        let class = match status {
            Some(CertificateStatus::Valid) | None => "",
            Some(CertificateStatus::Expiring) => "warn",
            Some(_) => "bad",
        };
        let status = status.map(|status| {
            let days = days_in_words(leaf, status, diagnosis.days_left, now);
            let parts = [Some(status.to_string()), days].into_iter().flatten();
            parts.collect::<Vec<_>>().join(", ")
        });
        facts.add_as(class, "Status", status);
        leaf_facts(shown, leaf, &mut facts);
    }
    let Some(tls) = row.history.tls() else {
        return facts.0;
    };
    let version = tls.version.map(|version| match tls.handshake {
        TlsHandshake::Full => format!("{version}, full handshake"),
        TlsHandshake::LegacyPeek => format!("{version}, read by the legacy peek only"),
        TlsHandshake::Failed => format!("{version}, handshake failed"),
    });
    facts.add("TLS", version);
    facts.add("Cipher", tls.cipher.as_deref().map(ToOwned::to_owned));
    facts.add("Key exchange", tls.group.as_deref().map(ToOwned::to_owned));
    if tls.signature_valid == Some(false) {
        facts.add_as("bad", "Key proven", "no: the signature is wrong".to_owned());
    }
    facts.0
}

/// Names of one certificate on the page; the other formats have all.
const MOST_NAMES: usize = 64;
/// Issuing certificates of one chain on the page: no honest chain comes near.
const MOST_ISSUERS: usize = 15;

fn leaf_facts(tls: &TlsFacts, leaf: &CertificateFacts, facts: &mut Facts) {
    if let Some(reason) = &leaf.unparsable {
        facts.add_as("bad", "Unreadable", prose(reason));
    } else {
        facts.add("Subject", leaf.subject.to_string());
        facts.add(
            "Issuer",
            match words::self_signed(tls, leaf) {
                Some(true) => "itself (self-signed)".to_owned(),
                _ => leaf.issuer.to_string(),
            },
        );
        facts.add("Names", words::names(leaf, MOST_NAMES));
        facts.add("Valid", validity(leaf.not_before, leaf.not_after));
        let key = words::key(leaf).into_iter();
        let key: Vec<String> = key.chain([leaf.signature_algorithm.to_string()]).collect();
        facts.add("Key", key.join(", "));
    }
    facts.add_as("code", "Thumbprint", leaf.sha1.to_string());
    facts.add_as("code", "SHA-256", leaf.sha256.to_string());
    facts.add_as("code", "Serial", leaf.serial.to_string());
    facts.add(
        "Trust here",
        match &tls.trust {
            TrustVerdict::Trusted => Some("trusted".to_owned()),
            TrustVerdict::SelfSigned => Some("self-signed".to_owned()),
            TrustVerdict::UnknownIssuer => Some("issuer not known to this machine".to_owned()),
            TrustVerdict::Rejected(reason) => Some(format!("rejected: {}", prose(reason))),
            TrustVerdict::NotChecked => None,
        },
    );
    let above = tls.certificates().skip(1);
    let mut issuers: Vec<&str> = above.map(|one| &*one.subject).take(MOST_ISSUERS).collect();
    let more = tls.chain.len().saturating_sub(1 + issuers.len());
    let more = format!("… and {more} more");
    if tls.chain.len() > 1 + issuers.len() {
        issuers.push(&more);
    }
    facts.add("Chain", issuers.join(" ← "));
}

fn validity(from: Option<UtcSecond>, to: Option<UtcSecond>) -> Option<String> {
    let text =
        |time: Option<UtcSecond>| time.map_or_else(|| "?".to_owned(), words::spreadsheet_time);
    (from.is_some() || to.is_some()).then(|| format!("{} to {} UTC", text(from), text(to)))
}

/// What the host said about itself.
pub(super) fn itself(history: &History, security: &str, nla: &str) -> Vec<Fact> {
    let mut facts = Facts::default();
    let gateway = history.gateway.as_deref();
    facts.add(
        "Gateway",
        gateway.map(|gateway| format!("{gateway} (so not probed directly)")),
    );
    facts.add("Security", format!("{security}, NLA {nla}"));
    let flags = history.response_flags();
    let features = flags.into_iter().flat_map(ServerFeature::announced);
    let features: Vec<&str> = features.map(ServerFeature::word).collect();
    facts.add("Features", features.join(", "));
    if let Some(ntlm) = history.ntlm() {
        let joined = |parts: [&Option<Box<str>>; 2]| {
            let parts: Vec<&str> = parts.into_iter().flatten().map(|part| &**part).collect();
            parts.join(" / ")
        };
        facts.add(
            "Computer",
            joined([&ntlm.dns_computer, &ntlm.netbios_computer]),
        );
        facts.add("Domain", joined([&ntlm.dns_domain, &ntlm.netbios_domain]));
        facts.add("Claims build", ntlm.build());
        let skew = ntlm.clock_skew_s().map(|skew| match skew.abs() {
            ..0.05 => "as ours".to_owned(),
            _ if skew > 0.0 => format!("{skew:.1} s ahead of ours"),
            _ => format!("{:.1} s behind ours", skew.abs()),
        });
        facts.add("Clock", skew);
    }
    facts.0
}

/// Sometimes or always.
pub(super) fn stability(stability: &Stability) -> Vec<Fact> {
    let mut facts = Facts::default();
    let good = stability.attempts.saturating_sub(stability.failures);
    let attempts = counted(stability.attempts.into(), "attempt", "attempts");
    facts.add(
        "Verdict",
        match stability.attempts {
            0 => stability.verdict.to_string(),
            _ => format!("{}, {good} of {attempts} got through", stability.verdict),
        },
    );
    let stages: Vec<String> = stability
        .failures_by_stage
        .iter()
        .map(|(stage, count)| format!("{count} at {stage}"))
        .collect();
    facts.add_as("warn", "Failures", stages.join(", "));
    let spread = |spread: Option<Spread>| {
        spread.map(|spread| {
            format!(
                "{} (from {} to {})",
                millis(spread.median),
                millis(spread.min),
                millis(spread.max)
            )
        })
    };
    facts.add("Connect", spread(stability.connect_ms));
    facts.add("TLS stage", spread(stability.handshake_ms));
    facts.add("In all", spread(stability.total_ms));
    if stability.loss > 0.0 {
        let loss = format!("{:.0} % of connects", stability.loss * 100.0);
        facts.add_as("warn", "Lost", loss);
    }
    let retransmits = stability.retransmits.filter(|count| *count > 0);
    facts.add(
        "Retransmitted",
        retransmits.map(|count| counted(count.into(), "segment", "segments")),
    );
    facts.0
}

/// Names and who gave them, and what the resolvers said.
pub(super) fn lookups(history: &History) -> Vec<Fact> {
    let mut facts = Facts::default();
    for lookup in &history.lookups {
        let resolver = match lookup.resolver {
            Resolver::System => Cow::Borrowed("System"),
            Resolver::Configured => Cow::Borrowed("DNS server"),
            Resolver::Server(server) => Cow::Owned(format!("Asked {server}")),
        };
        facts.add(resolver, sentence(lookup));
    }
    if !history.excluded.is_empty() {
        let excluded: Vec<String> = history.excluded.iter().map(IpAddr::to_string).collect();
        let text = format!("{} (excluded, so never tried)", excluded.join(", "));
        facts.add("Leads to", text);
    }
    facts.0
}

fn sentence(lookup: &Lookup) -> String {
    let question = match &lookup.question {
        Question::Addresses(name) => name.to_string(),
        Question::Pointer(address) => address.to_string(),
    };
    let answer = match &lookup.answer {
        LookupAnswer::Addresses { addresses, ttl_s } => {
            let list: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            let ttl = ttl_s.map_or_else(String::new, |ttl| format!(", TTL {ttl} s"));
            format!("{}{ttl}", list.join(", "))
        }
        LookupAnswer::Names { names } => names.join(", "),
        LookupAnswer::NxDomain => "no such name (NXDOMAIN)".to_owned(),
        LookupAnswer::NoData => "no record of this kind".to_owned(),
        LookupAnswer::AliasLoop => "a loop of aliases".to_owned(),
        LookupAnswer::Timeout => "no answer in time".to_owned(),
        LookupAnswer::ServFail => "the server failed (SERVFAIL)".to_owned(),
        LookupAnswer::Refused => "the server refused".to_owned(),
        LookupAnswer::NotFound => "not found".to_owned(),
        LookupAnswer::Error { detail } => prose(detail),
    };
    format!("{question} → {answer}")
}
