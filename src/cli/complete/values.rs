//! Values of arguments: those that the definition lists, and those that other parts of the program know.

use std::collections::HashSet;

use clap::{Arg, ValueHint};

use super::{Candidate, Completion, Kind, plain};
use crate::diagnosis::catalog;
use crate::diagnosis::handbook::handbook;
use crate::diagnosis::remedies;
use crate::settings::SavedFleet;
use crate::table::{self, Field};

const AUTO: (&str, &str) = ("auto", "the format's own");

/// Values of an argument that begin as typed.
pub(super) fn of(argument: &Arg, typed: &str) -> Completion {
    let listed = argument.get_possible_values();
    let listed = listed.iter().filter(|value| !value.is_hide_set());
    let (kind, candidates) = match argument.get_id().as_str() {
        "output.columns" => (Kind::List, columns(typed)),
        "output.sort" => (Kind::Words, order(typed)),
        "output.filter" => (Kind::List, filters(typed)),
        "output.fail_on" => (
            Kind::List,
            list(typed, listed.map(|value| (value.get_name(), ""))),
        ),
        "remedy" => {
            let remedies = remedies::all().iter();
            let keys = remedies.map(|remedy| (remedy.key.as_str(), remedy.title.as_str()));
            (Kind::List, list(typed, keys))
        }
        "finding" => {
            let kinds = catalog::kinds().map(|kind| (kind.id, kind.title));
            (Kind::Words, candidates(typed, kinds))
        }
        "words" => (Kind::Words, handbook_keys(typed)),
        "targets" if typed.starts_with('@') => (Kind::Files, Vec::new()),
        _ => match argument.get_value_hint() {
            ValueHint::FilePath | ValueHint::AnyPath => (Kind::Files, Vec::new()),
            ValueHint::DirPath => (Kind::Folders, Vec::new()),
            _ => {
                let matching = listed.filter(|value| value.get_name().starts_with(typed));
                let candidates = matching.map(|value| Candidate {
                    text: value.get_name().to_owned(),
                    help: plain(value.get_help()),
                });
                (Kind::Words, candidates.collect())
            }
        },
    };
    Completion::new(kind, candidates)
}

/// The names of saved fleets.
pub(super) fn fleets(typed: &str, fleets: &[SavedFleet]) -> Completion {
    let all: Vec<_> = fleets
        .iter()
        .map(|fleet| (&*fleet.name, fleet.targets.join(" ")))
        .collect();
    let words = all.iter().map(|(name, targets)| (*name, &**targets));
    Completion::new(Kind::Words, candidates(typed, words))
}

fn candidates<'a>(typed: &str, words: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Candidate> {
    words
        .filter(|(word, _)| {
            word.get(..typed.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(typed))
        })
        .map(|(word, help)| Candidate {
            text: in_the_case_of(typed, word),
            help: help.to_owned(),
        })
        .collect()
}

/// Shells drop candidates that do not begin as typed, and these words are not case-sensitive.
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

/// Words between commas: completes the last one, and offers none twice.
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

/// Suggestions of the filter line that a shell takes for one plain word.
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
            help: candidate.says.into_owned(),
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
