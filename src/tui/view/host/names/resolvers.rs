//! The answers of each resolver by question, and whether they agree.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::super::mark::Mark;
use super::super::page::Page;
use crate::model::{Lookup, LookupAnswer, Question, Resolver};
use crate::tui::text;
use crate::tui::theme::Tone;

/// Cells of a resolver's name.
const RESOLVER: usize = 16;

pub(super) fn write(lookups: &[Arc<Lookup>], page: &mut Page) {
    let mut questions: Vec<(&Question, Vec<&Lookup>)> = Vec::new();
    for lookup in lookups.iter().map(AsRef::as_ref) {
        match questions
            .iter_mut()
            .find(|(question, _)| **question == lookup.question)
        {
            Some((_, asked)) => asked.push(lookup),
            None => questions.push((&lookup.question, vec![lookup])),
        }
    }
    if questions.is_empty() {
        return;
    }
    page.heading("Resolvers");
    for (question, asked) in questions {
        let (what, wanted) = match question {
            Question::Addresses(name) => (text::clean(name).into_owned(), "A and AAAA"),
            Question::Pointer(address) => (address.to_string(), "PTR"),
        };
        let mut pieces = vec![
            (format!("  {what}"), Tone::Plain),
            (format!("  {wanted}"), Tone::Dim),
        ];
        if let Some((mark, word)) = agreement(&asked) {
            pieces.push((format!("  {} {word}", mark.glyph(page.theme)), mark.tone()));
        }
        page.line(pieces);
        let last = asked.len().saturating_sub(1);
        for (index, lookup) in asked.into_iter().enumerate() {
            let branch = page.theme.branch(index == last);
            let who = resolver(lookup);
            let took = format!("{} ms", lookup.duration_ms);
            let tone = if lookup.answer.is_resolver_trouble() {
                Tone::Warn
            } else {
                Tone::Plain
            };
            let lead = vec![
                (format!("  {branch}"), Tone::Dim),
                (format!("{who:<RESOLVER$}"), Tone::Dim),
                (format!("{took:>8}  "), Tone::Dim),
            ];
            page.hang(lead, &answer(&lookup.answer), tone);
        }
    }
}

/// Whether the resolvers agree, where more than one answered.
fn agreement(asked: &[&Lookup]) -> Option<(Mark, &'static str)> {
    let answers: Vec<&LookupAnswer> = asked
        .iter()
        .map(|lookup| &lookup.answer)
        .filter(|answer| !answer.is_resolver_trouble())
        .collect();
    let mut rest = answers.iter();
    let first = rest.next()?;
    if answers.len() < 2 {
        return None;
    }
    Some(if rest.all(|answer| alike(first, answer)) {
        (Mark::Good, "the resolvers agree")
    } else {
        (Mark::Partly, "the resolvers differ")
    })
}

/// The same addresses or names in any order, or both without any.
fn alike(a: &LookupAnswer, b: &LookupAnswer) -> bool {
    let addresses =
        |answer: &LookupAnswer| answer.addresses().iter().copied().collect::<BTreeSet<_>>();
    match (a, b) {
        (LookupAnswer::Names { names: a }, LookupAnswer::Names { names: b }) => {
            a.iter().collect::<BTreeSet<_>>() == b.iter().collect::<BTreeSet<_>>()
        }
        (LookupAnswer::Addresses { .. }, LookupAnswer::Addresses { .. }) => {
            addresses(a) == addresses(b)
        }
        _ => a.is_missing() && b.is_missing(),
    }
}

fn resolver(lookup: &Lookup) -> Cow<'static, str> {
    match lookup.resolver {
        Resolver::System => Cow::Borrowed("system resolver"),
        Resolver::Configured => Cow::Borrowed("DNS server"),
        Resolver::Server(server) => Cow::Owned(server.to_string()),
    }
}

/// An answer in one line, not yet safe to show.
fn answer(answer: &LookupAnswer) -> Cow<'_, str> {
    match answer {
        LookupAnswer::Addresses { addresses, ttl_s } => {
            let list: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            let ttl = ttl_s.map_or_else(String::new, |ttl| format!(", TTL {ttl} s"));
            Cow::Owned(format!("{}{ttl}", list.join(", ")))
        }
        LookupAnswer::Names { names } => Cow::Owned(names.join(", ")),
        LookupAnswer::NxDomain => Cow::Borrowed("no such name (NXDOMAIN)"),
        LookupAnswer::NoData => Cow::Borrowed("no record of this kind"),
        LookupAnswer::AliasLoop => Cow::Borrowed("a loop of aliases"),
        LookupAnswer::Timeout => Cow::Borrowed("no answer in time"),
        LookupAnswer::ServFail => Cow::Borrowed("the server failed (SERVFAIL)"),
        LookupAnswer::Refused => Cow::Borrowed("the server refused"),
        LookupAnswer::NotFound => Cow::Borrowed("not found"),
        LookupAnswer::Error { detail } => Cow::Borrowed(detail),
    }
}
