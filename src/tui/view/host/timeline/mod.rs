//! Each attempt as a waterfall of its stages, all on one time axis.

mod axis;

use std::borrow::Cow;

use super::super::fit_pieces;
use super::Page;
use super::glyphs::Mark;
use crate::diagnosis::{Ending, endings};
use crate::model::{
    Attempt, ConnectionPurpose, History, Place, Stage, StageRecord, without_pauses,
};
use crate::tui::text;
use crate::tui::theme::Tone;
use axis::Axis;
use ratatui::text::{Line, Span};

/// Attempts drawn; of more only the newest.
const DRAWN: usize = 10;
/// Up to so many attempts, each is drawn stage by stage; of more, only those that tell something.
const IN_FULL: usize = 3;
/// On a page of fewer cells the name that an attempt was made by is not repeated.
const NAMED: usize = 80;
/// Cells before a stage's name, and of the name.
const LEAD: usize = 4;
const NAME: usize = 9;
/// Cells of a duration.
const DURATION: usize = 8;
/// How a stage ended gets so many cells at least; what does not fit goes on below.
const LEAST_OUTCOME: usize = 20;
/// A bar narrower than this says nothing.
const LEAST_BAR: usize = 16;
const MOST_BAR: usize = 72;
/// Cells of a line that are neither bar nor outcome.
const AROUND: usize = LEAD + NAME + 1 + DURATION + 2;

/// The attempts, oldest first.
pub(super) fn write(history: &History, page: &mut Page) {
    let attempts = &history.attempts;
    if attempts.is_empty() {
        page.note("no attempt was made");
        return;
    }
    let older = attempts.len().saturating_sub(DRAWN);
    let ended: Vec<Ending<'_>> = endings(attempts).collect();
    let (folded, ended) = ended.split_at(older);
    let drawn: Vec<Drawn<'_>> = attempts
        .iter()
        .skip(older)
        .zip(ended)
        .map(|(attempt, ending)| Drawn::new(attempt, *ending))
        .collect();
    let axis = axis(&drawn, page);
    if let Some(axis) = &axis {
        page.line(vec![
            (format!("{:1$}", "", LEAD + NAME), Tone::Plain),
            (axis.labels(page.theme), Tone::Dim),
        ]);
    }
    fold(folded, page);
    let newest_through = drawn
        .iter()
        .rposition(|drawn| drawn.ending == Ending::Through);
    for (index, attempt) in drawn.iter().enumerate() {
        let in_full = drawn.len() <= IN_FULL
            || attempt.ending != Ending::Through
            || Some(index) == newest_through;
        heading(attempt, page);
        if in_full {
            stages(attempt, axis.as_ref(), page);
        } else if let Some(axis) = &axis {
            page.line(vec![
                (format!("{:LEAD$}{:<NAME$}", "", "whole"), Tone::Dim),
                (axis.bar(attempt.whole(), page.theme).concat(), Tone::Dim),
            ]);
        }
    }
}

/// An attempt with what is needed to draw it.
struct Drawn<'a> {
    attempt: &'a Attempt,
    ending: Ending<'a>,
    places: Vec<Place>,
}

impl<'a> Drawn<'a> {
    fn new(attempt: &'a Attempt, ending: Ending<'a>) -> Self {
        Self {
            attempt,
            ending,
            places: without_pauses(&attempt.stages),
        }
    }

    /// Microseconds to the end of its last stage, pauses taken out.
    fn end(&self) -> u64 {
        self.places.iter().map(|place| place.end).max().unwrap_or(0)
    }

    fn whole(&self) -> Place {
        Place {
            start: 0,
            end: self.end(),
            pause: 0,
        }
    }

    /// Whether the attempt ended with this stage.
    fn broke_at(&self, record: &StageRecord) -> bool {
        matches!(self.ending, Ending::Failed(_, outcome) if std::ptr::eq(outcome, &raw const record.outcome))
    }

    fn outcome(record: &StageRecord) -> Cow<'_, str> {
        if record.outcome.is_ok() {
            return Cow::Borrowed("ok");
        }
        let outcome = record.outcome.to_string();
        Cow::Owned(text::clean(&outcome).into_owned())
    }
}

/// The one axis of all attempts; `None` where there is no room for bars.
fn axis(drawn: &[Drawn<'_>], page: &Page) -> Option<Axis> {
    let longest = drawn
        .iter()
        .flat_map(|drawn| {
            let records = drawn.attempt.stages.iter();
            records.map(|record| {
                // The glyph before it, and the word after it.
                let more = if record.outcome.is_ok() { 0 } else { 2 };
                let broke = if drawn.broke_at(record) {
                    BROKE.len()
                } else {
                    0
                };
                text::width(&Drawn::outcome(record)) + more + broke
            })
        })
        .max()
        .unwrap_or(0);
    let room = page.width.saturating_sub(AROUND + 1);
    let most = room.saturating_sub(LEAST_OUTCOME).min(MOST_BAR);
    let width = room.saturating_sub(longest).max(LEAST_BAR).min(most);
    let end = drawn.iter().map(Drawn::end).max().unwrap_or(0);
    (width >= LEAST_BAR && end > 0).then(|| Axis::new(end, width))
}

/// The attempts that are not drawn, in one line.
fn fold(folded: &[Ending<'_>], page: &mut Page) {
    if folded.is_empty() {
        return;
    }
    let (mut through, mut stopped) = (0_usize, 0_usize);
    for ending in folded {
        match ending {
            Ending::Through => through += 1,
            Ending::Failed(..) => stopped += 1,
            Ending::NotCounted => {}
        }
    }
    page.note(&format!(
        "{} older attempts are folded: {through} got through, {stopped} were stopped",
        folded.len()
    ));
}

fn heading(drawn: &Drawn<'_>, page: &mut Page) {
    let attempt = drawn.attempt;
    let (mark, result) = match drawn.ending {
        Ending::Through => (Mark::Good, "got through".to_owned()),
        Ending::Failed(stage, _) => (Mark::Bad, format!("stopped at {stage}")),
        Ending::NotCounted => (Mark::None, "says nothing about the host".to_owned()),
    };
    let way = match &attempt.by_name {
        Some(name) if page.width >= NAMED => format!("by name {}", text::clean(name)),
        Some(_) => "by name".to_owned(),
        None => "by IP".to_owned(),
    };
    let theme = page.theme;
    let plain = |piece: String| Span::styled(piece, theme.style(Tone::Plain));
    let dim = |piece: String| Span::styled(piece, theme.style(Tone::Dim));
    let warn = |piece: String| Span::styled(piece, theme.style(Tone::Warn));
    let mut pieces = vec![
        (0, plain(text::millis(attempt.total_ms()))),
        (1, plain(way)),
        (4, dim(text::moment(attempt.started_at))),
    ];
    match attempt.silent_rounds {
        0 => {}
        1 => pieces.push((2, warn("after 1 silent round".to_owned()))),
        rounds => pieces.push((2, warn(format!("after {rounds} silent rounds")))),
    }
    if let Some(path) = attempt.path {
        if path.retransmits > 0 {
            pieces.push((3, warn(format!("{} retransmitted", path.retransmits))));
        }
        let rtt = text::millis(f64::from(path.rtt_us) / 1000.0);
        pieces.push((5, dim(format!("round trip {rtt}"))));
    }
    let mut spans = vec![
        Span::styled(
            format!("  attempt {:<3}", attempt.number),
            theme.style(Tone::Strong),
        ),
        Span::styled(
            format!("{} {result}  ", mark.glyph(theme)),
            theme.style(mark.tone()),
        ),
    ];
    let room = page
        .width
        .saturating_sub(spans.iter().map(Span::width).sum());
    spans.extend(fit_pieces(pieces, theme.separator(), room));
    page.lines.push(Line::from(spans));
}

/// Said of the stage that ended the attempt.
const BROKE: &str = "stopped here: ";

fn stages(drawn: &Drawn<'_>, axis: Option<&Axis>, page: &mut Page) {
    let mut connection = ConnectionPurpose::Main;
    for (record, place) in drawn.attempt.stages.iter().zip(&drawn.places) {
        if record.connection != connection {
            connection = record.connection;
            another(record, place.pause, page);
        }
        stage(drawn, record, *place, axis, page);
    }
}

/// Says what was asked next, and on which connection; the pause before another one is our courtesy.
fn another(record: &StageRecord, pause: u64, page: &mut Page) {
    let what = match record.connection {
        ConnectionPurpose::Main => return,
        ConnectionPurpose::Renegotiate => "asked again with another X.224 request",
        ConnectionPurpose::LegacyPeek => "asked with the legacy hello",
        ConnectionPurpose::WithoutNla => "asked again without NLA",
    };
    let how = if record.stage == Stage::Tcp {
        let pause = text::millis(pause as f64 / 1000.0);
        format!("on a connection of its own, after a pause of {pause}")
    } else {
        "on the same connection".to_owned()
    };
    page.paragraph(LEAD, &format!("{what}, {how}"), Tone::Dim);
}

fn stage(
    drawn: &Drawn<'_>,
    record: &StageRecord,
    place: Place,
    axis: Option<&Axis>,
    page: &mut Page,
) {
    let theme = page.theme;
    let broke = drawn.broke_at(record);
    let (glyph, tone) = if broke {
        (theme.cross(), Tone::Bad)
    } else if record.outcome.is_ok() {
        ("", Tone::Good)
    } else if record.outcome.blames_peer() {
        ("!", Tone::Warn)
    } else {
        ("!", Tone::Notice)
    };
    let outcome = Drawn::outcome(record);
    let outcome = match (broke, glyph) {
        (true, glyph) => format!("{glyph} {BROKE}{outcome}"),
        (false, "") => outcome.into_owned(),
        (false, glyph) => format!("{glyph} {outcome}"),
    };
    let said = if record.outcome.is_ok() {
        Tone::Plain
    } else {
        tone
    };
    let name_tone = if broke { Tone::Bad } else { Tone::Plain };
    let name = record.stage.word();
    let took = text::millis(f64::from(record.duration_us) / 1000.0);
    let mut pieces = vec![(format!("{:LEAD$}{name:<NAME$}", ""), name_tone)];
    if let Some(axis) = axis {
        let [before, bar, after] = axis.bar(place, theme);
        pieces.extend([(before, Tone::Dim), (bar, tone), (after, Tone::Dim)]);
        pieces.push((format!(" {took:>DURATION$}  "), Tone::Plain));
        page.hung(pieces, AROUND + axis.width(), &outcome, said);
    } else {
        let at = text::millis(place.start as f64 / 1000.0);
        let when = format!("at {at:>DURATION$}  took {took:>DURATION$}  ");
        let indent = LEAD + NAME + when.len();
        pieces.push((when, Tone::Dim));
        page.hung(pieces, indent, &outcome, said);
    }
}
