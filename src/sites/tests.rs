//! What is believed of a worker, what it may contact, and what becomes of shards that never end.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::kit;
use crate::model::{
    Attempt, Checkpoint, Endpoint, EventBody, HostKey, HostState, Lookup, Notice, Origin, Outcome,
    ScanEnd, ScanEvent, ScanId, ScanStatus, Site, Stream, UnlistedCounts,
};
use crate::prober::{AttemptRequest, Connect, Prober, ResolverHealth};
use crate::targets::{AddressList, TargetSetBuilder};

fn scan() -> ScanId {
    "20261201T110000Z-00c0ffee".parse().unwrap()
}

fn site(name: &str) -> Site {
    name.parse().unwrap()
}

/// One shard of a name, and eight of 128 endpoints, or nearly so.
fn plan() -> Arc<ShardPlan> {
    let mut builder = TargetSetBuilder::new(&[3389]);
    for word in ["10.0.0.0/21", "10.0.0.7", "srv05.example"] {
        builder.add_text(word).unwrap();
    }
    builder.exclude_text("10.9.9.9").unwrap();
    let targets = builder.build().unwrap();
    Arc::new(ShardPlan::new(targets.into(), 7, BTreeMap::new()))
}

fn event(number: u32, delivery: u32, seq: u64, body: EventBody) -> ScanEvent {
    let origin = Origin {
        stream: Stream::Shard { number, delivery },
        ..Origin::new(scan(), site("berlin"))
    };
    ScanEvent::new(&origin, seq, kit::now(), body)
}

fn tried(address: &str) -> EventBody {
    kit::attempt_finished(kit::attempt_at(kit::endpoint(address)))
}

/// The shard that sweeps an address.
fn shard_of(plan: &ShardPlan, address: &str) -> u32 {
    let mut shards = 0..plan.count();
    let found = shards.find(|shard| plan.sweeps(*shard, kit::endpoint(address)));
    found.unwrap()
}

fn resolved(name: &str, address: &str) -> EventBody {
    EventBody::TargetResolved {
        name: name.into(),
        port: 3389,
        endpoints: vec![kit::endpoint(address)],
        excluded: Vec::new(),
        lookups: vec![kit::lookup(name, kit::leading_to(&[address]))],
    }
}

#[test]
fn a_worker_is_believed_about_the_hosts_of_its_shard() {
    let plan = plan();
    let mut gate = Gate::new(scan(), [site("berlin")]);
    let own = shard_of(&plan, "10.0.1.5");
    let other = (own + 1) % plan.count();
    let mut check = |number, body| gate.check(&plan, &site("berlin"), &event(number, 1, 0, body));
    assert_eq!(check(own, tried("10.0.1.5")), Ok(()));
    assert_eq!(check(other, tried("10.0.1.5")), Err(Fault::Host));
    assert_eq!(check(own, tried("192.168.7.7")), Err(Fault::Host));
    assert_eq!(check(plan.count(), tried("10.0.1.5")), Err(Fault::Shard));
    let no_route = EventBody::Notice(Notice::NoIpv6Route);
    assert_eq!(check(own, no_route), Ok(()));
    for body in [
        EventBody::ScanStarted(kit::plan()),
        EventBody::Notice(Notice::TimeLimit),
        EventBody::Notice(Notice::EventsMissing { count: 7 }),
    ] {
        assert_eq!(check(own, body), Err(Fault::Kind));
    }
    let impossible = Checkpoint {
        unlisted: UnlistedCounts {
            filtered: u64::MAX,
            ..UnlistedCounts::default()
        },
        ..Checkpoint::default()
    };
    assert_eq!(
        check(own, EventBody::Checkpoint(impossible)),
        Err(Fault::Counts)
    );
}

#[test]
fn a_worker_speaks_for_its_own_site_and_scan_only() {
    let plan = plan();
    let mut gate = Gate::new(scan(), [site("berlin"), site("hq")]);
    let own = shard_of(&plan, "10.0.1.5");
    let one = event(own, 1, 0, tried("10.0.1.5"));
    assert_eq!(gate.check(&plan, &site("hq"), &one), Err(Fault::Site));
    let other = ScanEvent {
        site: site("oslo"),
        ..one.clone()
    };
    assert_eq!(gate.check(&plan, &site("oslo"), &other), Err(Fault::Site));
    let other = ScanEvent {
        scan: "20261201T110000Z-00c0ffff".parse().unwrap(),
        ..one.clone()
    };
    assert_eq!(gate.check(&plan, &site("berlin"), &other), Err(Fault::Scan));
    let run = ScanEvent {
        stream: Stream::FIRST,
        ..one
    };
    assert_eq!(gate.check(&plan, &site("berlin"), &run), Err(Fault::Shard));
}

#[test]
fn what_the_names_of_a_shard_lead_to_is_believed_after_them() {
    let plan = plan();
    let mut gate = Gate::new(scan(), [site("berlin")]);
    let mut check =
        |delivery, body| gate.check(&plan, &site("berlin"), &event(0, delivery, 0, body));
    assert_eq!(check(1, tried("192.168.7.7")), Err(Fault::Host));
    assert_eq!(
        check(1, resolved("other.example", "192.168.7.7")),
        Err(Fault::Host)
    );
    assert_eq!(check(1, resolved("srv05.example", "192.168.7.7")), Ok(()));
    assert_eq!(check(1, tried("192.168.7.7")), Ok(()));
    // Excluded addresses are not contacted, whatever leads there.
    assert_eq!(check(1, resolved("srv05.example", "10.9.9.9")), Ok(()));
    assert_eq!(check(1, tried("10.9.9.9")), Err(Fault::Host));
    // Another delivery begins again.
    assert_eq!(check(2, tried("192.168.7.7")), Err(Fault::Host));
    // An endpoint that no lookup has given is made up.
    let EventBody::TargetResolved { name, port, .. } = resolved("srv05.example", "10.0.0.1") else {
        panic!("another event");
    };
    let made_up = EventBody::TargetResolved {
        name,
        port,
        endpoints: vec![kit::endpoint("192.168.7.8")],
        excluded: Vec::new(),
        lookups: Vec::new(),
    };
    assert_eq!(check(2, made_up), Err(Fault::Host));
}

#[test]
fn shards_are_given_out_a_few_at_a_time_and_the_scan_ends_with_the_last() {
    let plan = plan();
    let sites = [site("berlin")];
    let mut ledger = Ledger::new(scan(), Arc::clone(&plan), &sites);
    let mut given = 0;
    while let Some((site, shard)) = ledger.next() {
        ledger.given_out(&site, shard);
        given += 1;
    }
    assert_eq!(given, plan.count());
    for number in 0..plan.count() {
        assert!(!ledger.is_done());
        ledger.observe(&event(number, 1, 0, EventBody::ScanFinished(kit::end(1))));
    }
    assert!(ledger.is_done() && ledger.is_idle());
    assert_eq!(ledger.status(), ScanStatus::Complete);
    assert_eq!(ledger.close(kit::now()), []);
}

#[test]
fn a_later_delivery_replaces_what_has_not_ended_and_nothing_that_is_complete() {
    let plan = plan();
    let mut ledger = Ledger::new(scan(), Arc::clone(&plan), &[site("berlin")]);
    let no_route = || EventBody::Notice(Notice::NoIpv6Route);
    for number in 0..plan.count() - 1 {
        ledger.observe(&event(number, 1, 0, EventBody::ScanFinished(kit::end(1))));
    }
    let last = plan.count() - 1;
    ledger.observe(&event(last, 1, 0, no_route()));
    ledger.observe(&event(last, 2, 0, no_route()));
    // A worker that was thought dead ends its delivery: too late.
    let late = event(last, 1, 1, EventBody::ScanFinished(kit::end(1)));
    assert!(!ledger.is_news(&late));
    ledger.observe(&late);
    assert!(!ledger.is_done() && !ledger.is_idle());
    ledger.observe(&event(last, 2, 1, EventBody::ScanFinished(kit::end(1))));
    assert!(ledger.is_done());
    // The end of another is known, so that what comes again counts no more.
    let again = event(0, 2, 0, no_route());
    assert!(!ledger.is_news(&again));
    ledger.observe(&again);
    assert!(ledger.is_done());
}

#[test]
fn a_shard_that_the_server_has_lost_is_given_out_once_more() {
    let plan = plan();
    let berlin = site("berlin");
    let mut ledger = Ledger::new(scan(), Arc::clone(&plan), std::slice::from_ref(&berlin));
    assert_eq!(ledger.earlier_deliveries(&berlin, 0), 0);
    ledger.given_out(&berlin, 0);
    assert_eq!(ledger.next(), Some((berlin.clone(), 1)));
    assert_eq!(ledger.lost(&berlin, 0), Lost::Again);
    assert_eq!(ledger.next(), Some((berlin.clone(), 0)));
    // Its events are never taken for those of the first time.
    assert_eq!(ledger.earlier_deliveries(&berlin, 0), 5);
    ledger.given_out(&berlin, 0);
    assert_eq!(ledger.lost(&berlin, 0), Lost::Failed);
    assert_eq!(ledger.lost(&berlin, 0), Lost::Ended);
    assert!(ledger.is_over(&berlin, 0));
}

#[test]
fn a_resumed_scan_gives_out_what_is_not_complete() {
    let plan = plan();
    let berlin = site("berlin");
    let mut ledger = Ledger::new(scan(), Arc::clone(&plan), std::slice::from_ref(&berlin));
    let interrupted = || {
        EventBody::ScanFinished(ScanEnd {
            status: ScanStatus::Interrupted,
            ..kit::end(1)
        })
    };
    ledger.observe(&event(0, 1, 0, EventBody::ScanFinished(kit::end(1))));
    ledger.observe(&event(1, 1, 0, interrupted()));
    ledger.observe(&event(2, 1, 0, EventBody::Notice(Notice::NoIpv6Route)));
    // Some of it was never recorded.
    ledger.observe(&event(3, 1, 7, EventBody::ScanFinished(kit::end(1))));
    ledger.resume(2, Arc::clone(&plan));
    assert!(ledger.is_idle());
    let mut given = Vec::new();
    while let Some((site, shard)) = ledger.next() {
        assert_eq!(ledger.earlier_deliveries(&site, shard), 10);
        ledger.given_out(&site, shard);
        given.push(shard);
    }
    assert_eq!(given, (1..plan.count()).collect::<Vec<_>>());
    // What a worker of the first run still ends is complete, or is done again.
    ledger.observe(&event(2, 1, 1, EventBody::ScanFinished(kit::end(1))));
    ledger.observe(&event(4, 2, 0, interrupted()));
    assert!(ledger.is_over(&berlin, 2) && !ledger.is_over(&berlin, 4));
    // Unless the coordinator has ended it in the worker's place: what it wrote stands where events of the worker would.
    ledger.observe(&event(1, 1, 1, EventBody::ScanFinished(kit::end(1))));
    assert!(!ledger.is_over(&berlin, 1));
    ledger.observe(&event(4, 11, 0, interrupted()));
    assert!(ledger.is_over(&berlin, 4));
}

#[test]
fn what_names_led_to_is_forgotten_with_the_end_of_their_shard() {
    let plan = plan();
    let mut gate = Gate::new(scan(), [site("berlin")]);
    let mut check = |seq, body| gate.check(&plan, &site("berlin"), &event(0, 1, seq, body));
    assert_eq!(check(0, resolved("srv05.example", "192.168.7.7")), Ok(()));
    let impossible = ScanEnd {
        not_reached: u64::MAX,
        ..kit::end(1)
    };
    let refused = check(1, EventBody::ScanFinished(impossible));
    assert_eq!(refused, Err(Fault::Counts));
    assert_eq!(check(1, tried("192.168.7.7")), Ok(()));
    assert_eq!(check(2, EventBody::ScanFinished(kit::end(1))), Ok(()));
    assert_eq!(check(3, tried("192.168.7.7")), Err(Fault::Host));
}

#[test]
fn a_worker_reports_what_it_refused_itself_and_nothing_of_the_whole_scan() {
    let plan = plan();
    let mut gate = Gate::new(scan(), [site("berlin"), site(ANY)]);
    let mut check = |of: &str, notice| {
        let event = ScanEvent {
            site: site(of),
            ..event(0, 1, 0, EventBody::Notice(notice))
        };
        gate.check(&plan, &site(of), &event)
    };
    let refused = |by: &str| Notice::OutsideAllowList {
        site: site(by),
        what: "some hosts".into(),
    };
    assert_eq!(check("berlin", refused("berlin")), Ok(()));
    assert_eq!(check("berlin", refused("hq")), Err(Fault::Site));
    assert_eq!(check(ANY, refused("hq")), Ok(()));
    let detail = || "made up".into();
    for notice in [
        Notice::SweepDelayed { seconds: 9 },
        Notice::ChangeCommandFailed { detail: detail() },
        Notice::OutputFailed { detail: detail() },
    ] {
        assert_eq!(check("berlin", notice), Err(Fault::Kind));
    }
}

#[test]
fn what_was_listed_and_never_reached_is_a_row_and_the_scan_is_interrupted() {
    let plan = plan();
    let mut ledger = Ledger::new(scan(), Arc::clone(&plan), &[site("berlin")]);
    let own = shard_of(&plan, "10.0.0.7");
    let work = plan.targets().planned_work(BTreeMap::new());
    let origin = Origin::new(scan(), site("berlin"));
    let mut events = vec![
        ScanEvent::new(&origin, 0, kit::now(), EventBody::ScanStarted(kit::plan())),
        ScanEvent::new(&origin, 1, kit::now(), EventBody::WorkPlanned(work.into())),
    ];
    // Some of one shard was seen, a second is dropped, the rest never began.
    let seen = (0..plan.targets().endpoints()).filter_map(|at| plan.targets().endpoint(at));
    let mut seen = seen.filter(|one| plan.sweeps(own, *one));
    let host = seen.find(|one| *one != kit::endpoint("10.0.0.7")).unwrap();
    let found = event(own, 1, 0, kit::attempt_finished(kit::attempt_at(host)));
    ledger.observe(&found);
    events.push(found);
    assert!(ledger.shard_failed(&site("berlin"), 0) && !ledger.shard_failed(&site("berlin"), 0));
    assert!(!ledger.is_done());
    events.extend(ledger.close(kit::now()));
    events.push(ScanEvent::new(
        &origin,
        2,
        kit::now(),
        EventBody::ScanFinished(kit::end(0)),
    ));
    let fleet = kit::judged(events);
    let end = fleet.end().unwrap();
    assert_eq!(end.status, ScanStatus::Interrupted);
    assert_eq!(
        end.not_reached,
        plan.targets().endpoints() - 1,
        "all but the one listed"
    );
    let state = |key: &HostKey| {
        fleet
            .host(fleet.find(key).unwrap())
            .unwrap()
            .diagnosis
            .state
    };
    assert_eq!(
        state(&HostKey::Endpoint(kit::endpoint("10.0.0.7"))),
        HostState::NotProbed
    );
    let name = HostKey::Unresolved {
        name: "srv05.example".to_owned(),
        port: 3389,
    };
    assert_eq!(state(&name), HostState::NotProbed);
    assert_eq!(fleet.hosts().count(), 3);
    assert_eq!(fleet.notices(), []);
}

/// Connects to everything.
struct Open;

impl Prober for Open {
    type Link = Endpoint;

    async fn connect(&self, endpoint: Endpoint, _: Duration) -> Connect<Endpoint> {
        Connect::Up(endpoint)
    }

    async fn attempt(&self, _: Endpoint, request: AttemptRequest, _: CancellationToken) -> Attempt {
        request.into_attempt(kit::now(), Vec::new())
    }

    async fn forward(&self, _: &str) -> Option<Vec<Lookup>> {
        None
    }

    async fn reverse(&self, _: IpAddr) -> Option<Vec<Lookup>> {
        None
    }

    fn resolvers(&self) -> Vec<ResolverHealth> {
        Vec::new()
    }
}

#[tokio::test]
async fn a_worker_connects_to_what_its_own_list_allows_and_to_nothing_else() {
    let list = |text: &str| AddressList::parse(text).unwrap();
    let allow = Arc::new(AllowList {
        allow: list("10.0.0.0/24"),
        exclude: list("10.0.0.9"),
        ports: vec![3389],
        site: site("berlin"),
    });
    let prober = AllowedProber::new(Open, Arc::clone(&allow));
    let second = Duration::from_secs(1);
    assert!(matches!(
        prober.connect(kit::endpoint("10.0.0.5"), second).await,
        Connect::Up(_)
    ));
    let other_port = Endpoint::new([10, 0, 0, 5].into(), 3390);
    for refused in [
        kit::endpoint("10.0.0.9"),
        kit::endpoint("10.0.1.5"),
        other_port,
    ] {
        let Connect::Failed(failure) = prober.connect(refused, second).await else {
            panic!("{refused} was contacted");
        };
        let Outcome::LocalError { detail } = failure.outcome else {
            panic!("{:?}", failure.outcome);
        };
        let notice = allow.notice(Notice::LocalRefusal { detail });
        let text = notice.to_string();
        assert!(text.starts_with("site berlin refused some hosts"), "{text}");
    }
    let other = Notice::LocalRefusal {
        detail: "permission denied".into(),
    };
    assert_eq!(allow.notice(other.clone()), other);
}
