//! The table of sources: findings, remedies and the handbook's entries cite ids of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// The sources by id.
pub(super) type Sources = BTreeMap<String, Source>;

/// INVARIANT: the file is part of the program and parses; a test holds it to it.
pub(super) static ALL: LazyLock<Sources> =
    LazyLock::new(|| toml::from_str(include_str!("sources.toml")).unwrap_or_default());

/// How well something is known. The order is from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The vendor or a standard documents it.
    #[default]
    Documented,
    /// Measured by the authors of this program.
    Measured,
    /// People report it; no vendor page has it.
    Reported,
}

impl Standing {
    /// The standing in words; `None` for the usual one.
    #[must_use]
    pub const fn words(self) -> Option<&'static str> {
        match self {
            Self::Documented => None,
            Self::Measured => Some("measured, not documented"),
            Self::Reported => Some("reported, not documented"),
        }
    }
}

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
    fn citation(&self) -> String {
        let Self {
            publisher, title, ..
        } = self;
        match &self.read {
            Some(read) => format!("{publisher}: {title} (read {read})"),
            None => format!("{publisher}: {title}"),
        }
    }
}

/// The sources with these ids as readers see them.
pub(super) fn citations(cited: &[String]) -> Vec<String> {
    let known = cited.iter().filter_map(|id| ALL.get(id));
    known.map(Source::citation).collect()
}

/// The standing of what cites these: that of the best of them.
pub(super) fn best(cited: &[String]) -> Standing {
    cited
        .iter()
        .filter_map(|id| ALL.get(id))
        .map(|source| source.standing)
        .min()
        .unwrap_or(Standing::Reported)
}
