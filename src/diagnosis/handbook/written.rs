//! An entry as its file has it, before the sources complete it.

use serde::Deserialize;

use super::entry::{Cause, Claimed, Standing};

/// An entry of a file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) key: String,
    pub(super) title: String,
    pub(super) last: Option<u32>,
    pub(super) name: Option<String>,
    /// Where it is worse than its sources make it.
    pub(super) standing: Option<Standing>,
    pub(super) verdict: Option<Claimed>,
    /// What to do first, where neither the text begins with it nor a remedy says it.
    pub(super) todo: Option<String>,
    pub(super) text: Vec<String>,
    pub(super) says: Option<String>,
    pub(super) scan: Option<String>,
    pub(super) user: Option<String>,
    #[serde(default, rename = "cause")]
    pub(super) causes: Vec<Cause>,
    pub(super) instead: Option<String>,
    #[serde(default)]
    pub(super) checks: Vec<String>,
    #[serde(default)]
    pub(super) findings: Vec<String>,
    #[serde(default)]
    pub(super) fixes: Vec<String>,
    #[serde(default)]
    pub(super) see: Vec<String>,
    #[serde(default)]
    pub(super) also: Vec<String>,
    #[serde(default)]
    pub(super) words: Vec<String>,
    #[serde(default)]
    pub(super) signs: Vec<String>,
    #[serde(default)]
    pub(super) sources: Vec<String>,
}
