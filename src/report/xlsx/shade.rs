//! Colours by conditional formatting, so that they follow a cell when somebody edits or sorts it.
//!
//! Only columns with the program's own words have rules: a machine may well be called `broken`. A colour repeats what
//! the cell contains.

use jiff::Timestamp;
use rust_xlsxwriter::utility::column_number_to_name;
use rust_xlsxwriter::{
    Color, ConditionalFormatCell, ConditionalFormatCellRule, ConditionalFormatFormula, Format,
    Worksheet, XlsxError,
};

use crate::diagnosis::Policy;
use crate::model::CertificateStatus;
use crate::table::{Field, FieldKind, KnownWord, Weight};

/// Seconds in a day.
const DAY_S: f64 = 86_400.0;
/// The day 1970-01-01 as Excel counts days.
const EPOCH: f64 = 25_569.0;

/// Ink and ground of a cell; `None` for one that is neither good nor bad.
fn format(weight: Weight) -> Option<Format> {
    let (ink, ground) = match weight {
        Weight::Good => (0x0B_5D_1E, 0xE3_F4_E6),
        Weight::Plain => return None,
        Weight::Notice => (0x0B_4A_6F, 0xE2_F0_F9),
        Weight::Warn => (0x7A_4B_00, 0xFF_F1_D6),
        Weight::Bad => (0x8B_00_00, 0xFB_E3_E3),
    };
    let format = Format::new().set_font_color(Color::RGB(ink));
    Some(format.set_background_color(Color::RGB(ground)))
}

/// When a certificate counts as expired or expiring.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    evaluated_at: Option<Timestamp>,
    expiring_days: u32,
}

impl Limits {
    pub(super) const fn new(evaluated_at: Option<Timestamp>, policy: &Policy) -> Self {
        Self {
            evaluated_at,
            expiring_days: policy.expiring_days,
        }
    }
}

/// The rules of a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shading {
    Words(fn() -> Vec<KnownWord>),
    /// Days until a certificate ends.
    Days,
    End,
}

impl Shading {
    pub(super) fn of(field: Field) -> Option<Self> {
        match (field, field.spec().kind) {
            (Field::DaysLeft, _) => Some(Self::Days),
            (Field::NotAfter, _) => Some(Self::End),
            (_, FieldKind::Words(known)) => Some(Self::Words(known)),
            _ => None,
        }
    }

    /// Adds the rules to the cells below the heading, down to row `last`. What ends soon is what the column `status` calls so; where
    /// there is none, days alone decide.
    pub(super) fn add(
        self,
        sheet: &mut Worksheet,
        column: u16,
        last: u32,
        limits: Limits,
        status: Option<u16>,
    ) -> Result<(), XlsxError> {
        if let Self::Words(known) = self {
            for known in known() {
                if let Some(format) = format(known.weight) {
                    let rule = ConditionalFormatCell::new()
                        .set_rule(ConditionalFormatCellRule::EqualTo(known.word))
                        .set_format(format);
                    sheet.add_conditional_format(1, column, last, column, &rule)?;
                }
            }
        }
        let days = f64::from(limits.expiring_days) + 1.0;
        let from = match (self, limits.evaluated_at) {
            (Self::Days, _) => 0.0,
            (Self::End, Some(now)) => now.as_second() as f64 / DAY_S + EPOCH,
            _ => return Ok(()),
        };
        // An empty cell counts as 0 in a comparison, and a date that Excel does not know is a text.
        let cell = format!("{}2", column_number_to_name(column));
        let over = format!("AND(ISNUMBER({cell}),{cell}<{from})");
        let near = match status.map(column_number_to_name) {
            Some(status) => format!(
                "AND(ISNUMBER({cell}),${status}2=\"{}\")",
                CertificateStatus::Expiring.word()
            ),
            None => format!(
                "AND(ISNUMBER({cell}),{cell}>={from},{cell}<{})",
                from + days
            ),
        };
        for (formula, weight) in [(over, Weight::Bad), (near, Weight::Warn)] {
            if let Some(format) = format(weight) {
                let rule = ConditionalFormatFormula::new()
                    .set_rule(formula.as_str())
                    .set_format(format);
                sheet.add_conditional_format(1, column, last, column, &rule)?;
            }
        }
        Ok(())
    }
}
