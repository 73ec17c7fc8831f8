//! Writes a fleet in the formats that people and programs read, and reads the JSON back.
//!
//! One file per format. A saved report carries the facts, not only what was thought of them, so that it is judged anew by
//! whoever opens it.

#[cfg(test)]
mod corpus;
mod csv;
mod file;
#[cfg(test)]
mod fixture;
mod format;
mod html;
mod json_v1;
mod markdown;
mod prometheus;
mod read;
mod sheet;
mod text;
mod words;
mod xlsx;

use std::io::{self, Write};

use crate::fleet::{Fleet, Host, HostId};
use crate::table::Field;
use sheet::Sheet;

pub use file::{WriteError, check_workspace, check_writable, write_file};
pub use format::{Format, FormatError};
pub use json_v1::{REPORT_SCHEMA, report_schema};
pub use read::{Opened, ReadError, Reason, open, open_from};

/// What is written of a fleet.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// Its rows, in the order wanted.
    pub rows: &'a [HostId],
    /// The rows are all hosts: members tried by reference are then kept too.
    pub whole: bool,
    /// The columns wanted, for formats that take them ([`Format::takes_columns`]); `None` is the format's own.
    pub columns: Option<&'a [Field]>,
}

impl<'a> Selection<'a> {
    /// The hosts selected, in order.
    pub fn hosts(&self) -> impl Iterator<Item = &'a Host> + use<'a> {
        let (fleet, rows) = (self.fleet, self.rows);
        rows.iter().filter_map(|id| fleet.host(*id))
    }
}

/// Writes a selection. Give `out` a buffer.
///
/// # Errors
/// When it cannot be written, and for [`Format::Ndjson`], which a fleet has no events for.
pub fn write(format: Format, selection: &Selection<'_>, out: &mut dyn Write) -> io::Result<()> {
    format.write(&Sheet::new(selection), selection.fleet.policy(), out)
}

/// A host as the JSON report has it, indented; `None` when it cannot be written. Text from the network is raw.
#[must_use]
pub fn host_json(host: &Host, fleet: &Fleet) -> Option<String> {
    json_v1::host(host, fleet).ok()
}

/// Writes a selection as text, the table wrapped to `width` columns; `None` wraps nothing.
pub fn write_text(
    selection: &Selection<'_>,
    width: Option<u16>,
    out: &mut dyn Write,
) -> io::Result<()> {
    text::write(&Sheet::new(selection), width, out)
}
