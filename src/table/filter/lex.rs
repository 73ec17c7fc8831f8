//! Text to tokens.

use std::net::IpAddr;
use std::ops::Range;

use super::error::{FilterError, FilterFault};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Less,
    AtMost,
    Equal,
    Unequal,
    AtLeast,
    Greater,
}

impl Operator {
    /// A sign that begins with another comes before it.
    pub(super) const SIGNS: [(&str, Self); 7] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("!=", Self::Unequal),
        ("<", Self::Less),
        (">", Self::Greater),
        (":", Self::Equal),
        ("=", Self::Equal),
    ];

    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Equal => ":",
            Self::Unequal => "!=",
            Self::AtLeast => ">=",
            Self::Greater => ">",
        }
    }

    pub(super) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Equal => left == right,
            Self::Unequal => left != right,
            Self::AtLeast => left >= right,
            Self::Greater => left > right,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    /// `!` or `not`.
    Not,
    And,
    Or,
    /// The name of a field, as typed, before an operator.
    Field(String),
    Operator(Operator, &'static str),
    Word(String),
    /// In quotes: never a field, an operator or `and`.
    Quoted(String),
}

/// A token and its span in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) span: Range<usize>,
}

/// The tokens of a text. An unterminated quote ends with the text, and is an error.
pub(super) fn tokens(text: &str) -> (Vec<Placed>, Option<FilterError>) {
    let mut lexer = Lexer {
        text,
        at: 0,
        placed: Vec::new(),
        fault: None,
    };
    while lexer.step() {}
    (lexer.placed, lexer.fault)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    placed: Vec<Placed>,
    fault: Option<FilterError>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn put(&mut self, token: Token, length: usize) {
        let span = self.at..self.at + length;
        self.at = span.end;
        self.placed.push(Placed { token, span });
    }

    /// Whether the previous token requires a value.
    fn wants_value(&self) -> bool {
        matches!(
            self.placed.last(),
            Some(Placed {
                token: Token::Operator(..),
                ..
            })
        )
    }

    fn step(&mut self) -> bool {
        let rest = self.rest();
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        let Some(first) = trimmed.chars().next() else {
            return false;
        };
        match first {
            '(' => self.put(Token::Open, 1),
            ')' => self.put(Token::Close, 1),
            '"' => self.quoted(),
            '!' if !self.wants_value() => self.put(Token::Not, 1),
            _ if self.wants_value() => {
                let (value, length) = chunk(trimmed);
                self.put(Token::Word(value), length);
            }
            _ => self.word(trimmed),
        }
        true
    }

    fn quoted(&mut self) {
        let rest = self.rest();
        let inside = rest.get(1..).unwrap_or_default();
        if let Some((inside, _)) = inside.split_once('"') {
            self.put(Token::Quoted(inside.to_owned()), inside.len() + 2);
            return;
        }
        let span = self.at..self.text.len();
        self.fault.get_or_insert(FilterError {
            span,
            fault: FilterFault::OpenQuote,
        });
        self.put(Token::Quoted(inside.to_owned()), rest.len());
    }

    /// A field with its operator, `and`, `or`, `not`, or a word.
    fn word(&mut self, rest: &str) {
        let (whole, length) = chunk(rest);
        let name: usize = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .map(char::len_utf8)
            .sum();
        let (field, after) = rest.split_at_checked(name).unwrap_or((rest, ""));
        let spaced = after.trim_start();
        let sign = Operator::SIGNS
            .into_iter()
            .find(|(sign, _)| spaced.starts_with(sign));
        // An IPv6 address has colons too, and so may half of one. A name with other characters than letters, or an operator that
        // stands apart, belongs to a field that exists.
        let is_field = !field.is_empty()
            && whole.parse::<IpAddr>().is_err()
            && (spaced.len() == after.len()
                && field.bytes().all(|byte| byte.is_ascii_alphabetic())
                || super::filtered(field).is_some());
        if let (Some((sign, operator)), true) = (sign, is_field) {
            self.put(Token::Field(field.to_owned()), name);
            self.at += after.len() - spaced.len();
            self.put(Token::Operator(operator, sign), sign.len());
            return;
        }
        let token = match whole.to_ascii_lowercase().as_str() {
            "and" => Token::And,
            "or" => Token::Or,
            "not" => Token::Not,
            _ => Token::Word(whole),
        };
        self.put(token, length);
    }
}

/// Characters up to a space, a bracket or the end, and their length in the text. Quotes inside keep these together and are
/// left out.
fn chunk(rest: &str) -> (String, usize) {
    let mut value = String::new();
    let mut inside = false;
    for (at, c) in rest.char_indices() {
        match c {
            '"' => inside = !inside,
            c if !inside && (c.is_whitespace() || c == '(' || c == ')') => {
                return (value, at);
            }
            c => value.push(c),
        }
    }
    (value, rest.len())
}
