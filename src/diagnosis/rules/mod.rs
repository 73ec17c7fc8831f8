//! The rules, one file per family. Each is a pure function from what was seen of a host to a verdict.

mod certificate;
mod credssp;
mod dns;
mod negotiation;
mod pace;
mod stability;
mod system;
#[cfg(test)]
mod system_tests;
mod tcp;
mod tls;
mod wide;
#[cfg(test)]
mod wide_tests;
mod windows_builds;

use std::borrow::Cow;

use super::catalog::{self, Verdict};
use super::sight::Sight;
use crate::model::{Confidence, Finding, Outcome, Severity};

pub(super) use tls::{closes_at_once, closes_at_tls};

/// A rule with the id that it may fire.
type Rule = (&'static str, fn(&Sight<'_>) -> Verdict);

const FAMILIES: [&[Rule]; 10] = [
    dns::RULES,
    tcp::RULES,
    negotiation::RULES,
    tls::RULES,
    certificate::RULES,
    credssp::RULES,
    stability::RULES,
    wide::RULES,
    system::RULES,
    pace::RULES,
];

/// Tries before a failure is called the host's way, not an accident.
const TRIES: usize = 2;

/// Asks every rule.
pub(super) fn all(sight: &Sight<'_>) -> impl Iterator<Item = (&'static str, Verdict)> {
    FAMILIES
        .into_iter()
        .flatten()
        .map(|(id, rule)| (*id, rule(sight)))
}

fn found(
    id: &'static str,
    confidence: Confidence,
    title: impl Into<Cow<'static, str>>,
    evidence: impl Into<String>,
) -> Finding {
    catalog::found(id, confidence, title, evidence)
}

fn sure(
    id: &'static str,
    title: impl Into<Cow<'static, str>>,
    evidence: impl Into<String>,
) -> Verdict {
    Verdict::Fires(found(id, Confidence::Sure, title, evidence))
}

fn likely(
    id: &'static str,
    title: impl Into<Cow<'static, str>>,
    evidence: impl Into<String>,
) -> Verdict {
    Verdict::Fires(found(id, Confidence::Likely, title, evidence))
}

/// Refining a finding that its entry does not fully describe.
trait Refine: Sized {
    fn severity(self, severity: Severity) -> Self;
    fn remedy(self, remedy: &'static str) -> Self;
}

impl Refine for Finding {
    fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    fn remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = Some(remedy);
        self
    }
}

/// How often something was seen, with the newest words for it: "3 of 3 attempts: reset by peer (RST) after 0 bytes".
fn seen(sight: &Sight<'_>, outcomes: &[&Outcome]) -> String {
    let words = outcomes.last().map(ToString::to_string).unwrap_or_default();
    format!(
        "{} of {} attempts: {words}",
        outcomes.len(),
        sight.counted.len()
    )
}
