//! The section with the timeline: each attempt as a waterfall of its stages, all on one time axis.

mod axis;

use super::mark::Mark;
use super::page::{Page, Piece};
use crate::counts::counted;
use crate::diagnosis::{Ending, ReplyGroup, describe_groups, endings, reply_groups};
use crate::model::{Attempt, History, Outcome, ProbeKind, Stage, StageRecord};
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};
use crate::tui::view::widgets::{fit_pieces, width};
use axis::Axis;
use ratatui::text::Line;

/// Attempts drawn: the newest.
const DRAWN: usize = 10;
/// Up to so many attempts are all drawn by stage; of more, the failed ones and the newest that got through.
const IN_FULL: usize = 3;
/// On a narrower page, attempts show no names.
const NAMED: usize = 80;
/// Cells before a stage's name, and of the name.
const LEAD: usize = 4;
const NAME: usize = 9;
/// Cells of a duration.
const DURATION: usize = 8;
/// Least cells of an outcome, which is wrapped.
const LEAST_OUTCOME: usize = 20;
/// Narrower bars are not drawn.
const LEAST_BAR: usize = 16;
const MOST_BAR: usize = 72;
/// Cells of a line besides bar and outcome.
const OTHER: usize = LEAD + NAME + 1 + DURATION + 2;

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
    let drawn: Vec<AttemptRow<'_>> = attempts
        .iter()
        .skip(older)
        .zip(ended)
        .zip(older + 1..)
        .map(|((attempt, ending), nth)| AttemptRow {
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
            for record in &attempt.attempt.stages {
                stage(attempt, record, axis.as_ref(), page);
            }
        } else if let Some(axis) = &axis {
            page.line(vec![
                (format!("{:LEAD$}{:<NAME$}", "", "whole"), Tone::Dim),
                (axis.bar(0, attempt.end(), page.theme).concat(), Tone::Dim),
            ]);
        }
    }
}

/// The kinds of answers, where there are several, each with its share and its facts.
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
            kind.probe.meaning().to_owned()
        };
        let lead = vec![
            (" ".repeat(LEAD), Tone::Plain),
            mark.piece(page.theme),
            (format!("{share}  "), Tone::Strong),
        ];
        page.hang(lead, &facts.join("; "), Tone::Plain);
    }
    page.heading("Attempts");
}

struct AttemptRow<'a> {
    /// Its place among the attempts shown, from 1: its own number continues after a re-probe.
    nth: usize,
    attempt: &'a Attempt,
    ending: Ending<'a>,
}

impl AttemptRow<'_> {
    /// The end of the last stage, in microseconds.
    fn end(&self) -> u64 {
        let ends = self.attempt.stages.iter().map(StageRecord::end_us);
        ends.max().unwrap_or(0)
    }

    fn failed_at(&self, record: &StageRecord) -> bool {
        matches!(self.ending, Ending::Failed(_, outcome) if std::ptr::eq(outcome, &raw const record.outcome))
    }

    fn outcome(&self, record: &StageRecord, theme: Theme) -> Piece {
        let outcome = record.outcome.to_string();
        let outcome = text::clean(&outcome);
        if self.failed_at(record) {
            let cross = theme.cross();
            (format!("{cross} stopped here: {outcome}"), Tone::Bad)
        } else if record.outcome.is_ok() {
            ("ok".to_owned(), Tone::Plain)
        } else if record.outcome.blames_peer() {
            (format!("! {outcome}"), Tone::Warn)
        } else {
            (format!("! {outcome}"), Tone::Notice)
        }
    }
}

/// `None` where there is no room for bars.
fn axis(drawn: &[AttemptRow<'_>], page: &Page) -> Option<Axis> {
    let outcomes = drawn.iter().flat_map(|drawn| {
        let records = drawn.attempt.stages.iter();
        records.map(|record| text::width(&drawn.outcome(record, page.theme).0))
    });
    let longest = outcomes.max().unwrap_or(0);
    let room = page.width.saturating_sub(OTHER + 1);
    let most = room.saturating_sub(LEAST_OUTCOME).min(MOST_BAR);
    let width = room.saturating_sub(longest).max(LEAST_BAR).min(most);
    let end = drawn.iter().map(AttemptRow::end).max().unwrap_or(0);
    (width >= LEAST_BAR && end > 0).then(|| Axis::new(end, width))
}

/// The older attempts in one line.
fn fold(folded: &[Ending<'_>], page: &mut Page) {
    if folded.is_empty() {
        return;
    }
    let count = |wanted: fn(&&Ending<'_>) -> bool| folded.iter().filter(wanted).count();
    let through = count(|ending| matches!(ending, Ending::Through));
    let stopped = count(|ending| matches!(ending, Ending::Failed(..)));
    page.note(&format!(
        "{} older attempts are folded: {through} got through, {stopped} were stopped",
        folded.len()
    ));
}

fn heading(drawn: &AttemptRow<'_>, page: &mut Page) {
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
    let mut pieces = vec![(0, text::millis(attempt.total_ms()), Tone::Plain)];
    if attempt.probe != ProbeKind::Default {
        pieces.push((0, attempt.probe.meaning().to_owned(), Tone::Plain));
    }
    pieces.push((1, way, Tone::Plain));
    pieces.push((4, text::timestamp(attempt.started_at), Tone::Dim));
    if attempt.unanswered_rounds > 0 {
        let rounds = u64::from(attempt.unanswered_rounds);
        let rounds = counted(rounds, "silent round", "silent rounds");
        pieces.push((2, format!("after {rounds}"), Tone::Warn));
    }
    if let Some(path) = attempt.path {
        if let Some(count @ 1..) = path.retransmits {
            pieces.push((3, format!("{count} retransmitted"), Tone::Warn));
        }
        if let Some(rtt_us) = path.rtt() {
            let rtt = text::millis(f64::from(rtt_us) / 1000.0);
            pieces.push((5, format!("round trip {rtt}"), Tone::Dim));
        }
    }
    let mut spans = vec![
        theme.span(format!("  attempt {:<3}", drawn.nth), Tone::Strong),
        theme.span(format!("{} {result}  ", mark.glyph(theme)), mark.tone()),
    ];
    let room = page.width.saturating_sub(width(&spans));
    spans.extend(fit_pieces(pieces, theme, room));
    page.lines.push(Line::from(spans));
}

/// Whether the host refused this probe, and accepts another kind.
fn is_excused(attempt: &Attempt) -> bool {
    attempt
        .failure()
        .is_some_and(|(stage, outcome)| stage < Stage::Credssp && *outcome != Outcome::NoTls)
}

fn stage(drawn: &AttemptRow<'_>, record: &StageRecord, axis: Option<&Axis>, page: &mut Page) {
    let (outcome, tone) = drawn.outcome(record, page.theme);
    let name_tone = if drawn.failed_at(record) {
        Tone::Bad
    } else {
        Tone::Plain
    };
    let name = record.stage.word();
    let took = text::millis(f64::from(record.duration_us) / 1000.0);
    let mut pieces = vec![(format!("{:LEAD$}{name:<NAME$}", ""), name_tone)];
    if let Some(axis) = axis {
        let (start, end) = (u64::from(record.start_us), record.end_us());
        let [before, bar, after] = axis.bar(start, end, page.theme);
        let bar_tone = if record.outcome.is_ok() {
            Tone::Good
        } else {
            tone
        };
        pieces.extend([(before, Tone::Dim), (bar, bar_tone), (after, Tone::Dim)]);
        pieces.push((format!(" {took:>DURATION$}  "), Tone::Plain));
    } else {
        let at = text::millis(f64::from(record.start_us) / 1000.0);
        let when = format!("at {at:>DURATION$}  took {took:>DURATION$}  ");
        pieces.push((when, Tone::Dim));
    }
    page.hang(pieces, &outcome, tone);
}
