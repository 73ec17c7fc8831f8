use std::collections::BTreeMap;
use std::net::IpAddr;

use super::ranges::{Range, RangeSet, address, number};
use crate::model::{Endpoint, HostKey, Notice};

/// A host name to resolve.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameTarget {
    /// The name in lower case, without the final dot.
    pub name: String,
    pub port: u16,
}

/// What to scan: exact, without duplicates, in memory that depends on the number of ranges and not of addresses.
///
/// INVARIANT: holds no address that was excluded when it was built. Those excluded when a scan is resumed keep their indices.
#[derive(Debug, Clone)]
pub struct TargetSet {
    pub(super) swept: Segments,
    /// INVARIANT: a part of `swept`.
    pub(super) listed: Segments,
    pub(super) excluded: RangeSet,
    pub(super) addresses: u64,
    pub(super) names: Vec<NameTarget>,
    /// Addresses beside names in their lists.
    pub(super) row_addresses: RowAddresses,
    pub(super) texts: Vec<String>,
    pub(super) exclude_texts: Vec<String>,
    pub(super) behind_gateways: Vec<GatewayTarget>,
    pub(super) notices: Vec<Notice>,
    pub(super) lists: Vec<ListSummary>,
    /// The name of its saved fleet, or as planned when its scan began; else `None`.
    pub(super) key: Option<Box<str>>,
}

/// Addresses that a list has in the row of a name, by the name.
pub(super) type RowAddresses = BTreeMap<Box<str>, Vec<IpAddr>>;

/// What was read from a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSummary {
    /// Its path, or "standard input".
    pub list: String,
    /// What it is, such as `nmap -oG`.
    pub format: String,
    /// The headings of the columns that are used, by their use.
    pub columns: Vec<(&'static str, String)>,
    /// Entries by their own port.
    pub ports: BTreeMap<Option<u16>, usize>,
}

impl ListSummary {
    pub(super) fn new(list: &str, format: &str) -> Self {
        Self {
            list: list.to_owned(),
            format: format.to_owned(),
            columns: Vec::new(),
            ports: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, port: Option<u16>) {
        *self.ports.entry(port).or_default() += 1;
    }
}

/// A host that is always reached through a gateway: listed, and not probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayTarget {
    pub key: HostKey,
    /// Name or address.
    pub gateway: String,
}

impl TargetSet {
    /// Makes it the targets of a saved fleet, whose scans belong together whatever its lists hold.
    pub fn name_fleet(&mut self, name: &str) {
        self.key = Some(name.into());
    }

    /// Each host once.
    #[must_use]
    pub fn behind_gateways(&self) -> &[GatewayTarget] {
        &self.behind_gateways
    }

    /// What was read from each list.
    #[must_use]
    pub fn lists(&self) -> &[ListSummary] {
        &self.lists
    }

    /// About entries of imported files that are skipped.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The number of addresses times ports, without names.
    #[must_use]
    pub fn endpoints(&self) -> u64 {
        self.swept.count
    }

    /// The number of distinct addresses, without names.
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

    /// Whether the endpoint is in the set, names aside.
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

    /// Whether the user excluded the address, on every port and by every name.
    #[must_use]
    pub fn is_excluded(&self, address: IpAddr) -> bool {
        self.excluded.contains(number(address))
    }

    /// Each name and port once, in the order given.
    #[must_use]
    pub fn names(&self) -> &[NameTarget] {
        &self.names
    }

    /// The addresses in the row of a name, which are scanned where the name is not resolved.
    #[must_use]
    pub fn row_addresses(&self, name: &str) -> &[IpAddr] {
        self.row_addresses.get(name).map_or(&[], Vec::as_slice)
    }

    /// The targets as given; a list by its path.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The excludes as given; a list by its path.
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
    /// The number of endpoints in the segments before this one.
    before: u64,
}

/// INVARIANT: sorted by port and address, disjoint; `before` grows from segment to segment.
#[derive(Debug, Clone)]
pub(super) struct Segments {
    segments: Vec<Segment>,
    count: u64,
}

impl Segments {
    pub(super) fn of(sets: &BTreeMap<u16, RangeSet>) -> Self {
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

    /// The ranges, each with its port.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (u16, Range)> {
        self.segments.iter().map(|segment| {
            let Segment {
                port, first, last, ..
            } = *segment;
            (port, Range { first, last })
        })
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
