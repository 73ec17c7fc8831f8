use crate::diagnosis::Verdict;
use crate::diagnosis::testing::{
    HostMaker, attempt, certificate, days, legacy, negotiation, ntlm, times, tls,
};
use crate::model::{
    NameSource, NegotiationFacts, NtlmFacts, SelectedSecurity, TlsFacts, TlsVersion,
};

fn saying(facts: &NtlmFacts, shown: &TlsFacts) -> HostMaker {
    times(1, || {
        attempt().shown(shown.clone()).identified(facts.clone())
    })
}

fn modern() -> TlsFacts {
    tls(certificate("srv05.corp.example"))
}

fn build(version: (u8, u8, u16)) -> NtlmFacts {
    NtlmFacts {
        version: Some(version),
        ..ntlm("srv05.corp.example")
    }
}

#[test]
fn a_build_past_its_end_may_be_out_of_updates() {
    let old = saying(&build((6, 3, 9600)), &modern());
    let finding = old.assert_fires("RDP-OS-EOL");
    assert!(finding.title.contains("may"), "{}", finding.title);
    assert!(
        finding.evidence.contains("2023-10-10"),
        "{}",
        finding.evidence
    );
    saying(&build((6, 1, 7601)), &legacy(TlsVersion::TLS_1_0)).assert_fires("RDP-OS-EOL");
}

#[test]
fn a_clock_that_is_wrong_ends_no_updates() {
    let by_the_hosts = |days_ahead| {
        let facts = NtlmFacts {
            server_time: Some(days(days_ahead)),
            ..build((6, 3, 9600))
        };
        let fleet: Vec<HostMaker> = (20..25)
            .map(|last| saying(&facts, &modern()).at(&format!("10.0.0.{last}")))
            .collect();
        saying(&facts, &modern()).among(&fleet)
    };
    by_the_hosts(-30).assert_fires("RDP-OS-EOL");
    assert!(matches!(
        by_the_hosts(-2000).verdict("RDP-OS-EOL"),
        Verdict::Undetermined { .. }
    ));
}

#[test]
fn a_long_term_edition_makes_it_a_hint() {
    let either = saying(&build((10, 0, 19044)), &modern()).assert_fires("RDP-OS-EOL");
    assert_eq!(either.confidence, crate::model::Confidence::Hint);
}

#[test]
fn builds_shared_with_a_supported_server_are_left_alone() {
    for version in [
        (10, 0, 14393),
        (10, 0, 17763),
        (10, 0, 20348),
        (10, 0, 26100),
    ] {
        saying(&build(version), &modern()).assert_not("RDP-OS-EOL");
    }
}

#[test]
fn an_unknown_build_is_not_judged() {
    let next = saying(&build((10, 0, 30000)), &modern());
    assert!(matches!(
        next.verdict("RDP-OS-EOL"),
        Verdict::Undetermined { .. }
    ));
}

#[test]
fn the_end_is_held_against_the_time_of_the_scan() {
    let mut then = saying(&build((10, 0, 19045)), &modern());
    then.assert_not("RDP-OS-EOL");
    then.now = "2025-10-15T00:00:00Z".parse().unwrap();
    then.assert_fires("RDP-OS-EOL");
}

#[test]
fn trap_3_freerdp_claiming_6_1_7601_is_not_end_of_life() {
    let claim = build((6, 1, 7601));
    let facts = NegotiationFacts {
        source_reference: 0,
        ..negotiation(SelectedSecurity::Hybrid)
    };
    let freerdp = times(1, || {
        attempt()
            .negotiated(facts)
            .shown(modern())
            .identified(claim.clone())
    });
    freerdp.assert_not("RDP-OS-EOL");
    // Behind a proxy that answers X.224 itself only the handshake tells.
    saying(&claim, &modern()).assert_not("RDP-OS-EOL");
    let echoing = NtlmFacts {
        echoed_nonce: true,
        ..claim
    };
    saying(&echoing, &legacy(TlsVersion::TLS_1_2)).assert_not("RDP-OS-EOL");
}

#[test]
fn an_unfixed_credssp_is_old_unless_it_is_freerdp() {
    let version = |tsrequest_version| NtlmFacts {
        tsrequest_version: Some(tsrequest_version),
        ..ntlm("srv05.corp.example")
    };
    for old in 2..=4 {
        saying(&version(old), &modern()).assert_fires("RDP-CREDSSP-OLD");
    }
    for other in [0, 1, 5, 6, 7] {
        saying(&version(other), &modern()).assert_not("RDP-CREDSSP-OLD");
    }
    let freerdp = NtlmFacts {
        echoed_nonce: true,
        ..version(4)
    };
    saying(&freerdp, &modern()).assert_not("RDP-CREDSSP-OLD");
    let claim = NtlmFacts {
        version: Some((6, 1, 7601)),
        ..version(4)
    };
    saying(&claim, &modern()).assert_not("RDP-CREDSSP-OLD");
}

#[test]
fn a_domain_of_its_own_name_is_a_workgroup() {
    let alone = NtlmFacts {
        netbios_domain: Some("srv05".into()),
        ..ntlm("srv05.corp.example")
    };
    let alone = saying(&alone, &modern());
    alone.assert_fires("RDP-WORKGROUP");
    alone.assert_not("RDP-KRB-NOTE");
    saying(&ntlm("srv05.corp.example"), &modern()).assert_not("RDP-WORKGROUP");
}

#[test]
fn the_kerberos_note_is_for_domain_hosts_given_by_address() {
    let member = saying(&ntlm("srv05.corp.example"), &modern());
    let note = member.assert_fires("RDP-KRB-NOTE");
    assert_eq!(note.severity, crate::model::Severity::Info);
    member.clone().unlisted().assert_not("RDP-KRB-NOTE");
    member
        .named(NameSource::Target, "srv05.corp.example")
        .assert_not("RDP-KRB-NOTE");
}
