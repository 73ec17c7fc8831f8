//! Manners, as a recording peer sees them: one connection at a time, the gap kept, `close_notify` and FIN, a constant cookie
//! and no name of anybody, and nothing after the challenge.

// Helpers here count as test code for the lints, too.
#![cfg(test)]

use std::time::Duration;

use rdpscan::model::{ProbeKind, Protocols, TlsVersion};
use rdpscan::prober::AttemptRequest;
use rdpscan::wire::ntlm;
use rdpscan::wire::tls_peek::{alert, server_flight};
use rdpscan::wire::tsrequest::TsRequest;
use rdpscan::wire::x224::ConnectionRequest;

use crate::hostile::material::{self, challenge, failure, selected};
use crate::hostile::peer::{Act, Peer, options};

const GAP: Duration = Duration::from_millis(60);

fn ssl_then(acts: impl IntoIterator<Item = Act>) -> Vec<Act> {
    let mut script = vec![Act::Read, Act::Send(selected(Protocols::SSL))];
    script.extend(acts);
    script
}

fn nla_with_challenge() -> Vec<Act> {
    vec![
        Act::Read,
        Act::Send(selected(Protocols::HYBRID)),
        Act::Tls(material::server_1_3()),
        Act::ReadQuestion,
        Act::Send(challenge()),
    ]
}

#[tokio::test]
async fn the_next_connection_comes_after_the_end_of_the_one_before_and_the_gap() {
    for script in [
        nla_with_challenge(),
        ssl_then([Act::Read, Act::Send(alert(TlsVersion::TLS_1_2, 2, 40))]),
        vec![Act::Read, Act::Fin],
        vec![Act::Read, Act::Send(failure(2))],
    ] {
        let peer = Peer::start(vec![script]).await;
        let attempts = peer.scan(GAP).await;
        assert!(attempts.len() >= 3, "{attempts:?}");
        let seen = peer.seen(attempts.len()).await;
        assert_eq!(seen.len(), attempts.len());
        assert_eq!(peer.most_at_once(), 1);
        for pair in seen.windows(2) {
            let gap = pair[1].opened - pair[0].closed.unwrap();
            // The peer may see the end a little after we sent it.
            assert!(gap + Duration::from_millis(10) >= GAP, "{gap:?}");
        }
    }
}

#[tokio::test]
async fn after_the_challenge_comes_nothing_but_farewell() {
    let peer = Peer::start(vec![nla_with_challenge()]).await;
    peer.attempt().await;
    let seen = peer.seen(1).await;
    let question = TsRequest {
        version: 6,
        nego_token: Some(ntlm::negotiate()),
        ..TsRequest::default()
    };
    assert_eq!(seen[0].plain, question.encode());
    assert!(seen[0].close_notify);
    assert!(seen[0].fin && !seen[0].reset);
}

#[tokio::test]
async fn every_handshake_ends_with_close_notify_and_fin() {
    for config in [material::server_1_2(), material::server_1_3()] {
        for (probe, script) in [
            (ProbeKind::Default, ssl_then([Act::Tls(config.clone())])),
            (ProbeKind::DirectTls, vec![Act::Tls(config.clone())]),
        ] {
            let peer = Peer::start(vec![script]).await;
            let request = AttemptRequest {
                probe,
                ..peer.request()
            };
            let mut options = options();
            options.x224 = Duration::from_millis(80);
            peer.attempt_as(request, options).await;
            let seen = peer.seen(1).await;
            assert!(seen[0].close_notify);
            assert!(seen[0].fin && !seen[0].reset);
        }
    }
}

#[tokio::test]
async fn a_peek_ends_with_close_notify_and_fin_though_more_was_sent() {
    let mut flight = server_flight(TlsVersion::TLS_1_2, 0x002F, &[vec![0x30, 0x00]]);
    flight.extend_from_slice(&[0x16; 9000]);
    let peer = Peer::start(vec![ssl_then([Act::Read, Act::Send(flight)])]).await;
    peer.attempt_with(ProbeKind::LegacyHello).await;
    let seen = peer.seen(1).await;
    assert!(seen[0].raw.ends_with(&alert(TlsVersion::TLS_1_2, 1, 0)));
    assert!(seen[0].fin && !seen[0].reset);
}

#[tokio::test]
async fn our_own_refusal_sends_no_fatal_alert() {
    let flight = server_flight(TlsVersion::TLS_1_0, 0x002F, &[vec![0x30, 0x00]]);
    let peer = Peer::start(vec![ssl_then([Act::Read, Act::Send(flight)])]).await;
    peer.attempt().await;
    let seen = peer.seen(1).await;
    let fatal = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02];
    assert!(!seen[0].raw.windows(6).any(|window| window == fatal));
    assert!(seen[0].fin && !seen[0].reset);
}

#[tokio::test]
async fn a_failed_stage_ends_with_fin() {
    for acts in [
        vec![],
        vec![Act::Read, Act::Send(failure(3))],
        vec![Act::Read, Act::Send(vec![3, 0, 0xFF, 0xFF])],
        vec![Act::Send(b"220 mail.example ESMTP\r\n".to_vec())],
        ssl_then([]),
    ] {
        let peer = Peer::start(vec![acts]).await;
        let mut options = options();
        options.x224 = Duration::from_millis(80);
        options.tls = Duration::from_millis(80);
        peer.attempt_as(peer.request(), options).await;
        let seen = peer.seen(1).await;
        assert!(seen[0].fin && !seen[0].reset);
    }
}

#[tokio::test]
async fn the_cookie_is_constant_and_a_bare_request_has_none() {
    let peer = Peer::start(vec![vec![Act::Read, Act::Fin]]).await;
    peer.attempt().await;
    peer.attempt_with(ProbeKind::BareRequest).await;
    let seen = peer.seen(2).await;
    assert_eq!(
        ConnectionRequest::decode(&seen[0].raw),
        Ok(ConnectionRequest {
            cookie: Some("rdpscan".to_owned()),
            requested: Some(Protocols::DEFAULT_OFFER),
            flags: 0,
        })
    );
    assert_eq!(seen[1].raw, [3, 0, 0, 11, 6, 0xE0, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_name_is_sent_only_by_name() {
    for (by_name, expected) in [
        (None, None),
        (Some("srv05.corp.example"), Some("srv05.corp.example")),
        (Some("not a name!"), None),
        (Some("127.0.0.1"), None),
    ] {
        let peer = Peer::start(vec![ssl_then([Act::Tls(material::server_1_3())])]).await;
        let request = AttemptRequest {
            by_name: by_name.map(Box::from),
            ..peer.request()
        };
        peer.attempt_as(request, options()).await;
        assert_eq!(peer.seen(1).await[0].sni.as_deref(), expected);
    }
}
