//! The chain as a tree, the highest certificate first, as certlm.msc has it.

use super::super::Page;
use super::super::glyphs::{self, Mark};
use crate::model::{CertificateFacts, UtcSecond};
use crate::tui::text;
use crate::tui::theme::Tone;

/// The tree, then what is worth knowing about those above the leaf.
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
        let below = index
            .checked_sub(1)
            .and_then(|below| chain.get(below))
            .is_none_or(|below| *below.issuer == *certificate.subject);
        let until = certificate.not_after.map_or_else(
            || "end unknown".to_owned(),
            |end| format!("until {}", day(end)),
        );
        let (said, tone) = match (index, below) {
            (0, _) => (format!("{until}, this host"), Tone::Strong),
            (_, true) => (until, Tone::Plain),
            (_, false) => {
                let glyph = Mark::Partly.glyph(page.theme);
                let said = format!("{until}, {glyph} did not issue the one below");
                (said, Tone::Warn)
            }
        };
        node(depth, subject, &said, tone, page);
        depth += 1;
    }
    for (number, above) in (2..).zip(chain.iter().skip(1)) {
        details(number, above, page);
    }
}

fn node(depth: usize, subject: &str, said: &str, tone: Tone, page: &mut Page) {
    let branch = match depth {
        0 => String::new(),
        depth => format!(
            "{}{}",
            "   ".repeat(depth - 1),
            glyphs::branch(page.theme, true)
        ),
    };
    let subject = text::clean(subject).into_owned();
    let before = 2 + text::width(&branch);
    let mut pieces = vec![(format!("  {branch}"), Tone::Dim)];
    let fits = before + text::width(&subject) + 2 + text::width(said) <= page.width;
    pieces.push((subject, tone));
    let said = (said.to_owned(), Tone::Dim);
    if fits {
        pieces.extend([("  ".to_owned(), Tone::Plain), said]);
        page.line(pieces);
    } else {
        page.line(pieces);
        page.line(vec![(" ".repeat(before), Tone::Plain), said]);
    }
}

fn details(number: usize, certificate: &CertificateFacts, page: &mut Page) {
    page.blank();
    page.field(
        &format!("certificate {number}"),
        &certificate.subject,
        Tone::Plain,
    );
    let when = |at: Option<UtcSecond>| at.map_or_else(|| "?".to_owned(), day);
    let valid = format!(
        "{} to {}",
        when(certificate.not_before),
        when(certificate.not_after)
    );
    page.field("valid", &valid, Tone::Plain);
    page.field("key", &super::key(certificate), Tone::Plain);
    super::thumbprints(certificate, page);
}

fn day(at: UtcSecond) -> String {
    at.civil().strftime("%Y-%m-%d").to_string()
}
