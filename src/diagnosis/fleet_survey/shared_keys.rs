use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::diagnosis::certificates;
use crate::diagnosis::identity::{host_label, labels_agree, normal, ntlm_name, windows_made};
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
    pub(crate) key_use: KeyUse,
    /// Machines with different names; of one certificate, the addresses that show it.
    pub(crate) count: usize,
    /// Some of the machines' names, sorted; of one certificate, some of the addresses, those first whose name it carries.
    quoted: Vec<Box<str>>,
}

/// By [`key_of`], without keys that say nothing.
pub(super) type KeysInCommon = BTreeMap<u64, SharedKey>;

/// Who shows which key. Of keys that one host alone shows, as most do, only a hash is kept; what hosts that share one are called
/// is collected when they are added again.
#[derive(Debug, Default)]
pub(super) struct SharedKeys {
    /// By hash of the key.
    holders: BTreeMap<u64, Holders>,
    /// The places of all who share a key.
    sharing: Vec<usize>,
    groups: BTreeMap<u64, Group>,
    judged: KeysInCommon,
}

#[derive(Debug, Clone, Copy)]
enum Holders {
    /// One host, by its place.
    One(u32),
    /// Several, of which so many have not been added again.
    Several(u32),
}

impl SharedKeys {
    pub(super) fn add(&mut self, place: usize, history: &History) {
        let short = u32::try_from(place).unwrap_or(u32::MAX);
        // One host may show several certificates with one key.
        let keys: BTreeSet<u64> = usable(history).map(key_of).collect();
        for key in keys {
            let Some(holders) = self.holders.get_mut(&key) else {
                self.holders.insert(key, Holders::One(short));
                continue;
            };
            let others = match *holders {
                Holders::One(first) => {
                    self.sharing.extend(usize::try_from(first));
                    1
                }
                Holders::Several(others) => others,
            };
            self.sharing.push(place);
            *holders = Holders::Several(others.saturating_add(1));
        }
    }

    /// The hosts to add again.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.sharing.iter().copied()
    }

    pub(super) fn add_again(&mut self, history: &History) {
        let mut leaves: Vec<&CertificateFacts> = usable(history).collect();
        leaves.sort_by_key(|leaf| key_of(leaf));
        for leaves in leaves.chunk_by(|one, next| key_of(one) == key_of(next)) {
            let Some(key) = leaves.first().map(|leaf| key_of(leaf)) else {
                continue;
            };
            let Some(Holders::Several(left @ 1..)) = self.holders.get_mut(&key) else {
                continue;
            };
            *left -= 1;
            let group = self.groups.entry(key).or_default();
            group.add(history, leaves);
            if *left == 0
                && let Some(shared) = self.groups.remove(&key).and_then(Group::judge)
            {
                self.judged.insert(key, shared);
            }
        }
    }

    pub(super) fn finish(mut self) -> KeysInCommon {
        // Of a host that has changed its key meanwhile the others may still be waiting.
        let rest = self.groups.into_iter();
        let rest = rest.filter_map(|(key, group)| Some((key, group.judge()?)));
        self.judged.extend(rest);
        self.judged
    }
}

/// A hash of the key: two keys of one scan collide once in thousands of millions of scans.
pub(super) fn key_of(leaf: &CertificateFacts) -> u64 {
    hash(&leaf.spki_sha256)
}

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The certificates that can be read and whose key is known.
fn usable(history: &History) -> impl Iterator<Item = &CertificateFacts> {
    certificates::in_use(history)
        .into_iter()
        .map(|leaf| leaf.facts)
        .filter(|leaf| leaf.unparsable.is_none() && leaf.spki_sha256.is_some())
}

/// The host label by NTLM, else by its reverse or listed name, and whether it is by NTLM.
fn label_of(history: &History) -> (Option<String>, bool) {
    let own = history.ntlm().and_then(|ntlm| ntlm_name(ntlm));
    let by_ntlm = own.is_some();
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
    (own.or_else(given).map(|name| label(&name)), by_ntlm)
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

/// All hosts that show one key, as far as the verdict needs them. The order in which they come does not matter.
#[derive(Debug, Default)]
struct Group {
    hosts: usize,
    /// Hashes of the hosts' labels.
    labels: BTreeSet<u64>,
    /// The first of the labels.
    names: Vec<Box<str>>,
    /// The first of the addresses, before all others those whose label the certificate carries.
    places: Vec<(bool, Endpoint, Option<Box<str>>)>,
    /// The certificate carries the label of some host.
    is_named: bool,
    /// Some host gave no name over NTLM.
    is_unnamed: bool,
    /// Some certificate is for many machines.
    is_for_many: bool,
    /// Hashes of the labels that a certificate lists, by the hash of the certificate: only where there are several.
    listed: BTreeMap<u64, Vec<u64>>,
    /// Hashes of the certificates, of their issuers and their subjects: no more than are distinguished.
    prints: Vec<u64>,
    issuers: Vec<u64>,
    subjects: Vec<u64>,
    /// Some certificate is self-signed, some was not made by Windows.
    is_self_issued: bool,
    is_brought: bool,
}

impl Group {
    /// Adds a host with those of its certificates that have the key.
    fn add(&mut self, history: &History, leaves: &[&CertificateFacts]) {
        let Some(endpoint) = history.key.endpoint() else {
            return;
        };
        let (label, by_ntlm) = label_of(history);
        let owns = leaves
            .iter()
            .any(|leaf| label.as_deref().is_some_and(|own| carries(leaf, own)));
        self.hosts += 1;
        self.is_named |= owns;
        self.is_unnamed |= !by_ntlm;
        let label: Option<Box<str>> = label.map(Into::into);
        if let Some(label) = &label {
            self.labels.insert(hash(label));
            keep_least(&mut self.names, label.clone(), QUOTED);
        }
        // One more than is quoted: each host leaves itself out.
        keep_least(&mut self.places, (!owns, endpoint, label), QUOTED + 1);
        for leaf in leaves {
            self.add_leaf(leaf);
        }
    }

    fn add_leaf(&mut self, leaf: &CertificateFacts) {
        let print = hash(&leaf.sha256);
        keep_least(&mut self.prints, print, 2);
        keep_least(&mut self.issuers, hash(&leaf.issuer), 2);
        keep_least(&mut self.subjects, hash(&leaf.subject), FORGED);
        self.is_self_issued |= leaf.self_issued;
        self.is_brought |= !windows_made(leaf);
        if self.is_for_many || self.listed.contains_key(&print) {
            return;
        }
        let names = leaf.dns_names().into_iter();
        let labels: BTreeSet<String> = names.map(|name| label(&normal(name))).collect();
        // So many names are no single machine's; those that are not known here might be theirs.
        if leaf.san_omitted > 0 || labels.iter().any(|name| name.starts_with('*')) {
            self.is_for_many = true;
            self.listed = BTreeMap::new();
        } else if labels.len() > 1 {
            let labels = labels.iter().map(hash).collect();
            self.listed.insert(print, labels);
        }
    }

    /// Some certificate lists several of the hosts.
    fn is_for_several(&self) -> bool {
        self.listed.values().any(|listed| {
            let hosts = listed.iter().filter(|name| self.labels.contains(name));
            hosts.count() > 1
        })
    }

    fn judge(self) -> Option<SharedKey> {
        // One name at several addresses is one machine, or one farm behind one address.
        if self.labels.len() < 2 || self.is_for_many || self.is_for_several() {
            return None;
        }
        if self.prints.len() == 1 {
            return self.one_certificate();
        }
        let issued = !self.is_self_issued;
        let key_use = if issued && self.issuers.len() == 1 && self.subjects.len() >= FORGED {
            KeyUse::Inspection
        } else if issued && self.subjects.len() == 1 {
            // Someone was given a certificate to put on all of them: a farm, or a proxy before them.
            return None;
        } else {
            KeyUse::Clones
        };
        Some(SharedKey {
            key_use,
            count: self.labels.len(),
            quoted: self.names,
        })
    }

    fn one_certificate(self) -> Option<SharedKey> {
        // A CA issued certificate with none of their names belongs to a farm. Where each host names itself over NTLM behind
        // a certificate that Windows did not make, a proxy terminates TLS for them.
        let is_farm = !self.is_self_issued && !self.is_named;
        let is_proxy = self.is_brought && !self.is_unnamed;
        if is_farm || is_proxy {
            return None;
        }
        let places = self.places.into_iter();
        Some(SharedKey {
            key_use: KeyUse::OneCertificate,
            count: self.hosts,
            quoted: places
                .map(|(_, endpoint, label)| place(endpoint, label.as_deref()))
                .collect(),
        })
    }
}

/// Puts a value in its place among the least ones, of which there are so many at most, each once.
fn keep_least<T: Ord>(least: &mut Vec<T>, value: T, most: usize) {
    if let Err(at) = least.binary_search(&value)
        && at < most
    {
        least.reserve_exact(1);
        least.insert(at, value);
        least.truncate(most);
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
        let own = history.key.endpoint();
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
