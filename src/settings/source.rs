use std::path::PathBuf;

use derive_more::Display;

use super::Profile;
use crate::model::ScanId;
use crate::sanitize::excerpt;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Display)]
pub enum Source {
    #[display("default")]
    Default,
    #[display("{} line {line}", excerpt(&path.to_string_lossy()))]
    File {
        path: PathBuf,
        /// 1 for the first line.
        line: usize,
    },
    /// The variable's name.
    Environment(String),
    /// With its dashes.
    Flag(String),
    /// The scan that is resumed began with it.
    #[display("scan {_0}")]
    Scan(ScanId),
    /// The profile decides, and was itself chosen there.
    #[display("profile {profile} ({by})")]
    Profile { profile: Profile, by: Box<Self> },
}

impl Source {
    /// The layer in one word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File { .. } => "file",
            Self::Environment(_) => "environment",
            Self::Flag(_) => "flag",
            Self::Scan(_) => "scan",
            Self::Profile { .. } => "profile",
        }
    }
}

/// The text that a layer gives a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) key: &'static str,
    pub(crate) text: String,
    pub(crate) source: Source,
}
