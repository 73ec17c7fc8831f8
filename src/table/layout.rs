//! The choice, order and width of columns.

use std::fmt;

use super::fields::Field;
use super::nearest::hint;
use crate::sanitize::excerpt;

/// Limits of a column's width, in cells.
const WIDTHS: std::ops::RangeInclusive<u16> = 3..=200;

/// Separators that people try instead of the comma.
const SEPARATORS: [char; 5] = [' ', '\t', ';', '|', '+'];

/// An invalid list of columns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    #[error("there is no column `{}`{}: use {}", excerpt(word), hint(word, Field::ALL.into_iter().flat_map(Field::names_of)), all_words())]
    Unknown { word: String },
    #[error(
        "`{}` has no comma in it: put one between columns, as in `{}`",
        excerpt(words),
        excerpt(&with_commas(words))
    )]
    Commas { words: String },
    #[error("`{}` is no width of the column `{column}`: use {} to {} cells, such as `{column}:20`", excerpt(width), WIDTHS.start(), WIDTHS.end())]
    Width { column: &'static str, width: String },
    #[error("the column `{word}` stands twice: name it once")]
    Twice { word: &'static str },
    #[error("no column is named: use some of {}", all_words())]
    Empty,
}

fn with_commas(words: &str) -> String {
    let words = words.split(SEPARATORS).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(",")
}

fn all_words() -> String {
    Field::ALL.map(Field::key).join(", ")
}

/// The columns in order, shown and hidden.
///
/// INVARIANT: every column occurs exactly once, and at least one is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    order: Vec<ColumnPlace>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ColumnPlace {
    column: Field,
    shown: bool,
    width: Option<u16>,
}

impl Default for Columns {
    fn default() -> Self {
        Self::of(&Field::USUAL)
    }
}

impl Columns {
    /// Shows these columns in this order; the default ones when none is given.
    #[must_use]
    pub fn of(shown: &[Field]) -> Self {
        let mut order: Vec<ColumnPlace> = Vec::with_capacity(Field::ALL.len());
        let wanted = shown.iter().map(|column| (*column, true));
        let others = Field::ALL.into_iter().map(|column| (column, false));
        for (column, shown) in wanted.chain(others) {
            if order.iter().all(|place| place.column != column) {
                order.push(ColumnPlace {
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

    /// Parses `state,address,name:20`: keys separated by commas, each with an optional width.
    ///
    /// # Errors
    /// When a key or a width is invalid, or a column is repeated.
    pub fn parse(text: &str) -> Result<Self, ColumnsError> {
        let mut shown: Vec<(Field, Option<u16>)> = Vec::new();
        let words = text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        for word in words {
            let parts = word.split(SEPARATORS).filter(|part| !part.is_empty());
            if parts.clone().count() > 1 && parts.clone().any(|part| Field::of_key(part).is_some())
            {
                return Err(ColumnsError::Commas {
                    words: word.to_owned(),
                });
            }
            let (word, width) = match word.split_once(':') {
                Some((word, width)) => (word.trim(), Some(width.trim())),
                None => (word, None),
            };
            let column = Field::of_key(word).ok_or_else(|| ColumnsError::Unknown {
                word: word.to_owned(),
            })?;
            let width = width
                .map(|text| {
                    let width = text.parse().ok().filter(|cells| WIDTHS.contains(cells));
                    width.ok_or_else(|| ColumnsError::Width {
                        column: column.key(),
                        width: text.to_owned(),
                    })
                })
                .transpose()?;
            if shown.iter().any(|(other, _)| *other == column) {
                return Err(ColumnsError::Twice { word: column.key() });
            }
            shown.push((column, width));
        }
        if shown.is_empty() {
            return Err(ColumnsError::Empty);
        }
        let ids: Vec<Field> = shown.iter().map(|(column, _)| *column).collect();
        let mut columns = Self::of(&ids);
        for (column, width) in shown {
            if let Some(width) = width {
                columns.resize(column, width);
            }
        }
        Ok(columns)
    }

    pub fn shown(&self) -> impl Iterator<Item = Field> {
        self.order
            .iter()
            .filter(|place| place.shown)
            .map(|place| place.column)
    }

    /// Shown and hidden columns.
    pub fn all_in_order(&self) -> impl Iterator<Item = Field> {
        self.order.iter().map(|place| place.column)
    }

    #[must_use]
    pub fn contains(&self, column: Field) -> bool {
        self.shown().any(|shown| shown == column)
    }

    /// The width chosen by the user, in cells.
    #[must_use]
    pub fn width(&self, column: Field) -> Option<u16> {
        self.place(column)?.width
    }

    fn place(&self, column: Field) -> Option<&ColumnPlace> {
        self.order.iter().find(|place| place.column == column)
    }

    fn place_mut(&mut self, column: Field) -> Option<&mut ColumnPlace> {
        self.order.iter_mut().find(|place| place.column == column)
    }

    /// Shows or hides the column; false for the last one shown, which cannot be hidden.
    pub fn toggle(&mut self, column: Field) -> bool {
        if self.contains(column) && self.shown().count() == 1 {
            return false;
        }
        let Some(place) = self.place_mut(column) else {
            return false;
        };
        place.shown = !place.shown;
        true
    }

    /// The same with this column shown at a place, unless it is shown already.
    #[must_use]
    pub fn with(&self, column: Field, at: usize) -> Self {
        let mut columns = self.clone();
        if !columns.contains(column) {
            columns.order.retain(|place| place.column != column);
            let place = ColumnPlace {
                column,
                shown: true,
                width: self.width(column),
            };
            columns.order.insert(at.min(columns.order.len()), place);
        }
        columns
    }

    /// Moves the column by one place; false at the edge.
    pub fn shift(&mut self, column: Field, right: bool) -> bool {
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

    /// Sets the width, within its limits; false when nothing changes.
    pub fn resize(&mut self, column: Field, width: u16) -> bool {
        let width = Some(width.clamp(*WIDTHS.start(), *WIDTHS.end()));
        let Some(place) = self.place_mut(column) else {
            return false;
        };
        let changed = place.width != width;
        place.width = width;
        changed
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, place) in self.order.iter().filter(|place| place.shown).enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            f.write_str(place.column.key())?;
            if let Some(width) = place.width {
                write!(f, ":{width}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_list_is_refused_or_reads_back(words in "((state|name|days_left|x|:|,|[ 0-9]|\\PC){0,12})") {
            if let Ok(columns) = Columns::parse(&words) {
                prop_assert_eq!(Columns::parse(&columns.to_string()), Ok(columns));
            }
        }
    }

    #[test]
    fn a_list_reads_back_as_it_was_written() {
        for text in ["state,address,name:20", "days_left", "finding:70,state"] {
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
            ("name:1", "use 3 to 200 cells"),
            ("name,name", "stands twice"),
            (" , ", "no column is named"),
        ] {
            let error = Columns::parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn the_last_column_cannot_be_hidden() {
        let mut columns = Columns::of(&[Field::Name]);
        assert!(!columns.toggle(Field::Name));
        assert!(columns.toggle(Field::DaysLeft));
        assert!(columns.toggle(Field::Name));
        assert_eq!(columns.to_string(), "days_left");
    }

    #[test]
    fn a_column_moves_and_stops_at_the_edge() {
        let mut columns = Columns::of(&[Field::State, Field::DaysLeft]);
        assert!(columns.shift(Field::DaysLeft, false));
        assert_eq!(columns.to_string(), "days_left,state");
        assert!(!columns.shift(Field::DaysLeft, false));
    }
}
