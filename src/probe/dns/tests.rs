use hickory_resolver::config::ResolverOpts;
use hickory_resolver::proto::rr::Name;

use super::direct::by_udp_and_tcp;
use super::fake_server::{FakeServer, SLOW};
use super::*;

/// Long enough for loopback on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// For servers that will not answer.
const BRIEF: Duration = Duration::from_millis(200);

fn names(server: &FakeServer, timeout: Duration) -> Names {
    Names::new(DnsOptions {
        servers: vec![server.address],
        timeout,
    })
}

async fn forward(name: &str, timeout: Duration) -> LookupAnswer {
    let server = FakeServer::start().await;
    let lookups = names(&server, timeout).forward(name).await.unwrap();
    assert_eq!(lookups.len(), 1);
    assert_eq!(lookups[0].resolver, Resolver::Server(server.address));
    lookups[0].answer.clone()
}

async fn reverse(address: &str, timeout: Duration) -> LookupAnswer {
    let server = FakeServer::start().await;
    let lookups = names(&server, timeout)
        .reverse(address.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(lookups.len(), 1);
    lookups[0].answer.clone()
}

fn both(ttl_s: u32) -> LookupAnswer {
    LookupAnswer::Addresses {
        addresses: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
        ttl_s: Some(ttl_s),
    }
}

#[tokio::test]
async fn both_families_come_with_the_smaller_time_to_live() {
    assert_eq!(forward("SRV05.corp.example.", PATIENCE).await, both(30));
}

#[tokio::test]
async fn an_alias_is_followed_and_limits_the_time_to_live() {
    assert_eq!(forward("alias.corp.example", PATIENCE).await, both(7));
}

#[tokio::test]
async fn a_truncated_answer_is_asked_again_by_tcp() {
    assert_eq!(forward("large.corp.example", PATIENCE).await, both(30));
}

#[tokio::test]
async fn one_failing_family_does_not_hide_the_other() {
    let answer = forward("half.corp.example", PATIENCE).await;
    let expected: [IpAddr; 1] = ["192.0.2.1".parse().unwrap()];
    assert_eq!(answer.addresses(), expected);
}

#[tokio::test]
async fn a_family_that_fails_keeps_a_name_from_being_missing() {
    // `lame` has no IPv4 address, and the server fails on the IPv6 one.
    let answer = forward("lame.corp.example", PATIENCE).await;
    assert_eq!(answer, LookupAnswer::ServFail);
}

#[tokio::test]
async fn an_alias_to_nowhere_is_missing() {
    let answer = forward("dangling.corp.example", PATIENCE).await;
    assert_eq!(answer, LookupAnswer::NxDomain);
}

#[tokio::test]
async fn aliases_without_end_are_an_answer_of_their_own() {
    for name in [
        "loop.corp.example",
        "chain.corp.example",
        "caught.corp.example",
    ] {
        assert_eq!(
            forward(name, PATIENCE).await,
            LookupAnswer::AliasLoop,
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_answer_in_the_second_half_of_the_deadline_counts() {
    assert_eq!(forward("slow.corp.example", SLOW * 7 / 4).await, both(30));
}

#[tokio::test]
async fn a_third_server_answers_behind_two_that_are_silent() {
    let silent = [udp_hole().await, udp_hole().await];
    let server = FakeServer::start().await;
    let addresses = silent.iter().map(|hole| hole.local_addr().unwrap());
    let servers = addresses.chain([server.address]).map(by_udp_and_tcp);
    let set = Direct::new(
        Resolver::Configured,
        servers.collect(),
        Vec::new(),
        ResolverOpts::default(),
        PATIENCE,
    );
    let name = name::wanted("srv05.corp.example").unwrap();
    assert_eq!(set.unwrap().addresses(&name.name).await, both(30));
}

/// A port that takes datagrams and never answers.
async fn udp_hole() -> tokio::net::UdpSocket {
    tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

#[tokio::test]
async fn every_negative_answer_has_its_own_word() {
    for (name, expected) in [
        ("nx.corp.example", LookupAnswer::NxDomain),
        ("nodata.corp.example", LookupAnswer::NoData),
        ("fail.corp.example", LookupAnswer::ServFail),
        ("refuse.corp.example", LookupAnswer::Refused),
    ] {
        assert_eq!(forward(name, PATIENCE).await, expected, "{name}");
    }
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let started = clock::monotonic();
    assert_eq!(
        forward("silent.corp.example", BRIEF).await,
        LookupAnswer::Timeout
    );
    assert!(started.elapsed() < BRIEF * 10);
}

#[tokio::test]
async fn an_answer_to_another_question_is_none() {
    for name in ["liar.corp.example", "forger.corp.example"] {
        assert_eq!(forward(name, BRIEF).await, LookupAnswer::Timeout, "{name}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_trouble() {
    let server = FakeServer::start().await;
    let names = names(&server, BRIEF);
    drop(server);
    let lookups = names.forward("srv05.corp.example").await.unwrap();
    assert!(lookups[0].answer.is_resolver_trouble(), "{lookups:?}");
}

#[tokio::test]
async fn every_server_given_answers_for_itself() {
    let (first, second) = (FakeServer::start().await, FakeServer::start().await);
    let names = Names::new(DnsOptions {
        servers: vec![first.address, second.address],
        timeout: PATIENCE,
    });
    let lookups = names.forward("srv05.corp.example").await.unwrap();
    let resolvers: Vec<Resolver> = lookups.iter().map(|lookup| lookup.resolver).collect();
    assert_eq!(
        resolvers,
        [
            Resolver::Server(first.address),
            Resolver::Server(second.address)
        ]
    );
}

#[tokio::test]
async fn the_reverse_name_of_a_loopback_address_is_really_asked() {
    assert_eq!(
        reverse("127.0.0.5", PATIENCE).await,
        LookupAnswer::Names {
            names: vec!["host5.corp.example".into()]
        }
    );
}

#[tokio::test]
async fn a_mapped_address_is_asked_as_ipv4() {
    let server = FakeServer::start().await;
    let lookups = names(&server, PATIENCE)
        .reverse("::ffff:127.0.0.5".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(
        lookups[0].question,
        Question::Pointer("127.0.0.5".parse().unwrap())
    );
    assert!(matches!(lookups[0].answer, LookupAnswer::Names { .. }));
}

#[tokio::test]
async fn reverse_names_are_bounded() {
    let LookupAnswer::Names { names } = reverse("127.0.0.6", PATIENCE).await else {
        panic!("no names");
    };
    assert_eq!(names.len(), 8);
}

#[tokio::test]
async fn reverse_lookups_tell_absence_from_trouble() {
    assert_eq!(reverse("127.0.0.7", PATIENCE).await, LookupAnswer::NxDomain);
    assert_eq!(reverse("127.0.0.4", PATIENCE).await, LookupAnswer::NoData);
    assert_eq!(reverse("127.0.0.8", BRIEF).await, LookupAnswer::Timeout);
}

#[tokio::test]
async fn a_name_is_asked_once_even_by_many_at_once() {
    let server = FakeServer::start().await;
    let names = names(&server, PATIENCE);
    let asked = (0..20).map(|_| names.forward("srv05.corp.example"));
    let lookups = join_all(asked).await;
    assert!(
        lookups
            .iter()
            .all(|lookups| lookups.as_ref().unwrap()[0].answer == both(30))
    );
    // One A and one AAAA, or a few more when a busy machine makes hickory repeat itself; not forty.
    let before = server.questions();
    assert!(before < 20, "{before}");
    names.forward("SRV05.corp.example.").await;
    assert_eq!(server.questions(), before);
}

#[tokio::test]
async fn trouble_is_not_remembered() {
    let server = FakeServer::start().await;
    let names = names(&server, PATIENCE);
    names.forward("fail.corp.example").await;
    let before = server.questions();
    names.forward("fail.corp.example").await;
    assert!(server.questions() > before);
}

#[tokio::test]
async fn what_is_no_name_asks_nobody() {
    let server = FakeServer::start().await;
    assert_eq!(
        names(&server, PATIENCE).forward("134744072").await,
        Some(Vec::new())
    );
    assert_eq!(server.questions(), 0);
}

/// A set of servers as the system would have it, with a search list of one domain.
fn with_search_list(server: &FakeServer) -> Direct {
    let domain = Name::from_ascii("corp.example").unwrap();
    Direct::new(
        Resolver::Configured,
        vec![by_udp_and_tcp(server.address)],
        vec![domain],
        ResolverOpts::default(),
        PATIENCE,
    )
    .unwrap()
}

#[tokio::test]
async fn a_short_name_is_found_in_the_search_list() {
    let server = FakeServer::start().await;
    let short = name::wanted("srv05").unwrap();
    let answer = with_search_list(&server).addresses(&short.name).await;
    assert_eq!(answer, both(30));
    assert_eq!(server.names(), ["srv05.corp.example."]);
}

#[tokio::test]
async fn a_short_name_is_asked_alone_last() {
    let server = FakeServer::start().await;
    let short = name::wanted("nx").unwrap();
    let answer = with_search_list(&server).addresses(&short.name).await;
    assert_eq!(answer, LookupAnswer::NxDomain);
    assert_eq!(server.names(), ["nx.", "nx.corp.example."]);
}

#[tokio::test]
async fn a_short_name_is_not_missing_when_a_search_domain_fails() {
    let server = FakeServer::start().await;
    let short = name::wanted("fail").unwrap();
    let answer = with_search_list(&server).addresses(&short.name).await;
    assert_eq!(answer, LookupAnswer::ServFail);
    assert_eq!(server.names(), ["fail.", "fail.corp.example."]);
}

#[tokio::test]
async fn a_longer_name_is_only_asked_as_it_is() {
    let server = FakeServer::start().await;
    let long = name::wanted("nx.other").unwrap();
    with_search_list(&server).addresses(&long.name).await;
    assert_eq!(server.names(), ["nx.other."]);
}

#[test]
fn the_systems_configuration_is_read_without_asking_anyone() {
    let names = Names::new(DnsOptions::default());
    assert!(names.system.is_some());
    assert_eq!(names.direct.is_empty(), names.unconfigured.is_some());
}

#[test]
fn addresses_are_ordered_distinct_and_bounded() {
    let addresses: Vec<IpAddr> = ["2001:db8::1", "192.0.2.1", "::ffff:192.0.2.1"]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let expected: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
    assert_eq!(ordered(addresses), expected);
    let many = (0..1000_u32).map(|index| IpAddr::V4((0xc000_0000 + index).into()));
    assert_eq!(ordered(many).len(), 64);
}

#[tokio::test]
async fn a_server_that_never_answers_is_soon_asked_no_more() {
    let server = FakeServer::start().await;
    let names = names(&server, BRIEF);
    for index in 0..3 {
        let lookups = names
            .forward(&format!("silent.n{index}.example"))
            .await
            .unwrap();
        assert_eq!(lookups[0].answer, LookupAnswer::Timeout);
    }
    let before = server.questions();
    assert_eq!(names.forward("srv05.corp.example").await, None);
    assert_eq!(server.questions(), before);
    // The other direction has a breaker of its own.
    let pointers = names.reverse("127.0.0.5".parse().unwrap()).await;
    assert_eq!(pointers.unwrap().len(), 1);
    // An answer there shows that the server works.
    assert!(names.forward("srv05.corp.example").await.is_some());
}
