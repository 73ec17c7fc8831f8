//! How a kept scan is named: `@last`, `@prev`, the day of its start, its id, or the beginning of its id.

use derive_more::Display;
use jiff::civil::Date;

/// The shortest beginning of an id: a year.
const SHORTEST: usize = 4;

#[derive(Debug, Clone, PartialEq, Eq, Display)]
pub enum Reference {
    /// The newest scan.
    #[display("@last")]
    Last,
    /// The newest scan before it of the same targets.
    #[display("@prev")]
    Previous,
    /// The newest scan that began on this day, UTC.
    #[display("@{_0}")]
    Day(Date),
    /// The only scan whose id begins with this.
    Prefix(String),
    /// A sweep of a watched scan, by its number.
    #[display("{_0}/{_1}")]
    Epoch(Box<Self>, u32),
}

impl Reference {
    /// `None` for what can only be the name of a file.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((scan, epoch)) = text.split_once('/') {
            let number: u32 = epoch.parse().ok()?;
            let is_plain = number > 0 && number.to_string() == epoch;
            let scan = Self::parse(scan).filter(|_| is_plain)?;
            return Some(Self::Epoch(Box::new(scan), number));
        }
        match text.strip_prefix('@') {
            Some("last") => Some(Self::Last),
            Some("prev") => Some(Self::Previous),
            Some(day) => day.parse().ok().map(Self::Day),
            None => {
                let is_of_id = |c: char| matches!(c, '0'..='9' | 'a'..='f' | 'T' | 'Z' | '-');
                let begins = text.chars().take(SHORTEST).filter(char::is_ascii_digit);
                (begins.count() == SHORTEST && text.chars().all(is_of_id))
                    .then(|| Self::Prefix(text.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_a_file_or_a_reference_with_one_form(text in "(@|last|prev|2026|-|/|[0-9a-fTZ]|\\PC){0,10}") {
            if let Some(reference) = Reference::parse(&text) {
                prop_assert_eq!(Reference::parse(&reference.to_string()), Some(reference));
            }
        }
    }

    #[test]
    fn references_are_told_from_files() {
        for text in [
            "@last",
            "@prev",
            "@2026-11-20",
            "2026",
            "20261128T21",
            "20261128T210114Z-a64c30c9",
            "20261128T210114Z-a64c30c9/7",
            "@last/12",
        ] {
            let reference = Reference::parse(text).unwrap();
            assert_eq!(reference.to_string(), text);
        }
        for file in [
            "",
            "@",
            "@first",
            "@2026-13-40",
            "202",
            "scan.json",
            "2026.json",
            "2026/scan",
            "2026/0",
            "2026/07",
            "2026/7/1",
            "@last/",
            "scan/7",
            "20261128T210114Z-a64c30c9.ndjson",
            "abcdef",
        ] {
            assert_eq!(Reference::parse(file), None, "{file}");
        }
    }
}
