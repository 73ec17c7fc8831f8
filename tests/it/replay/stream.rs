//! A made-up scan that met every kind of host.

use std::collections::HashSet;
use std::sync::Arc;

use rdpscan::model::*;

fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

pub(super) fn endpoint(text: &str) -> Endpoint {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::new(address.ip(), address.port())
}

/// Numbers and dates bodies as an engine does, a second apart.
struct Stream {
    events: Vec<ScanEvent>,
    shown: HashSet<Digest<32>>,
}

impl Stream {
    fn push(&mut self, body: EventBody) {
        let seq = self.events.len() as u64;
        self.events.push(ScanEvent {
            scan: "20260121T120000Z-00c0ffee".parse().unwrap(),
            site: "admin-pc".parse().unwrap(),
            epoch: 1,
            stream: rdpscan::model::Stream::FIRST,
            seq,
            at: time("2026-01-21T12:00:00Z") + std::time::Duration::from_secs(seq),
            body,
        });
    }

    fn attempt(&mut self, attempt: Attempt, listed: bool, outside_targets: bool, last: bool) {
        let certificates = attempt.certificates().cloned();
        let certificates = certificates
            .filter(|facts| self.shown.insert(facts.sha256))
            .collect();
        self.push(EventBody::AttemptFinished {
            attempt,
            certificates,
            listed,
            outside_targets,
            remaining: u32::from(!last),
        });
    }
}

fn plan() -> ScanPlan {
    ScanPlan {
        schema: EVENT_SCHEMA.into(),
        version: "0.1.0".into(),
        targets: ["10.0.0.0/24", "srv05.corp.example"].into_iter().collect(),
        excludes: ["10.0.0.9"].into_iter().collect(),
        endpoints_planned: 255,
        names_planned: 2,
        seed: 42,
        attempts: 3,
        dns: true,
        ntlm: true,
        list_all: false,
        simulated: false,
    }
}

fn certificate(name: &str, not_before: &str, not_after: &str) -> CertificateFacts {
    CertificateFacts {
        sha1: format!("{:040x}", name.len()).parse().unwrap(),
        sha256: format!("{:064x}", name.len() * 7 + not_after.len())
            .parse()
            .unwrap(),
        der_length: 700,
        unparsable: None,
        subject: format!("CN={name}").into(),
        common_name: Some(name.into()),
        issuer: format!("CN={name}").into(),
        serial: "0102".parse().unwrap(),
        san_dns: vec![name.into()],
        san_ip: Vec::new(),
        san_omitted: 0,
        has_san: true,
        not_before: Some(time(not_before).into()),
        not_after: Some(time(not_after).into()),
        key: PublicKey {
            algorithm: KeyAlgorithm::Rsa,
            bits: 2048,
        },
        spki_sha256: Some(Digest([0; 32])),
        signature_algorithm: "sha256WithRSAEncryption".into(),
        extended_key_usage: Some(vec!["1.3.6.1.5.5.7.3.1".into()]),
        is_ca: false,
        self_issued: true,
        has_crl: false,
        trailing_bytes: 0,
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
        stage,
        start_us: 10 * stage as u32,
        duration_us: 1500,
        outcome,
    }
}

fn attempt(to: &str, number: u32, stages: Vec<StageRecord>) -> Attempt {
    Attempt {
        endpoint: endpoint(to),
        number,
        probe: ProbeKind::Default,
        sni: None,
        started_at: time("2026-01-21T12:00:00.123456Z"),
        stages,
        unanswered_rounds: 0,
        negotiation: None,
        tls: None,
        ntlm: None,
        path: None,
        lag_us: 0,
    }
}

/// An attempt that got through to the NTLM challenge.
fn through(to: &str, number: u32, leaf: CertificateFacts) -> Attempt {
    let stages = [Stage::Tcp, Stage::X224, Stage::Tls, Stage::Credssp];
    let mut attempt = attempt(
        to,
        number,
        stages.map(|name| stage(name, Outcome::Ok)).to_vec(),
    );
    attempt.negotiation = Some(NegotiationFacts {
        requested: Protocols::DEFAULT_OFFER,
        selected: SelectedSecurity::Hybrid,
        selected_raw: Some(Protocols::HYBRID),
        failure: None,
        response_flags: Some(0x1f),
        source_reference: 0x1234,
        bare_confirm: false,
    });
    attempt.tls = Some(Arc::new(TlsFacts {
        handshake: TlsHandshake::Full,
        version: Some(TlsVersion::TLS_1_3),
        cipher: Some("TLS13_AES_256_GCM_SHA384".into()),
        group: Some("X25519".into()),
        signature_valid: Some(true),
        client_certificate_requested: false,
        chain: vec![
            leaf.into(),
            certificate(
                "Corp Issuing CA 1",
                "2020-01-01T00:00:00Z",
                "2040-01-01T00:00:00Z",
            )
            .into(),
        ],
        trust: TrustVerdict::SelfSigned,
        received: 2048,
    }));
    attempt.ntlm = Some(Arc::new(NtlmFacts {
        netbios_computer: Some("SRV05".into()),
        netbios_domain: Some("CORP".into()),
        dns_computer: Some("srv05.corp.example".into()),
        dns_domain: Some("corp.example".into()),
        dns_forest: Some("corp.example".into()),
        version: Some((10, 0, 20348)),
        server_time: Some(time("2026-01-21T12:00:03.5Z")),
        measured_at: Some(time("2026-01-21T12:00:00Z")),
        clock_error_ms: 2,
        tsrequest_version: Some(6),
        echoed_nonce: false,
    }));
    attempt.path = Some(PathFacts {
        retransmits: Some(1),
        rtt_us: 700,
    });
    attempt
}

fn addresses(name: &str, found: &[&str]) -> Lookup {
    Lookup {
        question: Question::Addresses(name.into()),
        resolver: Resolver::System,
        answer: LookupAnswer::Addresses {
            addresses: found.iter().map(|text| text.parse().unwrap()).collect(),
            ttl_s: None,
        },
        duration_ms: 3,
    }
}

fn failed(name: &str, resolver: Resolver, answer: LookupAnswer) -> Lookup {
    Lookup {
        question: Question::Addresses(name.into()),
        resolver,
        answer,
        duration_ms: 5000,
    }
}

fn observed(name: &str, source: NameSource) -> ObservedName {
    ObservedName {
        name: name.into(),
        source,
    }
}

/// The events, as an engine would emit them.
pub(super) fn stream() -> Vec<ScanEvent> {
    let mut stream = Stream {
        events: Vec::new(),
        shown: HashSet::new(),
    };
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
    stream.attempt(through("10.0.0.5:3389", 1, expired()), true, false, false);
    // Listed by name; its names are never checked: the scan is stopped before.
    stream.attempt(through("10.0.0.6:3389", 1, expired()), true, false, false);
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
        true,
        false,
        false,
    );
    stream.attempt(through("10.0.0.5:3389", 3, expired()), true, false, true);
    stream.push(EventBody::NamesChecked {
        endpoint: endpoint("10.0.0.5:3389"),
        attempt: 3,
        names: vec![
            observed("srv05.corp.example", NameSource::Target),
            observed("old.corp.example", NameSource::Ptr),
            observed("wrong-name.example", NameSource::Certificate),
            observed("srv05.corp.example", NameSource::Ntlm),
        ],
        lookups: vec![
            Lookup {
                question: Question::Pointer("10.0.0.5".parse().unwrap()),
                resolver: Resolver::Configured,
                answer: LookupAnswer::Names {
                    names: vec!["old.corp.example".into()],
                },
                duration_ms: 1,
            },
            addresses("old.corp.example", &["10.0.7.7", "10.0.0.9"]),
            failed("wrong-name.example", server(), LookupAnswer::Timeout),
            failed("wrong-name.example", server(), LookupAnswer::Timeout),
        ],
        excluded: vec!["10.0.0.9".parse().unwrap()],
    });
    // Where that reverse name leads: tried by reference.
    stream.attempt(
        attempt(
            "10.0.7.7:3389",
            1,
            vec![stage(Stage::Tcp, Outcome::Timeout { received: 0 })],
        ),
        false,
        true,
        true,
    );
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
    stream.events
}

fn server() -> Resolver {
    Resolver::Server("192.0.2.53:53".parse().unwrap())
}

fn resolutions(stream: &mut Stream) {
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

fn without_session(stream: &mut Stream) {
    // Nobody answers, refused, unreachable, listed one by one.
    let mut silent = attempt(
        "10.0.0.7:3389",
        1,
        vec![stage(Stage::Tcp, Outcome::Timeout { received: 0 })],
    );
    silent.unanswered_rounds = 3;
    stream.attempt(silent, true, false, true);
    for (to, outcome) in [
        ("10.0.0.8:3389", Outcome::Refused),
        ("[2001:db8::5]:3389", Outcome::NetworkUnreachable),
        ("10.0.0.10:3389", Outcome::Prohibited),
    ] {
        stream.attempt(
            attempt(to, 1, vec![stage(Stage::Tcp, outcome)]),
            true,
            false,
            true,
        );
    }
    // Not RDP, with a banner that plays tricks.
    let not_rdp = Outcome::NotRdp {
        looks_like: "ssh\u{1b}[2J".into(),
        first_bytes: "5353482d".parse().unwrap(),
    };
    stream.attempt(
        attempt(
            "10.0.0.11:3389",
            1,
            vec![stage(Stage::Tcp, Outcome::Ok), stage(Stage::X224, not_rdp)],
        ),
        false,
        false,
        true,
    );
    // Closed in TLS, always.
    for number in 1..=3 {
        stream.attempt(
            attempt(
                "10.0.0.12:3389",
                number,
                vec![
                    stage(Stage::Tcp, Outcome::Ok),
                    stage(Stage::X224, Outcome::Ok),
                    stage(Stage::Tls, Outcome::Reset { received: 0 }),
                ],
            ),
            false,
            false,
            number == 3,
        );
    }
}

fn hard_to_read(stream: &mut Stream) {
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
        requested: Protocols::DEFAULT_OFFER,
        selected: SelectedSecurity::None,
        selected_raw: None,
        failure: Some(NegotiationFailure::HYBRID_REQUIRED),
        response_flags: None,
        source_reference: 0,
        bare_confirm: false,
    });
    stream.attempt(refused, false, false, true);
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
    stream.attempt(legacy, false, false, true);
}
