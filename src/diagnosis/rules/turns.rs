//! Several certificates at one address within one scan: members of a farm in turn, or one made in place of another.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::validity::dates;
use super::{Refine, Rule, found, sure};
use crate::diagnosis::catalog::Verdict;
use crate::diagnosis::leaves::leaf_of;
use crate::diagnosis::sight::Sight;
use crate::model::{Attempt, CertificateFacts, Confidence, History, Severity};

pub(super) const RULES: &[Rule] = &[
    ("RDP-CERT-FLAPPING", flapping),
    ("RDP-CERT-CHANGED", changed),
];

/// Authorities date certificates back a little for clocks that are slow (AD CS: ten minutes), and clocks differ, in seconds.
const MADE_EARLIER_S: i64 = 900;

/// The leaves that attempts in one way, by IP or for one name, showed in order: each as long as it stayed, with when it was
/// last seen.
fn shown_in_turn<'a>(
    history: &'a History,
    by_name: Option<&str>,
) -> Vec<(&'a CertificateFacts, Timestamp)> {
    let mut turns: Vec<(&CertificateFacts, Timestamp)> = Vec::new();
    let attempts = history.attempts.iter();
    for attempt in attempts.filter(|attempt| attempt.by_name.as_deref() == by_name) {
        let Some(leaf) = leaf_of(attempt) else {
            continue;
        };
        match turns.last_mut() {
            Some((last, seen)) if last.sha256 == leaf.sha256 => *seen = attempt.started_at,
            _ => turns.push((leaf, attempt.started_at)),
        }
    }
    turns
}

/// Every way in which attempts were made.
fn ways(history: &History) -> BTreeSet<Option<&str>> {
    let attempts = history.attempts.iter();
    attempts.map(|attempt| attempt.by_name.as_deref()).collect()
}

/// One certificate took the place of another for good, and was made after the other was last seen.
fn replacement<'a>(
    turns: &[(&'a CertificateFacts, Timestamp)],
) -> Option<(&'a CertificateFacts, &'a CertificateFacts)> {
    let [(old, seen), (new, _)] = turns else {
        return None;
    };
    let made = new.not_before?.as_second();
    (made + MADE_EARLIER_S >= seen.as_second()).then_some((old, new))
}

/// Hashes of the certificates that were replaced: no connection showed them after their successor was first seen.
pub(in crate::diagnosis) fn replaced(history: &History) -> BTreeSet<&str> {
    ways(history)
        .into_iter()
        .filter_map(|way| replacement(&shown_in_turn(history, way)))
        .filter(|(old, new)| {
            let shows = |attempt: &Attempt, leaf: &CertificateFacts| {
                leaf_of(attempt).is_some_and(|shown| shown.sha256 == leaf.sha256)
            };
            let mut since = history
                .attempts
                .iter()
                .skip_while(|attempt| !shows(attempt, new));
            !since.any(|attempt| shows(attempt, old))
        })
        .map(|(old, _)| &*old.sha256)
        .collect()
}

/// Several certificates at one address in one scan, by IP or for one name. One that was renewed meanwhile is another matter.
fn flapping(sight: &Sight<'_>) -> Verdict {
    let differ = ways(sight.history).into_iter().find_map(|way| {
        let turns = shown_in_turn(sight.history, way);
        (turns.len() > 1 && replacement(&turns).is_none()).then_some(turns)
    });
    let Some(turns) = differ else {
        return Verdict::Silent;
    };
    let prints: BTreeSet<&str> = turns.iter().map(|(leaf, _)| short(&leaf.sha256)).collect();
    let prints: Vec<&str> = prints.into_iter().collect();
    sure(
        "RDP-CERT-FLAPPING",
        "Different certificates are shown at this address",
        format!("SHA-256 {}", prints.join(", ")),
    )
}

/// Within one scan: between scans it takes an earlier one to compare with.
fn changed(sight: &Sight<'_>) -> Verdict {
    let found_new = ways(sight.history)
        .into_iter()
        .find_map(|way| replacement(&shown_in_turn(sight.history, way)));
    let Some((old, new)) = found_new else {
        return Verdict::Silent;
    };
    let worse = !old.self_issued && new.self_issued;
    let finding = found(
        "RDP-CERT-CHANGED",
        Confidence::Sure,
        if worse {
            "A self-signed certificate took the place of an authority's during the scan"
        } else {
            "The certificate was renewed during the scan"
        },
        format!(
            "SHA-256 {} gave way to {}, {}",
            short(&old.sha256),
            short(&new.sha256),
            dates(new)
        ),
    );
    Verdict::Fires(if worse {
        finding.severity(Severity::High).remedies(&["R4"])
    } else {
        finding.remedies(&[])
    })
}

/// The beginning of a hash: enough to tell two apart.
pub(in crate::diagnosis) fn short(hash: &str) -> &str {
    hash.get(..16).unwrap_or(hash)
}
