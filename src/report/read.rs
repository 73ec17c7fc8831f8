//! Saved scans, read back.

mod document;
mod source;

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::Path;

use super::{Format, REPORT_SCHEMA};
use crate::fleet::{Fleet, Rules};
use crate::record::{self, RecordError};
use crate::sanitize;
use source::LONGEST_TEXT;

/// A saved scan, and notes about reading it.
#[derive(Debug)]
pub struct Opened {
    /// Judged as of the scan's own time.
    pub fleet: Fleet,
    /// For the user, one line each.
    pub notes: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot read `{name}`: {reason}")]
pub struct ReadError {
    name: String,
    reason: Reason,
}

impl ReadError {
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }
}

/// Why a saved scan cannot be read. Texts are safe to print.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    #[error("{0}; check the name and your rights to it")]
    Io(io::Error),
    #[error("it is a directory; name a file in it")]
    Directory,
    #[error("a text in it is longer than {LONGEST_TEXT} bytes; use the file as rdpscan wrote it")]
    TooLong,
    #[error("it is empty; the scan that should have written it did not get so far, scan again")]
    Empty,
    #[error(
        "it ends in the middle, at line {line}: it was cut short when it was saved or copied; copy it again, or scan again"
    )]
    Truncated { line: usize },
    /// Neither a report nor a recording.
    #[error(
        "it is not a saved scan ({detail}); use a file written with --format json or --format ndjson"
    )]
    NotAReport { detail: String },
    /// Written by a version of rdpscan with another format.
    #[error(
        "it is in the form `{found}`, and this version reads `{REPORT_SCHEMA}`; read it with the rdpscan that wrote it, or update this one"
    )]
    Version { found: String },
    /// The right schema, with content that does not fit it.
    #[error("it does not match `{REPORT_SCHEMA}`: {detail}; {advice}")]
    Content {
        detail: String,
        advice: &'static str,
    },
    #[error("{0}")]
    Recording(RecordError),
}

/// Opens a scan saved as JSON or NDJSON, which its content decides.
pub fn open(path: &Path, rules: impl Into<Rules>) -> Result<Opened, ReadError> {
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
    open_from(file, &name, rules)
}

/// Reads a saved scan; `name` is used in messages. The file is streamed, so memory depends on the fleet only.
pub fn open_from(
    source: impl Read,
    name: &str,
    rules: impl Into<Rules>,
) -> Result<Opened, ReadError> {
    read(source, name, rules).map_err(|reason| ReadError {
        name: sanitize::terminal(name).into_owned(),
        reason,
    })
}

fn read(source: impl Read, name: &str, rules: impl Into<Rules>) -> Result<Opened, Reason> {
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
        let fleet = Fleet::from_saved(saved, rules).map_err(|missing| Reason::Content {
            detail: missing.to_string(),
            advice: DAMAGED,
        })?;
        return Ok(Opened {
            fleet,
            notes: Vec::new(),
        });
    }
    let mut reader = record::Reader::new(text).map_err(Reason::Recording)?;
    let mut fleet = Fleet::new(rules);
    for event in &mut reader {
        let event = event.map_err(Reason::Recording)?;
        if event.epoch > fleet.epoch() && fleet.scan().is_some() {
            // Of a watched scan the newest sweep is shown.
            fleet = Fleet::new(fleet.rules().clone());
        }
        fleet.apply(event);
    }
    fleet.close_broken_off();
    fleet.settle();
    Ok(Opened {
        fleet,
        notes: reader.notes(),
    })
}

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

/// The format of a file that holds no JSON: by its beginning, else by its name, else by a CSV heading.
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

/// Whether an event begins here, by its first key. A report shares only the key `scan`, whose value is an object there.
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
                b"at" | b"epoch" | b"event" | b"run_id" | b"seq" | b"site" | b"stream"
            ),
        }
}

const DAMAGED: &str = "the file was changed after it was saved; use the original, or scan again";
const FROM_NEWER: &str = "it comes from a newer rdpscan; update this one";

/// Text from a file, shortened and safe to print.
fn short(text: &str) -> String {
    let short: String = text.chars().take(200).collect();
    sanitize::single_line(&short).into_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnosis::Policy;
    use crate::fleet::{Exceptions, Ignored};
    use crate::kit::{attempt, attempt_finished, event, now, plan};
    use crate::model::{EventBody, ScanEvent};

    #[test]
    fn the_newest_sweep_of_a_watch_has_the_findings_that_do_not_count() {
        let mut lines = Vec::new();
        for epoch in [1, 2] {
            let attempt = attempt_finished(attempt().through().done());
            for (seq, body) in (0..).zip([EventBody::ScanStarted(plan()), attempt]) {
                let event = ScanEvent {
                    epoch,
                    ..event(seq, now(), body)
                };
                record::append_line(&mut lines, &event).unwrap();
            }
        }
        let all = Ignored {
            text: "all".into(),
            matches: Arc::new(|_| true),
        };
        let rules = Rules {
            policy: Policy::default(),
            exceptions: Exceptions::new(Vec::new(), vec![all]).into(),
        };
        let fleet = open_from(&*lines, "watch", rules).unwrap().fleet;
        assert_eq!(fleet.epoch(), 2);
        let findings = &fleet.rows()[0].diagnosis.findings;
        assert!(!findings.is_empty());
        assert!(findings.iter().all(|one| one.acknowledged.is_some()));
    }
}
