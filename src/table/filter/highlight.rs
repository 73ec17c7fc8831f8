//! What each part of a filter's text is, for a line that shows it in colours.

use std::ops::Range;

use super::Field;
use super::lex::{Token, tokens};

/// What a part of the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// `(` or `)`.
    Bracket,
    /// `and`, `or`, `not` or `!`.
    Joint,
    /// A field that there is.
    Field,
    /// Stands where a field would, and is none.
    UnknownField,
    /// `:`, `<` and the like.
    Operator,
    /// What a field is compared with.
    Value,
    /// Looked for in any column.
    Word,
}

/// A part of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where, in bytes of the text.
    pub span: Range<usize>,
    /// What.
    pub kind: PieceKind,
}

/// The parts of a text, from left to right; what lies between them is space. Any text has parts, a wrong one too.
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
            Token::Field(field) if Field::of_word(&field).is_some() => PieceKind::Field,
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
