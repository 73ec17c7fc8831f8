//! The language of `/` and `--filter`.
//!
//! ```text
//! any     = all { "or" all }
//! all     = one { ["and"] one }
//! one     = ("!" | "not") one | "(" any ")" | test
//! test    = word | "quoted words" | field operator value
//! ```
//!
//! A word matches the text of any field that is searched, and a date from its year and a dash on.

mod complete;
mod display;
mod error;
mod lex;
mod operand;
mod parse;
mod test;
#[cfg(test)]
mod tests;

pub use complete::{Candidate, Completion, complete};
pub use error::{FilterError, FilterFault};

use self::test::Test;
use super::fields::Field;
use super::search::Searched;
use crate::fleet::Host;

/// The field of that name, if rows are filtered by it.
fn filtered(name: &str) -> Option<Field> {
    Field::of_key(name).filter(|field| field.is_of_rows())
}

/// A parsed filter. Every host passes the default one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    root: Option<Expression>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expression {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
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
    /// The words that are looked for in any field.
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
    /// Parses a filter; every host passes an empty one.
    ///
    /// # Errors
    /// With the place in the text, what was found there, and what is valid.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::strict(text).map(|root| Self { root })
    }

    /// Parses what is valid so far, while the text is being typed; every host passes an incomplete test.
    #[must_use]
    pub fn readable(text: &str) -> Self {
        Self {
            root: parse::lenient(text),
        }
    }

    #[must_use]
    pub fn matches(&self, host: &Host) -> bool {
        self.passes(host, &mut self.scratch())
    }

    pub(super) fn scratch(&self) -> Searched {
        let mut words = Vec::new();
        if let Some(root) = &self.root {
            root.words(&mut words);
        }
        Searched::new(&words)
    }

    /// As [`Self::matches`], with shared scratch space.
    pub(super) fn passes(&self, host: &Host, scratch: &mut Searched) -> bool {
        scratch.clear();
        self.root
            .as_ref()
            .is_none_or(|root| root.holds(host, scratch))
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.root.is_none()
    }
}
