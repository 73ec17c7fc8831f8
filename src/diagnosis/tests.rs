//! Whole hosts: a table of cases, and properties.

use proptest::prelude::*;

use super::testing::{HostMaker, endpoint, leading_to};
use super::*;
use crate::model::{
    Attempt, ConnectionPurpose, Lookup, LookupAnswer, NameSource, ObservedName, Outcome, Question,
    Resolver, StageRecord, Subject, TlsMethod, UtcSecond,
};

mod cases;
mod cells;
mod facts;
mod words;

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
        1 => ".{0,8}".prop_map(|looks_like| Outcome::NotRdp { looks_like, first_bytes: String::new() }),
        1 => ".{0,8}".prop_map(|detail| Outcome::Malformed { detail }),
        1 => (0_u32..9).prop_map(|code| Outcome::NegotiationFailure { code }),
        1 => Just(Outcome::NoTls),
        1 => (any::<u8>(), received).prop_map(|(code, received)| Outcome::Alert { code, received }),
        1 => ".{0,8}".prop_map(|detail| Outcome::ClientRefused { detail }),
        1 => any::<u32>().prop_map(|status| Outcome::CredsspError { status }),
        1 => Just(Outcome::NoChallenge),
        1 => ".{0,8}".prop_map(|detail| Outcome::Local { detail }),
        1 => Just(Outcome::Cancelled),
    ]
}

fn record() -> impl Strategy<Value = StageRecord> {
    let connection = prop_oneof![
        Just(ConnectionPurpose::Main),
        Just(ConnectionPurpose::Renegotiate),
        Just(ConnectionPurpose::LegacyPeek),
    ];
    (
        prop::sample::select(&Stage::ALL[..]),
        connection,
        any::<u32>(),
        any::<u32>(),
        outcome(),
    )
        .prop_map(
            |(stage, connection, start_us, duration_us, outcome)| StageRecord {
                stage,
                connection,
                start_us,
                duration_us,
                outcome,
            },
        )
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
                leaf.san_left_out = bits % 2;
                // Certificates that differ have hashes that differ.
                leaf.sha256 = format!("{leaf:?}").into();
                leaf
            },
        )
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let method = prop_oneof![
        Just(TlsMethod::Full),
        Just(TlsMethod::LegacyPeek),
        Just(TlsMethod::Failed)
    ];
    let tls = prop::option::of((method, certificate()));
    (
        prop::collection::vec(record(), 0..7),
        tls,
        prop::option::of(".{0,20}"),
        any::<u8>(),
        any::<bool>(),
    )
        .prop_map(|(stages, tls, ntlm, silent_rounds, by_name)| {
            let mut made = testing::attempt().done();
            made.stages = stages;
            made.silent_rounds = silent_rounds;
            made.by_name = by_name.then(|| "srv05.corp.example".into());
            made.tls = tls.map(|(method, leaf)| {
                Arc::new(TlsFacts {
                    method,
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

const CONNECTIONS: [ConnectionPurpose; 4] = [
    ConnectionPurpose::Main,
    ConnectionPurpose::Renegotiate,
    ConnectionPurpose::LegacyPeek,
    ConnectionPurpose::WithoutNla,
];

/// Attempts that note each stage of each connection once.
fn stages_once() -> impl Strategy<Value = Vec<Attempt>> {
    prop::collection::vec(attempt(), 1..5).prop_map(|mut attempts| {
        for attempt in &mut attempts {
            let mut noted = Vec::new();
            attempt.stages.retain(|record| {
                let place = (record.stage, record.connection);
                let is_new = !noted.contains(&place);
                noted.push(place);
                is_new
            });
        }
        attempts
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
            let subject = if unresolved && attempts.is_empty() {
                Subject::Unresolved {
                    name: "srv05.corp.example".to_owned(),
                    port: 3389,
                }
            } else {
                Subject::Endpoint(testing::here())
            };
            let mut host = testing::host_at(subject, [])
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

    #[test]
    fn the_certificate_shown_has_the_status_that_the_findings_state(host in any_host()) {
        let diagnosis = host.diagnose();
        let shown = diagnosis.certificate(&host.history);
        let status = shown.map(|leaf| certificate::status(leaf, &host.policy, host.now));
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

    /// Stages of one connection follow each other; which connection is told first does not matter.
    #[test]
    fn the_order_in_which_the_connections_of_an_attempt_are_told_does_not_matter(
        (host, turn) in (stages_once(), Just(CONNECTIONS.to_vec()).prop_shuffle()).prop_map(
            |(attempts, turn)| (testing::host([]).with_attempts(attempts), turn)
        )
    ) {
        let before = host.diagnose();
        let mut host = host;
        for attempt in &mut host.history.attempts {
            attempt.stages.sort_by_key(|record| {
                turn.iter().position(|connection| *connection == record.connection)
            });
        }
        prop_assert_eq!(before, host.diagnose());
    }
}

#[test]
fn every_rule_fires_only_ids_of_the_catalogue() {
    let host = testing::host([]);
    for (id, _) in host.verdicts() {
        assert!(catalog::entry(id).is_some(), "{id}");
    }
    assert_eq!(host.verdicts().len(), catalog::ENTRIES.len());
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
