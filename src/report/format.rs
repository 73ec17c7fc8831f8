//! The formats, each declared once: its names, what it is for, and its writer.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use super::sheet::Sheet;
use super::{csv, html, json_v1, junit, markdown, prometheus, text, xlsx};
use crate::diagnosis::Policy;
use crate::panic_guard;
use crate::sanitize;

type Writer = fn(&Sheet<'_>, &Policy, &mut dyn Write) -> io::Result<()>;

struct Spec {
    /// File extensions without the dot, the usual one first.
    extensions: &'static [&'static str],
    /// Its purpose, in a few words.
    help: &'static str,
    /// How a file begins, if that identifies the format.
    begins: &'static [&'static str],
    /// The columns of its table of hosts can be chosen.
    takes_columns: bool,
    /// For people, who want the worst hosts first. For programs, hosts are sorted by address.
    is_for_people: bool,
    is_binary: bool,
    /// [`super::open`] reads it.
    is_readable: bool,
    /// `None` for the recording, which is written event by event during a scan.
    write: Option<Writer>,
}

const SPEC: Spec = Spec {
    extensions: &[],
    help: "",
    begins: &[],
    takes_columns: false,
    is_for_people: false,
    is_binary: false,
    is_readable: false,
    write: None,
};

macro_rules! formats {
    ($($name:ident $word:literal { $($field:ident: $value:expr),+ $(,)? })+) => {
        /// A form in which a scan is written.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Format { $($name),+ }

        impl Format {
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$name),+];

            /// The word after `--format`.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            fn spec(self) -> &'static Spec {
                match self { $(Self::$name => &Spec { $($field: $value,)+ ..SPEC }),+ }
            }
        }
    };
}

formats! {
    Text "text" {
        extensions: &["txt", "text"],
        help: "summary and table, for people",
        takes_columns: true,
        is_for_people: true,
        write: Some(|sheet, policy, out| text::write(sheet, policy, None, out)),
    }
    Json "json" {
        extensions: &["json"],
        help: "everything; rdpscan opens it again",
        is_readable: true,
        write: Some(json_v1::write),
    }
    Ndjson "ndjson" {
        extensions: &["ndjson", "jsonl"],
        help: "scan events, one per line; rdpscan opens it again",
        is_readable: true,
    }
    Csv "csv" {
        extensions: &["csv"],
        help: "one row per host, for spreadsheets",
        takes_columns: true,
        write: Some(|sheet, _, out| csv::write(sheet, out)),
    }
    Xlsx "xlsx" {
        extensions: &["xlsx"],
        help: "a workbook with a sheet per subject, for Excel",
        begins: &["PK\x03\x04"],
        takes_columns: true,
        is_for_people: true,
        is_binary: true,
        write: Some(xlsx::write),
    }
    Markdown "markdown" {
        extensions: &["md", "markdown"],
        help: "summary, actions, hosts and findings, for a ticket",
        takes_columns: true,
        is_for_people: true,
        write: Some(markdown::write),
    }
    Prometheus "prometheus" {
        extensions: &["prom"],
        help: "gauges for the textfile collector",
        begins: &["# HELP ", "# TYPE "],
        write: Some(|sheet, _, out| prometheus::write(sheet, out)),
    }
    Junit "junit" {
        extensions: &["xml"],
        help: "a test case per host, for a CI server",
        begins: &[junit::BEGINNING],
        write: Some(|sheet, _, out| junit::write(sheet, out)),
    }
    Html "html" {
        extensions: &["html", "htm"],
        help: "one page for a browser",
        begins: &["<"],
        is_for_people: true,
        write: Some(html::write),
    }
}

impl Format {
    /// Those that a fleet can be written as: all but the recording.
    pub fn reports() -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(|format| format.spec().write.is_some())
    }

    /// Its purpose, in a few words.
    #[must_use]
    pub fn help(self) -> &'static str {
        self.spec().help
    }

    /// File extensions without the dot, the usual one first.
    #[must_use]
    pub fn extensions(self) -> &'static [&'static str] {
        self.spec().extensions
    }

    /// The format of a file's extension, whatever its case.
    pub fn from_extension(path: &Path) -> Result<Self, FormatError> {
        let extension = path.extension().map(|text| text.to_string_lossy());
        let is_meant = |known: &&str| {
            let wanted = extension.as_deref();
            wanted.is_some_and(|wanted| known.eq_ignore_ascii_case(wanted))
        };
        let mut all = Self::ALL.into_iter();
        all.find(|format| format.extensions().iter().any(&is_meant))
            .ok_or_else(|| FormatError {
                path: sanitize::path(path),
            })
    }

    /// The format of a file, if its beginning identifies it.
    pub(super) fn from_beginning(file: &[u8]) -> Option<Self> {
        let begins = |format: Self| format.spec().begins.iter().map(move |text| (*text, format));
        Self::ALL
            .into_iter()
            .flat_map(begins)
            .filter(|(text, _)| file.starts_with(text.as_bytes()))
            .max_by_key(|(text, _)| text.len())
            .map(|(_, format)| format)
    }

    #[must_use]
    pub fn is_binary(self) -> bool {
        self.spec().is_binary
    }

    #[must_use]
    pub fn is_for_people(self) -> bool {
        self.spec().is_for_people
    }

    #[must_use]
    pub fn takes_columns(self) -> bool {
        self.spec().takes_columns
    }

    /// What has changed between two scans can be written in it.
    #[must_use]
    pub const fn takes_comparisons(self) -> bool {
        matches!(self, Self::Text | Self::Json | Self::Markdown | Self::Html)
    }

    /// Those that it can be written in.
    pub fn comparisons() -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(|format| format.takes_comparisons())
    }

    #[must_use]
    pub fn is_readable(self) -> bool {
        self.spec().is_readable
    }

    pub(super) fn write(
        self,
        sheet: &Sheet<'_>,
        policy: &Policy,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let write = self.spec().write.ok_or_else(|| {
            io::Error::other("a recording is written during a scan: a report holds no events")
        })?;
        // A panic of a writer, ours or a library's, must not cost the scan.
        panic_guard::contain(|| write(sheet, policy, out)).unwrap_or_else(|panic| {
            let place = match self {
                Self::Xlsx => format!(
                    "; a workbook needs space in `{}` too",
                    sanitize::path(&std::env::temp_dir())
                ),
                _ => String::new(),
            };
            let panic = sanitize::single_line(&panic);
            Err(io::Error::other(format!(
                "writing {self} failed ({panic}{place})"
            )))
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown extension of `{path}`: use {}, or name a format with --format ({})", extensions(), Format::ALL.map(Format::word).join(", "))]
pub struct FormatError {
    path: String,
}

fn extensions() -> String {
    let all = Format::ALL.into_iter().flat_map(Format::extensions);
    let all: Vec<String> = all.map(|extension| format!(".{extension}")).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_extension_leads_back() {
        for format in Format::ALL {
            for extension in format.extensions() {
                let path = format!("out/report.{}", extension.to_uppercase());
                assert_eq!(Format::from_extension(Path::new(&path)), Ok(format));
            }
        }
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
