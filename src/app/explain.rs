//! `rdpscan explain`: the handbook in the terminal, as JSON or as Markdown. Without settings, files or network.

mod pager;

use std::io::{self, IsTerminal};

use anyhow::{Result, anyhow, bail};
use serde::Serialize;

use crate::cli::{ExplainArgs, ExplainFormat};
use crate::counts::grouped;
use crate::diagnosis::handbook::{Answer, Entry, Handbook, handbook};
use crate::exit::ExitStatus;
use crate::pages;
use crate::sanitize::{self, excerpt};
use strsim::osa_distance as distance;

use super::sink;

/// Version of the JSON form.
const SCHEMA: &str = "rdpscan.handbook/1";
/// Width where there is no terminal to ask, in columns.
const USUAL_WIDTH: u16 = 80;
/// Lines longer than this are hard to read, in columns.
const MOST_WIDTH: u16 = 110;
/// Below this nothing can be laid out, in columns.
const LEAST_WIDTH: u16 = 30;
/// Suggestions for a question without an answer.
const MOST_SUGGESTIONS: usize = 3;
/// How much of a question is compared with each key, in characters.
const MOST_COMPARED: usize = 60;
/// The most characters of a question: a message with all its details has some hundred.
const MOST_QUESTION: usize = 2000;

pub(super) fn run(arguments: &ExplainArgs) -> Result<ExitStatus> {
    let book = handbook();
    let question = arguments.words.join(" ");
    let length = question.chars().count();
    if length > MOST_QUESTION {
        bail!(
            "`{}`: the question has {} characters, and at most {} are looked up; use the code, or a sentence of the message",
            excerpt(&question),
            grouped(length as u64),
            grouped(MOST_QUESTION as u64)
        );
    }
    let answer = book
        .look_up(&question)
        .ok_or_else(|| unknown(book, &question))?;
    match arguments.format {
        ExplainFormat::Json => sink::print(&sanitize::json(&json(&question, &answer)?))?,
        ExplainFormat::Markdown => {
            let text = pages::markdown(&pages::of_entries(book, &answer));
            sink::print(&sanitize::lines(&text))?;
        }
        ExplainFormat::Text => {
            let shown = pages::text(&pages::of_entries(book, &answer), page_width());
            let shown = sanitize::lines(&shown);
            if !(io::stdout().is_terminal() && !arguments.no_pager && pager::show(&shown)) {
                sink::print(&shown)?;
            }
        }
    }
    Ok(ExitStatus::Done)
}

/// The width of text on standard output, in columns.
pub(super) fn page_width() -> usize {
    let width = sink::terminal_width().unwrap_or(USUAL_WIDTH);
    usize::from(width.clamp(LEAST_WIDTH, MOST_WIDTH))
}

/// The JSON form.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    question: &'a str,
    notes: &'a [String],
    entries: &'a [&'a Entry],
}

fn json(question: &str, answer: &Answer<'_>) -> Result<String> {
    let document = Document {
        schema: SCHEMA,
        question,
        notes: &answer.notes,
        entries: &answer.entries,
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn unknown(book: &Handbook, question: &str) -> anyhow::Error {
    let asked = excerpt(question);
    if let Some(kind) = Handbook::kind_of_number(question) {
        let kind = kind.trim_end_matches('.');
        return anyhow!("`{asked}`: not in the handbook, which has the client's own codes; {kind}");
    }
    let unknown = Handbook::unknown_number(question);
    let unknown = unknown.unwrap_or_else(|| "not in the handbook".to_owned());
    let nearest = nearest(book, &question.trim().to_lowercase());
    if nearest.is_empty() {
        return anyhow!("`{asked}`: {unknown}; `rdpscan explain` lists what is");
    }
    anyhow!(
        "`{asked}`: {unknown}; nearest are {}; `rdpscan explain` lists everything",
        nearest.join(", ")
    )
}

/// Keys, and words of titles, at a small edit distance from the question, nearest first.
fn nearest(book: &Handbook, question: &str) -> Vec<String> {
    let question: String = question.chars().take(MOST_COMPARED).collect();
    let most = (question.chars().count() / 3).max(1);
    let mut candidates: Vec<(usize, String)> = book
        .entries()
        .iter()
        .flat_map(|entry| {
            let words = entry
                .title
                .split(|character: char| !character.is_alphanumeric())
                .filter(|word| word.len() > 3)
                .map(str::to_lowercase);
            std::iter::once(entry.key.clone()).chain(words)
        })
        .map(|candidate| (distance(&question, &candidate.to_lowercase()), candidate))
        .filter(|(changes, _)| *changes <= most)
        .collect();
    candidates.sort_unstable();
    candidates.dedup();
    candidates
        .into_iter()
        .take(MOST_SUGGESTIONS)
        .map(|(_, candidate)| candidate)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_are_few_near_and_in_order() {
        assert_eq!(nearest(handbook(), "0x905"), ["0x904", "0x906", "0x907"]);
        assert_eq!(
            nearest(handbook(), "expird"),
            ["expire", "expired", "expiry"]
        );
        assert_eq!(
            nearest(handbook(), "rdp-cert-sha2"),
            ["RDP-CERT-SHA1", "RDP-CERT-MD5"]
        );
        assert!(nearest(handbook(), "xylophone").is_empty());
        assert_eq!(nearest(handbook(), "degarded").first().unwrap(), "degraded");
    }
}
