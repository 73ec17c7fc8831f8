//! The section about stability: the verdict with its numbers, and the attempts over time.

mod chart;
mod wilson;

use super::mark::Mark;
use super::page::{LABEL, Page};
use crate::diagnosis::{Ending, Spread, endings};
use crate::fleet::Host;
use crate::model::{Attempt, History, StabilityVerdict, Stage};
use crate::tui::columns::tone;
use crate::tui::text;
use crate::tui::theme::Tone;
use chart::Chart;

pub(super) fn write(host: &Host, history: &History, page: &mut Page) {
    let stability = &host.diagnosis.stability;
    let mark = match stability.verdict {
        StabilityVerdict::Steady => Mark::Good,
        StabilityVerdict::Flaky => Mark::Partly,
        StabilityVerdict::Down => Mark::Bad,
        StabilityVerdict::Unknown => Mark::None,
    };
    let (all, failed) = (stability.attempts, stability.failures);
    let verdict = format!("{} {}", mark.glyph(page.theme), stability.verdict);
    let failures = format!(", {failed} of {all} attempts failed");
    let tone = tone(stability.verdict);
    page.labeled("verdict", [(verdict, tone), (failures, Tone::Plain)]);
    if let Some((least, most)) = wilson::interval(failed, all) {
        let text = format!(
            "at 95 %, between {:.0} % and {:.0} % of all attempts fail",
            least * 100.0,
            most * 100.0
        );
        page.field("confidence", &text, Tone::Dim);
    }
    for (index, (stage, count)) in stability.failures_by_stage.iter().enumerate() {
        let label = if index == 0 { "failures" } else { "" };
        page.marked(label, Mark::Bad, &format!("{count} at {stage}"));
    }
    over_time(history, page);
    page.blank();
    let spreads = [
        ("connect", stability.connect_ms),
        ("TLS handshake", stability.handshake_ms),
        ("whole attempt", stability.total_ms),
    ];
    for (label, spread) in spreads {
        if let Some(Spread { min, median, max }) = spread {
            let values = [("min ", min), ("median ", median), ("max ", max)];
            let pieces = values.into_iter().flat_map(|(word, value)| {
                let value = format!("{:<9}", text::millis(value));
                [(word.to_owned(), Tone::Dim), (value, Tone::Plain)]
            });
            page.labeled(label, pieces);
        }
    }
    if stability.loss > 0.0 {
        let text = format!("{:.0} % of connects", stability.loss * 100.0);
        page.marked("lost", Mark::Partly, &text);
    }
    match stability.retransmits {
        Some(0) => page.field("retransmitted", "0 segments", Tone::Plain),
        Some(count) => {
            page.marked("retransmitted", Mark::Partly, &format!("{count} segments"));
        }
        None => {}
    }
}

/// The newest attempts: how each ended, its times and its losses.
fn over_time(history: &History, page: &mut Page) {
    if history.attempts.is_empty() {
        return;
    }
    let room = page.width.saturating_sub(LABEL + 2 + chart::SCALE);
    let cell = chart::cell(history.attempts.len());
    let fits = (room / cell).max(1);
    let skipped = history.attempts.len().saturating_sub(fits);
    let attempts: Vec<&Attempt> = history.attempts.iter().skip(skipped).collect();
    page.blank();
    let chart = Chart {
        attempts: &attempts,
        older: skipped,
        cell,
        theme: page.theme,
    };
    page.labeled("attempt", chart.numbers());
    let endings = || endings(&history.attempts);
    page.labeled("ended", chart.endings(endings().skip(skipped)));
    chart.bars("connect", Attempt::connect_ms, page);
    chart.bars("TLS handshake", handshake_ms, page);
    let lost = |attempt: &Attempt| u32::from(attempt.unanswered_rounds);
    chart.counts("lost connects", lost, page);
    let retransmits = |attempt: &Attempt| {
        let path = attempt.path.as_ref();
        path.and_then(|path| path.retransmits).unwrap_or(0)
    };
    chart.counts("retransmitted", retransmits, page);
    if skipped > 0 {
        page.note(&format!("{skipped} older attempts have no room here"));
    }
    let stopped: Vec<String> = endings()
        .zip(1..)
        .skip(skipped)
        .filter_map(|(ending, nth): (_, usize)| match ending {
            Ending::Failed(stage, _) => Some(format!("attempt {nth} at {stage}")),
            _ => None,
        })
        .take(12)
        .collect();
    if !stopped.is_empty() {
        page.field("stopped", &stopped.join(", "), Tone::Dim);
    }
}

/// The duration of a completed TLS handshake.
fn handshake_ms(attempt: &Attempt) -> Option<f64> {
    let record = attempt.stage(Stage::Tls)?;
    record
        .outcome
        .is_ok()
        .then(|| f64::from(record.duration_us) / 1000.0)
}
