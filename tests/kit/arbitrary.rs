//! Any event that the types allow.

use std::collections::BTreeMap;
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

/// Any that there is, in whole microseconds.
pub(crate) fn any_time() -> impl Strategy<Value = jiff::Timestamp> {
    let last = whole_microseconds(jiff::Timestamp::MAX);
    let all = jiff::Timestamp::MIN.as_microsecond()..=last.as_microsecond();
    prop_oneof![
        8 => all.prop_map(move |at| jiff::Timestamp::from_microsecond(at).unwrap_or(last)),
        1 => Just(last),
        1 => Just(jiff::Timestamp::MIN),
    ]
}

fn any_bytes() -> impl Strategy<Value = HexBytes> {
    prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| HexBytes(bytes.into()))
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
        (any_text(), any_bytes()).prop_map(|(looks_like, first_bytes)| Outcome::NotRdp {
            looks_like,
            first_bytes
        }),
        (any_text(), any::<u32>())
            .prop_map(|(message, received)| Outcome::Disconnected { message, received }),
        any_text().prop_map(|detail| Outcome::Malformed { detail }),
        any::<u32>().prop_map(|code| Outcome::NegotiationFailure { code }),
        Just(Outcome::NoTls),
        any::<(u8, u32)>().prop_map(|(code, received)| Outcome::Alert { code, received }),
        any_text().prop_map(|detail| Outcome::ClientRefused { detail }),
        any::<u32>().prop_map(|status| Outcome::CredsspError { status }),
        Just(Outcome::NoChallenge),
        any_text().prop_map(|detail| Outcome::LocalError { detail }),
        Just(Outcome::Cancelled),
        any_text().prop_map(|detail| Outcome::InternalError { detail }),
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
        any::<([u8; 20], [u8; 32], Option<[u8; 32]>)>(),
        any_bytes(),
        any_text(),
        prop::option::of(any_text()),
        prop::collection::vec(any_text(), 0..3),
        prop::collection::vec(any::<IpAddr>(), 0..3),
        prop::option::of(any_second()),
        any::<(bool, bool, u32)>(),
        prop::option::of(prop::collection::vec(any_text(), 0..2)),
    )
        .prop_map(
            |(
                (sha1, sha256, key),
                serial,
                subject,
                common_name,
                san_dns,
                san_ip,
                at,
                (yes, no, length),
                usage,
            )| {
                CertificateFacts {
                    sha1: Digest(sha1),
                    sha256: Digest(sha256),
                    der_length: length,
                    unparsable: common_name.clone(),
                    issuer: (*subject).into(),
                    subject,
                    common_name,
                    serial,
                    san_dns,
                    san_ip,
                    san_omitted: length,
                    has_san: yes,
                    not_before: at,
                    not_after: at,
                    key: PublicKey {
                        algorithm: KeyAlgorithm::EdDsa,
                        bits: length,
                    },
                    spki_sha256: key.map(Digest),
                    signature_algorithm: "1.2.3".into(),
                    extended_key_usage: usage
                        .map(|usage| usage.into_iter().map(Into::into).collect()),
                    is_ca: no,
                    self_issued: yes,
                    has_crl: no,
                    public_policy: yes,
                    trailing_bytes: length,
                }
            },
        )
}

fn any_tls() -> impl Strategy<Value = TlsFacts> {
    (
        prop::sample::select(vec![
            TlsHandshake::Full,
            TlsHandshake::LegacyPeek,
            TlsHandshake::Failed,
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
            |(handshake, version, cipher, signature_valid, chain, trust, received)| TlsFacts {
                handshake,
                version: version.map(TlsVersion),
                group: cipher.clone(),
                cipher,
                signature_valid,
                client_certificate_requested: signature_valid.is_some(),
                chain: chain.into_iter().map(Into::into).collect(),
                trust,
                received,
            },
        )
}

/// Boxed: a strategy of this size in another is too much for the stack of a test.
pub(crate) fn any_attempt() -> BoxedStrategy<Attempt> {
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
                measured_at: server_time,
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
                (number, unanswered_rounds),
                probe,
                sni,
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
                sni,
                started_at,
                stages,
                unanswered_rounds,
                negotiation,
                tls: tls.map(Arc::new),
                ntlm: ntlm.map(Arc::new),
                path: path.map(|(retransmits, rtt_us)| PathFacts {
                    retransmits,
                    rtt_us,
                }),
                lag_us: unanswered_rounds.into(),
            },
        )
        .boxed()
}

pub(crate) fn any_lookup() -> impl Strategy<Value = Lookup> {
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

fn any_site() -> impl Strategy<Value = Site> {
    "[a-z0-9_-]{1,32}".prop_map(|name| name.parse().unwrap())
}

fn any_notice() -> impl Strategy<Value = Notice> {
    prop_oneof![
        (prop::option::of(any_endpoint()), any_text(), any::<bool>()).prop_map(
            |(server, detail, answered_before)| Notice::ResolverDown {
                server: server.map(Endpoint::socket_address),
                detail,
                answered_before,
            }
        ),
        (prop::option::of(any_endpoint()), any_text(), any::<bool>()).prop_map(
            |(server, detail, answered_before)| Notice::ResolverUnresponsive {
                resolver: server.map_or(Resolver::System, |server| {
                    Resolver::Server(server.socket_address())
                }),
                detail,
                answered_before,
            }
        ),
        any_endpoint().prop_map(|server| Notice::ResolverRecovered {
            resolver: Resolver::Server(server.socket_address()),
        }),
        Just(Notice::NoIpv6Route),
        any::<(u32, u32, u64)>().prop_map(|(requested, used, limit)| Notice::DescriptorLimit {
            requested,
            used,
            limit
        }),
        (any_text(), prop::option::of(any_shortage()))
            .prop_map(|(detail, shortage)| Notice::SocketError { detail, shortage }),
        any_text().prop_map(|detail| Notice::LocalRefusal { detail }),
        any::<u32>().prop_map(|worst_lag_ms| Notice::Busy { worst_lag_ms }),
        any::<u32>().prop_map(|per_second| Notice::RateReduced { per_second }),
        any::<(u64, u64, Option<u64>)>().prop_map(|(on_retry, answered, estimated_missing)| {
            Notice::RequestsLost {
                on_retry,
                answered,
                estimated_missing,
            }
        }),
        any::<i64>().prop_map(|seconds| Notice::ClockJumped { seconds }),
        any_text().prop_map(|detail| Notice::InternalError { detail }),
        Just(Notice::TimeLimit),
        (
            any_text(),
            any::<u32>(),
            any_text(),
            prop::collection::vec(any_text(), 0..3)
        )
            .prop_map(|(file, count, reason, names)| Notice::EntriesSkipped {
                file,
                count,
                reason,
                names,
            }),
        any::<u64>().prop_map(|hosts_omitted| Notice::Filtered { hosts_omitted }),
        any_endpoint().prop_map(|endpoint| Notice::HostSkipped {
            host: HostKey::Endpoint(endpoint)
        }),
        any::<(String, u16)>().prop_map(|(name, port)| Notice::HostSkipped {
            host: HostKey::Unresolved { name, port }
        }),
        any_text().prop_map(|detail| Notice::JournalStopped { detail }),
        any::<u64>().prop_map(|seconds| Notice::SweepDelayed { seconds }),
        any_text().prop_map(|detail| Notice::ChangeCommandFailed { detail }),
        any_text().prop_map(|detail| Notice::OutputFailed { detail }),
        any_site().prop_map(|site| Notice::SiteSilent { site }),
        any_site().prop_map(|site| Notice::SiteResponds { site }),
        (any_site(), any_text()).prop_map(|(site, what)| Notice::OutsideAllowList { site, what }),
        (any_site(), any::<u32>(), any::<u32>(), any_text()).prop_map(
            |(site, deliveries, count, host)| Notice::ShardFailed {
                site,
                deliveries,
                count,
                hosts: vec![host],
            }
        ),
        (any_site(), any_text()).prop_map(|(site, reason)| Notice::EventsDropped { site, reason }),
        any_text().prop_map(|detail| Notice::NatsDown { detail }),
        Just(Notice::NatsResponds),
    ]
}

pub(crate) fn any_plan() -> impl Strategy<Value = ScanPlan> {
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
                excludes: targets.iter().collect(),
                targets: targets.into_iter().collect(),
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

fn any_planned_work() -> impl Strategy<Value = PlannedWork> {
    let texts = || prop::collection::vec(any::<String>(), 0..3);
    let by_port = || prop::collection::btree_map(any::<u16>(), texts(), 0..3);
    let settings = prop::collection::btree_map(any_text(), any_text(), 0..3);
    let made = (
        any_text(),
        any::<u32>(),
        by_port(),
        by_port(),
        texts(),
        texts(),
        settings,
    );
    made.prop_map(
        |(target_key, permutation, endpoints, listed, names, excluded, settings)| {
            let all = |all: BTreeMap<u16, Vec<String>>| -> BTreeMap<u16, Texts> {
                let all = all.into_iter();
                all.map(|(port, texts)| (port, texts.into_iter().collect()))
                    .collect()
            };
            PlannedWork {
                target_key,
                permutation,
                endpoints: all(endpoints),
                listed: all(listed),
                row_addresses: names
                    .iter()
                    .map(|name| (name.as_str().into(), std::iter::once(name).collect()))
                    .collect(),
                names: names.into_iter().collect(),
                excluded: excluded.into_iter().collect(),
                settings,
            }
        },
    )
}

fn any_checkpoint() -> impl Strategy<Value = Checkpoint> {
    (
        any::<(u32, u64, u64)>(),
        prop::collection::vec(any::<(u64, u64, u8)>(), 0..3),
        prop::collection::vec((any_endpoint(), any::<u8>(), any::<bool>()), 0..3),
        prop::collection::vec((any_text(), any::<u16>()), 0..3),
        any::<(u64, u64, u64, u64)>(),
    )
        .prop_map(
            |((permutation, cursor, names_asked), places, endpoints, names, counts)| {
                let (closed, filtered, unreachable, not_probed) = counts;
                let lookups = places.iter().map(|(from, to, _)| PlaceRange {
                    from: *from,
                    to: *to,
                });
                let elsewhere = endpoints.iter().map(|(endpoint, ..)| *endpoint);
                Checkpoint {
                    permutation,
                    cursor,
                    names_asked,
                    pass: (permutation % 2 == 1).then_some(SilentPass {
                        number: 1,
                        next: cursor,
                    }),
                    endpoints_probed: cursor,
                    answered_on_retry: names_asked,
                    open: OpenWork {
                        lookups: lookups.collect(),
                        lookups_elsewhere: elsewhere.collect(),
                        places: places
                            .into_iter()
                            .map(|(from, to, round)| OpenPlaces { from, to, round })
                            .collect(),
                        endpoints: endpoints
                            .into_iter()
                            .map(|(endpoint, round, repeat)| OpenEndpoint {
                                endpoint,
                                round,
                                repeat,
                            })
                            .collect(),
                        names: names
                            .into_iter()
                            .map(|(name, port)| OpenName { name, port })
                            .collect(),
                    },
                    unlisted: UnlistedCounts {
                        closed,
                        filtered,
                        unreachable,
                        not_probed,
                    },
                }
            },
        )
}

pub(crate) fn any_body() -> impl Strategy<Value = EventBody> {
    prop_oneof![
        (
            any_text(),
            (any::<u16>(), prop::collection::vec(any::<IpAddr>(), 0..3)),
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
        (any_attempt(), any::<(bool, bool, u32)>()).prop_map(
            |(attempt, (listed, outside_targets, remaining))| EventBody::AttemptFinished {
                certificates: attempt.certificates().cloned().collect(),
                attempt,
                listed,
                outside_targets,
                remaining,
            }
        ),
        (
            (any_endpoint(), any::<u32>()),
            prop::collection::vec(any_text(), 0..3),
            prop::collection::vec(any_lookup(), 0..3),
            prop::collection::vec(any::<IpAddr>(), 0..3)
        )
            .prop_map(|((endpoint, attempt), names, lookups, excluded)| {
                EventBody::NamesChecked {
                    endpoint,
                    attempt,
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
        any_notice().prop_map(EventBody::Notice),
        (any_endpoint(), any::<u32>())
            .prop_map(|(endpoint, after)| EventBody::ReprobeStarted { endpoint, after }),
        any_checkpoint().prop_map(EventBody::Checkpoint),
        any_planned_work().prop_map(|work| EventBody::WorkPlanned(work.into())),
        any_endpoint().prop_map(|endpoint| EventBody::NotReached {
            host: HostKey::Endpoint(endpoint),
        }),
        (any_endpoint(), any_text()).prop_map(|(endpoint, gateway)| EventBody::BehindGateway {
            host: HostKey::Endpoint(endpoint),
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
                not_reached: probed,
            })
        }),
    ]
}

pub(crate) fn any_history() -> impl Strategy<Value = History> {
    (
        any_endpoint(),
        prop::collection::vec(any_attempt(), 0..3),
        prop::collection::vec(any_text(), 0..3),
        prop::collection::vec(any_lookup(), 0..3),
        prop::collection::vec(any::<IpAddr>(), 0..3),
        any::<[bool; 4]>(),
        prop::option::of(any_text()),
    )
        .prop_map(
            |(endpoint, attempts, names, lookups, excluded, flags, gateway)| {
                let [listed, outside_targets, names_checked, complete] = flags;
                let named = |name| ObservedName {
                    name,
                    source: NameSource::Target,
                };
                History {
                    key: HostKey::Endpoint(endpoint),
                    listed,
                    outside_targets,
                    attempts,
                    names: names.into_iter().map(named).collect(),
                    lookups: lookups.into_iter().map(Arc::new).collect(),
                    excluded,
                    names_checked,
                    complete,
                    gateway,
                    site: None,
                    elsewhere: Vec::new(),
                }
            },
        )
}
