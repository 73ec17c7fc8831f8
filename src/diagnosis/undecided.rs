//! The third answer beside yes and no: what cannot be told of a host yet, and what would tell.

use schemars::JsonSchema;
use serde::Serialize;

use super::catalog::Verdict;
use super::sight::Sight;
use super::{Context, in_order, rules};
use crate::model::History;

/// A finding that cannot be told yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Undecided {
    /// The finding that it may be.
    pub id: &'static str,
    /// Why it cannot be told, as a lower-case fragment.
    pub why: &'static str,
    /// What would tell: a flag of a scan, or where to look.
    pub get: &'static str,
}

/// What is advised in place of three attempts where as many were made.
const MANY_MORE: &str = "--attempts 10";
/// So many attempts are what [`rules::ONE_MORE`] asks for.
const ADVISED: usize = 3;

/// What cannot be told of a host yet, in order of the catalogue.
#[must_use]
pub fn undecided(history: &History, context: &Context<'_>) -> Vec<Undecided> {
    let history = in_order(history);
    let sight = Sight::new(&history, context);
    rules::all(&sight)
        .filter_map(|(id, verdict)| match verdict {
            Verdict::NotEnough { why, get } => Some(Undecided {
                id,
                why,
                get: if get == rules::ONE_MORE && sight.counted.len() >= ADVISED {
                    MANY_MORE
                } else {
                    get
                },
            }),
            Verdict::Fires(_) | Verdict::Silent => None,
        })
        .collect()
}

/// A line for each reason, with the findings that wait for it: "TLS-CLOSED, TLS-TIMEOUT: closed once only (--attempts 3)".
#[must_use]
pub fn undecided_lines(undecided: &[Undecided]) -> Vec<String> {
    let mut reasons: Vec<(&Undecided, Vec<&str>)> = Vec::new();
    for one in undecided {
        let id = one.id.strip_prefix("RDP-").unwrap_or(one.id);
        let known =
            |(known, _): &&mut (&Undecided, _)| (known.why, known.get) == (one.why, one.get);
        match reasons.iter_mut().find(known) {
            Some((_, ids)) => ids.push(id),
            None => reasons.push((one, vec![id])),
        }
    }
    reasons
        .into_iter()
        .map(|(one, ids)| format!("{}: {} ({})", ids.join(", "), one.why, one.get))
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
            let undecided = host.undecided();
            let mut lacking = undecided.iter();
            lacking
                .find(|one| one.id == "RDP-X224-CLOSED")
                .map(|one| one.get)
        };
        assert_eq!(get(host([at_x224(closed(0))])), Some("--attempts 3"));
        let three = host([at_x224(closed(0)), at_x224(silent()), at_x224(silent())]);
        assert_eq!(get(three), Some("--attempts 10"));
    }

    #[test]
    fn no_flag_would_tell_more_of_a_port_that_never_accepted() {
        let closed = times(1, || attempt().stage(Stage::Tcp, Outcome::Refused));
        let undecided = closed.undecided();
        assert!(
            undecided.iter().all(|one| !one.get.contains("--")),
            "{undecided:?}"
        );
    }

    #[test]
    fn findings_that_wait_for_the_same_share_a_line() {
        let of = |id, why| Undecided {
            id,
            why,
            get: "--attempts 3",
        };
        let lines = undecided_lines(&[
            of("RDP-TLS-CLOSED", "closed once only"),
            of("RDP-FLAKY", "too few attempts"),
            of("RDP-TLS-CLOSED-LATE", "closed once only"),
        ]);
        assert_eq!(
            lines,
            [
                "TLS-CLOSED, TLS-CLOSED-LATE: closed once only (--attempts 3)",
                "FLAKY: too few attempts (--attempts 3)"
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
                Verdict::NotEnough { why, get } => Some((*id, *why, *get)),
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
