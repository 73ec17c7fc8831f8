//! Filtered and sorted rows.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::str::FromStr;

use derive_more::Display;

use super::fields::Field;
use super::filter::Filter;
use super::nearest::hint;
use super::value::{SortKey, lower};
use crate::fleet::{Host, HostId};
use crate::model::{Endpoint, HostKey};
use crate::sanitize::excerpt;

/// With more distinct texts than this, texts are compared directly.
const MOST_RANKED: usize = 256;

/// A host while rows are sorted: sort key, endpoint, id, and the host key for names without an address. The endpoint is
/// next to the key so that comparing equals does not load two hosts.
type Keyed<'a> = (SortKey<'a>, Option<Endpoint>, HostId, &'a HostKey);

/// Makes texts quick to compare. Few distinct texts, such as issuers, are replaced by their rank. Many are compared by their
/// first eight bytes, kept in the key.
fn rank(keyed: &mut [Keyed<'_>]) {
    let Some(numbers) = numbers(keyed) else {
        return prefix(keyed);
    };
    for ((key, ..), number) in keyed.iter_mut().zip(numbers) {
        if let Some(number) = number {
            *key = SortKey::Number(number);
        }
    }
}

/// The rank of each text; `None` when there are too many distinct ones.
fn numbers(keyed: &[Keyed<'_>]) -> Option<Vec<Option<i64>>> {
    let mut found: HashMap<&str, usize> = HashMap::new();
    let mut places = Vec::with_capacity(keyed.len());
    for (key, ..) in keyed {
        let SortKey::Text(text) = key else {
            places.push(None);
            continue;
        };
        let next = found.len();
        places.push(Some(*found.entry(text).or_insert(next)));
        if found.len() > MOST_RANKED {
            return None;
        }
    }
    let mut texts: Vec<(Cow<'_, str>, usize)> = found
        .into_iter()
        .map(|(text, place)| (lower(text), place))
        .collect();
    texts.sort_unstable();
    let mut ranks = vec![0; texts.len()];
    let mut before: Option<&str> = None;
    let mut current = 0;
    for (text, place) in &texts {
        current += i64::from(before.is_some_and(|before| before != text));
        before = Some(text);
        if let Some(rank) = ranks.get_mut(*place) {
            *rank = current;
        }
    }
    let rank = |place: Option<usize>| ranks.get(place?).copied();
    Some(places.into_iter().map(rank).collect())
}

fn prefix(keyed: &mut [Keyed<'_>]) {
    for (key, ..) in keyed {
        if let SortKey::Text(text) = key {
            let text = match std::mem::take(text) {
                Cow::Borrowed(text) => lower(text),
                Cow::Owned(text) => match lower(&text) {
                    Cow::Borrowed(_) => text.into(),
                    Cow::Owned(lower) => lower.into(),
                },
            };
            let mut first = [0; 8];
            for (to, from) in first.iter_mut().zip(text.bytes()) {
                *to = from;
            }
            *key = SortKey::Lower(u64::from_be_bytes(first), text);
        }
    }
}

/// Sort column and direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display)]
#[display("{}{}", if *inverted { "-" } else { "" }, column.key())]
pub struct Sort {
    pub column: Field,
    /// Greatest first.
    pub inverted: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self {
            column: Field::State,
            inverted: false,
        }
    }
}

/// An invalid sort key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no column `{}`{}: use {}{}, with - in front for the other way round",
    excerpt(word),
    hint(word, Field::names()),
    if word.contains([',', ' ', ';']) { "one of " } else { "" },
    Field::keys_of_rows()
)]
pub struct SortError {
    pub word: String,
}

/// Parses `days_left`, or `-days_left` for descending order.
impl FromStr for Sort {
    type Err = SortError;

    fn from_str(text: &str) -> Result<Self, SortError> {
        let text = text.trim();
        let (word, inverted) = match text.strip_prefix('-') {
            Some(word) => (word, true),
            None => (text, false),
        };
        match Field::of_key(word) {
            Some(column) if column.is_of_rows() => Ok(Self { column, inverted }),
            _ => Err(SortError {
                word: word.to_owned(),
            }),
        }
    }
}

/// The hosts that pass the filter, sorted; equal ones by address, then names without an address.
#[must_use]
pub fn arrange<'a>(
    hosts: impl Iterator<Item = (HostId, &'a Host)>,
    filter: &Filter,
    sort: Sort,
) -> Vec<HostId> {
    let mut scratch = filter.scratch();
    let mut keyed: Vec<Keyed<'_>> = hosts
        .filter(|(_, host)| filter.passes(host, &mut scratch))
        .map(|(id, host)| {
            let host_key = host.key();
            (
                sort.column.sort_key(host),
                host_key.endpoint(),
                id,
                host_key,
            )
        })
        .collect();
    rank(&mut keyed);
    let address_inverted = sort.column == Field::Address && sort.inverted;
    keyed.sort_unstable_by(|a, b| {
        compare(&a.0, &b.0, sort.inverted)
            // Names without an address come after all addresses.
            .then_with(|| a.1.is_none().cmp(&b.1.is_none()))
            .then_with(|| {
                if address_inverted {
                    b.1.cmp(&a.1)
                } else {
                    a.1.cmp(&b.1)
                }
            })
            .then_with(|| a.3.cmp(b.3))
    });
    keyed.into_iter().map(|(_, _, id, _)| id).collect()
}

fn compare(a: &SortKey<'_>, b: &SortKey<'_>, inverted: bool) -> Ordering {
    match (a, b) {
        (SortKey::Missing, _) | (_, SortKey::Missing) => a.cmp(b),
        _ if inverted => b.cmp(a),
        _ => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kit::{attempt, legacy, times};
    use crate::model::{Outcome, Stage, TlsVersion};

    fn nobody() -> HostKey {
        HostKey::Unresolved {
            name: String::new(),
            port: 0,
        }
    }

    fn keyed<'a>(key: SortKey<'a>, place: usize, host: &'a HostKey) -> Keyed<'a> {
        (key, None, HostId::at(place), host)
    }

    #[test]
    fn an_order_reads_back_as_it_was_written() {
        for column in Field::of_rows() {
            for inverted in [false, true] {
                let sort = Sort { column, inverted };
                assert_eq!(sort.to_string().parse(), Ok(sort));
            }
        }
        let error = "-dasy".parse::<Sort>().unwrap_err().to_string();
        assert!(error.starts_with("there is no column `dasy` (did you mean `days`?): use state, "));
    }

    #[test]
    fn listed_hosts_without_a_connection_stand_with_the_broken() {
        let tcp = |outcome: &Outcome| times(3, || attempt().stage(Stage::Tcp, outcome.clone()));
        let makers = [
            times(3, || attempt().through()).at("10.0.0.1"),
            tcp(&Outcome::Refused).at("10.0.0.2").unlisted(),
            tcp(&Outcome::Refused).at("10.0.0.3"),
            times(3, || attempt().shown(legacy(TlsVersion::TLS_1_0))).at("10.0.0.4"),
            tcp(&Outcome::HostUnreachable).at("10.0.0.5"),
            // The one is critical, the other high.
            times(3, || attempt().refused(3)).at("10.0.0.6"),
            times(3, || attempt().refused(2)).at("10.0.0.7"),
        ];
        let hosts = makers.map(|made| Host::new(&made.history, made.diagnose()));
        let ids = (0..).map(HostId::at);
        let rows = arrange(ids.clone().zip(&hosts), &Filter::default(), Sort::default());
        let at = |row: &HostId| ids.clone().position(|id| id == *row).unwrap();
        let addresses = rows.iter().map(|row| hosts[at(row)].key().to_string());
        let expected = ["6", "7", "5", "3", "4", "2", "1"];
        assert_eq!(
            addresses.collect::<Vec<_>>(),
            expected.map(|last| format!("10.0.0.{last}:3389"))
        );
    }

    #[test]
    fn texts_get_numbers_in_their_order_and_case_makes_no_difference() {
        let texts = ["b", "A", "c", "a", "B", "\u{c4}", "\u{e4}"];
        let nobody = nobody();
        let mut list: Vec<_> = texts
            .iter()
            .map(|text| keyed(SortKey::Text((*text).into()), 0, &nobody))
            .collect();
        list.push(keyed(SortKey::Missing, 0, &nobody));
        rank(&mut list);
        let keys: Vec<_> = list.into_iter().map(|(key, ..)| key).collect();
        let mut expected: Vec<_> = [1, 0, 2, 0, 1, 3, 3].map(SortKey::Number).into();
        expected.push(SortKey::Missing);
        assert_eq!(keys, expected);
    }

    proptest! {
        /// Both ways of comparing sort like the texts in lower case.
        #[test]
        fn few_and_many_texts_are_put_in_the_same_order(texts in proptest::collection::vec("[a-cA-C\u{c4}]{0,10}", 0..40)) {
            let nobody = nobody();
            let list = || -> Vec<Keyed<'_>> {
                let texts = texts.iter().enumerate();
                texts.map(|(index, text)| keyed(SortKey::Text(text.into()), index, &nobody)).collect()
            };
            let order = |mut list: Vec<Keyed<'_>>| -> Vec<HostId> {
                list.sort_by(|a, b| compare(&a.0, &b.0, false));
                list.into_iter().map(|(_, _, id, _)| id).collect()
            };
            let mut expected: Vec<usize> = (0..texts.len()).collect();
            expected.sort_by_key(|index| texts[*index].to_lowercase());
            let expected: Vec<HostId> = expected.into_iter().map(HostId::at).collect();
            let mut few = list();
            rank(&mut few);
            prop_assert_eq!(order(few), &*expected);
            let mut many = list();
            prefix(&mut many);
            prop_assert_eq!(order(many), &*expected);
        }
    }

    #[test]
    fn many_different_texts_are_compared_as_texts() {
        let texts: Vec<String> = (0..=MOST_RANKED).map(|n| format!("srv{n:05}")).collect();
        let nobody = nobody();
        let mut list: Vec<Keyed<'_>> = texts
            .iter()
            .map(|text| keyed(SortKey::Text(text.into()), 0, &nobody))
            .collect();
        rank(&mut list);
        let is_text = |(key, ..): &Keyed<'_>| matches!(key, SortKey::Lower(..));
        assert!(list.iter().all(is_text));
    }

    #[test]
    fn what_is_missing_comes_last_in_both_directions() {
        for inverted in [false, true] {
            assert_eq!(
                compare(&SortKey::Missing, &SortKey::Number(1), inverted),
                Ordering::Greater
            );
        }
    }
}
