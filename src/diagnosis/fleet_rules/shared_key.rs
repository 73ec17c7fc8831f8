use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::diagnosis::identity::{host_label, labels_agree, normal, ntlm_name, windows_made};
use crate::diagnosis::leaves;
use crate::model::{CertificateFacts, Endpoint, History, NameSource};

/// Certificates for different names under one key, before an inspection product is suspected.
const FORGED: usize = 3;
/// Names quoted in evidence.
const QUOTED: usize = 4;
/// `NetBIOS` cuts names at this length.
const NETBIOS_LENGTH: usize = 15;

/// What one key at many places means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyUse {
    /// Machines were copied with their key.
    Clones,
    /// The very same certificate: a port forward, a cluster address, or clones. From outside they look alike.
    OneCertificate,
    /// Something in between shows certificates of its own making, each for another name, all with its one key.
    Inspection,
}

/// A key at several addresses with different names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SharedKey {
    pub(crate) means: KeyUse,
    /// Machines with different names; of one certificate, the addresses that show it.
    pub(crate) count: usize,
    /// Some of the machines' names, sorted; of one certificate, some of the addresses, those first whose name it carries.
    quoted: Vec<Box<str>>,
}

/// By the hash of the public key: only keys that mean something.
pub(super) type SharedKeys = HashMap<Box<str>, SharedKey>;

struct Member {
    endpoint: Endpoint,
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
        for leaf in usable(history) {
            let Some(seen) = self.keys.get_mut(&leaf.spki_sha256) else {
                let seen = Seen {
                    first: place,
                    more: Vec::new(),
                };
                self.keys.insert(leaf.spki_sha256.clone(), seen);
                continue;
            };
            // One host may show several certificates with one key.
            if *seen.more.last().unwrap_or(&seen.first) != place {
                seen.more.push(place);
            }
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
                let mut group = Group::default();
                for place in std::iter::once(seen.first).chain(seen.more) {
                    if let Some(history) = history(place) {
                        group.add(&key, &history);
                    }
                }
                Some((key, group.judge()?))
            })
            .collect()
    }
}

/// The certificates that can be read and whose key is known.
fn usable(history: &History) -> impl Iterator<Item = &CertificateFacts> {
    leaves::in_use(history)
        .into_iter()
        .map(|leaf| leaf.facts)
        .filter(|leaf| leaf.unparsable.is_none() && !leaf.spki_sha256.is_empty())
}

/// What the machine calls itself, else its reverse or listed name, as a label, and whether it is the machine's own word.
fn label_of(history: &History) -> (Option<String>, bool) {
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
    (own.or_else(given).map(|name| label(&name)), own_word)
}

/// Host label, at most 15 characters.
fn label(name: &str) -> String {
    host_label(name).chars().take(NETBIOS_LENGTH).collect()
}

/// The certificate carries the host's own name.
pub(crate) fn is_its_own(history: &History, leaf: &CertificateFacts) -> bool {
    label_of(history).0.is_some_and(|own| carries(leaf, &own))
}

fn carries(leaf: &CertificateFacts, own: &str) -> bool {
    let mut names = leaf.dns_names().into_iter();
    names.any(|name| labels_agree(host_label(&normal(name)), own))
}

/// "10.0.0.5:3389 (srv05)".
fn place(endpoint: Endpoint, label: Option<&str>) -> Box<str> {
    match label {
        Some(label) => format!("{endpoint} ({label})").into(),
        None => endpoint.to_string().into(),
    }
}

/// All hosts that show one key.
#[derive(Default)]
struct Group {
    members: Vec<Member>,
    /// Each certificate once, however many show it.
    leaves: Vec<CertificateFacts>,
    hashes: HashSet<Box<str>>,
}

impl Group {
    fn add(&mut self, key: &str, history: &History) {
        let Some(endpoint) = history.subject.endpoint() else {
            return;
        };
        let (label, own_word) = label_of(history);
        self.members.push(Member {
            endpoint,
            label,
            own_word,
        });
        for leaf in usable(history).filter(|leaf| &*leaf.spki_sha256 == key) {
            if self.hashes.insert(leaf.sha256.clone()) {
                self.leaves.push(leaf.clone());
            }
        }
    }

    fn judge(&self) -> Option<SharedKey> {
        let names: BTreeSet<&str> = self
            .members
            .iter()
            .filter_map(|one| one.label.as_deref())
            .collect();
        // One name at several addresses is one machine, or one farm behind one address.
        if names.len() < 2 {
            return None;
        }
        let first = self.leaves.first()?;
        let covered = |leaf: &CertificateFacts| {
            let listed: BTreeSet<String> = leaf
                .dns_names()
                .into_iter()
                .map(|name| label(&normal(name)))
                .collect();
            // So many names are no single machine's; those that are not known here might be theirs.
            leaf.san_left_out > 0
                || listed.iter().any(|name| name.starts_with('*'))
                || names.iter().filter(|name| listed.contains(**name)).count() > 1
        };
        if self.leaves.iter().any(covered) {
            return None;
        }
        if self.leaves.len() == 1 {
            return self.one_certificate(first, &names);
        }
        let issued = self.leaves.iter().all(|leaf| !leaf.self_issued);
        let one_issuer = self.leaves.iter().all(|leaf| leaf.issuer == first.issuer);
        let subjects: BTreeSet<&str> = self.leaves.iter().map(|leaf| &*leaf.subject).collect();
        let means = if issued && one_issuer && subjects.len() >= FORGED {
            KeyUse::Inspection
        } else if issued && subjects.len() == 1 {
            // Someone was given a certificate to put on all of them: a farm, or a proxy before them.
            return None;
        } else {
            KeyUse::Clones
        };
        Some(SharedKey {
            means,
            count: names.len(),
            quoted: names.into_iter().take(QUOTED).map(Into::into).collect(),
        })
    }

    fn one_certificate(
        &self,
        leaf: &CertificateFacts,
        names: &BTreeSet<&str>,
    ) -> Option<SharedKey> {
        let is_named = names.iter().any(|name| carries(leaf, name));
        // A CA issued certificate with none of their names belongs to a farm. Where each host names itself over NTLM behind
        // a certificate that Windows did not make, a proxy terminates TLS for them.
        let is_farm = !leaf.self_issued && !is_named;
        let is_proxy = !windows_made(leaf) && self.members.iter().all(|one| one.own_word);
        if is_farm || is_proxy {
            return None;
        }
        let owns = |one: &Member| one.label.as_deref().is_some_and(|own| carries(leaf, own));
        let mut members: Vec<&Member> = self.members.iter().collect();
        members.sort_by_cached_key(|one| (!owns(one), one.endpoint));
        let places = members
            .iter()
            .map(|one| place(one.endpoint, one.label.as_deref()));
        Some(SharedKey {
            means: KeyUse::OneCertificate,
            count: members.len(),
            // One more than is quoted: each host leaves itself out.
            quoted: places.take(QUOTED + 1).collect(),
        })
    }
}

impl SharedKey {
    /// "web01, web02 and 3 more".
    pub(crate) fn words(&self) -> String {
        quote(self.quoted.iter(), self.count)
    }

    /// The same without the place of one host.
    pub(crate) fn words_for(&self, history: &History) -> String {
        let label = label_of(history).0;
        let own = history.subject.endpoint();
        let own = own.map(|endpoint| place(endpoint, label.as_deref()));
        let others = self.quoted.iter().filter(|one| Some(*one) != own.as_ref());
        quote(others, self.count.saturating_sub(1))
    }
}

fn quote<'a>(names: impl Iterator<Item = &'a Box<str>>, count: usize) -> String {
    let shown: Vec<&str> = names.take(QUOTED).map(AsRef::as_ref).collect();
    let list = shown.join(", ");
    match count.saturating_sub(shown.len()) {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}
