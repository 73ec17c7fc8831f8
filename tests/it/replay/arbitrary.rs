//! Any event that the types allow.

use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;
use rdpscan::model::*;

fn any_text() -> impl Strategy<Value = Box<str>> {
    any::<String>().prop_map(Into::into)
}

fn any_shortage() -> impl Strategy<Value = Shortage> {
    prop::sample::select(vec![
        Shortage::ProcessFiles,
        Shortage::SystemFiles,
        Shortage::SocketMemory,
        Shortage::LocalPorts,
    ])
}

pub(super) fn any_time() -> impl Strategy<Value = jiff::Timestamp> {
    (-377_705_023_201_i64..253_402_207_200, 0..1_000_000_000_i32)
        .prop_map(|(second, nano)| jiff::Timestamp::new(second, nano.max(0)).unwrap_or_default())
}

/// Any that there is: from the year -9999 to 9999.
fn any_second() -> impl Strategy<Value = UtcSecond> {
    (-377_705_116_800_i64..=253_402_300_799).prop_map(UtcSecond::from_second)
}

fn any_endpoint() -> impl Strategy<Value = Endpoint> {
    (any::<IpAddr>(), any::<u16>()).prop_map(|(address, port)| Endpoint::new(address, port))
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let received = any::<u32>();
    prop_oneof![
        Just(Outcome::Ok),
        received.prop_map(|received| Outcome::Timeout { received }),
        Just(Outcome::Refused),
        Just(Outcome::HostUnreachable),
        Just(Outcome::NetworkUnreachable),
        Just(Outcome::Prohibited),
        any::<u32>().prop_map(|received| Outcome::Closed { received }),
        any::<u32>().prop_map(|received| Outcome::Reset { received }),
        any::<(String, String)>().prop_map(|(looks_like, first_bytes)| Outcome::NotRdp {
            looks_like,
            first_bytes
        }),
        any::<(String, u32)>()
            .prop_map(|(message, received)| Outcome::Disconnected { message, received }),
        any::<String>().prop_map(|detail| Outcome::Malformed { detail }),
        any::<u32>().prop_map(|code| Outcome::NegotiationFailure { code }),
        Just(Outcome::NoTls),
        any::<(u8, u32)>().prop_map(|(code, received)| Outcome::Alert { code, received }),
        any::<String>().prop_map(|detail| Outcome::ClientRefused { detail }),
        any::<u32>().prop_map(|status| Outcome::CredsspError { status }),
        Just(Outcome::NoChallenge),
        any::<String>().prop_map(|detail| Outcome::Local { detail }),
        Just(Outcome::Cancelled),
    ]
}

fn any_stage_record() -> impl Strategy<Value = StageRecord> {
    (
        prop::sample::select(Stage::ALL.to_vec()),
        any::<(u32, u32)>(),
        any_outcome(),
    )
        .prop_map(|(stage, (start_us, duration_us), outcome)| StageRecord {
            stage,
            start_us,
            duration_us,
            outcome,
        })
}

fn any_certificate() -> impl Strategy<Value = CertificateFacts> {
    (
        any_text(),
        any_text(),
        prop::option::of(any_text()),
        prop::collection::vec(any_text(), 0..3),
        prop::collection::vec(any::<IpAddr>(), 0..3),
        prop::option::of(any_second()),
        any::<(bool, bool, u32)>(),
        prop::option::of(prop::collection::vec(any_text(), 0..2)),
    )
        .prop_map(
            |(thumbprint, subject, common_name, san_dns, san_ip, at, (yes, no, length), usage)| {
                CertificateFacts {
                    sha1: thumbprint.clone(),
                    sha256: thumbprint,
                    der_length: length,
                    unparsable: common_name.clone(),
                    issuer: subject.clone(),
                    subject,
                    common_name,
                    serial: "00".into(),
                    san_dns,
                    san_ip,
                    san_left_out: length,
                    has_san: yes,
                    not_before: at,
                    not_after: at,
                    key: PublicKey {
                        algorithm: KeyAlgorithm::EdDsa,
                        bits: length,
                    },
                    spki_sha256: "".into(),
                    signature_algorithm: "1.2.3".into(),
                    extended_key_usage: usage,
                    is_ca: no,
                    self_issued: yes,
                    has_crl: no,
                    trailing_bytes: length,
                }
            },
        )
}

fn any_tls() -> impl Strategy<Value = TlsFacts> {
    (
        prop::sample::select(vec![
            TlsMethod::Full,
            TlsMethod::LegacyPeek,
            TlsMethod::Failed,
        ]),
        any::<Option<u16>>(),
        prop::option::of(any_text()),
        any::<Option<bool>>(),
        prop::collection::vec(any_certificate(), 0..3),
        prop_oneof![
            Just(TrustVerdict::Trusted),
            Just(TrustVerdict::SelfSigned),
            Just(TrustVerdict::UnknownIssuer),
            any_text().prop_map(TrustVerdict::Rejected),
            Just(TrustVerdict::NotChecked),
        ],
        any::<u32>(),
    )
        .prop_map(
            |(method, version, cipher, signature_valid, chain, trust, received)| TlsFacts {
                method,
                version: version.map(TlsVersion),
                group: cipher.clone(),
                cipher,
                signature_valid,
                client_certificate_requested: signature_valid.is_some(),
                chain: chain.into_iter().map(Arc::new).collect(),
                trust,
                received,
            },
        )
}

pub(super) fn any_attempt() -> impl Strategy<Value = Attempt> {
    let negotiation = any::<(u32, u8, Option<u32>, Option<u32>, u16, bool)>().prop_map(
        |(requested, selected, raw, failure, source_reference, bare_confirm)| NegotiationFacts {
            requested: Protocols(requested),
            selected: SelectedSecurity::from_protocol(Protocols(u32::from(selected)))
                .unwrap_or(SelectedSecurity::None),
            selected_raw: raw.map(Protocols),
            failure: failure.map(NegotiationFailure),
            response_flags: Some(selected),
            source_reference,
            bare_confirm,
        },
    );
    let ntlm = (
        prop::option::of(any_text()),
        any::<Option<(u8, u8, u16)>>(),
        prop::option::of(any_time()),
        any::<Option<u32>>(),
    )
        .prop_map(
            |(text, version, server_time, tsrequest_version)| NtlmFacts {
                netbios_computer: text.clone(),
                dns_forest: text,
                version,
                server_time,
                asked_at: server_time,
                clock_error_ms: 1,
                tsrequest_version,
                ..NtlmFacts::default()
            },
        );
    (
        any_endpoint(),
        any::<(u32, u8)>(),
        prop::sample::select(ProbeKind::ALL.to_vec()),
        prop::option::of(any_text()),
        any_time(),
        prop::collection::vec(any_stage_record(), 0..6),
        prop::option::of(negotiation),
        prop::option::of(any_tls()),
        prop::option::of(ntlm),
        any::<Option<(Option<u32>, u32)>>(),
    )
        .prop_map(
            |(
                endpoint,
                (number, silent_rounds),
                probe,
                by_name,
                started_at,
                stages,
                negotiation,
                tls,
                ntlm,
                path,
            )| Attempt {
                endpoint,
                number,
                probe,
                by_name,
                started_at,
                stages,
                silent_rounds,
                negotiation,
                tls: tls.map(Arc::new),
                ntlm: ntlm.map(Arc::new),
                path: path.map(|(retransmits, rtt_us)| PathFacts {
                    retransmits,
                    rtt_us,
                }),
                lag_us: silent_rounds.into(),
            },
        )
}

pub(super) fn any_lookup() -> impl Strategy<Value = Lookup> {
    (
        prop_oneof![
            any_text().prop_map(Question::Addresses),
            any::<IpAddr>().prop_map(Question::Pointer)
        ],
        prop_oneof![
            Just(Resolver::System),
            Just(Resolver::Configured),
            any_endpoint().prop_map(|endpoint| Resolver::Server(endpoint.socket_address())),
        ],
        prop_oneof![
            (
                prop::collection::vec(any::<IpAddr>(), 0..4),
                any::<Option<u32>>()
            )
                .prop_map(|(addresses, ttl_s)| LookupAnswer::Addresses { addresses, ttl_s }),
            prop::collection::vec(any_text(), 0..4).prop_map(|names| LookupAnswer::Names { names }),
            prop::sample::select(vec![
                LookupAnswer::NxDomain,
                LookupAnswer::NoData,
                LookupAnswer::AliasLoop,
                LookupAnswer::Timeout,
                LookupAnswer::ServFail,
                LookupAnswer::Refused,
                LookupAnswer::NotFound,
            ]),
            any_text().prop_map(|detail| LookupAnswer::Error { detail }),
        ],
        any::<u32>(),
    )
        .prop_map(|(question, resolver, answer, duration_ms)| Lookup {
            question,
            resolver,
            answer,
            duration_ms,
        })
}

fn any_notice() -> impl Strategy<Value = Notice> {
    prop_oneof![
        (prop::option::of(any_endpoint()), any_text(), any::<bool>()).prop_map(
            |(server, detail, stopped)| Notice::ResolverDown {
                server: server.map(Endpoint::socket_address),
                detail,
                stopped,
            }
        ),
        (prop::option::of(any_endpoint()), any_text(), any::<bool>()).prop_map(
            |(server, detail, stopped)| Notice::ResolverSilent {
                resolver: server.map_or(Resolver::System, |server| {
                    Resolver::Server(server.socket_address())
                }),
                detail,
                stopped,
            }
        ),
        any_endpoint().prop_map(|server| Notice::ResolverBack {
            resolver: Resolver::Server(server.socket_address()),
        }),
        Just(Notice::NoIpv6Route),
        any::<(u32, u32, u64)>().prop_map(|(asked, used, limit)| Notice::DescriptorLimit {
            asked,
            used,
            limit
        }),
        (any_text(), prop::option::of(any_shortage()))
            .prop_map(|(detail, shortage)| Notice::LocalTrouble { detail, shortage }),
        any_text().prop_map(|detail| Notice::OwnRefusal { detail }),
        Just(Notice::TimeLimit),
        any_endpoint().prop_map(|endpoint| Notice::Skipped {
            subject: Subject::Endpoint(endpoint)
        }),
        any::<(String, u16)>().prop_map(|(name, port)| Notice::Skipped {
            subject: Subject::Unresolved { name, port }
        }),
    ]
}

pub(super) fn any_plan() -> impl Strategy<Value = ScanPlan> {
    (
        any_text(),
        prop::collection::vec(any::<String>(), 0..3),
        any::<(u64, u64, u64, u32)>(),
        any::<(bool, bool, bool, bool)>(),
    )
        .prop_map(
            |(
                version,
                targets,
                (endpoints_planned, names_planned, seed, attempts),
                (dns, ntlm, list_all, simulated),
            )| ScanPlan {
                schema: EVENT_SCHEMA.into(),
                version,
                excludes: targets.clone(),
                targets,
                endpoints_planned,
                names_planned,
                seed,
                attempts,
                dns,
                ntlm,
                list_all,
                simulated,
            },
        )
}

pub(super) fn any_body() -> impl Strategy<Value = EventBody> {
    prop_oneof![
        (
            any_text(),
            any::<(u16, u32)>(),
            prop::collection::vec(any_endpoint(), 0..3),
            prop::collection::vec(any_lookup(), 0..3)
        )
            .prop_map(|(name, (port, excluded), endpoints, lookups)| {
                EventBody::TargetResolved {
                    name,
                    port,
                    endpoints,
                    excluded,
                    lookups,
                }
            }),
        (any_attempt(), any::<(bool, bool, bool)>()).prop_map(
            |(attempt, (listed, by_reference, last))| EventBody::AttemptFinished {
                attempt,
                listed,
                by_reference,
                last,
            }
        ),
        (
            any_endpoint(),
            prop::collection::vec(any_text(), 0..3),
            prop::collection::vec(any_lookup(), 0..3),
            prop::collection::vec(any::<IpAddr>(), 0..3)
        )
            .prop_map(|(endpoint, names, lookups, excluded)| {
                EventBody::NamesChecked {
                    endpoint,
                    names: names
                        .into_iter()
                        .map(|name| ObservedName {
                            name,
                            source: NameSource::Ptr,
                        })
                        .collect(),
                    lookups,
                    excluded,
                }
            }),
        any_notice().prop_map(EventBody::Noticed),
        any_endpoint().prop_map(|endpoint| EventBody::ProbedAnew { endpoint }),
        any_endpoint().prop_map(|endpoint| EventBody::NotReached {
            subject: Subject::Endpoint(endpoint),
        }),
        (any_endpoint(), any_text()).prop_map(|(endpoint, gateway)| EventBody::BehindGateway {
            subject: Subject::Endpoint(endpoint),
            gateway,
        }),
        any::<(bool, u64, u64)>().prop_map(|(complete, probed, closed)| {
            EventBody::ScanFinished(ScanEnd {
                status: if complete {
                    ScanStatus::Complete
                } else {
                    ScanStatus::Interrupted
                },
                endpoints_probed: probed,
                unlisted: UnlistedCounts {
                    closed,
                    filtered: probed,
                    unreachable: 0,
                    not_probed: 0,
                },
                answered_on_retry: closed,
                unreached: probed,
            })
        }),
    ]
}
