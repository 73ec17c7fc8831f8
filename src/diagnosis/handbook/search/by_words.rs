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
/// Words of the shortest message, and how near a shorter one must come to that of an event.
const LEAST_MESSAGE: usize = 6;
const LEAST_PHRASE: usize = 4;
const SAME_MESSAGE: f32 = 0.75;
/// A question with at most so many words that say something, and one that the handbook does not know at all, may be about
/// anything else.
const SHORT: usize = 5;
/// Two of its words may be a phrase of an entry by chance, and the rest about something else.
const SHORT_PHRASE: f32 = 0.7;
/// Unless it is a phrase of the entry, but for the forms of its words.
const WHOLE_PHRASE: f32 = 0.95;
/// Hits worth less than this share of the best would not be read.
const LEAST_SHARE: f32 = 0.4;
/// Begins the note on hits that only come near.
const PARTLY: &str = "No entry has all of these words";

/// They say nothing of what is meant, or everybody writes them.
#[rustfmt::skip]
const EMPTY_WORDS: &[&str] = &[
    "a", "aber", "after", "again", "al", "all", "also", "always", "am", "an", "and", "another", "any", "are", "at", "au", "auch",
    "auf", "aux", "avec", "be", "because", "been", "before", "bei", "being", "between", "both", "bureau", "but", "by", "can",
    "ce", "cette", "con", "d", "dans", "das", "dass", "day", "days", "de", "del", "dem", "den", "der", "des", "desktop", "die",
    "distance", "do", "does", "doing", "done", "du", "each", "ein", "eine", "einem", "einen", "einer", "el", "en", "error", "es",
    "escritorio", "est", "et", "even", "every", "few", "find", "for", "found", "from", "fuer", "get", "gets", "getting", "give",
    "given", "gives", "got", "happen", "happens", "has", "hat", "have", "having", "help", "how", "however", "i", "ich", "if",
    "ihr", "ihre", "il", "im", "in", "inside", "into", "is", "issue", "issues", "ist", "it", "its", "kann", "l", "la", "las",
    "last", "le", "les", "let", "lets", "lo", "los", "m", "made", "mais", "make", "makes", "many", "may", "me", "might", "mit",
    "must", "my", "nach", "ne", "need", "needs", "never", "next", "nicht", "now", "nur", "oder", "of", "on", "onto", "or",
    "other", "others", "our", "par", "para", "pas", "pero", "please", "por", "possible", "pour", "problem", "que", "question",
    "qui", "rdp", "remote", "remotedesktop", "remoto", "s", "said", "say", "says", "se", "see", "seen", "server", "several",
    "should", "show", "shown", "shows", "sich", "since", "so", "some", "su", "suddenly", "sur", "t", "take", "takes", "that",
    "the", "their", "them", "then", "there", "they", "this", "though", "to", "today", "took", "tried", "trouble", "trying", "un",
    "una", "und", "une", "us", "use", "used", "using", "ve", "vom", "von", "votre", "vous", "want", "wants", "was", "way", "we",
    "week", "wenn", "were", "what", "when", "where", "which", "while", "who", "why", "wie", "will", "wird", "with", "would",
    "wurde", "y", "yesterday", "yet", "you", "your", "zu", "zum", "zur",
];

impl Handbook {
    /// The entry whose message a folded question is, whatever the `numbers` in it.
    pub(super) fn message_in(&self, question: &str, numbers: &[&str]) -> Option<&Entry> {
        let mut asked = words(question);
        asked.truncate(MOST_WORDS);
        asked.retain(|word| !numbers.contains(word));
        // A few words name an event at most.
        let is_number = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_digit());
        if asked.iter().filter(|word| !is_number(word)).count() < LEAST_PHRASE {
            return None;
        }
        let least = if asked.len() < LEAST_MESSAGE {
            SAME_MESSAGE
        } else {
            SAME_PHRASE
        };
        let found = self.index().find(&self.entries, &asked, &telling(&asked));
        let first = found.best.first()?;
        (first.likeness >= least)
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
        let hits = found.best;
        let most = hits.iter().map(|hit| hit.met).max()?;
        let likeness = hits.iter().map(|hit| hit.likeness).fold(0.0, f32::max);
        if most.saturating_mul(ONE_WORD_IN) < telling.len() && likeness < SAME_PHRASE {
            return None;
        }
        let first = hits.first()?;
        let best = first.score;
        let has_all = first.met == telling.len();
        let is_foreign = telling.len() <= SHORT && found.unknown;
        let same = if is_foreign {
            WHOLE_PHRASE
        } else if telling.len() <= SHORT {
            SHORT_PHRASE
        } else {
            SAME_PHRASE
        };
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
        } else if !has_all && likeness < same {
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
