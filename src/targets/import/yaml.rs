//! YAML as JSON values. Aliases count like what they stand for, so that a few lines cannot become millions of values.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

use super::super::error::{Refusal, excerpt};
use super::{Import, ListFile, json};

/// The most values, those of aliases included, and how deep they may be.
const MOST_VALUES: usize = 2_000_000;
const MOST_DEEP: usize = 64;

pub(super) fn read(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    is_yaml(file.text).then(|| {
        let document = parse(file.text).map_err(|reason| {
            Refusal::new(
                format!("it looks like YAML and is not ({reason})"),
                "correct it, or use a list with one host per line",
            )
        })?;
        json::of_value("YAML", &document, file)
    })
}

/// A document mark, a list of values, or a key above lines that are indented or listed.
fn is_yaml(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    let Some(first) = lines.next() else {
        return false;
    };
    if first.trim_end() == "---" {
        return true;
    }
    let Some(second) = lines.next() else {
        return first.starts_with("- ");
    };
    if first.starts_with("- ") {
        return second.starts_with("- ") || second.starts_with("  ");
    }
    let is_key = first.trim_end().strip_suffix(':').is_some_and(|key| {
        !key.is_empty()
            && key.bytes().all(|letter| {
                letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-' | b'.')
            })
    });
    is_key && (second.starts_with(' ') || second.starts_with("- "))
}

/// A list or map that is being read.
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

struct Builder {
    open: Vec<(Open, usize)>,
    anchors: HashMap<usize, (Value, usize)>,
    done: Option<Value>,
    values: usize,
}

fn parse(text: &str) -> Result<Value, String> {
    let mut builder = Builder {
        open: Vec::new(),
        anchors: HashMap::new(),
        done: None,
        values: 0,
    };
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| excerpt(&error.to_string()))?;
        // The first document is the inventory.
        if matches!(event, Event::DocumentEnd) && builder.done.is_some() {
            break;
        }
        builder.take(event)?;
    }
    builder.done.ok_or_else(|| "it holds nothing".to_owned())
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = match text.as_ref() {
                    "" | "~" | "null" if style == ScalarStyle::Plain => Value::Null,
                    text => Value::String(text.to_owned()),
                };
                self.put(value, anchor, 1)
            }
            Event::SequenceStart(anchor, _) => self.enter(Open::List(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => self.enter(Open::Map(Map::new(), None), anchor),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some((Open::List(items), anchor)) => self.put(Value::Array(items), anchor, 1),
                Some((Open::Map(fields, _), anchor)) => self.put(Value::Object(fields), anchor, 1),
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let (value, size) = self
                    .anchors
                    .get(&anchor)
                    .cloned()
                    .unwrap_or((Value::Null, 1));
                self.put(value, 0, size)
            }
            _ => Ok(()),
        }
    }

    fn enter(&mut self, open: Open, anchor: usize) -> Result<(), String> {
        if self.open.len() >= MOST_DEEP {
            return Err(format!("more than {MOST_DEEP} levels"));
        }
        self.open.push((open, anchor));
        Ok(())
    }

    fn put(&mut self, value: Value, anchor: usize, size: usize) -> Result<(), String> {
        self.values = self.values.saturating_add(size);
        if self.values > MOST_VALUES {
            return Err(format!("more than {MOST_VALUES} values"));
        }
        if anchor != 0 {
            self.anchors
                .insert(anchor, (value.clone(), size_of(&value)));
            // A copy counts like the value.
            self.values = self.values.saturating_add(size_of(&value));
        }
        match self.open.last_mut() {
            None => self.done = self.done.take().or(Some(value)),
            Some((Open::List(items), _)) => items.push(value),
            Some((Open::Map(fields, key), _)) => match key.take() {
                None => *key = Some(value.as_str().unwrap_or_default().to_owned()),
                // A merge key takes the fields that are not given.
                Some(merge) if merge == "<<" => {
                    if let Value::Object(more) = value {
                        for (key, value) in more {
                            fields.entry(key).or_insert(value);
                        }
                    }
                }
                Some(key) => {
                    fields.insert(key, value);
                }
            },
        }
        Ok(())
    }
}

fn size_of(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(size_of).sum::<usize>() + 1,
        Value::Object(fields) => fields.values().map(size_of).sum::<usize>() + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_count_like_what_they_stand_for() {
        let text = "a: &a {x: [1, 2]}\nb:\n  <<: *a\n  y: ~\n";
        let wanted = serde_json::json!({"a": {"x": ["1", "2"]}, "b": {"x": ["1", "2"], "y": null}});
        assert_eq!(parse(text).unwrap(), wanted);
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = format!("*a{}", level - 1);
            let items = vec![below; 10].join(", ");
            bomb.extend([format!("a{level}: &a{level} [{items}]\n")]);
        }
        assert!(parse(&bomb).unwrap_err().contains("values"));
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn lists_of_hosts_are_no_yaml() {
        for text in [
            "srv05:3390\nsrv06\n",
            "full address:s:x\n",
            "srv05\n",
            "name: x\nname: y\n",
        ] {
            assert!(!is_yaml(text), "{text}");
        }
        for text in ["---\nall:\n", "- srv05\n- srv06\n", "all:\n  hosts:\n"] {
            assert!(is_yaml(text), "{text}");
        }
    }
}
