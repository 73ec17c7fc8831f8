//! The sections of a host's details, as labels and values.

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

#[derive(Serialize)]
pub(super) struct LabelledValue {
    label: Cow<'static, str>,
    value: String,
    /// CSS class: `bad`, `warn`, `code` or empty.
    class: &'static str,
}

/// Unknown values are omitted.
#[derive(Default)]
struct Section(Vec<LabelledValue>);

impl Section {
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
            self.0.push(LabelledValue {
                label: label.into(),
                value,
                class,
            });
        }
    }
}

pub(super) fn certificate(row: &Row<'_>, now: Option<Timestamp>) -> Vec<LabelledValue> {
    let mut section = Section::default();
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
        section.add_as(class, "Status", status);
        add_leaf(shown, leaf, &mut section);
    }
    let Some(tls) = row.history.tls() else {
        return section.0;
    };
    let version = tls.version.map(|version| match tls.handshake {
        TlsHandshake::Full => format!("{version}, full handshake"),
        TlsHandshake::LegacyPeek => format!("{version}, read by the legacy peek only"),
        TlsHandshake::Failed => format!("{version}, handshake failed"),
    });
    section.add("TLS", version);
    section.add("Cipher", tls.cipher.as_deref().map(ToOwned::to_owned));
    section.add("Key exchange", tls.group.as_deref().map(ToOwned::to_owned));
    if tls.signature_valid == Some(false) {
        section.add_as("bad", "Key proven", "no: the signature is wrong".to_owned());
    }
    section.0
}

/// Names of a certificate listed; other formats have all.
const MOST_NAMES: usize = 64;
/// Issuers of a chain listed.
const MOST_ISSUERS: usize = 15;

fn add_leaf(tls: &TlsFacts, leaf: &CertificateFacts, section: &mut Section) {
    if let Some(reason) = &leaf.unparsable {
        section.add_as("bad", "Unreadable", prose(reason));
    } else {
        section.add("Subject", leaf.subject.to_string());
        section.add(
            "Issuer",
            match words::self_signed(tls, leaf) {
                Some(true) => "itself (self-signed)".to_owned(),
                _ => leaf.issuer.to_string(),
            },
        );
        section.add("Names", words::names(leaf, MOST_NAMES));
        section.add("Valid", validity(leaf.not_before, leaf.not_after));
        let key = words::key(leaf).into_iter();
        let key: Vec<String> = key.chain([leaf.signature_algorithm.to_string()]).collect();
        section.add("Key", key.join(", "));
    }
    section.add_as("code", "Thumbprint", leaf.sha1.to_string());
    section.add_as("code", "SHA-256", leaf.sha256.to_string());
    section.add_as("code", "Serial", leaf.serial.to_string());
    section.add(
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
    section.add("Chain", issuers.join(" ← "));
}

fn validity(from: Option<UtcSecond>, to: Option<UtcSecond>) -> Option<String> {
    let text =
        |time: Option<UtcSecond>| time.map_or_else(|| "?".to_owned(), words::spreadsheet_time);
    (from.is_some() || to.is_some()).then(|| format!("{} to {} UTC", text(from), text(to)))
}

pub(super) fn itself(history: &History, security: &str, nla: &str) -> Vec<LabelledValue> {
    let mut section = Section::default();
    let gateway = history.gateway.as_deref();
    section.add(
        "Gateway",
        gateway.map(|gateway| format!("{gateway} (so not probed directly)")),
    );
    section.add("Security", format!("{security}, NLA {nla}"));
    let flags = history.response_flags();
    let features = flags.into_iter().flat_map(ServerFeature::announced);
    let features: Vec<&str> = features.map(ServerFeature::word).collect();
    section.add("Features", features.join(", "));
    if let Some(ntlm) = history.ntlm() {
        let joined = |parts: [&Option<Box<str>>; 2]| {
            let parts: Vec<&str> = parts.into_iter().flatten().map(|part| &**part).collect();
            parts.join(" / ")
        };
        section.add(
            "Computer",
            joined([&ntlm.dns_computer, &ntlm.netbios_computer]),
        );
        section.add("Domain", joined([&ntlm.dns_domain, &ntlm.netbios_domain]));
        section.add("Claims build", ntlm.build());
        let skew = ntlm.clock_skew_s().map(|skew| match skew.abs() {
            ..0.05 => "as ours".to_owned(),
            _ if skew > 0.0 => format!("{skew:.1} s ahead of ours"),
            _ => format!("{:.1} s behind ours", skew.abs()),
        });
        section.add("Clock", skew);
    }
    section.0
}

pub(super) fn stability(stability: &Stability) -> Vec<LabelledValue> {
    let mut section = Section::default();
    let good = stability.attempts.saturating_sub(stability.failures);
    let attempts = counted(stability.attempts.into(), "attempt", "attempts");
    section.add(
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
    section.add_as("warn", "Failures", stages.join(", "));
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
    section.add("Connect", spread(stability.connect_ms));
    section.add("TLS stage", spread(stability.handshake_ms));
    section.add("In all", spread(stability.total_ms));
    if stability.loss > 0.0 {
        let loss = format!("{:.0} % of connects", stability.loss * 100.0);
        section.add_as("warn", "Lost", loss);
    }
    let retransmits = stability.retransmits.filter(|count| *count > 0);
    section.add(
        "Retransmitted",
        retransmits.map(|count| counted(count.into(), "segment", "segments")),
    );
    section.0
}

/// The lookups, and excluded addresses.
pub(super) fn lookups(history: &History) -> Vec<LabelledValue> {
    let mut section = Section::default();
    for lookup in &history.lookups {
        let resolver = match lookup.resolver {
            Resolver::System => Cow::Borrowed("System"),
            Resolver::Configured => Cow::Borrowed("DNS server"),
            Resolver::Server(server) => Cow::Owned(format!("Asked {server}")),
        };
        section.add(resolver, sentence(lookup));
    }
    if !history.excluded.is_empty() {
        let excluded: Vec<String> = history.excluded.iter().map(IpAddr::to_string).collect();
        let text = format!("{} (excluded, so never tried)", excluded.join(", "));
        section.add("Leads to", text);
    }
    section.0
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
