//! Whole hosts: a table of cases, and properties.

use proptest::prelude::*;

use super::ending::connected;
use super::testing::{HostMaker, digest, endpoint, leading_to};
use super::*;
use crate::model::{
    Attempt, HexBytes, HostKey, Lookup, LookupAnswer, NameSource, ObservedName, Outcome, ProbeKind,
    Question, Resolver, Severity, StageRecord, TlsHandshake, UtcSecond,
};

mod case_facts;
mod case_values;
mod cases;
mod exceptions;
mod tolerance;

fn outcome() -> impl Strategy<Value = Outcome> {
    let received = prop_oneof![Just(0_u32), any::<u32>()];
    prop_oneof![
        4 => Just(Outcome::Ok),
        1 => received.clone().prop_map(|received| Outcome::Timeout { received }),
        1 => Just(Outcome::Refused),
        1 => Just(Outcome::HostUnreachable),
        1 => Just(Outcome::NetworkUnreachable),
        1 => Just(Outcome::Prohibited),
        2 => received.clone().prop_map(|received| Outcome::Closed { received }),
        2 => received.clone().prop_map(|received| Outcome::Reset { received }),
        1 => ".{0,8}".prop_map(|like| Outcome::NotRdp { looks_like: like.into(), first_bytes: HexBytes::default() }),
        1 => ".{0,8}".prop_map(|detail| Outcome::Malformed { detail: detail.into() }),
        1 => (0_u32..9).prop_map(|code| Outcome::NegotiationFailure { code }),
        1 => Just(Outcome::NoTls),
        1 => (any::<u8>(), received).prop_map(|(code, received)| Outcome::Alert { code, received }),
        1 => ".{0,8}".prop_map(|detail| Outcome::ClientRefused { detail: detail.into() }),
        1 => any::<u32>().prop_map(|status| Outcome::CredsspError { status }),
        1 => Just(Outcome::NoChallenge),
        1 => ".{0,8}".prop_map(|detail| Outcome::LocalError { detail: detail.into() }),
        1 => Just(Outcome::Cancelled),
    ]
}

fn record() -> impl Strategy<Value = StageRecord> {
    (
        prop::sample::select(Stage::ALL),
        any::<u32>(),
        any::<u32>(),
        outcome(),
    )
        .prop_map(|(stage, start_us, duration_us, outcome)| StageRecord {
            stage,
            start_us,
            duration_us,
            outcome,
        })
}

fn validity() -> impl Strategy<Value = Option<UtcSecond>> {
    let bounds = -400_000_000_000..=UtcSecond::MAX.as_second();
    prop::option::of(bounds.prop_map(UtcSecond::from_second))
}

fn certificate() -> impl Strategy<Value = CertificateFacts> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (
        ".{0,20}",
        prop::collection::vec(".{0,12}", 0..3),
        validity(),
        validity(),
        flags,
        any::<u32>(),
    )
        .prop_map(
            |(name, san, not_before, not_after, (has_san, is_ca, self_issued), bits)| {
                let mut leaf = testing::certificate(&name);
                leaf.san_dns = san.into_iter().map(Into::into).collect();
                leaf.not_before = not_before;
                leaf.not_after = not_after;
                leaf.has_san = has_san;
                leaf.is_ca = is_ca;
                leaf.self_issued = self_issued;
                leaf.key.bits = bits;
                leaf.san_omitted = bits % 2;
                // Certificates that differ have hashes that differ.
                leaf.sha256 = digest(&format!("{leaf:?}"));
                leaf
            },
        )
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let handshake = prop_oneof![
        Just(TlsHandshake::Full),
        Just(TlsHandshake::LegacyPeek),
        Just(TlsHandshake::Failed)
    ];
    let tls = prop::option::of((handshake, certificate()));
    (
        prop::sample::select(ProbeKind::ALL),
        prop::collection::vec(record(), 0..7),
        tls,
        prop::option::of(".{0,20}"),
        any::<u8>(),
        any::<bool>(),
    )
        .prop_map(|(probe, stages, tls, ntlm, unanswered_rounds, by_name)| {
            let mut made = testing::attempt().probe(probe).done();
            made.stages = stages;
            made.unanswered_rounds = unanswered_rounds;
            made.sni = by_name.then(|| "srv05.corp.example".into());
            made.tls = tls.map(|(handshake, leaf)| {
                Arc::new(TlsFacts {
                    handshake,
                    ..testing::tls(leaf)
                })
            });
            made.ntlm = ntlm.map(|name| testing::ntlm(&name).into());
            made
        })
}

const NAMES: [&str; 4] = [
    "srv05.corp.example",
    "srv05",
    "bücher.example",
    "*.corp.example",
];

fn lookup() -> impl Strategy<Value = Lookup> {
    let addresses = prop::sample::subsequence(
        vec!["10.0.0.5", "10.0.0.9", "2001:db8::5", "10.0.0.7"],
        0..4,
    );
    let answer = prop_oneof![
        3 => addresses.prop_map(|addresses| leading_to(&addresses)),
        1 => Just(LookupAnswer::NxDomain),
        1 => Just(LookupAnswer::NoData),
        1 => Just(LookupAnswer::AliasLoop),
        1 => Just(LookupAnswer::NotFound),
        1 => Just(LookupAnswer::Timeout),
        1 => Just(LookupAnswer::ServFail),
        1 => Just(LookupAnswer::Names { names: vec!["srv05.corp.example".into()] }),
    ];
    let question = prop_oneof![
        4 => prop::sample::select(&NAMES[..]).prop_map(|name| Question::Addresses(name.into())),
        1 => Just(Question::Pointer(endpoint("10.0.0.5").address)),
    ];
    let resolver = prop_oneof![Just(Resolver::System), Just(Resolver::Configured)];
    (question, resolver, answer).prop_map(|(question, resolver, answer)| Lookup {
        question,
        resolver,
        answer,
        duration_ms: 1,
    })
}

fn observed() -> impl Strategy<Value = ObservedName> {
    let source = prop_oneof![
        Just(NameSource::Target),
        Just(NameSource::Ptr),
        Just(NameSource::Certificate),
        Just(NameSource::Ntlm),
    ];
    (prop::sample::select(&NAMES[..]), source).prop_map(|(name, source)| ObservedName {
        name: name.into(),
        source,
    })
}

fn any_host() -> impl Strategy<Value = HostMaker> {
    (
        prop::collection::vec(attempt(), 0..5),
        prop::collection::vec(observed(), 0..5),
        prop::collection::vec(lookup(), 0..6),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(attempts, names, lookups, listed, unresolved)| {
            let key = if unresolved && attempts.is_empty() {
                HostKey::Unresolved {
                    name: "srv05.corp.example".to_owned(),
                    port: 3389,
                }
            } else {
                HostKey::Endpoint(testing::here())
            };
            let mut host = testing::host_at(key, [])
                .beside("10.0.0.9", vec![testing::attempt().through()])
                .beside(
                    "10.0.0.7",
                    vec![testing::attempt().stage(Stage::Tcp, testing::silent())],
                );
            host.history.attempts = attempts;
            host.history.names = names;
            host.history.lookups = lookups.into_iter().map(Into::into).collect();
            host.history.listed = listed;
            host
        })
}

/// How a stage can end on the wire.
fn outcome_at(stage: Stage) -> impl Strategy<Value = Outcome> {
    let received = prop::sample::select(vec![0_u32, 7, 900]);
    let word = || Box::from("detail");
    let any = prop_oneof![
        6 => Just(Outcome::Ok),
        1 => received.clone().prop_map(|received| Outcome::Timeout { received }),
        1 => received.clone().prop_map(|received| Outcome::Closed { received }),
        1 => received.clone().prop_map(|received| Outcome::Reset { received }),
        1 => Just(Outcome::Malformed { detail: word() }),
        1 => Just(Outcome::LocalError { detail: word() }),
        1 => Just(Outcome::Cancelled),
    ];
    match stage {
        Stage::Dns | Stage::Tcp => prop_oneof![
            6 => Just(Outcome::Ok),
            1 => Just(Outcome::Timeout { received: 0 }),
            1 => Just(Outcome::Refused),
            1 => Just(Outcome::HostUnreachable),
            1 => Just(Outcome::NetworkUnreachable),
            1 => Just(Outcome::Prohibited),
            1 => Just(Outcome::Reset { received: 0 }),
            1 => Just(Outcome::LocalError { detail: word() }),
        ]
        .boxed(),
        Stage::X224 => prop_oneof![
            6 => any,
            1 => Just(Outcome::NoTls),
            1 => (1_u32..9).prop_map(|code| Outcome::NegotiationFailure { code }),
            1 => prop::sample::select(vec!["ssh", "http", "tls"]).prop_map(|like| Outcome::NotRdp {
                looks_like: like.into(),
                first_bytes: HexBytes::from(&[0][..]),
            }),
            1 => Just(Outcome::Disconnected { message: word(), received: 9 }),
        ]
        .boxed(),
        Stage::Tls => prop_oneof![
            6 => any,
            2 => (prop::sample::select(vec![40_u8, 70, 80, 116]), received)
                .prop_map(|(code, received)| Outcome::Alert { code, received }),
            1 => Just(Outcome::ClientRefused { detail: word() }),
        ]
        .boxed(),
        Stage::Credssp => prop_oneof![
            6 => any,
            1 => Just(Outcome::NoChallenge),
            1 => Just(Outcome::CredsspError { status: 0xC000_006D }),
        ]
        .boxed(),
    }
}

/// An attempt as a prober makes it: stage after stage up to the first that fails.
fn real_attempt() -> impl Strategy<Value = Attempt> {
    let stages = (
        outcome_at(Stage::Tcp),
        outcome_at(Stage::X224),
        outcome_at(Stage::Tls),
        outcome_at(Stage::Credssp),
    );
    let probe = prop_oneof![
        4 => Just(ProbeKind::Default),
        2 => prop::sample::select(ProbeKind::ALL),
    ];
    let leaf = prop::option::of(prop::sample::select(vec![-20_i64, 3, 120]));
    (probe, stages, leaf, any::<bool>()).prop_map(|(probe, ends, leaf, by_name)| {
        let order = match probe {
            ProbeKind::DirectTls => vec![
                (Stage::Tcp, ends.0),
                (Stage::Tls, ends.2),
                (Stage::X224, ends.1),
            ],
            ProbeKind::WithoutNla => vec![(Stage::Tcp, ends.0), (Stage::X224, ends.1)],
            ProbeKind::LegacyHello => vec![
                (Stage::Tcp, ends.0),
                (Stage::X224, ends.1),
                (Stage::Tls, ends.2),
            ],
            _ => vec![
                (Stage::Tcp, ends.0),
                (Stage::X224, ends.1),
                (Stage::Tls, ends.2),
                (Stage::Credssp, ends.3),
            ],
        };
        let mut made = testing::attempt().probe(probe);
        for (stage, outcome) in order {
            let ok = outcome.is_ok();
            if stage == Stage::X224 {
                let facts = match outcome {
                    Outcome::Ok => Some(testing::negotiation(SelectedSecurity::Hybrid)),
                    Outcome::NoTls => Some(testing::negotiation(SelectedSecurity::StandardRdp)),
                    Outcome::NegotiationFailure { code } => Some(crate::model::NegotiationFacts {
                        failure: Some(crate::model::NegotiationFailure(code)),
                        ..testing::negotiation(SelectedSecurity::None)
                    }),
                    _ => None,
                };
                made = made.edit(|attempt| attempt.negotiation = facts);
            }
            if let (Stage::Tls, Some(days)) = (stage, leaf) {
                let leaf = CertificateFacts {
                    not_after: Some(testing::days(days).into()),
                    ..testing::certificate("srv05.corp.example")
                };
                let handshake = match (ok, probe) {
                    (false, _) => TlsHandshake::Failed,
                    (true, ProbeKind::LegacyHello) => TlsHandshake::LegacyPeek,
                    (true, _) => TlsHandshake::Full,
                };
                let facts = TlsFacts {
                    handshake,
                    ..testing::tls(leaf)
                };
                made = made.edit(|attempt| attempt.tls = Some(facts.into()));
            }
            made = made.stage(stage, outcome);
            if !ok {
                break;
            }
        }
        if by_name {
            made.by_name("srv05.corp.example")
        } else {
            made
        }
        .done()
    })
}

fn real_host() -> impl Strategy<Value = HostMaker> {
    (prop::collection::vec(real_attempt(), 0..8), any::<bool>()).prop_map(|(attempts, listed)| {
        let mut host = testing::host([]);
        host.history.attempts = attempts;
        host.history.listed = listed;
        host
    })
}

/// Hosts of two networks, two of each with one history, that share keys, moments and kinds of ends.
fn fleet() -> impl Strategy<Value = Vec<HostMaker>> {
    let host = prop_oneof![any_host(), real_host()];
    (prop::collection::vec(host, 1..12), any::<bool>()).prop_map(|(hosts, are_crowded)| {
        let twice = hosts.iter().chain(&hosts).cloned().enumerate();
        twice
            .map(|(place, mut host)| {
                // No two attempts at one host begin at the same time.
                let first = i64::from(place % 3 == 0);
                for (second, attempt) in (first..).zip(&mut host.history.attempts) {
                    attempt.started_at = testing::now() + jiff::SignedDuration::from_secs(second);
                    if let Some(tls) = attempt.tls.as_mut().map(Arc::make_mut) {
                        for shown in &mut tls.chain {
                            if let Some(mut facts) = shown.facts().map(|facts| (**facts).clone()) {
                                facts.spki_sha256 = Some(digest(&format!("key {}", place % 3)));
                                *shown = Arc::new(facts).into();
                            }
                        }
                    }
                }
                let network = if are_crowded { 0 } else { place % 2 };
                host.at(&format!("10.0.{network}.{place}"))
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        // A counterexample becomes a named test, not a file in the root.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_history_has_one_diagnosis(host in any_host()) {
        let diagnosis = host.diagnose();
        prop_assert_eq!(&diagnosis, &host.diagnose());
        let sorted = diagnosis.findings.is_sorted_by(|a, b| {
            (b.severity, b.confidence, &a.id) <= (a.severity, a.confidence, &b.id)
        });
        prop_assert!(sorted, "{:?}", diagnosis.findings);
        if let Some(predicted) = &diagnosis.predicted {
            prop_assert!((1..=100).contains(&predicted.likelihood));
        }
        prop_assert!((0.0..=1.0).contains(&diagnosis.stability.loss));
    }

    /// State, stability, findings and prediction are views of one history: they never contradict each other.
    #[test]
    fn state_stability_findings_and_prediction_agree(host in real_host()) {
        let diagnosis = host.diagnose();
        let Diagnosis { state, stability, findings, predicted, .. } = &diagnosis;
        let worst = findings.iter().map(|finding| finding.severity).max();
        let is_medium = worst >= Some(Severity::Medium);
        let up = host.history.attempts.iter().any(connected);
        let stopped = (host.history.attempts.iter().zip(endings(&host.history.attempts)))
            .any(|(attempt, end)| connected(attempt) && end.failure().is_some());
        let not_probed = *state == HostState::NotProbed || *state == HostState::Skipped;
        let all_fail = stability.attempts > 0 && stability.failures == stability.attempts;
        prop_assert!(stability.failures <= stability.attempts);
        prop_assert_eq!(
            stability.failures_by_stage.iter().map(|(_, count)| count).sum::<u32>(),
            stability.failures
        );
        match stability.verdict {
            StabilityVerdict::Steady => prop_assert_eq!(stability.failures, 0),
            StabilityVerdict::Down => prop_assert!(all_fail),
            StabilityVerdict::Flaky => {
                prop_assert!(stability.failures > 0 && !all_fail);
                prop_assert!(findings.iter().any(|finding| finding.id == "RDP-FLAKY"));
            }
            StabilityVerdict::Unknown => {}
        }
        match state {
            HostState::Healthy => {
                prop_assert!(!is_medium, "{:?}", diagnosis);
                prop_assert!(predicted.is_none(), "{:?}", diagnosis);
                prop_assert!(!all_fail, "{:?}", diagnosis);
            }
            HostState::Broken => {
                prop_assert!(all_fail || stability.failures_by_stage.iter().any(|(stage, _)| *stage == Stage::Tcp), "{:?}", diagnosis);
                prop_assert!(diagnosis.failed_stage > Some(Stage::Tcp), "{:?}", diagnosis);
                prop_assert!(worst >= Some(Severity::High), "{:?}", diagnosis);
            }
            HostState::Closed | HostState::Filtered => {
                prop_assert!(!up, "{:?}", diagnosis);
                prop_assert_eq!(diagnosis.failed_stage, Some(Stage::Tcp));
            }
            _ => {}
        }
        if worst == Some(Severity::Critical) {
            prop_assert!(stability.failures == stability.attempts, "{:?}", diagnosis);
        }
        if all_fail && stopped && !not_probed {
            prop_assert!(is_medium, "no finding: {:?}", diagnosis);
            prop_assert!(predicted.is_some(), "no code: {:?}", diagnosis);
        }
    }

    #[test]
    fn the_certificate_shown_has_the_status_that_the_findings_state(host in any_host()) {
        let diagnosis = host.diagnose();
        let shown = diagnosis.certificate(&host.history);
        let status = shown.map(|leaf| validity::status(leaf, &host.policy, host.now));
        prop_assert_eq!(diagnosis.certificate_status, status);
        let fires = |id: &str| diagnosis.findings.iter().any(|finding| finding.id == id);
        let is_expired = status == Some(CertificateStatus::Expired);
        prop_assert_eq!(fires("RDP-CERT-EXPIRED"), is_expired);
    }

    #[test]
    fn the_order_of_names_and_lookups_does_not_matter(
        (host, names, lookups) in any_host().prop_flat_map(|host| {
            let names = Just(host.history.names.clone()).prop_shuffle();
            let lookups = Just(host.history.lookups.clone()).prop_shuffle();
            (Just(host), names, lookups)
        })
    ) {
        let before = host.diagnose();
        let mut host = host;
        host.history.names = names;
        host.history.lookups = lookups;
        prop_assert_eq!(before, host.diagnose());
    }

    #[test]
    fn the_order_in_which_attempts_and_members_are_handed_in_does_not_matter(
        (host, attempts, others) in any_host().prop_flat_map(|mut host| {
            // No two attempts at one host begin at the same time.
            for (second, attempt) in (0..).zip(&mut host.history.attempts) {
                attempt.started_at += jiff::SignedDuration::from_secs(second);
            }
            let attempts = Just(host.history.attempts.clone()).prop_shuffle();
            let others = Just(host.others.clone()).prop_shuffle();
            (Just(host), attempts, others)
        })
    ) {
        let alone = (host.diagnose(), host.verdicts());
        let together = host.clone().among(&[]).diagnose();
        let mut host = host;
        host.history.attempts = attempts;
        host.others = others;
        prop_assert_eq!(alone, (host.diagnose(), host.verdicts()));
        prop_assert_eq!(together, host.among(&[]).diagnose());
    }

    /// Neither the order of the hosts, nor that of the attempts at one of them.
    #[test]
    fn the_order_in_which_hosts_are_looked_at_does_not_matter(
        (fleet, shuffled) in fleet().prop_flat_map(|fleet| {
            let shuffled = Just(fleet.clone()).prop_shuffle();
            (Just(fleet), shuffled)
        })
    ) {
        let mut turned = shuffled;
        for host in &mut turned {
            host.history.attempts.reverse();
        }
        let all = |hosts: &[HostMaker]| testing::fleet_view(&hosts.iter().collect::<Vec<_>>());
        let (one, other) = (all(&fleet), all(&turned));
        prop_assert_eq!(one.banners(), other.banners());
        prop_assert_eq!(one, other);
    }
}

#[test]
fn findings_stand_worst_first_then_surest_then_by_id() {
    let host = testing::times(3, || testing::attempt().refused(3));
    let ids: Vec<&str> = host
        .diagnose()
        .findings
        .into_iter()
        .map(|finding| finding.id)
        .collect();
    assert_eq!(ids.first().copied(), Some("RDP-NEG-NO-CERT"));
}
