//! The handbook: disconnect codes, statuses, events, updates, findings, remedies, what the web claims, and what only the client
//! can see.
//!
//! The entries of findings and remedies come from the [catalogue](super::catalog) and from [`remedies`](super::remedies); all others
//! stand in TOML files beside this one, embedded and parsed once.

mod entry;
mod load;
mod search;
mod table;
#[cfg(test)]
mod tests;
mod written;

use std::sync::{LazyLock, OnceLock};

pub use entry::{Cause, Claimed, Entry, Kind, Standing};
use search::Index;

pub use search::{Answer, Shape};

static HANDBOOK: LazyLock<Handbook> = LazyLock::new(|| Handbook {
    entries: load::entries(),
    index: OnceLock::new(),
});

/// Every entry, sorted by kind and then by number or key.
#[derive(Debug)]
pub struct Handbook {
    entries: Vec<Entry>,
    /// Made for the first question that is words: codes and keys do without.
    index: OnceLock<Index>,
}

/// The handbook of this version.
#[must_use]
pub fn handbook() -> &'static Handbook {
    &HANDBOOK
}

impl Handbook {
    /// Every entry, sorted by kind and then by number or key.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::new(&self.entries))
    }

    /// The entry of a key, whatever the case of its letters.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.key.eq_ignore_ascii_case(key))
    }

    /// The entry of a disconnect code, or of a status.
    #[must_use]
    pub fn code(&self, number: u32) -> Option<&Entry> {
        self.numbered(Kind::Code, number)
            .or_else(|| self.numbered(Kind::Status, number))
    }

    /// The entry of an extended disconnect reason.
    #[must_use]
    pub fn extended(&self, number: u32) -> Option<&Entry> {
        self.numbered(Kind::Extended, number)
    }

    /// The entry of exactly this number, or else the range that it is in.
    fn numbered(&self, kind: Kind, number: u32) -> Option<&Entry> {
        let of_kind = || self.entries.iter().filter(|entry| entry.kind == kind);
        let is_exact = |entry: &&Entry| entry.number == Some(number) && entry.last.is_none();
        of_kind().find(is_exact).or_else(|| {
            of_kind().find(|entry| match (entry.number, entry.last) {
                (Some(first), Some(last)) => (first..=last).contains(&number),
                _ => false,
            })
        })
    }
}
