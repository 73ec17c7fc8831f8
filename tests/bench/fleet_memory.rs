//! How much memory the fleet takes at 65,536 live hosts, and how fast it folds.
//!
//! `cargo bench --bench fleet_memory [-- HOSTS]` (Linux). Every host gets three attempts and a look-up of its names, with a
//! certificate, NTLM names and an identity of its own, as a fleet of domain members has. The budget is 2 KB per host.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers: it prints its figures and stops at the first surprise"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rdpscan::clock;
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::Fleet;
use rdpscan::model::{
    Attempt, CertificateFacts, ConnectionPurpose, DEFAULT_PORT, EVENT_SCHEMA, Endpoint, EventBody,
    KeyAlgorithm, Lookup, LookupAnswer, NameSource, NegotiationFacts, NtlmFacts, ObservedName,
    Outcome, PathFacts, Protocols, PublicKey, Question, Resolver, ScanEvent, ScanPlan,
    SelectedSecurity, Stage, StageRecord, TlsFacts, TlsMethod, TlsVersion, TrustVerdict,
};

/// Budget per live host in bytes.
const BUDGET: f64 = 2048.0;
const ATTEMPTS: u32 = 3;

/// Resident memory in bytes.
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0.0);
    pages * 4096.0
}

fn endpoint(number: u32) -> Endpoint {
    Endpoint::new(
        IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number)),
        DEFAULT_PORT,
    )
}

fn name(number: u32) -> Box<str> {
    format!("srv{number:05}.corp.example").into()
}

fn certificate(number: u32, now: Timestamp) -> CertificateFacts {
    let name = name(number);
    CertificateFacts {
        sha1: format!("{number:040x}").into(),
        sha256: format!("{number:064x}").into(),
        der_length: 750,
        unparsable: None,
        subject: format!("CN={name}").into(),
        common_name: Some(name.clone()),
        issuer: format!("CN={name}").into(),
        serial: format!("{number:032x}").into(),
        san_dns: Vec::new(),
        san_ip: Vec::new(),
        has_san: false,
        not_before: Some(now - SignedDuration::from_hours(24 * 90)),
        not_after: Some(now + SignedDuration::from_hours(24 * 90)),
        key: PublicKey {
            algorithm: KeyAlgorithm::Rsa,
            bits: 2048,
        },
        spki_sha256: format!("{number:064x}").into(),
        signature_algorithm: "sha256WithRSAEncryption".into(),
        extended_key_usage: Some(vec!["1.3.6.1.5.5.7.3.1".into()]),
        is_ca: false,
        self_issued: true,
        has_crl: false,
        trailing_bytes: 0,
    }
}

/// An attempt as the prober makes it: nothing in it is shared with the attempt before.
fn attempt(host: u32, number: u32, now: Timestamp) -> Attempt {
    let stage = |stage, start_us, duration_us| StageRecord {
        stage,
        connection: ConnectionPurpose::Main,
        start_us,
        duration_us: duration_us + host % 97,
        outcome: Outcome::Ok,
    };
    Attempt {
        endpoint: endpoint(host),
        number,
        by_name: None,
        started_at: now,
        stages: vec![
            stage(Stage::Tcp, 0, 900),
            stage(Stage::X224, 1_000, 1_400),
            stage(Stage::Tls, 2_500, 4_200),
            stage(Stage::Credssp, 6_900, 1_100),
        ],
        silent_rounds: 0,
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
            method: TlsMethod::Full,
            version: Some(TlsVersion::TLS_1_3),
            cipher: Some("TLS13_AES_256_GCM_SHA384".into()),
            group: Some("X25519".into()),
            signature_valid: Some(true),
            client_certificate_requested: false,
            chain: vec![Arc::new(certificate(host, now))],
            trust: TrustVerdict::SelfSigned,
            received: 1_400,
        })),
        ntlm: Some(Arc::new(NtlmFacts {
            netbios_computer: Some(format!("SRV{host:05}").into()),
            netbios_domain: Some("CORP".into()),
            dns_computer: Some(name(host)),
            dns_domain: Some("corp.example".into()),
            dns_forest: Some("corp.example".into()),
            version: Some((10, 0, 20348)),
            server_time: Some(now),
            asked_at: Some(now),
            clock_error_ms: 1,
            tsrequest_version: Some(6),
            echoed_nonce: false,
        })),
        path: Some(PathFacts {
            retransmits: 0,
            rtt_us: 800,
        }),
    }
}

fn names_checked(host: u32) -> EventBody {
    let answer = |question, answer| Lookup {
        question,
        resolver: Resolver::System,
        answer,
        duration_ms: 1,
    };
    let sources = [NameSource::Ptr, NameSource::Certificate, NameSource::Ntlm];
    EventBody::NamesChecked {
        endpoint: endpoint(host),
        names: sources
            .map(|source| ObservedName {
                name: name(host),
                source,
            })
            .to_vec(),
        lookups: vec![
            answer(
                Question::Pointer(endpoint(host).address),
                LookupAnswer::Names {
                    names: vec![name(host)],
                },
            ),
            answer(
                Question::Addresses(name(host)),
                LookupAnswer::Addresses {
                    addresses: vec![endpoint(host).address],
                    ttl_s: Some(3600),
                },
            ),
        ],
        excluded: Vec::new(),
    }
}

fn main() {
    let hosts: u32 = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"))
        .map_or(65_536, |number| number.parse().unwrap());
    let now = clock::wall();
    let mut fleet = Fleet::new(Policy::default());
    let mut seq = 0;
    let mut event = |body| {
        seq += 1;
        ScanEvent {
            run_id: "bench".into(),
            source: "bench".into(),
            seq: seq - 1,
            at: now,
            body,
        }
    };
    let before = resident();
    let start = clock::monotonic();
    fleet.apply(event(EventBody::ScanStarted(ScanPlan {
        schema: EVENT_SCHEMA.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        targets: vec!["10.0.0.0/16".to_owned()],
        excludes: Vec::new(),
        endpoints_planned: u64::from(hosts),
        names_planned: 0,
        seed: 1,
        attempts: ATTEMPTS,
        dns: true,
        ntlm: true,
        list_all: false,
        simulated: true,
    })));
    for number in 1..=ATTEMPTS {
        for host in 0..hosts {
            fleet.apply(event(EventBody::AttemptFinished {
                attempt: attempt(host, number, now),
                listed: false,
                by_reference: false,
                last: number == ATTEMPTS,
            }));
            if number == 1 {
                fleet.apply(event(names_checked(host)));
            }
        }
    }
    let took = (clock::monotonic() - start).as_secs_f64();
    let each = (resident() - before) / f64::from(hosts);
    assert_eq!(fleet.hosts().len(), hosts as usize, "every host is a row");
    println!(
        "{hosts} hosts, {seq} events: {each:.0} bytes resident per host (budget {BUDGET:.0}), folded in {took:.1} s, {:.0} events/s",
        seq as f64 / took
    );
}
