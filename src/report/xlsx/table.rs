//! A sheet that is written row by row, with typed cells.

use std::borrow::Cow;

use rust_xlsxwriter::{Color, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use super::super::words;
use super::shade::{Limits, Shading};
use crate::counts::counted;
use crate::model::UtcSecond;
use crate::sanitize;
use crate::table::{Field, FieldKind, FieldValue};

/// The most rows of a sheet below its heading.
pub(super) const MOST_ROWS: u32 = 1_048_575;

pub(super) struct Styles {
    pub(super) heading: Format,
    pub(super) title: Format,
    time: Format,
    /// For text that looks like a formula, so that it stays text when somebody edits the cell.
    quoted: Format,
    /// For text over several lines, and for such text that looks like a formula.
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

    /// Writes a value with its type, and outside text made safe.
    pub(super) fn write(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        column: u16,
        value: FieldValue<'_>,
    ) -> Result<(), XlsxError> {
        match value {
            FieldValue::Missing => {}
            FieldValue::Number(number) => {
                sheet.write_number(row, column, number as f64)?;
            }
            FieldValue::Decimal(number, decimals) => {
                let scale = 10_f64.powf(decimals as f64);
                sheet.write_number(row, column, (number * scale).round() / scale)?;
            }
            FieldValue::Day(time) | FieldValue::Minute(time) => {
                self.write_time(sheet, row, column, time)?;
            }
            text => self.write_text(sheet, row, column, &words::cell(text))?,
        }
        Ok(())
    }

    /// Excel knows the years 1900 to 9999; a certificate may claim others.
    fn write_time(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        column: u16,
        time: UtcSecond,
    ) -> Result<(), XlsxError> {
        match ExcelDateTime::from_timestamp(time.as_second()) {
            Ok(date) => sheet.write_datetime_with_format(row, column, date, &self.time)?,
            Err(_) => sheet.write_string(row, column, time.to_string())?,
        };
        Ok(())
    }

    /// Writes outside text, made safe. Excel takes no string cell for a formula until somebody edits it.
    fn write_text(
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

    /// As [`Self::write_text`], over several lines.
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

/// A column of a sheet.
#[derive(Clone, Copy)]
pub(super) struct SheetColumn {
    heading: &'static str,
    width: f64,
    shading: Option<Shading>,
    /// It has the status of the certificate, by the rules of the scan.
    is_status: bool,
}

impl SheetColumn {
    pub(super) const fn new(heading: &'static str, width: f64) -> Self {
        Self {
            heading,
            width,
            shading: None,
            is_status: false,
        }
    }

    /// The column of a field of a host.
    pub(super) fn of(field: Field) -> Self {
        let spec = field.spec();
        // Headings have room for the sign of the filter.
        let heading = u16::try_from(spec.heading.len()).unwrap_or(0) + 3;
        let width = match spec.kind {
            FieldKind::Date => 20,
            _ => spec.width.1,
        };
        Self {
            heading: spec.heading,
            width: f64::from(width.max(heading)),
            shading: Shading::of(field),
            is_status: field == Field::Certificate,
        }
    }
}

/// Writes a sheet row by row.
pub(super) struct Table<'a> {
    pub(super) sheet: &'a mut Worksheet,
    styles: &'a Styles,
    columns: Vec<SheetColumn>,
    row: u32,
    room: u32,
    /// The last row that fits, kept until the end, because rows cannot be changed once written: when more rows follow, their
    /// number is written instead.
    last: Option<Vec<FieldValue<'static>>>,
    /// Rows that did not fit, besides the last.
    lost: u64,
}

/// The workbook, with room for so many rows below the heading of each sheet.
pub(super) struct Book<'a> {
    pub(super) workbook: Workbook,
    pub(super) styles: &'a Styles,
    pub(super) room: u32,
}

impl Book<'_> {
    pub(super) fn table(
        &mut self,
        name: &str,
        columns: &[SheetColumn],
    ) -> Result<Table<'_>, XlsxError> {
        // Rows go to disk as they come: a fleet of 65,536 hosts has millions of cells.
        let sheet = self.workbook.add_worksheet_with_low_memory()?;
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        for (index, column) in (0..).zip(columns) {
            sheet.set_column_width(index, column.width)?;
            sheet.write_string_with_format(0, index, column.heading, &self.styles.heading)?;
        }
        Ok(Table {
            sheet,
            styles: self.styles,
            columns: columns.to_vec(),
            row: 1,
            room: self.room,
            last: None,
            lost: 0,
        })
    }
}

impl Table<'_> {
    pub(super) fn push<'c>(
        &mut self,
        cells: impl IntoIterator<Item = FieldValue<'c>>,
    ) -> Result<(), XlsxError> {
        if self.row < self.room {
            self.write(cells)?;
        } else if self.last.is_none() {
            self.last = Some(cells.into_iter().map(FieldValue::into_owned).collect());
        } else {
            self.lost += 1;
        }
        Ok(())
    }

    fn write<'c>(
        &mut self,
        cells: impl IntoIterator<Item = FieldValue<'c>>,
    ) -> Result<(), XlsxError> {
        for (column, cell) in (0..).zip(cells) {
            self.styles.write(self.sheet, self.row, column, cell)?;
        }
        self.row += 1;
        Ok(())
    }

    /// Adds filters and colours. Returns the number of rows that did not fit.
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
                self.write([FieldValue::Text(note.into())])?;
                lost
            }
        };
        let end = self.row.saturating_sub(1);
        let columns = u16::try_from(self.columns.len()).unwrap_or(u16::MAX);
        if self.row > 1 && columns > 0 {
            self.sheet.autofilter(0, 0, end, columns - 1)?;
            let mut numbered = (0..).zip(&self.columns);
            let status = numbered.find_map(|(index, column)| column.is_status.then_some(index));
            for (index, column) in (0..).zip(&self.columns) {
                if let Some(shading) = column.shading {
                    shading.add(self.sheet, index, end, self.styles.limits, status)?;
                }
            }
        }
        Ok(lost)
    }
}

pub(super) fn rows(count: u64) -> String {
    counted(count, "more row", "more rows")
}

fn safe(text: &str) -> String {
    words::cut(sanitize::single_line(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_that_excel_does_not_know_is_a_text() {
        assert!(ExcelDateTime::from_timestamp(-100_000_000_000).is_err());
    }
}
