//! A made-up scan that met every kind of host.

use std::sync::Arc;

use rdpscan::model::*;

use crate::kit::{self, Script, observed, reverse};

fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

pub(super) fn endpoint(text: &str) -> Endpoint {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::new(address.ip(), address.port())
}

fn plan() -> ScanPlan {
    ScanPlan {
        targets: ["10.0.0.0/24", "srv05.corp.example"].into_iter().collect(),
        excludes: ["10.0.0.9"].into_iter().collect(),
        endpoints_planned: 255,
        names_planned: 2,
        seed: 42,
        ..kit::plan()
    }
}

fn certificate(name: &str, not_before: &str, not_after: &str) -> CertificateFacts {
    CertificateFacts {
        sha1: format!("{:040x}", name.len()).parse().unwrap(),
        sha256: format!("{:064x}", name.len() * 7 + not_after.len())
            .parse()
            .unwrap(),
        der_length: 700,
        serial: "0102".parse().unwrap(),
        san_dns: vec![name.into()],
        has_san: true,
        not_before: Some(time(not_before).into()),
        not_after: Some(time(not_after).into()),
        spki_sha256: Some(Digest([0; 32])),
        ..kit::certificate(name)
    }
}

fn expired() -> CertificateFacts {
    certificate(
        "wrong-name.example",
        "2024-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
    )
}

fn stage(stage: Stage, outcome: Outcome) -> StageRecord {
    StageRecord {
        start_us: 10 * stage as u32,
        duration_us: 1500,
        ..kit::stage(stage, outcome)
    }
}

fn attempt(to: &str, number: u32, stages: Vec<StageRecord>) -> Attempt {
    Attempt {
        number,
        started_at: time("2026-01-21T12:00:00.123456Z"),
        stages,
        ..kit::attempt_at(endpoint(to))
    }
}

/// An attempt that got through to the NTLM challenge.
fn through(to: &str, number: u32, leaf: CertificateFacts) -> Attempt {
    let stages = [Stage::Tcp, Stage::X224, Stage::Tls, Stage::Credssp];
    let stages = stages.map(|name| stage(name, Outcome::Ok)).to_vec();
    let issuer = certificate(
        "Corp Issuing CA 1",
        "2020-01-01T00:00:00Z",
        "2040-01-01T00:00:00Z",
    );
    Attempt {
        negotiation: Some(kit::negotiation(SelectedSecurity::Hybrid)),
        tls: Some(Arc::new(TlsFacts {
            group: Some("X25519".into()),
            chain: vec![leaf.clone().into(), issuer.into()],
            received: 2048,
            ..kit::tls(leaf)
        })),
        ntlm: Some(Arc::new(NtlmFacts {
            server_time: Some(time("2026-01-21T12:00:03.5Z")),
            measured_at: Some(time("2026-01-21T12:00:00Z")),
            ..kit::ntlm("srv05.corp.example")
        })),
        path: Some(PathFacts {
            retransmits: Some(1),
            rtt_us: 700,
        }),
        ..attempt(to, number, stages)
    }
}

fn addresses(name: &str, found: &[&str]) -> Lookup {
    kit::lookup(name, kit::leading_to(found))
}

fn failed(name: &str, resolver: Resolver, answer: LookupAnswer) -> Lookup {
    Lookup {
        resolver,
        duration_ms: 5000,
        ..kit::lookup(name, answer)
    }
}

/// The events, as an engine would emit them.
pub(super) fn stream() -> Vec<ScanEvent> {
    let mut stream = Script::starting("2026-01-21T12:00:00Z");
    stream.push(EventBody::ScanStarted(plan()));
    resolutions(&mut stream);
    stream.push(EventBody::Notice(Notice::NoIpv6Route));
    stream.push(EventBody::Notice(Notice::ResolverUnresponsive {
        resolver: Resolver::Configured,
        detail: "timeout".into(),
        answered_before: true,
    }));
    stream.push(EventBody::Notice(Notice::DescriptorLimit {
        requested: 1000,
        used: 200,
        limit: 256,
    }));

    // Expired, self-signed, for another name; flaky; with names checked.
    stream.attempt(through("10.0.0.5:3389", 1, expired()), false);
    // Listed by name; its names are never checked: the scan is stopped before.
    stream.attempt(through("10.0.0.6:3389", 1, expired()), false);
    without_session(&mut stream);
    hard_to_read(&mut stream);
    // The second and third of the first host: one of them fails.
    stream.attempt(
        attempt(
            "10.0.0.5:3389",
            2,
            vec![
                stage(Stage::Tcp, Outcome::Ok),
                stage(Stage::X224, Outcome::Closed { received: 0 }),
            ],
        ),
        false,
    );
    stream.attempt(through("10.0.0.5:3389", 3, expired()), true);
    stream.push(EventBody::NamesChecked {
        endpoint: endpoint("10.0.0.5:3389"),
        attempt: 3,
        names: vec![
            observed(NameSource::Target, "srv05.corp.example"),
            observed(NameSource::Ptr, "old.corp.example"),
            observed(NameSource::Certificate, "wrong-name.example"),
            observed(NameSource::Ntlm, "srv05.corp.example"),
        ],
        lookups: vec![
            reverse(
                "10.0.0.5",
                LookupAnswer::Names {
                    names: vec!["old.corp.example".into()],
                },
            ),
            addresses("old.corp.example", &["10.0.7.7", "10.0.0.9"]),
            failed("wrong-name.example", server(), LookupAnswer::Timeout),
            failed("wrong-name.example", server(), LookupAnswer::Timeout),
        ],
        excluded: vec!["10.0.0.9".parse().unwrap()],
    });
    // Where that reverse name leads: tried by reference.
    stream.reference(attempt(
        "10.0.7.7:3389",
        1,
        vec![stage(Stage::Tcp, Outcome::Timeout { received: 0 })],
    ));
    stream.push(EventBody::ScanFinished(ScanEnd {
        status: ScanStatus::Interrupted,
        endpoints_probed: 200,
        unlisted: UnlistedCounts {
            closed: 3,
            filtered: 180,
            unreachable: 5,
            not_probed: 0,
        },
        answered_on_retry: 2,
        not_reached: 0,
    }));
    stream.take()
}

fn server() -> Resolver {
    Resolver::Server("192.0.2.53:53".parse().unwrap())
}

fn resolutions(stream: &mut Script) {
    stream.push(EventBody::TargetResolved {
        name: "srv05.corp.example".into(),
        port: 3389,
        endpoints: vec![endpoint("10.0.0.5:3389"), endpoint("10.0.0.6:3389")],
        excluded: vec!["10.0.0.9".parse().unwrap()],
        lookups: vec![
            addresses("srv05.corp.example", &["10.0.0.5", "10.0.0.6", "10.0.0.9"]),
            failed("srv05.corp.example", server(), LookupAnswer::Timeout),
        ],
    });
    stream.push(EventBody::TargetResolved {
        name: "gone.example".into(),
        port: 3389,
        endpoints: Vec::new(),
        excluded: Vec::new(),
        lookups: vec![
            failed("gone.example", Resolver::System, LookupAnswer::NotFound),
            failed("gone.example", server(), LookupAnswer::NxDomain),
        ],
    });
}

fn without_session(stream: &mut Script) {
    // Nobody answers, refused, unreachable, listed one by one.
    let mut silent = attempt(
        "10.0.0.7:3389",
        1,
        vec![stage(Stage::Tcp, Outcome::Timeout { received: 0 })],
    );
    silent.unanswered_rounds = 3;
    stream.attempt(silent, true);
    for (to, outcome) in [
        ("10.0.0.8:3389", Outcome::Refused),
        ("[2001:db8::5]:3389", Outcome::NetworkUnreachable),
        ("10.0.0.10:3389", Outcome::Prohibited),
    ] {
        stream.attempt(attempt(to, 1, vec![stage(Stage::Tcp, outcome)]), true);
    }
    // Not RDP, with a banner that plays tricks.
    let not_rdp = Outcome::NotRdp {
        looks_like: "ssh\u{1b}[2J".into(),
        first_bytes: "5353482d".parse().unwrap(),
    };
    stream.swept(
        attempt(
            "10.0.0.11:3389",
            1,
            vec![stage(Stage::Tcp, Outcome::Ok), stage(Stage::X224, not_rdp)],
        ),
        true,
    );
    // Closed in TLS, always.
    for number in 1..=3 {
        stream.swept(
            attempt(
                "10.0.0.12:3389",
                number,
                vec![
                    stage(Stage::Tcp, Outcome::Ok),
                    stage(Stage::X224, Outcome::Ok),
                    stage(Stage::Tls, Outcome::Reset { received: 0 }),
                ],
            ),
            number == 3,
        );
    }
}

fn hard_to_read(stream: &mut Script) {
    // Negotiation failure.
    let mut refused = attempt(
        "10.0.0.13:3389",
        1,
        vec![
            stage(Stage::Tcp, Outcome::Ok),
            stage(Stage::X224, Outcome::NegotiationFailure { code: 5 }),
        ],
    );
    refused.negotiation = Some(NegotiationFacts {
        failure: Some(NegotiationFailure::HYBRID_REQUIRED),
        source_reference: 0,
        ..kit::negotiation(SelectedSecurity::None)
    });
    stream.swept(refused, true);
    // Legacy TLS, and a certificate that nobody can read.
    let mut legacy = through("10.0.0.14:3389", 1, expired());
    legacy.ntlm = None;
    legacy.tls = Some(Arc::new(TlsFacts {
        handshake: TlsHandshake::LegacyPeek,
        version: Some(TlsVersion::TLS_1_0),
        cipher: Some("TLS_RSA_WITH_AES_128_CBC_SHA".into()),
        group: None,
        signature_valid: None,
        client_certificate_requested: false,
        chain: vec![ChainCertificate::from(CertificateFacts {
            unparsable: Some("unexpected end".into()),
            subject: "".into(),
            common_name: None,
            issuer: "".into(),
            serial: HexBytes::default(),
            spki_sha256: None,
            san_dns: Vec::new(),
            has_san: false,
            not_before: None,
            not_after: None,
            signature_algorithm: "".into(),
            extended_key_usage: None,
            self_issued: false,
            ..certificate("x", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z")
        })],
        trust: TrustVerdict::NotChecked,
        received: 900,
    }));
    stream.swept(legacy, true);
}
