//! The values that fields are compared with.

use std::fmt;
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use jiff::civil::Date;

use super::error::FilterFault;
use super::lex::Operator;
use crate::model::UtcSecond;
use crate::table::fields::{FieldKind, KnownWord, finding_ids};
use crate::table::value::{FieldValue, lower, thousandths};

const DAY_S: i64 = 86_400;
/// Digits before the point that a number can have.
const MOST_DIGITS: usize = 12;

/// What a field is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    /// A word, with its place where it is compared with an order.
    Word(&'static str, Option<i64>),
    /// In thousandths.
    Number(i64),
    /// A day, counted from 1970 in UTC.
    Day(i64),
    /// In lower case, `*` for anything.
    Text(String),
    /// In upper case, `*` for anything.
    Finding(String),
    Network(IpNetwork),
    /// From the first to the last, of one family.
    Range(IpAddr, IpAddr),
    /// Major and minor where they were given, and the build.
    Build(Option<(u8, u8)>, u16),
}

impl Operand {
    /// Reads a value in lower case; `None` when it is none of the kind.
    pub(super) fn read(kind: FieldKind, value: &str) -> Option<Self> {
        match kind {
            FieldKind::Number {
                unit,
                least,
                most,
                whole,
            } => {
                let value = value.strip_suffix(unit).unwrap_or(value).trim_end();
                let number = number(value).filter(|_| !(whole && value.contains('.')))?;
                let accepted = least.saturating_mul(1000)..=most.saturating_mul(1000);
                accepted.contains(&number).then_some(Self::Number(number))
            }
            FieldKind::Date => {
                let date: Date = value.parse().ok()?;
                let since = date.duration_since(Date::constant(1970, 1, 1));
                Some(Self::Day(since.as_secs() / DAY_S))
            }
            FieldKind::Address => address(value),
            FieldKind::Text => Some(Self::Text(value.to_owned())),
            FieldKind::Hex => {
                let mut digits = value.to_owned();
                // As certlm and other tools show it.
                digits.retain(|c| !matches!(c, ' ' | ':' | '\u{200e}'));
                (!digits.is_empty()).then_some(Self::Text(digits))
            }
            FieldKind::Build => build(value),
            FieldKind::Words(_) | FieldKind::FindingId => None,
        }
    }

    /// `None` when the word has no place in the order that is asked for.
    pub(super) fn word(known: KnownWord, operator: Operator) -> Option<Self> {
        match operator {
            Operator::Equal => Some(Self::Word(known.word, None)),
            _ => Some(Self::Word(known.word, Some(known.rank?))),
        }
    }

    /// Ids are known with and without their prefix.
    pub(super) fn finding(value: &str) -> Result<Self, FilterFault> {
        let value = value.to_uppercase();
        let pattern = if value.starts_with("RDP-") || value.starts_with('*') {
            value
        } else {
            format!("RDP-{value}")
        };
        // One that no host can ever have is a slip, and would be taken for good news.
        if finding_ids().iter().any(|known| glob(&pattern, known.word)) {
            Ok(Self::Finding(pattern))
        } else {
            Err(FilterFault::UnknownFinding { value: pattern })
        }
    }

    /// Whether the value of a host compares as the operator says; one that is missing never does.
    pub(super) fn matches(&self, operator: Operator, value: &FieldValue<'_>) -> bool {
        match (self, value) {
            (Self::Word(_, Some(place)), FieldValue::Word(_, found)) => {
                operator.holds(found, place)
            }
            (Self::Word(word, None), FieldValue::Word(found, _)) => word == found,
            (Self::Word(word, None), FieldValue::Text(found)) => word == found,
            (Self::Word(word, None), FieldValue::List(found, _)) => {
                found.iter().any(|one| one == word)
            }
            (Self::Number(number), FieldValue::Number(found)) => {
                operator.holds(&found.saturating_mul(1000), number)
            }
            (Self::Number(number), FieldValue::Decimal(found, _)) => {
                operator.holds(&thousandths(*found), number)
            }
            (Self::Day(day), FieldValue::Day(time) | FieldValue::Minute(time)) => {
                operator.holds(&time.as_second().div_euclid(DAY_S), day)
            }
            (Self::Text(pattern), FieldValue::Text(text)) => matches_text(pattern, text),
            (Self::Text(pattern), FieldValue::List(texts, _)) => {
                texts.iter().any(|text| matches_text(pattern, text))
            }
            (Self::Text(pattern), FieldValue::Sha1(digest)) => {
                matches_text(pattern, &digest.to_string())
            }
            (Self::Text(pattern), FieldValue::Sha256(digest)) => {
                matches_text(pattern, &digest.to_string())
            }
            (Self::Finding(pattern), FieldValue::List(ids, _)) => {
                ids.iter().any(|id| glob(pattern, id))
            }
            (Self::Network(_) | Self::Range(..), FieldValue::Address(address)) => {
                self.has_address(*address)
            }
            (Self::Network(_) | Self::Range(..), FieldValue::Addresses(addresses)) => {
                addresses.iter().any(|address| self.has_address(*address))
            }
            (Self::Network(_) | Self::Range(..), FieldValue::Network(network)) => {
                self.has_address(network.ip())
            }
            (Self::Build(system, build), FieldValue::Build(major, minor, found)) => {
                // A build alone is compared alone.
                let found = (system.map(|_| (*major, *minor)), *found);
                operator.holds(&found, &(*system, *build))
            }
            _ => false,
        }
    }

    fn has_address(&self, address: IpAddr) -> bool {
        match self {
            Self::Network(network) => network.contains(address),
            // Two families have no order between them.
            Self::Range(first, last) => {
                address.is_ipv4() == first.is_ipv4() && (*first..=*last).contains(&address)
            }
            _ => false,
        }
    }
}

/// In the normal form.
impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word, _) => f.write_str(word),
            Self::Number(number) => {
                let sign = if *number < 0 { "-" } else { "" };
                let (whole, part) = (number.unsigned_abs() / 1000, number.unsigned_abs() % 1000);
                write!(f, "{sign}{whole}")?;
                if part > 0 {
                    write!(f, ".{}", format!("{part:03}").trim_end_matches('0'))?;
                }
                Ok(())
            }
            Self::Day(day) => {
                let midnight = UtcSecond::from_second(day.saturating_mul(DAY_S));
                write!(f, "{}", midnight.civil().date())
            }
            Self::Text(pattern) | Self::Finding(pattern) => {
                let needs_quotes = |c: char| c.is_whitespace() || c == '(' || c == ')';
                if pattern.contains(needs_quotes) {
                    write!(f, "\"{pattern}\"")
                } else {
                    f.write_str(pattern)
                }
            }
            Self::Network(network) => write!(f, "{network}"),
            Self::Range(first, last) => write!(f, "{first}-{last}"),
            Self::Build(None, build) => write!(f, "{build}"),
            Self::Build(Some((major, minor)), build) => write!(f, "{major}.{minor}.{build}"),
        }
    }
}

/// A number as typed, in thousandths.
fn number(value: &str) -> Option<i64> {
    let (sign, digits) = match value.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, value),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || whole.len() > MOST_DIGITS || part.len() > 3 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = format!("{part:0<3}").parse().ok()?;
    Some(sign * (whole * 1000 + part))
}

/// `20348` or `10.0.20348`.
fn build(value: &str) -> Option<Operand> {
    let parts: Vec<&str> = value.split('.').collect();
    match parts.as_slice() {
        [build] => Some(Operand::Build(None, build.parse().ok()?)),
        [major, minor, build] => {
            let system = (major.parse().ok()?, minor.parse().ok()?);
            Some(Operand::Build(Some(system), build.parse().ok()?))
        }
        _ => None,
    }
}

/// An address, a network, or a range such as `10.0.4.10-50`.
fn address(value: &str) -> Option<Operand> {
    if let Ok(network) = value.parse() {
        return Some(Operand::Network(network));
    }
    let (first, last) = value.split_once('-')?;
    let first: IpAddr = first.parse().ok()?;
    let last: IpAddr = match (first, last.parse()) {
        (_, Ok(last)) => last,
        // The last number alone.
        (IpAddr::V4(first), Err(_)) => {
            let [a, b, c, _] = first.octets();
            IpAddr::from([a, b, c, last.parse().ok()?])
        }
        (IpAddr::V6(_), Err(_)) => return None,
    };
    (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(Operand::Range(first, last))
}

/// Whether `text` is the pattern, in which `*` stands for any number of characters.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            let Some((_, after)) = rest.split_once(middle) else {
                return false;
            };
            rest = after;
        }
    }
    match last {
        None => rest.is_empty(),
        Some(end) => rest.ends_with(end),
    }
}

/// Whether a text contains the pattern, or is the pattern, in which `*` stands for anything.
fn matches_text(pattern: &str, text: &str) -> bool {
    let text = lower(text);
    text.contains(pattern) || glob(pattern, &text)
}
