use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::verdict::words;

words! {
    @unlisted
    /// How bad a finding is. Ordered: `Critical` is the greatest.
    Severity {
        /// Worth knowing, nothing to do.
        Info = "info",
        /// Small.
        Low = "low",
        /// Degrades the host.
        Medium = "medium",
        /// Breaks it for some, or soon.
        High = "high",
        /// Breaks it.
        Critical = "critical",
    }
}

impl Severity {
    /// All, worst first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
    ];
}

words! {
    @unlisted
    /// How far the evidence carries. Ordered: `Sure` is the greatest.
    Confidence {
        /// A lead to follow.
        Hint = "hint",
        /// The usual explanation of what was seen.
        Likely = "likely",
        /// Seen directly.
        Sure = "sure",
    }
}

/// An opinion about one host, with what it stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// Stable key such as `RDP-CERT-EXPIRED`; `rdpscan explain` has its entry.
    pub id: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One sentence for the host.
    pub title: Cow<'static, str>,
    /// What was observed.
    pub evidence: String,
    /// Keys of all remedies, such as `R1`, in the order to try them.
    pub remedies: &'static [&'static str],
    /// Who has accepted it; `null` for one that counts.
    pub acknowledged: Option<Arc<Acknowledged>>,
}

/// A finding that does not count, because somebody knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Acknowledged {
    /// The user, or `policy.ignore` for a filter of the settings.
    pub by: Box<str>,
    /// The last day, UTC; `null` for a filter, which has no end.
    #[schemars(with = "Option<String>")]
    pub until: Option<Date>,
    /// Why; the filter, where that is what ignores it.
    pub note: Box<str>,
}

impl Acknowledged {
    /// In one word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.until {
            Some(_) => "acknowledged",
            None => "ignored",
        }
    }
}

impl fmt::Display for Acknowledged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, until, note } = self;
        write!(f, "{} by {by}", self.word())?;
        if let Some(until) = until {
            write!(f, " until {until}")?;
        }
        write!(f, ": {note}")
    }
}

impl Finding {
    /// The remedy to try first.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        self.remedies.first().copied()
    }
}

/// What mstsc would probably show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PredictedError {
    /// In hexadecimal, such as `0x904`.
    pub code: &'static str,
    /// The documented meaning.
    pub name: &'static str,
    /// 1 to 100.
    pub likelihood: u8,
    /// Why, one line each.
    pub reasons: Vec<String>,
}
