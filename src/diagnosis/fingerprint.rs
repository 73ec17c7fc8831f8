//! The configuration of a host as far as a client sees it, so that hosts and scans can be compared.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{
    Attempt, History, KeyAlgorithm, NegotiationFacts, ProbeKind, PublicKey, SelectedSecurity,
    TlsFacts, TlsHandshake, TlsVersion, ntlm_build,
};

/// Version of what rdpscan offers, which a test of `probe::tls` writes out. Raised whenever a server may answer the new offer otherwise,
/// so that an upgrade of rdpscan is no change of hosts.
const OFFER: u32 = 1;

/// How many components there are.
pub(super) const COMPONENTS: usize = 8;

/// A name, and the value if it is known.
pub(super) type Component = (&'static str, Option<String>);

/// What a server negotiates. What is unknown is `None`, and differs from nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Fingerprint {
    offer: u32,
    security: Option<SelectedSecurity>,
    flags: Option<u8>,
    tls: Option<TlsVersion>,
    suite: Option<Box<str>>,
    group: Option<Box<str>>,
    key: Option<PublicKey>,
    chain: Option<usize>,
    build: Option<(u8, u8, u16)>,
}

impl Fingerprint {
    #[must_use]
    pub fn of(history: &History) -> Self {
        let attempts = || history.attempts.iter();
        let answers = answers(history);
        let selected = answers.iter().map(|answer| answer.selected);
        let tls = || attempts().filter_map(|attempt| attempt.tls.as_deref());
        let full = || {
            let defaults = attempts().filter(|attempt| attempt.probe.is_default());
            let tls = defaults.filter_map(|attempt| attempt.tls.as_deref());
            tls.filter(|tls| tls.handshake == TlsHandshake::Full)
        };
        let shown = || tls().filter(|tls| !tls.chain.is_empty());
        let keys = shown().filter_map(|tls| Some(tls.leaf()?.key));
        let is_read = |key: &PublicKey| key.algorithm != KeyAlgorithm::Unknown && key.bits > 0;
        let builds = attempts().filter_map(|attempt| attempt.ntlm.as_ref()?.version);
        Self {
            offer: OFFER,
            security: agreed(selected).filter(|one| *one != SelectedSecurity::None),
            flags: agreed(answers.iter().filter_map(|answer| answer.response_flags)),
            tls: agreed(full().filter_map(|tls| tls.version)).or_else(|| old_version(history)),
            suite: agreed(full().filter_map(|tls| tls.cipher.clone())),
            group: agreed(full().filter_map(|tls| tls.group.clone())),
            key: agreed(keys.filter(is_read)),
            chain: agreed(shown().map(|tls| tls.chain.len())),
            build: agreed(builds),
        }
    }

    /// Each component with its value; `None` for one that is unknown.
    pub(super) fn components(&self) -> [Component; COMPONENTS] {
        let key = |key: PublicKey| format!("{} {}", key.algorithm, key.bits);
        [
            ("security", self.security.map(|one| one.to_string())),
            ("flags", self.flags.map(|flags| format!("0x{flags:02x}"))),
            ("TLS", self.tls.map(|version| version.to_string())),
            ("suite", self.suite.as_deref().map(str::to_owned)),
            ("group", self.group.as_deref().map(str::to_owned)),
            ("key", self.key.map(key)),
            ("chain length", self.chain.map(|chain| chain.to_string())),
            ("build", self.build.map(ntlm_build)),
        ]
    }

    /// Whether any component is known.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let offer = self.offer;
        *self
            != Self {
                offer,
                ..Self::default()
            }
    }

    /// The components that are known on both sides and differ, each with both values. What depends on the offer is compared only
    /// where the offer was the same.
    #[must_use]
    pub fn differences(&self, later: &Self) -> Vec<(&'static str, String, String)> {
        let own = self.components().into_iter().zip(later.components());
        own.filter_map(|((component, before), (_, after))| {
            let is_offered = matches!(component, "security" | "TLS" | "suite" | "group");
            let (before, after) = (before?, after?);
            let is_comparable = !is_offered || self.offer == later.offer;
            (before != after && is_comparable).then_some((component, before, after))
        })
        .collect()
    }
}

/// What all of them are; `None` where attempts met servers that differ, as in a farm.
fn agreed<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

/// The answers to the request of a modern client that selected a protocol; of a server that refuses it, those to the others.
fn answers(history: &History) -> Vec<&NegotiationFacts> {
    let to = |is_meant: fn(ProbeKind) -> bool| {
        let attempts = history.attempts.iter().filter(|one| is_meant(one.probe));
        let answers = attempts.filter_map(|attempt| attempt.negotiation.as_ref());
        let selected = answers.filter(|answer| answer.selected != SelectedSecurity::None);
        selected.collect::<Vec<_>>()
    };
    let usual = to(ProbeKind::sends_default_request);
    if usual.is_empty() {
        to(|probe| matches!(probe, ProbeKind::BareRequest | ProbeKind::HybridExRequest))
    } else {
        usual
    }
}

/// The version that the legacy hello read, where it is older than any that the modern hello offers. Of TLS 1.2 it says nothing: a
/// server of TLS 1.3 answers that hello so, too.
fn old_version(history: &History) -> Option<TlsVersion> {
    let is_peek = |tls: &&TlsFacts| tls.handshake == TlsHandshake::LegacyPeek;
    let of = |attempt: &'_ Attempt| attempt.tls.as_deref().filter(is_peek)?.version;
    let version = agreed(history.attempts.iter().filter_map(of));
    version.filter(|version| *version < TlsVersion::TLS_1_2)
}

/// A readable prefix and a short hash of every component, as in `hybrid-1.3-RSA2048-4f2a91c7`; `unknown` where nothing is known.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_known() {
            return f.pad("unknown");
        }
        let mut text = String::new();
        for part in [
            self.security.map(|one| one.to_string()),
            self.tls.map(|version| version.to_string()),
            (self.key).map(|key| format!("{}{}", key.algorithm, key.bits)),
        ] {
            text.push_str(part.as_deref().unwrap_or("?"));
            text.push('-');
        }
        // FNV-1a: stable over versions of the compiler, unlike the hasher of the standard library.
        let mut hash: u32 = 0x811c_9dc5;
        for (component, value) in self.components() {
            let value = value.as_deref().unwrap_or("?");
            for byte in component.bytes().chain(value.bytes()).chain([0]) {
                hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
            }
        }
        f.pad(&format!("{text}{hash:08x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{attempt, certificate, host, legacy, ntlm, times, tls};
    use crate::model::{CertificateFacts, NtlmFacts};

    #[test]
    fn what_is_unknown_differs_from_nothing() {
        let known = Fingerprint::of(&times(3, || attempt().through()).history);
        let unknown = Fingerprint::of(&times(3, || attempt().tcp()).history);
        assert_eq!(known.differences(&unknown), []);
        assert_eq!(unknown.differences(&known), []);
        assert_eq!(unknown.to_string(), "unknown");
        let lower = Fingerprint {
            tls: Some(TlsVersion::TLS_1_2),
            ..known.clone()
        };
        let wanted = [("TLS", "1.3".to_owned(), "1.2".to_owned())];
        assert_eq!(known.differences(&lower), wanted);
        assert_ne!(known.to_string(), lower.to_string());
        let other_offer = Fingerprint {
            offer: OFFER + 1,
            ..lower
        };
        assert_eq!(known.differences(&other_offer), []);
    }

    #[test]
    fn what_the_members_of_a_farm_differ_in_is_unknown() {
        let of = |attempts| Fingerprint::of(&host(attempts).history);
        let member = |version: (u8, u8, u16), bits: u32| {
            let leaf = CertificateFacts {
                key: PublicKey {
                    algorithm: KeyAlgorithm::Rsa,
                    bits,
                },
                ..certificate("a.example")
            };
            let named = NtlmFacts {
                version: Some(version),
                ..ntlm("a.example")
            };
            attempt().shown(tls(leaf)).identified(named)
        };
        let (old, new) = ((10, 0, 14_393), (10, 0, 20_348));
        let farm = of([member(old, 2048), member(new, 4096)]);
        assert_eq!((farm.build, farm.key), (None, None));
        assert_eq!(farm.tls, Some(TlsVersion::TLS_1_3));
        let alone = of([member(new, 4096), member(new, 4096)]);
        assert_eq!(farm.differences(&alone), []);
        assert_eq!(alone.build, Some(new));
    }

    #[test]
    fn a_key_that_was_not_read_is_unknown() {
        let leaf = CertificateFacts {
            key: PublicKey {
                algorithm: KeyAlgorithm::Unknown,
                bits: 0,
            },
            ..certificate("a.example")
        };
        let unread = Fingerprint::of(&host([attempt().shown(tls(leaf))]).history);
        assert_eq!(unread.key, None);
        assert!(unread.is_known());
        let silent = Fingerprint::of(&host([attempt().tcp()]).history);
        assert!(!silent.is_known());
    }

    /// A flaky server may fail every modern handshake of a scan, and answer the legacy hello.
    #[test]
    fn what_the_legacy_hello_negotiates_is_not_compared_with_the_modern_one() {
        let read = |version| {
            let peek = attempt().probe(ProbeKind::LegacyHello);
            Fingerprint::of(&host([peek.shown(legacy(version))]).history)
        };
        let known =
            Fingerprint::of(&host([attempt().shown(tls(certificate("a.example")))]).history);
        assert_eq!(known.differences(&read(TlsVersion::TLS_1_2)), []);
        // A server that had a newer one would have chosen it.
        let wanted = [("TLS", "1.3".to_owned(), "1.0".to_owned())];
        assert_eq!(known.differences(&read(TlsVersion::TLS_1_0)), wanted);
    }

    #[test]
    fn its_text_is_a_readable_prefix_and_a_hash() {
        let known = Fingerprint::of(&times(3, || attempt().through()).history);
        assert_eq!(known.to_string(), "hybrid-1.3-RSA2048-43baa58c");
    }
}
