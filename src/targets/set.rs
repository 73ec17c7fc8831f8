use std::collections::BTreeMap;
use std::net::IpAddr;

use super::ranges::{RangeSet, address, number};
use crate::model::{Endpoint, HostKey, Notice};

/// A host name to be resolved, and the port wanted there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameTarget {
    /// The name in lower case, without the final dot.
    pub name: String,
    /// TCP port.
    pub port: u16,
}

/// What to scan: exact, without duplicates, in memory that depends on the number of ranges and not of addresses.
///
/// INVARIANT: holds no excluded address.
#[derive(Debug, Clone)]
pub struct TargetSet {
    swept: Segments,
    listed: Segments,
    excluded: RangeSet,
    addresses: u64,
    names: Vec<NameTarget>,
    texts: Vec<String>,
    exclude_texts: Vec<String>,
    behind_gateways: Vec<GatewayTarget>,
    notices: Vec<Notice>,
}

/// A host that is always reached through a gateway: listed, and not probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayTarget {
    /// The host.
    pub key: HostKey,
    /// The gateway's name or address.
    pub gateway: String,
}

impl TargetSet {
    /// `swept` and `listed` hold sets per port, `listed` a part of `swept`; excluded numbers must be gone from both.
    pub(super) fn new(
        swept: &BTreeMap<u16, RangeSet>,
        listed: &BTreeMap<u16, RangeSet>,
        excluded: RangeSet,
        addresses: u64,
    ) -> Self {
        Self {
            swept: Segments::of(swept),
            listed: Segments::of(listed),
            excluded,
            addresses,
            names: Vec::new(),
            texts: Vec::new(),
            exclude_texts: Vec::new(),
            behind_gateways: Vec::new(),
            notices: Vec::new(),
        }
    }

    pub(super) fn with_names(self, names: Vec<NameTarget>) -> Self {
        Self { names, ..self }
    }

    pub(super) fn with_texts(self, texts: Vec<String>, exclude_texts: Vec<String>) -> Self {
        Self {
            texts,
            exclude_texts,
            ..self
        }
    }

    pub(super) fn with_imports(
        self,
        behind_gateways: Vec<GatewayTarget>,
        notices: Vec<Notice>,
    ) -> Self {
        Self {
            behind_gateways,
            notices,
            ..self
        }
    }

    /// Hosts that are always reached through a gateway, each once: listed, and never probed for their own sake.
    #[must_use]
    pub fn behind_gateways(&self) -> &[GatewayTarget] {
        &self.behind_gateways
    }

    /// What is to be said about files of other tools, such as accounts that are disabled.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// How many endpoints there are: addresses times ports, names not counted.
    #[must_use]
    pub fn endpoints(&self) -> u64 {
        self.swept.count
    }

    /// How many distinct addresses there are, names not counted.
    #[must_use]
    pub const fn addresses(&self) -> u64 {
        self.addresses
    }

    /// The endpoint at `index`, ordered by port and address; `None` from [`Self::endpoints`] on.
    #[must_use]
    pub fn endpoint(&self, index: u64) -> Option<Endpoint> {
        self.swept.endpoint(index)
    }

    /// The index at which [`Self::endpoint`] gives an endpoint.
    #[must_use]
    pub fn index_of(&self, endpoint: Endpoint) -> Option<u64> {
        self.swept.index_of(endpoint)
    }

    /// Whether the endpoint is to be scanned, whatever names lead to.
    #[must_use]
    pub fn contains(&self, endpoint: Endpoint) -> bool {
        self.swept.contains(endpoint)
    }

    /// Whether the user named exactly this endpoint, and not only a range around it.
    #[must_use]
    pub fn is_listed(&self, endpoint: Endpoint) -> bool {
        self.listed.contains(endpoint)
    }

    /// The endpoints that the user named exactly, by port and address.
    pub fn listed(&self) -> impl Iterator<Item = Endpoint> {
        (0..self.listed.count).filter_map(|index| self.listed.endpoint(index))
    }

    /// Whether the user said that the address must not be touched, on any port and by any name.
    #[must_use]
    pub fn is_excluded(&self, address: IpAddr) -> bool {
        self.excluded.contains(number(address))
    }

    /// The host names to resolve, each name and port once, in the order given.
    #[must_use]
    pub fn names(&self) -> &[NameTarget] {
        &self.names
    }

    /// The targets as the user gave them; a list by its path.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The excludes as the user gave them; a list by its path.
    #[must_use]
    pub fn exclude_texts(&self) -> &[String] {
        &self.exclude_texts
    }
}

/// A run of endpoints on one port.
#[derive(Debug, Clone, Copy)]
struct Segment {
    port: u16,
    first: u128,
    last: u128,
    /// Endpoints in all segments before this one.
    before: u64,
}

/// INVARIANT: sorted by port and address, disjoint; `before` grows from segment to segment.
#[derive(Debug, Clone)]
struct Segments {
    segments: Vec<Segment>,
    count: u64,
}

impl Segments {
    fn of(sets: &BTreeMap<u16, RangeSet>) -> Self {
        let mut segments = Vec::with_capacity(sets.values().map(|set| set.ranges().len()).sum());
        let mut count: u64 = 0;
        for (port, set) in sets {
            for range in set.ranges() {
                segments.push(Segment {
                    port: *port,
                    first: range.first,
                    last: range.last,
                    before: count,
                });
                count = count.saturating_add(u64::try_from(range.count()).unwrap_or(u64::MAX));
            }
        }
        Self { segments, count }
    }

    fn endpoint(&self, index: u64) -> Option<Endpoint> {
        if index >= self.count {
            return None;
        }
        let after = self
            .segments
            .partition_point(|segment| segment.before <= index);
        let segment = self.segments.get(after.checked_sub(1)?)?;
        let number = segment.first + u128::from(index - segment.before);
        Some(Endpoint::new(address(number), segment.port))
    }

    fn contains(&self, endpoint: Endpoint) -> bool {
        self.index_of(endpoint).is_some()
    }

    fn index_of(&self, endpoint: Endpoint) -> Option<u64> {
        let wanted = (endpoint.port, number(endpoint.address));
        let after = self
            .segments
            .partition_point(|segment| (segment.port, segment.first) <= wanted);
        let segment = self.segments.get(after.checked_sub(1)?)?;
        let within = segment.port == wanted.0 && wanted.1 <= segment.last;
        let offset = u64::try_from(wanted.1.checked_sub(segment.first)?).ok()?;
        within.then_some(segment.before.checked_add(offset)?)
    }
}
