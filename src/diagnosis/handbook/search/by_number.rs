//! Answers to questions that are numbers: codes, extended reasons, statuses.

use super::numbers::{Number, Numbers, kind_of, of_no_kind};
use super::{Answer, noted};
use crate::diagnosis::handbook::Handbook;
use crate::diagnosis::handbook::entry::{Entry, Kind};

impl Handbook {
    /// What kind of number a question holds that the handbook does not have, and where it is explained; a whole sentence.
    #[must_use]
    pub fn kind_of_number(question: &str) -> Option<String> {
        question
            .split(|c: char| !c.is_alphanumeric())
            .find_map(|word| kind_of(&word.to_lowercase()))
    }

    /// What to say of a question that is a number of no table and no known kind.
    #[must_use]
    pub fn unknown_number(question: &str) -> Option<String> {
        of_no_kind(&question.trim().to_lowercase())
    }

    /// A small number that is only called a code or a reason may be one of anything; a disconnect code, a licensing reason, or what
    /// begins with `0x`, is meant.
    pub(super) fn by_marked(&self, numbers: &Numbers<'_>) -> Option<Answer<'_>> {
        let first = numbers.all.first()?;
        let is_code = || first.of(false, |number| self.code(number)).is_some();
        let is_reason =
            || first.is_large_reason() && first.of(false, |number| self.extended(number)).is_some();
        let is_meant = first.plain || is_code() || is_reason();
        is_meant
            .then(|| self.by_numbers(numbers).or_else(|| self.by_status(numbers)))
            .flatten()
    }

    /// Statuses stand in the messages of events: the event whose message is around them comes first, and one that is only named
    /// comes last.
    pub(super) fn with_event<'a>(
        &'a self,
        question: &str,
        parts: &[&str],
        mut answer: Answer<'a>,
    ) -> Answer<'a> {
        if answer
            .entries
            .iter()
            .any(|entry| entry.kind != Kind::Status)
        {
            return answer;
        }
        let numbers = Numbers::marked(parts).map_or_else(Vec::new, |numbers| numbers.all);
        let numbers: Vec<&str> = numbers.iter().map(|number| number.text).collect();
        let is_event = |entry: &&Entry| entry.kind == Kind::Event;
        let message = self.message_in(question, &numbers).filter(is_event);
        let mut keys = parts.iter().map(|part| format!("event-{part}"));
        let named = keys.find_map(|key| self.entry(&key));
        if let Some(event) = message {
            answer.entries.insert(0, event);
        } else if let Some(event) = named {
            answer.entries.push(event);
        }
        answer
    }

    /// Those that the handbook has neither as a code nor, where they may be an event's, as a word.
    pub(super) fn unknown<'a>(&self, numbers: &Numbers<'a>) -> Vec<&'a str> {
        let is_known = |number: &&Number<'_>| {
            let is_code = number.of(false, |number| self.code(number)).is_some();
            let is_reason = number.of(false, |number| self.extended(number)).is_some();
            is_code || is_reason || (!number.plain && self.index().has(number.text))
        };
        let all = numbers.all.iter();
        all.filter(|number| !is_known(number))
            .map(|number| number.text)
            .collect()
    }

    pub(super) fn by_numbers(&self, numbers: &Numbers<'_>) -> Option<Answer<'_>> {
        match numbers.all.as_slice() {
            [extended] if numbers.only_extended => {
                let (entry, note) = extended.of(true, |number| self.extended(number))?;
                noted(Answer::full(vec![entry]), note)
            }
            [code] => self.one_number(code),
            [code, extended] => self.two_numbers(code, extended),
            many => self.several_numbers(many),
        }
    }

    /// The codes of a whole paste, each with the extended reason behind it.
    fn several_numbers(&self, numbers: &[Number<'_>]) -> Option<Answer<'_>> {
        let mut entries: Vec<&Entry> = Vec::new();
        let (mut notes, mut unknown) = (Vec::new(), Vec::new());
        let mut after_code = false;
        for number in numbers {
            let code = number.of(false, |number| self.code(number));
            let is_code = code.is_some();
            let found = code.or_else(|| number.of(after_code, |number| self.extended(number)));
            after_code = is_code;
            let Some((entry, note)) = found else {
                unknown.push(format!("{} is not in the handbook.", number.text));
                continue;
            };
            if entries.iter().all(|known| known.key != entry.key) {
                entries.push(entry);
                notes.extend(note);
            }
        }
        if unknown.len() >= entries.len() {
            return None;
        }
        notes.extend(unknown);
        noted(Answer::full(entries), notes)
    }

    /// A status that an entry names among its words.
    pub(super) fn by_status(&self, numbers: &Numbers<'_>) -> Option<Answer<'_>> {
        let [status] = numbers.all.as_slice() else {
            return None;
        };
        let names = |entry: &&Entry| entry.words.iter().any(|word| word == status.text);
        let entries = self.entries.iter().filter(names).collect();
        noted(Answer::full(entries), kind_of(status.text))
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
            return noted(Answer::full(vec![entry]), note.into_iter().chain(other));
        }
        if let Some((entry, note)) = number.of(false, |number| self.extended(number)) {
            let read = format!(
                "{} is not a disconnect code of its own, but an extended reason.",
                number.text
            );
            return noted(Answer::full(vec![entry]), note.into_iter().chain([read]));
        }
        let (entry, _) = number.of(false, |number| {
            freerdp_reason(number).and_then(|reason| self.extended(reason))
        })?;
        let read = format!("{} is FreeRDP's form of this extended reason.", number.text);
        noted(Answer::full(vec![entry]), [read])
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
        noted(Answer::full(entries), notes.into_iter().flatten())
    }
}

/// FreeRDP writes an extended reason with a class in front of it: 0x10007.
fn freerdp_reason(number: u32) -> Option<u32> {
    (number >> 16 == 1)
        .then_some(number & 0xFFFF)
        .filter(|reason| *reason != 0)
}
