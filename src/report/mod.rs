//! Report formats, and reading saved scans.
//!
//! One file per format, declared in `format`. A saved report holds the facts too, so that it is judged by the rules of the version
//! that opens it.

mod changes;
#[cfg(test)]
mod corpus;
mod csv;
mod details;
mod document;
mod file;
#[cfg(test)]
mod fixture;
mod format;
mod html;
mod json_v1;
mod junit;
mod markdown;
mod prometheus;
mod read;
mod sheet;
mod text;
mod trend;
mod words;
mod xlsx;

use std::io::{self, Write};

use crate::changes::Comparison;
use crate::fleet::{Fleet, Host, HostId};
use crate::sanitize;
use crate::table::Field;
use sheet::Sheet;

pub use changes::{
    CHANGES_SCHEMA, change_lines, changes_in_short, changes_schema, write_changed_hosts,
};
pub use file::{
    WriteError, check_workspace, check_writable, create, write_bytes, write_file,
    write_private_file,
};
pub use format::{Format, FormatError};
pub use json_v1::{REPORT_SCHEMA, report_schema};
pub use read::{Opened, ReadError, Reason, open, open_from};
pub(crate) use text::columns;
pub use trend::{MOST_POINTS, TrendPoint};
pub(crate) use words::first;

#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    pub fleet: &'a Fleet,
    /// Rows in output order.
    pub rows: &'a [HostId],
    /// All hosts are selected: endpoints that only names resolve to are then included.
    pub whole: bool,
    /// Columns for formats that take them ([`Format::takes_columns`]); `None` for the format's own.
    pub columns: Option<&'a [Field]>,
    pub presentation: Presentation<'a>,
}

/// What formats for people say besides the scan.
#[derive(Debug, Clone, Copy, Default)]
pub struct Presentation<'a> {
    /// Empty for "Remote Desktop scan".
    pub title: &'a str,
    /// The person or team in charge; empty for none.
    pub owner: &'a str,
    /// Details of every host; without it only where there are few.
    pub details: bool,
    /// The comparison with the scan before; Markdown and HTML have it.
    pub since: Option<&'a Comparison>,
    /// The scans before of the same targets, oldest first; Markdown and HTML have them.
    pub trend: &'a [TrendPoint],
}

impl<'a> Selection<'a> {
    pub fn hosts(&self) -> impl Iterator<Item = &'a Host> + use<'a> {
        let (fleet, rows) = (self.fleet, self.rows);
        rows.iter().filter_map(|id| fleet.host(*id))
    }
}

/// Writes a selection. `out` should be buffered.
///
/// # Errors
/// When `out` fails, and for [`Format::Ndjson`], since a fleet holds no events.
pub fn write(format: Format, selection: &Selection<'_>, out: &mut dyn Write) -> io::Result<()> {
    format.write(&Sheet::new(selection), selection.fleet.policy(), out)
}

/// A host's entry of the JSON report, indented. Text from the network is raw.
#[must_use]
pub fn host_json(host: &Host, fleet: &Fleet) -> Option<String> {
    json_v1::host(host, fleet).ok()
}

/// Writes a selection as text, with the table wrapped to `width` terminal columns.
pub fn write_text(
    selection: &Selection<'_>,
    width: Option<u16>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let policy = selection.fleet.policy();
    text::write(&Sheet::new(selection), policy, width, out)
}

/// Writes what has changed between two scans, text wrapped to `width` terminal columns.
///
/// # Errors
/// When `out` fails, and for formats without a form for this ([`Format::takes_comparisons`]).
pub fn write_comparison(
    format: Format,
    comparison: &Comparison,
    width: Option<u16>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let changes = changes::Changes::new(comparison, "Changes between two scans");
    match format {
        Format::Text => text::write_changes(&changes, width, out),
        Format::Json => changes::write_json(comparison, out),
        Format::Markdown => markdown::write_changes(&changes, "#", out),
        Format::Html => html::write_changes(&changes, out),
        _ => Err(io::Error::other(format!("{format} has no changes"))),
    }
}

/// One line of prose from the network, an operating system or a rule.
fn prose(text: &str) -> String {
    sanitize::single_line(text).into_owned()
}
