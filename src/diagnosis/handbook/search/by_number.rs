//! Answers to questions that are numbers: codes, extended reasons, statuses.

use super::numbers::{Number, Numbers, kind_of, of_no_kind};
use super::{Answer, Shape, noted};
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

    /// The updates and vulnerabilities that a question names, each once: their numbers say all there is to say.
    pub(super) fn by_update<'b>(&self, tokens: &[&'b str]) -> (Vec<&'b str>, Option<Answer<'_>>) {
        let names = tokens.iter().copied().filter(|token| is_update(token));
        let names: Vec<&str> = names.collect();
        let mut entries: Vec<&Entry> = Vec::new();
        for name in &names {
            let is_meant = |entry: &&Entry| {
                let mut words = entry.words.iter();
                entry.key.eq_ignore_ascii_case(name)
                    || words.any(|word| word.eq_ignore_ascii_case(name))
            };
            for entry in self.entries.iter().filter(is_meant) {
                if entries.iter().all(|known| known.key != entry.key) {
                    entries.push(entry);
                }
            }
        }
        (names, Answer::full(entries))
    }

    /// Numbers of which the first is one of an event and of nothing else, as in `36871 10013`.
    pub(super) fn by_event_number(&self, parts: &[&str]) -> Option<Answer<'_>> {
        let numbers = Numbers::read(parts).filter(|numbers| numbers.all.len() > 1)?;
        let first = numbers.all.first()?;
        let event = self.entry(&format!("event-{}", first.text))?;
        let is_code = first.of(false, |number| self.code(number)).is_some();
        (!is_code && !numbers.only_extended)
            .then(|| Answer::full(vec![event]))
            .flatten()
    }

    /// A number among the words of a question that is a code of the client and nothing else stands for it.
    pub(super) fn with_code<'a>(
        &'a self,
        parts: &[&str],
        found: Option<Answer<'a>>,
    ) -> Option<Answer<'a>> {
        let is_decimal = |part: &&&str| part.bytes().all(|byte| byte.is_ascii_digit());
        let of_client = |part: &&str| {
            let number = part
                .parse()
                .ok()
                .filter(|number| *number >= LEAST_BARE_CODE)?;
            let entry = self.code(number).filter(|entry| entry.kind == Kind::Code)?;
            self.entry(&format!("event-{part}"))
                .is_none()
                .then_some(entry)
        };
        let mut codes = parts.iter().filter(is_decimal).filter_map(of_client);
        let (Some(code), None) = (codes.next(), codes.next()) else {
            return found;
        };
        let mut entries = vec![code];
        let (others, notes, shape) = match found {
            Some(found) => (found.entries, found.notes, Shape::Led),
            None => (Vec::new(), Vec::new(), Shape::Full),
        };
        entries.extend(others.into_iter().filter(|other| other.key != code.key));
        let mut answer = Answer::shaped(entries, shape)?;
        answer.notes = notes;
        Some(answer)
    }

    /// Whether a question is nothing but the number of an event that the handbook does not have.
    pub(super) fn is_unknown_event(&self, parts: &[&str]) -> bool {
        let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
        let (numbers, words): (Vec<&str>, Vec<&str>) = parts.iter().copied().partition(is_number);
        let [number] = numbers.as_slice() else {
            return false;
        };
        let is_called = !words.is_empty() && words.iter().all(|word| CALLS_EVENT.contains(word));
        // Numbers that several logs have are keys with the name of the log behind them.
        let key = format!("event-{number}");
        let names = |entry: &Entry| {
            let rest = entry.key.strip_prefix(&key);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        is_called && !self.entries.iter().any(names)
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
        let is_meant = numbers.only_extended || first.plain || is_code() || is_reason();
        is_meant
            .then(|| self.by_numbers(numbers).or_else(|| self.by_status(numbers)))
            .flatten()
    }

    /// An event that a question calls by its number, or whose message it is, and that gives extended reasons, with those that are
    /// given: 5 stands for another reason there than in a message of the client.
    pub(super) fn by_reason_of_event(
        &self,
        question: &str,
        parts: &[&str],
        numbers: &Numbers<'_>,
    ) -> Option<Answer<'_>> {
        if numbers.all.iter().any(|number| number.plain) {
            return None;
        }
        let texts: Vec<&str> = numbers.all.iter().map(|number| number.text).collect();
        let event = named_events(parts)
            .find_map(|key| self.entry(&key))
            .or_else(|| {
                // The client's own numbers are not those of events.
                let is_small = numbers.all.iter().all(|number| !number.is_large_reason());
                let message = is_small.then(|| self.message_in(question, &texts));
                message.flatten()
            })
            .filter(|entry| entry.kind == Kind::Event)?;
        if !event.see.iter().any(|key| key.starts_with("ext-")) {
            return None;
        }
        let is_event = |number: &&Number<'_>| Some(number.text) == event.key.strip_prefix("event-");
        let reasons = numbers.all.iter().filter(|number| !is_event(number));
        let reasons = reasons.filter_map(|number| number.of(true, |number| self.extended(number)));
        let reasons = reasons.map(|(entry, _)| entry);
        let updates = self
            .by_status(numbers)
            .map_or_else(Vec::new, |found| found.entries);
        Answer::full(
            std::iter::once(event)
                .chain(reasons)
                .chain(updates)
                .collect(),
        )
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
            .any(|entry| !matches!(entry.kind, Kind::Status | Kind::Extended))
        {
            return answer;
        }
        let is_status = answer
            .entries
            .iter()
            .all(|entry| entry.kind == Kind::Status);
        // "event 4776, error code 0xC0000064", and not "C0000413 in event 4625".
        let called = named_events(parts).find_map(|key| self.entry(&key));
        let numbers = Numbers::marked(parts).map_or_else(Vec::new, |numbers| numbers.all);
        if let Some(event) = called.filter(|event| comes_before(event, &numbers, parts)) {
            answer.entries.insert(0, event);
            return answer;
        }
        // The client's own numbers are not those of events.
        let is_small = numbers.iter().all(|number| !number.is_large_reason());
        let numbers: Vec<&str> = numbers.iter().map(|number| number.text).collect();
        let is_event = |entry: &&Entry| entry.kind == Kind::Event;
        let message = self.message_in(question, &numbers).filter(is_event);
        let mut keys = parts.iter().map(|part| format!("event-{part}"));
        let named = keys.find_map(|key| self.entry(&key));
        if let Some(event) = message.filter(|_| is_small) {
            answer.entries.insert(0, event);
        } else if let Some(event) = named.filter(|_| is_status) {
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

/// `kb5065426`, `cve-2018-0886`.
fn is_update(token: &str) -> bool {
    let is_number = |digits: &str| {
        digits.len() >= 4
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    ["kb", "cve-"]
        .iter()
        .any(|mark| token.strip_prefix(mark).is_some_and(is_number))
}

/// Smaller numbers in a sentence count something.
const LEAST_BARE_CODE: u32 = 256;

/// Words that call the number after them an event.
const CALLS_EVENT: &[&str] = &[
    "event",
    "events",
    "id",
    "eventid",
    "ereignis",
    "ereignisid",
    "evento",
    "evenement",
    "イベント",
    "事件",
    "localsessionmanager",
    "rdpcorets",
    "rdpclient",
    "schannel",
    "termdd",
    "lsasrv",
    "termservice",
    "capi2",
];

/// Whether the number of an event stands before any of the others.
fn comes_before(event: &Entry, numbers: &[Number<'_>], parts: &[&str]) -> bool {
    let own = event.key.strip_prefix("event-");
    let at = |wanted: Option<&str>| parts.iter().position(|part| Some(*part) == wanted);
    let others = numbers.iter().filter_map(|number| at(Some(number.text)));
    at(own) < others.min()
}

/// Keys of the events that a question calls by number.
fn named_events(parts: &[&str]) -> impl Iterator<Item = String> {
    parts
        .iter()
        .zip(parts.iter().skip(1))
        .filter(|(before, _)| CALLS_EVENT.contains(before))
        .map(|(_, number)| format!("event-{number}"))
}

/// FreeRDP writes an extended reason with a class in front of it: 0x10007.
fn freerdp_reason(number: u32) -> Option<u32> {
    (number >> 16 == 1)
        .then_some(number & 0xFFFF)
        .filter(|reason| *reason != 0)
}
