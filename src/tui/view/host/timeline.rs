//! Each attempt as a waterfall of its stages.

use super::super::super::text;
use super::super::super::theme::{Theme, Tone};
use super::Page;
use crate::diagnosis::{Ending, ending};
use crate::model::{Attempt, ConnectionPurpose, History, StageRecord};

/// Cells that are kept for how a stage ended.
const OUTCOME: usize = 38;
/// Cells of a duration.
const DURATION: usize = 9;

/// The attempts, oldest first.
pub(super) fn write(history: &History, page: &mut Page) {
    page.section("Timeline");
    if history.attempts.is_empty() {
        page.note("no attempt was made");
    }
    let names = history
        .attempts
        .iter()
        .flat_map(|attempt| &attempt.stages)
        .map(|record| name(record).len())
        .max()
        .unwrap_or(0);
    let taken = 4 + names + 2 + DURATION + 2 + OUTCOME;
    let bar = page.width.saturating_sub(taken).clamp(8, 48);
    for attempt in &history.attempts {
        heading(attempt, page);
        let placed = place(&attempt.stages);
        let end = placed.iter().map(|place| place.end).max().unwrap_or(0);
        for (record, place) in attempt.stages.iter().zip(&placed) {
            stage(record, place, end, (names, bar), page);
        }
    }
}

/// A stage's name, with the connection that it ran on.
fn name(record: &StageRecord) -> String {
    match record.connection {
        ConnectionPurpose::Main => record.stage.word().to_owned(),
        ConnectionPurpose::Renegotiate => format!("{} renegotiate", record.stage),
        ConnectionPurpose::LegacyPeek => format!("{} legacy peek", record.stage),
    }
}

fn heading(attempt: &Attempt, page: &mut Page) {
    let way = match &attempt.by_name {
        Some(name) => format!("by name {}", text::clean(name)),
        None => "by IP".to_owned(),
    };
    let (result, tone) = match ending(attempt) {
        Ending::Through => ("got through".to_owned(), Tone::Good),
        Ending::Failed(stage, _) => (format!("stopped at {stage}"), Tone::Bad),
        Ending::NotCounted => ("says nothing about the host".to_owned(), Tone::Dim),
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

/// Where a stage stands in the waterfall, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u64,
    end: u64,
    /// Time kept between two connections before this stage.
    pause: u64,
}

/// Times with the pauses between an attempt's connections taken out: these are our courtesy, and would leave no room for the
/// host's own doing.
fn place(records: &[StageRecord]) -> Vec<Place> {
    let mut removed = 0;
    let mut newest_end = 0;
    let mut connection = None;
    let mut places = Vec::with_capacity(records.len());
    for record in records {
        let start = u64::from(record.start_us);
        let another = connection.is_some_and(|before| before != record.connection);
        let pause = if another {
            start.saturating_sub(newest_end)
        } else {
            0
        };
        removed += pause;
        connection = Some(record.connection);
        newest_end = newest_end.max(start + u64::from(record.duration_us));
        let start = start.saturating_sub(removed);
        places.push(Place {
            start,
            end: start + u64::from(record.duration_us),
            pause,
        });
    }
    places
}

/// One line; `widths` are those of the name and of the bar.
fn stage(record: &StageRecord, place: &Place, end: u64, widths: (usize, usize), page: &mut Page) {
    let (names, width) = widths;
    let (mark, tone) = if record.outcome.is_ok() {
        ("", Tone::Good)
    } else if record.outcome.blames_peer() {
        (page.theme.cross(), Tone::Bad)
    } else {
        ("!", Tone::Notice)
    };
    let outcome = if place.pause > 0 {
        let pause = text::millis(place.pause as f64 / 1000.0);
        format!("{} (after a pause of {pause})", record.outcome)
    } else {
        record.outcome.to_string()
    };
    let outcome = text::clean(&outcome);
    let (before, bar, after) = bar(place, end, width, page.theme);
    page.line(vec![
        (format!("    {:<names$}  ", name(record)), Tone::Plain),
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

/// The stage's bar between what lies before and after it, together `width` cells; never without at least one full cell.
fn bar(place: &Place, end: u64, width: usize, theme: Theme) -> (String, String, String) {
    let scale = |us: u64| {
        let cells = us
            .saturating_mul(width as u64)
            .checked_div(end)
            .unwrap_or(0);
        usize::try_from(cells).unwrap_or(width).min(width)
    };
    let first = scale(place.start).min(width.saturating_sub(1));
    let last = scale(place.end).max(first + 1).min(width);
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

    fn record(connection: ConnectionPurpose, start_us: u32, duration_us: u32) -> StageRecord {
        StageRecord {
            stage: Stage::Tcp,
            connection,
            start_us,
            duration_us,
            outcome: Outcome::Ok,
        }
    }

    #[test]
    fn the_pause_between_two_connections_takes_no_room() {
        let places = place(&[
            record(ConnectionPurpose::Main, 0, 1_000),
            record(ConnectionPurpose::Main, 1_500, 500),
            record(ConnectionPurpose::LegacyPeek, 252_000, 1_000),
            record(ConnectionPurpose::LegacyPeek, 253_000, 1_000),
        ]);
        let starts: Vec<u64> = places.iter().map(|place| place.start).collect();
        assert_eq!(starts, [0, 1_500, 2_000, 3_000]);
        assert_eq!(places[2].pause, 250_000);
    }

    proptest! {
        #[test]
        fn a_bar_fills_its_width_and_always_shows(
            start_us in any::<u32>(),
            duration_us in any::<u32>(),
            end in any::<u64>(),
            width in 1usize..80,
        ) {
            let place = place(&[record(ConnectionPurpose::Main, start_us, duration_us)]);
            let theme = Theme { color: true, ascii: true };
            let (before, bar, after) = bar(&place[0], end, width, theme);
            prop_assert!(!bar.is_empty());
            prop_assert_eq!(before.len() + bar.len() + after.len(), width);
        }
    }
}
