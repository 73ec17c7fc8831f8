//! Serialisation of points in time: RFC 3339 in text, whole microseconds since 1970 in binary.

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A serialised point in time; replaces [`jiff::Timestamp`] in schemas, since that has none.
pub(crate) struct Moment(Timestamp);

/// The time in whole microseconds, the resolution of every form.
#[must_use]
pub fn whole_microseconds(time: Timestamp) -> Timestamp {
    from_microsecond(time.as_microsecond()).unwrap_or(time)
}

/// [`Timestamp::from_microsecond`] refuses all but the first microsecond of the last second.
fn from_microsecond(microsecond: i64) -> Result<Timestamp, jiff::Error> {
    let rest = microsecond % 1_000_000 * 1000;
    // Less than a second.
    Timestamp::new(
        microsecond / 1_000_000,
        i32::try_from(rest).unwrap_or_default(),
    )
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&whole_microseconds(self.0))
        } else {
            serializer.serialize_i64(self.0.as_microsecond())
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Timestamp::deserialize(deserializer).map(|time| Self(whole_microseconds(time)))
        } else {
            let time = from_microsecond(i64::deserialize(deserializer)?);
            time.map(Self).map_err(D::Error::custom)
        }
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// For `#[serde(with = "moment")]`.
pub(super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    Moment(*time).serialize(serializer)
}

/// For `#[serde(with = "moment")]`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Timestamp, D::Error> {
    Moment::deserialize(deserializer).map(|moment| moment.0)
}

/// The same for a time that may be absent.
pub(super) mod option {
    use super::{Deserialize, Deserializer, Moment, Serialize, Serializer, Timestamp};

    #[expect(clippy::ref_option, reason = "serde passes fields by reference")]
    pub(in super::super) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(Moment).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let moment = Option::<Moment>::deserialize(deserializer)?;
        Ok(moment.map(|moment| moment.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn both_forms(time: Timestamp) -> [Timestamp; 2] {
        let json = serde_json::to_string(&Moment(time)).unwrap();
        let bytes = postcard::to_allocvec(&Moment(time)).unwrap();
        let from_json: Moment = serde_json::from_str(&json).unwrap();
        let from_bytes: Moment = postcard::from_bytes(&bytes).unwrap();
        [from_json.0, from_bytes.0]
    }

    #[test]
    fn the_first_and_the_last_time_come_back_from_both_forms() {
        let late = "9999-12-30T22:00:00.999999Z".parse().unwrap();
        for time in [late, Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(both_forms(time), [whole_microseconds(time); 2]);
        }
        assert_eq!(whole_microseconds(late), late);
    }

    proptest! {
        #[test]
        fn every_time_comes_back_to_the_microsecond(nanosecond in any::<i64>()) {
            let time = Timestamp::from_nanosecond(nanosecond.into()).unwrap();
            prop_assert_eq!(both_forms(time), [whole_microseconds(time); 2]);
            prop_assert!(time.duration_since(whole_microseconds(time)).abs().as_nanos() < 1000);
        }
    }
}
