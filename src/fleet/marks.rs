use serde::{Deserialize, Serialize};

use crate::model::{Digest, History, HostKey, NameSource, NtlmFacts};

/// What identifies a host from one scan to the next. Texts from the network are raw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostMarks {
    #[serde(rename = "host")]
    pub key: HostKey,
    /// Names that the user listed, in lower case.
    pub listed: Vec<Box<str>>,
    /// Names of the machine in NTLM, in lower case: several behind a balancer.
    pub machines: Vec<Box<str>>,
    /// SHA-256 over the subject public key info of its leaf certificates.
    pub keys: Vec<Digest<32>>,
}

impl HostMarks {
    #[must_use]
    pub fn of(history: &History) -> Self {
        let listed = history.names.iter();
        let listed = listed.filter(|name| name.source == NameSource::Target);
        let own = match &history.key {
            HostKey::Unresolved { name, .. } => Some(lower(name)),
            HostKey::Endpoint(_) => None,
        };
        let leaves = (history.attempts.iter()).filter_map(|one| one.tls.as_ref()?.leaf());
        Self {
            key: history.key.clone(),
            listed: sorted(listed.map(|name| lower(&name.name)).chain(own)),
            machines: sorted(machine_names(history)),
            keys: sorted(leaves.filter_map(|leaf| leaf.spki_sha256)),
        }
    }

    /// The same host, as far as the two alone can tell: on the same port, by the machine's name, else by a listed name, else by the
    /// address. Copies of a machine share keys, so a key alone does not identify one.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let is_listed_same = share(&self.listed, &other.listed);
        if self.key.port() != other.key.port() {
            return false;
        }
        if are_disjoint(&self.machines, &other.machines) {
            return is_listed_same && share(&self.keys, &other.keys);
        }
        share(&self.machines, &other.machines)
            || is_listed_same
            || (self.key == other.key && !are_disjoint(&self.listed, &other.listed))
    }
}

/// The DNS name of each machine that answered, else its `NetBIOS` name.
fn machine_names(history: &History) -> impl Iterator<Item = Box<str>> {
    let named = |ntlm: &NtlmFacts| {
        let name = ntlm.dns_computer.as_deref();
        name.or(ntlm.netbios_computer.as_deref()).map(lower)
    };
    let attempts = history.attempts.iter();
    let found = attempts.filter_map(move |one| named(one.ntlm.as_deref()?));
    found.filter(|name| !name.is_empty())
}

pub(crate) fn lower(name: &str) -> Box<str> {
    name.trim_end_matches('.').to_lowercase().into()
}

pub(crate) fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort();
    items.dedup();
    items
}

pub(crate) fn share<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    one.iter().any(|item| other.contains(item))
}

/// Both are known, and have nothing in common.
pub(crate) fn are_disjoint<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    !one.is_empty() && !other.is_empty() && !share(one, other)
}
