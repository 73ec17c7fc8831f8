//! Reading the embedded files.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::entry::{Entry, Kind};
use super::table;
use super::written::Written;
use crate::diagnosis::catalog::{self, FindingKind};
use crate::diagnosis::remedies::{self, Place, Remedy};
use crate::diagnosis::sources::{best, citations};

/// The files by kind.
pub(super) const FILES: &[(Kind, &str)] = &[
    (Kind::Code, include_str!("data/codes.toml")),
    (Kind::Extended, include_str!("data/extended.toml")),
    (Kind::Claim, include_str!("data/claims.toml")),
    (Kind::Client, include_str!("data/client.toml")),
    (Kind::Session, include_str!("data/sessions.toml")),
    (Kind::Word, include_str!("data/words.toml")),
];

/// Messages in other languages, and what people type in their own words: by language, then by the key of the entry that they
/// lead to.
pub(super) const MESSAGES: [&str; 2] = [
    include_str!("data/messages.toml"),
    include_str!("data/phrases.toml"),
];

pub(super) type Messages = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// A file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(rename = "entry")]
    pub(super) entries: Vec<Written>,
}

/// Every entry of every file, completed and sorted.
pub(super) fn entries() -> Vec<Entry> {
    let single = FILES
        .iter()
        .map(|(kind, text)| (*kind, parsed::<File>(text).entries));
    let tables = table::FILES.iter().map(|(kind, text)| {
        let tables = parsed::<table::File>(text).tables.into_iter();
        (
            *kind,
            tables.flat_map(|table| table.written(*kind)).collect(),
        )
    });
    let mut entries: Vec<Entry> = single
        .chain(tables)
        .flat_map(|(kind, written): (Kind, Vec<Written>)| {
            written.into_iter().map(move |written| (kind, written))
        })
        .map(|(kind, written)| complete(kind, written))
        .collect();
    let kinds = catalog::kinds().chain(catalog::notices());
    entries.extend(kinds.map(of_finding));
    entries.extend(remedies::all().iter().map(of_remedy));
    entries.sort_by(|one, other| order(one).cmp(&order(other)));
    for entry in &mut entries {
        entry.todo = entry.todo.take().or_else(|| first_remedy(&entry.fixes));
    }
    let mut messages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let by_language = MESSAGES.map(|text| parsed::<Messages>(text).into_values());
    for (key, texts) in by_language.into_iter().flatten().flatten() {
        messages.entry(key).or_default().extend(texts);
    }
    for entry in &mut entries {
        entry
            .words
            .extend(messages.remove(&entry.key).into_iter().flatten());
    }
    entries
}

/// The first of some remedies, with the keys of the others.
fn first_remedy(fixes: &[String]) -> Option<String> {
    let (first, others) = fixes.split_first()?;
    let title = &remedies::find(first)?.title;
    Some(match others {
        [] => format!("{title} ({first})."),
        others => format!(
            "{title} ({first}); if that is not it: {}.",
            others.join(", ")
        ),
    })
}

/// Kind, then number, then key.
pub(super) fn order(entry: &Entry) -> (Kind, u32, &str) {
    let number = entry.number.or_else(|| {
        entry
            .key
            .trim_start_matches(|character: char| character.is_ascii_alphabetic())
            .parse()
            .ok()
    });
    (entry.kind, number.unwrap_or_default(), &entry.key)
}

/// INVARIANT: the files are part of the program and parse; `tests::every_file_parses` holds them to it.
fn parsed<T: DeserializeOwned + Default>(text: &str) -> T {
    toml::from_str(text).unwrap_or_default()
}

fn complete(kind: Kind, mut written: Written) -> Entry {
    let is_code = matches!(kind, Kind::Code | Kind::Extended | Kind::Status);
    let has_standing = kind != Kind::Word;
    let standing = has_standing.then(|| {
        let best = best(&written.sources);
        written.standing.map_or(best, |own| own.max(best))
    });
    written.words.extend(written.says.clone());
    written.words.dedup();
    Entry {
        kind,
        number: is_code.then(|| number(&written.key)).flatten(),
        last: written.last,
        title: written.title,
        name: written.name,
        standing,
        verdict: written.verdict,
        todo: written.todo.or_else(|| written.instead.clone()),
        text: written.text,
        says: written.says,
        scan: written.scan,
        user: written.user,
        causes: written.causes,
        instead: written.instead,
        checks: written.checks,
        findings: written.findings,
        fixes: written.fixes,
        see: written.see,
        also: written.also,
        words: written.words,
        signs: written.signs,
        sources: citations(&written.sources),
        key: written.key,
        ..Entry::default()
    }
}

fn of_finding(kind: &FindingKind) -> Entry {
    Entry {
        kind: Kind::Finding,
        key: kind.id.to_owned(),
        title: kind.title.to_owned(),
        severity: Some(kind.severity),
        standing: Some(best(&kind.sources)),
        reported: Some(true),
        stage: Some(kind.stage),
        todo: kind.todo.clone(),
        text: kind.text.clone(),
        fires: Some(kind.fires.clone()),
        unless: kind.unless.clone(),
        user: Some(kind.user.clone()),
        fixes: kind.remedies.iter().copied().map(str::to_owned).collect(),
        see: kind.see.clone(),
        words: kind.words.clone(),
        sources: citations(&kind.sources),
        ..Entry::default()
    }
}

fn of_remedy(remedy: &'static Remedy) -> Entry {
    let places: Vec<&str> = remedy.places.iter().copied().map(Place::words).collect();
    Entry {
        kind: Kind::Remedy,
        key: remedy.key.clone(),
        title: remedy.title.clone(),
        text: vec![remedy.purpose.trim().to_owned()],
        place: Some(places.join("; ")),
        standing: Some(remedy.standing),
        see: remedy.see.clone(),
        words: remedy.words.clone(),
        sources: remedy.sources.clone(),
        remedy: Some(remedy),
        ..Entry::default()
    }
}

/// The number in `0x904` or `ext-0x7`.
fn number(key: &str) -> Option<u32> {
    let digits = key.strip_prefix("ext-").unwrap_or(key).strip_prefix("0x")?;
    u32::from_str_radix(digits, 16).ok()
}
