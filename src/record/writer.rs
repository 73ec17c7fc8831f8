use std::io::{self, Write};

use super::LONGEST_LINE;
use super::json::write_json;
use crate::model::ScanEvent;

/// Writes events, each as one line. Give it no buffer: it hands on whole lines, and [`Writer::flush`] when it is asked to.
#[derive(Debug)]
pub struct Writer<W> {
    inner: W,
    lines: Vec<u8>,
}

/// So many bytes are handed on without being asked.
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
    /// When the lines cannot be handed on, and for an event that is longer than any reader takes.
    pub fn write(&mut self, event: &ScanEvent) -> io::Result<()> {
        let before = self.lines.len();
        write_json(&mut self.lines, event)?;
        if (self.lines.len() - before) as u64 >= LONGEST_LINE {
            self.lines.truncate(before);
            return Err(io::Error::other(format!(
                "an event takes more than {LONGEST_LINE} bytes, which no reader takes"
            )));
        }
        self.lines.push(b'\n');
        if self.lines.len() < BUFFER {
            return Ok(());
        }
        self.hand_on()
    }

    /// Hands on all that was written, so that a recording that is cut off now has it.
    ///
    /// # Errors
    /// When it cannot be handed on.
    pub fn flush(&mut self) -> io::Result<()> {
        self.hand_on()?;
        self.inner.flush()
    }

    fn hand_on(&mut self) -> io::Result<()> {
        let result = self.inner.write_all(&self.lines);
        self.lines.clear();
        result
    }

    /// Gives the inner writer back.
    ///
    /// # Errors
    /// When what was written cannot be handed on.
    pub fn into_inner(mut self) -> io::Result<W> {
        self.flush()?;
        Ok(self.inner)
    }
}
