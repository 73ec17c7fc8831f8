use super::ending::{Ending, connected, endings};
use super::identity::Identity;
use super::in_order;
use crate::model::{History, Outcome, Stage};

/// What an endpoint shows to those whose names lead to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MemberView {
    /// Whether TCP came up; `None` when nothing that counts was tried.
    pub(crate) reachable: Option<bool>,
    /// Every try ended with "no route to the network": this machine's fault as likely as the peer's.
    pub(crate) no_route: bool,
    /// Who answers.
    pub(crate) identity: Identity,
}

impl MemberView {
    /// What an endpoint with this history shows.
    #[must_use]
    pub fn of(history: &History) -> Self {
        let history = in_order(history);
        let counts = history
            .attempts
            .iter()
            .zip(endings(&history.attempts))
            .filter(|(attempt, ending)| connected(attempt) || *ending != Ending::NotCounted)
            .map(|(attempt, _)| attempt);
        let reachable = counts
            .clone()
            .map(connected)
            .reduce(|seen, now| seen || now);
        let no_route = reachable == Some(false)
            && counts.clone().all(|attempt| {
                attempt
                    .stage(Stage::Tcp)
                    .is_some_and(|record| record.outcome == Outcome::NetworkUnreachable)
            });
        Self {
            reachable,
            no_route,
            identity: Identity::of(&history),
        }
    }
}
