//! What only several sites together show.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::{Family, ONE_MORE, Rule, RuleVerdict, TRIES, Verdict, likely, sure, undetermined};
use crate::diagnosis::ending::{Ending, endings};
use crate::diagnosis::host_view::HostView;
use crate::model::{History, Stage};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("sites.toml"),
    rules: &[("RDP-SITE-DIFFERS", Rule::Host(site_differs))],
};

/// What was seen further apart may have changed in between.
const TOGETHER: SignedDuration = SignedDuration::from_mins(15);

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
    let is_near = |at: &Timestamp| {
        let apart = |one: &Timestamp| one.duration_since(*at).abs() <= TOGETHER;
        worked.iter().any(apart)
    };
    if !failures
        .iter()
        .any(|(counted, ..)| is_near(&counted.attempt.started_at))
    {
        return undetermined(
            "the sites scanned it at different times",
            "scan from both sites at the same time",
        );
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
fn is_another_host(one: &History, other: &History) -> bool {
    let is_private = one
        .key
        .endpoint()
        .is_some_and(|endpoint| match endpoint.address {
            IpAddr::V4(v4) => v4.is_private(),
            IpAddr::V6(v6) => v6.is_unique_local(),
        });
    let keys = |history: &History| -> BTreeSet<_> {
        let tls = history.attempts.iter().filter_map(|one| one.tls.as_ref());
        let leaves = tls.filter_map(|tls| tls.leaf());
        leaves.filter_map(|leaf| leaf.spki_sha256).collect()
    };
    let name = |history: &History| {
        let ntlm = history.ntlm()?;
        ntlm.dns_computer
            .clone()
            .or_else(|| ntlm.netbios_computer.clone())
    };
    let (own, theirs) = (keys(one), keys(other));
    let keys_differ = !own.is_empty() && !theirs.is_empty() && own.is_disjoint(&theirs);
    let names_differ = name(one)
        .zip(name(other))
        .is_some_and(|(one, other)| one != other);
    is_private && keys_differ && names_differ
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::FleetSurvey;
    use crate::diagnosis::testing::{
        AttemptMaker, HostMaker, attempt, certificate, closed, endpoint, ntlm, silent, times, tls,
    };
    use crate::model::{Attempt, HostKey};

    const ID: &str = "RDP-SITE-DIFFERS";

    /// Works from berlin, and fails from hq in this way.
    fn fails_at_hq(make: impl Fn() -> AttemptMaker) -> HostMaker {
        let mut host = times(3, make);
        let mut berlin = times(3, || attempt().through()).history;
        host.history.site = Some("hq".parse().unwrap());
        berlin.site = Some("berlin".parse().unwrap());
        host.history.elsewhere = vec![berlin];
        host
    }

    fn silent_at_hq() -> HostMaker {
        fails_at_hq(|| attempt().stage(Stage::Tcp, silent()))
    }

    fn is_undetermined(host: &HostMaker) -> bool {
        matches!(host.verdict(ID), Verdict::Undetermined { .. })
    }

    #[test]
    fn the_evidence_names_both_sites_and_the_stage() {
        let finding = silent_at_hq().fires(ID).unwrap();
        assert_eq!(
            finding.evidence,
            "works from berlin (3 of 3 attempts), fails from hq at tcp: timed out"
        );
    }

    #[test]
    fn a_site_that_scanned_an_hour_later_shows_nothing() {
        let mut host = silent_at_hq();
        for attempt in &mut host.history.elsewhere[0].attempts {
            attempt.started_at += SignedDuration::from_hours(1);
        }
        assert!(is_undetermined(&host));
    }

    #[test]
    fn a_scan_that_was_interrupted_shows_nothing() {
        let mut host = silent_at_hq();
        host.history.complete = false;
        host.assert_not(ID);
    }

    #[test]
    fn a_worker_that_lost_its_own_network_blames_no_host() {
        let hosts: Vec<HostMaker> = (1..=4)
            .map(|last| {
                let mut host = silent_at_hq();
                let key = HostKey::Endpoint(endpoint(&format!("10.0.7.{last}")));
                host.history.key = key.clone();
                host.history.elsewhere[0].key = key;
                host
            })
            .collect();
        let view = |hosts: &[HostMaker]| {
            let mut survey = FleetSurvey::default();
            for (place, host) in hosts.iter().enumerate() {
                survey.add(place, &host.history);
            }
            survey.finish()
        };
        let mut first = hosts[0].clone();
        first.fleet = Some(view(&hosts));
        assert!(is_undetermined(&first));
        // One other host that answers there is enough.
        let mut all = hosts;
        all.push(fails_at_hq(|| {
            attempt().tcp().stage(Stage::X224, closed(0))
        }));
        first.fleet = Some(view(&all));
        first.assert_fires(ID);
    }

    #[test]
    fn two_branches_with_the_same_private_address_are_two_hosts() {
        let shows = |name: &str| {
            let facts = tls(certificate(name));
            attempt().through().shown(facts).identified(ntlm(name))
        };
        let mut host = fails_at_hq(|| attempt().stage(Stage::Tcp, silent()));
        let known = times(1, || shows("srv05.oslo.example")).history.attempts;
        let mut berlin = times(3, || shows("srv05.berlin.example")).history;
        berlin.site = Some("berlin".parse().unwrap());
        host.history.elsewhere = vec![berlin];
        host.assert_fires(ID);
        // At a stage after the certificate and the name are known.
        let failed = known.into_iter().map(|mut attempt| {
            if let Some(last) = attempt.stages.last_mut() {
                last.outcome = closed(0);
            }
            attempt
        });
        let failed: Vec<Attempt> = failed.cycle().take(3).collect();
        host.history.attempts = failed;
        assert!(is_another_host(&host.history, &host.history.elsewhere[0]));
        host.assert_not(ID);
    }
}
