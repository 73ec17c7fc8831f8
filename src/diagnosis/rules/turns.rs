//! Several certificates at one address within one scan: members of a farm in turn, or one made in place of another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::validity::dates;
use super::{Refine, Rule, found, sure};
use crate::diagnosis::catalog::Verdict;
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::leaves::leaf_of;
use crate::model::{CertificateFacts, Confidence, Digest, History, Severity};

pub(super) const RULES: &[Rule] = &[
    ("RDP-CERT-FLAPPING", flapping),
    ("RDP-CERT-CHANGED", changed),
];

/// Authorities date certificates back a little for clocks that are slow (AD CS: ten minutes), and clocks differ, in seconds.
const MADE_EARLIER_S: i64 = 900;

/// A leaf that stayed for a while, with when it was last seen.
type Turn<'a> = (&'a CertificateFacts, Timestamp);

/// The leaves that attempts showed in order, for every way in which attempts were made: by IP, or for one name.
fn shown_in_turn(history: &History) -> BTreeMap<Option<&str>, Vec<Turn<'_>>> {
    let mut ways: BTreeMap<Option<&str>, Vec<Turn<'_>>> = BTreeMap::new();
    for attempt in &history.attempts {
        let Some(leaf) = leaf_of(attempt) else {
            continue;
        };
        let turns = ways.entry(attempt.sni.as_deref()).or_default();
        match turns.last_mut() {
            Some((last, seen)) if last.sha256 == leaf.sha256 => *seen = attempt.started_at,
            _ => turns.push((leaf, attempt.started_at)),
        }
    }
    ways
}

/// One certificate took the place of another for good, and was made after the other was last seen.
fn replacement<'a>(turns: &[Turn<'a>]) -> Option<(&'a CertificateFacts, &'a CertificateFacts)> {
    let [(old, seen), (new, _)] = turns else {
        return None;
    };
    let made = new.not_before?.as_second();
    (made + MADE_EARLIER_S >= seen.as_second()).then_some((old, new))
}

/// Hashes of the certificates that were replaced: no connection showed them after their successor was first seen.
pub(in crate::diagnosis) fn replaced(history: &History) -> BTreeSet<Digest<32>> {
    // The places of the first and of the last attempt that showed a certificate.
    let mut seen: HashMap<Digest<32>, (usize, usize)> = HashMap::new();
    for (place, attempt) in history.attempts.iter().enumerate() {
        if let Some(leaf) = leaf_of(attempt) {
            seen.entry(leaf.sha256).or_insert((place, place)).1 = place;
        }
    }
    let is_gone = |old: &CertificateFacts, new: &CertificateFacts| {
        let last = seen.get(&old.sha256).map(|(_, last)| last);
        let first = seen.get(&new.sha256).map(|(first, _)| first);
        last < first
    };
    shown_in_turn(history)
        .into_values()
        .filter_map(|turns| replacement(&turns))
        .filter(|(old, new)| is_gone(old, new))
        .map(|(old, _)| old.sha256)
        .collect()
}

/// Several certificates at one address in one scan, by IP or for one name. One that was renewed meanwhile is another matter.
fn flapping(sight: &HostView<'_>) -> Verdict {
    let differ = shown_in_turn(sight.history)
        .into_values()
        .find(|turns| turns.len() > 1 && replacement(turns).is_none());
    let Some(turns) = differ else {
        return Verdict::Silent;
    };
    let prints: BTreeSet<String> = turns.iter().map(|(leaf, _)| leaf.sha256.short()).collect();
    let prints: Vec<String> = prints.into_iter().collect();
    sure(
        "RDP-CERT-FLAPPING",
        "Different certificates are shown at this address",
        format!("SHA-256 {}", prints.join(", ")),
    )
}

/// Within one scan: between scans it takes an earlier one to compare with.
fn changed(sight: &HostView<'_>) -> Verdict {
    let found_new = shown_in_turn(sight.history)
        .into_values()
        .find_map(|turns| replacement(&turns));
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
            old.sha256.short(),
            new.sha256.short(),
            dates(new)
        ),
    );
    Verdict::Fires(if worse {
        finding.severity(Severity::High).remedies(&["R4"])
    } else {
        finding.remedies(&[])
    })
}
