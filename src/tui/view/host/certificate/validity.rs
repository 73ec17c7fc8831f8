//! The validity of a certificate as a bar, with the time of the newest event on it or beside it.

use jiff::Timestamp;

use super::super::page::{LABEL, Page, Piece};
use crate::model::{CertificateFacts, UtcSecond};
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

const MOST_BAR: usize = 64;
const LEAST_BAR: usize = 12;

pub(super) fn write(certificate: &CertificateFacts, now: Option<Timestamp>, page: &mut Page) {
    if certificate.unparsable.is_some() {
        return;
    }
    let (start, end) = (certificate.not_before, certificate.not_after);
    if let (Some(start), Some(end), Some(now)) = (start, end, now) {
        let width = page.width.saturating_sub(LABEL + 3).min(MOST_BAR);
        if width >= LEAST_BAR && start < end {
            page.labeled("validity", bar(start, end, now.into(), width, page.theme));
        }
    }
    let date =
        |at: Option<UtcSecond>| at.map_or_else(|| "out of any range".to_owned(), text::timestamp);
    page.field("not before", &date(start), Tone::Plain);
    if let Some(now) = now {
        let now = format!("{} {}", text::timestamp(now), page.theme.today());
        page.field("today", &now, Tone::Dim);
    }
    page.field("not after", &date(end), Tone::Plain);
}

/// The bar over `width` cells. A time outside of the validity gets room in proportion, up to half.
fn bar(start: UtcSecond, end: UtcSecond, now: UtcSecond, width: usize, theme: Theme) -> Vec<Piece> {
    let (start, end, now) = (start.as_second(), end.as_second(), now.as_second());
    let whole = end.saturating_sub(start).max(1);
    let (before, after) = ((start - now).max(0), (now - end).max(0));
    let outside = room_outside(before.max(after), whole, width);
    let inside = width - outside;
    let cells = inside.saturating_sub(2);
    let fill = |past: bool, count: usize| theme.timespan(past).repeat(count);
    let gap = theme.timespan_gap().repeat(outside.saturating_sub(1));
    let mark = theme.today().to_owned();
    let (first, last) = (theme.timespan_start(), theme.timespan_end());
    if before > 0 {
        return vec![
            (mark, Tone::Bad),
            (gap, Tone::Dim),
            (format!("{first}{}{last}", fill(false, cells)), Tone::Plain),
        ];
    }
    if after > 0 {
        return vec![
            (format!("{first}{}{last}", fill(true, cells)), Tone::Plain),
            (gap, Tone::Dim),
            (mark, Tone::Bad),
        ];
    }
    let at = portion(now - start, whole, cells.saturating_sub(1));
    vec![
        (format!("{first}{}", fill(true, at)), Tone::Plain),
        (mark, Tone::Accent),
        (
            format!("{}{last}", fill(false, cells.saturating_sub(at + 1))),
            Tone::Plain,
        ),
    ]
}

/// Cells between the validity and now: none when now is inside, else at least two.
fn room_outside(outside: i64, whole: i64, width: usize) -> usize {
    if outside == 0 {
        return 0;
    }
    portion(outside, outside.saturating_add(whole), width).clamp(2, (width / 2).max(2))
}

fn portion(part: i64, whole: i64, cells: usize) -> usize {
    let (part, whole) = (i128::from(part.max(0)), i128::from(whole.max(1)));
    let share = part * i128::try_from(cells).unwrap_or(0) / whole;
    usize::try_from(share).unwrap_or(cells).min(cells)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ASCII: Theme = Theme {
        palette: crate::tui::theme::Palette::Mono,
        ascii: true,
    };

    fn drawn(start: &str, end: &str, now: &str) -> String {
        let at = |day: &str| format!("{day}T00:00:00Z").parse().unwrap();
        bar(at(start), at(end), at(now), 20, ASCII)
            .into_iter()
            .map(|(piece, _)| piece)
            .collect()
    }

    #[test]
    fn today_stands_on_the_bar_while_the_certificate_is_valid() {
        assert_eq!(
            drawn("2026-01-01", "2027-01-01", "2026-07-02"),
            "|========O---------|"
        );
    }

    #[test]
    fn today_stands_past_the_end_of_an_expired_certificate() {
        assert_eq!(
            drawn("2026-01-01", "2027-01-01", "2027-05-01"),
            "|==============|...O"
        );
        assert_eq!(
            drawn("2026-01-01", "2027-01-01", "2099-01-01"),
            "|========|.........O"
        );
    }

    #[test]
    fn today_stands_before_a_certificate_that_is_not_yet_valid() {
        assert_eq!(
            drawn("2026-01-01", "2027-01-01", "2025-12-31"),
            "O.|----------------|"
        );
    }

    proptest! {
        #[test]
        fn the_bar_fills_its_width_and_marks_today_once(
            start in -10_000_000_000i64..10_000_000_000,
            length in 1i64..10_000_000_000,
            now in -20_000_000_000i64..20_000_000_000,
            width in LEAST_BAR..=MOST_BAR,
        ) {
            let at = UtcSecond::from_second;
            let text: String = bar(at(start), at(start + length), at(now), width, ASCII)
                .into_iter()
                .map(|(piece, _)| piece)
                .collect();
            prop_assert_eq!(text.len(), width);
            prop_assert_eq!(text.matches('O').count(), 1);
        }
    }
}
