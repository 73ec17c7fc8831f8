//! The host by its names and by its address, side by side: where each name leads, and whether the same machine answers there.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::super::columns::dns_tone;
use super::super::super::model::Model;
use super::super::super::text;
use super::super::super::theme::Tone;
use super::Page;
use crate::diagnosis::NameMember;
use crate::diagnosis::{Ending, ending};
use crate::fleet::Host;
use crate::model::{Endpoint, History, Lookup, LookupAnswer, Question, Resolver};

/// The two ways in, the names' sources, and the lookups that tell where they lead.
pub(super) fn write(model: &Model, host: &Host, history: &History, page: &mut Page) {
    page.section("Names and addresses");
    page.field(
        "verdict",
        host.diagnosis.dns.word(),
        dns_tone(host.diagnosis.dns),
    );
    let left = page.width.saturating_sub(4) * 2 / 5;
    page.line(vec![
        (format!("  {:<left$}", "BY NAME"), Tone::Accent),
        (
            format!("{:<17} {:<11} {}", "LEADS TO", "TCP", "MACHINE"),
            Tone::Accent,
        ),
    ]);
    if host.diagnosis.name_paths.is_empty() {
        page.note(if history.names_checked {
            "no name was found"
        } else {
            "names have not been looked up"
        });
    }
    for path in &host.diagnosis.name_paths {
        let name = text::clean(&path.name).into_owned();
        let verdict = (path.verdict.word().to_owned(), dns_tone(path.verdict));
        if path.members.is_empty() {
            row(page, left, &name, Some(verdict), None);
            continue;
        }
        for (index, member) in path.members.iter().enumerate() {
            let (name, verdict) = if index == 0 {
                (name.as_str(), Some(verdict.clone()))
            } else {
                ("", None)
            };
            let cells = member_cells(model, host, member);
            row(page, left, name, verdict, Some(cells));
        }
    }
    page.line(vec![(format!("  {:<left$}", "BY IP"), Tone::Accent)]);
    by_address(history, left, page);
    sources(history, page);
    for lookup in &history.lookups {
        page.field(
            resolver(lookup),
            &sentence(lookup, page.theme.arrow()),
            Tone::Dim,
        );
    }
    if !history.excluded.is_empty() {
        let excluded: Vec<String> = history.excluded.iter().map(IpAddr::to_string).collect();
        let text = format!("{} (excluded, so never tried)", excluded.join(", "));
        page.field("leads to", &text, Tone::Notice);
    }
}

type Cells = [(String, Tone); 3];

fn row(
    page: &mut Page,
    left: usize,
    name: &str,
    verdict: Option<(String, Tone)>,
    cells: Option<Cells>,
) {
    let ellipsis = page.theme.ellipsis();
    let (verdict, tone) = verdict.unwrap_or((String::new(), Tone::Plain));
    let room = left.saturating_sub(text::width(&verdict) + 3);
    let name = text::truncate(name, room, ellipsis);
    let gap = left.saturating_sub(text::width(&name) + text::width(&verdict) + 2);
    let mut pieces = vec![
        (format!("  {name}  "), Tone::Plain),
        (verdict, tone),
        (" ".repeat(gap), Tone::Plain),
    ];
    if let Some([address, reachable, machine]) = cells {
        pieces.push((format!("{:<17} ", address.0), address.1));
        pieces.push((format!("{:<11} ", reachable.0), reachable.1));
        pieces.push(machine);
    }
    page.line(pieces);
}

fn member_cells(model: &Model, host: &Host, member: &NameMember) -> Cells {
    let own = host.subject().endpoint().map(|own| own.address) == Some(member.address);
    let reachable = match member.reachable {
        Some(true) => ("up".to_owned(), Tone::Good),
        Some(false) => ("no answer".to_owned(), Tone::Bad),
        None => ("not tried".to_owned(), Tone::Dim),
    };
    let machine = if own {
        ("this address".to_owned(), Tone::Plain)
    } else {
        match member.same_identity {
            Some(true) => ("the same".to_owned(), Tone::Good),
            Some(false) => {
                let endpoint = Endpoint::new(member.address, host.subject().port());
                let who = model.fleet.history(endpoint);
                let who = who.as_deref().and_then(identity);
                let who = who.map_or_else(String::new, |who| format!(": {who}"));
                (format!("another{who}"), Tone::Bad)
            }
            None => ("cannot be told".to_owned(), Tone::Dim),
        }
    };
    [
        (member.address.to_string(), Tone::Plain),
        reachable,
        machine,
    ]
}

/// What a machine calls itself: NTLM's name, else its certificate's.
fn identity(history: &History) -> Option<String> {
    let ntlm = history.ntlm().and_then(|ntlm| {
        ntlm.dns_computer
            .as_deref()
            .or(ntlm.netbios_computer.as_deref())
    });
    let certificate = history
        .certificate()
        .and_then(|certificate| certificate.common_name.as_deref());
    ntlm.or(certificate)
        .map(|name| text::clean(name).into_owned())
}

fn by_address(history: &History, left: usize, page: &mut Page) {
    let Some(endpoint) = history.subject.endpoint() else {
        page.note("the name leads to no address");
        return;
    };
    let through = |by_name: bool| {
        let (mut good, mut all) = (0_usize, 0_usize);
        for attempt in &history.attempts {
            if attempt.by_name.is_some() == by_name {
                all += 1;
                good += usize::from(ending(attempt) == Ending::Through);
            }
        }
        (good, all)
    };
    let connected = history
        .attempts
        .iter()
        .any(|attempt| attempt.connect_ms().is_some());
    let reachable = match (connected, history.attempts.is_empty()) {
        (true, _) => ("up".to_owned(), Tone::Good),
        (false, true) => ("not tried".to_owned(), Tone::Dim),
        (false, false) => ("no answer".to_owned(), Tone::Bad),
    };
    let who = identity(history).unwrap_or_else(|| "did not say who it is".to_owned());
    let cells = [
        (endpoint.address.to_string(), Tone::Plain),
        reachable,
        (who, Tone::Plain),
    ];
    row(page, left, &endpoint.to_string(), None, Some(cells));
    for (by_name, label) in [(true, "by name"), (false, "by IP")] {
        let (good, all) = through(by_name);
        if all > 0 {
            let tone = if good == all { Tone::Plain } else { Tone::Warn };
            let text = format!("{good} of {all} attempts got through");
            page.field(label, &text, tone);
        }
    }
}

/// Each name with everybody who gave it.
fn sources(history: &History, page: &mut Page) {
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for observed in &history.names {
        by_name
            .entry(&observed.name)
            .or_default()
            .push(observed.source.word());
    }
    for (name, sources) in by_name {
        let text = format!("{name} (from {})", sources.join(", "));
        page.field("name", &text, Tone::Plain);
    }
}

fn resolver(lookup: &Lookup) -> &'static str {
    match lookup.resolver {
        Resolver::System => "system resolver",
        Resolver::Configured => "DNS server",
        Resolver::Server(_) => "DNS --dns",
    }
}

fn sentence(lookup: &Lookup, arrow: &str) -> String {
    let question = match &lookup.question {
        Question::Addresses(name) => format!("{name} A/AAAA"),
        Question::Pointer(address) => format!("{address} PTR"),
    };
    let answer = match &lookup.answer {
        LookupAnswer::Addresses { addresses, ttl_s } => {
            let list: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            let ttl = ttl_s.map_or_else(String::new, |ttl| format!(", TTL {ttl} s"));
            format!("{}{ttl}", list.join(", "))
        }
        LookupAnswer::Names { names } => names.join(", "),
        LookupAnswer::NxDomain => "no such name (NXDOMAIN)".to_owned(),
        LookupAnswer::NoData => "no record of this kind".to_owned(),
        LookupAnswer::Timeout => "no answer in time".to_owned(),
        LookupAnswer::ServFail => "the server failed (SERVFAIL)".to_owned(),
        LookupAnswer::Refused => "the server refused".to_owned(),
        LookupAnswer::NotFound => "not found".to_owned(),
        LookupAnswer::Error { detail } => detail.to_string(),
    };
    let server = match lookup.resolver {
        Resolver::Server(server) => format!(" [{server}]"),
        Resolver::System | Resolver::Configured => String::new(),
    };
    format!(
        "{question} {arrow} {answer} ({} ms){server}",
        lookup.duration_ms
    )
}
