use super::*;
use crate::diagnosis::testing::{
    AttemptMaker, HostMaker, attempt, certificate, closed, host, leading_to, ntlm, silent, times,
    tls,
};
use crate::model::{LookupAnswer, Resolver};

const NAME: &str = "srv05.corp.example";

fn up() -> HostMaker {
    times(3, || attempt().through())
}

fn typed() -> HostMaker {
    up().named(NameSource::Target, NAME)
}

fn other(name: &str) -> AttemptMaker {
    attempt()
        .shown(tls(certificate(name)))
        .identified(ntlm(name))
}

fn dead() -> Vec<AttemptMaker> {
    vec![attempt().stage(Stage::Tcp, silent())]
}

#[test]
fn a_typed_name_without_an_address_is_missing() {
    let host = typed().answers(NAME, LookupAnswer::NxDomain);
    host.assert_fires("RDP-DNS-MISSING");
    assert_eq!(host.diagnose().dns, DnsVerdict::Missing);
    assert_eq!(host.diagnose().predicted.unwrap().code, "0x104");
}

#[test]
fn short_and_local_names_are_never_missing() {
    for name in ["srv05", "srv05.local", "localhost.localdomain"] {
        up().named(NameSource::Ntlm, name)
            .answers(name, LookupAnswer::NxDomain)
            .assert_not("RDP-DNS-MISSING");
    }
}

#[test]
fn a_name_guessed_from_ptr_is_never_missing() {
    let host = up()
        .named(NameSource::Ptr, NAME)
        .answers(NAME, LookupAnswer::NxDomain);
    host.assert_not("RDP-DNS-MISSING");
    host.assert_fires("RDP-DNS-PTR-MISMATCH");
}

#[test]
fn resolver_trouble_is_an_error_never_missing() {
    let host = typed().answers(NAME, LookupAnswer::ServFail).answers_from(
        Resolver::Configured,
        NAME,
        LookupAnswer::ServFail,
    );
    host.assert_not("RDP-DNS-MISSING");
    host.assert_fires("RDP-DNS-ERROR");
}

#[test]
fn one_failed_question_is_no_error_finding() {
    let host = typed().answers(NAME, LookupAnswer::Timeout);
    assert!(matches!(
        host.verdict("RDP-DNS-ERROR"),
        Verdict::Undetermined { .. }
    ));
}

#[test]
fn a_bare_not_found_beside_a_failing_server_is_trouble() {
    typed()
        .answers(NAME, LookupAnswer::NotFound)
        .answers_from(Resolver::Configured, NAME, LookupAnswer::ServFail)
        .assert_not("RDP-DNS-MISSING");
}

#[test]
fn trap_9_a_resolver_that_is_down_judges_no_names() {
    let host = typed()
        .answers(NAME, LookupAnswer::Refused)
        .answers(NAME, LookupAnswer::Timeout)
        .pointer(LookupAnswer::Timeout)
        .resolver_down();
    let diagnosis = host.diagnose();
    assert_eq!(diagnosis.dns, DnsVerdict::NotChecked);
    assert!(
        !diagnosis
            .findings
            .iter()
            .any(|f| f.id.starts_with("RDP-DNS"))
    );
}

#[test]
fn a_host_that_is_down_has_no_missing_name() {
    times(1, || attempt().stage(Stage::Tcp, silent()))
        .named(NameSource::Certificate, NAME)
        .answers(NAME, LookupAnswer::NxDomain)
        .assert_not("RDP-DNS-MISSING");
}

#[test]
fn a_name_that_leads_only_to_dead_addresses_is_stale() {
    let host = up()
        .named(NameSource::Ntlm, NAME)
        .leads_to(NAME, &["10.0.0.9"])
        .beside("10.0.0.9", dead());
    assert_eq!(host.assert_fires("RDP-DNS-STALE").severity, Severity::High);
    assert_eq!(host.diagnose().dns, DnsVerdict::Stale);
}

#[test]
fn a_stale_name_from_ptr_alone_is_medium() {
    let host = up()
        .named(NameSource::Ptr, NAME)
        .leads_to(NAME, &["10.0.0.9"])
        .beside("10.0.0.9", dead());
    assert_eq!(
        host.assert_fires("RDP-DNS-STALE").severity,
        Severity::Medium
    );
}

#[test]
fn a_host_that_is_down_is_not_stale() {
    let host = times(1, || attempt().stage(Stage::Tcp, silent()))
        .named(NameSource::Ntlm, NAME)
        .leads_to(NAME, &["10.0.0.9"])
        .beside("10.0.0.9", dead());
    host.assert_not("RDP-DNS-STALE");
}

#[test]
fn an_untried_address_is_not_stale() {
    up().named(NameSource::Ntlm, NAME)
        .leads_to(NAME, &["10.0.0.9"])
        .assert_not("RDP-DNS-STALE");
}

#[test]
fn one_dead_address_of_two_is_partly_dead() {
    let host = typed()
        .leads_to(NAME, &["10.0.0.5", "10.0.0.9"])
        .beside("10.0.0.9", dead());
    host.assert_fires("RDP-DNS-PARTIAL-DEAD");
}

#[test]
fn a_member_that_answers_on_retry_is_not_dead() {
    let mut tries = dead();
    tries.push(attempt().through());
    typed()
        .leads_to(NAME, &["10.0.0.5", "10.0.0.9"])
        .beside("10.0.0.9", tries)
        .assert_not("RDP-DNS-PARTIAL-DEAD");
}

fn dual_stack() -> HostMaker {
    typed()
        .leads_to(NAME, &["10.0.0.5", "2001:db8::5"])
        .beside("2001:db8::5", dead())
}

#[test]
fn a_dead_ipv6_address_is_seen() {
    dual_stack().assert_fires("RDP-DNS-AAAA-DEAD");
    assert_eq!(dual_stack().diagnose().dns, DnsVerdict::AaaaDead);
    dual_stack().assert_not("RDP-DNS-PARTIAL-DEAD");
}

#[test]
fn a_dead_ipv6_address_is_seen_beside_a_name_whose_own_was_not_tried() {
    let other = "other.corp.example";
    dual_stack()
        .named(NameSource::Ntlm, other)
        .leads_to(other, &["10.0.0.5", "2001:db8::6"])
        .assert_fires("RDP-DNS-AAAA-DEAD");
}

#[test]
fn trap_8_an_ipv6_address_that_was_not_tried_is_not_dead() {
    let here = typed().leads_to(NAME, &["10.0.0.5", "2001:db8::5"]);
    assert!(matches!(
        here.verdict("RDP-DNS-AAAA-DEAD"),
        Verdict::Undetermined { .. }
    ));
    assert_eq!(here.diagnose().dns, DnsVerdict::Match);
}

#[test]
fn trap_8_no_route_to_the_network_is_ours() {
    let told = typed().leads_to(NAME, &["10.0.0.5", "2001:db8::5"]).beside(
        "2001:db8::5",
        vec![attempt().stage(Stage::Tcp, crate::model::Outcome::NetworkUnreachable)],
    );
    told.assert_not("RDP-DNS-AAAA-DEAD");
}

#[test]
fn no_reverse_name_is_worth_knowing_unless_the_resolver_failed() {
    up().pointer(LookupAnswer::NxDomain)
        .assert_fires("RDP-DNS-PTR-MISSING");
    assert_eq!(
        up().pointer(LookupAnswer::NxDomain).diagnose().dns,
        DnsVerdict::NoPtr
    );
    up().pointer(LookupAnswer::ServFail)
        .assert_not("RDP-DNS-PTR-MISSING");
    up().assert_not("RDP-DNS-PTR-MISSING");
}

#[test]
fn a_reverse_name_of_another_interface_of_the_same_host_is_fine() {
    let host = up()
        .named(NameSource::Ptr, NAME)
        .leads_to(NAME, &["10.0.1.5"])
        .beside("10.0.1.5", vec![attempt().through()]);
    host.assert_not("RDP-DNS-PTR-MISMATCH");
    assert_eq!(host.diagnose().dns, DnsVerdict::Match);
}

#[test]
fn a_name_that_another_machine_answers_for_leads_to_the_wrong_host() {
    let host = up()
        .named(NameSource::Ntlm, NAME)
        .leads_to(NAME, &["10.0.0.9"])
        .beside("10.0.0.9", vec![other("srv09.corp.example")]);
    let finding = host.assert_fires("RDP-NAME-WRONG-HOST");
    assert!(finding.evidence.contains("srv09.corp.example"));
    assert_eq!(host.diagnose().dns, DnsVerdict::WrongHost);
}

#[test]
fn trap_14_a_certificate_that_lists_the_name_may_answer_for_it() {
    let listing = crate::diagnosis::testing::issued(&["farm.corp.example", NAME]);
    let entitled = attempt()
        .shown(tls(listing))
        .identified(ntlm("srv09.corp.example"));
    up().named(NameSource::Ntlm, NAME)
        .leads_to(NAME, &["10.0.0.9"])
        .beside("10.0.0.9", vec![entitled])
        .assert_not("RDP-NAME-WRONG-HOST");
}

#[test]
fn a_certificate_with_more_names_than_are_kept_may_answer_for_any() {
    let cut = || crate::model::CertificateFacts {
        san_omitted: 1,
        ..crate::diagnosis::testing::issued(&["farm.corp.example"])
    };
    let answered_by = |there: AttemptMaker| {
        up().named(NameSource::Ntlm, NAME)
            .leads_to(NAME, &["10.0.0.9"])
            .beside("10.0.0.9", vec![there])
    };
    answered_by(attempt().shown(tls(cut()))).assert_not("RDP-NAME-WRONG-HOST");
    answered_by(
        attempt()
            .shown(tls(cut()))
            .identified(ntlm("srv09.corp.example")),
    )
    .assert_not("RDP-NAME-WRONG-HOST");
}

#[test]
fn trap_14_behind_a_wildcard_nobody_is_the_wrong_host() {
    let wild = || attempt().shown(tls(crate::diagnosis::testing::issued(&["*.corp.example"])));
    host([wild()])
        .named(NameSource::Ptr, NAME)
        .leads_to(NAME, &["10.0.0.9"])
        .beside("10.0.0.9", vec![attempt().shown(tls(certificate("other")))])
        .assert_not("RDP-NAME-WRONG-HOST");
}

#[test]
fn name_and_address_that_agree_are_a_match() {
    let host = typed()
        .leads_to(NAME, &["10.0.0.5"])
        .pointer(LookupAnswer::Names {
            names: vec![NAME.into()],
        });
    assert_eq!(host.diagnose().dns, DnsVerdict::Match);
    assert!(
        !host
            .diagnose()
            .findings
            .iter()
            .any(|f| f.id.starts_with("RDP-DNS"))
    );
}

#[test]
fn a_name_left_over_from_a_renaming_is_not_missing() {
    up().named(NameSource::Certificate, "old.corp.example")
        .named(NameSource::Ntlm, NAME)
        .answers("old.corp.example", LookupAnswer::NxDomain)
        .leads_to(NAME, &["10.0.0.5"])
        .assert_not("RDP-DNS-MISSING");
}

#[test]
fn resolvers_that_disagree_are_split() {
    typed()
        .leads_to(NAME, &["10.0.0.5"])
        .answers_from(Resolver::Configured, NAME, leading_to(&["192.0.2.5"]))
        .assert_fires("RDP-DNS-SPLIT");
    typed()
        .leads_to(NAME, &["10.0.0.5"])
        .answers_from(Resolver::Configured, NAME, leading_to(&["10.0.0.5"]))
        .assert_not("RDP-DNS-SPLIT");
}

#[test]
fn a_single_difference_by_name_is_an_accident() {
    let cut = || attempt().tls_fails(closed(0), closed(0)).by_name(NAME);
    let once = host([attempt().through(), attempt().through(), cut()]);
    assert!(matches!(
        once.verdict("RDP-NAME-IP-DIFFER"),
        Verdict::Undetermined { .. }
    ));
    // Three servers of which two fail show the same in four attempts.
    let few = host([attempt().through(), attempt().through(), cut(), cut()]);
    few.assert_not("RDP-NAME-IP-DIFFER");
    let by_ip = (0..4).map(|_| attempt().through());
    host(by_ip.chain((0..4).map(|_| cut()))).assert_fires("RDP-NAME-IP-DIFFER");
}
