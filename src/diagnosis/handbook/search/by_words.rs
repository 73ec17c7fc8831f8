//! Answers to questions that are words: messages, phrases, what an entry is about.

use super::numbers::{MARKS, kind_of};
use super::tokens::words;
use super::{Answer, Shape, noted};
use crate::diagnosis::handbook::Handbook;
use crate::diagnosis::handbook::entry::Entry;

/// Hits shown; more would not be read.
const MOST_HITS: usize = 15;
/// Words of a question that are looked up; messages are shorter.
const MOST_WORDS: usize = 400;
/// A partial match has at least one word in so many; with fewer, the hits have nothing to do with the question.
const ONE_WORD_IN: usize = 3;
/// From this likeness on, a phrase of the entry is what was asked for, whatever other words stand around it.
const SAME_PHRASE: f32 = 0.5;
/// Words of the shortest message.
const LEAST_MESSAGE: usize = 6;
/// Hits worth less than this share of the best would not be read.
const LEAST_SHARE: f32 = 0.4;
/// Begins the note on hits that only come near.
const PARTLY: &str = "No entry has all of these words";

#[rustfmt::skip]
const EMPTY_WORDS: &[&str] = &[
    "a", "aber", "al", "am", "an", "and", "are", "at", "au", "auch", "auf", "aux", "avec", "be", "because", "been", "bei", "by",
    "can", "ce", "cette", "con", "d", "dans", "das", "dass", "de", "del", "dem", "den", "der", "des", "die", "do", "does", "du",
    "ein", "eine", "einem", "einen", "einer", "el", "en", "error", "es", "est", "et", "for", "from", "fuer", "has", "hat", "have",
    "how", "i", "ich", "ihr", "ihre", "il", "im", "in", "is", "ist", "it", "kann", "l", "la", "las", "le", "les", "lo", "los",
    "mais", "mit", "my", "nach", "ne", "nicht", "nur", "oder", "of", "on", "or", "par", "para", "pas", "pero", "por", "pour",
    "que", "qui", "rdp", "s", "se", "sich", "su", "sur", "t", "that", "the", "this", "to", "un", "una", "und", "une", "vom",
    "von", "votre", "vous", "was", "wenn", "what", "which", "why", "wie", "wird", "with", "wurde", "y", "you", "your", "zu",
    "zum", "zur",
];

impl Handbook {
    /// The entry whose message a folded question is, whatever the `numbers` in it.
    pub(super) fn message_in(&self, question: &str, numbers: &[&str]) -> Option<&Entry> {
        let mut asked = words(question);
        asked.truncate(MOST_WORDS);
        asked.retain(|word| !numbers.contains(word));
        // A few words name an event at most.
        if asked.len() < LEAST_MESSAGE {
            return None;
        }
        let found = self.index().find(&self.entries, &asked, &telling(&asked));
        let first = found.hits.first()?;
        (first.likeness >= SAME_PHRASE)
            .then(|| self.entries.get(first.entry))
            .flatten()
    }

    /// The entries that are most relevant for the words of a folded question. Where the best lacks some of them, or the message
    /// has a code that is `unknown`, the answer says so, and is a list to choose from.
    pub(super) fn by_words(&self, question: &str, unknown: &[&str]) -> Option<Answer<'_>> {
        let mut asked = words(question);
        asked.truncate(MOST_WORDS);
        asked.retain(|word| !unknown.contains(word));
        let mut telling = telling(&asked);
        // "Code" and "reason" say something only where there is nothing else.
        if telling.iter().any(|word| !MARKS.contains(word)) {
            telling.retain(|word| !MARKS.contains(word));
        } else if !unknown.is_empty() {
            return None;
        }
        if telling.is_empty() {
            return None;
        }
        let found = self.index().find(&self.entries, &asked, &telling);
        // A single mistyped word is as likely a key: the caller suggests both.
        if asked.len() == 1 && !found.read_as.is_empty() {
            return None;
        }
        let hits = found.hits;
        let most = hits.iter().map(|hit| hit.met).max()?;
        let likeness = hits.iter().map(|hit| hit.likeness).fold(0.0, f32::max);
        if most.saturating_mul(ONE_WORD_IN) < telling.len() && likeness < SAME_PHRASE {
            return None;
        }
        let first = hits.first()?;
        let best = first.score;
        let has_all = first.met == telling.len();
        let shown: Vec<&Entry> = hits
            .iter()
            .filter(|hit| hit.score >= best * LEAST_SHARE)
            .filter(|hit| !has_all || hit.met == most || hit.likeness >= SAME_PHRASE)
            .filter_map(|hit| self.entries.get(hit.entry))
            .collect();
        let count = shown.len();
        let partly = if !unknown.is_empty() {
            let verb = if unknown.len() == 1 { "is" } else { "are" };
            Some(format!(
                "{} {verb} not in the handbook. What follows only has words of the message.",
                unknown.join(" and ")
            ))
        } else if !has_all && likeness < SAME_PHRASE {
            let these = if count == 1 {
                "this one has"
            } else {
                "these have"
            };
            Some(format!("{PARTLY}; {these} the most of them."))
        } else {
            None
        };
        let mistyped = found
            .read_as
            .iter()
            .map(|(word, read)| format!("{word} was read as {read}."));
        let kinds = unknown.iter().find_map(|text| kind_of(text));
        let cut = (count > MOST_HITS).then(|| format!("{MOST_HITS} of {count} hits are shown."));
        let entries = shown.into_iter().take(MOST_HITS).collect();
        // What only comes near is no answer to be read in full.
        let answer = if partly.is_some() {
            Answer::shaped(entries, Shape::Ranked)
        } else {
            Answer::of(entries, Shape::Ranked)
        };
        let notes = partly.into_iter().chain(mistyped).chain(kinds).chain(cut);
        noted(answer, notes)
    }
}

/// The words that say something, each once.
fn telling<'a>(asked: &[&'a str]) -> Vec<&'a str> {
    let mut telling = asked.to_vec();
    telling.retain(|word| !EMPTY_WORDS.contains(word));
    telling.sort_unstable();
    telling.dedup();
    telling
}

impl Answer<'_> {
    /// Every word of the question occurs in the first entry.
    pub(super) fn is_whole(&self) -> bool {
        !self.notes.iter().any(|note| note.starts_with(PARTLY))
    }
}
