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
    /// Scan events, one per line; can be read back.
    Ndjson,
    /// One row per host, for spreadsheets.
    Csv,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Text, Self::Json, Self::Ndjson, Self::Csv];

    /// The word after `--format`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
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

    /// Whether [`super::read`] understands it.
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
        let error = "xlsx".parse::<Format>().unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no format `xlsx`; the formats are text, json, ndjson, csv"
        );
    }

    #[test]
    fn an_unknown_extension_lists_what_exists() {
        for path in ["report", "report.docx", ".json", ""] {
            let error = Format::from_extension(Path::new(path))
                .unwrap_err()
                .to_string();
            assert!(error.contains(".txt, .text, .json, .ndjson, .jsonl, .csv"));
            assert!(error.contains("--format (text, json, ndjson, csv)"));
        }
    }
}
