//! The attempts of a host as drawings on one scale.

use serde::Serialize;

use super::{millis, prose};
use crate::diagnosis::{Ending, endings};
use crate::model::{Attempt, ConnectionPurpose, Place, StageRecord, without_pauses};

/// Width of a drawing in its own units.
const WIDTH: u64 = 1000;
/// The narrowest stage drawn.
const NARROWEST: u64 = 4;

/// One attempt.
#[derive(Serialize)]
pub(super) struct Waterfall {
    number: u32,
    started: String,
    by_name: Option<String>,
    total: String,
    /// `through`, `failed` or `open`: the class that gives the result its glyph.
    result: &'static str,
    words: String,
    remarks: Vec<String>,
    stages: Vec<Stage>,
}

/// One stage, in the units of the drawing.
#[derive(Serialize)]
struct Stage {
    class: &'static str,
    /// What connection it ran on, when not the main one.
    connection: Option<&'static str>,
    start: u64,
    width: u64,
    took: String,
    /// How it ended, when not well.
    failure: Option<String>,
    /// The failure says something about the host.
    blames: bool,
}

/// Every attempt, drawn on the scale of the longest.
pub(super) fn draw(attempts: &[Attempt]) -> Vec<Waterfall> {
    let places: Vec<Vec<Place>> = attempts
        .iter()
        .map(|attempt| without_pauses(&attempt.stages))
        .collect();
    let longest = places
        .iter()
        .flatten()
        .map(|place| place.end)
        .max()
        .unwrap_or(0)
        .max(1);
    attempts
        .iter()
        .zip(endings(attempts))
        .zip(&places)
        .map(|((attempt, ending), places)| waterfall(attempt, ending, places, longest))
        .collect()
}

fn waterfall(attempt: &Attempt, ending: Ending<'_>, places: &[Place], longest: u64) -> Waterfall {
    let (result, words) = match ending {
        Ending::Through => ("through", "got through".to_owned()),
        Ending::Failed(stage, _) => ("failed", format!("stopped at {stage}")),
        Ending::NotCounted => ("open", "says nothing about the host".to_owned()),
    };
    let mut remarks = Vec::new();
    match attempt.silent_rounds {
        0 => {}
        1 => remarks.push("after 1 silent round".to_owned()),
        rounds => remarks.push(format!("after {rounds} silent rounds")),
    }
    if let Some(path) = attempt.path.filter(|path| path.retransmits > 0) {
        remarks.push(format!("{} retransmitted", path.retransmits));
    }
    Waterfall {
        number: attempt.number,
        started: attempt.started_at.strftime("%H:%M:%S").to_string(),
        by_name: attempt.by_name.as_deref().map(ToOwned::to_owned),
        total: millis(attempt.total_ms()),
        result,
        words,
        remarks,
        stages: attempt
            .stages
            .iter()
            .zip(places)
            .map(|(record, place)| stage(record, *place, longest))
            .collect(),
    }
}

fn stage(record: &StageRecord, place: Place, longest: u64) -> Stage {
    let start = (place.start * WIDTH / longest).min(WIDTH - NARROWEST);
    let end = place.end * WIDTH / longest;
    Stage {
        class: record.stage.word(),
        connection: match record.connection {
            ConnectionPurpose::Main => None,
            ConnectionPurpose::Renegotiate => Some("renegotiate"),
            ConnectionPurpose::LegacyPeek => Some("legacy peek"),
            ConnectionPurpose::WithoutNla => Some("without NLA"),
        },
        start,
        width: end.saturating_sub(start).max(NARROWEST),
        took: millis(f64::from(record.duration_us) / 1000.0),
        failure: (!record.outcome.is_ok()).then(|| prose(&record.outcome.to_string())),
        blames: record.outcome.blames_peer(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::timeline_record as record;

    #[test]
    fn every_stage_lies_within_the_drawing_and_can_be_seen() {
        for (start, duration) in [(0, 0), (0, u32::MAX), (u32::MAX, u32::MAX), (u32::MAX, 0)] {
            let record = record(ConnectionPurpose::Main, start, duration);
            let places = without_pauses(std::slice::from_ref(&record));
            let drawn = stage(&record, places[0], places[0].end.max(1));
            assert!(drawn.width >= NARROWEST, "{start} {duration}");
            assert!(drawn.start + drawn.width <= WIDTH, "{start} {duration}");
        }
    }
}
