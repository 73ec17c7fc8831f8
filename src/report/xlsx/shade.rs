//! Colours by rule, so that they follow a cell when somebody edits or sorts it.
//!
//! Only columns whose words are this program's own have rules: a machine may well be called `broken`. A colour repeats what
//! the cell says and is never the only one to say it.

use jiff::Timestamp;
use rust_xlsxwriter::utility::column_number_to_name;
use rust_xlsxwriter::{
    Color, ConditionalFormatCell, ConditionalFormatCellRule, ConditionalFormatFormula, Format,
    Worksheet, XlsxError,
};

use crate::diagnosis::Policy;
use crate::model::{CertificateStatus, HostState, Severity, StabilityVerdict};

/// Seconds in a day.
const DAY_S: f64 = 86_400.0;
/// The day 1970-01-01 as Excel counts days.
const EPOCH: f64 = 25_569.0;

/// How a colour is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Good,
    Notice,
    Warn,
    Bad,
}

impl Tone {
    fn format(self) -> Format {
        let (ink, ground) = match self {
            Self::Good => (0x0B_5D_1E, 0xE3_F4_E6),
            Self::Notice => (0x0B_4A_6F, 0xE2_F0_F9),
            Self::Warn => (0x7A_4B_00, 0xFF_F1_D6),
            Self::Bad => (0x8B_00_00, 0xFB_E3_E3),
        };
        Format::new()
            .set_font_color(Color::RGB(ink))
            .set_background_color(Color::RGB(ground))
    }
}

/// As of when, and from how many days on, an end is near.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    evaluated_at: Option<Timestamp>,
    expiring_days: u32,
}

impl Limits {
    pub(super) const fn new(evaluated_at: Option<Timestamp>, policy: &Policy) -> Self {
        Self {
            evaluated_at,
            expiring_days: policy.expiring_days,
        }
    }
}

/// What a column holds that has a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    State,
    Severity,
    Certificate,
    Stability,
    /// Days until a certificate ends.
    Days,
    /// When it ends.
    End,
}

impl Kind {
    /// By the column's heading, which is this program's own.
    fn of(heading: &str) -> Option<Self> {
        match heading {
            "state" => Some(Self::State),
            "severity" => Some(Self::Severity),
            "certificate" => Some(Self::Certificate),
            "stability" => Some(Self::Stability),
            "days left" => Some(Self::Days),
            "not after (UTC)" => Some(Self::End),
            _ => None,
        }
    }

    /// Words and their tones.
    fn words(self) -> Vec<(&'static str, Tone)> {
        fn toned<T: Copy>(
            all: &[T],
            word: fn(T) -> &'static str,
            tone: fn(T) -> Option<Tone>,
        ) -> Vec<(&'static str, Tone)> {
            let toned = all.iter().map(|value| Some((word(*value), tone(*value)?)));
            toned.flatten().collect()
        }
        match self {
            Self::State => toned(HostState::ALL, HostState::word, of_state),
            Self::Severity => toned(&Severity::ALL, Severity::word, of_severity),
            Self::Certificate => toned(
                CertificateStatus::ALL,
                CertificateStatus::word,
                of_certificate,
            ),
            Self::Stability => toned(StabilityVerdict::ALL, StabilityVerdict::word, of_stability),
            Self::Days | Self::End => Vec::new(),
        }
    }
}

const fn of_state(state: HostState) -> Option<Tone> {
    match state {
        HostState::Broken => Some(Tone::Bad),
        HostState::Degraded => Some(Tone::Warn),
        HostState::Healthy => Some(Tone::Good),
        HostState::Skipped | HostState::NotRdp | HostState::Unreachable => Some(Tone::Notice),
        HostState::Filtered | HostState::Closed | HostState::NotProbed => None,
    }
}

const fn of_severity(severity: Severity) -> Option<Tone> {
    match severity {
        Severity::Critical | Severity::High => Some(Tone::Bad),
        Severity::Medium => Some(Tone::Warn),
        Severity::Low => Some(Tone::Notice),
        Severity::Info => None,
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "a tone per value, like the others"
)]
const fn of_certificate(status: CertificateStatus) -> Option<Tone> {
    match status {
        CertificateStatus::Expired | CertificateStatus::Unparsable => Some(Tone::Bad),
        CertificateStatus::NotYetValid | CertificateStatus::Expiring => Some(Tone::Warn),
        CertificateStatus::Valid => Some(Tone::Good),
    }
}

const fn of_stability(verdict: StabilityVerdict) -> Option<Tone> {
    match verdict {
        StabilityVerdict::Down => Some(Tone::Bad),
        StabilityVerdict::Flaky => Some(Tone::Warn),
        StabilityVerdict::Steady => Some(Tone::Good),
        StabilityVerdict::Unknown => None,
    }
}

/// Gives the cells below a heading, down to row `last`, the rules of their kind; none where the heading has none.
pub(super) fn shade(
    sheet: &mut Worksheet,
    heading: &str,
    column: u16,
    last: u32,
    limits: Limits,
) -> Result<(), XlsxError> {
    let Some(kind) = Kind::of(heading) else {
        return Ok(());
    };
    for (word, tone) in kind.words() {
        let rule = ConditionalFormatCell::new()
            .set_rule(ConditionalFormatCellRule::EqualTo(word))
            .set_format(tone.format());
        sheet.add_conditional_format(1, column, last, column, &rule)?;
    }
    let days = f64::from(limits.expiring_days) + 1.0;
    let from = match (kind, limits.evaluated_at) {
        (Kind::Days, _) => 0.0,
        (Kind::End, Some(now)) => now.as_second() as f64 / DAY_S + EPOCH,
        _ => return Ok(()),
    };
    // An empty cell counts as 0 in a comparison, and a date that Excel does not know is a text.
    let cell = format!("{}2", column_number_to_name(column));
    let over = format!("AND(ISNUMBER({cell}),{cell}<{from})");
    let near = format!(
        "AND(ISNUMBER({cell}),{cell}>={from},{cell}<{})",
        from + days
    );
    for (formula, tone) in [(over, Tone::Bad), (near, Tone::Warn)] {
        let rule = ConditionalFormatFormula::new()
            .set_rule(formula.as_str())
            .set_format(tone.format());
        sheet.add_conditional_format(1, column, last, column, &rule)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bad_has_another_colour_than_what_is_good() {
        assert_ne!(Tone::Bad.format(), Tone::Good.format());
        let tone = |kind: Kind, word: &str| {
            let words = kind.words();
            words
                .into_iter()
                .find(|(own, _)| *own == word)
                .map(|(_, tone)| tone)
        };
        assert_eq!(tone(Kind::State, "broken"), Some(Tone::Bad));
        assert_eq!(tone(Kind::State, "healthy"), Some(Tone::Good));
        assert_eq!(tone(Kind::Severity, "info"), None);
        assert_eq!(tone(Kind::Certificate, "expired"), Some(Tone::Bad));
        assert_eq!(tone(Kind::Stability, "flaky"), Some(Tone::Warn));
    }

    #[test]
    fn columns_with_words_of_others_have_no_colour() {
        for heading in [
            "host",
            "name",
            "all names",
            "subject",
            "evidence",
            "common name",
            "finding",
        ] {
            assert_eq!(Kind::of(heading), None);
        }
    }
}
