//! Names that the user listed, and what becomes of the addresses that they lead to.

use super::*;
use crate::fleet::Fleet;
use crate::model::{DnsVerdict, HostKey, HostState};

fn fleet(events: &[ScanEvent]) -> Fleet {
    crate::kit::judged(events.iter().cloned())
}

fn v6() -> Endpoint {
    Endpoint::new("2001:db8::5".parse().unwrap(), 3389)
}

fn unresolved(name: &str) -> HostKey {
    HostKey::Unresolved {
        name: name.to_owned(),
        port: 3389,
    }
}

#[tokio::test(start_paused = true)]
async fn a_listed_name_inside_a_sweep_is_a_row_whenever_it_is_looked_up() {
    for (answer, state) in [
        (Answer::Refused, HostState::Closed),
        (Answer::Silent, HostState::Filtered),
    ] {
        // Before, amid and after the rounds of the sweep.
        for lookup_ms in [0, 100, 400, 1000, 60_000] {
            let prober = Arc::new(
                FakeProber::new()
                    .with_all(answer)
                    .with_name("dead.example", &[at(3).address])
                    .with_slow_lookups(Duration::from_millis(lookup_ms)),
            );
            let events = scan(
                targets(&["127.9.0.0/29", "dead.example"], &[]),
                &prober,
                ScanOptions::default(),
            )
            .await;
            let numbers: Vec<_> = attempts(&events)
                .iter()
                .map(|attempt| (attempt.endpoint, attempt.number))
                .collect();
            assert_eq!(
                numbers,
                [(at(3), 1), (at(3), 2), (at(3), 3)],
                "{lookup_ms} ms"
            );
            let fleet = fleet(&events);
            let row = fleet.find(&HostKey::Endpoint(at(3))).unwrap();
            let host = fleet.host(row).unwrap();
            assert!(host.listed());
            assert_eq!(host.diagnosis.state, state);
            let end = end(&events);
            assert_eq!(end.endpoints_probed, 6, "{lookup_ms} ms");
            assert_eq!(
                end.unlisted.closed + end.unlisted.filtered,
                5,
                "{lookup_ms} ms"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_swept_host_that_a_listed_name_leads_to_late_is_listed_and_keeps_its_attempts() {
    let prober = Arc::new(
        FakeProber::new()
            .with(at(3), &[Answer::Up])
            .with_name("srv.example", &[at(3).address])
            .with_slow_lookups(Duration::from_secs(60)),
    );
    let events = scan(
        targets(&["127.9.0.0/29", "srv.example"], &[]),
        &prober,
        ScanOptions::default(),
    )
    .await;
    assert_eq!(attempts(&events).len(), 3);
    assert!(fleet(&events).rows()[0].listed());
}

#[tokio::test(start_paused = true)]
async fn a_silent_address_that_another_hosts_name_led_to_gets_its_attempts_when_it_is_listed() {
    let prober = Arc::new(
        FakeProber::new()
            .with(at(1), &[Answer::Up])
            .with_pointer(at(1).address, "srv.example")
            .with_name("srv.example", &[at(40).address])
            .with_name("listed.example", &[at(40).address])
            .with_slow_lookups(Duration::from_secs(5)),
    );
    for wanted in [
        &["127.9.0.1", "listed.example"][..],
        &["127.9.0.0/29", "127.9.0.32/28", "listed.example"],
    ] {
        let events = scan(targets(wanted, &[]), &prober, ScanOptions::default()).await;
        let numbers: Vec<_> = attempts(&events)
            .iter()
            .filter(|attempt| attempt.endpoint == at(40))
            .map(|attempt| attempt.number)
            .collect();
        assert_eq!(numbers, [1, 2, 3], "{wanted:?}");
        let fleet = fleet(&events);
        assert!(fleet.find(&HostKey::Endpoint(at(40))).is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_with_an_ipv6_address_without_a_route_is_tried_at_its_other_one_alone() {
    let prober = Arc::new(
        FakeProber::new()
            .with(at(1), &[Answer::Up])
            .without_route(v6())
            .with_name("srv.example", &[at(1).address, v6().address]),
    );
    let options = ScanOptions::default();
    let events = scan(targets(&["srv.example"], &[]), &prober, options).await;
    assert_eq!(prober.connects_to(v6()), 0);
    let leads_to_both = |event: &ScanEvent| matches!(&event.body, EventBody::TargetResolved { endpoints, .. } if **endpoints == [at(1), v6()]);
    assert!(events.iter().any(leads_to_both), "probed or not");
    let fleet = fleet(&events);
    assert_eq!(fleet.rows().len(), 1);
    assert!(fleet.notices().contains(&Notice::NoIpv6Route));
}

#[tokio::test(start_paused = true)]
async fn a_dead_ipv6_address_is_seen_though_another_has_no_route() {
    let unrouted = Endpoint::new("2001:db8:1::5".parse().unwrap(), 3389);
    let prober = Arc::new(
        FakeProber::new()
            .with(at(1), &[Answer::Up])
            .without_route(unrouted)
            .with_name(
                "srv.example",
                &[at(1).address, v6().address, unrouted.address],
            ),
    );
    let options = ScanOptions::default();
    let events = scan(targets(&["srv.example"], &[]), &prober, options).await;
    assert_eq!(prober.connects_to(unrouted), 0);
    let fleet = fleet(&events);
    let live = fleet.find(&HostKey::Endpoint(at(1))).unwrap();
    let verdict = fleet.host(live).unwrap().diagnosis.dns;
    assert_eq!(verdict, DnsVerdict::AaaaDead);
}

#[tokio::test(start_paused = true)]
async fn a_name_with_no_address_but_one_without_a_route_is_a_row_and_not_to_blame() {
    let prober = Arc::new(
        FakeProber::new()
            .without_route(v6())
            .with_name("srv.example", &[v6().address]),
    );
    let options = ScanOptions::default();
    let events = scan(targets(&["srv.example"], &[]), &prober, options).await;
    let fleet = fleet(&events);
    assert_eq!(fleet.rows().len(), 1);
    assert_eq!(fleet.rows()[0].diagnosis.findings, []);
    assert!(fleet.notices().contains(&Notice::NoIpv6Route));
}

#[tokio::test(start_paused = true)]
async fn an_address_at_which_no_host_can_be_is_never_contacted() {
    let special = [
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "fe80::1",
        "ff02::1",
        "::",
    ];
    let special: Vec<IpAddr> = special.iter().map(|text| text.parse().unwrap()).collect();
    let mut both = special.clone();
    both.push(at(1).address);
    let prober = Arc::new(
        FakeProber::new()
            .with_all(Answer::OwnFilter)
            .with(at(1), &[Answer::Up])
            .with_pointer(at(1).address, "found.example")
            .with_name("found.example", &both)
            .with_name("half.example", &both)
            .with_name("sunk.example", &special),
    );
    let events = scan(
        targets(&["half.example", "sunk.example"], &[]),
        &prober,
        ScanOptions::default(),
    )
    .await;
    for address in special {
        assert_eq!(
            prober.connects_to(Endpoint::new(address, 3389)),
            0,
            "{address}"
        );
    }
    let fleet = fleet(&events);
    assert_eq!(fleet.rows().len(), 2);
    let sunk = fleet.find(&unresolved("sunk.example")).unwrap();
    assert_eq!(
        fleet.host(sunk).unwrap().diagnosis.state,
        HostState::Unreachable
    );
    let reasons = fleet.undetermined(sunk);
    assert!(reasons.iter().any(|one| one.reason.contains("special")));
}

#[tokio::test(start_paused = true)]
async fn a_listed_name_whose_addresses_are_all_excluded_is_a_row_with_the_reason() {
    let prober =
        Arc::new(FakeProber::new().with_name("srv.example", &[at(1).address, at(2).address]));
    let events = scan(
        targets(&["srv.example"], &["127.9.0.0/28"]),
        &prober,
        ScanOptions::default(),
    )
    .await;
    let fleet = fleet(&events);
    let row = fleet.find(&unresolved("srv.example")).unwrap();
    let host = fleet.host(row).unwrap();
    assert_eq!(host.diagnosis.state, HostState::NotProbed);
    assert_eq!(host.history().excluded, [at(1).address, at(2).address]);
    let reasons = fleet.undetermined(row);
    assert!(reasons.iter().any(|one| one.reason.contains("excluded")));
    assert_eq!(prober.spans().len(), 0);
}
