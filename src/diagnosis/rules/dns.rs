use super::{LOOK_UP, Refine, Rule, found, lacking, likely, sure};
use crate::diagnosis::catalog::Verdict;
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::identity::host_label;
use crate::diagnosis::names::{JudgedName, Pointer, list, publishable};
use crate::model::{Confidence, DnsVerdict, HostKey, NameSource, Severity};

pub(super) const RULES: &[Rule] = &[
    ("RDP-DNS-MISSING", missing),
    ("RDP-DNS-ALIAS-LOOP", alias_loop),
    ("RDP-DNS-ERROR", error),
    ("RDP-DNS-STALE", stale),
    ("RDP-DNS-PARTIAL-DEAD", partial_dead),
    ("RDP-DNS-AAAA-DEAD", aaaa_dead),
    ("RDP-DNS-PTR-MISSING", ptr_missing),
    ("RDP-DNS-PTR-MISMATCH", ptr_mismatch),
    ("RDP-DNS-MULTI-NAME", multi_name),
    ("RDP-DNS-SPLIT", split),
    ("RDP-NAME-WRONG-HOST", wrong_host),
    ("RDP-NAME-IP-DIFFER", name_ip_differ),
];

/// Attempts by name, and by IP: in the order in which a scan makes them, two to four servers that take turns cannot answer the
/// first kind and never the second from here on.
const EACH_WAY: usize = 4;

const NOT_ASKED: &str = "names were not looked up, or no resolver answers";

fn missing(sight: &HostView<'_>) -> Verdict {
    over(sight, DnsVerdict::Missing, |names| {
        let first = names.first()?;
        let title = format!("The name {} has no address", quoted(names));
        let finding = |evidence| found("RDP-DNS-MISSING", Confidence::Sure, title, evidence);
        Some(Verdict::Fires(if unresolved(sight) {
            finding(first.answer.to_owned()).severity(Severity::High)
        } else {
            finding(format!("{}; by IP the host answers", first.answer))
        }))
    })
}

fn alias_loop(sight: &HostView<'_>) -> Verdict {
    over(sight, DnsVerdict::AliasLoop, |names| {
        let first = names.first()?;
        let title = format!(
            "The aliases of {} form a loop or an endless chain",
            quoted(names)
        );
        let finding = |evidence| found("RDP-DNS-ALIAS-LOOP", Confidence::Sure, title, evidence);
        Some(Verdict::Fires(if unresolved(sight) {
            finding(first.answer.to_owned()).severity(Severity::High)
        } else {
            finding(format!("{}; by IP the host answers", first.answer))
        }))
    })
}

fn error(sight: &HostView<'_>) -> Verdict {
    over(sight, DnsVerdict::Error, |names| {
        // One failed question may be one lost datagram.
        let name = names.iter().find(|name| name.trouble >= super::TRIES)?;
        let finding = found(
            "RDP-DNS-ERROR",
            Confidence::Sure,
            format!("The name {} cannot be looked up", name.name),
            format!("{}, {} tries", name.answer, name.trouble),
        );
        Some(Verdict::Fires(if unresolved(sight) {
            finding.severity(Severity::High)
        } else {
            finding
        }))
    })
}

fn stale(sight: &HostView<'_>) -> Verdict {
    over(sight, DnsVerdict::Stale, |names| {
        let title = format!(
            "The name {} is stale: it leads only to addresses where nothing answers",
            quoted(names)
        );
        let mut finding = found(
            "RDP-DNS-STALE",
            Confidence::Sure,
            title,
            elsewhere(sight, names),
        );
        if names.iter().all(|name| name.only_pointer()) {
            finding = finding.severity(Severity::Medium);
        }
        Some(Verdict::Fires(finding))
    })
}

fn partial_dead(sight: &HostView<'_>) -> Verdict {
    over(sight, DnsVerdict::PartialDead, |names| {
        Some(sure(
            "RDP-DNS-PARTIAL-DEAD",
            format!(
                "The name {} is half dead: some of its addresses do not answer",
                quoted(names)
            ),
            dead_and_alive(names),
        ))
    })
}

fn aaaa_dead(sight: &HostView<'_>) -> Verdict {
    if sight.names.with(DnsVerdict::AaaaDead).next().is_none()
        && sight.names.judged.iter().any(|name| name.ipv6_untried)
    {
        return lacking(
            "IPv6 addresses of the name were not tried from this machine",
            "a scan from a machine with a route to them",
        );
    }
    over(sight, DnsVerdict::AaaaDead, |names| {
        Some(sure(
            "RDP-DNS-AAAA-DEAD",
            format!(
                "The IPv6 addresses of {} do not answer, which delays or breaks connections by name",
                quoted(names)
            ),
            dead_and_alive(names),
        ))
    })
}

fn ptr_missing(sight: &HostView<'_>) -> Verdict {
    if !sight.dns_judged {
        return lacking(NOT_ASKED, LOOK_UP);
    }
    if !is_up(sight) {
        // Of an address at which nothing answers nobody asks for the name.
        return Verdict::Silent;
    }
    match sight.names.pointer {
        Pointer::NotAsked => lacking(
            "the reverse name was not asked for",
            "another scan that comes to its end, with a resolver that answers",
        ),
        Pointer::Trouble => lacking(
            "the resolver failed on the reverse name",
            "--dns with a server that knows the reverse zone",
        ),
        Pointer::Missing => sure(
            "RDP-DNS-PTR-MISSING",
            "The address has no reverse name",
            "the reverse lookup gave no name",
        ),
        Pointer::Found => Verdict::Silent,
    }
}

fn ptr_mismatch(sight: &HostView<'_>) -> Verdict {
    over(sight, DnsVerdict::PtrMismatch, |names| {
        Some(sure(
            "RDP-DNS-PTR-MISMATCH",
            format!("The reverse name {} does not lead back here", quoted(names)),
            elsewhere(sight, names),
        ))
    })
}

fn multi_name(sight: &HostView<'_>) -> Verdict {
    if !sight.dns_judged {
        return lacking(NOT_ASKED, LOOK_UP);
    }
    let mut names: Vec<&str> = sight
        .names
        .with(DnsVerdict::Match)
        .map(|name| name.name.as_str())
        .collect();
    // The short form of a full name is the same name.
    let all = names.clone();
    names.retain(|name| {
        name.contains('.')
            || !all
                .iter()
                .any(|other| other.contains('.') && host_label(other) == *name)
    });
    if names.len() < 2 || !is_up(sight) {
        return Verdict::Silent;
    }
    sure(
        "RDP-DNS-MULTI-NAME",
        "Several names lead to this host",
        names.join(", "),
    )
}

fn split(sight: &HostView<'_>) -> Verdict {
    if !sight.dns_judged {
        return lacking(NOT_ASKED, LOOK_UP);
    }
    let found = sight
        .names
        .judged
        .iter()
        // Search domains and hosts files make short names differ for good reasons.
        .filter(|name| publishable(&name.name))
        .find_map(|name| name.split.as_ref().map(|words| (name, words)));
    found.map_or(Verdict::Silent, |(name, words)| {
        likely(
            "RDP-DNS-SPLIT",
            format!("Resolvers disagree about {}", name.name),
            words.clone(),
        )
    })
}

fn wrong_host(sight: &HostView<'_>) -> Verdict {
    over(sight, DnsVerdict::WrongHost, |names| {
        let name = names.first()?;
        let other = name.other_identity.as_deref().unwrap_or("another machine");
        Some(likely(
            "RDP-NAME-WRONG-HOST",
            format!(
                "The name {} leads to the wrong host, another machine",
                quoted(names)
            ),
            format!("{} answers; {}", other, elsewhere(sight, names)),
        ))
    })
}

/// By name and by IP, at least four attempts each, all ending one way by name and all another way by IP.
fn name_ip_differ(sight: &HostView<'_>) -> Verdict {
    let ends = |by_name: bool| -> Option<(usize, Option<crate::model::Stage>)> {
        let mut ends = sight
            .counted
            .iter()
            .filter(|counted| counted.attempt.sni.is_some() == by_name)
            .map(|counted| counted.ending.failure().map(|(stage, _)| stage));
        let first = ends.clone().next()?;
        ends.all(|end| end == first).then(|| {
            let same = sight
                .counted
                .iter()
                .filter(|counted| counted.attempt.sni.is_some() == by_name)
                .count();
            (same, first)
        })
    };
    let (Some((by_name, name_end)), Some((by_ip, ip_end))) = (ends(true), ends(false)) else {
        return Verdict::Silent;
    };
    if name_end == ip_end {
        return Verdict::Silent;
    }
    if by_name < EACH_WAY || by_ip < EACH_WAY {
        return lacking(
            "with few attempts each way it may be an accident, or servers that take turns",
            "--attempts 8",
        );
    }
    let words = |end: Option<crate::model::Stage>| {
        end.map_or_else(
            || "gets through".to_owned(),
            |stage| format!("ends at {stage}"),
        )
    };
    likely(
        "RDP-NAME-IP-DIFFER",
        "By name this address behaves differently than by IP",
        format!(
            "by name {} ({by_name} attempts), by IP {} ({by_ip} attempts)",
            words(name_end),
            words(ip_end)
        ),
    )
}

/// Runs a rule over the names that share a verdict; silent when there are none.
fn over(
    sight: &HostView<'_>,
    verdict: DnsVerdict,
    rule: impl FnOnce(&[&JudgedName]) -> Option<Verdict>,
) -> Verdict {
    if !sight.dns_judged {
        return lacking(NOT_ASKED, LOOK_UP);
    }
    let names: Vec<&JudgedName> = sight.names.with(verdict).collect();
    if names.is_empty() {
        return Verdict::Silent;
    }
    rule(&names).unwrap_or(lacking(
        "asked only once",
        "scan again later, or --dns with another server",
    ))
}

fn is_up(sight: &HostView<'_>) -> bool {
    sight
        .history
        .attempts
        .iter()
        .any(crate::diagnosis::ending::connected)
}

fn unresolved(sight: &HostView<'_>) -> bool {
    matches!(sight.history.key, HostKey::Unresolved { .. })
}

/// Names with their origin, the one the user typed first.
fn quoted(names: &[&JudgedName]) -> String {
    let mut names: Vec<&&JudgedName> = names.iter().collect();
    names.sort_by_key(|name| !name.is_target());
    let texts: Vec<String> = names
        .iter()
        .map(|name| match name.sources.first() {
            Some(NameSource::Ptr) => format!("{} (from PTR)", name.name),
            Some(NameSource::Certificate) => format!("{} (from the certificate)", name.name),
            Some(NameSource::Ntlm) => format!("{} (from NTLM)", name.name),
            Some(NameSource::Target) | None => name.name.clone(),
        })
        .collect();
    texts.join(", ")
}

/// "a leads to x, not to y".
fn elsewhere(sight: &HostView<'_>, names: &[&JudgedName]) -> String {
    let here = sight
        .history
        .key
        .endpoint()
        .map(|endpoint| endpoint.address.to_string())
        .unwrap_or_default();
    let texts: Vec<String> = names
        .iter()
        .map(|name| {
            let addresses = name.members.iter().map(|member| member.address).collect();
            let leads = list(&addresses);
            if leads.is_empty() {
                format!("{}: {}", name.name, name.answer)
            } else {
                format!("{} leads to {leads}, not to {here}", name.name)
            }
        })
        .collect();
    texts.join("; ")
}

fn dead_and_alive(names: &[&JudgedName]) -> String {
    let texts: Vec<String> = names
        .iter()
        .map(|name| {
            let of = |wanted: bool| {
                let addresses = name
                    .members
                    .iter()
                    .filter(|member| member.reachable == Some(wanted))
                    .map(|member| member.address)
                    .collect();
                list(&addresses)
            };
            format!(
                "{}: no answer at {}, answer at {}",
                name.name,
                of(false),
                of(true)
            )
        })
        .collect();
    texts.join("; ")
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
