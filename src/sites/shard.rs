//! A scan cut into shards: slices of the seeded order of its endpoints, and batches of its names.
//!
//! INVARIANT: a journal names shards by their numbers. With other sizes here, `Permutation::VERSION` is raised.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use crate::model::{Endpoint, HostKey, PlannedWork};
use crate::targets::{NameTarget, Permutation, TargetSet};

/// Endpoints of a shard: a smaller one takes hardly less time, since its last silent address takes all rounds.
const SMALLEST: u64 = 256;
/// A larger one takes too long to be done again after its worker has died.
const LARGEST: u64 = 4096;
/// A small scan is cut into so many shards, that several workers share it.
const SHARES: u64 = 8;
/// Names of a shard.
const NAMES: u32 = 64;
/// Shards of a scan at most, whatever its size.
const MOST: u64 = 1 << 20;

/// Which shard has which part of the targets. Shards are numbered from 0: first those of names, which lead to endpoints.
#[derive(Debug)]
pub struct ShardPlan {
    targets: Arc<TargetSet>,
    order: Permutation,
    size: u64,
    batches: u32,
    slices: u32,
    names: HashMap<NameTarget, u32>,
    settings: BTreeMap<Box<str>, Box<str>>,
}

impl ShardPlan {
    /// `settings` travel with every shard.
    #[must_use]
    pub fn new(targets: Arc<TargetSet>, seed: u64, settings: BTreeMap<Box<str>, Box<str>>) -> Self {
        let endpoints = targets.endpoints();
        let size = endpoints.div_ceil(SHARES).clamp(SMALLEST, LARGEST);
        let size = size.max(endpoints.div_ceil(MOST));
        let names = (0..).zip(targets.names());
        let names = names.map(|(at, name): (u32, _)| (name.clone(), at / NAMES));
        let names: HashMap<_, _> = names.collect();
        Self {
            order: Permutation::new(endpoints, seed),
            size,
            batches: count(targets.names().len() as u64, u64::from(NAMES)),
            slices: count(endpoints, size),
            names,
            settings,
            targets,
        }
    }

    #[must_use]
    pub const fn targets(&self) -> &Arc<TargetSet> {
        &self.targets
    }

    /// The number of shards.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.batches + self.slices
    }

    /// What a shard probes; nothing from [`Self::count`] on.
    #[must_use]
    pub fn work(&self, shard: u32) -> PlannedWork {
        let (places, names) = (self.places(shard), self.names_of(shard));
        let settings = self.settings.clone();
        self.targets.part(&self.order, places, names, settings)
    }

    /// Endpoints that are planned in a shard, without those of its names.
    #[must_use]
    pub fn endpoints(&self, shard: u32) -> u64 {
        let places = self.places(shard);
        places.end - places.start
    }

    /// Whether a shard sweeps an endpoint.
    #[must_use]
    pub fn sweeps(&self, shard: u32, endpoint: Endpoint) -> bool {
        self.shard_of(endpoint) == Some(shard)
    }

    /// The shard that sweeps an endpoint.
    fn shard_of(&self, endpoint: Endpoint) -> Option<u32> {
        let place = self.order.place_of(self.targets.index_of(endpoint)?);
        let slice = u32::try_from(place.checked_div(self.size)?).ok()?;
        self.batches.checked_add(slice)
    }

    /// Whether a shard resolves a name.
    #[must_use]
    pub fn resolves(&self, shard: u32, name: &str, port: u16) -> bool {
        let name = NameTarget {
            name: name.to_owned(),
            port,
        };
        self.names.get(&name) == Some(&shard)
    }

    /// What the user listed one by one, by shard.
    #[must_use]
    pub fn listed(&self) -> HashMap<u32, Vec<HostKey>> {
        let endpoints = self.targets.listed().filter_map(|endpoint| {
            let shard = self.shard_of(endpoint)?;
            Some((shard, HostKey::Endpoint(endpoint)))
        });
        let names = self.names.iter().map(|(target, shard)| {
            let NameTarget { name, port } = target.clone();
            (*shard, HostKey::Unresolved { name, port })
        });
        let mut listed: HashMap<u32, Vec<HostKey>> = HashMap::new();
        for (shard, host) in endpoints.chain(names) {
            listed.entry(shard).or_default().push(host);
        }
        listed
    }

    /// The names of a shard.
    #[must_use]
    pub fn names_of(&self, shard: u32) -> &[NameTarget] {
        let at = |shard: u32| shard.saturating_mul(NAMES) as usize;
        let names = self.targets.names();
        let end = at(shard.saturating_add(1)).min(names.len());
        names.get(at(shard)..end).unwrap_or_default()
    }

    /// The places of its slice in the order; empty for a batch of names.
    fn places(&self, shard: u32) -> Range<u64> {
        let Some(slice) = shard.checked_sub(self.batches) else {
            return 0..0;
        };
        let at = |slice: u64| {
            slice
                .saturating_mul(self.size)
                .min(self.targets.endpoints())
        };
        at(slice.into())..at(u64::from(slice) + 1)
    }
}

/// How many parts of this size.
fn count(all: u64, size: u64) -> u32 {
    u32::try_from(all.div_ceil(size)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::targets::TargetSetBuilder;

    fn plan(words: &[&str]) -> ShardPlan {
        let mut builder = TargetSetBuilder::new(&[3389, 3390]);
        builder.allow_large(true);
        for word in words {
            builder.add_text(word).unwrap();
        }
        builder.exclude_text("10.0.0.77").unwrap();
        let targets = builder.build().unwrap();
        ShardPlan::new(targets.into(), 7, BTreeMap::new())
    }

    #[test]
    fn every_endpoint_and_name_is_in_one_shard() {
        let names: Vec<String> = (0..150).map(|n| format!("srv{n}.example")).collect();
        let mut words: Vec<&str> = names.iter().map(String::as_str).collect();
        words.extend(["10.0.0.0/20", "10.0.9.9", "2001:db8::5"]);
        let plan = plan(&words);
        assert_eq!(
            plan.count(),
            3 * 2 - 1 + 8,
            "300 names with ports, 8 slices"
        );
        let (mut endpoints, mut resolved) = (HashSet::new(), HashSet::new());
        let mut listed = plan.listed();
        for shard in 0..plan.count() {
            let part = TargetSet::from_planned(&plan.work(shard)).unwrap();
            assert_eq!(part.endpoints(), plan.endpoints(shard));
            for at in 0..part.endpoints() {
                let endpoint = part.endpoint(at).unwrap();
                assert!(plan.sweeps(shard, endpoint) && endpoints.insert(endpoint));
                assert!(!plan.sweeps((shard + 1) % plan.count(), endpoint));
            }
            for name in part.names() {
                assert!(plan.resolves(shard, &name.name, name.port));
                assert!(!plan.resolves(shard + 1, &name.name, name.port));
                assert!(resolved.insert(name.clone()));
            }
            let mut own = listed.remove(&shard).unwrap_or_default();
            let mut wanted: Vec<HostKey> = plan.work(shard).listed_hosts().collect();
            own.sort();
            wanted.sort();
            assert_eq!(own, wanted);
            assert!(part.is_excluded([10, 0, 0, 77].into()));
        }
        assert_eq!(endpoints.len() as u64, plan.targets().endpoints());
        assert_eq!(resolved.len(), plan.targets().names().len());
        assert!(listed.is_empty());
    }

    #[test]
    fn a_slice_is_spread_over_the_whole_range() {
        let plan = plan(&["10.0.0.0/16"]);
        let part = TargetSet::from_planned(&plan.work(0)).unwrap();
        let subnets: HashSet<_> = (0..part.endpoints())
            .filter_map(|at| crate::model::subnet(part.endpoint(at)?.address))
            .collect();
        assert!(subnets.len() > 250, "{}", subnets.len());
    }

    #[test]
    fn shards_are_neither_tiny_nor_huge() {
        for (targets, shards) in [("10.0.0.0/25", 1), ("10.0.0.0/22", 8), ("10.0.0.0/8", 8192)] {
            assert_eq!(plan(&[targets]).count(), shards, "{targets}");
        }
        assert_eq!(plan(&["10.0.0.0/25"]).work(9).endpoints.len(), 0);
    }
}
