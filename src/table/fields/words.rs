//! The words that fields can have, and what each means.

use crate::diagnosis::catalog;
use crate::model::{ChangeClass, Severity, TlsVersion, Vocabulary};
use crate::table::weight::Weight;

/// A word that a field can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownWord {
    /// As it is written.
    pub word: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// How good or bad it is.
    pub weight: Weight,
    /// Its place where the words have an order.
    pub(in crate::table) rank: Option<i64>,
}

const fn known(word: &'static str, meaning: &'static str) -> KnownWord {
    KnownWord {
        word,
        meaning,
        weight: Weight::Plain,
        rank: None,
    }
}

/// Words that are neither good nor bad.
pub(super) fn plain<T: Vocabulary>() -> Vec<KnownWord> {
    let words = T::WORDS.iter();
    words
        .map(|(_, word, meaning)| known(word, meaning))
        .collect()
}

pub(super) fn weighed<T: Vocabulary + Into<Weight>>() -> Vec<KnownWord> {
    let weighed = T::WORDS.iter().map(|(value, word, meaning)| KnownWord {
        weight: (*value).into(),
        ..known(word, meaning)
    });
    weighed.collect()
}

pub(super) const fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

pub(super) fn is_listed() -> Vec<KnownWord> {
    vec![
        known(
            "yes",
            "its address, or a name that resolves to it, was given",
        ),
        known("no", "it was found in a range"),
    ]
}

pub(super) const fn tls_version(version: TlsVersion) -> Option<&'static str> {
    match version {
        TlsVersion::SSL_3_0 => Some("ssl3"),
        TlsVersion::TLS_1_0 => Some("1.0"),
        TlsVersion::TLS_1_1 => Some("1.1"),
        TlsVersion::TLS_1_2 => Some("1.2"),
        TlsVersion::TLS_1_3 => Some("1.3"),
        _ => None,
    }
}

/// The word for a handshake in which no version was seen.
pub(super) const NO_VERSION: &str = "unknown";

pub(super) fn tls_versions() -> Vec<KnownWord> {
    let versions = [
        (
            TlsVersion::SSL_3_0,
            "SSL 3.0, refused by every current client",
        ),
        (TlsVersion::TLS_1_0, "TLS 1.0, refused by current clients"),
        (TlsVersion::TLS_1_1, "TLS 1.1, refused by current clients"),
        (TlsVersion::TLS_1_2, "TLS 1.2"),
        (TlsVersion::TLS_1_3, "TLS 1.3"),
    ];
    let ranked = versions.into_iter().filter_map(|(version, meaning)| {
        Some(KnownWord {
            rank: Some(i64::from(version.0)),
            ..known(tls_version(version)?, meaning)
        })
    });
    let unknown = known(NO_VERSION, "TLS was tried and no version was seen");
    ranked.chain([unknown]).collect()
}

pub(super) fn severities() -> Vec<KnownWord> {
    let meaning = |severity| match severity {
        Severity::Critical => "the worst finding is critical",
        Severity::High => "the worst finding is high",
        Severity::Medium => "the worst finding is medium",
        Severity::Low => "the worst finding is low",
        Severity::Info => "the worst finding is for information",
    };
    let ranked = Severity::ALL.into_iter().map(|severity| KnownWord {
        rank: Some(severity as i64),
        weight: severity.into(),
        ..known(severity.word(), meaning(severity))
    });
    ranked.collect()
}

pub(super) fn change_classes() -> Vec<KnownWord> {
    let any = known("yes", "it differs from the scan before in any way");
    let mut classes = plain::<ChangeClass>();
    classes.retain(|one| one.word != ChangeClass::NotScanned.word());
    std::iter::once(any).chain(classes).collect()
}

/// The ids of the catalogue.
pub(in crate::table) fn finding_ids() -> Vec<KnownWord> {
    catalog::kinds()
        .map(|kind| known(kind.id, kind.title))
        .collect()
}
