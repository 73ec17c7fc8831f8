//! The normal form: one way to write every filter, which reads back as the same filter.

use std::fmt;

use super::facts::Decimal;
use super::lex::Operator;
use super::test::{Test, yes_or_no};
use super::{Expression, Filter};
use crate::model::TlsVersion;

/// The filter in its normal form, as [`Filter::parse`] reads it; empty when every host passes.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.root {
            None => Ok(()),
            Some(root) => root.write(f, Place::Whole),
        }
    }
}

/// What stands around an expression, and so whether it wants brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Whole,
    InAny,
    InAll,
    InNot,
}

impl Expression {
    fn write(&self, f: &mut fmt::Formatter<'_>, place: Place) -> fmt::Result {
        match self {
            Self::Any(parts) => {
                let bare = place == Place::Whole;
                joined(f, parts, " or ", Place::InAny, bare)
            }
            Self::All(parts) => {
                let bare = matches!(place, Place::Whole | Place::InAny);
                joined(f, parts, " ", Place::InAll, bare)
            }
            Self::Not(inner) => match inner.as_ref() {
                // A sign of its own: `!` in front would nest deeper than what was typed.
                Self::Test(test) if test.operator() == Some(Operator::Equal) => {
                    test.write(f, Operator::Unequal)
                }
                inner => {
                    f.write_str("!")?;
                    inner.write(f, Place::InNot)
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
    place: Place,
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

impl Test {
    /// The comparison between field and value; `None` for a word.
    const fn operator(&self) -> Option<Operator> {
        match self {
            Self::Word(_) => None,
            Self::Tls(operator, _)
            | Self::Days(operator, _)
            | Self::Severity(operator, _)
            | Self::Port(operator, _)
            | Self::Measure(_, operator, _)
            | Self::Day(_, operator, _)
            | Self::Build(operator, _, _) => Some(*operator),
            Self::State(_)
            | Self::Listed(_)
            | Self::Certificate(_)
            | Self::Dns(_)
            | Self::Stability(_)
            | Self::Nla(_)
            | Self::TlsUnknown
            | Self::Finding(_)
            | Self::Stage(_)
            | Self::Name(_)
            | Self::Address(_)
            | Self::Range(..)
            | Self::Protocol(_)
            | Self::Feature(_)
            | Self::Said(..) => Some(Operator::Equal),
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, operator: Operator) -> fmt::Result {
        let sign = operator.sign();
        match self {
            Self::Word(word) if is_plain(word) => f.write_str(word),
            Self::Word(word) => write!(f, "\"{word}\""),
            Self::State(state) => write!(f, "state{sign}{state}"),
            Self::Listed(listed) => write!(f, "listed{sign}{}", yes_or_no(*listed)),
            Self::Certificate(status) => write!(f, "cert{sign}{status}"),
            Self::Dns(verdict) => write!(f, "dns{sign}{verdict}"),
            Self::Stability(verdict) => write!(f, "stability{sign}{verdict}"),
            Self::Nla(nla) => write!(f, "nla{sign}{nla}"),
            Self::Tls(_, TlsVersion::SSL_3_0) => write!(f, "tls{sign}ssl3"),
            Self::Tls(_, version) => write!(f, "tls{sign}{version}"),
            Self::TlsUnknown => write!(f, "tls{sign}unknown"),
            Self::Days(_, days) => write!(f, "days{sign}{days}"),
            Self::Finding(pattern) => write!(f, "finding{sign}{}", Value(pattern)),
            Self::Severity(_, severity) => write!(f, "severity{sign}{}", severity.word()),
            Self::Stage(stage) => write!(f, "stage{sign}{stage}"),
            Self::Name(pattern) => write!(f, "name{sign}{}", Value(pattern)),
            Self::Address(network) => write!(f, "ip{sign}{network}"),
            Self::Range(first, last) => write!(f, "ip{sign}{first}-{last}"),
            Self::Port(_, port) => write!(f, "port{sign}{port}"),
            Self::Protocol(selected) => write!(f, "protocol{sign}{}", selected.word()),
            Self::Feature(feature) => write!(f, "features{sign}{feature}"),
            Self::Measure(measure, _, number) => {
                write!(f, "{}{sign}{}", measure.word(), Decimal(*number))
            }
            Self::Day(when, _, day) => write!(f, "{}{sign}{day}", when.word()),
            Self::Said(said, pattern) => write!(f, "{}{sign}{}", said.word(), Value(pattern)),
            Self::Build(_, None, build) => write!(f, "build{sign}{build}"),
            Self::Build(_, Some((major, minor)), build) => {
                write!(f, "build{sign}{major}.{minor}.{build}")
            }
        }
    }
}

/// Whether a word is read as itself without quotes.
fn is_plain(word: &str) -> bool {
    word.chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '*'))
        && !["and", "or", "not"].contains(&word)
}

/// The value of a field, in quotes where it needs them.
struct Value<'a>(&'a str);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = !self
            .0
            .contains(|c: char| c.is_whitespace() || c == '(' || c == ')');
        if bare {
            f.write_str(self.0)
        } else {
            write!(f, "\"{}\"", self.0)
        }
    }
}
