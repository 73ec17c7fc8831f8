//! Several certificates at one address within one scan: members of a farm in turn, or one made in place of another.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::validity::dates;
use super::{Refine, Rule, found, sure};
use crate::diagnosis::catalog::Verdict;
use crate::diagnosis::sight::Sight;
use crate::model::{CertificateFacts, Confidence, Severity};

pub(super) const RULES: &[Rule] = &[
    ("RDP-CERT-FLAPPING", flapping),
    ("RDP-CERT-CHANGED", changed),
];

/// Authorities date certificates back a little for clocks that are slow (AD CS: ten minutes), and clocks differ, in seconds.
const MADE_EARLIER_S: i64 = 900;

/// The leaves that attempts in one way, by IP or for one name, showed in order: each as long as it stayed, with when it was
/// last seen.
fn shown_in_turn<'a>(
    sight: &Sight<'a>,
    by_name: Option<&str>,
) -> Vec<(&'a CertificateFacts, Timestamp)> {
    let mut turns: Vec<(&CertificateFacts, Timestamp)> = Vec::new();
    let attempts = sight.history.attempts.iter();
    for attempt in attempts.filter(|attempt| attempt.by_name.as_deref() == by_name) {
        let Some(leaf) = attempt.tls.as_ref().and_then(|tls| tls.leaf()) else {
            continue;
        };
        match turns.last_mut() {
            Some((last, seen)) if last.sha256 == leaf.sha256 => *seen = attempt.started_at,
            _ => turns.push((leaf.as_ref(), attempt.started_at)),
        }
    }
    turns
}

/// Every way in which attempts were made.
fn ways<'a>(sight: &Sight<'a>) -> BTreeSet<Option<&'a str>> {
    let attempts = sight.history.attempts.iter();
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

/// Several certificates at one address in one scan, by IP or for one name. One that was renewed meanwhile is another matter.
fn flapping(sight: &Sight<'_>) -> Verdict {
    let differ = ways(sight).into_iter().find_map(|way| {
        let turns = shown_in_turn(sight, way);
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
    let found_new = ways(sight)
        .into_iter()
        .find_map(|way| replacement(&shown_in_turn(sight, way)));
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
fn short(hash: &str) -> &str {
    hash.get(..16).unwrap_or(hash)
}
