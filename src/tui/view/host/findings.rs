//! What the user would see, what is wrong, on what evidence, and how to mend it.

use super::Page;
use super::glyphs::Mark;
use super::remedy;
use crate::diagnosis::remedies::{self, Remedy};
use crate::diagnosis::undetermined_lines;
use crate::fleet::Host;
use crate::model::Finding;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Tone;

/// Cells before a finding's sentences: glyph and severity stand there.
const INDENT: usize = 14;

/// The findings, worst first, then their remedies, each once, in the order of the findings.
pub(super) fn write(model: &Model, host: &Host, page: &mut Page) {
    known(host, page);
    untold(model, page);
}

/// What more evidence would tell, and how to get it: each reason once, with the findings that wait for it.
fn untold(model: &Model, page: &mut Page) {
    let Some(row) = model.list.host() else {
        return;
    };
    let lines = undetermined_lines(&model.fleet.undetermined(row));
    if lines.is_empty() {
        return;
    }
    page.blank();
    page.list("cannot be told", Mark::None, &lines);
}

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
        one(finding, page);
    }
    let mut named: Vec<&'static Remedy> = Vec::new();
    for found in findings.iter().filter_map(remedy_of) {
        if !named.contains(&found) {
            named.push(found);
        }
    }
    for remedy in named {
        let mends: Vec<&str> = findings
            .iter()
            .filter(|finding| remedy_of(finding) == Some(remedy))
            .map(|finding| finding.id)
            .collect();
        remedy::write(remedy, &mends, page);
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

fn one(finding: &Finding, page: &mut Page) {
    let (glyph, tone) = page.theme.severity(finding.severity);
    page.line(vec![
        (format!("  {glyph} {:<10}", finding.severity), tone),
        (text::clean(finding.id).into_owned(), Tone::Strong),
        (format!("  {}", finding.confidence.word()), Tone::Dim),
    ]);
    page.paragraph(INDENT, &finding.title, Tone::Plain);
    if !finding.evidence.is_empty() {
        let lead = (format!("{:INDENT$}seen  ", ""), Tone::Dim);
        page.hung(vec![lead], INDENT + 6, &finding.evidence, Tone::Plain);
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
        page.hung(vec![lead], INDENT + 6, &fix, tone);
    }
}
