//! Saved scans, read back.

mod document;
mod source;

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::Path;

use super::{Format, REPORT_SCHEMA};
use crate::diagnosis::Policy;
use crate::fleet::Fleet;
use crate::record::{self, RecordError};
use crate::sanitize;
use source::LONGEST_TEXT;

/// A saved scan, and what the user should know about the reading.
#[derive(Debug)]
pub struct Opened {
    /// The scan, judged as of its own time by today's rules.
    pub fleet: Fleet,
    /// One line each; empty when all is well.
    pub notes: Vec<String>,
    /// It is a recording: events, and not only what was made of them.
    pub is_recording: bool,
}

/// A saved scan that cannot be read, in one line.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{name}`: {reason}")]
pub struct ReadError {
    /// The file, safe to print.
    name: String,
    /// Why, and the way out.
    reason: Reason,
}

impl ReadError {
    /// Why the file cannot be read, and the way out.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }
}

/// Why a saved scan cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// The operating system says no.
    #[error("{0}; check the name and your rights to it")]
    Io(io::Error),
    /// A directory.
    #[error("it is a directory; name a file in it")]
    Directory,
    /// Beyond what any writer makes.
    #[error("a text in it is longer than {LONGEST_TEXT} bytes; use the file as rdpscan wrote it")]
    TooLong,
    /// Nothing in it.
    #[error("it is empty; the scan that should have written it did not get so far, scan again")]
    Empty,
    /// It stops in the middle.
    #[error(
        "it ends in the middle, at line {line}: it was cut short when it was saved or copied; copy it again, or scan again"
    )]
    Truncated {
        /// Line, from 1.
        line: usize,
    },
    /// Neither of the forms that can be read.
    #[error(
        "it is not a saved scan ({detail}); give a file written with --format json or --format ndjson"
    )]
    NotAReport {
        /// What is there instead, safe to print.
        detail: String,
    },
    /// Written by a later rdpscan, in a form that this one does not know.
    #[error(
        "it is in the form `{found}`, and this version reads `{REPORT_SCHEMA}`; read it with the rdpscan that wrote it, or update this one"
    )]
    Version {
        /// The schema found, safe to print.
        found: String,
    },
    /// The right form, but something in it does not fit.
    #[error("it does not hold to `{REPORT_SCHEMA}`: {detail}; {advice}")]
    Content {
        /// What does not fit, safe to print.
        detail: String,
        /// The way out.
        advice: &'static str,
    },
    /// A recording of events that cannot be read.
    #[error("{0}")]
    Recording(RecordError),
}

/// Opens a scan saved as JSON or NDJSON, whichever it is by its content.
pub fn open(path: &Path, policy: Policy) -> Result<Opened, ReadError> {
    let name = path.to_string_lossy();
    let failed = |reason| ReadError {
        name: sanitize::terminal(&name).into_owned(),
        reason,
    };
    // Opening a directory succeeds on some systems and fails with "access denied" on others.
    if path.is_dir() {
        return Err(failed(Reason::Directory));
    }
    let file = File::open(path).map_err(|error| failed(Reason::Io(error)))?;
    open_from(file, &name, policy)
}

/// Opens a saved scan from anywhere; `name` stands for it in messages. Memory is taken for the fleet, not for the file.
pub fn open_from(source: impl Read, name: &str, policy: Policy) -> Result<Opened, ReadError> {
    read(source, name, policy).map_err(|reason| ReadError {
        name: sanitize::terminal(name).into_owned(),
        reason,
    })
}

fn read(source: impl Read, name: &str, policy: Policy) -> Result<Opened, Reason> {
    let mut text = source::text(source).map_err(Reason::Io)?;
    skip_blank(&mut text).map_err(Reason::Io)?;
    let beginning = text.fill_buf().map_err(Reason::Io)?;
    if beginning.is_empty() {
        return Err(Reason::Empty);
    }
    if let Some(other) = other_format(beginning, name) {
        return Err(Reason::NotAReport {
            detail: format!("this is {other}"),
        });
    }
    if !is_recording(beginning) {
        let saved = document::read(text)?;
        let fleet = Fleet::from_saved(saved, policy).map_err(|missing| Reason::Content {
            detail: missing.to_string(),
            advice: DAMAGED,
        })?;
        return Ok(Opened {
            fleet,
            notes: Vec::new(),
            is_recording: false,
        });
    }
    let mut reader = record::Reader::new(text).map_err(Reason::Recording)?;
    let mut fleet = Fleet::new(policy);
    for event in &mut reader {
        fleet.apply(event.map_err(Reason::Recording)?);
    }
    fleet.settle();
    Ok(Opened {
        fleet,
        notes: reader.notes(),
        is_recording: true,
    })
}

/// Goes on to the first byte that is no blank.
fn skip_blank(text: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = text.fill_buf()?;
        let blank = buffer.len() - buffer.trim_ascii_start().len();
        let is_over = blank < buffer.len() || buffer.is_empty();
        text.consume(blank);
        if is_over {
            return Ok(());
        }
    }
}

/// What a file is that holds no JSON: by how it begins, else by its name, else by a heading such as `rdpscan` writes.
fn other_format(text: &[u8], name: &str) -> Option<Format> {
    if text.starts_with(b"{") || text.starts_with(b"[") {
        return None;
    }
    if let Some(format) = Format::from_beginning(text) {
        return Some(format);
    }
    let by_name = Format::from_extension(Path::new(name)).ok();
    by_name.filter(|format| !format.is_readable()).or_else(|| {
        let heading = text.split(|byte| *byte == b'\n').next()?;
        let mut columns = heading.split(|byte| matches!(byte, b',' | b';' | b'\t'));
        let has_state = columns.any(|column| column.trim_ascii() == b"state");
        has_state.then_some(Format::Csv)
    })
}

/// Whether an event begins here, by its first key. A report's keys are others, but for `scan`, which is an object there.
fn is_recording(beginning: &[u8]) -> bool {
    let Some(inside) = beginning.strip_prefix(b"{") else {
        return false;
    };
    let mut parts = inside.splitn(3, |byte| *byte == b'"');
    let (Some(before), Some(key), Some(behind)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let value = behind.trim_ascii_start().strip_prefix(b":");
    let is_text = value.is_some_and(|value| value.trim_ascii_start().starts_with(b"\""));
    before.trim_ascii().is_empty()
        && match key {
            b"scan" => is_text,
            other => matches!(
                other,
                b"at" | b"epoch" | b"event" | b"seq" | b"site" | b"stream"
            ),
        }
}

const DAMAGED: &str = "the file was changed after it was saved; use the original, or scan again";
const FROM_NEWER: &str = "it comes from a newer rdpscan; update this one";

/// Text from a file, safe to print and not too long.
fn short(text: &str) -> String {
    let short: String = text.chars().take(200).collect();
    sanitize::single_line(&short).into_owned()
}
