//! The columns of the screen: how wide they are, which goes first when room is short, and how they look.

use super::text;
use super::theme::{Theme, Tone};
use crate::diagnosis::{Ending, ending};
use crate::fleet::Host;
use crate::model::{CertificateStatus, DnsVerdict, Nla, StabilityVerdict, Subject, TlsVersion};
use crate::table::ColumnId;

/// One column.
pub(super) struct Column {
    /// Which.
    pub(super) id: ColumnId,
    /// Heading.
    pub(super) title: &'static str,
    /// Picks the column in the sort menu; none of the menu's own keys.
    pub(super) letter: char,
    /// Cells it needs at least.
    pub(super) least: u16,
    /// Columns with a lower number are dropped first; [`STAYS`] is never dropped.
    pub(super) keep: u8,
    /// What it shows.
    pub(super) cell: fn(&Host, Theme) -> Vec<(String, Tone)>,
}

/// The rank of columns that make a row recognisable.
const STAYS: u8 = u8::MAX;

/// Who gets the room to spare, step by step, and up to which width.
const GROWTH: [(ColumnId, u16); 8] = [
    (ColumnId::Name, 20),
    (ColumnId::Finding, 36),
    (ColumnId::Address, 21),
    (ColumnId::Name, 32),
    (ColumnId::Stability, 16),
    (ColumnId::Finding, 70),
    (ColumnId::Address, 39),
    (ColumnId::Finding, u16::MAX),
];

/// Every column, in the order of the screen.
pub(super) static COLUMNS: [Column; 9] = [
    Column {
        id: ColumnId::State,
        title: "STATE",
        letter: 's',
        least: 13,
        keep: STAYS,
        cell: |host, theme| {
            let state = host.diagnosis.state;
            let (glyph, tone) = theme.state(state);
            vec![(format!("{glyph} {state}"), tone)]
        },
    },
    Column {
        id: ColumnId::Address,
        title: "ADDRESS",
        letter: 'a',
        least: 15,
        keep: STAYS,
        cell: |host, _| {
            let mut text = String::new();
            ColumnId::Address.say(host, &mut text);
            let tone = match host.subject() {
                Subject::Endpoint(_) => Tone::Plain,
                Subject::Unresolved { .. } => Tone::Dim,
            };
            vec![(text, tone)]
        },
        // The subject decides between equals anyway.
    },
    Column {
        id: ColumnId::Name,
        title: "NAME",
        letter: 'n',
        least: 14,
        keep: 5,
        cell: |host, _| {
            let name = host.display_name().map(text::clean).unwrap_or_default();
            vec![(name.into_owned(), Tone::Plain)]
        },
    },
    Column {
        id: ColumnId::Days,
        title: "DAYS",
        letter: 'd',
        least: 6,
        keep: 6,
        cell: days_cell,
    },
    Column {
        id: ColumnId::Tls,
        title: "TLS",
        letter: 't',
        least: 5,
        keep: 2,
        cell: |host, _| {
            let mut text = String::new();
            ColumnId::Tls.say(host, &mut text);
            let old = host
                .tls()
                .is_some_and(|(_, version)| version.is_none_or(|v| v < TlsVersion::TLS_1_2));
            vec![(text, if old { Tone::Warn } else { Tone::Plain })]
        },
    },
    Column {
        id: ColumnId::Nla,
        title: "NLA",
        letter: 'l',
        least: 11,
        keep: 1,
        cell: |host, _| match host.diagnosis.nla {
            Nla::Unknown => Vec::new(),
            nla @ Nla::NotOffered => vec![(nla.word().to_owned(), Tone::Notice)],
            nla @ (Nla::Required | Nla::Offered) => vec![(nla.word().to_owned(), Tone::Plain)],
        },
    },
    Column {
        id: ColumnId::Dns,
        title: "DNS",
        letter: 'r',
        least: 12,
        keep: 4,
        cell: |host, _| {
            let dns = host.diagnosis.dns;
            vec![(dns.word().to_owned(), dns_tone(dns))]
        },
    },
    Column {
        id: ColumnId::Stability,
        title: "STABILITY",
        letter: 'b',
        least: 13,
        keep: 3,
        cell: |host, theme| {
            let verdict = host.diagnosis.stability.verdict;
            let mut cell = vec![(format!("{:<8}", verdict.word()), stability_tone(verdict))];
            cell.extend(sparkline(host, theme));
            cell
        },
    },
    Column {
        id: ColumnId::Finding,
        title: "FINDING",
        letter: 'f',
        least: 15,
        keep: 254,
        cell: |host, theme| match host.diagnosis.findings.first() {
            Some(finding) => {
                let (glyph, tone) = theme.severity(finding.severity);
                // The id says most in the fewest cells; what is left goes to the sentence.
                let id = finding.id.strip_prefix("RDP-").unwrap_or(finding.id);
                vec![
                    (format!("{glyph} {}", text::clean(id)), tone),
                    (format!("  {}", text::clean(&finding.title)), Tone::Plain),
                ]
            }
            None if host.complete() => Vec::new(),
            None => vec![("checking".to_owned(), Tone::Dim)],
        },
    },
];

/// The columns that fit into `room` cells with one cell between two, each with its width, in the order of the screen.
pub(super) fn fit(room: u16) -> Vec<(&'static Column, u16)> {
    let mut chosen: Vec<(&Column, u16)> = COLUMNS
        .iter()
        .map(|column| (column, column.least))
        .collect();
    let needed = |chosen: &[(&Column, u16)]| {
        let gaps = u16::try_from(chosen.len().saturating_sub(1)).unwrap_or(0);
        chosen.iter().map(|(_, width)| *width).sum::<u16>() + gaps
    };
    while needed(&chosen) > room {
        let least = chosen.iter().map(|(column, _)| column.keep).min();
        let Some(least) = least.filter(|keep| *keep < STAYS) else {
            break;
        };
        chosen.retain(|(column, _)| column.keep != least);
    }
    let mut spare = room.saturating_sub(needed(&chosen));
    for (id, ample) in GROWTH {
        if let Some((_, width)) = chosen.iter_mut().find(|(column, _)| column.id == id) {
            let more = spare.min(ample.saturating_sub(*width));
            *width += more;
            spare -= more;
        }
    }
    chosen
}

/// The tone of a DNS verdict.
pub(super) const fn dns_tone(dns: DnsVerdict) -> Tone {
    match dns {
        DnsVerdict::WrongHost | DnsVerdict::Stale | DnsVerdict::Missing => Tone::Bad,
        DnsVerdict::PartialDead | DnsVerdict::AaaaDead | DnsVerdict::PtrMismatch => Tone::Warn,
        DnsVerdict::Error => Tone::Notice,
        DnsVerdict::NoPtr | DnsVerdict::NotChecked => Tone::Dim,
        DnsVerdict::Match => Tone::Good,
    }
}

/// The tone of a stability verdict.
pub(super) const fn stability_tone(verdict: StabilityVerdict) -> Tone {
    match verdict {
        StabilityVerdict::Flaky => Tone::Warn,
        StabilityVerdict::Down => Tone::Bad,
        StabilityVerdict::Unknown => Tone::Dim,
        StabilityVerdict::Steady => Tone::Good,
    }
}

/// A bar for each of the newest eight attempts, its height by the whole duration, a cross for one that failed.
///
/// The scale is the same for every host (each step is a factor of about three, from 1 ms to 3 s), so that rows compare.
fn sparkline(host: &Host, theme: Theme) -> impl Iterator<Item = (String, Tone)> {
    let attempts = host.history().attempts;
    let older = attempts.len().saturating_sub(8);
    attempts.into_iter().skip(older).map(move |attempt| {
        if ending(&attempt) == Ending::Through {
            let level = (attempt.total_ms().max(1.0).log10() * 2.0).clamp(0.0, 7.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to 0..=7 on the line above"
            )]
            let level = level as usize;
            (theme.spark(level).to_owned(), Tone::Plain)
        } else {
            (theme.cross().to_owned(), Tone::Bad)
        }
    })
}

fn days_cell(host: &Host, theme: Theme) -> Vec<(String, Tone)> {
    let glyph = |glyph: &str, ascii: &str| if theme.ascii { ascii } else { glyph }.to_owned();
    let (mark, tone) = match host.diagnosis.certificate_status {
        None => return Vec::new(),
        Some(CertificateStatus::Expired) => (glyph("✖", "x"), Tone::Bad),
        Some(CertificateStatus::NotYetValid | CertificateStatus::Unparsable) => {
            (glyph("?", "?"), Tone::Bad)
        }
        Some(CertificateStatus::Expiring) => (glyph("▲", "!"), Tone::Warn),
        Some(CertificateStatus::Valid) => (String::new(), Tone::Plain),
    };
    let days = host
        .diagnosis
        .days_left
        .map_or_else(String::new, |days| days.to_string());
    vec![(format!("{days}{mark}"), tone)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(room: u16) -> Vec<ColumnId> {
        fit(room).iter().map(|(column, _)| column.id).collect()
    }

    #[test]
    fn a_wide_screen_has_every_column() {
        assert_eq!(ids(118).len(), COLUMNS.len());
    }

    #[test]
    fn columns_leave_in_their_declared_order() {
        let mut kept = ids(200);
        for room in (1..200).rev() {
            let now = ids(room);
            assert!(
                now.iter().all(|id| kept.contains(id)),
                "a column came back at {room}"
            );
            kept = now;
        }
        assert!(ids(58).contains(&ColumnId::Days));
        assert!(!ids(58).contains(&ColumnId::Nla));
        assert!(ids(1).contains(&ColumnId::State));
    }

    #[test]
    fn widths_keep_to_the_room() {
        for room in 29..300 {
            let columns = fit(room);
            let gaps = u16::try_from(columns.len() - 1).unwrap();
            assert!(columns.iter().map(|(_, width)| width).sum::<u16>() + gaps <= room);
        }
    }

    #[test]
    fn letters_differ() {
        let mut letters: Vec<_> = COLUMNS.iter().map(|column| column.letter).collect();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), COLUMNS.len());
    }
}
