//! The host's name, and whether DNS, PTR, certificate and NTLM agree with it.

use std::net::IpAddr;

use super::super::mark::Mark;
use super::super::page::Page;
use super::{mark, normal, path};
use crate::counts::grouped;
use crate::fleet::Host;
use crate::model::{CertificateFacts, DnsVerdict, History, LookupAnswer, NameSource, Question};
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

/// A mark with a word about it, and a value not yet safe to show.
type Comparison = (Mark, &'static str, String);

/// Cells of a source, and of the word about it.
const SOURCE: usize = 17;
const WORD: usize = 17;

pub(super) fn write(host: &Host, history: &History, reference: Option<&str>, page: &mut Page) {
    page.blank();
    let Some(reference) = reference else {
        page.note("no name is known for this address");
        return;
    };
    let asked = history
        .names
        .iter()
        .any(|observed| observed.source == NameSource::Target)
        || history.key.endpoint().is_none();
    let why = if asked {
        "asked for"
    } else {
        "found, not asked for"
    };
    page.line(vec![
        (format!("  {}", text::clean(reference)), Tone::Strong),
        (format!("  {why}"), Tone::Dim),
    ]);
    let lines = [
        ("DNS", forward(host, reference, page.theme)),
        ("PTR", pointer(history, reference)),
        ("certificate", certificate(host, history, reference)),
        ("computer (NTLM)", ntlm(history, reference)),
    ];
    let last = lines.len() - 1;
    for (index, (source, comparison)) in lines.into_iter().enumerate() {
        let branch = page.theme.branch(index == last);
        let (mark, word, value) = comparison;
        page.line(vec![
            (format!("  {branch}"), Tone::Dim),
            mark.piece(page.theme),
            (format!("{source:<SOURCE$}"), Tone::Plain),
            (format!("{word:<WORD$}"), mark.tone()),
            (text::clean(&value).into_owned(), Tone::Plain),
        ]);
    }
}

/// The addresses of the name.
fn forward(host: &Host, reference: &str, theme: Theme) -> Comparison {
    let found = path(host, reference);
    let verdict = found.map_or(DnsVerdict::NotChecked, |found| found.verdict);
    let members = found.map_or(&[][..], |found| &found.members);
    let addresses: Vec<String> = members
        .iter()
        .map(|member| member.address.to_string())
        .collect();
    let value = if addresses.is_empty() {
        String::new()
    } else {
        format!("{} {}", theme.arrow(), addresses.join(", "))
    };
    let own = host.key().endpoint().map(|own| own.address);
    let here = members.iter().any(|member| Some(member.address) == own);
    let (mark, word) = match verdict {
        DnsVerdict::Match | DnsVerdict::NoPtr | DnsVerdict::NotChecked if here => {
            (Mark::Good, "resolves here")
        }
        DnsVerdict::Match => (Mark::Good, "the same machine"),
        DnsVerdict::WrongHost => (Mark::Bad, "another machine"),
        DnsVerdict::Stale => (Mark::Bad, "nobody there"),
        DnsVerdict::Missing => (Mark::Bad, "no such name"),
        DnsVerdict::AliasLoop => (Mark::Bad, "a loop of aliases"),
        DnsVerdict::PartialDead => (Mark::Partly, "partly dead"),
        DnsVerdict::AaaaDead => (Mark::Partly, "IPv6 is dead"),
        DnsVerdict::Error => (Mark::Partly, "resolver failed"),
        DnsVerdict::PtrMismatch => (Mark::Partly, "leads elsewhere"),
        DnsVerdict::NoPtr | DnsVerdict::NotChecked => (mark(verdict), "not judged"),
    };
    (mark, word, value)
}

/// The names of the reverse lookup.
fn pointer(history: &History, reference: &str) -> Comparison {
    let names: Vec<String> = history
        .names
        .iter()
        .filter(|observed| observed.source == NameSource::Ptr)
        .map(|observed| normal(&observed.name))
        .collect();
    let mut answers = history
        .lookups
        .iter()
        .filter(|lookup| matches!(lookup.question, Question::Pointer(_)))
        .map(|lookup| &lookup.answer)
        .peekable();
    let (mark, word) = if names.iter().any(|name| name == reference) {
        (Mark::Good, "agrees")
    } else if !names.is_empty() {
        (Mark::Partly, "another name")
    } else if answers.peek().is_none() {
        (Mark::None, "not asked")
    } else if answers.any(LookupAnswer::is_missing) {
        (Mark::None, "no name")
    } else {
        (Mark::Partly, "resolver failed")
    };
    (mark, word, names.join(", "))
}

/// Whether the certificate matches the name.
fn certificate(host: &Host, history: &History, reference: &str) -> Comparison {
    let by_name = history.attempts.iter().rev().filter(|attempt| {
        let by_name = attempt.sni.as_deref().map(normal);
        by_name.as_deref() == Some(reference)
    });
    let leaf = by_name
        .filter_map(|attempt| attempt.tls.as_ref())
        .find_map(|tls| tls.leaf())
        .or_else(|| host.diagnosis.certificate(history));
    let Some(leaf) = leaf else {
        return (Mark::None, "none seen", String::new());
    };
    if leaf.unparsable.is_some() {
        return (Mark::Bad, "unreadable", String::new());
    }
    let covered = match reference.parse::<IpAddr>() {
        Ok(address) => leaf.san_ip.contains(&address),
        Err(_) => leaf.covers(reference),
    };
    let names_of_leaf = leaf.dns_names();
    let mut labels = names_of_leaf.iter().map(|name| label(name));
    let (mark, word) = if covered {
        (Mark::Good, "good for it")
    } else if labels.any(|name| name == label(reference)) {
        (Mark::Partly, "short name only")
    } else if leaf.san_omitted > 0 {
        (Mark::None, "has more names")
    } else {
        (Mark::Bad, "not good for it")
    };
    (mark, word, names(leaf))
}

/// Names of a certificate in a line.
const SHOWN_NAMES: usize = 16;

/// The names that clients check, then the common name where it is another.
fn names(leaf: &CertificateFacts) -> String {
    let mut names: Vec<String> = leaf.dns_names().into_iter().map(normal).collect();
    names.extend(leaf.san_ip.iter().map(ToString::to_string));
    if let Some(common) = leaf.common_name.as_deref()
        && !names.contains(&normal(common))
    {
        names.push(format!("CN={common}"));
    }
    let more = names.len().saturating_sub(SHOWN_NAMES) as u64 + u64::from(leaf.san_omitted);
    names.truncate(SHOWN_NAMES);
    if more > 0 {
        names.push(format!("and {} more", grouped(more)));
    }
    names.join(", ")
}

/// The name in the NTLM challenge.
fn ntlm(history: &History, reference: &str) -> Comparison {
    let name = history.ntlm().and_then(|ntlm| {
        ntlm.dns_computer
            .as_deref()
            .or(ntlm.netbios_computer.as_deref())
            .filter(|name| !name.is_empty())
    });
    let (mark, word) = match name.map(normal) {
        None => (Mark::None, "unknown"),
        Some(name) if name == reference => (Mark::Good, "agrees"),
        Some(name) if label(&name) == label(reference) => (Mark::Partly, "short name only"),
        Some(_) => (Mark::Partly, "another name"),
    };
    (mark, word, name.unwrap_or_default().to_owned())
}

/// The first label in lower case, which two names of one computer share.
fn label(name: &str) -> String {
    let name = normal(name);
    name.split('.').next().unwrap_or_default().to_owned()
}
