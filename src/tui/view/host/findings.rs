//! What is wrong, on what evidence, and which remedy belongs to it.

use super::super::super::text;
use super::super::super::theme::Tone;
use super::Page;
use crate::diagnosis::remedies;
use crate::fleet::Host;

/// The findings, worst first.
pub(super) fn write(host: &Host, page: &mut Page) {
    page.section("Findings");
    if host.diagnosis.findings.is_empty() {
        page.note(if host.complete() {
            "none"
        } else {
            "none so far"
        });
        return;
    }
    for finding in &host.diagnosis.findings {
        let (glyph, tone) = page.theme.severity(finding.severity);
        page.line(vec![
            (format!("  {glyph} {:<9}", finding.severity), tone),
            (text::clean(finding.id).into_owned(), Tone::Strong),
            (format!("  ({})", finding.confidence.word()), Tone::Dim),
        ]);
        page.field("", &finding.title, Tone::Plain);
        page.field("    evidence", &finding.evidence, Tone::Plain);
        if let Some(remedy) = &finding.remedy {
            let fix = match remedies::find(remedy) {
                Some(known) => format!("{}  (rdpscan explain {})", known.title, known.key),
                None => remedy.to_string(),
            };
            page.field("    fix", &fix, Tone::Notice);
        }
    }
}
