//! The attempts of a host as waterfalls on one scale.

use serde::Serialize;

use super::{millis, prose};
use crate::diagnosis::{Ending, endings};
use crate::model::{Attempt, ProbeKind, StageRecord};

const WIDTH: u64 = 1000;
const NARROWEST: u64 = 4;

#[derive(Serialize)]
pub(super) struct Waterfall {
    number: u32,
    started: String,
    by_name: Option<String>,
    total: String,
    /// CSS class: `through`, `failed` or `open`.
    result: &'static str,
    words: String,
    remarks: Vec<String>,
    stages: Vec<Stage>,
}

#[derive(Serialize)]
struct Stage {
    class: &'static str,
    start: u64,
    width: u64,
    took: String,
    failure: Option<String>,
    /// The failure is the host's or the path's.
    blames: bool,
}

/// All attempts, on the scale of the longest.
pub(super) fn draw(attempts: &[Attempt]) -> Vec<Waterfall> {
    let longest = attempts
        .iter()
        .flat_map(|attempt| &attempt.stages)
        .map(StageRecord::end_us)
        .max()
        .unwrap_or(0)
        .max(1);
    attempts
        .iter()
        .zip(endings(attempts))
        .zip(1..)
        .map(|((attempt, ending), number)| waterfall(number, attempt, ending, longest))
        .collect()
}

/// `number` counts the attempts shown; an attempt's own number continues after a re-probe.
fn waterfall(number: u32, attempt: &Attempt, ending: Ending<'_>, longest: u64) -> Waterfall {
    let (result, words) = match ending {
        Ending::Through => ("through", "got through".to_owned()),
        Ending::Failed(stage, _) => ("failed", format!("stopped at {stage}")),
        Ending::NotCounted => ("open", "not counted".to_owned()),
    };
    let mut remarks = Vec::new();
    if attempt.probe != ProbeKind::Default {
        remarks.push(attempt.probe.meaning().to_owned());
    }
    match attempt.unanswered_rounds {
        0 => {}
        1 => remarks.push("after 1 silent round".to_owned()),
        rounds => remarks.push(format!("after {rounds} silent rounds")),
    }
    if let Some(count @ 1..) = attempt.path.and_then(|path| path.retransmits) {
        remarks.push(format!("{count} retransmitted"));
    }
    Waterfall {
        number,
        started: attempt.started_at.strftime("%H:%M:%S").to_string(),
        by_name: attempt.sni.as_deref().map(ToOwned::to_owned),
        total: millis(attempt.total_ms()),
        result,
        words,
        remarks,
        stages: attempt
            .stages
            .iter()
            .map(|record| stage(record, longest))
            .collect(),
    }
}

fn stage(record: &StageRecord, longest: u64) -> Stage {
    let start = (u64::from(record.start_us) * WIDTH / longest).min(WIDTH - NARROWEST);
    let end = record.end_us() * WIDTH / longest;
    Stage {
        class: record.stage.word(),
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
    use crate::model::{Outcome, Stage as StageKind};

    #[test]
    fn every_stage_lies_within_the_drawing_and_can_be_seen() {
        for (start, duration) in [(0, 0), (0, u32::MAX), (u32::MAX, u32::MAX), (u32::MAX, 0)] {
            let record = StageRecord {
                stage: StageKind::Tcp,
                start_us: start,
                duration_us: duration,
                outcome: Outcome::Ok,
            };
            let drawn = stage(&record, record.end_us().max(1));
            assert!(drawn.width >= NARROWEST, "{start} {duration}");
            assert!(drawn.start + drawn.width <= WIDTH, "{start} {duration}");
        }
    }
}
