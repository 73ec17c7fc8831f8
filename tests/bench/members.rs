//! Domain members as a default scan sees them, for the benchmarks of the fleet: three attempts by IP and one by name, the
//! NTLM question once, a certificate of its own with two names, and its name and address looked up by the system's resolver
//! and by the DNS server. Only what hosts of one domain have in common is equal between two.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rdpscan::model::{
    Attempt, CertificateFacts, DEFAULT_PORT, Digest, Endpoint, EventBody, HexBytes, Lookup,
    LookupAnswer, NameSource, NtlmFacts, Origin, Outcome, PathFacts, Question, Resolver, ScanEvent,
    ScanId, ScanPlan, SelectedSecurity, Site, Stage, StageRecord, TlsFacts,
};

#[path = "../kit/mod.rs"]
pub(crate) mod kit;

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
    // Two of three hosts have a second finding, one of three a third.
    let days = if number.is_multiple_of(3) { 90 } else { 20 };
    let before = SignedDuration::from_secs(86_400 * 90 + i64::from(number));
    let left = SignedDuration::from_secs(86_400 * days - i64::from(number));
    CertificateFacts {
        sha1: digest(number, 1),
        sha256: digest(number, 2),
        der_length: 1_500 + number % 7,
        serial: HexBytes::from(&digest::<19>(number, 4).0[..]),
        not_before: Some((now - before).into()),
        not_after: Some((now + left).into()),
        spki_sha256: Some(digest(number, 3)),
        signature_algorithm: if number % 3 == 1 {
            "sha1WithRSAEncryption"
        } else {
            "sha256WithRSAEncryption"
        }
        .into(),
        extended_key_usage: Some(vec!["1.3.6.1.5.5.7.3.1".into(), "1.3.6.1.5.5.7.3.2".into()]),
        ..kit::issued(&[&name, &format!("srv{number:05}")])
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
        number,
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
        negotiation: Some(kit::negotiation(SelectedSecurity::Hybrid)),
        tls: Some(Arc::new(TlsFacts {
            group: Some("X25519".into()),
            received: 1_400 + (host + number) % 3,
            ..kit::tls(certificate(host, now))
        })),
        ntlm: asks.then(|| {
            Arc::new(NtlmFacts {
                server_time: Some(started_at + SignedDuration::from_millis(3)),
                measured_at: Some(started_at),
                clock_error_ms: 1,
                ..kit::ntlm(&name(host))
            })
        }),
        path: Some(PathFacts {
            retransmits: Some(0),
            rtt_us: 800 + host % 97,
        }),
        ..kit::attempt_at(endpoint(host))
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
            .map(|source| kit::observed(source, &name(host)))
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
        version: env!("CARGO_PKG_VERSION").into(),
        targets: ["10.0.0.0/16"].into_iter().collect(),
        endpoints_planned: u64::from(hosts),
        seed: 1,
        attempts: ATTEMPTS,
        simulated: true,
        ..kit::plan()
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
