//! A sheet that grows downwards, typed cell by typed cell.

use std::borrow::Cow;

use rust_xlsxwriter::{Color, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use super::super::grid::Cell;
use super::super::words;
use super::shade::{Limits, shade};
use crate::counts::counted;
use crate::model::UtcSecond;
use crate::sanitize;

/// Rows of a sheet below its heading.
pub(super) const MOST_ROWS: u32 = 1_048_575;

/// How cells look.
pub(super) struct Styles {
    pub(super) heading: Format,
    pub(super) title: Format,
    pub(super) time: Format,
    /// A text that stays one when somebody edits the cell, though it looks like a formula.
    quoted: Format,
    /// A text that takes as many lines as it needs, and one that looks like a formula too.
    wrapped: [Format; 2],
    limits: Limits,
}

impl Styles {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            heading: Format::new()
                .set_bold()
                .set_background_color(Color::RGB(0x1F_3A_5F))
                .set_font_color(Color::White)
                .set_align(FormatAlign::Left),
            title: Format::new().set_bold().set_font_size(14),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            quoted: Format::new().set_quote_prefix(),
            wrapped: [Format::new(), Format::new().set_quote_prefix()]
                .map(|format| format.set_text_wrap().set_align(FormatAlign::Top)),
            limits,
        }
    }

    /// Writes an outside text, made safe. Excel takes no string cell for a formula, until somebody edits it.
    pub(super) fn write_text(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        column: u16,
        text: &str,
    ) -> Result<(), XlsxError> {
        let safe = safe(text);
        if looks_like_a_formula(&safe) {
            sheet.write_string_with_format(row, column, safe, &self.quoted)?;
        } else {
            sheet.write_string(row, column, safe)?;
        }
        Ok(())
    }

    /// As [`Self::write_text`], on as many lines as it takes.
    pub(super) fn write_wrapped(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        column: u16,
        text: &str,
    ) -> Result<(), XlsxError> {
        let safe = safe(text);
        let [plain, quoted] = &self.wrapped;
        let format = if looks_like_a_formula(&safe) {
            quoted
        } else {
            plain
        };
        sheet.write_string_with_format(row, column, safe, format)?;
        Ok(())
    }
}

fn looks_like_a_formula(safe: &str) -> bool {
    matches!(sanitize::csv_cell(safe), Cow::Owned(_))
}

/// A sheet that grows downwards.
pub(super) struct Table<'a> {
    pub(super) sheet: &'a mut Worksheet,
    styles: &'a Styles,
    headings: Vec<String>,
    /// The next row.
    row: u32,
    /// Rows that there is room for.
    room: u32,
    /// What would be the last row. It is kept until the end, because a row that was written has gone to disk: when more
    /// follow, their number stands there instead.
    last: Option<Vec<Cell<'static>>>,
    /// Rows that found no room, besides the last.
    lost: u64,
}

impl<'a> Table<'a> {
    pub(super) fn new(
        workbook: &'a mut Workbook,
        styles: &'a Styles,
        name: &str,
        headings: &[(&str, f64)],
        room: u32,
    ) -> Result<Self, XlsxError> {
        // Rows go to disk as they come: a fleet of 65,536 hosts has millions of cells.
        let sheet = workbook.add_worksheet_with_low_memory()?;
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, (heading, width)) in (0..).zip(headings) {
            sheet.set_column_width(column, *width)?;
            sheet.write_string_with_format(0, column, *heading, &styles.heading)?;
        }
        Ok(Self {
            sheet,
            styles,
            headings: headings
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
            row: 1,
            room,
            last: None,
            lost: 0,
        })
    }

    pub(super) fn push<'c>(
        &mut self,
        cells: impl IntoIterator<Item = Cell<'c>>,
    ) -> Result<(), XlsxError> {
        if self.row < self.room {
            self.write(cells)?;
        } else if self.last.is_none() {
            self.last = Some(cells.into_iter().map(Cell::into_owned).collect());
        } else {
            self.lost += 1;
        }
        Ok(())
    }

    fn write<'c>(&mut self, cells: impl IntoIterator<Item = Cell<'c>>) -> Result<(), XlsxError> {
        for (column, cell) in (0..).zip(cells) {
            self.put(column, cell)?;
        }
        self.row += 1;
        Ok(())
    }

    fn put(&mut self, column: u16, cell: Cell<'_>) -> Result<(), XlsxError> {
        let row = self.row;
        match cell {
            Cell::Text(text) => {
                self.styles.write_text(self.sheet, row, column, &text)?;
            }
            Cell::Number(digits) => match digits.parse::<f64>() {
                Ok(number) => {
                    self.sheet.write_number(row, column, number)?;
                }
                Err(_) => {
                    self.sheet.write_string(row, column, digits)?;
                }
            },
            // Excel knows the years 1900 to 9999; a certificate may claim others.
            Cell::Time(time) => match ExcelDateTime::from_timestamp(time.as_second()) {
                Ok(date) => {
                    let style = &self.styles.time;
                    self.sheet
                        .write_datetime_with_format(row, column, date, style)?;
                }
                Err(_) => {
                    self.sheet.write_string(row, column, time.to_string())?;
                }
            },
            Cell::Empty => {}
        }
        Ok(())
    }

    /// Filters over all of it, and colours. How many rows did not fit stands in the last one, and is the result.
    pub(super) fn end(mut self) -> Result<u64, XlsxError> {
        let lost = match self.last.take() {
            None => 0,
            Some(cells) if self.lost == 0 => {
                self.write(cells)?;
                0
            }
            Some(_) => {
                let lost = self.lost + 1;
                let note = format!("and {} that did not fit into this sheet", rows(lost));
                self.write([text(note)])?;
                lost
            }
        };
        let end = self.row.saturating_sub(1);
        let columns = u16::try_from(self.headings.len()).unwrap_or(u16::MAX);
        if self.row > 1 && columns > 0 {
            self.sheet.autofilter(0, 0, end, columns - 1)?;
            for (column, heading) in (0..).zip(&self.headings) {
                shade(self.sheet, heading, column, end, self.styles.limits)?;
            }
        }
        Ok(lost)
    }
}

/// A number of rows in words.
pub(super) fn rows(count: u64) -> String {
    counted(count, "more row", "more rows")
}

pub(super) fn safe(text: &str) -> String {
    words::cut(sanitize::single_line(text)).into_owned()
}

pub(super) fn text<'a>(text: impl Into<Cow<'a, str>>) -> Cell<'a> {
    Cell::Text(text.into())
}

pub(super) fn number<'a>(number: impl TryInto<i64>) -> Cell<'a> {
    number
        .try_into()
        .map_or(Cell::Empty, |number: i64| Cell::Number(number.to_string()))
}

pub(super) fn time<'a>(time: Option<impl Into<UtcSecond>>) -> Cell<'a> {
    time.map_or(Cell::Empty, |time| Cell::Time(time.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_that_excel_does_not_know_is_a_text() {
        assert!(ExcelDateTime::from_timestamp(-100_000_000_000).is_err());
    }
}
