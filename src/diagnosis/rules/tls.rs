use super::wide::{behind_midbox, key_of};
use super::{ONE_MORE, Rule, TRIES, lacking, likely, seen, sure};
use crate::diagnosis::catalog::Verdict;
use crate::diagnosis::ending::legacy_read;
use crate::diagnosis::fleet_rules::KeyUse;
use crate::diagnosis::sight::{Counted, Sight};
use crate::diagnosis::state::legacy_failed;
use crate::model::{ConnectionPurpose, Outcome, Stage, TlsFacts, TlsMethod, TlsVersion};

pub(super) const RULES: &[Rule] = &[
    ("RDP-TLS-CLOSED", closed),
    ("RDP-TLS-CLOSED-LATE", closed_late),
    ("RDP-TLS-LEGACY-ONLY", legacy_only),
    ("RDP-TLS-NO-COMMON", no_common),
    ("RDP-TLS-ALERT", other_alert),
    ("RDP-TLS-OLD-VERSION", old_version),
    ("RDP-TLS-TIMEOUT", timeout),
    ("RDP-TLS-CLIENT-CERT", client_certificate),
    ("RDP-TLS-PROTO-ERROR", protocol_error),
    ("RDP-TLS-INTERCEPTED", intercepted),
];

/// `certificate_required` (RFC 8446 6.2).
const CERTIFICATE_REQUIRED: u8 = 116;

/// Words in issuers of products that look into TLS.
const INSPECTION: [&str; 19] = [
    "zscaler",
    "fortigate",
    "fortinet",
    "palo alto",
    "blue coat",
    "bluecoat",
    "netskope",
    "sophos",
    "kaspersky",
    "avast",
    "bitdefender",
    "eset ssl",
    "watchguard",
    "barracuda",
    "check point",
    "cisco umbrella",
    "untangle",
    "mitmproxy",
    "portswigger",
];

fn attempts_with(sight: &Sight<'_>, wanted: fn(&TlsFacts) -> bool) -> usize {
    sight
        .history
        .attempts
        .iter()
        .filter(|attempt| attempt.tls.as_deref().is_some_and(wanted))
        .count()
}

fn is_full(facts: &TlsFacts) -> bool {
    facts.method == TlsMethod::Full
}

/// Read by the legacy peek, and nothing that the modern hello could not have come to as well.
fn is_modern_peek(facts: &TlsFacts) -> bool {
    facts.method == TlsMethod::LegacyPeek && facts.is_modern()
}

/// Attempts closed at TLS: with no byte of an answer, or after some.
fn closes<'a>(sight: &Sight<'a>, late: bool) -> Vec<&'a Outcome> {
    sight
        .failures_at(Stage::Tls)
        .into_iter()
        .filter(|outcome| match outcome {
            Outcome::Closed { received } | Outcome::Reset { received } => (*received > 0) == late,
            _ => false,
        })
        .collect()
}

/// Whether an attempt was closed in the TLS stage, on the modern hello at least.
pub(in crate::diagnosis) fn closes_at_tls(sight: &Sight<'_>) -> bool {
    sight
        .failures_at(Stage::Tls)
        .iter()
        .any(|outcome| outcome.is_close())
}

/// Every attempt that came to TLS was closed there, with the legacy hello as well: the strongest sign of 0x904.
pub(in crate::diagnosis) fn closes_at_once(sight: &Sight<'_>) -> bool {
    !closes(sight, false).is_empty()
        && !sight
            .history
            .attempts
            .iter()
            .any(|attempt| legacy_read(attempt) || attempt.tls.as_deref().is_some_and(is_full))
        && sight.counted.iter().any(legacy_closed)
}

/// The legacy hello of this attempt was closed on, too, without an answer.
fn legacy_closed(counted: &Counted<'_>) -> bool {
    counted.attempt.stages.iter().any(|record| {
        record.connection == ConnectionPurpose::LegacyPeek
            && record.stage == Stage::Tls
            && matches!(
                record.outcome,
                Outcome::Closed { received: 0 } | Outcome::Reset { received: 0 }
            )
    })
}

fn closed(sight: &Sight<'_>) -> Verdict {
    let closes = closes(sight, false);
    if closes.is_empty() || behind_midbox(sight) {
        return Verdict::Silent;
    }
    if attempts_with(sight, |tls| tls.method != TlsMethod::Failed) > 0 {
        // It works at other times, or with a tolerant hello: other rules say so.
        return Verdict::Silent;
    }
    if !sight.counted.iter().any(legacy_closed) {
        return if sight.counted.iter().any(legacy_failed) {
            Verdict::Silent
        } else {
            lacking("the legacy hello was not tried", ONE_MORE)
        };
    }
    if closes.len() < TRIES {
        return lacking("closed once only", ONE_MORE);
    }
    sure(
        "RDP-TLS-CLOSED",
        "The server closes the connection as soon as TLS begins",
        format!(
            "{}, on the modern and on the legacy hello",
            seen(sight, &closes)
        ),
    )
}

fn closed_late(sight: &Sight<'_>) -> Verdict {
    let closes = closes(sight, true);
    // The peek takes leave before the point at which such a server hangs up: only what it read with a hello that is really
    // another one says that some client gets on.
    let read = attempts_with(sight, |tls| {
        tls.method != TlsMethod::Failed && !is_modern_peek(tls)
    }) > 0;
    if closes.is_empty() || read || behind_midbox(sight) {
        return Verdict::Silent;
    }
    if closes.len() < TRIES {
        return lacking("closed once only", ONE_MORE);
    }
    sure(
        "RDP-TLS-CLOSED-LATE",
        "The server closes the connection in the middle of the TLS handshake",
        seen(sight, &closes),
    )
}

fn legacy_only(sight: &Sight<'_>) -> Verdict {
    let id = "RDP-TLS-LEGACY-ONLY";
    let hello = sight.manner.modern_hello;
    if hello.taken > 0 {
        return Verdict::Silent;
    }
    if hello.cut > 0 && !hello.is_unwelcome() {
        return lacking("the modern hello was cut off once only", ONE_MORE);
    }
    let met = sight
        .counted
        .iter()
        .any(|counted| counted.is_through() && legacy_read(counted.attempt));
    let Some(facts) = sight.tls.filter(|_| met) else {
        return Verdict::Silent;
    };
    if hello.declined == 0 && is_modern_peek(facts) {
        // It has what modern clients ask for: what it cannot stand is how they ask.
        return likely(
            id,
            "Only an old-style TLS hello is answered, a modern one is cut off; newer clients may fail",
            format!(
                "{}; cut off in {} of {} attempts",
                version_and_suite(facts),
                hello.cut,
                sight.counted.len()
            ),
        );
    }
    sure(
        id,
        "Only old TLS versions or cipher suites are supported; hardened clients will refuse",
        version_and_suite(facts),
    )
}

fn version_and_suite(facts: &TlsFacts) -> String {
    let version = facts.version.map_or_else(
        || "unknown version".to_owned(),
        |version| format!("TLS {version}"),
    );
    let suite = facts.cipher.as_deref().unwrap_or("unknown suite");
    format!("{version} with {suite}, read with the legacy hello")
}

fn no_common(sight: &Sight<'_>) -> Verdict {
    let refused = Outcome::finds_nothing_in_common;
    let modern: Vec<&Outcome> = sight
        .failures_at(Stage::Tls)
        .into_iter()
        .filter(|outcome| refused(outcome))
        .collect();
    if modern.is_empty() || attempts_with(sight, |tls| tls.method != TlsMethod::Failed) > 0 {
        return Verdict::Silent;
    }
    let legacy = sight.counted.iter().any(|counted| {
        counted.attempt.stages.iter().any(|record| {
            record.connection == ConnectionPurpose::LegacyPeek
                && record.stage == Stage::Tls
                && refused(&record.outcome)
        })
    });
    if !legacy {
        return lacking("the legacy hello was not refused in the same way", ONE_MORE);
    }
    sure(
        "RDP-TLS-NO-COMMON",
        "The server finds no TLS version or cipher suite in common with any client",
        format!(
            "{}, on the modern and on the legacy hello",
            seen(sight, &modern)
        ),
    )
}

/// An alert that says neither "nothing in common" nor "show me a certificate": the server has trouble of its own.
fn other_alert(sight: &Sight<'_>) -> Verdict {
    let alerts: Vec<&Outcome> = sight
        .failures_at(Stage::Tls)
        .into_iter()
        .filter(|outcome| match outcome {
            Outcome::Alert { code, .. } => {
                !outcome.finds_nothing_in_common() && *code != CERTIFICATE_REQUIRED
            }
            _ => false,
        })
        .collect();
    if alerts.is_empty() || attempts_with(sight, |tls| tls.method != TlsMethod::Failed) > 0 {
        return Verdict::Silent;
    }
    if alerts.len() < TRIES {
        return lacking("an alert was seen once only", ONE_MORE);
    }
    sure(
        "RDP-TLS-ALERT",
        "The server breaks the TLS handshake off with an alert",
        seen(sight, &alerts),
    )
}

fn old_version(sight: &Sight<'_>) -> Verdict {
    match sight
        .tls
        .and_then(|tls| tls.version.map(|version| (tls, version)))
    {
        Some((tls, version))
            if version <= TlsVersion::TLS_1_1 && tls.method != TlsMethod::Failed =>
        {
            sure(
                "RDP-TLS-OLD-VERSION",
                "The server negotiates TLS 1.1 or older",
                version_and_suite(tls),
            )
        }
        _ => Verdict::Silent,
    }
}

fn timeout(sight: &Sight<'_>) -> Verdict {
    let stalls: Vec<&Outcome> = sight
        .failures_at(Stage::Tls)
        .into_iter()
        .filter(|outcome| matches!(outcome, Outcome::Timeout { .. }))
        .collect();
    if stalls.is_empty() || attempts_with(sight, |tls| tls.method != TlsMethod::Failed) > 0 {
        return Verdict::Silent;
    }
    if stalls.len() < TRIES {
        return lacking("stalled once only", ONE_MORE);
    }
    sure(
        "RDP-TLS-TIMEOUT",
        "The TLS handshake stalls; large packets may get lost on the way",
        seen(sight, &stalls),
    )
}

fn client_certificate(sight: &Sight<'_>) -> Verdict {
    let requested = attempts_with(sight, |tls| tls.client_certificate_requested) > 0;
    let demanded = sight.failures_at(Stage::Tls).iter().any(
        |outcome| matches!(outcome, Outcome::Alert { code, .. } if *code == CERTIFICATE_REQUIRED),
    );
    if requested || demanded {
        sure(
            "RDP-TLS-CLIENT-CERT",
            "The server asks the client for a certificate",
            if demanded {
                "TLS alert 116 (certificate required)"
            } else {
                "a CertificateRequest in the handshake"
            },
        )
    } else {
        Verdict::Silent
    }
}

fn protocol_error(sight: &Sight<'_>) -> Verdict {
    let odd: Vec<&Outcome> = sight
        .failures_at(Stage::Tls)
        .into_iter()
        .filter(|outcome| matches!(outcome, Outcome::Malformed { .. } | Outcome::NotRdp { .. }))
        .collect();
    if odd.is_empty() || attempts_with(sight, |tls| tls.method != TlsMethod::Failed) > 0 {
        return Verdict::Silent;
    }
    if odd.len() < TRIES {
        return lacking("seen once only", ONE_MORE);
    }
    sure(
        "RDP-TLS-PROTO-ERROR",
        "What comes in place of TLS is not TLS",
        seen(sight, &odd),
    )
}

fn intercepted(sight: &Sight<'_>) -> Verdict {
    let Some(leaf) = sight.leaf.filter(|leaf| !leaf.self_issued) else {
        return Verdict::Silent;
    };
    let issuer = leaf.issuer.to_lowercase();
    match INSPECTION.iter().find(|word| issuer.contains(**word)) {
        Some(_) => likely(
            "RDP-TLS-INTERCEPTED",
            "The certificate comes from a product that looks into TLS",
            format!("issuer {}", leaf.issuer),
        ),
        // An authority of the company signs many keys; one that signs many names for one key makes them up on the way.
        None => match key_of(sight, KeyUse::Inspection) {
            Some(shared) => likely(
                "RDP-TLS-INTERCEPTED",
                "Something on the way shows certificates of its own making",
                format!(
                    "{} machines ({}) show one key in certificates for different names, issuer {}",
                    shared.count,
                    shared.words(),
                    leaf.issuer
                ),
            ),
            None => Verdict::Silent,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{
        AttemptMaker, alert, attempt, certificate, closed, host, issued, legacy, reset, silent,
        times, tls,
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
                .on(ConnectionPurpose::LegacyPeek, Stage::Tls, Outcome::Ok)
                .edit(|attempt| attempt.tls = Some(legacy(TlsVersion::TLS_1_0).into()))
        });
        old.assert_not("RDP-TLS-CLOSED");
        old.assert_fires("RDP-TLS-LEGACY-ONLY");
        old.assert_fires("RDP-TLS-OLD-VERSION");
        assert_eq!(old.diagnose().failed_stage, None);
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
        for suite in [MODERN, OLD] {
            let once = times(1, || cut_then_read(reset(0), TlsVersion::TLS_1_2, suite));
            assert!(matches!(
                once.verdict("RDP-TLS-LEGACY-ONLY"),
                Verdict::NotEnough { .. }
            ));
            assert_eq!(once.diagnose().state, HostState::Degraded);
        }
    }

    #[test]
    fn a_host_that_answers_with_old_tls_has_nothing_for_the_modern_hello() {
        let suite = "TLS_RSA_WITH_AES_128_CBC_SHA";
        let old = times(1, || cut_then_read(reset(0), TlsVersion::TLS_1_0, suite));
        old.assert_fires("RDP-TLS-LEGACY-ONLY");
        assert_eq!(old.diagnose().stability.failures, 0);
    }

    #[test]
    fn cuts_without_end_are_the_way_of_an_old_host() {
        let old = host([
            cut_then_read(closed(0), TlsVersion::TLS_1_2, OLD),
            cut_then_read(reset(0), TlsVersion::TLS_1_2, OLD),
            attempt()
                .tcp()
                .x224()
                .on(ConnectionPurpose::LegacyPeek, Stage::Tls, Outcome::Ok)
                .edit(|attempt| attempt.tls = Some(legacy(TlsVersion::TLS_1_2).into())),
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
        let finding = odd.assert_fires("RDP-TLS-LEGACY-ONLY");
        assert_eq!(finding.confidence, Confidence::Likely);
        assert!(finding.title.contains("old-style"), "{}", finding.title);
    }

    #[test]
    fn a_close_behind_the_certificate_is_late_though_the_peek_can_read_it() {
        let late = times(2, || {
            cut_then_read(closed(1500), TlsVersion::TLS_1_2, MODERN)
        });
        late.assert_fires("RDP-TLS-CLOSED-LATE");
        late.assert_not("RDP-TLS-LEGACY-ONLY");
        assert_eq!(late.diagnose().state, HostState::Degraded);
    }

    #[test]
    fn one_try_is_not_enough_to_call_it_closed() {
        let once = times(1, || attempt().tls_fails(closed(0), closed(0)));
        assert!(matches!(
            once.verdict("RDP-TLS-CLOSED"),
            Verdict::NotEnough { .. }
        ));
    }

    #[test]
    fn closed_needs_the_legacy_hello_too() {
        let half = times(3, || attempt().tcp().x224().stage(Stage::Tls, closed(0)));
        assert!(matches!(
            half.verdict("RDP-TLS-CLOSED"),
            Verdict::NotEnough { .. }
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
}
