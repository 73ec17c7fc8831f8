//! The normal form of a filter, which parses to the same filter.

use std::fmt;

use super::lex::Operator;
use super::{Expression, Filter};

/// The normal form; empty when every host passes.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.root {
            None => Ok(()),
            Some(root) => root.write(f, Surroundings::Whole),
        }
    }
}

/// What surrounds an expression, and so whether it needs brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surroundings {
    Whole,
    InAny,
    InAll,
    InNot,
}

impl Expression {
    fn write(&self, f: &mut fmt::Formatter<'_>, place: Surroundings) -> fmt::Result {
        match self {
            Self::Any(parts) => {
                let bare = place == Surroundings::Whole;
                joined(f, parts, " or ", Surroundings::InAny, bare)
            }
            Self::All(parts) => {
                let bare = matches!(place, Surroundings::Whole | Surroundings::InAny);
                joined(f, parts, " ", Surroundings::InAll, bare)
            }
            Self::Not(inner) => match inner.as_ref() {
                // A sign of its own: `!` in front would nest deeper than what was typed.
                Self::Test(test) if test.operator() == Some(Operator::Equal) => {
                    test.write(f, Operator::Unequal)
                }
                inner => {
                    f.write_str("!")?;
                    inner.write(f, Surroundings::InNot)
                }
            },
            Self::Test(test) => test.write(f, test.operator().unwrap_or(Operator::Equal)),
        }
    }
}

fn joined(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expression],
    between: &str,
    place: Surroundings,
    bare: bool,
) -> fmt::Result {
    if !bare {
        f.write_str("(")?;
    }
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        part.write(f, place)?;
    }
    if !bare {
        f.write_str(")")?;
    }
    Ok(())
}
