//! The rules, one file per family. Each is a pure function from what was seen of a host to a verdict.

mod certificate;
mod credssp;
mod dns;
mod gateway;
#[cfg(test)]
mod member_tests;
mod negotiation;
mod pace;
mod stability;
mod system;
#[cfg(test)]
mod system_tests;
mod tcp;
mod tls;
mod turns;
mod validity;
mod wide;
#[cfg(test)]
mod wide_tests;
mod windows_builds;

use std::borrow::Cow;

use super::catalog::{self, Verdict};
use super::host_view::HostView;
use super::identity::ServerKind;
use super::leaves::{Leaf, leaf_of};
use crate::model::{Confidence, Finding, Outcome, Severity, Stage};

pub(super) use tls::{closes_at_once, closes_at_tls};
pub(super) use turns::replaced;

/// A rule with the id that it may fire.
type Rule = (&'static str, fn(&HostView<'_>) -> Verdict);

const FAMILIES: [&[Rule]; 13] = [
    dns::RULES,
    gateway::RULES,
    tcp::RULES,
    negotiation::RULES,
    tls::RULES,
    validity::RULES,
    certificate::RULES,
    turns::RULES,
    credssp::RULES,
    stability::RULES,
    wide::RULES,
    system::RULES,
    pace::RULES,
];

/// Tries before a failure is called the host's way, not an accident.
const TRIES: usize = 2;

/// Asks every rule.
pub(super) fn all(sight: &HostView<'_>) -> impl Iterator<Item = (&'static str, Verdict)> {
    FAMILIES
        .into_iter()
        .flatten()
        .map(|(id, rule)| (*id, rule(sight)))
}

/// A rule about one of the certificates in use at a host.
type CertificateRule = fn(&HostView<'_>, &Leaf<'_>) -> Verdict;

/// Runs a rule on every certificate in use that can be parsed.
fn per_certificate(sight: &HostView<'_>, rule: CertificateRule) -> Verdict {
    worst_of(sight, rule, |leaf| leaf.facts.unparsable.is_none())
}

/// The worst verdict of a rule on any of the certificates; of several, the evidence names it.
fn worst_of(
    sight: &HostView<'_>,
    rule: CertificateRule,
    is_meant: impl Fn(&Leaf<'_>) -> bool,
) -> Verdict {
    let weight = |verdict: &Verdict| match verdict {
        Verdict::Silent => (0, None),
        Verdict::NotEnough { .. } => (1, None),
        Verdict::Fires(finding) => (2, Some((finding.severity, finding.confidence))),
    };
    let mut worst = Verdict::Silent;
    let mut of = None;
    let mut critical = 0;
    for leaf in sight.leaves.iter().filter(|leaf| is_meant(leaf)) {
        let verdict = rule(sight, leaf);
        if matches!(&verdict, Verdict::Fires(finding) if finding.severity == Severity::Critical) {
            critical += 1;
        }
        if weight(&verdict) > weight(&worst) {
            (worst, of) = (verdict, Some(leaf));
        }
    }
    if let (Verdict::Fires(finding), Some(leaf), 2..) = (&mut worst, of, sight.leaves.len()) {
        finding.evidence.push_str(&share(sight, leaf));
        // Critical is what stops every connection, not only those to one of several members.
        if critical < sight.leaves.len() {
            finding.severity = finding.severity.min(Severity::High);
        }
    }
    worst
}

/// "; certificate srv05.corp.example, shown in 2 of 6 connections". Where the common name is not unique, by its hash.
fn share(sight: &HostView<'_>, leaf: &Leaf<'_>) -> String {
    let name = leaf.facts.common_name.as_deref().unwrap_or_default();
    let has_it = |one: &&Leaf<'_>| one.facts.common_name.as_deref() == Some(name);
    let which = if !name.is_empty() && sight.leaves.iter().filter(has_it).count() == 1 {
        name.to_owned()
    } else {
        format!("SHA-256 {}", leaf.facts.sha256.short())
    };
    let attempts = sight.history.attempts.iter();
    let all = attempts.filter_map(leaf_of).count();
    format!(
        "; certificate {which}, shown in {} of {all} connections",
        leaf.attempts.len()
    )
}

fn found(
    id: &'static str,
    confidence: Confidence,
    title: impl Into<Cow<'static, str>>,
    evidence: impl Into<String>,
) -> Finding {
    catalog::found(id, confidence, title, evidence)
}

/// What tells more than one attempt.
pub(super) const ONE_MORE: &str = "--attempts 3";
/// What tells whether a name leads here.
const LOOK_UP: &str = "a scan without --no-dns, or --dns with a server that answers";
/// What tells what a host is called and what runs on it, where NTLM was asked and told nothing.
const LOOK_AT_HOST: &str = "a look at the host itself, which told nothing over NTLM";
/// What tells it where NTLM was not asked.
const ASK_NTLM: &str = "a scan without --no-ntlm, or a look at the host itself";
/// What tells it where connections end before NTLM is asked.
const BEFORE_NTLM: &str =
    "a look at the host itself: no connection got so far that NTLM could be asked";
/// What tells it where the server wants no NLA.
const NO_NLA: &str = "a look at the host itself: without NLA there is no NTLM to ask";
/// What tells whether a certificate's time has come.
const OWN_CLOCK: &str = "the right time on this machine, and another scan";

/// What tells who a host is that has not said so: a scan that asks is advised only where this one did not, and it is not said to
/// have kept silent where it was not asked.
fn who_it_is(sight: &HostView<'_>) -> &'static str {
    let chose_nla = sight
        .negotiation()
        .is_none_or(|facts| facts.selected.uses_credssp());
    if is_asked_over_ntlm(sight) {
        LOOK_AT_HOST
    } else if !sight.ntlm_asked {
        ASK_NTLM
    } else if chose_nla || sight.tls.is_none() {
        BEFORE_NTLM
    } else {
        NO_NLA
    }
}

/// The third answer about a server that claims a Windows version which does not fit the rest of its connection.
fn contradicts_itself(sight: &HostView<'_>) -> Option<Verdict> {
    let claims = sight.ntlm.is_some_and(|ntlm| ntlm.version.is_some());
    (claims && sight.server == ServerKind::Unknown).then_some(lacking(
        "the Windows version it claims does not fit its TLS or its negotiation flags",
        "check the host directly",
    ))
}

/// Some connection got so far that the NTLM question was put.
fn is_asked_over_ntlm(sight: &HostView<'_>) -> bool {
    sight
        .history
        .attempts
        .iter()
        .any(|attempt| attempt.stage(Stage::Credssp).is_some())
}

const fn lacking(why: &'static str, get: &'static str) -> Verdict {
    Verdict::NotEnough { why, get }
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
    /// Of the remedies that the catalogue has for the finding, those that are right for the host.
    fn remedies(self, remedies: &'static [&'static str]) -> Self;
}

impl Refine for Finding {
    fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    fn remedies(mut self, remedies: &'static [&'static str]) -> Self {
        debug_assert!(
            catalog::entry(self.id)
                .is_some_and(|entry| remedies.iter().all(|one| entry.remedies.contains(one))),
            "{}: the catalogue lacks one of {remedies:?}",
            self.id
        );
        self.remedies = remedies;
        self
    }
}

/// How often something was seen, with the newest words for it: "3 of 3 attempts: reset by peer (RST) after 0 bytes".
fn seen(sight: &HostView<'_>, outcomes: &[&Outcome]) -> String {
    let words = outcomes.last().map(ToString::to_string).unwrap_or_default();
    format!(
        "{} of {} attempts: {words}",
        outcomes.len(),
        sight.counted.len()
    )
}
