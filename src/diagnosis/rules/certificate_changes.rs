//! Several certificates at one address within one scan: members of a farm in turn, or a renewal.

use std::collections::BTreeSet;

use super::certificate_dates::dates;
use super::{Family, Rule, RuleVerdict, Verdict, sure};
use crate::diagnosis::certificates::{in_sequence, replacement};
use crate::diagnosis::host_view::HostView;
use crate::model::Severity;

pub(super) const FAMILY: Family = Family {
    entries: include_str!("certificate_changes.toml"),
    rules: &[
        ("RDP-CERT-FLAPPING", Rule::Host(flapping)),
        ("RDP-CERT-CHANGED", Rule::Host(changed)),
    ],
};

/// Several certificates at one address in one scan, by IP or for one name.
fn flapping(host: &HostView<'_>) -> RuleVerdict {
    let differ = in_sequence(host.history)
        .into_values()
        .find(|sequence| sequence.len() > 1 && replacement(sequence).is_none());
    let Some(sequence) = differ else {
        return Verdict::Silent;
    };
    let prints: BTreeSet<String> = sequence
        .iter()
        .map(|(leaf, _)| leaf.sha256.short())
        .collect();
    let prints: Vec<String> = prints.into_iter().collect();
    sure(format!("SHA-256 {}", prints.join(", ")))
        .title("Different certificates are shown at this address")
}

/// Within one scan: between scans it takes an earlier one to compare with.
fn changed(host: &HostView<'_>) -> RuleVerdict {
    let found_new = in_sequence(host.history)
        .into_values()
        .find_map(|sequence| replacement(&sequence));
    let Some((old, new)) = found_new else {
        return Verdict::Silent;
    };
    let verdict = sure(format!(
        "SHA-256 {} gave way to {}, {}",
        old.sha256.short(),
        new.sha256.short(),
        dates(new)
    ));
    if !old.self_issued && new.self_issued {
        verdict
            .title("A self-signed certificate took the place of an authority's during the scan")
            .severity(Severity::High)
    } else {
        verdict
            .title("The certificate was renewed during the scan")
            .remedies(&[])
    }
}
