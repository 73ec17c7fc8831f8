//! The language of `/` and `--filter`: which hosts belong to a list.
//!
//! ```text
//! any     = all { "or" all }
//! all     = one { ["and"] one }
//! one     = ("!" | "not") one | "(" any ")" | test
//! test    = word | "quoted words" | field operator value
//! ```
//!
//! A word matches the text of any column but counts and measures, and a date from its year and a dash on; `field:value` and `field<value` ask one thing, with or without spaces around the
//! operator.

mod complete;
mod display;
mod error;
mod facts;
mod fields;
mod highlight;
mod lex;
mod parse;
mod test;
#[cfg(test)]
mod tests;
mod values;

pub use complete::{Candidate, Completion, complete};
pub use error::{FilterError, FilterFault};
pub use fields::{FIELDS, Field, Kind, SYNTAX, reference};
pub use highlight::{Piece, PieceKind, pieces};

use self::test::Test;
use super::columns::Searched;
use crate::fleet::Host;

/// A parsed filter. The default one lets every host pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    root: Option<Expression>,
}

/// What must hold of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Expression {
    /// Every one.
    All(Vec<Self>),
    /// At least one.
    Any(Vec<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// One test.
    Test(Test),
}

impl Expression {
    fn holds(&self, host: &Host, scratch: &mut Searched) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(host, scratch)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(host, scratch)),
            Self::Not(part) => !part.holds(host, scratch),
            Self::Test(Test::Word(word)) => scratch.contains(host, word),
            Self::Test(test) => test.holds(host),
        }
    }
}

impl Expression {
    /// Bare words, in any order.
    fn words<'a>(&'a self, out: &mut Vec<&'a str>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.words(out)),
            Self::Not(part) => part.words(out),
            Self::Test(Test::Word(word)) => out.push(word),
            Self::Test(_) => {}
        }
    }
}

impl Filter {
    /// Reads a filter; an empty text lets everything pass.
    ///
    /// # Errors
    /// When the text is none; the error says where, what was found, and what would do.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::strict(text).map(|root| Self { root })
    }

    /// As much of it as can be read, while the text is still being typed: a test that cannot be read yet lets every host
    /// pass.
    #[must_use]
    pub fn readable(text: &str) -> Self {
        Self {
            root: parse::lenient(text),
        }
    }

    /// Whether the host passes.
    #[must_use]
    pub fn matches(&self, host: &Host) -> bool {
        self.passes(host, &mut self.scratch())
    }

    /// What [`Self::passes`] needs, for many hosts.
    pub(super) fn scratch(&self) -> Searched {
        let mut words = Vec::new();
        if let Some(root) = &self.root {
            root.words(&mut words);
        }
        Searched::new(&words)
    }

    /// As [`Self::matches`], with what many hosts can share.
    pub(super) fn passes(&self, host: &Host, scratch: &mut Searched) -> bool {
        scratch.clear();
        self.root
            .as_ref()
            .is_none_or(|root| root.holds(host, scratch))
    }

    /// Whether every host passes, whatever it is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.root.is_none()
    }
}
