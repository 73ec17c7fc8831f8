//! Lists of texts that may be long or come from an untrusted file.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Texts in order, one after another in memory: a million short ones take a few bytes each, and not an allocation each.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Texts {
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Texts {
    /// Adds a text; `None` when there is no room for it within 4 GiB.
    fn push(&mut self, text: &str) -> Option<()> {
        let end = u32::try_from(self.text.len() + text.len()).ok()?;
        self.text.push_str(text);
        self.ends.push(end);
        Some(())
    }

    /// The texts.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let end = usize::try_from(*end).unwrap_or(usize::MAX);
            let text = self.text.get(start..end).unwrap_or_default();
            start = end;
            text
        })
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: AsRef<str>> FromIterator<T> for Texts {
    /// What has no room is left out.
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut made = Self::default();
        for text in texts {
            if made.push(text.as_ref()).is_none() {
                break;
            }
        }
        made
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;

        impl<'de> Visitor<'de> for Reading {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Texts::default();
                while let Some(text) = list.next_element::<Cow<'de, str>>()? {
                    let pushed = texts.push(&text);
                    pushed.ok_or_else(|| A::Error::custom("the texts take more than 4 GiB"))?;
                }
                Ok(texts)
            }
        }

        deserializer.deserialize_seq(Reading)
    }
}

impl JsonSchema for Texts {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<String>::json_schema(generator)
    }
}

/// Limit for lists that are bounded at their source: a certificate's names, a lookup's answers.
pub(super) const LONGEST_LIST: usize = 4096;

/// For `#[serde(deserialize_with = "texts::bounded")]`: a list that no writer makes longer than [`LONGEST_LIST`].
pub(super) fn bounded<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Reading<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Reading<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {LONGEST_LIST} entries")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut read = Vec::new();
            while let Some(entry) = list.next_element()? {
                if read.len() == LONGEST_LIST {
                    return Err(A::Error::invalid_length(read.len() + 1, &self));
                }
                read.push(entry);
            }
            Ok(read)
        }
    }

    deserializer.deserialize_seq(Reading(PhantomData))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_that_nobody_writes_is_refused_before_it_takes_memory() {
        let list = |length| serde_json::to_string(&vec!["a"; length]).unwrap();
        let read = |text: &str| {
            let mut deserializer = serde_json::Deserializer::from_str(text);
            bounded::<_, String>(&mut deserializer).map(|read| read.len())
        };
        assert_eq!(read(&list(LONGEST_LIST)).unwrap(), LONGEST_LIST);
        let error = read(&list(LONGEST_LIST + 1)).unwrap_err().to_string();
        assert!(error.contains("at most 4096 entries"), "{error}");
    }

    proptest! {
        #[test]
        fn texts_come_back_from_every_form(texts in proptest::collection::vec(".{0,6}", 0..20)) {
            let made: Texts = texts.iter().collect();
            prop_assert!(made.iter().eq(texts.iter().map(String::as_str)));
            prop_assert_eq!(made.len(), texts.len());
            let json = serde_json::to_string(&made).unwrap();
            prop_assert_eq!(&json, &serde_json::to_string(&texts).unwrap());
            prop_assert_eq!(&serde_json::from_str::<Texts>(&json).unwrap(), &made);
            let bytes = postcard::to_allocvec(&made).unwrap();
            prop_assert_eq!(&postcard::from_bytes::<Texts>(&bytes).unwrap(), &made);
        }
    }
}
