//! Words of admins, in several languages, for which the handbook has another one.

use std::collections::BTreeMap;

use super::tokens::folded;

/// Words of so many letters are recognised inside a longer one: German writes "Zertifikatsfehler" and "Leerlaufzeitlimit".
const LEAST_PART: usize = 6;

/// What a word may stand for, folded.
#[derive(Debug)]
pub(super) struct Synonyms {
    by_word: BTreeMap<String, Vec<String>>,
}

impl Default for Synonyms {
    /// INVARIANT: the file is part of the program and parses; `tests::search` holds it to it.
    fn default() -> Self {
        let file: BTreeMap<String, Vec<String>> =
            toml::from_str(include_str!("../data/synonyms.toml")).unwrap_or_default();
        let mut by_word: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (meaning, words) in file {
            for word in words {
                // Of scripts without blanks the first pair of characters stands for the word.
                let word = folded(&word);
                let first = super::tokens::words(&word)
                    .first()
                    .map(|first| (*first).to_owned());
                by_word
                    .entry(first.unwrap_or(word))
                    .or_default()
                    .push(meaning.clone());
            }
        }
        Self { by_word }
    }
}

impl Synonyms {
    /// The words of the handbook that a folded word stands for; none for one that has no other meaning.
    pub(super) fn of<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a str> {
        let is_meant = move |own: &str| {
            let is_part = own.len() >= LEAST_PART && (word.starts_with(own) || word.ends_with(own));
            own == word || is_part
        };
        let meant = self.by_word.iter().filter(move |(own, _)| is_meant(own));
        meant.flat_map(|(_, meanings)| meanings).map(String::as_str)
    }
}
