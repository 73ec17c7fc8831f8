use std::collections::HashMap;
use std::sync::Arc;

use super::*;
use crate::diagnosis::Undetermined;
use crate::kit::{
    self, AttemptMaker, attempt, certificate, days, endpoint, here, leading_to, lookup, now, ntlm,
    observed, silent, tls,
};
use crate::model::{
    Attempt, CertificateStatus, DnsVerdict, EventBody, HostState, LookupAnswer, NameSource,
    Outcome, Resolver, Severity, StabilityVerdict, Stage, UtcSecond,
};

const NAME: &str = "srv05.corp.example";

/// A fleet being fed, with numbers and times filled in.
struct Feed {
    fleet: Fleet,
    seq: u64,
    made: HashMap<Endpoint, u32>,
}

impl Feed {
    fn new() -> Self {
        Self {
            fleet: Fleet::new(Policy::default()),
            seq: 0,
            made: HashMap::new(),
        }
    }

    fn event(&mut self, body: EventBody) -> &mut Self {
        let at = Timestamp::from_second(now().as_second() + i64::try_from(self.seq).unwrap());
        self.fleet.apply(kit::event(self.seq, at.unwrap(), body));
        self.fleet.settle();
        self.seq += 1;
        self
    }

    fn attempt(&mut self, made: AttemptMaker) -> &mut Self {
        for attempt in made.all() {
            self.tried(attempt, false);
        }
        self
    }

    fn reference(&mut self, address: &str, made: AttemptMaker) -> &mut Self {
        let target = endpoint(address);
        for attempt in made.edit_each(|attempt| attempt.endpoint = target).all() {
            self.tried(attempt, true);
        }
        self
    }

    fn tried(&mut self, mut attempt: Attempt, outside_targets: bool) -> &mut Self {
        let made = self.made.entry(attempt.endpoint).or_default();
        *made += 1;
        attempt.number = *made;
        let certificates = attempt.certificates().cloned().collect();
        self.event(EventBody::AttemptFinished {
            attempt,
            certificates,
            listed: true,
            outside_targets,
            remaining: 1,
        })
    }

    fn resolved(&mut self, name: &str, answer: LookupAnswer) -> &mut Self {
        let endpoints = answer
            .addresses()
            .iter()
            .map(|address| Endpoint::new(*address, 3389))
            .collect();
        self.event(EventBody::TargetResolved {
            name: name.into(),
            port: 3389,
            endpoints,
            excluded: Vec::new(),
            lookups: vec![lookup(name, answer)],
        })
    }

    fn named(&mut self, source: NameSource, name: &str, answer: LookupAnswer) -> &mut Self {
        self.event(EventBody::NamesChecked {
            endpoint: here(),
            attempt: 1,
            names: vec![observed(source, name)],
            lookups: vec![lookup(name, answer)],
            excluded: Vec::new(),
        })
    }

    fn host(&self) -> &Host {
        self.fleet.rows()[0]
    }
}

/// The summary as counted from scratch.
fn recount(fleet: &Fleet) -> Arc<Summary> {
    Arc::new(Summary::of(fleet.rows()))
}

#[test]
fn attempts_at_one_endpoint_are_one_row() {
    let mut feed = Feed::new();
    feed.attempt(attempt().through())
        .attempt(attempt().through())
        .attempt(attempt().through());
    assert_eq!(feed.fleet.rows().len(), 1);
    assert_eq!(
        feed.host().diagnosis.stability.verdict,
        StabilityVerdict::Steady
    );
    assert_eq!(
        feed.fleet.find(&HostKey::Endpoint(here())),
        Some(HostId::at(0))
    );
}

#[test]
fn an_equal_certificate_is_shared_even_when_the_rest_differs() {
    let mut feed = Feed::new();
    let mut other = tls(certificate(NAME));
    other.received = 7;
    feed.attempt(attempt().shown(tls(certificate(NAME))))
        .attempt(attempt().shown(other));
    let attempts = &feed.host().history().attempts;
    let leaf = |index: usize| attempts[index].tls.as_ref().unwrap().leaf().unwrap();
    assert!(Arc::ptr_eq(leaf(0), leaf(1)));
}

#[test]
fn issuer_certificates_are_shared_between_hosts() {
    let mut feed = Feed::new();
    let with_issuer = || {
        let mut facts = tls(certificate(NAME));
        facts.chain.push(certificate("Corp CA").into());
        attempt().shown(facts)
    };
    let elsewhere = with_issuer().edit(|attempt| attempt.endpoint = endpoint("10.0.0.6"));
    feed.attempt(with_issuer()).attempt(elsewhere);
    let issuer = |row: usize| {
        let history = feed.fleet.rows()[row].history();
        Arc::clone(history.tls().unwrap().chain[1].facts().unwrap())
    };
    assert!(Arc::ptr_eq(&issuer(0), &issuer(1)));
}

/// Two members: one with a certificate that cannot be read, one whose certificate ends during the scan.
#[test]
fn the_certificate_of_a_row_is_the_worst_at_the_time() {
    let unread = CertificateFacts {
        unparsable: Some("bad DER".into()),
        common_name: None,
        not_before: None,
        not_after: None,
        ..certificate("unread")
    };
    let ending = CertificateFacts {
        not_after: Some(UtcSecond::from_second(now().as_second() + 3600)),
        ..certificate(NAME)
    };
    let mut feed = Feed::new();
    feed.attempt(attempt().shown(tls(unread)))
        .attempt(attempt().shown(tls(ending.clone())));
    let shown = |feed: &Feed| {
        let host = feed.host();
        let name = host.certificate().unwrap().common_name.clone();
        let (history, diagnosis) = (host.history(), &host.diagnosis);
        let whole = &diagnosis.certificate(&history).unwrap().common_name;
        assert_eq!(name.as_deref(), whole.as_deref());
        (diagnosis.certificate_status, name)
    };
    assert_eq!(
        shown(&feed),
        (Some(CertificateStatus::Unparsable), None),
        "worse than one that still has an hour"
    );
    feed.seq = 4000;
    feed.event(EventBody::ScanFinished(kit::end(1)));
    assert_eq!(
        shown(&feed),
        (Some(CertificateStatus::Expired), Some(NAME.into()))
    );
    assert_eq!(feed.fleet.summary(), &recount(&feed.fleet));
    assert_eq!(feed.fleet.summary().expired(), 1);
}

#[test]
fn a_member_by_reference_is_no_row() {
    let mut feed = Feed::new();
    feed.reference("10.0.0.9", attempt().through());
    assert_eq!(feed.fleet.rows().len(), 0);
    assert_eq!(feed.fleet.references().count(), 1);
    assert!(feed.fleet.history(endpoint("10.0.0.9")).is_some());
    assert_eq!(feed.fleet.summary(), &Arc::<Summary>::default());
}

#[test]
fn a_member_that_is_scanned_later_becomes_a_row_and_keeps_its_attempts() {
    let mut feed = Feed::new();
    feed.reference("10.0.0.5", attempt().through())
        .attempt(attempt().through());
    assert_eq!(feed.fleet.references().count(), 0);
    assert_eq!(feed.host().history().attempts.len(), 2);
    assert!(!feed.host().history().outside_targets);
}

#[test]
fn a_row_tried_by_reference_stays_a_row() {
    let mut feed = Feed::new();
    feed.attempt(attempt().through())
        .reference("10.0.0.5", attempt().through());
    assert_eq!(feed.fleet.rows().len(), 1);
    assert_eq!(feed.fleet.references().count(), 0);
}

#[test]
fn an_unresolved_name_is_a_row_of_its_own() {
    let mut feed = Feed::new();
    feed.resolved("gone.corp.example", LookupAnswer::NxDomain);
    let host = feed.host();
    assert_eq!(host.diagnosis.state, HostState::Unreachable);
    assert_eq!(host.diagnosis.failed_stage, Some(Stage::Dns));
    assert_eq!(host.diagnosis.dns, DnsVerdict::Missing);
    assert_eq!(host.diagnosis.findings[0].id, "RDP-DNS-MISSING");
    assert_eq!(host.diagnosis.predicted.as_ref().unwrap().code, "0x104");
    assert_eq!(host.display_name(), Some("gone.corp.example"));
}

#[test]
fn a_name_waits_for_its_endpoint() {
    let mut feed = Feed::new();
    feed.resolved(NAME, leading_to(&["10.0.0.5"]));
    assert_eq!(feed.fleet.rows().len(), 0);
    feed.attempt(attempt().through());
    assert_eq!(feed.host().display_name(), Some(NAME));
    assert_eq!(feed.host().diagnosis.dns, DnsVerdict::Match);
}

#[test]
fn a_complete_row_that_a_listed_name_leads_to_is_listed() {
    let mut feed = Feed::new();
    feed.event(EventBody::AttemptFinished {
        attempt: attempt().stage(Stage::Tcp, Outcome::Refused).done(),
        certificates: Vec::new(),
        listed: false,
        outside_targets: false,
        remaining: 0,
    });
    assert!(!feed.host().listed());
    feed.resolved(NAME, leading_to(&["10.0.0.5"]));
    assert!(feed.host().listed());
    assert_eq!(feed.host().diagnosis.findings[0].id, "RDP-TCP-REFUSED");
}

#[test]
fn a_host_is_judged_again_when_a_member_behind_its_name_answers() {
    let mut feed = Feed::new();
    let addresses = leading_to(&["10.0.0.5", "10.0.0.9"]);
    feed.attempt(attempt().through())
        .named(NameSource::Ntlm, NAME, addresses);
    assert_eq!(feed.host().diagnosis.dns, DnsVerdict::Match);
    feed.reference("10.0.0.9", attempt().stage(Stage::Tcp, silent()));
    assert_eq!(feed.host().diagnosis.dns, DnsVerdict::PartialDead);
    assert_eq!(feed.fleet.summary().dns_trouble(), 1);
    feed.reference("10.0.0.9", attempt().through());
    assert_eq!(feed.host().diagnosis.dns, DnsVerdict::Match);
    assert_eq!(feed.fleet.summary().dns_trouble(), 0);
}

fn down() -> EventBody {
    EventBody::Notice(Notice::ResolverDown {
        server: None,
        detail: "no answer".into(),
        answered_before: true,
    })
}

fn back() -> EventBody {
    EventBody::Notice(Notice::ResolverRecovered {
        resolver: Resolver::System,
    })
}

#[test]
fn while_a_resolver_is_down_what_it_left_unanswered_is_not_judged() {
    let mut feed = Feed::new();
    feed.attempt(attempt().through())
        .named(NameSource::Ntlm, NAME, LookupAnswer::Timeout);
    assert_eq!(feed.host().diagnosis.dns, DnsVerdict::Error);
    feed.event(down()).event(down());
    assert_eq!(feed.host().diagnosis.dns, DnsVerdict::NotChecked);
    assert_eq!(feed.fleet.notices().len(), 1);
    feed.named(NameSource::Ntlm, NAME, LookupAnswer::NxDomain);
    assert_eq!(feed.host().diagnosis.dns, DnsVerdict::Missing);
}

#[test]
fn of_a_resolver_that_comes_and_goes_the_newest_word_counts() {
    let mut feed = Feed::new();
    feed.event(down()).event(back());
    assert!(!feed.fleet.is_without_resolver());
    feed.event(down());
    assert!(feed.fleet.is_without_resolver());
    feed.event(back());
    assert!(!feed.fleet.is_without_resolver());
    assert_eq!(feed.fleet.notices().len(), 2);
}

fn quiet(resolver: Resolver) -> EventBody {
    EventBody::Notice(Notice::ResolverUnresponsive {
        resolver,
        detail: "no answer".into(),
        answered_before: true,
    })
}

#[test]
fn of_one_resolver_that_comes_and_goes_the_newest_notice_stays() {
    let mut feed = Feed::new();
    feed.event(quiet(Resolver::System)).event(back());
    feed.event(quiet(Resolver::System));
    let notices = feed.fleet.notices();
    assert!(
        matches!(notices.as_slice(), [Notice::ResolverUnresponsive { .. }]),
        "{notices:?}"
    );
    feed.event(back());
    let notices = feed.fleet.notices();
    assert!(
        matches!(notices.last(), Some(Notice::ResolverRecovered { .. })),
        "{notices:?}"
    );
}

#[test]
fn a_resolver_that_fails_while_another_answers_is_not_all_of_them() {
    let mut feed = Feed::new();
    feed.attempt(attempt().through())
        .named(NameSource::Ntlm, NAME, LookupAnswer::Timeout);
    feed.event(down()).event(back());
    assert_eq!(feed.host().diagnosis.dns, DnsVerdict::Error);
    feed.event(quiet(Resolver::System));
    assert!(!feed.fleet.is_without_resolver());
    assert_eq!(feed.host().diagnosis.dns, DnsVerdict::Error);
}

#[test]
fn hosts_are_judged_again_when_only_some_resolvers_are_silent() {
    let mut feed = Feed::new();
    feed.attempt(attempt().through())
        .named(NameSource::Ntlm, NAME, LookupAnswer::Timeout);
    feed.event(down());
    assert_eq!(feed.host().diagnosis.dns, DnsVerdict::NotChecked);
    feed.event(quiet(Resolver::Configured));
    assert_eq!(feed.host().diagnosis.dns, DnsVerdict::Error);
}

#[test]
fn the_summary_follows_every_change() {
    let mut feed = Feed::new();
    let mut old = certificate(NAME);
    old.not_after = Some(days(-20).into());
    feed.attempt(attempt().tls_fails(silent(), silent()));
    assert_eq!(feed.fleet.summary().by_state.of(HostState::Broken), 1);
    feed.attempt(attempt().shown(tls(old)))
        .attempt(attempt().through())
        .attempt(
            attempt()
                .stage(Stage::Tcp, Outcome::Refused)
                .edit(|attempt| attempt.endpoint = endpoint("10.0.0.6")),
        );
    let summary = feed.fleet.summary();
    assert_eq!(summary, &recount(&feed.fleet));
    assert_eq!(summary.hosts, 2);
    assert_eq!(summary.by_state.of(HostState::Broken), 0);
    assert_eq!(summary.flaky(), 1);
    assert_eq!(summary.by_severity.of(Severity::High), 2);
}

#[test]
fn every_event_is_a_new_revision_and_the_newest_time_counts() {
    let mut feed = Feed::new();
    let before = feed.fleet.revision();
    feed.attempt(attempt().through())
        .attempt(attempt().through());
    assert!(feed.fleet.revision() > before);
    let (start, newest) = feed.fleet.times().unwrap();
    assert_eq!(newest.as_second() - start.as_second(), 1);
    assert_eq!(
        feed.fleet.scan().unwrap().to_string(),
        "20260121T120000Z-00c0ffee"
    );
    assert_eq!(feed.fleet.site(), "admin-pc");
}

#[test]
fn the_end_judges_everyone_as_of_its_time() {
    let mut feed = Feed::new();
    let mut leaf = certificate(NAME);
    leaf.not_after = Some(UtcSecond::from_second(now().as_second() + 100));
    feed.attempt(attempt().shown(tls(leaf)));
    assert_eq!(feed.fleet.summary().expired(), 0);
    feed.seq = 200;
    feed.event(EventBody::ScanFinished(kit::end(1)));
    assert_eq!(feed.fleet.summary().expired(), 1);
    assert!(feed.fleet.end().is_some());
}

#[test]
fn a_fleet_without_an_end_settles_to_what_an_end_would_have_made_of_it() {
    let fed = || {
        let mut feed = Feed::new();
        for last in 1..=4 {
            let at = endpoint(&format!("10.0.0.{last}"));
            let made = attempt().stage(Stage::Tcp, Outcome::NetworkUnreachable);
            feed.attempt(made.edit(|attempt| attempt.endpoint = at));
        }
        feed
    };
    let cut_off = fed();
    assert_eq!(cut_off.fleet.banners().len(), 1);
    for host in cut_off.fleet.rows() {
        assert_eq!(host.diagnosis.findings, []);
    }
    assert_eq!(cut_off.fleet.end(), None);
}

#[test]
fn findings_over_the_fleet_are_counted_worst_first() {
    let mut feed = Feed::new();
    for last in 1..=3 {
        let at = endpoint(&format!("10.0.0.{last}"));
        let made = attempt().refused(3).edit(|attempt| attempt.endpoint = at);
        feed.attempt(made);
    }
    feed.attempt(attempt().stage(Stage::Tcp, Outcome::Refused));
    let found = feed.fleet.summary().worst_findings();
    let counts: Vec<_> = found
        .iter()
        .map(|(id, count)| (*id, count.hosts()))
        .collect();
    assert_eq!(counts, [("RDP-NEG-NO-CERT", 3), ("RDP-TCP-REFUSED", 1)]);
}

#[test]
fn what_cannot_be_told_yet_comes_with_the_reason() {
    let mut feed = Feed::new();
    feed.attempt(attempt().tls_fails(silent(), silent()));
    let stalls = Undetermined {
        id: "RDP-TLS-TIMEOUT",
        reason: "stalled once only",
        next_step: "--attempts 3",
    };
    assert!(feed.fleet.undetermined(HostId::at(0)).contains(&stalls));
    feed.attempt(attempt().tls_fails(silent(), silent()));
    let told = feed.fleet.undetermined(HostId::at(0));
    assert!(told.iter().all(|one| one.id != stalls.id), "{told:?}");
    assert_eq!(feed.fleet.undetermined(HostId::at(1)), []);
}

#[test]
fn the_name_shown_is_the_typed_then_ntlms_then_ptrs_then_the_certificates() {
    let mut feed = Feed::new();
    feed.attempt(attempt().shown(tls(certificate("cert.example"))));
    assert_eq!(feed.host().display_name(), Some("cert.example"));
    feed.named(NameSource::Ptr, "ptr.example", LookupAnswer::NxDomain);
    assert_eq!(feed.host().display_name(), Some("ptr.example"));
    feed.attempt(
        attempt()
            .shown(tls(certificate("cert.example")))
            .identified(ntlm("ntlm.example")),
    );
    assert_eq!(feed.host().display_name(), Some("ntlm.example"));
    feed.resolved("typed.example", leading_to(&["10.0.0.5"]));
    assert_eq!(feed.host().display_name(), Some("typed.example"));
}
