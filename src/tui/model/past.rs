use std::sync::Arc;
use std::time::Duration;

use super::Model;
use crate::changes::Comparison;
use crate::fleet::HostId;
use crate::model::EpochId;
use crate::tui::past::{PastAnswer, PastFound, PastOfHost, PastQuestion, PastRequest};

/// The least time between two comparisons of a scan that runs.
const COMPARE: Duration = Duration::from_secs(1);
/// Of the time between them, comparing takes one part in so many.
const SHARE: u32 = 10;

/// What is known of the scans before this one.
#[derive(Debug, Default)]
pub(in crate::tui) struct Past {
    pub(in crate::tui) since: Since,
    /// The host whose page was opened last, and in which scan; what earlier scans found there.
    host: Option<(EpochId, HostId, Result<PastOfHost, String>)>,
    /// [`Fleet::facts`](crate::fleet::Fleet::facts) of the newest comparison, once they were judged.
    compared: Option<u64>,
    /// When the next one may start.
    due: Duration,
    is_awaited: bool,
}

#[derive(Debug, Default)]
pub(in crate::tui) enum Since {
    /// The answer is to come.
    #[default]
    Unknown,
    /// Why there is none.
    Nothing(String),
    Known(Box<Comparison>),
}

impl Model {
    /// The next question to the scans before, to be answered on another thread and returned as
    /// [`Action::PastFound`](crate::tui::Action::PastFound): one at a time.
    pub fn wanted_past(&mut self) -> Option<PastRequest> {
        if self.past.is_awaited {
            return None;
        }
        let scans = Arc::clone(self.past_scans.as_ref()?);
        let question = self.question_of_page().or_else(|| {
            let is_due = self.comparison_due().is_some_and(|due| due <= self.now);
            is_due.then(|| {
                let fleet = self.newest();
                let facts = (!fleet.is_busy()).then(|| fleet.facts());
                PastQuestion::Compare(Box::new(fleet.copy_of_rows()), facts)
            })
        })?;
        self.past.is_awaited = true;
        let of = match &question {
            PastQuestion::Compare(fleet, _) => fleet.id(),
            PastQuestion::Host(id, ..) => Some(*id),
        };
        Some(PastRequest {
            scans,
            of,
            question,
        })
    }

    fn question_of_page(&self) -> Option<PastQuestion> {
        let open = self.cursor().filter(|_| self.on_host_page())?;
        if self.past_of_page().is_some() {
            return None;
        }
        let (id, host) = (self.fleet.id()?, self.fleet.host(open)?);
        Some(PastQuestion::Host(id, open, Box::new(host.clone())))
    }

    /// When the next comparison is due: at once in the beginning, then from time to time while facts arrive, and at the end.
    /// A watch brings the comparison with each sweep.
    pub(super) fn comparison_due(&self) -> Option<Duration> {
        let fleet = self.newest();
        let is_known = matches!(self.past.since, Since::Nothing(_))
            || self.past.compared == Some(fleet.facts());
        let has_begun = fleet.planned_work().is_some() || !self.is_running();
        let is_asked = self.past_scans.is_some() && !self.capabilities.watch;
        let is_wanted = is_asked && has_begun && !is_known;
        (is_wanted && !self.past.is_awaited).then_some(self.past.due)
    }

    /// The open host in earlier scans; `None` until they are read.
    pub(in crate::tui) fn past_of_page(&self) -> Option<&Result<PastOfHost, String>> {
        let (of, id, past) = self.past.host.as_ref()?;
        let is_open = (Some(*of), Some(*id)) == (self.fleet.id(), self.cursor());
        is_open.then_some(past)
    }

    /// Of the sweep that is shown from now on. A question about the one before may still be open.
    pub(super) fn begin_past(&mut self, since: Comparison) {
        let since = if since.before == since.after {
            Since::Nothing("this is the first sweep: the next one shows what has changed".into())
        } else {
            Since::Known(Box::new(since))
        };
        self.past = Past {
            since,
            host: self.past.host.take(),
            is_awaited: self.past.is_awaited,
            ..Past::default()
        };
    }

    pub(in crate::tui) fn take_past(&mut self, answer: PastAnswer) {
        self.past.is_awaited = false;
        self.dirty = true;
        match answer.found {
            PastFound::Host(id, found) => {
                self.past.host = answer.of.map(|of| (of, id, found));
            }
            PastFound::Compared { .. } if answer.of != self.newest().id() => {}
            PastFound::Compared { found, facts, took } => {
                self.past.compared = facts;
                self.past.due = self.now + COMPARE.max(took * SHARE);
                self.past.since = match found {
                    Ok(comparison) => {
                        let fleet = self.live.as_mut().unwrap_or(&mut self.fleet);
                        fleet.set_changes(&comparison.of_rows());
                        Since::Known(Box::new(comparison))
                    }
                    Err(reason) => Since::Nothing(reason),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::changes::{HostRecord, PastHost, Snapshot};
    use crate::fleet::{Exceptions, Fleet, Ignored};
    use crate::kit;
    use crate::model::{EventBody, ScanEvent};
    use crate::tui::options::Sweep;
    use crate::tui::{Action, PastScans, Theme, update};

    /// No scan is kept.
    #[derive(Debug)]
    struct Nowhere;

    impl PastScans for Nowhere {
        fn compare(&self, _: &Fleet) -> Result<Comparison, String> {
            Err("no scan is kept".to_owned())
        }

        fn of_host(&self, _: EpochId, _: &HostRecord) -> Result<Vec<PastHost>, String> {
            Ok(Vec::new())
        }
    }

    fn events(epoch: u32) -> impl Iterator<Item = ScanEvent> {
        let event = move |seq, body: EventBody| {
            let event = kit::event(seq, Timestamp::UNIX_EPOCH, body);
            ScanEvent { epoch, ..event }
        };
        (0..2).map(move |seq| event(seq, kit::unresolved(&format!("gone{seq}.example"))))
    }

    fn model() -> Model {
        let mut model = Model::new(kit::judged(events(1)), Theme::default(), true);
        model.past_scans = Some(Arc::new(Nowhere));
        model.capabilities.watch = true;
        model
    }

    fn sweep(model: &Model, epoch: u32) -> Box<Sweep> {
        let mut next = model.newest().emptied();
        events(epoch).for_each(|event| next.apply(event));
        next.settle();
        Sweep::unchanged(next)
    }

    #[test]
    fn an_answer_about_the_sweep_before_is_not_that_of_the_newest() {
        let mut model = model();
        assert!(model.wanted_past().is_none(), "the sweep brings it");
        update(&mut model, Action::Open);
        let asked = model.wanted_past().unwrap();
        let second = sweep(&model, 2);
        model.show_sweep(second);
        assert!(model.wanted_past().is_none(), "one at a time");
        model.take_past(asked.answer());
        assert!(model.past_of_page().is_none());
        let again = model.wanted_past().unwrap();
        model.take_past(again.answer());
        assert!(model.past_of_page().is_some());
        assert!(model.wanted_past().is_none());

        model.past.since = Since::Nothing("no scan is kept".to_owned());
        let late = PastAnswer {
            of: model.fleet.id(),
            found: PastFound::Compared {
                found: Err("no scan is kept".to_owned()),
                facts: None,
                took: Duration::ZERO,
            },
        };
        let third = sweep(&model, 3);
        model.show_sweep(third);
        model.take_past(late);
        assert!(matches!(model.past.since, Since::Known(_)));
    }

    #[test]
    fn the_first_sweep_with_nothing_before_says_so() {
        let mut model = model();
        let first = Snapshot::of(&model.fleet).unwrap();
        let since = Comparison::new(&first, &first);
        let fleet = model.fleet.clone();
        model.show_sweep(Box::new(Sweep { fleet, since }));
        assert!(matches!(&model.past.since, Since::Nothing(why) if why.contains("first sweep")));
    }

    #[test]
    fn what_is_acknowledged_during_a_sweep_stays() {
        let mut model = model();
        let (second, third) = (sweep(&model, 2), sweep(&model, 3));
        let ignored = Ignored {
            text: "gone1".into(),
            matches: Arc::new(|_| true),
        };
        let own = Arc::new(Exceptions::new(Vec::new(), vec![ignored]));
        model.except(Arc::clone(&own));
        model.show_sweep(second);
        assert_eq!(model.fleet.rules().exceptions, own);
        // By then they were read again.
        model.show_sweep(third);
        assert_eq!(model.fleet.rules().exceptions, Arc::default());
    }
}
