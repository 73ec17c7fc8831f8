//! Which hosts stand in the table, in which order and groups. For a large fleet this takes longer than a frame, so it is worked
//! out of a copy on a thread of its own; until that is there, everything acts on the rows shown.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::action::Action;
use super::fitting::Longest;
use super::model::{Model, Screen};
use crate::fleet::{Fleet, HostId, Summary};
use crate::table::{self, Filter, Group, Grouping, Overview, Sort, View};

/// Fleets with fewer hosts are arranged at once.
const LARGE: u64 = 4096;

/// What decides on the rows, besides the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) view: View,
    pub(super) filter: Filter,
    pub(super) sort: Sort,
    pub(super) grouping: Option<Grouping>,
}

/// What the screen looks at, besides rows that pass.
#[derive(Debug, Clone, Copy)]
struct Sight {
    /// The host whose page is open, and its place: it keeps its row as long as it is a host.
    open: Option<(HostId, usize)>,
    overview: bool,
}

/// Rows that are to be worked out.
#[derive(Debug)]
pub struct Wanted {
    fleet: Fleet,
    order: Order,
    sight: Sight,
}

impl Wanted {
    /// Works them out; for [`Action::Arranged`].
    #[must_use]
    pub fn arrange(self) -> Arranged {
        Arranged::of(&self.fleet, self.order, self.sight)
    }
}

/// Rows that were worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arranged {
    pub(super) order: Order,
    pub(super) hosts: Vec<HostId>,
    pub(super) groups: Vec<Group>,
    pub(super) longest: Longest,
    pub(super) summary: Arc<Summary>,
    pub(super) revision: u64,
    overview: Option<Overview>,
}

impl Arranged {
    fn of(fleet: &Fleet, order: Order, sight: Sight) -> Self {
        let view = order.view;
        let mut hosts = table::arrange(fleet.hosts(), &order.filter, order.sort);
        if view != View::All {
            let in_view = |id: &HostId| fleet.host(*id).is_some_and(|host| view.matches(host));
            hosts.retain(in_view);
        }
        if let Some((open, place)) = sight.open
            && !hosts.contains(&open)
            && fleet.host(open).is_some()
        {
            hosts.insert(place.min(hosts.len()), open);
        }
        let shown = hosts.iter().filter_map(|id| Some((*id, fleet.host(*id)?)));
        let longest = Longest::of(shown.clone().map(|(_, host)| host));
        let groups = order
            .grouping
            .map_or_else(Vec::new, |grouping| table::groups(shown, grouping));
        if order.grouping.is_some() {
            let members = groups.iter().flat_map(|group| group.hosts.iter().copied());
            hosts = members.collect();
        }
        Self {
            order,
            hosts,
            groups,
            longest,
            summary: Arc::clone(fleet.summary()),
            revision: fleet.revision(),
            overview: sight.overview.then(|| Overview::of(fleet)),
        }
    }
}

impl Model {
    /// Sorts and filters anew, and counts what the overview shows; later when the fleet is large.
    pub(super) fn arrange(&mut self) {
        self.close_page_of_no_host();
        if self.is_large() {
            self.list.wanted = true;
            self.dirty = true;
        } else {
            self.arrange_now();
        }
    }

    /// Sorts and filters anew, however long it takes.
    pub(super) fn arrange_now(&mut self) {
        self.list.wanted = false;
        let made = Arranged::of(&self.fleet, self.list.order(), self.sight());
        self.adopt(made);
    }

    /// Whether arranging takes longer than a key may wait.
    pub(super) fn is_large(&self) -> bool {
        self.fleet.summary().hosts >= LARGE
    }

    /// Rows to be worked out on another thread, and handed in as [`Action::Arranged`]: one at a time, of the newest wish.
    pub fn wanted(&mut self) -> Option<Wanted> {
        if !self.list.wanted || self.list.awaited {
            return None;
        }
        self.list.wanted = false;
        self.list.awaited = true;
        Some(Wanted {
            fleet: self.fleet.copy_of_rows(),
            order: self.list.order(),
            sight: self.sight(),
        })
    }

    /// Rows have been worked out. They are asked for again where they are not those to be shown any more.
    pub(super) fn arranged(&mut self, made: Arranged) {
        self.list.awaited = false;
        self.close_page_of_no_host();
        let lacks_open = self
            .sight()
            .open
            .is_some_and(|(open, _)| !made.hosts.contains(&open));
        if made.order != self.list.order() || lacks_open {
            self.list.wanted = true;
        } else {
            self.adopt(made);
        }
    }

    fn adopt(&mut self, mut made: Arranged) {
        let grouping = made.order.grouping;
        let regrouped = grouping.is_some() && grouping != self.list.grouped_by;
        let overview = made.overview.take();
        self.list.adopt(made, self.now, self.open_host());
        if let (Screen::Overview(page), Some(overview)) = (&mut self.screen, overview) {
            page.overview = overview;
            page.mark = page.mark.within(&page.overview);
        }
        self.dirty = true;
        self.keep_in_view();
        if regrouped {
            // The cursor's host keeps its line, which may have pushed the head of its group off the screen.
            let height = super::view::table_rows(self);
            self.list.show_head(height);
        }
    }

    /// Groups were folded or opened: the same hosts on other lines.
    pub(super) fn relist(&mut self) {
        self.list.relist(self.open_host());
        self.dirty = true;
        self.keep_in_view();
    }

    fn sight(&self) -> Sight {
        let open = self.open_host();
        let place = |open| self.list.hosts.iter().position(|host| *host == open);
        Sight {
            open: open.and_then(|open| Some((open, place(open)?))),
            overview: matches!(self.screen, Screen::Overview(_)),
        }
    }

    /// The host whose page is looked at.
    fn open_host(&self) -> Option<HostId> {
        self.list.host().filter(|_| self.on_host_page())
    }
}

/// Rows being worked out beside the screen's thread.
#[derive(Default)]
pub(super) struct Arranging {
    task: Option<JoinHandle<Arranged>>,
}

impl Arranging {
    pub(super) const fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    /// Begins with what the model wants, if it wants anything and nothing is under way.
    pub(super) fn begin(&mut self, model: &mut Model) {
        if let Some(wanted) = model.wanted() {
            self.task = Some(tokio::task::spawn_blocking(|| wanted.arrange()));
        }
    }

    /// Completes with the rows; never when none are being worked out.
    pub(super) async fn done(&mut self) -> Action {
        let Some(task) = &mut self.task else {
            return std::future::pending().await;
        };
        let joined = task.await;
        self.task = None;
        match joined {
            Ok(made) => Action::Arranged(Box::new(made)),
            // As in `Writing`: there is no screen to go on with.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Action::Told(Err("sorting was cut short".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::diagnosis::Policy;
    use crate::kit;
    use crate::model::ScanEvent;
    use crate::table::Field;
    use crate::tui::{Theme, update};

    fn name(seq: u64) -> ScanEvent {
        let body = kit::unresolved(&format!("gone{seq:04}.example"));
        kit::event(seq, Timestamp::UNIX_EPOCH, body)
    }

    fn large() -> Model {
        let fleet = Fleet::of_events((0..LARGE).map(name), Policy::default());
        Model::new(fleet, Theme::default(), true)
    }

    fn come(model: &mut Model, wanted: Wanted) {
        update(model, Action::Arranged(Box::new(wanted.arrange())));
    }

    #[test]
    fn the_rows_of_a_large_fleet_come_later_and_the_newest_wish_wins() {
        let mut model = large();
        let before = model.rows().to_vec();
        update(&mut model, Action::SortBy(Field::Name));
        update(&mut model, Action::SortInvert);
        assert_eq!(model.list.sort.column, Field::Name);
        assert_eq!(
            model.rows(),
            before,
            "the mark is new, and the rows are not"
        );
        let wanted = model.wanted().unwrap();
        assert!(model.wanted().is_none(), "one at a time");

        update(&mut model, Action::SortInvert);
        come(&mut model, wanted);
        assert_eq!(model.rows(), before, "these are wanted no more");
        let wanted = model.wanted().unwrap();
        come(&mut model, wanted);
        let mut sorted = model.rows().to_vec();
        assert_eq!(model.cursor(), sorted.first().copied());

        update(&mut model, Action::SortInvert);
        let wanted = model.wanted().unwrap();
        come(&mut model, wanted);
        sorted.reverse();
        assert!(model.rows() == sorted);
        assert!(model.wanted().is_none());
    }

    #[test]
    fn facts_of_a_large_fleet_wait_for_the_rows_under_way() {
        let mut model = large();
        let second = |second| Action::Tick(Duration::from_secs(second));
        update(&mut model, Action::Events(vec![name(LARGE)]));
        update(&mut model, second(1));
        let wanted = model.wanted().unwrap();
        update(&mut model, Action::Events(vec![name(LARGE + 1)]));
        update(&mut model, second(2));
        assert!(model.wake_at().is_none(), "the rows wake the loop");
        assert!(model.wanted().is_none());
        come(&mut model, wanted);
        assert_eq!(model.rows().len() as u64, LARGE + 1);
        update(&mut model, second(3));
        let wanted = model.wanted().unwrap();
        come(&mut model, wanted);
        assert_eq!(model.rows().len() as u64, LARGE + 2);
    }

    #[test]
    fn the_page_opened_meanwhile_keeps_its_host() {
        let mut model = large();
        model.list.filter_text = "gone0001".to_owned();
        model.list.filter = Filter::parse("gone0001").unwrap();
        model.arrange();
        let wanted = model.wanted().unwrap();
        let open = model.cursor();
        update(&mut model, Action::Open);
        come(&mut model, wanted);
        assert_eq!(model.cursor(), open);
        let wanted = model.wanted().unwrap();
        come(&mut model, wanted);
        assert_eq!(model.cursor(), open);
        assert_eq!(
            model.rows().len(),
            2,
            "the one that passes, and the one of the page"
        );
    }

    #[tokio::test]
    async fn rows_are_worked_out_beside_the_loop() {
        let mut model = large();
        update(&mut model, Action::SortBy(Field::Address));
        let mut arranging = Arranging::default();
        arranging.begin(&mut model);
        assert!(arranging.is_busy());
        let action = arranging.done().await;
        assert!(matches!(&action, Action::Arranged(made) if made.hosts.len() as u64 == LARGE));
        assert!(!arranging.is_busy());
    }
}
