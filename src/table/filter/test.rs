//! The tests that a filter makes.

use std::fmt;

use super::error::FilterFault;
use super::lex::Operator;
use super::operand::Operand;
use crate::fleet::Host;
use crate::model::StabilityVerdict;
use crate::table::fields::{Field, FieldKind, KnownWord};

/// One test of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// A word in any field, in lower case.
    Word(String),
    /// A field against a value.
    Field {
        field: Field,
        operator: Operator,
        operand: Operand,
    },
}

/// Fields whose words people use like states: `state:flaky`, `state:expired`.
const LIKE_STATES: [Field; 2] = [Field::Stability, Field::Certificate];

/// The words that a field can have, where they can be listed.
pub(super) fn known_words(field: Field) -> Vec<KnownWord> {
    let mut known = own_words(field);
    if field == Field::State {
        let others = LIKE_STATES.into_iter().flat_map(own_words);
        // Too few attempts are no state.
        known.extend(others.filter(|one| one.word != StabilityVerdict::Unknown.word()));
    }
    known
}

fn own_words(field: Field) -> Vec<KnownWord> {
    match field.spec().kind {
        FieldKind::Words(known) => known(),
        FieldKind::FindingId => crate::table::fields::finding_ids(),
        _ => Vec::new(),
    }
}

impl Test {
    /// Reads a field's value.
    pub(super) fn of(
        field: Field,
        operator: Operator,
        sign: &'static str,
        value: &str,
    ) -> Result<Self, FilterFault> {
        let value = value.to_lowercase();
        let spec = field.spec();
        if operator != Operator::Equal && !spec.kind.is_ordered() {
            return Err(FilterFault::NoOrder {
                field: spec.key,
                operator: sign,
            });
        }
        let word_of = |field: Field| {
            let known = own_words(field);
            known.into_iter().find(|one| one.word == value)
        };
        let (field, operand) = match spec.kind {
            FieldKind::Words(_) => {
                let others = LIKE_STATES.into_iter().filter(|_| field == Field::State);
                let found = std::iter::once(field)
                    .chain(others)
                    .find_map(|field| Some((field, word_of(field)?)));
                let (of, known) = found.ok_or_else(|| FilterFault::UnknownValue {
                    field: spec.key,
                    value: value.clone(),
                    expected: known_words(field)
                        .iter()
                        .map(|one| one.word)
                        .collect::<Vec<_>>()
                        .join(", "),
                })?;
                (of, Operand::word(known, operator))
            }
            FieldKind::FindingId => (field, Some(Operand::finding(&value)?)),
            kind => (field, Operand::read(kind, &value)),
        };
        let operand = operand.ok_or_else(|| FilterFault::Malformed {
            field: spec.key,
            value: value.clone(),
            expected: spec.takes,
        })?;
        Ok(Self::Field {
            field,
            operator,
            operand,
        })
    }

    /// Whether the answer is yes. A word is looked for elsewhere: [`crate::table::search::Searched`].
    pub(super) fn holds(&self, host: &Host) -> bool {
        match self {
            Self::Word(_) => false,
            Self::Field {
                field,
                operator,
                operand,
            } => operand.matches(*operator, &field.compared(host)),
        }
    }

    /// The comparison between field and value; `None` for a word.
    pub(super) const fn operator(&self) -> Option<Operator> {
        match self {
            Self::Word(_) => None,
            Self::Field { operator, .. } => Some(*operator),
        }
    }

    /// In the normal form, with another operator than its own.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, operator: Operator) -> fmt::Result {
        match self {
            Self::Word(word) if is_plain(word) => f.write_str(word),
            Self::Word(word) => write!(f, "\"{word}\""),
            Self::Field { field, operand, .. } => {
                write!(f, "{}{}{operand}", field.key(), operator.sign())
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
