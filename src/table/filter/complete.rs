//! What could stand at the cursor while a filter is typed.

use std::borrow::Cow;
use std::ops::Range;

use super::fields::{FIELDS, Field, Kind};
use super::lex::{Placed, Token, tokens};

/// Something that could stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What would be typed.
    pub text: String,
    /// What it means.
    pub says: Cow<'static, str>,
}

/// What could stand at the cursor, and in place of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What a candidate replaces, in bytes of the text.
    pub span: Range<usize>,
    /// The candidates; empty when nothing can be suggested, or what stands there is complete.
    pub candidates: Vec<Candidate>,
}

/// Suggestions for the text with the cursor at this byte.
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

/// What can stand after these tokens besides a test.
fn joints(earlier: &[Placed]) -> &'static [Joint] {
    match earlier.last().map(|placed| &placed.token) {
        Some(Token::Word(_) | Token::Quoted(_) | Token::Close) => &JOINTS,
        _ => FIRST_JOINTS,
    }
}

fn names(typed: &str, span: Range<usize>, joints: &[Joint]) -> Completion {
    let typed = typed.to_lowercase();
    let fields = FIELDS
        .iter()
        .filter(|field| field.word.starts_with(&typed))
        .flat_map(|field| signs(field, field.word == typed));
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

/// A word between tests, and what it does.
type Joint = (&'static str, &'static str);

const JOINTS: [Joint; 3] = [
    ("and", "both must hold; a space is the same"),
    ("or", "one must hold"),
    ("not", "the opposite; ! is the same"),
];
/// At the beginning only this one makes sense.
const FIRST_JOINTS: &[Joint] = &[("not", "the opposite; ! is the same")];

/// The field with the sign that it is mostly used with; with every sign once its name stands there.
fn signs(field: &'static Field, whole: bool) -> impl Iterator<Item = Candidate> {
    let signs: &[(&str, &str)] = match (field.kind, whole) {
        (Kind::Ordered, true) => &[
            ("<", "less than"),
            ("<=", "at most"),
            (":", "exactly"),
            ("!=", "anything but"),
            (">=", "at least"),
            (">", "more than"),
        ],
        (Kind::Ordered, false) => &[("<", "")],
        (Kind::Word | Kind::Text, true) => &[(":", "is"), ("!=", "is not")],
        (Kind::Word | Kind::Text, false) => &[(":", "")],
    };
    signs.iter().map(move |(sign, meaning)| Candidate {
        text: format!("{}{sign}", field.word),
        says: if whole {
            format!("{meaning} {}", field.takes).into()
        } else {
            format!("{}: {}", field.says, field.example).into()
        },
    })
}

fn values(field: &str, typed: &str, span: Range<usize>) -> Completion {
    let typed = typed.to_lowercase();
    let Some(field) = Field::of_word(field) else {
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
                || (field.kind == Kind::Text && !typed.is_empty() && lower.contains(&typed)))
    };
    let candidates = field
        .values()
        .into_iter()
        .filter(|(value, _)| fits(value))
        .map(|(value, says)| Candidate {
            text: value.to_owned(),
            says: says.into(),
        })
        .collect();
    Completion { span, candidates }
}
