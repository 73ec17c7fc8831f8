//! What every sign of the table means. The signs are those that the table draws with.

use super::columns;
use super::theme::{Theme, Tone};
use crate::diagnosis::handbook::handbook;
use crate::model::{HostState, Nla, Severity};
use crate::table::{Field, FieldKind};

/// A sign as it is drawn, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Explained {
    pub(super) sign: String,
    pub(super) tone: Tone,
    pub(super) meaning: String,
}

/// The signs of one place, under its name.
pub(super) type Section = (&'static str, Vec<Explained>);

pub(super) fn sections(theme: Theme) -> Vec<Section> {
    let states = HostState::ALL.iter();
    vec![
        ("State", states.map(|one| state(*one, theme)).collect()),
        ("Severity of a finding", Severity::ALL.map(severity).into()),
        (
            "Finding",
            vec![
                explained(
                    "+2",
                    Tone::Notice,
                    "further findings; those for information are not counted",
                ),
                explained(
                    Theme::ACKNOWLEDGED,
                    Tone::Dim,
                    "a finding that is acknowledged or ignored, and does not count",
                ),
            ],
        ),
        ("Days left", days_left(theme)),
        ("TLS", tls()),
        (
            "NLA, where the column is narrow",
            [Nla::Required, Nla::Offered, Nla::NotOffered]
                .map(nla)
                .into(),
        ),
        ("Stability", stability(theme)),
        ("Rows and headings", rows(theme)),
    ]
}

fn days_left(theme: Theme) -> Vec<Explained> {
    let soon = format!("11{}", theme.soon());
    vec![
        explained("-21", Tone::Bad, "the certificate expired 21 days ago"),
        explained(soon, Tone::Warn, "it expires in 11 days, which is soon"),
        explained("364", Tone::Plain, "it expires in 364 days"),
        explained("in 12", Tone::Warn, "it is not valid yet, but in 12 days"),
        explained(
            "?",
            Tone::Bad,
            "it, or under TLS the version, could not be read",
        ),
    ]
}

fn tls() -> Vec<Explained> {
    let legacy = "read by a legacy hello only: a modern client may not connect";
    vec![
        explained("1.2", Tone::Plain, "the TLS version"),
        explained("1.2*", Tone::Plain, legacy),
        explained("fail", Tone::Plain, "no TLS handshake succeeded"),
    ]
}

fn nla(nla: Nla) -> Explained {
    let meaning = format!("{}: {}", nla, meaning(Field::Nla, nla.word()));
    explained(columns::short_nla(nla), Tone::Plain, meaning)
}

fn stability(theme: Theme) -> Vec<Explained> {
    let bars = [0, 3, 7].map(|level| theme.spark(level)).concat();
    let scale = "an attempt each, newest last, taller for slower: 1 ms to 3 s";
    vec![
        explained(bars, Tone::Plain, scale),
        explained(theme.cross(), Tone::Bad, "an attempt that failed"),
    ]
}

fn rows(theme: Theme) -> Vec<Explained> {
    [
        (theme.cursor(), Tone::Plain, "the row under the cursor"),
        (theme.mark(), Tone::Accent, "a marked host"),
        (
            theme.partly(),
            Tone::Accent,
            "a group of which some hosts are marked",
        ),
        (theme.fold(true), Tone::Strong, "a closed group"),
        (theme.fold(false), Tone::Strong, "an open group"),
        (
            theme.order(false),
            Tone::Accent,
            "the column that sorts the rows",
        ),
        (
            theme.order(true),
            Tone::Accent,
            "the same, in the inverted order",
        ),
        (theme.ellipsis(), Tone::Dim, "text that is cut"),
        ("!", Tone::Warn, "a problem of the scan, above the tabs"),
    ]
    .map(|(sign, tone, meaning)| explained(sign, tone, meaning))
    .into()
}

fn explained(sign: impl Into<String>, tone: Tone, meaning: impl Into<String>) -> Explained {
    Explained {
        sign: sign.into(),
        tone,
        meaning: meaning.into(),
    }
}

fn state(state: HostState, theme: Theme) -> Explained {
    let (glyph, tone) = theme.state(state);
    explained(
        format!("{glyph} {state}"),
        tone,
        meaning(Field::State, state.word()),
    )
}

fn severity(severity: Severity) -> Explained {
    let (letter, tone) = Theme::severity(severity);
    let entry = handbook().entry(severity.word());
    let meaning = entry.and_then(|entry| entry.title.split_once(": "));
    let meaning = meaning.map_or("", |(_, meaning)| meaning);
    explained(format!("{letter} {severity}"), tone, meaning)
}

/// What a word of a field means.
fn meaning(field: Field, word: &str) -> &'static str {
    let FieldKind::Words(known) = field.spec().kind else {
        return "";
    };
    let found = known().into_iter().find(|known| known.word == word);
    found.map_or("", |known| known.meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sign_has_one_meaning() {
        for ascii in [false, true] {
            let theme = Theme {
                ascii,
                ..Theme::default()
            };
            let all = sections(theme).into_iter().flat_map(|(_, signs)| signs);
            // A sign in front of its word stands for itself; a number is none.
            let mut signs: Vec<String> = all
                .filter_map(|one| {
                    let sign = one.sign.split(' ').next()?;
                    Some(sign.trim_matches(|c: char| c.is_ascii_digit()).to_owned())
                })
                .filter(|sign| !sign.is_empty() && sign != "-" && sign != ".")
                .collect();
            signs.sort_unstable();
            let before = signs.clone();
            signs.dedup();
            assert_eq!(signs, before, "ascii: {ascii}");
        }
    }

    #[test]
    fn every_sign_is_explained() {
        for (section, signs) in sections(Theme::default()) {
            for one in signs {
                assert!(!one.meaning.is_empty(), "{section}: {}", one.sign);
            }
        }
    }

    #[test]
    fn in_ascii_every_sign_is() {
        let theme = Theme {
            ascii: true,
            ..Theme::default()
        };
        for (_, signs) in sections(theme) {
            assert!(signs.iter().all(|one| one.sign.is_ascii()), "{signs:?}");
        }
    }
}
