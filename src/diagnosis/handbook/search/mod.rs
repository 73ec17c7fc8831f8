//! Finding entries: by number, by key, by the beginning of a key, by words.

mod by_number;
mod by_words;
mod index;
mod numbers;
mod synonyms;
mod tokens;

use strsim::osa_distance;

use self::numbers::Numbers;
use self::tokens::folded;
use super::Handbook;
use super::entry::{Entry, Kind};

pub(super) use self::index::Index;

const MOST_TYPOS: usize = 2;

/// How an answer is meant to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Entries to be read in full.
    Full,
    /// A list to choose from, in the order of the handbook.
    List,
    /// Hits to choose from, best first.
    Ranked,
    /// The first is to be read in full; the others are hits to choose from, best first.
    Led,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The entries, best first.
    pub entries: Vec<&'a Entry>,
    /// How they are meant to be shown.
    pub shape: Shape,
    /// How the question was read, where that is not plain; whole sentences.
    pub notes: Vec<String>,
}

impl<'a> Answer<'a> {
    fn full(entries: Vec<&'a Entry>) -> Option<Self> {
        Self::of(entries, Shape::Full)
    }

    /// A list, unless there is only one entry.
    fn of(entries: Vec<&'a Entry>, shape: Shape) -> Option<Self> {
        let shape = if entries.len() == 1 {
            Shape::Full
        } else {
            shape
        };
        Self::shaped(entries, shape)
    }

    fn shaped(entries: Vec<&'a Entry>, shape: Shape) -> Option<Self> {
        (!entries.is_empty()).then_some(Self {
            entries,
            shape,
            notes: Vec::new(),
        })
    }
}

impl Handbook {
    /// What the handbook has about a question: `0x904`, `2308`, `904`, `0x904 0x7`, `RDP-CERT-EXPIRED`, `rdp-cert`, `R1`, `claims`,
    /// `wrong_host`, `expired certificate`. `None` when it has nothing; everything, as hits, for an empty question.
    #[must_use]
    pub fn look_up(&self, question: &str) -> Option<Answer<'_>> {
        let question = folded(question);
        let tokens: Vec<&str> = question
            .split(|character: char| {
                character.is_whitespace() || ",;:/()[]\"'’“”„‘«»=".contains(character)
            })
            .map(|token| token.trim_end_matches(['.', '?', '!']))
            .filter(|token| !token.is_empty())
            .collect();
        if let Some(answer) = self.by_sign(question.trim(), &tokens) {
            return Some(answer);
        }
        if tokens.is_empty() {
            return Answer::of(self.entries.iter().collect(), Shape::List);
        }
        let by_name = self
            .by_keys(&tokens)
            .or_else(|| self.by_kind(&tokens))
            .or_else(|| self.by_own_word(&tokens, &question));
        if by_name.is_some() {
            return by_name;
        }
        let (updates, answer) = self.by_update(&tokens);
        if answer.is_some() || (!updates.is_empty() && updates.len() == tokens.len()) {
            return answer;
        }
        // Keys have hyphens, so that only what is no key is taken apart at them.
        let parts: Vec<&str> = tokens
            .iter()
            .flat_map(|token| token.split('-'))
            .filter(|part| !part.is_empty())
            .collect();
        if self.is_unknown_event(&parts) {
            return None;
        }
        if let Some(answer) = self.by_event_number(&parts) {
            return Some(answer);
        }
        for tokens in [&tokens, &parts] {
            if let Some(numbers) = Numbers::read(tokens) {
                let answer = self.by_numbers(&numbers);
                let answer = answer.or_else(|| self.by_status(&numbers));
                // A number that may be one of an event goes on as a word; a code that is not known does not.
                if answer.is_some() || numbers.are_codes() {
                    return answer;
                }
            }
            // Nothing else is below zero.
            if tokens.first().is_some_and(|token| is_below_zero(token)) {
                return None;
            }
        }
        // The message around the numbers may be in any language.
        let marked = Numbers::marked(&parts);
        marked
            .as_ref()
            .and_then(|numbers| {
                self.by_reason_of_event(&question, &parts, numbers)
                    .or_else(|| {
                        let answer = self.by_marked(numbers)?;
                        Some(self.with_event(&question, &parts, answer))
                    })
            })
            .or_else(|| self.by_beginning(&tokens))
            .or_else(|| self.by_likeness(&tokens))
            .or_else(|| {
                let unknown = marked.map_or_else(Vec::new, |numbers| self.unknown(&numbers));
                let without = |question: String, name: &&str| question.replace(name, " ");
                let asked = updates.iter().fold(question.clone(), without);
                let found = self.by_words(&asked, &[unknown, updates.clone()].concat());
                self.with_code(&parts, found)
            })
    }

    fn by_keys(&self, tokens: &[&str]) -> Option<Answer<'_>> {
        let entries: Option<Vec<&Entry>> = tokens
            .iter()
            .map(|token| {
                self.entries.iter().find(|entry| {
                    // Codes as numbers have rules of their own, and so have words.
                    let has_rules = matches!(entry.kind, Kind::Code | Kind::Word);
                    let key = !has_rules && entry.key.eq_ignore_ascii_case(token);
                    let is_named = |name: &String| name.eq_ignore_ascii_case(token);
                    key || entry.name.as_ref().is_some_and(is_named)
                })
            })
            .collect();
        if entries.is_none() {
            // "KB 5065426", "event 1058".
            let joined = [tokens.concat(), tokens.join("-")];
            let entry = joined.iter().find_map(|key| self.entry(key))?;
            let has_rules = matches!(entry.kind, Kind::Code | Kind::Word);
            return (!has_rules).then(|| Answer::full(vec![entry])).flatten();
        }
        Answer::full(entries?)
    }

    fn by_kind(&self, tokens: &[&str]) -> Option<Answer<'_>> {
        let [token] = tokens else { return None };
        let kind: Kind = token.parse().ok()?;
        Answer::of(
            self.entries
                .iter()
                .filter(|entry| entry.kind == kind)
                .collect(),
            Shape::List,
        )
    }

    /// A word of this program, with blanks or hyphens as with underscores: what it means, and then what else has to do with it.
    fn by_own_word(&self, tokens: &[&str], question: &str) -> Option<Answer<'_>> {
        let key = tokens.join("_");
        let plain = key.replace('-', "_");
        let entry = self.entries.iter().find(|entry| {
            let is_meant = |key: &str| entry.key.eq_ignore_ascii_case(key);
            entry.kind == Kind::Word && (is_meant(&key) || is_meant(&plain))
        })?;
        let others = self.by_words(question, &[]).filter(Answer::is_whole);
        let (others, notes) =
            others.map_or_else(Default::default, |found| (found.entries, found.notes));
        let shape = if others.is_empty() {
            Shape::Full
        } else {
            Shape::Led
        };
        let mut answer = Answer::shaped(std::iter::once(entry).chain(others).collect(), shape)?;
        answer.notes = notes;
        Some(answer)
    }

    /// A mark of the table, alone or behind a number, as in `1.2*`. A number that is a code may be asked for with a `?`.
    fn by_sign(&self, question: &str, tokens: &[&str]) -> Option<Answer<'_>> {
        let sign =
            question.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
        let is_punctuation = sign.len() < question.len() && matches!(sign, "?" | "!");
        if is_punctuation
            && Numbers::read(tokens).is_some_and(|numbers| self.by_numbers(&numbers).is_some())
        {
            return None;
        }
        let stands_for = |entry: &&Entry| {
            !sign.is_empty()
                && sign.chars().all(|c| {
                    let mut signs = entry.signs.iter();
                    signs.any(|own| own.chars().eq([c]))
                })
        };
        Answer::full(self.entries.iter().filter(stands_for).collect())
    }

    /// Keys that hardly differ from what looks like one and is none.
    fn by_likeness(&self, tokens: &[&str]) -> Option<Answer<'_>> {
        let [token] = tokens else { return None };
        if !token.contains('-') {
            return None;
        }
        let forms = [(*token).to_owned(), format!("rdp-{token}")];
        let mut near: Vec<(usize, &Entry)> = self
            .entries
            .iter()
            .filter_map(|entry| {
                let key = entry.key.to_ascii_lowercase();
                let changes = forms.iter().map(|form| osa_distance(form, &key)).min()?;
                (changes <= MOST_TYPOS).then_some((changes, entry))
            })
            .collect();
        near.sort_by_key(|(changes, _)| *changes);
        let entries: Vec<&Entry> = near.into_iter().map(|(_, entry)| entry).collect();
        let first = entries.first()?;
        let note = format!("There is no such key; did you mean {}?", first.key);
        noted(Answer::shaped(entries, Shape::Ranked), [note])
    }

    /// The beginning of a key, with or without its `RDP-`.
    fn by_beginning(&self, tokens: &[&str]) -> Option<Answer<'_>> {
        let [token] = tokens else { return None };
        if token.len() < 3 || !(token.contains('-') || matches!(*token, "rdp" | "client")) {
            return None;
        }
        let keys = [(*token).to_owned(), format!("rdp-{token}")];
        if let Some(entry) = keys.iter().find_map(|key| self.entry(key)) {
            return Answer::full(vec![entry]);
        }
        Answer::of(
            self.entries
                .iter()
                .filter(|entry| {
                    let own = entry.key.to_ascii_lowercase();
                    keys.iter().any(|key| own.starts_with(key.as_str()))
                })
                .collect(),
            Shape::List,
        )
    }
}

fn noted(
    answer: Option<Answer<'_>>,
    notes: impl IntoIterator<Item = String>,
) -> Option<Answer<'_>> {
    let mut answer = answer?;
    answer.notes.extend(notes);
    Some(answer)
}

/// `-1`.
fn is_below_zero(token: &str) -> bool {
    token
        .strip_prefix('-')
        .is_some_and(|digits| digits.starts_with(|digit: char| digit.is_ascii_digit()))
}
