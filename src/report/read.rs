use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::facts::{Certificates, HistoryRecord};
use super::{Format, REPORT_SCHEMA};
use crate::model::{CertificateFacts, History, Notice, ScanEnd, ScanEvent, ScanPlan};
use crate::record::schema::{self, Compatibility};
use crate::record::{self, Origin, RecordError};
use crate::sanitize;

/// The largest file read, in bytes: a scan of some 200,000 hosts.
const LARGEST_FILE: u64 = 1 << 30;

/// A saved scan: the events that fold to it, and what the user should know about the reading.
#[derive(Debug)]
pub struct Saved {
    /// In order, `scan_started` first.
    pub events: Vec<ScanEvent>,
    /// One line each; empty when all is well.
    pub notes: Vec<String>,
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
    /// Beyond the bound.
    #[error("it is larger than {LARGEST_FILE} bytes; split the scan into smaller ones")]
    TooLarge,
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

/// Reads a scan saved as JSON or NDJSON, whichever it is by its content.
pub fn read(path: &Path) -> Result<Vec<ScanEvent>, ReadError> {
    read_saved(path).map(|saved| saved.events)
}

/// As [`read`], with notes for the user.
pub fn read_saved(path: &Path) -> Result<Saved, ReadError> {
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
    read_from(file, &name)
}

/// Reads a saved scan from anywhere; `name` stands for it in messages.
pub fn read_from(source: impl Read, name: &str) -> Result<Saved, ReadError> {
    let failed = |reason| ReadError {
        name: sanitize::terminal(name).into_owned(),
        reason,
    };
    let mut bytes = Vec::new();
    source
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(Reason::Io(error)))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(failed(Reason::TooLarge));
    }
    parse(bytes, name).map_err(failed)
}

fn parse(bytes: Vec<u8>, name: &str) -> Result<Saved, Reason> {
    let bytes = into_utf8(bytes);
    let text = bytes.trim_ascii();
    if text.is_empty() {
        return Err(Reason::Empty);
    }
    if let Some(other) = other_format(text, name) {
        return Err(Reason::NotAReport {
            detail: format!("this is {other}"),
        });
    }
    if is_recording(text) {
        let mut reader = record::Reader::new(text).map_err(Reason::Recording)?;
        let events = reader
            .by_ref()
            .collect::<Result<_, _>>()
            .map_err(Reason::Recording)?;
        return Ok(Saved {
            events,
            notes: reader.notes(),
        });
    }
    document(text)
}

/// What a file is that holds no JSON: by how it begins, else by its name, else by a heading such as `rdpscan` writes.
fn other_format(text: &[u8], name: &str) -> Option<Format> {
    if text.starts_with(b"{") || text.starts_with(b"[") {
        return None;
    }
    for (beginning, format) in [
        (&b"PK\x03\x04"[..], Format::Xlsx),
        (b"<", Format::Html),
        (b"# HELP ", Format::Prometheus),
        (b"# TYPE ", Format::Prometheus),
    ] {
        if text.starts_with(beginning) {
            return Some(format);
        }
    }
    let by_name = Format::from_extension(Path::new(name)).ok();
    by_name.filter(|format| !format.can_be_read()).or_else(|| {
        let heading = text.split(|byte| *byte == b'\n').next()?;
        let mut columns = heading.split(|byte| matches!(byte, b',' | b';' | b'\t'));
        let has_state = columns.any(|column| column.trim_ascii() == b"state");
        has_state.then_some(Format::Csv)
    })
}

/// `rdpscan … > report.json` in Windows `PowerShell` 5.1 writes UTF-16 with a byte order mark.
fn into_utf8(mut bytes: Vec<u8>) -> Vec<u8> {
    let unit: fn([u8; 2]) -> u16 = match bytes.as_slice() {
        [0xFF, 0xFE, ..] => u16::from_le_bytes,
        [0xFE, 0xFF, ..] => u16::from_be_bytes,
        [0xEF, 0xBB, 0xBF, ..] => {
            bytes.drain(..3);
            return bytes;
        }
        _ => return bytes,
    };
    let units = bytes
        .chunks_exact(2)
        .skip(1)
        .filter_map(|pair| pair.try_into().ok().map(unit));
    char::decode_utf16(units)
        .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect::<String>()
        .into_bytes()
}

/// Whether the first line is an event on its own. A report's first line is the start of a longer document, or names a schema.
fn is_recording(text: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Line {
        body: Option<serde::de::IgnoredAny>,
        schema: Option<serde::de::IgnoredAny>,
    }
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or(text);
    serde_json::from_slice::<Line>(first)
        .is_ok_and(|line| line.body.is_some() && line.schema.is_none())
}

#[derive(Deserialize)]
struct Head {
    schema: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    scan: Scan,
    plan: Option<ScanPlan>,
    end: Option<ScanEnd>,
    #[serde(default)]
    notices: Vec<Notice>,
    #[serde(default)]
    certificates: HashMap<Box<str>, Arc<CertificateFacts>>,
    hosts: Vec<Host>,
    #[serde(default)]
    references: Vec<HistoryRecord>,
}

#[derive(Deserialize)]
struct Scan {
    id: Box<str>,
    vantage: Box<str>,
    started_at: Option<Timestamp>,
    judged_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Host {
    history: HistoryRecord,
}

const DAMAGED: &str = "the file was changed after it was saved; use the original, or scan again";
const FROM_NEWER: &str = "it comes from a newer rdpscan; update this one";

fn document(text: &[u8]) -> Result<Saved, Reason> {
    let head: Head = serde_json::from_slice(text).map_err(|error| broken(&error))?;
    let Some(found) = head.schema else {
        return Err(Reason::NotAReport {
            detail: "JSON without the key `schema`".to_owned(),
        });
    };
    let advice = match schema::compare(&found, REPORT_SCHEMA) {
        Compatibility::Same => DAMAGED,
        Compatibility::NewerMinor => FROM_NEWER,
        Compatibility::NewerMajor | Compatibility::OlderMajor => {
            return Err(Reason::Version {
                found: short(&found),
            });
        }
        Compatibility::Foreign => {
            return Err(Reason::NotAReport {
                detail: format!("its schema is `{}`", short(&found)),
            });
        }
    };
    let content = |detail| Reason::Content { detail, advice };
    let document: Document =
        serde_json::from_slice(text).map_err(|error| content(short(&error.to_string())))?;
    events(document).map_err(content)
}

fn events(document: Document) -> Result<Saved, String> {
    let Document {
        scan,
        plan,
        end,
        notices,
        certificates,
        hosts,
        references,
    } = document;
    let (Some(plan), Some(started_at)) = (plan, scan.started_at) else {
        return Err("it holds no scan, `plan` or `started_at` is null".to_owned());
    };
    let origin = Origin {
        run_id: scan.id,
        source: scan.vantage,
        started_at,
        judged_at: scan.judged_at.unwrap_or(started_at),
        plan,
    };
    let certificates: Certificates = certificates;
    let histories = hosts
        .into_iter()
        .map(|host| host.history)
        .chain(references)
        .map(|record| record.restore(&certificates))
        .collect::<Result<Vec<History>, _>>()
        .map_err(|key| {
            format!(
                "there is no certificate `{}` in `certificates`",
                short(&key)
            )
        })?;
    let histories = || histories.iter().map(Cow::Borrowed);
    let mut events = Vec::new();
    let Ok(()) = record::replay(&origin, &notices, histories, end, |event| {
        events.push(event);
        Ok::<_, Infallible>(())
    });
    Ok(Saved {
        events,
        notes: Vec::new(),
    })
}

fn broken(error: &serde_json::Error) -> Reason {
    // A number cut off after its sign or point is called invalid; no writer makes any of those.
    if error.is_eof() || error.to_string().starts_with("invalid number") {
        Reason::Truncated { line: error.line() }
    } else {
        Reason::NotAReport {
            detail: short(&error.to_string()),
        }
    }
}

/// Text from a file, safe to print and not too long.
fn short(text: &str) -> String {
    let short: String = text.chars().take(200).collect();
    sanitize::single_line(&short).into_owned()
}
