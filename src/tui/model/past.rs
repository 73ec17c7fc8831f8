use std::sync::Arc;
use std::time::Duration;

use super::Model;
use crate::changes::{Comparison, PastHost};
use crate::fleet::HostId;
use crate::tui::past::{PastAnswer, PastQuestion, PastRequest};

/// The least time between two comparisons of a scan that runs.
const COMPARE: Duration = Duration::from_secs(1);
/// Of the time between them, comparing takes one part in so many.
const SHARE: u32 = 10;

/// What is known of the scans before this one.
#[derive(Debug, Default)]
pub(in crate::tui) struct Past {
    pub(in crate::tui) since: Since,
    /// The host whose page was opened last, in earlier scans; oldest first.
    host: Option<(HostId, Result<Vec<PastHost>, String>)>,
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
        let scans = Arc::clone(self.past_scans.as_ref()?);
        let question = self.question_of_page().or_else(|| {
            let is_due = self.comparison_due().is_some_and(|due| due <= self.now);
            is_due.then(|| {
                let fleet = self.newest();
                let facts = (!fleet.is_busy()).then(|| fleet.facts());
                PastQuestion::Compare(Box::new(fleet.copy_of_rows()), facts)
            })
        });
        let question = question.filter(|_| !self.past.is_awaited)?;
        self.past.is_awaited = true;
        Some(PastRequest { scans, question })
    }

    fn question_of_page(&self) -> Option<PastQuestion> {
        let open = self.cursor().filter(|_| self.on_host_page())?;
        let known = self.past.host.as_ref();
        if known.is_some_and(|(id, _)| *id == open) {
            return None;
        }
        let (id, host) = (self.fleet.id()?, self.fleet.host(open)?);
        Some(PastQuestion::Host(id, open, Box::new(host.clone())))
    }

    /// When the next comparison is due: at once in the beginning, then from time to time while facts arrive, and at the end.
    pub(super) fn comparison_due(&self) -> Option<Duration> {
        let fleet = self.newest();
        let is_known = matches!(self.past.since, Since::Nothing(_))
            || self.past.compared == Some(fleet.facts());
        let has_begun = fleet.planned_work().is_some() || !self.is_running();
        let is_wanted = self.past_scans.is_some() && has_begun && !is_known;
        (is_wanted && !self.past.is_awaited).then_some(self.past.due)
    }

    /// The open host in earlier scans; `None` until they are read.
    pub(in crate::tui) fn past_of_page(&self) -> Option<&Result<Vec<PastHost>, String>> {
        let (id, past) = self.past.host.as_ref()?;
        (Some(*id) == self.cursor()).then_some(past)
    }

    pub(in crate::tui) fn take_past(&mut self, answer: PastAnswer) {
        self.past.is_awaited = false;
        self.dirty = true;
        match answer {
            PastAnswer::Host(id, found) => self.past.host = Some((id, found)),
            PastAnswer::Compared { found, facts, took } => {
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
