//! The rules, one file per family. Each is a pure function from what was seen of a host to a verdict.

mod certificate;
mod credssp;
mod dns;
mod negotiation;
mod stability;
mod tcp;
mod tls;

use super::catalog::Verdict;
use super::sight::Sight;

/// A rule with the id that it may fire.
type Rule = (&'static str, fn(&Sight<'_>) -> Verdict);

const FAMILIES: [&[Rule]; 7] = [
    dns::RULES,
    tcp::RULES,
    negotiation::RULES,
    tls::RULES,
    certificate::RULES,
    credssp::RULES,
    stability::RULES,
];

/// Asks every rule.
pub(super) fn all(sight: &Sight<'_>) -> impl Iterator<Item = (&'static str, Verdict)> {
    FAMILIES
        .into_iter()
        .flatten()
        .map(|(id, rule)| (*id, rule(sight)))
}
