use std::fmt;
use std::path::PathBuf;

use super::words::shown;
use crate::counts::grouped;

/// What a word was given as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// To be scanned.
    Target,
    /// Not to be touched.
    Exclude,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Target => "target",
            Self::Exclude => "exclude",
        })
    }
}

/// Where a word stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On the command line.
    Arguments,
    /// In a list.
    Line {
        /// The list: a path, or "standard input".
        list: String,
        /// 1 for the first line.
        line: usize,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arguments => Ok(()),
            Self::Line { list, line } => write!(f, "{} line {line}: ", shown(list)),
        }
    }
}

/// Why a word cannot be taken, and what to write instead. Both are lower-case fragments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    pub(crate) way_out: String,
}

impl Refusal {
    pub(crate) fn new(reason: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            way_out: way_out.into(),
        }
    }
}

/// Why there is no target set. Each message is one line with the value, the reason and the way out.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A word that is not a target, or not one that may be scanned.
    #[error("{place}{role} `{}`: {reason}; {way_out}", shown(value))]
    Refused {
        /// Where it stood.
        place: Place,
        /// What it was given as.
        role: Role,
        /// The word.
        value: String,
        /// Why it is refused.
        reason: String,
        /// What to do.
        way_out: String,
    },
    /// A list that cannot be read.
    #[error(
        "{role} list `{}` cannot be read: {cause}; give a text file with one {role} per line, or `-` for standard input",
        shown(&path.to_string_lossy())
    )]
    Unreadable {
        /// What the list holds.
        role: Role,
        /// Its path.
        path: PathBuf,
        /// What the system said; told in the message, so not a source of its own.
        cause: std::io::Error,
    },
    /// A list longer than any fleet.
    #[error(
        "{role} list `{}` is longer than {limit} bytes; give addresses as ranges, or split the list",
        shown(list)
    )]
    TooLong {
        /// What the list holds.
        role: Role,
        /// The list: a path, or "standard input".
        list: String,
        /// The most that is read.
        limit: u64,
    },
    /// A file of another tool that cannot be read.
    #[error("{role} list `{}`: {reason}; {way_out}", shown(list))]
    NotUnderstood {
        /// What the list was given for.
        role: Role,
        /// The list: a path, or "standard input".
        list: String,
        /// Why.
        reason: String,
        /// What to do.
        way_out: String,
    },
    /// More addresses than one scans by mistake.
    #[error(
        "target `{}`: {} addresses in all are more than {}; add --allow-large if all of them are meant, or give smaller ranges",
        shown(largest),
        grouped(*addresses),
        grouped(super::ADDRESS_LIMIT)
    )]
    TooMany {
        /// The target that brings the most addresses.
        largest: String,
        /// Distinct addresses in all, excludes already taken away.
        addresses: u64,
    },
    /// Nothing was given.
    #[error(
        "no target given; name hosts, addresses or ranges such as 10.0.0.0/24, or a list with -f FILE"
    )]
    Nothing,
    /// The lists that were given hold no target.
    #[error(
        "target `{}` holds no target{left_out}; give a list with one target per line",
        shown(texts)
    )]
    Empty {
        /// The texts given.
        texts: String,
        /// What was not taken, each in brackets after a blank, safe to print; empty where nothing was there.
        left_out: String,
    },
    /// The excludes take everything away.
    #[error(
        "target `{}`: every address is excluded by `{}`; leave out an exclude, or add targets",
        shown(texts),
        shown(excludes)
    )]
    AllExcluded {
        /// The targets given.
        texts: String,
        /// The excludes given.
        excludes: String,
    },
}

impl TargetError {
    pub(super) fn refused(place: &Place, role: Role, value: &str, refusal: Refusal) -> Self {
        Self::Refused {
            place: place.clone(),
            role,
            value: value.to_owned(),
            reason: refusal.reason,
            way_out: refusal.way_out,
        }
    }
}
