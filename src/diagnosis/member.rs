use super::ending::{Ending, connected, endings};
use super::identity::Identity;
use crate::model::{History, Outcome, Stage};

/// What an endpoint shows to those whose names lead to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberSight {
    /// Whether TCP came up; `None` when nothing that counts was tried.
    pub(crate) reachable: Option<bool>,
    /// Every try ended with "no route to the network": this machine's fault as likely as the peer's.
    pub(crate) no_route: bool,
    /// Who answers.
    pub(crate) identity: Identity,
}

impl MemberSight {
    pub(crate) fn of(history: &History) -> Self {
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
            identity: Identity::of(history),
        }
    }
}
