//! How declarations are written: a constructor for each kind of field, then what differs from its defaults.

use super::words::KnownWord;
use super::{FieldKind, FieldSpec, ReadHistory, ReadRow, Source};
use crate::fleet::Host;
use crate::table::value::{FieldValue, SortKey};

const DATE: &str = "a date such as 2026-12-31";

const fn row(
    key: &'static str,
    meaning: &'static str,
    kind: FieldKind,
    read: ReadRow,
) -> FieldSpec {
    FieldSpec {
        key,
        aliases: &[],
        heading: key,
        short: None,
        meaning,
        kind,
        takes: "a value",
        example: ":x",
        letter: None,
        width: (14, 34),
        source: Source::Row(read),
        text: None,
        compared: None,
        order: None,
        descending: false,
        searched: true,
    }
}

pub(super) const fn text(key: &'static str, meaning: &'static str, read: ReadRow) -> FieldSpec {
    row(key, meaning, FieldKind::Text, read)
}

pub(super) const fn words(
    key: &'static str,
    meaning: &'static str,
    known: fn() -> Vec<KnownWord>,
    read: ReadRow,
) -> FieldSpec {
    row(key, meaning, FieldKind::Words(known), read).width(13, 13)
}

pub(super) const fn number(key: &'static str, meaning: &'static str, read: ReadRow) -> FieldSpec {
    let kind = FieldKind::Number {
        unit: "",
        least: 0,
        most: 999_999_999_999,
        whole: true,
    };
    let mut spec = row(key, meaning, kind, read);
    spec.searched = false;
    spec.width(8, 12)
}

pub(super) const fn milliseconds(
    key: &'static str,
    meaning: &'static str,
    read: ReadRow,
) -> FieldSpec {
    number(key, meaning, read)
        .measure()
        .unit("ms")
        .filter("a number of milliseconds", ">100")
        .descending()
        .width(10, 12)
}

pub(super) const fn day(key: &'static str, meaning: &'static str, read: ReadRow) -> FieldSpec {
    row(key, meaning, FieldKind::Date, read)
        .filter(DATE, "<2026-12-31")
        .width(10, 20)
}

pub(super) const fn minute(key: &'static str, meaning: &'static str, read: ReadRow) -> FieldSpec {
    day(key, meaning, read).width(16, 20)
}

pub(super) const fn address(key: &'static str, meaning: &'static str, read: ReadRow) -> FieldSpec {
    row(key, meaning, FieldKind::Address, read)
}

pub(super) const fn hex(key: &'static str, meaning: &'static str, read: ReadRow) -> FieldSpec {
    row(key, meaning, FieldKind::Hex, read).filter("a thumbprint or a part of one", ":5a5a*")
}

pub(super) const fn build(key: &'static str, meaning: &'static str, read: ReadRow) -> FieldSpec {
    row(key, meaning, FieldKind::Build, read)
        .filter("a build such as 20348 or 10.0.20348", "<17763")
        .width(11, 14)
}

pub(super) const fn finding(key: &'static str, meaning: &'static str, read: ReadRow) -> FieldSpec {
    row(key, meaning, FieldKind::FindingId, read).filter("the id of a finding", ":RDP-DNS-*")
}

/// A field that is read from the history.
pub(super) const fn recorded(
    key: &'static str,
    meaning: &'static str,
    read: ReadHistory,
) -> FieldSpec {
    let mut spec = text(key, meaning, |_| FieldValue::Missing).not_searched();
    spec.source = Source::History(read);
    spec
}

impl FieldSpec {
    pub(super) const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The name for people, where it is not the key.
    pub(super) const fn heading(mut self, heading: &'static str) -> Self {
        self.heading = heading;
        self
    }

    pub(super) const fn short(mut self, heading: &'static str) -> Self {
        self.short = Some(heading);
        self
    }

    /// What follows it in a filter, and an example: a sign with a value.
    pub(super) const fn filter(mut self, takes: &'static str, example: &'static str) -> Self {
        self.takes = takes;
        self.example = example;
        self
    }

    pub(super) const fn unit(mut self, suffix: &'static str) -> Self {
        if let FieldKind::Number { unit, .. } = &mut self.kind {
            *unit = suffix;
        }
        self
    }

    /// A filter takes decimals, too.
    pub(super) const fn measure(mut self) -> Self {
        if let FieldKind::Number { whole, .. } = &mut self.kind {
            *whole = false;
        }
        self
    }

    pub(super) const fn range(mut self, first: i64, last: i64) -> Self {
        if let FieldKind::Number { least, most, .. } = &mut self.kind {
            *least = first;
            *most = last;
        }
        self
    }

    pub(super) const fn text(mut self, write: fn(&Host, &mut String)) -> Self {
        self.text = Some(write);
        self
    }

    pub(super) const fn compare(mut self, read: ReadRow) -> Self {
        self.compared = Some(read);
        self
    }

    pub(super) const fn order(mut self, order: for<'a> fn(&'a Host) -> SortKey<'a>) -> Self {
        self.order = Some(order);
        self
    }

    pub(super) const fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    pub(super) const fn searched(mut self) -> Self {
        self.searched = true;
        self
    }

    pub(super) const fn not_searched(mut self) -> Self {
        self.searched = false;
        self
    }

    pub(super) const fn width(mut self, least: u16, ample: u16) -> Self {
        self.width = (least, ample);
        self
    }

    pub(super) const fn letter(mut self, letter: char) -> Self {
        self.letter = Some(letter);
        self
    }
}
