use std::io::{self, Write};

use super::json::write_json;
use crate::model::ScanEvent;

/// Writes events, each as one line, flushed at once: a journal that is cut off loses at most the event under way.
#[derive(Debug)]
pub struct Writer<W> {
    inner: W,
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// A writer onto `inner`, which needs no buffer of its own.
    pub const fn new(inner: W) -> Self {
        Self {
            inner,
            line: Vec::new(),
        }
    }

    /// Appends one event. The first must be [`crate::model::EventBody::ScanStarted`]: a reader looks there for the schema.
    pub fn write(&mut self, event: &ScanEvent) -> io::Result<()> {
        self.line.clear();
        write_json(&mut self.line, event)?;
        self.line.push(b'\n');
        self.inner.write_all(&self.line)?;
        self.inner.flush()
    }

    /// Gives the inner writer back.
    pub fn into_inner(self) -> W {
        self.inner
    }
}
