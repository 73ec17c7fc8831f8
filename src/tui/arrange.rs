//! Filters, sorts and groups the rows of the table. For a large fleet this takes longer than a frame, so it runs on a copy, on a
//! blocking thread; until the rows arrive, everything acts on those shown.

use std::collections::HashMap;
use std::sync::Arc;

use super::fitting;
use crate::fleet::{Fleet, HostId, Summary};
use crate::table::{self, Filter, Group, Grouping, Overview, Sort, View};

/// What selects and orders the rows, besides the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct TableQuery {
    pub(super) view: View,
    /// On top of the view.
    pub(super) filter: Filter,
    pub(super) sort: Sort,
    pub(super) grouping: Option<Grouping>,
}

/// A copy of the fleet whose rows are to be arranged.
#[derive(Debug)]
pub struct ArrangeRequest {
    pub(super) fleet: Fleet,
    pub(super) query: TableQuery,
    pub(super) open: Option<(HostId, usize)>,
    pub(super) overview: bool,
}

impl ArrangeRequest {
    /// The rows, for [`super::Action::RowsArranged`].
    #[must_use]
    pub fn arrange(self) -> ArrangedRows {
        ArrangedRows::of(&self.fleet, self.query, self.open, self.overview)
    }
}

/// The rows of the table, and what the screens count besides, as of one revision of the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArrangedRows {
    pub(super) query: TableQuery,
    /// Hosts that pass view and filter, in the order shown, those of folded groups included.
    pub(super) hosts: Vec<HostId>,
    pub(super) groups: Vec<Group>,
    /// The place of each group by its label.
    pub(super) places: HashMap<Box<str>, usize>,
    /// Cells of the longest address of the fleet, filtered out or not.
    pub(super) longest_address: u16,
    pub(super) summary: Arc<Summary>,
    pub(super) revision: u64,
    pub(super) overview: Option<Overview>,
}

impl ArrangedRows {
    /// The host whose page is `open` keeps its place among the rows, whether it passes or not. The overview is counted only
    /// while it is shown.
    pub(super) fn of(
        fleet: &Fleet,
        query: TableQuery,
        open: Option<(HostId, usize)>,
        overview: bool,
    ) -> Self {
        let view = query.view;
        let mut hosts = table::arrange(fleet.hosts(), &query.filter, query.sort);
        if view != View::All {
            hosts.retain(|id| fleet.host(*id).is_some_and(|host| view.matches(host)));
        }
        if let Some((open, place)) = open
            && !hosts.contains(&open)
            && fleet.host(open).is_some()
        {
            hosts.insert(place.min(hosts.len()), open);
        }
        let shown = hosts.iter().filter_map(|id| Some((*id, fleet.host(*id)?)));
        let groups = query
            .grouping
            .map_or_else(Vec::new, |grouping| table::groups(shown, grouping));
        if query.grouping.is_some() {
            let members = groups.iter().flat_map(|group| group.hosts.iter().copied());
            hosts = members.collect();
        }
        let labels = groups.iter().map(|group| group.label.clone());
        let addresses = fleet.hosts().map(|(_, host)| fitting::address_cells(host));
        Self {
            query,
            hosts,
            places: labels.zip(0..).collect(),
            groups,
            longest_address: addresses.max().unwrap_or(0),
            summary: Arc::clone(fleet.summary()),
            revision: fleet.revision(),
            overview: overview.then(|| Overview::of(fleet.summary(), fleet.policy().expiring_days)),
        }
    }
}
