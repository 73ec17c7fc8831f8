//! What an entry of the catalogue of findings holds.

use serde::{Deserialize, Deserializer};

use super::client_error::Prediction;
use crate::model::{Severity, Stage, words};

/// Everything about a kind of finding that is the same at every host. The entries stand in TOML files beside the rules, one file
/// for each family.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingKind {
    /// Stable id: the key of its table in the file.
    #[serde(skip)]
    pub id: &'static str,
    /// What it means, as a sentence without a full stop.
    #[serde(deserialize_with = "text")]
    pub title: &'static str,
    /// The same in 20 cells at most, for a table without room for the sentence.
    pub short: String,
    /// Severity where the rule has no reason to say otherwise.
    pub severity: Severity,
    pub stage: FindingStage,
    /// Keys of every remedy that may be right, the first to try first; a rule may leave some out for a host.
    #[serde(default, deserialize_with = "texts")]
    pub remedies: &'static [&'static str],
    #[serde(default)]
    pub stops: Option<Stops>,
    pub predicts: Option<Prediction>,
    /// Where the event logs of a server confirm it.
    #[serde(default, deserialize_with = "texts")]
    pub confirm: &'static [&'static str],
    /// What to do first, where no remedy says it.
    pub todo: Option<String>,
    /// What it means, in paragraphs.
    pub text: Vec<String>,
    /// When it is reported.
    pub fires: String,
    /// When it is not reported, or in a milder form.
    pub unless: Option<String>,
    /// What the user of a client sees.
    pub user: String,
    /// Entries of the handbook to read on.
    #[serde(default)]
    pub see: Vec<String>,
    /// Further words to be found by in the handbook.
    pub words: Vec<String>,
    /// Ids of the table of sources.
    pub sources: Vec<String>,
}

/// Whose connections a finding explains the end of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stops {
    /// Those at which it was seen.
    Connections,
    /// On a host where nobody gets past its stage, everybody's: there it is severe.
    Everybody,
    /// The same at its own stage, and no connection that ends at another one.
    EverybodyAtItsStage,
}

impl FindingKind {
    /// Nobody gets past this stage because of it.
    pub(super) fn stops_everybody_at(&self, stage: Stage) -> bool {
        matches!(
            self.stops,
            Some(Stops::Everybody | Stops::EverybodyAtItsStage)
        ) && self.stage == FindingStage::from(stage)
    }
}

words! {
    /// Where something shows: a stage of the attempt, several attempts, or not in a scan at all.
    FindingStage {
        Dns = "dns": "DNS",
        Tcp = "tcp": "TCP",
        X224 = "x224": "first request (X.224)",
        Tls = "tls": "TLS",
        Credssp = "credssp": "NLA (CredSSP)",
        /// Only in several attempts.
        Stability = "stability": "several attempts",
        /// Only on the client.
        Client = "client": "the client only",
    }
}

impl From<Stage> for FindingStage {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Dns => Self::Dns,
            Stage::Tcp => Self::Tcp,
            Stage::X224 => Self::X224,
            Stage::Tls => Self::Tls,
            Stage::Credssp => Self::Credssp,
        }
    }
}

/// The catalogue is read once and stays: findings borrow its texts.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    Ok(String::deserialize(from)?.leak())
}

fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<&'static [&'static str], D::Error> {
    let texts = Vec::<String>::deserialize(from)?.into_iter();
    let texts: Vec<&'static str> = texts.map(|text| &*text.leak()).collect();
    Ok(texts.leak())
}
