//! A fleet as the events that fold to it.

use std::borrow::Cow;
use std::io::{self, Write};

use super::sheet::Sheet;
use crate::model::History;
use crate::record::{self, Origin};

/// Writes the events, one per line.
pub(super) fn write(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (Some(plan), Some((started_at, judged_at))) = (sheet.plan, sheet.times) else {
        return Err(io::Error::other("no scan has begun yet"));
    };
    let origin = Origin {
        run_id: sheet.run_id.into(),
        source: sheet.vantage.into(),
        started_at,
        judged_at,
        plan: plan.clone(),
    };
    // Rows that are here only because others refer to them must not come back as rows.
    let references: Vec<History> = sheet.references().collect();
    let histories = || {
        let rows = sheet.rows().map(|row| Cow::Owned(row.history));
        rows.chain(references.iter().map(Cow::Borrowed))
    };
    let mut writer = record::Writer::new(out);
    record::replay(&origin, &sheet.notices, histories, sheet.end, |event| {
        writer.write(&event)
    })
}
