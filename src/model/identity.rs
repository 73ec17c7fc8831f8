//! Identifiers of scans, sites and writers, by which events are stored, resumed and merged.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use derive_more::Display;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Which scan: when it began, to the second, and eight hexadecimal digits, as `20261128T210114Z-a64c30c9`. Ids sort by time.
///
/// The upper four digits are the fraction of the second, the lower four are random, so that scans begun in one second sort by
/// time and differ. Nothing but digits, letters and `-`: safe in a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Display)]
#[display("{}-{rest:08x}", second.strftime(ID_TIME))]
pub struct ScanId {
    second: DateTime,
    rest: u32,
}

/// The date and time in an id.
const ID_TIME: &str = "%Y%m%dT%H%M%SZ";

impl ScanId {
    /// The id of a scan that begins at `at`.
    #[must_use]
    pub fn new(at: Timestamp, random: u16) -> Self {
        let time = TimeZone::UTC.to_datetime(at);
        // In 65,536ths of a second: always below 65,536.
        let fraction = (i64::from(time.subsec_nanosecond()) << 16) / 1_000_000_000;
        let fraction = u32::try_from(fraction).unwrap_or_default();
        let second = time.with().subsec_nanosecond(0).build().unwrap_or(time);
        Self {
            second,
            rest: fraction << 16 | u32::from(random),
        }
    }

    /// When the scan began, to the second.
    #[must_use]
    pub fn began(self) -> Timestamp {
        let zoned = TimeZone::UTC.to_timestamp(self.second);
        zoned.unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// Where probes are sent from: 1 to 32 of `a-z`, `0-9`, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site(Arc<str>);

/// The longest name of a site.
const LONGEST_SITE: usize = 32;

impl Site {
    /// The site that a machine is by its own name: the first label, in lower case, with `-` for what a site's name cannot hold.
    #[must_use]
    pub fn of_machine(name: &str) -> Self {
        let label = name.split('.').next().unwrap_or_default();
        let plain = |c: char| if is_of_site(c) { c } else { '-' };
        let site: String = label
            .chars()
            .map(|c| plain(c.to_ascii_lowercase()))
            .take(LONGEST_SITE)
            .collect();
        if site.is_empty() {
            Self("here".into())
        } else {
            Self(site.into())
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const fn is_of_site(c: char) -> bool {
    matches!(c, 'a'..='z' | '0'..='9' | '_' | '-')
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One run of one writer of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Display)]
pub enum Stream {
    /// The n-th process that carried the scan on, from 1: each resume is another.
    #[display("run-{_0}")]
    Run(u32),
    /// A part of the scan that a worker was given. The highest delivery replaces those before it.
    #[display("shard-{number}-{delivery}")]
    Shard {
        /// Which part.
        number: u32,
        /// How often it was given out so far, this time included.
        delivery: u32,
    },
}

impl Stream {
    /// The stream of a scan that was not resumed.
    pub const FIRST: Self = Self::Run(1);
}

/// A sweep of a scan. Written as the scan's id, with the number behind it from the second one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EpochId {
    /// Which scan.
    pub scan: ScanId,
    /// Number of the sweep in a watched scan, from 1.
    pub epoch: u32,
}

impl EpochId {
    /// A sweep by its number.
    #[must_use]
    pub const fn new(scan: ScanId, epoch: u32) -> Self {
        Self { scan, epoch }
    }
}

impl fmt::Display for EpochId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.epoch {
            1 => write!(f, "{}", self.scan),
            epoch => write!(f, "{}/{epoch}", self.scan),
        }
    }
}

/// Who writes events: what all events of one writer have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// Which scan.
    pub scan: ScanId,
    /// Number of the sweep in a watched scan, from 1.
    pub epoch: u32,
    /// From where.
    pub site: Site,
    /// Which run of the writer.
    pub stream: Stream,
}

impl Origin {
    /// The first run of a scan.
    #[must_use]
    pub const fn new(scan: ScanId, site: Site) -> Self {
        Self {
            scan,
            epoch: 1,
            site,
            stream: Stream::FIRST,
        }
    }
}

/// A text that is no identifier of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what}: expected {form}")]
pub struct IdentityError {
    what: &'static str,
    form: &'static str,
}

const SCAN_FORM: &str = "a scan id such as 20261128T210114Z-a64c30c9";
const SITE_FORM: &str = "1 to 32 of a-z, 0-9, _ and -";
const STREAM_FORM: &str = "run-1, or shard-7-2";

impl FromStr for ScanId {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let read = || {
            let (time, rest) = text.split_once('-')?;
            let id = Self {
                second: DateTime::strptime(ID_TIME, time).ok()?,
                rest: u32::from_str_radix(rest, 16).ok()?,
            };
            // Only the very text that it is written as: no signs, no capitals.
            (id.to_string() == text).then_some(id)
        };
        read().ok_or(IdentityError {
            what: "scan id",
            form: SCAN_FORM,
        })
    }
}

impl FromStr for Site {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        if (1..=LONGEST_SITE).contains(&text.len()) && text.chars().all(is_of_site) {
            Ok(Self(text.into()))
        } else {
            Err(IdentityError {
                what: "site",
                form: SITE_FORM,
            })
        }
    }
}

impl FromStr for Stream {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let read = || {
            let (kind, rest) = text.split_once('-')?;
            let stream = match kind {
                "run" => Self::Run(rest.parse().ok()?),
                "shard" => {
                    let (number, delivery) = rest.split_once('-')?;
                    Self::Shard {
                        number: number.parse().ok()?,
                        delivery: delivery.parse().ok()?,
                    }
                }
                _ => return None,
            };
            let is_counted = !matches!(stream, Self::Run(0) | Self::Shard { delivery: 0, .. });
            (is_counted && stream.to_string() == text).then_some(stream)
        };
        read().ok_or(IdentityError {
            what: "stream",
            form: STREAM_FORM,
        })
    }
}

/// Identifiers are written as their text, and read as strictly as they are parsed.
macro_rules! as_text {
    ($name:ident, $pattern:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

as_text!(ScanId, "^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$");
as_text!(Site, "^[a-z0-9_-]{1,32}$");
as_text!(Stream, "^(run-[0-9]+|shard-[0-9]+-[0-9]+)$");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written_and_in_no_other_way() {
        for text in ["20261128T210114Z-a64c30c9", "19700101T000000Z-00000000"] {
            assert_eq!(text.parse::<ScanId>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "20261128T210114Z",
            "20261128T210114Z-a64c30c",
            "20261128T210114Z-A64C30C9",
            "20261128T210114Z-+64c30c9",
            "20261328T210114Z-a64c30c9",
            "20261128T210114Z-a64c30c9/../x",
        ] {
            assert!(text.parse::<ScanId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_site_is_made_of_any_machine_s_name() {
        for (name, site) in [
            ("ADMIN-PC", "admin-pc"),
            ("hq01.corp.example", "hq01"),
            ("Büro 7", "b-ro-7"),
            ("", "here"),
        ] {
            assert_eq!(Site::of_machine(name).as_str(), site);
        }
        for text in ["", "Berlin", "a.b", "a b", &"x".repeat(33)] {
            assert!(text.parse::<Site>().is_err(), "{text}");
        }
    }

    #[test]
    fn streams_are_read_as_they_are_written() {
        let shard = Stream::Shard {
            number: 7,
            delivery: 2,
        };
        for (stream, text) in [(Stream::FIRST, "run-1"), (shard, "shard-7-2")] {
            assert_eq!(stream.to_string(), text);
            assert_eq!(text.parse(), Ok(stream));
        }
        for text in [
            "run-",
            "run-01",
            "run-0",
            "shard-1-0",
            "run-+1",
            "shard-7",
            "desk-1",
            "run-1-1",
        ] {
            assert!(text.parse::<Stream>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn ids_sort_as_their_times_do(
            one in 0..4_000_000_000_000_000_i64,
            other in 0..4_000_000_000_000_000_i64,
            random in any::<u16>(),
        ) {
            // A fraction is kept to a 65,536th of a second.
            prop_assume!((one - other).abs() > 16);
            let id = |microsecond| {
                ScanId::new(Timestamp::from_microsecond(microsecond).unwrap(), random)
            };
            prop_assert_eq!(id(one) < id(other), one < other);
            prop_assert_eq!(id(one).to_string() < id(other).to_string(), one < other);
            prop_assert_eq!(id(one).to_string().parse(), Ok(id(one)));
        }

        #[test]
        fn any_name_makes_a_site(name in ".{0,80}") {
            let site = Site::of_machine(&name);
            prop_assert_eq!(site.as_str().parse::<Site>(), Ok(site.clone()));
        }
    }
}
