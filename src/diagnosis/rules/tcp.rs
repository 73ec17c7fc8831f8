use super::{Family, Rule, RuleVerdict, Verdict, seen, sure, undetermined};
use crate::diagnosis::ending::connected;
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::state;
use crate::model::{Outcome, Severity, Stage};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("tcp.toml"),
    rules: &[
        ("RDP-TCP-REFUSED", Rule::Host(refused)),
        ("RDP-TCP-TIMEOUT", Rule::Host(timeout)),
        ("RDP-TCP-UNREACHABLE", Rule::Host(unreachable)),
        ("RDP-TCP-PROHIBITED", Rule::Host(prohibited)),
    ],
};

fn refused(host: &HostView<'_>) -> RuleVerdict {
    connect_failed(host, state::is_refusal).title("The host refuses connections on this port")
}

fn timeout(host: &HostView<'_>) -> RuleVerdict {
    connect_failed(host, state::is_timeout).title("Nothing answers on this port")
}

fn unreachable(host: &HostView<'_>) -> RuleVerdict {
    let endpoint = host.history.key.endpoint();
    let ours = endpoint
        .zip(host.fleet)
        .is_some_and(|(endpoint, fleet)| fleet.has_no_route(endpoint.address));
    if ours {
        return undetermined(
            "this machine has no route to any host",
            "a route on this machine, and another scan",
        );
    }
    untried(host).unwrap_or_else(|| connect_failed(host, state::is_unreachable))
}

fn prohibited(host: &HostView<'_>) -> RuleVerdict {
    connect_failed(host, |outcome| matches!(outcome, Outcome::Prohibited))
}

/// Nothing is known of the path to a listed host, for reasons that are not the host's.
fn untried(host: &HostView<'_>) -> Option<RuleVerdict> {
    let history = host.history;
    let Some(endpoint) = history.key.endpoint() else {
        let leads_somewhere = history
            .lookups
            .iter()
            .any(|lookup| !lookup.answer.addresses().is_empty());
        return if history.excluded.is_empty() {
            leads_somewhere.then_some(undetermined(
                "the name leads only to special addresses, at which no host can be, so none was tried",
                "the host's own address in DNS, and another scan",
            ))
        } else {
            Some(undetermined(
                "every address that the name leads to is excluded, so none was tried",
                "a scan that excludes none of them",
            ))
        };
    };
    if state::kept_by_own_trouble(host) {
        return Some(undetermined(
            "this machine's own trouble kept every attempt from the host",
            "another scan, when the notices are dealt with",
        ));
    }
    let no_route = endpoint.address.is_ipv6()
        && !history.attempts.iter().any(connected)
        && host
            .failures_at(Stage::Tcp)
            .last()
            .is_some_and(|newest| matches!(newest, Outcome::NetworkUnreachable));
    no_route.then(|| {
        undetermined(
            "this machine has no route to the address",
            "a scan from a machine with a route to it",
        )
    })
}

/// Fires for listed hosts where no connect came up and the newest failure is of the wanted kind. A swept address that
/// nobody listed is no host that is missing.
fn connect_failed(host: &HostView<'_>, wanted: impl Fn(&Outcome) -> bool) -> RuleVerdict {
    if !host.history.listed || host.history.attempts.iter().any(connected) {
        return Verdict::Silent;
    }
    let outcomes = host.failures_at(Stage::Tcp);
    match outcomes.last() {
        Some(newest) if wanted(newest) => {
            sure(seen(host, &outcomes)).severity_if(every_listed_name_works(host), Severity::Medium)
        }
        _ => Verdict::Silent,
    }
}

/// Every name that the user listed resolves to another address as well, and TCP comes up there. An address that was listed
/// besides such a name cannot be distinguished from one of its addresses.
fn every_listed_name_works(host: &HostView<'_>) -> bool {
    let mut names = host
        .names
        .judged
        .iter()
        .filter(|name| name.is_target())
        .peekable();
    names.peek().is_some()
        && names.all(|name| {
            let mut members = name.members.iter();
            members.any(|member| member.reachable == Some(true))
        })
}
