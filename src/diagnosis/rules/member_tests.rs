//! Several certificates at one address: each is judged, and the worst is the host's.

use crate::diagnosis::testing::{
    AttemptMaker, HostMaker, attempt, certificate, days, digest, host, issued, legacy, ntlm, tls,
};
use crate::model::{
    CertificateFacts, CertificateStatus, Digest, HostState, NameSource, Severity, TlsFacts,
    TlsVersion,
};

/// A certificate of its own, made long ago, which runs out in so many days.
fn leaf(name: &str, in_days: i64) -> CertificateFacts {
    CertificateFacts {
        sha256: digest(&format!("{name} {in_days}")),
        spki_sha256: Some(digest(&format!("key of {name} {in_days}"))),
        not_before: Some(days(in_days.min(0) - 180).into()),
        not_after: Some(days(in_days).into()),
        ..certificate(name)
    }
}

fn showing(leaf: &CertificateFacts) -> AttemptMaker {
    attempt().shown(tls(leaf.clone()))
}

/// Attempts that met with these certificates, one day after the other.
fn met(leaves: &[&CertificateFacts]) -> HostMaker {
    host(
        (0..)
            .zip(leaves)
            .map(|(day, leaf)| showing(leaf).edit(|attempt| attempt.started_at = days(day - 10))),
    )
}

#[test]
fn an_expired_member_is_reported_whenever_it_was_met() {
    let (good, bad) = (leaf("m1", 300), leaf("m2", -20));
    for order in [
        [&bad, &good, &good],
        [&good, &bad, &good],
        [&good, &good, &bad],
    ] {
        let met = met(&order);
        let finding = met.assert_fires("RDP-CERT-EXPIRED");
        assert_eq!(finding.title, "The certificate expired 20 days ago");
        let share = "; certificate m2, shown in 1 of 3 connections";
        assert!(finding.evidence.ends_with(share), "{}", finding.evidence);
        let diagnosis = met.diagnose();
        assert_eq!(
            diagnosis.certificate_status,
            Some(CertificateStatus::Expired)
        );
        assert_eq!(diagnosis.days_left, Some(-20));
        let shown = diagnosis.certificate(&met.history).unwrap();
        assert_eq!(**shown, bad);
        assert_eq!(diagnosis.state, HostState::Degraded);
    }
}

#[test]
fn one_certificate_is_described_as_ever() {
    let bad = leaf("m2", -20);
    let alone = met(&[&bad, &bad]);
    let finding = alone.assert_fires("RDP-CERT-EXPIRED");
    assert!(!finding.evidence.contains("shown in"), "{finding:?}");
    assert_eq!(alone.diagnose().shown, None);
}

#[test]
fn certificates_with_one_common_name_are_told_by_their_hashes() {
    let (good, bad) = (leaf("farm", 300), leaf("farm", -20));
    let finding = met(&[&bad, &bad, &good]).assert_fires("RDP-CERT-EXPIRED");
    let hash = bad.sha256.short();
    let share = format!("; certificate SHA-256 {hash}, shown in 2 of 3 connections");
    assert!(finding.evidence.ends_with(&share), "{}", finding.evidence);
}

#[test]
fn every_rule_speaks_of_the_worst() {
    let soon = |name: &str, in_days| CertificateFacts {
        has_san: true,
        san_dns: vec![name.into()],
        ..leaf(name, in_days)
    };
    let members = met(&[&soon("m1", 20), &soon("m2", 5), &soon("m3", 25)]);
    let finding = members.assert_fires("RDP-CERT-EXPIRING");
    assert_eq!(finding.severity, Severity::Medium);
    assert!(finding.evidence.contains("certificate m2,"), "{finding:?}");
    let short = CertificateFacts {
        signature_algorithm: "md5WithRSAEncryption".into(),
        ..leaf("m1", 300)
    };
    met(&[&short, &leaf("m2", 200)]).assert_fires("RDP-CERT-MD5");
    let unread = CertificateFacts {
        unparsable: Some("bad DER".into()),
        ..leaf("", 0)
    };
    met(&[&unread, &leaf("m2", 200)]).assert_fires("RDP-CERT-UNPARSABLE");
}

#[test]
fn of_several_certificates_the_worst_status_is_the_hosts() {
    let unread = CertificateFacts {
        unparsable: Some("bad DER".into()),
        not_before: None,
        not_after: None,
        ..leaf("m0", 0)
    };
    let early = CertificateFacts {
        not_before: Some(days(1).into()),
        ..leaf("m1", 10)
    };
    let rising = [
        (leaf("m5", 300), CertificateStatus::Valid),
        (leaf("m4", 200), CertificateStatus::Valid),
        (leaf("m3", 20), CertificateStatus::Expiring),
        (unread, CertificateStatus::Unparsable),
        (early, CertificateStatus::NotYetValid),
        (leaf("m2", -1), CertificateStatus::Expired),
        (leaf("m2", -9), CertificateStatus::Expired),
    ];
    for (count, (worst, status)) in rising.iter().enumerate() {
        let mut leaves: Vec<&CertificateFacts> =
            rising[..=count].iter().map(|(leaf, _)| leaf).collect();
        for _ in 0..leaves.len() {
            leaves.rotate_left(1);
            let met = met(&leaves);
            let diagnosis = met.diagnose();
            assert_eq!(diagnosis.certificate_status, Some(*status));
            let shown = diagnosis.certificate(&met.history).unwrap();
            assert_eq!(shown.sha256, worst.sha256);
        }
    }
}

#[test]
fn a_certificate_that_was_replaced_is_no_member() {
    let (old, new) = (
        leaf("srv05", -1),
        CertificateFacts {
            not_before: Some(days(-6).into()),
            ..leaf("srv05", 170)
        },
    );
    // Seen on days -10 to -6; the new one was made on day -6.
    let renewed = met(&[&old, &old, &old, &old, &new, &new]);
    renewed.assert_fires("RDP-CERT-CHANGED");
    renewed.assert_not("RDP-CERT-EXPIRED");
    assert_eq!(renewed.diagnose().days_left, Some(170));
    // By name it still stands: a proxy that was forgotten.
    let mut forgotten = renewed.clone();
    let by_name = showing(&old).by_name("srv05.corp.example");
    forgotten.history.attempts.push(by_name.done());
    forgotten.assert_fires("RDP-CERT-EXPIRED");
}

#[test]
fn what_the_legacy_peek_read_counts() {
    let peeked = TlsFacts {
        chain: vec![leaf("old", -20).into()],
        ..legacy(TlsVersion::TLS_1_0)
    };
    let good = leaf("new", 300);
    let members = host([attempt().shown(peeked), showing(&good), showing(&good)]);
    let finding = members.assert_fires("RDP-CERT-EXPIRED");
    assert!(finding.evidence.contains("certificate old,"), "{finding:?}");
}

#[test]
fn by_name_and_by_address_both_count() {
    let (good, bad) = (leaf("new", 300), leaf("old", -20));
    let by_name = || showing(&bad).by_name("old.corp.example");
    host([by_name(), showing(&good)]).assert_fires("RDP-CERT-EXPIRED");
    host([showing(&bad), showing(&good).by_name("new.corp.example")])
        .assert_fires("RDP-CERT-EXPIRED");
}

/// A proxy shows its own certificate to those who name nobody.
#[test]
fn a_name_is_held_against_what_is_shown_for_it() {
    let (own, proxy) = (leaf("srv05.corp.example", 300), leaf("proxy", 200));
    let by_name = || showing(&own).by_name("srv05.corp.example");
    let typed = |attempts| host(attempts).named(NameSource::Target, "srv05.corp.example");
    typed([by_name(), showing(&proxy)]).assert_not("RDP-CERT-NAME-MISMATCH");
    typed([showing(&proxy), showing(&proxy)]).assert_fires("RDP-CERT-NAME-MISMATCH");
    let wrong = || showing(&proxy).by_name("srv05.corp.example");
    typed([wrong(), showing(&own)]).assert_fires("RDP-CERT-NAME-MISMATCH");
}

#[test]
fn no_member_is_renamed_for_what_another_says_of_itself() {
    let members = host([
        showing(&leaf("m1", 200)).identified(ntlm("m1")),
        showing(&leaf("m2", 200)),
        showing(&leaf("m2", 200)),
    ]);
    members.assert_not("RDP-CERT-RENAMED-HOST");
    let renamed = host([
        showing(&leaf("m1", 200)).identified(ntlm("m1")),
        showing(&leaf("m2", 200)).identified(ntlm("m3")),
        showing(&leaf("m1", 200)).identified(ntlm("m1")),
    ]);
    let finding = renamed.assert_fires("RDP-CERT-RENAMED-HOST");
    assert!(
        finding
            .evidence
            .starts_with("the certificate says m2, NTLM says m3")
    );
}

#[test]
fn each_chain_is_its_own() {
    let from_root = CertificateFacts {
        sha256: Digest([0xaa; 32]),
        ..issued(&["m1"])
    };
    let whole = TlsFacts {
        chain: vec![
            issued(&["m22"]).into(),
            issued(&["Corp Issuing CA 1"]).into(),
        ],
        ..tls(issued(&["m22"]))
    };
    let members = host([attempt().shown(tls(from_root)), attempt().shown(whole)]);
    let finding = members.assert_fires("RDP-CERT-CHAIN-SHORT");
    assert!(finding.evidence.contains("certificate m1,"), "{finding:?}");
}

#[test]
fn a_server_with_a_new_certificate_for_every_connection_is_bounded() {
    let leaves: Vec<CertificateFacts> = (0..300)
        .map(|number| leaf(&format!("m{number}"), 100))
        .collect();
    let ending = leaf("m300", -1);
    let all: Vec<&CertificateFacts> = std::iter::once(&ending).chain(&leaves).collect();
    let met = met(&all);
    let diagnosis = met.diagnose();
    assert_eq!(**diagnosis.certificate(&met.history).unwrap(), ending);
    let finding = met.assert_fires("RDP-CERT-EXPIRED");
    assert!(finding.evidence.ends_with("shown in 1 of 301 connections"));
}
