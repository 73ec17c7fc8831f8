//! Names that hosts made up to harm whoever reads or pastes them.

use std::sync::Arc;

use rdpscan::model::{
    EventBody, LookupAnswer, NameSource, Outcome, Question, Resolver, TrustVerdict,
};
use rdpscan::tui::{Action, Copyable, Theme};

use super::{VALID, copy, lookup, observed, opened_over};
use crate::kit::nasty_names;
use crate::screens::stage::{self, Script, Stand, certificate, good, plan};

/// A host that has a name from hell wherever a peer or a resolver can put one.
fn nasty(name: &str) -> Script {
    let mut script = Script::default();
    script.push(plan(true));
    for number in 1..=3 {
        let mut attempt = good("10.0.0.13", number, certificate(name, VALID));
        attempt.sni = Some(name.into());
        attempt.ntlm = attempt.ntlm.as_deref().map(|ntlm| {
            let mut ntlm = ntlm.clone();
            ntlm.dns_computer = Some(name.into());
            ntlm.netbios_computer = Some(name.into());
            ntlm.dns_domain = Some(name.into());
            Arc::new(ntlm)
        });
        attempt.tls = attempt.tls.as_deref().map(|tls| {
            let mut tls = tls.clone();
            tls.trust = TrustVerdict::Rejected(name.into());
            tls.cipher = Some(name.into());
            let mut leaf = tls.leaf().unwrap().as_ref().clone();
            leaf.extended_key_usage = Some(vec![name.into()]);
            tls.chain[0] = leaf.into();
            Arc::new(tls)
        });
        if number == 2 {
            attempt.stages[2].outcome = Outcome::Malformed {
                detail: name.into(),
            };
            attempt.tls = None;
        }
        script.attempt(attempt, number == 3);
    }
    script.push(EventBody::NamesChecked {
        endpoint: stage::endpoint("10.0.0.13"),
        attempt: 3,
        names: vec![
            observed(name, NameSource::Target),
            observed(name, NameSource::Ptr),
        ],
        lookups: vec![
            lookup(
                Question::Addresses(name.into()),
                Resolver::System,
                LookupAnswer::Error {
                    detail: name.into(),
                },
            ),
            lookup(
                Question::Pointer("10.0.0.13".parse().unwrap()),
                Resolver::Configured,
                LookupAnswer::Names {
                    names: vec![name.into()],
                },
            ),
        ],
        excluded: Vec::new(),
    });
    script
}

#[test]
fn no_nasty_name_reaches_the_page_or_the_clipboard() {
    for name in nasty_names() {
        let stand = opened_over(nasty(&name), (80, 300), Theme::default(), "10.0.0.13:3389");
        for line in stand.picture(80, 300).lines() {
            assert!(!line.chars().any(char::is_control), "{line:?}");
            assert_eq!(rdpscan::sanitize::terminal(line), line, "of {name:?}");
        }
        for Copyable { what, text, .. } in stand.model.copyables() {
            let lines = matches!(what, "host as JSON" | "commands of the fix");
            assert!(
                !text
                    .chars()
                    .any(|c| c.is_control() && !(lines && c == '\n')),
                "{what} of {name:?}: {text:?}"
            );
            for line in text.lines() {
                assert_eq!(rdpscan::sanitize::terminal(line), line, "{what}");
            }
            if what == "mstsc command" {
                let plain = |c: char| c.is_ascii_alphanumeric() || "./:-_ []".contains(c);
                assert!(text.chars().all(plain), "{text:?}");
                assert_eq!(text.split(' ').count(), 2, "{text:?}");
            }
        }
    }
}

#[test]
fn of_several_hosts_no_line_is_a_command_of_a_shell() {
    let shells = ["$(calc)", "a; calc", "a & calc", "`calc`", "| calc"].map(str::to_owned);
    for name in nasty_names().into_iter().chain(shells) {
        let mut script = nasty(&name);
        let other = good("10.0.0.14", 1, certificate("srv14.corp.example", VALID));
        script.attempt(other, true);
        let mut stand = Stand::with_theme(120, 40, Theme::default());
        let mut events = script.take();
        events.push(stage::finished());
        stand.act(Action::Events(events));
        stand.act(Action::StreamEnded);
        stand.keys("a");
        let names = copy(&stand, 'n').unwrap();
        assert!(names.contains("srv14.corp.example"), "{names:?}");
        for line in names.lines() {
            let plain = |c: char| c.is_alphanumeric() || "-._".contains(c);
            assert!(line.chars().all(plain), "{line:?} of {name:?}");
        }
    }
}
