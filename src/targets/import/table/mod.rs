//! Tables of hosts, whatever they were written in: text with commas, semicolons or tabs, workbooks, and the records of JSON, YAML
//! and XML. Columns are chosen by their headings and by what their cells hold.

mod aligned;
pub(super) mod cells;
mod columns;
mod roles;
mod rows;
pub(super) mod text;

use csv::StringRecord;

use super::super::error::{Refusal, excerpt};
use super::Import;

use columns::Columns;

pub(super) use roles::{Role, role};

/// Whether a word is one of tables of hosts: a heading, yes or no, or the class of computers.
pub(in super::super) fn is_known_word(word: &str) -> bool {
    role(word).is_some() || cells::is_yes(word).is_some() || cells::is_computer(word)
}

/// The most cells of a table: a hundred thousand hosts with a hundred columns.
const MOST_CELLS: usize = 10_000_000;
/// The first records of a table, one of which is its heading.
const HEADING_RECORDS: usize = 12;
/// The longest heading, in characters.
const LONGEST_HEADING: usize = 80;
/// The most columns that a message names.
const MOST_COLUMNS: usize = 8;

pub(super) struct Row {
    /// The line or entry, from 1.
    pub(super) line: usize,
    pub(super) cells: StringRecord,
}

pub(super) struct Table {
    /// What it was written in, such as `CSV`.
    pub(super) form: &'static str,
    pub(super) headings: Vec<String>,
    pub(super) rows: Vec<Row>,
    /// A type line names Active Directory.
    pub(super) is_of_directory: bool,
}

impl Table {
    pub(super) fn new(form: &'static str, headings: Vec<String>) -> Self {
        Self {
            form,
            headings,
            rows: Vec::new(),
            is_of_directory: false,
        }
    }

    /// A table of names and addresses that another reader has found.
    pub(super) fn of_hosts(form: &'static str) -> Self {
        Self::new(form, vec!["HostName".to_owned(), "IPAddress".to_owned()])
    }

    pub(super) fn push(&mut self, line: usize, cells: &[&str]) {
        let cells = StringRecord::from(cells);
        self.rows.push(Row { line, cells });
    }

    /// Refuses tables that do not fit into memory with what is read after them.
    pub(super) fn check_size(&self) -> Result<(), Refusal> {
        let cells: usize = self.rows.iter().map(|row| row.cells.len()).sum();
        if cells <= MOST_CELLS {
            return Ok(());
        }
        Err(Refusal::new(
            format!("it is a table of more than {MOST_CELLS} cells"),
            "export fewer columns, or split it",
        ))
    }

    fn has(&self, wanted: Role) -> bool {
        self.headings
            .iter()
            .any(|heading| role(heading) == Some(wanted))
    }

    fn has_heading(&self, plain: &str) -> bool {
        self.headings
            .iter()
            .any(|heading| roles::plain(heading) == plain)
    }

    /// Whether it holds accounts of Active Directory.
    fn is_of_accounts(&self) -> bool {
        self.is_of_directory
            || self.has(Role::AccountControl)
            || ["distinguishedname", "samaccountname", "objectguid"]
                .iter()
                .any(|name| self.has_heading(name))
            || (self.has_heading("enabled") && self.has_heading("name"))
    }

    /// The hosts of the table. `wanted` are the ports of the scan, `column` the one that the user names.
    pub(super) fn read(self, wanted: &[u16], column: Option<&str>) -> Result<Import, Refusal> {
        self.check_size()?;
        let columns = match column {
            Some(named) => Columns::named(&self, named)?,
            None => Columns::chosen(&self)?,
        };
        let mut import = rows::read(&self, &columns, wanted);
        import.format = match roles::tool(&self.headings) {
            Some(tool) => format!("{} of {tool}", self.form),
            None => self.form.to_owned(),
        };
        import.columns = columns.described(&self);
        Ok(import)
    }

    /// The headings, for a message.
    fn shown_headings(&self) -> String {
        let named = self
            .headings
            .iter()
            .filter(|heading| !heading.trim().is_empty());
        let mut shown: Vec<String> = named
            .take(MOST_COLUMNS)
            .map(|heading| format!("`{}`", excerpt(heading)))
            .collect();
        if self.headings.len() > MOST_COLUMNS {
            shown.push("…".to_owned());
        }
        shown.join(", ")
    }
}

/// Whether a record can be the heading: it holds no host, and no number.
fn is_heading(columns: &[String]) -> bool {
    columns
        .iter()
        .filter(|column| !column.is_empty())
        .all(|column| {
            column.chars().count() <= LONGEST_HEADING
                && (role(column).is_some()
                    || !(cells::is_certain(column)
                        || column.bytes().all(|letter| letter.is_ascii_digit())))
        })
}
