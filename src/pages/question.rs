//! The code that a user was shown, held against what a scan saw.

use super::layout::Item;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::handbook::{Entry, Kind, handbook};
use crate::sanitize::single_line;

/// Causes that were not seen, of which so many are listed.
const MOST_CAUSES: usize = 5;

/// A code with its extended reason.
#[derive(Debug, Clone)]
pub struct Question {
    code: &'static Entry,
    extended: Option<&'static Entry>,
}

/// Words that are no code of the handbook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no disconnect code: write it as the client shows it, as in 0x904 0x7")]
pub struct NoCode(String);

impl Question {
    /// The code in these words; `None` for no words.
    ///
    /// # Errors
    /// When the handbook has no code that is written so.
    pub fn read(words: &[String]) -> Result<Option<Self>, NoCode> {
        if words.is_empty() {
            return Ok(None);
        }
        let text = words.join(" ");
        let answer = handbook().look_up(&text);
        let entries = answer.map_or_else(Vec::new, |answer| answer.entries);
        match entries.as_slice() {
            [code, others @ ..] if code.kind == Kind::Code => Ok(Some(Self {
                code,
                extended: others
                    .iter()
                    .copied()
                    .find(|entry| entry.kind == Kind::Extended),
            })),
            _ => Err(NoCode(single_line(&text).chars().take(60).collect())),
        }
    }

    /// Whether what was seen explains the code, and what else does.
    pub(super) fn answer(&self, diagnosis: &Diagnosis) -> Item {
        let code = self.code;
        let causes = code.causes.iter();
        let mut named: Vec<&str> = code.findings.iter().map(String::as_str).collect();
        named.extend(
            causes
                .clone()
                .flat_map(|cause| &cause.findings)
                .map(String::as_str),
        );
        let found: Vec<String> = diagnosis
            .causes_of(&code.key, &named)
            .map(|finding| format!("{} ({})", single_line(&finding.title), finding.id))
            .collect();
        let predicted = diagnosis.predicted.as_ref();
        let text = if !found.is_empty() {
            format!("explained by what was seen: {}", found.join("; "))
        } else if let Some(other) = predicted.filter(|other| other.code != code.key) {
            format!(
                "not explained: what was seen leads to {} ({})",
                other.code, other.name
            )
        } else {
            "not explained: nothing that was seen causes it".to_owned()
        };
        let mut below = vec![("it means", code.title.clone())];
        below.extend(
            self.extended
                .map(|entry| ("extended reason", entry.title.clone())),
        );
        let is_seen = |id: &String| diagnosis.findings.iter().any(|finding| finding.id == id);
        let others: Vec<&crate::diagnosis::handbook::Cause> = causes
            .filter(|cause| !cause.findings.iter().any(is_seen))
            .collect();
        for cause in others.iter().take(MOST_CAUSES) {
            below.push(("not seen here", format!("{} {}", cause.what, cause.tell)));
        }
        if code.causes.is_empty() {
            below.extend(code.text.first().map(|text| ("", text.clone())));
            below.extend(
                code.scan
                    .clone()
                    .map(|scan| ("a scan predicts it from", scan)),
            );
        }
        below.push((
            "",
            format!("all that is known: rdpscan explain {}", self.words()),
        ));
        Item {
            label: "your code".to_owned(),
            text: format!("{}: {text}", self.words()),
            below,
            ..Item::default()
        }
    }

    /// "0x904 0x7".
    fn words(&self) -> String {
        let extended = self.extended.and_then(|entry| entry.number);
        match extended {
            Some(number) => format!("{} {number:#x}", self.code.key),
            None => self.code.key.clone(),
        }
    }
}
