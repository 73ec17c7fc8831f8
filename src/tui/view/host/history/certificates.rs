//! The validity of every certificate that was seen, a line each, on one time axis.

use jiff::Timestamp;

use crate::changes::{CertificateRecord, PastHost};
use crate::counts::counted;
use crate::model::UtcSecond;
use crate::tui::theme::{Theme, Tone};
use crate::tui::view::host::certificate::day;
use crate::tui::view::host::page::{LABEL, Page, Piece};

/// Certificates shown, the newest first.
const MOST: usize = 8;
const MOST_BAR: usize = 64;
/// What is further from today is cut off.
const MOST_S: i64 = 3 * 366 * 86_400;

pub(super) fn write(scans: &[&PastHost], now: Timestamp, page: &mut Page) {
    let mut seen: Vec<(&CertificateRecord, u64)> = Vec::new();
    let all = scans.iter().flat_map(|past| &past.record.certificates);
    for certificate in all {
        match seen
            .iter_mut()
            .find(|(one, _)| one.sha256 == certificate.sha256)
        {
            Some((_, count)) => *count += 1,
            None => seen.push((certificate, 1)),
        }
    }
    if seen.is_empty() {
        return;
    }
    seen.sort_by_key(|(one, _)| std::cmp::Reverse((one.not_before, one.not_after)));
    page.heading("Certificates seen");
    let now = UtcSecond::from(now);
    let width = page.width.saturating_sub(LABEL + 3).min(MOST_BAR);
    let axis = Axis::of(seen.iter().take(MOST).map(|(one, _)| *one), now, width);
    for (certificate, count) in seen.iter().take(MOST) {
        let until = format!("until {}", day(certificate.not_after));
        page.labeled(&until, axis.bar(certificate, page.theme));
        let issuer = certificate.issuer.as_deref().unwrap_or("self-signed");
        let line = format!(
            "{}, from {}, seen in {} of {}, {issuer}",
            certificate.sha256.short(),
            day(certificate.not_before),
            count,
            counted(scans.len() as u64, "scan", "scans"),
        );
        page.field("", &line, Tone::Dim);
    }
    let line = format!("{} today, {}", page.theme.today(), now.civil().date());
    page.field("", &line, Tone::Dim);
    if let more @ 1.. = seen.len().saturating_sub(MOST) as u64 {
        let more = counted(more, "older one", "older ones");
        page.field("", &format!("and {more}"), Tone::Dim);
    }
}

/// A time axis of so many cells.
#[derive(Debug, Clone, Copy)]
struct Axis {
    first: i64,
    last: i64,
    now: i64,
    width: usize,
}

impl Axis {
    fn of<'a>(
        certificates: impl Iterator<Item = &'a CertificateRecord>,
        now: UtcSecond,
        width: usize,
    ) -> Self {
        let now = now.as_second();
        let ends = certificates.flat_map(|one| [one.not_before, one.not_after]);
        let near = |at: UtcSecond| {
            let least = now.saturating_sub(MOST_S);
            at.as_second().clamp(least, now.saturating_add(MOST_S))
        };
        let ends: Vec<i64> = ends.flatten().map(near).chain([now]).collect();
        Self {
            first: ends.iter().copied().min().unwrap_or(now),
            last: ends.iter().copied().max().unwrap_or(now),
            now,
            width,
        }
    }

    fn cell(self, at: i64) -> usize {
        let length = i128::from(self.last - self.first).max(1);
        let cells = self.width.saturating_sub(1);
        let at = i128::from(at.clamp(self.first, self.last) - self.first);
        let cell = at * i128::try_from(cells).unwrap_or_default() / length;
        usize::try_from(cell).unwrap_or(cells).min(cells)
    }

    /// From beginning to end, with today on it or beside it.
    fn bar(self, certificate: &CertificateRecord, theme: Theme) -> Vec<Piece> {
        let today = self.cell(self.now);
        let (Some(start), Some(end)) = (certificate.not_before, certificate.not_after) else {
            return vec![("dates unknown".to_owned(), Tone::Bad)];
        };
        let (start, end) = (self.cell(start.as_second()), self.cell(end.as_second()));
        let signs = (0..self.width).map(|cell| {
            let (sign, tone) = if cell == today {
                (theme.today(), Tone::Accent)
            } else if cell == start && start < end {
                (theme.timespan_start(), Tone::Plain)
            } else if cell == end {
                (theme.timespan_end(), Tone::Plain)
            } else if start < cell && cell < end {
                (theme.timespan(cell < today), Tone::Plain)
            } else {
                (" ", Tone::Plain)
            };
            (sign.to_owned(), tone)
        });
        signs.collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Digest;
    use crate::tui::theme::Palette;

    const ASCII: Theme = Theme {
        palette: Palette::Mono,
        ascii: true,
    };

    fn certificate(start: UtcSecond, end: UtcSecond) -> CertificateRecord {
        CertificateRecord {
            sha256: Digest([0; 32]),
            key: None,
            common_name: None,
            issuer: None,
            not_before: Some(start),
            not_after: Some(end),
        }
    }

    fn drawn(axis: Axis, certificate: &CertificateRecord) -> String {
        let pieces = axis.bar(certificate, ASCII).into_iter();
        pieces.map(|(piece, _)| piece).collect()
    }

    #[test]
    fn certificates_share_one_axis_and_today() {
        let at = |day: &str| format!("{day}T00:00:00Z").parse().unwrap();
        let old = certificate(at("2025-01-01"), at("2026-01-01"));
        let new = certificate(at("2025-12-01"), at("2026-12-01"));
        let axis = Axis::of([&old, &new].into_iter(), at("2026-03-01"), 24);
        assert_eq!(drawn(axis, &old), "|===========|O          ");
        assert_eq!(drawn(axis, &new), "          |==O---------|");
    }

    proptest! {
        #[test]
        fn a_bar_fills_its_width_and_marks_today_once(
            start in -10_000_000_000i64..100_000_000_000,
            length in 0i64..100_000_000_000,
            now in 0i64..10_000_000_000,
            width in 1usize..70,
        ) {
            let at = UtcSecond::from_second;
            let one = certificate(at(start), at(start + length));
            let text = drawn(Axis::of([&one].into_iter(), at(now), width), &one);
            prop_assert_eq!(text.len(), width);
            prop_assert_eq!(text.matches('O').count(), 1);
        }
    }
}
