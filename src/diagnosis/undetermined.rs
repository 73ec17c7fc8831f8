//! Findings that are neither present nor ruled out, with what would determine them.

use schemars::JsonSchema;
use serde::Serialize;

use super::host_view::HostView;
use super::verdict::Verdict;
use super::{Context, in_order, rules};
use crate::model::History;

/// A finding that is neither present nor ruled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Undetermined {
    /// The finding.
    pub id: &'static str,
    /// Why it is not determined, as a lower-case fragment.
    pub reason: &'static str,
    /// What would determine it: an option for another scan, or where to look.
    pub next_step: &'static str,
}

/// What is advised in place of three attempts where as many were made.
const MANY_MORE: &str = "--attempts 10";
/// So many attempts are what [`rules::ONE_MORE`] asks for.
const ADVISED: usize = 3;

/// The undetermined findings of a host, in order of the catalogue.
#[must_use]
pub fn undetermined(history: &History, context: &Context<'_>) -> Vec<Undetermined> {
    let history = in_order(history);
    let host = HostView::new(&history, context);
    rules::all(&host)
        .into_iter()
        .filter_map(|(kind, verdict)| match verdict {
            Verdict::Undetermined { reason, next_step } => Some(Undetermined {
                id: kind.id,
                reason,
                next_step: if next_step == rules::ONE_MORE && host.counted.len() >= ADVISED {
                    MANY_MORE
                } else {
                    next_step
                },
            }),
            Verdict::Fires(_) | Verdict::Silent => None,
        })
        .collect()
}

/// A line for each reason, with the findings that wait for it: "RDP-TLS-CLOSED, RDP-TLS-TIMEOUT: closed once only (--attempts 3)".
#[must_use]
pub fn undetermined_lines(undetermined: &[Undetermined]) -> Vec<String> {
    let mut reasons: Vec<(&Undetermined, Vec<&str>)> = Vec::new();
    for one in undetermined {
        let id = one.id;
        let known = |(known, _): &&mut (&Undetermined, _)| {
            (known.reason, known.next_step) == (one.reason, one.next_step)
        };
        match reasons.iter_mut().find(known) {
            Some((_, ids)) => ids.push(id),
            None => reasons.push((one, vec![id])),
        }
    }
    reasons
        .into_iter()
        .map(|(one, ids)| format!("{}: {} ({})", ids.join(", "), one.reason, one.next_step))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{attempt, closed, host, silent, times};
    use crate::model::{Outcome, Stage};

    #[test]
    fn more_attempts_are_advised_than_were_made() {
        let at_x224 = |outcome| attempt().tcp().stage(Stage::X224, outcome);
        let get = |host: crate::diagnosis::testing::HostMaker| {
            let undetermined = host.undetermined();
            let mut lacking = undetermined.iter();
            lacking
                .find(|one| one.id == "RDP-X224-CLOSED")
                .map(|one| one.next_step)
        };
        assert_eq!(get(host([at_x224(closed(0))])), Some("--attempts 3"));
        let three = host([at_x224(closed(0)), at_x224(silent()), at_x224(silent())]);
        assert_eq!(get(three), Some("--attempts 10"));
    }

    #[test]
    fn no_flag_would_tell_more_of_a_port_that_never_accepted() {
        let closed = times(1, || attempt().stage(Stage::Tcp, Outcome::Refused));
        let undetermined = closed.undetermined();
        assert!(
            undetermined.iter().all(|one| !one.next_step.contains("--")),
            "{undetermined:?}"
        );
    }

    #[test]
    fn findings_that_wait_for_the_same_share_a_line() {
        let of = |id, reason| Undetermined {
            id,
            reason,
            next_step: "--attempts 3",
        };
        let lines = undetermined_lines(&[
            of("RDP-TLS-CLOSED", "closed once only"),
            of("RDP-FLAKY", "too few attempts"),
            of("RDP-TLS-CLOSED-LATE", "closed once only"),
        ]);
        assert_eq!(
            lines,
            [
                "RDP-TLS-CLOSED, RDP-TLS-CLOSED-LATE: closed once only (--attempts 3)",
                "RDP-FLAKY: too few attempts (--attempts 3)"
            ]
        );
    }

    #[test]
    fn every_third_answer_says_what_would_tell() {
        let once = times(1, || attempt().tls_fails(closed(0), closed(0)));
        let verdicts = once.verdicts();
        let lacking: Vec<_> = verdicts
            .iter()
            .filter_map(|(id, verdict)| match verdict {
                Verdict::Undetermined { reason, next_step } => Some((*id, *reason, *next_step)),
                _ => None,
            })
            .collect();
        assert!(lacking.contains(&("RDP-TLS-CLOSED", "closed once only", "--attempts 3")));
        assert!(
            lacking
                .iter()
                .all(|(_, why, get)| !why.is_empty() && !get.is_empty())
        );
    }
}
