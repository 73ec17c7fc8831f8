use std::path::PathBuf;

use derive_more::Display;

use crate::counts::grouped;
pub(super) use crate::sanitize::excerpt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Display)]
pub enum Role {
    #[display("target")]
    Target,
    #[display("exclude")]
    Exclude,
}

/// Where a word was given.
#[derive(Debug, Clone, PartialEq, Eq, Display)]
pub enum InputPlace {
    #[display("")]
    Arguments,
    #[display("{} line {line}: ", excerpt(list))]
    Line {
        /// A path, or "standard input".
        list: String,
        /// From 1.
        line: usize,
    },
}

/// Why a value is rejected, and what to write instead. Both are lower-case fragments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; {way_out}")]
pub struct Refusal {
    pub reason: String,
    pub way_out: String,
}

impl Refusal {
    pub(crate) fn new(reason: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            way_out: way_out.into(),
        }
    }
}

/// Each message is one line with the value, the reason and what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A word that is not a target, or not one that may be scanned.
    #[error("{place}{role} `{}`: {refusal}", excerpt(value))]
    Refused {
        place: InputPlace,
        role: Role,
        value: String,
        refusal: Refusal,
    },
    #[error(
        "{role} list `{}` cannot be read: {cause}; use a text file with one {role} per line, or `-` for standard input",
        excerpt(&path.to_string_lossy())
    )]
    Unreadable {
        role: Role,
        path: PathBuf,
        /// Part of the message, so not a source of its own.
        cause: std::io::Error,
    },
    #[error(
        "{role} list `{}` is longer than {limit} bytes; use addresses as ranges, or split the list",
        excerpt(list)
    )]
    TooLong {
        role: Role,
        list: String,
        limit: u64,
    },
    /// Several words of a list are no targets.
    #[error("{role} list `{}`: {} entries are not valid: {}", excerpt(list), grouped(*count as u64), bad_lines(*count, first))]
    BadLines {
        role: Role,
        list: String,
        count: usize,
        /// The first of them.
        first: Vec<TargetError>,
    },
    /// `--column` was given, and no list is a table.
    #[error(
        "--column `{}`: no list is a table; leave it out, or use a table with -f FILE",
        excerpt(column)
    )]
    NoTable { column: String },
    /// A file of another tool that cannot be read.
    #[error("{role} list `{}`: {refusal}", excerpt(list))]
    NotUnderstood {
        role: Role,
        list: String,
        refusal: Refusal,
    },
    #[error(
        "target `{}`: {} addresses in all are more than {}; add --allow-large if all of them are meant, or use smaller ranges",
        excerpt(largest),
        grouped(*addresses),
        grouped(super::ADDRESS_LIMIT)
    )]
    TooMany {
        /// The target that brings the most addresses.
        largest: String,
        /// Distinct addresses without the excluded ones.
        addresses: u64,
    },
    #[error(
        "no target given; name hosts, addresses or ranges such as 10.0.0.0/24, or a list with -f FILE"
    )]
    Nothing,
    #[error(
        "target `{}` holds no target{left_out}; use a list with one target per line",
        excerpt(texts)
    )]
    Empty {
        texts: String,
        /// The notices about skipped entries, each in brackets after a blank, safe to print.
        left_out: String,
    },
    #[error(
        "target `{}`: every address is excluded by `{}`; leave out an exclude, or add targets",
        excerpt(texts),
        excerpt(excludes)
    )]
    AllExcluded { texts: String, excludes: String },
}

/// The lines with what is wrong in each, on one line.
fn bad_lines(count: usize, first: &[TargetError]) -> String {
    let mut lines: Vec<String> = first
        .iter()
        .map(|error| match error {
            TargetError::Refused {
                place: InputPlace::Line { line, .. },
                value,
                refusal,
                ..
            } => format!("line {line} `{}` ({refusal})", excerpt(value)),
            other => other.to_string(),
        })
        .collect();
    if count > first.len() {
        lines.push(format!(
            "and {} more",
            grouped((count - first.len()) as u64)
        ));
    }
    lines.join(", ")
}

impl TargetError {
    pub(super) fn refused(place: &InputPlace, role: Role, value: &str, refusal: Refusal) -> Self {
        Self::Refused {
            place: place.clone(),
            role,
            value: value.to_owned(),
            refusal,
        }
    }
}
