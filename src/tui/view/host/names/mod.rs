//! The section about names: the sources of the host's name, the addresses of each name, and whether the same machine is there.

mod name_sources;
mod name_vs_ip;
mod resolvers;

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::mark::Mark;
use super::page::{Page, Piece};
use crate::diagnosis::{NameMember, NamePath};
use crate::fleet::Host;
use crate::model::{DnsVerdict, Endpoint, History, HostKey, NameSource, not_a_host};
use crate::tui::columns::tone;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Tone;

pub(super) fn write(model: &Model, host: &Host, history: &History, page: &mut Page) {
    let dns = host.diagnosis.dns;
    let text = format!("{} {}", mark(dns).glyph(page.theme), dns.word());
    page.labeled("verdict", [(text, tone(dns))]);
    if let Some(disagreement) = host.diagnosis.disagreement {
        page.marked("disagreement", Mark::Bad, disagreement.meaning());
    }
    if !history.names_checked && history.lookups.is_empty() {
        page.note("names have not been looked up");
    }
    let reference = reference(host, history);
    name_sources::write(host, history, reference.as_deref(), page);
    name_vs_ip::write(model, host, history, reference.as_deref(), page);
    all_names(model, host, history, page);
    resolvers::write(&history.lookups, page);
    if !history.excluded.is_empty() {
        let excluded: Vec<String> = history.excluded.iter().map(IpAddr::to_string).collect();
        let text = format!("{} (excluded, so never tried)", excluded.join(", "));
        page.field("leads to", &text, Tone::Notice);
    }
}

const fn mark(dns: DnsVerdict) -> Mark {
    match dns {
        DnsVerdict::Match => Mark::Good,
        DnsVerdict::WrongHost | DnsVerdict::Stale | DnsVerdict::Missing | DnsVerdict::AliasLoop => {
            Mark::Bad
        }
        DnsVerdict::PartialDead
        | DnsVerdict::AaaaDead
        | DnsVerdict::PtrMismatch
        | DnsVerdict::Error => Mark::Partly,
        DnsVerdict::NoPtr | DnsVerdict::NotChecked => Mark::None,
    }
}

/// The name that the others are compared with: that of the target list, else that of the table.
fn reference(host: &Host, history: &History) -> Option<String> {
    if let HostKey::Unresolved { name, .. } = host.key() {
        return Some(name.clone());
    }
    history
        .names
        .iter()
        .find(|observed| observed.source == NameSource::Target)
        .map(|observed| observed.name.as_ref())
        .or_else(|| host.display_name())
        .map(normal)
        .filter(|name| !name.is_empty())
}

/// For comparing names: without a final dot, in lower case.
fn normal(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}

fn path<'a>(host: &'a Host, name: &str) -> Option<&'a NamePath> {
    host.diagnosis
        .name_paths
        .iter()
        .find(|path| normal(&path.name) == name)
}

/// The name of a machine: that of NTLM, else that of its certificate.
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

/// Every name with its verdict and its sources, and its addresses below it.
fn all_names(model: &Model, host: &Host, history: &History, page: &mut Page) {
    let mut sources: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for observed in &history.names {
        let words = sources.entry(normal(&observed.name)).or_default();
        if !words.contains(&observed.source.word()) {
            words.push(observed.source.word());
        }
    }
    if sources.is_empty() {
        return;
    }
    page.heading("Every name");
    for (name, words) in sources {
        let found = path(host, &name);
        let verdict = found.map_or(DnsVerdict::NotChecked, |found| found.verdict);
        page.line(vec![
            (format!("  {}", text::clean(&name)), Tone::Plain),
            (
                format!("  {} {}", mark(verdict).glyph(page.theme), verdict.word()),
                tone(verdict),
            ),
            (format!("  from {}", words.join(", ")), Tone::Dim),
        ]);
        let members = found.map_or(&[][..], |found| &found.members);
        for (index, member) in members.iter().enumerate() {
            let branch = page.theme.branch(index + 1 == members.len());
            let mut pieces = vec![(format!("  {branch}"), Tone::Dim)];
            pieces.extend(member_cells(model, host, *member));
            page.line(pieces);
        }
    }
}

/// Cells of an address, and of whether TCP connects there.
const ADDRESS: usize = 16;
const REACHED: usize = 10;

fn member_cells(model: &Model, host: &Host, member: NameMember) -> [Piece; 3] {
    let own = host.key().endpoint().map(|own| own.address) == Some(member.address);
    let (mark, reached) = match member.reachable {
        Some(true) => (Mark::Good, "up"),
        Some(false) => (Mark::Bad, "no answer"),
        None => (Mark::None, "not tried"),
    };
    let machine = if own {
        ("this address".to_owned(), Tone::Plain)
    } else {
        match member.same_identity {
            Some(true) => ("the same machine".to_owned(), Tone::Good),
            Some(false) => {
                let endpoint = Endpoint::new(member.address, host.key().port());
                let who = model.fleet.history(endpoint);
                let who = who.as_ref().and_then(identity);
                let who = who.map_or_else(String::new, |who| format!(": {who}"));
                (format!("another machine{who}"), Tone::Bad)
            }
            None => match not_a_host(member.address) {
                Some(what) => (
                    format!("no host: {}", what.trim_end_matches(',')),
                    Tone::Dim,
                ),
                None => ("machine unknown".to_owned(), Tone::Dim),
            },
        }
    };
    [
        (format!("{:<ADDRESS$}", member.address), Tone::Plain),
        (
            format!("  {} {reached:<REACHED$}  ", mark.glyph(model.theme)),
            mark.tone(),
        ),
        machine,
    ]
}
