//! Compact tables: one line for each code, status, event or update, with what the lines of a table share said once.

use serde::Deserialize;

use super::entry::{Kind, Standing};
use super::written::Written;

/// The files of tables by kind.
pub(super) const FILES: &[(Kind, &str)] = &[
    (Kind::Code, include_str!("data/gateway.toml")),
    (Kind::Code, include_str!("data/freerdp.toml")),
    (Kind::Extended, include_str!("data/error-info.toml")),
    (Kind::Status, include_str!("data/statuses.toml")),
    (Kind::Event, include_str!("data/events.toml")),
    (Kind::Event, include_str!("data/events-around.toml")),
    (Kind::Update, include_str!("data/updates.toml")),
];

/// A file of tables.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(rename = "table")]
    pub(super) tables: Vec<Table>,
    /// The day on which facts that age were looked up; `diagnosis::dated` reads it.
    #[serde(rename = "as_of")]
    _as_of: Option<String>,
}

/// Lines that have much in common.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    /// Stands in front of the numbers of events and alerts, as in `event-1058`; only where the number alone is no key.
    prefix: Option<String>,
    /// What all are called; of events, the log and the source.
    name: Option<String>,
    standing: Option<Standing>,
    /// What to do first, where a line has no text of its own.
    todo: Option<String>,
    /// Closes the text of each line.
    #[serde(default)]
    text: Vec<String>,
    #[serde(default)]
    findings: Vec<String>,
    #[serde(default)]
    fixes: Vec<String>,
    #[serde(default)]
    see: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
    pub(super) sources: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// A line. What it has itself comes before what its table has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    /// Where the number does not make the key.
    key: Option<String>,
    pub(super) number: Option<u32>,
    pub(super) name: Option<String>,
    pub(super) title: String,
    standing: Option<Standing>,
    todo: Option<String>,
    text: Option<String>,
    /// The product's own text, up to one sentence.
    pub(super) says: Option<String>,
    /// What a scan shows at the same time.
    scan: Option<String>,
    findings: Option<Vec<String>>,
    fixes: Option<Vec<String>>,
    see: Option<Vec<String>>,
    #[serde(default)]
    words: Vec<String>,
    sources: Option<Vec<String>>,
}

impl Table {
    /// The lines as entries of the long form.
    pub(super) fn written(self, kind: Kind) -> Vec<Written> {
        let Self {
            prefix,
            name,
            standing,
            todo,
            text,
            findings,
            fixes,
            see,
            words,
            sources,
            rows,
        } = self;
        let written = rows.into_iter().map(|row| Written {
            key: row.key(kind, prefix.as_deref()),
            words: row.found_by(kind, prefix.as_deref(), &words),
            title: row.title,
            name: row.name.or_else(|| name.clone()),
            standing: row.standing.or(standing),
            todo: row
                .todo
                .or_else(|| todo.clone().filter(|_| row.text.is_none())),
            text: row.text.into_iter().chain(text.iter().cloned()).collect(),
            says: row.says,
            scan: row.scan,
            findings: row.findings.unwrap_or_else(|| findings.clone()),
            fixes: row.fixes.unwrap_or_else(|| fixes.clone()),
            see: row.see.unwrap_or_else(|| see.clone()),
            sources: row.sources.unwrap_or_else(|| sources.clone()),
            ..Written::default()
        });
        written.collect()
    }
}

impl Row {
    fn key(&self, kind: Kind, prefix: Option<&str>) -> String {
        let number = self.number.unwrap_or_default();
        match (&self.key, prefix) {
            (Some(key), _) => key.clone(),
            (None, Some(prefix)) => format!("{prefix}-{number}"),
            (None, None) => match kind {
                Kind::Extended => format!("ext-{number:#x}"),
                Kind::Status => format!("0x{number:08X}"),
                _ => format!("0x{number:X}"),
            },
        }
    }

    /// What it is found by beside its own texts: the message, and the ways to write the number.
    fn found_by(&self, kind: Kind, prefix: Option<&str>, shared: &[String]) -> Vec<String> {
        let mut words = self.words.clone();
        words.extend(shared.iter().cloned());
        if let Some(number) = self.number {
            let forms: &[&str] = match kind {
                Kind::Event => &[
                    "event ",
                    "event id ",
                    "eventid ",
                    "ereignis ",
                    "ereignis id ",
                    "ereigniskennung ",
                    "evenement ",
                    "evento ",
                    "id. de evento ",
                ],
                _ if prefix == Some("alert") => &[
                    "alert ",
                    "alert code is ",
                    "alert code ",
                    "fatal alert ",
                    "tls alert ",
                    "alert number ",
                ],
                _ => &[],
            };
            words.extend(forms.iter().map(|form| format!("{form}{number}")));
            if kind == Kind::Event {
                words.push(number.to_string());
            }
        }
        words
    }
}
