//! Words that can be a value: those that the definition lists, and those that other parts of the program know.

use std::collections::HashSet;

use clap::Arg;

use super::Candidate;
use crate::diagnosis::handbook::handbook;
use crate::diagnosis::remedies;
use crate::table::{self, Field};

/// Values of an argument.
pub(super) enum Values {
    /// One of these, and then a blank.
    One(Vec<Candidate>),
    /// One of these, and the word may go on.
    GoesOn(Vec<Candidate>),
    /// A file.
    Files,
}

/// In place of columns or an order: what the format has of its own.
const AUTO: (&str, &str) = ("auto", "what the format has of its own");

/// Values that begin like what stands there; `None` where no words are known.
pub(super) fn of(argument: &Arg, typed: &str) -> Option<Values> {
    match argument.get_id().as_str() {
        "columns" => Some(Values::GoesOn(columns(typed))),
        "sort" => Some(Values::One(order(typed))),
        "filter" => Some(Values::GoesOn(filters(typed))),
        "remedy" => Some(Values::GoesOn(list(
            typed,
            remedies::all()
                .iter()
                .map(|remedy| (remedy.key.as_str(), remedy.title.as_str())),
        ))),
        "fail_on" => {
            let listed = argument.get_possible_values();
            Some(Values::GoesOn(list(
                typed,
                listed.iter().map(|value| (value.get_name(), "")),
            )))
        }
        "words" => Some(Values::One(handbook_keys(typed))),
        // The file of a list stands behind its sign; whatever else a target is, nobody can guess.
        "targets" => typed.starts_with('@').then_some(Values::Files),
        _ => {
            let listed = argument.get_possible_values();
            let shown = listed.iter().filter(|value| !value.is_hide_set());
            let candidates: Vec<_> = shown
                .filter(|value| value.get_name().starts_with(typed))
                .map(|value| Candidate {
                    text: value.get_name().to_owned(),
                    says: value
                        .get_help()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                })
                .collect();
            (!listed.is_empty()).then_some(Values::One(candidates))
        }
    }
}

fn candidates<'a>(typed: &str, words: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Candidate> {
    words
        .filter(|(word, _)| {
            word.get(..typed.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(typed))
        })
        .map(|(word, says)| Candidate {
            text: in_the_case_of(typed, word),
            says: says.to_owned(),
        })
        .collect()
}

/// Shells drop what does not begin as typed, and these words are understood in any case of letters.
fn in_the_case_of(typed: &str, word: &str) -> String {
    if word.starts_with(typed) {
        word.to_owned()
    } else if typed.bytes().any(|letter| letter.is_ascii_uppercase()) {
        let rest = word.get(typed.len()..).unwrap_or_default();
        format!("{typed}{rest}")
    } else {
        word.to_ascii_lowercase()
    }
}

/// Words between commas: the last one is completed, and none is offered twice.
fn list<'a>(typed: &str, words: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Candidate> {
    let (before, last) = match typed.rsplit_once(',') {
        Some((before, last)) => (Some(before), last),
        None => (None, typed),
    };
    let earlier: HashSet<String> = before
        .into_iter()
        .flat_map(|before| before.split(','))
        .map(|word| word.trim().to_ascii_lowercase())
        .collect();
    let mut found = candidates(
        last,
        words.filter(|(word, _)| !earlier.contains(&word.to_ascii_lowercase())),
    );
    if let Some(before) = before {
        for candidate in &mut found {
            candidate.text.insert_str(0, &format!("{before},"));
        }
    }
    found
}

fn keys(fields: impl Iterator<Item = Field>) -> impl Iterator<Item = (&'static str, &'static str)> {
    fields.map(|field| (field.key(), field.meaning()))
}

fn columns(typed: &str) -> Vec<Candidate> {
    let auto = (!typed.contains(',')).then_some(AUTO);
    list(typed, keys(Field::ALL.into_iter()).chain(auto))
}

fn order(typed: &str) -> Vec<Candidate> {
    let Some(word) = typed.strip_prefix('-') else {
        return candidates(typed, keys(Field::of_rows()).chain([AUTO]));
    };
    let mut found = candidates(word, keys(Field::of_rows()));
    for candidate in &mut found {
        candidate.text.insert(0, '-');
    }
    found
}

/// What the filter line of the screen suggests, as far as a shell takes it for a plain word.
fn filters(typed: &str) -> Vec<Candidate> {
    let completion = table::complete(typed, typed.len());
    let Some(before) = typed.get(..completion.span.start) else {
        return Vec::new();
    };
    completion
        .candidates
        .into_iter()
        .map(|candidate| Candidate {
            text: format!("{before}{}", candidate.text),
            says: candidate.says.into_owned(),
        })
        .filter(|candidate| candidate.text.starts_with(typed))
        .filter(|candidate| {
            let plain = |letter: char| {
                letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | ':')
            };
            candidate.text.chars().all(plain)
        })
        .collect()
}

fn handbook_keys(typed: &str) -> Vec<Candidate> {
    let entries = handbook().entries().iter();
    candidates(
        typed,
        entries.map(|entry| (entry.key.as_str(), entry.title.as_str())),
    )
}
