//! The columns of the screen and how they look. How wide they are is the business of [`super::fitting`].

use super::text;
use super::theme::{Theme, Tone};
use crate::diagnosis::{Ending, endings};
use crate::fleet::Host;
use crate::model::{CertificateStatus, DnsVerdict, HostKey, Nla, StabilityVerdict, TlsVersion};
use crate::table::ColumnId;

/// What a column shows of a host, in pieces.
type Cell = fn(&Host, Theme) -> Vec<(String, Tone)>;

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
    pub(super) cell: Cell,
    /// The same where names and findings need the room: signs in place of the words that call for nothing.
    pub(super) brief: Option<Cell>,
}

/// The rank of columns that make a row recognisable.
pub(super) const STAYS: u8 = u8::MAX;
/// The rank of names.
pub(super) const NAMES: u8 = 32;

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
            brief: None,
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
        brief: None,
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
            let tone = match host.key() {
                HostKey::Endpoint(_) => Tone::Plain,
                HostKey::Unresolved { .. } => Tone::Dim,
            };
            vec![(text, tone)]
        },
        brief: None,
    },
    Column {
        id: ColumnId::Name,
        title: "NAME",
        letter: 'n',
        least: 16,
        keep: NAMES,
        cell: |host, _| {
            let name = host.display_name().map(text::clean).unwrap_or_default();
            vec![(name.into_owned(), Tone::Plain)]
        },
        brief: None,
    },
    Column {
        id: ColumnId::Days,
        title: "DAYS",
        letter: 'd',
        least: 4,
        keep: 31,
        cell: days_cell,
        brief: None,
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
        brief: None,
    },
    Column {
        id: ColumnId::Nla,
        title: "NLA",
        letter: 'l',
        // Its longest word shown is never cut.
        least: 3,
        keep: 1,
        cell: |host, _| match host.diagnosis.nla {
            Nla::Unknown => Vec::new(),
            nla @ Nla::NotOffered => vec![(nla.word().to_owned(), Tone::Notice)],
            nla @ (Nla::Required | Nla::Offered) => vec![(nla.word().to_owned(), Tone::Plain)],
        },
        brief: Some(|host, theme| match host.diagnosis.nla {
            Nla::Unknown => Vec::new(),
            Nla::NotOffered => vec![(theme.cross().to_owned(), Tone::Notice)],
            Nla::Required | Nla::Offered => vec![(theme.fine().to_owned(), Tone::Dim)],
        }),
    },
    Column {
        id: ColumnId::Dns,
        title: "DNS",
        letter: 'r',
        // Its longest word shown is never cut.
        least: 3,
        keep: 30,
        cell: |host, _| {
            let dns = host.diagnosis.dns;
            vec![(dns.word().to_owned(), dns_tone(dns))]
        },
        brief: Some(|host, theme| {
            vec![match host.diagnosis.dns {
                DnsVerdict::Match => (theme.fine().to_owned(), Tone::Dim),
                DnsVerdict::NotChecked => (theme.nothing().to_owned(), Tone::Dim),
                dns => (dns.word().to_owned(), dns_tone(dns)),
            }]
        }),
    },
    Column {
        id: ColumnId::Stability,
        title: "STABILITY",
        letter: 'b',
        // Its short heading; the bars behind its words take what is to spare.
        least: 4,
        keep: 3,
        cell: |host, theme| {
            let verdict = host.diagnosis.stability.verdict;
            let mut cell = vec![(format!("{:<8}", verdict.word()), stability_tone(verdict))];
            cell.extend(sparkline(host, theme));
            cell
        },
        brief: Some(|host, theme| {
            vec![match host.diagnosis.stability.verdict {
                StabilityVerdict::Steady => (theme.fine().to_owned(), Tone::Dim),
                StabilityVerdict::Unknown => (theme.nothing().to_owned(), Tone::Dim),
                verdict => (verdict.word().to_owned(), stability_tone(verdict)),
            }]
        }),
    },
    Column {
        id: ColumnId::Finding,
        title: "FINDING",
        letter: 'f',
        // What is left on the narrowest screens: the beginning of an id.
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
        brief: None,
    },
    plain!(Stage, "STAGE", 'g', 7, 27),
    plain!(Predicted, "PREDICTED", 'e', 11, 26),
    plain!(Protocol, "PROTOCOL", 'p', 12, 25),
    plain!(Features, "FEATURES", 'E', 20, 24),
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

/// The tone of a DNS verdict.
pub(super) const fn dns_tone(dns: DnsVerdict) -> Tone {
    match dns {
        DnsVerdict::WrongHost | DnsVerdict::Stale | DnsVerdict::Missing | DnsVerdict::AliasLoop => {
            Tone::Bad
        }
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

    #[test]
    fn every_column_has_its_looks() {
        for id in ColumnId::ALL {
            assert_eq!(look(id).id, id);
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
