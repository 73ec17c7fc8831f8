//! What a host accepts, counted from attempts.

use crate::diagnosis::testing::{
    AttemptMaker, attempt, certificate, closed, legacy, reset, silent, tls,
};
use crate::model::{
    Attempt, Outcome, ProbeKind, ProbeTolerance, Stage, TlsFacts, TlsHandshake, TlsVersion,
};

fn of(makers: impl IntoIterator<Item = AttemptMaker>) -> ProbeTolerance {
    let attempts: Vec<Attempt> = makers.into_iter().flat_map(AttemptMaker::all).collect();
    ProbeTolerance::of(&attempts)
}

/// An X.224 answer after so many milliseconds.
fn answered(probe: ProbeKind, ms: u32) -> AttemptMaker {
    attempt().probe(probe).tcp().x224().edit(|attempt| {
        if let Some(record) = attempt.stages.last_mut() {
            record.duration_us = ms * 1000;
        }
    })
}

fn unanswered() -> AttemptMaker {
    attempt()
        .tcp()
        .stage(Stage::X224, silent())
        .edit(|attempt| {
            if let Some(record) = attempt.stages.last_mut() {
                record.duration_us = 5_000_000;
            }
        })
}

#[test]
fn an_answer_after_the_usual_deadline_makes_a_host_slow() {
    let long = ProbeKind::LongDeadline;
    let slow = of([unanswered(), unanswered(), answered(long, 7000)]);
    assert!(slow.is_slow_to_answer());
}

#[test]
fn an_answer_within_the_usual_deadline_explains_no_silence() {
    let long = ProbeKind::LongDeadline;
    let unsteady = of([unanswered(), unanswered(), answered(long, 3)]);
    assert!(!unsteady.is_slow_to_answer());
    assert_eq!(unsteady.request.taken, 1);
}

#[test]
fn a_cut_is_explained_only_where_the_other_hello_never_fails() {
    let cut = || attempt().tcp().x224().stage(Stage::Tls, reset(0));
    let read = || {
        attempt()
            .probe(ProbeKind::LegacyHello)
            .tcp()
            .x224()
            .stage(Stage::Tls, Outcome::Ok)
            .edit(|attempt| attempt.tls = Some(legacy(TlsVersion::TLS_1_0).into()))
    };
    let refused = || {
        attempt()
            .probe(ProbeKind::LegacyHello)
            .tcp()
            .x224()
            .stage(Stage::Tls, closed(0))
    };
    assert!(of([cut(), cut(), read(), cut()]).is_legacy_only());
    // Two of two may be two of four servers that take turns.
    assert!(!of([cut(), cut(), read()]).is_legacy_only());
    assert!(!of([cut(), cut(), read(), refused(), cut()]).is_legacy_only());
}

#[test]
fn a_handshake_that_fails_behind_the_server_hello_had_its_hello_accepted() {
    let leaf = certificate("srv05.corp.example");
    let late = attempt()
        .tcp()
        .x224()
        .stage(Stage::Tls, closed(1200))
        .edit(|attempt| {
            let facts = TlsFacts {
                handshake: TlsHandshake::Failed,
                ..tls(leaf)
            };
            attempt.tls = Some(facts.into());
        });
    assert_eq!(of([late]).hello.taken, 1);
}

#[test]
fn another_kind_of_answer_to_another_probe_is_ambiguous() {
    let cut = || attempt().tcp().x224().stage(Stage::Tls, reset(0));
    let peeked = |outcome: Outcome| {
        attempt()
            .probe(ProbeKind::LegacyHello)
            .tcp()
            .x224()
            .stage(Stage::Tls, outcome)
    };
    let alert = Outcome::Alert {
        code: 70,
        received: 7,
    };
    assert!(of([cut(), cut(), peeked(alert)]).is_ambiguous());
    assert!(!of([cut(), cut(), peeked(reset(0))]).is_ambiguous());
    let request_cut = attempt().tcp().stage(Stage::X224, closed(0)).on(
        ProbeKind::BareRequest,
        Stage::X224,
        Outcome::NoTls,
    );
    assert!(of([request_cut]).is_ambiguous());
}
