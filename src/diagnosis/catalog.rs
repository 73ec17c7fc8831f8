//! The catalogue: every kind of finding, in the order of the rules.

use std::collections::HashMap;
use std::sync::LazyLock;

pub use super::finding_kind::FindingKind;
use super::rules;

static BY_ID: LazyLock<HashMap<&str, &FindingKind>> =
    LazyLock::new(|| kinds().map(|kind| (kind.id, kind)).collect());

/// Every kind of finding that a host can have.
pub fn kinds() -> impl Iterator<Item = &'static FindingKind> {
    rules::catalog().iter().map(|(kind, _)| kind)
}

/// What is about this machine: a notice over the scan, never a finding of a host.
pub(super) fn notices() -> &'static [FindingKind] {
    rules::notices()
}

#[must_use]
pub fn kind(id: &str) -> Option<&'static FindingKind> {
    BY_ID.get(id).copied()
}
