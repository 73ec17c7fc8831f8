//! Finding entries: by number, by key, by the beginning of a key, by words.

use super::Handbook;
use super::entry::{Entry, Kind, Standing};

/// Hits shown for words; more would not be read.
const MOST_HITS: usize = 15;

/// Words that stand around the numbers of an error message.
const AROUND_NUMBERS: &[&str] = &[
    "error",
    "code",
    "codes",
    "reason",
    "number",
    "disconnect",
    "disconnected",
    "mstsc",
    "rdp",
    "and",
    "&",
    "is",
];

/// Words that say nothing about the subject.
const EMPTY_WORDS: &[&str] = &[
    "a", "an", "and", "are", "at", "by", "can", "do", "does", "error", "for", "from", "how", "i",
    "in", "is", "it", "my", "of", "on", "or", "rdp", "the", "to", "was", "what", "why", "with",
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

    /// A list, unless there is only one entry, which nobody has to choose.
    fn of(entries: Vec<&'a Entry>, shape: Shape) -> Option<Self> {
        let shape = if entries.len() == 1 {
            Shape::Full
        } else {
            shape
        };
        (!entries.is_empty()).then_some(Self {
            entries,
            shape,
            notes: Vec::new(),
        })
    }
}

impl Handbook {
    /// What the handbook has about a question: `0x904`, `2308`, `904`, `0x904 0x7`, `RDP-CERT-EXPIRED`, `rdp-cert`, `R1`, `claims`,
    /// `expired certificate`. `None` when it has nothing; everything, as hits, for an empty question.
    #[must_use]
    pub fn look_up(&self, question: &str) -> Option<Answer<'_>> {
        let question = question.to_lowercase();
        let tokens: Vec<&str> = question
            .split(|character: char| character.is_whitespace() || ",;:/()\"'=".contains(character))
            .map(|token| token.trim_end_matches(['.', '?', '!']))
            .filter(|token| !token.is_empty())
            .collect();
        if tokens.is_empty() {
            return Answer::of(self.entries.iter().collect(), Shape::List);
        }
        if let Some(answer) = self.by_keys(&tokens).or_else(|| self.by_kind(&tokens)) {
            return Some(answer);
        }
        if let Some(numbers) = Numbers::read(&tokens) {
            let answer = self.by_numbers(&numbers);
            // A number that may be one of an event goes on as a word; a code that is not known does not.
            if answer.is_some() || numbers.are_codes() {
                return answer;
            }
        }
        self.by_beginning(&tokens)
            .or_else(|| self.by_words(&tokens))
    }

    fn by_keys(&self, tokens: &[&str]) -> Option<Answer<'_>> {
        let entries: Option<Vec<&Entry>> = tokens
            .iter()
            .map(|token| {
                self.entries.iter().find(|entry| {
                    // Codes as numbers have rules of their own.
                    let key = entry.kind != Kind::Code && entry.key.eq_ignore_ascii_case(token);
                    let is_named = |name: &String| name.eq_ignore_ascii_case(token);
                    key || entry.name.as_ref().is_some_and(is_named)
                })
            })
            .collect();
        Answer::full(entries?)
    }

    fn by_kind(&self, tokens: &[&str]) -> Option<Answer<'_>> {
        let [token] = tokens else { return None };
        let kind = Kind::ALL.into_iter().find(|kind| kind.plural() == *token)?;
        Answer::of(
            self.entries
                .iter()
                .filter(|entry| entry.kind == kind)
                .collect(),
            Shape::List,
        )
    }

    fn by_numbers(&self, numbers: &Numbers<'_>) -> Option<Answer<'_>> {
        match numbers.all.as_slice() {
            [extended] if numbers.only_extended => {
                let (entry, note) = extended.of(|number| self.extended(number))?;
                noted(Answer::full(vec![entry]), [note])
            }
            [code] => self.one_number(code),
            [code, extended] => self.two_numbers(code, extended),
            _ => None,
        }
    }

    fn one_number(&self, number: &Number<'_>) -> Option<Answer<'_>> {
        if let Some((entry, note)) = number.of(|number| self.code(number)) {
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
        let (entry, note) = number.of(|number| self.extended(number))?;
        let read = format!(
            "{} is not a disconnect code of its own, but an extended reason.",
            number.text
        );
        noted(Answer::full(vec![entry]), [note, Some(read)])
    }

    fn two_numbers(&self, code: &Number<'_>, extended: &Number<'_>) -> Option<Answer<'_>> {
        let first = code.of(|number| self.code(number));
        let second = extended.of(|number| self.extended(number));
        let unknown = |number: &Number<'_>, what| {
            Some(format!(
                "The {what} {} is not in the handbook.",
                number.text
            ))
        };
        let notes = [
            match &first {
                Some((_, note)) => note.clone(),
                None => unknown(code, "code"),
            },
            match &second {
                Some((_, note)) => note.clone(),
                None => unknown(extended, "extended reason"),
            },
        ];
        let entries = first.into_iter().chain(second).map(|(entry, _)| entry);
        noted(Answer::full(entries.collect()), notes)
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

    /// Every word has to occur; when no entry has them all, those with the most.
    fn by_words(&self, tokens: &[&str]) -> Option<Answer<'_>> {
        let mut words: Vec<&str> = tokens
            .iter()
            .copied()
            .filter(|token| !EMPTY_WORDS.contains(token))
            .collect();
        words.dedup();
        if words.is_empty() {
            return None;
        }
        let mut ranked: Vec<(usize, u32, &Entry)> = self
            .entries
            .iter()
            .map(|entry| {
                let weights = words.iter().map(|word| weight(entry, word));
                let met = weights.clone().filter(|weight| *weight > 0).count();
                (met, weights.sum::<u32>(), entry)
            })
            .filter(|(met, ..)| *met > 0)
            .collect();
        let most = ranked.iter().map(|(met, ..)| *met).max()?;
        ranked.retain(|(met, ..)| *met == most);
        // The sort is stable: entries of equal weight stay in the order of the handbook.
        ranked.sort_by_key(|(_, weight, _)| std::cmp::Reverse(*weight));
        let found = ranked.len();
        let entries = ranked.into_iter().take(MOST_HITS).map(|(.., entry)| entry);
        let partly = (most < words.len())
            .then(|| "No entry has all of these words; these have the most of them.".to_owned());
        let cut = (found > MOST_HITS).then(|| format!("{MOST_HITS} of {found} hits are shown."));
        noted(Answer::of(entries.collect(), Shape::Ranked), [partly, cut])
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

/// How much an entry has to do with a word (lower case): the most telling place where it occurs.
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
    let told = [&entry.scan, &entry.fires, &entry.user, &entry.instead];
    let body = most(
        &mut entry
            .text
            .iter()
            .chain(told.into_iter().flatten())
            .chain(&entry.checks)
            .chain(
                entry
                    .causes
                    .iter()
                    .flat_map(|cause| [&cause.what, &cause.tell]),
            )
            .map(String::as_str),
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

fn begins(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}

/// One or two numbers, with nothing around them but the words of an error message.
struct Numbers<'a> {
    all: Vec<Number<'a>>,
    /// The first is called an extended reason.
    only_extended: bool,
}

impl<'a> Numbers<'a> {
    /// `None` when other words or no number at all are among the tokens.
    fn read(tokens: &[&'a str]) -> Option<Self> {
        let mut all = Vec::new();
        let mut only_extended = false;
        for token in tokens {
            if let Some(number) = Number::read(token) {
                all.push(number);
            } else if matches!(*token, "extended" | "ext") {
                only_extended |= all.is_empty();
            } else if !AROUND_NUMBERS.contains(token) {
                return None;
            }
        }
        (!all.is_empty()).then_some(Self { all, only_extended })
    }

    /// They cannot be meant as anything but codes.
    fn are_codes(&self) -> bool {
        self.only_extended || self.all.iter().any(|number| number.plain)
    }
}

/// A number as it was typed, which may be meant as decimal or as hexadecimal.
struct Number<'a> {
    text: &'a str,
    decimal: Option<u32>,
    hexadecimal: Option<u32>,
    /// It says itself which it is.
    plain: bool,
}

impl<'a> Number<'a> {
    /// `0x904`, `2308`, `904`, `904h`, `b07`; `None` for a word.
    fn read(text: &'a str) -> Option<Self> {
        let hexadecimal = |digits: &str| u32::from_str_radix(digits, 16).ok();
        let all = |digits: &str, is: fn(&char) -> bool| {
            !digits.is_empty() && digits.chars().all(|character| is(&character))
        };
        let marked = text.strip_prefix("0x").or_else(|| text.strip_suffix('h'));
        if let Some(digits) = marked.filter(|digits| all(digits, char::is_ascii_hexdigit)) {
            return Some(Self {
                text,
                decimal: None,
                hexadecimal: hexadecimal(digits),
                plain: true,
            });
        }
        if !all(text, char::is_ascii_hexdigit) || !text.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            text,
            decimal: text.parse().ok(),
            hexadecimal: hexadecimal(text),
            plain: false,
        })
    }

    /// What `find` has for it: read as decimal if that is known, else as hexadecimal, and then with a note.
    fn of<'b>(
        &self,
        find: impl Fn(u32) -> Option<&'b Entry>,
    ) -> Option<(&'b Entry, Option<String>)> {
        if let Some(entry) = self.decimal.and_then(&find) {
            return Some((entry, None));
        }
        let number = self.hexadecimal?;
        // A bare number hits a range too easily to be meant so.
        let entry = find(number).filter(|entry| self.plain || entry.last.is_none())?;
        let note = (!self.plain).then(|| {
            format!("{} was read as hexadecimal, {number:#X}.", self.text).replace("0X", "0x")
        });
        Some((entry, note))
    }
}
