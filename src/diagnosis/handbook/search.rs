//! Finding entries: by number, by key, by the beginning of a key, by words.

use super::Handbook;
use super::entry::{Entry, Kind, Standing};
use super::numbers::{MARKS, Number, Numbers, kind_of};
use strsim::osa_distance;

/// Hits shown for words; more would not be read.
const MOST_HITS: usize = 15;

/// Weight of each word of a whole phrase: more than single words can have together.
const PHRASE: u32 = 1000;

/// A partial match has at least one word in so many; with fewer, the hits have nothing to do with the question.
const ONE_WORD_IN: usize = 3;

/// Begins the note on hits that only come near.
const PARTLY: &str = "No entry has all of these words";

const MOST_TYPOS: usize = 2;

const EMPTY_WORDS: &[&str] = &[
    "a", "an", "and", "are", "at", "be", "because", "been", "by", "can", "das", "der", "die", "do",
    "does", "ein", "eine", "error", "es", "for", "from", "has", "have", "how", "i", "in", "is",
    "ist", "it", "my", "of", "on", "or", "rdp", "s", "t", "that", "the", "this", "to", "und",
    "was", "what", "which", "why", "with", "you", "your",
];

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
        // No code and no word of an entry is below zero.
        if tokens.first().is_some_and(|token| is_below_zero(token)) {
            return None;
        }
        // Keys have hyphens, so that only what is no key is taken apart at them.
        let parts: Vec<&str> = tokens
            .iter()
            .flat_map(|token| token.split('-'))
            .filter(|part| !part.is_empty())
            .collect();
        for tokens in [&tokens, &parts] {
            if let Some(numbers) = Numbers::read(tokens) {
                let answer = self.by_numbers(&numbers);
                let answer = answer.or_else(|| self.by_status(&numbers));
                // A number that may be one of an event goes on as a word; a code that is not known does not.
                if answer.is_some() || numbers.are_codes() {
                    return answer;
                }
            }
        }
        // The message around the numbers may be in any language.
        let marked = Numbers::marked(&parts);
        marked
            .as_ref()
            .and_then(|numbers| self.by_marked(numbers))
            .or_else(|| self.by_beginning(&tokens))
            .or_else(|| self.by_likeness(&tokens))
            .or_else(|| {
                let unknown = marked.map_or_else(Vec::new, |numbers| self.unknown(&numbers));
                self.by_words(&parts, &question, &unknown)
            })
    }

    /// A small number that is only called a code or a reason may be one of anything; a disconnect code, or what begins with
    /// `0x`, is meant.
    fn by_marked(&self, numbers: &Numbers<'_>) -> Option<Answer<'_>> {
        let first = numbers.all.first()?;
        let is_meant = first.plain || first.of(false, |number| self.code(number)).is_some();
        is_meant.then(|| self.by_numbers(numbers)).flatten()
    }

    /// Those that the handbook has neither as a code nor, where they may be an event's, as a word.
    fn unknown<'a>(&self, numbers: &Numbers<'a>) -> Vec<&'a str> {
        let is_known = |number: &&Number<'_>| {
            let is_code = number.of(false, |number| self.code(number)).is_some();
            let is_reason = number.of(false, |number| self.extended(number)).is_some();
            let is_word = || {
                self.entries
                    .iter()
                    .any(|entry| weight(entry, number.text) > 0)
            };
            is_code || is_reason || (!number.plain && is_word())
        };
        let all = numbers.all.iter();
        all.filter(|number| !is_known(number))
            .map(|number| number.text)
            .collect()
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
        Answer::full(entries?)
    }

    fn by_kind(&self, tokens: &[&str]) -> Option<Answer<'_>> {
        let [token] = tokens else { return None };
        let kind = Kind::asked(token)?;
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
        let all_words =
            |found: &Answer<'_>| !found.notes.iter().any(|note| note.starts_with(PARTLY));
        let others = self.by_words(tokens, question, &[]).filter(all_words);
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
        noted(Answer::shaped(entries, Shape::Ranked), [Some(note)])
    }

    fn by_numbers(&self, numbers: &Numbers<'_>) -> Option<Answer<'_>> {
        match numbers.all.as_slice() {
            [extended] if numbers.only_extended => {
                let (entry, note) = extended.of(true, |number| self.extended(number))?;
                noted(Answer::full(vec![entry]), [note])
            }
            [code] => self.one_number(code),
            [code, extended] => self.two_numbers(code, extended),
            _ => None,
        }
    }

    /// A status that a finding names among its words.
    fn by_status(&self, numbers: &Numbers<'_>) -> Option<Answer<'_>> {
        let [status] = numbers.all.as_slice() else {
            return None;
        };
        let names = |entry: &&Entry| entry.words.iter().any(|word| word == status.text);
        let entries = self.entries.iter().filter(names).collect();
        noted(Answer::full(entries), [kind_of(status.text)])
    }

    fn one_number(&self, number: &Number<'_>) -> Option<Answer<'_>> {
        if let Some((entry, note)) = number.of(false, |number| self.code(number)) {
            // The smallest numbers mean the same in both lists.
            let other = entry
                .number
                .filter(|number| *number > 3)
                .and_then(|number| self.extended(number))
                .filter(|other| other.last.is_none())
                .map(|other| {
                    format!(
                        "As an extended reason the number means \"{}\": rdpscan explain {}",
                        other.title, other.key
                    )
                });
            return noted(Answer::full(vec![entry]), [note, other]);
        }
        let (entry, note) = number.of(false, |number| self.extended(number))?;
        let read = format!(
            "{} is not a disconnect code of its own, but an extended reason.",
            number.text
        );
        noted(Answer::full(vec![entry]), [note, Some(read)])
    }

    fn two_numbers(&self, code: &Number<'_>, extended: &Number<'_>) -> Option<Answer<'_>> {
        let first = code.of(false, |number| self.code(number));
        let reason = extended.of(true, |number| self.extended(number));
        // Two codes are two questions; the smallest numbers mean the same in both lists.
        let other = || extended.of(false, |number| self.code(number));
        let is_range = matches!(&reason, Some((entry, _)) if entry.last.is_some());
        let second = if reason.is_none() || is_range {
            other().or(reason)
        } else {
            reason
        };
        let notes = [
            match &first {
                Some((_, note)) => note.clone(),
                None => Some(format!("The code {} is not in the handbook.", code.text)),
            },
            match (&second, &first) {
                (Some((_, note)), _) => note.clone(),
                (None, Some((known, _))) => Some(format!(
                    "The extended reason {} is not in the handbook. What follows is said of {} whatever the reason.",
                    extended.text, known.key
                )),
                (None, None) => None,
            },
        ];
        let mut entries: Vec<&Entry> = first
            .into_iter()
            .chain(second)
            .map(|(entry, _)| entry)
            .collect();
        // The same code in two forms.
        entries.dedup_by_key(|entry| entry.key.as_str());
        noted(Answer::full(entries), notes)
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

    /// Every word has to occur, or a phrase of an entry, such as the text of a client's message, in the whole question; when no
    /// entry has that, those with the most, to choose from. So it is, too, for a message with a code that is `unknown`.
    fn by_words(&self, tokens: &[&str], question: &str, unknown: &[&str]) -> Option<Answer<'_>> {
        let tells = |token: &&str| !(unknown.contains(token) || EMPTY_WORDS.contains(token));
        let mut words: Vec<&str> = tokens.iter().copied().filter(tells).collect();
        // "Code" and "reason" say something only where there is nothing else.
        if words.iter().any(|word| !MARKS.contains(word)) {
            words.retain(|word| !MARKS.contains(word));
        } else if !unknown.is_empty() {
            words.clear();
        }
        words.dedup();
        if words.is_empty() {
            return None;
        }
        let asked = spaced(question);
        let mut ranked: Vec<(usize, u32, &Entry)> = self
            .entries
            .iter()
            // These are found by what they are called, and are in the way of what is about the matter.
            .filter(|entry| entry.kind != Kind::Word)
            .map(|entry| {
                let weights = words.iter().map(|word| weight(entry, word));
                let met = weights.clone().filter(|weight| *weight > 0).count();
                let phrases = entry.words.iter().filter(|phrase| is_phrase(phrase));
                let said: usize = phrases
                    .map(|phrase| spaced(phrase))
                    .filter(|phrase| asked.contains(phrase.as_str()))
                    .map(|phrase| phrase.split_whitespace().count())
                    .sum();
                let worth = weights
                    .sum::<u32>()
                    .saturating_add(PHRASE.saturating_mul(u32::try_from(said).unwrap_or(u32::MAX)));
                (if said > 0 { words.len() } else { met }, worth, entry)
            })
            .filter(|(met, ..)| *met > 0)
            .collect();
        let most = ranked.iter().map(|(met, ..)| *met).max()?;
        if most.saturating_mul(ONE_WORD_IN) < words.len() {
            return None;
        }
        ranked.retain(|(met, ..)| *met == most);
        // The sort is stable: entries of equal weight stay in the order of the handbook.
        ranked.sort_by_key(|(_, weight, _)| std::cmp::Reverse(*weight));
        let found = ranked.len();
        let entries = ranked.into_iter().take(MOST_HITS).map(|(.., entry)| entry);
        let partly = if !unknown.is_empty() {
            let verb = if unknown.len() == 1 { "is" } else { "are" };
            Some(format!(
                "{} {verb} not in the handbook. What follows only has words of the message.",
                unknown.join(" and ")
            ))
        } else if most < words.len() {
            let these = if found == 1 {
                "this one has"
            } else {
                "these have"
            };
            Some(format!("{PARTLY}; {these} the most of them."))
        } else {
            None
        };
        let kinds = unknown.iter().find_map(|text| kind_of(text));
        let cut = (found > MOST_HITS).then(|| format!("{MOST_HITS} of {found} hits are shown."));
        // What only comes near is no answer to be read in full.
        let answer = if partly.is_some() {
            Answer::shaped(entries.collect(), Shape::Ranked)
        } else {
            Answer::of(entries.collect(), Shape::Ranked)
        };
        noted(answer, [partly, kinds, cut])
    }
}

fn noted<const N: usize>(
    answer: Option<Answer<'_>>,
    notes: [Option<String>; N],
) -> Option<Answer<'_>> {
    let mut answer = answer?;
    answer.notes.extend(notes.into_iter().flatten());
    Some(answer)
}

/// How relevant an entry is for a word (lower case), by the best place where it occurs.
fn weight(entry: &Entry, word: &str) -> u32 {
    let most = |texts: &mut dyn Iterator<Item = &str>, whole: u32, beginning: u32| {
        texts
            .flat_map(|text| text.split(|character: char| !character.is_alphanumeric()))
            .map(|own| {
                if own.eq_ignore_ascii_case(word) {
                    whole
                } else if word.len() >= 3 && begins(own, word) {
                    beginning
                } else {
                    0
                }
            })
            .max()
            .unwrap_or(0)
    };
    let key = most(&mut std::iter::once(entry.key.as_str()), 12, 8);
    let title = most(&mut std::iter::once(entry.title.as_str()), 10, 7);
    let words = most(&mut entry.words.iter().map(String::as_str), 6, 4);
    let name = most(&mut entry.name.iter().map(String::as_str), 6, 2);
    let phrases = [&entry.scan, &entry.fires, &entry.user, &entry.instead];
    let steps = entry.remedy.iter().flat_map(|remedy| remedy.texts());
    let body = most(
        &mut entry
            .text
            .iter()
            .chain(phrases.into_iter().flatten())
            .chain(&entry.checks)
            .chain(
                entry
                    .causes
                    .iter()
                    .flat_map(|cause| [&cause.what, &cause.tell]),
            )
            .map(String::as_str)
            .chain(steps),
        2,
        1,
    );
    let worth = key.max(title).max(words).max(name).max(body);
    // Of two entries that have the word in the same place, the documented one.
    if worth > 1 && entry.standing == Some(Standing::Reported) {
        worth - 1
    } else {
        worth
    }
}

/// Lower case, with German letters as they are written without them, for the handbook is ASCII.
fn folded(question: &str) -> String {
    let mut folded = String::with_capacity(question.len());
    for character in question.to_lowercase().chars() {
        match character {
            'ä' => folded.push_str("ae"),
            'ö' => folded.push_str("oe"),
            'ü' => folded.push_str("ue"),
            'ß' => folded.push_str("ss"),
            other => folded.push(other),
        }
    }
    folded
}

/// `-1`.
fn is_below_zero(token: &str) -> bool {
    token
        .strip_prefix('-')
        .is_some_and(|digits| digits.starts_with(|digit: char| digit.is_ascii_digit()))
}

fn is_phrase(words: &str) -> bool {
    words.contains([' ', '-'])
}

/// Lower case, with a blank before and after every word and nothing else between.
fn spaced(text: &str) -> String {
    let text = text.to_lowercase();
    let words = text
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |mut spaced, word| {
        spaced.push_str(word);
        spaced.push(' ');
        spaced
    })
}

fn begins(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}
