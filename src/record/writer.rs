use std::io::{self, Write};

use super::LONGEST_LINE;
use super::json::write_json;
use crate::model::ScanEvent;

/// Writes events, one per line. It buffers itself and passes on whole lines only, so that a flushed recording has no partial line.
#[derive(Debug)]
pub struct Writer<W> {
    inner: W,
    lines: Vec<u8>,
}

/// Appends an event and the end of its line.
///
/// # Errors
/// The event is longer than [`LONGEST_LINE`]; nothing is appended.
pub fn append_line(lines: &mut Vec<u8>, event: &ScanEvent) -> io::Result<()> {
    let before = lines.len();
    write_json(lines, event)?;
    if (lines.len() - before) as u64 >= LONGEST_LINE {
        lines.truncate(before);
        return Err(io::Error::other(format!(
            "an event is longer than {LONGEST_LINE} bytes, the limit of readers"
        )));
    }
    lines.push(b'\n');
    Ok(())
}

/// Buffered bytes after which lines are passed on.
const BUFFER: usize = 64 * 1024;

impl<W: Write> Writer<W> {
    /// A writer onto `inner`.
    pub const fn new(inner: W) -> Self {
        Self {
            inner,
            lines: Vec::new(),
        }
    }

    /// Appends one event. The first must be [`crate::model::EventBody::ScanStarted`]: a reader looks there for the schema.
    ///
    /// # Errors
    /// When the inner writer fails, and for an event that is longer than [`LONGEST_LINE`].
    pub fn write(&mut self, event: &ScanEvent) -> io::Result<()> {
        append_line(&mut self.lines, event)?;
        if self.lines.len() < BUFFER {
            return Ok(());
        }
        self.pass_on()
    }

    /// Passes on everything written so far.
    ///
    /// # Errors
    /// When the inner writer fails.
    pub fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.inner.flush()
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let result = self.inner.write_all(&self.lines);
        self.lines.clear();
        result
    }

    /// Flushes, and returns the inner writer.
    ///
    /// # Errors
    /// When the inner writer fails.
    pub fn into_inner(mut self) -> io::Result<W> {
        self.flush()?;
        Ok(self.inner)
    }
}
