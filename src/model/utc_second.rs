use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// A second of UTC, in every year from -9999 to 9999. [`Timestamp`] ends a day before 9999-12-31T23:59:59Z, by which a
/// certificate says that it never expires (RFC 5280 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcSecond(DateTime);

impl UtcSecond {
    /// The last of all.
    pub const MAX: Self = Self(date(9999, 12, 31).at(23, 59, 59, 0));
    const MIN: Self = Self(DateTime::MIN);

    /// The second that is so many after 1970; what is out of range becomes the nearest there is.
    #[must_use]
    pub fn from_second(second: i64) -> Self {
        let time = EPOCH.checked_add(SignedDuration::from_secs(second));
        time.map_or(if second < 0 { Self::MIN } else { Self::MAX }, Self)
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn as_second(self) -> i64 {
        self.0.duration_since(EPOCH).as_secs()
    }

    /// Date and time of day.
    #[must_use]
    pub const fn civil(self) -> DateTime {
        self.0
    }
}

/// The day of a time, UTC.
#[must_use]
pub fn utc_day(time: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(time).date()
}

/// Whole seconds, rounded down.
fn floor(since: SignedDuration) -> i64 {
    since.as_secs() - i64::from(since.subsec_nanos() < 0)
}

impl From<Timestamp> for UtcSecond {
    /// The second in which it lies.
    fn from(time: Timestamp) -> Self {
        Self::from_second(floor(time.as_duration()))
    }
}

impl PartialEq<Timestamp> for UtcSecond {
    fn eq(&self, other: &Timestamp) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd<Timestamp> for UtcSecond {
    fn partial_cmp(&self, other: &Timestamp) -> Option<Ordering> {
        let own = i128::from(self.as_second()) * 1_000_000_000;
        own.partial_cmp(&other.as_nanosecond())
    }
}

impl fmt::Display for UtcSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", self.0)
    }
}

impl FromStr for UtcSecond {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        // As it is written here, or any form of a timestamp.
        match text.strip_suffix('Z').map(str::parse::<DateTime>) {
            Some(Ok(time)) => Ok(Self::from_second(floor(time.duration_since(EPOCH)))),
            _ => text.parse::<Timestamp>().map(Self::from),
        }
    }
}

impl Serialize for UtcSecond {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.as_second())
        }
    }
}

impl<'de> Deserialize<'de> for UtcSecond {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = Cow::<str>::deserialize(deserializer)?;
            text.parse().map_err(D::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self::from_second)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_expiration_is_written_as_it_is_and_read_back() {
        let written = serde_json::to_string(&UtcSecond::MAX).unwrap();
        assert_eq!(written, "\"9999-12-31T23:59:59Z\"");
        assert_eq!(
            serde_json::from_str::<UtcSecond>(&written).unwrap(),
            UtcSecond::MAX
        );
        assert_eq!(UtcSecond::MAX.as_second(), 253_402_300_799);
        assert!(UtcSecond::MAX > Timestamp::MAX);
    }

    #[test]
    fn other_forms_of_a_time_are_read_too() {
        let wanted = UtcSecond::from_second(1_767_225_600);
        for text in [
            "2026-01-01T00:00:00Z",
            "2026-01-01T01:00:00+01:00",
            "2026-01-01T00:00:00.999999999Z",
            "2026-01-01 00:00:00Z",
        ] {
            assert_eq!(text.parse::<UtcSecond>().unwrap(), wanted, "{text}");
        }
        for text in [
            "",
            "Z",
            "2026-01-01T00:00:00",
            "9999-13-01T00:00:00Z",
            "no date",
        ] {
            assert!(text.parse::<UtcSecond>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_out_of_range_is_the_nearest_there_is() {
        assert_eq!(UtcSecond::from_second(i64::MAX), UtcSecond::MAX);
        assert_eq!(
            UtcSecond::from_second(i64::MIN).to_string(),
            "-009999-01-01T00:00:00Z"
        );
    }

    proptest! {
        #[test]
        fn every_second_comes_back(second in -377_705_116_800_i64..=253_402_300_799) {
            let time = UtcSecond::from_second(second);
            prop_assert_eq!(time.as_second(), second);
            prop_assert_eq!(time.to_string().parse::<UtcSecond>().unwrap(), time);
            let bytes = postcard::to_allocvec(&time).unwrap();
            prop_assert_eq!(postcard::from_bytes::<UtcSecond>(&bytes).unwrap(), time);
        }

        #[test]
        fn a_timestamp_is_written_and_ordered_alike(
            one in -377_705_023_201_i64..253_402_207_200,
            other in -377_705_023_201_i64..253_402_207_200,
            nano in 0..1_000_000_000_i32,
        ) {
            let time = UtcSecond::from_second(one);
            let timestamp = Timestamp::from_second(one).unwrap();
            prop_assert_eq!(UtcSecond::from(timestamp), time);
            prop_assert_eq!(time.to_string(), timestamp.to_string());
            let later = Timestamp::new(other, nano).unwrap_or(timestamp);
            prop_assert_eq!(time.partial_cmp(&later), Some(timestamp.cmp(&later)));
            prop_assert!(UtcSecond::from(later) <= later);
        }
    }
}
