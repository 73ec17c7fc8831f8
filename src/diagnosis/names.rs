//! Name against address: which half of "works by IP, not by name" is at fault.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::certificates::certificate_of;
use super::identity::{host_label, normal, ntlm_name};
use super::member::MemberView;
use super::{Context, NameMember, NamePath};
use crate::model::{
    DnsVerdict, Endpoint, History, HostKey, Lookup, LookupAnswer, NameSource, Question, Resolver,
    not_a_host,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReverseLookup {
    NotAsked,
    Missing,
    Trouble,
    Found,
}

/// What a name's forward lookups gave, all resolvers together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Forward {
    NotAsked,
    Addresses(BTreeSet<IpAddr>),
    Missing,
    AliasLoop,
    Trouble,
}

#[derive(Debug, Clone)]
pub(crate) struct JudgedName {
    pub(crate) name: String,
    pub(crate) sources: BTreeSet<NameSource>,
    pub(crate) verdict: DnsVerdict,
    pub(crate) forward: Forward,
    pub(crate) members: Vec<NameMember>,
    /// How often a resolver failed on this name.
    pub(crate) trouble: usize,
    /// The decisive answer, as evidence.
    pub(crate) answer: &'static str,
    /// The machine at the other address, when it is another one.
    pub(crate) other_identity: Option<String>,
    /// The answers of the DNS servers and of the operating system, where they differ.
    pub(crate) split: Option<String>,
    /// Some IPv6 address could not be tried from this machine.
    pub(crate) ipv6_untried: bool,
}

impl JudgedName {
    /// Known from the reverse lookup alone: not a name that anyone is known to use.
    pub(crate) fn only_pointer(&self) -> bool {
        self.sources.iter().all(|source| *source == NameSource::Ptr)
    }

    fn only_certificate(&self) -> bool {
        self.sources
            .iter()
            .all(|source| *source == NameSource::Certificate)
    }

    pub(crate) fn is_target(&self) -> bool {
        self.sources.contains(&NameSource::Target)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct NameView {
    pub(crate) verdict: DnsVerdict,
    /// Names were looked up, and a resolver answered where that is needed to judge them.
    pub(crate) are_judged: bool,
    pub(crate) judged: Vec<JudgedName>,
    pub(crate) reverse: ReverseLookup,
}

impl NameView {
    pub(crate) fn paths(&self) -> Vec<NamePath> {
        self.judged
            .iter()
            .map(|judged| NamePath {
                name: judged.name.as_str().into(),
                verdict: judged.verdict,
                members: judged.members.clone(),
            })
            .collect()
    }

    pub(crate) fn with(&self, verdict: DnsVerdict) -> impl Iterator<Item = &JudgedName> {
        self.judged
            .iter()
            .filter(move |judged| judged.verdict == verdict)
    }
}

/// Judges every name of a host.
pub(crate) fn judge(history: &History, context: &Context<'_>) -> NameView {
    let mut sources: BTreeMap<String, BTreeSet<NameSource>> = BTreeMap::new();
    for observed in &history.names {
        let name = normal(&observed.name);
        // A wildcard or an address is no name that could be looked up.
        if !name.is_empty() && !name.contains('*') && name.parse::<IpAddr>().is_err() {
            sources.entry(name).or_default().insert(observed.source);
        }
    }
    let commons: BTreeSet<&str> = history
        .attempts
        .iter()
        .filter_map(|attempt| certificate_of(attempt)?.common_name.as_deref())
        .collect();
    let own = Own {
        view: MemberView::of(history),
        commons: commons.into_iter().map(normal).collect(),
    };
    let are_judged = context.dns_enabled && are_judged(history, context);
    let lookups: Vec<&Lookup> = history
        .lookups
        .iter()
        .map(AsRef::as_ref)
        .filter(|lookup| !context.resolver_down || lookup.answer.is_sign_of_life())
        .collect();
    let mut asked: HashMap<String, Vec<&Lookup>> = HashMap::new();
    for lookup in &lookups {
        if let Question::Addresses(name) = &lookup.question {
            asked.entry(normal(name)).or_default().push(lookup);
        }
    }
    let judged: Vec<JudgedName> = sources
        .into_iter()
        .map(|(name, sources)| {
            let asked = asked.remove(&name).unwrap_or_default();
            let mut judged = found(name, sources, &asked);
            let others = members(&mut judged, history, &own, context);
            if are_judged {
                judged.verdict = verdict(&mut judged, &others, history, &own);
            }
            judged
        })
        .collect();
    let reverse = reverse_lookup(&lookups);
    NameView {
        verdict: if are_judged {
            overall(&judged, reverse)
        } else {
            DnsVerdict::NotChecked
        },
        are_judged,
        judged,
        reverse,
    }
}

/// Whether the lookups prove anything. While no resolver answers, failures are the resolver's, and so they are for a name without
/// an endpoint: a client may wait longer.
fn are_judged(history: &History, context: &Context<'_>) -> bool {
    let tells = |answer: &LookupAnswer| {
        answer.is_sign_of_life() || (!context.resolver_down && *answer == LookupAnswer::Refused)
    };
    let is_name_alone = matches!(history.key, HostKey::Unresolved { .. });
    !(context.resolver_down || is_name_alone)
        || history.lookups.iter().any(|lookup| tells(&lookup.answer))
}

/// The worst verdict among names that could be judged; without any, what the reverse lookup says.
fn overall(judged: &[JudgedName], reverse: ReverseLookup) -> DnsVerdict {
    let worst = judged
        .iter()
        .map(|name| name.verdict)
        .filter(|verdict| *verdict != DnsVerdict::NotChecked)
        .min();
    worst.unwrap_or(match reverse {
        ReverseLookup::Missing => DnsVerdict::NoPtr,
        ReverseLookup::Trouble => DnsVerdict::Error,
        ReverseLookup::NotAsked | ReverseLookup::Found => DnsVerdict::NotChecked,
    })
}

fn found(name: String, sources: BTreeSet<NameSource>, asked: &[&Lookup]) -> JudgedName {
    let (forward, answer) = forward(asked);
    JudgedName {
        split: split(asked),
        trouble: asked
            .iter()
            .filter(|lookup| lookup.answer.is_resolver_trouble())
            .count(),
        name,
        sources,
        verdict: DnsVerdict::NotChecked,
        forward,
        members: Vec::new(),
        answer,
        other_identity: None,
        ipv6_untried: false,
    }
}

/// The matrix.
fn verdict(judged: &mut JudgedName, others: &[Other], history: &History, own: &Own) -> DnsVerdict {
    let unresolved = matches!(history.key, HostKey::Unresolved { .. });
    let up = own.view.reachable == Some(true);
    match &judged.forward {
        Forward::NotAsked => return DnsVerdict::NotChecked,
        Forward::Trouble => return DnsVerdict::Error,
        Forward::AliasLoop if unresolved => return DnsVerdict::AliasLoop,
        Forward::Missing if unresolved => return DnsVerdict::Missing,
        Forward::Missing | Forward::AliasLoop if judged.only_pointer() => {
            return astray(judged, history);
        }
        Forward::Missing | Forward::AliasLoop
            if !up || !publishable(&judged.name) || is_aside(judged, history, own) =>
        {
            return DnsVerdict::NotChecked;
        }
        Forward::Missing => return DnsVerdict::Missing,
        Forward::AliasLoop => return DnsVerdict::AliasLoop,
        Forward::Addresses(_) => {}
    }
    let Some(endpoint) = history.key.endpoint() else {
        return DnsVerdict::NotChecked;
    };
    let resolves_here = judged
        .members
        .iter()
        .any(|member| member.address == endpoint.address);
    if resolves_here {
        return if up {
            among_members(&judged.members)
        } else {
            DnsVerdict::Match
        };
    }
    elsewhere(judged, others, own, up, history)
}

/// The verdict of a name that resolves to nothing, or elsewhere for no known reason: a mismatch only where the reverse lookup alone
/// gave it, and it is not made from the address.
fn astray(judged: &JudgedName, history: &History) -> DnsVerdict {
    let is_made_up = history
        .key
        .endpoint()
        .is_some_and(|here| is_made_from(&judged.name, here.address));
    if judged.only_pointer() && !is_made_up {
        DnsVerdict::PtrMismatch
    } else {
        DnsVerdict::NotChecked
    }
}

/// The name resolves to the host: do its other addresses respond?
fn among_members(members: &[NameMember]) -> DnsVerdict {
    let of = |v6: bool| {
        members
            .iter()
            .filter(move |member| member.address.is_ipv6() == v6)
    };
    let dead = |member: &&NameMember| member.reachable == Some(false);
    let alive = |member: &&NameMember| member.reachable == Some(true);
    if !members.iter().any(|member| dead(&member)) {
        DnsVerdict::Match
    } else if of(false).any(|member| alive(&member))
        && !of(false).any(|member| dead(&member))
        && !of(true).any(|member| alive(&member))
    {
        DnsVerdict::AaaaDead
    } else {
        DnsVerdict::PartialDead
    }
}

/// The name resolves to other addresses only.
fn elsewhere(
    judged: &mut JudgedName,
    others: &[Other],
    own: &Own,
    up: bool,
    history: &History,
) -> DnsVerdict {
    let unclear = astray(judged, history);
    if !up {
        return unclear;
    }
    if !is_alternative(judged, own)
        && !judged.members.is_empty()
        && judged
            .members
            .iter()
            .all(|member| member.reachable == Some(false))
    {
        return DnsVerdict::Stale;
    }
    let answering: Vec<&Other> = others
        .iter()
        .filter(|other| other.view.reachable == Some(true))
        .collect();
    if answering
        .iter()
        .any(|other| own.view.identity.same_as(&other.view.identity) == Some(true))
    {
        // Several interfaces of one machine, or a virtual address in front of it.
        return DnsVerdict::Match;
    }
    let ours = own.view.identity.claims(&judged.name) && !own.view.identity.has_wildcard();
    let someone_else = !answering.is_empty()
        && answering.iter().all(|other| {
            own.view.identity.same_as(&other.view.identity) == Some(false)
                && !other.view.identity.may_answer_for(&judged.name)
        });
    if ours && someone_else {
        judged.other_identity = answering.iter().find_map(|other| {
            let label = other.view.identity.label()?;
            Some(format!("{label} at {}", other.address))
        });
        return DnsVerdict::WrongHost;
    }
    unclear
}

/// The host itself.
struct Own {
    view: MemberView,
    /// The common names of its certificates.
    commons: BTreeSet<String>,
}

struct Other {
    address: IpAddr,
    view: Arc<MemberView>,
}

/// Fills in the members, and returns the views of those that are not the host itself.
fn members(
    judged: &mut JudgedName,
    history: &History,
    own: &Own,
    context: &Context<'_>,
) -> Vec<Other> {
    let Forward::Addresses(addresses) = &judged.forward else {
        return Vec::new();
    };
    let here = history.key.endpoint();
    let port = history.key.port();
    let mut others = Vec::new();
    for address in addresses {
        let endpoint = Endpoint::new(*address, port);
        if Some(endpoint) == here {
            judged.members.push(NameMember {
                address: *address,
                reachable: own.view.reachable,
                same_identity: Some(true),
            });
            continue;
        }
        let view = (context.members)(endpoint);
        // Nothing is known of an IPv6 address that this machine has no route to; a scan leaves it out where there are others.
        let untried = address.is_ipv6()
            && view.as_ref().map_or_else(
                || !history.excluded.contains(address) && not_a_host(*address).is_none(),
                |view| view.no_route,
            );
        judged.ipv6_untried |= untried;
        judged.members.push(NameMember {
            address: *address,
            reachable: view
                .as_ref()
                .filter(|_| !untried)
                .and_then(|view| view.reachable),
            same_identity: view
                .as_ref()
                .filter(|view| view.reachable == Some(true))
                .and_then(|view| own.view.identity.same_as(&view.identity)),
        });
        if let Some(view) = view {
            others.push(Other {
                address: *address,
                view,
            });
        }
    }
    judged.members.shrink_to_fit();
    others
}

/// The result of all lookups of a name. mstsc asks the operating system's resolver, so that decides where it answered; its bare
/// "not found" does not outweigh a server that failed. Where it only failed, any other answer decides: a client waits longer than a
/// scan while the system goes on to its second server.
fn forward(asked: &[&Lookup]) -> (Forward, &'static str) {
    let by_system: Vec<&LookupAnswer> = asked
        .iter()
        .filter(|lookup| lookup.resolver == Resolver::System)
        .map(|lookup| &lookup.answer)
        .collect();
    let all: Vec<&LookupAnswer> = asked.iter().map(|lookup| &lookup.answer).collect();
    let system_answered = by_system.iter().any(|answer| !answer.is_resolver_trouble());
    let decisive = if system_answered { &by_system } else { &all };
    let addresses: BTreeSet<IpAddr> = decisive
        .iter()
        .flat_map(|answer| answer.addresses().iter().copied())
        .collect();
    if !addresses.is_empty() {
        return (Forward::Addresses(addresses), "addresses");
    }
    // The operating system calls a loop "not found", or trouble.
    if all.contains(&&LookupAnswer::AliasLoop) {
        return (
            Forward::AliasLoop,
            "its aliases (CNAME) form a loop or an endless chain",
        );
    }
    let any = |among: &[&LookupAnswer], wanted: fn(&LookupAnswer) -> bool| {
        among.iter().any(|answer| wanted(answer))
    };
    if any(decisive, |answer| *answer == LookupAnswer::NxDomain) {
        return (Forward::Missing, "no such name (NXDOMAIN)");
    }
    if any(decisive, |answer| *answer == LookupAnswer::NoData) {
        return (Forward::Missing, "the name has no address (NODATA)");
    }
    if any(decisive, |answer| *answer == LookupAnswer::NotFound) {
        return if any(&all, LookupAnswer::is_resolver_trouble)
            && !any(&all, LookupAnswer::is_certain)
        {
            (Forward::Trouble, "the resolver failed")
        } else {
            (Forward::Missing, "not found")
        };
    }
    let trouble = |wanted: fn(&LookupAnswer) -> bool| any(decisive, wanted);
    if trouble(|answer| *answer == LookupAnswer::ServFail) {
        (Forward::Trouble, "the server failed (SERVFAIL)")
    } else if trouble(|answer| *answer == LookupAnswer::Refused) {
        (Forward::Trouble, "the server refused (REFUSED)")
    } else if trouble(|answer| *answer == LookupAnswer::Timeout) {
        (Forward::Trouble, "no answer in time")
    } else if trouble(LookupAnswer::is_resolver_trouble) {
        (Forward::Trouble, "the resolver failed")
    } else {
        (Forward::NotAsked, "not asked")
    }
}

/// Set where the DNS servers contradict the operating system: no address in common, or an address only there.
fn split(asked: &[&Lookup]) -> Option<String> {
    let from = |system: bool| -> BTreeSet<IpAddr> {
        asked
            .iter()
            .filter(|lookup| (lookup.resolver == Resolver::System) == system)
            .flat_map(|lookup| lookup.answer.addresses().iter().copied())
            .collect()
    };
    let (system, servers) = (from(true), from(false));
    let system_knows_nothing = asked
        .iter()
        .any(|lookup| lookup.resolver == Resolver::System && lookup.answer.is_missing());
    let differ = if system.is_empty() {
        system_knows_nothing && !servers.is_empty()
    } else {
        !servers.is_empty() && system.is_disjoint(&servers)
    };
    differ.then(|| {
        let system = if system.is_empty() {
            "nothing".to_owned()
        } else {
            list(system)
        };
        format!(
            "the operating system says {system}, the DNS servers say {}",
            list(servers)
        )
    })
}

/// Addresses for evidence, sorted.
pub(crate) fn list(addresses: impl IntoIterator<Item = IpAddr>) -> String {
    let sorted: BTreeSet<IpAddr> = addresses.into_iter().collect();
    let texts: Vec<String> = sorted.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

fn reverse_lookup(lookups: &[&Lookup]) -> ReverseLookup {
    let answers = || {
        lookups
            .iter()
            .filter(|lookup| matches!(lookup.question, Question::Pointer(_)))
            .map(|lookup| &lookup.answer)
    };
    if answers().any(|answer| matches!(answer, LookupAnswer::Names { names } if !names.is_empty()))
    {
        ReverseLookup::Found
    } else if answers().any(|answer| !answer.is_resolver_trouble()) {
        ReverseLookup::Missing
    } else if answers().next().is_some() {
        ReverseLookup::Trouble
    } else {
        ReverseLookup::NotAsked
    }
}

/// Whether a name is made from an address, as providers fill their shared reverse zones: `host-10-0-0-5.dyn.example` or
/// `5.0.0.10.static.example`. Such names are not maintained, and nobody connects by them.
fn is_made_from(name: &str, address: IpAddr) -> bool {
    let has_part = |wanted: &str| {
        name.split(|character: char| !character.is_ascii_alphanumeric())
            .any(|part| part == wanted)
    };
    match address {
        IpAddr::V4(address) => {
            let octets = address.octets();
            let numbers: Vec<Option<u8>> = name
                .split(|character: char| !character.is_ascii_digit())
                .filter(|digits| !digits.is_empty())
                .map(|digits| digits.parse().ok())
                .collect();
            let turned: Vec<Option<u8>> = octets.iter().rev().copied().map(Some).collect();
            let mut fours = numbers.windows(octets.len());
            has_part(&format!("{:08x}", u32::from(address)))
                || fours.any(|four| four == octets.map(Some) || four == turned)
        }
        IpAddr::V6(address) => {
            has_part(&format!("{:032x}", u128::from(address)))
                || name.contains(&address.to_string().replace(':', "-"))
        }
    }
}

/// Whether DNS could be expected to know a name: two labels at least, and not one of the names that never go there.
pub(crate) fn publishable(name: &str) -> bool {
    const LOCAL_ONLY: [&str; 4] = ["local", "localhost", "localdomain", "invalid"];
    let Some((_, rest)) = name.split_once('.') else {
        return false;
    };
    let last = rest.rsplit('.').next().unwrap_or(rest);
    !LOCAL_ONLY.contains(&last) && host_label(name) != "localhost"
}

/// A name that only the certificate carries and that nobody is known to use: an alternative one, or one left over from a
/// renaming, which has a finding of its own.
fn is_aside(judged: &JudgedName, history: &History, own: &Own) -> bool {
    let renamed = || {
        history
            .ntlm()
            .and_then(|ntlm| ntlm_name(ntlm))
            .is_some_and(|name| name.contains('.') && name != judged.name)
    };
    judged.only_certificate() && (is_alternative(judged, own) || renamed())
}

/// A name that only the certificate carries, beside the common name: it may belong to another machine with the same
/// certificate, or to none any more.
fn is_alternative(judged: &JudgedName, own: &Own) -> bool {
    judged.only_certificate() && !own.commons.contains(&judged.name)
}
