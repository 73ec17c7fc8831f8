//! A settings file as keys and texts with their lines; the parsers of the settings read the texts.

mod fleets;

use std::path::Path;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::arguments::keys;
use super::{Given, SettingsError, Source, nearest};
use crate::tui::join_words;

/// The setting whose list holds the words of a command, which have commas of their own.
const COMMAND: &str = "watch.on_change";

pub use fleets::SavedFleet;

/// What a settings file holds.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// From its top.
    pub(super) settings: Vec<Given>,
    pub(super) fleets: Vec<SavedFleet>,
}

pub(super) fn read(content: &str, path: &Path) -> Result<Content, SettingsError> {
    let origin = |line| Source::File {
        path: path.to_owned(),
        line,
    };
    let table = DeTable::parse(content).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(content, span.start));
        SettingsError::Syntax {
            origin: origin(line),
            line: content
                .lines()
                .nth(line - 1)
                .unwrap_or_default()
                .trim()
                .to_owned(),
            reason: error.message().lines().collect::<Vec<_>>().join(", "),
        }
    })?;
    let mut found = Vec::new();
    flatten(table.get_ref(), "", &mut |path, start, value| {
        found.push((start, path, value));
    });
    // The parser sorts by key; people read from the top.
    found.sort_by_key(|(start, ..)| *start);
    // Lines are counted from one key to the next: a file has many of both.
    let (mut line, mut counted) = (1, 0);
    let mut saved = Vec::new();
    if let Some(at) = found
        .iter()
        .position(|(_, path, _)| path == fleets::SECTION)
    {
        let (start, _, value) = found.remove(at);
        let lines = |start| origin(line_of(content, start));
        saved = fleets::read(value, &lines, start)?;
    }
    let settings = found
        .into_iter()
        .map(|(start, path, value)| {
            line += line_of(content.get(counted..start).unwrap_or_default(), usize::MAX) - 1;
            counted = start;
            let origin = origin(line);
            let Some(key) = keys().find(|key| *key == path) else {
                return Err(SettingsError::UnknownKey {
                    origin,
                    nearest: nearest(&path, keys()),
                    key: path,
                });
            };
            let text = match value {
                Some(DeValue::Array(items)) if key == COMMAND => command_of(items),
                value => value.and_then(text_of),
            };
            match text {
                Some(text) => Ok(Given {
                    key,
                    text,
                    source: origin,
                }),
                None => Err(SettingsError::Value {
                    origin,
                    key,
                    value: value.map_or("table", DeValue::type_str).to_owned(),
                    reason: "this kind of value cannot be used".to_owned(),
                    way_out: "write it as in the sample, a number, a text or a list of them"
                        .to_owned(),
                }),
            }
        })
        .collect::<Result<_, _>>()?;
    Ok(Content {
        settings,
        fleets: saved,
    })
}

/// Walks down through sections that hold settings; anything else is handed on, known or not.
fn flatten<'v, 'i>(
    table: &'v DeTable<'i>,
    section: &str,
    visit: &mut dyn FnMut(String, usize, Option<&'v DeValue<'i>>),
) {
    for (name, value) in table {
        let path = if section.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{section}.{}", name.get_ref())
        };
        let inside = |key: &str| {
            key.strip_prefix(&*path)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        match value.get_ref() {
            DeValue::Table(inner) if keys().any(inside) => flatten(inner, &path, visit),
            other => visit(path, name.span().start, Some(other)),
        }
    }
}

/// The text that an argument would have: lists are joined with commas.
fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(|number| number.to_string())
            .ok()
            .or_else(|| Some(number.to_string())),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(state) => Some(state.to_string()),
        DeValue::Array(items) => items
            .iter()
            .map(|item| match Spanned::get_ref(item) {
                DeValue::Array(_) => None,
                other => text_of(other),
            })
            .collect::<Option<Vec<_>>>()
            .map(|texts| texts.join(",")),
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

/// A command as an argument has it; `None` for words that no argument can have.
fn command_of(items: &DeArray<'_>) -> Option<String> {
    let words = items.iter().map(|item| text_of(item.get_ref()));
    let words = words.collect::<Option<Vec<_>>>()?;
    let has_quotes = words.iter().any(|word| word.contains('"'));
    (!has_quotes).then(|| join_words(&words))
}

/// The line of a byte offset, 1 for the first.
fn line_of(content: &str, offset: usize) -> usize {
    1 + content
        .bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
}
