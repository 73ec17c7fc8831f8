//! The fields of a host. Each is declared once, in [`declared`]: cells, sort, filter, completion, the columns of CSV, workbook,
//! Markdown and screen follow from that.

mod declared;
mod read;
mod spec;
mod words;

pub use declared::Field;
pub(crate) use read::{is_self_signed, key_text};
pub use words::KnownWord;
pub(super) use words::finding_ids;

use std::cell::LazyCell;

use super::value::{FieldValue, SortKey};
use crate::fleet::Host;
use crate::model::History;

/// Reads a field from what every row keeps, fast enough for all rows at once.
pub(super) type ReadRow = for<'a> fn(&'a Host) -> FieldValue<'a>;
/// Reads a field from the history, which has to be unpacked from the row's log.
pub(super) type ReadHistory = for<'a> fn(&'a Host, &'a History) -> FieldValue<'a>;

/// Where a field is read from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    Row(ReadRow),
    /// Shown and written, but no rows are sorted or filtered by it.
    History(ReadHistory),
}

/// How a field is compared in a filter.
#[derive(Debug, Clone, Copy)]
pub enum FieldKind {
    /// One of these words; ordered where they have ranks.
    Words(fn() -> Vec<KnownWord>),
    /// A number between these two, perhaps followed by its unit.
    Number {
        /// What may follow the number.
        unit: &'static str,
        /// The least that is accepted.
        least: i64,
        /// The most that is accepted.
        most: i64,
        /// No decimals are accepted.
        whole: bool,
    },
    /// A day.
    Date,
    /// An address, a network or a range.
    Address,
    /// Text, with `*` for anything.
    Text,
    /// Hexadecimal digits, with `*` for anything.
    Hex,
    /// The version or the build of an operating system.
    Build,
    /// The id of a finding, with `*` for anything.
    FindingId,
}

impl FieldKind {
    /// Whether `<` and `>` are accepted.
    pub(super) fn is_ordered(self) -> bool {
        match self {
            Self::Words(known) => known().iter().any(|word| word.rank.is_some()),
            Self::Number { .. } | Self::Date | Self::Build => true,
            Self::Address | Self::Text | Self::Hex | Self::FindingId => false,
        }
    }
}

/// The declaration of a field.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    /// The name in `--columns`, `--sort`, filters, CSV headings and settings.
    pub key: &'static str,
    /// Other names that are accepted for it.
    pub aliases: &'static [&'static str],
    /// The name for people: the heading on the screen and in workbooks.
    pub heading: &'static str,
    /// The heading where the whole one finds no room.
    pub short: Option<&'static str>,
    /// What it means, in a few words.
    pub meaning: &'static str,
    /// How a filter compares it.
    pub kind: FieldKind,
    /// What follows it in a filter, in words.
    pub takes: &'static str,
    /// The rest of an example of a filter: the sign and the value.
    pub example: &'static str,
    /// Picks it in the sort menu.
    pub letter: Option<char>,
    /// Characters that a column of it needs, and that it makes use of.
    pub width: (u16, u16),
    source: Source,
    /// What people read, where that is not the value as it is written.
    text: Option<fn(&Host, &mut String)>,
    /// What a filter compares, where that is not the value.
    compared: Option<ReadRow>,
    /// What it sorts by, where that does not follow from the value: the worst, or the first, is the least.
    order: Option<for<'a> fn(&'a Host) -> SortKey<'a>>,
    /// The greatest value sorts first.
    descending: bool,
    /// A word of a filter is looked for in it. Counts and measures are not searched: `3` would find every host.
    pub searched: bool,
}

impl Field {
    /// The columns of the screen by default.
    pub const USUAL: [Self; 9] = [
        Self::State,
        Self::Address,
        Self::Name,
        Self::DaysLeft,
        Self::Tls,
        Self::Nla,
        Self::Dns,
        Self::Stability,
        Self::Finding,
    ];

    /// The field with that key or alias, in any case of letters.
    #[must_use]
    pub fn of_key(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| {
            let mut names = field.names_of();
            names.any(|name| name.eq_ignore_ascii_case(text))
        })
    }

    /// The fields that rows are sorted and filtered by.
    pub fn of_rows() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|field| field.is_of_rows())
    }

    /// The key and the aliases of the fields that rows are sorted and filtered by.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        Self::of_rows().flat_map(Self::names_of)
    }

    /// Their keys, for a sentence.
    pub(super) fn keys_of_rows() -> String {
        Self::of_rows()
            .map(Self::key)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Whether rows are sorted and filtered by it.
    #[must_use]
    pub fn is_of_rows(self) -> bool {
        matches!(self.spec().source, Source::Row(_))
    }

    pub(super) fn is_date(self) -> bool {
        matches!(self.spec().kind, FieldKind::Date)
    }

    /// Its key and its aliases.
    pub(super) fn names_of(self) -> impl Iterator<Item = &'static str> {
        let spec = self.spec();
        std::iter::once(spec.key).chain(spec.aliases.iter().copied())
    }

    /// The name in settings, flags, filters and CSV.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.spec().key
    }

    /// What it means, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.spec().meaning
    }

    /// What the field is of a host. `history` is that of the host.
    #[must_use]
    pub fn value<'a>(self, host: &'a Host, history: &'a History) -> FieldValue<'a> {
        match self.spec().source {
            Source::Row(read) => read(host),
            Source::History(read) => read(host, history),
        }
    }

    /// Appends what people read. Raw network text: make it safe for the sink before showing it. `history` is that of the host:
    /// unpacking it is slow, so that it is asked for only by fields that are read from it.
    pub fn write<'a>(
        self,
        host: &'a Host,
        history: impl FnOnce() -> &'a History,
        out: &mut String,
    ) {
        let spec = self.spec();
        match (spec.text, spec.source) {
            (Some(write), _) => write(host, out),
            (None, Source::Row(read)) => read(host).write(out),
            (None, Source::History(read)) => read(host, history()).write(out),
        }
    }

    /// What people read of one field. For several of a host, [`Self::text_with`] unpacks its history once.
    #[must_use]
    pub fn text(self, host: &Host) -> String {
        let history = LazyCell::new(|| host.history());
        self.text_with(host, || &history)
    }

    /// As [`Self::write`].
    pub fn text_with<'a>(self, host: &'a Host, history: impl FnOnce() -> &'a History) -> String {
        let mut text = String::new();
        self.write(host, history, &mut text);
        text
    }

    /// What a filter compares; missing where rows are not filtered by it.
    pub(super) fn compared(self, host: &Host) -> FieldValue<'_> {
        let spec = self.spec();
        match (spec.compared, spec.source) {
            (Some(read), _) | (None, Source::Row(read)) => read(host),
            (None, Source::History(_)) => FieldValue::Missing,
        }
    }

    /// What a host sorts by; missing where rows are not sorted by it.
    pub(super) fn sort_key(self, host: &Host) -> SortKey<'_> {
        let spec = self.spec();
        match (spec.order, spec.source) {
            (Some(order), _) => order(host),
            (None, Source::Row(read)) if spec.descending => read(host).sort_key().descending(),
            (None, Source::Row(read)) => read(host).sort_key(),
            (None, Source::History(_)) => SortKey::Missing,
        }
    }

    /// Whether a word of a filter, in lower case, can occur in what people read. Most words have letters that dates, verdicts and
    /// addresses do not have, so that these need not be written.
    pub(super) fn can_contain(self, word: &str) -> bool {
        let spec = self.spec();
        if !spec.searched {
            return false;
        }
        let bytes = |allowed: fn(u8) -> bool| word.bytes().all(allowed);
        match spec.kind {
            FieldKind::Words(_) if spec.text.is_some() => true,
            FieldKind::Words(known) => known().iter().any(|one| one.word.contains(word)),
            FieldKind::Date => is_start_of_date(word),
            // Addresses with ports, and `no address`.
            FieldKind::Address => {
                bytes(|byte| byte.is_ascii_hexdigit() || b".:[], /nors".contains(&byte))
            }
            FieldKind::Hex => bytes(|byte| byte.is_ascii_hexdigit()),
            FieldKind::Build => bytes(|byte| byte.is_ascii_digit() || byte == b'.'),
            FieldKind::Number { .. } => {
                bytes(|byte| byte.is_ascii_alphanumeric() || b"-. ".contains(&byte))
            }
            FieldKind::Text | FieldKind::FindingId => true,
        }
    }
}

/// A year and a dash: fewer digits occur in every date, and would find every host.
pub(super) fn is_start_of_date(word: &str) -> bool {
    let (year, rest) = word.split_at_checked(4).unwrap_or((word, ""));
    year.len() == 4
        && year.bytes().all(|byte| byte.is_ascii_digit())
        && rest.starts_with('-')
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"-: ".contains(&byte))
}

#[cfg(test)]
mod tests;
