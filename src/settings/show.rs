//! Settings as `rdpscan config` prints them.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::keys::KEYS;
use super::resolve::Resolved;

/// One line per setting: key, value, and where it came from. Reads back as a settings file.
#[must_use]
pub fn text(resolved: &Resolved) -> String {
    let lines: Vec<_> = KEYS
        .iter()
        .map(|key| {
            let value = format!("{} = {}", key.path, (key.show)(&resolved.settings));
            (value, one_line(&resolved.source(key.path).to_string()))
        })
        .collect();
    let width = lines
        .iter()
        .map(|(value, _)| value.chars().count())
        .max()
        .unwrap_or_default();
    lines
        .iter()
        .fold(String::new(), |mut all, (value, source)| {
            // Writing to a string cannot fail.
            if writeln!(all, "{value:width$}  # {source}").is_err() {
                all.push('\n');
            }
            all
        })
}

/// An object by key, each with `value`, the kind of `source`, its `origin` in words, and the `variable` that would set it.
#[must_use]
pub fn json(resolved: &Resolved) -> String {
    let keys: Map<String, Value> = KEYS
        .iter()
        .map(|key| {
            let source = resolved.source(key.path);
            let value = json!({
                "value": (key.show)(&resolved.settings),
                "source": source.kind(),
                "origin": source.to_string(),
                "variable": key.variable(),
            });
            (key.path.to_owned(), value)
        })
        .collect();
    let file = match &resolved.file {
        Some(path) => Value::from(path.to_string_lossy()),
        None => Value::Null,
    };
    format!("{:#}\n", json!({ "file": file, "settings": keys }))
}

/// A comment ends with its line, whatever a path holds.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect()
}
