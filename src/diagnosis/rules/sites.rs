//! What only several sites together show.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::{
    Family, ONE_MORE, Rule, RuleVerdict, ServerCertificate, TRIES, Verdict, hint, likely, sure,
    undetermined,
};
use crate::diagnosis::certificates;
use crate::diagnosis::ending::{Ending, endings};
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::identity::normal;
use crate::model::{CertificateFacts, History, NameSource, Severity, Stage, UtcSecond};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("sites.toml"),
    rules: &[
        ("RDP-SITE-DIFFERS", Rule::Host(site_differs)),
        ("RDP-SITE-DNS", Rule::Host(name_differs)),
        ("RDP-SITE-CERT", Rule::Host(certificate_differs)),
    ],
};

/// What was seen further apart may have changed in between.
const TOGETHER: SignedDuration = SignedDuration::from_mins(15);

/// A certificate that is as new as this may have been installed between two sites' attempts; authorities date back by hours.
const NEW_S: i64 = 24 * 3600;

/// It works from one site, and fails from the one whose view this is.
fn site_differs(host: &HostView<'_>) -> RuleVerdict {
    let others = host.history.elsewhere.iter();
    let others = others.filter(|other| !is_another_host(host.history, other));
    let mut works = others.filter_map(|other| Some((other, through(other)?)));
    let Some((other, worked)) = works.next().filter(|_| !host.any_through()) else {
        return Verdict::Silent;
    };
    let failures: Vec<_> = host.failures().collect();
    let Some((_, stage, outcome)) = failures.last().filter(|_| host.history.complete) else {
        return Verdict::Silent;
    };
    if failures.len() < TRIES {
        return undetermined("it failed only once at one of the sites", ONE_MORE);
    }
    let sites = host.history.site.as_ref().zip(host.fleet);
    if *stage == Stage::Tcp && sites.is_some_and(|(site, fleet)| fleet.is_cut_off(site)) {
        return undetermined(
            "no host at all answers one of the sites, so its own network may be down",
            "check the network of the worker there, and scan again",
        );
    }
    let failed: Vec<Timestamp> = failures
        .iter()
        .map(|(counted, ..)| counted.attempt.started_at)
        .collect();
    if !are_together(&worked, &failed) {
        return AT_DIFFERENT_TIMES;
    }
    let evidence = format!(
        "works from {} ({} of {} attempts), fails from {} at {stage}: {outcome}",
        site(other),
        worked.len(),
        endings(&other.attempts)
            .filter(|end| *end != Ending::NotCounted)
            .count(),
        site(host.history),
    );
    if *stage == Stage::Tcp {
        likely(evidence)
    } else {
        sure(evidence)
    }
}

const AT_DIFFERENT_TIMES: RuleVerdict = undetermined(
    "the sites scanned it at different times",
    "scan from both sites at the same time",
);

fn are_together(some: &[Timestamp], others: &[Timestamp]) -> bool {
    let near = |one: &Timestamp, other: &Timestamp| one.duration_since(*other).abs() <= TOGETHER;
    some.iter()
        .any(|one| others.iter().any(|other| near(one, other)))
}

/// A listed name of the host has other addresses at another site.
fn name_differs(host: &HostView<'_>) -> RuleVerdict {
    let Some(fleet) = host.fleet else {
        return Verdict::Silent;
    };
    let names = host.history.names.iter();
    let names = names.filter(|observed| observed.source == NameSource::Target);
    let mut differing = names.filter_map(|observed| fleet.name_by_site(&observed.name));
    let Some(first) = differing.next() else {
        return Verdict::Silent;
    };
    let more = match differing.count() {
        0 => String::new(),
        more => format!("; {more} more of its names differ as well"),
    };
    sure(format!("{first}{more}"))
}

/// The certificate of a site, and when it was shown.
struct ShownAt<'a> {
    certificate: ServerCertificate<'a>,
    times: Vec<Timestamp>,
}

impl<'a> ShownAt<'a> {
    /// `None` where a site sees several: members of a farm.
    fn only(history: &'a History) -> Option<Self> {
        let mut all = certificates::in_use(history);
        let certificate = all.pop().filter(|_| all.is_empty())?;
        let mut times: Vec<Timestamp> = (certificate.attempts.iter())
            .map(|attempt| attempt.started_at)
            .collect();
        times.sort_unstable();
        Some(Self { certificate, times })
    }

    const fn facts(&self) -> &'a CertificateFacts {
        self.certificate.facts
    }

    /// The other one was made only when this one had been seen, and was seen after it.
    fn is_renewed_as(&self, other: &Self) -> bool {
        let is_after = self.times.last() < other.times.first();
        let made = other.facts().not_before.map(UtcSecond::as_second);
        let seen = self.times.first().map(|seen| seen.as_second());
        let is_new = made
            .zip(seen)
            .is_none_or(|(made, seen)| made > seen - NEW_S);
        is_after && is_new
    }
}

/// Every attempt from this site shows one certificate, and every attempt from another site another one.
fn certificate_differs(host: &HostView<'_>) -> RuleVerdict {
    let Some(own) = ShownAt::only(host.history) else {
        return Verdict::Silent;
    };
    let mut answer = Verdict::Silent;
    for other in &host.history.elsewhere {
        let Some(theirs) = ShownAt::only(other) else {
            continue;
        };
        let verdict = certificates_differ(host.history, &own, other, &theirs);
        if matches!(verdict, Verdict::Fires(_)) {
            return verdict;
        }
        if answer == Verdict::Silent {
            answer = verdict;
        }
    }
    answer
}

fn certificates_differ(
    here: &History,
    own: &ShownAt<'_>,
    other: &History,
    theirs: &ShownAt<'_>,
) -> RuleVerdict {
    let (mine, other_facts) = (own.facts(), theirs.facts());
    let is_same_key = mine.spki_sha256.is_some() && mine.spki_sha256 == other_facts.spki_sha256;
    if mine.sha256 == other_facts.sha256 || is_same_key || is_another_host(here, other) {
        return Verdict::Silent;
    }
    if own.times.len().min(theirs.times.len()) < TRIES {
        return undetermined("one of the sites saw its certificate only once", ONE_MORE);
    }
    if !are_together(&own.times, &theirs.times) {
        return AT_DIFFERENT_TIMES;
    }
    if own.is_renewed_as(theirs) || theirs.is_renewed_as(own) {
        return undetermined(
            "the certificate may have been renewed between the attempts of two sites",
            "scan again",
        );
    }
    let machines = machine(here).zip(machine(other));
    let is_same_machine = machines.as_ref().map(|(one, other)| one == other);
    let is_for_same_name = || {
        let names = mine.dns_names();
        (other_facts.dns_names().iter())
            .any(|name| names.iter().any(|own| own.eq_ignore_ascii_case(name)))
    };
    let is_one = is_same_machine.unwrap_or_else(is_for_same_name);
    if !is_one && is_private(here) && is_same_machine.is_none() {
        return undetermined(
            "branches may use the same private address for different hosts",
            "compare the names of the hosts there, or list them by name",
        );
    }
    let shown = |history: &History, facts: &CertificateFacts| {
        let computer = machine(history).map_or_else(String::new, |name| format!(" ({name})"));
        format!(
            "{}{computer} shows {} by {}",
            site(history),
            facts.sha256.short(),
            facts.issuer
        )
    };
    let evidence = format!("{}; {}", shown(here, mine), shown(other, other_facts));
    if is_one {
        likely(evidence)
    } else {
        hint(evidence)
            .title("Another server answers, depending on the site")
            .severity(Severity::Low)
            .remedies(&["R18"])
    }
}

fn site(history: &History) -> &str {
    let site = history.site.as_ref();
    site.map_or("another site", |site| site.as_str())
}

/// When attempts got through, if any did.
fn through(history: &History) -> Option<Vec<Timestamp>> {
    let ends = history.attempts.iter().zip(endings(&history.attempts));
    let through = ends.filter(|(_, end)| *end == Ending::Through);
    let times: Vec<Timestamp> = through.map(|(attempt, _)| attempt.started_at).collect();
    (!times.is_empty()).then_some(times)
}

/// Branches use the same private addresses: other keys and other names behind one are another host.
pub(super) fn is_another_host(one: &History, other: &History) -> bool {
    let keys = |history: &History| -> BTreeSet<_> {
        let tls = history.attempts.iter().filter_map(|one| one.tls.as_ref());
        let leaves = tls.filter_map(|tls| tls.leaf());
        leaves.filter_map(|leaf| leaf.spki_sha256).collect()
    };
    let (own, theirs) = (keys(one), keys(other));
    let keys_differ = !own.is_empty() && !theirs.is_empty() && own.is_disjoint(&theirs);
    let names_differ = machine(one)
        .zip(machine(other))
        .is_some_and(|(one, other)| one != other);
    is_private(one) && keys_differ && names_differ
}

fn is_private(history: &History) -> bool {
    let endpoint = history.key.endpoint();
    endpoint.is_some_and(|endpoint| match endpoint.address {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    })
}

/// The name that it gives itself, in normal form.
fn machine(history: &History) -> Option<String> {
    let ntlm = history.ntlm()?;
    let name = ntlm.dns_computer.as_deref().filter(|name| !name.is_empty());
    name.or(ntlm.netbios_computer.as_deref()).map(normal)
}
