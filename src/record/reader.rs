use std::collections::HashMap;
use std::io::{self, BufRead, Read};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::LONGEST_LINE;
use super::schema::{self, Compatibility};
use crate::model::{EVENT_SCHEMA, ScanEvent, ScanId};

/// Characters of a foreign value that a message quotes.
const LONGEST_QUOTE: usize = 120;

/// Why a recording cannot be read. The caller adds the file's name.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// An I/O error.
    #[error("line {line} cannot be read: {cause}; check the file and the disk it is on")]
    Io {
        /// Line, from 1.
        line: u64,
        /// The operating system's message.
        cause: io::Error,
    },
    /// No events at all.
    #[error("holds no complete event; give a recording that a scan has written to")]
    Empty,
    /// Another kind of file.
    #[error(
        "line 1 is not the start of an rdpscan recording ({reason}); give a file written with `--format ndjson`, from its first line"
    )]
    NotARecording {
        /// What is there instead.
        reason: String,
    },
    /// Written by a version of rdpscan with another format.
    #[error(
        "recorded as {found}, and this version reads `{EVENT_SCHEMA}`; read it with the rdpscan that wrote it, or update this one"
    )]
    Version {
        /// The schema found, quoted.
        found: String,
    },
    /// A line that belongs to no event of this scan.
    #[error(
        "line {line} is not an event of this scan: {reason}; remove the lines from there on, or scan again"
    )]
    Line {
        /// Line, from 1.
        line: u64,
        /// Why not.
        reason: String,
    },
    /// A line without an end.
    #[error(
        "line {line} is longer than {LONGEST_LINE} bytes; give a file written with `--format ndjson`"
    )]
    TooLong {
        /// Line, from 1.
        line: u64,
    },
}

/// Reads a recording, event by event.
///
/// A truncated last line is no error, since a crash truncates a journal, and neither is a damaged line elsewhere: every event stands
/// for itself. [`Reader::notes`] reports both.
#[derive(Debug)]
pub struct Reader<R> {
    inner: R,
    line: u64,
    buffer: Vec<u8>,
    newer: bool,
    done: bool,
    first: Option<Box<ScanEvent>>,
    cut_off: Option<u64>,
    not_understood: u64,
    /// How many lines are damaged, and the first of them.
    damaged: Option<(u64, u64)>,
    /// The scan that all events must belong to.
    scan: Option<ScanId>,
}

/// The part of the first event that is the same in every version.
#[derive(Deserialize)]
struct Head {
    event: Option<HeadEvent>,
    /// Of the forms before [`EVENT_SCHEMA`], which had no `scan`.
    run_id: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct HeadEvent {
    scan_started: Option<HeadPlan>,
}

#[derive(Deserialize)]
struct HeadPlan {
    schema: String,
}

/// Any event, by its name.
#[derive(Deserialize)]
#[expect(clippy::zero_sized_map_values, reason = "serde has no set of keys")]
struct Other {
    event: HashMap<String, IgnoredAny>,
}

enum Line {
    Whole,
    CutOff,
    End,
}

impl<R: BufRead> Reader<R> {
    /// Opens a recording: reads its first event and checks the version.
    pub fn new(inner: R) -> Result<Self, RecordError> {
        let mut reader = Self {
            inner,
            line: 0,
            buffer: Vec::new(),
            newer: false,
            done: false,
            first: None,
            cut_off: None,
            not_understood: 0,
            damaged: None,
            scan: None,
        };
        match reader.next_line()? {
            Line::End => return Err(RecordError::Empty),
            Line::Whole | Line::CutOff => {}
        }
        let head: Head = serde_json::from_slice(&reader.buffer).map_err(|error| {
            if error.is_eof() {
                RecordError::Empty
            } else {
                RecordError::NotARecording {
                    reason: words(&error),
                }
            }
        })?;
        if head.run_id.is_some() {
            return Err(RecordError::Version {
                found: "an earlier form".to_owned(),
            });
        }
        let plan = head.event.and_then(|event| event.scan_started);
        let Some(HeadPlan { schema: found }) = plan else {
            let other = serde_json::from_slice::<Other>(&reader.buffer).ok();
            let event = other.and_then(|other| other.event.into_keys().next());
            return Err(RecordError::NotARecording {
                reason: match event {
                    Some(event) => format!("it begins with the event {}", quote(&event)),
                    None => "it begins with no event".to_owned(),
                },
            });
        };
        match schema::compare(&found, EVENT_SCHEMA) {
            Compatibility::Same => {}
            Compatibility::NewerMinor => reader.newer = true,
            Compatibility::NewerMajor | Compatibility::OlderMajor => {
                return Err(RecordError::Version {
                    found: quote(&found),
                });
            }
            Compatibility::Foreign => {
                return Err(RecordError::NotARecording {
                    reason: format!("its schema is {}", quote(&found)),
                });
            }
        }
        let first: ScanEvent =
            serde_json::from_slice(&reader.buffer).map_err(|error| RecordError::Line {
                line: reader.line,
                reason: words(&error),
            })?;
        reader.scan = Some(first.scan);
        reader.first = Some(Box::new(first));
        Ok(reader)
    }

    /// Notes for the user, after the last event; empty when everything was read.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(line) = self.cut_off {
            notes.push(format!(
                "line {line}, the last, is cut off and was skipped; everything before it was read"
            ));
        }
        match self.damaged {
            Some((1, line)) => notes.push(format!(
                "line {line} is damaged and was skipped; everything else was read"
            )),
            Some((count, line)) => notes.push(format!(
                "{count} lines are damaged and were skipped, line {line} first; everything else was read"
            )),
            None => {}
        }
        if self.not_understood > 0 {
            notes.push(format!(
                "unknown events of a newer rdpscan were skipped: {}; update rdpscan to see them",
                self.not_understood
            ));
        }
        notes
    }

    /// Fills `buffer` with the next line that is not blank.
    fn next_line(&mut self) -> Result<Line, RecordError> {
        loop {
            self.buffer.clear();
            self.line += 1;
            let read = (&mut self.inner)
                .take(LONGEST_LINE + 1)
                .read_until(b'\n', &mut self.buffer)
                .map_err(|cause| RecordError::Io {
                    line: self.line,
                    cause,
                })?;
            if read == 0 {
                return Ok(Line::End);
            }
            let whole = self.buffer.last() == Some(&b'\n');
            if !whole && read as u64 > LONGEST_LINE {
                return Err(RecordError::TooLong { line: self.line });
            }
            if self.line == 1 && self.buffer.starts_with(b"\xEF\xBB\xBF") {
                self.buffer.drain(..3);
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(if whole { Line::Whole } else { Line::CutOff });
            }
        }
    }

    fn read_event(&mut self) -> Result<Option<ScanEvent>, RecordError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(*first));
        }
        loop {
            let line = self.next_line()?;
            if matches!(line, Line::End) {
                return Ok(None);
            }
            let error = match serde_json::from_slice::<ScanEvent>(&self.buffer) {
                Ok(event) if self.scan != Some(event.scan) => {
                    return Err(RecordError::Line {
                        line: self.line,
                        reason: format!("it is of another scan, {}", event.scan),
                    });
                }
                Ok(event) if event.epoch == 0 => {
                    return Err(RecordError::Line {
                        line: self.line,
                        reason: "epochs begin with 1".to_owned(),
                    });
                }
                Ok(event) => return Ok(Some(event)),
                Err(error) => error,
            };
            if matches!(line, Line::CutOff) {
                self.cut_off = Some(self.line);
                return Ok(None);
            }
            if self.newer && error.is_data() {
                self.not_understood += 1;
                continue;
            }
            let (damaged, _) = self.damaged.get_or_insert((0, self.line));
            *damaged += 1;
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<ScanEvent, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let event = self.read_event().transpose();
        self.done = !matches!(event, Some(Ok(_)));
        event
    }
}

/// The parser's message, shortened and safe to print, without its line number, which is relative to the event.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(reason, _)| reason);
    let reason: String = reason.chars().take(LONGEST_QUOTE).collect();
    format!("{} at column {}", reason.escape_debug(), error.column())
}

/// A value from the file, quoted, shortened and safe to print.
fn quote(value: &str) -> String {
    let short: String = value.chars().take(LONGEST_QUOTE).collect();
    format!("`{}`", short.escape_debug())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STARTED: &str = r#"{"scan":"20260301T000000Z-00c0ffee","site":"here","epoch":1,"stream":"run-1","seq":0,"at":"2026-01-01T00:00:00Z","event":{"scan_started":{"schema":"rdpscan.events/1","version":"0.1.0","targets":["10.0.0.1"],"excludes":[],"endpoints_planned":1,"names_planned":0,"seed":1,"attempts":3,"dns":true,"ntlm":true,"list_all":false,"simulated":false}}}"#;
    const NOTICED: &str = r#"{"scan":"20260301T000000Z-00c0ffee","site":"here","epoch":1,"stream":"run-1","seq":1,"at":"2026-01-01T00:00:01Z","event":{"notice":"no_ipv6_route"}}"#;

    fn read(text: &str) -> Result<(usize, Vec<String>), RecordError> {
        let mut reader = Reader::new(text.as_bytes())?;
        let mut count = 0;
        for event in &mut reader {
            event?;
            count += 1;
        }
        Ok((count, reader.notes()))
    }

    fn message(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn a_whole_recording_is_read_without_notes() {
        let (count, notes) = read(&format!("{STARTED}\n{NOTICED}\n")).unwrap();
        assert_eq!((count, notes.len()), (2, 0));
    }

    #[test]
    fn blank_lines_line_ends_of_windows_and_a_byte_order_mark_do_not_matter() {
        let (count, _) = read(&format!("\u{feff}{STARTED}\r\n\r\n{NOTICED}\r\n")).unwrap();
        assert_eq!(count, 2);
    }

    #[test]
    fn a_cut_off_last_line_is_a_note_wherever_the_cut_is() {
        for cut in 1..NOTICED.len() {
            let text = format!("{STARTED}\n{}", &NOTICED[..cut]);
            let (count, notes) = read(&text).unwrap();
            assert_eq!(count, 1, "cut at {cut}");
            assert!(notes[0].starts_with("line 2, the last"), "{notes:?}");
        }
    }

    #[test]
    fn a_last_line_that_only_lacks_its_end_is_read() {
        let (count, notes) = read(&format!("{STARTED}\n{NOTICED}")).unwrap();
        assert_eq!((count, notes.len()), (2, 0));
    }

    #[test]
    fn damaged_lines_are_left_out_and_named_and_the_rest_is_read() {
        let (count, notes) = read(&format!("{STARTED}\n{{\"x\":\n{NOTICED}\n")).unwrap();
        assert_eq!(count, 2);
        assert!(notes[0].starts_with("line 2 is damaged"), "{notes:?}");
        let text = format!("{STARTED}\n\0\0\n{NOTICED}\n\0\n{NOTICED}\n");
        let (count, notes) = read(&text).unwrap();
        assert_eq!(count, 3);
        assert!(notes[0].starts_with("2 lines are damaged"), "{notes:?}");
        assert!(notes[0].contains("line 2 first"), "{notes:?}");
    }

    #[test]
    fn a_line_of_another_scan_is_refused() {
        let other = NOTICED.replace("20260301", "20260302");
        let text = message(&format!("{STARTED}\n{other}\n"));
        assert!(
            text.starts_with("line 2 is not an event of this scan: "),
            "{text}"
        );
        assert!(text.contains("scan again"), "{text}");
    }

    #[test]
    fn an_unknown_event_of_this_version_is_damage() {
        let surprise = NOTICED.replace("notice", "surprise");
        let (count, notes) = read(&format!("{STARTED}\n{surprise}\n{NOTICED}\n")).unwrap();
        assert_eq!(count, 2);
        assert!(notes[0].starts_with("line 2 is damaged"), "{notes:?}");
    }

    #[test]
    fn a_newer_minor_version_is_read_and_what_is_unknown_left_out() {
        let text = format!(
            "{}\n{}\n{}\n",
            STARTED
                .replace("events/1", "events/1.4")
                .replace("\"seed\":1", "\"seed\":1,\"added_later\":{\"deep\":[1]}"),
            NOTICED.replace("notice", "surprise"),
            NOTICED
        );
        let (count, notes) = read(&text).unwrap();
        assert_eq!(count, 2);
        assert!(notes[0].contains("were skipped: 1;"));
    }

    #[test]
    fn a_newer_major_version_is_refused_with_advice() {
        let text = message(&STARTED.replace("events/1", "events/2"));
        assert_eq!(
            text,
            "recorded as `rdpscan.events/2`, and this version reads `rdpscan.events/1`; read it with the rdpscan that wrote it, or update this one"
        );
    }

    #[test]
    fn a_recording_of_an_earlier_form_is_refused_as_one() {
        let text = message(
            r#"{"run_id":"x","source":"here","seq":0,"at":"2026-01-01T00:00:00Z","body":{}}"#,
        );
        let wanted = "recorded as an earlier form, and this version reads `rdpscan.events/1`";
        assert!(text.starts_with(wanted), "{text}");
    }

    #[test]
    fn a_recording_without_its_first_line_is_refused() {
        let text = message(&format!("{NOTICED}\n"));
        assert!(text.contains("begins with the event `notice`"), "{text}");
    }

    #[test]
    fn other_files_are_refused() {
        assert!(matches!(read(""), Err(RecordError::Empty)));
        assert!(matches!(read("\n\n"), Err(RecordError::Empty)));
        assert!(matches!(read("{\"scan\":"), Err(RecordError::Empty)));
        assert!(matches!(
            read("hello\n"),
            Err(RecordError::NotARecording { .. })
        ));
        assert!(matches!(
            read("{\"a\":1}\n"),
            Err(RecordError::NotARecording { .. })
        ));
    }

    proptest! {
        // Behind scan and epoch: a line of another one is an error.
        #[test]
        fn damage_in_a_line_costs_that_line_alone(
            damaged in 1..4_usize, at in 60..NOTICED.len(), bytes in "[\0-\x09\x0b-\u{ff}]{1,40}",
        ) {
            let mut lines = [STARTED, NOTICED, NOTICED, NOTICED].map(str::to_owned);
            lines[damaged].replace_range(at..(at + bytes.len()).min(NOTICED.len()), &bytes);
            let (count, notes) = read(&(lines.join("\n") + "\n")).unwrap();
            prop_assert!(count >= 3, "{notes:?}");
            prop_assert_eq!(count < 4, !notes.is_empty());
        }
    }

    #[test]
    fn messages_do_not_carry_control_codes() {
        let text = message(&STARTED.replace("\"seed\":1", "\"seed\":\"\\u001b[2J\\u202e\""));
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
}
