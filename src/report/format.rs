use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::sanitize;

/// A form in which a scan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A table and the findings, for people.
    Text,
    /// `rdpscan.report/1`, one document; can be read back.
    Json,
    /// Scan events as they come, one per line; can be read back.
    Ndjson,
    /// One row per host, for spreadsheets.
    Csv,
    /// A workbook with a sheet per subject, for Excel.
    Xlsx,
    /// Tables, findings and remedies, for a ticket.
    Markdown,
    /// Gauges for the textfile collector.
    Prometheus,
    /// One page for a browser.
    Html,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 8] = [
        Self::Text,
        Self::Json,
        Self::Ndjson,
        Self::Csv,
        Self::Xlsx,
        Self::Markdown,
        Self::Prometheus,
        Self::Html,
    ];

    /// Those that a fleet can be written as: all but the recording, which holds events and is written as they come.
    pub const REPORTS: [Self; 7] = [
        Self::Text,
        Self::Json,
        Self::Csv,
        Self::Xlsx,
        Self::Markdown,
        Self::Prometheus,
        Self::Html,
    ];

    /// The word after `--format`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Markdown => "markdown",
            Self::Prometheus => "prometheus",
            Self::Html => "html",
        }
    }

    /// What it is good for, in a few words.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Text => "a table and the findings, for people",
            Self::Json => "everything; rdpscan opens it again",
            Self::Ndjson => "scan events, one per line; rdpscan opens it again",
            Self::Csv => "one row per host, for spreadsheets",
            Self::Xlsx => "a workbook with a sheet per subject, for Excel",
            Self::Markdown => "tables, findings and remedies, for a ticket",
            Self::Prometheus => "gauges for the textfile collector",
            Self::Html => "one page for a browser",
        }
    }

    /// File extensions that mean this format, the usual one first, without the dot.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Text => &["txt", "text"],
            Self::Json => &["json"],
            Self::Ndjson => &["ndjson", "jsonl"],
            Self::Csv => &["csv"],
            Self::Xlsx => &["xlsx"],
            Self::Markdown => &["md", "markdown"],
            Self::Prometheus => &["prom"],
            Self::Html => &["html", "htm"],
        }
    }

    /// The format that a file's extension asks for; case does not count.
    pub fn from_extension(path: &Path) -> Result<Self, FormatError> {
        let extension = path.extension().map(|text| text.to_string_lossy());
        Self::ALL
            .into_iter()
            .find(|format| {
                extension.as_deref().is_some_and(|wanted| {
                    format
                        .extensions()
                        .iter()
                        .any(|known| known.eq_ignore_ascii_case(wanted))
                })
            })
            .ok_or_else(|| FormatError::Extension {
                path: sanitize::terminal(&path.to_string_lossy()).into_owned(),
            })
    }

    /// Bytes that are no text: nothing for a terminal.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::Xlsx)
    }

    /// Whether its table of hosts can have chosen columns; the others always say all that they know.
    #[must_use]
    pub const fn takes_columns(self) -> bool {
        matches!(self, Self::Text | Self::Csv | Self::Xlsx | Self::Markdown)
    }

    /// Whether [`super::open`] reads it.
    #[must_use]
    pub const fn can_be_read(self) -> bool {
        matches!(self, Self::Json | Self::Ndjson)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.word().eq_ignore_ascii_case(text))
            .ok_or_else(|| FormatError::Name {
                name: sanitize::terminal(text).into_owned(),
            })
    }
}

/// A format that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// By its name.
    #[error("there is no format `{name}`; the formats are {}", names())]
    Name {
        /// As given, safe to print.
        name: String,
    },
    /// By a file's extension.
    #[error(
        "the name `{path}` does not tell a format; end it in {}, or name one with --format ({})",
        extensions(),
        names()
    )]
    Extension {
        /// As given, safe to print.
        path: String,
    },
}

fn names() -> String {
    Format::ALL.map(Format::word).join(", ")
}

fn extensions() -> String {
    let all: Vec<String> = Format::ALL
        .iter()
        .flat_map(|format| format.extensions())
        .map(|extension| format!(".{extension}"))
        .collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_and_extension_leads_back() {
        for format in Format::ALL {
            assert_eq!(format.word().parse(), Ok(format));
            for extension in format.extensions() {
                let path = format!("out/report.{}", extension.to_uppercase());
                assert_eq!(Format::from_extension(Path::new(&path)), Ok(format));
            }
        }
    }

    #[test]
    fn an_unknown_format_lists_what_exists() {
        let error = "yaml".parse::<Format>().unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no format `yaml`; the formats are text, json, ndjson, csv, xlsx, markdown, prometheus, html"
        );
    }

    #[test]
    fn an_unknown_extension_lists_what_exists() {
        for path in ["report", "report.docx", ".json", ""] {
            let error = Format::from_extension(Path::new(path))
                .unwrap_err()
                .to_string();
            assert!(error.contains(".txt, .text, .json, .ndjson, .jsonl, .csv, .xlsx, .md, "));
            assert!(error.contains("--format (text, json, ndjson, csv, xlsx, "));
        }
    }
}
