//! What a field says of one host: typed, so that cells, sort keys and comparisons follow from it.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use jiff::civil::DateTime;

use crate::model::{Digest, UtcSecond};

/// The value of a field. Texts are raw network text: make them safe for the sink before showing them.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue<'a> {
    /// Unknown, or not applicable.
    Missing,
    /// One of the program's own words, with its place in their order.
    Word(&'static str, i64),
    /// Text.
    Text(Cow<'a, str>),
    /// A whole number.
    Number(i64),
    /// A measure, shown with so many decimals.
    Decimal(f64, usize),
    /// A time of which people read the day.
    Day(UtcSecond),
    /// A time of which people read the minute.
    Minute(UtcSecond),
    /// An address.
    Address(IpAddr),
    /// Several addresses.
    Addresses(Vec<IpAddr>),
    /// A network.
    Network(IpNetwork),
    /// SHA-1.
    Sha1(Digest<20>),
    /// SHA-256.
    Sha256(Digest<32>),
    /// Major, minor and build of an operating system.
    Build(u8, u8, u16),
    /// Several texts, and how many more were left out when they were recorded.
    List(Vec<Cow<'a, str>>, usize),
}

impl<'a> FieldValue<'a> {
    pub(crate) fn text(text: Option<impl Into<Cow<'a, str>>>) -> Self {
        text.map_or(Self::Missing, |text| Self::Text(text.into()))
    }

    pub(crate) fn number(number: Option<impl TryInto<i64>>) -> Self {
        let number = number.and_then(|number| number.try_into().ok());
        number.map_or(Self::Missing, Self::Number)
    }

    pub(crate) fn decimal(value: Option<f64>, decimals: usize) -> Self {
        value.map_or(Self::Missing, |value| Self::Decimal(value, decimals))
    }

    pub(crate) fn day(time: Option<UtcSecond>) -> Self {
        time.map_or(Self::Missing, Self::Day)
    }

    pub(crate) fn minute(time: Option<impl Into<UtcSecond>>) -> Self {
        time.map_or(Self::Missing, |time| Self::Minute(time.into()))
    }

    /// Distinct texts in order; without any, the value is missing.
    pub(crate) fn list<T: Into<Cow<'a, str>>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut distinct: Vec<Cow<'a, str>> = Vec::new();
        for text in texts {
            let text = text.into();
            if !distinct.contains(&text) {
                distinct.push(text);
            }
        }
        if distinct.is_empty() {
            Self::Missing
        } else {
            Self::List(distinct, 0)
        }
    }

    pub(crate) fn into_owned(self) -> FieldValue<'static> {
        match self {
            Self::Missing => FieldValue::Missing,
            Self::Word(word, rank) => FieldValue::Word(word, rank),
            Self::Text(text) => FieldValue::Text(text.into_owned().into()),
            Self::Number(number) => FieldValue::Number(number),
            Self::Decimal(value, decimals) => FieldValue::Decimal(value, decimals),
            Self::Day(time) => FieldValue::Day(time),
            Self::Minute(time) => FieldValue::Minute(time),
            Self::Address(address) => FieldValue::Address(address),
            Self::Addresses(addresses) => FieldValue::Addresses(addresses),
            Self::Network(network) => FieldValue::Network(network),
            Self::Sha1(digest) => FieldValue::Sha1(digest),
            Self::Sha256(digest) => FieldValue::Sha256(digest),
            Self::Build(major, minor, build) => FieldValue::Build(major, minor, build),
            Self::List(texts, omitted) => {
                let owned = texts.into_iter().map(|text| text.into_owned().into());
                FieldValue::List(owned.collect(), omitted)
            }
        }
    }

    /// What it sorts by; texts by their letters, lists by their length.
    pub(super) fn sort_key(self) -> SortKey<'a> {
        match self {
            Self::Missing => SortKey::Missing,
            Self::Word(_, number) | Self::Number(number) => SortKey::Number(number),
            Self::Text(text) => SortKey::Text(text),
            Self::Decimal(value, _) => SortKey::Number(thousandths(value)),
            Self::Day(time) | Self::Minute(time) => SortKey::Number(time.as_second()),
            Self::Address(address) => SortKey::Address(address),
            Self::Addresses(addresses) => addresses
                .into_iter()
                .min()
                .map_or(SortKey::Missing, SortKey::Address),
            Self::Network(network) => SortKey::Address(network.ip()),
            Self::Sha1(digest) => SortKey::Digest(digest.0),
            // The first bytes of a digest tell it apart from every other.
            Self::Sha256(Digest(bytes)) => bytes
                .first_chunk()
                .map_or(SortKey::Missing, |first| SortKey::Digest(*first)),
            Self::Build(major, minor, build) => SortKey::Number(
                (i64::from(major) << 24) | (i64::from(minor) << 16) | i64::from(build),
            ),
            Self::List(texts, omitted) => {
                let length = i64::try_from(texts.len().saturating_add(omitted));
                length.map_or(SortKey::Missing, SortKey::Number)
            }
        }
    }

    /// Appends it as people read it.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Missing => {}
            Self::Word(word, _) => out.push_str(word),
            Self::Text(text) => out.push_str(text),
            Self::Number(number) => append(out, format_args!("{number}")),
            Self::Decimal(value, decimals) => append(out, format_args!("{value:.decimals$}")),
            Self::Day(time) => write_day(out, time.civil()),
            Self::Minute(time) => {
                let at = time.civil();
                write_day(out, at);
                out.push(' ');
                write_pair(out, at.hour());
                out.push(':');
                write_pair(out, at.minute());
            }
            Self::Address(address) => append(out, format_args!("{address}")),
            Self::Addresses(addresses) => joined(out, addresses),
            Self::Network(network) => append(out, format_args!("{network}")),
            Self::Sha1(digest) => append(out, format_args!("{digest}")),
            Self::Sha256(digest) => append(out, format_args!("{digest}")),
            Self::Build(major, minor, build) => {
                append(out, format_args!("{major}.{minor}.{build}"));
            }
            Self::List(texts, omitted) => {
                joined(out, texts);
                if *omitted > 0 {
                    append(out, format_args!(", … and {omitted} more"));
                }
            }
        }
    }
}

fn joined<T: fmt::Display>(out: &mut String, values: &[T]) {
    for (index, value) in values.iter().enumerate() {
        let gap = if index == 0 { "" } else { ", " };
        append(out, format_args!("{gap}{value}"));
    }
}

/// Writing into a string cannot fail.
pub(super) fn append(out: &mut String, arguments: fmt::Arguments<'_>) {
    if out.write_fmt(arguments).is_err() {
        debug_assert!(false, "a string takes any text");
    }
}

/// As `%Y-%m-%d`, digit by digit: a filter for a date writes this for every host while somebody types.
fn write_day(out: &mut String, at: DateTime) {
    let century = i8::try_from(at.year() / 100).ok();
    match century.filter(|_| at.year() >= 0) {
        Some(century) => {
            write_pair(out, century);
            write_pair(out, i8::try_from(at.year() % 100).unwrap_or_default());
        }
        None => append(out, format_args!("{}", at.strftime("%Y"))),
    }
    for part in [at.month(), at.day()] {
        out.push('-');
        write_pair(out, part);
    }
}

/// Two digits.
fn write_pair(out: &mut String, number: i8) {
    let number = number.unsigned_abs();
    out.push(char::from(b'0' + number / 10 % 10));
    out.push(char::from(b'0' + number % 10));
}

/// What a field sorts a host by. Variants do not mix within a field, but for [`SortKey::Missing`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey<'a> {
    Number(i64),
    /// IPv4 before IPv6.
    Address(IpAddr),
    /// Whatever its case: replaced by a number or [`SortKey::Lower`] before anything is compared.
    Text(Cow<'a, str>),
    /// Text in lower case behind its first bytes, which mostly decide.
    Lower(u64, Cow<'a, str>),
    Digest([u8; 20]),
    /// By rank, then by text.
    Ranked(i64, &'a str),
    /// Last in both directions, so that a table never opens on blanks.
    Missing,
}

impl SortKey<'_> {
    /// Greatest first.
    pub(super) fn descending(self) -> Self {
        match self {
            Self::Number(number) => Self::Number(number.saturating_neg()),
            other => other,
        }
    }
}

/// Thousandths of a measure, so that it has an order.
#[expect(
    clippy::cast_possible_truncation,
    reason = "shares and milliseconds are far from the ends of an i64, where a cast stops"
)]
pub(super) fn thousandths(value: f64) -> i64 {
    (value * 1000.0).round() as i64
}

/// The text in lower case, borrowed where it already is.
pub(super) fn lower(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return text.to_lowercase().into();
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        text.to_ascii_lowercase().into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn minutes_are_written_as_their_pattern_says() {
        for text in [
            "2026-03-07T00:00:00Z",
            "1999-12-31T23:59:59Z",
            "0009-01-02T03:04:05Z",
            "9999-12-30T09:08:07Z",
            "-000044-03-15T12:00:00Z",
        ] {
            let time: Timestamp = text.parse().unwrap();
            let mut written = String::new();
            FieldValue::Minute(time.into()).write(&mut written);
            assert_eq!(written, time.strftime("%Y-%m-%d %H:%M").to_string());
        }
    }
}
