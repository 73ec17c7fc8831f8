//! Reading the embedded files.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::entry::{Entry, Kind};
use super::source::{self, Sources};
use super::table;
use super::written::Written;
use crate::diagnosis::catalog;
use crate::diagnosis::remedies::{self, Place as Spot, Remedy};

/// The files by kind.
pub(super) const FILES: &[(Kind, &str)] = &[
    (Kind::Code, include_str!("data/codes.toml")),
    (Kind::Extended, include_str!("data/extended.toml")),
    (Kind::Finding, include_str!("data/findings-names.toml")),
    (Kind::Finding, include_str!("data/findings-tcp.toml")),
    (
        Kind::Finding,
        include_str!("data/findings-negotiation.toml"),
    ),
    (Kind::Finding, include_str!("data/findings-tls.toml")),
    (
        Kind::Finding,
        include_str!("data/findings-certificate.toml"),
    ),
    (Kind::Finding, include_str!("data/findings-identity.toml")),
    (Kind::Finding, include_str!("data/findings-stability.toml")),
    (Kind::Claim, include_str!("data/claims.toml")),
    (Kind::Client, include_str!("data/client.toml")),
    (Kind::Word, include_str!("data/words.toml")),
];

/// What leads to the remedies; their texts are those of [`remedies`].
pub(super) const LEADS: &str = include_str!("data/remedies.toml");

/// The table of sources.
pub(super) const SOURCES: &str = include_str!("data/sources.toml");

/// A file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(rename = "entry")]
    pub(super) entries: Vec<Written>,
}

/// What stands in a file about a remedy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lead {
    pub(super) key: String,
    #[serde(default)]
    pub(super) see: Vec<String>,
    pub(super) words: Vec<String>,
}

/// A file of those.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leads {
    #[serde(rename = "entry")]
    pub(super) entries: Vec<Lead>,
}

/// Every entry of every file, completed and sorted.
pub(super) fn entries() -> Vec<Entry> {
    let sources: Sources = parsed(SOURCES);
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
        .map(|(kind, written)| complete(kind, written, &sources))
        .collect();
    let mut leads = parsed::<Leads>(LEADS).entries;
    entries.extend(remedies::all().iter().map(|remedy| {
        let place = leads.iter().position(|lead| lead.key == remedy.key);
        of_remedy(remedy, place.map(|place| leads.swap_remove(place)))
    }));
    entries.sort_by(|one, other| order(one).cmp(&order(other)));
    entries
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

fn complete(kind: Kind, mut written: Written, sources: &Sources) -> Entry {
    let known = catalog::entry(&written.key);
    let mut citations: Vec<String> = written
        .sources
        .iter()
        .filter_map(|id| sources.get(id))
        .map(source::Source::citation)
        .collect();
    citations.extend(known.map(|known| known.source.to_owned()));
    citations.dedup();
    let is_code = matches!(kind, Kind::Code | Kind::Extended | Kind::Status);
    let has_standing = !matches!(kind, Kind::Finding | Kind::Remedy | Kind::Word);
    let standing = has_standing.then(|| {
        let best = source::best(sources, &written.sources);
        written.standing.map_or(best, |own| own.max(best))
    });
    written.words.extend(written.says.clone());
    written.words.dedup();
    Entry {
        kind,
        number: is_code.then(|| number(&written.key)).flatten(),
        last: written.last,
        title: known.map_or(written.title, |known| known.meaning.to_owned()),
        name: written.name,
        standing,
        verdict: written.verdict,
        severity: known.map(|known| known.severity).or(written.severity),
        reported: (kind == Kind::Finding).then_some(known.is_some() || is_banner(&written.key)),
        stage: written.stage,
        text: written.text,
        says: written.says,
        scan: written.scan,
        fires: written.fires,
        unless: written.unless,
        user: written.user,
        causes: written.causes,
        instead: written.instead,
        place: None,
        checks: written.checks,
        findings: written.findings,
        fixes: match known {
            Some(known) => known.remedies.iter().copied().map(str::to_owned).collect(),
            None => written.fixes,
        },
        see: written.see,
        also: written.also,
        words: written.words,
        signs: written.signs,
        sources: citations,
        remedy: None,
        key: written.key,
    }
}

/// A remedy as an entry: its own text, and what leads to it.
fn of_remedy(remedy: &'static Remedy, lead: Option<Lead>) -> Entry {
    let (see, words) = lead.map_or_else(Default::default, |lead| (lead.see, lead.words));
    let places: Vec<&str> = remedy.places.iter().copied().map(Spot::words).collect();
    Entry {
        kind: Kind::Remedy,
        key: remedy.key.clone(),
        number: None,
        last: None,
        title: remedy.title.clone(),
        name: None,
        standing: None,
        verdict: None,
        severity: None,
        reported: None,
        stage: None,
        text: vec![remedy.purpose.trim().to_owned()],
        says: None,
        scan: None,
        fires: None,
        unless: None,
        user: None,
        causes: Vec::new(),
        instead: None,
        place: Some(places.join("; ")),
        checks: Vec::new(),
        findings: Vec::new(),
        fixes: Vec::new(),
        see,
        also: Vec::new(),
        words,
        signs: Vec::new(),
        sources: remedy.sources.clone(),
        remedy: Some(remedy),
    }
}

fn is_banner(key: &str) -> bool {
    catalog::BANNERS.iter().any(|(id, _)| *id == key)
}

/// The number in `0x904` or `ext-0x7`.
fn number(key: &str) -> Option<u32> {
    let digits = key.strip_prefix("ext-").unwrap_or(key).strip_prefix("0x")?;
    u32::from_str_radix(digits, 16).ok()
}
