use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::diagnosis::identity::{host_label, normal, ntlm_name, windows_made};
use crate::model::{CertificateFacts, History, NameSource};

/// Certificates for different names under one key, before an inspection product is suspected.
const FORGED: usize = 3;
/// Names quoted in evidence.
const QUOTED: usize = 4;
/// `NetBIOS` cuts names at this length.
const NETBIOS_LENGTH: usize = 15;

/// What many machines behind one key mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyUse {
    /// Machines were copied with their key.
    Clones,
    /// Something in between shows certificates of its own making, each for another name, all with its one key.
    Inspection,
}

/// A key that machines with different names show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SharedKey {
    pub(crate) means: KeyUse,
    /// Machines with different names.
    pub(crate) machines: usize,
    /// Some of their names, sorted.
    pub(crate) names: Vec<Box<str>>,
}

/// By the hash of the public key: only keys that mean something.
pub(super) type SharedKeys = HashMap<Box<str>, SharedKey>;

struct Member {
    leaf: Arc<CertificateFacts>,
    /// What the machine calls itself, else its reverse or listed name: host label, at most 15 characters.
    label: Option<String>,
    /// The label is the machine's own word.
    own_word: bool,
}

/// Who shows which key, by place among the histories: the usual fleet of keys of their own costs one small entry per host and
/// no name.
#[derive(Debug, Default)]
pub(super) struct Looking {
    keys: HashMap<Box<str>, Seen>,
}

#[derive(Debug)]
struct Seen {
    first: usize,
    more: Vec<usize>,
}

impl Looking {
    pub(super) fn add(&mut self, place: usize, history: &History) {
        let Some(leaf) = leaf(history) else {
            return;
        };
        if let Some(seen) = self.keys.get_mut(&leaf.spki_sha256) {
            seen.more.push(place);
        } else {
            let seen = Seen {
                first: place,
                more: Vec::new(),
            };
            self.keys.insert(leaf.spki_sha256.clone(), seen);
        }
    }

    /// Looks again at those alone who share a key.
    pub(super) fn finish<'a>(
        self,
        history: &impl Fn(usize) -> Option<Cow<'a, History>>,
    ) -> SharedKeys {
        self.keys
            .into_iter()
            .filter(|(_, seen)| !seen.more.is_empty())
            .filter_map(|(key, seen)| {
                let members: Vec<Member> = std::iter::once(seen.first)
                    .chain(seen.more)
                    .filter_map(|place| {
                        let history = history(place)?;
                        let leaf = Arc::clone(leaf(&history)?);
                        Some(Member::new(&history, leaf))
                    })
                    .collect();
                Some((key, judge(&members)?))
            })
            .collect()
    }
}

/// The leaf, when it could be read and its key is known.
fn leaf(history: &History) -> Option<&Arc<CertificateFacts>> {
    history
        .certificate()
        .filter(|leaf| leaf.unparsable.is_none() && !leaf.spki_sha256.is_empty())
}

impl Member {
    fn new(history: &History, leaf: Arc<CertificateFacts>) -> Self {
        let own = history.ntlm().and_then(|ntlm| ntlm_name(ntlm));
        let own_word = own.is_some();
        let given = || {
            let of = |source| {
                history
                    .names
                    .iter()
                    .filter(move |name| name.source == source)
                    .map(|name| normal(&name.name))
                    .min()
            };
            of(NameSource::Ptr).or_else(|| of(NameSource::Target))
        };
        let label = own
            .or_else(given)
            .map(|name| host_label(&name).chars().take(NETBIOS_LENGTH).collect());
        Self {
            leaf,
            label,
            own_word,
        }
    }
}

fn judge(members: &[Member]) -> Option<SharedKey> {
    let names: BTreeSet<&str> = members
        .iter()
        .filter_map(|one| one.label.as_deref())
        .collect();
    // One name at several addresses is one machine, or one farm behind one address.
    if names.len() < 2 {
        return None;
    }
    let first = &*members.first()?.leaf;
    let one_certificate = members.iter().all(|one| one.leaf.sha256 == first.sha256);
    let covered = |leaf: &CertificateFacts| {
        let listed: BTreeSet<String> = leaf
            .dns_names()
            .into_iter()
            .map(|name| {
                host_label(&normal(name))
                    .chars()
                    .take(NETBIOS_LENGTH)
                    .collect()
            })
            .collect();
        // So many names are no single machine's; those that are not known here might be theirs.
        leaf.san_left_out > 0
            || listed.iter().any(|name| name.starts_with('*'))
            || names.iter().filter(|name| listed.contains(**name)).count() > 1
    };
    if members.iter().any(|one| covered(&one.leaf)) {
        return None;
    }
    let issued = members.iter().all(|one| !one.leaf.self_issued);
    let one_issuer = members.iter().all(|one| one.leaf.issuer == first.issuer);
    let subjects: BTreeSet<&str> = members.iter().map(|one| &*one.leaf.subject).collect();
    let means = if issued && one_issuer && subjects.len() >= FORGED {
        KeyUse::Inspection
    } else if issued && subjects.len() == 1 {
        // Someone was given a certificate to put on all of them: a farm, or a proxy before them.
        return None;
    } else if one_certificate && members.iter().all(|one| one.own_word) && !windows_made(first) {
        // Machines that name themselves behind one certificate that is not Windows' own: a proxy ends TLS for them.
        return None;
    } else {
        KeyUse::Clones
    };
    Some(SharedKey {
        means,
        machines: names.len(),
        names: names.into_iter().take(QUOTED).map(Into::into).collect(),
    })
}

impl SharedKey {
    /// "web01, web02 and 3 more".
    pub(crate) fn words(&self) -> String {
        let names = self.names.join(", ");
        match self.machines.saturating_sub(self.names.len()) {
            0 => names,
            more => format!("{names} and {more} more"),
        }
    }
}
