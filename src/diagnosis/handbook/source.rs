//! The table of sources that entries cite.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::entry::Standing;

/// The sources by id.
pub(super) type Sources = BTreeMap<String, Source>;

/// A page, specification, report or measurement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    publisher: String,
    title: String,
    /// The day or month of reading, as in `2026-11-30`. Only what the authors did themselves has none.
    pub(super) read: Option<String>,
    /// How well an entry is known that cites nothing else.
    #[serde(default)]
    pub(super) standing: Standing,
}

impl Source {
    /// The source as an entry shows it.
    pub(super) fn citation(&self) -> String {
        let Self {
            publisher, title, ..
        } = self;
        match &self.read {
            Some(read) => format!("{publisher}: {title} (read {read})"),
            None => format!("{publisher}: {title}"),
        }
    }
}

/// The standing of what cites these: that of the best of them.
pub(super) fn best(sources: &Sources, cited: &[String]) -> Standing {
    cited
        .iter()
        .filter_map(|id| sources.get(id))
        .map(|source| source.standing)
        .min()
        .unwrap_or(Standing::Reported)
}
