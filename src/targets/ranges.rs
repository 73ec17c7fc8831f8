use std::net::{IpAddr, Ipv6Addr};

/// The number of an address in one space for both families: IPv4 at its mapped address (`::ffff:0:0/96`, RFC 4291 section
/// 2.5.5.2), so that a mapped address is the same host as the plain one.
pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

pub(super) fn address(number: u128) -> IpAddr {
    Ipv6Addr::from_bits(number).to_canonical()
}

/// The numbers from `first` to `last`, both included.
///
/// INVARIANT: `first <= last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Range {
    pub(super) first: u128,
    pub(super) last: u128,
}

impl Range {
    pub(super) const IPV4: Self = Self {
        first: 0xFFFF_0000_0000,
        last: 0xFFFF_FFFF_FFFF,
    };

    pub(super) fn new(one: u128, other: u128) -> Self {
        Self {
            first: one.min(other),
            last: one.max(other),
        }
    }

    pub(super) fn contains(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// How many numbers, saturating.
    pub(super) fn count(self) -> u128 {
        (self.last - self.first).saturating_add(1)
    }

    /// The parts of this range below and above `other`.
    fn without(self, other: Self) -> (Option<Self>, Option<Self>) {
        let below = other.first.checked_sub(1).map(|end| end.min(self.last));
        let above = other.last.checked_add(1).map(|start| start.max(self.first));
        (
            below
                .filter(|end| *end >= self.first)
                .map(|last| Self { last, ..self }),
            above
                .filter(|start| *start <= self.last)
                .map(|first| Self { first, ..self }),
        )
    }
}

/// INVARIANT: the ranges are sorted, disjoint and not adjacent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RangeSet(Vec<Range>);

impl RangeSet {
    pub(super) fn of(mut ranges: Vec<Range>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<Range> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(open) if range.first <= open.last.saturating_add(1) => {
                    open.last = open.last.max(range.last);
                }
                _ => merged.push(range),
            }
        }
        merged.shrink_to_fit();
        Self(merged)
    }

    pub(super) fn without(&self, excluded: &Self) -> Self {
        let mut left = Vec::with_capacity(self.0.len());
        let mut cuts = excluded.0.iter().copied().peekable();
        for range in &self.0 {
            let mut rest = Some(*range);
            while let (Some(open), Some(cut)) = (rest, cuts.peek().copied()) {
                if cut.first > open.last {
                    break;
                }
                let (below, above) = open.without(cut);
                if cut.last < open.first {
                    cuts.next();
                    continue;
                }
                left.extend(below);
                rest = above;
                // A cut that extends beyond this range also applies to the next one.
                if above.is_some() {
                    cuts.next();
                }
            }
            left.extend(rest);
        }
        Self(left)
    }

    pub(super) fn contains(&self, number: u128) -> bool {
        let after = self.0.partition_point(|range| range.first <= number);
        after
            .checked_sub(1)
            .and_then(|at| self.0.get(at))
            .is_some_and(|range| number <= range.last)
    }

    pub(super) fn ranges(&self) -> &[Range] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many numbers, saturating.
    pub(super) fn count(&self) -> u64 {
        self.0.iter().fold(0, |sum: u64, range| {
            sum.saturating_add(u64::try_from(range.count()).unwrap_or(u64::MAX))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(ranges: &[(u128, u128)]) -> RangeSet {
        RangeSet::of(
            ranges
                .iter()
                .map(|(one, other)| Range::new(*one, *other))
                .collect(),
        )
    }

    fn naive(ranges: &[(u128, u128)]) -> BTreeSet<u128> {
        ranges
            .iter()
            .flat_map(|(one, other)| *one.min(other)..=*one.max(other))
            .collect()
    }

    #[test]
    fn both_ends_of_the_line_are_safe() {
        let all = set(&[(0, u128::MAX)]);
        assert!(all.without(&all).is_empty());
        let inner = all.without(&set(&[(0, 0), (u128::MAX, u128::MAX)]));
        assert_eq!(inner, set(&[(1, u128::MAX - 1)]));
        assert_eq!(all.count(), u64::MAX);
    }

    #[test]
    fn a_mapped_address_is_the_plain_one() {
        let mapped: IpAddr = "::ffff:10.0.0.5".parse().unwrap();
        let plain: IpAddr = "10.0.0.5".parse().unwrap();
        assert_eq!(number(mapped), number(plain));
        assert_eq!(address(number(mapped)), plain);
    }

    proptest! {
        #[test]
        fn a_difference_holds_what_a_naive_set_holds(
            wanted in prop::collection::vec((0u128..60, 0u128..60), 0..8),
            excluded in prop::collection::vec((0u128..60, 0u128..60), 0..8),
        ) {
            let found = set(&wanted).without(&set(&excluded));
            let expected: BTreeSet<_> = &naive(&wanted) - &naive(&excluded);
            prop_assert_eq!((0..61).filter(|n| found.contains(*n)).collect::<BTreeSet<_>>(), expected.clone());
            prop_assert_eq!(found.count(), expected.len() as u64);
            prop_assert_eq!(RangeSet::of(found.ranges().to_vec()), found);
        }
    }
}
