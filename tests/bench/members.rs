//! Domain members as a default scan sees them, for the benchmarks of the fleet: three attempts by IP and one by name, the
//! NTLM question once, a certificate of its own with two names, and its name and address looked up by the system's resolver
//! and by the DNS server. Only what hosts of one domain have in common is equal between two.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rdpscan::model::{
    Attempt, CertificateFacts, DEFAULT_PORT, Digest, EVENT_SCHEMA, Endpoint, EventBody, HexBytes,
    KeyAlgorithm, Lookup, LookupAnswer, NameSource, NegotiationFacts, NtlmFacts, ObservedName,
    Origin, Outcome, PathFacts, ProbeKind, Protocols, PublicKey, Question, Resolver, ScanEvent,
    ScanId, ScanPlan, SelectedSecurity, Site, Stage, StageRecord, Texts, TlsFacts, TlsHandshake,
    TlsVersion, TrustVerdict,
};

/// Three by IP, and the last one by name.
pub(crate) const ATTEMPTS: u32 = 4;

fn endpoint(number: u32) -> Endpoint {
    Endpoint::new(
        IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number)),
        DEFAULT_PORT,
    )
}

fn name(number: u32) -> Box<str> {
    format!("srv{number:05}.corp.example").into()
}

/// Bytes of a hash, unlike any others.
fn digest<const N: usize>(number: u32, salt: u64) -> Digest<N> {
    let mut state = (u64::from(number) << 8) | salt;
    let words = std::iter::repeat_with(|| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).to_be_bytes()
    });
    let bytes: Vec<u8> = words.flatten().take(N).collect();
    Digest::try_from(&*bytes).unwrap_or(Digest([0; N]))
}

fn certificate(number: u32, now: Timestamp) -> CertificateFacts {
    let name = name(number);
    CertificateFacts {
        sha1: digest(number, 1),
        sha256: digest(number, 2),
        der_length: 1_500 + number % 7,
        unparsable: None,
        subject: format!("CN={name}").into(),
        common_name: Some(name.clone()),
        issuer: "CN=Corp Issuing CA 1,DC=corp,DC=example".into(),
        serial: HexBytes::from(&digest::<19>(number, 4).0[..]),
        san_dns: vec![name, format!("srv{number:05}").into()],
        san_ip: Vec::new(),
        san_omitted: 0,
        has_san: true,
        not_before: Some((now - SignedDuration::from_secs(86_400 * 90 + i64::from(number))).into()),
        // Two of three hosts have a second finding, one of three a third.
        not_after: Some(
            (now + SignedDuration::from_secs(
                86_400 * if number.is_multiple_of(3) { 90 } else { 20 } - i64::from(number),
            ))
            .into(),
        ),
        key: PublicKey {
            algorithm: KeyAlgorithm::Rsa,
            bits: 2048,
        },
        spki_sha256: Some(digest(number, 3)),
        signature_algorithm: if number % 3 == 1 {
            "sha1WithRSAEncryption"
        } else {
            "sha256WithRSAEncryption"
        }
        .into(),
        extended_key_usage: Some(vec!["1.3.6.1.5.5.7.3.1".into(), "1.3.6.1.5.5.7.3.2".into()]),
        is_ca: false,
        self_issued: false,
        has_crl: true,
        trailing_bytes: 0,
    }
}

/// An attempt as the prober makes it: nothing in it is shared with the attempt before.
fn attempt(host: u32, number: u32, now: Timestamp) -> Attempt {
    let started_at =
        now + SignedDuration::from_micros(i64::from(number) * 1_000_000 + i64::from(host));
    let asks = number == 1;
    let stage = |stage, start_us, duration_us| StageRecord {
        stage,
        start_us,
        duration_us: duration_us + (host * 7 + number * 13) % 997,
        outcome: Outcome::Ok,
    };
    Attempt {
        endpoint: endpoint(host),
        number,
        probe: ProbeKind::Default,
        sni: (number == ATTEMPTS).then(|| name(host)),
        started_at,
        stages: [
            stage(Stage::Tcp, 0, 900),
            stage(Stage::X224, 1_000, 1_400),
            stage(Stage::Tls, 2_500, 4_200),
            stage(Stage::Credssp, 6_900, 1_100),
        ]
        .into_iter()
        .filter(|record| asks || record.stage != Stage::Credssp)
        .collect(),
        unanswered_rounds: 0,
        negotiation: Some(NegotiationFacts {
            requested: Protocols::DEFAULT_OFFER,
            selected: SelectedSecurity::Hybrid,
            selected_raw: Some(Protocols::HYBRID),
            failure: None,
            response_flags: Some(0x1f),
            source_reference: 0x1234,
            bare_confirm: false,
        }),
        tls: Some(Arc::new(TlsFacts {
            handshake: TlsHandshake::Full,
            version: Some(TlsVersion::TLS_1_3),
            cipher: Some("TLS13_AES_256_GCM_SHA384".into()),
            group: Some("X25519".into()),
            signature_valid: Some(true),
            client_certificate_requested: false,
            chain: vec![certificate(host, now).into()],
            trust: TrustVerdict::UnknownIssuer,
            received: 1_400 + (host + number) % 3,
        })),
        ntlm: asks.then(|| {
            Arc::new(NtlmFacts {
                netbios_computer: Some(format!("SRV{host:05}").into()),
                netbios_domain: Some("CORP".into()),
                dns_computer: Some(name(host)),
                dns_domain: Some("corp.example".into()),
                dns_forest: Some("corp.example".into()),
                version: Some((10, 0, 20348)),
                server_time: Some(started_at + SignedDuration::from_millis(3)),
                measured_at: Some(started_at),
                clock_error_ms: 1,
                tsrequest_version: Some(6),
                echoed_nonce: false,
            })
        }),
        lag_us: 0,
        path: Some(PathFacts {
            retransmits: Some(0),
            rtt_us: 800 + host % 97,
        }),
    }
}

fn names_checked(host: u32) -> EventBody {
    let answer = |resolver, question, answer| Lookup {
        question,
        resolver,
        answer,
        duration_ms: 1 + host % 40,
    };
    let pointer = |resolver| {
        let names = vec![name(host)];
        let question = Question::Pointer(endpoint(host).address);
        answer(resolver, question, LookupAnswer::Names { names })
    };
    let addresses = |resolver, ttl_s| {
        let addresses = vec![endpoint(host).address];
        let found = LookupAnswer::Addresses { addresses, ttl_s };
        answer(resolver, Question::Addresses(name(host)), found)
    };
    let sources = [NameSource::Ptr, NameSource::Certificate, NameSource::Ntlm];
    EventBody::NamesChecked {
        endpoint: endpoint(host),
        attempt: 1,
        names: sources
            .map(|source| ObservedName {
                name: name(host),
                source,
            })
            .to_vec(),
        lookups: vec![
            pointer(Resolver::System),
            pointer(Resolver::Configured),
            addresses(Resolver::System, None),
            addresses(Resolver::Configured, Some(3_600)),
        ],
        excluded: Vec::new(),
    }
}

/// Who made these scans.
pub(crate) fn origin() -> Origin {
    Origin::new(
        ScanId::new(Timestamp::UNIX_EPOCH, 0),
        Site::of_machine("bench"),
    )
}

/// The events of a scan that found this many, without its end.
pub(crate) fn scan(hosts: u32, now: Timestamp) -> impl Iterator<Item = ScanEvent> {
    let started = EventBody::ScanStarted(ScanPlan {
        schema: EVENT_SCHEMA.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        targets: ["10.0.0.0/16"].into_iter().collect(),
        excludes: Texts::default(),
        endpoints_planned: u64::from(hosts),
        names_planned: 0,
        seed: 1,
        attempts: ATTEMPTS,
        dns: true,
        ntlm: true,
        list_all: false,
        simulated: true,
    });
    let tried = (1..=ATTEMPTS)
        .flat_map(move |number| (0..hosts).map(move |host| (number, host)))
        .flat_map(move |(number, host)| {
            let attempt = attempt(host, number, now);
            let first = attempt.certificates().take(usize::from(number == 1));
            let attempt = EventBody::AttemptFinished {
                certificates: first.cloned().collect(),
                attempt,
                listed: false,
                outside_targets: false,
                remaining: ATTEMPTS - number,
            };
            std::iter::once(attempt).chain((number == 1).then(|| names_checked(host)))
        });
    let origin = origin();
    (0..)
        .zip(std::iter::once(started).chain(tried))
        .map(move |(seq, body)| ScanEvent::new(&origin, seq, now, body))
}
