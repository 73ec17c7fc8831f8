use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad a finding is. Ordered: `Critical` is the greatest.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing, nothing to do.
    Info,
    /// Small.
    Low,
    /// Degrades the host.
    Medium,
    /// Breaks it for some, or soon.
    High,
    /// Breaks it.
    Critical,
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

    /// The word used in JSON and on screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How far the evidence carries. Ordered: `Sure` is the greatest.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A lead to follow.
    Hint,
    /// The usual explanation of what was seen.
    Likely,
    /// Seen directly.
    Sure,
}

impl Confidence {
    /// The word used in JSON and on screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Likely => "likely",
            Self::Sure => "sure",
        }
    }
}

/// An opinion about one host, with what it stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable id such as `RDP-CERT-EXPIRED`.
    pub id: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One sentence for the host.
    pub title: Cow<'static, str>,
    /// The observation, quoted.
    pub evidence: String,
    /// Keys of remedies, such as `R1`: the first to try first, the next where that did not help. Empty when there is nothing
    /// to do.
    pub remedies: &'static [&'static str],
}

impl Finding {
    /// The remedy to try first.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        self.remedies.first().copied()
    }
}

/// What mstsc would probably show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PredictedError {
    /// The code in hexadecimal, such as `0x904`.
    pub code: &'static str,
    /// The documented meaning.
    pub name: &'static str,
    /// 1 to 100.
    pub likelihood: u8,
    /// Why, one line each.
    pub reasons: Vec<String>,
}
