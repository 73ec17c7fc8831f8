use jiff::SignedDuration;

use super::*;
use crate::diagnosis::testing::{
    AttemptMaker, HostMaker, attempt, closed, corporate, days, host, now, ntlm, own, showing,
    times, tls,
};
use crate::model::{CertificateStatus, HostState, NtlmFacts, TlsFacts, TlsHandshake};

fn ending(leaf: CertificateFacts, in_days: i64) -> CertificateFacts {
    CertificateFacts {
        not_before: Some(days(in_days - 180).into()),
        not_after: Some(days(in_days).into()),
        ..leaf
    }
}

#[test]
fn trap_5_expired_with_working_tls_is_a_warning_not_0x904() {
    let diagnosis = times(3, || attempt().shown(tls(ending(own(), -20)))).diagnose();
    assert_eq!(diagnosis.state, HostState::Degraded);
    assert_eq!(diagnosis.days_left, Some(-20));
    assert_eq!(diagnosis.predicted.unwrap().code, "0x1B07");
}

#[test]
fn an_expired_self_signed_certificate_wants_r1_and_an_issued_one_r4() {
    let remedy = |leaf| {
        showing(ending(leaf, -1))
            .assert_fires("RDP-CERT-EXPIRED")
            .remedies
    };
    assert_eq!(remedy(own()), ["R1"]);
    assert_eq!(remedy(corporate()), ["R4"]);
}

#[test]
fn an_implausible_clock_judges_no_dates() {
    let mut past = showing(ending(own(), -20_000));
    past.now = days(-10_000);
    assert!(matches!(
        past.verdict("RDP-CERT-EXPIRED"),
        Verdict::Undetermined { .. }
    ));
}

#[test]
fn a_clock_that_explains_the_expiry_is_told() {
    let behind = NtlmFacts {
        server_time: Some(days(-30)),
        ..ntlm("srv05.corp.example")
    };
    let skewed = host([attempt().shown(tls(ending(own(), -20))).identified(behind)]);
    assert_eq!(
        skewed.assert_fires("RDP-CERT-EXPIRED").confidence,
        Confidence::Likely
    );
}

#[test]
fn expired_and_cut_off_in_every_handshake_is_critical() {
    let broken = times(2, || cut_after(ending(own(), -20)));
    assert_eq!(
        broken.assert_fires("RDP-CERT-EXPIRED-BROKEN").severity,
        Severity::Critical
    );
    showing(ending(own(), -20)).assert_not("RDP-CERT-EXPIRED-BROKEN");
}

#[test]
fn a_key_that_completed_a_handshake_works() {
    let some_closed = host([
        attempt().shown(tls(ending(own(), -20))),
        attempt().tls_fails(closed(0), closed(0)),
        attempt().shown(tls(ending(own(), -20))),
    ]);
    some_closed.assert_not("RDP-CERT-EXPIRED-BROKEN");
    let worst = some_closed.diagnose().findings[0].severity;
    assert!(worst < Severity::Critical);
}

#[test]
fn renewal_is_stuck_only_on_windows_own_certificate_after_two_days() {
    showing(ending(own(), -20)).assert_fires("RDP-CERT-RENEWAL-STUCK");
    showing(ending(own(), -2)).assert_not("RDP-CERT-RENEWAL-STUCK");
    showing(ending(corporate(), -20)).assert_not("RDP-CERT-RENEWAL-STUCK");
    let xrdp = CertificateFacts {
        extended_key_usage: None,
        ..ending(own(), -20)
    };
    showing(xrdp).assert_not("RDP-CERT-RENEWAL-STUCK");
}

#[test]
fn trap_7_windows_own_certificate_with_20_days_left_raises_no_alarm() {
    let finding = showing(ending(own(), 20)).assert_fires("RDP-CERT-EXPIRING");
    assert_eq!(finding.severity, Severity::Info);
}

#[test]
fn windows_own_certificate_with_3_days_left_does() {
    let finding = showing(ending(own(), 3)).assert_fires("RDP-CERT-EXPIRING");
    assert_eq!(finding.severity, Severity::Medium);
}

#[test]
fn one_day_is_no_plural() {
    for (left, title) in [
        (1, "The certificate expires in 1 day"),
        (2, "The certificate expires in 2 days"),
    ] {
        let finding = showing(ending(corporate(), left)).assert_fires("RDP-CERT-EXPIRING");
        assert_eq!(finding.title, title);
    }
}

#[test]
fn an_issued_certificate_is_low_then_medium() {
    let severity = |left| {
        showing(ending(corporate(), left))
            .assert_fires("RDP-CERT-EXPIRING")
            .severity
    };
    assert_eq!(severity(30), Severity::Low);
    assert_eq!(severity(7), Severity::Medium);
    showing(ending(corporate(), 31)).assert_not("RDP-CERT-EXPIRING");
}

#[test]
fn the_future_has_a_tolerance_of_five_minutes() {
    let starting = |seconds: i64| CertificateFacts {
        not_before: Some(UtcSecond::from_second(now().as_second() + seconds)),
        ..own()
    };
    showing(starting(301)).assert_fires("RDP-CERT-NOT-YET-VALID");
    showing(starting(300)).assert_not("RDP-CERT-NOT-YET-VALID");
}

/// The time that a host tells, this much after this machine's.
fn telling(days_ahead: i64) -> NtlmFacts {
    NtlmFacts {
        server_time: Some(days(days_ahead)),
        ..ntlm("srv05.corp.example")
    }
}

/// Judged among hosts whose clocks, like its own, are this much ahead of this machine's.
fn among_hosts_ahead(leaf: &CertificateFacts, days_ahead: i64) -> HostMaker {
    let made = || {
        attempt()
            .shown(tls(leaf.clone()))
            .identified(telling(days_ahead))
    };
    let fleet: Vec<HostMaker> = (20..25)
        .map(|last| host([made()]).at(&format!("10.0.0.{last}")))
        .collect();
    times(3, made).among(&fleet)
}

/// The certificate was read, and then the handshake was cut.
fn cut_after(leaf: CertificateFacts) -> AttemptMaker {
    let read = TlsFacts {
        handshake: TlsHandshake::Failed,
        ..tls(leaf)
    };
    attempt()
        .tls_fails(closed(900), closed(900))
        .edit(|attempt| attempt.tls = Some(read.into()))
}

fn assert_untold(host: &HostMaker, id: &str) {
    let verdict = host.verdict(id);
    assert!(
        matches!(verdict, Verdict::Undetermined { .. }),
        "{id}: {verdict:?}"
    );
}

#[test]
fn a_fast_clock_of_this_machine_makes_no_certificate_expired() {
    let host = among_hosts_ahead(&ending(own(), -20), -365);
    for id in ["RDP-CERT-EXPIRED", "RDP-CERT-RENEWAL-STUCK"] {
        assert_untold(&host, id);
    }
}

#[test]
fn an_implausible_clock_breaks_no_certificate() {
    let mut past = times(2, || cut_after(ending(own(), -20_000)));
    past.now = days(-10_000);
    assert_untold(&past, "RDP-CERT-EXPIRED-BROKEN");
    let mut past = among_hosts_ahead(&ending(own(), -20_000), 0);
    past.now = days(-10_000);
    assert_untold(&past, "RDP-CERT-RENEWAL-STUCK");
}

#[test]
fn a_slow_clock_of_this_machine_hides_no_end() {
    let host = among_hosts_ahead(&ending(own(), 20), 30);
    assert_untold(&host, "RDP-CERT-EXPIRED");
    assert_untold(&host, "RDP-CERT-EXPIRING");
}

#[test]
fn an_end_is_near_only_by_the_right_clock() {
    assert_untold(
        &among_hosts_ahead(&ending(corporate(), 20), -365),
        "RDP-CERT-EXPIRING",
    );
    assert_untold(
        &among_hosts_ahead(&ending(corporate(), 50), 30),
        "RDP-CERT-EXPIRING",
    );
}

#[test]
fn a_fast_clock_of_this_machine_hides_no_start() {
    assert_untold(
        &among_hosts_ahead(&ending(own(), 150), -365),
        "RDP-CERT-NOT-YET-VALID",
    );
}

#[test]
fn what_runs_by_the_hosts_own_clock_it_need_not_renew() {
    let made = || {
        attempt()
            .shown(tls(ending(own(), -20)))
            .identified(telling(-30))
    };
    assert_untold(&host([made()]), "RDP-CERT-RENEWAL-STUCK");
    let cut = cut_after(ending(own(), -20)).identified(telling(-30));
    assert_untold(&host([cut]), "RDP-CERT-EXPIRED-BROKEN");
}

#[test]
fn the_last_second_itself_still_counts() {
    let ended = |milliseconds: i64| {
        let mut host = showing(ending(own(), 0));
        host.now = now() + SignedDuration::from_millis(milliseconds);
        host
    };
    ended(0).assert_not("RDP-CERT-EXPIRED");
    ended(1).assert_fires("RDP-CERT-EXPIRED");
}

/// RFC 5280 4.1.2.5: "no well-defined expiration date".
#[test]
fn a_certificate_that_never_expires_has_days_left_to_the_last_second() {
    let mut leaf = own();
    leaf.not_after = Some(UtcSecond::MAX);
    let mut endless = showing(leaf);
    endless.now = "2025-06-01T00:00:00Z".parse().unwrap();
    let diagnosis = endless.diagnose();
    assert_eq!(diagnosis.days_left, Some(2_912_656));
    assert_eq!(diagnosis.certificate_status, Some(CertificateStatus::Valid));
    endless.assert_not("RDP-CERT-EXPIRED");
    endless.assert_not("RDP-CERT-EXPIRING");
    endless.now = days(-100);
    let finding = endless.assert_fires("RDP-CERT-NOT-YET-VALID");
    assert!(
        finding.evidence.contains("to 9999-12-31T23:59:59Z"),
        "{}",
        finding.evidence
    );
    endless.now = Timestamp::MAX;
    endless.assert_not("RDP-CERT-EXPIRED");
    assert_eq!(endless.diagnose().days_left, Some(1));
}
