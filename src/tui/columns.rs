//! Cells of the screen: colours, signs and bars. Their widths are in [`super::fitting`].

use super::text;
use super::theme::{Theme, Tone};
use crate::diagnosis::{Ending, endings};
use crate::fleet::Host;
use crate::model::{CertificateStatus, DnsVerdict, Nla, StabilityVerdict, TlsVersion};
use crate::table::{Field, Weight};

/// A cell in pieces, each with its tone.
pub(super) type Pieces = Vec<(String, Tone)>;

/// The rank of columns that make a row recognisable: they are never dropped.
pub(super) const STAYS: u8 = u8::MAX;
/// The rank of names.
pub(super) const NAMES: u8 = 252;

/// The tone of a word.
pub(super) fn tone(word: impl Into<Weight>) -> Tone {
    word.into().into()
}

/// Columns with a lower rank are dropped first. Those that the user chose go after the verdicts with short words, the last
/// declared first, and before DNS, days and names.
pub(super) fn rank(field: Field) -> u8 {
    match field {
        Field::State | Field::Address => STAYS,
        Field::Finding => 254,
        Field::Name => NAMES,
        Field::DaysLeft => 251,
        Field::Dns => 250,
        Field::Stability => 3,
        Field::Tls => 2,
        Field::Nla => 1,
        chosen => {
            let place = u8::try_from(chosen as usize).unwrap_or(u8::MAX);
            240_u8.saturating_sub(place)
        }
    }
}

/// What a column shows of a host.
pub(super) fn cell(field: Field, host: &Host, theme: Theme) -> Pieces {
    let diagnosis = &host.diagnosis;
    let its_tone = match field {
        Field::State => {
            let (glyph, tone) = theme.state(diagnosis.state);
            return vec![(format!("{glyph} {}", diagnosis.state), tone)];
        }
        Field::DaysLeft => return days_left(host, theme),
        Field::Stability => {
            let verdict = diagnosis.stability.verdict;
            let mut cell = vec![(format!("{:<8}", verdict.word()), tone(verdict))];
            cell.extend(sparkline(host, theme));
            return cell;
        }
        Field::Finding => return finding(host, theme),
        Field::Address if host.key().endpoint().is_none() => Tone::Dim,
        Field::Tls => match host.tls() {
            Some((_, version)) if version.is_none_or(|one| one < TlsVersion::TLS_1_2) => Tone::Warn,
            _ => Tone::Plain,
        },
        Field::Nla if diagnosis.nla == Nla::NotOffered => Tone::Notice,
        Field::Dns => tone(diagnosis.dns),
        _ => Tone::Plain,
    };
    vec![(text::clean(&field.text(host)).into_owned(), its_tone)]
}

/// Whether a column can show signs in place of the words that call for nothing, where names and findings need the room.
pub(super) const fn can_be_brief(field: Field) -> bool {
    matches!(field, Field::Nla | Field::Dns | Field::Stability)
}

/// What it shows then.
pub(super) fn brief(field: Field, host: &Host, theme: Theme) -> Pieces {
    let diagnosis = &host.diagnosis;
    let (fine, nothing) = (theme.fine(), theme.nothing());
    let (text, tone) = match field {
        Field::Nla => match diagnosis.nla {
            Nla::Unknown => return Vec::new(),
            Nla::NotOffered => (theme.cross(), Tone::Notice),
            Nla::Required | Nla::Offered => (fine, Tone::Dim),
        },
        Field::Dns => match diagnosis.dns {
            DnsVerdict::Match => (fine, Tone::Dim),
            DnsVerdict::NotChecked => (nothing, Tone::Dim),
            dns => (dns.word(), tone(dns)),
        },
        Field::Stability => match diagnosis.stability.verdict {
            StabilityVerdict::Steady => (fine, Tone::Dim),
            StabilityVerdict::Unknown => (nothing, Tone::Dim),
            verdict => (verdict.word(), tone(verdict)),
        },
        _ => return cell(field, host, theme),
    };
    vec![(text.to_owned(), tone)]
}

fn finding(host: &Host, theme: Theme) -> Pieces {
    match host.diagnosis.findings.first() {
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
    }
}

/// A bar for each of the newest eight attempts, its height by the duration, a cross for a failure.
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

fn days_left(host: &Host, theme: Theme) -> Pieces {
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
    fn columns_are_dropped_one_by_one() {
        let mut ranks: Vec<_> = Field::ALL.map(rank).into();
        ranks.retain(|rank| *rank != STAYS);
        ranks.sort_unstable();
        ranks.dedup();
        assert_eq!(ranks.len(), Field::ALL.len() - 2);
    }
}
