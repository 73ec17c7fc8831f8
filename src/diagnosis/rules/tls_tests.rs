use super::*;
use crate::diagnosis::testing::{
    AttemptMaker, alert, attempt, certificate, closed, host, issued, legacy, reset, silent, times,
    tls,
};
use crate::model::{CertificateFacts, Confidence, HostState};

#[test]
fn a_close_on_both_hellos_twice_is_the_strongest_sign() {
    let broken = times(2, || attempt().tls_fails(reset(0), closed(0)));
    broken.assert_fires("RDP-TLS-CLOSED");
    let diagnosis = broken.diagnose();
    assert_eq!(
        (diagnosis.state, diagnosis.failed_stage),
        (HostState::Broken, Some(Stage::Tls))
    );
}

#[test]
fn trap_2_a_modern_refusal_alone_is_legacy_only_never_closed() {
    let old = times(3, || attempt().shown(legacy(TlsVersion::TLS_1_2)));
    old.assert_not("RDP-TLS-CLOSED");
    old.assert_fires("RDP-TLS-LEGACY-ONLY");
    assert_eq!(old.diagnose().state, HostState::Degraded);
}

#[test]
fn a_modern_close_with_a_readable_legacy_certificate_is_legacy_only() {
    let old = times(3, || {
        attempt()
            .tcp()
            .x224()
            .stage(Stage::Tls, closed(0))
            .on(ProbeKind::LegacyHello, Stage::Tls, Outcome::Ok)
            .edit(|attempt| attempt.tls = Some(legacy(TlsVersion::TLS_1_0).into()))
    });
    old.assert_not("RDP-TLS-CLOSED");
    old.assert_fires("RDP-TLS-LEGACY-ONLY");
    let version = old.assert_fires("RDP-TLS-OLD-VERSION");
    let default = "TLS 1.0 is the newest by default on Windows Vista";
    assert!(version.evidence.contains(default), "{}", version.evidence);
    assert_eq!(old.diagnose().failed_stage, None);
}

#[test]
fn a_client_certificate_is_required_only_where_no_handshake_goes_on_without_one() {
    let requested = |handshake| TlsFacts {
        handshake,
        client_certificate_requested: true,
        ..tls(certificate("srv05.corp.example"))
    };
    let cut = || {
        attempt()
            .tls_fails(reset(0), reset(0))
            .edit_each(|attempt| attempt.tls = Some(requested(TlsHandshake::Failed).into()))
    };
    let title = |attempts: Vec<AttemptMaker>| {
        let finding = host(attempts).assert_fires("RDP-TLS-CLIENT-CERT");
        finding.title.to_string()
    };
    assert!(title(vec![cut(), cut()]).contains("requires a client certificate"));
    let one_goes_on = vec![attempt().shown(requested(TlsHandshake::Full)), cut(), cut()];
    assert!(!title(one_goes_on).contains("requires a client certificate"));
}

/// The modern hello is cut off, and the legacy peek reads this.
fn cut_then_read(outcome: Outcome, version: TlsVersion, suite: &str) -> AttemptMaker {
    attempt().tls_fails(outcome, Outcome::Ok).edit(|attempt| {
        attempt.tls = Some(
            TlsFacts {
                cipher: Some(suite.into()),
                ..legacy(version)
            }
            .into(),
        );
    })
}

const MODERN: &str = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
const FINITE_FIELD: &str = "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384";
const OLD: &str = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384";

#[test]
fn one_reset_of_a_modern_host_is_flaky_wherever_it_falls() {
    for place in 0..3 {
        let flaky = host((0..3).map(|number| {
            if number == place {
                cut_then_read(reset(0), TlsVersion::TLS_1_2, MODERN)
            } else {
                attempt().through()
            }
        }));
        flaky.assert_not("RDP-TLS-LEGACY-ONLY");
        flaky.assert_fires("RDP-FLAKY");
        let diagnosis = flaky.diagnose();
        assert_eq!(diagnosis.stability.failures_by_stage, [(Stage::Tls, 1)]);
        let shown = flaky.history.tls().and_then(|tls| tls.version);
        assert_eq!(shown, Some(TlsVersion::TLS_1_3));
    }
}

#[test]
fn one_cut_alone_does_not_tell_an_old_host_from_an_accident() {
    for (suite, id) in [
        (MODERN, "RDP-TLS-INTOLERANT"),
        (OLD, "RDP-TLS-LEGACY-ONLY"),
        (FINITE_FIELD, "RDP-TLS-DHE-ONLY"),
    ] {
        let once = times(1, || cut_then_read(reset(0), TlsVersion::TLS_1_2, suite));
        assert!(matches!(once.verdict(id), Verdict::Undetermined { .. }));
        assert_eq!(once.diagnose().state, HostState::Degraded);
    }
}

#[test]
fn a_host_that_answers_with_old_tls_has_nothing_for_the_modern_hello() {
    let suite = "TLS_RSA_WITH_AES_128_CBC_SHA";
    let old = times(3, || cut_then_read(reset(0), TlsVersion::TLS_1_0, suite));
    old.assert_fires("RDP-TLS-LEGACY-ONLY");
    assert_eq!(old.diagnose().stability.failures, 0);
}

#[test]
fn cuts_without_end_are_the_way_of_an_old_host() {
    let old = host([
        cut_then_read(closed(0), TlsVersion::TLS_1_2, OLD),
        cut_then_read(reset(0), TlsVersion::TLS_1_2, OLD),
        attempt().tcp().x224().stage(Stage::Tls, closed(0)),
    ]);
    let finding = old.assert_fires("RDP-TLS-LEGACY-ONLY");
    assert_eq!(finding.confidence, Confidence::Sure);
    assert_eq!(old.diagnose().stability.failures, 0);
}

#[test]
fn an_old_host_that_also_resets_once_is_old_and_flaky() {
    let both = host([
        attempt().shown(legacy(TlsVersion::TLS_1_2)),
        cut_then_read(reset(0), TlsVersion::TLS_1_2, OLD),
        attempt().shown(legacy(TlsVersion::TLS_1_2)),
    ]);
    both.assert_fires("RDP-TLS-LEGACY-ONLY");
    both.assert_fires("RDP-FLAKY");
}

#[test]
fn a_host_that_minds_only_how_it_is_asked_is_not_called_old() {
    let odd = times(3, || cut_then_read(reset(0), TlsVersion::TLS_1_2, MODERN));
    let finding = odd.assert_fires("RDP-TLS-INTOLERANT");
    assert_eq!(finding.confidence, Confidence::Likely);
    odd.assert_not("RDP-TLS-LEGACY-ONLY");
}

#[test]
fn a_close_behind_the_certificate_is_late_though_the_peek_can_read_it() {
    let answered = TlsFacts {
        handshake: TlsHandshake::Failed,
        ..tls(certificate("srv05.corp.example"))
    };
    let late = times(2, || {
        attempt()
            .tcp()
            .x224()
            .stage(Stage::Tls, closed(1500))
            .edit(|attempt| attempt.tls = Some(answered.clone().into()))
            .on(ProbeKind::LegacyHello, Stage::Tls, closed(1500))
    });
    late.assert_fires("RDP-TLS-CLOSED-LATE");
    late.assert_not("RDP-TLS-LEGACY-ONLY");
    assert_eq!(late.diagnose().state, HostState::Broken);
}

#[test]
fn one_try_is_not_enough_to_call_it_closed() {
    let once = times(1, || attempt().tls_fails(closed(0), closed(0)));
    assert!(matches!(
        once.verdict("RDP-TLS-CLOSED"),
        Verdict::Undetermined { .. }
    ));
}

#[test]
fn closed_needs_the_legacy_hello_too() {
    let half = times(3, || attempt().tcp().x224().stage(Stage::Tls, closed(0)));
    assert!(matches!(
        half.verdict("RDP-TLS-CLOSED"),
        Verdict::Undetermined { .. }
    ));
    assert_ne!(half.diagnose().state, HostState::Broken);
}

#[test]
fn closes_between_successes_are_flaky_not_closed() {
    let flaky = host([
        attempt().tls_fails(reset(0), reset(0)),
        attempt().tls_fails(reset(0), reset(0)),
        attempt().through(),
    ]);
    flaky.assert_not("RDP-TLS-CLOSED");
    flaky.assert_fires("RDP-FLAKY");
}

#[test]
fn our_own_refusal_is_no_late_close() {
    let detail = "no common suite";
    let ours = times(3, || {
        let detail = detail.into();
        attempt().tls_fails(Outcome::ClientRefused { detail }, closed(200))
    });
    ours.assert_not("RDP-TLS-CLOSED-LATE");
    assert_ne!(ours.diagnose().state, HostState::Broken);
}

#[test]
fn a_close_after_the_certificate_is_late() {
    let late = times(2, || attempt().tls_fails(closed(1200), closed(900)));
    late.assert_fires("RDP-TLS-CLOSED-LATE");
    late.assert_not("RDP-TLS-CLOSED");
}

#[test]
fn nothing_in_common_needs_both_hellos() {
    times(1, || attempt().tls_fails(alert(40), alert(70))).assert_fires("RDP-TLS-NO-COMMON");
    times(1, || attempt().tls_fails(alert(40), silent())).assert_not("RDP-TLS-NO-COMMON");
}

#[test]
fn tls_1_2_is_not_old() {
    times(1, || attempt().shown(legacy(TlsVersion::TLS_1_2))).assert_not("RDP-TLS-OLD-VERSION");
}

#[test]
fn a_stall_that_does_not_last_is_none() {
    host([
        attempt().tcp().x224().stage(Stage::Tls, silent()),
        attempt().tcp().x224().stage(Stage::Tls, silent()),
        attempt().through(),
    ])
    .assert_not("RDP-TLS-TIMEOUT");
}

#[test]
fn an_enterprise_authority_is_no_inspection() {
    times(1, || attempt().shown(tls(issued(&["srv05.corp.example"]))))
        .assert_not("RDP-TLS-INTERCEPTED");
}

#[test]
fn an_inspection_product_is_seen_by_its_issuer_unless_it_is_the_product_itself() {
    let from = |self_issued| CertificateFacts {
        issuer: "CN=FortiGate CA,O=Fortinet".into(),
        self_issued,
        ..certificate("srv05.corp.example")
    };
    times(1, || attempt().shown(tls(from(false)))).assert_fires("RDP-TLS-INTERCEPTED");
    times(1, || attempt().shown(tls(from(true)))).assert_not("RDP-TLS-INTERCEPTED");
}
