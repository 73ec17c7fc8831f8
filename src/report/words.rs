//! Texts that several formats share.

use std::borrow::Cow;
use std::net::IpAddr;

use super::sheet::Sheet;
use crate::counts::grouped;
use crate::diagnosis::{self, NameMember};
use crate::fleet::Host;
use crate::model::{
    CertificateFacts, DnsVerdict, Finding, History, Resolver, ScanEnd, Texts, UtcSecond, not_a_host,
};
use crate::table::FieldValue;
pub(super) use crate::table::{is_self_signed as self_signed, key_text as key};

/// DNS names and IP addresses of a certificate, in that order.
pub(super) fn alternative_names(facts: &CertificateFacts) -> Vec<String> {
    let names = facts.san_dns.iter().map(ToString::to_string);
    names
        .chain(facts.san_ip.iter().map(ToString::to_string))
        .collect()
}

/// The first `most` names and addresses of a certificate, separated by commas, and the number of others.
pub(super) fn names(facts: &CertificateFacts, most: usize) -> String {
    let names = alternative_names(facts);
    let shown = names.get(..most).unwrap_or(&names);
    let left_out = usize::try_from(facts.san_omitted).unwrap_or(usize::MAX);
    listed_of(shown, (names.len() - shown.len()).saturating_add(left_out))
}

/// Date and time in UTC, in a form that spreadsheets recognise.
pub(super) fn spreadsheet_time(time: impl Into<UtcSecond>) -> String {
    time.into()
        .civil()
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

pub(super) fn resolver(resolver: Resolver) -> String {
    match resolver {
        Resolver::System => "this machine's resolver".to_owned(),
        Resolver::Configured => "configured DNS server".to_owned(),
        Resolver::Server(server) => server.to_string(),
    }
}

/// Excel's limit for a cell, in UTF-16 units.
const LONGEST_CELL: usize = 32_767;
/// Units reserved for the count of omitted values and for quotes in front of formulas.
const SPARE: usize = 767;

fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Values separated by commas. Those that do not fit into a cell are counted; no value is cut.
pub(super) fn listed<S: AsRef<str>>(values: &[S]) -> String {
    listed_of(values, 0)
}

/// As [`listed`], for a list with `beyond` more values.
pub(super) fn listed_of<S: AsRef<str>>(values: &[S], beyond: usize) -> String {
    let mut left_out = beyond;
    let mut list = String::new();
    let mut room = LONGEST_CELL - SPARE;
    for (index, value) in values.iter().enumerate() {
        let value = value.as_ref();
        let separator = if index == 0 { "" } else { ", " };
        let wanted = units(value) + separator.len();
        // A single value that is longer than a cell is cut by `cut`.
        if wanted > room && index > 0 {
            left_out = left_out.saturating_add(values.len() - index);
            break;
        }
        room = room.saturating_sub(wanted);
        list.push_str(separator);
        list.push_str(value);
    }
    if left_out > 0 {
        list.extend([format!(", … and {left_out} more")]);
    }
    list
}

/// The text of a cell, not yet safe: a list ends with a count of the values that do not fit.
pub(super) fn cell(value: FieldValue<'_>) -> Cow<'_, str> {
    match value {
        FieldValue::Text(text) => text,
        FieldValue::Word(word, _) => word.into(),
        FieldValue::List(texts, omitted) => listed_of(&texts, omitted).into(),
        FieldValue::Addresses(addresses) => {
            let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            listed(&texts).into()
        }
        FieldValue::Day(time) | FieldValue::Minute(time) => spreadsheet_time(time).into(),
        own => {
            let mut text = String::new();
            own.write(&mut text);
            text.into()
        }
    }
}

/// "a, b and 3 more".
pub(crate) fn first(texts: &Texts, most: usize) -> String {
    let shown: Vec<&str> = texts.iter().take(most).collect();
    let rest = texts.len().saturating_sub(shown.len());
    if rest == 0 {
        shown.join(", ")
    } else {
        format!("{} and {} more", shown.join(", "), grouped(rest as u64))
    }
}

/// A text cut to the size of an Excel cell, with an ellipsis.
pub(super) fn cut(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= LONGEST_CELL || units(&text) <= LONGEST_CELL {
        return text;
    }
    let mut room = LONGEST_CELL - 1;
    let fitting = text.chars().take_while(|character| {
        let fits = character.len_utf16() <= room;
        room = room.saturating_sub(character.len_utf16());
        fits
    });
    Cow::Owned(fitting.chain(['…']).collect())
}

/// Probed addresses that are not listed, by reason: "250 filtered, 3 of names already listed"; `None` without any.
pub(super) fn unlisted(sheet: &Sheet<'_>, end: &ScanEnd) -> Option<String> {
    let unlisted = end.unlisted;
    let parts: Vec<String> = [
        (unlisted.filtered, "filtered"),
        (unlisted.closed, "closed"),
        (unlisted.unreachable, "unreachable"),
        (unlisted.not_probed, "not probed"),
        (sheet.tried_by_name, "of names already listed"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{} {word}", grouped(count)))
    .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A finding that every list includes whatever its severity, so that an unprobed host does not look healthy.
pub(super) fn says_why_not_probed(found: &Finding) -> bool {
    matches!(found.id, "RDP-GATEWAY" | "RDP-NOT-REACHED")
}

/// Remedies in the order to try them: "R1, then R2, then R3"; `None` without any.
pub(super) fn in_turn(remedies: &[&str]) -> Option<String> {
    (!remedies.is_empty()).then(|| remedies.join(", then "))
}

/// Each name with a DNS trouble and its addresses: "fs03.corp.example resolves to 10.0.0.250 (no answer)". Raw network text.
pub(super) fn where_names_lead(host: &Host) -> String {
    let own = host.key().endpoint().map(|own| own.address);
    let troubled = host.diagnosis.name_paths.iter();
    let troubled = troubled.filter(|path| path.verdict.is_trouble());
    let lines: Vec<String> = troubled
        .map(|path| {
            let name = match path.verdict {
                DnsVerdict::PtrMismatch => format!("the reverse name {}", path.name),
                _ => path.name.to_string(),
            };
            let members: Vec<String> = path
                .members
                .iter()
                .map(|member| format!("{} ({})", member.address, machine(*member, own)))
                .collect();
            match path.verdict {
                DnsVerdict::Error if members.is_empty() => {
                    format!("{name} could not be looked up")
                }
                _ if members.is_empty() => format!("{name} does not resolve"),
                _ => format!("{name} resolves to {}", members.join(", ")),
            }
        })
        .collect();
    lines.join("; ")
}

/// The machine at an address of a name.
pub(super) fn machine(member: NameMember, own: Option<IpAddr>) -> &'static str {
    match (member.reachable, member.same_identity) {
        _ if own == Some(member.address) => "this host",
        (Some(false), _) => "no answer",
        (None, _) => "not tried",
        (Some(true), Some(true)) => "the same machine",
        (Some(true), Some(false)) => "another machine",
        (Some(true), None) => not_a_host(member.address)
            .map_or("an unidentified machine", |what| what.trim_end_matches(',')),
    }
}

/// The names of a host by source: "asked for erp.corp.example; PTR srv05.corp.example; certificate none; NTLM srv05". Raw
/// network text.
pub(super) fn names_side_by_side(history: &History) -> String {
    let sides: Vec<String> = diagnosis::names_side_by_side(history)
        .into_iter()
        .map(|(who, names)| {
            if names.is_empty() {
                format!("{who} none")
            } else {
                format!("{who} {}", names.join(", "))
            }
        })
        .collect();
    sides.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_fits_is_whole() {
        assert_eq!(listed(&["a", "b"]), "a, b");
        assert_eq!(listed::<&str>(&[]), "");
    }

    #[test]
    fn a_list_that_is_too_long_keeps_whole_values_and_counts_the_rest() {
        let values = vec!["10.0.0.0/24"; 5000];
        let list = listed(&values);
        assert!(units(&list) <= LONGEST_CELL, "{}", units(&list));
        let (kept, rest) = list.split_once(", … and ").unwrap();
        let kept = kept.split(", ");
        assert!(kept.clone().all(|value| value == "10.0.0.0/24"));
        assert_eq!(rest, format!("{} more", 5000 - kept.count()));
    }

    #[test]
    fn a_text_longer_than_a_cell_is_cut_between_characters() {
        // Two units each, so that the room is not used up evenly.
        for character in ["x", "é", "🖥"] {
            let text = cut(Cow::Owned(character.repeat(40_000)));
            assert!(units(&text) <= LONGEST_CELL && units(&text) >= LONGEST_CELL - 1);
            assert!(text.ends_with('…'));
        }
        assert!(matches!(cut(Cow::Borrowed("short")), Cow::Borrowed(_)));
    }
}
