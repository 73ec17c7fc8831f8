use super::*;
use crate::diagnosis::testing::{
    HostMaker, attempt, certificate, corporate, days, host, issued, negotiation, ntlm, own,
    showing, tls,
};
use crate::model::{Confidence, Digest, NameSource, NegotiationFacts, NtlmFacts, SelectedSecurity};

#[test]
fn trap_1_an_address_as_target_is_no_name_mismatch() {
    showing(own()).assert_not("RDP-CERT-NAME-MISMATCH");
}

#[test]
fn an_address_is_judged_where_the_certificate_lists_addresses() {
    let listing = |address: &str| CertificateFacts {
        san_ip: vec![address.parse().unwrap()],
        has_san: true,
        ..own()
    };
    showing(listing("10.0.0.9")).assert_fires("RDP-CERT-NAME-MISMATCH");
    showing(listing("10.0.0.5")).assert_not("RDP-CERT-NAME-MISMATCH");
}

#[test]
fn a_name_from_ptr_is_no_name_mismatch() {
    showing(own())
        .named(NameSource::Ptr, "dhcp-5.corp.example")
        .assert_not("RDP-CERT-NAME-MISMATCH");
}

#[test]
fn a_typed_name_has_to_match() {
    let typed = |name: &str| showing(own()).named(NameSource::Target, name);
    typed("files.corp.example").assert_fires("RDP-CERT-NAME-MISMATCH");
    typed("srv05.corp.example").assert_not("RDP-CERT-NAME-MISMATCH");
    let short = typed("srv05").assert_fires("RDP-CERT-NAME-MISMATCH");
    assert_eq!(short.severity, Severity::Low);
}

#[test]
fn trap_15_the_common_name_does_not_count_beside_alternative_names() {
    let leaf = CertificateFacts {
        common_name: Some("files.corp.example".into()),
        ..corporate()
    };
    showing(leaf)
        .named(NameSource::Target, "files.corp.example")
        .assert_fires("RDP-CERT-NAME-MISMATCH");
}

#[test]
fn trap_18_case_and_final_dot_do_not_count() {
    showing(certificate("SRV05.Corp.Example."))
        .named(NameSource::Target, "srv05.corp.example")
        .assert_not("RDP-CERT-NAME-MISMATCH");
}

#[test]
fn trap_18_international_names_are_left_open() {
    let idn =
        showing(certificate("xn--bcher-kva.example")).named(NameSource::Target, "bücher.example");
    assert!(matches!(
        idn.verdict("RDP-CERT-NAME-MISMATCH"),
        Verdict::Undetermined { .. }
    ));
}

#[test]
fn an_international_name_is_one_in_capitals_too() {
    let idn =
        showing(certificate("XN--BCHER-KVA.example")).named(NameSource::Target, "bücher.example");
    assert_untold(&idn, "RDP-CERT-NAME-MISMATCH");
}

fn assert_untold(host: &HostMaker, id: &str) {
    let verdict = host.verdict(id);
    assert!(
        matches!(verdict, Verdict::Undetermined { .. }),
        "{id}: {verdict:?}"
    );
}

#[test]
fn a_name_may_be_among_those_that_are_not_kept() {
    let cut = |leaf| CertificateFacts {
        san_omitted: 1,
        ..leaf
    };
    let typed = |name| showing(cut(corporate())).named(NameSource::Target, name);
    assert_untold(&typed("files.corp.example"), "RDP-CERT-NAME-MISMATCH");
    typed("srv05.corp.example").assert_not("RDP-CERT-NAME-MISMATCH");
    let listing = CertificateFacts {
        san_ip: vec!["10.0.0.9".parse().unwrap()],
        ..cut(corporate())
    };
    assert_untold(&showing(listing), "RDP-CERT-NAME-MISMATCH");
}

#[test]
fn many_names_are_quoted_in_part() {
    let names: Vec<String> = (0..1000)
        .map(|index| format!("n{index}.corp.example"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let finding = showing(issued(&names))
        .named(NameSource::Target, "files.corp.example")
        .assert_fires("RDP-CERT-NAME-MISMATCH");
    assert!(
        finding.evidence.ends_with("n7.corp.example and 992 more"),
        "{}",
        finding.evidence
    );
}

#[test]
fn an_address_written_as_a_dns_name_is_listed_too() {
    let leaf = CertificateFacts {
        san_ip: vec!["10.0.0.9".parse().unwrap()],
        san_dns: vec!["10.0.0.5".into()],
        has_san: true,
        ..own()
    };
    showing(leaf).assert_not("RDP-CERT-NAME-MISMATCH");
}

#[test]
fn a_short_name_may_be_completed_to_one_below_a_wildcard() {
    let short = |name| {
        showing(issued(&["*.corp.example"]))
            .named(NameSource::Target, name)
            .assert_fires("RDP-CERT-NAME-MISMATCH")
            .confidence
    };
    assert_eq!(short("srv05"), Confidence::Hint);
    assert_eq!(short("a.b.corp.example"), Confidence::Sure);
}

#[test]
fn alternative_names_that_name_no_host_leave_the_name_open() {
    let other_kinds = |san_ip: &[&str]| CertificateFacts {
        has_san: true,
        san_ip: san_ip.iter().map(|ip| ip.parse().unwrap()).collect(),
        ..own()
    };
    let typed = |leaf, name| showing(leaf).named(NameSource::Target, name);
    for leaf in [other_kinds(&[]), other_kinds(&["10.0.0.9"])] {
        assert_untold(&typed(leaf, "srv05.corp.example"), "RDP-CERT-NAME-MISMATCH");
    }
    assert_untold(
        &typed(other_kinds(&[]), "files.corp.example"),
        "RDP-CERT-NAME-MISMATCH",
    );
    typed(other_kinds(&["10.0.0.9"]), "files.corp.example").assert_fires("RDP-CERT-NAME-MISMATCH");
}

#[test]
fn an_empty_issuer_and_subject_are_called_so() {
    let leaf = CertificateFacts {
        subject: "".into(),
        issuer: "".into(),
        ..own()
    };
    let finding = showing(leaf).assert_fires("RDP-CERT-SELF-SIGNED");
    assert_eq!(finding.evidence, "issuer and subject are empty");
}

fn calling_itself(name: &str, leaf: CertificateFacts) -> HostMaker {
    host([attempt().shown(tls(leaf)).identified(ntlm(name))])
}

#[test]
fn a_renamed_host_shows_its_old_name() {
    calling_itself("new05.corp.example", own()).assert_fires("RDP-CERT-RENAMED-HOST");
    calling_itself("SRV05.corp.example", own()).assert_not("RDP-CERT-RENAMED-HOST");
}

#[test]
fn without_ntlm_nobody_was_renamed() {
    let advice = |host: HostMaker| match host.verdict("RDP-CERT-RENAMED-HOST") {
        Verdict::Undetermined { next_step, .. } => next_step,
        other => panic!("{other:?}"),
    };
    let asked = advice(showing(own()));
    assert!(!asked.contains("--no-ntlm"), "{asked}");
    let switched_off = advice(showing(own()).without_ntlm());
    assert!(switched_off.contains("without --no-ntlm"), "{switched_off}");
}

#[test]
fn a_certificate_that_names_no_host_cannot_tell_a_renaming() {
    let nameless = CertificateFacts {
        common_name: None,
        ..own()
    };
    let verdict = calling_itself("srv05.corp.example", nameless).verdict("RDP-CERT-RENAMED-HOST");
    let Verdict::Undetermined { reason, .. } = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(reason, "the certificate names no host");
}

#[test]
fn trap_10_netbios_cuts_names_at_15_characters() {
    let long = certificate("application-server-01.corp.example");
    let cut = NtlmFacts {
        dns_computer: None,
        netbios_computer: Some("APPLICATION-SER".into()),
        ..ntlm("x")
    };
    host([attempt().shown(tls(long)).identified(cut)]).assert_not("RDP-CERT-RENAMED-HOST");
}

#[test]
fn trap_14_wildcards_and_issued_certificates_are_no_renaming() {
    calling_itself("new05.corp.example", certificate("*.corp.example"))
        .assert_not("RDP-CERT-RENAMED-HOST");
    calling_itself("new05.corp.example", corporate()).assert_not("RDP-CERT-RENAMED-HOST");
}

#[test]
fn freerdp_is_not_renamed() {
    let facts = NegotiationFacts {
        source_reference: 0,
        ..negotiation(SelectedSecurity::Hybrid)
    };
    let claimed = NtlmFacts {
        version: Some((6, 1, 7601)),
        ..ntlm("desk")
    };
    host([attempt()
        .negotiated(facts)
        .shown(tls(own()))
        .identified(claimed)])
    .assert_not("RDP-CERT-RENAMED-HOST");
}

#[test]
fn a_short_chain_is_a_hint_unless_it_is_trusted() {
    let finding = showing(corporate()).assert_fires("RDP-CERT-CHAIN-SHORT");
    assert_eq!(finding.confidence, Confidence::Hint);
    let trusted = crate::model::TlsFacts {
        trust: TrustVerdict::Trusted,
        ..tls(corporate())
    };
    host([attempt().shown(trusted)]).assert_not("RDP-CERT-CHAIN-SHORT");
    showing(own()).assert_not("RDP-CERT-CHAIN-SHORT");
}

fn signed(leaf: CertificateFacts, algorithm: &str) -> CertificateFacts {
    CertificateFacts {
        signature_algorithm: algorithm.into(),
        ..leaf
    }
}

#[test]
fn sha1_weighs_more_from_an_authority() {
    let severity = |leaf| {
        showing(signed(leaf, "sha1WithRSAEncryption"))
            .assert_fires("RDP-CERT-SHA1")
            .severity
    };
    assert_eq!(severity(own()), Severity::Low);
    assert_eq!(severity(corporate()), Severity::Medium);
}

#[test]
fn sha1_is_known_in_every_spelling() {
    for algorithm in [
        "dsa-with-SHA1",
        "ecdsa-with-SHA1",
        "RSASSA-PSS with SHA1",
        "dsaWithSHA1",
        "dsaWithSHA",
        "shaWithRSAEncryption",
        "1.2.840.10040.4.3",
        "1.2.840.10045.4.1",
        "1.3.14.3.2.27",
    ] {
        showing(signed(own(), algorithm)).assert_fires("RDP-CERT-SHA1");
    }
}

#[test]
fn later_hashes_are_neither_sha1_nor_md5() {
    for algorithm in [
        "dsa-with-SHA256",
        "ecdsa-with-SHA384",
        "ecdsa-with-Specified",
        "RSASSA-PSS",
        "RSASSA-PSS with SHA512",
        "sha512-224WithRSAEncryption",
        "Ed25519",
        "ML-DSA-44",
        "1.3.36.3.3.1.2",
    ] {
        let host = showing(signed(own(), algorithm));
        host.assert_not("RDP-CERT-SHA1");
        host.assert_not("RDP-CERT-MD5");
    }
}

#[test]
fn sha1_on_an_issuer_in_the_chain_does_not_count() {
    let mut facts = tls(corporate());
    facts
        .chain
        .push(signed(certificate("root"), "sha1WithRSAEncryption").into());
    host([attempt().shown(facts)]).assert_not("RDP-CERT-SHA1");
}

#[test]
fn md5_is_high() {
    showing(signed(own(), "md5WithRSAEncryption")).assert_fires("RDP-CERT-MD5");
    showing(signed(own(), "md2WithRSA")).assert_fires("RDP-CERT-MD5");
    showing(signed(own(), "RSASSA-PSS with MD5")).assert_fires("RDP-CERT-MD5");
    showing(signed(own(), "1.2.840.113549.1.1.4")).assert_fires("RDP-CERT-MD5");
    showing(signed(own(), "1.3.14.3.2.25")).assert_fires("RDP-CERT-MD5");
    showing(own()).assert_not("RDP-CERT-MD5");
}

fn keyed(algorithm: KeyAlgorithm, bits: u32) -> HostMaker {
    showing(CertificateFacts {
        key: crate::model::PublicKey { algorithm, bits },
        ..own()
    })
}

#[test]
fn rsa_keys_are_judged_by_length() {
    keyed(KeyAlgorithm::Rsa, 512).assert_fires("RDP-CERT-KEY-TINY");
    keyed(KeyAlgorithm::Rsa, 1024).assert_fires("RDP-CERT-KEY-SHORT");
    keyed(KeyAlgorithm::Rsa, 1024).assert_not("RDP-CERT-KEY-TINY");
    keyed(KeyAlgorithm::Rsa, 2048).assert_not("RDP-CERT-KEY-SHORT");
    keyed(KeyAlgorithm::Rsa, 0).assert_not("RDP-CERT-KEY-TINY");
}

#[test]
fn short_elliptic_keys_are_fine() {
    keyed(KeyAlgorithm::Ec, 256).assert_not("RDP-CERT-KEY-TINY");
    keyed(KeyAlgorithm::Ec, 256).assert_not("RDP-CERT-KEY-SHORT");
    keyed(KeyAlgorithm::Ec, 224).assert_not("RDP-CERT-KEY-SHORT");
    keyed(KeyAlgorithm::Ec, 0).assert_not("RDP-CERT-KEY-SHORT");
}

#[test]
fn elliptic_keys_below_224_bits_are_short() {
    let finding = keyed(KeyAlgorithm::Ec, 192).assert_fires("RDP-CERT-KEY-SHORT");
    assert_eq!(finding.evidence, "EC 192");
    keyed(KeyAlgorithm::Ec, 192).assert_not("RDP-CERT-KEY-TINY");
}

fn used_for(usages: Option<&[&str]>) -> HostMaker {
    showing(CertificateFacts {
        extended_key_usage: usages
            .map(|usages| usages.iter().map(|usage| (*usage).into()).collect()),
        ..corporate()
    })
}

#[test]
fn trap_4_remote_desktop_authentication_alone_is_enough() {
    used_for(Some(&[EKU_REMOTE_DESKTOP])).assert_not("RDP-CERT-NO-EKU");
}

#[test]
fn usages_without_a_server_are_a_finding_and_absent_ones_are_not() {
    used_for(Some(&["1.3.6.1.5.5.7.3.2"])).assert_fires("RDP-CERT-NO-EKU");
    used_for(None).assert_not("RDP-CERT-NO-EKU");
    used_for(Some(&[EKU_ANY])).assert_not("RDP-CERT-NO-EKU");
}

#[test]
fn usages_that_cannot_be_read_are_no_finding() {
    assert_untold(&used_for(Some(&[])), "RDP-CERT-NO-EKU");
}

#[test]
fn a_self_signed_authority_is_only_worth_knowing() {
    let flagged = |leaf| {
        showing(CertificateFacts {
            is_ca: true,
            ..leaf
        })
        .assert_fires("RDP-CERT-CA-FLAG")
        .severity
    };
    assert_eq!(flagged(own()), Severity::Info);
    assert_eq!(flagged(corporate()), Severity::Low);
}

#[test]
fn a_long_private_life_is_fine() {
    let long = |leaf| CertificateFacts {
        not_after: Some(days(4000).into()),
        ..leaf
    };
    showing(long(own())).assert_not("RDP-CERT-LONG-LIFE");
    showing(long(corporate())).assert_not("RDP-CERT-LONG-LIFE");
}

#[test]
fn trap_17_changing_certificates_are_judged_within_a_scan_and_by_name_alike() {
    let other = || CertificateFacts {
        sha256: Digest([0xff; 32]),
        ..own()
    };
    host([attempt().shown(tls(own())), attempt().shown(tls(other()))])
        .assert_fires("RDP-CERT-FLAPPING");
    host([
        attempt().shown(tls(own())),
        attempt().shown(tls(other())).by_name("srv05.corp.example"),
    ])
    .assert_not("RDP-CERT-FLAPPING");
}

#[test]
fn an_unreadable_certificate_is_a_finding_of_its_own_and_nothing_else() {
    let garbage = CertificateFacts {
        unparsable: Some("bad tag".into()),
        not_after: None,
        ..own()
    };
    let diagnosis = showing(garbage).diagnose();
    let certificate: Vec<&str> = diagnosis
        .findings
        .iter()
        .map(|finding| finding.id)
        .filter(|id| id.starts_with("RDP-CERT"))
        .collect();
    assert_eq!(certificate, ["RDP-CERT-UNPARSABLE"]);
}
