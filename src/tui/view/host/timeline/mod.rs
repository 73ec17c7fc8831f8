//! Each attempt as a waterfall of its stages, all on one time axis.

mod axis;

use std::borrow::Cow;

use super::super::fit_pieces;
use super::Page;
use super::glyphs::Mark;
use crate::diagnosis::{Ending, ReplyGroup, describe_groups, endings, reply_groups};
use crate::model::{Attempt, History, Outcome, ProbeKind, Stage, StageRecord};
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
    kinds(&reply_groups(attempts), page);
    let older = attempts.len().saturating_sub(DRAWN);
    let ended: Vec<Ending<'_>> = endings(attempts).collect();
    let (folded, ended) = ended.split_at(older);
    let drawn: Vec<Drawn<'_>> = attempts
        .iter()
        .skip(older)
        .zip(ended)
        .zip(older + 1..)
        .map(|((attempt, ending), nth)| Drawn {
            nth,
            attempt,
            ending: *ending,
        })
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
                (axis.bar(0, attempt.end(), page.theme).concat(), Tone::Dim),
            ]);
        }
    }
}

/// Where connections were answered in several ways, each way with its share and its facts.
fn kinds(kinds: &[ReplyGroup<'_>], page: &mut Page) {
    let Some(words) = describe_groups(kinds) else {
        return;
    };
    page.heading(&words);
    let defaults = kinds.iter().filter(|kind| kind.probe.is_default());
    let all = defaults.map(|kind| kind.connections).sum();
    for kind in kinds {
        let (mark, end) = match kind.end {
            None => (Mark::Good, "gets through".to_owned()),
            Some((stage, outcome)) => (Mark::Bad, format!("stops at {stage}: {outcome}")),
        };
        let mut facts = vec![end];
        facts.extend(kind.selected.map(|selected| selected.word().to_owned()));
        facts.extend(kind.version.map(|version| format!("TLS {version}")));
        if let Some(leaf) = kind.leaf {
            let name = leaf.common_name.as_deref().unwrap_or(&leaf.subject);
            let expires = leaf.not_after.map_or_else(String::new, |end| {
                format!(", expires {}", end.civil().date())
            });
            facts.push(format!("certificate {name}{expires}"));
        }
        facts.extend(kind.computer.map(|name| format!("computer {name}")));
        let share = if kind.probe.is_default() {
            format!("{:>3}x {:>3} %", kind.connections, kind.share(all))
        } else {
            kind.probe.words().to_owned()
        };
        let lead = vec![
            (
                format!("{:LEAD$}{} ", "", mark.glyph(page.theme)),
                mark.tone(),
            ),
            (format!("{share}  "), Tone::Strong),
        ];
        let indent = lead.iter().map(|(piece, _)| text::width(piece)).sum();
        page.hung(lead, indent, &text::clean(&facts.join("; ")), Tone::Plain);
    }
    page.heading("Attempts");
}

/// An attempt with what is needed to draw it.
struct Drawn<'a> {
    /// Its place among the attempts shown, from 1: its own number goes on where a host was probed anew.
    nth: usize,
    attempt: &'a Attempt,
    ending: Ending<'a>,
}

impl Drawn<'_> {
    /// Microseconds to the end of its last stage.
    fn end(&self) -> u64 {
        let ends = self.attempt.stages.iter().map(StageRecord::end_us);
        ends.max().unwrap_or(0)
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
        Ending::Through if is_excused(attempt) => {
            (Mark::None, "refused; another probe is accepted".to_owned())
        }
        Ending::Through => (Mark::Good, "got through".to_owned()),
        Ending::Failed(stage, _) => (Mark::Bad, format!("stopped at {stage}")),
        Ending::NotCounted => (Mark::None, "not counted".to_owned()),
    };
    let way = match &attempt.sni {
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
    if attempt.probe != ProbeKind::Default {
        pieces.insert(1, (0, plain(attempt.probe.words().to_owned())));
    }
    match attempt.unanswered_rounds {
        0 => {}
        1 => pieces.push((2, warn("after 1 silent round".to_owned()))),
        rounds => pieces.push((2, warn(format!("after {rounds} silent rounds")))),
    }
    if let Some(path) = attempt.path {
        if let Some(count @ 1..) = path.retransmits {
            pieces.push((3, warn(format!("{count} retransmitted"))));
        }
        if let Some(rtt_us) = path.rtt() {
            let rtt = text::millis(f64::from(rtt_us) / 1000.0);
            pieces.push((5, dim(format!("round trip {rtt}"))));
        }
    }
    let mut spans = vec![
        Span::styled(
            format!("  attempt {:<3}", drawn.nth),
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

/// It was refused, and counts as a way in all the same, since the host accepts another kind of probe.
fn is_excused(attempt: &Attempt) -> bool {
    attempt
        .failure()
        .is_some_and(|(stage, outcome)| stage < Stage::Credssp && *outcome != Outcome::NoTls)
}

/// Said of the stage that ended the attempt.
const BROKE: &str = "stopped here: ";

fn stages(drawn: &Drawn<'_>, axis: Option<&Axis>, page: &mut Page) {
    for record in &drawn.attempt.stages {
        stage(drawn, record, axis, page);
    }
}

fn stage(drawn: &Drawn<'_>, record: &StageRecord, axis: Option<&Axis>, page: &mut Page) {
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
        let [before, bar, after] = axis.bar(u64::from(record.start_us), record.end_us(), theme);
        pieces.extend([(before, Tone::Dim), (bar, tone), (after, Tone::Dim)]);
        pieces.push((format!(" {took:>DURATION$}  "), Tone::Plain));
        page.hung(pieces, AROUND + axis.width(), &outcome, said);
    } else {
        let at = text::millis(f64::from(record.start_us) / 1000.0);
        let when = format!("at {at:>DURATION$}  took {took:>DURATION$}  ");
        let indent = LEAD + NAME + when.len();
        pieces.push((when, Tone::Dim));
        page.hung(pieces, indent, &outcome, said);
    }
}
