//! The certificate chain as a tree with the root first, as in certlm.msc.

use super::super::mark::Mark;
use super::super::page::Page;
use super::day;
use crate::model::CertificateFacts;
use crate::tui::text;
use crate::tui::theme::Tone;

/// The tree, then the certificates above the leaf in detail.
pub(super) fn write(chain: &[&CertificateFacts], page: &mut Page) {
    page.heading("Chain");
    let mut depth = 0;
    if let Some(top) = chain.last()
        && !top.self_issued
        && top.unparsable.is_none()
    {
        node(depth, &top.issuer, "not sent", Tone::Dim, page);
        depth += 1;
    }
    for (index, certificate) in chain.iter().enumerate().rev() {
        let subject = if certificate.unparsable.is_some() {
            "unreadable"
        } else {
            &certificate.subject
        };
        let issued_below = index
            .checked_sub(1)
            .and_then(|below| chain.get(below))
            .is_none_or(|below| *below.issuer == *certificate.subject);
        let until = format!("until {}", day(certificate.not_after));
        let (note, tone) = match (index, issued_below) {
            (0, _) => (format!("{until}, this host"), Tone::Strong),
            (_, true) => (until, Tone::Plain),
            (_, false) => {
                let glyph = Mark::Partly.glyph(page.theme);
                let note = format!("{until}, {glyph} did not issue the one below");
                (note, Tone::Warn)
            }
        };
        node(depth, subject, &note, tone, page);
        depth += 1;
    }
    for (number, above) in (2..).zip(chain.iter().skip(1)) {
        details(number, above, page);
    }
}

fn node(depth: usize, subject: &str, note: &str, tone: Tone, page: &mut Page) {
    let branch = match depth {
        0 => String::new(),
        depth => format!("{}{}", "   ".repeat(depth - 1), page.theme.branch(true)),
    };
    let subject = text::clean(subject).into_owned();
    let indent = 2 + text::width(&branch);
    let fits = indent + text::width(&subject) + 2 + text::width(note) <= page.width;
    let first = vec![(format!("  {branch}"), Tone::Dim), (subject, tone)];
    let note = (note.to_owned(), Tone::Dim);
    if fits {
        page.line([first, vec![("  ".to_owned(), Tone::Plain), note]].concat());
    } else {
        page.line(first);
        page.line(vec![(" ".repeat(indent), Tone::Plain), note]);
    }
}

fn details(number: usize, certificate: &CertificateFacts, page: &mut Page) {
    page.blank();
    let label = format!("certificate {number}");
    page.field(&label, &certificate.subject, Tone::Plain);
    let (start, end) = (day(certificate.not_before), day(certificate.not_after));
    page.field("valid", &format!("{start} to {end}"), Tone::Plain);
    page.field("key", &super::key(certificate), Tone::Plain);
    super::thumbprints(certificate, page);
}
