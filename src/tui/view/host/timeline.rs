//! Each attempt as a waterfall of its stages.

use super::super::super::text;
use super::super::super::theme::{Theme, Tone};
use super::Page;
use crate::fleet::Host;
use crate::model::{Attempt, ConnectionPurpose, StageRecord};

/// Cells of a stage's name, with the connection that it ran on.
const NAME: usize = 18;
/// Cells of a duration.
const DURATION: usize = 9;

/// The attempts, oldest first.
pub(super) fn write(host: &Host, page: &mut Page) {
    page.section("Timeline");
    if host.history.attempts.is_empty() {
        page.note("no attempt was made");
    }
    for attempt in &host.history.attempts {
        heading(attempt, page);
        let end = attempt.stages.iter().map(ends_at).max().unwrap_or(0);
        let room = page.width.saturating_sub(NAME + DURATION + 8) / 2;
        let bar = room.clamp(8, 48);
        for record in &attempt.stages {
            stage(record, end, bar, page);
        }
    }
}

fn heading(attempt: &Attempt, page: &mut Page) {
    let way = match &attempt.by_name {
        Some(name) => format!("by name {}", text::clean(name)),
        None => "by IP".to_owned(),
    };
    let (result, tone) = if attempt.got_through() {
        ("got through".to_owned(), Tone::Good)
    } else {
        match attempt.failure() {
            Some((stage, _)) => (format!("stopped at {stage}"), Tone::Bad),
            None => ("nothing seen".to_owned(), Tone::Dim),
        }
    };
    let mut pieces = vec![
        (format!("  attempt {}  ", attempt.number), Tone::Strong),
        (
            format!("{}  {way}  ", text::moment(attempt.started_at)),
            Tone::Plain,
        ),
        (
            format!("{}  ", text::millis(attempt.total_ms())),
            Tone::Plain,
        ),
        (result, tone),
    ];
    if attempt.silent_rounds > 0 {
        let rounds = match attempt.silent_rounds {
            1 => "  after 1 silent round".to_owned(),
            rounds => format!("  after {rounds} silent rounds"),
        };
        pieces.push((rounds, Tone::Warn));
    }
    if let Some(path) = attempt.path {
        pieces.push((
            format!(
                "  rtt {}, {} retransmitted",
                text::millis(f64::from(path.rtt_us) / 1000.0),
                path.retransmits
            ),
            if path.retransmits > 0 {
                Tone::Warn
            } else {
                Tone::Dim
            },
        ));
    }
    page.line(pieces);
}

fn stage(record: &StageRecord, end: u64, width: usize, page: &mut Page) {
    let name = match record.connection {
        ConnectionPurpose::Main => record.stage.word().to_owned(),
        ConnectionPurpose::Renegotiate => format!("{} renegotiate", record.stage),
        ConnectionPurpose::LegacyPeek => format!("{} legacy peek", record.stage),
    };
    let (mark, tone) = if record.outcome.is_ok() {
        ("", Tone::Good)
    } else if record.outcome.blames_peer() {
        (page.theme.cross(), Tone::Bad)
    } else {
        ("!", Tone::Notice)
    };
    let outcome = record.outcome.to_string();
    let outcome = text::clean(&outcome);
    let (before, bar, after) = bar(record, end, width, page.theme);
    page.line(vec![
        (format!("    {name:<NAME$}"), Tone::Plain),
        (before, Tone::Dim),
        (bar, tone),
        (after, Tone::Dim),
        (
            format!(
                " {:>DURATION$}  ",
                text::millis(f64::from(record.duration_us) / 1000.0)
            ),
            Tone::Plain,
        ),
        (
            if mark.is_empty() {
                outcome.into_owned()
            } else {
                format!("{mark} {outcome}")
            },
            if record.outcome.is_ok() {
                Tone::Plain
            } else {
                tone
            },
        ),
    ]);
}

fn ends_at(record: &StageRecord) -> u64 {
    u64::from(record.start_us) + u64::from(record.duration_us)
}

/// The stage's bar between what lies before and after it, together `width` cells; never without at least one full cell.
fn bar(record: &StageRecord, end: u64, width: usize, theme: Theme) -> (String, String, String) {
    let scale = |us: u64| {
        let cells = us
            .saturating_mul(width as u64)
            .checked_div(end)
            .unwrap_or(0);
        usize::try_from(cells).unwrap_or(width).min(width)
    };
    let first = scale(u64::from(record.start_us)).min(width.saturating_sub(1));
    let last = scale(ends_at(record)).max(first + 1).min(width);
    let groove = |cells: usize| theme.groove().repeat(cells);
    (
        groove(first),
        theme.bar().repeat(last.saturating_sub(first)),
        groove(width.saturating_sub(last)),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Outcome, Stage};

    proptest! {
        #[test]
        fn a_bar_fills_its_width_and_always_shows(
            start_us in any::<u32>(),
            duration_us in any::<u32>(),
            end in any::<u64>(),
            width in 1usize..80,
        ) {
            let record = StageRecord {
                stage: Stage::Tcp,
                connection: ConnectionPurpose::Main,
                start_us,
                duration_us,
                outcome: Outcome::Ok,
            };
            let (before, bar, after) = bar(&record, end, width, Theme { color: true, ascii: true });
            prop_assert!(!bar.is_empty());
            prop_assert_eq!(before.len() + bar.len() + after.len(), width);
        }
    }
}
