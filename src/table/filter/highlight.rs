//! Syntax highlighting of a filter.

use std::ops::Range;

use super::filtered;
use super::lex::{Token, tokens};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// `(` or `)`.
    Bracket,
    /// `and`, `or`, `not` or `!`.
    Joint,
    Field,
    UnknownField,
    /// `:`, `<` and the like.
    Operator,
    Value,
    Word,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// In bytes of the text.
    pub span: Range<usize>,
    pub kind: PieceKind,
}

/// The parts of a text, from left to right, with space between. Invalid text has parts, too.
#[must_use]
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for placed in tokens(text).0 {
        let after_operator = pieces
            .last()
            .is_some_and(|piece| piece.kind == PieceKind::Operator);
        let kind = match placed.token {
            Token::Open | Token::Close => PieceKind::Bracket,
            Token::Not | Token::And | Token::Or => PieceKind::Joint,
            Token::Field(field) if filtered(&field).is_some() => PieceKind::Field,
            Token::Field(_) => PieceKind::UnknownField,
            Token::Operator(..) => PieceKind::Operator,
            Token::Word(_) | Token::Quoted(_) if after_operator => PieceKind::Value,
            Token::Word(_) | Token::Quoted(_) => PieceKind::Word,
        };
        let span = placed.span;
        pieces.push(Piece { span, kind });
    }
    pieces
}
