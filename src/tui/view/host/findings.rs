//! The section about findings: the predicted client error, the findings with their evidence, and the fixes.

use super::mark::Mark;
use super::page::Page;
use super::remedy;
use crate::diagnosis::remedies::{self, Remedy};
use crate::diagnosis::undetermined_lines;
use crate::fleet::Host;
use crate::model::Finding;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

/// Cells before a finding's texts: glyph and severity.
const INDENT: usize = 14;

pub(super) fn write(model: &Model, host: &Host, page: &mut Page) {
    known(host, page);
    undetermined(model, page);
}

/// Findings that need more evidence: each reason once, and how to get it.
fn undetermined(model: &Model, page: &mut Page) {
    let Some(row) = model.cursor() else {
        return;
    };
    let lines = undetermined_lines(&model.fleet.undetermined(row));
    if !lines.is_empty() {
        page.blank();
        page.list("cannot be told", Mark::None, &lines);
    }
}

/// The findings, worst first, then their remedies, each once.
fn known(host: &Host, page: &mut Page) {
    predicted(host, page);
    let findings = &host.diagnosis.findings;
    if !host.complete() {
        page.field("scan", "more attempts will follow", Tone::Dim);
    }
    if findings.is_empty() {
        if host.complete() {
            page.marked("findings", Mark::Good, "none");
        } else {
            page.field("findings", "none so far", Tone::Dim);
        }
        return;
    }
    for finding in findings {
        page.blank();
        self::finding(finding, page);
    }
    let mut named: Vec<&'static Remedy> = Vec::new();
    for found in findings.iter().filter_map(remedy_of) {
        if !named.contains(&found) {
            named.push(found);
        }
    }
    for remedy in named {
        let fixes: Vec<&str> = findings
            .iter()
            .filter(|finding| remedy_of(finding) == Some(remedy))
            .map(|finding| finding.id)
            .collect();
        remedy::write(remedy, &fixes, page);
    }
}

fn remedy_of(finding: &Finding) -> Option<&'static Remedy> {
    remedies::find(finding.remedy()?)
}

fn predicted(host: &Host, page: &mut Page) {
    let Some(predicted) = &host.diagnosis.predicted else {
        return;
    };
    let text = format!(
        "{} {} (likelihood {} %)",
        predicted.code, predicted.name, predicted.likelihood
    );
    page.field("client would show", &text, Tone::Warn);
    for reason in &predicted.reasons {
        page.field("", reason, Tone::Dim);
    }
    let more = format!("rdpscan explain {}", predicted.code);
    page.field("more", &more, Tone::Dim);
}

fn finding(finding: &Finding, page: &mut Page) {
    let (glyph, tone) = Theme::severity(finding.severity);
    page.line(vec![
        (format!("  {glyph} {:<10}", finding.severity), tone),
        (text::clean(finding.id).into_owned(), Tone::Strong),
        (format!("  {}", finding.confidence.word()), Tone::Dim),
    ]);
    page.paragraph(INDENT, &finding.title, Tone::Plain);
    if !finding.evidence.is_empty() {
        let lead = (format!("{:INDENT$}seen  ", ""), Tone::Dim);
        page.hang(vec![lead], &finding.evidence, Tone::Plain);
    }
    for (place, key) in finding.remedies.iter().enumerate() {
        let fix = match remedies::find(key) {
            Some(known) => format!("{}  {}", known.key, known.title),
            None => (*key).to_owned(),
        };
        let (word, tone) = if place == 0 {
            ("fix   ", Tone::Notice)
        } else {
            ("then  ", Tone::Plain)
        };
        let lead = (format!("{:INDENT$}{word}", ""), Tone::Dim);
        page.hang(vec![lead], &fix, tone);
    }
}
