//! Reading the embedded files.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::entry::{Cause, Claimed, Entry, Kind, Place, Standing};
use crate::diagnosis::catalog;
use crate::diagnosis::remedies::{self, Place as Spot, Remedy};
use crate::model::Severity;

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

/// Citations by key.
pub(super) const SOURCES: &str = include_str!("data/sources.toml");

/// An entry as it stands in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) key: String,
    pub(super) title: String,
    last: Option<u32>,
    name: Option<String>,
    standing: Option<Standing>,
    verdict: Option<Claimed>,
    severity: Option<Severity>,
    stage: Option<Place>,
    text: Vec<String>,
    scan: Option<String>,
    fires: Option<String>,
    unless: Option<String>,
    user: Option<String>,
    #[serde(default, rename = "cause")]
    causes: Vec<Cause>,
    instead: Option<String>,
    #[serde(default)]
    checks: Vec<String>,
    #[serde(default)]
    findings: Vec<String>,
    #[serde(default)]
    pub(super) fixes: Vec<String>,
    #[serde(default)]
    see: Vec<String>,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    signs: Vec<String>,
    #[serde(default)]
    pub(super) sources: Vec<String>,
}

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
    let sources: BTreeMap<String, String> = parsed(SOURCES);
    let mut entries: Vec<Entry> = FILES
        .iter()
        .flat_map(|(kind, text)| {
            parsed::<File>(text)
                .entries
                .into_iter()
                .map(|written| complete(*kind, written, &sources))
        })
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

fn complete(kind: Kind, written: Written, sources: &BTreeMap<String, String>) -> Entry {
    let known = catalog::entry(&written.key);
    let mut citations: Vec<String> = written
        .sources
        .iter()
        .filter_map(|key| sources.get(key).cloned())
        .collect();
    citations.extend(known.map(|known| known.source.to_owned()));
    citations.dedup();
    let is_code = matches!(kind, Kind::Code | Kind::Extended);
    Entry {
        kind,
        number: is_code.then(|| number(&written.key)).flatten(),
        last: written.last,
        title: known.map_or(written.title, |known| known.meaning.to_owned()),
        name: written.name,
        standing: is_code.then(|| written.standing.unwrap_or_default()),
        verdict: written.verdict,
        severity: known.map(|known| known.severity).or(written.severity),
        reported: (kind == Kind::Finding).then_some(known.is_some() || is_banner(&written.key)),
        stage: written.stage,
        text: written.text,
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
