//! Tests of facts that come as numbers, dates and texts.

use std::fmt;

use jiff::civil::Date;

use super::test::matches_text;
use crate::fleet::Host;
use crate::model::{KeyAlgorithm, UtcSecond};
use crate::table::columns::{domain_of, thousandths};

const DAY_S: i64 = 86_400;
/// Digits before the point that a number can have.
const MOST_DIGITS: usize = 12;

/// Something that can be counted or measured, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    AlternativeNames,
    Key,
    Connect,
    Handshake,
    Loss,
    Attempts,
    Failures,
    Retransmits,
}

impl Measure {
    pub(super) const ALL: [Self; 8] = [
        Self::AlternativeNames,
        Self::Key,
        Self::Connect,
        Self::Handshake,
        Self::Loss,
        Self::Attempts,
        Self::Failures,
        Self::Retransmits,
    ];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::AlternativeNames => "sans",
            Self::Key => "key",
            Self::Connect => "connect",
            Self::Handshake => "handshake",
            Self::Loss => "loss",
            Self::Attempts => "attempts",
            Self::Failures => "failures",
            Self::Retransmits => "retransmits",
        }
    }

    /// What may stand behind the number.
    const fn unit(self) -> &'static str {
        match self {
            Self::Connect | Self::Handshake => "ms",
            Self::Loss => "%",
            _ => "",
        }
    }

    /// A number as typed, in thousandths.
    pub(super) fn read(self, value: &str) -> Option<i64> {
        let number = value.strip_suffix(self.unit()).unwrap_or(value).trim_end();
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) || whole.len() > MOST_DIGITS || part.len() > 3 {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let part: i64 = format!("{part:0<3}").parse().ok()?;
        Some(whole * 1000 + part)
    }

    pub(super) fn of(self, host: &Host) -> Option<i64> {
        let stability = &host.diagnosis.stability;
        let count = |count: u32| i64::from(count) * 1000;
        match self {
            Self::AlternativeNames => {
                let names = host.certificate()?.alternative_names();
                i64::try_from(names).ok()?.checked_mul(1000)
            }
            // Bits of an elliptic curve do not compare with those of the others.
            Self::Key => host
                .certificate()
                .map(|leaf| leaf.key)
                .filter(|key| matches!(key.algorithm, KeyAlgorithm::Rsa | KeyAlgorithm::Dsa))
                .map(|key| count(key.bits)),
            Self::Connect => stability
                .connect_ms
                .map(|spread| thousandths(spread.median)),
            Self::Handshake => stability
                .handshake_ms
                .map(|spread| thousandths(spread.median)),
            Self::Loss => Some(thousandths(stability.loss * 100.0)),
            Self::Attempts => Some(count(stability.attempts)),
            Self::Failures => Some(count(stability.failures)),
            Self::Retransmits => stability.retransmits.map(count),
        }
    }
}

/// Thousandths as a person writes them.
pub(super) struct Decimal(pub(super) i64);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 1000, self.0 % 1000);
        if part == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{part:03}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// A day, counted from 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(i64);

impl Day {
    pub(super) fn read(value: &str) -> Option<Self> {
        let date: Date = value.parse().ok()?;
        let days = date.duration_since(Date::constant(1970, 1, 1)).as_secs() / DAY_S;
        Some(Self(days))
    }

    fn of(time: UtcSecond) -> Self {
        Self(time.as_second().div_euclid(DAY_S))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let midnight = UtcSecond::from_second(self.0.saturating_mul(DAY_S));
        write!(f, "{}", midnight.civil().date())
    }
}

/// Something that happened on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Expires,
    FirstSeen,
    LastSeen,
}

impl When {
    pub(super) const ALL: [Self; 3] = [Self::Expires, Self::FirstSeen, Self::LastSeen];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Expires => "expires",
            Self::FirstSeen => "first_seen",
            Self::LastSeen => "last_seen",
        }
    }

    pub(super) fn of(self, host: &Host) -> Option<Day> {
        let sketch = host.sketch();
        match self {
            Self::Expires => host.certificate()?.not_after,
            Self::FirstSeen => sketch.first_seen.map(Into::into),
            Self::LastSeen => sketch.last_seen.map(Into::into),
        }
        .map(Day::of)
    }
}

/// A text that a host has once at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Predicted,
    Domain,
    Reverse,
    CommonName,
    Issuer,
    Thumbprint,
    Signature,
}

impl Said {
    pub(super) const ALL: [Self; 7] = [
        Self::Predicted,
        Self::Domain,
        Self::Reverse,
        Self::CommonName,
        Self::Issuer,
        Self::Thumbprint,
        Self::Signature,
    ];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Predicted => "predicted",
            Self::Domain => "domain",
            Self::Reverse => "reverse",
            Self::CommonName => "cn",
            Self::Issuer => "issuer",
            Self::Thumbprint => "thumbprint",
            Self::Signature => "signature",
        }
    }

    /// The pattern as it is held against the text; `None` when nothing is left of it.
    pub(super) fn pattern(self, value: &str) -> Option<String> {
        let mut pattern = value.to_owned();
        if self == Self::Thumbprint {
            // As certlm and other tools show it.
            pattern.retain(|c| !matches!(c, ' ' | ':' | '\u{200e}'));
        }
        (!pattern.is_empty()).then_some(pattern)
    }

    pub(super) fn holds(self, host: &Host, pattern: &str) -> bool {
        let matches = |text: Option<&str>| text.is_some_and(|text| matches_text(pattern, text));
        match self {
            Self::Predicted => {
                let predicted = host.diagnosis.predicted.as_ref();
                matches(predicted.map(|predicted| predicted.code))
            }
            Self::Domain => matches(host.display_name().and_then(domain_of)),
            Self::Reverse => matches(host.sketch().reverse.as_deref()),
            Self::CommonName => matches(
                host.certificate()
                    .and_then(|leaf| leaf.common_name.as_deref()),
            ),
            Self::Issuer => matches(host.certificate().map(|leaf| leaf.issuer.as_ref())),
            Self::Thumbprint => {
                let sha1 = host.certificate().map(|leaf| leaf.sha1.to_string());
                matches(sha1.as_deref())
            }
            Self::Signature => matches(
                host.certificate()
                    .map(|leaf| leaf.signature_algorithm.as_ref()),
            ),
        }
    }
}
