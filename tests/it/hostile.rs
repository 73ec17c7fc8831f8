//! Peers that close, stall, drip, lie or never stop: each is an outcome with its stage, in bounded time and memory.

// Helpers here count as test code for the lints, too.
#![cfg(test)]

pub(crate) mod material;
pub(crate) mod peer;

use std::time::Duration;

use material::{challenge, confirm, failure, selected};
use peer::{Act, Peer, options};
use rdpscan::clock;
use rdpscan::diagnosis::{Ending, endings};
use rdpscan::model::{
    Attempt, Outcome, ProbeKind, Protocols, SelectedSecurity, Stage, TlsHandshake, TlsVersion,
};
use rdpscan::prober::AttemptRequest;
use rdpscan::wire::tls_peek::{alert, server_flight};
use rdpscan::wire::tsrequest::TsRequest;
use rdpscan::wire::x224::{ConfirmBody, ConnectionRequest};
use rdpscan::wire::{STAGE_LIMIT, banner};
use rustls::version::{TLS12, TLS13};
use tokio_util::sync::CancellationToken;

/// The gap between two connections of a scan.
const GAP: Duration = Duration::from_millis(10);

/// The timeline without its times.
fn path(attempt: &Attempt) -> Vec<(Stage, Outcome)> {
    attempt
        .stages
        .iter()
        .map(|record| (record.stage, record.outcome.clone()))
        .collect()
}

/// The outcome of the last stage.
fn last(attempt: &Attempt) -> (Stage, Outcome) {
    path(attempt).pop().unwrap()
}

const fn ok(stage: Stage) -> (Stage, Outcome) {
    (stage, Outcome::Ok)
}

/// The probes that a scan made, in order.
fn probes(attempts: &[Attempt]) -> Vec<ProbeKind> {
    attempts.iter().map(|attempt| attempt.probe).collect()
}

/// The newest attempt with a probe.
fn newest(attempts: &[Attempt], probe: ProbeKind) -> &Attempt {
    attempts
        .iter()
        .rfind(|attempt| attempt.probe == probe)
        .unwrap()
}

/// A script that confirms TLS and goes on with `acts`.
fn after_ssl(acts: impl IntoIterator<Item = Act>) -> Vec<Act> {
    let mut script = vec![Act::Read, Act::Send(selected(Protocols::SSL))];
    script.extend(acts);
    script
}

/// A script that selects NLA, shakes hands with TLS 1.3, reads the question and goes on with `acts`.
fn after_question(acts: impl IntoIterator<Item = Act>) -> Vec<Act> {
    let mut script = vec![
        Act::Read,
        Act::Send(selected(Protocols::HYBRID)),
        Act::Tls(material::server_1_3()),
        Act::ReadQuestion,
    ];
    script.extend(acts);
    script
}

/// A flight as Server 2008 sends it.
fn old_flight() -> Vec<u8> {
    server_flight(TlsVersion::TLS_1_0, 0x002F, &[vec![0x30, 0x00]])
}

#[tokio::test]
async fn a_request_that_is_closed_repeatedly_is_asked_without_negotiation_data() {
    let refusal = vec![Act::Read, Act::Fin];
    let bare = vec![Act::Read, Act::Send(confirm(ConfirmBody::Bare))];
    let peer = Peer::start(vec![
        refusal.clone(),
        refusal.clone(),
        bare.clone(),
        bare,
        refusal,
    ])
    .await;
    let attempts = peer.scan(GAP).await;
    assert_eq!(probes(&attempts[..2]), [ProbeKind::Default; 2]);
    assert_eq!(
        path(&attempts[0]),
        [
            ok(Stage::Tcp),
            (Stage::X224, Outcome::Closed { received: 0 })
        ]
    );
    assert_eq!(attempts[0].negotiation, None);
    let answered = newest(&attempts, ProbeKind::BareRequest);
    assert_eq!(
        path(answered),
        [ok(Stage::Tcp), (Stage::X224, Outcome::NoTls)]
    );
    let facts = answered.negotiation.unwrap();
    assert!(facts.bare_confirm);
    assert_eq!(facts.requested, Protocols::STANDARD_RDP);
    assert_eq!(facts.selected, SelectedSecurity::StandardRdp);
}

#[tokio::test]
async fn a_reset_after_the_request_is_no_close() {
    for probe in [ProbeKind::Default, ProbeKind::BareRequest] {
        let peer = Peer::start(vec![vec![Act::Read, Act::Reset]]).await;
        let attempt = peer.attempt_with(probe).await;
        let reset = Outcome::Reset { received: 0 };
        assert_eq!(attempt.failure(), Some((Stage::X224, &reset)));
        assert_eq!(last(&attempt), (Stage::X224, reset.clone()));
        assert_eq!(peer.connections(), 1);
    }
}

#[tokio::test]
async fn silence_is_a_timeout_of_its_stage_on_one_connection() {
    let peer = Peer::start(vec![vec![]]).await;
    let mut options = options();
    options.x224 = Duration::from_millis(80);
    let attempt = peer.attempt_as(peer.request(), options).await;
    assert_eq!(
        last(&attempt),
        (Stage::X224, Outcome::Timeout { received: 0 })
    );
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn dripping_does_not_stretch_the_deadline() {
    let peer = Peer::start(vec![vec![
        Act::Read,
        Act::Drip(selected(Protocols::SSL), Duration::from_millis(30)),
    ]])
    .await;
    let mut options = options();
    options.x224 = Duration::from_millis(150);
    let attempt = peer.attempt_as(peer.request(), options).await;
    let (_, outcome) = last(&attempt);
    assert!(
        matches!(outcome, Outcome::Timeout { received: 1..=18 }),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn one_deadline_bounds_the_whole_attempt() {
    let peer = Peer::start(vec![after_ssl([])]).await;
    let mut options = options();
    options.deadline = Duration::from_millis(120);
    let start = clock::monotonic();
    let attempt = peer.attempt_as(peer.request(), options).await;
    assert!(start.elapsed() < Duration::from_secs(2));
    assert_eq!(
        last(&attempt),
        (Stage::Tls, Outcome::Timeout { received: 0 })
    );
}

#[tokio::test]
async fn a_split_confirm_is_read_whole() {
    let peer = Peer::start(vec![vec![
        Act::Read,
        Act::Drip(failure(3), Duration::from_millis(1)),
    ]])
    .await;
    let attempt = peer.attempt().await;
    assert_eq!(
        last(&attempt),
        (Stage::X224, Outcome::NegotiationFailure { code: 3 })
    );
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn another_protocol_is_named() {
    let peer = Peer::start(vec![vec![Act::Send(b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec())]]).await;
    let attempt = peer.attempt().await;
    let (stage, outcome) = last(&attempt);
    assert_eq!(stage, Stage::X224);
    assert!(
        matches!(&outcome, Outcome::NotRdp { looks_like, first_bytes }
            if **looks_like == *"ssh" && first_bytes.0.starts_with(b"SSH-")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_impossible_frame_is_malformed() {
    for bytes in [vec![3, 0, 0xFF, 0xFF], vec![3, 0, 0, 4]] {
        let peer = Peer::start(vec![vec![Act::Read, Act::Send(bytes)]]).await;
        let (stage, outcome) = last(&peer.attempt().await);
        assert_eq!(stage, Stage::X224);
        assert!(matches!(outcome, Outcome::Malformed { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_disconnect_message_of_xrdp_is_named_and_counts_as_a_close() {
    let drop = confirm(ConfirmBody::McsDisconnect);
    let peer = Peer::start(vec![vec![Act::Read, Act::Send(drop), Act::Fin]]).await;
    let attempt = peer.attempt().await;
    let disconnected = Outcome::Disconnected {
        message: "MCS Disconnect Provider Ultimatum".into(),
        received: 9,
    };
    assert_eq!(attempt.failure(), Some((Stage::X224, &disconnected)));
    assert!(disconnected.is_close());
    assert_eq!(attempt.negotiation, None);
}

#[tokio::test]
async fn standard_security_is_an_end() {
    let peer = Peer::start(vec![vec![
        Act::Read,
        Act::Send(selected(Protocols::STANDARD_RDP)),
    ]])
    .await;
    let attempt = peer.attempt().await;
    assert_eq!(attempt.failure(), Some((Stage::X224, &Outcome::NoTls)));
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn failure_5_is_asked_again_with_early_authorization() {
    let refusal = vec![Act::Read, Act::Send(failure(5))];
    let taken = vec![
        Act::Read,
        Act::Send(selected(Protocols::HYBRID_EX)),
        Act::Tls(material::server_1_3()),
        Act::ReadQuestion,
        Act::Send(challenge()),
    ];
    let peer = Peer::start(vec![refusal.clone(), refusal.clone(), taken, refusal]).await;
    let attempts = peer.scan(GAP).await;
    let refused = Outcome::NegotiationFailure { code: 5 };
    for attempt in &attempts[..2] {
        assert_eq!(attempt.probe, ProbeKind::Default);
        assert_eq!(last(attempt), (Stage::X224, refused.clone()));
        assert_eq!(
            attempt.negotiation.unwrap().failure.map(|code| code.0),
            Some(5)
        );
    }
    let wide = &attempts[2];
    assert_eq!(wide.probe, ProbeKind::HybridExRequest);
    let facts = wide.negotiation.unwrap();
    assert_eq!(facts.requested, Protocols(0x0B));
    assert_eq!(facts.selected, SelectedSecurity::HybridEx);
    assert_eq!(facts.failure, None);
    assert_eq!(last(wide), ok(Stage::Credssp));
    assert!(wide.ntlm.is_some());
}

#[tokio::test]
async fn failure_2_is_asked_again_bare() {
    let refusal = vec![Act::Read, Act::Send(failure(2))];
    let bare = vec![Act::Read, Act::Send(confirm(ConfirmBody::Bare))];
    let peer = Peer::start(vec![
        refusal.clone(),
        refusal.clone(),
        bare.clone(),
        bare,
        refusal,
    ])
    .await;
    let attempts = peer.scan(GAP).await;
    assert_eq!(
        attempts[0].negotiation.unwrap().failure.map(|code| code.0),
        Some(2)
    );
    let answered = newest(&attempts, ProbeKind::BareRequest);
    assert_eq!(
        answered.negotiation.unwrap().selected,
        SelectedSecurity::StandardRdp
    );
    assert_eq!(last(answered), (Stage::X224, Outcome::NoTls));
}

#[tokio::test]
async fn both_versions_shake_hands_in_full() {
    for (version, expected) in [(&TLS12, TlsVersion::TLS_1_2), (&TLS13, TlsVersion::TLS_1_3)] {
        let (config, certificate) = material::server(version);
        let peer = Peer::start(vec![after_ssl([Act::Tls(config)])]).await;
        let attempt = peer.attempt().await;
        assert_eq!(last(&attempt), ok(Stage::Tls));
        let tls = attempt.tls.unwrap();
        assert_eq!(tls.handshake, TlsHandshake::Full);
        assert_eq!(tls.version, Some(expected));
        assert_eq!(tls.signature_valid, Some(true));
        assert_eq!(tls.chain.len(), 1);
        assert_eq!(tls.leaf().unwrap().der_length as usize, certificate.len());
        assert!(tls.cipher.is_some() && tls.group.is_some() && tls.received > 0);
        assert!(!tls.client_certificate_requested);
    }
}

#[tokio::test]
async fn a_wrong_signature_is_seen_and_let_pass() {
    for version in [&TLS12, &TLS13] {
        let peer = Peer::start(vec![after_ssl([Act::Tls(material::impostor(version))])]).await;
        let tls = peer.attempt().await.tls.unwrap();
        assert_eq!(tls.handshake, TlsHandshake::Full);
        assert_eq!(tls.signature_valid, Some(false));
    }
}

#[tokio::test]
async fn a_wanted_client_certificate_is_noted() {
    for version in [&TLS12, &TLS13] {
        let config = material::asking_server(version);
        let peer = Peer::start(vec![after_ssl([Act::Tls(config)])]).await;
        let tls = peer.attempt().await.tls.unwrap();
        assert!(tls.client_certificate_requested);
    }
}

#[tokio::test]
async fn an_alert_leads_to_the_legacy_hello_which_yields_the_chain() {
    let chain = vec![vec![0x30, 0x01, 0x00], vec![0x30, 0x00]];
    let flight = server_flight(TlsVersion::TLS_1_0, 0x002F, &chain);
    let refusal = after_ssl([Act::Read, Act::Send(alert(TlsVersion::TLS_1_0, 2, 70))]);
    let old = after_ssl([Act::Read, Act::Send(flight.clone())]);
    let peer = Peer::start(vec![
        refusal.clone(),
        refusal.clone(),
        old.clone(),
        old,
        refusal,
    ])
    .await;
    let attempts = peer.scan(GAP).await;
    assert_eq!(
        probes(&attempts),
        [
            ProbeKind::Default,
            ProbeKind::Default,
            ProbeKind::LegacyHello,
            ProbeKind::LegacyHello,
            ProbeKind::Default,
        ]
    );
    let alert = Outcome::Alert {
        code: 70,
        received: 7,
    };
    assert_eq!(
        path(&attempts[0]),
        [ok(Stage::Tcp), ok(Stage::X224), (Stage::Tls, alert)]
    );
    assert_eq!(
        path(&attempts[2]),
        [ok(Stage::Tcp), ok(Stage::X224), ok(Stage::Tls)]
    );
    assert!(endings(&attempts).all(|ending| ending == Ending::Through));
    let tls = attempts[2].tls.as_ref().unwrap();
    assert_eq!(tls.handshake, TlsHandshake::LegacyPeek);
    assert_eq!(tls.version, Some(TlsVersion::TLS_1_0));
    assert_eq!(tls.cipher.as_deref(), Some("TLS_RSA_WITH_AES_128_CBC_SHA"));
    assert_eq!(tls.chain.len(), 2);
    assert_eq!(tls.signature_valid, None);
    assert_eq!(tls.received as usize, flight.len());
}

#[tokio::test]
async fn a_server_hello_for_tls_1_0_is_our_refusal() {
    let peer = Peer::start(vec![after_ssl([Act::Read, Act::Send(old_flight())])]).await;
    let attempt = peer.attempt().await;
    let refused = &attempt.stage(Stage::Tls).unwrap().outcome;
    assert!(
        matches!(refused, Outcome::ClientRefused { .. }),
        "{refused:?}"
    );
    let attempt = peer.attempt_with(ProbeKind::LegacyHello).await;
    assert_eq!(last(&attempt), ok(Stage::Tls));
    assert_eq!(attempt.tls.unwrap().handshake, TlsHandshake::LegacyPeek);
}

#[tokio::test]
async fn a_certificate_read_before_the_server_closes_is_kept_and_does_not_count_as_through() {
    // One record that ends with ServerHelloDone, a message of four bytes.
    let mut cut = old_flight();
    cut.truncate(cut.len() - 4);
    let length = u16::try_from(cut.len() - 5).unwrap();
    cut[3..5].copy_from_slice(&length.to_be_bytes());
    let peer = Peer::start(vec![after_ssl([
        Act::Read,
        Act::Send(cut.clone()),
        Act::Fin,
    ])])
    .await;
    let attempt = peer.attempt_with(ProbeKind::LegacyHello).await;
    let closed = Outcome::Closed {
        received: u32::try_from(cut.len()).unwrap(),
    };
    assert_eq!(last(&attempt), (Stage::Tls, closed));
    let tls = attempt.tls.unwrap();
    assert_eq!(tls.handshake, TlsHandshake::Failed);
    assert_eq!(tls.version, Some(TlsVersion::TLS_1_0));
    assert_eq!(tls.chain.len(), 1);
}

/// Gives a host up as soon as it has taken a connection, which it never answers.
#[tokio::test]
async fn a_host_that_is_given_up_ends_at_once_with_the_stage_in_which_it_hung() {
    let peer = Peer::start(vec![vec![Act::Read]]).await;
    let cancel = CancellationToken::new();
    let mut options = options();
    options.x224 = Duration::from_secs(3600);
    options.deadline = Duration::from_secs(3600);
    let lose_patience = async {
        while peer.connections() == 0 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let ((), attempt) = tokio::join!(
        lose_patience,
        peer.attempt_until(peer.request(), options, cancel.clone())
    );
    assert_eq!(
        path(&attempt),
        [ok(Stage::Tcp), (Stage::X224, Outcome::Cancelled)]
    );
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn an_old_host_that_became_new_is_found_out() {
    let refusal = after_ssl([Act::Read, Act::Send(alert(TlsVersion::TLS_1_2, 2, 70))]);
    let peer = Peer::start(vec![
        refusal.clone(),
        refusal.clone(),
        refusal.clone(),
        refusal,
        after_ssl([Act::Tls(material::server_1_3())]),
    ])
    .await;
    let attempts = peer.scan(GAP).await;
    let newest = attempts.last().unwrap();
    assert_eq!(newest.probe, ProbeKind::Default);
    assert_eq!(last(newest), ok(Stage::Tls));
    assert!(newest.failure().is_none());
    assert_eq!(newest.tls.as_ref().unwrap().handshake, TlsHandshake::Full);
}

#[tokio::test]
async fn an_old_host_that_falls_silent_has_failed() {
    let peer = Peer::start(vec![after_ssl([])]).await;
    let request = AttemptRequest {
        probe: ProbeKind::LegacyHello,
        ..peer.request()
    };
    let mut options = options();
    options.tls = Duration::from_millis(80);
    let attempt = peer.attempt_as(request, options).await;
    assert_eq!(
        attempt.failure(),
        Some((Stage::Tls, &Outcome::Timeout { received: 0 }))
    );
}

/// Either TLS hello.
const HELLOS: [ProbeKind; 2] = [ProbeKind::Default, ProbeKind::LegacyHello];

/// The library ignores such an alert, so the probe looks for it.
#[tokio::test]
async fn close_notify_in_place_of_a_handshake_is_an_alert_whether_or_not_the_peer_then_closes() {
    for (probe, stays) in HELLOS
        .into_iter()
        .flat_map(|probe| [(probe, true), (probe, false)])
    {
        let mut acts = vec![Act::Read, Act::Send(alert(TlsVersion::TLS_1_2, 1, 0))];
        if !stays {
            acts.push(Act::Fin);
        }
        let peer = Peer::start(vec![after_ssl(acts)]).await;
        let attempt = peer.attempt_with(probe).await;
        let farewell = Outcome::Alert {
            code: 0,
            received: 7,
        };
        assert_eq!(last(&attempt), (Stage::Tls, farewell));
    }
}

#[tokio::test]
async fn a_close_in_either_handshake_is_a_failed_tls_stage() {
    for probe in HELLOS {
        let peer = Peer::start(vec![after_ssl([Act::Read, Act::Fin])]).await;
        let attempt = peer.attempt_with(probe).await;
        assert_eq!(
            last(&attempt),
            (Stage::Tls, Outcome::Closed { received: 0 })
        );
        assert_eq!(attempt.tls.unwrap().handshake, TlsHandshake::Failed);
        assert_eq!(peer.connections(), 1);
    }
}

#[tokio::test]
async fn garbage_instead_of_tls_is_malformed() {
    let garbage = b"\x03\x00\x00\x09\x02\xf0\x80\x21\x80".to_vec();
    for probe in HELLOS {
        let peer = Peer::start(vec![after_ssl([Act::Read, Act::Send(garbage.clone())])]).await;
        let (stage, outcome) = last(&peer.attempt_with(probe).await);
        assert_eq!(stage, Stage::Tls);
        assert!(matches!(outcome, Outcome::Malformed { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn endless_answers_are_cut_at_the_limit() {
    let warning = alert(TlsVersion::TLS_1_2, 1, 90);
    let certificate = server_flight(TlsVersion::TLS_1_2, 0xC02F, &vec![vec![0x30; 16_000]; 20]);
    let greeting = b"3".repeat(4096);
    for (probe, bytes) in HELLOS
        .into_iter()
        .flat_map(|probe| [&warning, &certificate, &greeting].map(|bytes| (probe, bytes.clone())))
    {
        let peer = Peer::start(vec![after_ssl([Act::Read, Act::Endless(bytes)])]).await;
        let attempt = peer.attempt_with(probe).await;
        assert!(attempt.failure().is_some());
        let received = attempt.tls.unwrap().received as usize;
        assert!(received <= STAGE_LIMIT + 8192, "{received}");
    }
}

#[tokio::test]
async fn a_reset_at_any_byte_is_an_outcome() {
    let mut whole = selected(Protocols::SSL);
    let confirm = whole.len();
    whole.extend(old_flight());
    for end in (0..confirm).chain((confirm..whole.len()).step_by(7)) {
        let sent = whole[..end].to_vec();
        let peer = Peer::start(vec![vec![Act::Read, Act::Send(sent), Act::Reset]]).await;
        for probe in HELLOS {
            let attempt = peer.attempt_with(probe).await;
            assert!(attempt.failure().is_some(), "cut at {end}");
            assert!(attempt.stages.len() >= 2);
        }
    }
}

#[tokio::test]
async fn the_challenge_tells_who_the_server_is() {
    let peer = Peer::start(vec![after_question([Act::Send(challenge())])]).await;
    let attempt = peer.attempt().await;
    assert_eq!(last(&attempt), ok(Stage::Credssp));
    let ntlm = attempt.ntlm.unwrap();
    assert_eq!(ntlm.dns_computer.as_deref(), Some("srv05.corp.example"));
    assert_eq!(ntlm.build().as_deref(), Some("10.0.20348"));
    assert_eq!(ntlm.tsrequest_version, Some(6));
    assert!(!ntlm.echoed_nonce);
    assert!(ntlm.clock_skew_s().unwrap().abs() < 5.0);
}

#[tokio::test]
async fn the_question_is_asked_only_when_wanted_and_fitting() {
    let wanted = AttemptRequest {
        ntlm: false,
        ..Peer::start(vec![vec![]]).await.request()
    };
    let hybrid = after_ssl([Act::Tls(material::server_1_2())]);
    let peer = Peer::start(vec![hybrid]).await;
    assert!(peer.attempt().await.stage(Stage::Credssp).is_none());

    let peer = Peer::start(vec![vec![
        Act::Read,
        Act::Send(selected(Protocols::HYBRID)),
        Act::Tls(material::server_1_2()),
    ]])
    .await;
    let request = AttemptRequest {
        endpoint: peer.endpoint,
        ..wanted
    };
    let attempt = peer.attempt_as(request, options()).await;
    assert!(attempt.stage(Stage::Credssp).is_none());
}

#[tokio::test]
async fn credssp_has_outcomes_of_its_own() {
    let refusal = TsRequest {
        version: 6,
        error_code: Some(0xC000_0418),
        ..TsRequest::default()
    };
    let empty = TsRequest {
        version: 6,
        ..TsRequest::default()
    };
    let cut = challenge()[..40].to_vec();
    for (acts, expected) in [
        (
            vec![Act::Send(refusal.encode())],
            Outcome::CredsspError {
                status: 0xC000_0418,
            },
        ),
        (vec![Act::Send(empty.encode())], Outcome::NoChallenge),
        (vec![Act::CloseTls], Outcome::Closed { received: 0 }),
        (vec![Act::Reset], Outcome::Reset { received: 0 }),
        (
            vec![Act::Send(cut), Act::CloseTls],
            Outcome::Closed { received: 40 },
        ),
    ] {
        let peer = Peer::start(vec![after_question(acts)]).await;
        let attempt = peer.attempt().await;
        assert_eq!(attempt.failure(), Some((Stage::Credssp, &expected)));
        assert_eq!(attempt.tls.unwrap().handshake, TlsHandshake::Full);
        assert_eq!(peer.connections(), 1);
    }
}

#[tokio::test]
async fn an_endless_challenge_is_cut_at_the_limit() {
    let huge = vec![0x30, 0x83, 0xFF, 0xFF, 0xFF];
    let peer = Peer::start(vec![after_question([Act::Endless(huge)])]).await;
    let (stage, outcome) = last(&peer.attempt().await);
    assert_eq!(stage, Stage::Credssp);
    assert!(matches!(outcome, Outcome::Malformed { .. }), "{outcome:?}");
}

#[tokio::test]
async fn stages_follow_each_other_in_time() {
    let peer = Peer::start(vec![after_question([Act::Send(challenge())])]).await;
    let attempt = peer.attempt().await;
    for pair in attempt.stages.windows(2) {
        assert!(pair[0].start_us + pair[0].duration_us <= pair[1].start_us + 1);
    }
}

#[tokio::test]
async fn the_long_deadline_holds_for_the_x224_answer_and_extends_the_whole_attempt() {
    let late = vec![
        Act::Read,
        Act::Pause(Duration::from_millis(250)),
        Act::Send(selected(Protocols::SSL)),
        Act::Tls(material::server_1_3()),
    ];
    let peer = Peer::start(vec![late]).await;
    let silence = Outcome::Timeout { received: 0 };
    for (probe, end) in [
        (ProbeKind::Default, (Stage::X224, silence)),
        (ProbeKind::LongDeadline, ok(Stage::Tls)),
    ] {
        let request = AttemptRequest {
            probe,
            ..peer.request()
        };
        let mut options = options();
        options.x224 = Duration::from_millis(80);
        options.x224_long = Duration::from_secs(5);
        options.deadline = Duration::from_millis(200);
        assert_eq!(last(&peer.attempt_as(request, options).await), end);
    }
}

#[tokio::test]
async fn a_request_without_nla_ends_with_the_answer() {
    let refusal = Outcome::NegotiationFailure { code: 5 };
    for (answer, outcome) in [
        (selected(Protocols::SSL), Outcome::Ok),
        (failure(5), refusal),
    ] {
        let peer = Peer::start(vec![vec![Act::Read, Act::Send(answer)]]).await;
        let attempt = peer.attempt_with(ProbeKind::WithoutNla).await;
        assert_eq!(path(&attempt), [ok(Stage::Tcp), (Stage::X224, outcome)]);
        assert_eq!(attempt.negotiation.unwrap().requested, Protocols::SSL);
        let sent = peer.seen(1).await[0].raw.clone();
        assert_eq!(
            ConnectionRequest::decode(&sent).unwrap().requested,
            Some(Protocols::SSL)
        );
    }
}

#[tokio::test]
async fn direct_tls_reads_the_certificate_and_what_answers_inside() {
    let http = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    let not_rdp = Outcome::NotRdp {
        looks_like: "http".into(),
        first_bytes: banner::first_bytes(&http),
    };
    for (act, expected) in [
        (Act::Send(selected(Protocols::SSL)), Outcome::Ok),
        (Act::Send(confirm(ConfirmBody::Bare)), Outcome::NoTls),
        (Act::Send(http), not_rdp),
    ] {
        let inside = vec![Act::Tls(material::server_1_3()), Act::Read, act];
        let peer = Peer::start(vec![inside]).await;
        let attempt = peer.attempt_with(ProbeKind::DirectTls).await;
        assert_eq!(
            path(&attempt),
            [ok(Stage::Tcp), ok(Stage::Tls), (Stage::X224, expected)]
        );
        let tls = attempt.tls.unwrap();
        assert_eq!((tls.handshake, tls.chain.len()), (TlsHandshake::Full, 1));
    }
}

#[tokio::test]
async fn a_port_that_closes_on_every_request_is_tried_with_tls_first() {
    let closes = vec![Act::Read, Act::Fin];
    let inside = vec![
        Act::Tls(material::server_1_3()),
        Act::Read,
        Act::Send(selected(Protocols::SSL)),
    ];
    let peer = Peer::start(vec![
        closes.clone(),
        closes.clone(),
        closes.clone(),
        closes,
        inside,
    ])
    .await;
    let attempts = peer.scan(GAP).await;
    assert_eq!(
        probes(&attempts),
        [
            ProbeKind::Default,
            ProbeKind::Default,
            ProbeKind::BareRequest,
            ProbeKind::Default,
            ProbeKind::DirectTls,
        ]
    );
    assert_eq!(last(&attempts[4]), ok(Stage::X224));
}
