//! The columns of the screen: how wide they are, which goes first when room is short, and how they look.

use std::net::IpAddr;

use super::text;
use super::theme::{Theme, Tone};
use crate::diagnosis::{Ending, endings};
use crate::fleet::Host;
use crate::model::{
    CertificateStatus, DEFAULT_PORT, DnsVerdict, Nla, StabilityVerdict, Subject, TlsVersion,
};
use crate::table::{ColumnId, Columns};

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

/// Below this many cells, less than a screen of 80 columns has, names and findings shrink before another column goes.
const NARROW: u16 = 78;
/// What is left of them then: a host label, and the beginning of an id.
const SHORT_NAME: u16 = 12;
const SHORT_FINDING: u16 = 15;

/// The rank of columns that make a row recognisable.
const STAYS: u8 = u8::MAX;

/// Who gets the room to spare, step by step, and up to which width.
const GROWTH: [(ColumnId, u16); 13] = [
    // The end of a name counts for more than the sentence behind a finding's id, and both for more than bars.
    (ColumnId::Name, 24),
    (ColumnId::Finding, 24),
    (ColumnId::Stability, 12),
    (ColumnId::Finding, 36),
    (ColumnId::Name, 32),
    (ColumnId::Stability, 16),
    (ColumnId::Finding, 70),
    (ColumnId::CommonName, 32),
    (ColumnId::Reverse, 32),
    (ColumnId::Issuer, 40),
    (ColumnId::Thumbprint, 40),
    (ColumnId::Signature, 24),
    (ColumnId::Finding, u16::MAX),
];

/// A column without looks of its own: `plain!(id, title, letter, least, keep)`.
macro_rules! plain {
    ($id:ident, $title:literal, $letter:literal, $least:literal, $keep:literal) => {
        Column {
            id: ColumnId::$id,
            title: $title,
            letter: $letter,
            least: $least,
            keep: $keep,
            cell: |host, _| said(ColumnId::$id, host),
        }
    };
}

/// Every column, in the order of the screen.
pub(super) static COLUMNS: [Column; ColumnId::ALL.len()] = [
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
        least: 9,
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
        least: 16,
        keep: 32,
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
        keep: 31,
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
        // Its longest word shown is never cut.
        least: 5,
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
        // Its longest word shown is never cut.
        least: 5,
        keep: 30,
        cell: |host, _| {
            let dns = host.diagnosis.dns;
            vec![(dns.word().to_owned(), dns_tone(dns))]
        },
    },
    Column {
        id: ColumnId::Stability,
        title: "STABILITY",
        letter: 'b',
        // The word; its bars take what is to spare.
        least: 9,
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
        // `RDP-DNS-PARTIAL-DEAD` without its beginning, and the sign before it.
        least: 18,
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
    plain!(Stage, "STAGE", 'g', 7, 26),
    plain!(Predicted, "ERROR", 'e', 7, 25),
    plain!(Protocol, "PROTOCOL", 'p', 12, 24),
    plain!(CommonName, "COMMON NAME", 'c', 14, 23),
    plain!(Issuer, "ISSUER", 'i', 16, 22),
    plain!(AlternativeNames, "SANS", 'A', 5, 21),
    plain!(Expires, "EXPIRES", 'x', 10, 20),
    plain!(Thumbprint, "THUMBPRINT", 'u', 12, 19),
    plain!(Key, "KEY", 'y', 9, 18),
    plain!(Signature, "SIGNATURE", 'G', 12, 17),
    plain!(Connect, "CONNECT ms", 'm', 10, 16),
    plain!(Handshake, "TLS ms", 'H', 8, 15),
    plain!(Loss, "LOSS", 'o', 6, 14),
    plain!(Attempts, "ATTEMPTS", 'T', 8, 13),
    plain!(Failures, "FAILURES", 'F', 8, 12),
    plain!(Retransmits, "RETRANSMITS", 'R', 11, 11),
    plain!(FirstSeen, "FIRST SEEN", 'Z', 16, 10),
    plain!(LastSeen, "LAST SEEN", 'z', 16, 9),
    plain!(Forward, "FORWARD", 'w', 15, 8),
    plain!(Reverse, "REVERSE", 'v', 14, 7),
    plain!(Domain, "DOMAIN", 'D', 14, 6),
    plain!(Subnet, "SUBNET", 'N', 18, 5),
    plain!(Build, "BUILD", 'B', 11, 4),
];

/// What a column says, as it is.
fn said(id: ColumnId, host: &Host) -> Vec<(String, Tone)> {
    let mut said = String::new();
    id.say(host, &mut said);
    vec![(text::clean(&said).into_owned(), Tone::Plain)]
}

/// How a column looks.
pub(super) fn look(id: ColumnId) -> &'static Column {
    let [first, ..] = &COLUMNS;
    COLUMNS
        .iter()
        .find(|column| column.id == id)
        .unwrap_or(first)
}

/// The chosen columns that fit into `room` cells with one cell between two, each with its width, in their order.
///
/// A width that the user gave is kept; room to spare goes to the others.
pub(super) fn fit(columns: &Columns, room: u16, longest: Longest) -> Vec<(&'static Column, u16)> {
    let least = |column: &Column| match column.id {
        // On a narrow screen, what makes a row recognisable shares it.
        ColumnId::Address => longest.address.min(room / 2).max(column.least),
        ColumnId::Name if room < NARROW => SHORT_NAME,
        ColumnId::Finding if room < NARROW => SHORT_FINDING,
        ColumnId::Nla => longest.nla.max(column.least),
        ColumnId::Dns => longest.dns.max(column.least),
        _ => column.least,
    };
    let mut chosen: Vec<(&Column, u16)> = columns
        .shown()
        .map(|id| {
            let column = look(id);
            (column, columns.width(id).unwrap_or_else(|| least(column)))
        })
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
        if columns.width(id).is_some() {
            continue;
        }
        if let Some((_, width)) = chosen.iter_mut().find(|(column, _)| column.id == id) {
            let more = spare.min(ample.saturating_sub(*width));
            *width += more;
            spare -= more;
        }
    }
    chosen
}

/// Cells that the longest entry takes, among the hosts shown, of columns that are as wide as that and no wider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Longest {
    /// Of addresses: one that is cut leads to another host, or to another port.
    address: u16,
    /// Of words about NLA.
    nla: u16,
    /// Of verdicts on names.
    dns: u16,
}

impl Longest {
    /// Among these.
    pub(super) fn of<'a>(hosts: impl Iterator<Item = &'a Host>) -> Self {
        let cells = |word: &str| u16::try_from(word.len()).unwrap_or(u16::MAX);
        hosts.fold(Self::default(), |longest, host| Self {
            address: longest.address.max(address_cells(host)),
            nla: match host.diagnosis.nla {
                Nla::Unknown => longest.nla,
                nla => longest.nla.max(cells(nla.word())),
            },
            dns: longest.dns.max(cells(host.diagnosis.dns.word())),
        })
    }
}

/// Cells that a host's address takes, without writing it.
fn address_cells(host: &Host) -> u16 {
    let digits = |number: u16| match number {
        0..10 => 1,
        10..100 => 2,
        100..1000 => 3,
        1000..10_000 => 4,
        _ => 5,
    };
    let Subject::Endpoint(endpoint) = host.subject() else {
        return 10;
    };
    let (cells, brackets) = match endpoint.address {
        IpAddr::V4(address) => {
            let numbers: u16 = address
                .octets()
                .into_iter()
                .map(u16::from)
                .map(digits)
                .sum();
            (numbers + 3, 0)
        }
        // Rare enough to be written.
        IpAddr::V6(address) => {
            let text = address.to_string();
            (u16::try_from(text.len()).unwrap_or(u16::MAX), 2)
        }
    };
    match endpoint.port {
        DEFAULT_PORT => cells,
        port => cells + brackets + 1 + digits(port),
    }
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
    let through: Vec<bool> = endings(&attempts)
        .map(|ending| ending == Ending::Through)
        .collect();
    let drawn = attempts.into_iter().zip(through).skip(older);
    drawn.map(move |(attempt, through)| {
        if through {
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

    /// The longest words there are, with addresses of so many cells.
    const fn words(address: u16) -> Longest {
        Longest {
            address,
            nla: 11,
            dns: 12,
        }
    }

    fn ids(room: u16) -> Vec<ColumnId> {
        fit(&Columns::default(), room, words(15))
            .iter()
            .map(|(column, _)| column.id)
            .collect()
    }

    #[test]
    fn a_wide_screen_has_every_usual_column() {
        assert_eq!(ids(118), ColumnId::USUAL);
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
        assert!(ids(58).contains(&ColumnId::Name));
        assert!(!ids(58).contains(&ColumnId::Days));
        assert!(!ids(58).contains(&ColumnId::Nla));
        assert!(ids(1).contains(&ColumnId::State));
    }

    #[test]
    fn an_address_with_its_port_is_not_cut_and_the_id_of_a_finding_has_room() {
        for (room, longest) in [(78, 15), (78, 21), (118, 15), (118, 21), (118, 47)] {
            let columns = fit(&Columns::default(), room, words(longest));
            let width = |wanted: ColumnId| {
                let found = columns.iter().find(|(column, _)| column.id == wanted);
                found.map_or(0, |(_, width)| *width)
            };
            assert!(width(ColumnId::Address) >= longest, "{room}");
            assert!(width(ColumnId::Finding) >= 18, "{room}, {longest}");
            assert!(width(ColumnId::Name) >= 16, "{room}, {longest}");
        }
    }

    #[test]
    fn at_120_columns_a_name_has_24_cells_and_no_word_is_cut() {
        let columns = fit(&Columns::default(), 118, words(11));
        let width = |wanted: ColumnId| {
            let found = columns.iter().find(|(column, _)| column.id == wanted);
            found.map_or(0, |(_, width)| *width)
        };
        assert_eq!(columns.len(), ColumnId::USUAL.len());
        assert!(width(ColumnId::Name) >= 24);
        assert_eq!(width(ColumnId::Nla), 11);
        assert_eq!(width(ColumnId::Dns), 12);
    }

    #[test]
    fn widths_keep_to_the_room() {
        for room in 29..300 {
            let columns = fit(&Columns::default(), room, words(15));
            let gaps = u16::try_from(columns.len() - 1).unwrap();
            assert!(columns.iter().map(|(_, width)| width).sum::<u16>() + gaps <= room);
        }
    }

    #[test]
    fn every_column_has_its_looks() {
        for id in ColumnId::ALL {
            assert_eq!(look(id).id, id);
        }
    }

    #[test]
    fn chosen_columns_leave_one_by_one() {
        let columns = Columns::of(&ColumnId::ALL);
        let mut before = fit(&columns, 600, words(15)).len();
        for room in (1..600).rev() {
            let now = fit(&columns, room, words(15)).len();
            assert!(before - now <= 1, "{before} to {now} at {room}");
            before = now;
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
