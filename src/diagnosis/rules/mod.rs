//! The rules, one file per family, each with the entries of its findings in a TOML file of the same name beside it. A rule is a
//! pure function from what was seen of a host to a verdict.

mod certificate;
mod certificate_changes;
mod certificate_dates;
mod credssp;
mod dns;
mod fleet;
#[cfg(test)]
mod fleet_tests;
#[cfg(test)]
mod member_tests;
mod negotiation;
mod not_probed;
mod protocol_defaults;
mod sites;
#[cfg(test)]
mod sites_tests;
mod slow;
mod stability;
mod system;
#[cfg(test)]
mod system_tests;
mod tcp;
#[cfg(test)]
mod tcp_tests;
mod tls;
mod windows_builds;
mod x224;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::certificates::{ServerCertificate, certificate_of};
use super::finding_kind::FindingKind;
use super::host_view::HostView;
use super::identity::ServerKind;
use super::verdict::{RuleMatch, RuleVerdict, Verdict, hint, likely, matched, sure, undetermined};
use crate::model::{Finding, Outcome, Severity, Stage};

pub(super) use tls::{closes_at_once, closes_at_tls};

/// Rules with the ids of their findings, and the entries of these findings.
struct Family {
    entries: &'static str,
    rules: &'static [(&'static str, Rule)],
}

const FAMILIES: [Family; 15] = [
    dns::FAMILY,
    not_probed::FAMILY,
    tcp::FAMILY,
    x224::FAMILY,
    negotiation::FAMILY,
    tls::FAMILY,
    certificate_dates::FAMILY,
    certificate::FAMILY,
    certificate_changes::FAMILY,
    credssp::FAMILY,
    stability::FAMILY,
    fleet::FAMILY,
    system::FAMILY,
    slow::FAMILY,
    sites::FAMILY,
];

/// What a rule judges.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    Host(fn(&HostView<'_>) -> RuleVerdict),
    /// One of the certificates in use that can be parsed; the worst verdict counts.
    Certificate(CertificateRule),
    /// One of those that cannot be parsed.
    UnparsableCertificate(CertificateRule),
    /// The host and the verdicts of all other rules.
    AfterOthers(fn(&HostView<'_>, &[KindVerdict]) -> RuleVerdict),
}

type CertificateRule = fn(&HostView<'_>, &ServerCertificate<'_>) -> RuleVerdict;

pub(super) type KindVerdict = (&'static FindingKind, Verdict);

struct Catalog {
    rules: Vec<(FindingKind, Rule)>,
    /// Entries without a rule.
    notices: Vec<FindingKind>,
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let (mut rules, mut notices) = (Vec::new(), Vec::new());
    for family in FAMILIES {
        let mut entries = read(family.entries);
        for (id, rule) in family.rules {
            if let Some(entry) = entries.remove(*id) {
                rules.push((FindingKind { id, ..entry }, *rule));
            }
        }
        notices.extend(entries.into_iter().map(|(id, entry)| FindingKind {
            id: id.leak(),
            ..entry
        }));
    }
    Catalog { rules, notices }
});

#[expect(
    clippy::expect_used,
    reason = "the text is part of the program, and a test reads all of it"
)]
fn read(entries: &'static str) -> BTreeMap<String, FindingKind> {
    let mut read: BTreeMap<String, FindingKind> =
        toml::from_str(entries).expect("an embedded file of findings that can be read");
    for kind in read.values_mut() {
        for text in kind.text.iter_mut().chain([&mut kind.fires]) {
            *text = dated_facts(text);
        }
    }
    read
}

/// A text with what dated tables say in place of their names.
fn dated_facts(text: &str) -> String {
    if !text.contains('{') {
        return text.to_owned();
    }
    text.replace("{protocol_defaults}", &protocol_defaults::in_words())
        .replace("{lifetimes}", &certificate::lifetimes_in_words())
}

pub(super) fn catalog() -> &'static [(FindingKind, Rule)] {
    &CATALOG.rules
}

pub(super) fn notices() -> &'static [FindingKind] {
    &CATALOG.notices
}

/// Asks every rule, in the order of the catalogue.
pub(super) fn all(host: &HostView<'_>) -> Vec<KindVerdict> {
    let mut verdicts: Vec<KindVerdict> = Vec::with_capacity(catalog().len());
    for (kind, rule) in catalog() {
        let verdict = match *rule {
            Rule::Host(rule) => rule(host),
            Rule::Certificate(rule) => worst_of(host, kind, rule, false),
            Rule::UnparsableCertificate(rule) => worst_of(host, kind, rule, true),
            Rule::AfterOthers(_) => Verdict::Silent,
        };
        verdicts.push((kind, completed(kind, verdict)));
    }
    for (place, (kind, rule)) in catalog().iter().enumerate() {
        if let Rule::AfterOthers(rule) = rule {
            let verdict = completed(kind, rule(host, &verdicts));
            if let Some(last) = verdicts.get_mut(place) {
                last.1 = verdict;
            }
        }
    }
    verdicts
}

fn completed(kind: &'static FindingKind, verdict: RuleVerdict) -> Verdict {
    let matched = match verdict {
        Verdict::Fires(matched) => matched,
        Verdict::Silent => return Verdict::Silent,
        Verdict::Undetermined { reason, next_step } => {
            return Verdict::Undetermined { reason, next_step };
        }
    };
    let remedies = matched.remedies.unwrap_or(kind.remedies);
    debug_assert!(
        remedies.iter().all(|remedy| kind.remedies.contains(remedy)),
        "{}: the catalogue lacks one of {remedies:?}",
        kind.id
    );
    Verdict::Fires(Finding {
        id: kind.id,
        severity: matched.severity.unwrap_or(kind.severity),
        confidence: matched.confidence,
        title: matched.title.unwrap_or(kind.title.into()),
        evidence: matched.evidence,
        remedies,
        acknowledged: None,
    })
}

/// The worst verdict of a rule on any of the certificates; of several, the evidence names it.
fn worst_of(
    host: &HostView<'_>,
    kind: &FindingKind,
    rule: CertificateRule,
    unparsable: bool,
) -> RuleVerdict {
    let severity = |matched: &RuleMatch| matched.severity.unwrap_or(kind.severity);
    let weight = |verdict: &RuleVerdict| match verdict {
        Verdict::Silent => (0, None),
        Verdict::Undetermined { .. } => (1, None),
        Verdict::Fires(matched) => (2, Some((severity(matched), matched.confidence))),
    };
    let mut worst = Verdict::Silent;
    let mut of = None;
    let mut critical = 0;
    for certificate in &host.certificates {
        if certificate.facts.unparsable.is_some() != unparsable {
            continue;
        }
        let verdict = rule(host, certificate);
        if matches!(&verdict, Verdict::Fires(matched) if severity(matched) == Severity::Critical) {
            critical += 1;
        }
        if weight(&verdict) > weight(&worst) {
            (worst, of) = (verdict, Some(certificate));
        }
    }
    if let (Verdict::Fires(matched), Some(certificate), 2..) =
        (&mut worst, of, host.certificates.len())
    {
        matched.evidence.push_str(&share(host, certificate));
        // Critical is what stops every connection, not only those to one of several members.
        if critical < host.certificates.len() {
            matched.severity = Some(severity(matched).min(Severity::High));
        }
    }
    worst
}

/// "; certificate srv05.corp.example, shown in 2 of 6 connections". Where the common name is not unique, by its hash.
fn share(host: &HostView<'_>, certificate: &ServerCertificate<'_>) -> String {
    let name = certificate.facts.common_name.as_deref().unwrap_or_default();
    let has_it = |one: &&ServerCertificate<'_>| one.facts.common_name.as_deref() == Some(name);
    let which = if !name.is_empty() && host.certificates.iter().filter(has_it).count() == 1 {
        name.to_owned()
    } else {
        format!("SHA-256 {}", certificate.facts.sha256.short())
    };
    let attempts = host.history.attempts.iter();
    let all = attempts.filter_map(certificate_of).count();
    format!(
        "; certificate {which}, shown in {} of {all} connections",
        certificate.attempts.len()
    )
}

/// Tries before a failure is called the host's way, not an accident.
const TRIES: usize = 2;

/// Next step where one attempt is too few.
pub(super) const ONE_MORE: &str = "--attempts 3";
const LOOK_UP: &str = "a scan without --no-dns, or --dns with a server that answers";
/// Next step where this machine's clock is in doubt.
const OWN_CLOCK: &str = "the right time on this machine, and another scan";

/// Where to learn what a host is called and what runs on it: only a scan that did not ask over NTLM is to be repeated.
fn identity_step(host: &HostView<'_>) -> &'static str {
    let chose_nla = host
        .negotiation()
        .is_none_or(|facts| facts.selected.uses_credssp());
    if is_asked_over_ntlm(host) {
        "a look at the host itself, which told nothing over NTLM"
    } else if !host.ntlm_asked {
        "a scan without --no-ntlm, or a look at the host itself"
    } else if chose_nla || host.tls.is_none() {
        "a look at the host itself: no connection got so far that NTLM could be asked"
    } else {
        "a look at the host itself: without NLA there is no NTLM to ask"
    }
}

/// The server claims a Windows version that does not fit the rest of its connection.
fn contradictory_version(host: &HostView<'_>) -> Option<RuleVerdict> {
    let claims = host.ntlm.is_some_and(|ntlm| ntlm.version.is_some());
    (claims && host.server == ServerKind::Unknown).then_some(undetermined(
        "the Windows version it claims does not fit its TLS or its negotiation flags",
        "check the host directly",
    ))
}

fn is_asked_over_ntlm(host: &HostView<'_>) -> bool {
    let mut attempts = host.history.attempts.iter();
    attempts.any(|attempt| attempt.stage(Stage::Credssp).is_some())
}

/// Fires where all of these ended alike in at least two attempts.
fn repeated(host: &HostView<'_>, outcomes: &[&Outcome], once: &'static str) -> RuleVerdict {
    match outcomes.len() {
        0 => Verdict::Silent,
        1..TRIES => undetermined(once, ONE_MORE),
        _ => sure(seen(host, outcomes)),
    }
}

/// "3 of 3 attempts: reset by peer (RST) after 0 bytes", in the words of the newest.
fn seen(host: &HostView<'_>, outcomes: &[&Outcome]) -> String {
    let newest = outcomes.last().map(ToString::to_string).unwrap_or_default();
    format!(
        "{} of {} attempts: {newest}",
        outcomes.len(),
        host.counted.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_an_entry_and_every_other_entry_is_a_notice() {
        for family in FAMILIES {
            let entries = read(family.entries);
            for (id, _) in family.rules {
                assert!(entries.contains_key(*id), "{id}");
            }
        }
        let notices: Vec<&str> = notices().iter().map(|kind| kind.id).collect();
        assert_eq!(notices, ["RDP-SELF-LIMIT"]);
    }

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<&str> = Vec::new();
        for (kind, _) in catalog() {
            assert!(!ids.contains(&kind.id), "{}", kind.id);
            ids.push(kind.id);
        }
    }
}
