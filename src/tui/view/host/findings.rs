//! The section that answers: what a user sees, why, the fix, and then everything else that was found.

use super::mark::Mark;
use super::page::Page;
use crate::diagnosis::remedies;
use crate::diagnosis::undetermined_lines;
use crate::fleet::Host;
use crate::model::Finding;
use crate::pages;
use crate::tui::action::{Action, MenuKind};
use crate::tui::keymap::Context;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

/// Cells before a finding's texts: glyph and severity.
const INDENT: usize = 14;

pub(super) fn write(model: &Model, host: &Host, room: usize, page: &mut Page) {
    let start = page.lines.len();
    let items = pages::answer(host);
    for item in &items {
        page.item(item);
    }
    if page.lines.len() - start + 1 > room {
        let full = page.lines.split_off(start);
        for item in items.iter().filter(|item| item.label != pages::TELL) {
            page.item_in_short(item);
        }
        page.heading("In full");
        page.lines.extend(full);
    }
    if !host.complete() {
        page.field("scan", "more attempts will follow", Tone::Dim);
    }
    let cause = host.diagnosis.cause().map(|cause| cause.id);
    let others = host.diagnosis.findings.iter();
    let others: Vec<&Finding> = others.filter(|found| Some(found.id) != cause).collect();
    if !others.is_empty() {
        page.heading("Other findings");
    }
    for (index, finding) in others.into_iter().enumerate() {
        if index > 0 {
            page.blank();
        }
        self::finding(finding, page);
    }
    undetermined(model, page);
    let key = |action| model.keymap.label(Context::Host, &action);
    page.blank();
    page.note(&format!(
        "{}: codes, findings and remedies in full, from the handbook; {}: copy the commands of the fix; {}: acknowledge a finding",
        key(Action::MenuOpen(MenuKind::Handbook)),
        key(Action::MenuOpen(MenuKind::Copy)),
        key(Action::MenuOpen(MenuKind::Acknowledge)),
    ));
}

/// Findings that need more evidence: each reason once, and how to get it.
fn undetermined(model: &Model, page: &mut Page) {
    let Some(row) = model.cursor() else {
        return;
    };
    let lines = undetermined_lines(&model.fleet.undetermined(row));
    if !lines.is_empty() {
        page.blank();
        page.list("not determined", Mark::None, &lines);
    }
}

fn finding(finding: &Finding, page: &mut Page) {
    let (glyph, tone, rest) = Theme::finding(finding);
    page.line(vec![
        (format!("  {glyph} {:<10}", finding.severity), tone),
        (text::clean(finding.id).into_owned(), Tone::Strong),
        (format!("  {}", finding.confidence.word()), Tone::Dim),
    ]);
    page.paragraph(INDENT, &finding.title, rest);
    if let Some(known) = &finding.acknowledged {
        page.paragraph(INDENT, &known.to_string(), Tone::Plain);
    }
    if !finding.evidence.is_empty() {
        let lead = (format!("{:INDENT$}seen  ", ""), Tone::Dim);
        page.hang(vec![lead], &finding.evidence, rest);
    }
    let known = finding
        .remedies
        .iter()
        .filter_map(|key| remedies::find(key));
    for (place, remedy) in known.enumerate() {
        let (word, tone) = if place == 0 {
            (
                "fix   ",
                if rest == Tone::Dim {
                    rest
                } else {
                    Tone::Notice
                },
            )
        } else {
            ("then  ", rest)
        };
        let lead = (format!("{:INDENT$}{word}", ""), Tone::Dim);
        page.hang(
            vec![lead],
            &format!("{}  {}", remedy.key, remedy.title),
            tone,
        );
    }
}
