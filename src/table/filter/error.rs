use std::ops::Range;

use crate::sanitize::excerpt;
use crate::table::fields::{Field, finding_ids};
use crate::table::nearest::hint;

/// An invalid filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct FilterError {
    /// In bytes of the text.
    pub span: Range<usize>,
    #[source]
    pub fault: FilterFault,
}

impl FilterError {
    /// The position of the error, in characters from 1.
    #[must_use]
    pub fn character(&self, text: &str) -> usize {
        let before = text.get(..self.span.start).unwrap_or(text);
        before.chars().count() + 1
    }
}

/// Suggests a pattern for a part of an id, else the nearest id.
fn finding(value: &str) -> String {
    let part = value.strip_prefix("RDP-").unwrap_or(value);
    let part = part.trim_matches('*');
    let ids = || finding_ids().into_iter().map(|known| known.word);
    if !part.is_empty() && ids().any(|id| id.contains(part)) {
        format!(" (did you mean `*{part}*`?)")
    } else {
        hint(value, ids())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterFault {
    #[error(
        "unknown filter field `{}`{}: use one of {}, or put the word in quotes",
        excerpt(field),
        hint(field, Field::names()),
        Field::keys_of_rows()
    )]
    UnknownField { field: String },
    #[error("`{field}` cannot be `{}`{}: use one of {expected}", excerpt(value), hint(value, expected.split(", ")))]
    UnknownValue {
        field: &'static str,
        value: String,
        /// What is valid.
        expected: String,
    },
    #[error(
        "no finding is called `{}`{}: `rdpscan explain` lists all",
        excerpt(value),
        finding(value)
    )]
    UnknownFinding {
        /// With its prefix.
        value: String,
    },
    /// The value is no number, address, date or version.
    #[error("`{field}` needs {expected}, not `{}`", excerpt(value))]
    Malformed {
        field: &'static str,
        value: String,
        /// What is valid.
        expected: &'static str,
    },
    #[error("`{field}` cannot be compared with `{operator}`: write `{field}:value`")]
    NoOrder {
        field: &'static str,
        operator: &'static str,
    },
    /// Nothing follows the operator or `!`.
    #[error("`{}` lacks a value: write {expected} after it", excerpt(term))]
    Unfinished {
        term: String,
        /// What is valid.
        expected: &'static str,
    },
    /// `and`, `or` or `not` lacks an operand, or brackets are empty.
    #[error("a test such as `state:broken` or a word is expected {place}")]
    Missing { place: &'static str },
    /// A bracket without its pair.
    #[error("this `{bracket}` has no `{other}`: add it, or put it in quotes to search for it")]
    Unbalanced { bracket: char, other: char },
    #[error("this quote does not end: add `\"`")]
    OpenQuote,
    #[error("brackets and negations nest deeper than {most}: write the filter more flatly")]
    TooDeep { most: usize },
    #[error("the filter is longer than {most} bytes: shorten it")]
    TooLong { most: usize },
}
