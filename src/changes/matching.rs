//! Which host of one scan is which of the other: by what identifies a machine, as far as that is unique on both sides.

use std::collections::HashMap;
use std::hash::Hash;

use super::HostRecord;
use crate::model::Digest;

/// For each host its counterpart in the other scan.
pub(super) struct Matching {
    pub(super) of_before: Vec<Option<usize>>,
    pub(super) of_after: Vec<Option<usize>>,
}

impl Matching {
    /// By listed name, then by NTLM's name, then by certificate key, then by endpoint. A listed name that leads to another machine
    /// identifies that one only if nothing else does.
    pub(super) fn new(before: &[HostRecord], after: &[HostRecord]) -> Self {
        let mut matching = Self {
            of_before: vec![None; before.len()],
            of_after: vec![None; after.len()],
        };
        let any = |_: &HostRecord, _: &HostRecord| true;
        let (earlier, later) = (
            unique(before, HostRecord::keys),
            unique(after, HostRecord::keys),
        );
        let same = |one: &HostRecord, other: &HostRecord| {
            !(one.is_other_machine(other)
                || is_elsewhere(one, other, after, &later)
                || is_elsewhere(other, one, before, &earlier))
        };
        let listed = |host: &HostRecord| host.listed.clone();
        matching.join(before, after, listed, same);
        matching.join(before, after, |host| host.machines.clone(), any);
        matching.join(before, after, HostRecord::keys, any);
        matching.join(before, after, listed, any);
        matching.join(before, after, |host| vec![host.key.clone()], any);
        matching
    }

    fn join<K: Hash + Eq>(
        &mut self,
        before: &[HostRecord],
        after: &[HostRecord],
        keys: impl Fn(&HostRecord) -> Vec<K>,
        is_allowed: impl Fn(&HostRecord, &HostRecord) -> bool,
    ) {
        let (earlier, later) = (unique(before, &keys), unique(after, &keys));
        for (place, host) in before.iter().enumerate() {
            for key in keys(host) {
                let (Some(Some(_)), Some(Some(other))) = (earlier.get(&key), later.get(&key))
                else {
                    continue;
                };
                let (Some(own @ None), Some(theirs @ None), Some(counterpart)) = (
                    self.of_before.get_mut(place),
                    self.of_after.get_mut(*other),
                    after.get(*other),
                ) else {
                    continue;
                };
                if is_allowed(host, counterpart) {
                    (*own, *theirs) = (Some(*other), Some(place));
                }
            }
        }
    }
}

/// Whether a certificate key of the first host is that of another host than the second one, in the second one's scan.
fn is_elsewhere(
    host: &HostRecord,
    counterpart: &HostRecord,
    hosts: &[HostRecord],
    by_key: &HashMap<Digest<32>, Option<usize>>,
) -> bool {
    let mut holders = (host.keys().into_iter()).filter_map(|key| hosts.get((*by_key.get(&key)?)?));
    holders.any(|holder| holder.key != counterpart.key)
}

/// The hosts by these keys; `None` for a key of several.
pub(super) fn unique<K: Hash + Eq>(
    hosts: &[HostRecord],
    keys: impl Fn(&HostRecord) -> Vec<K>,
) -> HashMap<K, Option<usize>> {
    let mut found: HashMap<K, Option<usize>> = HashMap::with_capacity(hosts.len());
    for (place, host) in hosts.iter().enumerate() {
        for key in keys(host) {
            let known = found.entry(key).or_insert(Some(place));
            if *known != Some(place) {
                *known = None;
            }
        }
    }
    found
}
