//! Tokens to an expression.

use std::ops::Range;

use super::error::{FilterError, FilterFault};
use super::lex::{Operator, Placed, Token, tokens};
use super::test::Test;
use super::{Expression, filtered};

/// Nesting of brackets and negations. A typed filter has three; the stack has room for thousands.
const MOST_DEEP: usize = 64;
const MOST_LONG: usize = 16 * 1024;

pub(super) fn strict(text: &str) -> Result<Option<Expression>, FilterError> {
    if text.len() > MOST_LONG {
        return Err(FilterError {
            span: MOST_LONG..text.len(),
            fault: FilterFault::TooLong { most: MOST_LONG },
        });
    }
    let (tokens, fault) = tokens(text);
    if let Some(fault) = fault {
        return Err(fault);
    }
    let mut parser = Parser::new(text, tokens, false);
    let root = parser.whole()?;
    Ok(root)
}

/// Every host passes what cannot be parsed.
pub(super) fn lenient(text: &str) -> Option<Expression> {
    if text.len() > MOST_LONG {
        return None;
    }
    let (tokens, _) = tokens(text);
    let root = Parser::new(text, tokens, true).whole().ok().flatten();
    // A tree of nothing but unread tests filters nothing.
    root.filter(|root| *root != Expression::All(Vec::new()))
}

struct Parser<'a> {
    text: &'a str,
    tokens: std::iter::Peekable<std::vec::IntoIter<Placed>>,
    /// The span of the last token taken.
    last: Range<usize>,
    depth: usize,
    lenient: bool,
}

type Parsed = Result<Expression, FilterError>;

impl<'a> Parser<'a> {
    fn new(text: &'a str, tokens: Vec<Placed>, lenient: bool) -> Self {
        Self {
            text,
            tokens: tokens.into_iter().peekable(),
            last: 0..0,
            depth: 0,
            lenient,
        }
    }

    fn next(&mut self) -> Option<Placed> {
        let placed = self.tokens.next();
        if let Some(placed) = &placed {
            self.last = placed.span.clone();
        }
        placed
    }

    fn next_if(&mut self, wanted: &Token) -> bool {
        let found = self.tokens.next_if(|placed| placed.token == *wanted);
        if let Some(placed) = &found {
            self.last = placed.span.clone();
        }
        found.is_some()
    }

    fn end(&self) -> Range<usize> {
        self.text.len()..self.text.len()
    }

    fn fail(&self, span: Range<usize>, fault: FilterFault) -> Parsed {
        if self.lenient {
            Ok(everything())
        } else {
            Err(FilterError { span, fault })
        }
    }

    fn whole(&mut self) -> Result<Option<Expression>, FilterError> {
        let mut root: Option<Expression> = None;
        while self.tokens.peek().is_some() {
            let part = self.any()?;
            root = Some(match root {
                Some(before) => all(vec![before, part]),
                None => part,
            });
            // Only a bracket that closes nothing ends an expression before the text does.
            if let Some(placed) = self.next() {
                self.fail(
                    placed.span,
                    FilterFault::Unbalanced {
                        bracket: ')',
                        other: '(',
                    },
                )?;
            }
        }
        Ok(root)
    }

    fn any(&mut self) -> Parsed {
        let mut parts = vec![self.all()?];
        while self.next_if(&Token::Or) {
            parts.push(self.all()?);
        }
        // What cannot be read yet must not let everybody in.
        parts.retain(|part| *part != everything());
        Ok(match parts.len() {
            0 | 1 => parts.pop().unwrap_or_else(everything),
            _ => Expression::Any(parts),
        })
    }

    fn all(&mut self) -> Parsed {
        let mut parts = vec![self.one()?];
        loop {
            if self.next_if(&Token::And) {
                parts.push(self.one()?);
                continue;
            }
            match self.tokens.peek().map(|placed| &placed.token) {
                None | Some(Token::Or | Token::Close) => break,
                Some(_) => parts.push(self.one()?),
            }
        }
        Ok(all(parts))
    }

    fn one(&mut self) -> Parsed {
        let Some(placed) = self
            .tokens
            .next_if(|placed| !matches!(placed.token, Token::Close | Token::Or | Token::And))
        else {
            return self.missing();
        };
        self.last = placed.span.clone();
        match placed.token {
            Token::Not => self.deeper(&placed.span, |parser| {
                if parser.tokens.peek().is_none() {
                    return parser.fail(
                        placed.span.clone(),
                        FilterFault::Unfinished {
                            term: parser.typed(&placed.span),
                            expected: "a test",
                        },
                    );
                }
                parser.one().map(negated)
            }),
            Token::Open => self.deeper(&placed.span, |parser| {
                let inner = parser.any()?;
                if parser.next_if(&Token::Close) {
                    return Ok(inner);
                }
                if parser.lenient {
                    return Ok(inner);
                }
                parser.fail(
                    placed.span.clone(),
                    FilterFault::Unbalanced {
                        bracket: '(',
                        other: ')',
                    },
                )
            }),
            Token::Field(field) => self.field(&field, &placed.span),
            Token::Word(word) | Token::Quoted(word) if word.is_empty() => self.fail(
                placed.span.clone(),
                FilterFault::Unfinished {
                    term: self.typed(&placed.span),
                    expected: "a word",
                },
            ),
            Token::Word(word) | Token::Quoted(word) => {
                Ok(Expression::Test(Test::Word(word.to_lowercase())))
            }
            // An operator that no field stands before is a word.
            Token::Operator(_, sign) => Ok(Expression::Test(Test::Word(sign.to_owned()))),
            Token::Close | Token::Or | Token::And => self.missing(),
        }
    }

    fn deeper(&mut self, span: &Range<usize>, inner: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.depth >= MOST_DEEP {
            // Parsing on from here would go as deep: nothing of the rest is read.
            while self.next().is_some() {}
            return self.fail(span.clone(), FilterFault::TooDeep { most: MOST_DEEP });
        }
        self.depth += 1;
        let parsed = inner(self);
        self.depth -= 1;
        parsed
    }

    fn missing(&mut self) -> Parsed {
        let (span, place) = match self.tokens.peek() {
            Some(placed) => {
                let place = match placed.token {
                    Token::Close => "before this bracket",
                    Token::Or => "before this `or`",
                    _ => "before this `and`",
                };
                (placed.span.clone(), place)
            }
            None => (self.end(), "here"),
        };
        // While typing, what cannot be read is skipped, or nothing behind it would be read.
        if self.lenient {
            self.tokens
                .next_if(|placed| matches!(placed.token, Token::And | Token::Or));
        }
        self.fail(span, FilterFault::Missing { place })
    }

    fn field(&mut self, typed: &str, place: &Range<usize>) -> Parsed {
        let Some(Placed {
            token: Token::Operator(operator, sign),
            span: operator_span,
        }) = self.next()
        else {
            return Ok(Expression::Test(Test::Word(typed.to_lowercase())));
        };
        let value = self
            .tokens
            .next_if(|placed| matches!(placed.token, Token::Word(_) | Token::Quoted(_)));
        let Some(field) = filtered(typed) else {
            return self.fail(
                place.clone(),
                FilterFault::UnknownField {
                    field: typed.to_owned(),
                },
            );
        };
        let (value, span) = match value {
            Some(Placed {
                token: Token::Word(value) | Token::Quoted(value),
                span,
            }) if !value.is_empty() => (value, span),
            _ => {
                let span = place.start..operator_span.end;
                let term = self.typed(&span);
                return self.fail(
                    span,
                    FilterFault::Unfinished {
                        term,
                        expected: field.spec().takes,
                    },
                );
            }
        };
        self.last = span.clone();
        let (operator, opposite) = match operator {
            Operator::Unequal => (Operator::Equal, true),
            other => (other, false),
        };
        match Test::of(field, operator, sign, &value) {
            Ok(test) if opposite => Ok(negated(Expression::Test(test))),
            Ok(test) => Ok(Expression::Test(test)),
            Err(fault @ FilterFault::NoOrder { .. }) => self.fail(operator_span, fault),
            Err(fault) => self.fail(span, fault),
        }
    }

    fn typed(&self, span: &Range<usize>) -> String {
        self.text.get(span.clone()).unwrap_or_default().to_owned()
    }
}

const fn everything() -> Expression {
    Expression::All(Vec::new())
}

/// All of them, without those that every host passes.
fn all(mut parts: Vec<Expression>) -> Expression {
    parts.retain(|part| *part != everything());
    if parts.len() == 1
        && let Some(only) = parts.pop()
    {
        return only;
    }
    Expression::All(parts)
}

/// The opposite; that of an incomplete test is one as well, so that a half-typed `!` does not empty the table.
fn negated(part: Expression) -> Expression {
    if part == everything() {
        return part;
    }
    Expression::Not(Box::new(part))
}
