use jiff::Timestamp;

use crate::diagnosis::Verdict;
use crate::diagnosis::testing::{
    AttemptMaker, HostMaker, attempt, certificate, closed, digest, fleet_view, host, issued, now,
    ntlm, reset, times, tls,
};
use crate::model::{
    CertificateFacts, Confidence, Digest, HostState, NameSource, NtlmFacts, Outcome, Severity,
    Stage,
};

/// A host with a name of its own and this certificate.
fn showing(last: u8, name: &str, leaf: &CertificateFacts) -> HostMaker {
    times(1, || {
        attempt().shown(tls(leaf.clone())).identified(ntlm(name))
    })
    .at(&format!("10.0.0.{last}"))
}

fn key(leaf: CertificateFacts) -> CertificateFacts {
    CertificateFacts {
        spki_sha256: Some(Digest([0xab; 32])),
        sha256: digest(&leaf.subject),
        ..leaf
    }
}

fn cut() -> AttemptMaker {
    attempt().tls_fails(reset(0), reset(0))
}

fn cut_at(lasts: std::ops::Range<u8>) -> Vec<HostMaker> {
    lasts
        .map(|last| times(2, cut).at(&format!("10.0.0.{last}")))
        .collect()
}

#[test]
fn clones_share_a_key() {
    let renewed = |name: &str| key(certificate(name));
    let first = showing(1, "web01.corp.example", &renewed("web01.corp.example"));
    let clone = showing(2, "web02.corp.example", &renewed("template")).among(&[first]);
    let finding = clone.assert_fires("RDP-CERT-SHARED-KEY");
    assert_eq!(finding.severity, Severity::Medium);
    assert_eq!(finding.evidence, "web01, web02");
    clone.assert_not("RDP-TLS-INTERCEPTED");
}

/// An xrdp or anything else that does not say who it is: only its reverse name does.
fn mute(last: u8, name: &str, leaf: &CertificateFacts) -> HostMaker {
    let host = times(3, || attempt().shown(tls(leaf.clone()))).at(&format!("10.0.0.{last}"));
    if name.is_empty() {
        host
    } else {
        host.named(NameSource::Ptr, name)
    }
}

#[test]
fn a_forward_shows_the_certificate_of_another_host() {
    let leaf = key(certificate("srv05.corp.example"));
    let owner = || mute(5, "srv05.corp.example", &leaf);
    let forward = || mute(9, "gw01.corp.example", &leaf);
    let finding = forward()
        .among(&[owner()])
        .assert_fires("RDP-CERT-SHARED-KEY");
    assert_eq!(
        finding.evidence,
        format!(
            "SHA-256 {}, also shown at 10.0.0.5:3389 (srv05)",
            leaf.sha256.short()
        )
    );
    assert_eq!(finding.severity, Severity::Low);
    assert_eq!(
        forward().among(&[owner()]).diagnose().state,
        HostState::Healthy
    );
    let innocent = owner().among(&[forward()]);
    innocent.assert_silent("RDP-CERT-SHARED-KEY");
    assert_eq!(innocent.diagnose().state, HostState::Healthy);
}

#[test]
fn a_forward_is_one_for_an_issued_certificate_too() {
    let leaf = key(issued(&["srv05.corp.example"]));
    let owner = || mute(5, "srv05.corp.example", &leaf);
    let forward = mute(9, "gw01.corp.example", &leaf);
    let finding = forward
        .among(&[owner()])
        .assert_fires("RDP-CERT-SHARED-KEY");
    assert_eq!(finding.severity, Severity::Low);
}

#[test]
fn of_many_addresses_with_one_certificate_some_are_named_and_its_owner_first() {
    let leaf = key(certificate("srv25"));
    let all = |without: u8| -> Vec<HostMaker> {
        (20..30)
            .filter(|last| *last != without)
            .map(|last| {
                // One has no name.
                let name = if last == 21 {
                    String::new()
                } else {
                    format!("srv{last}")
                };
                mute(last, &name, &leaf)
            })
            .collect()
    };
    let one = mute(20, "srv20", &leaf).among(&all(20));
    let finding = one.assert_fires("RDP-CERT-SHARED-KEY");
    assert!(finding.title.starts_with("10 addresses"), "{finding:?}");
    assert_eq!(
        finding.evidence,
        format!(
            "SHA-256 {}, also shown at 10.0.0.25:3389 (srv25), 10.0.0.21:3389, 10.0.0.22:3389 (srv22), \
             10.0.0.23:3389 (srv23) and 5 more",
            leaf.sha256.short()
        )
    );
    mute(25, "srv25", &leaf)
        .among(&all(25))
        .assert_silent("RDP-CERT-SHARED-KEY");
}

#[test]
fn a_member_with_the_certificate_of_another_host_is_found_whenever_it_was_met() {
    let (own, other) = (key(certificate("gw01")), key(certificate("srv05")));
    let own = CertificateFacts {
        spki_sha256: Some(Digest([0xcd; 32])),
        ..own
    };
    let owner = || mute(5, "srv05", &other);
    for order in [[&own, &other], [&other, &own]] {
        let gate = host(order.map(|leaf| attempt().shown(tls(leaf.clone()))))
            .at("10.0.0.9")
            .named(NameSource::Ptr, "gw01");
        gate.among(&[owner()]).assert_fires("RDP-CERT-SHARED-KEY");
    }
}

#[test]
fn without_the_fleet_nothing_can_be_told() {
    let alone = showing(1, "web01.corp.example", &key(certificate("template")));
    for id in ["RDP-CERT-SHARED-KEY", "RDP-TLS-MIDBOX"] {
        assert!(
            matches!(alone.verdict(id), Verdict::Undetermined { .. }),
            "{id}"
        );
    }
}

#[test]
fn one_machine_at_two_addresses_shares_nothing() {
    let leaf = key(certificate("srv05.corp.example"));
    let first = showing(1, "srv05.corp.example", &leaf);
    showing(2, "srv05.corp.example", &leaf)
        .among(&[first])
        .assert_not("RDP-CERT-SHARED-KEY");
}

#[test]
fn xrdp_clones_are_told_by_their_reverse_names_only() {
    let leaf = CertificateFacts {
        extended_key_usage: None,
        ..key(certificate("buildd"))
    };
    let xrdp =
        |last: u8| times(1, || attempt().shown(tls(leaf.clone()))).at(&format!("10.0.0.{last}"));
    xrdp(2).among(&[xrdp(1)]).assert_not("RDP-CERT-SHARED-KEY");
    let first = xrdp(1).named(NameSource::Ptr, "lx01.corp.example");
    let finding = xrdp(2)
        .named(NameSource::Ptr, "lx02.corp.example")
        .among(&[first])
        .assert_fires("RDP-CERT-SHARED-KEY");
    assert_eq!(finding.remedies, ["R16"]);
}

#[test]
fn trap_14_a_wildcard_or_a_list_of_names_is_no_shared_key() {
    for names in [
        &["*.corp.example"][..],
        &["web01.corp.example", "web02.corp.example"][..],
    ] {
        let leaf = key(issued(names));
        let first = showing(1, "web01.corp.example", &leaf);
        showing(2, "web02.corp.example", &leaf)
            .among(&[first])
            .assert_not("RDP-CERT-SHARED-KEY");
    }
}

#[test]
fn a_certificate_with_more_names_than_are_kept_is_no_shared_key() {
    let leaf = CertificateFacts {
        san_omitted: 1,
        ..key(certificate("web01.corp.example"))
    };
    let first = showing(1, "web01.corp.example", &leaf);
    showing(2, "web02.corp.example", &leaf)
        .among(&[first])
        .assert_not("RDP-CERT-SHARED-KEY");
}

#[test]
fn trap_14_a_farm_name_or_a_proxy_is_no_shared_key() {
    let farm = key(issued(&["farm.corp.example"]));
    let proxy = CertificateFacts {
        extended_key_usage: None,
        ..key(certificate("proxy.corp.example"))
    };
    for leaf in [farm, proxy] {
        let first = showing(1, "web01.corp.example", &leaf);
        let second = showing(2, "web02.corp.example", &leaf).among(&[first]);
        second.assert_not("RDP-CERT-SHARED-KEY");
        second.assert_not("RDP-TLS-INTERCEPTED");
    }
}

fn forged(last: u8) -> HostMaker {
    let name = format!("web{last:02}.corp.example");
    showing(last, &name, &key(issued(&[name.as_str()])))
}

#[test]
fn one_issuer_and_one_key_for_many_names_is_interception() {
    let intercepted = forged(3).among(&[forged(1), forged(2)]);
    intercepted.assert_fires("RDP-TLS-INTERCEPTED");
    intercepted.assert_not("RDP-CERT-SHARED-KEY");
}

#[test]
fn an_enterprise_authority_with_a_key_per_host_is_no_interception() {
    let own = |last: u8| {
        let name = format!("web{last:02}.corp.example");
        showing(last, &name, &issued(&[name.as_str()]))
    };
    let fine = own(3).among(&[own(1), own(2), own(4)]);
    fine.assert_not("RDP-TLS-INTERCEPTED");
    fine.assert_not("RDP-CERT-SHARED-KEY");
}

#[test]
fn a_wildcard_is_no_interception() {
    let leaf = key(issued(&["*.corp.example"]));
    let of = |last: u8| showing(last, &format!("web{last:02}.corp.example"), &leaf);
    of(3)
        .among(&[of(1), of(2)])
        .assert_not("RDP-TLS-INTERCEPTED");
}

#[test]
fn the_same_cut_on_most_of_a_prefix_is_something_on_the_way() {
    let cut_off = times(2, cut).among(&cut_at(10..15));
    let finding = cut_off.assert_fires("RDP-TLS-MIDBOX");
    assert!(
        finding.evidence.contains("6 of 6 hosts"),
        "{}",
        finding.evidence
    );
    cut_off.assert_not("RDP-TLS-CLOSED");
    let diagnosis = cut_off.diagnose();
    assert_eq!(
        (diagnosis.state, diagnosis.failed_stage),
        (HostState::Broken, Some(Stage::Tls))
    );
    assert_eq!(diagnosis.predicted.unwrap().code, "0x904");
}

#[test]
fn few_hosts_have_faults_of_their_own() {
    let few = times(2, cut).among(&cut_at(10..13));
    few.assert_not("RDP-TLS-MIDBOX");
    few.assert_fires("RDP-TLS-CLOSED");
}

#[test]
fn a_prefix_that_mostly_works_is_not_cut_off() {
    let mut fleet = cut_at(10..15);
    fleet.extend(
        (20..26).map(|last| times(2, || attempt().through()).at(&format!("10.0.0.{last}"))),
    );
    let one = times(2, cut).among(&fleet);
    one.assert_not("RDP-TLS-MIDBOX");
    one.assert_fires("RDP-TLS-CLOSED");
}

#[test]
fn another_end_or_another_prefix_is_not_alike() {
    let fleet = cut_at(10..20);
    times(2, || attempt().tls_fails(closed(0), closed(0)))
        .among(&fleet)
        .assert_not("RDP-TLS-MIDBOX");
    times(2, cut)
        .at("10.0.1.5")
        .among(&fleet)
        .assert_not("RDP-TLS-MIDBOX");
}

/// Three answers from a host whose clock is ahead by so many seconds.
fn ahead(last: u8, seconds: i64) -> HostMaker {
    let facts = NtlmFacts {
        server_time: Some(now() + jiff::SignedDuration::from_secs(seconds)),
        ..ntlm(&format!("web{last:02}.corp.example"))
    };
    let name = format!("web{last:02}.corp.example");
    times(3, || {
        attempt()
            .shown(tls(certificate(&name)))
            .identified(facts.clone())
    })
    .at(&format!("10.0.0.{last}"))
}

#[test]
fn a_clock_is_wrong_beyond_five_minutes_and_grave_beyond_an_hour() {
    let right = [ahead(1, 0), ahead(2, 1), ahead(3, -1)];
    ahead(4, 240).among(&right).assert_not("RDP-CLOCK-SKEW");
    let wrong = ahead(4, -600).among(&right).assert_fires("RDP-CLOCK-SKEW");
    assert_eq!(wrong.severity, Severity::Medium);
    assert!(wrong.title.ends_with("10 min behind"), "{}", wrong.title);
    let grave = ahead(4, 7200).assert_fires("RDP-CLOCK-SKEW");
    assert_eq!(grave.severity, Severity::High);
}

#[test]
fn a_skew_seen_once_is_likely_and_seen_twice_it_is_sure() {
    let off = NtlmFacts {
        server_time: Some(now() + jiff::SignedDuration::from_secs(4000)),
        ..ntlm("srv05")
    };
    let seen = |count: usize| {
        times(count, || {
            attempt()
                .shown(tls(certificate("srv05")))
                .identified(off.clone())
        })
        .assert_fires("RDP-CLOCK-SKEW")
        .confidence
    };
    assert_eq!(seen(1), Confidence::Likely);
    assert_eq!(seen(2), Confidence::Sure);
}

#[test]
fn a_slow_answer_is_no_skew() {
    let slow = NtlmFacts {
        server_time: Some(now() + jiff::SignedDuration::from_secs(302)),
        clock_error_ms: 4000,
        ..ntlm("srv05")
    };
    times(2, || {
        attempt()
            .shown(tls(certificate("srv05")))
            .identified(slow.clone())
    })
    .assert_not("RDP-CLOCK-SKEW");
}

#[test]
fn trap_11_all_hosts_off_alike_is_this_machines_clock() {
    let fleet = [ahead(1, 7200), ahead(2, 7201), ahead(3, 7199), ahead(5, 0)];
    let alike = ahead(4, 7200).among(&fleet);
    alike.assert_not("RDP-CLOCK-SKEW");
    // Against the others it is this one that is wrong.
    ahead(6, 0).among(&fleet).assert_fires("RDP-CLOCK-SKEW");
    let host = fleet_view(&fleet.iter().collect::<Vec<_>>());
    let [banner] = host.banners().try_into().unwrap();
    assert!(
        banner
            .text
            .starts_with("this machine's clock is probably 2 h slow"),
        "{}",
        banner.text
    );
}

#[test]
fn one_host_that_is_off_raises_no_banner() {
    let fleet = [ahead(1, 0), ahead(2, 0), ahead(3, 7200)];
    assert_eq!(fleet_view(&fleet.iter().collect::<Vec<_>>()).banners(), []);
}

#[test]
fn trap_16_own_trouble_makes_no_fleet_wide_finding() {
    let local = || {
        attempt().tcp().x224().stage(
            Stage::Tls,
            Outcome::LocalError {
                detail: "too many open files".into(),
            },
        )
    };
    let fleet: Vec<HostMaker> = (10..20)
        .map(|last| times(2, local).at(&format!("10.0.0.{last}")))
        .collect();
    let hit = times(2, local).among(&fleet);
    hit.assert_not("RDP-TLS-MIDBOX");
    hit.assert_not("RDP-TLS-CLOSED");
}

#[test]
fn the_order_of_hosts_does_not_matter() {
    let mut fleet = cut_at(10..16);
    fleet.extend((1..5).map(forged));
    fleet.extend((30..34).map(|last| ahead(last, 900)));
    let forward = fleet_view(&fleet.iter().collect::<Vec<_>>());
    let backward = fleet_view(&fleet.iter().rev().collect::<Vec<_>>());
    assert_eq!(forward, backward);
}

/// Through, then this end ten seconds later, then through again.
fn failing_once(last: u8, end: &Outcome) -> HostMaker {
    let later = |made: AttemptMaker, seconds| {
        made.edit(|attempt| attempt.started_at += jiff::SignedDuration::from_secs(seconds))
    };
    host([
        attempt().through(),
        later(attempt().stage(Stage::Tcp, end.clone()), 10),
        later(attempt().through(), 20),
    ])
    .at(&format!("10.0.0.{last}"))
}

#[test]
fn trap_16_a_moment_in_which_everything_fails_is_ours_and_said_so() {
    let away = |end: &Outcome| -> Vec<HostMaker> {
        (10..20).map(|last| failing_once(last, end)).collect()
    };
    let fleet = away(&Outcome::Timeout { received: 0 });
    let [banner] = fleet_view(&fleet.iter().collect::<Vec<_>>())
        .banners()
        .try_into()
        .unwrap();
    assert_eq!(banner.id, "RDP-SELF-LIMIT");
    let says = "10 attempts do not count: from 2025-06-15T12:00:10Z to ";
    assert!(banner.text.starts_with(says), "{}", banner.text);
    // The servers' own word is no outage, however many of them say it.
    let told = away(&Outcome::NegotiationFailure { code: 3 });
    assert_eq!(fleet_view(&told.iter().collect::<Vec<_>>()).banners(), []);
}

#[test]
fn trap_16_no_route_to_any_host_is_ours_and_said_so() {
    let lost = |last: u8| {
        times(1, || {
            attempt().stage(Stage::Tcp, Outcome::NetworkUnreachable)
        })
        .at(&format!("10.0.0.{last}"))
    };
    let mut fleet = vec![lost(1), lost(2), lost(3)];
    let [banner] = fleet_view(&fleet.iter().collect::<Vec<_>>())
        .banners()
        .try_into()
        .unwrap();
    let says = "this machine has no route to any of 3 IPv4 hosts";
    assert!(banner.text.starts_with(says), "{}", banner.text);
    fleet.push(times(1, || attempt().through()).at("10.0.0.4"));
    assert_eq!(fleet_view(&fleet.iter().collect::<Vec<_>>()).banners(), []);
}

/// An attempt begun so many seconds into the scan, which takes a tenth of a second.
fn begun(second: i64, attempt: AttemptMaker) -> AttemptMaker {
    attempt.edit_each(|attempt| {
        attempt.started_at = Timestamp::from_second(now().as_second() + second).unwrap();
        if let Some(first) = attempt.stages.first_mut() {
            first.duration_us = 100_000;
        }
    })
}

/// Hosts that get through, all at these seconds.
fn crowd(hosts: std::ops::Range<u8>, seconds: &[i64]) -> Vec<HostMaker> {
    hosts
        .map(|last| {
            let attempts = seconds.iter().map(|at| begun(*at, attempt().through()));
            host(attempts).at(&format!("10.0.0.{last}"))
        })
        .collect()
}

/// Reset in TLS, with no other probe after it.
fn resets() -> AttemptMaker {
    attempt().tcp().x224().stage(Stage::Tls, reset(0))
}

/// A host that fails at seconds 0 and 1 and gets through at seconds 60 and 70.
fn fails_early() -> HostMaker {
    host([
        begun(0, resets()),
        begun(1, resets()),
        begun(60, attempt().through()),
        begun(70, attempt().through()),
    ])
}

#[test]
fn failures_in_busy_moments_alone_are_a_hint_of_throttling() {
    let throttled = fails_early().among(&crowd(10..40, &[0, 1, 30]));
    let finding = throttled.assert_fires("RDP-THROTTLED");
    assert_eq!(finding.confidence, Confidence::Hint);
    assert_eq!(finding.remedies, ["R14"]);
    assert_eq!(
        finding.evidence,
        "2 failures while 31 connections or more were open, none with 1 or fewer"
    );
    let predicted = throttled.diagnose().predicted.unwrap();
    assert_eq!((predicted.code, predicted.likelihood), ("0x904", 45));
}

#[test]
fn a_host_that_also_fails_singly_is_not_throttled() {
    let attempts = [
        begun(0, resets()),
        begun(1, resets()),
        begun(50, resets()),
        begun(60, attempt().through()),
    ];
    host(attempts)
        .among(&crowd(10..40, &[0, 1, 30]))
        .assert_not("RDP-THROTTLED");
}

#[test]
fn a_host_that_gets_through_in_a_busy_moment_too_is_not_throttled() {
    fails_early()
        .among(&crowd(10..40, &[0, 1, 60]))
        .assert_not("RDP-THROTTLED");
}

#[test]
fn few_connections_throttle_nobody() {
    fails_early()
        .among(&crowd(10..20, &[0, 1, 30]))
        .assert_not("RDP-THROTTLED");
}

#[test]
fn two_attempts_are_too_few_to_call_it_throttled() {
    let two = host([begun(0, resets()), begun(60, attempt().through())])
        .among(&crowd(10..40, &[0, 1, 30]));
    let told = two.verdict("RDP-THROTTLED");
    assert!(
        matches!(
            told,
            Verdict::Undetermined {
                next_step: "--attempts 3",
                ..
            }
        ),
        "{told:?}"
    );
}

#[test]
fn one_busy_failure_is_an_accident_or_one_server_of_several() {
    let once = |last: u8| {
        host([
            begun(0, resets()),
            begun(60, attempt().through()),
            begun(61, attempt().through()),
        ])
        .at(&format!("10.0.0.{last}"))
    };
    let mut others = crowd(10..40, &[0, 30]);
    others.extend([once(2), once(3)]);
    assert!(matches!(
        once(1).among(&others).verdict("RDP-THROTTLED"),
        Verdict::Undetermined { .. }
    ));
}

#[test]
fn a_port_that_accepts_nothing_in_busy_moments_alone_reaches_its_limit() {
    let silent = || attempt().stage(Stage::Tcp, Outcome::Timeout { received: 0 });
    let limited = host([
        begun(0, silent()),
        begun(1, silent()),
        begun(60, attempt().through()),
        begun(70, attempt().through()),
    ])
    .among(&crowd(10..40, &[0, 1, 30]));
    limited.assert_fires("RDP-LISTENER-LIMIT");
    limited.assert_not("RDP-THROTTLED");
}

#[test]
fn closed_ports_in_busy_moments_are_no_throttling() {
    let refused = || attempt().stage(Stage::Tcp, Outcome::Refused);
    host([
        begun(0, refused()),
        begun(1, refused()),
        begun(60, attempt().through()),
    ])
    .among(&crowd(10..40, &[0, 1, 30]))
    .assert_not("RDP-THROTTLED");
}
