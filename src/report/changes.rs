//! What has changed between two scans: for people, as a section of a report or by itself, and as JSON.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::prose;
use crate::changes::{Comparison, HostChanges};
use crate::counts::{counted, grouped};
use crate::model::{Change, ChangeClass, EpochId, Moment, ScanId};
use crate::record;

/// The format's name and major version.
pub const CHANGES_SCHEMA: &str = "rdpscan.changes/1";

/// The section, in words.
#[derive(Serialize)]
pub(super) struct Changes {
    pub(super) heading: &'static str,
    /// "3 hosts have changed since 2026-11-20 10:00 UTC".
    pub(super) headline: String,
    /// "1 gone, 2 renewed".
    pub(super) counts: String,
    /// Worst first. Texts from the network are raw.
    pub(super) rows: Vec<Row>,
    /// The scans compared.
    pub(super) facts: [(&'static str, String); 2],
}

#[derive(Serialize)]
pub(super) struct Row {
    pub(super) class: String,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) before: String,
    pub(super) after: String,
}

impl Row {
    fn new(host: &HostChanges, change: &Change) -> Self {
        let text = |text: &Option<String>| prose(text.as_deref().unwrap_or("-"));
        Self {
            class: change.class.in_words(),
            name: prose(host.name.as_deref().unwrap_or("-")),
            address: host.key.to_string(),
            before: text(&change.before),
            after: text(&change.after),
        }
    }

    pub(super) const HEADINGS: [&'static str; 5] = ["change", "name", "address", "before", "after"];

    pub(super) fn cells(&self) -> [&str; 5] {
        [
            &self.class,
            &self.name,
            &self.address,
            &self.before,
            &self.after,
        ]
    }
}

impl Changes {
    pub(super) fn new(comparison: &Comparison, heading: &'static str) -> Self {
        let (before, after) = comparison.times;
        let minute = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M UTC").to_string();
        let changed = comparison.changed().count() as u64;
        let counts = comparison.counts().into_iter();
        let counts =
            counts.map(|(class, count)| format!("{} {}", grouped(count), class.in_words()));
        let rows = comparison.hosts.iter().flat_map(|host| {
            let all = host.changes.iter();
            all.map(|change| Row::new(host, change))
        });
        let since = minute(before);
        Self {
            heading,
            headline: if changed == 0 {
                format!("No host has changed since {since}")
            } else {
                let hosts = counted(changed, "host has", "hosts have");
                format!("{hosts} changed since {since}")
            },
            counts: counts.collect::<Vec<_>>().join(", "),
            rows: rows.collect(),
            facts: [
                ("before", format!("{} ({})", comparison.before, since)),
                ("after", format!("{} ({})", comparison.after, minute(after))),
            ],
        }
    }
}

/// How many hosts have changed and how, on one line: "2 changed: 1 gone, 1 renewed".
#[must_use]
pub fn changes_in_short(comparison: &Comparison) -> String {
    match comparison.changed().count() as u64 {
        0 => "no changes".to_owned(),
        changed => {
            let counts = Changes::new(comparison, "").counts;
            format!("{} changed: {counts}", grouped(changed))
        }
    }
}

/// A line for each change: "gone: srv07 (10.0.0.7:3389): healthy -> -". Texts are safe.
pub fn change_lines(comparison: &Comparison) -> impl Iterator<Item = String> {
    let rows = comparison.changed().flat_map(|host| {
        let all = host.changes.iter();
        all.map(|change| Row::new(host, change))
    });
    rows.map(|row| {
        format!(
            "{}: {} ({}): {} -> {}",
            row.class, row.name, row.address, row.before, row.after
        )
    })
}

/// One of the two scans.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Side")]
struct SideV1 {
    /// The scan.
    scan: ScanId,
    /// Number of the sweep in a watched scan, from 1.
    epoch: u32,
    /// The time of its newest event, at which hosts were evaluated.
    #[schemars(with = "Moment")]
    evaluated_at: Timestamp,
}

/// A host that has changed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HostChanges")]
struct HostV1<'a> {
    /// Where it is, or was if it is no more; `null` for a name without an address.
    address: Option<IpAddr>,
    /// TCP port.
    port: u16,
    /// The name to show for it.
    name: Option<&'a str>,
    /// Worst first; never empty.
    changes: &'a [Change],
}

impl<'a> HostV1<'a> {
    fn of(host: &'a HostChanges) -> Self {
        Self {
            address: host.key.endpoint().map(|endpoint| endpoint.address),
            port: host.key.port(),
            name: host.name.as_deref(),
            changes: &host.changes,
        }
    }
}

/// What has changed between two scans.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Changes")]
struct ChangesV1<'a> {
    /// Name and version of the form.
    schema: &'static str,
    /// The earlier one.
    before: SideV1,
    /// The later one.
    after: SideV1,
    /// Hosts by class of change; every class is there. A host may have several.
    #[schemars(with = "BTreeMap<String, u64>", extend("propertyNames" = { "$ref": "#/$defs/ChangeClass" }))]
    summary: BTreeMap<&'static str, u64>,
    /// Hosts of both scans that are as they were.
    unchanged: u64,
    /// The others, worst first.
    hosts: Vec<HostV1<'a>>,
}

pub(super) fn write_json(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let counts = comparison.counts();
    let count = |class: &ChangeClass| counts.get(class).copied().unwrap_or_default();
    let hosts = comparison.hosts.iter().map(HostV1::of);
    let side = |of: EpochId, evaluated_at| SideV1 {
        scan: of.scan,
        epoch: of.epoch,
        evaluated_at,
    };
    let document = ChangesV1 {
        schema: CHANGES_SCHEMA,
        before: side(comparison.before, comparison.times.0),
        after: side(comparison.after, comparison.times.1),
        summary: (ChangeClass::ALL.iter())
            .map(|class| (class.word(), count(class)))
            .collect(),
        unchanged: comparison.unchanged,
        hosts: hosts.collect(),
    };
    record::write_json(out, &document)?;
    out.write_all(b"\n")
}

/// A line of JSON for each host that has changed, of the same form, for programs that show what they read: texts are safe.
pub fn write_changed_hosts(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    for host in comparison.changed() {
        let mut host = host.clone();
        let texts = (host.changes.iter_mut())
            .flat_map(|change| [&mut change.before, &mut change.after])
            .flatten();
        for text in texts {
            *text = prose(text);
        }
        host.name = host.name.map(|name| prose(&name).into());
        record::write_json(out, &HostV1::of(&host))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// The JSON Schema (draft 2020-12) of a comparison.
#[must_use]
pub fn changes_schema() -> Value {
    record::describe::<ChangesV1<'_>>(
        CHANGES_SCHEMA,
        "What has changed between two scans of rdpscan. No name in it is ever renamed or given another meaning; later versions add \
         fields and words, so leave out what you do not know. What is not known is null; times are UTC. Texts from the network are \
         as they came: make them safe before showing them.",
    )
}

#[cfg(test)]
mod tests {
    use pulldown_cmark::{Event, Options, Parser, Tag};

    use super::*;
    use crate::kit::{days, endpoint, now};
    use crate::model::HostKey;
    use crate::report::{Format, write_comparison};

    fn comparison(name: &str) -> Comparison {
        let change = |class, before: Option<&str>, after: Option<&str>| Change {
            class,
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        let host = |address, name: Option<&str>, changes| HostChanges {
            is_row: false,
            key: HostKey::Endpoint(endpoint(address)),
            name: name.map(Into::into),
            changes,
        };
        Comparison {
            before: EpochId::new("20250614T120000Z-00c0ffee".parse().unwrap(), 1),
            after: EpochId::new("20250615T120000Z-00c0ffee".parse().unwrap(), 1),
            times: (days(-1), now()),
            hosts: vec![
                host(
                    "10.0.0.7",
                    Some(name),
                    vec![change(ChangeClass::Gone, Some("healthy"), None)],
                ),
                host(
                    "10.0.0.5",
                    None,
                    vec![
                        change(ChangeClass::KeyChanged, Some("0a0a"), Some("0b0b")),
                        change(ChangeClass::Renewed, Some("2025-06-20"), Some("2025-12-20")),
                    ],
                ),
            ],
            unchanged: 58,
        }
    }

    fn written(format: Format, name: &str) -> String {
        let mut out = Vec::new();
        write_comparison(format, &comparison(name), None, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_and_markdown_say_the_same() {
        for (format, line) in [
            (
                Format::Text,
                "gone         srv07.corp.example  10.0.0.7:3389  healthy     -\n",
            ),
            (
                Format::Markdown,
                "| gone | `srv07.corp.example` | `10.0.0.7:3389` | `healthy` | `-` |\n",
            ),
        ] {
            let text = written(format, "srv07.corp.example");
            for wanted in [
                "2 hosts have changed since 2025-06-14 12:00 UTC",
                "1 gone, 1 key changed, 1 renewed\n",
                "20250614T120000Z-00c0ffee (2025-06-14 12:00 UTC)",
                line,
            ] {
                assert!(text.contains(wanted), "no {wanted:?} in {text}");
            }
        }
    }

    #[test]
    fn any_two_scans_are_not_called_the_last_ones() {
        let text = written(Format::Markdown, "srv07");
        assert!(text.starts_with("# Changes between two scans\n"), "{text}");
        let page = written(Format::Html, "srv07");
        assert!(page.contains(">Changes between two scans</h2>"), "{page}");
    }

    #[test]
    fn json_counts_every_class() {
        let found: Value = serde_json::from_str(&written(Format::Json, "srv07")).unwrap();
        assert_eq!(found["summary"]["renewed"], 1);
        assert_eq!(found["summary"]["flaky_since"], 0);
        assert_eq!(found["hosts"][0]["changes"][0]["class"], "gone");
        assert_eq!(found["hosts"][0]["changes"][0]["after"], Value::Null);
    }

    #[test]
    fn a_program_gets_a_line_for_each_changed_host_and_safe_texts() {
        let mut comparison = comparison("srv\u{1b}]0;x\u{7}07\nname\u{202e}");
        comparison.hosts.push(HostChanges {
            key: HostKey::Endpoint(endpoint("10.0.0.9")),
            name: None,
            changes: vec![Change {
                class: ChangeClass::NotScanned,
                before: None,
                after: None,
            }],
            is_row: true,
        });
        let mut out = Vec::new();
        write_changed_hosts(&comparison, &mut out).unwrap();
        let lines = String::from_utf8(out).unwrap();
        let hosts: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(hosts.len(), 2, "{lines}");
        let written = written(Format::Json, "srv\u{fffd}]0;x\u{fffd}07 name\u{fffd}");
        let document: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(Value::Array(hosts), document["hosts"]);
    }

    #[test]
    fn no_name_becomes_markup() {
        for name in crate::kit::nasty_names() {
            for format in [Format::Text, Format::Markdown, Format::Html] {
                let text = written(format, &name);
                let is_bad = |c: char| c.is_control() && c != '\n';
                assert!(!text.chars().any(is_bad), "{format} {name:?}");
            }
            let page = written(Format::Html, &name);
            assert!(!name.contains('<') || !page.contains(&*name), "{name:?}");
            let is_markup = |event: &Event<'_>| {
                matches!(
                    event,
                    Event::Html(_)
                        | Event::InlineHtml(_)
                        | Event::Start(Tag::Link { .. } | Tag::Image { .. })
                )
            };
            let text = written(Format::Markdown, &name);
            let mut events = Parser::new_ext(&text, Options::ENABLE_TABLES);
            assert!(!events.any(|event| is_markup(&event)), "{name:?}");
        }
    }
}
