use super::Verdict;
use crate::diagnosis::testing::{
    AttemptMaker, attempt, certificate, closed, host, reset, silent, times, tls,
};
use crate::model::{HostState, Outcome, PathFacts, ProbeKind, Stage};

fn at_x224(outcome: &Outcome) -> crate::diagnosis::testing::HostMaker {
    times(3, || attempt().tcp().stage(Stage::X224, outcome.clone()))
}

#[test]
fn a_listed_closed_port_is_a_finding() {
    times(1, || attempt().stage(Stage::Tcp, Outcome::Refused)).assert_fires("RDP-TCP-REFUSED");
}

#[test]
fn trap_13_a_closed_port_in_a_sweep_is_none() {
    let swept = times(1, || attempt().stage(Stage::Tcp, Outcome::Refused)).unlisted();
    assert_eq!(swept.diagnose().findings, []);
}

#[test]
fn a_silent_address_in_a_sweep_is_none() {
    times(1, || attempt().stage(Stage::Tcp, silent()))
        .unlisted()
        .assert_not("RDP-TCP-TIMEOUT");
}

#[test]
fn an_icmp_error_is_no_timeout() {
    let told = times(1, || attempt().stage(Stage::Tcp, Outcome::HostUnreachable));
    told.assert_not("RDP-TCP-TIMEOUT");
    told.assert_fires("RDP-TCP-UNREACHABLE");
}

#[test]
fn trap_16_own_trouble_blames_no_host() {
    let detail = "too many open files";
    let own = times(3, || {
        let detail = detail.into();
        attempt().stage(Stage::Tcp, Outcome::LocalError { detail })
    });
    assert_eq!(own.diagnose().findings, []);
    assert!(matches!(
        own.verdict("RDP-TCP-UNREACHABLE"),
        Verdict::Undetermined { .. }
    ));
}

#[test]
fn one_close_is_not_enough() {
    let once = times(1, || attempt().tcp().stage(Stage::X224, closed(0)));
    assert!(matches!(
        once.verdict("RDP-X224-CLOSED"),
        Verdict::Undetermined { .. }
    ));
}

#[test]
fn closes_on_both_requests_are_sure() {
    let both = times(2, || {
        attempt().tcp().stage(Stage::X224, reset(0)).on(
            ProbeKind::BareRequest,
            Stage::X224,
            closed(0),
        )
    });
    let finding = both.assert_fires("RDP-X224-CLOSED");
    assert_eq!(finding.confidence, crate::model::Confidence::Sure);
}

#[test]
fn an_answered_bare_request_is_not_closed() {
    let old = times(2, || {
        attempt().tcp().stage(Stage::X224, reset(0)).on(
            ProbeKind::BareRequest,
            Stage::X224,
            Outcome::Ok,
        )
    });
    old.assert_not("RDP-X224-CLOSED");
}

#[test]
fn a_close_sooner_than_half_a_connect_is_early() {
    let early = times(2, || {
        attempt()
            .tcp()
            .stage(Stage::X224, reset(0))
            .edit(|attempt| {
                attempt.stages[0].duration_us = 20_000;
                attempt.stages[1].duration_us = 100;
            })
    });
    early.assert_fires("RDP-TCP-RESET-EARLY");
    early.assert_not("RDP-X224-CLOSED");
}

/// A close at X.224 after so many microseconds.
fn closed_after(connect_us: u32, rtt_us: Option<u32>, x224_us: u32) -> AttemptMaker {
    attempt()
        .tcp()
        .stage(Stage::X224, closed(0))
        .edit(|attempt| {
            attempt.stages[0].duration_us = connect_us;
            attempt.stages[1].duration_us = x224_us;
            attempt.path = rtt_us.map(|rtt_us| PathFacts {
                retransmits: Some(0),
                rtt_us,
            });
        })
}

#[test]
fn a_lost_syn_does_not_make_a_close_early() {
    for rtt in [Some(20_000), Some(0), None] {
        let lossy = times(2, || closed_after(1_020_000, rtt, 21_000));
        lossy.assert_not("RDP-TCP-RESET-EARLY");
        lossy.assert_fires("RDP-X224-CLOSED");
    }
}

#[test]
fn an_early_and_a_late_close_are_two_closes() {
    let both = host([
        closed_after(20_000, None, 100),
        closed_after(20_000, None, 21_000),
    ]);
    both.assert_fires("RDP-X224-CLOSED");
    both.assert_not("RDP-TCP-RESET-EARLY");
}

#[test]
fn one_odd_answer_is_no_way_of_answering() {
    let odd = || {
        attempt().tcp().stage(
            Stage::X224,
            Outcome::Malformed {
                detail: "length field".into(),
            },
        )
    };
    assert!(matches!(
        times(1, odd).verdict("RDP-X224-MALFORMED"),
        Verdict::Undetermined { .. }
    ));
    times(2, odd).assert_fires("RDP-X224-MALFORMED");
    host([odd(), odd(), attempt().through()]).assert_not("RDP-X224-MALFORMED");
}

#[test]
fn a_first_early_close_alone_is_left_to_flaky() {
    let flaky = host([
        attempt().tcp().stage(Stage::X224, reset(0)),
        attempt().through(),
        attempt().through(),
    ]);
    flaky.assert_not("RDP-TCP-RESET-EARLY");
    flaky.assert_not("RDP-X224-CLOSED");
    flaky.assert_fires("RDP-FLAKY");
}

#[test]
fn a_host_that_answers_another_time_is_not_silent() {
    host([
        attempt().tcp().stage(Stage::X224, silent()),
        attempt().tcp().stage(Stage::X224, silent()),
        attempt().through(),
    ])
    .assert_not("RDP-X224-SILENT");
    at_x224(&silent()).assert_fires("RDP-X224-SILENT");
}

#[test]
fn another_protocol_is_not_rdp() {
    let ssh = at_x224(&Outcome::NotRdp {
        looks_like: "ssh".into(),
        first_bytes: "5353482d".parse().unwrap(),
    });
    ssh.assert_fires("RDP-PORT-NOT-RDP");
    ssh.assert_not("RDP-PORT-TLS-FIRST");
    assert_eq!(ssh.diagnose().state, HostState::NotRdp);
}

#[test]
fn a_service_inside_tls_is_shown_with_the_name_of_its_certificate() {
    let inside = Outcome::NotRdp {
        looks_like: "http".into(),
        first_bytes: "48545450".parse().unwrap(),
    };
    let finding = host([attempt()
        .tcp()
        .stage(Stage::X224, closed(0))
        .on(ProbeKind::DirectTls, Stage::Tls, Outcome::Ok)
        .edit(|attempt| attempt.tls = Some(tls(certificate("www.corp.example")).into()))
        .stage(Stage::X224, inside)])
    .assert_fires("RDP-PORT-NOT-RDP");
    assert!(
        finding
            .evidence
            .starts_with("it looks like https, certificate www.corp.example;"),
        "{}",
        finding.evidence
    );
}

#[test]
fn x224_on_retry_makes_it_rdp() {
    let odd = Outcome::NotRdp {
        looks_like: "http".into(),
        first_bytes: "48545450".parse().unwrap(),
    };
    host([attempt().tcp().stage(Stage::X224, odd), attempt().through()])
        .assert_not("RDP-PORT-NOT-RDP");
}
