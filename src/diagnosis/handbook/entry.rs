//! What an entry of the handbook holds.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::diagnosis::finding_kind::FindingStage;
use crate::diagnosis::remedies::Remedy;
pub use crate::diagnosis::sources::Standing;
use crate::model::{Severity, words};

/// What an entry is about, with the words that ask for all of it: the plural, the name, the letters that keys begin with. The
/// order is that of the list of all.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    /// A disconnect code of the client.
    #[default]
    #[strum(serialize = "codes")]
    Code,
    /// An extended disconnect reason.
    #[strum(serialize = "extended", serialize = "ext")]
    Extended,
    /// A status of Windows, or a TLS alert, that a log or a message holds.
    #[strum(serialize = "statuses", serialize = "status")]
    Status,
    /// An event of a Windows log.
    #[strum(serialize = "events", serialize = "event")]
    Event,
    /// An update of Windows that broke or fixed Remote Desktop.
    #[strum(serialize = "updates", serialize = "update")]
    Update,
    /// A finding of this program.
    #[strum(serialize = "findings", serialize = "finding")]
    Finding,
    /// A way to fix something.
    #[strum(serialize = "remedies", serialize = "remedy", serialize = "r")]
    Remedy,
    /// Something that the web claims.
    #[strum(serialize = "claims", serialize = "claim", serialize = "w")]
    Claim,
    /// A cause that only the client can see.
    Client,
    /// A trouble inside a session, after the log-on.
    #[strum(serialize = "sessions", serialize = "session")]
    Session,
    /// A word or a mark of this program itself.
    #[strum(serialize = "words", serialize = "word")]
    Word,
}

impl Kind {
    /// The heading over all of a kind.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Code => "Disconnect codes of clients",
            Self::Extended => "Extended disconnect reasons",
            Self::Status => "Statuses of Windows, and TLS alerts",
            Self::Event => "Events of Windows logs",
            Self::Update => "Updates that broke or fixed Remote Desktop",
            Self::Finding => "Findings",
            Self::Remedy => "Remedies",
            Self::Claim => "What the web claims about 0x904",
            Self::Client => "Causes that only the client can see",
            Self::Session => "Troubles inside a session",
            Self::Word => "Words and marks of this program",
        }
    }
}

words! {
    /// What is to be thought of a claim.
    Claimed {
        /// It holds.
        True = "true": "true",
        /// Part of it holds.
        HalfTrue = "half_true": "half true",
        /// It does not hold.
        False = "false": "false",
        /// Following it does damage or takes protection away.
        Harmful = "harmful": "harmful",
    }
}

/// One cause of a code, in the order of likelihood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// The cause, as a sentence.
    pub what: String,
    /// Where it shows.
    pub stage: FindingStage,
    /// How to tell it from the others.
    pub tell: String,
    /// Findings that prove it.
    #[serde(default)]
    pub findings: Vec<String>,
    /// Remedies, best first.
    #[serde(default)]
    pub fixes: Vec<String>,
    /// Entries to read on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub see: Vec<String>,
}

/// An entry. What does not apply to its kind is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Entry {
    /// What it is about.
    pub kind: Kind,
    /// The unique key: `0x904`, `ext-0x7`, `event-1058`, `KB5073379`, `RDP-CERT-EXPIRED`, `R1`, `W3`, `CLIENT-CACHE`, `wrong_host`.
    pub key: String,
    /// The code, extended reason or status as a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// The last number, where the entry stands for a range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<u32>,
    /// What it is, as a phrase; of a claim, what is claimed.
    pub title: String,
    /// The vendor's symbol for a code, or the log and source of an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How well the content is known; not of words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// What is to be thought of a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Claimed>,
    /// How bad a finding usually is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Whether this version reports a finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported: Option<bool>,
    /// Where a finding shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<FindingStage>,
    /// What to do first; `None` where the text begins with it, and of remedies, whose title says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub todo: Option<String>,
    /// What it means, in paragraphs.
    pub text: Vec<String>,
    /// What in a scan predicts a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<String>,
    /// When a finding is reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fires: Option<String>,
    /// When a finding is not reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless: Option<String>,
    /// The text that the product itself shows, up to one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// What the user of a client sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Causes of a code, likeliest first by estimate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// What to do instead of what is claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
    /// Where a remedy is carried out.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Where to look to confirm it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
    /// Findings that have to do with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// Remedies, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<String>,
    /// Entries to read on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub see: Vec<String>,
    /// Entries that have to do with it as well, to be named in a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Further words to be found by. Several words in one are a phrase.
    #[serde(skip)]
    pub words: Vec<String>,
    /// Its sign on screens, beside a word.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signs: Vec<String>,
    /// Where the knowledge comes from.
    pub sources: Vec<String>,
    /// The remedy in full: steps, commands, way back and check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<&'static Remedy>,
}

impl Entry {
    /// The key with, for a number, its decimal form, as in `0x904 (2308)`.
    #[must_use]
    pub fn label(&self) -> Cow<'_, str> {
        match (self.kind, self.number, self.last) {
            (Kind::Code | Kind::Status, Some(number), _) => {
                Cow::Owned(format!("{} ({number})", self.key))
            }
            (Kind::Extended, Some(first), Some(last)) => Cow::Owned(format!(
                "extended {first:#x} to {last:#x} ({first} to {last})"
            )),
            (Kind::Extended, Some(number), None) => {
                Cow::Owned(format!("extended {number:#x} ({number})"))
            }
            _ => Cow::Borrowed(&self.key),
        }
    }

    /// A word or two on the entry's standing: the verdict on a claim, a finding's severity, a code that is not documented.
    #[must_use]
    pub fn mark(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Code | Kind::Extended | Kind::Status | Kind::Event | Kind::Update => {
                self.standing.and_then(Standing::words)
            }
            Kind::Finding => self.severity.map(Severity::word),
            Kind::Claim => self.verdict.map(Claimed::meaning),
            Kind::Client | Kind::Session => Some("invisible to a scan"),
            Kind::Remedy | Kind::Word => None,
        }
    }
}
