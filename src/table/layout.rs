//! Which columns stand, in which order, and how wide.

use std::fmt;

use super::columns::ColumnId;
use super::nearest::hint;

/// The narrowest and the widest that a column can be made, in cells.
const WIDTHS: std::ops::RangeInclusive<u16> = 3..=200;

/// What people put between words, besides the comma.
const SEPARATORS: [char; 5] = [' ', '\t', ';', '|', '+'];

/// Why a list of columns is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// No such column.
    #[error("there is no column `{word}`{}: use {}", hint(word, ColumnId::ALL.map(ColumnId::word)), all_words())]
    Unknown {
        /// As given.
        word: String,
    },
    /// Columns with something else than commas between them.
    #[error(
        "`{words}` has no comma in it: put one between columns, as in `{}`",
        with_commas(words)
    )]
    Commas {
        /// As given.
        words: String,
    },
    /// Not a number of cells.
    #[error("`{width}` is no width of the column `{column}`: give {} to {} cells, such as `{column}:20`", WIDTHS.start(), WIDTHS.end())]
    Width {
        /// Its word.
        column: &'static str,
        /// As given.
        width: String,
    },
    /// The same column twice.
    #[error("the column `{word}` stands twice: name it once")]
    Twice {
        /// Its word.
        word: &'static str,
    },
    /// No column at all.
    #[error("no column is named: use some of {}", all_words())]
    Empty,
}

/// Words of columns between commas.
fn with_commas(words: &str) -> String {
    let words = words.split(SEPARATORS).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(",")
}

fn all_words() -> String {
    ColumnId::ALL.map(ColumnId::word).join(", ")
}

/// The columns shown, and after them those that are not.
///
/// INVARIANT: every column stands exactly once, and at least one is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    order: Vec<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    column: ColumnId,
    shown: bool,
    width: Option<u16>,
}

impl Default for Columns {
    fn default() -> Self {
        Self::of(&ColumnId::USUAL)
    }
}

impl Columns {
    /// These columns, each once, in this order; the usual ones when none is given.
    #[must_use]
    pub fn of(shown: &[ColumnId]) -> Self {
        let mut order: Vec<Place> = Vec::with_capacity(ColumnId::ALL.len());
        let wanted = shown.iter().map(|column| (*column, true));
        let others = ColumnId::ALL.into_iter().map(|column| (column, false));
        for (column, shown) in wanted.chain(others) {
            if order.iter().all(|place| place.column != column) {
                order.push(Place {
                    column,
                    shown,
                    width: None,
                });
            }
        }
        let columns = Self { order };
        if shown.is_empty() {
            Self::default()
        } else {
            columns
        }
    }

    /// Reads `state,address,name:20`: words with commas between, a width after a colon.
    ///
    /// # Errors
    /// When a word is no column, a width no width, or a column stands twice.
    pub fn parse(text: &str) -> Result<Self, ColumnsError> {
        let mut shown: Vec<(ColumnId, Option<u16>)> = Vec::new();
        let words = text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        for word in words {
            let parts = word.split(SEPARATORS).filter(|part| !part.is_empty());
            if parts.clone().count() > 1
                && parts.clone().any(|part| ColumnId::of_word(part).is_some())
            {
                return Err(ColumnsError::Commas {
                    words: word.to_owned(),
                });
            }
            let (word, width) = match word.split_once(':') {
                Some((word, width)) => (word.trim(), Some(width.trim())),
                None => (word, None),
            };
            let column = ColumnId::of_word(word).ok_or_else(|| ColumnsError::Unknown {
                word: word.to_owned(),
            })?;
            let width = width
                .map(|text| {
                    let width = text.parse().ok().filter(|cells| WIDTHS.contains(cells));
                    width.ok_or_else(|| ColumnsError::Width {
                        column: column.word(),
                        width: text.to_owned(),
                    })
                })
                .transpose()?;
            if shown.iter().any(|(other, _)| *other == column) {
                return Err(ColumnsError::Twice {
                    word: column.word(),
                });
            }
            shown.push((column, width));
        }
        if shown.is_empty() {
            return Err(ColumnsError::Empty);
        }
        let ids: Vec<ColumnId> = shown.iter().map(|(column, _)| *column).collect();
        let mut columns = Self::of(&ids);
        for (column, width) in shown {
            if let Some(width) = width {
                columns.resize(column, width);
            }
        }
        Ok(columns)
    }

    /// Shown columns, from left to right.
    pub fn shown(&self) -> impl Iterator<Item = ColumnId> {
        self.order
            .iter()
            .filter(|place| place.shown)
            .map(|place| place.column)
    }

    /// Every column: shown and hidden ones in the order in which they would stand.
    pub fn all_in_order(&self) -> impl Iterator<Item = ColumnId> {
        self.order.iter().map(|place| place.column)
    }

    /// Whether the column is shown.
    #[must_use]
    pub fn contains(&self, column: ColumnId) -> bool {
        self.shown().any(|shown| shown == column)
    }

    /// The width that the user gave, in cells.
    #[must_use]
    pub fn width(&self, column: ColumnId) -> Option<u16> {
        self.place(column)?.width
    }

    fn place(&self, column: ColumnId) -> Option<&Place> {
        self.order.iter().find(|place| place.column == column)
    }

    fn place_mut(&mut self, column: ColumnId) -> Option<&mut Place> {
        self.order.iter_mut().find(|place| place.column == column)
    }

    /// Shows the column, or hides it; false when it is the last one shown, which stays.
    pub fn toggle(&mut self, column: ColumnId) -> bool {
        if self.contains(column) && self.shown().count() == 1 {
            return false;
        }
        let Some(place) = self.place_mut(column) else {
            return false;
        };
        place.shown = !place.shown;
        true
    }

    /// Moves the column one place to the left or right; false when it is there already.
    pub fn shift(&mut self, column: ColumnId, right: bool) -> bool {
        let Some(at) = self.order.iter().position(|place| place.column == column) else {
            return false;
        };
        let target = if right {
            at.checked_add(1).filter(|to| *to < self.order.len())
        } else {
            at.checked_sub(1)
        };
        target.is_some_and(|to| {
            self.order.swap(at, to);
            true
        })
    }

    /// Makes the column this wide, as far as a column can be; false when nothing changes.
    pub fn resize(&mut self, column: ColumnId, width: u16) -> bool {
        let width = Some(width.clamp(*WIDTHS.start(), *WIDTHS.end()));
        let Some(place) = self.place_mut(column) else {
            return false;
        };
        let changed = place.width != width;
        place.width = width;
        changed
    }
}

/// As [`Columns::parse`] reads it.
impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, place) in self.order.iter().filter(|place| place.shown).enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            f.write_str(place.column.word())?;
            if let Some(width) = place.width {
                write!(f, ":{width}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_back_as_it_was_written() {
        for text in ["state,address,name:20", "days", "finding:70,state"] {
            assert_eq!(Columns::parse(text).unwrap().to_string(), text);
        }
        let usual = Columns::default();
        assert_eq!(Columns::parse(&usual.to_string()), Ok(usual));
    }

    #[test]
    fn what_is_no_list_says_what_would_be() {
        for (text, says) in [
            (
                "state,adress",
                "no column `adress` (did you mean `address`?): use state, address",
            ),
            ("name:x", "`x` is no width of the column `name`"),
            ("name:1", "give 3 to 200 cells"),
            ("name,name", "stands twice"),
            (" , ", "no column is named"),
        ] {
            let error = Columns::parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn the_last_column_cannot_be_hidden() {
        let mut columns = Columns::of(&[ColumnId::Name]);
        assert!(!columns.toggle(ColumnId::Name));
        assert!(columns.toggle(ColumnId::Days));
        assert!(columns.toggle(ColumnId::Name));
        assert_eq!(columns.to_string(), "days");
    }

    #[test]
    fn a_column_moves_and_stops_at_the_edge() {
        let mut columns = Columns::of(&[ColumnId::State, ColumnId::Days]);
        assert!(columns.shift(ColumnId::Days, false));
        assert_eq!(columns.to_string(), "days,state");
        assert!(!columns.shift(ColumnId::Days, false));
    }
}
