use super::{Model, Screen};
use crate::fleet::HostId;
use crate::table::Filter;
use crate::table::FilterError;
use crate::tui::arrange::{ArrangeRequest, ArrangedRows};
use crate::tui::theme::Tone;

/// Smaller fleets are arranged at once.
pub(in crate::tui) const LARGE: u64 = 4096;

impl Model {
    /// Puts a filter in force.
    ///
    /// # Errors
    /// When the text is invalid.
    pub(in crate::tui) fn set_filter(&mut self, text: &str) -> Result<(), FilterError> {
        self.table.query.filter = Filter::parse(text)?;
        text.trim().clone_into(&mut self.table.filter_text);
        self.arrange_now();
        Ok(())
    }

    /// Arranges the rows by the query, and counts the overview while it is shown; a large fleet on another thread.
    pub(in crate::tui) fn arrange(&mut self) {
        self.close_page_of_no_host();
        if self.is_large() {
            self.table.wanted = true;
            self.dirty = true;
        } else {
            self.arrange_now();
        }
    }

    /// Arranges the rows, however long it takes.
    pub(in crate::tui) fn arrange_now(&mut self) {
        self.table.wanted = false;
        let query = self.table.query.clone();
        let (open, overview) = (self.open_host_and_place(), self.on_overview());
        self.adopt(ArrangedRows::of(&self.fleet, query, open, overview));
    }

    pub(in crate::tui) fn is_large(&self) -> bool {
        self.fleet.summary().hosts >= LARGE
    }

    /// Rows to be arranged on another thread, and returned as [`Action::RowsArranged`](crate::tui::Action::RowsArranged): one
    /// request at a time, for the newest query.
    pub fn wanted(&mut self) -> Option<ArrangeRequest> {
        if !self.table.wanted || self.table.awaited {
            return None;
        }
        self.table.wanted = false;
        self.table.awaited = true;
        Some(ArrangeRequest {
            fleet: self.fleet.copy_of_rows(),
            query: self.table.query.clone(),
            open: self.open_host_and_place(),
            overview: self.on_overview(),
        })
    }

    /// Takes rows from another thread; asks again where they are outdated.
    pub(in crate::tui) fn take_arranged(&mut self, made: ArrangedRows) {
        self.table.awaited = false;
        self.close_page_of_no_host();
        let lacks_open = self
            .open_host_and_place()
            .is_some_and(|(open, _)| !made.hosts.contains(&open));
        if made.query != self.table.query || lacks_open {
            self.table.wanted = true;
        } else {
            self.adopt(made);
        }
    }

    fn adopt(&mut self, mut made: ArrangedRows) {
        if let (Screen::Overview(page), Some(overview)) = (&mut self.screen, made.overview.take()) {
            page.overview = overview;
            page.mark = page.mark.within(&page.overview);
        }
        self.table.arranged = made;
        self.table.arranged_at = self.now;
        self.relist();
    }

    /// Rebuilds the lines after rows changed, or groups were folded or unfolded.
    pub(in crate::tui) fn relist(&mut self) {
        self.table.relist(self.open_host());
        self.dirty = true;
        self.scroll_to_cursor();
    }

    pub(in crate::tui) fn scroll_to_cursor(&mut self) {
        let height = self.table_rows();
        self.table.scroll_to_cursor(height);
    }

    /// A listed name is no host any more once it resolves to addresses, nor is one that a sweep did not find: its page closes.
    fn close_page_of_no_host(&mut self) {
        if self.on_host_page() && self.host().is_none() {
            self.screen = Screen::Table;
            self.notify(
                if self.capabilities.watch {
                    "the page was closed: the newest sweep did not find this host"
                } else {
                    "the page was closed: the name resolves now, and its addresses are listed as hosts"
                },
                Tone::Notice,
            );
        }
    }

    fn open_host(&self) -> Option<HostId> {
        self.table.host().filter(|_| self.on_host_page())
    }

    fn open_host_and_place(&self) -> Option<(HostId, usize)> {
        let open = self.open_host()?;
        let place = self.rows().iter().position(|host| *host == open)?;
        Some((open, place))
    }

    fn on_overview(&self) -> bool {
        matches!(self.screen, Screen::Overview(_))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::fleet::Fleet;
    use crate::kit;
    use crate::model::ScanEvent;
    use crate::table::Field;
    use crate::tui::options::Sweep;
    use crate::tui::{Action, Theme, update};

    fn name(seq: u64) -> ScanEvent {
        let body = kit::unresolved(&format!("gone{seq:04}.example"));
        kit::event(seq, Timestamp::UNIX_EPOCH, body)
    }

    fn large() -> Model {
        let fleet = kit::judged((0..LARGE).map(name));
        Model::new(fleet, Theme::default(), true)
    }

    fn come(model: &mut Model, wanted: ArrangeRequest) {
        update(model, Action::RowsArranged(Box::new(wanted.arrange())));
    }

    #[test]
    fn the_rows_of_a_large_fleet_come_later_and_the_newest_wish_wins() {
        let mut model = large();
        let before = model.rows().to_vec();
        update(&mut model, Action::SortBy(Field::Name));
        update(&mut model, Action::SortInvert);
        assert_eq!(model.table.query.sort.column, Field::Name);
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
    fn a_host_keeps_cursor_and_page_from_sweep_to_sweep() {
        let fleet = kit::judged((0..4).map(name));
        let mut model = Model::new(fleet, Theme::default(), true);
        model.capabilities.watch = true;
        let sweep = |fleet: &Fleet, hosts: &[u64]| {
            let mut next = fleet.emptied();
            assert_eq!(next.hosts().count(), 0);
            for host in hosts {
                let mut event = name(*host);
                event.epoch = fleet.epoch() + 1;
                next.apply(event);
            }
            next.settle();
            next
        };
        update(&mut model, Action::Move(crate::tui::Move::Down));
        update(&mut model, Action::Open);
        let shown = |model: &Model| {
            let host = model.host().and_then(crate::fleet::Host::display_name);
            host.map(str::to_owned)
        };
        let before = shown(&model).unwrap();
        let second = sweep(&model.fleet, &[7, 3, 2, 1, 0]);
        model.show_sweep(Sweep::unchanged(second));
        assert_eq!(model.rows().len(), 5);
        assert_eq!(model.fleet.epoch(), 2);
        assert_eq!(shown(&model).as_ref(), Some(&before));
        assert!(model.on_host_page());
        let third = sweep(&model.fleet, &[7]);
        model.show_sweep(Sweep::unchanged(third));
        assert!(!model.on_host_page());
        assert_eq!(shown(&model).as_deref(), Some("gone0007.example"));
        assert!(model.is_running());
    }

    #[test]
    fn the_page_opened_meanwhile_keeps_its_host() {
        let mut model = large();
        model.table.filter_text = "gone0001".to_owned();
        model.table.query.filter = Filter::parse("gone0001").unwrap();
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
}
