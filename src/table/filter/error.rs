//! What is wrong with a filter, and where.

use std::ops::Range;

use super::fields;
use crate::diagnosis::catalog;
use crate::table::nearest::hint;

/// Why a filter text is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct FilterError {
    /// Where, in bytes of the text.
    pub span: Range<usize>,
    /// What.
    #[source]
    pub fault: FilterFault,
}

impl FilterError {
    /// Which character of the text is the first that is wrong, counted from 1.
    #[must_use]
    pub fn character(&self, text: &str) -> usize {
        let before = text.get(..self.span.start).unwrap_or(text);
        before.chars().count() + 1
    }
}

/// A part of an id is meant as often as a slip is made.
fn finding(value: &str) -> String {
    let part = value.strip_prefix("RDP-").unwrap_or(value);
    let part = part.trim_matches('*');
    let ids = || catalog::ENTRIES.iter().map(|entry| entry.id);
    if !part.is_empty() && ids().any(|id| id.contains(part)) {
        format!(" (did you mean `*{part}*`?)")
    } else {
        hint(value, ids())
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterFault {
    /// No such field.
    #[error(
        "unknown filter field `{field}`{}: use one of {}, or put the word in quotes",
        hint(field, fields::FIELDS.iter().map(|known| known.word)),
        fields::words()
    )]
    UnknownField {
        /// As typed.
        field: String,
    },
    /// The field does not know the value.
    #[error("`{field}` cannot be `{value}`{}: use one of {expected}", hint(value, expected.split(", ")))]
    UnknownValue {
        /// The field.
        field: &'static str,
        /// As typed.
        value: String,
        /// What would do.
        expected: String,
    },
    /// No finding has such an id.
    #[error(
        "no finding is called `{value}`{}: `rdpscan explain` lists all",
        finding(value)
    )]
    UnknownFinding {
        /// As the language reads it.
        value: String,
    },
    /// The field compares numbers, addresses or versions, and the value is none.
    #[error("`{field}` needs {expected}, not `{value}`")]
    Malformed {
        /// The field.
        field: &'static str,
        /// As typed.
        value: String,
        /// What would do.
        expected: &'static str,
    },
    /// The field has no order.
    #[error("`{field}` cannot be compared with `{operator}`: write `{field}:value`")]
    NoOrder {
        /// The field.
        field: &'static str,
        /// As typed.
        operator: &'static str,
    },
    /// Nothing after the operator, or after `!`.
    #[error("`{term}` lacks a value: write {expected} after it")]
    Unfinished {
        /// As typed.
        term: String,
        /// What would do.
        expected: &'static str,
    },
    /// `and`, `or` or `not` with nothing on one side, or an empty pair of brackets.
    #[error("a test such as `state:broken` or a word is expected {place}")]
    Missing {
        /// Where.
        place: &'static str,
    },
    /// A bracket without its other half.
    #[error("this `{bracket}` has no `{other}`: add it, or put it in quotes to search for it")]
    Unbalanced {
        /// As typed.
        bracket: char,
        /// What is missing.
        other: char,
    },
    /// Quotes that do not end.
    #[error("this quote does not end: add `\"`")]
    OpenQuote,
    /// Brackets in brackets in brackets.
    #[error("brackets and negations nest deeper than {most}: write the filter more flatly")]
    TooDeep {
        /// The limit.
        most: usize,
    },
    /// Longer than anybody types.
    #[error("the filter is longer than {most} bytes: shorten it")]
    TooLong {
        /// The limit.
        most: usize,
    },
}
