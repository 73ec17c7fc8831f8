//! Settings as `rdpscan config` prints them.

use std::collections::BTreeMap;

use serde_json::{Map, json};
use toml::Value;

use super::arguments::{keys, read, variable};
use super::{Given, Resolved, Settings, SettingsError, Source};
use crate::model::ScanId;
use crate::sanitize;

/// One line per setting: key, value, and where it came from. Reads back as a settings file.
#[must_use]
pub fn text(resolved: &Resolved) -> String {
    let settings = values(&resolved.settings)
        .map(|(key, value)| (key.to_owned(), value, resolved.source(key)));
    let fleets = resolved.fleets.iter().flat_map(|fleet| {
        let key = |name| format!("fleets.{}.{name}", fleet.name);
        let values = fleet.values();
        values.map(move |(name, value)| (key(name), value, fleet.source.clone()))
    });
    let lines: Vec<_> = settings
        .chain(fleets)
        .map(|(key, value, source)| {
            let value = format!("{key} = {}", toml(&value));
            // A comment ends with its line, whatever a path holds.
            (value, sanitize::terminal(&source.to_string()).into_owned())
        })
        .collect();
    let widths = lines.iter().map(|(value, _)| value.chars().count());
    let width = widths.max().unwrap_or_default();
    let lines = lines.iter();
    let lines = lines.map(|(value, source)| format!("{value:width$}  # {source}\n"));
    lines.collect::<Vec<_>>().concat()
}

/// A value of TOML in which every character is safe in a terminal; the library's own writer escapes only what TOML wants escaped.
fn toml(value: &Value) -> String {
    match value {
        Value::String(text) if sanitize::terminal(text) != *text => {
            let escape = |character: char| match character {
                '"' | '\\' => format!("\\{character}"),
                other => {
                    let text = other.to_string();
                    if sanitize::terminal(&text) == text {
                        text
                    } else {
                        format!("\\U{:08X}", u32::from(other))
                    }
                }
            };
            format!("\"{}\"", text.chars().map(escape).collect::<String>())
        }
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(toml).collect();
            format!("[{}]", values.join(", "))
        }
        other => other.to_string(),
    }
}

/// An object by key, each with `value`, the kind of `source`, its `origin` in words, and the `variable` that would set it.
#[must_use]
pub fn json(resolved: &Resolved) -> String {
    let keys: Map<_, _> = values(&resolved.settings)
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
    let fleets: Map<_, _> = (resolved.fleets.iter())
        .map(|fleet| {
            let values: Map<_, _> = fleet
                .values()
                .map(|(name, value)| (name.to_owned(), json!(value)))
                .chain([("origin".to_owned(), json!(fleet.source.to_string()))])
                .collect();
            (fleet.name.clone(), values.into())
        })
        .collect();
    let file = resolved.file.as_ref().map(|path| path.to_string_lossy());
    let text = format!(
        "{:#}\n",
        json!({ "file": file, "settings": keys, "fleets": fleets })
    );
    sanitize::json(&text).into_owned()
}

/// The settings by which a scan is resumed, as texts: what is probed, how and how fast.
#[must_use]
pub(crate) fn recorded(settings: &Settings) -> BTreeMap<Box<str>, Box<str>> {
    let of_scan =
        |key: &str| key.starts_with("scan.") || key.starts_with("names.") || key == "output.all";
    // A watch is not resumed, which is seen by its interval.
    let is_watch = |key: &str| key == "watch.interval" && settings.watch.interval.is_some();
    // Workers go on with a scan by workers.
    let is_of_workers =
        |key: &str| matches!(key, "nats.url" | "nats.sites") && settings.nats.url.is_some();
    values(settings)
        .filter(|(key, _)| of_scan(key) || is_watch(key) || is_of_workers(key))
        .map(|(key, value)| (key.into(), text_of(&value).into()))
        .collect()
}

/// Recorded settings as a layer. Keys that this version does not know are left out.
#[must_use]
pub(crate) fn of_record(recorded: &BTreeMap<Box<str>, Box<str>>, scan: ScanId) -> Vec<Given> {
    keys()
        .filter_map(|key| {
            Some(Given {
                key,
                text: recorded.get(key)?.to_string(),
                source: Source::Scan(scan),
            })
        })
        .collect()
}

/// The settings that a scan recorded; those of this machine do not count.
///
/// # Errors
/// A value is none that this version takes.
pub(crate) fn of_work(
    recorded: &BTreeMap<Box<str>, Box<str>>,
    scan: ScanId,
) -> Result<Settings, SettingsError> {
    let given = of_record(recorded, scan);
    read(&given.into_iter().map(|given| (given.key, given)).collect())
}

/// The text that an argument would have.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Every key with its value, as a settings file has it.
pub(super) fn values(settings: &Settings) -> impl Iterator<Item = (&'static str, Value)> {
    let mut settings = settings.clone();
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
