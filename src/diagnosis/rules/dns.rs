use super::{Family, LOOK_UP, Rule, RuleVerdict, TRIES, Verdict, likely, sure, undetermined};
use crate::diagnosis::ending::{CountedAttempt, connected};
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::identity::host_label;
use crate::diagnosis::names::{JudgedName, ReverseLookup, list, publishable};
use crate::model::{DnsVerdict, HostKey, NameSource, Severity, Stage};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("dns.toml"),
    rules: &[
        ("RDP-DNS-MISSING", Rule::Host(missing)),
        ("RDP-DNS-ALIAS-LOOP", Rule::Host(alias_loop)),
        ("RDP-DNS-ERROR", Rule::Host(error)),
        ("RDP-DNS-STALE", Rule::Host(stale)),
        ("RDP-DNS-PARTIAL-DEAD", Rule::Host(partial_dead)),
        ("RDP-DNS-AAAA-DEAD", Rule::Host(aaaa_dead)),
        ("RDP-DNS-PTR-MISSING", Rule::Host(ptr_missing)),
        ("RDP-DNS-PTR-MISMATCH", Rule::Host(ptr_mismatch)),
        ("RDP-DNS-MULTI-NAME", Rule::Host(multi_name)),
        ("RDP-DNS-SPLIT", Rule::Host(split)),
        ("RDP-NAME-WRONG-HOST", Rule::Host(wrong_host)),
        ("RDP-NAME-IP-DIFFER", Rule::Host(name_ip_differ)),
    ],
};

/// Attempts by name, and by IP: in the order in which a scan makes them, two to four servers that take turns cannot answer the
/// first kind and never the second from here on.
const EACH_WAY: usize = 4;

const NOT_LOOKED_UP: RuleVerdict =
    undetermined("names were not looked up, or no resolver answers", LOOK_UP);

fn missing(host: &HostView<'_>) -> RuleVerdict {
    over(host, DnsVerdict::Missing, |names| {
        no_address(host, names).title(format!("The name {} has no address", quoted(names)))
    })
}

fn alias_loop(host: &HostView<'_>) -> RuleVerdict {
    over(host, DnsVerdict::AliasLoop, |names| {
        no_address(host, names).title(format!(
            "The aliases of {} form a loop or an endless chain",
            quoted(names)
        ))
    })
}

fn no_address(host: &HostView<'_>, names: &[&JudgedName]) -> RuleVerdict {
    let answer = names.first().map_or("", |name| name.answer);
    if unresolved(host) {
        sure(answer).severity(Severity::High)
    } else {
        sure(format!("{answer}; by IP the host answers"))
    }
}

fn error(host: &HostView<'_>) -> RuleVerdict {
    over(host, DnsVerdict::Error, |names| {
        // One failed question may be one lost datagram.
        let Some(name) = names.iter().find(|name| name.trouble >= TRIES) else {
            return undetermined(
                "asked only once",
                "scan again later, or --dns with another server",
            );
        };
        sure(format!("{}, {} tries", name.answer, name.trouble))
            .title(format!("The name {} cannot be looked up", name.name))
            .severity_if(unresolved(host), Severity::High)
    })
}

fn stale(host: &HostView<'_>) -> RuleVerdict {
    over(host, DnsVerdict::Stale, |names| {
        let only_pointers = names.iter().all(|name| name.only_pointer());
        sure(elsewhere(host, names))
            .title(format!(
                "The name {} is stale: it resolves only to addresses that do not answer",
                quoted(names)
            ))
            .severity_if(only_pointers, Severity::Medium)
    })
}

fn partial_dead(host: &HostView<'_>) -> RuleVerdict {
    over(host, DnsVerdict::PartialDead, |names| {
        sure(dead_and_alive(names)).title(format!(
            "Some addresses of the name {} do not respond",
            quoted(names)
        ))
    })
}

fn aaaa_dead(host: &HostView<'_>) -> RuleVerdict {
    if host.names.with(DnsVerdict::AaaaDead).next().is_none()
        && host.names.judged.iter().any(|name| name.ipv6_untried)
    {
        return undetermined(
            "IPv6 addresses of the name were not tried from this machine",
            "a scan from a machine with a route to them",
        );
    }
    over(host, DnsVerdict::AaaaDead, |names| {
        sure(dead_and_alive(names)).title(format!(
            "The IPv6 addresses of {} do not answer, which delays or breaks connections by name",
            quoted(names)
        ))
    })
}

fn ptr_missing(host: &HostView<'_>) -> RuleVerdict {
    if !host.dns_judged {
        return NOT_LOOKED_UP;
    }
    if !is_up(host) {
        return Verdict::Silent;
    }
    match host.names.reverse {
        ReverseLookup::NotAsked => undetermined(
            "the reverse name was not asked for",
            "another scan that comes to its end, with a resolver that answers",
        ),
        ReverseLookup::Trouble => undetermined(
            "the resolver failed on the reverse name",
            "--dns with a server that knows the reverse zone",
        ),
        ReverseLookup::Missing => sure("the reverse lookup gave no name"),
        ReverseLookup::Found => Verdict::Silent,
    }
}

fn ptr_mismatch(host: &HostView<'_>) -> RuleVerdict {
    over(host, DnsVerdict::PtrMismatch, |names| {
        sure(elsewhere(host, names)).title(format!(
            "The reverse name {} does not lead back here",
            quoted(names)
        ))
    })
}

fn multi_name(host: &HostView<'_>) -> RuleVerdict {
    if !host.dns_judged {
        return NOT_LOOKED_UP;
    }
    let mut names: Vec<&str> = host
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
    if names.len() < 2 || !is_up(host) {
        return Verdict::Silent;
    }
    sure(names.join(", ")).title("Several names lead to this host")
}

fn split(host: &HostView<'_>) -> RuleVerdict {
    if !host.dns_judged {
        return NOT_LOOKED_UP;
    }
    let found = host
        .names
        .judged
        .iter()
        // Search domains and hosts files make short names differ for good reasons.
        .filter(|name| publishable(&name.name))
        .find_map(|name| name.split.as_ref().map(|words| (name, words)));
    found.map_or(Verdict::Silent, |(name, words)| {
        likely(words.clone()).title(format!("Resolvers disagree about {}", name.name))
    })
}

fn wrong_host(host: &HostView<'_>) -> RuleVerdict {
    over(host, DnsVerdict::WrongHost, |names| {
        let other = names
            .first()
            .and_then(|name| name.other_identity.as_deref());
        likely(format!(
            "{} answers; {}",
            other.unwrap_or("another machine"),
            elsewhere(host, names)
        ))
        .title(format!(
            "The name {} resolves to the wrong host, another machine",
            quoted(names)
        ))
    })
}

/// At least four attempts by name and as many by IP, all ending one way by name and all another way by IP.
fn name_ip_differ(host: &HostView<'_>) -> RuleVerdict {
    let (by_name, by_ip): (Vec<&CountedAttempt<'_>>, Vec<_>) = host
        .counted
        .iter()
        .partition(|counted| counted.attempt.sni.is_some());
    let (Some(name_end), Some(ip_end)) = (by_name.first(), by_ip.first()) else {
        return Verdict::Silent;
    };
    let (name_end, ip_end) = (failed_stage(name_end), failed_stage(ip_end));
    let is_steady = by_name.iter().all(|one| failed_stage(one) == name_end)
        && by_ip.iter().all(|one| failed_stage(one) == ip_end);
    if !is_steady || name_end == ip_end {
        return Verdict::Silent;
    }
    if by_name.len() < EACH_WAY || by_ip.len() < EACH_WAY {
        return undetermined(
            "with few attempts each way it may be an accident, or servers that take turns",
            "--attempts 8",
        );
    }
    let words = |end: Option<Stage>| {
        end.map_or_else(
            || "gets through".to_owned(),
            |stage| format!("ends at {stage}"),
        )
    };
    likely(format!(
        "by name {} ({} attempts), by IP {} ({} attempts)",
        words(name_end),
        by_name.len(),
        words(ip_end),
        by_ip.len()
    ))
    .title("By name this address behaves differently than by IP")
}

fn failed_stage(counted: &CountedAttempt<'_>) -> Option<Stage> {
    counted.ending.failure().map(|(stage, _)| stage)
}

/// Runs a rule over the names that share a verdict; silent when there are none.
fn over(
    host: &HostView<'_>,
    verdict: DnsVerdict,
    rule: impl FnOnce(&[&JudgedName]) -> RuleVerdict,
) -> RuleVerdict {
    if !host.dns_judged {
        return NOT_LOOKED_UP;
    }
    let names: Vec<&JudgedName> = host.names.with(verdict).collect();
    if names.is_empty() {
        Verdict::Silent
    } else {
        rule(&names)
    }
}

fn is_up(host: &HostView<'_>) -> bool {
    host.history.attempts.iter().any(connected)
}

fn unresolved(host: &HostView<'_>) -> bool {
    matches!(host.history.key, HostKey::Unresolved { .. })
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
fn elsewhere(host: &HostView<'_>, names: &[&JudgedName]) -> String {
    let here = host.history.key.endpoint();
    let here = here.map(|endpoint| endpoint.address.to_string());
    let here = here.unwrap_or_default();
    let texts: Vec<String> = names
        .iter()
        .map(|name| {
            let leads = list(name.members.iter().map(|member| member.address));
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
                let members = name.members.iter();
                let members = members.filter(|member| member.reachable == Some(wanted));
                list(members.map(|member| member.address))
            };
            let (dead, alive) = (of(false), of(true));
            format!("{}: no answer at {dead}, answer at {alive}", name.name)
        })
        .collect();
    texts.join("; ")
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
