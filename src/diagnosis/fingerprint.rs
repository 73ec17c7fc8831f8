//! The configuration of a host as far as a client sees it, so that hosts and scans can be compared.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{History, PublicKey, SelectedSecurity, TlsVersion, ntlm_build};

/// Version of what rdpscan offers. Raised whenever a server may answer the new offer otherwise, so that an upgrade of rdpscan is no
/// change of hosts.
const OFFER: u32 = 1;

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
        let negotiation = history.negotiation();
        // A handshake that failed was not negotiated to its end.
        let tls = history.tls().filter(|tls| !tls.chain.is_empty());
        let selected = negotiation.map(|facts| facts.selected);
        Self {
            offer: OFFER,
            security: selected.filter(|selected| *selected != SelectedSecurity::None),
            flags: history.response_flags(),
            tls: tls.and_then(|tls| tls.version),
            suite: tls.and_then(|tls| tls.cipher.clone()),
            group: tls.and_then(|tls| tls.group.clone()),
            key: tls.and_then(|tls| tls.leaf()).map(|leaf| leaf.key),
            chain: tls.map(|tls| tls.chain.len()),
            build: history.ntlm().and_then(|ntlm| ntlm.version),
        }
    }

    /// Each component with its value; `None` for one that is unknown.
    fn components(&self) -> [(&'static str, Option<String>); 8] {
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

/// A readable prefix and a short hash of every component, as in `hybrid-1.3-RSA2048-4f2a91c7`.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    use crate::kit::{attempt, times};

    #[test]
    fn what_is_unknown_differs_from_nothing() {
        let known = Fingerprint::of(&times(3, || attempt().through()).history);
        let unknown = Fingerprint::of(&times(3, || attempt().tcp()).history);
        assert_eq!(known.differences(&unknown), []);
        assert_eq!(unknown.differences(&known), []);
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
    fn its_text_is_a_readable_prefix_and_a_hash() {
        let known = Fingerprint::of(&times(3, || attempt().through()).history);
        assert_eq!(known.to_string(), "hybrid-1.3-RSA2048-43baa58c");
    }
}
