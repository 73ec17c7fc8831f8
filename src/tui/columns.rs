//! Cells of the screen: signs, colours and bars. Their widths are in [`super::fitting`].

use std::borrow::Cow;

use super::text;
use super::theme::{Theme, Tone};
use crate::diagnosis::{Ending, catalog, endings};
use crate::fleet::Host;
use crate::model::{
    CertificateStatus, DnsVerdict, History, Nla, Severity, StabilityVerdict, TlsVersion,
};
use crate::table::{Field, Weight};

/// A cell in pieces, each with its tone.
pub(super) type Pieces = Vec<(String, Tone)>;

/// Bars of attempts, at most.
const BARS: usize = 8;
/// Cells of a verdict on stability, before the bars.
const VERDICT: usize = 7;
/// From this width on, the finding's id has room beside the sentence.
const WITH_ID: usize = 72;
/// Cells of the longest id, and of the gap before it.
const ID: usize = 27;

/// The tone of a word.
pub(super) fn tone(word: impl Into<Weight>) -> Tone {
    word.into().into()
}

/// What a column of so many cells shows of a host. Its history is asked for only by cells that are read from it.
pub(super) fn cell<'a>(
    field: Field,
    cells: u16,
    host: &'a Host,
    history: impl FnOnce() -> &'a History,
    theme: Theme,
) -> Pieces {
    let diagnosis = &host.diagnosis;
    let cells = usize::from(cells);
    let its_tone = match field {
        Field::State => {
            let (glyph, tone) = theme.state(diagnosis.state);
            return vec![(format!("{glyph} {}", diagnosis.state), tone)];
        }
        Field::DaysLeft => return days_left(host, theme),
        Field::Stability => return stability(host, cells, history, theme),
        Field::Finding => return finding(host, cells, theme),
        Field::Nla => return nla(diagnosis.nla, cells),
        Field::Dns if diagnosis.dns == DnsVerdict::NotChecked => return Vec::new(),
        Field::Dns => tone(diagnosis.dns),
        Field::Address if host.key().endpoint().is_none() => Tone::Dim,
        Field::Tls => match host.tls() {
            Some((_, version)) if version.is_none_or(|one| one < TlsVersion::TLS_1_2) => Tone::Warn,
            _ => Tone::Plain,
        },
        _ => Tone::Plain,
    };
    let text = field.text_with(host, history);
    vec![(text::clean(&text).into_owned(), its_tone)]
}

/// The word for NLA where its column has no room for the whole one.
pub(super) const fn short_nla(nla: Nla) -> &'static str {
    match nla {
        Nla::Required => "req",
        Nla::Offered => "yes",
        Nla::NotOffered => "no",
        Nla::Unknown => "",
    }
}

fn nla(nla: Nla, cells: usize) -> Pieces {
    let word = match nla {
        Nla::Unknown => return Vec::new(),
        _ if cells < nla.word().len() => short_nla(nla),
        _ => nla.word(),
    };
    let tone = match nla {
        Nla::NotOffered => Tone::Notice,
        _ => Tone::Plain,
    };
    vec![(word.to_owned(), tone)]
}

/// The sentence of the worst finding, or its short title where that does not fit, and how many others there are that are not only for information.
fn finding(host: &Host, cells: usize, theme: Theme) -> Pieces {
    let diagnosis = &host.diagnosis;
    let Some(shown) = diagnosis.first_shown() else {
        let text = if host.complete() { "" } else { "checking" };
        return vec![(text.to_owned(), Tone::Dim)];
    };
    let (letter, tone, text_tone) = Theme::finding(shown);
    let others = diagnosis.open_findings();
    let others = others.filter(|one| one.severity > Severity::Info && !std::ptr::eq(*one, shown));
    let more = match others.count() {
        0 => String::new(),
        count => format!(" +{count}"),
    };
    let behind = if cells >= WITH_ID { ID } else { 0 };
    let room = cells.saturating_sub(2 + more.len() + behind);
    let sentence = match &shown.acknowledged {
        Some(known) => format!("{}: {}", known.word(), shown.title).into(),
        None => headline(&shown.title),
    };
    let short = catalog::kind(shown.id).map(|kind| kind.short.as_str());
    let short = short.filter(|_| text::width(&sentence) > room && shown.acknowledged.is_none());
    let title = theme.cut(&text::clean(short.unwrap_or(&sentence)), room);
    let gap = cells.saturating_sub(2 + text::width(&title) + more.len() + ID);
    let mut pieces = vec![
        (format!("{letter} "), tone),
        (title, text_tone),
        (more, Tone::Notice),
    ];
    if behind > 0 {
        let gap = " ".repeat(gap + 2);
        pieces.push((format!("{gap}{}", text::clean(shown.id)), Tone::Dim));
    }
    pieces
}

/// A title without its article, which costs room and says nothing.
pub(super) fn headline(title: &str) -> Cow<'_, str> {
    let rest = title.strip_prefix("The ");
    let mut letters = rest.unwrap_or_default().chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => title.into(),
    }
}

/// The verdict; with room for them, a bar for each of the newest attempts.
fn stability<'a>(
    host: &Host,
    cells: usize,
    history: impl FnOnce() -> &'a History,
    theme: Theme,
) -> Pieces {
    let verdict = host.diagnosis.stability.verdict;
    let word = match verdict {
        StabilityVerdict::Unknown => "",
        verdict => verdict.word(),
    };
    let mut pieces = vec![(format!("{word:<VERDICT$} "), tone(verdict))];
    if cells > VERDICT + BARS {
        pieces.extend(bars(history(), theme));
    }
    pieces
}

/// A bar for each of the newest attempts, its height by the duration, a cross for a failure.
///
/// The scale is the same for every host (each step is a factor of about three, from 1 ms to 3 s), so that rows compare.
fn bars(history: &History, theme: Theme) -> impl Iterator<Item = (String, Tone)> {
    let attempts = &history.attempts;
    let older = attempts.len().saturating_sub(BARS);
    let drawn = attempts.iter().zip(endings(attempts)).skip(older);
    drawn.map(move |(attempt, ending)| {
        if ending == Ending::Through {
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

/// Below 0 the certificate has expired; one that is not valid yet shows the days until it is.
fn days_left(host: &Host, theme: Theme) -> Pieces {
    let days = host.diagnosis.days_left;
    let number = days.map_or_else(String::new, |days| days.to_string());
    vec![match host.diagnosis.certificate_status {
        None => return Vec::new(),
        Some(CertificateStatus::Expired) => (number, Tone::Bad),
        Some(CertificateStatus::Expiring) => (format!("{number}{}", theme.soon()), Tone::Warn),
        Some(CertificateStatus::Valid) => (number, Tone::Plain),
        Some(CertificateStatus::NotYetValid) => {
            let starts = days.and_then(|left| Some((left - validity_days(host)?).max(0)));
            let starts = starts.map_or_else(|| "later".to_owned(), |days| format!("in {days}"));
            (starts, Tone::Warn)
        }
        Some(CertificateStatus::Unparsable) => ("?".to_owned(), Tone::Bad),
    }]
}

/// Whole days from the beginning of the certificate's validity to its end.
fn validity_days(host: &Host) -> Option<i64> {
    let leaf = host.certificate()?;
    let seconds = leaf.not_after?.as_second() - leaf.not_before?.as_second();
    Some(seconds.div_euclid(86_400))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{attempt, times};

    fn host() -> Host {
        let made = times(3, || attempt().through());
        Host::new(&made.history, made.diagnose())
    }

    fn shown(field: Field, cells: u16, host: &Host) -> String {
        let history = host.history();
        let pieces = cell(field, cells, host, || &history, Theme::default());
        pieces.into_iter().map(|(piece, _)| piece).collect()
    }

    #[test]
    fn expired_expiring_and_not_yet_valid_differ_without_colours() {
        let mut host = host();
        let leaf = host.certificate().unwrap().clone();
        let validity = validity_days(&host).unwrap();
        assert!(leaf.not_before.is_some() && validity > 0);
        let mut days = |status, days| {
            host.diagnosis.certificate_status = Some(status);
            host.diagnosis.days_left = Some(days);
            shown(Field::DaysLeft, 6, &host)
        };
        assert_eq!(days(CertificateStatus::Expired, -21), "-21");
        assert_eq!(days(CertificateStatus::Expiring, 11), "11▼");
        assert_eq!(days(CertificateStatus::Valid, 364), "364");
        let starts = days(CertificateStatus::NotYetValid, validity + 12);
        assert_eq!(starts, "in 12");
        assert_eq!(days(CertificateStatus::Unparsable, 0), "?");
    }

    #[test]
    fn a_finding_is_its_sentence_with_the_number_of_others_and_its_id_where_there_is_room() {
        let mut host = host();
        let mut worst = host.diagnosis.findings.first().unwrap().clone();
        worst.severity = Severity::High;
        worst.title = "The certificate expired 21 days ago".into();
        worst.id = "RDP-CERT-EXPIRED";
        host.diagnosis.findings = vec![worst.clone(), worst.clone()];
        assert_eq!(
            shown(Field::Finding, 40, &host),
            "H Certificate expired 21 days ago +1"
        );
        assert_eq!(shown(Field::Finding, 24, &host), "H Certificate expired +1");
        assert_eq!(shown(Field::Finding, 20, &host), "H Certificate ex… +1");
        let wide = shown(Field::Finding, 80, &host);
        assert!(wide.ends_with("  RDP-CERT-EXPIRED"), "{wide}");
        assert!(text::width(&wide) <= 80);
        worst.severity = Severity::Info;
        host.diagnosis.findings = vec![worst.clone(), worst];
        assert_eq!(
            shown(Field::Finding, 40, &host),
            "i Certificate expired 21 days ago"
        );
    }

    #[test]
    fn what_is_unknown_is_blank() {
        let mut host = host();
        host.diagnosis.dns = DnsVerdict::NotChecked;
        host.diagnosis.nla = Nla::Unknown;
        host.diagnosis.stability.verdict = StabilityVerdict::Unknown;
        for field in [Field::Dns, Field::Nla, Field::Stability] {
            assert_eq!(shown(field, 12, &host).trim(), "");
        }
    }

    #[test]
    fn short_titles_are_short_and_all_different() {
        let mut seen = std::collections::HashSet::new();
        for kind in catalog::kinds() {
            assert!(text::width(&kind.short) <= 20, "{}", kind.id);
            assert!(seen.insert(&kind.short), "{}", kind.id);
        }
    }

    #[test]
    fn the_longest_id_has_room() {
        let longest = catalog::kinds().map(|kind| kind.id.len());
        assert!(longest.max().unwrap() + 2 <= ID);
    }
}
