//! Completion of a filter at the cursor.

use std::borrow::Cow;
use std::ops::Range;

use super::filtered;
use super::lex::{Placed, Token, tokens};
use super::test::known_words;
use crate::table::fields::{Field, FieldKind};

/// A suggestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    pub says: Cow<'static, str>,
}

/// Suggestions, and the text that they replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The text that a suggestion replaces, in bytes.
    pub span: Range<usize>,
    /// Empty when nothing can be suggested, or the word is complete.
    pub candidates: Vec<Candidate>,
}

#[must_use]
pub fn complete(text: &str, at: usize) -> Completion {
    let before = text.get(..at).unwrap_or(text);
    let (tokens, _) = tokens(before);
    let at = before.len();
    let nothing = || Completion {
        span: at..at,
        candidates: Vec::new(),
    };
    match tokens.as_slice() {
        [
            ..,
            Placed {
                token: Token::Field(field),
                ..
            },
            Placed {
                token: Token::Operator(..),
                ..
            },
        ] => values(field, "", at..at),
        [
            ..,
            Placed {
                token: Token::Field(field),
                ..
            },
            Placed {
                token: Token::Operator(..),
                ..
            },
            Placed {
                token: Token::Word(typed),
                span,
            },
        ] if span.end == at => values(field, typed, span.clone()),
        [
            earlier @ ..,
            Placed {
                token: Token::Word(typed),
                span,
            },
        ] if span.end == at => names(typed, span.clone(), joints(earlier)),
        [
            ..,
            Placed {
                token: Token::Quoted(_),
                ..
            },
        ] => nothing(),
        // A new word begins.
        earlier => names("", at..at, joints(earlier)),
    }
}

/// Operators that are valid after these tokens.
fn joints(earlier: &[Placed]) -> &'static [Joint] {
    match earlier.last().map(|placed| &placed.token) {
        Some(Token::Word(_) | Token::Quoted(_) | Token::Close) => &JOINTS,
        _ => FIRST_JOINTS,
    }
}

fn names(typed: &str, span: Range<usize>, joints: &[Joint]) -> Completion {
    let typed = typed.to_lowercase();
    let fields = Field::of_rows()
        .filter_map(|field| Some((field, name(field, &typed)?)))
        .flat_map(|(field, name)| signs(field, name, name == typed));
    let joints = joints
        .iter()
        .filter(|(word, _)| word.starts_with(&typed) && *word != typed)
        .map(|(word, says)| Candidate {
            text: format!("{word} "),
            says: (*says).into(),
        });
    let candidates = fields.chain(joints).collect();
    Completion { span, candidates }
}

/// A word between tests, and its meaning.
type Joint = (&'static str, &'static str);

const JOINTS: [Joint; 3] = [
    ("and", "both must hold; a space is the same"),
    ("or", "one must hold"),
    ("not", "the opposite; ! is the same"),
];
/// The only one valid at the beginning.
const FIRST_JOINTS: &[Joint] = &[("not", "the opposite; ! is the same")];

/// The name of a field that begins as typed: a complete one first, then its key.
fn name(field: Field, typed: &str) -> Option<&'static str> {
    let whole = field.names_of().find(|name| *name == typed);
    whole.or_else(|| field.names_of().find(|name| name.starts_with(typed)))
}

/// The field with its usual operator; with every operator once its name is complete.
fn signs(field: Field, name: &'static str, whole: bool) -> impl Iterator<Item = Candidate> {
    let spec = field.spec();
    let signs: &[(&str, &str)] = match (spec.kind.is_ordered(), whole) {
        (true, true) => &[
            ("<", "less than"),
            ("<=", "at most"),
            (":", "exactly"),
            ("!=", "anything but"),
            (">=", "at least"),
            (">", "more than"),
        ],
        (true, false) => &[("<", "")],
        (false, true) => &[(":", "is"), ("!=", "is not")],
        (false, false) => &[(":", "")],
    };
    signs.iter().map(move |(sign, meaning)| Candidate {
        text: format!("{name}{sign}"),
        says: if whole {
            format!("{meaning} {}", spec.takes).into()
        } else {
            format!("{}: {name}{}", spec.meaning, spec.example).into()
        },
    })
}

fn values(field: &str, typed: &str, span: Range<usize>) -> Completion {
    let typed = typed.to_lowercase();
    let Some(field) = filtered(field) else {
        return Completion {
            span,
            candidates: Vec::new(),
        };
    };
    // A value that is complete needs no suggestion, unless it begins a longer one.
    let fits = |value: &str| {
        let lower = value.to_lowercase();
        lower != typed
            && (lower.starts_with(&typed)
                || (matches!(field.spec().kind, FieldKind::FindingId)
                    && !typed.is_empty()
                    && lower.contains(&typed)))
    };
    let candidates = known_words(field)
        .into_iter()
        .filter(|known| fits(known.word))
        .map(|known| Candidate {
            text: known.word.to_owned(),
            says: known.meaning.into(),
        })
        .collect();
    Completion { span, candidates }
}
