//! Settings as `rdpscan config` prints them.

use serde_json::{Map, json};
use toml::Value;

use super::Resolved;
use super::arguments::{keys, variable};

/// One line per setting: key, value, and where it came from. Reads back as a settings file.
#[must_use]
pub fn text(resolved: &Resolved) -> String {
    let lines: Vec<_> = values(resolved)
        .map(|(key, value)| {
            let value = format!("{key} = {value}");
            // A comment ends with its line, whatever a path holds.
            let source = resolved.source(key).to_string();
            (value, source.replace(char::is_control, "?"))
        })
        .collect();
    let widths = lines.iter().map(|(value, _)| value.chars().count());
    let width = widths.max().unwrap_or_default();
    let lines = lines.iter();
    let lines = lines.map(|(value, source)| format!("{value:width$}  # {source}\n"));
    lines.collect::<Vec<_>>().concat()
}

/// An object by key, each with `value`, the kind of `source`, its `origin` in words, and the `variable` that would set it.
#[must_use]
pub fn json(resolved: &Resolved) -> String {
    let keys: Map<_, _> = values(resolved)
        .map(|(key, value)| {
            let source = resolved.source(key);
            let value = json!({
                "value": value,
                "source": source.kind(),
                "origin": source.to_string(),
                "variable": variable(key),
            });
            (key.to_owned(), value)
        })
        .collect();
    let file = resolved.file.as_ref().map(|path| path.to_string_lossy());
    format!("{:#}\n", json!({ "file": file, "settings": keys }))
}

/// Every key with its value, as a settings file has it.
pub(super) fn values(resolved: &Resolved) -> impl Iterator<Item = (&'static str, Value)> {
    let mut settings = resolved.settings.clone();
    let scan = &mut settings.scan;
    scan.concurrency = Some(scan.concurrency());
    scan.rate = Some(scan.rate());
    // INVARIANT: every value is one that TOML has; a test writes them all.
    let tree = Value::try_from(settings).unwrap_or_else(|_| Value::Table(toml::Table::new()));
    keys().filter_map(move |key| {
        let (section, name) = key.split_once('.')?;
        Some((key, tree.get(section)?.get(name)?.clone()))
    })
}
