//! The rules of several sites.

use jiff::SignedDuration;

use super::Verdict;
use super::sites::is_another_host;
use crate::diagnosis::FleetSurvey;
use crate::diagnosis::testing::{
    AttemptMaker, HostMaker, attempt, certificate, closed, endpoint, ntlm, silent, times, tls,
};
use crate::model::{Attempt, CertificateFacts, HostKey, NameSource, Severity, Stage};

const ID: &str = "RDP-SITE-DIFFERS";
const CERT: &str = "RDP-SITE-CERT";

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

/// Three attempts that show this certificate, of a host that gives itself this name.
fn shows(site: &str, leaf: &CertificateFacts, computer: &str) -> HostMaker {
    let mut host = times(3, || {
        let seen = attempt().shown(tls(leaf.clone()));
        seen.identified(ntlm(computer))
    });
    host.history.site = Some(site.parse().unwrap());
    host
}

fn from_both(mut hq: HostMaker, berlin: HostMaker) -> HostMaker {
    hq.history.elsewhere = vec![berlin.history];
    hq
}

fn own() -> CertificateFacts {
    certificate("srv05.corp.example")
}

/// What an inspection product shows: the same name, another key.
fn minted() -> CertificateFacts {
    CertificateFacts {
        issuer: "CN=Gate CA".into(),
        common_name: Some("srv05.corp.example".into()),
        ..certificate("minted")
    }
}

fn intercepted_at_hq() -> HostMaker {
    let hq = shows("hq", &minted(), "srv05.corp.example");
    from_both(hq, shows("berlin", &own(), "srv05.corp.example"))
}

fn is_unsure(host: &HostMaker) -> bool {
    matches!(host.verdict(CERT), Verdict::Undetermined { .. })
}

#[test]
fn another_key_from_another_site_is_told_with_both_issuers() {
    let finding = intercepted_at_hq().assert_fires(CERT);
    assert_eq!(finding.severity, Severity::Medium);
    for part in [
        "hq (srv05.corp.example) shows",
        "by CN=Gate CA",
        "berlin (srv05",
    ] {
        assert!(finding.evidence.contains(part), "{}", finding.evidence);
    }
    let same = shows("hq", &own(), "srv05.corp.example");
    from_both(same.clone(), shows("berlin", &own(), "srv05.corp.example")).assert_silent(CERT);
    same.assert_silent(CERT);
}

#[test]
fn another_server_from_another_site_is_milder() {
    let far = |host: HostMaker| host.at("203.0.113.5");
    let other = certificate("ts02.corp.example");
    let hq = far(shows("hq", &other, "ts02.corp.example"));
    let host = from_both(hq, far(shows("berlin", &own(), "srv05.corp.example")));
    let finding = host.assert_fires(CERT);
    assert_eq!(finding.severity, Severity::Low);
    assert_eq!(
        finding.title,
        "Another server answers, depending on the site"
    );
}

#[test]
fn a_farm_that_shows_several_certificates_at_one_site_is_no_difference() {
    let mut host = intercepted_at_hq();
    let member = shows("hq", &certificate("ts02.corp.example"), "ts02.corp.example");
    // In turns, so that neither looks renewed.
    host.history
        .attempts
        .insert(1, member.history.attempts[0].clone());
    host.history.attempts.extend(member.history.attempts);
    host.assert_silent(CERT);
    let mut turned = host.history.elsewhere.remove(0);
    std::mem::swap(&mut host.history, &mut turned);
    host.history.elsewhere = vec![turned];
    host.assert_silent(CERT);
}

#[test]
fn a_certificate_that_was_renewed_in_between_is_no_difference() {
    let mut host = intercepted_at_hq();
    assert!(host.fires(CERT).is_some());
    let renewed = CertificateFacts {
        not_before: Some((crate::kit::now() + SignedDuration::from_mins(5)).into()),
        ..minted()
    };
    host.history.attempts = shows("hq", &renewed, "srv05.corp.example").history.attempts;
    for attempt in &mut host.history.attempts {
        attempt.started_at += SignedDuration::from_mins(6);
    }
    assert!(is_unsure(&host));
    // Both were shown by turns, so none took the place of the other.
    host.history.attempts[0].started_at -= SignedDuration::from_mins(12);
    host.assert_fires(CERT);
}

#[test]
fn the_same_key_in_another_certificate_is_no_difference() {
    let mut host = intercepted_at_hq();
    let again = CertificateFacts {
        spki_sha256: own().spki_sha256,
        ..minted()
    };
    host.history.attempts = shows("hq", &again, "srv05.corp.example").history.attempts;
    host.assert_silent(CERT);
}

#[test]
fn certificates_that_were_seen_an_hour_apart_are_not_compared() {
    let mut host = intercepted_at_hq();
    for attempt in &mut host.history.elsewhere[0].attempts {
        attempt.started_at += SignedDuration::from_hours(1);
    }
    assert!(is_unsure(&host));
}

#[test]
fn two_branches_with_the_same_private_address_show_two_certificates() {
    let other = certificate("srv05.oslo.example");
    let hq = shows("hq", &other, "srv05.oslo.example");
    let host = from_both(hq, shows("berlin", &own(), "srv05.corp.example"));
    host.assert_silent(CERT);
    // Without a name of the machine it is neither the one nor the other.
    let mut host = host;
    for attempt in &mut host.history.attempts {
        attempt.ntlm = None;
    }
    assert!(is_unsure(&host));
}

#[test]
fn a_name_that_resolves_differently_is_told_at_its_hosts() {
    let named = |site: &str, address: &str| {
        let mut host = times(2, || attempt().through()).at(address);
        host.history.site = Some(site.parse().unwrap());
        host.named(NameSource::Target, "srv05.corp.example")
            .leads_to("srv05.corp.example", &[address])
    };
    let (berlin, hq) = (named("berlin", "10.0.0.5"), named("hq", "10.9.0.5"));
    for (host, other) in [(&berlin, &hq), (&hq, &berlin)] {
        let finding = host
            .clone()
            .among(std::slice::from_ref(other))
            .assert_fires("RDP-SITE-DNS");
        assert_eq!(
            finding.evidence,
            "srv05.corp.example resolves to 10.0.0.5 from berlin, to 10.9.0.5 from hq"
        );
    }
    berlin
        .among(&[named("hq", "10.0.0.5")])
        .assert_silent("RDP-SITE-DNS");
}
