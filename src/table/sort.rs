//! Which hosts are shown, and in which order.

use std::cmp::Ordering;

use super::columns::ColumnId;
use super::filter::Filter;
use crate::fleet::Host;
use crate::model::Endpoint;

/// What a column sorts a host by. Variants do not mix within a column, but for [`SortKey::Missing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey<'a> {
    /// By number.
    Number(i64),
    /// By text, byte by byte: names are in lower case.
    Text(&'a str),
    /// By rank, then by text.
    Ranked(i64, &'a str),
    /// The host has no such thing; last in both directions, so that a table never opens on blanks.
    Missing,
}

/// By which column, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// By which column.
    pub column: ColumnId,
    /// Greatest first.
    pub inverted: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self {
            column: ColumnId::State,
            inverted: false,
        }
    }
}

/// Indices of the hosts that pass the filter, in the order wanted; equals stand by address, and names
/// without one in order of appearance.
#[must_use]
pub fn arrange(hosts: &[Host], filter: &Filter, sort: Sort) -> Vec<usize> {
    let key = sort.column.key();
    let mut scratch = String::new();
    // The endpoint stands next to the key, so that a comparison of equals does not have to fetch two hosts.
    let mut keyed: Vec<(SortKey<'_>, Option<Endpoint>, usize)> = hosts
        .iter()
        .enumerate()
        .filter(|(_, host)| filter.passes(host, &mut scratch))
        .map(|(index, host)| (key(host), host.subject().endpoint(), index))
        .collect();
    let address_inverted = sort.column == ColumnId::Address && sort.inverted;
    keyed.sort_unstable_by(|a, b| {
        compare(a.0, b.0, sort.inverted)
            // Names without an address come after all addresses.
            .then_with(|| a.1.is_none().cmp(&b.1.is_none()))
            .then_with(|| {
                if address_inverted {
                    b.1.cmp(&a.1)
                } else {
                    a.1.cmp(&b.1)
                }
            })
            .then_with(|| a.2.cmp(&b.2))
    });
    keyed.into_iter().map(|(_, _, index)| index).collect()
}

fn compare(a: SortKey<'_>, b: SortKey<'_>, inverted: bool) -> Ordering {
    match (a, b) {
        (SortKey::Missing, _) | (_, SortKey::Missing) => a.cmp(&b),
        _ if inverted => b.cmp(&a),
        _ => a.cmp(&b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_comes_last_in_both_directions() {
        for inverted in [false, true] {
            assert_eq!(
                compare(SortKey::Missing, SortKey::Number(1), inverted),
                Ordering::Greater
            );
        }
    }
}
